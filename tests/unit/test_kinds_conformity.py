"""Certificates and reports as credentials: what they say, and of whom."""

from dataclasses import replace

import pytest

from ledger.errors import BadFacts, BadGTIN
from ledger.kinds.conformity import AssessedGoods, compose
from support.kinds import GTIN, LINK, ORIGIN, PAPER, certificate_facts, heading, report_facts

HERE = heading(1).id


def test_a_licence_says_whose_it_is_who_gave_it_and_until_when() -> None:
    credential = compose(certificate_facts())
    supplier = {"id": "https://portal.example:8443/partners/SUP-1", "name": "松月茶业 / Songyue Tea"}
    assert credential == {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://portal.example:8443/contexts/passport/v1",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": HERE,
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "issuer": {
            "type": ["CredentialIssuer"],
            "id": "did:web:portal.example%3A8443",
            "name": "青禾食品 / Qinghe Foods",
        },
        "validFrom": "2026-03-01T08:00:00Z",
        "validUntil": "2026-12-31T15:59:59Z",
        "credentialSubject": {
            "type": ["ConformityAttestation", "Attestation"],
            "id": f"{HERE}#attestation",
            "name": "SC-1",
            "description": "Made from a paper that the issuer holds; the paper is bound by its digest, "
            "and its body made the assessment.",
            "assessorLevel": "3rdParty",
            "assessmentLevel": "Unspecified",
            "attestationType": "certification",
            "issuedToParty": supplier,
            "conformityCertificate": {
                "type": ["SecureLink", "Link"],
                "linkURL": "https://portal.example:8443/documents/ab",
                "linkName": "report.pdf",
                "hashDigest": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "hashMethod": "SHA-256",
                "encryptionMethod": "none",
            },
            "assessment": [
                {
                    "type": ["ConformityAssessment", "Declaration"],
                    "id": f"{HERE}#assessment",
                    "name": "SC-1",
                    "assessmentDate": "2026-01-01",
                    "conformityTopic": "governance.compliance",
                    "conformance": True,
                    "auditor": {"id": f"{HERE}#auditor", "name": "市场监督管理局"},
                    "assessedOrganisation": supplier,
                }
            ],
            "paper": {
                "number": "SC-1",
                "issuingBody": "市场监督管理局",
                "validFrom": "2026-01-01",
                "validUntil": "2026-12-31",
            },
        },
        "relatedResource": [
            {
                "id": "https://portal.example:8443/documents/ab",
                "name": "report.pdf",
                "mediaType": "application/pdf",
                # SHA-256's multihash prefix 12 20 and the bytes 00 to 1f, base58btc, by another implementation.
                "digestMultibase": "zQmNLfbof5rLekrACjeuLk9JmGZD2HDBHCU4z16iYKmx5SE",
            }
        ],
    }


def test_a_report_is_about_its_lot_and_says_when_it_failed() -> None:
    credential = compose(report_facts(passed=False))
    subject = credential["credentialSubject"]
    assert "validUntil" not in credential
    assert (subject["attestationType"], subject["assessorLevel"]) == ("inspection", "Unspecified")
    [assessment] = subject["assessment"]
    assert (assessment["conformance"], assessment["conformityTopic"]) == (False, "social.safety")
    assert "assessedOrganisation" not in assessment
    assert assessment["assessedProduct"] == [
        {
            "product": {
                "type": ["Product"],
                "id": LINK,
                "name": "龙井",
                "registeredId": "06901234567892.10.L7",
                "idScheme": {
                    "type": ["IdentifierScheme"],
                    "id": "https://id.gs1.org/01/",
                    "name": "Global Trade Item Number (GTIN)",
                },
                "batchNumber": "L7",
            },
            "IDverifiedByCAB": False,
        }
    ]
    assert subject["paper"] == {"number": "JY-7", "issuingBody": "浙江茶检", "validFrom": "2026-02-27"}


def test_a_certificate_of_a_product_covers_every_lot() -> None:
    [assessment] = compose(certificate_facts(goods=AssessedGoods(GTIN, "龙井")))["credentialSubject"]["assessment"]
    goods = assessment["assessedProduct"][0]["product"]
    assert (goods["id"], goods["registeredId"]) == (f"{ORIGIN}/01/{GTIN}", GTIN)
    assert "batchNumber" not in goods


def test_a_product_without_a_right_number_is_refused() -> None:
    with pytest.raises(BadGTIN):
        compose(report_facts(goods=AssessedGoods("06901234567893", "龙井")))


def test_a_file_without_a_whole_digest_is_refused() -> None:
    with pytest.raises(BadFacts, match="not 32 bytes"):
        compose(certificate_facts(file=replace(PAPER, sha256=b"short")))
