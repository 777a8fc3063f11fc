"""Rows of products, places, lots, serial numbers, moves, balances, receipts and allocations."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

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
    # GS1 Global Location Number, 13 digits, of a node that has one.
    Column("gln", Text),
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
    # Why its papers keep it from leaving, as the papers' rule says it; NULL while they hold.
    Column("withheld", JSONB(none_as_null=True)),
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
    CheckConstraint("status IN ('available', 'quarantine', 'blocked', 'withheld')", name="status_known"),
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
    # Whose goods leave, and whose they are on arrival: all zeros for our own, or the partner who consigned them.
    identifier("from_owner_id"),
    identifier("to_owner_id"),
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
        "from_status IN ('available', 'quarantine', 'blocked', 'withheld')"
        " AND to_status IN ('available', 'quarantine', 'blocked', 'withheld')",
        name="statuses_known",
    ),
    CheckConstraint(
        "from_location_id <> to_location_id OR from_status <> to_status OR from_owner_id <> to_owner_id",
        name="places_differ",
    ),
    Index("ix_stock_move_product_seq", "org_id", "product_id", "seq"),
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
    # available, quarantine, blocked or withheld; that a lot has expired follows from its last day.
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
    CheckConstraint("status IN ('available', 'quarantine', 'blocked', 'withheld')", name="status_known"),
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
