"""What the conformance endpoints answer, word by word: refusals, DID documents, status lists, headers."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from ledger.canonical import canonical_bytes, to_multibase
from ledger.conformance.desk import Desk, check_shape
from ledger.conformance.did_key import document_of, key_of
from ledger.conformance.server import Endpoints, serve
from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.errors import NotAModel, NotFound, SignatureInvalid, ValidityInvalid
from ledger.jose.compact import sign_compact
from ledger.keys import SigningKey
from support.refusals import refused

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = SigningKey.from_seed(bytes(range(32)))
# The did:key of the seed 00…1f, by another implementation (RFC 8032, multicodec ed01, base58btc).
MULTIKEY = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
DID = f"did:key:{MULTIKEY}"
METHOD = f"{DID}#{MULTIKEY}"
V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
TERMS = "https://w3id.org/security/data-integrity/v2"
FIRST = f"the first context is not {V2}"
DESK = Desk(KEY)
ENDPOINTS = Endpoints(DESK, lambda: NOW)
CREDENTIAL: dict[str, Any] = {
    "@context": [V2],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:somebody",
    "credentialSubject": {"id": "did:example:a", "name": "Alice"},
}
PRESENTATION: dict[str, Any] = {"@context": [V2], "type": ["VerifiablePresentation"]}


def presented(document: dict[str, Any], purpose: str = "authentication", **more: Any) -> dict[str, Any]:
    """Sign any document eddsa-jcs-2022, as a holder's wallet would."""
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": METHOD,
        "proofPurpose": purpose,
        **more,
    }
    value = to_multibase(KEY.sign(EDDSA_JCS.signed_bytes(document, config)))
    return document | {"proof": config | {"proofValue": value}}


def enveloped(claims: dict[str, Any], kind: str, **headers: str) -> dict[str, Any]:
    token = sign_compact(canonical_bytes(claims), KEY, headers={"kid": METHOD, **headers})
    return {"@context": [V2], "type": kind, "id": f"data:application/{headers['typ']},{token}"}


def post(path: str, body: Any) -> tuple[int, Any]:
    return ENDPOINTS.answer("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())


# The method did:key


def test_the_document_of_a_key_names_it_for_every_use_but_agreement() -> None:
    assert document_of(DID) == {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": DID,
        "verificationMethod": [
            {"id": METHOD, "type": "Multikey", "controller": DID, "publicKeyMultibase": MULTIKEY}
        ],
        "authentication": [METHOD],
        "assertionMethod": [METHOD],
        "capabilityInvocation": [METHOD],
        "capabilityDelegation": [METHOD],
    }


def test_a_method_of_a_key_gives_the_key() -> None:
    assert key_of(METHOD).multikey == MULTIKEY


# 80 characters of a stranger's name are told, and no 81st.
LONG = "did:web:" + "a" * 72


@pytest.mark.parametrize("did", [f"{LONG}b", MULTIKEY, "did:key:z1", f"x{DID}"])
def test_what_is_no_key_has_no_document(did: str) -> None:
    told = did[:80]
    with refused(NotFound, f"{told} is no did:key of a known kind", did=told):
        document_of(did)


@pytest.mark.parametrize("method", [f"{LONG}#key", f"{MULTIKEY}#{MULTIKEY}", "did:key:z1#z1", ""])
def test_what_is_no_key_has_no_method(method: str) -> None:
    told = method[:80]
    with refused(SignatureInvalid, f"no key {told}", reason="unknown_key", method=told):
        key_of(method)


@pytest.mark.parametrize("fragment", ["", "#", "#z6Mk", f"#{MULTIKEY}#{MULTIKEY}", f"##{MULTIKEY}"])
def test_a_fragment_is_the_key_itself(fragment: str) -> None:
    method = f"{DID}{fragment}"
    with refused(SignatureInvalid, "the fragment is another key", reason="unknown_key", method=method[:80]):
        key_of(method)


# Issuing


def test_nothing_is_issued_in_a_way_nobody_knows() -> None:
    with refused(NotFound, "nothing is issued as bbs-2023", how="bbs-2023"):
        DESK.issue(CREDENTIAL, "bbs-2023", now=NOW)


def test_a_proof_that_came_with_the_credential_is_not_signed_over() -> None:
    made = DESK.issue(CREDENTIAL | {"proof": {"type": "DataIntegrityProof"}}, "eddsa-jcs-2022", now=NOW)
    assert made["proof"] | {"nonce": "", "proofValue": ""} == {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-06-01T00:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "nonce": "",
        "@context": [V2],
        "proofValue": "",
    }
    assert {name: made[name] for name in made if name != "proof"} == CREDENTIAL | {"issuer": DID}


def test_terms_of_proofs_are_added_to_version_1_once_and_never_to_version_2() -> None:
    old = {**CREDENTIAL, "@context": [V1], "issuanceDate": "2026-01-01T00:00:00Z"}
    old["credentialSubject"] = {"id": "did:example:a"}
    assert DESK.issue(old, "eddsa-jcs-2022", now=NOW)["@context"] == [V1, TERMS]
    assert DESK.issue(old | {"@context": [V1, TERMS]}, "set", now=NOW)["@context"] == [V1, TERMS]
    assert DESK.issue(CREDENTIAL, "set", now=NOW)["@context"] == [V2]


def test_a_status_list_is_good_for_an_hour() -> None:
    made = DESK.status_list("urn:list", "suspension", now=NOW)
    subject = made["credentialSubject"]
    assert (made["id"], made["issuer"]) == ("urn:list", {"id": DID})
    assert (made["validFrom"], made["validUntil"]) == ("2026-06-01T00:00:00Z", "2026-06-01T01:00:00Z")
    assert (subject["id"], subject["statusPurpose"]) == ("urn:list/1#list", "suspension")
    DESK.verify(made, now=NOW + timedelta(minutes=59))


# Verifying


@pytest.mark.parametrize(
    ("value", "reason", "sentence"),
    [
        ("text", "credential", "credential is no object"),
        (["VerifiableCredential"], "credential", "credential is no object"),
        ({}, "@context", FIRST),
        ({"@context": []}, "@context", FIRST),
        ({"@context": V1}, "@context", FIRST),
        ({"@context": [V1]}, "type", "no type, or one that is no text"),
        ({"type": "XEnvelopedVerifiableCredential"}, "@context", FIRST),
        ({"type": ["XEnvelopedVerifiableCredential"]}, "@context", FIRST),
        ({"type": 7}, "@context", FIRST),
    ],
)
def test_what_is_no_credential_is_judged_by_the_data_model(value: Any, reason: str, sentence: str) -> None:
    with refused(NotAModel, sentence, reason=reason):
        DESK.verify(value, now=NOW)


def test_version_1_needs_the_date_it_calls_issuance_date() -> None:
    old = {**CREDENTIAL, "@context": [V1]}
    check_shape(old | {"issuanceDate": "2026-01-01T00:00:00Z"})
    with refused(NotAModel, "issuanceDate is no dateTimeStamp", reason="issuanceDate"):
        check_shape(old)
    with refused(NotAModel, "a context is neither an address nor an object", reason="@context"):
        check_shape(old | {"@context": [V1, 7], "issuanceDate": "2026-01-01T00:00:00Z"})


def test_a_credential_is_signed_by_the_issuer_it_names() -> None:
    signed = presented({**CREDENTIAL, "issuer": "did:example:x"}, "assertionMethod")
    with refused(NotAModel, "no proof is made with a key of the issuer's", reason="issuer"):
        DESK.verify(signed, now=NOW)


def test_what_an_envelope_holds_follows_the_data_model_and_is_judged_at_the_moment() -> None:
    claims = {**CREDENTIAL, "issuer": DID, "exp": int(NOW.timestamp()) + 1}
    made = enveloped(claims, "EnvelopedVerifiableCredential", typ="vc+jwt", cty="vc")
    DESK.verify(made, now=NOW)
    with refused(ValidityInvalid, "the token holds no longer", reason="expired"):
        DESK.verify(made, now=NOW + timedelta(seconds=1))
    shapeless = enveloped({**claims, "name": 7}, "EnvelopedVerifiableCredential", typ="vc+jwt", cty="vc")
    with refused(NotAModel, "name is neither text nor a language value", reason="name"):
        DESK.verify(shapeless, now=NOW)


def test_an_enveloped_presentation_is_judged_at_the_moment() -> None:
    claims = {**PRESENTATION, "exp": int(NOW.timestamp()) + 1}
    made = enveloped(claims, "EnvelopedVerifiablePresentation", typ="vp+jwt", cty="vp")
    DESK.verify_presentation(made, now=NOW)
    with refused(ValidityInvalid, "the token holds no longer", reason="expired"):
        DESK.verify_presentation(made, now=NOW + timedelta(seconds=1))


def test_what_an_enveloped_presentation_holds_is_judged_at_the_moment() -> None:
    held = presented({**CREDENTIAL, "issuer": DID}, "assertionMethod", expires="2026-06-01T00:00:01Z")
    claims = {**PRESENTATION, "verifiableCredential": [held]}
    made = enveloped(claims, "EnvelopedVerifiablePresentation", typ="vp+jwt", cty="vp")
    DESK.verify_presentation(made, now=NOW)
    with refused(SignatureInvalid, "the proof expired at 2026-06-01T00:00:01Z", reason="proof_expired"):
        DESK.verify_presentation(made, now=NOW + timedelta(seconds=1))


def test_a_presentation_is_made_for_the_domain_and_the_challenge_asked_for() -> None:
    made = presented(PRESENTATION, domain="shop.example", challenge="c1")
    DESK.verify_presentation(made, now=NOW)
    DESK.verify_presentation(made, now=NOW, domain="shop.example", challenge="c1")
    with refused(SignatureInvalid, "made for another domain", reason="wrong_audience"):
        DESK.verify_presentation(made, now=NOW, domain="other.example", challenge="c1")
    with refused(SignatureInvalid, "made for another challenge", reason="wrong_audience"):
        DESK.verify_presentation(made, now=NOW, domain="shop.example", challenge="c2")


def test_a_presentation_is_for_authentication_and_its_proof_does_not_expire_before_it_is_shown() -> None:
    with refused(SignatureInvalid, "not made for authentication", reason="wrong_purpose"):
        DESK.verify_presentation(presented(PRESENTATION, "assertionMethod"), now=NOW)
    made = presented(PRESENTATION, expires="2026-06-01T00:00:01Z")
    DESK.verify_presentation(made, now=NOW)
    with refused(SignatureInvalid, "the proof expired at 2026-06-01T00:00:01Z", reason="proof_expired"):
        DESK.verify_presentation(made, now=NOW + timedelta(seconds=1))


def test_a_credential_without_a_proof_is_its_holders_own_and_follows_the_data_model() -> None:
    own = {**CREDENTIAL, "issuer": DID}
    DESK.verify_presentation(presented(PRESENTATION | {"holder": DID, "verifiableCredential": [own]}), now=NOW)
    stranger = PRESENTATION | {"holder": "did:example:h", "verifiableCredential": [own]}
    with refused(NotAModel, "a self-asserted credential is not its holder's", reason="issuer"):
        DESK.verify_presentation(presented(stranger), now=NOW)
    broken = PRESENTATION | {"holder": DID, "verifiableCredential": [{**own, "@context": []}]}
    with refused(NotAModel, FIRST, reason="@context"):
        DESK.verify_presentation(presented(broken), now=NOW)


# Over HTTP


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/verifiers/credentials/verify", b"[]", 400, "malformed: the request is no object"),
        ("/verifiers/credentials/verify", b"{}", 400, "malformed: the request has no verifiableCredential"),
        ("/verifiers/presentations/verify", b"{}", 400, "malformed: the request has no verifiablePresentation"),
        ("/issuers/set/credentials/issue", b"{}", 400, "malformed: the request has no credential"),
        ("/verifiers/credentials/verify", {"verifiableCredential": {}}, 400, f"@context: {FIRST}"),
        ("/issuers/x/credentials/issue", {"credential": CREDENTIAL}, 404, "not_found: nothing is issued as x"),
        ("/nowhere", b"", 404, "not_found: no such address"),
        ("/verifiers/credentials", b"", 404, "not_found: no such address"),
        ("/", b"{}", 404, "not_found: no such address"),
    ],
)
def test_a_refusal_says_its_code_and_its_sentence(path: str, body: Any, status: int, error: str) -> None:
    assert post(path, body) == (status, {"verified": False, "errors": [error]})


@pytest.mark.parametrize("path", ["/nowhere", "/status", "/status/message", "/dids", "/dids/a/b"])
def test_nothing_is_found_at_other_addresses(path: str) -> None:
    answer = {"verified": False, "errors": ["not_found: no such address"]}
    assert ENDPOINTS.answer("GET", path, b"") == (404, answer)


def test_a_status_list_is_found_under_its_purpose_and_named_by_it() -> None:
    for purpose in ("revocation", "suspension"):
        status, found = ENDPOINTS.answer("GET", f"/status/{purpose}", b"")
        assert (status, found["id"]) == (200, f"urn:tallystick:status:{purpose}")
        assert found["validFrom"] == "2026-06-01T00:00:00Z"


def test_what_verifies_is_said_to() -> None:
    good = {"verified": True, "checks": ["proof"], "warnings": [], "errors": []}
    issued = DESK.issue(CREDENTIAL, "set", now=NOW)
    assert post("/verifiers/credentials/verify", {"verifiableCredential": issued}) == (200, good)
    made = presented(PRESENTATION, domain="d", challenge="c")
    path = "/verifiers/presentations/verify"
    for options in ({"domain": "d", "challenge": "c"}, {"domain": "d"}, {}, 7, None):
        assert post(path, {"verifiablePresentation": made, "options": options}) == (200, good)
    for name, options in (("domain", {"domain": "x", "challenge": "c"}), ("challenge", {"challenge": "x"})):
        answer = {"verified": False, "errors": [f"wrong_audience: made for another {name}"]}
        assert post(path, {"verifiablePresentation": made, "options": options}) == (400, answer)


def test_a_path_is_read_with_its_escapes() -> None:
    assert ENDPOINTS.answer("GET", f"/dids/{DID.replace(':', '%3A')}/", b"") == (200, document_of(DID))
    assert post("/issuers/eddsa%2Djcs-2022/credentials/issue", {"credential": CREDENTIAL})[0] == 201


@pytest.fixture
def port() -> Iterator[int]:
    with serve(DESK, port=0, now=lambda: NOW) as server:
        assert server.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def told(connection: HTTPConnection) -> tuple[HTTPResponse, Any]:
    response = connection.getresponse()
    text = response.read()
    # Names of headers are sent as everybody spells them; some clients look for no other spelling.
    names, values = zip(*response.getheaders(), strict=True)
    assert names == ("Server", "Date", "Content-Type", "Content-Length")
    assert values[2:] == ("application/json", str(len(text)))
    return response, json.loads(text)


def test_many_questions_are_answered_over_one_connection(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/")
    response, answer = told(connection)
    assert (response.status, response.version) == (200, 11)
    assert answer == {"did": DID, "issues": ["eddsa-jcs-2022", "eddsa-rdfc-2022", "set"]}
    kept = connection.sock
    connection.request("POST", "/verifiers/credentials/verify", b'{"verifiableCredential": "\xe5\xad\x97"}')
    assert told(connection)[1] == {"verified": False, "errors": ["credential: credential is no object"]}
    connection.request("POST", "/nowhere")
    assert told(connection)[0].status == 404
    assert connection.sock is kept
    connection.close()


def test_words_of_every_script_are_sent_as_they_are(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/dids/%E5%AD%97")
    text = connection.getresponse().read().decode()
    connection.close()
    assert text == '{"verified": false, "errors": ["not_found: 字 is no did:key of a known kind"]}'


def test_a_question_without_a_length_has_no_body(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        assert caller.recv(12) == b"HTTP/1.1 404"


@pytest.mark.parametrize(("size", "status"), [(1_048_576, 400), (1_048_577, 413)])
def test_a_request_past_the_limit_is_not_even_read(port: int, size: int, status: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    body = b" " * size if status == 400 else b""
    connection.request("POST", "/verifiers/credentials/verify", body, {"Content-Length": str(size)})
    response, answer = told(connection)
    assert response.status == status
    if status == 413:
        assert answer == {"errors": ["too_large"]}
        # Nobody reads the rest, so the connection cannot go on.
        assert connection.sock.recv(1) == b""
    connection.close()
