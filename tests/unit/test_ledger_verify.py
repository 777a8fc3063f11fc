"""What the shared vectors cannot say: bytes, the report's shape, and what a caller may leave out."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.abi import AnchorRecord
from ledger.bundle import Anchor, Bundle
from ledger.canonical import fingerprint
from ledger.errors import Malformed, NotChecked
from ledger.keys import from_instant
from ledger.trust import TrustedAnchor, TrustList
from ledger.verification.report import Check, Question, State, Verdict
from ledger.verify import CHECKS, _asking, answer, verify_bundle
from support.scripted_chain import scripted_chain

GIVEN = json.loads((Path(__file__).parents[1] / "vectors" / "bundles" / "valid.json").read_text(encoding="utf-8"))[
    "given"
]
BUNDLE = GIVEN["bundle"].encode()
AS_OF = from_instant(GIVEN["asOf"])
DID = "did:web:portal.example%3A8443"


def test_report_names_every_step_in_order_with_its_values() -> None:
    trust = TrustList.from_json(json.dumps(GIVEN["trust"]).encode())
    with scripted_chain(GIVEN["rpc"]) as url:
        report = verify_bundle(BUNDLE, as_of=AS_OF, trust=trust, rpc_url=url)
    assert tuple(check.id for check in report.checks) == CHECKS
    checks = {check.id: check for check in report.checks}
    assert checks["issuer"].params == {"did": DID, "name": "Qinghe Foods"}
    assert checks["anchor"] == Check(
        "anchor",
        State.OK,
        "ok",
        {"time": "2026-03-01T08:05:00Z", "seq": 3, "block": 12, "chainId": 71771, "kind": "embedded"},
    )
    assert checks["validity"].params == {
        "from": "2026-03-01T08:00:00Z",
        "until": "2027-02-28T15:59:59Z",
        "asOf": "2026-06-01T00:00:00Z",
    }
    assert report.credential == json.loads(BUNDLE)["credential"]
    assert report.to_json()["verdict"] == "valid"
    assert json.loads(json.dumps(report.to_json())) == report.to_json()


def test_endpoint_of_the_trust_list_is_asked_when_the_caller_names_none() -> None:
    with scripted_chain(GIVEN["rpc"]) as url:
        value = json.loads(json.dumps(GIVEN["trust"]))
        value["issuers"][0]["anchors"][0]["rpc"] = url
        trust = TrustList.from_json(json.dumps(value).encode())
        assert verify_bundle(BUNDLE, as_of=AS_OF, trust=trust).verdict is Verdict.VALID


def test_bytes_that_are_not_utf8_fail_the_structure() -> None:
    report = verify_bundle(BUNDLE + b"\xff", as_of=AS_OF)
    assert report.verdict is Verdict.INVALID
    assert report.credential is None
    assert report.checks[0].code == "not_utf8"
    assert {check.code for check in report.checks[1:]} == {"not_reached"}


def test_what_is_wrong_with_the_bytes_is_told_in_the_first_line() -> None:
    report = verify_bundle(b'{"a":1}', as_of=AS_OF)
    detail = "not an object of bundle, credential, didDocument, inclusion, anchor"
    assert report.checks[0] == Check("structure", State.FAILED, "malformed_bundle", {"detail": detail})
    assert report.checks[1:] == tuple(Check(name, State.NOT_CHECKED, "not_reached") for name in CHECKS[1:])


class Silent:
    """A witness that cannot tell, whatever else it says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def record(self, _target: TrustedAnchor, root: bytes) -> AnchorRecord:
        self.asked.append(root)
        raise NotChecked("no_state", "no proof of this root is in the pack", time="2026-03-01T08:05:00Z")

    def check_block(self, _target: TrustedAnchor, _anchor: Anchor, _root: bytes) -> dict[str, Any]:
        raise NotImplementedError


def test_a_time_told_by_a_witness_that_cannot_tell_proves_nothing_of_a_retired_key() -> None:
    value = json.loads(json.dumps(GIVEN["trust"]))
    for method in value["issuers"][0]["didDocument"]["verificationMethod"]:
        method["revoked"] = "2026-05-01T00:00:00Z"
    trust = TrustList.from_json(json.dumps(value).encode())
    report = answer(BUNDLE, Question(AS_OF, trust, witness=Silent()))
    codes = {check.id: check.code for check in report.checks}
    assert (codes["anchor"], codes["signature"]) == ("no_state", "key_retired_unproven")


def test_a_batch_is_asked_about_once_and_another_root_under_the_same_anchor_again() -> None:
    trust = TrustList.from_json(json.dumps(GIVEN["trust"]).encode())
    witness, bundle = Silent(), Bundle.from_json(BUNDLE)
    assert bundle.inclusion
    other = replace(bundle, inclusion=replace(bundle.inclusion, root=b"\x01" * 32))
    anchored = _asking(Question(AS_OF, trust, witness=witness), trust.issuers[0])
    for part in (bundle, other, bundle, other):
        assert anchored(part).code == "no_state"
    assert witness.asked == [bundle.inclusion.root, b"\x01" * 32]


def test_bundle_alone_is_partly_checked() -> None:
    credential = json.loads(BUNDLE)["credential"]
    report = verify_bundle(BUNDLE, as_of=AS_OF, expected_hash=fingerprint(credential))
    states = {check.id: check.state.value for check in report.checks}
    assert report.verdict is Verdict.PARTIAL
    assert states == {
        "structure": "ok",
        "fingerprint": "ok",
        "signature": "ok",
        "issuer": "not_checked",
        "validity": "ok",
        "status": "not_asked",
        "inclusion": "ok",
        "anchor": "not_checked",
        "documents": "not_asked",
    }


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(Malformed, match="no time zone"):
        verify_bundle(BUNDLE, as_of=datetime(2026, 6, 1))  # noqa: DTZ001 - the fault under test
