"""Rows of what is promised: summaries per node, pools, reservations, threshold questions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from portal.platform.db import METADATA, identifier, instant, org_table, reference

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
    # How often it was answered anew today: a yes that a refused hold made a no counts twice.
    Column("answers", Integer, nullable=False, server_default="1"),
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
