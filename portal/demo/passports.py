"""The demo's passports: papers of lots that lie in the warehouse, their way there, and what is signed of it.

The warehouse has a GLN and the company a credit code, so that every kind of credential is there; both are
invented, with right check digits (the prefix 952 of GS1 is for examples).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.demo.papers import pdf
from portal.flows import evidence, passporting, withholding
from portal.flows.naming import two_names
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.passports import service, status
from portal.passports.fitness import service as fitness
from portal.passports.fitness.model import Requirement
from portal.passports.model import DocumentDraft, DocumentKind, TraceInput, TraceLine
from portal.platform.services import Services

SKUS = ("CK-203", "TE-305", "NT-401")
"""Products of which one lot has a passport."""

WITHHELD = "NT-402"
"""Of this product one lot is withheld: the certificate it must have has run out."""

_MAX_BYTES = 1 << 20
_GLN = "9520123456788"
_USCC = "91310115MA1DEM026C"
_WALNUTS, _CASHEWS = "09521999000013", "09521999000020"
_MADE_FROM = "NT-401"
"""Of this product the trace says from what its lot was packed."""

_CORRECTED = "TE-305"
"""Of this product the lot's first passport was signed before its arrival was noted: revoked, and replaced."""

_ORGANIC = "OP"
_FIRST_SIGNED = timedelta(hours=3)
_RAN_OUT = timedelta(days=9)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportLot:
    """A lot that gets a passport, as the other parts of the demo know it."""

    product_id: UUID
    sku: str
    name_zh: str
    name_en: str
    lot_code: str
    made_on: date
    expires_on: date
    quantity: int
    supplier_id: UUID
    supplier_code: str
    supplier_zh: str
    supplier_en: str
    location_id: UUID


def issue(
    connection: Connection, *, actor: Actor, services: Services, lots: list[PassportLot], now: datetime
) -> list[UUID]:
    """Hand in the papers of every lot, note its way, and sign its passport; returns the credentials' ids.

    Args:
        connection: Open transaction; the PDFs are stored before it ends and found again by the next try.
        actor: The operator.
        services: Settings say where files and keys lie, and the public origin.
        lots: The lots, which lie in stock already.
        now: Instant, in the company's zone.
    """
    zone = ZoneInfo(services.settings.time_zone)
    signing = passporting.signing_of(connection, actor=actor, services=services, now=now)
    evidence.issue_identity(connection, signing=signing, uscc=_USCC)
    for location_id in {lot.location_id for lot in lots}:
        evidence.issue_place(connection, signing=signing, location_id=location_id, gln=_GLN)
    found = []
    for lot in lots:
        hand_in(connection, actor=actor, services=services, papers=_papers(lot, now.date()), now=now)
        trace, first = _trace(lot, zone), None
        if lot.sku == _CORRECTED:
            early = now - _FIRST_SIGNED
            record(connection, actor=actor, lines=trace[:-1], now=early)
            first = _sign(connection, actor, services, lot, early)
        record(connection, actor=actor, lines=trace, now=now)
        found.append(_sign(connection, actor, services, lot, now))
        if first is not None:
            reason = "入库记录补齐后重新签发 Signed anew once its arrival was on record"
            status.revoke(
                connection, actor=actor, credential_id=first, reason=reason, now=now, superseded_by=found[-1]
            )
    return found


def withhold(connection: Connection, *, actor: Actor, services: Services, lot: PassportLot, now: datetime) -> None:
    """Ask for a certificate that has run out: the one lot of it whose supplier is on record is withheld.

    Args:
        connection: As for ``issue``, like the others.
        actor: The operator.
        services: Settings say where files lie.
        lot: The lot.
        now: Instant, in the company's zone.
    """
    # The licence of its supplier was handed in with a passport's papers.
    papers = [_papers(lot, now.date())[1], _organic(lot, now.date() - _RAN_OUT)]
    hand_in(connection, actor=actor, services=services, papers=papers, now=now)
    lines = _trace(lot, ZoneInfo(services.settings.time_zone))
    record(connection, actor=actor, lines=lines, now=now)
    requirement = Requirement(
        id=new_id(now),
        category=None,
        product_id=lot.product_id,
        supplier_id=lot.supplier_id,
        kind=DocumentKind.CERTIFICATE,
        name_zh="有机产品认证证书",
        name_en="Organic product certificate",
        number_prefix=_ORGANIC,
    )
    fitness.require(connection, actor=actor, requirement=requirement, now=now)
    withholding.review(connection, org_id=actor.org_id, now=now, actor=actor, product_id=lot.product_id)


def hand_in(
    connection: Connection,
    *,
    actor: Actor,
    services: Services,
    papers: Sequence[tuple[DocumentDraft, bytes]],
    now: datetime,
) -> None:
    """Store papers' files, and put the papers on record."""
    store = passporting.files_of(services.settings.home)
    for draft, content in papers:
        file = store.add(io.BytesIO(content), max_bytes=_MAX_BYTES)
        passporting.hand_in(connection, actor=actor, draft=draft, file=file, now=now)


def record(connection: Connection, *, actor: Actor, lines: Sequence[TraceLine], now: datetime) -> None:
    """Note steps of a lot's way."""
    for line in lines:
        service.record_trace(connection, org_id=actor.org_id, line=line, now=now)


def _sign(connection: Connection, actor: Actor, services: Services, lot: PassportLot, now: datetime) -> UUID:
    return passporting.issue(
        connection, actor=actor, services=services, product_id=lot.product_id, lot_code=lot.lot_code, now=now
    )


def _organic(lot: PassportLot, until: date) -> tuple[DocumentDraft, bytes]:
    number = f"{_ORGANIC}-{lot.supplier_code}-{until.year}"
    since = until - timedelta(days=364)
    draft = DocumentDraft(
        kind=DocumentKind.CERTIFICATE,
        partner_id=lot.supplier_id,
        product_id=lot.product_id,
        lot_code=None,
        number=number,
        issued_by="示例认证中心 Example Certification Centre",
        valid_from=since,
        valid_until=until,
        file_name=f"{number}.pdf",
    )
    return draft, pdf(
        "有机产品认证证书 Organic product certificate",
        [
            f"编号 No. {number}",
            f"企业 Firm: {lot.supplier_zh} {lot.supplier_en}",
            f"产品 Product: {lot.name_zh} {lot.name_en}",
            f"有效期 Valid: {since} - {until}",
            "演示数据 Demo data",
        ],
    )


def _papers(lot: PassportLot, today: date) -> list[tuple[DocumentDraft, bytes]]:
    certificate = f"SC-{lot.supplier_code}-{today.year}"
    report = f"JY-{lot.lot_code}"
    licensed_on = date(today.year - 1, 1, 1)
    return [
        (
            DocumentDraft(
                kind=DocumentKind.CERTIFICATE,
                partner_id=lot.supplier_id,
                product_id=None,
                lot_code=None,
                number=certificate,
                issued_by="示例市场监督管理局 Example Market Regulation Office",
                valid_from=licensed_on,
                valid_until=date(today.year + 2, 12, 31),
                file_name=f"{certificate}.pdf",
            ),
            pdf(
                "食品生产许可证 Food production licence",
                [
                    f"编号 No. {certificate}",
                    f"企业 Firm: {lot.supplier_zh} {lot.supplier_en}",
                    f"有效期 Valid: {licensed_on} - {today.year + 2}-12-31",
                    "演示数据 Demo data",
                ],
            ),
        ),
        (
            DocumentDraft(
                kind=DocumentKind.INSPECTION_REPORT,
                partner_id=lot.supplier_id,
                product_id=lot.product_id,
                lot_code=lot.lot_code,
                number=report,
                issued_by="示例检测中心 Example Testing Centre",
                valid_from=lot.made_on,
                valid_until=lot.expires_on,
                file_name=f"{report}.pdf",
            ),
            pdf(
                "检验报告 Inspection report",
                [
                    f"编号 No. {report}",
                    f"产品 Product: {lot.name_zh} {lot.name_en}",
                    f"批次 Lot: {lot.lot_code}",
                    f"生产日期 Made on: {lot.made_on}",
                    "结论 Result: 合格 passed",
                    "演示数据 Demo data",
                ],
            ),
        ),
    ]


def _trace(lot: PassportLot, zone: ZoneInfo) -> list[TraceLine]:
    def at(days: int, hour: int) -> datetime:
        return datetime(lot.made_on.year, lot.made_on.month, lot.made_on.day, hour, tzinfo=zone) + timedelta(
            days=days
        )

    supplier = two_names(lot.supplier_zh, lot.supplier_en)
    ours = "上海总仓 / Shanghai main"
    steps: tuple[tuple[str, str, str, datetime, UUID | None], ...] = (
        ("commissioning", supplier, f"JY-{lot.lot_code}", at(0, 9), None),
        ("shipping", supplier, f"ASN-{lot.lot_code}", at(1, 15), None),
        ("receiving", ours, f"GR-{lot.lot_code}", at(2, 10), lot.location_id),
    )
    return [
        TraceLine(
            source_key=f"demo:{lot.lot_code}:{step}",
            product_id=lot.product_id,
            lot_code=lot.lot_code,
            step=step,
            place=place,
            document=document,
            quantity=lot.quantity,
            at=moment,
            location_id=location_id,
            partner_id=None if location_id else lot.supplier_id,
            inputs=_inputs(lot) if step == "commissioning" else (),
        )
        for step, place, document, moment, location_id in steps
    ]


def _inputs(lot: PassportLot) -> tuple[TraceInput, ...]:
    """Return what went into the mixed nuts: two lots of their supplier's own goods."""
    if lot.sku != _MADE_FROM:
        return ()
    return (
        TraceInput(
            gtin=_WALNUTS, lot_code="HT-2611", name="核桃仁 / Walnut kernels", quantity="180.5", unit="KGM"
        ),
        TraceInput(gtin=_CASHEWS, lot_code="YG-2610", name="腰果 / Cashews", quantity="120", unit="KGM"),
    )
