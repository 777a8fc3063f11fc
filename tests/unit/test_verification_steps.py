"""Each step of the verifier alone: what it tells when it holds, and the whole refusal when it does not."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import Bundle
from ledger.errors import (
    AnchorInvalid,
    DocumentsInvalid,
    FingerprintInvalid,
    InclusionInvalid,
    IssuerInvalid,
    NotChecked,
    SignatureInvalid,
    StructureInvalid,
    ValidityInvalid,
)
from ledger.keys import KeyRecord, SigningKey, did_document
from ledger.proof import sign
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.anchor import check_anchor
from ledger.verification.report import Check, Question, Report, State, Verdict, run_step
from ledger.verification.signature import Signer, check_key_counted, check_signature
from ledger.verification.steps import (
    check_documents,
    check_fingerprint,
    check_issuer,
    check_place,
    check_structure,
    check_validity,
)
from support.refusals import refused
from support.scripted_chain import scripted_chain

GIVEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "bundles" / "valid.json").read_text(encoding="utf-8")
)["given"]
DID = "did:web:portal.example%3A8443"
BUNDLE = Bundle.from_json(GIVEN["bundle"].encode())
TRUST = TrustList.from_json(json.dumps(GIVEN["trust"]).encode())
ISSUER = TRUST.issuer(DID)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
ROOT = "a99c9410cbd52db59497e9f0b78b7e679a00c0286f4a5ad1de206d84680f3a6f"


def trusted() -> TrustedIssuer:
    assert ISSUER is not None
    return ISSUER


def test_bytes_that_are_no_bundle_are_refused_with_their_own_reason() -> None:
    with refused(StructureInvalid, "not UTF-8 at byte 0", reason="not_utf8"):
        check_structure(b"\xff")
    members = "bundle, credential, didDocument, inclusion, anchor"
    with refused(StructureInvalid, f"not an object of {members}", reason="malformed_bundle"):
        check_structure(b'{"bundle":"tallystick-bundle/1"}')


def test_the_printed_code_is_compared_with_the_credential() -> None:
    bundle = replace(BUNDLE, credential={"a": 1, "b": 2})
    # printf '{"a":1,"b":2}' | sha256sum | xxd -r -p | base64 | tr +/ -_
    right = "QyWM_3g_5wNtikMDP4MK38YOwDc4JHNUisdCuIgpJ3c"
    found = check_fingerprint(bundle, right)
    assert found == {"fingerprint": right}
    with refused(
        FingerprintInvalid, "another credential", reason="fingerprint_mismatch", expected="x", found=right
    ):
        check_fingerprint(bundle, "x")


def test_the_issuer_is_looked_up_in_the_trust_list() -> None:
    assert check_issuer(BUNDLE, TRUST, trusted()) == {"did": DID, "name": "Qinghe Foods"}
    with refused(NotChecked, "no trust list was given", reason="no_trust", did=DID):
        check_issuer(BUNDLE, None, None)
    with refused(IssuerInvalid, f"{DID} is not in the trust list", reason="unknown_issuer", did=DID):
        check_issuer(BUNDLE, TRUST, None)
    other = replace(BUNDLE, did_document={**BUNDLE.did_document, "alsoKnownAs": []})
    with refused(
        IssuerInvalid,
        "the issuer's document contradicts the trust list's",
        reason="did_document_differs",
        did=DID,
    ):
        check_issuer(other, TRUST, trusted())


@pytest.mark.parametrize("second", ["2026-03-01T08:00:00Z", "2027-02-28T15:59:59Z"])
def test_both_ends_of_the_validity_count(second: str) -> None:
    told = {"from": "2026-03-01T08:00:00Z", "until": "2027-02-28T15:59:59Z", "asOf": second}
    assert check_validity(BUNDLE, datetime.fromisoformat(second)) == told


def test_a_moment_outside_the_validity_is_refused_with_its_ends() -> None:
    ends = {"from": "2026-03-01T08:00:00Z", "until": "2027-02-28T15:59:59Z"}
    with refused(
        ValidityInvalid,
        "valid from 2026-03-01T08:00:00Z",
        reason="not_yet_valid",
        asOf="2026-03-01T07:59:59Z",
        **ends,
    ):
        check_validity(BUNDLE, datetime(2026, 3, 1, 7, 59, 59, tzinfo=UTC))
    with refused(
        ValidityInvalid, "valid until 2027-02-28T15:59:59Z", reason="expired", asOf="2027-02-28T16:00:00Z", **ends
    ):
        check_validity(BUNDLE, datetime(2027, 2, 28, 16, tzinfo=UTC))


def test_what_has_no_end_is_valid_for_good() -> None:
    bundle = replace(BUNDLE, credential={"validFrom": "2026-03-01T08:00:00Z"})
    told = {"from": "2026-03-01T08:00:00Z", "until": None, "asOf": "2099-01-01T00:00:00Z"}
    assert check_validity(bundle, datetime(2099, 1, 1, tzinfo=UTC)) == told


def test_the_place_in_the_tree_is_told_or_refused() -> None:
    assert check_place(BUNDLE) == {"leafIndex": 2, "treeSize": 5, "root": ROOT}
    with refused(NotChecked, "not sealed into a batch yet", reason="not_anchored_yet"):
        check_place(replace(BUNDLE, inclusion=None))
    with refused(InclusionInvalid, "the path leads to another root", reason="path_mismatch", size=5, index=2):
        check_place(replace(BUNDLE, credential={}))


def test_files_are_compared_with_the_digests_in_the_credential() -> None:
    # The multihash of "abc" (FIPS 180-4), base58btc.
    abc = {"id": "urn:a", "digestMultibase": "zQmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1pY"}
    bundle = replace(BUNDLE, credential={"relatedResource": [abc, "no object", {"id": "urn:b"}]})
    assert check_documents(bundle, [("one", b"abc"), ("two", b"abc")]) == {"matched": 2, "listed": 2}
    assert check_documents(bundle, []) == {"matched": 0, "listed": 2}
    with refused(DocumentsInvalid, "b.pdf is not in the passport", reason="unknown_document", name="b.pdf"):
        check_documents(bundle, [("one", b"abc"), ("b.pdf", b"abd")])
    for listed in (abc, None, []):
        with refused(DocumentsInvalid, "a is not in the passport", reason="unknown_document", name="a"):
            check_documents(replace(BUNDLE, credential={"relatedResource": listed}), [("a", b"abc")])


def anchored(script: dict[str, Any], bundle: Bundle = BUNDLE) -> dict[str, Any]:
    with scripted_chain(script) as url:
        return check_anchor(bundle, Question(AS_OF, TRUST, url), trusted())


def script(**changed: Any) -> dict[str, Any]:
    replies = copy.deepcopy(GIVEN["rpc"]["replies"])
    return {"replies": replies | {name.replace("__", " "): {"result": value} for name, value in changed.items()}}


def test_an_anchor_that_is_not_there_yet_or_nowhere_trusted_is_not_checked() -> None:
    with refused(NotChecked, "not anchored yet", reason="not_anchored_yet"):
        check_anchor(replace(BUNDLE, anchor=None), Question(AS_OF, TRUST), trusted())
    with refused(NotChecked, "no trust list was given", reason="no_trust"):
        check_anchor(BUNDLE, Question(AS_OF), None)
    with refused(NotChecked, "the trust list names no anchor of this issuer", reason="issuer_not_trusted"):
        check_anchor(BUNDLE, Question(AS_OF, TRUST), None)
    with refused(NotChecked, "no chain endpoint was given", reason="no_rpc"):
        check_anchor(BUNDLE, Question(AS_OF, TRUST), trusted())
    assert BUNDLE.anchor is not None
    elsewhere = replace(BUNDLE, anchor=replace(BUNDLE.anchor, chain_id=5))
    with refused(NotChecked, "anchored where the trust list does not say", reason="unknown_anchor", chainId=5):
        check_anchor(elsewhere, Question(AS_OF, TRUST), trusted())


@pytest.mark.parametrize("changed", [{"eth_chainId": "0x1"}, {"eth_getBlockByNumber__0x0": None}])
def test_another_chain_is_told_by_its_number_or_first_block(changed: dict[str, Any]) -> None:
    if "eth_chainId" in changed:
        expected = {"expected": 71771, "found": 1}
    else:
        changed = {"eth_getBlockByNumber__0x0": {"hash": "0x" + "00" * 32, "transactions": []}}
        expected = {"expected": 71771, "found": 71771}
    with refused(NotChecked, "the endpoint is another chain", reason="wrong_chain", **expected):
        anchored(script(**changed))


def test_another_contract_at_the_address_is_told() -> None:
    with refused(
        NotChecked,
        "another contract at that address",
        reason="wrong_contract",
        contract="0xcc8321d6375c494d043fdd0260f21bc0ec51dacc",
    ):
        anchored(script(eth_getCode="0x60"))


def record(*words: int) -> str:
    return "0x" + "".join(f"{word:064x}" for word in words)


def test_a_root_the_contract_does_not_know_is_told() -> None:
    with refused(AnchorInvalid, "the contract does not know this root", reason="not_anchored", root=ROOT):
        anchored(script(eth_call=record(0, 0, 0, 0)))


@pytest.mark.parametrize("at", range(4))
def test_any_other_fact_of_the_contract_contradicts_the_bundle(at: int) -> None:
    words = [3, 1_772_352_300, 12, 5]
    assert anchored(script(eth_call=record(*words)))["time"] == "2026-03-01T08:05:00Z"
    words[at] += 1
    with refused(AnchorInvalid, "the contract knows other facts about this root", reason="anchor_differs"):
        anchored(script(eth_call=record(*words)))


@pytest.mark.parametrize("member", ["hash", "transactions"])
def test_a_block_with_another_hash_or_without_the_transaction_is_another(member: str) -> None:
    block = copy.deepcopy(GIVEN["rpc"]["replies"]["eth_getBlockByNumber 0xc"]["result"])
    block[member] = "0x" + "00" * 32 if member == "hash" else block[member][:1]
    with refused(AnchorInvalid, "the block is another one", reason="block_differs", block=12):
        anchored(script(eth_getBlockByNumber__0xc=block))


@pytest.mark.parametrize("block", [None, [], {"hash": "0x" + "00" * 32}, {"transactions": {}}])
def test_an_endpoint_without_the_block_is_not_checked(block: Any) -> None:
    with scripted_chain(script(eth_getBlockByNumber__0xc=block)) as url:
        assert url is not None
        with refused(NotChecked, "no block 12", reason="rpc_error", rpc=url):
            check_anchor(BUNDLE, Question(AS_OF, TRUST, url), trusted())


def test_an_endpoint_that_is_down_is_named() -> None:
    with scripted_chain({"down": True}) as url, pytest.raises(NotChecked) as gap:
        check_anchor(BUNDLE, Question(AS_OF, TRUST, url), trusted())
    assert (gap.value.reason, gap.value.values) == ("rpc_unreachable", {"rpc": url})


KEY = SigningKey.from_seed(bytes(range(32)), "did:web:portal.example")
SIGNED = datetime(2026, 3, 1, 8, tzinfo=UTC)
NEXT = datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC)


def test_a_key_counts_until_the_moment_it_is_retired() -> None:
    check_key_counted(None, signed=AS_OF, as_of=AS_OF)
    check_key_counted(NEXT, signed=SIGNED, as_of=SIGNED)
    check_key_counted(NEXT, signed=SIGNED, as_of=AS_OF, anchored_at="2026-03-01T08:00:00Z")
    retired = {"retired": "2026-03-01T08:00:00Z"}
    for signed, at in ((SIGNED, None), (SIGNED, "2026-02-01T08:00:00Z"), (NEXT, None)):
        with refused(SignatureInvalid, "signed after the key was retired", reason="key_retired", **retired):
            check_key_counted(SIGNED, signed=signed, as_of=AS_OF, anchored_at=at)
    with refused(
        SignatureInvalid, "signed after the key was retired", reason="key_retired", retired="2026-03-01T08:00:01Z"
    ):
        check_key_counted(NEXT, signed=SIGNED, as_of=AS_OF, anchored_at="2026-03-01T08:00:01Z")


@pytest.mark.parametrize("as_of", [NEXT, AS_OF])
def test_only_an_anchor_tells_what_a_retired_key_signed_before(as_of: datetime) -> None:
    with refused(
        NotChecked,
        "the key is retired now",
        reason="key_retired_unproven",
        retired="2026-03-01T08:00:01Z",
    ):
        check_key_counted(NEXT, signed=SIGNED, as_of=as_of)


def test_a_refused_proof_is_told_with_what_it_speaks_of_and_every_proof() -> None:
    unsigned = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": {"id": KEY.did},
        "credentialSubject": {"id": "urn:b"},
    }
    credential = sign(unsigned, KEY, created=SIGNED)
    document = did_document(KEY.did, [KeyRecord(KEY.public, revoked=NEXT)])
    lines = [
        {"suite": suite, "state": "not_checked", "code": "key_retired_unproven"}
        for suite in ("eddsa-jcs-2022", "eddsa-rdfc-2022")
    ]
    with refused(
        NotChecked,
        "eddsa-jcs-2022 was not checked",
        reason="key_retired_unproven",
        retired="2026-03-01T08:00:01Z",
        proofs=lines,
    ):
        check_signature(Bundle(credential, document), Signer(document, AS_OF, None))
    other = Bundle(credential | {"issuer": {"id": "did:web:other.example"}}, document)
    lines = [line | {"state": "failed", "code": "key_not_of_issuer"} for line in lines]
    with refused(
        SignatureInvalid,
        "eddsa-jcs-2022 fails",
        reason="key_not_of_issuer",
        method=KEY.method_id,
        proofs=lines,
    ):
        check_signature(other, Signer(document, AS_OF, None))


def test_a_step_is_a_line_of_the_report_however_it_ends() -> None:
    def fails() -> dict[str, Any]:
        raise ValidityInvalid("expired", "valid until then", until="then")

    def gap() -> dict[str, Any]:
        raise NotChecked("no_rpc", "no chain endpoint was given", rpc=None)

    lines = (
        run_step("a", lambda: {"x": 1}),
        run_step("b", fails),
        run_step("c", gap),
        Check("d", State.NOT_ASKED, "not_asked"),
    )
    assert Report(lines, None).to_json() == {
        "verdict": "invalid",
        "checks": [
            {"id": "a", "state": "ok", "code": "ok", "params": {"x": 1}},
            {"id": "b", "state": "failed", "code": "expired", "params": {"until": "then"}},
            {"id": "c", "state": "not_checked", "code": "no_rpc", "params": {"rpc": None}},
            {"id": "d", "state": "not_asked", "code": "not_asked", "params": {}},
        ],
    }
    assert Report((lines[0], lines[2]), None).verdict is Verdict.PARTIAL
    assert Report((lines[0], lines[3]), None).verdict is Verdict.VALID
