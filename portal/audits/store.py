"""Rows of audits, of what auditors said of items, and of findings; rows to values and back."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from portal.audits.model import Evidence, Judgement, Verdict
from portal.platform.db import identifier, instant, org_table, reference

audit_table = org_table(
    "audit",
    Column("number", Text, nullable=False),
    identifier("supplier_id"),
    # The auditors' firm; only its people see and sign it.
    identifier("auditor_id"),
    Column("checklist", Text, nullable=False),
    Column("checklist_version", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    # The clock: who and when, of each step.
    Column("requested_by", Text, nullable=False),
    instant("requested_at"),
    Column("opened_by", Text),
    instant("opened_at", nullable=True),
    Column("completed_by", Text),
    instant("completed_at", nullable=True),
    Column("signed_by", Text),
    instant("signed_at", nullable=True),
    # What was found, item by item, as it stood when the audit was completed; the report says exactly this.
    Column("outcome", JSONB(none_as_null=True)),
    identifier("credential_id", nullable=True),
    reference("supplier_id", "partner"),
    reference("auditor_id", "partner"),
    reference("credential_id", "credential"),
    UniqueConstraint("org_id", "number"),
    CheckConstraint("state IN ('requested', 'opened', 'completed', 'signed')", name="state_known"),
    CheckConstraint("ends_on >= starts_on", name="period_in_order"),
    Index("ix_audit_auditor", "org_id", "auditor_id"),
)

judgement_table = org_table(
    "audit_judgement",
    # Append-only: the newest of an item counts.
    identifier("audit_id"),
    Column("item", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("judged_by", Text, nullable=False),
    instant("judged_at"),
    reference("audit_id", "audit"),
    CheckConstraint("verdict IN ('fulfilled', 'gap', 'not_applicable')", name="verdict_known"),
    Index("ix_audit_judgement_audit", "org_id", "audit_id", "judged_at"),
)

finding_table = org_table(
    "audit_finding",
    identifier("audit_id"),
    Column("item", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("words", Text, nullable=False),
    # Day by which it is to be put right.
    Column("due_on", Date, nullable=False),
    Column("found_by", Text, nullable=False),
    instant("found_at"),
    Column("settled_by", Text),
    instant("settled_at", nullable=True),
    reference("audit_id", "audit"),
    CheckConstraint("severity IN ('minor', 'major', 'critical')", name="severity_known"),
    Index("ix_audit_finding_audit", "org_id", "audit_id", "found_at"),
)


def to_outcome(judgements: dict[str, Judgement]) -> list[dict[str, Any]]:
    """Return judgements as they are kept, in the order of the checklist."""
    return [
        {
            "item": item,
            "verdict": one.verdict.value,
            "evidence": [[proof.kind, proof.label, proof.ref] for proof in one.evidence],
            "gaps": list(one.gaps),
            "why": one.why,
            "note": one.note,
            "by": one.by,
        }
        for item, one in judgements.items()
    ]


def from_outcome(value: list[dict[str, Any]]) -> dict[str, Judgement]:
    """Return the judgements that were kept."""
    return {
        one["item"]: Judgement(
            verdict=Verdict(one["verdict"]),
            evidence=tuple(Evidence(*proof) for proof in one["evidence"]),
            gaps=tuple(one["gaps"]),
            why=one["why"],
            note=one["note"],
            by=one["by"],
        )
        for one in value
    }
