"""Rows of what lots must have, of recalls, and of who had received recalled goods."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint

from portal.platform.db import identifier, instant, org_table, reference

requirement_table = org_table(
    "paper_requirement",
    # Each of the three narrows; all empty: every lot.
    Column("category", Text),
    identifier("product_id", nullable=True),
    identifier("supplier_id", nullable=True),
    Column("kind", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("number_prefix", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    instant("made_at"),
    # Requirements are ended, never changed: what was asked for when stays readable.
    Column("ended_by", Text),
    instant("ended_at", nullable=True),
    reference("product_id", "product"),
    reference("supplier_id", "partner"),
    CheckConstraint("kind IN ('certificate', 'inspection_report')", name="kind_known"),
    CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="ended_by_somebody"),
)

recall_table = org_table(
    "lot_recall",
    identifier("product_id"),
    Column("lot_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recalled_by", Text, nullable=False),
    instant("recalled_at"),
    reference("product_id", "product"),
    # A lot is recalled once; the same again is the same recall.
    UniqueConstraint("org_id", "product_id", "lot_code"),
)

notice_table = org_table(
    "recall_notice",
    identifier("recall_id"),
    # Who had received goods of the lot; they see this row and no other.
    identifier("partner_id"),
    Column("quantity", BigInteger, nullable=False),
    # Their own orders, as they know them, joined by ", ".
    Column("documents", Text, nullable=False),
    instant("seen_at", nullable=True),
    reference("recall_id", "lot_recall"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "recall_id", "partner_id"),
    Index("ix_recall_notice_partner", "org_id", "partner_id"),
)
