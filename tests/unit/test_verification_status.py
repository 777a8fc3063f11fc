"""What the step about revocation tells of the shared vectors, whose expectation names state and code alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import Bundle
from ledger.errors import NotChecked, StatusInvalid
from ledger.keys import from_instant
from ledger.verification.report import Check, State
from ledger.verification.status import check_status
from support.refusals import refused

VECTORS = Path(__file__).parents[1] / "vectors" / "bundles"
REVOCATIONS = "https://portal.example:8443/status/revocation/1"
NO_GZIP = "unreadable: not one whole gzip stream of 16 KB to 128 KB"
FIRST = {"from": "2026-03-01T08:04:00Z", "until": "2026-03-08T08:04:00Z"}
SECOND = {"from": "2026-03-02T09:00:00Z", "until": "2026-03-09T09:00:00Z"}
TENTH = {"from": "2026-03-10T09:00:00Z", "until": "2026-03-17T09:00:00Z"}


def anchored(part: Bundle) -> Check:
    """Say that a batch stands on the chain at its anchor's own time."""
    assert part.anchor is not None
    return Check("anchor", State.OK, "ok", {"time": part.anchor.to_value()["blockTime"]})


def judged(name: str, asks: Callable[[Bundle], Check] = anchored) -> dict[str, Any]:
    given = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["given"]
    bundle = Bundle.from_json(given["bundle"].encode())
    return check_status(bundle, bundle.did_document, from_instant(given["asOf"]), asks)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("status_bit_outside_the_list", "bit 131072 is outside the list"),
        ("status_list_changed", "path_mismatch"),
        ("status_list_not_in_its_batch", "path_mismatch"),
        ("status_list_cut_off", NO_GZIP),
        ("status_list_too_large", NO_GZIP),
        ("status_list_too_short", NO_GZIP),
        ("status_list_not_text", "unreadable: not base64url behind u, or too long"),
        ("status_list_of_another_issuer", "another issuer's list"),
        ("status_list_of_another_purpose", "not a list of this purpose"),
        ("status_list_signed_by_another_key", "unknown_key"),
        ("status_list_without_end", "unreadable: 'validUntil'"),
        ("status_list_without_type", "unreadable: 'type'"),
    ],
)
def test_a_snapshot_that_is_not_what_it_says_is_told_with_its_list(name: str, why: str) -> None:
    told = {"purpose": "revocation", "list": REVOCATIONS, "detail": why}
    with refused(StatusInvalid, why, reason="status_mismatch", **told):
        judged(name)


def test_a_snapshot_the_chain_does_not_know_is_told_with_the_chains_word() -> None:
    told = {"purpose": "revocation", "list": REVOCATIONS, "detail": "not_anchored"}
    with refused(StatusInvalid, "not_anchored", reason="status_mismatch", **told):
        judged("status_valid", lambda _: Check("anchor", State.FAILED, "not_anchored"))


def test_a_chain_that_could_not_be_asked_leaves_it_open() -> None:
    values = {"purpose": "revocation", "asOf": "2026-03-03T09:00:00Z", **FIRST}
    with refused(NotChecked, "the chain could not be asked about the list", reason="status_unproven", **values):
        judged("status_valid", lambda _: Check("anchor", State.NOT_CHECKED, "no_rpc"))


@pytest.mark.parametrize(
    ("name", "code", "as_of", "version", "more"),
    [
        ("status_revoked", "revoked", "2026-03-10T09:00:00Z", TENTH, {}),
        ("status_revoked_long_ago", "revoked", "2026-03-31T09:00:00Z", TENTH, {}),
        ("status_backdated_list", "revoked", "2026-03-11T09:00:00Z", TENTH, {}),
        ("status_revoked_and_suspension_unknown", "revoked", "2026-03-03T09:00:00Z", SECOND, {}),
        ("status_revoked_by_list_not_anchored_yet", "revoked", "2026-03-03T09:00:00Z", SECOND, {}),
        ("status_suspended", "suspended", "2026-03-11T09:00:00Z", TENTH, {}),
        ("status_suspended_and_revocation_unknown", "suspended", "2026-03-03T09:00:00Z", SECOND, {}),
        (
            "status_revoked_with_notice",
            "revoked",
            "2026-03-11T09:00:00Z",
            TENTH,
            {"since": "2026-03-09T20:00:00Z", "reason": "mould"},
        ),
    ],
)
def test_a_bit_that_is_set_is_told_with_its_dates(
    name: str, code: str, as_of: str, version: dict[str, str], more: dict[str, str]
) -> None:
    purpose = "revocation" if code == "revoked" else "suspension"
    # Without a notice it is set since the version that says so.
    told = {"since": version["from"], "reason": "", **more}
    with pytest.raises(StatusInvalid) as refusal:
        judged(name)
    assert (refusal.value.reason, refusal.value.message) == (code, f"{code} since {told['since']}")
    assert refusal.value.values == {"purpose": purpose, "asOf": as_of, **version, **told}


@pytest.mark.parametrize(
    ("name", "sentence", "values"),
    [
        (
            "status_before_the_first_list",
            "no snapshot speaks of that moment",
            {"purpose": "revocation", "asOf": "2026-03-01T08:03:00Z"},
        ),
        (
            "status_of_one_purpose_only",
            "no snapshot speaks of that moment",
            {"purpose": "suspension", "asOf": "2026-03-03T09:00:00Z"},
        ),
        (
            "status_without_snapshots",
            "no snapshot speaks of that moment",
            {"purpose": "revocation", "asOf": "2026-03-03T09:00:00Z"},
        ),
        (
            "status_list_out_of_date",
            "the last snapshot does not reach that far",
            {"purpose": "revocation", "asOf": "2026-03-08T08:05:00Z", **FIRST},
        ),
        ("status_entries_unreadable_1", "credentialStatus is empty", {}),
        ("status_entry_unreadable_1", "not a BitstringStatusListEntry of one bit", {}),
    ],
)
def test_what_no_snapshot_tells_is_left_open(name: str, sentence: str, values: dict[str, str]) -> None:
    with refused(NotChecked, sentence, reason="status_unknown", **values):
        judged(name)


def test_a_list_that_is_not_anchored_yet_proves_nothing() -> None:
    values = {"purpose": "revocation", "asOf": "2026-03-03T09:00:00Z", **FIRST}
    with refused(NotChecked, "the chain could not be asked about the list", reason="status_unproven", **values):
        judged("status_list_not_anchored_yet")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status_single_entry", {"purpose": "revocation", "asOf": "2026-03-03T09:00:00Z", **FIRST}),
        ("status_valid_to_the_last_second", {"purpose": "suspension", "asOf": "2026-03-08T08:04:00Z", **FIRST}),
        (
            "status_in_any_order",
            {
                "purpose": "suspension",
                "asOf": "2026-03-13T09:00:00Z",
                "from": "2026-03-12T09:00:00Z",
                "until": "2026-03-19T09:00:00Z",
            },
        ),
    ],
)
def test_a_bit_that_is_not_set_is_told_with_how_long_that_holds(name: str, values: dict[str, str]) -> None:
    assert judged(name) == values
