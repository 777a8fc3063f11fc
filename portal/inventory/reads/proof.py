"""The proof that the books agree: balances with the moves, serial numbers with both, summaries with all of it.

A drift is an alarm for people: nothing is repaired here.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Two figures that should be the same; there should never be one.

    Attributes:
        what: ``balance``: a balance is not the sum of its moves. ``serial``: a serial number is not where its
            moves brought it. ``pieces``: a balance of a product tracked by serial number is not their count.
            ``summary``, ``usable``: the summary of a node is not the sum of its balances, of those that can be
            used. ``committed``: it is not what is allocated, held and set apart.
        product_id: The product.
        location_id: The node, zone or bin.
        lot_id: The lot; ``None`` where a whole node drifts.
        status: Status of the stock.
        owner_id: Whose goods they are.
        sku: The product's number.
        place: The place's code.
        lot: The lot's code; empty for a product that is not tracked.
        serial: The serial number, in a drift of one.
        balance: Quanta that the books show.
        moved: Quanta that they should show.
    """

    what: str
    product_id: UUID
    location_id: UUID
    lot_id: UUID | None
    status: str
    owner_id: UUID
    sku: str
    place: str
    lot: str
    serial: str
    balance: int
    moved: int


_DRIFTS = text("""
    WITH real AS (
        SELECT id, code FROM location WHERE org_id = :org AND kind = ANY(CAST(:real AS text[]))
    ), ends AS (
        SELECT product_id, lot_id, to_location_id AS location_id, to_status AS status, to_owner_id AS owner_id,
               serial_id, quantity
        FROM stock_move WHERE org_id = :org
        UNION ALL
        SELECT product_id, lot_id, from_location_id, from_status, from_owner_id, serial_id, -quantity
        FROM stock_move WHERE org_id = :org
    ), moved AS (
        SELECT e.product_id, e.location_id, e.lot_id, e.status, e.owner_id, SUM(e.quantity) AS quantity
        FROM ends e JOIN real n ON n.id = e.location_id
        GROUP BY e.product_id, e.location_id, e.lot_id, e.status, e.owner_id
    ), held AS (
        SELECT product_id, location_id, lot_id, status, owner_id, on_hand FROM stock_balance WHERE org_id = :org
    ), carried AS (
        SELECT e.product_id, e.location_id, e.lot_id, e.status, e.owner_id, e.serial_id,
               SUM(e.quantity) AS quantity
        FROM ends e JOIN real n ON n.id = e.location_id
        WHERE e.serial_id IS NOT NULL
        GROUP BY e.product_id, e.location_id, e.lot_id, e.status, e.owner_id, e.serial_id
    ), known AS (
        SELECT s.product_id, s.location_id, s.lot_id, s.status, s.owner_id, s.id AS serial_id
        FROM serial s JOIN real n ON n.id = s.location_id WHERE s.org_id = :org
    ), pieces AS (
        SELECT product_id, location_id, lot_id, status, owner_id, count(*) AS quantity FROM known
        GROUP BY product_id, location_id, lot_id, status, owner_id
    ), by_serial AS (
        SELECT h.* FROM held h JOIN product p ON p.org_id = :org AND p.id = h.product_id AND p.tracking = 'serial'
    ), promised AS (
        SELECT product_id, location_id, quantity FROM allocation WHERE org_id = :org AND state = 'open'
        UNION ALL
        SELECT product_id, location_id, quantity FROM reservation_line WHERE org_id = :org AND state = 'open'
        UNION ALL
        SELECT product_id, location_id, quantity - drawn FROM pool WHERE org_id = :org AND state = 'open'
    ), summed AS (
        SELECT s.product_id, s.location_id, s.physical, s.usable, s.committed,
               f.physical AS true_physical, f.usable AS true_usable,
               (SELECT COALESCE(SUM(p.quantity), 0) FROM promised p
                WHERE p.product_id = s.product_id AND p.location_id = s.location_id) AS true_committed
        FROM stock_summary s
        CROSS JOIN LATERAL tally_stock_on(s.org_id, s.product_id, s.location_id, s.day) f
        WHERE s.org_id = :org
    ), drift AS (
        SELECT 'balance' AS what, product_id, location_id, lot_id, status, owner_id,
               CAST(NULL AS uuid) AS serial_id, COALESCE(on_hand, 0) AS balance, COALESCE(quantity, 0) AS moved
        FROM held FULL JOIN moved USING (product_id, location_id, lot_id, status, owner_id)
        UNION ALL
        SELECT 'serial', product_id, location_id, lot_id, status, owner_id, serial_id,
               CASE WHEN k.product_id IS NULL THEN 0 ELSE 1 END, COALESCE(c.quantity, 0)
        FROM (SELECT *, TRUE AS there FROM known) k
        FULL JOIN carried c USING (product_id, location_id, lot_id, status, owner_id, serial_id)
        UNION ALL
        SELECT 'pieces', product_id, location_id, lot_id, status, owner_id, NULL,
               COALESCE(b.on_hand, 0), COALESCE(q.quantity, 0)
        FROM by_serial b FULL JOIN pieces q USING (product_id, location_id, lot_id, status, owner_id)
        UNION ALL
        SELECT v.what, m.product_id, m.location_id, NULL, 'available', :own, NULL, v.kept, v.counted
        FROM summed m CROSS JOIN LATERAL (VALUES
            ('summary', m.physical, m.true_physical), ('usable', m.usable, m.true_usable),
            ('committed', m.committed, m.true_committed)) AS v (what, kept, counted)
    )
    SELECT d.*, p.sku, n.code AS place, COALESCE(l.code, '') AS lot, COALESCE(s.code, '') AS serial
    FROM drift d JOIN product p ON p.org_id = :org AND p.id = d.product_id
    JOIN location n ON n.org_id = :org AND n.id = d.location_id
    LEFT JOIN lot l ON l.org_id = :org AND l.id = d.lot_id
    LEFT JOIN serial s ON s.org_id = :org AND s.id = d.serial_id
    WHERE d.balance <> d.moved
    ORDER BY d.what, p.sku, n.code, l.code, serial, d.status, d.owner_id
""")


def reconcile(connection: Connection, *, org_id: UUID) -> tuple[Drift, ...]:
    """Compare every balance and serial number with the moves; an empty answer is the proof."""
    rows = connection.execute(_DRIFTS, {"org": org_id, "real": list(REAL_KINDS), "own": OWN})
    return tuple(
        Drift(
            what=row.what,
            product_id=row.product_id,
            location_id=row.location_id,
            lot_id=row.lot_id,
            status=row.status,
            owner_id=row.owner_id,
            sku=row.sku,
            place=row.place,
            lot=row.lot,
            serial=row.serial,
            balance=int(row.balance),
            moved=int(row.moved),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Check:
    """The last time the books were compared, and how many drifts there were."""

    at: datetime
    drifts: int


def last_check(connection: Connection, *, org_id: UUID) -> Check | None:
    """Return the newest comparison of the books that the worker made; ``None`` before the first."""
    row = connection.execute(
        text("SELECT at, drifts FROM stock_check WHERE org_id = :org ORDER BY at DESC, id DESC LIMIT 1"),
        {"org": org_id},
    ).first()
    return None if row is None else Check(row.at, row.drifts)
