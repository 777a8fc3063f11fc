"""Credentials and presentations hold the rules of VCDM 2.0, and a refusal names the member at fault."""

from typing import Any

import pytest

from ledger.errors import NotAModel
from ledger.vcdm import check_credential, check_presentation, check_self_asserted, identifier_of

V2 = "https://www.w3.org/ns/credentials/v2"
GOOD: dict[str, Any] = {
    "@context": [V2, {"grade": "urn:grade"}, "https://example.org/terms"],
    "id": "urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
    "type": ["VerifiableCredential"],
    "issuer": {"id": "did:example:issuer", "name": {"@value": "Issuer", "@language": "en"}},
    "validFrom": "2026-03-01T08:00:00+08:00",
    "validUntil": "2027-03-01T08:00:00.5Z",
    "credentialSubject": [{"id": "did:example:a", "grade": "1"}, {"grade": "2"}],
    "name": [
        {"@value": "证书", "@language": "zh", "@direction": "ltr"},
        "Certificate",
    ],
    "credentialStatus": {"type": "BitstringStatusListEntry"},
    "credentialSchema": {"id": "https://example.org/schema", "type": "JsonSchema"},
    "refreshService": {"type": "Refresh"},
    "evidence": [{"type": ["Evidence"]}],
    "termsOfUse": {"type": "Terms", "id": "urn:terms"},
}
# The digests of "abc": SHA-256 of FIPS 180-4 in base58btc multihash and bare base64url, and SHA-384 as SRI.
ABC_MULTIHASH = "zQmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1pY"
ABC_BASE64URL = "uungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
ABC_SRI = "sha384-ywB1P0WjXou1oD1prsQpm02xo0MWbe3WREnABA0dPfnQpkwM4qTSgStYhLAWNqWn"
ABC = frozenset(
    {
        bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        bytes.fromhex(
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
    }
)


def nothing_known(_address: str) -> frozenset[bytes]:
    return frozenset()


def reason_of(change: dict[str, Any]) -> str:
    with pytest.raises(NotAModel) as refusal:
        check_credential({k: v for k, v in (GOOD | change).items() if v is not ...}, digests=lambda _: ABC)
    return refusal.value.reason


def test_credential_with_every_member_is_well_formed() -> None:
    check_credential(GOOD, digests=nothing_known)
    check_credential(GOOD | {"issuer": "did:example:issuer", "name": "Certificate"}, digests=nothing_known)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"@context": V2}, "@context"),
        ({"@context": ...}, "@context"),
        ({"@context": ["https://example.org/terms", V2]}, "@context"),
        ({"@context": [V2, 7]}, "@context"),
        ({"@context": [V2, "https ://not an address"]}, "@context"),
        ({"id": None}, "id"),
        ({"id": ["urn:a", "urn:b"]}, "id"),
        ({"id": "no address"}, "id"),
        ({"type": ...}, "type"),
        ({"type": []}, "type"),
        ({"type": ["VerifiableCredential", 7]}, "type"),
        ({"type": "Diploma"}, "type"),
        ({"issuer": ...}, "issuer"),
        ({"issuer": {"name": "Nobody"}}, "issuer"),
        ({"issuer": {"id": "did:example:a", "name": 7}}, "name"),
        ({"credentialSubject": ...}, "credentialSubject"),
        ({"credentialSubject": []}, "credentialSubject"),
        ({"credentialSubject": [{"grade": "1"}, {}]}, "credentialSubject"),
        ({"credentialSubject": "urn:a"}, "credentialSubject"),
        ({"credentialSubject": {"id": ["urn:a"]}}, "credentialSubject"),
        ({"validFrom": "2026-03-01"}, "validFrom"),
        ({"validFrom": "2026-03-01T08:00:00"}, "validFrom"),
        ({"validFrom": 7}, "validFrom"),
        ({"validUntil": "2026-02-30T08:00:00Z"}, "validUntil"),
        ({"validUntil": "2025-03-01T08:00:00Z"}, "validUntil"),
        ({"credentialStatus": {"id": "urn:a"}}, "credentialStatus"),
        ({"credentialStatus": {"type": "X", "id": "not one"}}, "credentialStatus"),
        ({"credentialSchema": {"type": "JsonSchema"}}, "credentialSchema"),
        ({"credentialSchema": {"id": "https://example.org/schema"}}, "credentialSchema"),
        ({"refreshService": [{"type": "Refresh"}, {"id": "urn:a"}]}, "refreshService"),
        ({"evidence": "seen"}, "evidence"),
        ({"termsOfUse": {"id": "urn:a"}}, "termsOfUse"),
        ({"proof": {"proofValue": "z1"}}, "proof"),
        ({"name": {"@value": "Name", "lang": "en"}}, "name"),
        ({"name": {"@value": 7}}, "name"),
        ({"name": {"@value": "Name", "@language": "e n"}}, "name"),
        ({"description": {"@value": "Text", "@direction": "down"}}, "description"),
        ({"relatedResource": ["urn:a"]}, "relatedResource"),
        ({"relatedResource": {"digestSRI": ABC_SRI}}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a"}}, "relatedResource"),
        ({"relatedResource": [{"id": "urn:a", "digestSRI": ABC_SRI}] * 2}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a", "digestSRI": "md5-AAAA"}}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a", "digestSRI": 7}}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a", "digestMultibase": "m0"}}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a", "digestMultibase": "u*"}}, "relatedResource"),
        ({"relatedResource": {"id": "urn:a", "digestMultibase": "u" + "A" * 43}}, "relatedResource"),
    ],
)
def test_broken_rule_is_named_by_its_member(change: dict[str, Any], reason: str) -> None:
    assert reason_of(change) == reason


@pytest.mark.parametrize("value", [None, [], "text"])
def test_what_is_no_object_is_no_credential(value: Any) -> None:
    with pytest.raises(NotAModel):
        check_credential(value, digests=nothing_known)


@pytest.mark.parametrize("resource", [{"digestMultibase": ABC_MULTIHASH}, {"digestMultibase": ABC_BASE64URL}])
def test_right_digest_of_a_known_resource_is_taken_in_every_spelling(resource: dict[str, str]) -> None:
    credential = GOOD | {"relatedResource": {"id": "urn:a", **resource}}
    check_credential(credential, digests=lambda _: ABC)


def test_resource_nobody_here_knows_is_taken_at_its_word() -> None:
    credential = GOOD | {"relatedResource": {"id": "urn:a", "digestSRI": ABC_SRI}}
    check_credential(credential, digests=nothing_known)


PRESENTATION: dict[str, Any] = {
    "@context": [V2],
    "type": "VerifiablePresentation",
    "holder": "did:example:holder",
    "verifiableCredential": [GOOD],
    "proof": {"type": "DataIntegrityProof"},
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "VerifiableCredential"}, "type"),
        ({"holder": {"name": "Holder"}}, "holder"),
        ({"verifiableCredential": ["urn:a"]}, "verifiableCredential"),
        ({"verifiableCredential": []}, "verifiableCredential"),
        ({"proof": "z1"}, "proof"),
    ],
)
def test_presentation_that_breaks_a_rule_is_refused(change: dict[str, Any], reason: str) -> None:
    check_presentation(PRESENTATION)
    check_presentation({"@context": [V2], "type": ["VerifiablePresentation"]})
    with pytest.raises(NotAModel) as refusal:
        check_presentation(PRESENTATION | change)
    assert refusal.value.reason == reason


def test_self_asserted_credential_is_its_holders_own() -> None:
    check_self_asserted({"issuer": {"id": "did:example:holder"}}, PRESENTATION)
    with pytest.raises(NotAModel):
        check_self_asserted({"issuer": "did:example:another"}, PRESENTATION)
    assert identifier_of({"name": "x"}) is None
