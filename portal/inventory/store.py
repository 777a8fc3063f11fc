"""Rows of products, places, lots, moves, balances, receipts and allocations; and the one way to write moves.

Every deed locks its products first, in the order of their ids (``lock_products``), then reads, decides and writes:
no deadlock, and no decision on figures that are changing. ``post_moves`` alone writes moves and balances.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Connection,
    Date,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import AVAILABLE, OWN, SerialElsewhere
from portal.kernel.ids import new_id
from portal.platform.db import METADATA, identifier, instant, org_table, reference

product_table = org_table(
    "product",
    Column("sku", Text, nullable=False),
    Column("gtin", Text),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("category", Text),
    # UN/ECE Recommendation 20 code of the base unit, for example C62 (piece) or KGM.
    Column("base_unit", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    # Quanta in one case (箱), for showing and ordering in packs; 1 = not packed.
    Column("pack_quanta", BigInteger, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("shelf_life_days", Integer),
    Column("active", Boolean, nullable=False),
    instant("created_at"),
    UniqueConstraint("org_id", "sku"),
    CheckConstraint("tracking IN ('none', 'lot', 'serial')", name="tracking_known"),
    CheckConstraint("tracking <> 'serial' OR decimals = 0", name="serial_whole"),
    CheckConstraint("decimals BETWEEN 0 AND 9", name="decimals_range"),
    CheckConstraint("pack_quanta > 0", name="pack_positive"),
    Index("uq_product_gtin", "org_id", "gtin", unique=True, postgresql_where=text("gtin IS NOT NULL")),
)

location_table = org_table(
    "location",
    Column("code", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    # own, third_party, forward, shelf: real nodes; in_transit, supplier, customer, scrap, adjustment: virtual.
    Column("kind", Text, nullable=False),
    # A node holds zones, a zone or a node holds bins; zones and bins belong to a real node and carry its kind.
    Column("level", Text, nullable=False, server_default="node"),
    identifier("parent_id", nullable=True),
    # The node of a zone or a bin; ``node_id`` is that, and for a node the node itself.
    identifier("within_id", nullable=True),
    Column("node_id", Uuid, Computed("COALESCE(within_id, id)", persisted=True), nullable=False),
    # When the node last told us its stock; own nodes tell it with every move.
    instant("fed_at", nullable=True),
    # Older than so many hours the feed is stale: its stock still counts, or is left out of what can be promised.
    Column("feed_limit_hours", Integer),
    Column("stale_policy", Text, nullable=False, server_default="count"),
    instant("created_at"),
    UniqueConstraint("org_id", "code"),
    reference("parent_id", "location"),
    reference("within_id", "location"),
    CheckConstraint("level IN ('node', 'zone', 'bin')", name="level_known"),
    CheckConstraint(
        "(level = 'node') = (parent_id IS NULL) AND (parent_id IS NULL) = (within_id IS NULL)", name="node_on_top"
    ),
    CheckConstraint(
        "level = 'node' OR kind IN ('own', 'third_party', 'forward', 'shelf')", name="only_real_nodes_have_bins"
    ),
    CheckConstraint("feed_limit_hours > 0", name="feed_limit_positive"),
    CheckConstraint("stale_policy IN ('count', 'leave_out')", name="stale_policy_known"),
    Index("ix_location_within", "org_id", "within_id", postgresql_where=text("within_id IS NOT NULL")),
    CheckConstraint(
        "kind IN ('own', 'third_party', 'forward', 'shelf',"
        " 'in_transit', 'supplier', 'customer', 'scrap', 'adjustment')",
        name="kind_known",
    ),
)

lot_table = org_table(
    "lot",
    identifier("product_id"),
    # Empty for the one implicit lot of a product that is not tracked by lot.
    Column("code", Text, nullable=False),
    Column("made_on", Date),
    # Last day of use, inclusive.
    Column("expires_on", Date),
    # The status more stock of this lot arrives in; what lies there already has its status in the balance.
    Column("status", Text, nullable=False),
    instant("created_at"),
    reference("product_id", "product"),
    UniqueConstraint("org_id", "product_id", "code"),
    CheckConstraint("status IN ('available', 'quarantine', 'blocked')", name="status_known"),
)

serial_table = org_table(
    "serial",
    identifier("product_id"),
    Column("code", Text, nullable=False),
    identifier("lot_id"),
    # The one place it is at, a virtual one when it has left; ``post_moves`` alone carries it from place to place.
    identifier("location_id"),
    Column("status", Text, nullable=False),
    identifier("owner_id"),
    # void: made known by a receipt that was taken back, or not yet there.
    Column("state", Text, nullable=False),
    instant("changed_at"),
    reference("product_id", "product"),
    reference("lot_id", "lot"),
    reference("location_id", "location"),
    UniqueConstraint("org_id", "product_id", "code"),
    CheckConstraint("code <> ''", name="code_given"),
    CheckConstraint("status IN ('available', 'quarantine', 'blocked')", name="status_known"),
    CheckConstraint("state IN ('in_stock', 'shipped', 'scrapped', 'void')", name="state_known"),
    Index("ix_serial_place", "org_id", "product_id", "location_id"),
)

move_table = org_table(
    "stock_move",
    identifier("product_id"),
    identifier("lot_id"),
    identifier("from_location_id"),
    identifier("to_location_id"),
    Column("from_status", Text, nullable=False),
    Column("to_status", Text, nullable=False),
    # Whose goods they are: all zeros for our own, or the partner whose consignment stock it is.
    identifier("owner_id"),
    identifier("serial_id", nullable=True),
    # The move that this one takes back.
    identifier("reverses_id", nullable=True),
    Column("quantity", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    instant("at"),
    # The order of the moves of one product, which its lock makes the order in which they happened.
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    # The deed this move belongs to: the same key again changes nothing.
    Column("idempotency_key", Text, nullable=False),
    reference("product_id", "product"),
    reference("lot_id", "lot"),
    reference("from_location_id", "location"),
    reference("to_location_id", "location"),
    reference("serial_id", "serial"),
    reference("reverses_id", "stock_move"),
    UniqueConstraint("org_id", "idempotency_key"),
    UniqueConstraint("org_id", "reverses_id"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("serial_id IS NULL OR quantity = 1", name="serial_is_one"),
    CheckConstraint(
        "from_status IN ('available', 'quarantine', 'blocked')"
        " AND to_status IN ('available', 'quarantine', 'blocked')",
        name="statuses_known",
    ),
    CheckConstraint("from_location_id <> to_location_id OR from_status <> to_status", name="places_differ"),
    Index("ix_stock_move_product_at", "org_id", "product_id", "at"),
    Index("ix_stock_move_lot", "org_id", "lot_id", "from_location_id", "to_location_id", "seq"),
    Index("ix_stock_move_serial", "org_id", "serial_id", "seq", postgresql_where=text("serial_id IS NOT NULL")),
)

balance_table = Table(
    "stock_balance",
    METADATA,
    identifier("org_id"),
    identifier("product_id"),
    identifier("location_id"),
    identifier("lot_id"),
    # available, quarantine or blocked; that a lot has expired follows from its last day.
    Column("status", Text, nullable=False),
    # All zeros for our own stock, or the partner whose consignment stock it is.
    identifier("owner_id"),
    # The node of the place, which may be one of its bins.
    identifier("node_id"),
    # Sum of the moves into the place less those out of it; only real places have a row.
    Column("on_hand", BigInteger, nullable=False),
    instant("changed_at"),
    PrimaryKeyConstraint("org_id", "product_id", "location_id", "lot_id", "status", "owner_id"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("node_id", "location"),
    reference("lot_id", "lot"),
    CheckConstraint("status IN ('available', 'quarantine', 'blocked')", name="status_known"),
    CheckConstraint("on_hand >= 0", name="not_negative"),
)

check_table = org_table(
    "stock_check",
    instant("at"),
    # How many balances and serial numbers did not agree with the moves.
    Column("drifts", Integer, nullable=False),
    Index("ix_stock_check_at", "org_id", "at"),
)

expected_table = org_table(
    "expected_receipt",
    identifier("product_id"),
    identifier("location_id"),
    Column("lot_code", Text, nullable=False),
    Column("lot_expires_on", Date),
    Column("quantity", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("written_off", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    # confirmed: promised by the supplier; shipped: in transit; closed: nothing more will come.
    Column("state", Text, nullable=False),
    # What announced it, as people know it ("R-26118", "PO-4471"), and the key that makes announcing idempotent.
    Column("document", Text, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    instant("created_at"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    UniqueConstraint("org_id", "source_key"),
    CheckConstraint("state IN ('confirmed', 'shipped', 'closed')", name="state_known"),
    CheckConstraint("quantity > 0 AND received >= 0 AND written_off >= 0", name="quantities_not_negative"),
    Index("ix_expected_receipt_open", "org_id", "product_id", postgresql_where=text("state <> 'closed'")),
)

allocation_table = org_table(
    "allocation",
    identifier("product_id"),
    identifier("location_id"),
    # The customer it is kept for; empty when the buyer is not known by name.
    identifier("partner_id", nullable=True),
    Column("quantity", BigInteger, nullable=False),
    Column("needed_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    instant("created_at"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "source_key"),
    CheckConstraint("state IN ('open', 'shipped', 'released')", name="state_known"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    Index("ix_allocation_open", "org_id", "product_id", postgresql_where=text("state = 'open'")),
)

# What stands per product and node, kept by triggers (migration 0004) in the transaction that changes it.
summary_table = Table(
    "stock_summary",
    METADATA,
    identifier("org_id"),
    identifier("product_id"),
    identifier("location_id"),
    Column("physical", BigInteger, nullable=False, server_default="0"),
    # Available stock whose last day is not before ``day``; exact for any day from then until ``good_until``.
    Column("usable", BigInteger, nullable=False, server_default="0"),
    # Open allocations, open lines of reservations, and what pools still hold.
    Column("committed", BigInteger, nullable=False, server_default="0"),
    Column("pooled", Integer, nullable=False, server_default="0"),
    Column("day", Date, nullable=False, server_default=text("'-infinity'")),
    Column("good_until", Date),
    PrimaryKeyConstraint("org_id", "product_id", "location_id"),
    CheckConstraint("physical >= 0 AND usable >= 0 AND committed >= 0", name="not_negative"),
)

pool_table = org_table(
    "pool",
    Column("name", Text, nullable=False),
    identifier("product_id"),
    identifier("location_id"),
    # Whose it is; empty for a pool that only the host's own staff draw from.
    identifier("partner_id", nullable=True),
    Column("quantity", BigInteger, nullable=False),
    Column("drawn", BigInteger, nullable=False),
    Column("starts_on", Date, nullable=False),
    instant("ends_at"),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    instant("created_at"),
    instant("ended_at", nullable=True),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "name"),
    CheckConstraint("state IN ('open', 'ended')", name="state_known"),
    CheckConstraint("drawn >= 0 AND drawn <= quantity AND quantity > 0", name="within"),
    Index("ix_pool_open", "org_id", "product_id", postgresql_where=text("state = 'open'")),
)

# A reservation and its lines are written by tally_reserve only. They carry no foreign keys: checking them would
# lock the rows of a product everybody wants; the function looks the places up itself.
reservation_table = org_table(
    "reservation",
    Column("key", Text, nullable=False),
    # SHA-256 of what was asked for: the same key with another body is refused.
    Column("body", LargeBinary, nullable=False),
    identifier("partner_id", nullable=True),
    Column("document", Text, nullable=False),
    Column("state", Text, nullable=False),
    instant("held_until"),
    Column("actor", Text, nullable=False),
    instant("created_at"),
    instant("changed_at"),
    UniqueConstraint("org_id", "key"),
    CheckConstraint("state IN ('held', 'confirmed', 'released', 'lapsed')", name="state_known"),
    Index("ix_reservation_held", "org_id", "held_until", postgresql_where=text("state = 'held'")),
)

reservation_line_table = Table(
    "reservation_line",
    METADATA,
    identifier("org_id"),
    identifier("reservation_id"),
    Column("line", Integer, nullable=False),
    # A line is held in parts when some of it comes out of a pool.
    Column("part", Integer, nullable=False),
    identifier("product_id"),
    identifier("location_id"),
    identifier("pool_id", nullable=True),
    Column("quantity", BigInteger, nullable=False),
    Column("needed_on", Date, nullable=False),
    instant("held_until"),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("org_id", "reservation_id", "line", "part"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("state IN ('open', 'confirmed', 'released', 'lapsed')", name="state_known"),
    Index(
        "ix_reservation_line_open",
        "org_id",
        "product_id",
        "location_id",
        postgresql_where=text("state = 'open'"),
    ),
)


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
        owner_id: Whose goods they are; ``OWN``, or the partner whose consignment stock it is.
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
    SELECT DISTINCT CAST(:org AS uuid), u.product_id, p.location_id, u.lot_id, p.status, u.owner_id, l.node_id, 0,
           CAST(:now AS timestamptz)
    FROM unnest(CAST(:products AS uuid[]), CAST(:lots AS uuid[]), CAST(:froms AS uuid[]), CAST(:tos AS uuid[]),
                CAST(:from_statuses AS text[]), CAST(:to_statuses AS text[]), CAST(:owners AS uuid[]))
         AS u (product_id, lot_id, from_id, to_id, from_status, to_status, owner_id)
    CROSS JOIN LATERAL (VALUES (u.from_id, u.from_status), (u.to_id, u.to_status)) AS p (location_id, status)
    JOIN location l ON l.org_id = :org AND l.id = p.location_id AND l.kind = ANY(CAST(:real AS text[]))
    ON CONFLICT DO NOTHING
""")

_MOVES = text("""
    WITH posted AS (
        INSERT INTO stock_move (org_id, id, product_id, lot_id, from_location_id, to_location_id, from_status,
                                to_status, owner_id, serial_id, reverses_id, quantity, kind, document, reason,
                                actor, at, idempotency_key)
        SELECT :org, u.id, u.product_id, u.lot_id, u.from_id, u.to_id, u.from_status, u.to_status, u.owner_id,
               u.serial_id, u.reverses_id, u.quantity, u.kind, u.document, u.reason, :actor, :now, u.key
        FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:lots AS uuid[]), CAST(:froms AS uuid[]),
                    CAST(:tos AS uuid[]), CAST(:from_statuses AS text[]), CAST(:to_statuses AS text[]),
                    CAST(:owners AS uuid[]), CAST(:serials AS uuid[]), CAST(:reversed AS uuid[]),
                    CAST(:quantities AS bigint[]), CAST(:kinds AS text[]),
                    CAST(:documents AS text[]), CAST(:reasons AS text[]), CAST(:keys AS text[]))
             AS u (id, product_id, lot_id, from_id, to_id, from_status, to_status, owner_id, serial_id,
                   reverses_id, quantity, kind, document, reason, key)
        ON CONFLICT (org_id, idempotency_key) DO NOTHING
        RETURNING product_id, lot_id, from_location_id, to_location_id, from_status, to_status, owner_id,
                  serial_id, quantity, idempotency_key
    ), change AS (
        SELECT product_id, lot_id, location_id, status, owner_id, CAST(SUM(quantity) AS bigint) AS quantity
        FROM (SELECT product_id, lot_id, to_location_id AS location_id, to_status AS status, owner_id, quantity
              FROM posted
              UNION ALL
              SELECT product_id, lot_id, from_location_id, from_status, owner_id, -quantity FROM posted) AS ends
        GROUP BY product_id, lot_id, location_id, status, owner_id
    ), changed AS (
        UPDATE stock_balance b SET on_hand = b.on_hand + c.quantity, changed_at = :now
        FROM change c
        WHERE b.org_id = :org AND b.product_id = c.product_id AND b.location_id = c.location_id
          AND b.lot_id = c.lot_id AND b.status = c.status AND b.owner_id = c.owner_id
    ), carried AS (
        UPDATE serial s
        SET location_id = p.to_location_id, status = p.to_status, changed_at = :now,
            state = CASE WHEN l.kind = ANY(CAST(:real AS text[])) THEN 'in_stock' WHEN l.kind = 'customer'
                         THEN 'shipped' WHEN l.kind = 'scrap' THEN 'scrapped' ELSE 'void' END
        FROM posted p JOIN location l ON l.org_id = :org AND l.id = p.to_location_id
        WHERE s.org_id = :org AND s.id = p.serial_id AND s.location_id = p.from_location_id
          AND s.status = p.from_status AND s.owner_id = p.owner_id AND s.lot_id = p.lot_id
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
        "owners": [move.owner_id for move in moves],
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


question_table = org_table(
    "threshold_question",
    Column("agreement", Text, nullable=False),
    # The host's local date on which it was asked.
    Column("day", Date, nullable=False),
    identifier("product_id"),
    # Quanta, after rounding up.
    Column("quantity", BigInteger, nullable=False),
    Column("by_day", Date, nullable=False),
    Column("answer", Boolean, nullable=False),
    instant("asked_at"),
    reference("product_id", "product"),
    UniqueConstraint(
        "org_id",
        "agreement",
        "day",
        "product_id",
        "quantity",
        "by_day",
        name="uq_threshold_question_same_question",
    ),
    CheckConstraint("quantity > 0", name="quantity_positive"),
)
