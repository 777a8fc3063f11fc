"""JSON Web Tokens bit for bit: RFC 7515, RFC 8037, RFC 9901, W3C's suite, npm's ``jose`` and ``@sd-jwt/core``."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import SignatureInvalid
from ledger.jose.compact import check_compact, read_compact, sign_compact
from ledger.jose.envelope import open_credential
from ledger.jose.enveloped import open_enveloped, open_presentation
from ledger.jose.keys import checking_key
from ledger.jose.sd_jwt import conceal, read_disclosure, reveal
from ledger.keys import SigningKey

HERE = Path(__file__).parent / "jose"
TOKENS: dict[str, Any] = json.loads((HERE / "tokens.json").read_text())
RFC9901: dict[str, Any] = json.loads((HERE / "rfc9901.json").read_text())
PACKED: dict[str, Any] = json.loads((HERE / "packed.json").read_text())
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def document(did: str, *methods: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    entries = [{"id": f"{did}#{name}", "controller": did, **method} for name, method in methods]
    listed = [entry["id"] for entry in entries]
    return {"id": did, "verificationMethod": entries, "assertionMethod": listed}


def web_key(jwk: dict[str, Any]) -> Any:
    did = "did:example:signer"
    return checking_key(document(did, ("k", {"type": "JsonWebKey", "publicKeyJwk": jwk})), f"{did}#k")


def key_of_itself(did: str) -> Any:
    """The document of a ``did:key``, written by hand."""
    multikey = did.removeprefix("did:key:")
    return document(did, (multikey, {"type": "Multikey", "publicKeyMultibase": multikey}))


@pytest.mark.parametrize("name", ["rfc7515_a3", "rfc8037_a4", "npm_jose_es384"])
def test_published_signatures_hold(name: str) -> None:
    check_compact(read_compact(TOKENS[name]["token"]), web_key(TOKENS[name]["jwk"]))


@pytest.mark.parametrize("name", ["rfc7515_a3", "rfc8037_a4", "npm_jose_es384"])
def test_published_signatures_do_not_hold_over_other_bytes(name: str) -> None:
    header, payload, signature = TOKENS[name]["token"].split(".")
    first = "f" if payload[0] == "e" else "e"
    with pytest.raises(SignatureInvalid) as refusal:
        check_compact(read_compact(f"{header}.{first}{payload[1:]}.{signature}"), web_key(TOKENS[name]["jwk"]))
    assert refusal.value.reason == "signature_mismatch"


def test_rfc8037_a4_signs_to_the_published_token() -> None:
    key = SigningKey.from_seed(bytes.fromhex(TOKENS["rfc8037_a4"]["seed_hex"]))
    assert sign_compact(b"Example of Ed25519 signing", key, headers={}) == TOKENS["rfc8037_a4"]["token"]


def test_credential_signed_by_npm_jose_with_es384_opens() -> None:
    did = "did:web:issuer.example"
    method = {"type": "JsonWebKey", "publicKeyJwk": TOKENS["npm_jose_es384"]["jwk"]}
    here = {did: document(did, ("p384", method))}
    opened = open_credential(TOKENS["npm_jose_es384"]["token"], here.get, as_of=NOW)
    assert opened["credentialSubject"] == {"id": "https://id.gs1.org/01/06901234567892/10/L7"}


def test_presentation_of_the_w3c_suite_opens_and_so_does_the_credential_in_it() -> None:
    value = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiablePresentation",
        "id": f"data:application/jwt,{TOKENS['vcdm2_suite_vp_jwt']['token']}",
    }
    presentation = open_presentation(value, key_of_itself, as_of=NOW)
    assert presentation["holder"] == "did:key:z6Mkj8h3kzWZrPiucoyY9LGCTpXhCqBoX3doDmHz5MaPxnvi"
    # Signed with ES256: the multikey of a P-256 key, zDn….
    [inner] = presentation["verifiableCredential"]
    assert open_enveloped(inner, key_of_itself, as_of=NOW)["credentialSubject"] == {
        "id": "did:example:alice",
        "name": "Alice",
    }


@pytest.mark.parametrize("kind", ["object", "array"])
def test_rfc9901_section_4_2_disclosures_have_the_published_digests(kind: str) -> None:
    published = RFC9901["section_4_2"][kind]
    assert read_disclosure(published["text"]).digest == published["digest"]


def test_rfc9901_section_4_2_6_digest_of_an_element_disclosure() -> None:
    text = base64.urlsafe_b64encode(b'["16_mAd0GiwaZokU26_0i0h","DE"]').rstrip(b"=").decode()
    assert read_disclosure(text).digest == "PmnlrRjhLcwf8zTDdK15HVGwHtPYjddvD362WjBLwro"


def claims_of(name: str) -> dict[str, Any]:
    compact = read_compact(RFC9901[name]["jwt"])
    check_compact(compact, web_key(RFC9901["issuer_jwk"]))
    return compact.claims()


def test_rfc9901_section_5_1_reveals_every_claim() -> None:
    revealed = reveal(claims_of("section_5_1"), RFC9901["section_5_1"]["disclosures"].values())
    revealed.pop("cnf")
    assert revealed == {
        "iss": "https://issuer.example.com",
        "iat": 1683000000,
        "exp": 1883000000,
        "sub": "user_42",
        "nationalities": ["US", "DE"],
        "given_name": "John",
        "family_name": "Doe",
        "email": "johndoe@example.com",
        "phone_number": "+1-202-555-0101",
        "phone_number_verified": True,
        "address": {
            "street_address": "123 Main St",
            "locality": "Anytown",
            "region": "Anystate",
            "country": "US",
        },
        "birthdate": "1940-01-01",
        "updated_at": 1570000000,
    }


def test_rfc9901_section_5_2_reveals_what_the_holder_chose() -> None:
    given = RFC9901["section_5_1"]["disclosures"]
    chosen = [given[name] for name in ("family_name", "address", "given_name", "US")]
    revealed = reveal(claims_of("section_5_1"), chosen)
    assert revealed["nationalities"] == ["US"]
    assert revealed.keys() == {
        "iss", "iat", "exp", "sub", "cnf", "nationalities", "family_name", "given_name", "address",
    }  # fmt: skip


def test_rfc9901_appendix_a1_reveals_parts_inside_an_open_part() -> None:
    assert reveal(claims_of("appendix_a_1"), RFC9901["appendix_a_1"]["disclosures"]) == {
        "iss": "https://issuer.example.com",
        "iat": 1683000000,
        "exp": 1883000000,
        "sub": "6c5c0a49-b589-431d-bae7-219122a9ec2c",
        "address": {"region": "港区", "country": "JP"},
    }


def test_same_parts_are_concealed_as_by_sd_jwt_core() -> None:
    claims = {
        "lot": "L7",
        "producer": {"GLN": "6901234000009", "registeredId": "松月茶业 913305"},
        "events": [{"place": "杭州", "step": "shipping"}, {"place": "宁波", "step": "receiving"}],
    }
    # The other implementation salts outer parts last.
    salts = iter(f"salt-0{n}-AAAAAAAAAAAA" for n in (1, 4, 2, 3))
    hidden = [("producer",), ("producer", "registeredId"), ("events", 0, "place"), ("events", 1)]
    payload, disclosures = conceal(claims, hidden, salt=lambda: next(salts))
    assert payload == {**PACKED["packed"], "_sd_alg": "sha-256"}
    assert sorted(one.text for one in disclosures) == sorted(PACKED["disclosures"])
