"""The stock of one product at one node, for replenishment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.places import OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPosition:
    """What a replenishment rule needs to know of a product at a node. Quantities are quanta.

    Attributes:
        on_hand: Usable stock (available, not past its last day).
        held: Stock that is there and cannot be used.
        in_transit: Shipped and not yet received.
        confirmed: Announced and not yet shipped.
        allocated: Open promises.
    """

    on_hand: int
    held: int
    in_transit: int
    confirmed: int
    allocated: int


def stock_position(
    connection: Connection, *, org_id: UUID, product_id: UUID, location_id: UUID, as_of: datetime
) -> StockPosition:
    """Return the position of a product at a node; zeros where nothing is known.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        location_id: The node.
        as_of: Instant in the company's zone; its date decides what has expired.
    """
    row = connection.execute(
        text("""
            SELECT
              (SELECT COALESCE(SUM(b.on_hand) FILTER (WHERE b.status = 'available'
                          AND (l.expires_on IS NULL OR l.expires_on >= :today)), 0)
               FROM stock_balance b JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id
               WHERE b.org_id = :org AND b.product_id = :product AND b.node_id = :place
                 AND b.owner_id = :own) AS usable,
              (SELECT COALESCE(SUM(on_hand), 0) FROM stock_balance
               WHERE org_id = :org AND product_id = :product AND node_id = :place AND owner_id = :own) AS physical,
              (SELECT COALESCE(SUM(quantity - received - written_off), 0) FROM expected_receipt
               WHERE org_id = :org AND product_id = :product AND location_id = :place AND state = 'shipped') AS
              way, (SELECT COALESCE(SUM(quantity - received - written_off), 0) FROM expected_receipt
               WHERE org_id = :org AND product_id = :product AND location_id = :place
                 AND state = 'confirmed') AS confirmed,
              (SELECT COALESCE(SUM(quantity), 0) FROM allocation
               WHERE org_id = :org AND product_id = :product AND location_id = :place AND state = 'open') AS
               allocated
        """),
        {"org": org_id, "product": product_id, "place": location_id, "today": as_of.date(), "own": OWN},
    ).one()
    return StockPosition(
        on_hand=int(row.usable),
        held=int(row.physical - row.usable),
        in_transit=int(row.way),
        confirmed=int(row.confirmed),
        allocated=int(row.allocated),
    )
