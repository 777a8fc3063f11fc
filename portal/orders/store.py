"""Rows of sales orders and their lines."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from portal.platform.db import METADATA, identifier, instant, org_table, reference

order_table = org_table(
    "sales_order",
    Column("number", Text, nullable=False),
    # Empty when the source names no customer.
    identifier("partner_id", nullable=True),
    instant("ordered_at"),
    # Day the goods are needed; empty for history that was shipped at once.
    Column("needed_on", Date),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "number"),
    CheckConstraint("state IN ('open', 'fulfilled', 'cancelled')", name="state_known"),
    Index("ix_sales_order_partner", "org_id", "partner_id", "ordered_at"),
)

line_table = Table(
    "sales_order_line",
    METADATA,
    identifier("org_id"),
    identifier("order_id"),
    Column("line_no", Integer, nullable=False),
    identifier("product_id"),
    identifier("location_id", nullable=True),
    Column("quantity", BigInteger, nullable=False),
    Column("unit_price", Numeric),
    PrimaryKeyConstraint("org_id", "order_id", "line_no"),
    reference("order_id", "sales_order"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    Index("ix_sales_order_line_product", "org_id", "product_id"),
)
