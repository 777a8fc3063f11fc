"""Where stock lies: places of any level, what is held in them, and who is told when it goes down."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.messages import StockFell
from portal.inventory.model import REAL_KINDS, UnknownLocation
from portal.inventory.places import OWN, Spot
from portal.platform.outbox import publish


def stock_places(connection: Connection, *, org_id: UUID, location_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the codes of places where goods can lie: real nodes, their zones and their bins.

    Raises:
        UnknownLocation: One of them is not in the books, or is a virtual place.
    """
    wanted = set(location_ids)
    rows = connection.execute(
        text(
            "SELECT id, code FROM location WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"
            " AND kind = ANY(CAST(:real AS text[]))"
        ),
        {"org": org_id, "ids": list(wanted), "real": list(REAL_KINDS)},
    )
    codes = {row.id: row.code for row in rows}
    missing = wanted - codes.keys()
    if missing:
        raise UnknownLocation(f"No place {min(missing)} is known.", location=str(min(missing)))
    return codes


def place_in_node(connection: Connection, *, org_id: UUID, node_id: UUID, place_id: UUID | None) -> UUID:
    """Return the place in a node, or the node itself when none is given.

    Raises:
        UnknownLocation: The place is not of that node.
    """
    if place_id is None:
        return node_id
    found = connection.execute(
        text("SELECT 1 FROM location WHERE org_id = :org AND id = :place AND node_id = :node"),
        {"org": org_id, "place": place_id, "node": node_id},
    ).first()
    if found is None:
        raise UnknownLocation(f"No place {place_id} is known there.", location=str(place_id))
    return place_id


def arrival_statuses(connection: Connection, *, org_id: UUID, lot_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the status that more stock of each lot arrives in: a recalled lot does not come back as usable."""
    rows = connection.execute(
        text(
            "SELECT id, CASE WHEN status = 'available' AND withheld IS NOT NULL THEN 'withheld' ELSE status END"
            " AS status FROM lot WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"org": org_id, "ids": list(lot_ids)},
    )
    return {row.id: row.status for row in rows}


def held_spots(
    connection: Connection, *, org_id: UUID, product_ids: Iterable[UUID], owner_id: UUID = OWN
) -> list[Spot]:
    """Return what lies where of products, a node's own floor before its bins, usable stock first."""
    rows = connection.execute(
        text("""
            SELECT b.product_id, b.lot_id, b.location_id, b.node_id, n.parent_id, b.status, b.on_hand
            FROM stock_balance b JOIN location n ON n.org_id = b.org_id AND n.id = b.location_id
            WHERE b.org_id = :org AND b.product_id = ANY(CAST(:products AS uuid[])) AND b.owner_id = :owner
              AND b.on_hand > 0
            ORDER BY n.level <> 'node', b.status <> 'available', n.code, b.status, b.lot_id
        """),
        {"org": org_id, "products": list(product_ids), "owner": owner_id},
    )
    return [
        Spot(
            product_id=row.product_id,
            lot_id=row.lot_id,
            place_id=row.location_id,
            above=frozenset({row.node_id, row.parent_id} - {None}),
            status=row.status,
            quantity=row.on_hand,
        )
        for row in rows
    ]


def tell_fallen(
    connection: Connection,
    org_id: UUID,
    fallen: Iterable[tuple[UUID, UUID]],
    now: datetime,
    *,
    stays_at: UUID | None = None,
) -> None:
    """Tell that the stock of products went down, of each (product, place) at the place's node.

    Args:
        connection: Open transaction.
        org_id: The company.
        fallen: Products and the places, of any level, that they left.
        now: Instant.
        stays_at: The place they went to as they were; a node they have not left has nothing to tell.
    """
    pairs = set(fallen)
    rows = connection.execute(
        text("SELECT id, node_id FROM location WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"),
        {"org": org_id, "ids": [*{place for _, place in pairs}, stays_at]},
    )
    nodes = {row.id: row.node_id for row in rows}
    left = {(product_id, nodes[place]) for product_id, place in pairs if nodes[place] != nodes.get(stays_at)}
    for product_id, node_id in sorted(left):
        publish(connection, StockFell(org_id=org_id, product_id=product_id, location_id=node_id), now=now)
