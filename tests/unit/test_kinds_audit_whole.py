"""The report of an audit, member by member: what a reader of the credential finds where."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from ledger.kinds.audit import AuditedItem, AuditFacts, compose
from ledger.kinds.envelope import Heading, Party

HERE = "https://portal.example/credentials/9"
SIGNED_AT = datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC)
FACTS = AuditFacts(
    heading=Heading(HERE, Party("did:web:portal.example", "Host"), SIGNED_AT),
    number="AU-26009",
    supplier=Party("https://portal.example/partners/S1", "Songyue Tea", "91330100799655058B"),
    auditor=Party("https://portal.example/partners/A1", "Hengxin Audit"),
    signed_by="Chen Wei",
    checklist="Food v1",
    starts_on=date(2025, 11, 20),
    ends_on=date(2026, 11, 21),
    requested_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
    signed_at=SIGNED_AT,
    items=(AuditedItem("transport", "3.2", "Clean transport", "gap", "Dirty van", ("TEA L7",), ("c1", "c2")),),
    findings=(("major", "Clean the van", date(2026, 12, 7)), ("minor", "Keep the log", date(2027, 1, 7))),
)
SUPPLIER = {
    "id": "https://portal.example/partners/S1",
    "name": "Songyue Tea",
    "registeredId": "91330100799655058B",
}


def test_a_report_says_all_that_the_auditor_signed_and_no_more() -> None:
    assert compose(FACTS) == {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://portal.example/contexts/passport/v1",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": HERE,
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "issuer": {"type": ["CredentialIssuer"], "id": "did:web:portal.example", "name": "Host"},
        "validFrom": "2026-11-23T10:00:30Z",
        "credentialSubject": {
            "type": ["ConformityAttestation", "Attestation"],
            "id": f"{HERE}#attestation",
            "name": "AU-26009",
            "description": "Report of an audit, item by item, as its auditor signed it off.",
            "assessorLevel": "3rdParty",
            "assessmentLevel": "Unspecified",
            "attestationType": "certification",
            "issuedToParty": SUPPLIER,
            "assessment": [
                {
                    "type": ["ConformityAssessment", "Declaration"],
                    "id": f"{HERE}#transport",
                    "name": "Clean transport",
                    "assessmentDate": "2026-11-23",
                    "conformityTopic": "governance.compliance",
                    "conformance": False,
                    "auditor": {"id": "https://portal.example/partners/A1", "name": "Hengxin Audit"},
                    "assessedOrganisation": SUPPLIER,
                    "verdict": "gap",
                    "cites": "3.2",
                    "note": "Dirty van",
                    "gap": ["TEA L7"],
                    "evidenceDigest": ["c1", "c2"],
                }
            ],
            "audit": {
                "number": "AU-26009",
                "checklist": "Food v1",
                "periodStart": "2025-11-20",
                "periodEnd": "2026-11-21",
                "requestedAt": "2026-11-23T08:00:00Z",
                "signedAt": "2026-11-23T10:00:30Z",
                "elapsedSeconds": 7230,
                "signedBy": "Chen Wei",
                "finding": [
                    {"severity": "major", "description": "Clean the van", "dueDate": "2026-12-07"},
                    {"severity": "minor", "description": "Keep the log", "dueDate": "2027-01-07"},
                ],
            },
        },
    }


def test_an_item_nobody_had_words_for_is_told_with_empty_ones() -> None:
    report = compose(replace(FACTS, items=(AuditedItem("recall", "7", "Recall", "not_applicable"),), findings=()))
    [item] = report["credentialSubject"]["assessment"]
    assert {name: item[name] for name in ("conformance", "verdict", "note", "gap", "evidenceDigest")} == {
        "conformance": True,
        "verdict": "not_applicable",
        "note": "",
        "gap": [],
        "evidenceDigest": [],
    }
    assert report["credentialSubject"]["audit"]["finding"] == []


def test_the_day_of_an_assessment_is_the_day_where_it_was_signed() -> None:
    # 00:30 in Shanghai on the 24th is still the 23rd in UTC, which is what the instants say.
    there = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=8)))
    subject = compose(replace(FACTS, signed_at=there))["credentialSubject"]
    assert subject["assessment"][0]["assessmentDate"] == "2026-11-24"
    assert subject["audit"]["signedAt"] == "2026-11-23T16:30:00Z"
    assert subject["audit"]["elapsedSeconds"] == 8 * 3600 + 30 * 60
