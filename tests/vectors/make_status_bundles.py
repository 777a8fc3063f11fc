"""The cases of ``make_bundles.py`` about status lists: revoked, suspended, taken up again, and at what moment.

The passport of every case is bit 42 of two lists. Versions are made and anchored at moments that are written out.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from make_bundles import (
    CHAIN_ID,
    CONTRACT,
    DID,
    GENESIS,
    KEY,
    OTHER_KEY,
    STRANGER,
    STREAM,
    Given,
    bundle_of,
    case,
    chain,
    credential,
    trust_of,
    words,
)  # fmt: skip

from ledger.bundle import Anchor, Inclusion, Snapshot
from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.keys import SigningKey
from ledger.merkle import Tree, credential_leaf
from ledger.proof import sign
from ledger.status import ListFacts, NoticeFacts, StatusList, compose_list, compose_notice

BIT = 42
SUBJECT = "urn:uuid:0198f3a0-7b1c-7000-8000-000000000001"
URL = {purpose: f"https://portal.example:8443/status/{purpose}/1" for purpose in ("revocation", "suspension")}
ENTRIES = [
    {
        "id": f"{URL[purpose]}#{BIT}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(BIT),
        "statusListCredential": URL[purpose],
    }
    for purpose in ("revocation", "suspension")
]
UNKNOWN, UNPROVEN = "not_checked:status_unknown", "not_checked:status_unproven"
SHORT = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQsvoAAAAAAAAAAAAAAAAP4GcwM92tQwAAA"
"""100,000 bits, out of the tests of @digitalbazaar/vc-bitstring-status-list: fewer than the standard allows."""


def day(number: int, hour: int = 9, minute: int = 0) -> datetime:
    """Return an hour of a day in March 2026; the passport was issued on the 1st at 08:00, anchored at 08:05."""
    return datetime(2026, 3, number, hour, minute, tzinfo=UTC)


def listed(
    purpose: str, made: datetime, *set_: int, key: SigningKey = KEY, version: int = 1, **subject: Any
) -> dict[str, Any]:
    """Return the signed version of a list that was made then and holds for a week."""
    facts = ListFacts(
        url=URL[purpose],
        version=version,
        did=key.did,
        purpose=purpose,
        valid_from=made,
        valid_until=made + timedelta(days=7),
        statuses=StatusList.of(set_),
    )
    unsigned = compose_list(facts)
    unsigned["credentialSubject"] |= subject
    return sign(unsigned, key, created=made, nonce=bytes(range(16)), suites=(EDDSA_JCS,))


def notice(purpose: str, at: datetime, reason: str) -> dict[str, Any]:
    """Return the signed notice about the passport."""
    facts = NoticeFacts(
        url="https://portal.example:8443/status/notices/1",
        did=DID,
        credential_id=SUBJECT,
        purpose=purpose,
        set_=True,
        at=at,
        reason=reason,
    )
    return sign(compose_notice(facts), KEY, created=at, nonce=bytes(range(16)), suites=(EDDSA_JCS,))


def taken(signed: dict[str, Any], at: datetime | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a snapshot that was anchored then, the second of three leaves, and what the chain says of it."""
    if at is None:
        return Snapshot(signed).to_value(), {}
    tree = Tree.of([b"one", credential_leaf(signed), b"three"])
    number = 1000 + int(at.timestamp()) // 60 % 100_000
    block, transaction = (
        hashlib.sha256(f"{what} {number}".encode()).digest() for what in ("block", "transaction")
    )
    anchor = Anchor(CHAIN_ID, GENESIS, CONTRACT, STREAM, number, transaction, number, block, at)
    replies = {
        f"eth_call {tree.root.hex()}": {"result": words(number, int(at.timestamp()), number, 3)},
        f"eth_getBlockByNumber {number:#x}": {
            "result": {"hash": "0x" + block.hex(), "transactions": ["0x" + transaction.hex()]}
        },
    }
    return Snapshot(signed, Inclusion(1, 3, tree.root, tree.inclusion(1)), anchor).to_value(), replies


def given(
    as_of: datetime, *parts: tuple[dict[str, Any], datetime | None], entries: Any = None, named: bool = True
) -> Given:
    """Return a case's givens.

    Args:
        as_of: The moment to judge at.
        parts: Signed lists and notices, each with when it was anchored.
        entries: The credential's ``credentialStatus``, by default bit 42 of both lists.
        named: Whether the bundle has a member ``status`` at all.
    """
    bundle = bundle_of(credential(credentialStatus=ENTRIES if entries is None else entries))
    snapshots = [taken(signed, at) for signed, at in parts]
    if named:
        bundle["status"] = [snapshot for snapshot, _ in snapshots]
    replies = {name: reply for _, said in snapshots for name, reply in said.items()}
    return {
        "bundle": bundle,
        "trust": trust_of(),
        "expectedHash": None,
        "asOf": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "rpc": chain(**replies),
        "files": [],
    }


def both(made: datetime, **how: Any) -> list[tuple[dict[str, Any], datetime]]:
    """Return versions of both lists without our bit, anchored a minute after they were made."""
    return [(listed(purpose, made, 7, **how), made + timedelta(minutes=1)) for purpose in URL]


def status_cases() -> Iterator[dict[str, Any]]:
    """Yield every case about status."""
    yield from _at_moments()
    yield from _unclear()
    yield from _not_the_lists_they_should_be()
    yield from _not_where_they_say()
    yield from _shapes()


def _at_moments() -> Iterator[dict[str, Any]]:
    first, second = both(day(1, 8, 4)), both(day(8), version=2)
    revoked = (listed("revocation", day(10), 7, BIT, version=3), day(10, 9, 1))
    suspended = (listed("suspension", day(10), BIT, version=3), day(10, 9, 1))
    resumed = (listed("suspension", day(12), version=4), day(12, 9, 1))
    yield case("status_valid", given(day(3), *first), "valid", status="ok")
    yield case("status_valid_to_the_last_second", given(day(8, 8, 4), *first), "valid", status="ok")
    yield case("status_renewed", given(day(9), *first, *second), "valid", status="ok")
    story = (*first, *second, revoked)
    yield case("status_before_revocation", given(day(10, 8, 59), *story), "valid", status="ok")
    yield case("status_revoked", given(day(10), *story), "invalid", status="failed:revoked")
    yield case("status_revoked_long_ago", given(day(31), revoked), "invalid", status="failed:revoked")
    said = (notice("revocation", day(9, 20), "mould"), day(10, 9, 1))
    yield case("status_revoked_with_notice", given(day(11), *story, said), "invalid", status="failed:revoked")
    story = (*second, suspended, resumed)
    yield case("status_before_suspension", given(day(9), *story), "valid", status="ok")
    yield case("status_suspended", given(day(11), *story), "invalid", status="failed:suspended")
    yield case("status_resumed", given(day(13), *story), "valid", status="ok")
    shuffled = (resumed, second[0], suspended, second[1])
    yield case("status_in_any_order", given(day(13), *shuffled), "valid", status="ok")
    # Made up on the 20th to have been there on the 10th: it speaks from its anchor only.
    backdated = (listed("revocation", day(10, 12), version=4), day(20))
    made = given(day(11), *second, revoked, backdated)
    yield case("status_backdated_list", made, "invalid", status="failed:revoked")


def _unclear() -> Iterator[dict[str, Any]]:
    first = both(day(1, 8, 4))
    yield case("status_before_the_first_list", given(day(1, 8, 3), *first), "partial", status=UNKNOWN)
    yield case("status_list_out_of_date", given(day(8, 8, 5), *first), "partial", status=UNKNOWN)
    yield case("status_without_snapshots", given(day(3), named=False), "partial", status=UNKNOWN)
    yield case("status_of_one_purpose_only", given(day(3), first[0]), "partial", status=UNKNOWN)
    revoked = (listed("revocation", day(2), BIT), day(2))
    made = given(day(3), revoked)
    yield case("status_revoked_and_suspension_unknown", made, "invalid", status="failed:revoked")
    suspended = (listed("suspension", day(2), BIT), day(2))
    made = given(day(3), suspended)
    yield case("status_suspended_and_revocation_unknown", made, "invalid", status="failed:suspended")
    waiting = [(signed, None) for signed, _ in first]
    yield case("status_list_not_anchored_yet", given(day(3), *waiting), "partial", status=UNPROVEN)
    made = given(day(3), first[1], (listed("revocation", day(2), BIT), None))
    yield case("status_revoked_by_list_not_anchored_yet", made, "invalid", status="failed:revoked")
    made = given(day(3), *first) | {"rpc": {"down": True}}
    yield case("status_chain_silent", made, "partial", status=UNPROVEN, anchor="not_checked:rpc_unreachable")
    odd: tuple[tuple[str, Any], ...] = (
        ("type", "StatusList2021Entry"), ("statusPurpose", "message"), ("statusSize", 2), ("statusSize", True),
        ("statusListIndex", 42), ("statusListIndex", "0x2a"), ("statusListIndex", "42000000"),
        ("statusListCredential", None),
    )  # fmt: skip
    for number, (member, value) in enumerate(odd, 1):
        made = given(day(3), *first, entries=[ENTRIES[1], ENTRIES[0] | {member: value}])
        yield case(f"status_entry_unreadable_{number}", made, "partial", status=UNKNOWN)
    for number, entries in enumerate(([], ["none"], "none"), 1):
        made = given(day(3), *first, entries=entries)
        yield case(f"status_entries_unreadable_{number}", made, "partial", status=UNKNOWN)
    yield case("status_single_entry", given(day(3), first[0], entries=ENTRIES[0]), "valid", status="ok")


def _not_the_lists_they_should_be() -> Iterator[dict[str, Any]]:
    good = both(day(1, 8, 4))[1]

    def wrong(name: str, made: Given) -> dict[str, Any]:
        return case(name, made, "invalid", status="failed:status_mismatch")

    def with_list(**how: Any) -> Given:
        return given(day(3), (listed("revocation", day(2), **how), day(2)), good)

    tampered = with_list()
    subject = tampered["bundle"]["status"][0]["credential"]["credentialSubject"]
    subject["encodedList"] = StatusList.of([BIT]).encode()
    yield wrong("status_list_changed", tampered)
    yield wrong("status_list_of_another_issuer", with_list(key=STRANGER))
    yield wrong("status_list_signed_by_another_key", with_list(key=OTHER_KEY))
    yield wrong("status_list_of_another_purpose", with_list(statusPurpose="suspension"))
    yield wrong("status_list_too_short", with_list(encodedList=SHORT))
    yield wrong("status_list_too_large", with_list(encodedList=StatusList(bytes(1 << 20)).encode()))
    yield wrong("status_list_not_packed", with_list(encodedList="uAAAA"))
    yield wrong("status_list_cut_off", with_list(encodedList=StatusList.of([BIT]).encode()[:-20]))
    yield wrong("status_list_not_base64url", with_list(encodedList="u+/=="))
    yield wrong("status_list_not_text", with_list(encodedList=1))
    outside = ENTRIES[0] | {"statusListIndex": "131072"}
    yield wrong("status_bit_outside_the_list", given(day(3), *both(day(2)), entries=[outside, ENTRIES[1]]))
    for name, member in (("without_end", "validUntil"), ("without_type", "type")):
        made = with_list()
        del made["bundle"]["status"][0]["credential"][member]
        yield wrong(f"status_list_{name}", made)


def _not_where_they_say() -> Iterator[dict[str, Any]]:
    mismatch = {"status": "failed:status_mismatch"}
    lists = both(day(2))
    made = given(day(3), *lists)
    made["bundle"]["status"][0]["credential"]["issuer"] = DID
    yield case("status_list_with_issuer_as_text", made, "invalid", **mismatch)
    made = given(day(3), *lists)
    made["bundle"]["status"][0]["inclusion"]["path"][0] = "00" * 32
    yield case("status_list_not_in_its_batch", made, "invalid", **mismatch)
    made = given(day(3), *lists)
    root = made["bundle"]["status"][0]["inclusion"]["root"]
    made["rpc"]["replies"][f"eth_call {root}"] = {"result": words(0, 0, 0, 0)}
    yield case("status_list_not_on_the_chain", made, "invalid", **mismatch)


def _shapes() -> Iterator[dict[str, Any]]:
    rest = dict.fromkeys(
        ("fingerprint", "signature", "issuer", "validity", "status", "inclusion", "anchor", "documents"),
        "not_checked:not_reached",
    )
    first = both(day(1, 8, 4))
    for name, change in (
        ("no_list", lambda bundle: bundle.update(status={})),
        ("too_many", lambda bundle: bundle.update(status=bundle["status"][:1] * 17)),
        ("unknown_member", lambda bundle: bundle["status"][0].update(note=1)),
        ("credential_is_text", lambda bundle: bundle["status"][0].update(credential="x")),
        ("anchor_without_place", lambda bundle: bundle["status"][0].update(inclusion=None)),
    ):
        made = given(day(3), *first)
        change(made["bundle"])
        yield case(f"structure_status_{name}", made, "invalid", structure="failed:malformed_bundle", **rest)
