"""Consignment stock is taken over by one move, a policy may have a smallest order, a question may be answered anew.

A move tells whose goods they were and whose they are; until now it had one owner. Moves are read by product in the
order in which they were posted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_deeds_on_stock"
down_revision = "0006_roles"
branch_labels = None
depends_on = None

_NOBODY = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    """Add the columns, and say of every move so far that it changed no owner."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    _owners()
    for table in ("replenishment_policy", "replenishment_order"):
        for name in ("moq_numerator", "moq_denominator", "moq_quanta"):
            op.add_column(table, sa.Column(name, sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("moq_unit", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_replenishment_policy_moq_positive"),
        "replenishment_policy",
        "moq_numerator > 0 AND moq_denominator > 0 AND moq_quanta > 0",
    )
    op.add_column("threshold_question", sa.Column("answers", sa.Integer(), nullable=False, server_default="1"))


def _owners() -> None:
    op.alter_column("stock_move", "owner_id", new_column_name="from_owner_id")
    op.add_column(
        "stock_move", sa.Column("to_owner_id", sa.Uuid(), nullable=False, server_default=sa.text(f"'{_NOBODY}'"))
    )
    # The one time moves are written over: what they tell does not change, only where it stands.
    op.execute("ALTER TABLE stock_move DISABLE TRIGGER stock_move_is_append_only")
    op.execute(f"UPDATE stock_move SET to_owner_id = from_owner_id WHERE from_owner_id <> '{_NOBODY}'")
    op.execute("ALTER TABLE stock_move ENABLE TRIGGER stock_move_is_append_only")
    op.alter_column("stock_move", "to_owner_id", server_default=None)
    op.drop_constraint(op.f("ck_stock_move_places_differ"), "stock_move")
    op.create_check_constraint(
        op.f("ck_stock_move_places_differ"),
        "stock_move",
        "from_location_id <> to_location_id OR from_status <> to_status OR from_owner_id <> to_owner_id",
    )
    op.drop_index("ix_stock_move_product_at", "stock_move")
    op.create_index("ix_stock_move_product_seq", "stock_move", ["org_id", "product_id", "seq"])
