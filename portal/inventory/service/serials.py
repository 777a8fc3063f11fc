"""Serial numbers: made known when they arrive, and found again, each at its one place, when they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.places import (
    OWN,
    SerialUsed,
    UnknownSerial,
    check_not_withheld,
    check_serials,
    check_usable,
)
from portal.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class SerialAt:
    """A serial number in stock: its lot and the place it is at."""

    id: UUID
    lot_id: UUID
    place_id: UUID


def tracking_of(connection: Connection, *, org_id: UUID, product_id: UUID) -> str:
    """Return how a product that is in the books is tracked: ``none``, ``lot`` or ``serial``."""
    found = connection.execute(
        text("SELECT tracking FROM product WHERE org_id = :org AND id = :id"), {"org": org_id, "id": product_id}
    )
    return str(found.scalar_one())


def arriving_serials(  # noqa: PLR0913 - which numbers, of what, coming from where
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot_id: UUID,
    codes: Sequence[str],
    from_id: UUID,
    owner_id: UUID = OWN,
    now: datetime,
) -> list[UUID]:
    """Make serial numbers known that are about to arrive from a virtual place; returns their ids in that order.

    A number whose receipt was taken back may arrive again, in another lot as well. The product is locked.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        lot_id: The lot they arrive in.
        codes: The numbers, each once.
        from_id: The virtual place their moves begin at.
        owner_id: Whose goods they are.
        now: Instant.

    Raises:
        SerialUsed: A number is in stock, or has left, already.
    """
    rows = connection.execute(
        text("""
            INSERT INTO serial (org_id, id, product_id, code, lot_id, location_id, status, owner_id, state,
                                changed_at)
            SELECT :org, u.id, :product, u.code, :lot, :place, 'available', :owner, 'void', :now
            FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[])) AS u (id, code)
            ON CONFLICT (org_id, product_id, code) DO UPDATE
            SET lot_id = EXCLUDED.lot_id, location_id = EXCLUDED.location_id, owner_id = EXCLUDED.owner_id,
                status = EXCLUDED.status, changed_at = EXCLUDED.changed_at
            WHERE serial.state = 'void'
            RETURNING code, id
        """),
        {
            "org": org_id,
            "product": product_id,
            "lot": lot_id,
            "place": from_id,
            "owner": owner_id,
            "now": now,
            "ids": [new_id(now) for _ in codes],
            "codes": list(codes),
        },
    )
    ids = {row.code: row.id for row in rows}
    for code in codes:
        if code not in ids:
            raise SerialUsed(f"Serial number {code} is used already.", serial=code, state="in_stock")
    return [ids[code] for code in codes]


def leaving_serials(
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    node_id: UUID,
    codes: Sequence[str],
    today: date,
) -> list[SerialAt]:
    """Return the serial numbers that are to leave a node for a customer; the product is locked.

    Raises:
        UnknownSerial: A number is not known, or is a supplier's.
        SerialUsed: A number has left already, or is at another node.
        LotHeld: A number is in quarantine or blocked.
        LotWithheld: The papers of its lot do not hold.
        LotExpired: Its lot is past its last day.
    """
    rows = connection.execute(
        text("""
            SELECT s.code, s.id, s.lot_id, s.location_id, s.state, s.status, n.node_id, l.code AS lot,
                   l.expires_on, l.withheld
            FROM serial s JOIN lot l ON l.org_id = s.org_id AND l.id = s.lot_id
            JOIN location n ON n.org_id = s.org_id AND n.id = s.location_id
            WHERE s.org_id = :org AND s.product_id = :product AND s.owner_id = :own
              AND s.code = ANY(CAST(:codes AS text[]))
        """),
        {"org": org_id, "product": product_id, "own": OWN, "codes": list(codes)},
    )
    known = {row.code: row for row in rows}
    found = []
    for code in codes:
        row = known.get(code)
        if row is None:
            raise UnknownSerial(f"No serial number {code} is known.", serial=code)
        if row.state != "in_stock" or row.node_id != node_id:
            raise SerialUsed(f"Serial number {code} is {row.state}, not there.", serial=code, state=row.state)
        check_not_withheld(row.lot, row.withheld or ())
        check_usable(lot=row.lot, status=row.status, expires_on=row.expires_on, today=today)
        found.append(SerialAt(row.id, row.lot_id, row.location_id))
    return found


def check_given(
    connection: Connection, *, org_id: UUID, product_id: UUID, sku: str, quantity: int, codes: Sequence[str]
) -> None:
    """Refuse serial numbers that are not one for every piece, each once; and any for a product without them.

    Raises:
        SerialsDiffer: They are too many, too few, doubled or not wanted.
    """
    tracking = tracking_of(connection, org_id=org_id, product_id=product_id)
    check_serials(codes, quantity, tracking=tracking, sku=sku)


def check_serial_there(
    connection: Connection, org_id: UUID, serial_id: UUID, code: str, at: tuple[UUID, str]
) -> None:
    """Refuse a serial number that is not at that place in that status.

    Raises:
        SerialUsed: It is elsewhere, has left, or is in another status.
    """
    row = connection.execute(
        text("SELECT location_id, status, state FROM serial WHERE org_id = :org AND id = :id"),
        {"org": org_id, "id": serial_id},
    ).one()
    if (row.location_id, row.status) != at:
        raise SerialUsed(f"Serial number {code} is {row.state}, not there.", serial=code, state=row.state)
