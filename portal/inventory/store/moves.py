"""The one way to write moves, and the locks every deed takes first.

Every deed locks its products first, in the order of their ids (``lock_products``), then reads, decides and writes:
no deadlock, and no decision on figures that are changing. ``post_moves`` alone writes moves and balances.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Connection,
    text,
)

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import AVAILABLE, OWN, SerialElsewhere
from portal.kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One balanced move: the quantity leaves one place and reaches another.

    Attributes:
        product_id: The product.
        lot_id: Its lot (the implicit one for a product that is not tracked).
        from_id: Place it leaves.
        to_id: Place it reaches.
        quantity: Quanta, 1 or more.
        kind: What sort of deed: opening, count, issue, ship, receive, correct, write_off.
        document: What it was done for, as people know it.
        reason: A sentence, or empty.
        key: Idempotency key; a key that was posted before is not posted again.
        from_status: Status it leaves: available, quarantine or blocked.
        to_status: Status it arrives in.
        owner_id: Whose goods leave; ``OWN``, or the partner whose consignment stock it is.
        to_owner_id: Whose they are on arrival; ``None`` when they stay whose they are.
        serial_id: The serial number that moves, with a quantity of 1.
        reverses_id: The move that this one takes back.
    """

    product_id: UUID
    lot_id: UUID
    from_id: UUID
    to_id: UUID
    quantity: int
    kind: str
    key: str
    document: str = ""
    reason: str = ""
    from_status: str = AVAILABLE
    to_status: str = AVAILABLE
    owner_id: UUID = OWN
    to_owner_id: UUID | None = None
    serial_id: UUID | None = None
    reverses_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LotKey:
    """A lot as documents name it, with the dates they give."""

    product_id: UUID
    code: str
    made_on: date | None = None
    expires_on: date | None = None


def lock_products(connection: Connection, *, org_id: UUID, product_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Lock products, then their summaries, in the order of their keys; returns the products' SKUs by id.

    Until the transaction ends nobody else books, promises or holds stock of them. ``tally_reserve`` locks only the
    summaries it needs, in the same order.
    """
    values = {"org": org_id, "ids": sorted(set(product_ids))}
    rows = connection.execute(
        text(
            "SELECT id, sku FROM product WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY id FOR NO KEY UPDATE"
        ),
        values,
    ).all()
    connection.execute(
        text(
            "SELECT 1 FROM stock_summary WHERE org_id = :org AND product_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY product_id, location_id FOR NO KEY UPDATE"
        ),
        values,
    )
    return {row.id: row.sku for row in rows}


def virtual_places(connection: Connection, *, org_id: UUID) -> dict[str, UUID]:
    """Return the ids of the virtual places by kind."""
    rows = connection.execute(
        text("SELECT kind, id FROM location WHERE org_id = :org AND kind <> ALL(CAST(:real AS text[]))"),
        {"org": org_id, "real": list(REAL_KINDS)},
    )
    return {row.kind: row.id for row in rows}


def ensure_lots(
    connection: Connection, *, org_id: UUID, lots: Iterable[LotKey], now: datetime
) -> dict[tuple[UUID, str], UUID]:
    """Return the ids of lots by (product, code), making those that are new.

    Dates that a document gives replace what was known; dates it does not give are kept.
    """
    wanted: dict[tuple[UUID, str], LotKey] = {(lot.product_id, lot.code): lot for lot in lots}
    keys = sorted(wanted)
    found = connection.execute(
        text("""
            INSERT INTO lot (org_id, id, product_id, code, made_on, expires_on, status, created_at)
            SELECT :org, u.id, u.product_id, u.code, u.made_on, u.expires_on, 'available', :now
            FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:codes AS text[]),
                        CAST(:made AS date[]), CAST(:expires AS date[]))
                 AS u (id, product_id, code, made_on, expires_on)
            ON CONFLICT (org_id, product_id, code) DO UPDATE
            SET made_on = COALESCE(EXCLUDED.made_on, lot.made_on),
                expires_on = COALESCE(EXCLUDED.expires_on, lot.expires_on)
            RETURNING product_id, code, id
        """),
        {
            "org": org_id,
            "now": now,
            "ids": [new_id(now) for _ in keys],
            "products": [product for product, _ in keys],
            "codes": [code for _, code in keys],
            "made": [wanted[key].made_on for key in keys],
            "expires": [wanted[key].expires_on for key in keys],
        },
    )
    return {(row.product_id, row.code): row.id for row in found}


_ROWS = text("""
    INSERT INTO stock_balance (org_id, product_id, location_id, lot_id, status, owner_id, node_id, on_hand,
                               changed_at)
    SELECT DISTINCT CAST(:org AS uuid), u.product_id, p.location_id, u.lot_id, p.status, p.owner_id, l.node_id, 0,
           CAST(:now AS timestamptz)
    FROM unnest(CAST(:products AS uuid[]), CAST(:lots AS uuid[]), CAST(:froms AS uuid[]), CAST(:tos AS uuid[]),
                CAST(:from_statuses AS text[]), CAST(:to_statuses AS text[]), CAST(:from_owners AS uuid[]),
                CAST(:to_owners AS uuid[]))
         AS u (product_id, lot_id, from_id, to_id, from_status, to_status, from_owner_id, to_owner_id)
    CROSS JOIN LATERAL (VALUES (u.from_id, u.from_status, u.from_owner_id), (u.to_id, u.to_status, u.to_owner_id))
         AS p (location_id, status, owner_id)
    JOIN location l ON l.org_id = :org AND l.id = p.location_id AND l.kind = ANY(CAST(:real AS text[]))
    ON CONFLICT DO NOTHING
""")

_MOVES = text("""
    WITH posted AS (
        INSERT INTO stock_move (org_id, id, product_id, lot_id, from_location_id, to_location_id, from_status,
                                to_status, from_owner_id, to_owner_id, serial_id, reverses_id, quantity, kind,
                                document, reason, actor, at, idempotency_key)
        SELECT :org, u.id, u.product_id, u.lot_id, u.from_id, u.to_id, u.from_status, u.to_status,
               u.from_owner_id, u.to_owner_id, u.serial_id, u.reverses_id, u.quantity, u.kind, u.document,
               u.reason, :actor, :now, u.key
        FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:lots AS uuid[]), CAST(:froms AS uuid[]),
                    CAST(:tos AS uuid[]), CAST(:from_statuses AS text[]), CAST(:to_statuses AS text[]),
                    CAST(:from_owners AS uuid[]), CAST(:to_owners AS uuid[]), CAST(:serials AS uuid[]),
                    CAST(:reversed AS uuid[]), CAST(:quantities AS bigint[]), CAST(:kinds AS text[]),
                    CAST(:documents AS text[]), CAST(:reasons AS text[]), CAST(:keys AS text[]))
             AS u (id, product_id, lot_id, from_id, to_id, from_status, to_status, from_owner_id, to_owner_id,
                   serial_id, reverses_id, quantity, kind, document, reason, key)
        ON CONFLICT (org_id, idempotency_key) DO NOTHING
        RETURNING product_id, lot_id, from_location_id, to_location_id, from_status, to_status, from_owner_id,
                  to_owner_id, serial_id, quantity, idempotency_key
    ), change AS (
        SELECT product_id, lot_id, location_id, status, owner_id, CAST(SUM(quantity) AS bigint) AS quantity
        FROM (SELECT product_id, lot_id, to_location_id AS location_id, to_status AS status,
                     to_owner_id AS owner_id, quantity
              FROM posted
              UNION ALL
              SELECT product_id, lot_id, from_location_id, from_status, from_owner_id, -quantity
              FROM posted) AS ends
        GROUP BY product_id, lot_id, location_id, status, owner_id
    ), changed AS (
        UPDATE stock_balance b SET on_hand = b.on_hand + c.quantity, changed_at = :now
        FROM change c
        WHERE b.org_id = :org AND b.product_id = c.product_id AND b.location_id = c.location_id
          AND b.lot_id = c.lot_id AND b.status = c.status AND b.owner_id = c.owner_id
    ), carried AS (
        UPDATE serial s
        SET location_id = p.to_location_id, status = p.to_status, owner_id = p.to_owner_id, changed_at = :now,
            state = CASE WHEN l.kind = ANY(CAST(:real AS text[])) THEN 'in_stock' WHEN l.kind = 'customer'
                         THEN 'shipped' WHEN l.kind = 'scrap' THEN 'scrapped' ELSE 'void' END
        FROM posted p JOIN location l ON l.org_id = :org AND l.id = p.to_location_id
        WHERE s.org_id = :org AND s.id = p.serial_id AND s.location_id = p.from_location_id
          AND s.status = p.from_status AND s.owner_id = p.from_owner_id AND s.lot_id = p.lot_id
        RETURNING s.id
    )
    SELECT idempotency_key, serial_id IS NULL OR serial_id IN (SELECT id FROM carried) AS settled FROM posted
""")


def post_moves(
    connection: Connection, *, org_id: UUID, moves: Sequence[Move], actor: str, now: datetime
) -> frozenset[str]:
    """Write moves and carry the balances and serial numbers along, in one statement; returns the new keys.

    The caller holds the locks of ``lock_products``. A balance that would fall below zero is refused by the
    database (``CHECK``); callers check first and refuse with a sentence. A serial number moves once a call.

    Args:
        connection: Open transaction.
        org_id: The company.
        moves: Any number of moves; keys are distinct.
        actor: Name written into the history.
        now: Instant of the deed.

    Raises:
        SerialElsewhere: A serial number is not where its move begins; the caller's transaction must not commit.
    """
    if not moves:
        return frozenset()
    columns = {
        "org": org_id,
        "now": now,
        "real": list(REAL_KINDS),
        "products": [move.product_id for move in moves],
        "lots": [move.lot_id for move in moves],
        "froms": [move.from_id for move in moves],
        "tos": [move.to_id for move in moves],
        "from_statuses": [move.from_status for move in moves],
        "to_statuses": [move.to_status for move in moves],
        "from_owners": [move.owner_id for move in moves],
        "to_owners": [move.owner_id if move.to_owner_id is None else move.to_owner_id for move in moves],
    }
    connection.execute(_ROWS, columns)
    posted = connection.execute(
        _MOVES,
        columns
        | {
            "actor": actor,
            "ids": [new_id(now) for _ in moves],
            "serials": [move.serial_id for move in moves],
            "reversed": [move.reverses_id for move in moves],
            "quantities": [move.quantity for move in moves],
            "kinds": [move.kind for move in moves],
            "documents": [move.document for move in moves],
            "reasons": [move.reason for move in moves],
            "keys": [move.key for move in moves],
        },
    ).all()
    lost = [row.idempotency_key for row in posted if not row.settled]
    if lost:
        raise SerialElsewhere("A serial number is no longer where it was to be taken from.", move=lost[0])
    keys = frozenset(row.idempotency_key for row in posted)
    note_bulk(connection, rows=len(keys), tables=("lot", "stock_balance", "stock_move"))
    return keys


_MANY = 500


def note_bulk(connection: Connection, *, rows: int, tables: Sequence[str]) -> None:
    """Let the planner know of tables that have just grown by many rows; without it the first pages take seconds.

    Args:
        connection: Open transaction.
        rows: How many rows were written; a few are left to autovacuum.
        tables: Table names, from code.
    """
    if rows >= _MANY:
        connection.execute(text(f"ANALYZE {', '.join(tables)}"))


def is_posted(connection: Connection, *, org_id: UUID, key: str) -> bool:
    """Tell whether a move with that idempotency key exists."""
    found = connection.execute(
        text("SELECT 1 FROM stock_move WHERE org_id = :org AND idempotency_key = :key"),
        {"org": org_id, "key": key},
    )
    return found.first() is not None
