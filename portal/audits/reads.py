"""Questions about audits: which there are, what was said and found, how long each took."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from portal.audits.checklist import checklist
from portal.audits.model import AuditNotFound, Checklist, Judgement, Severity, State, Verdict, elapsed
from portal.audits.store import audit_table, finding_table, from_outcome, judgement_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An audit of a supplier.

    Attributes:
        auditor_id: The auditors' firm.
        starts_on: First day of the period looked at.
        ends_on: Its last day.
        steps: Who and when, of each state reached, in order.
        outcome: What was found, once completed; empty before.
        credential_id: The signed report, once signed.
    """

    id: UUID
    number: str
    supplier_id: UUID
    auditor_id: UUID
    checklist: Checklist
    starts_on: date
    ends_on: date
    state: State
    steps: tuple[tuple[State, str, datetime], ...]
    outcome: dict[str, Judgement]
    credential_id: UUID | None

    @property
    def requested_at(self) -> datetime:
        """When the clock began."""
        return self.steps[0][2]

    @property
    def signed_at(self) -> datetime | None:
        """When it ended, if it has."""
        return self.steps[-1][2] if self.state is State.SIGNED else None

    def took(self, now: datetime) -> timedelta:
        """Return the time from request to sign-off, or until now."""
        return elapsed(self.requested_at, self.signed_at or now)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """Something to be put right.

    Attributes:
        item: Of which item of the checklist.
        due_on: Last day for putting it right.
        settled_at: When it was.
    """

    id: UUID
    item: str
    severity: Severity
    words: str
    due_on: date
    found_by: str
    found_at: datetime
    settled_by: str | None
    settled_at: datetime | None


def audits(connection: Connection, *, org_id: UUID, auditor_id: UUID | None = None) -> tuple[Audit, ...]:
    """Return audits, the newest first; those of one auditors' firm when given."""
    table = audit_table.c
    query = select(audit_table).where(table.org_id == org_id).order_by(table.requested_at.desc(), table.id.desc())
    if auditor_id is not None:
        query = query.where(table.auditor_id == auditor_id)
    return tuple(_audit(row) for row in connection.execute(query))


def find_audit(
    connection: Connection, *, org_id: UUID, number: str, auditor_id: UUID | None = None, locked: bool = False
) -> Audit:
    """Return one audit.

    Args:
        connection: Open transaction.
        org_id: The host company.
        number: Its number.
        auditor_id: Only when it is this firm's, for auditors; ``None`` for the host's staff.
        locked: Keep others from changing it until the transaction ends.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
    """
    table = audit_table.c
    query = select(audit_table).where(table.org_id == org_id, table.number == number)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None or auditor_id not in {None, row.auditor_id}:
        raise AuditNotFound(f"There is no audit {number}.", number=number)
    return _audit(row)


def said(connection: Connection, *, org_id: UUID, audit_id: UUID) -> dict[str, Judgement]:
    """Return what auditors said themselves, by item; the newest counts."""
    table = judgement_table.c
    rows = connection.execute(
        select(judgement_table)
        .where(table.org_id == org_id, table.audit_id == audit_id)
        .order_by(table.judged_at, table.id)
    )
    return {row.item: Judgement(verdict=Verdict(row.verdict), note=row.note, by=row.judged_by) for row in rows}


def judged(proposals: dict[str, Judgement], own: dict[str, Judgement]) -> dict[str, Judgement]:
    """Return the judgement of every item: the auditor's where there is one, with the evidence the portal has."""
    return {
        item: replace(proposal, verdict=own[item].verdict, note=own[item].note, by=own[item].by)
        if item in own
        else proposal
        for item, proposal in proposals.items()
    }


def findings(connection: Connection, *, org_id: UUID, audit_id: UUID) -> tuple[AuditFinding, ...]:
    """Return what is to be put right, in the order in which it was found."""
    table = finding_table.c
    rows = connection.execute(
        select(finding_table)
        .where(table.org_id == org_id, table.audit_id == audit_id)
        .order_by(table.found_at, table.id)
    )
    return tuple(
        AuditFinding(
            id=row.id,
            item=row.item,
            severity=Severity(row.severity),
            words=row.words,
            due_on=row.due_on,
            found_by=row.found_by,
            found_at=row.found_at,
            settled_by=row.settled_by,
            settled_at=row.settled_at,
        )
        for row in rows
    )


def median_time(connection: Connection, *, org_id: UUID) -> tuple[timedelta | None, int]:
    """Return the median time from request to sign-off and of how many audits; measured, never assumed."""
    table = audit_table.c
    took = func.percentile_cont(0.5).within_group(table.signed_at - table.requested_at)
    row = connection.execute(
        select(took.label("median"), func.count().label("audits")).where(
            table.org_id == org_id, table.signed_at.is_not(None)
        )
    ).one()
    return row.median, row.audits


def _audit(row: Row[Any]) -> Audit:
    steps = (
        (state, getattr(row, f"{state.value}_by"), getattr(row, f"{state.value}_at"))
        for state in State
        if getattr(row, f"{state.value}_at") is not None
    )
    return Audit(
        id=row.id,
        number=row.number,
        supplier_id=row.supplier_id,
        auditor_id=row.auditor_id,
        checklist=checklist(row.checklist, row.checklist_version),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        state=State(row.state),
        steps=tuple(steps),
        outcome=from_outcome(row.outcome or []),
        credential_id=row.credential_id,
    )
