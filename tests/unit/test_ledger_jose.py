"""``vc+jwt`` and envelopes: what is signed, and every reason to refuse what somebody else made."""

import base64
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.canonical import to_multibase
from ledger.errors import EnvelopeInvalid, NotChecked, SignatureInvalid, ValidityInvalid, VerificationError
from ledger.jose.compact import read_compact
from ledger.jose.disclosing import seal_with_disclosures
from ledger.jose.envelope import open_credential, seal_credential
from ledger.jose.enveloped import open_enveloped, open_presentation, to_enveloped
from ledger.jose.keys import checking_key
from ledger.keys import SigningKey
from support.envelopes import CREDENTIAL, DID, KEY, NOW, decoded, documents, encoded, token


def opened(text: str, **dates: datetime) -> dict[str, Any]:
    return open_credential(text, documents(**dates), as_of=NOW)


def reason(text: str, **dates: datetime) -> str:
    with pytest.raises((VerificationError, NotChecked)) as refusal:
        opened(text, **dates)
    return refusal.value.reason


# ---- issuing --------------------------------------------------------------------------------------------------


def test_envelope_names_key_and_kinds() -> None:
    header = decoded(seal_credential(CREDENTIAL, KEY).split(".")[0])
    assert header == {"alg": "EdDSA", "cty": "vc", "kid": KEY.method_id, "typ": "vc+jwt"}


def test_envelope_holds_the_credential_without_its_proofs() -> None:
    assert opened(seal_credential({**CREDENTIAL, "proof": {"type": "DataIntegrityProof"}}, KEY)) == CREDENTIAL


def test_same_credential_gives_the_same_envelope() -> None:
    assert seal_credential(CREDENTIAL, KEY) == seal_credential(dict(reversed(CREDENTIAL.items())), KEY)


def test_pyjwt_opens_what_we_issue() -> None:
    text = seal_credential(CREDENTIAL, KEY)
    assert jwt.decode(text, KEY.private.public_key(), algorithms=["EdDSA"]) == CREDENTIAL


def test_key_seals_its_own_issuers_credentials_only() -> None:
    with pytest.raises(EnvelopeInvalid) as refusal:
        seal_credential(CREDENTIAL, SigningKey.generate("did:web:other.example"))
    assert refusal.value.reason == "signer_differs"


# ---- reading --------------------------------------------------------------------------------------------------


def test_every_changed_part_is_refused() -> None:
    header, payload, signature = seal_credential(CREDENTIAL, KEY).split(".")
    other = encoded({**CREDENTIAL, "validFrom": "2027-03-01T08:00:00Z"})
    assert reason(f"{header}.{other}.{signature}") == "signature_mismatch"
    longer = encoded({**decoded(header), "x": 1})
    assert reason(f"{longer}.{payload}.{signature}") == "signature_mismatch"
    assert reason(f"{header}.{payload}.{encoded(bytes(64))}") == "signature_mismatch"


def test_signature_has_one_spelling() -> None:
    text = seal_credential(CREDENTIAL, KEY)
    # 64 bytes leave four bits of the last character unused: flip one of them.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    assert base64.urlsafe_b64decode(twin.split(".")[2] + "==") == base64.urlsafe_b64decode(
        text.split(".")[2] + "=="
    )
    assert reason(twin) == "malformed_envelope"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "malformed_envelope"),
        ("a.b", "malformed_envelope"),
        (f"{'a' * 4}.{'b' * (1 << 20)}.{'c' * 4}", "malformed_envelope"),
        (f"{encoded(b'[]')}.e30.AA", "malformed_envelope"),
        (f"{encoded(b'{')}.e30.AA", "malformed_envelope"),
        (f"{encoded({'alg': 'EdDSA'})}.e30.A~", "malformed_envelope"),
        (f"{encoded({'alg': 'none'})}.e30.", "algorithm_refused"),
        (f"{encoded({'alg': 'HS256'})}.e30.AA", "algorithm_refused"),
        (f"{encoded({'typ': 'vc+jwt'})}.e30.AA", "algorithm_refused"),
        (token(CREDENTIAL, crit=["exp"]), "extension_refused"),
        (token(CREDENTIAL, b64=False), "extension_refused"),
        (token(b'{"id":1,"id":2}'), "malformed_envelope"),
        (token(b"[1]"), "malformed_envelope"),
        (token(CREDENTIAL, typ="JWT"), "unknown_type"),
        (token(CREDENTIAL, cty="vp"), "unknown_type"),
        (token(CREDENTIAL, typ=7), "unknown_type"),
        (token(CREDENTIAL, kid=None), "unknown_key"),
        (token(CREDENTIAL, kid=f"{DID}#other"), "unknown_key"),
        (token(CREDENTIAL, kid="did:web:other.example#k"), "unknown_key"),
        (token(CREDENTIAL, alg="ES256"), "signature_mismatch"),
        (token({**CREDENTIAL, "@context": "https://www.w3.org/ns/credentials/v2"}), "not_a_credential"),
        (token({**CREDENTIAL, "@context": ["https://www.w3.org/2018/credentials/v1"]}), "not_a_credential"),
        (token({**CREDENTIAL, "type": ["Other"]}), "not_a_credential"),
        (token({**CREDENTIAL, "vc": {}}), "not_a_credential"),
        (token({**CREDENTIAL, "issuer": "did:web:other.example"}), "signer_differs"),
        (token({**CREDENTIAL, "iss": "did:web:other.example"}), "signer_differs"),
        (token({**CREDENTIAL, "nbf": NOW.timestamp() + 1}), "not_yet_valid"),
        (token({**CREDENTIAL, "exp": NOW.timestamp()}), "expired"),
        (token({**CREDENTIAL, "exp": "soon"}), "malformed_envelope"),
    ],
)  # fmt: skip
def test_token_is_refused(text: str, code: str) -> None:
    assert reason(text) == code


def test_kinds_may_be_left_out_or_written_in_full() -> None:
    assert opened(token(CREDENTIAL)) == CREDENTIAL
    assert opened(token(CREDENTIAL, typ="application/VC+JWT", cty="application/vc")) == CREDENTIAL


def test_issuer_may_be_a_plain_text() -> None:
    plain = {**CREDENTIAL, "issuer": DID, "iss": DID}
    assert opened(token(plain)) == plain


def test_token_that_holds_today_opens() -> None:
    dated = {**CREDENTIAL, "nbf": NOW.timestamp(), "exp": NOW.timestamp() + 1}
    assert opened(token(dated))["nbf"] == NOW.timestamp()


# ---- keys that were retired -----------------------------------------------------------------------------------

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def test_token_signed_after_its_key_was_revoked_is_refused() -> None:
    assert reason(token({**CREDENTIAL, "iat": JUNE.timestamp()}), revoked=JUNE) == "key_retired"


def test_token_of_a_revoked_key_that_says_to_be_older_is_not_believed() -> None:
    # A thief writes any date he likes; only an anchor could tell.
    assert reason(token({**CREDENTIAL, "iat": JUNE.timestamp() - 1}), revoked=JUNE) == "key_retired_unproven"
    assert reason(token(CREDENTIAL), revoked=JUNE) == "key_retired_unproven"


def test_token_of_a_key_that_will_expire_opens() -> None:
    assert opened(token(CREDENTIAL), expires=datetime(2027, 1, 1, tzinfo=UTC)) == CREDENTIAL


def test_token_anchored_before_its_key_was_revoked_opens() -> None:
    text = token(CREDENTIAL)
    anchored = "2026-05-31T00:00:00Z"
    assert open_credential(text, documents(revoked=JUNE), as_of=NOW, anchored_at=anchored) == CREDENTIAL


def test_token_of_a_revoked_key_without_any_date_is_refused() -> None:
    undated = {name: value for name, value in CREDENTIAL.items() if name != "validFrom"}
    assert reason(token(undated), revoked=JUNE) == "malformed_envelope"


# ---- keys of other kinds --------------------------------------------------------------------------------------


def document(**method: Any) -> dict[str, Any]:
    entry = {"id": f"{DID}#k", "controller": DID, **method}
    return {"id": DID, "verificationMethod": [entry], "assertionMethod": [f"{DID}#k"]}


@pytest.mark.parametrize(
    ("curve", "front", "algorithm"),
    [(ec.SECP256R1(), b"\x80\x24", "ES256"), (ec.SECP384R1(), b"\x81\x24", "ES384")],
)
def test_multikey_of_an_elliptic_curve_checks_with_its_own_algorithm(
    curve: ec.EllipticCurve, front: bytes, algorithm: str
) -> None:
    private = ec.generate_private_key(curve)
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    listed = document(type="Multikey", publicKeyMultibase=to_multibase(front + point))
    assert checking_key(listed, f"{DID}#k").algorithm == algorithm
    text = jwt.encode(CREDENTIAL, private, algorithm=algorithm, headers={"typ": "vc+jwt", "kid": f"{DID}#k"})
    assert open_credential(text, {DID: listed}.get, as_of=NOW) == CREDENTIAL


WEB_KEY = {"kty": "OKP", "crv": "Ed25519", "x": encoded(KEY.public.raw)}


@pytest.mark.parametrize(
    "method",
    [
        {"type": "Multikey", "publicKeyMultibase": "z6Mk"},
        {"type": "Multikey", "publicKeyMultibase": to_multibase(b"\xe7\x01" + bytes(33))},
        {"type": "Multikey", "publicKeyMultibase": to_multibase(b"\x80\x24" + bytes(33))},
        {"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "crv": "X25519"}},
        {"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "alg": "ES256"}},
        {"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "d": "AA"}},
        {"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "x": "AA"}},
        {"type": "JsonWebKey", "publicKeyJwk": "key"},
        {"type": "X509", "publicKeyJwk": WEB_KEY},
        {"type": "JsonWebKey", "publicKeyJwk": WEB_KEY, "controller": "did:web:other.example"},
        {"type": "JsonWebKey", "publicKeyJwk": WEB_KEY, "revoked": "yesterday"},
    ],
)
def test_key_of_another_kind_is_unknown(method: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid) as refusal:
        checking_key(document(**method), f"{DID}#k")
    assert refusal.value.reason == "unknown_key"


def test_key_retires_at_the_earlier_of_its_dates() -> None:
    listed = document(
        type="JsonWebKey",
        publicKeyJwk=WEB_KEY,
        expires="2027-01-01T00:00:00Z",
        revoked="2026-06-01T00:00:00Z",
    )
    assert checking_key(listed, f"{DID}#k").retired_at == JUNE


# ---- envelopes in documents -----------------------------------------------------------------------------------


def test_enveloped_credential_opens() -> None:
    value = to_enveloped(seal_credential(CREDENTIAL, KEY))
    assert value["id"].startswith("data:application/vc+jwt,ey")
    assert open_enveloped(value, documents(), as_of=NOW) == CREDENTIAL


def test_enveloped_credential_in_base64_opens() -> None:
    text = base64.b64encode(seal_credential(CREDENTIAL, KEY).encode()).decode()
    value = {**to_enveloped(""), "id": f"DATA:application/vc+jwt;base64,{text}"}
    assert open_enveloped(value, documents(), as_of=NOW) == CREDENTIAL


def test_enveloped_credential_with_disclosures_opens() -> None:
    text = seal_with_disclosures(CREDENTIAL, [("credentialSubject", "producer")], KEY)
    value = to_enveloped(text, "application/vc+sd-jwt")
    assert open_enveloped(value, documents(), as_of=NOW) == CREDENTIAL


def test_base64_of_an_envelope_has_one_spelling() -> None:
    text = base64.b64encode(seal_credential(CREDENTIAL, KEY).encode()).decode()
    value = {**to_enveloped(""), "id": f"data:application/vc+jwt;base64,!{text}"}
    with pytest.raises(EnvelopeInvalid) as refusal:
        open_enveloped(value, documents(), as_of=NOW)
    assert refusal.value.values == {"form": "base64"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"@context": []}, "malformed_envelope"),
        ({"@context": "https://www.w3.org/ns/credentials/examples/v2"}, "malformed_envelope"),
        ({"type": "VerifiableCredential"}, "malformed_envelope"),
        ({"type": None}, "malformed_envelope"),
        ({"id": 7}, "malformed_envelope"),
        ({"id": "application/vc+jwt,e30"}, "malformed_envelope"),
        ({"id": "data:application/vc+jwt"}, "malformed_envelope"),
        ({"id": "data:application/vc+jwt;base64,%%"}, "malformed_envelope"),
        ({"id": "data:application/vc+jwt;gzip,AA"}, "malformed_envelope"),
        ({"id": "data:application/vc+cose,AA"}, "unknown_type"),
        ({"id": f"data:application/jwt,{token(CREDENTIAL)}"}, "malformed_envelope"),
        ({"id": f"data:application/jwt,{token({'vc': {**CREDENTIAL, 'type': []}})}"}, "not_a_credential"),
        ({"id": f"data:application/jwt,{token({'iss': 'did:x:y', 'vc': CREDENTIAL})}"}, "signer_differs"),
    ],
)
def test_enveloped_credential_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(EnvelopeInvalid) as refusal:
        open_enveloped({**to_enveloped("e30.e30.AA"), **changes}, documents(), as_of=NOW)
    assert refusal.value.reason == code


def test_something_that_is_no_object_is_no_envelope() -> None:
    with pytest.raises(EnvelopeInvalid):
        open_enveloped(["EnvelopedVerifiableCredential"], documents(), as_of=NOW)


PRESENTATION: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiablePresentation"],
    "verifiableCredential": [],
}


def presented(payload: Any, media_type: str = "application/vp+jwt", **header: Any) -> dict[str, Any]:
    return open_presentation(
        {
            "@context": "https://www.w3.org/ns/credentials/v2",
            "type": "EnvelopedVerifiablePresentation",
            "id": f"data:{media_type},{token(payload, **header)}",
        },
        documents(),
        as_of=NOW,
    )


def test_presentation_of_its_holder_opens() -> None:
    assert presented(PRESENTATION, typ="vp+jwt", cty="vp") == PRESENTATION
    assert presented({**PRESENTATION, "type": "VerifiablePresentation", "holder": {"id": DID}})["holder"]


@pytest.mark.parametrize(
    ("payload", "media_type", "code"),
    [
        ({**PRESENTATION, "holder": "did:web:other.example"}, "application/vp+jwt", "signer_differs"),
        ({**PRESENTATION, "type": ["VerifiableCredential"]}, "application/vp+jwt", "not_a_presentation"),
        ({**PRESENTATION, "type": "NoVerifiablePresentation"}, "application/vp+jwt", "not_a_presentation"),
        ({**PRESENTATION, "@context": []}, "application/vp+jwt", "not_a_presentation"),
        ({"vp": []}, "application/jwt", "malformed_envelope"),
        (PRESENTATION, "application/vp+cose", "unknown_type"),
    ],
)
def test_presentation_is_refused(payload: Any, media_type: str, code: str) -> None:
    with pytest.raises(EnvelopeInvalid) as refusal:
        presented(payload, media_type)
    assert refusal.value.reason == code


def test_presentation_may_name_more_contexts() -> None:
    more = {**PRESENTATION, "@context": [*PRESENTATION["@context"], "https://issuer.example/contexts/v1"]}
    assert presented(more) == more


def test_older_envelope_that_is_over_is_refused() -> None:
    claims = {"vp": PRESENTATION, "exp": NOW.timestamp()}
    with pytest.raises(ValidityInvalid):
        presented(claims, "application/jwt")
    assert presented({**claims, "exp": NOW.timestamp() + 1}, "application/jwt") == PRESENTATION


def test_expired_presentation_is_refused() -> None:
    with pytest.raises(ValidityInvalid):
        presented({**PRESENTATION, "exp": NOW.timestamp()})


def test_reading_believes_nothing() -> None:
    assert read_compact(token(CREDENTIAL, kid="did:web:anyone.example#k")).claims() == CREDENTIAL
