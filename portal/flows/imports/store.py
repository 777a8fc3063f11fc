"""Rows of imports: what was handed in, how its columns are read, what the dry run found, how far it is."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from portal.platform.db import instant, org_table

session_table = org_table(
    "import_session",
    Column("kind", Text, nullable=False),
    # "retail" for a wholesaler's raw order lines; empty otherwise.
    Column("profile", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    # Field name to column index.
    Column("mapping", JSONB, nullable=False),
    # Headings and the first rows, for the mapping page.
    Column("sheet", JSONB, nullable=False),
    # What the dry run or the import found: figures, first faults, first changes.
    Column("result", JSONB, nullable=False),
    # How far work in progress is; written outside its transaction.
    Column("phase", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    instant("created_at"),
    instant("applied_at", nullable=True),
    CheckConstraint(
        "kind IN ('products', 'units', 'partners', 'locations', 'stock', 'orders')", name="kind_known"
    ),
    CheckConstraint(
        "state IN ('uploaded', 'checking', 'checked', 'applying', 'applied', 'failed')", name="state_known"
    ),
    Index("ix_import_session_created", "org_id", "created_at"),
)
