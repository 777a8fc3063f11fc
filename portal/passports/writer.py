"""How anchoring stands, for people: the writer of each chain, the sealed batches, and the heads partners saw.

Nothing here asks a chain. The worker notes what it found; the operator's pages, ``tally health`` and
``tally ledger`` read it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from ledger.errors import LedgerError, Unavailable
from ledger.history import Head, StreamRewritten, StreamShorter, check_extends, heads
from portal.kernel.ids import new_id
from portal.passports.store import batch_table, seen_table, standing_table

MAIN, EXTRA = "main", "extra"
"""The chain whose receipts bundles carry, and a second one that witnesses the same batches."""


class WriterState(StrEnum):
    """``waits`` ends by itself when the chain answers again; ``stopped`` ends when a person has looked."""

    OK = "ok"
    WAITS = "waits"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the writer of a chain stands.

    Attributes:
        role: ``main`` or ``extra``.
        state: Whether it anchors.
        code: Of the refusal; empty while all is well.
        message: The refusal in words.
        since: Since when it is so.
    """

    role: str
    state: WriterState
    code: str
    message: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed batch, as far as lists of batches compare it."""

    seq: int
    root: bytes
    size: int
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a partner is shown of the list of batches.

    Attributes:
        head: The list now.
        seen: What they were shown last time, with when; ``None`` at the first.
        broken_at: When the list was found to begin differently from what they saw; ``None`` while it does not.
    """

    head: Head
    seen: Head | None
    seen_at: datetime | None
    broken_at: datetime | None


def standing(connection: Connection, *, org_id: UUID, role: str = MAIN) -> Standing | None:
    """Return how the writer of a chain stands; ``None`` before it first tried."""
    table = standing_table.c
    row = connection.execute(
        select(standing_table).where(table.org_id == org_id, table.role == role)
    ).one_or_none()
    return None if row is None else _standing(row)


def stopped(connection: Connection, *, org_id: UUID) -> list[Standing]:
    """Return the chains whose writer has stopped until a person looks, the main one first."""
    table = standing_table.c
    rows = connection.execute(
        select(standing_table)
        .where(table.org_id == org_id, table.state == WriterState.STOPPED.value)
        .order_by(table.role.desc())
    )
    return [_standing(row) for row in rows]


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        role=row.role, state=WriterState(row.state), code=row.code, message=row.message, since=row.since
    )


def note_standing(
    connection: Connection, *, org_id: UUID, role: str, trouble: LedgerError | None, now: datetime
) -> None:
    """Note how a round of the writer ended; the same as before changes nothing, least of all since when.

    Args:
        connection: Open transaction.
        org_id: The host company.
        role: Which chain.
        trouble: What stopped it, ``None`` when nothing did.
        now: Instant of the round.
    """
    state, code, message = WriterState.OK, "", ""
    if trouble is not None:
        waits = isinstance(trouble, Unavailable)
        state, code = WriterState.WAITS if waits else WriterState.STOPPED, trouble.code
        message = trouble.message
    before = standing(connection, org_id=org_id, role=role)
    if before is not None and (before.state, before.code) == (state, code):
        return
    values = {"state": state.value, "code": code, "message": message, "since": now}
    connection.execute(
        insert(standing_table)
        .values(org_id=org_id, id=new_id(now), role=role, **values)
        .on_conflict_do_update(index_elements=["org_id", "role"], set_=values)
    )


def sealed_batches(connection: Connection, *, org_id: UUID) -> tuple[Sealed, ...]:
    """Return every sealed batch in order."""
    table = batch_table.c
    rows = connection.execute(
        select(table.seq, table.root, table.size, table.state).where(table.org_id == org_id).order_by(table.seq)
    )
    return tuple(Sealed(seq=row.seq, root=row.root, size=row.size, is_final=row.state == "final") for row in rows)


def anchored_head(connection: Connection, *, org_id: UUID) -> Head:
    """Return the head over the batches that are final, which is the contract's head when nothing is under way."""
    final = [(one.root, one.size) for one in sealed_batches(connection, org_id=org_id) if one.is_final]
    return Head(len(final), heads(final)[-1])


def unseen(connection: Connection, *, org_id: UUID) -> Look:
    """Return the list's head for somebody whose looks are not kept."""
    return Look(head=anchored_head(connection, org_id=org_id), seen=None, seen_at=None, broken_at=None)


def look(connection: Connection, *, org_id: UUID, partner_id: UUID, now: datetime) -> Look:
    """Show a partner the list of batches and compare it with what they saw last.

    While it begins with what they saw, the new head takes its place. A head that was broken is kept for ever: the
    alarm does not go away by looking again.

    Args:
        connection: Open transaction that may write.
        org_id: The host company.
        partner_id: Who looks.
        now: Instant of looking.
    """
    head = anchored_head(connection, org_id=org_id)
    table = seen_table.c
    mine = (table.org_id == org_id) & (table.partner_id == partner_id)
    row = connection.execute(select(seen_table).where(mine).with_for_update()).one_or_none()
    if row is None:
        _keep(connection, org_id, partner_id, head, now)
        return Look(head=head, seen=None, seen_at=None, broken_at=None)
    seen, broken_at = Head(row.batches, row.head), row.broken_at
    if broken_at is None:
        batches = [(one.root, one.size) for one in sealed_batches(connection, org_id=org_id)]
        try:
            check_extends(seen, batches)
        except (StreamRewritten, StreamShorter):
            broken_at = now
            connection.execute(seen_table.update().where(mine).values(broken_at=now))
        else:
            if head.count >= seen.count:
                _keep(connection, org_id, partner_id, head, now)
    return Look(head=head, seen=seen, seen_at=row.seen_at, broken_at=broken_at)


def broken_looks(connection: Connection, *, org_id: UUID) -> int:
    """Return how many partners saw a list of batches that is not the beginning of today's."""
    table = seen_table.c
    rows = connection.execute(select(table.id).where(table.org_id == org_id, table.broken_at.is_not(None)))
    return len(rows.all())


def _keep(connection: Connection, org_id: UUID, partner_id: UUID, head: Head, now: datetime) -> None:
    values = {"batches": head.count, "head": head.value, "seen_at": now}
    connection.execute(
        insert(seen_table)
        .values(org_id=org_id, id=new_id(now), partner_id=partner_id, **values)
        .on_conflict_do_update(index_elements=["org_id", "partner_id"], set_=values)
    )
