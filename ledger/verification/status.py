"""The step about revocation and suspension: what the issuer's status lists said at the moment asked about.

A bundle carries *snapshots*: versions of the lists, each signed, with its place in a batch and the batch's anchor.
A version speaks from when it was made, if its anchor followed within ``LAG``, else from its anchor: nobody can
make one up later. That a bit is set is believed at the issuer's word; that it is not needs the anchor, and holds
no longer than the version says. See ``docs/adr/0010-status.md``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ledger.bundle import Bundle, Snapshot
from ledger.errors import Malformed, NotChecked, StatusInvalid, VerificationError
from ledger.keys import from_instant, to_instant
from ledger.status import LIST_TYPE, NOTICE_TYPE, REVOCATION, StatusEntry, StatusList, entries_of
from ledger.verification.report import Check, State
from ledger.verification.signature import Signer, check_signature
from ledger.verification.steps import check_place

LAG: Final = timedelta(hours=1)
"""Longest wait of a version for its anchor that is not held against it."""

Anchored = Callable[[Bundle], Check]
"""The step that asks the chain: :func:`ledger.verification.anchor.check_anchor` as a line of the report."""


@dataclass(frozen=True, slots=True)
class _Version:
    """A snapshot that was checked."""

    start: datetime
    made: datetime
    until: datetime
    proven: bool
    statuses: StatusList


def check_status(bundle: Bundle, document: Any, as_of: datetime, anchored: Anchored) -> dict[str, Any]:
    """6. Look the credential's bits up in the versions of the lists that counted then.

    Args:
        bundle: The bundle; its credential names a list.
        document: The issuer's DID document: the trust list's, else the bundle's.
        as_of: The moment to judge at, with a time zone.
        anchored: Asks the chain about a snapshot.

    Raises:
        StatusInvalid: ``revoked``, ``suspended``; ``status_mismatch``: a snapshot is not the issuer's, of another
            purpose, changed, or not where it says.
        NotChecked: ``status_unknown``: no snapshot speaks of that moment; ``status_unproven``: the chain could not
            be asked when it was made. What :func:`check_signature` leaves open stays so.
    """
    try:
        entries = entries_of(bundle.credential)
    except Malformed as error:
        raise NotChecked("status_unknown", error.message) from error
    told: list[dict[str, Any]] = []
    gaps: list[NotChecked] = []
    for entry in entries:
        try:
            told.append(_check_entry(entry, bundle, _Reader(bundle, document, as_of, anchored)))
        except NotChecked as gap:
            gaps.append(gap)
    if gaps:
        raise gaps[0]
    return told[-1]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads snapshots as parts of one bundle, at one moment."""

    bundle: Bundle
    document: Any
    as_of: datetime
    anchored: Anchored

    def version(self, snapshot: Snapshot, entry: StatusEntry) -> _Version:
        """Check a snapshot of an entry's list.

        Raises:
            StatusInvalid: ``status_mismatch``.
            NotChecked: See :func:`check_signature`.
        """
        credential = snapshot.credential
        try:
            subject = credential["credentialSubject"]
            made, until = from_instant(credential["validFrom"]), from_instant(credential["validUntil"])
            if LIST_TYPE not in credential["type"] or subject["statusPurpose"] != entry.purpose:
                raise _mismatch("not a list of this purpose", entry)
            statuses = StatusList.decode(subject["encodedList"])
            at = self.anchor_time(snapshot, entry)
        except (Malformed, LookupError, TypeError) as error:
            raise _mismatch(f"unreadable: {error}", entry) from error
        self.signed(snapshot, entry, at)
        late = at is not None and at > made + LAG
        return _Version(at if at and late else made, made, until, at is not None, statuses)

    def anchor_time(self, snapshot: Snapshot, entry: StatusEntry) -> datetime | None:
        """Return when a snapshot was anchored; ``None`` while that cannot be told.

        Raises:
            StatusInvalid: ``status_mismatch``: it stands elsewhere than it says.
        """
        part = self.part(snapshot)
        try:
            check_place(part)
        except NotChecked:
            return None
        except VerificationError as refusal:
            raise _mismatch(refusal.reason, entry) from refusal
        check = self.anchored(part)
        if check.state is State.FAILED:
            raise _mismatch(check.code, entry)
        return from_instant(check.params["time"]) if check.state is State.OK else None

    def signed(self, snapshot: Snapshot, entry: StatusEntry, at: datetime | None) -> None:
        """Check that the credential's own issuer signed a snapshot.

        Raises:
            StatusInvalid: ``status_mismatch``.
            NotChecked: See :func:`check_signature`.
        """
        issuer = snapshot.credential.get("issuer")
        if not isinstance(issuer, dict) or issuer.get("id") != self.bundle.credential["issuer"]["id"]:
            raise _mismatch("another issuer's list", entry)
        try:
            check_signature(self.part(snapshot), Signer(self.document, self.as_of, to_instant(at) if at else None))
        except VerificationError as refusal:
            raise _mismatch(refusal.reason, entry) from refusal

    def part(self, snapshot: Snapshot) -> Bundle:
        """Return a snapshot as the other steps take it."""
        return replace(
            self.bundle, credential=snapshot.credential, inclusion=snapshot.inclusion, anchor=snapshot.anchor
        )

    def notice(self, entry: StatusEntry) -> dict[str, Any]:
        """Return since when and why, from a signed notice in the bundle; empty when there is none that holds."""
        for snapshot in self.bundle.status:
            subject: Any = snapshot.credential.get("credentialSubject")
            if not _speaks_of(snapshot.credential, subject, self.bundle.credential, entry):
                continue
            try:
                self.signed(snapshot, entry, self.anchor_time(snapshot, entry))
            except (VerificationError, NotChecked):
                continue
            told = {name: subject[name] for name in ("reason", "supersededBy") if name in subject}
            return {"since": snapshot.credential["validFrom"], **told}
        return {}


def _speaks_of(notice: Mapping[str, Any], subject: Any, credential: Mapping[str, Any], entry: StatusEntry) -> bool:
    types = notice.get("type")
    if not isinstance(types, list) or NOTICE_TYPE not in types or not isinstance(subject, dict):
        return False
    said = (subject.get("id"), subject.get("statusPurpose"), subject.get("set"))
    return said == (credential.get("id"), entry.purpose, True)


def _check_entry(entry: StatusEntry, bundle: Bundle, reader: _Reader) -> dict[str, Any]:
    named = [one for one in bundle.status if one.credential.get("id") == entry.list_url]
    versions = [reader.version(one, entry) for one in named]
    begun = [version for version in versions if version.start <= reader.as_of]
    values = {"purpose": entry.purpose, "asOf": to_instant(reader.as_of)}
    if not begun:
        raise NotChecked("status_unknown", "no snapshot speaks of that moment", **values)
    current = max(begun, key=lambda version: (version.start, version.made))
    values |= {"from": to_instant(current.start), "until": to_instant(current.until)}
    if _is_set(current.statuses, entry):
        code = "revoked" if entry.purpose == REVOCATION else "suspended"
        told = {"since": values["from"], "reason": "", **reader.notice(entry)}
        raise StatusInvalid(code, f"{code} since {told['since']}", **values, **told)
    if reader.as_of > current.until:
        raise NotChecked("status_unknown", "the last snapshot does not reach that far", **values)
    if not current.proven:
        raise NotChecked("status_unproven", "the chain could not be asked about the list", **values)
    return values


def _is_set(statuses: StatusList, entry: StatusEntry) -> bool:
    try:
        return statuses.is_set(entry.position)
    except Malformed as error:
        raise _mismatch(error.message, entry) from error


def _mismatch(why: str, entry: StatusEntry) -> StatusInvalid:
    return StatusInvalid("status_mismatch", why, purpose=entry.purpose, list=entry.list_url, detail=why)
