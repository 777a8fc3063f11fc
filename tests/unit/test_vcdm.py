"""Credentials and presentations hold the rules of VCDM 2.0, and a refusal names the member at fault."""

from typing import Any

import pytest

from ledger.errors import NotAModel
from ledger.vcdm import check_credential, check_presentation, check_self_asserted, identifier_of
from support.refusals import refused

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
ABC_SRI = "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
ABC_SRI_256 = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
# printf abc | sha384sum, behind 0x20 0x30, base64url
ABC_MULTIHASH_384 = "uIDDLAHU_RaNei7WgPWmaxlAHJywyqw7e0WMai2BaQ_9b7YCGByuh58wjWLrsoTTIJac"
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


def changed(change: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (GOOD | change).items() if value is not ...}


FIRST = "the first context is not https://www.w3.org/ns/credentials/v2"
ADDRESS = "the identifier is not one address"
TYPE = "no type, or one that is no text"


def test_credential_with_every_member_is_well_formed() -> None:
    check_credential(GOOD, digests=nothing_known)
    check_credential(GOOD | {"issuer": "did:example:issuer", "name": "Certificate"}, digests=nothing_known)


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"@context": V2}, "@context", FIRST),
        ({"@context": ...}, "@context", FIRST),
        ({"@context": ["https://example.org/terms", V2]}, "@context", FIRST),
        ({"@context": [V2, 7]}, "@context", "a context is neither an address nor an object"),
        (
            {"@context": [V2, "https ://not an address"]},
            "@context",
            "a context is neither an address nor an object",
        ),
        ({"id": None}, "id", ADDRESS),
        ({"id": ["urn:a", "urn:b"]}, "id", ADDRESS),
        ({"id": "no address"}, "id", ADDRESS),
        ({"type": ...}, "type", TYPE),
        ({"type": []}, "type", TYPE),
        ({"type": ["VerifiableCredential", 7]}, "type", TYPE),
        ({"type": {"VerifiableCredential": "Diploma"}}, "type", TYPE),
        ({"type": "Diploma"}, "type", "not a VerifiableCredential"),
        ({"type": "NotAVerifiableCredential"}, "type", "not a VerifiableCredential"),
        ({"issuer": ...}, "issuer", "the issuer has no address"),
        ({"issuer": {"name": "Nobody"}}, "issuer", "the issuer has no address"),
        ({"issuer": {"id": "did:example:a", "name": 7}}, "name", "name is neither text nor a language value"),
        ({"credentialSubject": ...}, "credentialSubject", "no subject"),
        ({"credentialSubject": []}, "credentialSubject", "credentialSubject is an empty list"),
        ({"credentialSubject": [{"grade": "1"}, {}]}, "credentialSubject", "a subject without a claim"),
        ({"credentialSubject": "urn:a"}, "credentialSubject", "a subject without a claim"),
        ({"credentialSubject": {"id": ["urn:a"]}}, "credentialSubject", ADDRESS),
        ({"validFrom": "2026-03-01"}, "validFrom", "validFrom is no dateTimeStamp"),
        ({"validFrom": "2026-03-01T08:00:00"}, "validFrom", "validFrom is no dateTimeStamp"),
        ({"validFrom": 7}, "validFrom", "validFrom is no dateTimeStamp"),
        ({"validUntil": "2026-02-30T08:00:00Z"}, "validUntil", "validUntil: day is out of range for month"),
        ({"validUntil": "2025-03-01T08:00:00Z"}, "validUntil", "validity ends before it starts"),
        ({"credentialStatus": {"id": "urn:a"}}, "credentialStatus", TYPE),
        ({"credentialStatus": {"type": "X", "id": "not one"}}, "credentialStatus", ADDRESS),
        ({"credentialSchema": {"type": "JsonSchema"}}, "credentialSchema", ADDRESS),
        ({"credentialSchema": {"id": "https://example.org/schema"}}, "credentialSchema", TYPE),
        ({"refreshService": [{"type": "Refresh"}, {"id": "urn:a"}]}, "refreshService", TYPE),
        ({"evidence": "seen"}, "evidence", "evidence is no object"),
        ({"termsOfUse": {"id": "urn:a"}}, "termsOfUse", TYPE),
        ({"proof": {"proofValue": "z1"}}, "proof", TYPE),
        ({"name": {"@value": "Name", "lang": "en"}}, "name", "name is neither text nor a language value"),
        ({"name": {"@value": 7}}, "name", "name is neither text nor a language value"),
        ({"name": {"@value": "Name", "@language": "e n"}}, "name", "name is neither text nor a language value"),
        (
            {"description": {"@value": "Text", "@direction": "down"}},
            "description",
            "description is neither text nor a language value",
        ),
        ({"relatedResource": ["urn:a"]}, "relatedResource", "relatedResource is no object"),
        ({"relatedResource": {"digestSRI": ABC_SRI}}, "relatedResource", ADDRESS),
        ({"relatedResource": {"id": "urn:a"}}, "relatedResource", "a resource named twice, or without a digest"),
        (
            {"relatedResource": [{"id": "urn:a", "digestSRI": ABC_SRI}] * 2},
            "relatedResource",
            "a resource named twice, or without a digest",
        ),
        (
            {"relatedResource": {"id": "urn:a", "digestSRI": "md5-AAAA"}},
            "relatedResource",
            "an unreadable digest: not subresource integrity text",
        ),
        (
            {"relatedResource": {"id": "urn:a", "digestSRI": 7}},
            "relatedResource",
            "an unreadable digest: expected string or bytes-like object, got 'int'",
        ),
        (
            {"relatedResource": {"id": "urn:a", "digestMultibase": "m0"}},
            "relatedResource",
            "an unreadable digest: not base58btc multibase text",
        ),
        (
            {"relatedResource": {"id": "urn:a", "digestMultibase": "u*"}},
            "relatedResource",
            "an unreadable digest: Only base64 data is allowed",
        ),
        (
            {"relatedResource": {"id": "urn:a", "digestMultibase": "u" + "A" * 43}},
            "relatedResource",
            "urn:a has another digest",
        ),
    ],
)
def test_broken_rule_is_named_by_its_member(change: dict[str, Any], reason: str, sentence: str) -> None:
    with refused(NotAModel, sentence, reason=reason):
        check_credential(changed(change), digests=lambda _: ABC)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ...},
        {"validFrom": ...},
        {"validFrom": "2026-03-01T08:00:00Z", "validUntil": "2026-03-01T08:00:00Z"},
        {"type": "VerifiableCredential"},
        {"description": {"@value": "Text", "@direction": "rtl"}},
        {"description": {"@value": "Text", "@language": "zh-Hans-CN"}},
        {"credentialSchema": [{"id": "urn:a", "type": "X"}, {"id": "urn:b", "type": ["X", "Y"]}]},
        {"relatedResource": [{"id": "urn:a", "digestSRI": ABC_SRI}, {"id": "urn:b", "digestSRI": ABC_SRI}]},
    ],
)
def test_what_the_rules_allow_is_taken(change: dict[str, Any]) -> None:
    check_credential(changed(change), digests=lambda _: ABC)


@pytest.mark.parametrize(
    "name", ["credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence", "proof"]
)
def test_each_member_with_a_type_is_looked_at(name: str) -> None:
    with refused(NotAModel, TYPE, reason=name):
        check_credential(GOOD | {name: {"id": "urn:a", "type": ""}}, digests=nothing_known)
    with refused(NotAModel, f"{name} is an empty list", reason=name):
        check_credential(GOOD | {name: []}, digests=nothing_known)


@pytest.mark.parametrize("value", [None, [], "text"])
def test_what_is_no_object_is_no_credential(value: Any) -> None:
    with refused(NotAModel, "credential is no object", reason="credential"):
        check_credential(value, digests=nothing_known)
    with refused(NotAModel, "presentation is no object", reason="presentation"):
        check_presentation(value)


@pytest.mark.parametrize(
    "resource",
    [
        {"digestMultibase": ABC_MULTIHASH},
        {"digestMultibase": ABC_BASE64URL},
        {"digestMultibase": ABC_BASE64URL + "="},
        {"digestMultibase": ABC_MULTIHASH_384},
        {"digestSRI": ABC_SRI},
        {"digestSRI": ABC_SRI_256},
        {"digestSRI": ABC_SRI_256, "digestMultibase": ABC_MULTIHASH},
        {"digestSRI": ABC_SRI, "digestMultibase": ABC_MULTIHASH},
    ],
)
def test_right_digest_of_a_known_resource_is_taken_in_every_spelling(resource: dict[str, str]) -> None:
    credential = GOOD | {"relatedResource": {"id": "urn:a", **resource}}
    check_credential(credential, digests={"urn:a": ABC}.__getitem__)


def test_a_digest_that_ends_with_a_letter_of_any_kind_is_read_whole() -> None:
    # printf 41 | openssl dgst -sha384 -binary | base64: 48 bytes, no padding, and X at the end.
    digest = bytes.fromhex(
        "1746d9e6e259747ba8857fab9c8b6c13ea6f8f35ce28cf666a5a58307bf2430774083c55089f506575fd1e4a126ed717"
    )
    text = "sha384-F0bZ5uJZdHuohX+rnItsE+pvjzXOKM9malpYMHvyQwd0CDxVCJ9QZXX9HkoSbtcX"
    credential = GOOD | {"relatedResource": {"id": "urn:a", "digestSRI": text}}
    check_credential(credential, digests=lambda _: frozenset({digest}))


@pytest.mark.parametrize("text", [ABC_BASE64URL + " ", "u=" + ABC_BASE64URL[1:], " " + ABC_BASE64URL])
def test_a_digest_with_something_around_it_is_unreadable(text: str) -> None:
    credential = GOOD | {"relatedResource": {"id": "urn:a", "digestMultibase": text}}
    with pytest.raises(NotAModel, match=r"^an unreadable digest: ") as refusal:
        check_credential(credential, digests=lambda _: ABC)
    assert refusal.value.reason == "relatedResource"


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
    ("change", "reason", "sentence"),
    [
        ({"type": "VerifiableCredential"}, "type", "not a VerifiablePresentation"),
        ({"holder": {"name": "Holder"}}, "holder", "the holder has no address"),
        ({"verifiableCredential": ["urn:a"]}, "verifiableCredential", "a credential is an object"),
        ({"verifiableCredential": []}, "verifiableCredential", "verifiableCredential is an empty list"),
        ({"proof": "z1"}, "proof", "proof is no object"),
    ],
)
def test_presentation_that_breaks_a_rule_is_refused(change: dict[str, Any], reason: str, sentence: str) -> None:
    check_presentation(PRESENTATION)
    check_presentation({"@context": [V2], "type": ["VerifiablePresentation"]})
    with refused(NotAModel, sentence, reason=reason):
        check_presentation(PRESENTATION | change)


def test_self_asserted_credential_is_its_holders_own() -> None:
    check_self_asserted({"issuer": {"id": "did:example:holder"}}, PRESENTATION)
    check_self_asserted({"issuer": "did:example:holder"}, {"holder": {"id": "did:example:holder"}})
    for presentation in (PRESENTATION, {}):
        with refused(NotAModel, "a self-asserted credential is not its holder's", reason="issuer"):
            check_self_asserted({"issuer": "did:example:another"}, presentation)
    with refused(NotAModel, "a self-asserted credential is not its holder's", reason="issuer"):
        check_self_asserted({}, PRESENTATION)
    assert identifier_of({"name": "x"}) is None
