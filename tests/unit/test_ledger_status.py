"""Status lists bit for bit, and what the shared vectors do not show of their check: values, and who is asked."""

import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import Bundle
from ledger.errors import BadStatus, StatusInvalid
from ledger.keys import SigningKey, from_instant
from ledger.proof import sign
from ledger.status import ListFacts, NoticeFacts, StatusEntry, StatusList, compose_list, compose_notice, entries_of
from ledger.trust import TrustList
from ledger.verification.report import Check, State, Verdict
from ledger.verification.status import check_status
from ledger.verify import verify_bundle
from support.refusals import refused
from support.scripted_chain import scripted_chain

EMPTY = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
"""W3C Bitstring Status List v1.0, example 3: 131,072 bits, none set."""

OUTSIDE = {
    (0,): "uH4sIAAAAAAAAA-3BIQEAAAACIKc73RkWoAEAAAAAAAAAAAAAAAAAAADeBuRZQ2cAQAAA",
    (94567,): "uH4sIAAAAAAAAA-3OMQ0AAAgDsOHfNBp2kZBWQRMAAAAAAAAAAAAAAL6Z6wAAAAAAtQVQdb5gAEAAAA",
    (0, 7, 8, 131071): "uH4sIAAAAAAAAA-3BMQEAAAgDINdcmxtjD3A7AAAAAAAAAAAAAAAAAAAAQFceebcplgBAAAA",
}
"""What @digitalbazaar/vc-bitstring-status-list 2.0.1 makes of these positions."""

DID = "did:web:portal.example"
VECTORS = Path(__file__).parents[1] / "vectors" / "bundles"
MADE = datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_an_empty_list_is_the_one_of_the_standard() -> None:
    assert StatusList.of(()).encode() == EMPTY
    assert StatusList.decode(EMPTY).bits == bytes(16384)


@pytest.mark.parametrize("positions", list(OUTSIDE), ids=str)
def test_lists_of_another_implementation_are_read_bit_for_bit(positions: tuple[int, ...]) -> None:
    read = StatusList.decode(OUTSIDE[positions])
    assert read == StatusList.of(positions)
    assert [position for position in range(131_072) if read.is_set(position)] == list(positions)
    assert StatusList.decode(read.encode()) == read


def test_the_first_bit_is_the_left_most_of_the_first_byte() -> None:
    assert StatusList.of([0, 9, 131_071]).bits == b"\x80\x40" + bytes(16381) + b"\x01"


@pytest.mark.parametrize("position", [-1, 131_072])
def test_bits_outside_are_refused(position: int) -> None:
    with refused(BadStatus, f"bit {position} is outside the list", position=position):
        StatusList.of([position])


def test_a_bit_behind_the_list_cannot_be_asked_for() -> None:
    statuses = StatusList(bytes(16383) + b"\x01")
    assert [statuses.is_set(131_071), statuses.is_set(131_070)] == [True, False]
    with refused(BadStatus, "bit 131072 is outside the list", position=131_072):
        statuses.is_set(131_072)


@pytest.mark.parametrize("size", [16_384, 131_072])
def test_lists_of_16_to_128_kb_are_unpacked(size: int) -> None:
    assert StatusList.decode(StatusList(b"\xa5" * size).encode()).bits == b"\xa5" * size


@pytest.mark.parametrize("size", [16_383, 131_073])
def test_a_list_of_another_size_is_refused(size: int) -> None:
    with refused(BadStatus, "not one whole gzip stream of 16 KB to 128 KB"):
        StatusList.decode(StatusList(bytes(size)).encode())


@pytest.mark.parametrize("text", [None, 5, "", EMPTY[1:], "z" + EMPTY[1:], EMPTY + "=", "u" + "A" * (1 << 18)])
def test_what_is_no_base64url_text_behind_u_is_refused(text: object) -> None:
    with refused(BadStatus, "not base64url behind u, or too long"):
        StatusList.decode(text)


def test_a_text_of_256_kb_is_still_read() -> None:
    with refused(BadStatus, "cannot be unpacked: Error -3 while decompressing data: incorrect header check"):
        StatusList.decode("u" + "A" * ((1 << 18) - 1))


@pytest.mark.parametrize(
    ("member", "value"),
    [("type", "StatusList2021Entry"), ("statusSize", 2), ("statusSize", True), ("statusSize", "1")],
)
def test_an_entry_of_another_type_or_size_is_refused(member: str, value: object) -> None:
    entry = StatusEntry("revocation", 42, "https://portal.example/1").to_value()
    assert StatusEntry.from_value({**entry, "statusSize": 1}).position == 42
    with refused(BadStatus, "not a BitstringStatusListEntry of one bit"):
        StatusEntry.from_value({**entry, member: value})
    with refused(BadStatus, "not a BitstringStatusListEntry of one bit"):
        StatusEntry.from_value([entry])


@pytest.mark.parametrize(("member", "value"), [("statusPurpose", "refresh"), ("statusListCredential", 1)])
def test_an_entry_without_a_list_of_ours_is_refused(member: str, value: object) -> None:
    entry = StatusEntry("revocation", 42, "https://portal.example/1").to_value()
    with refused(BadStatus, "no list, or another purpose than revocation and suspension"):
        StatusEntry.from_value({**entry, member: value})


@pytest.mark.parametrize("index", [42, None, "", "-1", "4.0", "４２", "²", "10000000"])
def test_an_index_that_is_no_short_decimal_text_is_refused(index: object) -> None:
    entry = StatusEntry("revocation", 42, "https://portal.example/1").to_value()
    assert StatusEntry.from_value({**entry, "statusListIndex": "9999999"}).position == 9_999_999
    with refused(BadStatus, "statusListIndex is no decimal text"):
        StatusEntry.from_value({**entry, "statusListIndex": index})


def test_a_credential_has_one_entry_or_several_but_not_none() -> None:
    entry = StatusEntry("revocation", 42, "https://portal.example/1")
    assert entries_of({"credentialStatus": entry.to_value()}) == (entry,)
    assert entries_of({"credentialStatus": [entry.to_value()] * 2}) == (entry, entry)
    with refused(BadStatus, "credentialStatus is empty"):
        entries_of({"credentialStatus": []})


def test_what_unpacks_without_end_is_not_unpacked_to_its_end() -> None:
    bomb = StatusList(bytes(1 << 25)).encode()
    assert len(bomb) < 50_000
    with refused(BadStatus, "not one whole gzip stream of 16 KB to 128 KB"):
        StatusList.decode(bomb)


def test_what_unpacks_without_end_takes_no_more_memory_than_the_largest_list() -> None:
    bomb = StatusList(bytes(1 << 23)).encode()
    tracemalloc.start()
    try:
        with pytest.raises(BadStatus):
            StatusList.decode(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_something_behind_the_list_is_refused() -> None:
    assert len(EMPTY) % 4 == 1  # whole groups of three bytes: more can stand behind
    with refused(BadStatus, "not one whole gzip stream of 16 KB to 128 KB"):
        StatusList.decode(EMPTY + "AAAA")
    with refused(BadStatus, "not one whole gzip stream of 16 KB to 128 KB"):
        StatusList.decode(EMPTY[:-4])


def test_an_entry_says_where_its_bit_stands() -> None:
    entry = StatusEntry("revocation", 42, "https://portal.example/status/revocation/1")
    assert entry.to_value() == {
        "id": "https://portal.example/status/revocation/1#42",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "42",
        "statusListCredential": "https://portal.example/status/revocation/1",
    }
    assert StatusEntry.from_value(entry.to_value()) == entry


def test_a_list_is_a_credential_as_the_standard_has_it() -> None:
    facts = ListFacts(
        url="https://portal.example/status/revocation/1",
        version=3,
        did=DID,
        purpose="revocation",
        valid_from=MADE,
        valid_until=MADE + timedelta(days=7),
        statuses=StatusList.of(()),
    )
    assert compose_list(facts) == {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "https://portal.example/status/revocation/1",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"id": DID},
        "validFrom": "2026-03-01T08:00:00Z",
        "validUntil": "2026-03-08T08:00:00Z",
        "credentialSubject": {
            "id": "https://portal.example/status/revocation/1/3#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": EMPTY,
        },
    }


def test_a_notice_says_why_and_what_stands_in_its_place() -> None:
    facts = NoticeFacts(
        url="https://portal.example/status/notices/1",
        did=DID,
        credential_id="urn:uuid:1",
        purpose="revocation",
        set_=True,
        at=MADE,
        reason="mould",
        superseded_by="urn:uuid:2",
    )
    notice: dict[str, Any] = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": "https://portal.example/status/notices/1",
        "type": ["VerifiableCredential", "StatusNotice"],
        "issuer": {"id": DID},
        "validFrom": "2026-03-01T08:00:00Z",
        "credentialSubject": {
            "id": "urn:uuid:1",
            "statusPurpose": "revocation",
            "set": True,
            "reason": "mould",
            "supersededBy": "urn:uuid:2",
        },
    }
    assert compose_notice(facts) == notice
    del notice["credentialSubject"]["supersededBy"]
    assert compose_notice(replace(facts, superseded_by=None)) == notice


def vector(name: str) -> dict[str, Any]:
    """Return what a case of the shared folder gives."""
    given: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["given"]
    return given


def judged(bundle: Bundle, as_of: datetime) -> dict[str, Any]:
    """Return the values the step gives, or refuses with; every batch stands on the chain at its anchor's time."""

    def anchored(part: Bundle) -> Check:
        assert part.anchor is not None
        return Check("anchor", State.OK, "ok", {"time": part.anchor.to_value()["blockTime"]})

    try:
        return check_status(bundle, bundle.did_document, as_of, anchored)
    except StatusInvalid as refusal:
        return refusal.values


def test_who_is_told_that_it_counts_is_told_from_when_and_how_long() -> None:
    given = vector("status_valid")
    assert judged(Bundle.from_json(given["bundle"].encode()), from_instant(given["asOf"])) == {
        "purpose": "suspension",
        "asOf": "2026-03-03T09:00:00Z",
        "from": "2026-03-01T08:04:00Z",
        "until": "2026-03-08T08:04:00Z",
    }


def test_who_is_told_of_a_revocation_is_told_why_where_a_notice_holds() -> None:
    given = vector("status_revoked_with_notice")
    bundle = Bundle.from_json(given["bundle"].encode())
    found = judged(bundle, from_instant(given["asOf"]))
    assert (found["since"], found["reason"]) == ("2026-03-09T20:00:00Z", "mould")
    value = json.loads(bundle.to_json())
    value["status"][-1]["credential"]["credentialSubject"]["reason"] = "nothing much"
    changed = Bundle.from_json(json.dumps(value).encode())
    found = judged(changed, from_instant(given["asOf"]))
    assert (found["since"], found["reason"]) == ("2026-03-10T09:00:00Z", "")


def noticed(*changes: dict[str, Any], at: datetime = MADE) -> dict[str, Any]:
    """Return what is told of a revocation whose notice was replaced by these, signed anew and not anchored."""
    given = vector("status_revoked_with_notice")
    value = json.loads(given["bundle"])
    key = SigningKey.from_seed(bytes(range(32)), value["credential"]["issuer"]["id"])
    told = value["status"].pop()["credential"]
    del told["proof"]
    for change in changes:
        said = change.get("credentialSubject", {})
        subject = told["credentialSubject"] | said if isinstance(said, dict) else said
        notice = sign(told | change | {"credentialSubject": subject}, key, created=at)
        value["status"].append({"credential": notice, "inclusion": None, "anchor": None})
    return judged(Bundle.from_json(json.dumps(value).encode()), from_instant(given["asOf"]))


@pytest.mark.parametrize(
    "change",
    [
        {"credentialSubject": {"id": "urn:uuid:2"}},
        {"credentialSubject": {"statusPurpose": "suspension"}},
        {"credentialSubject": {"set": False}},
        {"type": ["VerifiableCredential"]},
        {"type": "StatusNotice"},
        {"issuer": {"id": "did:web:other.example"}},
        {"issuer": "did:web:portal.example%3A8443"},
        {"credentialSubject": [{"id": "urn:uuid:1"}]},
    ],
)
def test_a_notice_about_something_else_or_of_somebody_else_says_nothing(change: dict[str, Any]) -> None:
    assert noticed({})["reason"] == "mould"
    assert noticed(change)["reason"] == ""
    assert noticed(change, {})["reason"] == "mould"


def test_a_notice_is_told_with_what_stands_in_its_place() -> None:
    found = noticed({"credentialSubject": {"supersededBy": "urn:uuid:2", "more": 1}})
    assert found == {
        "purpose": "revocation",
        "asOf": "2026-03-11T09:00:00Z",
        "from": "2026-03-10T09:00:00Z",
        "until": found["until"],
        "since": "2026-03-09T20:00:00Z",
        "reason": "mould",
        "supersededBy": "urn:uuid:2",
    }


def test_a_notice_of_a_key_that_was_retired_since_counts_by_its_anchor() -> None:
    given = vector("status_revoked_with_notice")
    bundle = Bundle.from_json(given["bundle"].encode())
    document = json.loads(json.dumps(bundle.did_document))
    document["verificationMethod"][0]["revoked"] = "2026-03-10T10:00:00Z"

    def anchored(part: Bundle) -> Check:
        assert part.anchor is not None
        return Check("anchor", State.OK, "ok", {"time": part.anchor.to_value()["blockTime"]})

    with pytest.raises(StatusInvalid) as refusal:
        check_status(bundle, document, from_instant(given["asOf"]), anchored)
    assert (refusal.value.reason, refusal.value.values["reason"]) == ("revoked", "mould")


class Heard(dict[str, Any]):
    """Replies of a scripted chain that remember what was asked for."""

    def get(self, name: str, default: Any = None) -> Any:
        self.setdefault("asked", []).append(name)
        return super().get(name, default)


def test_the_chain_is_asked_once_about_each_batch() -> None:
    given = vector("status_renewed")
    given["rpc"]["replies"] = replies = Heard(given["rpc"]["replies"])
    trust = TrustList.from_json(json.dumps(given["trust"]).encode())
    value = json.loads(given["bundle"])
    value["status"] += value["status"]
    with scripted_chain(given["rpc"]) as url:
        data = json.dumps(value).encode()
        report = verify_bundle(data, as_of=from_instant(given["asOf"]), trust=trust, rpc_url=url)
    assert report.verdict is Verdict.VALID
    # The passport's batch, and those of two versions of two lists.
    assert sum(name.startswith("eth_call ") for name in replies["asked"]) == 5
