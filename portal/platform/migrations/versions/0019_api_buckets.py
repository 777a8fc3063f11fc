"""How much each firm's programs have asked for over the API, as the level of a leaky bucket.

One row a firm, changed by every request and soon dead: little is written to a page before it, and the row moves
within it. Only the portal reads and writes it. See ``docs/adr/0019-throttling.md``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019_api_buckets"
down_revision = "0018_promises_of_products"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and guard its rows."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "api_bucket",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level >= 0", name=op.f("ck_api_bucket_level")),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_api_bucket_org_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "partner_id", name=op.f("pk_api_bucket")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute("ALTER TABLE api_bucket ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY portal ON api_bucket TO tallystick_portal USING (TRUE) WITH CHECK (TRUE)")
