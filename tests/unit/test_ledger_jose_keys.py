"""Keys that check tokens: of every curve, and none that is another's, private or for another algorithm."""

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.canonical import to_multibase
from ledger.errors import SignatureInvalid
from ledger.jose.envelope import open_credential
from ledger.jose.keys import checking_key
from support.envelopes import CREDENTIAL, DID, KEY, NOW, encoded
from support.refusals import refused

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


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


PRIVATE = "a private key, or one for another algorithm"
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


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ({"type": "X509", "publicKeyJwk": WEB_KEY}, "neither a Multikey nor a JsonWebKey"),
        ({"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "d": "AA"}}, PRIVATE),
        ({"type": "JsonWebKey", "publicKeyJwk": {**WEB_KEY, "alg": "ES256"}}, PRIVATE),
        ({"type": "Multikey", "publicKeyMultibase": "z6Mk"}, "not a P-256 or P-384 multikey"),
    ],
)
def test_why_a_key_checks_no_token_is_told(method: dict[str, Any], end: str) -> None:
    name = f"{DID}#k"
    with refused(SignatureInvalid, f"no key {name}: {end}", reason="unknown_key", method=name):
        checking_key(document(**method), name)


def test_a_web_key_that_names_its_own_algorithm_is_known() -> None:
    listed = document(type="JsonWebKey", publicKeyJwk={**WEB_KEY, "alg": "EdDSA"})
    assert checking_key(listed, f"{DID}#k").algorithm == "EdDSA"
