"""Places in status lists, records that are anchored beside credentials, and planned ends of issuer keys.

A record is a version of a status list, a notice about a status, a version of the issuer's DID document or a head of
the audit log. See ``docs/adr/0010-status.md`` and ``docs/adr/0017-keys.md``.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014_status_lists"
down_revision = "0013_audits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "status_list",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_status_list")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_status_list_org_id_number")),
    )
    op.create_table(
        "status_entry",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "list_number"],
            ["status_list.org_id", "status_list.number"],
            name=op.f("fk_status_entry_org_id_list_number"),
        ),
        # The place is drawn before the credential is signed with it, both in one transaction.
        sa.ForeignKeyConstraint(
            ["org_id", "id"],
            ["credential.org_id", "credential.id"],
            name=op.f("fk_status_entry_org_id_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_status_entry")),
        sa.UniqueConstraint(
            "org_id", "list_number", "position", name=op.f("uq_status_entry_org_id_list_number_position")
        ),
    )
    op.create_table(
        "anchored_record",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("leaf_index", sa.Integer(), nullable=True),
        sa.Column("path", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('status_list', 'status_notice', 'did_document', 'audit_head')",
            name=op.f("ck_anchored_record_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "batch_id"],
            ["anchor_batch.org_id", "anchor_batch.id"],
            name=op.f("fk_anchored_record_org_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_anchored_record")),
        sa.UniqueConstraint(
            "org_id", "kind", "name", "version", name=op.f("uq_anchored_record_org_id_kind_name_version")
        ),
    )
    op.create_index(
        "ix_anchored_record_unsealed",
        "anchored_record",
        ["org_id", "at"],
        postgresql_where=sa.text("batch_id IS NULL"),
    )
    op.add_column("issuer_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("""
        CREATE FUNCTION refuse_change_of_records() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.batch_id IS NULL
               AND (OLD.kind, OLD.name, OLD.version, OLD.body, OLD.digest, OLD.at)
                   = (NEW.kind, NEW.name, NEW.version, NEW.body, NEW.digest, NEW.at) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'anchored records are never changed or deleted' USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER anchored_record_row_is_kept BEFORE UPDATE OR DELETE ON anchored_record
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_records()
    """)
