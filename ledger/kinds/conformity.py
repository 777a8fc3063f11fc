"""Certificate (资质证书) and inspection report (检验报告): UNTP Digital Conformity Credential 0.6.1.

The paper stays what it is: its file is bound by digest, and the credential says in words machines understand
what it certifies, of whom or of which goods, and until when. Whoever issues the credential vouches for having
the paper, not for the assessment: the body that made it is named as the auditor.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from ledger.kinds.digital_link import digital_link, item_link
from ledger.kinds.envelope import (
    EvidenceFile,
    Heading,
    Party,
    day_text,
    enveloped,
    party_value,
    product_value,
    secure_link,
)

CONFORMITY_TYPE: Final = "DigitalConformityCredential"
_DESCRIPTION: Final = (
    "Made from a paper that the issuer holds; the paper is bound by its digest, and its body made the assessment."
)


class Attestation(StrEnum):
    """Kinds of attestation this module composes (UNTP attestationTypeCode)."""

    CERTIFICATION = "certification"
    INSPECTION = "inspection"


_TOPICS: Final = {
    Attestation.CERTIFICATION: "governance.compliance",
    Attestation.INSPECTION: "social.safety",
}
# A public certificate is a third party's by its nature; a report may be of the firm's own laboratory.
_ASSESSORS: Final = {Attestation.CERTIFICATION: "3rdParty", Attestation.INSPECTION: "Unspecified"}


@dataclass(frozen=True, slots=True)
class AssessedGoods:
    """The goods a paper is about: a lot, or every lot of a product when ``lot`` is ``None``."""

    gtin: str
    name: str
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class ConformityFacts:
    """All that the credential of one paper says.

    Args:
        base_url: Scheme and host of the passport pages.
        holder: Whose paper it is.
        body: Authority or laboratory that made it, as the paper names it.
        assessed_on: Day of the assessment, or the first day of validity.
        ends_on: Last day by the paper, inclusive.
        passed: Whether what was assessed conforms.
        goods: What was assessed; ``None`` when it is the holder as a firm.
    """

    heading: Heading
    base_url: str
    attestation: Attestation
    holder: Party
    number: str
    body: str
    assessed_on: date
    ends_on: date | None
    passed: bool
    file: EvidenceFile
    goods: AssessedGoods | None = None


def compose(facts: ConformityFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadGTIN: See :func:`ledger.kinds.digital_link.check_gtin`.
        BadLot: See :func:`ledger.kinds.digital_link.digital_link`.
        BadFacts: See :func:`ledger.kinds.envelope.enveloped`.
        Malformed: A time without a zone.
    """
    here = facts.heading.id
    subject = {
        "type": ["ConformityAttestation", "Attestation"],
        "id": f"{here}#attestation",
        "name": facts.number,
        "description": _DESCRIPTION,
        "assessorLevel": _ASSESSORS[facts.attestation],
        "assessmentLevel": "Unspecified",
        "attestationType": facts.attestation.value,
        "issuedToParty": party_value(facts.holder),
        "conformityCertificate": secure_link(facts.file),
        "assessment": [_assessment(facts)],
        "paper": {
            "number": facts.number,
            "issuingBody": facts.body,
            "validFrom": day_text(facts.assessed_on),
            "validUntil": day_text(facts.ends_on),
        },
    }
    return enveloped(facts.heading, type_name=CONFORMITY_TYPE, subject=subject, resources=(facts.file,))


def _assessment(facts: ConformityFacts) -> dict[str, Any]:
    here = facts.heading.id
    about: dict[str, Any] = {"assessedOrganisation": party_value(facts.holder)}
    if facts.goods is not None:
        about = {"assessedProduct": [{"product": _goods(facts.goods, facts.base_url), "IDverifiedByCAB": False}]}
    return {
        "type": ["ConformityAssessment", "Declaration"],
        "id": f"{here}#assessment",
        "name": facts.number,
        "assessmentDate": day_text(facts.assessed_on),
        "conformityTopic": _TOPICS[facts.attestation],
        "conformance": facts.passed,
        "auditor": {"id": f"{here}#auditor", "name": facts.body},
        **about,
    }


def _goods(goods: AssessedGoods, base_url: str) -> dict[str, Any]:
    link = digital_link(base_url, goods.gtin, goods.lot) if goods.lot else item_link(base_url, goods.gtin)
    return product_value(link, name=goods.name, gtin=goods.gtin, lot=goods.lot, serial=None)
