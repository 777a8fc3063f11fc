"""Pins have a history, a second chain may witness, the writer's standing is kept, and partners' heads are remembered.

Until now a company had one pin for ever and an attempt knew only its batch. A chain that was wiped can be left behind
(``tally ledger reanchor``): its pin and what it said of each batch stay.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011_chains"
down_revision = "0010_withholding"
branch_labels = None
depends_on = None

_STATES = "state IN ('sealed', 'sent', 'mined', 'final')"


def upgrade() -> None:
    """Change pins and attempts, add the three tables."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    _pins()
    _attempts()
    _keyed(
        "anchor_copy",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("pin_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("placement", JSONB(), nullable=True),
        sa.Column("receipt", JSONB(), nullable=True),
        _to("anchor_copy", "batch_id", "anchor_batch"),
        _to("anchor_copy", "pin_id", "chain_pin"),
        sa.UniqueConstraint("org_id", "batch_id", "pin_id", name=op.f("uq_anchor_copy_org_id_batch_id_pin_id")),
        sa.CheckConstraint(_STATES, name=op.f("ck_anchor_copy_state_known")),
    )
    _keyed(
        "chain_standing",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("org_id", "role", name=op.f("uq_chain_standing_org_id_role")),
        sa.CheckConstraint("state IN ('ok', 'waits', 'stopped')", name=op.f("ck_chain_standing_state_known")),
    )
    _keyed(
        "head_seen",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        _to("head_seen", "partner_id", "partner"),
        sa.UniqueConstraint("org_id", "partner_id", name=op.f("uq_head_seen_org_id_partner_id")),
    )


def _pins() -> None:
    op.add_column("chain_pin", sa.Column("role", sa.Text(), nullable=False, server_default="main"))
    op.add_column("chain_pin", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_chain_pin_role_known"), "chain_pin", "role IN ('main', 'extra')")
    op.drop_constraint(op.f("uq_chain_pin_org_id"), "chain_pin")
    in_use = sa.text("retired_at IS NULL")
    op.create_index("uq_chain_pin_in_use", "chain_pin", ["org_id", "role"], unique=True, postgresql_where=in_use)


def _attempts() -> None:
    op.add_column("anchor_attempt", sa.Column("pin_id", sa.Uuid(), nullable=True))
    # An attempt is signed for a pinned chain, so where there is one there is a pin.
    op.execute("UPDATE anchor_attempt a SET pin_id = p.id FROM chain_pin p WHERE p.org_id = a.org_id")
    op.alter_column("anchor_attempt", "pin_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_anchor_attempt_org_id_pin_id_chain_pin"),
        "anchor_attempt",
        "chain_pin",
        ["org_id", "pin_id"],
        ["org_id", "id"],
    )
    op.drop_constraint(op.f("uq_anchor_attempt_org_id_transaction_hash"), "anchor_attempt")
    op.create_unique_constraint(
        op.f("uq_anchor_attempt_org_id_pin_id_transaction_hash"),
        "anchor_attempt",
        ["org_id", "pin_id", "transaction_hash"],
    )


def _keyed(table: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *items,
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_org_id_{column}_{other}")
    return sa.ForeignKeyConstraint(["org_id", column], [f"{other}.org_id", f"{other}.id"], name=name)
