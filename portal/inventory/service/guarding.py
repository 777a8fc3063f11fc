"""What stands before a deed with stock: that it was not done already, and that nobody was promised the goods."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import AllocationLine, CannotPromise
from portal.inventory.places import AVAILABLE, OWN, StockPromised, Take
from portal.inventory.reserving import KeyReused
from portal.inventory.service.promises import check_fits


@dataclass(frozen=True, slots=True)
class At:
    """A place, and the status and owner of stock there."""

    place_id: UUID
    status: str
    owner_id: UUID

    @property
    def is_ours_to_promise(self) -> bool:
        """Whether stock like this counts for promises, on a day its lot may still be used."""
        return self.status == AVAILABLE and self.owner_id == OWN


def is_done(connection: Connection, *, org_id: UUID, key: str, take: Take, to: At) -> bool:
    """Tell whether a deed was posted under that key before; the caller holds the product's lock.

    Raises:
        KeyReused: It was, with other goods, another quantity or another goal.
    """
    rows = connection.execute(
        text("""
            SELECT m.product_id, l.code AS lot, m.from_location_id, m.from_status, m.from_owner_id,
                   m.to_location_id, m.to_status, m.to_owner_id, CAST(SUM(m.quantity) AS bigint) AS quantity,
                   array_agg(s.code ORDER BY s.code) FILTER (WHERE s.code IS NOT NULL) AS serials
            FROM stock_move m JOIN lot l ON l.org_id = m.org_id AND l.id = m.lot_id
            LEFT JOIN serial s ON s.org_id = m.org_id AND s.id = m.serial_id
            WHERE m.org_id = :org
              AND (m.idempotency_key = :key
                   OR m.idempotency_key = ANY(SELECT :key || '#' || n FROM generate_series(2, :most) n))
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        """),
        {"org": org_id, "key": key, "most": max(2, len(take.serials))},
    ).all()
    if not rows:
        return False
    left = (take.product_id, take.lot_code, take.place_id, take.status, take.owner_id)
    reached = (to.place_id, to.status, to.owner_id, take.quantity, sorted(take.serials) or None)
    if [tuple(row) for row in rows] != [left + reached]:
        raise KeyReused(f"Another deed was done under {key}.", key=key)
    return True


def check_unpromised(  # noqa: PLR0913 - what leaves, from where, to where
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    sku: str,
    quantity: int,
    expires_on: date | None,
    left: At,
    reached: At,
    now: datetime,
) -> None:
    """Refuse to take usable stock away from a node that has promised it; the caller holds the product's lock.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        sku: Its number, for the refusal.
        quantity: Quanta that leave.
        expires_on: Last day of their lot.
        left: Where they lie.
        reached: Where they go; stock that stays usable at the node is not taken away.
        now: Instant, in the company's zone.

    Raises:
        StockPromised: Less is free; what is, and what is asked for, is told.
    """
    if not left.is_ours_to_promise or (expires_on is not None and expires_on < now.date()):
        return
    places = [left.place_id, reached.place_id]
    rows = connection.execute(
        text("""
            SELECT l.id, l.node_id, n.code, COALESCE(s.committed, 0) AS committed
            FROM location l JOIN location n ON n.org_id = l.org_id AND n.id = l.node_id
            LEFT JOIN stock_summary s ON s.org_id = l.org_id AND s.product_id = :product
                                     AND s.location_id = l.node_id
            WHERE l.org_id = :org AND l.id = ANY(CAST(:places AS uuid[]))
        """),
        {"org": org_id, "product": product_id, "places": places},
    )
    known = {row.id: row for row in rows}
    here, there = known[left.place_id], known[reached.place_id]
    if not here.committed or (reached.is_ours_to_promise and here.node_id == there.node_id):
        return
    line = AllocationLine(
        product_id=product_id,
        location_id=here.node_id,
        quantity=quantity,
        needed_on=now.date(),
        document="",
        source_key="",
    )
    try:
        check_fits(connection, org_id, [line], {product_id: sku}, now)
    except CannotPromise as refusal:
        raise StockPromised(
            f"{here.code} has promised its {sku}: {refusal.values['possible']} are free, {quantity} would leave.",
            sku=sku,
            place=here.code,
            free=refusal.values["possible"],
            asked=quantity,
        ) from refusal
