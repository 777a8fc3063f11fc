"""Product passport of a lot.

The envelope is W3C VCDM 2.0, the types are UNTP Digital Product Passport 0.6.1, the subject is a GS1 Digital
Link URI, events carry EPCIS 2.0 / CBV words; a context of our own says which (ADR 9), and a term outside it
falls under VCDM's context for undefined terms. Decimals travel as text: no number here can be read two ways.
``ledger.proof`` signs it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

from ledger.errors import BadFacts
from ledger.keys import to_instant
from ledger.kinds.digital_link import digital_link
from ledger.kinds.envelope import (
    DIGEST_BYTES,
    EvidenceFile,
    Party,
    contexts,
    day_text,
    party_value,
    resource_value,
    secure_link,
    without_gaps,
)

PASSPORT_TYPES: Final = ("DigitalProductPassport", "VerifiableCredential")


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A certificate in force for the product. Dates are the certificate's own, both inclusive."""

    number: str
    name: str
    issuing_body: str
    valid_from: date
    valid_until: date | None = None
    file: EvidenceFile | None = None


@dataclass(frozen=True, slots=True)
class InspectionFact:
    """An inspection report for the lot."""

    number: str
    name: str
    laboratory: str
    inspected_on: date
    passed: bool
    file: EvidenceFile | None = None


@dataclass(frozen=True, slots=True)
class TraceFact:
    """One traceability event.

    Args:
        kind: EPCIS event type: ``ObjectEvent``, ``TransactionEvent``, ``TransformationEvent``…
        biz_step: CBV business step: ``commissioning``, ``shipping``, ``receiving``…
        quantity: Decimal text, with ``unit`` a UN/ECE Recommendation 20 code.
        document: Number of the paper behind it (an ASN, a receipt).
    """

    kind: str
    time: datetime
    biz_step: str
    place: str
    place_id: str | None = None
    quantity: str | None = None
    unit: str | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class PassportFacts:
    """All that one passport says about one lot.

    Args:
        id: The credential's URI (``https://…/credentials/…`` or ``urn:uuid:…``).
        base_url: Scheme and host of the passport pages, without a path: the Digital Link's front.
        gtin: 14 digits with a right check digit.
        lot: GS1 AI (10): 1 to 20 characters of set 82.
        valid_until: Inclusive, like ``valid_from``.
        files: All evidence; the certificates' and reports' own files are added when missing here.
    """

    id: str
    issuer: Party
    valid_from: datetime
    base_url: str
    gtin: str
    lot: str
    name_zh: str
    name_en: str
    valid_until: datetime | None = None
    producer: Party | None = None
    country: str | None = None
    produced_on: date | None = None
    best_before: date | None = None
    certificates: tuple[CertificateFact, ...] = ()
    inspections: tuple[InspectionFact, ...] = ()
    events: tuple[TraceFact, ...] = ()
    files: tuple[EvidenceFile, ...] = ()


def compose(facts: PassportFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadGTIN: See :func:`ledger.kinds.digital_link.check_gtin`.
        BadLot: See :func:`ledger.kinds.digital_link.digital_link`.
        BadFacts: Validity ends before it starts, a file's digest has not 32 bytes, or two different files
            share an address.
        Malformed: A time without a zone.
    """
    link = digital_link(facts.base_url, facts.gtin, facts.lot)
    if facts.valid_until and facts.valid_until < facts.valid_from:
        raise BadFacts("validity ends before it starts", id=facts.id)
    credential = {
        "@context": contexts(facts.base_url),
        "id": facts.id,
        "type": list(PASSPORT_TYPES),
        "issuer": {"type": ["CredentialIssuer"], "id": facts.issuer.id, "name": facts.issuer.name},
        "validFrom": to_instant(facts.valid_from),
        "validUntil": to_instant(facts.valid_until) if facts.valid_until else None,
        "credentialSubject": _subject(facts, link),
        "relatedResource": [resource_value(file) for file in _all_files(facts)] or None,
    }
    return {name: without_gaps(value) for name, value in credential.items() if value is not None}


def _subject(facts: PassportFacts, link: str) -> dict[str, Any]:
    claims = [_certificate_claim(link, fact) for fact in facts.certificates]
    claims += [_inspection_claim(link, fact) for fact in facts.inspections]
    trace = {
        "type": ["TraceabilityPerformance"],
        "valueChainProcess": "Distribution",
        "event": [_event(link, fact) for fact in facts.events],
    }
    return {
        "type": ["ProductPassport"],
        "id": f"{link}#passport",
        "product": _product(facts, link),
        "granularityLevel": "batch",
        "conformityClaim": claims or None,
        "traceabilityInformation": [trace] if facts.events else None,
    }


def _product(facts: PassportFacts, link: str) -> dict[str, Any]:
    return {
        "type": ["Product"],
        "id": link,
        "name": facts.name_zh,
        "registeredId": f"{facts.gtin}.10.{facts.lot}",
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": "https://id.gs1.org/01/",
            "name": "Global Trade Item Number (GTIN)",
        },
        "batchNumber": facts.lot,
        "producedByParty": party_value(facts.producer) if facts.producer else None,
        "productionDate": day_text(facts.produced_on),
        "countryOfProduction": facts.country,
        "characteristics": {
            "type": ["Characteristics"],
            "names": [
                {"@value": facts.name_zh, "@language": "zh"},
                {"@value": facts.name_en, "@language": "en"},
            ],
            "gtin": facts.gtin,
            "bestBefore": day_text(facts.best_before),
        },
    }


def _certificate_claim(link: str, fact: CertificateFact) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{link}#certificate-{quote(fact.number, safe='')}",
        "description": fact.name,
        "conformance": True,
        "conformityTopic": "governance.compliance",
        "assessmentDate": day_text(fact.valid_from),
        "certificate": {
            "number": fact.number,
            "issuingBody": fact.issuing_body,
            "validFrom": day_text(fact.valid_from),
            "validUntil": day_text(fact.valid_until),
        },
        "conformityEvidence": secure_link(fact.file),
    }


def _inspection_claim(link: str, fact: InspectionFact) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{link}#inspection-{quote(fact.number, safe='')}",
        "description": fact.name,
        "conformance": fact.passed,
        "conformityTopic": "social.safety",
        "assessmentDate": day_text(fact.inspected_on),
        "inspection": {"number": fact.number, "laboratory": fact.laboratory},
        "conformityEvidence": secure_link(fact.file),
    }


def _event(link: str, fact: TraceFact) -> dict[str, Any]:
    quantity = {"epcClass": link, "quantity": fact.quantity, "uom": fact.unit}
    return {
        "type": fact.kind,
        "eventTime": to_instant(fact.time),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": fact.biz_step,
        "bizLocation": {"id": fact.place_id, "name": fact.place},
        "quantityList": [quantity] if fact.quantity is not None else None,
        "document": fact.document,
    }


def _all_files(facts: PassportFacts) -> list[EvidenceFile]:
    claims: list[CertificateFact | InspectionFact] = [*facts.certificates, *facts.inspections]
    files: dict[str, EvidenceFile] = {}
    for file in (*facts.files, *(fact.file for fact in claims if fact.file)):
        if len(file.sha256) != DIGEST_BYTES:
            raise BadFacts(f"the digest of {file.url} has not 32 bytes", url=file.url)
        if files.setdefault(file.url, file).sha256 != file.sha256:
            raise BadFacts(f"two different files at {file.url}", url=file.url)
    return list(files.values())
