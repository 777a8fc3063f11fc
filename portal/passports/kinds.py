"""Kinds of credential, what each is about, and what the ones beside passports say. Pure: values in, values out.

The credentials themselves are composed by ``ledger.kinds``; ``docs/credentials.md`` has the table of what becomes
what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger.canonical import canonical_bytes, sha256
from ledger.errors import BadFacts
from ledger.kinds import conformity, facility, identity, traceability
from ledger.kinds.conformity import AssessedGoods, Attestation, ConformityFacts
from ledger.kinds.digital_link import digital_link
from ledger.kinds.envelope import EvidenceFile, Heading, Party
from ledger.kinds.facility import FacilityFacts, place_link
from ledger.kinds.identity import IdentityFacts, check_uscc
from ledger.kinds.traceability import EventFacts, Goods
from portal.kernel.errors import Malformed
from portal.kernel.quantity import to_text
from portal.passports.bearer import Bearer
from portal.passports.model import (
    AlreadyOver,
    DocumentKind,
    Issuing,
    Paper,
    TraceLine,
    document_address,
    last_second,
)


class CredentialKind(StrEnum):
    """Kinds of credential that are issued here."""

    PASSPORT = "product_passport"
    CERTIFICATE = "certificate"
    INSPECTION = "inspection"
    EVENT = "trace_event"
    FACILITY = "facility"
    IDENTITY = "identity"
    AUDIT_REPORT = "audit_report"


KIND_OF_PAPER = {
    DocumentKind.CERTIFICATE: CredentialKind.CERTIFICATE,
    DocumentKind.INSPECTION_REPORT: CredentialKind.INSPECTION,
}


class NotAGLN(Malformed):
    """A Global Location Number has 13 digits, of which the last one follows from the others."""

    code = "not_a_gln"


class NotAUSCC(Malformed):
    """A Unified Social Credit Code has 18 characters, of which the last one follows from the others."""

    code = "not_a_uscc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A credential that is about to be signed.

    Attributes:
        about: What it is about; of two about the same thing the newer one counts.
        key: Digest of what it says; the same again is not issued again.
        unsigned: The composed credential.
        of: The product, and the lot or the piece of it; of a passport only.
    """

    kind: CredentialKind
    about: str
    key: str
    unsigned: Mapping[str, Any]
    valid_until: datetime | None = None
    of: tuple[UUID, Bearer] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedGoods:
    """The lot of an event, as the other rooms know it.

    Attributes:
        gtin: 14 digits.
        decimals: Decimals of the base unit.
        base_unit: UN/ECE Recommendation 20 code.
    """

    gtin: str
    lot_code: str
    name: str
    decimals: int
    base_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of ours.

    Attributes:
        code: What is written on it.
        name: Chinese, then English after a slash.
        gln: Global Location Number, if it has one.
    """

    id: UUID
    code: str
    name: str
    gln: str | None


def about_paper(document_id: UUID) -> str:
    """Return what a paper's credential is about."""
    return f"document/{document_id}"


def about_event(source_key: str) -> str:
    """Return what an event's credential is about."""
    return f"event/{source_key}"


def about_place(location_id: UUID) -> str:
    """Return what a place's record is about."""
    return f"place/{location_id}"


def about_firm(did: str) -> str:
    """Return what an identity anchor is about."""
    return f"firm/{did}"


def said_key(unsigned: Mapping[str, Any]) -> str:
    """Return a digest of what a credential says, without its own address and time of issuing."""
    said = {name: value for name, value in unsigned.items() if name not in ("id", "validFrom")}
    return sha256(canonical_bytes(said).replace(unsigned["id"].encode(), b"")).hex()


def facility_address(origin: str, code: str) -> str:
    """Return a place's own address here."""
    return f"{origin}/facilities/{code}"


def paper_draft(paper: Paper, *, holder: Party, goods: AssessedGoods | None, issuing: Issuing) -> Draft:
    """Return the credential of a certificate or a report.

    Args:
        paper: The registered paper.
        holder: Whose it is.
        goods: The lot or product it is about; ``None`` when it is about the firm.
        issuing: Who issues it, where and when.

    Raises:
        AlreadyOver: Its last day is before the day of issuing.
        ledger.errors.BadFacts: See ``ledger.kinds.conformity.compose``.
    """
    until = None if paper.valid_until is None else last_second(paper.valid_until, issuing.zone)
    if until is not None and until < issuing.at:
        raise AlreadyOver(
            f"The document ended on {paper.valid_until}; hand in the one that holds today.",
            valid_until=str(paper.valid_until),
        )
    kind = KIND_OF_PAPER[paper.kind]
    certificate = kind is CredentialKind.CERTIFICATE
    facts = ConformityFacts(
        heading=_heading(issuing, since=paper.valid_from, until=until),
        base_url=issuing.origin,
        attestation=Attestation.CERTIFICATION if certificate else Attestation.INSPECTION,
        holder=holder,
        number=paper.number,
        body=paper.issued_by,
        assessed_on=paper.valid_from,
        ends_on=paper.valid_until,
        passed=True,
        file=EvidenceFile(
            url=document_address(issuing.origin, paper.sha256),
            name=paper.file_name,
            media_type=paper.media_type,
            sha256=paper.sha256,
        ),
        goods=goods,
    )
    return _draft(kind, about_paper(paper.id), conformity.compose(facts), until)


def event_draft(line: TraceLine, *, goods: TracedGoods, where: str | None, issuing: Issuing) -> Draft:
    """Return the credential of one event.

    Args:
        line: What happened.
        goods: The lot it happened to.
        where: URI of the place, if it is known by one.
        issuing: Who issues it, where and when.

    Raises:
        ledger.errors.BadFacts: See ``ledger.kinds.traceability.compose``.
    """
    link = digital_link(issuing.origin, goods.gtin, goods.lot_code)
    quantity = to_text(line.quantity, decimals=goods.decimals)
    facts = EventFacts(
        time=line.at.astimezone(issuing.zone),
        step=line.step,
        goods=(Goods(link, goods.name, quantity, goods.base_unit),),
        place=line.place,
        place_link=where,
        document=line.document,
        document_link=f"{link}#{line.document}",
        inputs=tuple(
            Goods(digital_link(issuing.origin, one.gtin, one.lot_code), one.name, one.quantity, one.unit)
            for one in line.inputs
        ),
    )
    unsigned = traceability.compose(_heading(issuing), facts)
    return _draft(CredentialKind.EVENT, about_event(line.source_key), unsigned)


def place_uri(place: Place, origin: str) -> str:
    """Return what a place is called: its GLN's Digital Link, or its address here."""
    return place_link(facility_address(origin, place.code), place.gln)


def facility_draft(place: Place, *, issuing: Issuing) -> Draft:
    """Return the record of a place of ours.

    Raises:
        NotAGLN: Its GLN is none.
    """
    facts = FacilityFacts(
        heading=_heading(issuing),
        operator=issuing.issuer,
        link=facility_address(issuing.origin, place.code),
        code=place.code,
        name=place.name,
        gln=place.gln,
    )
    try:
        unsigned = facility.compose(facts)
    except BadFacts as error:
        raise NotAGLN(f"{place.gln} is not a GLN.", gln=place.gln or "") from error
    return _draft(CredentialKind.FACILITY, about_place(place.id), unsigned)


def identity_draft(uscc: str, *, issuing: Issuing) -> Draft:
    """Return what binds our DID to the registered firm.

    Raises:
        NotAUSCC: The code is none.
    """
    did = issuing.issuer.id
    try:
        check_uscc(uscc)
    except BadFacts as error:
        raise NotAUSCC(f"{uscc} is not a Unified Social Credit Code.", uscc=uscc) from error
    facts = IdentityFacts(heading=_heading(issuing), did=did, name=issuing.issuer.name, uscc=uscc)
    return _draft(CredentialKind.IDENTITY, about_firm(did), identity.compose(facts))


def _draft(
    kind: CredentialKind, about: str, unsigned: Mapping[str, Any], valid_until: datetime | None = None
) -> Draft:
    return Draft(kind=kind, about=about, key=said_key(unsigned), unsigned=unsigned, valid_until=valid_until)


def _heading(issuing: Issuing, *, since: date | None = None, until: datetime | None = None) -> Heading:
    """Return what a credential says of itself; one of a paper holds no earlier than the paper."""
    begins = issuing.at.replace(microsecond=0)
    if since is not None:
        begins = max(begins, _first_second(since, issuing.zone))
    return Heading(f"{issuing.origin}/credentials/{issuing.credential_id}", issuing.issuer, begins, until)


def _first_second(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
