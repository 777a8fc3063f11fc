"""Which version of a status list counts, at the very moments where that changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.bundle import Anchor, Bundle, Inclusion, Snapshot
from ledger.canonical import sha256
from ledger.errors import NotChecked, StatusInvalid
from ledger.keys import KeyRecord, SigningKey, did_document, to_instant
from ledger.merkle import credential_leaf
from ledger.proof import sign
from ledger.status import ListFacts, StatusEntry, StatusList, compose_list
from ledger.verification.report import Check, State
from ledger.verification.status import check_status
from support.refusals import refused

DID = "did:web:portal.example"
KEY = SigningKey.from_seed(bytes(range(32)), DID)
DOCUMENT = did_document(DID, [KeyRecord(KEY.public)])
MADE = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
REVOCATIONS, SUSPENSIONS = "https://portal.example/status/1", "https://portal.example/status/2"


def snapshot(made: datetime, anchored: datetime, *bits: int, purpose: str = "revocation") -> Snapshot:
    """A version that is alone in its batch: the root is the hash of the one leaf (RFC 9162 section 2.1.1)."""
    facts = ListFacts(
        url=REVOCATIONS if purpose == "revocation" else SUSPENSIONS,
        version=1,
        did=DID,
        purpose=purpose,
        valid_from=made,
        valid_until=made + timedelta(days=7),
        statuses=StatusList.of(bits),
    )
    credential = sign(compose_list(facts), KEY, created=made)
    place = Inclusion(0, 1, sha256(b"\x00" + credential_leaf(credential)), ())
    at = Anchor(5, bytes(32), bytes(20), bytes(32), 0, bytes(32), 1, bytes(32), anchored)
    return Snapshot(credential, place, at)


def judged(as_of: datetime, *snapshots: Snapshot, purposes: tuple[str, ...] = ("revocation",)) -> dict[str, Any]:
    entries = [
        StatusEntry(purpose, 5, REVOCATIONS if purpose == "revocation" else SUSPENSIONS).to_value()
        for purpose in purposes
    ]
    credential = {"id": "urn:c", "issuer": {"id": DID}, "credentialStatus": entries}
    return check_status(Bundle(credential, DOCUMENT, status=snapshots), DOCUMENT, as_of, anchored)


def anchored(part: Bundle) -> Check:
    assert part.anchor is not None
    return Check("anchor", State.OK, "ok", {"time": to_instant(part.anchor.block_time)})


def told(start: str, until: str, as_of: str, purpose: str = "revocation") -> dict[str, Any]:
    return {"purpose": purpose, "asOf": as_of, "from": start, "until": until}


def test_a_version_anchored_within_the_hour_counts_from_when_it_was_made() -> None:
    early, late = "2026-03-01T08:00:00Z", "2026-03-01T09:00:01Z"
    until, noon = "2026-03-08T08:00:00Z", "2026-03-01T12:00:00Z"
    in_time, too_late = snapshot(MADE, MADE + HOUR), snapshot(MADE, MADE + HOUR + SECOND)
    assert judged(MADE + 4 * HOUR, in_time) == told(early, until, noon)
    assert judged(MADE + 4 * HOUR, too_late) == told(late, until, noon)


def test_a_version_counts_from_its_first_second_to_its_last() -> None:
    version = snapshot(MADE, MADE)
    first, last = "2026-03-01T08:00:00Z", "2026-03-08T08:00:00Z"
    assert judged(MADE, version) == told(first, last, first)
    assert judged(MADE + timedelta(days=7), version) == told(first, last, last)
    with refused(
        NotChecked,
        "no snapshot speaks of that moment",
        reason="status_unknown",
        purpose="revocation",
        asOf="2026-03-01T07:59:59Z",
    ):
        judged(MADE - SECOND, version)
    with refused(
        NotChecked,
        "the last snapshot does not reach that far",
        reason="status_unknown",
        **told(first, last, "2026-03-08T08:00:01Z"),
    ):
        judged(MADE + timedelta(days=7) + SECOND, version)


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_versions_anchored_at_once_the_one_made_later_counts(newest_first: bool) -> None:  # noqa: FBT001
    at = MADE + 4 * HOUR
    old, new = snapshot(MADE, at), snapshot(MADE + HOUR, at, 5)
    start = "2026-03-01T12:00:00Z"
    values = told(start, "2026-03-08T09:00:00Z", start)
    with refused(StatusInvalid, f"revoked since {start}", reason="revoked", since=start, **values):
        judged(at, *((new, old) if newest_first else (old, new)))


def test_every_entry_is_looked_up_and_the_first_gap_is_told() -> None:
    both = ("revocation", "suspension")
    revocations, suspensions = snapshot(MADE, MADE), snapshot(MADE, MADE, purpose="suspension")
    first, last = "2026-03-01T08:00:00Z", "2026-03-08T08:00:00Z"
    assert judged(MADE, revocations, suspensions, purposes=both) == told(first, last, first, "suspension")
    for there, missing in ((suspensions, "revocation"), (revocations, "suspension")):
        with refused(
            NotChecked,
            "no snapshot speaks of that moment",
            reason="status_unknown",
            purpose=missing,
            asOf=first,
        ):
            judged(MADE, there, purposes=both)
    with refused(
        NotChecked, "no snapshot speaks of that moment", reason="status_unknown", purpose="revocation", asOf=first
    ):
        judged(MADE, purposes=both)
