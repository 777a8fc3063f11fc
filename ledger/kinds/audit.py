"""Audit report of a supplier: UNTP Digital Conformity Credential 0.6.1, one assessment for each item looked at.

The report is the auditors' word; whoever issues the credential vouches for having recorded it as it was signed,
and when. Papers and passports that were looked at are named by their digests.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from ledger.keys import to_instant
from ledger.kinds.envelope import Heading, Party, day_text, enveloped, party_value

_TYPE: Final = "DigitalConformityCredential"
_DESCRIPTION: Final = "Report of an audit, item by item, as its auditor signed it off."
_TOPIC: Final = "governance.compliance"


@dataclass(frozen=True, slots=True)
class AuditedItem:
    """One item of the checklist and what was found.

    Args:
        id: Its id within the checklist.
        cites: Clause or chapter of the source.
        text: What must be so.
        verdict: ``fulfilled``, ``gap`` or ``not_applicable``.
        note: The auditor's words; empty when the records spoke.
        gaps: What is missing, by name.
        digests: SHA-256 of papers and passports looked at, hexadecimal.
    """

    id: str
    cites: str
    text: str
    verdict: str
    note: str = ""
    gaps: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """All that the report says.

    Args:
        number: The audit's number.
        supplier: Who was audited.
        auditor: The auditors' firm.
        signed_by: The person who signed it off.
        checklist: Title of the checklist, with its version.
        starts_on: First day of the period looked at.
        ends_on: Its last day.
        requested_at: When the audit was asked for.
        signed_at: When it was signed off.
        findings: What is to be put right, each as (severity, words, last day).
    """

    heading: Heading
    number: str
    supplier: Party
    auditor: Party
    signed_by: str
    checklist: str
    starts_on: date
    ends_on: date
    requested_at: datetime
    signed_at: datetime
    items: tuple[AuditedItem, ...]
    findings: tuple[tuple[str, str, date], ...] = ()


def compose(facts: AuditFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadFacts: See :func:`ledger.kinds.envelope.enveloped`.
        Malformed: A time without a zone.
    """
    here = facts.heading.id
    subject = {
        "type": ["ConformityAttestation", "Attestation"],
        "id": f"{here}#attestation",
        "name": facts.number,
        "description": _DESCRIPTION,
        "assessorLevel": "3rdParty",
        "assessmentLevel": "Unspecified",
        "attestationType": "certification",
        "issuedToParty": party_value(facts.supplier),
        "assessment": [_assessment(item, facts) for item in facts.items],
        "audit": {
            "number": facts.number,
            "checklist": facts.checklist,
            "periodStart": day_text(facts.starts_on),
            "periodEnd": day_text(facts.ends_on),
            "requestedAt": to_instant(facts.requested_at),
            "signedAt": to_instant(facts.signed_at),
            "elapsedSeconds": round((facts.signed_at - facts.requested_at).total_seconds()),
            "signedBy": facts.signed_by,
            "finding": [
                {"severity": severity, "description": words, "dueDate": day_text(due_on)}
                for severity, words, due_on in facts.findings
            ],
        },
    }
    return enveloped(facts.heading, type_name=_TYPE, subject=subject)


def _assessment(item: AuditedItem, facts: AuditFacts) -> dict[str, Any]:
    return {
        "type": ["ConformityAssessment", "Declaration"],
        "id": f"{facts.heading.id}#{item.id}",
        "name": item.text,
        "assessmentDate": day_text(facts.signed_at.date()),
        "conformityTopic": _TOPIC,
        # An item that does not apply is no breach; its verdict says what it is.
        "conformance": item.verdict != "gap",
        "auditor": party_value(facts.auditor),
        "assessedOrganisation": party_value(facts.supplier),
        "verdict": item.verdict,
        "cites": item.cites,
        "note": item.note,
        "gap": list(item.gaps),
        "evidenceDigest": list(item.digests),
    }
