"""Compose one digital passport.

The envelope is W3C VCDM 2.0, the types are UNTP Digital Product Passport 0.6.1, the subject is a GS1 Digital
Link URI, events carry EPCIS 2.0 / CBV words; a context of our own says which (ADR 9), and a term outside it
falls under VCDM's context for undefined terms. Decimals travel as text: no number here can be read two ways. ``ledger.proof`` signs it.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ledger.canonical import digest_multibase
from ledger.dataintegrity.contexts import PASSPORT_PATH
from ledger.errors import BadFacts, BadGTIN, BadLot
from ledger.keys import to_instant

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
OWN_TERMS_CONTEXT: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""VCDM 2.0's context for terms no other context defines; UNTP 0.6 allows contexts by address only."""
PASSPORT_TYPES: Final = ("DigitalProductPassport", "VerifiableCredential")
_DIGEST_BYTES: Final = 32
_GTIN = re.compile(r"[0-9]{14}")
_LOT = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")


@dataclass(frozen=True, slots=True)
class Party:
    """A firm. ``id`` is a URI (a DID, or a register's address of it)."""

    id: str
    name: str
    registered_id: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file the passport vouches for by its digest.

    Args:
        url: Where it can be fetched; its identity in the credential.
        sha256: Digest of the bytes, 32 bytes.
    """

    url: str
    name: str
    media_type: str
    sha256: bytes


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


def check_gtin(gtin: str) -> None:
    """Check a GTIN-14 (GS1 General Specifications 7.9: weights 3 and 1, modulo 10).

    Raises:
        BadGTIN: Not 14 digits, or another check digit.
    """
    if not _GTIN.fullmatch(gtin):
        raise BadGTIN(f"{gtin!r} has not 14 digits", gtin=gtin)
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(gtin))
    if total % 10:
        raise BadGTIN(f"the check digit of {gtin} is wrong", gtin=gtin)


def digital_link(base_url: str, gtin: str, lot: str) -> str:
    """Return the GS1 Digital Link URI of a lot: ``{base}/01/{gtin}/10/{lot}``, the lot percent-encoded.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadLot: Empty, longer than 20 characters, or outside GS1 character set 82.
        BadFacts: ``base_url`` is not the scheme and host of a web address.
    """
    check_gtin(gtin)
    if not _LOT.fullmatch(lot):
        raise BadLot(f"{lot!r} is no GS1 lot number", lot=lot)
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or base_url != f"{parts.scheme}://{parts.netloc}":
        raise BadFacts(f"{base_url!r} is not a scheme and a host", base_url=base_url)
    return f"{base_url}/01/{gtin}/10/{quote(lot, safe='')}"


def compose(facts: PassportFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadLot: See :func:`digital_link`.
        BadFacts: Validity ends before it starts, a file's digest has not 32 bytes, or two different files
            share an address.
        Malformed: A time without a zone.
    """
    link = digital_link(facts.base_url, facts.gtin, facts.lot)
    if facts.valid_until and facts.valid_until < facts.valid_from:
        raise BadFacts("validity ends before it starts", id=facts.id)
    credential = {
        "@context": [VC_CONTEXT, facts.base_url + PASSPORT_PATH, OWN_TERMS_CONTEXT],
        "id": facts.id,
        "type": list(PASSPORT_TYPES),
        "issuer": {"type": ["CredentialIssuer"], "id": facts.issuer.id, "name": facts.issuer.name},
        "validFrom": to_instant(facts.valid_from),
        "validUntil": to_instant(facts.valid_until) if facts.valid_until else None,
        "credentialSubject": _subject(facts, link),
        "relatedResource": [_resource(file) for file in _all_files(facts)] or None,
    }
    return {name: _without_gaps(value) for name, value in credential.items() if value is not None}


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
        "producedByParty": _party(facts.producer) if facts.producer else None,
        "productionDate": _day(facts.produced_on),
        "countryOfProduction": facts.country,
        "characteristics": {
            "type": ["Characteristics"],
            "names": [
                {"@value": facts.name_zh, "@language": "zh"},
                {"@value": facts.name_en, "@language": "en"},
            ],
            "gtin": facts.gtin,
            "bestBefore": _day(facts.best_before),
        },
    }


def _certificate_claim(link: str, fact: CertificateFact) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{link}#certificate-{quote(fact.number, safe='')}",
        "description": fact.name,
        "conformance": True,
        "conformityTopic": "governance.compliance",
        "assessmentDate": _day(fact.valid_from),
        "certificate": {
            "number": fact.number,
            "issuingBody": fact.issuing_body,
            "validFrom": _day(fact.valid_from),
            "validUntil": _day(fact.valid_until),
        },
        "conformityEvidence": _secure_link(fact.file),
    }


def _inspection_claim(link: str, fact: InspectionFact) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{link}#inspection-{quote(fact.number, safe='')}",
        "description": fact.name,
        "conformance": fact.passed,
        "conformityTopic": "social.safety",
        "assessmentDate": _day(fact.inspected_on),
        "inspection": {"number": fact.number, "laboratory": fact.laboratory},
        "conformityEvidence": _secure_link(fact.file),
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


def _party(party: Party) -> dict[str, Any]:
    return {"id": party.id, "name": party.name, "registeredId": party.registered_id}


def _secure_link(file: EvidenceFile | None) -> dict[str, Any] | None:
    if file is None:
        return None
    return {
        "type": ["SecureLink", "Link"],
        "linkURL": file.url,
        "linkName": file.name,
        "hashDigest": file.sha256.hex(),
        "hashMethod": "SHA-256",
        "encryptionMethod": "none",
    }


def _resource(file: EvidenceFile) -> dict[str, Any]:
    return {
        "id": file.url,
        "name": file.name,
        "mediaType": file.media_type,
        "digestMultibase": digest_multibase(file.sha256),
    }


def _all_files(facts: PassportFacts) -> list[EvidenceFile]:
    claims: list[CertificateFact | InspectionFact] = [*facts.certificates, *facts.inspections]
    files: dict[str, EvidenceFile] = {}
    for file in (*facts.files, *(fact.file for fact in claims if fact.file)):
        if len(file.sha256) != _DIGEST_BYTES:
            raise BadFacts(f"the digest of {file.url} has not 32 bytes", url=file.url)
        if files.setdefault(file.url, file).sha256 != file.sha256:
            raise BadFacts(f"two different files at {file.url}", url=file.url)
    return list(files.values())


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _without_gaps(value: Any) -> Any:
    """Drop what is not known: in a credential an absent member says it better than null."""
    if isinstance(value, dict):
        return {key: _without_gaps(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_gaps(item) for item in value]
    return value
