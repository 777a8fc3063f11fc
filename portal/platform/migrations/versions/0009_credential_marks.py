"""What is said of a credential after it was issued: revoked, suspended, taken up again, each with its reason.

A mark is never changed or deleted; the newest one of a purpose counts. See ``portal.passports.status``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_credential_marks"
down_revision = "0008_suppliers_read"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and refuse any change of what is in it."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "credential_mark",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mark", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('revocation', 'suspension')", name=op.f("ck_credential_mark_purpose_known")
        ),
        sa.CheckConstraint("mark OR purpose = 'suspension'", name=op.f("ck_credential_mark_revocation_is_final")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_credential_mark_reason_given")),
        sa.CheckConstraint(
            "superseded_by IS DISTINCT FROM credential_id", name=op.f("ck_credential_mark_supersedes_another")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["org_id", column],
                ["credential.org_id", "credential.id"],
                name=op.f(f"fk_credential_mark_org_id_{column}"),
            )
            for column in ("credential_id", "superseded_by")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_credential_mark")),
    )
    op.create_index("ix_credential_mark_credential", "credential_mark", ["org_id", "credential_id", "at"])
    op.execute("""
        CREATE FUNCTION refuse_change_of_marks() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'marks of credentials are never changed or deleted: set another'
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER credential_mark_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credential_mark
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_marks()
    """)
