"""Rows of demand by product and day."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Integer, PrimaryKeyConstraint, Table

from portal.platform.db import METADATA, identifier, reference

demand_table = Table(
    "demand_day",
    METADATA,
    identifier("org_id"),
    identifier("product_id"),
    Column("day", Date, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("order_count", Integer, nullable=False),
    PrimaryKeyConstraint("org_id", "product_id", "day"),
    reference("product_id", "product"),
    CheckConstraint("quantity >= 0 AND order_count >= 0", name="not_negative"),
)
