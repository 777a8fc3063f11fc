"""Nodes with their zones and bins, and how fresh a node's word is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS, UnknownLocation
from portal.inventory.places import OWN


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


def place_codes(connection: Connection, *, org_id: UUID) -> dict[str, UUID]:
    """Return the ids of all real places by what is written on them, in the order of the codes."""
    rows = connection.execute(
        text(
            "SELECT code, id FROM location WHERE org_id = :org AND kind = ANY(CAST(:real AS text[])) ORDER BY code"
        ),
        {"org": org_id, "real": list(REAL_KINDS)},
    )
    return {row.code: row.id for row in rows}


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
