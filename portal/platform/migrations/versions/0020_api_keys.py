"""API keys: what a program trades for access tokens, kept as a hash. See ``docs/adr/0020-api-keys.md``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020_api_keys"
down_revision = "0019_api_buckets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "api_key",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "person_id"], ["person.org_id", "person.id"], name=op.f("fk_api_key_org_id_person_id")
        ),
        sa.CheckConstraint(
            "scopes <@ ARRAY['read', 'act'] AND 'read' = ANY (scopes)", name=op.f("ck_api_key_scopes_known")
        ),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_api_key_hash_length")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_api_key_org_id_name")),
    )
    op.create_index("ix_api_key_person", "api_key", ["org_id", "person_id"])
