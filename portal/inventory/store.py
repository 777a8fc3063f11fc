"""Rows of products, places, lots, moves, balances, expected receipts and allocations."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

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
    CheckConstraint("tracking IN ('none', 'lot')", name="tracking_known"),
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
    # When the node last told us its stock; own nodes tell it with every move.
    instant("fed_at", nullable=True),
    instant("created_at"),
    UniqueConstraint("org_id", "code"),
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
    Column("status", Text, nullable=False),
    instant("created_at"),
    reference("product_id", "product"),
    UniqueConstraint("org_id", "product_id", "code"),
    CheckConstraint("status IN ('available', 'quarantine', 'blocked')", name="status_known"),
)

move_table = org_table(
    "stock_move",
    identifier("product_id"),
    identifier("lot_id"),
    identifier("from_location_id"),
    identifier("to_location_id"),
    Column("quantity", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    instant("at"),
    # The deed this move belongs to: the same key again changes nothing.
    Column("idempotency_key", Text, nullable=False),
    reference("product_id", "product"),
    reference("lot_id", "lot"),
    reference("from_location_id", "location"),
    reference("to_location_id", "location"),
    UniqueConstraint("org_id", "idempotency_key"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("from_location_id <> to_location_id", name="places_differ"),
    Index("ix_stock_move_product_at", "org_id", "product_id", "at"),
)

balance_table = Table(
    "stock_balance",
    METADATA,
    identifier("org_id"),
    identifier("product_id"),
    identifier("location_id"),
    identifier("lot_id"),
    # Sum of the moves into the place less those out of it; only real nodes have a row.
    Column("on_hand", BigInteger, nullable=False),
    instant("changed_at"),
    PrimaryKeyConstraint("org_id", "product_id", "location_id", "lot_id"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("lot_id", "lot"),
    CheckConstraint("on_hand >= 0", name="not_negative"),
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
