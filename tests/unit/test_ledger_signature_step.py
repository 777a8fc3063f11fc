"""Every proof of a set has its own verdict, and the signature's follows from all of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.bundle import Bundle
from ledger.dataintegrity import linkeddata
from ledger.dataintegrity.suites import EDDSA_JCS, EDDSA_RDFC, Suite
from ledger.errors import NotChecked, SignatureInvalid
from ledger.keys import KeyRecord, SigningKey, did_document
from ledger.kinds.envelope import OWN_TERMS_CONTEXT, VC_CONTEXT
from ledger.proof import sign
from ledger.verification.signature import Signer, check_signature
from support.refusals import refused

DID = "did:web:portal.example"
KEY = SigningKey.from_seed(bytes(range(32)), DID)
CREATED = datetime(2026, 3, 1, 8, tzinfo=UTC)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
UNSIGNED = {
    "@context": [VC_CONTEXT, OWN_TERMS_CONTEXT],
    "id": "urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
    "type": ["VerifiableCredential"],
    "issuer": {"id": DID},
    "credentialSubject": {"id": "urn:x", "grade": "特级"},
}


def signed(*suites: Suite, **changes: Any) -> dict[str, Any]:
    return sign(UNSIGNED | changes, KEY, created=CREATED, suites=suites or (EDDSA_JCS, EDDSA_RDFC))


def check(credential: dict[str, Any], record: KeyRecord | None = None) -> dict[str, Any]:
    document = did_document(DID, [record or KeyRecord(KEY.public)])
    return check_signature(Bundle(credential, document), Signer(document, AS_OF, None))


def refusal_of(credential: dict[str, Any], record: KeyRecord | None = None) -> tuple[str, list[dict[str, str]]]:
    with pytest.raises((SignatureInvalid, NotChecked)) as refusal:
        check(credential, record)
    return refusal.value.reason, refusal.value.values["proofs"]


def line(suite: str, state: str, code: str) -> dict[str, str]:
    return {"suite": suite, "state": state, "code": code}


BOTH = [line("eddsa-jcs-2022", "ok", "ok"), line("eddsa-rdfc-2022", "ok", "ok")]


def test_each_proof_of_a_set_is_told_apart() -> None:
    method = KEY.method_id
    assert check(signed()) == {"method": method, "created": "2026-03-01T08:00:00Z", "proofs": BOTH}


def test_proof_over_meaning_alone_is_enough() -> None:
    assert check(signed(EDDSA_RDFC))["proofs"] == BOTH[1:]


def test_changed_meaning_fails_the_proof_over_it() -> None:
    credential = signed(EDDSA_RDFC) | {"credentialSubject": {"id": "urn:x", "grade": "一级"}}
    code, proofs = refusal_of(credential)
    assert (code, proofs) == (
        "signature_mismatch",
        [line("eddsa-rdfc-2022", "failed", "signature_mismatch")],
    )


def test_same_meaning_in_another_order_keeps_the_proof_over_it() -> None:
    credential = json.loads(json.dumps(signed(EDDSA_RDFC), sort_keys=True))
    assert check(credential)["proofs"] == BOTH[1:]


def test_term_that_nobody_defined_is_not_covered_and_fails() -> None:
    credential = signed(EDDSA_RDFC, **{"@context": [VC_CONTEXT], "credentialSubject": {"id": "urn:x"}})
    credential["credentialSubject"]["grade"] = "特级"
    assert refusal_of(credential) == ("undefined_terms", [line("eddsa-rdfc-2022", "failed", "undefined_terms")])


def test_unknown_context_is_not_a_no() -> None:
    credential = signed(EDDSA_JCS, **{"@context": [VC_CONTEXT, "https://example.com/terms"]})
    over_meaning = signed(EDDSA_RDFC)["proof"]
    alone = credential | {"proof": over_meaning}
    assert refusal_of(alone)[0] == "unknown_context"
    both = credential | {"proof": [credential["proof"], over_meaning]}
    assert check(both)["proofs"] == [BOTH[0], line("eddsa-rdfc-2022", "not_checked", "unknown_context")]


def test_costly_graph_is_not_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    credential = signed(
        EDDSA_RDFC, credentialSubject={"parts": [{"id": "_:a"}, {"same": [{}, {}]}, {"same": [{}, {}]}]}
    )
    monkeypatch.setattr(linkeddata, "MAX_STEPS", 0)
    assert refusal_of(credential)[0] == "graph_too_costly"


def test_suites_nobody_knows_are_no_signature_however_many() -> None:
    credential = signed(EDDSA_JCS)
    unknown = credential["proof"] | {"cryptosuite": "merkle-proof-2019"}
    code, proofs = refusal_of(credential | {"proof": [unknown, unknown]})
    assert (code, proofs) == ("unknown_suite", [line("merkle-proof-2019", "not_checked", "unknown_suite")] * 2)


def test_unknown_suite_does_not_hide_why_the_other_was_not_checked() -> None:
    credential = signed(EDDSA_JCS)
    unknown = credential["proof"] | {"cryptosuite": 7}
    record = KeyRecord(KEY.public, revoked=datetime(2026, 4, 1, tzinfo=UTC))
    code, proofs = refusal_of(credential | {"proof": [unknown, credential["proof"]]}, record)
    assert code == "key_retired_unproven"
    assert proofs == [
        line("?", "not_checked", "unknown_suite"),
        line("eddsa-jcs-2022", "not_checked", "key_retired_unproven"),
    ]


def test_a_key_of_another_than_the_issuer_is_told_by_its_address() -> None:
    other = SigningKey.from_seed(bytes(32), "did:web:elsewhere.example")
    credential = sign(UNSIGNED, other, created=CREATED, suites=(EDDSA_JCS,))
    proofs = [line("eddsa-jcs-2022", "failed", "key_not_of_issuer")]
    values = {"reason": "key_not_of_issuer", "method": other.method_id, "proofs": proofs}
    with refused(SignatureInvalid, "eddsa-jcs-2022 fails", **values):
        check(credential)
