"""Credentials of every kind: not only of lots, each with what it is about in one column.

``about`` says what a credential speaks of (``lot/{GTIN}/{lot}``, ``document/{id}``, ``event/{id}`` …): the newest of a
kind about the same thing is the one that counts. See ``portal.passports.kinds``.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_credential_kinds"
down_revision = "0011_chains"
branch_labels = None
depends_on = None

BY_NODE = ("key", "strategic")


def upgrade() -> None:
    """Let credentials be about other things than lots, and places, events and the company say what those need."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for column in ("product_id", "gtin", "lot_code"):
        op.alter_column("credential", column, nullable=True)
    op.add_column("credential", sa.Column("about", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE credential SET about = 'lot/' || gtin || '/' || lot_code")
    op.create_index("ix_credential_about", "credential", ["org_id", "about", "issued_at"])
    for tier in BY_NODE:
        op.execute(f"GRANT SELECT (about) ON credential TO tallystick_{tier}")
    op.add_column("location", sa.Column("gln", sa.Text(), nullable=True))
    op.add_column("org", sa.Column("uscc", sa.Text(), nullable=True))
    for column in ("location_id", "partner_id"):
        op.add_column("trace_event", sa.Column(column, sa.Uuid(), nullable=True))
    op.add_column("trace_event", sa.Column("inputs", postgresql.JSONB(none_as_null=True), nullable=True))
    for column, table in (("location_id", "location"), ("partner_id", "partner")):
        op.create_foreign_key(
            op.f(f"fk_trace_event_org_id_{column}"),
            "trace_event",
            table,
            ["org_id", column],
            ["org_id", "id"],
        )
