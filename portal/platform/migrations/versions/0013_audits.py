"""Audits of suppliers: what was asked, what auditors said of each item, what is to be put right, and the clock.

What an auditor said is never changed, only followed by. See ``docs/adr/0014-audits.md``.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_audits"
down_revision = "0012_credential_kinds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "audit",
        *_ids("org_id", "id"),
        *_texts("number"),
        *_ids("supplier_id", "auditor_id"),
        *_texts("checklist"),
        sa.Column("checklist_version", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        *_texts("state", "requested_by"),
        _instant("requested_at"),
        *(column for step in ("opened", "completed", "signed") for column in _step(step)),
        sa.Column("outcome", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("credential_id", sa.Uuid(), nullable=True),
        _refers("audit", "supplier_id", "partner"),
        _refers("audit", "auditor_id", "partner"),
        _refers("audit", "credential_id", "credential"),
        sa.CheckConstraint(
            "state IN ('requested', 'opened', 'completed', 'signed')", name=op.f("ck_audit_state_known")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_audit_period_in_order")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_audit")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_audit_org_id_number")),
    )
    op.create_index("ix_audit_auditor", "audit", ["org_id", "auditor_id"])
    op.create_table(
        "audit_judgement",
        *_ids("org_id", "id", "audit_id"),
        *_texts("item", "verdict", "note", "judged_by"),
        _instant("judged_at"),
        _refers("audit_judgement", "audit_id", "audit"),
        sa.CheckConstraint(
            "verdict IN ('fulfilled', 'gap', 'not_applicable')", name=op.f("ck_audit_judgement_verdict_known")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_audit_judgement")),
    )
    op.create_index("ix_audit_judgement_audit", "audit_judgement", ["org_id", "audit_id", "judged_at"])
    op.create_table(
        "audit_finding",
        *_ids("org_id", "id", "audit_id"),
        *_texts("item", "severity", "words"),
        sa.Column("due_on", sa.Date(), nullable=False),
        *_texts("found_by"),
        _instant("found_at"),
        sa.Column("settled_by", sa.Text(), nullable=True),
        _instant("settled_at", nullable=True),
        _refers("audit_finding", "audit_id", "audit"),
        sa.CheckConstraint(
            "severity IN ('minor', 'major', 'critical')", name=op.f("ck_audit_finding_severity_known")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_audit_finding")),
    )
    op.create_index("ix_audit_finding_audit", "audit_finding", ["org_id", "audit_id", "found_at"])


def _ids(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _step(name: str) -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column(f"{name}_by", sa.Text(), nullable=True), _instant(f"{name}_at", nullable=True)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], [f"{other}.org_id", f"{other}.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )
