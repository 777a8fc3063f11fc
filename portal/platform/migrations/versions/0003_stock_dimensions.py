"""Stock gets a status, an owner, a bin and serial numbers; moves can no longer be changed.

Downgrading is not offered: several balances of a lot at a node cannot become one again without losing what they say.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_stock_dimensions"
down_revision = "0002_units"
branch_labels = None
depends_on = None

_STATUSES = "('available', 'quarantine', 'blocked')"
_REAL = "('own', 'third_party', 'forward', 'shelf')"


def upgrade() -> None:
    """Add the dimensions, give what is there its place in them, and close the moves."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    _products()
    _locations()
    _serials()
    _moves()
    _balances()
    _checks()
    _append_only()


def _products() -> None:
    op.drop_constraint(op.f("ck_product_tracking_known"), "product")
    op.create_check_constraint(
        op.f("ck_product_tracking_known"), "product", "tracking IN ('none', 'lot', 'serial')"
    )
    op.create_check_constraint(op.f("ck_product_serial_whole"), "product", "tracking <> 'serial' OR decimals = 0")


def _locations() -> None:
    op.add_column("location", sa.Column("level", sa.Text(), nullable=False, server_default="node"))
    op.add_column("location", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("location", sa.Column("within_id", sa.Uuid(), nullable=True))
    op.add_column(
        "location",
        sa.Column("node_id", sa.Uuid(), sa.Computed("COALESCE(within_id, id)", persisted=True), nullable=False),
    )
    op.add_column("location", sa.Column("feed_limit_hours", sa.Integer(), nullable=True))
    op.add_column("location", sa.Column("stale_policy", sa.Text(), nullable=False, server_default="count"))
    for column in ("parent_id", "within_id"):
        op.create_foreign_key(
            op.f(f"fk_location_org_id_{column}"), "location", "location", ["org_id", column], ["org_id", "id"]
        )
    for name, condition in {
        "level_known": "level IN ('node', 'zone', 'bin')",
        "node_on_top": "(level = 'node') = (parent_id IS NULL) AND (parent_id IS NULL) = (within_id IS NULL)",
        "only_real_nodes_have_bins": f"level = 'node' OR kind IN {_REAL}",
        "feed_limit_positive": "feed_limit_hours > 0",
        "stale_policy_known": "stale_policy IN ('count', 'leave_out')",
    }.items():
        op.create_check_constraint(op.f(f"ck_location_{name}"), "location", condition)
    op.create_index(
        "ix_location_within",
        "location",
        ["org_id", "within_id"],
        postgresql_where=sa.text("within_id IS NOT NULL"),
    )


def _serials() -> None:
    op.create_table(
        "serial",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("ck_serial_code_given")),
        sa.CheckConstraint(f"status IN {_STATUSES}", name=op.f("ck_serial_status_known")),
        sa.CheckConstraint(
            "state IN ('in_stock', 'shipped', 'scrapped', 'void')", name=op.f("ck_serial_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"], ["product.org_id", "product.id"], name=op.f("fk_serial_org_id_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lot_id"], ["lot.org_id", "lot.id"], name=op.f("fk_serial_org_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_serial_org_id_location_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_serial")),
        sa.UniqueConstraint("org_id", "product_id", "code", name=op.f("uq_serial_org_id_product_id_code")),
    )
    op.create_index("ix_serial_place", "serial", ["org_id", "product_id", "location_id"])


def _moves() -> None:
    nobody = sa.text("'00000000-0000-0000-0000-000000000000'")
    op.add_column("stock_move", sa.Column("from_status", sa.Text(), nullable=False, server_default="available"))
    op.add_column("stock_move", sa.Column("to_status", sa.Text(), nullable=False, server_default="available"))
    op.add_column("stock_move", sa.Column("owner_id", sa.Uuid(), nullable=False, server_default=nobody))
    op.add_column("stock_move", sa.Column("serial_id", sa.Uuid(), nullable=True))
    op.add_column("stock_move", sa.Column("reverses_id", sa.Uuid(), nullable=True))
    op.add_column("stock_move", sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False))
    op.execute(
        "UPDATE stock_move m SET from_status = l.status, to_status = l.status FROM lot l"
        " WHERE l.org_id = m.org_id AND l.id = m.lot_id AND l.status <> 'available'"
    )
    for column in ("from_status", "to_status", "owner_id"):
        op.alter_column("stock_move", column, server_default=None)
    op.create_foreign_key(
        op.f("fk_stock_move_org_id_serial_id"), "stock_move", "serial", ["org_id", "serial_id"], ["org_id", "id"]
    )
    op.create_foreign_key(
        op.f("fk_stock_move_org_id_reverses_id"),
        "stock_move",
        "stock_move",
        ["org_id", "reverses_id"],
        ["org_id", "id"],
    )
    op.create_unique_constraint(op.f("uq_stock_move_org_id_reverses_id"), "stock_move", ["org_id", "reverses_id"])
    op.drop_constraint(op.f("ck_stock_move_places_differ"), "stock_move")
    for name, condition in {
        "places_differ": "from_location_id <> to_location_id OR from_status <> to_status",
        "serial_is_one": "serial_id IS NULL OR quantity = 1",
        "statuses_known": f"from_status IN {_STATUSES} AND to_status IN {_STATUSES}",
    }.items():
        op.create_check_constraint(op.f(f"ck_stock_move_{name}"), "stock_move", condition)
    op.create_index(
        "ix_stock_move_lot", "stock_move", ["org_id", "lot_id", "from_location_id", "to_location_id", "seq"]
    )
    op.create_index(
        "ix_stock_move_serial",
        "stock_move",
        ["org_id", "serial_id", "seq"],
        postgresql_where=sa.text("serial_id IS NOT NULL"),
    )


def _balances() -> None:
    nobody = sa.text("'00000000-0000-0000-0000-000000000000'")
    op.add_column("stock_balance", sa.Column("status", sa.Text(), nullable=False, server_default="available"))
    op.add_column("stock_balance", sa.Column("owner_id", sa.Uuid(), nullable=False, server_default=nobody))
    op.add_column("stock_balance", sa.Column("node_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE stock_balance b SET node_id = b.location_id, status = l.status FROM lot l"
        " WHERE l.org_id = b.org_id AND l.id = b.lot_id"
    )
    op.alter_column("stock_balance", "node_id", nullable=False)
    for column in ("status", "owner_id"):
        op.alter_column("stock_balance", column, server_default=None)
    op.drop_constraint(op.f("pk_stock_balance"), "stock_balance")
    op.create_primary_key(
        op.f("pk_stock_balance"),
        "stock_balance",
        ["org_id", "product_id", "location_id", "lot_id", "status", "owner_id"],
    )
    op.create_foreign_key(
        op.f("fk_stock_balance_org_id_node_id"),
        "stock_balance",
        "location",
        ["org_id", "node_id"],
        ["org_id", "id"],
    )
    op.create_check_constraint(op.f("ck_stock_balance_status_known"), "stock_balance", f"status IN {_STATUSES}")


def _checks() -> None:
    op.create_table(
        "stock_check",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drifts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_stock_check")),
    )
    op.create_index("ix_stock_check_at", "stock_check", ["org_id", "at"])


def _append_only() -> None:
    op.execute("""
        CREATE FUNCTION refuse_change_of_moves() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'stock moves are never changed or deleted: post a reverse move'
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER stock_move_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_move
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_moves()
    """)
