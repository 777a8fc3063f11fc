"""How fine an agreement tells figures, its end, threshold questions, and the audit log.

Agreements that are there keep telling exact figures of unallocated stock and the partner's own. There is no way back:
the audit log is never dropped.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_agreements"
down_revision = "0004_reservations"
branch_labels = None
depends_on = None

_KEPT = """
    CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'entries of the audit log are never changed or deleted' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER audit_entry_row_kept BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_is_kept();
    CREATE TRIGGER audit_entry_table_kept BEFORE TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_kept();
"""


def upgrade() -> None:
    """Add the columns and tables."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    added: tuple[sa.Column[Any], ...] = (
        sa.Column("basis", sa.Text(), nullable=False, server_default="unallocated_and_own"),
        sa.Column("grain", sa.Text(), nullable=False, server_default="exact"),
        sa.Column("steps", postgresql.ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        sa.Column("daily_questions", sa.Integer(), nullable=False, server_default="20"),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
    )
    for column in added:
        op.add_column("agreement", column)
        if column.server_default is not None:
            op.alter_column("agreement", column.name, server_default=None)
    op.create_check_constraint(
        op.f("ck_agreement_basis_known"), "agreement", "basis IN ('unallocated_and_own', 'own_only')"
    )
    op.create_check_constraint(
        op.f("ck_agreement_grain_known"), "agreement", "grain IN ('exact', 'cap', 'buckets', 'yes_no')"
    )
    op.create_check_constraint(op.f("ck_agreement_questions"), "agreement", "daily_questions >= 0")
    op.create_table(
        "audit_entry",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_audit_entry_seq_positive")),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(prev_hash) = 32", name=op.f("ck_audit_entry_hash_length")
        ),
        sa.PrimaryKeyConstraint("org_id", "seq", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_org_id_partner_id_seq", "audit_entry", ["org_id", "partner_id", "seq"])
    op.create_index("ix_audit_entry_org_id_at", "audit_entry", ["org_id", "at"])
    op.execute(_KEPT)
    op.create_table(
        "threshold_question",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("by_day", sa.Date(), nullable=False),
        sa.Column("answer", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_threshold_question_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_threshold_question_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_threshold_question")),
        sa.UniqueConstraint(
            "org_id",
            "agreement",
            "day",
            "product_id",
            "quantity",
            "by_day",
            name="uq_threshold_question_same_question",
        ),
    )
