"""``vc+jwt`` and envelopes: what is signed, and every reason to refuse what somebody else made."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from ledger.errors import EnvelopeInvalid, NotChecked, SignatureInvalid, ValidityInvalid, VerificationError
from ledger.jose.compact import from_base64url, read_compact, to_base64url
from ledger.jose.disclosing import seal_with_disclosures
from ledger.jose.envelope import check_claims, open_credential, seal_credential
from ledger.jose.enveloped import open_enveloped, open_presentation, to_enveloped
from ledger.keys import KeyRecord, SigningKey, did_document
from support.envelopes import CREDENTIAL, DID, KEY, NOW, decoded, documents, encoded, token
from support.refusals import refused


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
    with refused(
        EnvelopeInvalid,
        "signed by another than the issuer",
        reason="signer_differs",
        signer="did:web:other.example",
    ):
        seal_credential(CREDENTIAL, SigningKey.generate("did:web:other.example"))


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
    with refused(EnvelopeInvalid, "not base64url in its one spelling", reason="malformed_envelope"):
        opened(twin)


def test_base64url_of_three_bytes_ends_with_its_fourth_letter() -> None:
    # RFC 4648 section 5: 0x17 is the letter X.
    assert to_base64url(b"\x00\x00\x17") == "AAAX"
    assert from_base64url("AAAX") == b"\x00\x00\x17"


@pytest.mark.parametrize(
    ("text", "code", "sentence", "values"),
    [
        ("", "malformed_envelope", "not three parts, or too large", {}),
        ("a.b", "malformed_envelope", "not three parts, or too large", {}),
        (f"{'a' * 4}.{'b' * (1 << 20)}.{'c' * 4}", "malformed_envelope", "not three parts, or too large", {}),
        (f"{encoded(b'[]')}.e30.AA", "malformed_envelope", "not an object", {}),
        (
            f"{encoded(b'{')}.e30.AA",
            "malformed_envelope",
            "not JSON at character 1: Expecting property name enclosed in double quotes",
            {},
        ),
        (
            f"{encoded({'alg': 'EdDSA'})}.e30.A~",
            "malformed_envelope",
            "not base64url: Only base64 data is allowed",
            {},
        ),
        (
            f"{encoded({'alg': 'none'})}.e30.",
            "algorithm_refused",
            "not an algorithm for credentials",
            {"alg": "none"},
        ),
        (
            f"{encoded({'alg': 'HS256'})}.e30.AA",
            "algorithm_refused",
            "not an algorithm for credentials",
            {"alg": "HS256"},
        ),
        (
            f"{encoded({'typ': 'vc+jwt'})}.e30.AA",
            "algorithm_refused",
            "not an algorithm for credentials",
            {"alg": "None"},
        ),
        (token(CREDENTIAL, crit=["exp"]), "extension_refused", "the header asks for extensions", {}),
        (token(CREDENTIAL, b64=False), "extension_refused", "the header asks for extensions", {}),
        (token(b'{"id":1,"id":2}'), "malformed_envelope", "the key 'id' stands twice in one object", {}),
        (token(b"[1]"), "malformed_envelope", "not an object", {}),
        (token(CREDENTIAL, typ="JWT"), "unknown_type", "typ is not vc+jwt", {"said": "JWT"}),
        (token(CREDENTIAL, cty="vp"), "unknown_type", "cty is not vc", {"said": "vp"}),
        (token(CREDENTIAL, typ=7), "unknown_type", "typ is not vc+jwt", {"said": "7"}),
        (token(CREDENTIAL, kid=None), "unknown_key", "the token names no key", {}),
        (
            token(CREDENTIAL, kid=f"{DID}#other"),
            "unknown_key",
            "no key did:web:issuer.example#other: not a key this issuer signs with",
            {"method": "did:web:issuer.example#other"},
        ),
        (token(CREDENTIAL, alg="ES256"), "signature_mismatch", "not signed by this key", {}),
        (
            token({**CREDENTIAL, "@context": "https://www.w3.org/ns/credentials/v2"}),
            "not_a_credential",
            "not a credential of VCDM 2.0",
            {},
        ),
        (
            token({**CREDENTIAL, "@context": ["https://www.w3.org/2018/credentials/v1"]}),
            "not_a_credential",
            "not a credential of VCDM 2.0",
            {},
        ),
        (token({**CREDENTIAL, "type": ["Other"]}), "not_a_credential", "not a VerifiableCredential", {}),
        (token({**CREDENTIAL, "vc": {}}), "not_a_credential", "not a credential of VCDM 2.0", {}),
        (token({**CREDENTIAL, "vp": {}}), "not_a_credential", "not a credential of VCDM 2.0", {}),
        (
            token({**CREDENTIAL, "issuer": "did:web:other.example"}),
            "signer_differs",
            "signed by another than the issuer",
            {"signer": "did:web:issuer.example"},
        ),
        (
            token({**CREDENTIAL, "iss": "did:web:other.example"}),
            "signer_differs",
            "signed by another than the issuer",
            {"signer": "did:web:issuer.example"},
        ),
        (token({**CREDENTIAL, "nbf": NOW.timestamp() + 1}), "not_yet_valid", "the token holds later", {}),
        (token({**CREDENTIAL, "exp": NOW.timestamp()}), "expired", "the token holds no longer", {}),
        (token({**CREDENTIAL, "exp": "soon"}), "malformed_envelope", "a date that is no number of seconds", {}),
    ],
)
def test_token_is_refused(text: str, code: str, sentence: str, values: dict[str, Any]) -> None:
    with pytest.raises(VerificationError) as refusal:
        opened(text)
    told = refusal.value.values
    told.pop("reason", None)
    assert (refusal.value.reason, refusal.value.message, told) == (code, sentence, values)


def test_token_of_an_issuer_nobody_knows_is_refused() -> None:
    assert reason(token(CREDENTIAL, kid="did:web:other.example#k")) == "unknown_key"


@pytest.mark.parametrize("kid", [DID, f"{DID}#a#b"])
def test_document_asked_for_is_that_of_the_did_before_the_first_number_sign(kid: str) -> None:
    asked: list[str] = []
    with refused(
        SignatureInvalid, f"no key {kid}: 'NoneType' object is not subscriptable", reason="unknown_key", method=kid
    ):
        open_credential(token(CREDENTIAL, kid=kid), asked.append, as_of=NOW)
    assert asked == [DID]


def test_whoever_signs_is_the_did_before_the_first_number_sign() -> None:
    for kid in (DID, f"{DID}#a#b"):
        check_claims(CREDENTIAL, kid=kid)
        with refused(EnvelopeInvalid, "signed by another than the issuer", reason="signer_differs", signer=DID):
            check_claims({**CREDENTIAL, "issuer": "did:web:other.example"}, kid=kid)


def test_presentation_without_a_holder_is_its_signers_whatever_the_key_is_called() -> None:
    kid = f"{DID}#a#b"
    listed = did_document(DID, [KeyRecord(KEY.public)]) | {"assertionMethod": [kid]}
    listed["verificationMethod"][0]["id"] = kid
    value = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiablePresentation",
        "id": f"data:application/vp+jwt,{token(PRESENTATION, kid=kid)}",
    }
    assert open_presentation(value, {DID: listed}.get, as_of=NOW) == PRESENTATION


def test_token_that_is_no_strict_json_says_which_rule_it_breaks() -> None:
    for text, rule in ((token(b'{"id":1,"id":2}'), "duplicate_key"), (f"{encoded(b'{')}.e30.AA", "not_json")):
        with pytest.raises(EnvelopeInvalid) as refusal:
            opened(text)
        assert refusal.value.values == {"reason": rule}


def test_a_document_of_the_largest_size_is_still_looked_at() -> None:
    header = encoded({"alg": "none"})
    for size, code in (((1 << 20) - len(header) - 2, "algorithm_refused"), ((1 << 20), "malformed_envelope")):
        assert reason(f"{header}.{'b' * size}.") == code


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
    with refused(EnvelopeInvalid, "no time of signing", reason="malformed_envelope"):
        opened(token(undated), revoked=JUNE)


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
    with refused(EnvelopeInvalid, "a data: URL we cannot read", reason="malformed_envelope", form="base64"):
        open_enveloped(value, documents(), as_of=NOW)
    accented = base64.b64encode("é.e30.AA".encode()).decode()
    with refused(EnvelopeInvalid, "a data: URL we cannot read", reason="malformed_envelope", form="base64"):
        open_enveloped(value | {"id": f"data:application/vc+jwt;base64,{accented}"}, documents(), as_of=NOW)


@pytest.mark.parametrize(
    ("changes", "code", "sentence", "values"),
    [
        ({"@context": []}, "malformed_envelope", "not an EnvelopedVerifiableCredential, or of other contexts", {}),
        (
            {"@context": "https://www.w3.org/ns/credentials/examples/v2"},
            "malformed_envelope",
            "not an EnvelopedVerifiableCredential, or of other contexts",
            {},
        ),
        (
            {"type": "VerifiableCredential"},
            "malformed_envelope",
            "not an EnvelopedVerifiableCredential, or of other contexts",
            {},
        ),
        ({"type": None}, "malformed_envelope", "not an EnvelopedVerifiableCredential, or of other contexts", {}),
        ({"id": 7}, "malformed_envelope", "not an EnvelopedVerifiableCredential", {}),
        ({"id": "application/vc+jwt,e30"}, "malformed_envelope", "its id is no data: URL", {}),
        ({"id": "data:application/vc+jwt"}, "malformed_envelope", "its id is no data: URL", {}),
        ({"id": "data:a:b,e30"}, "unknown_type", "an envelope we do not open", {"said": "a:b"}),
        (
            {"id": f"data:application/vc+jwt,{encoded({'alg': 'EdDSA'})}.e30.A,A"},
            "malformed_envelope",
            "not base64url: Only base64 data is allowed",
            {},
        ),
        (
            {"id": "data:application/vc+jwt;base64,%%"},
            "malformed_envelope",
            "a data: URL we cannot read",
            {"form": "base64"},
        ),
        (
            {"id": "data:application/vc+jwt;gzip,AA"},
            "malformed_envelope",
            "a data: URL we cannot read",
            {"form": "gzip"},
        ),
        (
            {"id": "data:application/vc+cose,AA"},
            "unknown_type",
            "an envelope we do not open",
            {"said": "application/vc+cose"},
        ),
        ({"id": f"data:application/jwt,{token(CREDENTIAL)}"}, "malformed_envelope", "no object vc", {}),
        (
            {"id": f"data:application/jwt,{token({'vc': {**CREDENTIAL, 'type': []}})}"},
            "not_a_credential",
            "not a VerifiableCredential",
            {},
        ),
        (
            {"id": f"data:application/jwt,{token({'iss': 'did:x:y', 'vc': CREDENTIAL})}"},
            "signer_differs",
            "signed by another than the issuer",
            {"signer": "did:web:issuer.example"},
        ),
    ],
)
def test_enveloped_credential_is_refused(
    changes: dict[str, Any], code: str, sentence: str, values: dict[str, Any]
) -> None:
    with refused(EnvelopeInvalid, sentence, reason=code, **values):
        open_enveloped({**to_enveloped("e30.e30.AA"), **changes}, documents(), as_of=NOW)


def test_enveloped_credential_of_every_kind_opens_up_to_its_end_and_no_longer() -> None:
    end = NOW.timestamp() + 1
    dated = {**CREDENTIAL, "exp": end}
    texts = {
        "application/vc+jwt": token(dated),
        "application/vc+sd-jwt": token(dated) + "~",
        "application/jwt": token({"vc": CREDENTIAL, "exp": end}),
    }
    for media_type, text in texts.items():
        value = to_enveloped(text, media_type)
        assert open_enveloped(value, documents(), as_of=NOW)["id"] == CREDENTIAL["id"]
        with refused(ValidityInvalid, "the token holds no longer", reason="expired"):
            open_enveloped(value, documents(), as_of=NOW + timedelta(seconds=1))


def test_something_that_is_no_object_is_no_envelope() -> None:
    for value in (["EnvelopedVerifiableCredential"], {"id": None}):
        with refused(EnvelopeInvalid, "not an EnvelopedVerifiableCredential", reason="malformed_envelope"):
            open_enveloped(value, documents(), as_of=NOW)


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
    ("payload", "media_type", "code", "sentence", "values"),
    [
        (
            {**PRESENTATION, "holder": "did:web:other.example"},
            "application/vp+jwt",
            "signer_differs",
            "signed by another than the issuer",
            {"signer": "did:web:issuer.example"},
        ),
        (
            {**PRESENTATION, "type": ["VerifiableCredential"]},
            "application/vp+jwt",
            "not_a_presentation",
            "not a presentation of VCDM 2.0",
            {},
        ),
        (
            {**PRESENTATION, "type": "NoVerifiablePresentation"},
            "application/vp+jwt",
            "not_a_presentation",
            "not a presentation of VCDM 2.0",
            {},
        ),
        (
            {**PRESENTATION, "@context": []},
            "application/vp+jwt",
            "not_a_presentation",
            "not a presentation of VCDM 2.0",
            {},
        ),
        ({"vp": []}, "application/jwt", "malformed_envelope", "no object vp", {}),
        (
            PRESENTATION,
            "application/vp+cose",
            "unknown_type",
            "an envelope we do not open",
            {"said": "application/vp+cose"},
        ),
    ],
)
def test_presentation_is_refused(
    payload: Any, media_type: str, code: str, sentence: str, values: dict[str, Any]
) -> None:
    with refused(EnvelopeInvalid, sentence, reason=code, **values):
        presented(payload, media_type)


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
