"""Papers act on stock: what a lot must have, lots that are withheld or recalled, and who holds recalled goods.

``withheld`` is a status of its own, so that what people block and what papers withhold never mix: only the latter is
given back when the papers hold again. See ``docs/adr/0013-papers-act.md``.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_withholding"
down_revision = "0009_credential_marks"
branch_labels = None
depends_on = None

_LYING = "('available', 'quarantine', 'blocked', 'withheld')"


def upgrade() -> None:
    """Widen the statuses, let lots say why they are withheld, and make the new tables."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for table in ("serial", "stock_balance"):
        _widen(table, "status_known", f"status IN {_LYING}")
    _widen("stock_move", "statuses_known", f"from_status IN {_LYING} AND to_status IN {_LYING}")
    op.add_column("lot", sa.Column("withheld", postgresql.JSONB(none_as_null=True), nullable=True))
    _tables()


def _widen(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _tables() -> None:
    op.create_table(
        "paper_requirement",
        *_key(),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        *_texts("kind", "name_zh", "name_en", "number_prefix", "made_by"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _refers("paper_requirement", "product_id", "product"),
        _refers("paper_requirement", "supplier_id", "partner"),
        sa.CheckConstraint(
            "kind IN ('certificate', 'inspection_report')", name=op.f("ck_paper_requirement_kind_known")
        ),
        sa.CheckConstraint(
            "(ended_by IS NULL) = (ended_at IS NULL)", name=op.f("ck_paper_requirement_ended_by_somebody")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_paper_requirement")),
    )
    op.create_table(
        "lot_recall",
        *_key(),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        *_texts("lot_code", "reason", "recalled_by"),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=False),
        _refers("lot_recall", "product_id", "product"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_lot_recall")),
        sa.UniqueConstraint(
            "org_id", "product_id", "lot_code", name=op.f("uq_lot_recall_org_id_product_id_lot_code")
        ),
    )
    op.create_table(
        "recall_notice",
        *_key(),
        sa.Column("recall_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        *_texts("documents"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        _refers("recall_notice", "recall_id", "lot_recall"),
        _refers("recall_notice", "partner_id", "partner"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_recall_notice")),
        sa.UniqueConstraint(
            "org_id", "recall_id", "partner_id", name=op.f("uq_recall_notice_org_id_recall_id_partner_id")
        ),
    )
    op.create_index("ix_recall_notice_partner", "recall_notice", ["org_id", "partner_id"])


def _key() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("org_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], [f"{other}.org_id", f"{other}.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )
