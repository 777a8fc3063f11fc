"""What every deed with stock that lies somewhere begins with: find it, be certain of it, and post where it goes.

Serial numbers are waited for, never skipped: two people who take the same number come one after the other, and the
second is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import NotEnoughStock, check_positive
from portal.inventory.places import LYING, OWN, Take, UnknownLot, UnknownSerial, WrongOwner, check_status
from portal.inventory.service.guarding import At
from portal.inventory.service.serials import check_given, check_serial_there
from portal.inventory.service.spots import stock_places, tell_fallen
from portal.inventory.store import Move, post_moves
from portal.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found to take: its lot, and the ids of its serial numbers (one ``None`` for a product without)."""

    lot_id: UUID
    expires_on: date | None
    serial_ids: tuple[UUID | None, ...]
    withheld: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Why something moves: ``kind`` in the history, document, reason, and the key that makes it happen once.

    ``even_promised`` says that promises which then lack stock were looked at.
    """

    kind: str
    key: str
    document: str = ""
    reason: str = ""
    even_promised: bool = False


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot of a product that is in the books, and why its papers keep it from leaving, if they do."""

    lot_id: UUID
    expires_on: date | None
    withheld: Sequence[Mapping[str, str]] = ()


def find_taken(connection: Connection, *, org_id: UUID, take: Take, sku: str) -> Taken:
    """Return what is to be taken, once it is certain that it lies there; the product is locked.

    Raises:
        BadQuantity: The quantity is below 1.
        UnknownStatus: There is no such status.
        UnknownLocation: The place is not in the books, or is a virtual place.
        UnknownLot: The product has no such lot.
        UnknownSerial: A serial number is not known.
        SerialUsed: A serial number is not there to be taken.
        SerialsDiffer: There is not one serial number for every piece.
        WrongOwner: What lies there is another owner's.
        NotEnoughStock: Less lies there.
    """
    check_positive(take.quantity, what=f"a move of {sku}")
    check_status(take.status, among=LYING)
    places = stock_places(connection, org_id=org_id, location_ids={take.place_id})
    lot = find_lot(connection, org_id, take.product_id, take.lot_code, sku)
    check_given(
        connection,
        org_id=org_id,
        product_id=take.product_id,
        sku=sku,
        quantity=take.quantity,
        codes=take.serials,
    )
    serial_ids = tuple(_serial(connection, org_id, take, lot.lot_id, code) for code in take.serials)
    held = {
        row.owner_id: row.on_hand
        for row in connection.execute(
            text(
                "SELECT owner_id, on_hand FROM stock_balance WHERE org_id = :org AND product_id = :product"
                " AND location_id = :place AND lot_id = :lot AND status = :status AND on_hand > 0"
            ),
            {
                "org": org_id,
                "product": take.product_id,
                "place": take.place_id,
                "lot": lot.lot_id,
                "status": take.status,
            },
        )
    }
    place = places[take.place_id]
    if held and take.owner_id not in held:
        raise WrongOwner(f"What lies in {place} of {sku} belongs to another owner.", sku=sku, place=place)
    if held.get(take.owner_id, 0) < take.quantity:
        raise not_enough(sku, place, held=held.get(take.owner_id, 0), asked=take.quantity)
    return Taken(lot.lot_id, lot.expires_on, serial_ids or (None,), lot.withheld)


def post_taken(  # noqa: PLR0913 - what, to where, why
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    taken: Taken,
    to: At,
    deed: Deed,
    now: datetime,
) -> None:
    """Post the moves of what was found to take, one for every serial number, and tell if our stock went down.

    Args:
        connection: Open transaction.
        actor: Who does it.
        take: What, from where.
        taken: From ``find_taken``.
        to: Where it goes.
        deed: Why.
        now: Instant.
    """
    moves = [
        Move(
            product_id=take.product_id,
            lot_id=taken.lot_id,
            from_id=take.place_id,
            to_id=to.place_id,
            quantity=take.quantity if serial_id is None else 1,
            kind=deed.kind,
            document=deed.document,
            reason=deed.reason,
            key=deed.key if number == 1 else f"{deed.key}#{number}",
            from_status=take.status,
            to_status=to.status,
            owner_id=take.owner_id,
            to_owner_id=to.owner_id,
            serial_id=serial_id,
        )
        for number, serial_id in enumerate(taken.serial_ids, start=1)
    ]
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    if take.owner_id == OWN:
        stays_at = to.place_id if to.status == take.status else None
        tell_fallen(connection, actor.org_id, {(take.product_id, take.place_id)}, now, stays_at=stays_at)


def not_enough(sku: str, place: str, *, held: int, asked: int) -> NotEnoughStock:
    """Return the refusal of taking more than is there."""
    return NotEnoughStock(
        f"{place} holds {held} of {sku}, {asked} were asked for.", sku=sku, place=place, held=held, asked=asked
    )


def find_lot(connection: Connection, org_id: UUID, product_id: UUID, code: str, sku: str) -> Lot:
    """Return a lot by its code.

    Raises:
        UnknownLot: The product has no such lot.
    """
    row = connection.execute(
        text(
            "SELECT id, expires_on, withheld FROM lot"
            " WHERE org_id = :org AND product_id = :product AND code = :code"
        ),
        {"org": org_id, "product": product_id, "code": code},
    ).first()
    if row is None:
        raise UnknownLot(f"{sku} has no lot {code}.", sku=sku, lot=code)
    return Lot(row.id, row.expires_on, row.withheld or ())


def _serial(connection: Connection, org_id: UUID, take: Take, lot_id: UUID, code: str) -> UUID:
    row = connection.execute(
        text("SELECT id, lot_id FROM serial WHERE org_id = :org AND product_id = :product AND code = :code"),
        {"org": org_id, "product": take.product_id, "code": code},
    ).first()
    if row is None:
        raise UnknownSerial(f"No serial number {code} is known.", serial=code)
    if row.lot_id != lot_id:
        raise UnknownSerial(f"Serial number {code} is not of lot {take.lot_code}.", serial=code)
    check_serial_there(connection, org_id, row.id, code, (take.place_id, take.status))
    return UUID(str(row.id))
