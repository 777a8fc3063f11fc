"""The throw-away issuer of the conformance suites: what it takes, what it refuses, and how it answers."""

import copy
import json
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

import pytest
from click.testing import CliRunner

from ledger.canonical import canonical_bytes, to_multibase
from ledger.conformance.desk import Desk
from ledger.conformance.did_key import document_of, key_of
from ledger.conformance.server import Endpoints, serve
from ledger.dataintegrity.documents import Expected, check_document
from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.errors import LedgerError, NotAModel, NotFound, SignatureInvalid
from ledger.jose.compact import sign_compact
from ledger.keys import SigningKey
from ledger.status import StatusList
from portal.cli import commands
from support.refusals import refused

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = SigningKey.from_seed(bytes(range(32)))
DESK = Desk(KEY)
V2 = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL: dict[str, Any] = {
    "@context": [V2],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:somebody",
    "credentialSubject": {"id": "did:example:a", "name": "Alice"},
}


def issued(how: str = "eddsa-rdfc-2022", **changes: Any) -> dict[str, Any]:
    return DESK.issue(CREDENTIAL | changes, how, now=NOW)


@pytest.mark.parametrize("how", ["eddsa-jcs-2022", "eddsa-rdfc-2022", "set", "vc+jwt"])
def test_what_is_issued_verifies_and_a_changed_copy_does_not(how: str) -> None:
    made = issued(how)
    DESK.verify(made, now=NOW)
    changed = copy.deepcopy(made)
    changed["credentialSubject"] = {"id": "did:example:b"}
    if how == "vc+jwt":
        changed = made | {"id": made["id"][:-4] + "AAAA"}
    with pytest.raises(LedgerError):
        DESK.verify(changed, now=NOW)


def test_issuer_becomes_the_desks_own() -> None:
    assert issued()["issuer"] == KEY.did
    assert issued(issuer={"id": "did:example:x", "name": "X"})["issuer"] == {"id": KEY.did, "name": "X"}


def test_undefined_terms_are_refused_even_by_the_suite_over_json() -> None:
    with pytest.raises(LedgerError, match="no context defines grade"):
        issued("eddsa-jcs-2022", credentialSubject={"grade": "1"})


def test_another_way_of_issuing_is_unknown() -> None:
    with pytest.raises(NotFound):
        issued("bbs-2023")


def test_version_1_is_issued_with_the_terms_of_proofs() -> None:
    old: dict[str, Any] = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:a"},
    }
    terms = "https://w3id.org/security/data-integrity/v2"
    made = issued(**old)
    assert made["@context"] == [*old["@context"], terms]
    DESK.verify(made, now=NOW)
    assert issued(**old | {"@context": made["@context"]})["@context"] == made["@context"]
    with pytest.raises(NotAModel):
        issued(**old | {"issuanceDate": "yesterday"})


def test_credential_signed_with_anothers_key_is_refused() -> None:
    other = Desk(SigningKey.from_seed(bytes(32))).issue(CREDENTIAL, "eddsa-jcs-2022", now=NOW)
    stranger = other | {"issuer": KEY.did, "proof": issued("eddsa-jcs-2022")["proof"]}
    DESK.verify(stranger, now=NOW)
    with pytest.raises(LedgerError):
        DESK.verify(stranger | {"issuer": "did:example:x"}, now=NOW)


def test_key_of_another_than_the_issuer_is_refused() -> None:
    signed = presented({**CREDENTIAL, "issuer": "did:example:x"}, "assertionMethod")
    with pytest.raises(NotAModel, match="no proof is made with a key of the issuer's"):
        DESK.verify(signed, now=NOW)


def presented(document: dict[str, Any], purpose: str = "authentication", **more: Any) -> dict[str, Any]:
    """Sign any document eddsa-jcs-2022, as a holder's wallet would."""
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-05-01T00:00:00Z",
        "verificationMethod": KEY.method_id,
        "proofPurpose": purpose,
        **more,
    }
    value = to_multibase(KEY.sign(EDDSA_JCS.signed_bytes(document, config)))
    return document | {"proof": config | {"proofValue": value}}


def presentation(*held: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": list(held), **more}


def test_presentation_is_checked_with_every_credential_in_it() -> None:
    made = presented(presentation(issued(), issued("vc+jwt")))
    DESK.verify_presentation(made, now=NOW)
    DESK.verify_presentation(presented({"@context": [V2], "type": "VerifiablePresentation"}), now=NOW)
    DESK.verify_presentation(presented(presentation() | {"verifiableCredential": issued()}), now=NOW)
    broken = issued() | {"credentialSubject": {"id": "did:example:b"}}
    with pytest.raises(LedgerError):
        DESK.verify_presentation(presented(presentation(broken)), now=NOW)


def test_self_asserted_credential_is_taken_from_its_holder_only() -> None:
    own = {**CREDENTIAL, "issuer": KEY.did}
    DESK.verify_presentation(presented(presentation(own, holder=KEY.did)), now=NOW)
    with pytest.raises(NotAModel):
        DESK.verify_presentation(presented(presentation(own, holder="did:example:h")), now=NOW)


def test_enveloped_presentation_is_opened_and_what_it_holds_is_checked() -> None:
    headers = {"typ": "vp+jwt", "cty": "vp", "kid": KEY.method_id}
    token = sign_compact(canonical_bytes(presentation(issued())), KEY, headers=headers)
    envelope = {"@context": [V2], "type": "EnvelopedVerifiablePresentation"}
    DESK.verify_presentation(envelope | {"id": f"data:application/vp+jwt,{token}"}, now=NOW)
    with pytest.raises(LedgerError):
        DESK.verify_presentation(envelope | {"id": "data:application/vp+jwt,x"}, now=NOW)


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"type": "Signature"}, "malformed_proof", "not a Data Integrity proof with a verification method"),
        (
            {"verificationMethod": 7},
            "malformed_proof",
            "not a Data Integrity proof with a verification method",
        ),
        ({"proofValue": "m1"}, "malformed_proof", "unreadable proofValue: not base58btc multibase text"),
        ({"proofPurpose": "authentication"}, "wrong_purpose", "not made for assertionMethod"),
        ({"created": "yesterday"}, "malformed_proof", "a date of the proof is no dateTimeStamp"),
        ({"created": 7}, "malformed_proof", "a date of the proof is no dateTimeStamp"),
        (
            {"created": "2026-02-30T00:00:00Z"},
            "malformed_proof",
            "a date of the proof: day is out of range for month",
        ),
        ({"expires": "2026-05-31T23:59:59"}, "proof_expired", "the proof expired at 2026-05-31T23:59:59"),
        ({"expires": "2026-06-01T00:00:00Z"}, "proof_expired", "the proof expired at 2026-06-01T00:00:00Z"),
        (
            {"expires": "2026-06-01T07:00:00+08:00"},
            "proof_expired",
            "the proof expired at 2026-06-01T07:00:00+08:00",
        ),
        ({"previousProof": "urn:none"}, "previous_proof_missing", "a proof names one that is not there"),
        ({"@context": ["https://example.org/other"]}, "context_differs", "the proof was made for other contexts"),
    ],
)
def test_proof_that_breaks_the_standard_is_refused(change: dict[str, Any], reason: str, sentence: str) -> None:
    made = issued("eddsa-jcs-2022")
    made["proof"] |= change
    with refused(SignatureInvalid, sentence, reason=reason):
        check_document(made, key_of, Expected("assertionMethod", NOW))


@pytest.mark.parametrize("name", ["bbs-2023", 7])
def test_proof_of_an_unknown_suite_is_refused_by_name(name: object) -> None:
    made = issued("eddsa-jcs-2022")
    made["proof"]["cryptosuite"] = name
    with refused(SignatureInvalid, f"an unknown suite: {name}", reason="unknown_suite", suite=str(name)):
        check_document(made, key_of, Expected("assertionMethod", NOW))


@pytest.mark.parametrize("method", ["did:key:z6Mk#z6Mk", f"{KEY.did}#z6Mk", "did:web:example.org#k"])
def test_proof_of_a_key_that_nobody_knows_is_refused(method: str) -> None:
    made = issued("eddsa-jcs-2022")
    made["proof"]["verificationMethod"] = method
    with pytest.raises(SignatureInvalid) as refusal:
        check_document(made, key_of, Expected("assertionMethod", NOW))
    assert refusal.value.reason == "unknown_key"


@pytest.mark.parametrize("changed", ["verificationMethod", "proofPurpose", "created"])
def test_whose_proofs_a_document_carries_is_told_in_their_order(changed: str) -> None:
    made = issued("set")
    expected = Expected("assertionMethod", NOW)
    assert check_document(made, key_of, expected) == (KEY.did, KEY.did)
    made["proof"][1] |= {changed: "z"}
    with pytest.raises(SignatureInvalid):
        check_document(made, key_of, expected)


def test_a_chain_of_proofs_signs_the_proofs_before_it() -> None:
    document = presentation()
    first = presented(document, id="urn:first")["proof"]
    chained = presented(document | {"proof": [first]}, previousProof="urn:first")
    second = chained["proof"]
    made = document | {"proof": [first, second]}
    expected = Expected("authentication", NOW)
    assert check_document(made, key_of, expected) == (KEY.did, KEY.did)
    with refused(SignatureInvalid, "not signed by this key", reason="signature_mismatch"):
        check_document(
            document | {"proof": [first, presented(document, previousProof="urn:first")["proof"]]},
            key_of,
            expected,
        )
    both = presented(document | {"proof": [first]}, previousProof=["urn:first", "urn:none"])["proof"]
    with refused(SignatureInvalid, "a proof names one that is not there", reason="previous_proof_missing"):
        check_document(document | {"proof": [first, both]}, key_of, expected)


@pytest.mark.parametrize("proof", [[{}] * 17, ["z1"], "z1"])
def test_document_without_readable_proofs_is_refused(proof: Any) -> None:
    with refused(SignatureInvalid, "not 1 to 16 proofs", reason="malformed_proof"):
        check_document(CREDENTIAL | {"proof": proof}, key_of, Expected("assertionMethod", NOW))


@pytest.mark.parametrize(
    "document", ["text", CREDENTIAL, CREDENTIAL | {"proof": None}, CREDENTIAL | {"proof": []}]
)
def test_document_without_proofs_is_refused(document: Any) -> None:
    with refused(SignatureInvalid, "the document carries no proof", reason="missing_proof"):
        check_document(document, key_of, Expected("assertionMethod", NOW))


def test_whose_key_it_is_ends_at_the_first_sign_of_a_fragment() -> None:
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": "did:web:portal.example#a#b",
        "proofPurpose": "assertionMethod",
    }
    value = to_multibase(KEY.sign(EDDSA_JCS.signed_bytes(CREDENTIAL, config)))
    made = CREDENTIAL | {"proof": config | {"proofValue": value}}
    assert check_document(made, lambda _: KEY.public, Expected("assertionMethod", NOW)) == (
        "did:web:portal.example",
    )


def test_sixteen_proofs_are_judged() -> None:
    made = issued("eddsa-jcs-2022")
    made["proof"] = [made["proof"]] * 16
    assert check_document(made, key_of, Expected("assertionMethod", NOW)) == (KEY.did,) * 16


def test_proof_is_for_the_audience_asked_for() -> None:
    made = presented(presentation(), domain="shop.example", challenge="c1", expires="2026-07-01T00:00:00+08:00")
    check_document(made, key_of, Expected("authentication", NOW, "shop.example", "c1"))
    for domain, challenge, name in (("other.example", None, "domain"), (None, "c2", "challenge")):
        with refused(SignatureInvalid, f"made for another {name}", reason="wrong_audience"):
            check_document(made, key_of, Expected("authentication", NOW, domain, challenge))
    listed = presented(presentation(), domain=["shop.example"])
    check_document(listed, key_of, Expected("authentication", NOW, "shop.example"))
    with refused(SignatureInvalid, "made for another challenge", reason="wrong_audience"):
        check_document(listed, key_of, Expected("authentication", NOW, "shop.example", "c1"))


def test_document_may_add_contexts_behind_those_of_the_proof() -> None:
    made = presented({"@context": V2, "type": "VerifiablePresentation"}, **{"@context": V2})
    check_document(made | {"@context": [V2, "urn:more"]}, key_of, Expected("authentication", NOW))


ENDPOINTS = Endpoints(DESK, lambda: NOW)


def post(path: str, body: Any) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ENDPOINTS.answer("POST", path, data)


def test_replies_come_bare_or_wrapped_by_path() -> None:
    status, bare = post("/issuers/eddsa-jcs-2022/credentials/issue", {"credential": CREDENTIAL})
    assert (status, bare["proof"]["cryptosuite"]) == (201, "eddsa-jcs-2022")
    status, wrapped = post("/wrapped/issuers/set/credentials/issue", {"credential": CREDENTIAL})
    assert (status, len(wrapped["verifiableCredential"]["proof"])) == (201, 2)
    status, found = post("/verifiers/credentials/verify", {"verifiableCredential": bare})
    assert (status, found["verified"]) == (200, True)
    made = presented(presentation(bare), domain="d", challenge="c")
    asked = {"verifiablePresentation": made, "options": {"domain": "d", "challenge": "c"}}
    assert post("/verifiers/presentations/verify", asked)[0] == HTTPStatus.OK
    assert post("/verifiers/presentations/verify", asked | {"options": 7})[0] == HTTPStatus.OK


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/verifiers/credentials/verify", b'{"a":1,"a":2}', 400, "duplicate_key: "),
        ("/verifiers/credentials/verify", b'{"a":"\\ud800"}', 400, "lone_surrogate: "),
        ("/verifiers/credentials/verify", b'{"a":9007199254740992}', 400, "unsafe_number: "),
        ("/verifiers/credentials/verify", b"[]", 400, "malformed: "),
        ("/verifiers/credentials/verify", b"{}", 400, "malformed: "),
        ("/verifiers/credentials/verify", {"verifiableCredential": CREDENTIAL}, 400, "missing_proof: "),
        ("/issuers/bbs-2023/credentials/issue", {"credential": CREDENTIAL}, 404, "not_found: "),
        ("/nowhere", b"", 404, "not_found: "),
    ],
)
def test_refusals_name_their_code(path: str, body: Any, status: int, error: str) -> None:
    found, reply = post(path, body)
    assert found == status
    assert reply["errors"][0].startswith(error)


def test_server_says_who_it_is_and_resolves_keys() -> None:
    assert ENDPOINTS.answer("GET", "/", b"") == (
        200,
        {"did": KEY.did, "issues": ["eddsa-jcs-2022", "eddsa-rdfc-2022", "set"]},
    )
    status, document = ENDPOINTS.answer("GET", f"/dids/{KEY.did}", b"")
    assert (status, document) == (200, document_of(KEY.did))
    assert document["authentication"] == [KEY.method_id]
    assert ENDPOINTS.answer("GET", "/dids/did:key:z1", b"")[0] == HTTPStatus.NOT_FOUND
    assert ENDPOINTS.answer("GET", "/elsewhere", b"")[0] == HTTPStatus.NOT_FOUND


def over_http(port: int, method: str, path: str, body: bytes = b"", size: int | None = None) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Content-Length": str(len(body) if size is None else size)})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


@pytest.mark.parametrize("purpose", ["revocation", "suspension"])
def test_status_list_is_signed_and_holds_no_bit(purpose: str) -> None:
    status, found = ENDPOINTS.answer("GET", f"/status/{purpose}", b"")
    assert (status, found["credentialSubject"]["statusPurpose"]) == (200, purpose)
    assert not any(StatusList.decode(found["credentialSubject"]["encodedList"]).bits)
    DESK.verify(found, now=NOW)
    assert ENDPOINTS.answer("GET", "/status/message", b"")[0] == HTTPStatus.NOT_FOUND


def test_endpoints_answer_over_http() -> None:
    with serve(DESK, port=0, now=lambda: NOW) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.server_address[1]
        assert over_http(port, "GET", "/")[1]["did"] == KEY.did
        body = json.dumps({"credential": CREDENTIAL}).encode()
        assert over_http(port, "POST", "/issuers/set/credentials/issue", body)[0] == HTTPStatus.CREATED
        assert over_http(port, "POST", "/x", b"1", size=1048577)[0] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        server.shutdown()
        thread.join()


def test_command_serves_until_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    done = CliRunner().invoke(commands, ["conformance", "--port", "0"])
    assert done.exit_code == 0
    assert done.output.startswith("http://127.0.0.1:")
    assert done.output.endswith("stopped\n")
