"""Product passport of a lot or of one piece: UNTP Digital Product Passport 0.6.1.

The subject is a GS1 Digital Link URI, events carry EPCIS 2.0 / CBV words. What has a credential of its own, a
certificate, a report, an event, is linked by digest. Decimals travel as text: no number here can be read two
ways. ``ledger.proof`` signs it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

from ledger.keys import to_instant
from ledger.kinds.digital_link import digital_link, serial_link
from ledger.kinds.envelope import (
    EvidenceFile,
    Heading,
    LinkedCredential,
    Party,
    day_text,
    enveloped,
    party_value,
    product_value,
    secure_link,
)

PASSPORT_TYPE: Final = "DigitalProductPassport"


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A certificate in force for the product. Dates are the certificate's own, both inclusive."""

    number: str
    name: str
    issuing_body: str
    valid_from: date
    valid_until: date | None = None
    file: EvidenceFile | None = None
    credential: LinkedCredential | None = None


@dataclass(frozen=True, slots=True)
class InspectionFact:
    """An inspection report for the lot."""

    number: str
    name: str
    laboratory: str
    inspected_on: date
    passed: bool
    file: EvidenceFile | None = None
    credential: LinkedCredential | None = None


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
    credential: LinkedCredential | None = None


@dataclass(frozen=True, slots=True)
class PassportFacts:
    """All that one passport says about one lot, or about one piece.

    Args:
        id: The credential's URI (``https://…/credentials/…`` or ``urn:uuid:…``).
        base_url: Scheme and host of the passport pages, without a path: the Digital Link's front.
        gtin: 14 digits with a right check digit.
        lot: GS1 AI (10): 1 to 20 characters of set 82; a piece may have none. Events of a piece are its lot's.
        serial: GS1 AI (21) of the one piece it is about; ``None`` for a whole lot.
        valid_until: Inclusive, like ``valid_from``.
        files: All evidence; the certificates' and reports' own files are added when missing here.
        links: Further credentials it vouches for, of places and firms.
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
    serial: str | None = None
    links: tuple[LinkedCredential, ...] = ()

    @property
    def heading(self) -> Heading:
        """What the passport says of itself."""
        return Heading(self.id, self.issuer, self.valid_from, self.valid_until)


def compose(facts: PassportFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadGTIN: See :func:`ledger.kinds.digital_link.check_gtin`.
        BadLot: See :func:`ledger.kinds.digital_link.digital_link`.
        BadFacts: See :func:`ledger.kinds.envelope.enveloped`.
        Malformed: A time without a zone.
    """
    if facts.serial is None:
        link = digital_link(facts.base_url, facts.gtin, facts.lot)
    else:
        link = serial_link(facts.base_url, facts.gtin, facts.serial)
    lot_link = digital_link(facts.base_url, facts.gtin, facts.lot) if facts.lot else link
    claims: list[CertificateFact | InspectionFact] = [*facts.certificates, *facts.inspections]
    return enveloped(
        facts.heading,
        type_name=PASSPORT_TYPE,
        subject=_subject(facts, link, lot_link),
        resources=(
            *facts.files,
            *(claim.file for claim in claims if claim.file),
            *(one.credential for one in (*claims, *facts.events) if one.credential),
            *facts.links,
        ),
    )


def _subject(facts: PassportFacts, link: str, lot_link: str) -> dict[str, Any]:
    claims = [_certificate_claim(link, fact) for fact in facts.certificates]
    claims += [_inspection_claim(link, fact) for fact in facts.inspections]
    trace = {
        "type": ["TraceabilityPerformance"],
        "valueChainProcess": "Distribution",
        "event": [_event(lot_link, fact) for fact in facts.events],
        "traceabilityEvent": [secure_link(fact.credential) for fact in facts.events if fact.credential] or None,
    }
    return {
        "type": ["ProductPassport"],
        "id": f"{link}#passport",
        "product": _product(facts, link),
        "granularityLevel": "batch" if facts.serial is None else "item",
        "conformityClaim": claims or None,
        "traceabilityInformation": [trace] if facts.events else None,
    }


def _product(facts: PassportFacts, link: str) -> dict[str, Any]:
    goods = product_value(link, name=facts.name_zh, gtin=facts.gtin, lot=facts.lot or None, serial=facts.serial)
    return goods | {
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
            "file": _file_behind(fact),
        },
        "conformityEvidence": secure_link(fact.credential or fact.file),
    }


def _inspection_claim(link: str, fact: InspectionFact) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{link}#inspection-{quote(fact.number, safe='')}",
        "description": fact.name,
        "conformance": fact.passed,
        "conformityTopic": "social.safety",
        "assessmentDate": day_text(fact.inspected_on),
        "inspection": {"number": fact.number, "laboratory": fact.laboratory, "file": _file_behind(fact)},
        "conformityEvidence": secure_link(fact.credential or fact.file),
    }


def _file_behind(fact: CertificateFact | InspectionFact) -> str | None:
    """Return the file's address where the evidence is its credential; else the evidence names it itself."""
    return fact.file.url if fact.file and fact.credential else None


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
