from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.canonical import from_multibase
from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.errors import BadFacts, BadGTIN, BadLot, Malformed, SignatureInvalid
from ledger.keys import SigningKey, read_multikey
from ledger.kinds.digital_link import check_gtin, digital_link
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, TraceFact, compose
from ledger.proof import check_proof, proofs_of, read_proof, sign
from support.refusals import refused

KEY = SigningKey.from_seed(bytes(range(32)), "did:web:portal.example")
CREATED = datetime(2026, 3, 1, 8, 0, 30, tzinfo=UTC)
# The digest of "abc" (FIPS 180-4), and its multihash in base58btc.
ABC = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
FILE = EvidenceFile("https://portal.example/files/1", "检验报告.pdf", "application/pdf", ABC)
LINK = "https://portal.example/01/06901234567892/10/L%2F7"
LEAST = PassportFacts(
    id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
    issuer=Party("did:web:portal.example", "青禾食品"),
    valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
    base_url="https://portal.example",
    gtin="06901234567892",
    lot="L/7",
    name_zh="龙井",
    name_en="Longjing tea",
)


def test_least_facts_make_a_passport_without_empty_members() -> None:
    assert compose(LEAST) == {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://portal.example/contexts/passport/v1",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": "urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        "type": ["DigitalProductPassport", "VerifiableCredential"],
        "issuer": {"type": ["CredentialIssuer"], "id": "did:web:portal.example", "name": "青禾食品"},
        "validFrom": "2026-03-01T08:00:00Z",
        "credentialSubject": {
            "type": ["ProductPassport"],
            "id": f"{LINK}#passport",
            "product": {
                "type": ["Product"],
                "id": LINK,
                "name": "龙井",
                "registeredId": "06901234567892.10.L/7",
                "idScheme": {
                    "type": ["IdentifierScheme"],
                    "id": "https://id.gs1.org/01/",
                    "name": "Global Trade Item Number (GTIN)",
                },
                "batchNumber": "L/7",
                "characteristics": {
                    "type": ["Characteristics"],
                    "names": [
                        {"@value": "龙井", "@language": "zh"},
                        {"@value": "Longjing tea", "@language": "en"},
                    ],
                    "gtin": "06901234567892",
                },
            },
            "granularityLevel": "batch",
        },
    }


def test_all_facts_have_their_place() -> None:
    certificate = CertificateFact("ORG 42", "有机认证", "中绿认证", date(2026, 1, 1), date(2026, 12, 31), FILE)
    inspection = InspectionFact("QC-3", "出厂检验", "浙江茶检", date(2026, 2, 27), passed=False)
    time = datetime(2026, 2, 28, 1, tzinfo=UTC)
    shipped = TraceFact("ObjectEvent", time, "shipping", "茶场", "urn:x:1", "12.5", "KGM", "ASN-1")
    received = TraceFact("ObjectEvent", time, "receiving", "杭州仓")
    credential = compose(
        replace(
            LEAST,
            valid_until=datetime(2027, 3, 1, tzinfo=UTC),
            producer=Party("https://register.example/1", "茶场", "91330100MA2XXXXX0A"),
            country="CN",
            produced_on=date(2026, 2, 26),
            best_before=date(2027, 8, 25),
            certificates=(certificate,),
            inspections=(inspection,),
            events=(shipped, received),
        )
    )
    subject = credential["credentialSubject"]
    assert credential["validUntil"] == "2027-03-01T00:00:00Z"
    assert subject["product"]["producedByParty"] == {
        "id": "https://register.example/1",
        "name": "茶场",
        "registeredId": "91330100MA2XXXXX0A",
    }
    assert subject["product"]["productionDate"] == "2026-02-26"
    assert subject["product"]["countryOfProduction"] == "CN"
    assert subject["product"]["characteristics"]["bestBefore"] == "2027-08-25"
    assert subject["conformityClaim"] == [
        {
            "type": ["Claim", "Declaration"],
            "id": f"{LINK}#certificate-ORG%2042",
            "description": "有机认证",
            "conformance": True,
            "conformityTopic": "governance.compliance",
            "assessmentDate": "2026-01-01",
            "certificate": {
                "number": "ORG 42",
                "issuingBody": "中绿认证",
                "validFrom": "2026-01-01",
                "validUntil": "2026-12-31",
            },
            "conformityEvidence": {
                "type": ["SecureLink", "Link"],
                "linkURL": "https://portal.example/files/1",
                "linkName": "检验报告.pdf",
                "hashDigest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "hashMethod": "SHA-256",
                "encryptionMethod": "none",
            },
        },
        {
            "type": ["Claim", "Declaration"],
            "id": f"{LINK}#inspection-QC-3",
            "description": "出厂检验",
            "conformance": False,
            "conformityTopic": "social.safety",
            "assessmentDate": "2026-02-27",
            "inspection": {"number": "QC-3", "laboratory": "浙江茶检"},
        },
    ]
    assert subject["traceabilityInformation"] == [
        {
            "type": ["TraceabilityPerformance"],
            "valueChainProcess": "Distribution",
            "event": [
                {
                    "type": "ObjectEvent",
                    "eventTime": "2026-02-28T01:00:00Z",
                    "eventTimeZoneOffset": "+00:00",
                    "action": "OBSERVE",
                    "bizStep": "shipping",
                    "bizLocation": {"id": "urn:x:1", "name": "茶场"},
                    "quantityList": [{"epcClass": LINK, "quantity": "12.5", "uom": "KGM"}],
                    "document": "ASN-1",
                },
                {
                    "type": "ObjectEvent",
                    "eventTime": "2026-02-28T01:00:00Z",
                    "eventTimeZoneOffset": "+00:00",
                    "action": "OBSERVE",
                    "bizStep": "receiving",
                    "bizLocation": {"name": "杭州仓"},
                },
            ],
        }
    ]
    assert credential["relatedResource"] == [
        {
            "id": "https://portal.example/files/1",
            "name": "检验报告.pdf",
            "mediaType": "application/pdf",
            "digestMultibase": "zQmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1pY",
        }
    ]


def test_one_file_named_twice_is_one_resource() -> None:
    certificate = CertificateFact("1", "n", "b", date(2026, 1, 1), file=FILE)
    credential = compose(replace(LEAST, certificates=(certificate,), files=(FILE,)))
    assert len(credential["relatedResource"]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valid_until": datetime(2026, 3, 1, 7, tzinfo=UTC)}, "ends before it starts"),
        ({"files": (replace(FILE, sha256=b"short"),)}, "not 32 bytes"),
        ({"files": (FILE, replace(FILE, sha256=bytes(32)))}, "two different files"),
        ({"base_url": "https://portal.example/"}, "not a scheme and a host"),
        ({"base_url": "ftp://portal.example"}, "not a scheme and a host"),
    ],
)
def test_facts_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadFacts, match=message):
        compose(replace(LEAST, **change))


@pytest.mark.parametrize("gtin", ["", "6901234567892", "0690123456789X", "06901234567893", "０6901234567892"])
def test_wrong_trade_item_number_is_refused(gtin: str) -> None:
    with pytest.raises(BadGTIN):
        check_gtin(gtin)


@pytest.mark.parametrize("lot", ["", "x" * 21, "批次", "a b", "a#b", "a\n"])
def test_lot_that_no_gs1_code_can_carry_is_refused(lot: str) -> None:
    with pytest.raises(BadLot):
        digital_link("https://portal.example", "06901234567892", lot)


def test_signing_adds_a_salted_proof_and_leaves_the_input_alone() -> None:
    unsigned = compose(LEAST)
    signed = sign(unsigned, KEY, created=CREATED, nonce=bytes(range(16)))
    assert "proof" not in unsigned
    both = {
        "type": "DataIntegrityProof",
        "created": "2026-03-01T08:00:30Z",
        "verificationMethod": KEY.method_id,
        "proofPurpose": "assertionMethod",
    }
    over_json = {"nonce": "z12drXXUifSrRnXLGbXg8E", "@context": unsigned["@context"]}
    assert [
        {name: value for name, value in proof.items() if name != "proofValue"} for proof in signed["proof"]
    ] == [
        both | over_json | {"cryptosuite": "eddsa-jcs-2022"},
        both | {"cryptosuite": "eddsa-rdfc-2022"},
    ]
    for value in proofs_of(signed):
        proof = read_proof(signed, value)
        check_proof(signed, proof, KEY.public)
        assert proof.created == CREATED


def test_one_suite_makes_a_single_proof() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED, suites=(EDDSA_JCS,))
    assert signed["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    assert proofs_of(signed) == (signed["proof"],)


def test_same_facts_signed_twice_differ_by_their_salt() -> None:
    first, second = (sign(compose(LEAST), KEY, created=CREATED) for _ in range(2))
    assert first["proof"][0]["nonce"] != second["proof"][0]["nonce"]
    assert first["proof"][0]["proofValue"] != second["proof"][0]["proofValue"]


def test_signed_credential_is_not_signed_again() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    with refused(BadFacts, "the credential is signed already", id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001"):
        sign(signed, KEY, created=CREATED)


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Malformed, match="no time zone"):
        sign(compose(LEAST), KEY, created=datetime(2026, 3, 1))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"type": "Ed25519Signature2020"}, "malformed_proof", "not a Data Integrity proof"),
        ({"previousProof": "urn:x"}, "malformed_proof", "not a proof for assertions, or unknown members"),
        ({"proofPurpose": "authentication"}, "malformed_proof", "not a proof for assertions, or unknown members"),
        ({"@context": []}, "context_differs", "the proof was made for other contexts"),
        (
            {"created": "yesterday"},
            "malformed_proof",
            "unreadable proof: not an instant like 2026-03-01T08:00:00Z",
        ),
        ({"proofValue": "z0"}, "malformed_proof", "unreadable proof: not base58btc multibase text"),
        ({"proofValue": "z1"}, "malformed_proof", "the signature has not 64 or 96 bytes"),
        ({"verificationMethod": 7}, "malformed_proof", "the signature has not 64 or 96 bytes"),
    ],
)
def test_proof_of_another_kind_is_refused(change: dict[str, Any], reason: str, sentence: str) -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    with refused(SignatureInvalid, sentence, reason=reason):
        read_proof(signed, signed["proof"][0] | change)


@pytest.mark.parametrize("name", ["bbs-2023", 7, None, ["eddsa-jcs-2022"]])
def test_proof_of_a_suite_we_do_not_know_is_refused_by_name(name: object) -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    with refused(SignatureInvalid, f"an unknown suite: {name}", reason="unknown_suite", suite=str(name)):
        read_proof(signed, signed["proof"][0] | {"cryptosuite": name})


def test_a_proof_over_linked_data_names_no_contexts() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    named = signed["proof"][1] | {"@context": signed["@context"]}
    with refused(SignatureInvalid, "not a proof for assertions, or unknown members", reason="malformed_proof"):
        read_proof(signed, named)


def test_a_proof_of_a_credential_without_contexts_is_made_for_others() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    proof = signed["proof"][0]
    del signed["@context"]
    with refused(SignatureInvalid, "the proof was made for other contexts", reason="context_differs"):
        read_proof(signed, proof)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_one_proof_or_a_set_of_up_to_eight_is_read(count: int) -> None:
    assert proofs_of({"proof": [{}] * count}) == ({},) * count


@pytest.mark.parametrize("proof", [[], [{}] * 9, [{}, "z1"], "z1"])
def test_what_is_no_set_of_one_to_eight_proofs_is_refused(proof: object) -> None:
    with refused(SignatureInvalid, "not 1 to 8 proofs", reason="malformed_proof"):
        proofs_of({"proof": proof})
    with refused(SignatureInvalid, "the credential carries no proof", reason="missing_proof"):
        proofs_of({})


def test_the_salt_is_sixteen_random_bytes() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED)
    assert len(from_multibase(signed["proof"][0]["nonce"])) == 16


def test_a_key_of_another_kind_cannot_have_made_the_proof() -> None:
    signed = sign(compose(LEAST), KEY, created=CREATED, suites=(EDDSA_JCS,))
    proof = read_proof(signed, signed["proof"])
    key = read_multikey("zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP")
    with refused(SignatureInvalid, "eddsa-jcs-2022 does not sign with such a key", reason="unknown_key"):
        check_proof(signed, proof, key)
