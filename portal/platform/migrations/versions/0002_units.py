"""Units of products, their import, and the unit in which a person likes to read."""

import sqlalchemy as sa
from alembic import op

revision = "0002_units"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the ratios of products' units; give people a setting."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "product_unit",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("numerator > 0 AND denominator > 0", name=op.f("ck_product_unit_ratio_positive")),
        sa.CheckConstraint(
            "level IN ('each', 'inner', 'case', 'pallet')", name=op.f("ck_product_unit_level_known")
        ),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_product_unit_validity")),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_product_unit_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_product_unit")),
        sa.UniqueConstraint(
            "org_id",
            "product_id",
            "code",
            "valid_from",
            name=op.f("uq_product_unit_org_id_product_id_code_valid_from"),
        ),
    )
    op.drop_constraint(op.f("ck_import_session_kind_known"), "import_session", type_="check")
    op.create_check_constraint(
        op.f("ck_import_session_kind_known"),
        "import_session",
        "kind IN ('products', 'units', 'partners', 'locations', 'stock', 'orders')",
    )
    # Metadata only: an empty column without a default does not rewrite the table.
    op.add_column("person", sa.Column("read_in", sa.Text(), nullable=True))
