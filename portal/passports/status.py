"""What becomes of a credential after issuing: revoked for good, suspended, taken up again, each with its reason.

The credential itself never changes. A mark is set beside it, append-only; the newest mark of a purpose counts
(W3C Bitstring Status List 1.0 section 2.1: ``revocation`` is not reversible, ``suspension`` is). Every deed takes
the credential's row first, so that two people deciding at once decide one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from portal.kernel.actor import Actor
from portal.kernel.errors import Malformed, Refused
from portal.kernel.ids import new_id
from portal.passports.issuing import SEAL
from portal.passports.messages import CredentialMarked, CredentialResumed, CredentialRevoked, CredentialSuspended
from portal.passports.reads import PassportNotFound
from portal.passports.store import credential_table, mark_table
from portal.platform import audit
from portal.platform.audit import Fact
from portal.platform.jobs import defer
from portal.platform.outbox import publish

REVOCATION, SUSPENSION = "revocation", "suspension"
MAX_REASON = 500


class CredentialNotFound(PassportNotFound):
    """No such credential was issued here."""

    code = "credential_not_found"


class CredentialReasonNeeded(Malformed):
    """Nothing is done to a credential without a reason of 1 to ``MAX_REASON`` characters."""

    code = "credential_reason_needed"


class AlreadyRevoked(Refused):
    """The credential is revoked, which is for good."""

    code = "already_revoked"


class AlreadySuspended(Refused):
    """The credential is suspended already."""

    code = "already_suspended"


class NotSuspended(Refused):
    """Only a suspended credential can be taken up again."""

    code = "not_suspended"


class NotAReplacement(Refused):
    """Only another credential of the same kind and subject, itself not revoked, can stand in one's place."""

    code = "not_a_replacement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that was said of a credential.

    Attributes:
        purpose: ``revocation`` or ``suspension``.
        mark: ``False`` takes a suspension back.
        superseded_by: The credential in its place.
    """

    purpose: str
    mark: bool
    reason: str
    superseded_by: UUID | None
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a credential counts.

    Attributes:
        reason: Why it does not; empty when it does. Of both, revocation speaks.
        since: Since when it does not.
        superseded_by: What stands in a revoked one's place.
    """

    revoked: bool = False
    suspended: bool = False
    reason: str = ""
    since: datetime | None = None
    superseded_by: UUID | None = None

    @property
    def counts(self) -> bool:
        """Whether it may be relied on."""
        return not (self.revoked or self.suspended)


def standing_of(marks: Sequence[Mark]) -> Standing:
    """Return what marks add up to.

    Args:
        marks: Oldest first.
    """
    newest = {mark.purpose: mark for mark in marks}
    revoked = newest.get(REVOCATION)
    last = newest.get(SUSPENSION)
    suspended = last if last is not None and last.mark else None
    speaks = revoked or suspended
    if speaks is None:
        return Standing()
    return Standing(
        revoked=revoked is not None,
        suspended=suspended is not None,
        reason=speaks.reason,
        since=speaks.at,
        superseded_by=speaks.superseded_by,
    )


def history(connection: Connection, *, org_id: UUID, credential_id: UUID) -> tuple[Mark, ...]:
    """Return everything that was said of a credential, oldest first; empty when nothing was."""
    table = mark_table.c
    rows = connection.execute(
        select(mark_table)
        .where(table.org_id == org_id, table.credential_id == credential_id)
        .order_by(table.at, table.id)
    )
    return tuple(
        Mark(
            purpose=row.purpose,
            mark=row.mark,
            reason=row.reason,
            superseded_by=row.superseded_by,
            at=row.at,
            actor=row.actor,
        )
        for row in rows
    )


def standing(connection: Connection, *, org_id: UUID, credential_id: UUID, at: datetime) -> Standing:
    """Return how a credential stood at an instant; one that nothing was said of stands well.

    Args:
        connection: Any transaction.
        org_id: The host company.
        credential_id: The credential.
        at: The instant asked about; a mark set at that very instant counts.
    """
    marks = history(connection, org_id=org_id, credential_id=credential_id)
    return standing_of([mark for mark in marks if mark.at <= at])


def revoke(
    connection: Connection,
    *,
    actor: Actor,
    credential_id: UUID,
    reason: str,
    now: datetime,
    superseded_by: UUID | None = None,
) -> None:
    """Revoke a credential for good.

    Args:
        connection: Open transaction.
        actor: Who does it.
        credential_id: The credential.
        reason: Why; shown to whoever checks it.
        now: Instant of the deed.
        superseded_by: The credential that stands in its place.

    Raises:
        CredentialReasonNeeded: No reason, or a very long one.
        CredentialNotFound: There is no such credential.
        AlreadyRevoked: It is revoked.
        NotAReplacement: The other one is unknown, of another subject or kind, the same, or revoked.
    """
    subject, before = _taken(connection, actor, credential_id)
    _check_not_revoked(before, credential_id)
    if superseded_by == credential_id:
        raise NotAReplacement("A credential cannot stand in its own place.", id=str(credential_id))
    if superseded_by is not None:
        _check_replacement(connection, actor.org_id, subject, superseded_by)
    mark = Mark(
        purpose=REVOCATION,
        mark=True,
        reason=_stated(reason),
        superseded_by=superseded_by,
        at=now,
        actor=actor.label,
    )
    told = CredentialRevoked(
        org_id=actor.org_id, credential_id=credential_id, reason=mark.reason, superseded_by=superseded_by
    )
    _write(connection, actor, mark, told)


def suspend(connection: Connection, *, actor: Actor, credential_id: UUID, reason: str, now: datetime) -> None:
    """Suspend a credential until further notice; arguments as for ``revoke``.

    Raises:
        CredentialReasonNeeded: No reason, or a very long one.
        CredentialNotFound: There is no such credential.
        AlreadyRevoked: It is revoked.
        AlreadySuspended: It is suspended.
    """
    _, before = _taken(connection, actor, credential_id)
    _check_not_revoked(before, credential_id)
    if before.suspended:
        raise AlreadySuspended(f"Credential {credential_id} is suspended already.", id=str(credential_id))
    mark = Mark(
        purpose=SUSPENSION, mark=True, reason=_stated(reason), superseded_by=None, at=now, actor=actor.label
    )
    told = CredentialSuspended(org_id=actor.org_id, credential_id=credential_id, reason=mark.reason)
    _write(connection, actor, mark, told)


def resume(connection: Connection, *, actor: Actor, credential_id: UUID, reason: str, now: datetime) -> None:
    """Let a suspended credential count again; arguments as for ``revoke``.

    Raises:
        CredentialReasonNeeded: No reason, or a very long one.
        CredentialNotFound: There is no such credential.
        AlreadyRevoked: It is revoked, which no resuming undoes.
        NotSuspended: It is not suspended.
    """
    _, before = _taken(connection, actor, credential_id)
    _check_not_revoked(before, credential_id)
    if not before.suspended:
        raise NotSuspended(f"Credential {credential_id} is not suspended.", id=str(credential_id))
    mark = Mark(
        purpose=SUSPENSION, mark=False, reason=_stated(reason), superseded_by=None, at=now, actor=actor.label
    )
    told = CredentialResumed(org_id=actor.org_id, credential_id=credential_id, reason=mark.reason)
    _write(connection, actor, mark, told)


def _check_not_revoked(before: Standing, credential_id: UUID) -> None:
    if before.revoked:
        raise AlreadyRevoked(f"Credential {credential_id} is revoked already.", id=str(credential_id))


def _stated(reason: str) -> str:
    stated = reason.strip()
    if not stated or len(stated) > MAX_REASON:
        raise CredentialReasonNeeded(f"A reason has 1 to {MAX_REASON} characters.", max=MAX_REASON)
    return stated


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a credential is about, by which another can stand in its place."""

    kind: str
    about: str


def _subject(connection: Connection, org_id: UUID, credential_id: UUID, *, taking: bool) -> _Subject | None:
    table = credential_table.c
    query = select(table.kind, table.about).where(table.org_id == org_id, table.id == credential_id)
    row = connection.execute(query.with_for_update() if taking else query).one_or_none()
    return None if row is None else _Subject(row.kind, row.about)


def _taken(connection: Connection, actor: Actor, credential_id: UUID) -> tuple[_Subject, Standing]:
    """Take the credential's row until the end of the transaction; returns its subject and how it stands."""
    subject = _subject(connection, actor.org_id, credential_id, taking=True)
    if subject is None:
        raise CredentialNotFound(f"No credential {credential_id} was issued.", id=str(credential_id))
    return subject, standing_of(history(connection, org_id=actor.org_id, credential_id=credential_id))


def _check_replacement(connection: Connection, org_id: UUID, subject: _Subject, other_id: UUID) -> None:
    """Check that another credential can stand in for one of this subject.

    Raises:
        NotAReplacement: It is unknown, of another subject or kind, or revoked.
    """
    other = _subject(connection, org_id, other_id, taking=False)
    if other != subject or standing_of(history(connection, org_id=org_id, credential_id=other_id)).revoked:
        raise NotAReplacement(f"Credential {other_id} cannot stand in its place.", id=str(other_id))


def _write(connection: Connection, actor: Actor, mark: Mark, told: CredentialMarked) -> None:
    connection.execute(
        mark_table.insert().values(
            org_id=actor.org_id,
            id=new_id(mark.at),
            credential_id=told.credential_id,
            purpose=mark.purpose,
            mark=mark.mark,
            reason=mark.reason,
            superseded_by=mark.superseded_by,
            at=mark.at,
            actor=mark.actor,
        )
    )
    publish(connection, told, now=mark.at, in_order_with=f"credential/{told.credential_id}")
    what = told.name.removeprefix("passports.")
    defer(connection, SEAL, queueing_lock=SEAL, org_id=str(actor.org_id))
    fact = Fact(kind="deed", what=what, details={"credential": str(told.credential_id)})
    audit.append(connection, actor=actor, fact=fact, now=mark.at)
