"""What is to be picked for a document, and from where: the open promises, each with the lots and bins to take."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.picking import PickSpot, PickTask, suggest_picks
from portal.inventory.places import OWN, UnknownDocument
from portal.inventory.reads.books import PRODUCT_COLUMNS, Product, to_product


@dataclass(frozen=True, slots=True, kw_only=True)
class PickDocument:
    """A document with something to pick.

    Attributes:
        document: Its number.
        lines: Open promises of it.
        needed_on: Earliest day one of them leaves.
    """

    document: str
    lines: int
    needed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    """One open promise of a document and what to take for it.

    Attributes:
        allocation_id: The promise.
        product: The product.
        node_id: The node it leaves.
        node: The node's code.
        quantity: Quanta still to be taken.
        tasks: From where, in the order to walk; together less than ``quantity`` when less is there.
    """

    allocation_id: UUID
    product: Product
    node_id: UUID
    node: str
    quantity: int
    tasks: tuple[PickTask, ...]

    @property
    def short(self) -> int:
        """Quanta that no place can give."""
        return self.quantity - sum(task.spot.quantity for task in self.tasks)


def pick_documents(connection: Connection, *, org_id: UUID) -> tuple[PickDocument, ...]:
    """Return the documents with open promises, the most urgent first, 200 at most."""
    rows = connection.execute(
        text("""
            SELECT document, count(*) AS lines, MIN(needed_on) AS needed_on FROM allocation
            WHERE org_id = :org AND state = 'open' AND document <> ''
            GROUP BY document ORDER BY MIN(needed_on), document LIMIT 200
        """),
        {"org": org_id},
    )
    return tuple(PickDocument(document=row.document, lines=row.lines, needed_on=row.needed_on) for row in rows)


def pick_lines(connection: Connection, *, org_id: UUID, document: str, as_of: datetime) -> tuple[PickLine, ...]:
    """Return the open promises of a document with what to take from where, first expired first.

    Stock suggested for one line is not suggested again for the next of the same product and node.

    Args:
        connection: Open transaction.
        org_id: The company.
        document: The order, as people know it.
        as_of: Instant in the company's zone.

    Raises:
        UnknownDocument: Nothing was ever promised under that number.
    """
    rows = connection.execute(
        text(f"""
            SELECT a.id AS allocation_id, a.state, a.quantity, n.id AS node_id, n.code AS node, {PRODUCT_COLUMNS}
            FROM allocation a
            JOIN product p ON p.org_id = a.org_id AND p.id = a.product_id
            JOIN location n ON n.org_id = a.org_id AND n.id = a.location_id
            WHERE a.org_id = :org AND a.document = :document
            ORDER BY p.sku, n.code, a.needed_on, a.id
        """),  # noqa: S608 - columns from code
        {"org": org_id, "document": document},
    ).all()
    if not rows:
        raise UnknownDocument(f"Nothing is promised under {document}.", document=document)
    spots = _spots(connection, org_id, [row.id for row in rows if row.state == "open"], as_of.date())
    lines = []
    for row in rows:
        if row.state != "open":
            continue
        product = to_product(row)
        here = spots.get((row.id, row.node_id), [])
        picks = suggest_picks(here, row.quantity)
        spots[row.id, row.node_id] = _left(here, picks)
        lines.append(
            PickLine(
                allocation_id=row.allocation_id,
                product=product,
                node_id=row.node_id,
                node=row.node,
                quantity=row.quantity,
                tasks=tuple(
                    PickTask(
                        product_id=product.id,
                        sku=product.sku,
                        gtin=(product.gtin or "").rjust(14, "0") if product.gtin else "",
                        tracking=product.tracking,
                        spot=spot,
                    )
                    for spot in picks
                ),
            )
        )
    return tuple(lines)


def _spots(
    connection: Connection, org_id: UUID, product_ids: list[UUID], today: date
) -> dict[tuple[UUID, UUID], list[PickSpot]]:
    rows = connection.execute(
        text("""
            SELECT b.product_id, b.node_id, b.lot_id, l.code AS lot, l.made_on, l.expires_on,
                   b.location_id AS place_id, n.code AS place, b.on_hand AS quantity
            FROM stock_balance b
            JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id
            JOIN location n ON n.org_id = b.org_id AND n.id = b.location_id
            WHERE b.org_id = :org AND b.product_id = ANY(CAST(:products AS uuid[])) AND b.on_hand > 0
              AND b.owner_id = :own AND b.status = 'available' AND (l.expires_on IS NULL OR l.expires_on >= :today)
        """),
        {"org": org_id, "products": product_ids, "own": OWN, "today": today},
    )
    found: dict[tuple[UUID, UUID], list[PickSpot]] = {}
    for row in rows:
        found.setdefault((row.product_id, row.node_id), []).append(
            PickSpot(
                lot_id=row.lot_id,
                lot=row.lot,
                made_on=row.made_on,
                expires_on=row.expires_on,
                place_id=row.place_id,
                place=row.place,
                quantity=row.quantity,
            )
        )
    return found


def _left(spots: list[PickSpot], picks: tuple[PickSpot, ...]) -> list[PickSpot]:
    taken = {(pick.lot_id, pick.place_id): pick.quantity for pick in picks}
    return [
        replace(spot, quantity=spot.quantity - taken.get((spot.lot_id, spot.place_id), 0))
        for spot in spots
        if spot.quantity > taken.get((spot.lot_id, spot.place_id), 0)
    ]
