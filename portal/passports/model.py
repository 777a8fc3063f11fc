"""Rules of passports: what a document must say, what a passport needs, how long it holds.

Pure: values in, values out. The credential itself is made by ``ledger.kinds``. Sources: W3C VCDM 2.0
(validity), ``domain.md`` 4b-14 (an "until" date is inclusive, by the issuer's local date), GS1 General
Specifications (GTIN, batch or lot).
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger.canonical import canonical_bytes, sha256
from ledger.kinds.envelope import EvidenceFile, LinkedCredential, Party
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, TraceFact
from portal.kernel.errors import Malformed, Refused
from portal.kernel.gtin import to_gtin14
from portal.kernel.quantity import to_text
from portal.passports.bearer import Bearer, passport_link

PDF = "application/pdf"
MAX_TEXT = 200
_LAST_SECOND = time(23, 59, 59)
_PDF_MAGIC = b"%PDF-"


class DocumentKind(StrEnum):
    """Kinds of paper a supplier hands in."""

    CERTIFICATE = "certificate"
    INSPECTION_REPORT = "inspection_report"


class NotAPDF(Malformed):
    """The file does not begin as a PDF does, or cannot be read as one."""

    code = "not_a_pdf"


class ActivePDF(Refused):
    """The PDF carries programs or other files; papers are to be read, not run."""

    code = "active_pdf"


class LotNeeded(Malformed):
    """An inspection report is about one lot of one product."""

    code = "lot_needed"


class ValidityReversed(Malformed):
    """A document's validity ends before it starts."""

    code = "validity_reversed"


class FieldEmpty(Malformed):
    """A field that identifies the document is empty or far too long."""

    code = "field_empty"


class AlreadyOver(Refused):
    """A paper whose validity has ended is worth nothing any more."""

    code = "already_over"


class PapersMissing(Refused):
    """A passport needs a certificate in force and an inspection report of the lot."""

    code = "papers_missing"


class NoGTIN(Refused):
    """A product without a GTIN has no address a code could carry."""

    code = "no_gtin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDraft:
    """What a supplier says of a paper.

    Attributes:
        kind: Certificate or inspection report.
        partner_id: Whose paper it is.
        product_id: The product it is about; may be empty for a certificate that covers all.
        lot_code: The lot a report is about.
        number: The paper's own number.
        issued_by: Authority or laboratory.
        valid_from: First day, or the day of inspection.
        valid_until: Last day, inclusive; empty when it does not end.
        file_name: As the supplier named the file.
    """

    kind: DocumentKind
    partner_id: UUID
    product_id: UUID | None
    lot_code: str | None
    number: str
    issued_by: str
    valid_from: date
    valid_until: date | None
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A registered document, as a passport cites it."""

    id: UUID
    kind: DocumentKind
    number: str
    issued_by: str
    valid_from: date
    valid_until: date | None
    file_name: str
    media_type: str
    sha256: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceInput:
    """A quantity of a lot that went into another one.

    Attributes:
        gtin: 14 digits.
        quantity: Decimal text.
        unit: UN/ECE Recommendation 20 code.
    """

    gtin: str
    lot_code: str
    name: str
    quantity: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One thing that happened to a lot.

    Attributes:
        source_key: The message or deed that tells it; the same one again adds nothing.
        product_id: The product.
        lot_code: Its lot.
        step: CBV business step (``shipping``, ``receiving`` …).
        quantity: Quanta of the product.
        location_id: The place of ours where it happened.
        partner_id: The partner at whose place it happened.
        inputs: What the lot was made from, when that is what happened.
    """

    source_key: str
    product_id: UUID
    lot_code: str
    step: str
    place: str
    document: str
    quantity: int
    at: datetime
    location_id: UUID | None = None
    partner_id: UUID | None = None
    inputs: tuple[TraceInput, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportSubject:
    """The lot or the piece a passport speaks of, as the other rooms know it.

    Attributes:
        gtin: 8, 12, 13 or 14 digits; empty when the product has none.
        decimals: Decimals of the base unit.
        base_unit: UN/ECE Recommendation 20 code.
        supplier_id: Whose papers count.
        supplier_code: Stable code of the supplier, for its URI.
        supplier_name: Its name as the passport shows it.
        serial: Serial number of the one piece; empty for the whole lot.
    """

    product_id: UUID
    gtin: str | None
    lot_code: str
    name_zh: str
    name_en: str
    base_unit: str
    decimals: int
    made_on: date | None
    expires_on: date | None
    supplier_id: UUID
    supplier_code: str
    supplier_name: str
    serial: str = ""

    @property
    def bearer(self) -> Bearer:
        """The lot or the piece as its address names it.

        Raises:
            NoGTIN: See ``full_gtin``.
            portal.kernel.gtin.NotAGTIN: See ``full_gtin``.
        """
        return Bearer(gtin=full_gtin(self.gtin), lot_code=self.lot_code, serial=self.serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """Who issues a credential, where and when.

    Attributes:
        credential_id: The new credential's id, part of its address.
        issuer: The host company with its DID.
        origin: Scheme and host of the passport pages.
        at: Instant of issuing.
        zone: The issuer's time zone.
    """

    credential_id: UUID
    issuer: Party
    origin: str
    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The credentials a passport links by digest.

    Attributes:
        papers: By the paper's id.
        events: By the event's source key.
        others: Places and the firm itself.
    """

    papers: Mapping[UUID, LinkedCredential] = field(default_factory=dict)
    events: Mapping[str, LinkedCredential] = field(default_factory=dict)
    others: tuple[LinkedCredential, ...] = ()


NO_LINKS = Links()


def check_document(draft: DocumentDraft) -> None:
    """Check that a paper says what it must.

    Raises:
        FieldEmpty: Number, issuer or file name is empty or over 200 characters.
        LotNeeded: A report without product or lot.
        ValidityReversed: It ends before it starts.
    """
    for name, text in (("number", draft.number), ("issued_by", draft.issued_by), ("file_name", draft.file_name)):
        if not text.strip() or len(text) > MAX_TEXT:
            raise FieldEmpty(f"{name} must have 1 to {MAX_TEXT} characters.", field=name, max=MAX_TEXT)
    if draft.kind is DocumentKind.INSPECTION_REPORT and not (draft.product_id and draft.lot_code):
        raise LotNeeded("An inspection report is about one lot of one product; name both.")
    if draft.valid_until is not None and draft.valid_until < draft.valid_from:
        raise ValidityReversed(
            f"The document would end on {draft.valid_until} before it starts on {draft.valid_from}.",
            valid_from=draft.valid_from.isoformat(),
            valid_until=draft.valid_until.isoformat(),
        )


def check_not_over(draft: DocumentDraft, *, on: date) -> None:
    """Check that a paper still holds on the day it is handed in; its last day counts.

    Raises:
        AlreadyOver: It ended before.
    """
    if draft.valid_until is not None and draft.valid_until < on:
        raise AlreadyOver(
            f"The document ended on {draft.valid_until}; hand in the one that holds today.",
            valid_until=draft.valid_until.isoformat(),
        )


def check_pdf_start(first_bytes: bytes) -> None:
    """Check the first bytes of a file (ISO 32000-2 section 7.5.2: the header within them).

    Raises:
        NotAPDF: They are not a PDF's.
    """
    if not first_bytes.startswith(_PDF_MAGIC):
        raise NotAPDF("The file is not a PDF.")


def full_gtin(gtin: str | None) -> str:
    """Return the 14 digits of a GTIN-8, -12, -13 or -14 (GS1: filled up with zeros at the front).

    Raises:
        NoGTIN: There is none.
        portal.kernel.gtin.NotAGTIN: Its check digit is wrong.
    """
    if not gtin:
        raise NoGTIN("The product has no GTIN, so no code can point to its passport.")
    return to_gtin14(gtin)


def code_hash(digest: bytes) -> str:
    """Return a fingerprint as the printed code carries it behind ``#h=``: base64url without padding (RFC 4648)."""
    return urlsafe_b64encode(digest).decode().rstrip("=")


def in_force(paper: Paper, *, on: date) -> bool:
    """Tell whether a paper holds on a day, both ends included."""
    return paper.valid_from <= on and (paper.valid_until is None or on <= paper.valid_until)


def check_papers(papers: tuple[Paper, ...], *, on: date) -> None:
    """Check that a lot has what its passport needs.

    Raises:
        PapersMissing: No certificate in force on ``on``, or no inspection report; names which.
    """
    missing = []
    if not any(p.kind is DocumentKind.CERTIFICATE and in_force(p, on=on) for p in papers):
        missing.append(DocumentKind.CERTIFICATE.value)
    if not any(p.kind is DocumentKind.INSPECTION_REPORT for p in papers):
        missing.append(DocumentKind.INSPECTION_REPORT.value)
    if missing:
        raise PapersMissing(f"Still missing for this lot: {', '.join(missing)}.", missing=missing)


def holds_until(papers: tuple[Paper, ...], *, zone: ZoneInfo) -> datetime | None:
    """Return the last second of the first certificate to end, by local date; ``None`` if none ends."""
    ends = [p.valid_until for p in papers if p.kind is DocumentKind.CERTIFICATE and p.valid_until is not None]
    if not ends:
        return None
    return last_second(min(ends), zone)


def last_second(day: date, zone: ZoneInfo) -> datetime:
    """Return the last second of a local day."""
    return datetime.combine(day, _LAST_SECOND, tzinfo=zone).astimezone(UTC)


def document_address(origin: str, sha256: bytes) -> str:
    """Return where a paper's file is, which is what credentials call it."""
    return f"{origin}/documents/{sha256.hex()}"


def to_facts(
    subject: PassportSubject,
    papers: tuple[Paper, ...],
    trace: tuple[TraceLine, ...],
    *,
    issuing: Issuing,
    links: Links = NO_LINKS,
) -> PassportFacts:
    """Return what the credential will say.

    Args:
        subject: The lot or the piece.
        papers: Certificates in force and the lot's reports.
        trace: What happened to the lot, oldest first.
        issuing: Who issues it, where and when.
        links: The credentials it links by digest.

    Raises:
        NoGTIN: See ``full_gtin``.
        portal.kernel.gtin.NotAGTIN: See ``full_gtin``.
        portal.passports.bearer.LotNotPrintable, portal.passports.bearer.SerialNotPrintable: See ``passport_link``.
    """
    origin, bearer = issuing.origin, subject.bearer
    passport_link(origin, bearer)
    files = {p.id: _file(p, origin) for p in papers}
    return PassportFacts(
        id=f"{origin}/credentials/{issuing.credential_id}",
        issuer=issuing.issuer,
        valid_from=issuing.at.replace(microsecond=0),
        valid_until=holds_until(papers, zone=issuing.zone),
        base_url=origin,
        gtin=bearer.gtin,
        lot=bearer.lot_code,
        serial=bearer.serial or None,
        name_zh=subject.name_zh,
        name_en=subject.name_en,
        producer=Party(id=f"{origin}/partners/{subject.supplier_code}", name=subject.supplier_name),
        produced_on=subject.made_on,
        best_before=subject.expires_on,
        certificates=tuple(
            CertificateFact(
                number=p.number,
                name=p.number,
                issuing_body=p.issued_by,
                valid_from=p.valid_from,
                valid_until=p.valid_until,
                file=files[p.id],
                credential=links.papers.get(p.id),
            )
            for p in papers
            if p.kind is DocumentKind.CERTIFICATE
        ),
        inspections=tuple(
            InspectionFact(
                number=p.number,
                name=p.number,
                laboratory=p.issued_by,
                inspected_on=p.valid_from,
                passed=True,
                file=files[p.id],
                credential=links.papers.get(p.id),
            )
            for p in papers
            if p.kind is DocumentKind.INSPECTION_REPORT
        ),
        events=tuple(_event(line, subject, links) for line in trace),
        links=links.others,
    )


def facts_key(facts: PassportFacts) -> str:
    """Return a digest of what a passport says, without its own address and time of issuing.

    The same request twice, or after nothing changed, has the same key: nothing new is to be issued.
    """
    cited: list[CertificateFact | InspectionFact | TraceFact] = [
        *facts.certificates,
        *facts.inspections,
        *facts.events,
    ]
    linked = [one.credential for one in cited if one.credential] + list(facts.links)
    said = {
        "issuer": facts.issuer.id,
        "gtin": facts.gtin,
        "lot": facts.lot,
        "names": [facts.name_zh, facts.name_en],
        "producer": facts.producer.name if facts.producer else None,
        "dates": [str(facts.produced_on), str(facts.best_before), str(facts.valid_until)],
        "papers": sorted(
            (
                *(f"certificate {c.number} {c.issuing_body} {_digest(c.file)}" for c in facts.certificates),
                *(f"report {i.number} {i.laboratory} {_digest(i.file)}" for i in facts.inspections),
            )
        ),
        "events": [
            [event.biz_step, event.time.isoformat(), event.place, event.quantity, event.document]
            for event in facts.events
        ],
    }
    if facts.serial:
        said["serial"] = facts.serial
    if linked:
        said["linked"] = sorted(one.sha256.hex() for one in linked)
    return sha256(canonical_bytes(said)).hex()


def _digest(file: EvidenceFile | None) -> str:
    return "" if file is None else file.sha256.hex()


def _file(paper: Paper, origin: str) -> EvidenceFile:
    return EvidenceFile(
        url=document_address(origin, paper.sha256),
        name=paper.file_name,
        media_type=paper.media_type,
        sha256=paper.sha256,
    )


def _event(line: TraceLine, subject: PassportSubject, links: Links) -> TraceFact:
    return TraceFact(
        kind="TransformationEvent" if line.inputs else "ObjectEvent",
        time=line.at,
        biz_step=line.step,
        place=line.place,
        quantity=to_text(line.quantity, decimals=subject.decimals),
        unit=subject.base_unit,
        document=line.document,
        credential=links.events.get(line.source_key),
    )
