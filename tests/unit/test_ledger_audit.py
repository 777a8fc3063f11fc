"""The report of an audit as a credential: item by item, with its clock."""

from datetime import UTC, date, datetime

from ledger.kinds.audit import AuditedItem, AuditFacts, compose
from ledger.kinds.envelope import Heading, Party

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FACTS = AuditFacts(
    heading=Heading(
        id="https://portal.example/credentials/1",
        issuer=Party("did:web:portal.example", "Host"),
        valid_from=NOW,
    ),
    number="AU-26001",
    supplier=Party("https://portal.example/partners/S1", "Songyue Tea"),
    auditor=Party("https://portal.example/partners/A1", "Hengxin Audit"),
    signed_by="Chen Wei",
    checklist="Food v1",
    starts_on=date(2025, 11, 23),
    ends_on=date(2026, 11, 23),
    requested_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    signed_at=NOW,
    items=(
        AuditedItem("licence", "2.1", "Licence", "fulfilled", digests=("c1",)),
        AuditedItem("transport", "3", "Transport", "gap", note="Dirty van", gaps=("TEA L7",)),
        AuditedItem("recall", "7", "Recall", "not_applicable"),
    ),
    findings=(("major", "Clean the van", date(2026, 12, 7)),),
)


def test_a_report_is_a_conformity_credential_with_an_assessment_for_each_item() -> None:
    credential = compose(FACTS)
    assert credential["type"] == ["DigitalConformityCredential", "VerifiableCredential"]
    subject = credential["credentialSubject"]
    assert [(one["name"], one["conformance"], one["verdict"]) for one in subject["assessment"]] == [
        ("Licence", True, "fulfilled"),
        ("Transport", False, "gap"),
        ("Recall", True, "not_applicable"),
    ]
    assert subject["assessment"][1]["note"] == "Dirty van"
    assert subject["issuedToParty"] == {"id": "https://portal.example/partners/S1", "name": "Songyue Tea"}


def test_a_report_says_how_long_the_audit_took_and_what_is_to_be_put_right() -> None:
    audit = compose(FACTS)["credentialSubject"]["audit"]
    assert (audit["requestedAt"], audit["signedAt"]) == ("2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z")
    assert audit["elapsedSeconds"] == 7200
    assert audit["finding"] == [{"severity": "major", "description": "Clean the van", "dueDate": "2026-12-07"}]
