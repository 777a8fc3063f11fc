"""Nodes with their zones and bins, what lies in them, and how fresh a node's word is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS, UnknownLocation
from portal.inventory.places import OWN
from portal.inventory.reads.books import PRODUCT_COLUMNS, Product, to_product


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node, zone or bin.

    Attributes:
        id: Its id.
        code: What is written on it.
        name_zh: Chinese name.
        name_en: English name.
        kind: ``own``, ``third_party``, ``forward`` or ``shelf``; zones and bins have their node's.
        level: ``node``, ``zone`` or ``bin``.
        parent_id: What it belongs to; ``None`` for a node.
        node_id: Its node; a node's own id.
        fed_at: When a node that is not our own last told its stock.
        feed_limit_hours: Older than so many hours its word is stale; ``None`` for no limit.
        stale_policy: ``count`` or ``leave_out``: what happens to stale stock.
        products: Products with stock right here, not counting what belongs to the place.
        lots: Lots with stock right here.
        held: Lots of them with stock that is in quarantine or blocked.
        consigned: Lots of them with stock that is another owner's.
    """

    id: UUID
    code: str
    name_zh: str
    name_en: str
    kind: str
    level: str
    parent_id: UUID | None
    node_id: UUID
    fed_at: datetime | None
    feed_limit_hours: int | None
    stale_policy: str
    products: int
    lots: int
    held: int
    consigned: int


_PLACES = """
    SELECT l.id, l.code, l.name_zh, l.name_en, l.kind, l.level, l.parent_id, l.node_id, l.fed_at,
           l.feed_limit_hours,
           l.stale_policy, count(DISTINCT b.product_id) AS products, count(DISTINCT b.lot_id) AS lots,
           count(DISTINCT b.lot_id) FILTER (WHERE b.status <> 'available') AS held,
           count(DISTINCT b.lot_id) FILTER (WHERE b.owner_id <> :own) AS consigned
    FROM location l
    JOIN location n ON n.org_id = l.org_id AND n.id = l.node_id
    LEFT JOIN location z ON z.org_id = l.org_id AND z.id = l.parent_id AND z.level = 'zone'
    LEFT JOIN stock_balance b ON b.org_id = l.org_id AND b.location_id = l.id AND b.on_hand > 0
    WHERE l.org_id = :org AND l.kind = ANY(CAST(:real AS text[])) {one}
    GROUP BY l.org_id, l.id, n.code, z.code
    ORDER BY n.code, l.level <> 'node',
             CASE WHEN l.level = 'zone' THEN l.code ELSE COALESCE(z.code, '') END, l.level = 'bin', l.code
"""


def places(connection: Connection, *, org_id: UUID) -> tuple[Place, ...]:
    """Return every real place: node by node, in it its own bins, then zone by zone with theirs."""
    rows = connection.execute(
        text(_PLACES.replace("{one}", "")), {"org": org_id, "own": OWN, "real": list(REAL_KINDS)}
    )
    return tuple(Place(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it


def find_place(connection: Connection, *, org_id: UUID, place_id: UUID) -> Place:
    """Return one real place.

    Raises:
        UnknownLocation: It is not in the books, or is a virtual place.
    """
    row = connection.execute(
        text(_PLACES.replace("{one}", "AND l.id = :id")),
        {"org": org_id, "own": OWN, "real": list(REAL_KINDS), "id": place_id},
    ).first()
    if row is None:
        raise UnknownLocation(f"No place {place_id} is known.", location=str(place_id))
    return Place(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Stock of one lot at one place, in one status and ownership.

    Attributes:
        place: Code of the place.
        product: The product.
        lot: Lot code; empty for a product that is not tracked.
        status: Status of the stock.
        owner_zh: Chinese name of the partner whose consignment stock it is; empty for our own.
        owner_en: English name of that partner.
        quantity: Quanta.
    """

    place: str
    product: Product
    lot: str
    status: str
    owner_zh: str
    owner_en: str
    quantity: int


def held_in(connection: Connection, *, org_id: UUID, place_id: UUID) -> tuple[Held, ...]:
    """Return what lies in a place and in what belongs to it, our own and others', by place, product and lot."""
    rows = connection.execute(
        text(f"""
            SELECT {PRODUCT_COLUMNS}, l.code AS place, t.code AS lot, b.status,
                   COALESCE(o.name_zh, '') AS owner_zh, COALESCE(o.name_en, '') AS owner_en, b.on_hand AS quantity
            FROM stock_balance b
            JOIN location l ON l.org_id = b.org_id AND l.id = b.location_id
            JOIN product p ON p.org_id = b.org_id AND p.id = b.product_id
            JOIN lot t ON t.org_id = b.org_id AND t.id = b.lot_id
            LEFT JOIN partner o ON o.org_id = b.org_id AND o.id = b.owner_id
            WHERE b.org_id = :org AND b.on_hand > 0 AND :place IN (l.id, l.parent_id, l.node_id)
            ORDER BY l.level <> 'node', l.code, p.sku, t.expires_on NULLS LAST, t.code, b.status, b.owner_id
        """),  # noqa: S608 - columns from code
        {"org": org_id, "place": place_id},
    )
    return tuple(
        Held(
            place=row.place,
            product=to_product(row),
            lot=row.lot,
            status=row.status,
            owner_zh=row.owner_zh,
            owner_en=row.owner_en,
            quantity=row.quantity,
        )
        for row in rows
    )
