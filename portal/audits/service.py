"""What can be done with audits: request, open, judge, find, settle, complete, sign; each on the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, func, select, text, update

from portal.audits.model import (
    AuditNotFound,
    Checklist,
    IllegalStep,
    Judgement,
    Severity,
    State,
    Step,
    Verdict,
    after,
    check_all_judged,
    check_period,
    check_words,
)
from portal.audits.reads import Audit, find_audit
from portal.audits.store import audit_table, finding_table, judgement_table, to_outcome
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id

_NUMBERS = 0xA0D1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """What an operator asks auditors to look at; both days of the period are included."""

    supplier_id: UUID
    auditor_id: UUID
    checklist: Checklist
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDraft:
    """What is to be put right, by which day."""

    item: str
    severity: Severity
    words: str
    due_on: date


def request(connection: Connection, *, actor: Actor, asked: AuditRequest, now: datetime) -> str:
    """Ask for an audit; the clock begins. Returns its number.

    Raises:
        PeriodReversed: The period ends before it begins.
    """
    check_period(asked.starts_on, asked.ends_on)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _NUMBERS})
    count = connection.execute(
        select(func.count()).select_from(audit_table).where(audit_table.c.org_id == actor.org_id)
    ).scalar_one()
    number = f"AU-{now:%y}{count + 1:03d}"
    connection.execute(
        audit_table.insert().values(
            org_id=actor.org_id,
            id=new_id(now),
            number=number,
            supplier_id=asked.supplier_id,
            auditor_id=asked.auditor_id,
            checklist=asked.checklist.name,
            checklist_version=asked.checklist.version,
            starts_on=asked.starts_on,
            ends_on=asked.ends_on,
            state=State.REQUESTED.value,
            requested_by=actor.label,
            requested_at=now,
        )
    )
    return number


def open_audit(connection: Connection, *, actor: Actor, number: str, now: datetime) -> None:
    """Begin an audit, as one of its auditors.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        IllegalStep: It was begun before.
    """
    _step(connection, actor, _own(connection, actor, number), Step.OPEN, now)


def judge(  # noqa: PLR0913 - which item, what, in which words
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    item: str,
    verdict: Verdict,
    note: str,
    now: datetime,
) -> None:
    """Say of an item what its auditor finds; an earlier word on it is kept and no longer counts.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        UnknownItem: The checklist has no such item.
        IllegalStep: It is not begun, or completed.
        WordsNeeded: A gap or an item that does not apply needs words.
    """
    audit = _own(connection, actor, number)
    _check_open(audit)
    audit.checklist.item(item)
    connection.execute(
        judgement_table.insert().values(
            org_id=actor.org_id,
            id=new_id(now),
            audit_id=audit.id,
            item=item,
            verdict=verdict.value,
            note=check_words(note, needed=verdict is not Verdict.FULFILLED),
            judged_by=actor.label,
            judged_at=now,
        )
    )


def find(connection: Connection, *, actor: Actor, number: str, draft: FindingDraft, now: datetime) -> None:
    """Note something that is to be put right.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        UnknownItem: The checklist has no such item.
        IllegalStep: It is not begun, or completed.
        WordsNeeded: A finding needs words.
    """
    audit = _own(connection, actor, number)
    _check_open(audit)
    audit.checklist.item(draft.item)
    connection.execute(
        finding_table.insert().values(
            org_id=actor.org_id,
            id=new_id(now),
            audit_id=audit.id,
            item=draft.item,
            severity=draft.severity.value,
            words=check_words(draft.words),
            due_on=draft.due_on,
            found_by=actor.label,
            found_at=now,
        )
    )


def settle(connection: Connection, *, actor: Actor, number: str, finding_id: UUID, now: datetime) -> None:
    """Note that a finding was put right, as the auditor who accepts that; at any time, and once.

    Raises:
        AuditNotFound: There is none, or it is another firm's; or it has no such open finding.
    """
    audit, table = _own(connection, actor, number), finding_table.c
    settled = connection.execute(
        update(finding_table)
        .where(
            table.org_id == actor.org_id,
            table.audit_id == audit.id,
            table.id == finding_id,
            table.settled_at.is_(None),
        )
        .values(settled_by=actor.label, settled_at=now)
        .returning(table.id)
    ).one_or_none()
    if settled is None:
        raise AuditNotFound(f"{number} has no open finding {finding_id}.", number=number)


def complete(
    connection: Connection, *, actor: Actor, number: str, judgements: Mapping[str, Judgement], now: datetime
) -> None:
    """End the looking: what stands now, item by item, is what the report will say.

    Args:
        connection: Open transaction.
        actor: One of its auditors.
        number: The audit.
        judgements: Of every item, in the order of the checklist.
        now: Instant of the deed.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        IllegalStep: It is not begun, or completed before.
        ItemsOpen: Not every item has been judged.
    """
    audit = _own(connection, actor, number)
    after(audit.state, Step.COMPLETE)
    check_all_judged(judgements)
    _step(connection, actor, audit, Step.COMPLETE, now, outcome=to_outcome(dict(judgements)))


def sign(connection: Connection, *, actor: Actor, number: str, credential_id: UUID, now: datetime) -> None:
    """Sign a completed audit off with its report; the clock stops.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        IllegalStep: It is not completed, or signed before.
    """
    _step(connection, actor, _own(connection, actor, number), Step.SIGN, now, credential_id=credential_id)


def _own(connection: Connection, actor: Actor, number: str) -> Audit:
    """Return the audit to change, of the actor's own firm, which nobody else changes meanwhile."""
    if actor.partner_id is None:
        raise AuditNotFound(f"There is no audit {number}.", number=number)
    return find_audit(connection, org_id=actor.org_id, number=number, auditor_id=actor.partner_id, locked=True)


def _check_open(audit: Audit) -> None:
    if audit.state is not State.OPENED:
        raise IllegalStep(f"{audit.number} is {audit.state}.", state=audit.state.value, step="judge")


def _step(connection: Connection, actor: Actor, audit: Audit, step: Step, now: datetime, **values: object) -> None:
    state = after(audit.state, step)
    told = {f"{state.value}_by": actor.label, f"{state.value}_at": now}
    connection.execute(
        update(audit_table)
        .where(audit_table.c.org_id == actor.org_id, audit_table.c.id == audit.id)
        .values(state=state.value, **told, **values)
    )
