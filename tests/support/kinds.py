"""One credential of every kind, composed from plain facts of one lot of tea; unsigned."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from ledger.kinds import conformity, facility, identity, passport, traceability
from ledger.kinds.conformity import AssessedGoods, Attestation, ConformityFacts
from ledger.kinds.envelope import EvidenceFile, Heading, LinkedCredential, Party
from ledger.kinds.facility import FacilityFacts
from ledger.kinds.identity import IdentityFacts
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, TraceFact
from ledger.kinds.traceability import EventFacts, Goods

ORIGIN = "https://portal.example:8443"
GTIN = "06901234567892"
LINK = f"{ORIGIN}/01/{GTIN}/10/L7"
SHANGHAI = timezone(timedelta(hours=8))
ISSUER = Party("did:web:portal.example%3A8443", "青禾食品 / Qinghe Foods")
SUPPLIER = Party(f"{ORIGIN}/partners/SUP-1", "松月茶业 / Songyue Tea")
PAPER = EvidenceFile(f"{ORIGIN}/documents/ab", "report.pdf", "application/pdf", bytes(range(32)))
GLN = "9520123456788"
USCC = "914403001922038216"
"""Of a firm everybody can look up; its check character was given by the registrar, not by this code."""


def heading(number: int, until: datetime | None = None) -> Heading:
    """Return what the credential with this number says of itself."""
    name = f"{ORIGIN}/credentials/0198f3a0-7b1c-7000-8000-{number:012}"
    return Heading(name, ISSUER, datetime(2026, 3, 1, 8, tzinfo=UTC), until)


def certificate_facts(**changes: Any) -> ConformityFacts:
    """Return the facts of a firm's licence."""
    facts: dict[str, Any] = {
        "heading": heading(1, datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)),
        "base_url": ORIGIN,
        "attestation": Attestation.CERTIFICATION,
        "holder": SUPPLIER,
        "number": "SC-1",
        "body": "市场监督管理局",
        "assessed_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "passed": True,
        "file": PAPER,
    }
    return ConformityFacts(**facts | changes)


def report_facts(**changes: Any) -> ConformityFacts:
    """Return the facts of a lot's inspection report."""
    report: dict[str, Any] = {
        "heading": heading(2),
        "attestation": Attestation.INSPECTION,
        "number": "JY-7",
        "body": "浙江茶检",
        "assessed_on": date(2026, 2, 27),
        "ends_on": None,
        "goods": AssessedGoods(GTIN, "龙井", "L7"),
    }
    return certificate_facts(**report | changes)


def shipped() -> EventFacts:
    """Return a shipment of 12.5 kg from a place with a GLN."""
    return EventFacts(
        time=datetime(2026, 2, 28, 10, 24, tzinfo=SHANGHAI),
        step="shipping",
        goods=(Goods(LINK, "龙井", "12.5", "KGM"),),
        place="松月茶业",
        place_link=f"https://id.gs1.org/414/{GLN}",
        document="ASN-1",
        document_link=f"{LINK}#ASN-1",
    )


def packed() -> EventFacts:
    """Return a transformation: 120 kg of one lot became 480 pieces of another and one with a number."""
    return EventFacts(
        time=datetime(2026, 2, 26, 9, tzinfo=SHANGHAI),
        step="commissioning",
        goods=(Goods(LINK, "龙井", "480", "C62"), Goods(f"{ORIGIN}/01/{GTIN}/21/S1", "龙井")),
        place="松月茶业",
        inputs=(Goods(f"{ORIGIN}/01/{GTIN}/10/RAW", "毛茶", "120", "KGM"),),
    )


def facility_facts(**changes: Any) -> FacilityFacts:
    """Return the facts of a warehouse with a GLN."""
    facts: dict[str, Any] = {
        "heading": heading(5),
        "operator": ISSUER,
        "link": f"{ORIGIN}/facilities/SH-1",
        "code": "SH-1",
        "name": "上海总仓 / Shanghai main",
        "gln": GLN,
        "country": "CN",
    }
    return FacilityFacts(**facts | changes)


def identity_facts(**changes: Any) -> IdentityFacts:
    """Return the facts of who stands behind the issuer's DID."""
    facts: dict[str, Any] = {"heading": heading(6), "did": ISSUER.id, "name": ISSUER.name, "uscc": USCC}
    return IdentityFacts(**facts | changes)


def linked(number: int, link_type: str) -> LinkedCredential:
    """Return a link to the credential with this number; its digest is the number 32 times."""
    return LinkedCredential(heading(number).id, bytes([number]) * 32, link_type)


def passport_facts(**changes: Any) -> PassportFacts:
    """Return the facts of the lot's passport, with everything that has a credential linked."""
    facts: dict[str, Any] = {
        "id": heading(7).id,
        "issuer": ISSUER,
        "valid_from": heading(7).valid_from,
        "base_url": ORIGIN,
        "gtin": GTIN,
        "lot": "L7",
        "name_zh": "龙井",
        "name_en": "Longjing",
        "producer": SUPPLIER,
        "certificates": (
            CertificateFact("SC-1", "SC-1", "市场监督管理局", date(2026, 1, 1), None, PAPER, linked(1, "dcc")),
        ),
        "inspections": (
            InspectionFact("JY-7", "JY-7", "浙江茶检", date(2026, 2, 27), True, PAPER, linked(2, "dcc")),  # noqa: FBT003
        ),
        "events": (
            TraceFact(
                kind="ObjectEvent",
                time=shipped().time,
                biz_step="shipping",
                place="松月茶业",
                quantity="12.5",
                unit="KGM",
                document="ASN-1",
                credential=linked(3, "dte"),
            ),
        ),
        "links": (linked(5, "dfr"), linked(6, "dia")),
    }
    return PassportFacts(**facts | changes)


def samples() -> dict[str, dict[str, Any]]:
    """Return one unsigned credential of every kind, by a name that begins with UNTP's short word for it."""
    return {
        "dcc_certificate": conformity.compose(certificate_facts()),
        "dcc_report": conformity.compose(report_facts()),
        "dte_shipment": traceability.compose(heading(3), shipped()),
        "dte_transformation": traceability.compose(heading(4), packed()),
        "dfr_warehouse": facility.compose(facility_facts()),
        "dia_issuer": identity.compose(identity_facts()),
        "dpp_linking": passport.compose(passport_facts()),
        "dpp_piece": passport.compose(passport_facts(serial="S1", lot="")),
        "dpp_piece_of_lot": passport.compose(passport_facts(serial="S/2")),
    }
