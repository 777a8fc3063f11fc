"""Where a lot came from and where it went: all its moves, or those that a receipt or a shipment is connected with.

Stock of one lot in one place, status and ownership is one heap: what leaves it may be of anything that came into
it before. So a move is *after* another when it leaves a heap which that one, or a move after it, reached earlier.
The walk follows heaps at nodes, in bins and in transit, and ends at suppliers, customers, scrap and corrections.
It asks only for the earliest time each heap is reached (backward: the latest time it is left), which is why it
stays quick on long histories: it looks at pairs of heaps until no time gets better, not at pairs of moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import args_row
from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import OWN, UnknownLot, UnknownMove, UnknownSerial
from portal.platform.db import driver_connection

FORWARD = "forward"
BACKWARD = "backward"

_THROUGH = (*REAL_KINDS, "in_transit")


class TracedMove(NamedTuple):
    """One move in a trace; a tuple, because a trace has a hundred thousand of them.

    Attributes:
        id: Its id.
        seq: Its number; moves of a product happened in this order.
        at: When.
        kind: What sort of deed: opening, count, receive, transfer, status, issue, pick, scrap, reverse …
        origin: Code of the place it left.
        origin_kind: Kind of that place.
        target: Code of the place it reached.
        target_kind: Kind of that place.
        from_status: Status it left.
        to_status: Status it reached.
        quantity: Quanta.
        document: What it was done for.
        reason: A sentence, or empty.
        actor: Who did it.
        serial: The serial number, or empty.
        supplier: Who announced the document, for an arrival.
        partner_id: The customer the document was promised to, for a departure.
        own: Whether the goods are our own from then on.
        taken_back: Whether a later move took it back.
        reverses: Whether it takes another one back.
    """

    id: UUID
    seq: int
    at: datetime
    kind: str
    origin: str
    origin_kind: str
    target: str
    target_kind: str
    from_status: str
    to_status: str
    quantity: int
    document: str
    reason: str
    actor: str
    serial: str
    supplier: str
    partner_id: UUID | None
    own: bool
    taken_back: bool
    reverses: bool

    @property
    def arrives(self) -> bool:
        """Whether goods came in from outside: from a supplier, from transit, or by a correction."""
        return self.origin_kind not in REAL_KINDS and self.target_kind in REAL_KINDS

    @property
    def departs(self) -> bool:
        """Whether goods went out: to a customer, to scrap, or by a correction."""
        return self.origin_kind in REAL_KINDS and self.target_kind not in REAL_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedLot:
    """A lot as a trace names it; ``withheld`` says why its papers keep it from leaving, if they do."""

    lot_id: UUID
    product_id: UUID
    code: str
    status: str
    made_on: date | None
    expires_on: date | None
    withheld: Sequence[Mapping[str, str]] | None = None


_COLUMNS = """
    m.id, m.seq, m.at, m.kind, o.code AS origin, o.kind AS origin_kind, t.code AS target, t.kind AS target_kind,
    m.from_status, m.to_status, m.quantity, m.document, m.reason, m.actor, COALESCE(s.code, '') AS serial,
    CASE WHEN o.kind IN ('supplier', 'in_transit') THEN COALESCE(e.supplier, '') ELSE '' END AS supplier,
    CASE WHEN t.kind = 'customer' THEN a.partner_id END AS partner_id,
    m.to_owner_id = CAST('00000000-0000-0000-0000-000000000000' AS uuid) AS own,
    r.id IS NOT NULL AS taken_back, m.reverses_id IS NOT NULL AS reverses
"""

_JOINS = """
    JOIN location o ON o.org_id = m.org_id AND o.id = m.from_location_id
    JOIN location t ON t.org_id = m.org_id AND t.id = m.to_location_id
    LEFT JOIN serial s ON s.org_id = m.org_id AND s.id = m.serial_id
    LEFT JOIN stock_move r ON r.org_id = m.org_id AND r.reverses_id = m.id
    LEFT JOIN (SELECT DISTINCT ON (product_id, document) product_id, document, supplier FROM expected_receipt
               WHERE org_id = %(org)s AND document <> '' ORDER BY product_id, document, created_at) e
           ON e.product_id = m.product_id AND e.document = m.document
    LEFT JOIN (SELECT DISTINCT ON (product_id, document) product_id, document, partner_id FROM allocation
               WHERE org_id = %(org)s AND document <> '' ORDER BY product_id, document, created_at) a
           ON a.product_id = m.product_id AND a.document = m.document
"""

_WHOLE = f"""
    SELECT {_COLUMNS} FROM stock_move m {_JOINS}
    WHERE m.org_id = %(org)s AND m.lot_id = %(lot)s
      AND (CAST(%(serial)s AS uuid) IS NULL OR m.serial_id = %(serial)s)
    ORDER BY m.seq
"""  # noqa: S608 - pieces from code


def _connected(*, near: str, far: str, best: str, after: str, nearer: str) -> str:
    """Return the walk from one move: ``near`` is the end of a move it goes on from, ``far`` the one it reaches.

    The walk is one row: for every heap the best time it is known to be reached, bettered until nothing changes.
    """
    return f"""
    WITH RECURSIVE start AS (
        SELECT * FROM stock_move WHERE org_id = %(org)s AND id = %(move)s
    ), step AS MATERIALIZED (
        SELECT DISTINCT m.from_location_id, m.from_status, m.from_owner_id, m.to_location_id, m.to_status,
               m.to_owner_id
        FROM stock_move m JOIN start b ON m.lot_id = b.lot_id WHERE m.org_id = %(org)s
    ), heap AS MATERIALIZED (
        SELECT h.*, row_number() OVER (ORDER BY h.location_id, h.status, h.owner_id) AS number,
               l.kind = ANY(CAST(%(through)s AS text[])) AS through
        FROM (SELECT from_location_id AS location_id, from_status AS status, from_owner_id AS owner_id FROM step
              UNION SELECT to_location_id, to_status, to_owner_id FROM step) h
        JOIN location l ON l.org_id = %(org)s AND l.id = h.location_id
    ), pair AS MATERIALIZED (
        SELECT p.*, n.number AS near, f.number AS far
        FROM step p
        JOIN heap n ON n.location_id = p.{near}_location_id AND n.status = p.{near}_status
                   AND n.owner_id = p.{near}_owner_id AND n.through
        JOIN heap f ON f.location_id = p.{far}_location_id AND f.status = p.{far}_status
                   AND f.owner_id = p.{far}_owner_id
    ), walk (reached, steps) AS (
        SELECT (SELECT array_agg(CASE WHEN (h.location_id, h.status, h.owner_id)
                                           = (b.{far}_location_id, b.{far}_status, b.{far}_owner_id)
                                      THEN b.seq END ORDER BY h.number) FROM heap h), 0
        FROM start b
        UNION ALL
        SELECT next.reached, w.steps + 1
        FROM walk w
        CROSS JOIN LATERAL (
            SELECT array_agg({nearer}(w.reached[h.number], better.seq) ORDER BY h.number) AS reached
            FROM heap h
            LEFT JOIN (
                SELECT p.far, {best}(n.seq) AS seq
                FROM pair p
                CROSS JOIN LATERAL (
                    SELECT {best}(m.seq) AS seq FROM stock_move m
                    WHERE m.org_id = %(org)s AND m.lot_id = (SELECT lot_id FROM start)
                      AND m.from_owner_id = p.from_owner_id AND m.to_owner_id = p.to_owner_id
                      AND m.from_location_id = p.from_location_id AND m.to_location_id = p.to_location_id
                      AND m.from_status = p.from_status AND m.to_status = p.to_status
                      AND m.seq {after} w.reached[p.near]
                ) n
                WHERE w.reached[p.near] IS NOT NULL
                GROUP BY p.far
            ) better ON better.far = h.number
        ) next
        WHERE next.reached IS DISTINCT FROM w.reached
    ), known AS (
        SELECT h.location_id, h.status, h.owner_id, r.seq
        FROM (SELECT reached FROM walk ORDER BY steps DESC LIMIT 1) w
        CROSS JOIN LATERAL unnest(w.reached) WITH ORDINALITY AS r (seq, number)
        JOIN heap h ON h.number = r.number
        WHERE h.through AND r.seq IS NOT NULL
    )
    SELECT {_COLUMNS}
    FROM stock_move m
    JOIN start b ON b.lot_id = m.lot_id
    LEFT JOIN known k ON k.location_id = m.{near}_location_id AND k.status = m.{near}_status
                     AND k.owner_id = m.{near}_owner_id
    {_JOINS}
    WHERE m.org_id = %(org)s AND (m.id = b.id OR m.seq {after} k.seq)
    ORDER BY m.seq
    """  # noqa: S608 - pieces from code


_WALKS = {
    FORWARD: _connected(near="from", far="to", best="min", after=">", nearer="LEAST"),
    BACKWARD: _connected(near="to", far="from", best="max", after="<", nearer="GREATEST"),
}


def find_lots(connection: Connection, *, org_id: UUID, code: str) -> tuple[TracedLot, ...]:
    """Return the lots of that code, one for each product that has one, newest first; the code must be exact."""
    rows = connection.execute(
        text("""
            SELECT id AS lot_id, product_id, code, status, made_on, expires_on, withheld FROM lot
            WHERE org_id = :org AND code = :code AND code <> '' ORDER BY created_at DESC, id DESC
        """),
        {"org": org_id, "code": code},
    )
    return tuple(TracedLot(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it


def trace_lot(connection: Connection, *, org_id: UUID, lot_id: UUID) -> tuple[TracedMove, ...]:
    """Return every move of a lot in the order in which they happened.

    Raises:
        UnknownLot: There is no such lot.
    """
    known = connection.execute(
        text("SELECT 1 FROM lot WHERE org_id = :org AND id = :lot"), {"org": org_id, "lot": lot_id}
    )
    if known.first() is None:
        raise UnknownLot(f"There is no lot {lot_id}.", lot=str(lot_id), sku="")
    return _moves(connection, _WHOLE, {"org": org_id, "lot": lot_id, "serial": None})


def trace_serial(connection: Connection, *, org_id: UUID, product_id: UUID, code: str) -> tuple[TracedMove, ...]:
    """Return every move of one serial number in the order in which they happened.

    Raises:
        UnknownSerial: The product has no such serial number.
    """
    row = connection.execute(
        text("SELECT id, lot_id FROM serial WHERE org_id = :org AND product_id = :product AND code = :code"),
        {"org": org_id, "product": product_id, "code": code},
    ).first()
    if row is None:
        raise UnknownSerial(f"No serial number {code} is known.", serial=code)
    return _moves(connection, _WHOLE, {"org": org_id, "lot": row.lot_id, "serial": row.id})


def trace_move(connection: Connection, *, org_id: UUID, move_id: UUID, direction: str) -> tuple[TracedMove, ...]:
    """Return one move and all moves of its lot that its goods may have gone on with, or come by; in one statement.

    Args:
        connection: Open transaction.
        org_id: The company.
        move_id: A receipt, to see where its goods may have gone; or a shipment, to see where they may be from.
        direction: ``FORWARD`` or ``BACKWARD``.

    Raises:
        UnknownMove: There is no such move.
    """
    rows = _moves(connection, _WALKS[direction], {"org": org_id, "move": move_id, "through": list(_THROUGH)})
    if not rows:
        raise UnknownMove(f"There is no move {move_id}.", move=str(move_id))
    return rows


def _moves(connection: Connection, statement: str, values: Mapping[str, Any]) -> tuple[TracedMove, ...]:
    """Ask in the driver's binary format: reading 100,000 moves as text takes longer than finding them."""
    driver = driver_connection(connection)
    with driver.cursor(binary=True, row_factory=args_row(TracedMove)) as cursor:
        return tuple(cursor.execute(statement.encode(), values))


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies of a lot at one place.

    Attributes:
        place_zh: Chinese name of the place.
        place_en: English name.
        code: Its code.
        node: Code of its node.
        status: Status of the stock.
        place_id: Id of the place.
        owner_id: Whose goods they are.
        own: Whether it is our own.
        quantity: Quanta.
    """

    place_zh: str
    place_en: str
    code: str
    node: str
    status: str
    place_id: UUID
    owner_id: UUID
    own: bool
    quantity: int


def lying(connection: Connection, *, org_id: UUID, lot_id: UUID) -> tuple[Lying, ...]:
    """Return where stock of a lot lies now, by node and place."""
    rows = connection.execute(
        text("""
            SELECT l.name_zh AS place_zh, l.name_en AS place_en, l.code, n.code AS node, b.status,
                   b.location_id AS place_id, b.owner_id, b.owner_id = :own AS own, b.on_hand AS quantity
            FROM stock_balance b
            JOIN location l ON l.org_id = b.org_id AND l.id = b.location_id
            JOIN location n ON n.org_id = b.org_id AND n.id = b.node_id
            WHERE b.org_id = :org AND b.lot_id = :lot AND b.on_hand > 0
            ORDER BY n.code, l.level <> 'node', l.code, b.status, own DESC
        """),
        {"org": org_id, "lot": lot_id, "own": OWN},
    )
    return tuple(Lying(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it
