"""Passports where rooms meet: which lot, whose papers, what happened to it on the way.

Sources: GS1 Core Business Vocabulary 2.0 (business steps), GS1 General Specifications (GTIN, batch or lot).
Signing needs no chain, so nothing here loads web3.
"""

import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text

from portal.flows.evidence import links_of_lot
from portal.flows.naming import two_names
from portal.inventory import reads as inventory
from portal.inventory.store import expected_table, location_table, lot_table
from portal.kernel.actor import Actor
from portal.kernel.errors import NotFound
from portal.partners import reads as partners
from portal.partners.model import Company
from portal.passports import papers, pdf, service
from portal.passports.fitness import reads as fitness
from portal.passports.fitness.model import LotRecalled
from portal.passports.issuer import Issuer, issuer_did, open_safe
from portal.passports.issuing import Signing
from portal.passports.keyring import signing_key
from portal.passports.model import (
    DocumentDraft,
    DocumentKind,
    Links,
    Paper,
    PapersMissing,
    PassportSubject,
    TraceLine,
    check_document,
    check_not_over,
)
from portal.platform.bus import Bus, Delivery, Handler
from portal.platform.files import FileStore, FileTooLarge, StoredFile
from portal.platform.outbox import message_table
from portal.platform.services import Services
from portal.replenishment import reads as replenishment
from portal.replenishment.messages import GoodsReceived, ShipmentSent

MAX_PAPER_BYTES = 20 * 1024 * 1024
"""Largest certificate or report taken."""

_CHUNK = 1 << 20
_MOST_LOTS = 100
_NEEDS = ("gtin", "inspection_report", "certificate")


class UnknownLot(NotFound):
    """No such lot of the product was ever received or announced."""

    code = "unknown_lot"


class NoIssuer(NotFound):
    """There is no host company yet, so nobody could sign."""

    code = "no_issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that is signed under a lot's passport, and under those of its pieces.

    Attributes:
        signing: Who signs, for whom, and when.
        subject: The lot.
        cited: Its papers.
        links: The credentials of what is cited.
    """

    signing: Signing
    subject: PassportSubject
    cited: tuple[Paper, ...]
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class LotToIssue:
    """A lot without a passport.

    Attributes:
        product_id: The product.
        sku: Its item number.
        name_zh: Its Chinese name.
        name_en: Its English name.
        lot_code: The lot.
        expires_on: Last day of use, if known.
        supplier_zh: Who handed in its report; empty before there is one.
        supplier_en: The same in English.
        missing: What its passport still needs: ``gtin``, ``inspection_report``, ``certificate``; empty when ready.
        by_piece: Whether its pieces have serial numbers, so that each can have a passport of its own.
    """

    product_id: UUID
    sku: str
    name_zh: str
    name_en: str
    lot_code: str
    expires_on: date | None
    supplier_zh: str
    supplier_en: str
    missing: tuple[str, ...]
    by_piece: bool


def files_of(home: Path) -> FileStore:
    """Return where papers lie."""
    return FileStore(home / "files")


def keep_paper(files: FileStore, *, draft: DocumentDraft, stream: IO[bytes], today: date) -> StoredFile:
    """Check a paper and what is said of it, then keep its file; nothing is kept of a refused one.

    Args:
        files: Where papers lie.
        draft: What the supplier says of it.
        stream: The file, read to its end.
        today: The company's local date.

    Raises:
        FieldEmpty: See ``check_document``.
        LotNeeded: See ``check_document``.
        ValidityReversed: See ``check_document``.
        AlreadyOver: Its last day is before ``today``.
        FileTooLarge: More than ``MAX_PAPER_BYTES``.
        NotAPDF: It cannot be read as a PDF; see ``pdf.check_pdf`` for what else is refused.
    """
    check_document(draft)
    check_not_over(draft, on=today)
    with tempfile.NamedTemporaryFile(prefix="paper-", suffix=".pdf") as kept:
        size = 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_PAPER_BYTES:
                raise FileTooLarge(MAX_PAPER_BYTES)
            kept.write(chunk)
        kept.flush()
        pdf.check_pdf(Path(kept.name))
        kept.seek(0)
        return files.add(cast("BinaryIO", kept), max_bytes=MAX_PAPER_BYTES)


def hand_in(
    connection: Connection, *, actor: Actor, draft: DocumentDraft, file: StoredFile, now: datetime
) -> UUID:
    """Register a kept paper; the same paper again is the same document. Returns its id.

    Raises:
        portal.inventory.model.UnknownProduct: The paper names a product we do not have.
    """
    if draft.product_id is not None:
        inventory.find_product(connection, org_id=actor.org_id, product_id=draft.product_id)
    return service.register_document(connection, actor=actor, draft=draft, file=file, now=now)


def issuer_of(connection: Connection, *, services: Services) -> Issuer:
    """Return who signs: the host company at the portal's public address.

    Raises:
        NoIssuer: There is no company yet.
        ledger.errors.KeyExposed: Others may read the key file.
    """
    settings, company = services.settings, _company(connection)
    key = signing_key(connection, org_id=company.id, safe=open_safe(settings), did=issuer_did(settings.origin))
    return Issuer(key, issuer_name(connection), settings.origin, ZoneInfo(settings.time_zone))


def issuer_name(connection: Connection) -> str:
    """Return the host company's name as passports and the trust list carry it.

    Raises:
        NoIssuer: There is no company yet.
    """
    company = _company(connection)
    return two_names(company.name_zh, company.name_en)


def _company(connection: Connection) -> Company:
    company = partners.the_company(connection)
    if company is None:
        raise NoIssuer("There is no company yet, so nobody could sign.")
    return company


def supplier_of_lot(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str) -> UUID | None:
    """Return whose lot it is: who shipped it last, else who handed in its newest report; ``None`` before either.

    Anybody may hand in a report of any lot, so a report alone does not outweigh a shipment.
    """
    shipped = replenishment.shipments_of_lot(connection, org_id=org_id, product_id=product_id, lot_code=lot_code)
    if shipped:
        return shipped[-1].supplier_id
    return papers.reporter_of_lot(connection, org_id=org_id, product_id=product_id, lot_code=lot_code)


def subject_of_lot(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str) -> PassportSubject:
    """Return a lot as its passport speaks of it; its supplier is ``supplier_of_lot``'s.

    Raises:
        portal.inventory.model.UnknownProduct: No such product.
        UnknownLot: The lot was never received nor announced.
        PapersMissing: Nobody has handed in its inspection report.
    """
    product = inventory.find_product(connection, org_id=org_id, product_id=product_id)
    made_on, expires_on = dates_of_lot(connection, org_id, product_id, lot_code)
    supplier_id = supplier_of_lot(connection, org_id=org_id, product_id=product_id, lot_code=lot_code)
    supplier = supplier_id and partners.partner_name(connection, org_id=org_id, partner_id=supplier_id)
    if not supplier:
        missing = [DocumentKind.INSPECTION_REPORT.value]
        raise PapersMissing(f"Still missing for this lot: {missing[0]}.", missing=missing)
    return PassportSubject(
        product_id=product_id,
        gtin=product.gtin,
        lot_code=lot_code,
        name_zh=product.name_zh,
        name_en=product.name_en,
        base_unit=product.base_unit,
        decimals=product.decimals,
        made_on=made_on,
        expires_on=expires_on,
        supplier_id=supplier.id,
        supplier_code=supplier.code,
        supplier_name=two_names(supplier.name_zh, supplier.name_en),
    )


def dates_of_lot(
    connection: Connection, org_id: UUID, product_id: UUID, lot_code: str
) -> tuple[date | None, date | None]:
    """Return when a lot was made and until when it is good, as far as known.

    Raises:
        UnknownLot: It was never received nor announced.
    """
    stock, announced = lot_table.c, expected_table.c
    row = connection.execute(
        select(stock.made_on, stock.expires_on).where(
            stock.org_id == org_id, stock.product_id == product_id, stock.code == lot_code
        )
    ).first()
    if row is not None:
        return row.made_on, row.expires_on
    row = connection.execute(
        select(announced.lot_expires_on)
        .where(announced.org_id == org_id, announced.product_id == product_id, announced.lot_code == lot_code)
        .limit(1)
    ).first()
    if row is None:
        raise UnknownLot(f"No lot {lot_code} is known.", lot=lot_code)
    return None, row.lot_expires_on


def issue(
    connection: Connection, *, actor: Actor, services: Services, product_id: UUID, lot_code: str, now: datetime
) -> UUID:
    """Sign a lot's passport with the credentials of all it cites; what already stands exactly so is returned.

    Returns:
        The credential's id.

    Raises:
        portal.kernel.errors.PortalError: See ``prepare``, whose arguments it takes.
    """
    ready = prepare(connection, actor=actor, services=services, product_id=product_id, lot_code=lot_code, now=now)
    return service.issue_passport(
        connection, signing=ready.signing, subject=ready.subject, cited=ready.cited, links=ready.links
    )


def prepare(
    connection: Connection, *, actor: Actor, services: Services, product_id: UUID, lot_code: str, now: datetime
) -> Prepared:
    """Sign the credentials of all that a lot's passport cites, and return what it will say.

    Args:
        connection: Open transaction.
        actor: Who issues it.
        services: Settings name the key's folder, the address and the longest wait for a batch.
        product_id: The product.
        lot_code: Its lot.
        now: Instant of issuing.

    Raises:
        LotRecalled: The lot was recalled.
        UnknownLot: See ``subject_of_lot``.
        PapersMissing: No report of the lot, or no certificate in force.
        NoGTIN: The product has no GTIN.
        LotNotPrintable: The lot's code cannot stand in a GS1 code.
        NoIssuer: There is no company yet.
    """
    recall = fitness.recall_of_lot(connection, org_id=actor.org_id, product_id=product_id, lot_code=lot_code)
    if recall is not None:
        raise LotRecalled(f"Lot {lot_code} was recalled: {recall.reason}", lot=lot_code, reason=recall.reason)
    signing = signing_of(connection, actor=actor, services=services, now=now)
    subject = subject_of_lot(connection, org_id=actor.org_id, product_id=product_id, lot_code=lot_code)
    cited = service.cited_papers(connection, signing=signing, subject=subject)
    links = links_of_lot(connection, signing=signing, subject=subject, cited=cited)
    return Prepared(signing=signing, subject=subject, cited=cited, links=links)


def signing_of(connection: Connection, *, actor: Actor, services: Services, now: datetime) -> Signing:
    """Return who signs, for whom and when.

    Raises:
        NoIssuer: There is no company yet.
        ledger.errors.KeyExposed: Others may read the key file.
    """
    return Signing(
        actor=actor,
        issuer=issuer_of(connection, services=services),
        seal_after=timedelta(seconds=services.settings.seal_seconds),
        now=now,
    )


def lots_to_issue(connection: Connection, *, org_id: UUID, today: date) -> tuple[LotToIssue, ...]:
    """Return lots without a passport that lie in stock or have a report, what is ready first (at most 100).

    Args:
        connection: Any transaction.
        org_id: The host company.
        today: Local date, for certificates in force.
    """
    rows = connection.execute(text(_LOTS), {"org": org_id, "today": today, "most": _MOST_LOTS})
    return tuple(
        LotToIssue(
            product_id=row.product_id,
            sku=row.sku,
            name_zh=row.name_zh,
            name_en=row.name_en,
            lot_code=row.lot_code,
            expires_on=row.expires_on,
            supplier_zh=row.supplier_zh or "",
            supplier_en=row.supplier_en or "",
            missing=tuple(
                name for name in ("gtin", "inspection_report", "certificate") if getattr(row, f"no_{name}")
            ),
            by_piece=row.tracking == "serial",
        )
        for row in rows
    )


_LOTS = """
SELECT * FROM (
  SELECT p.id AS product_id, p.sku, p.name_zh, p.name_en, l.code AS lot_code, l.expires_on, l.created_at,
    p.tracking, s.name_zh AS supplier_zh, s.name_en AS supplier_en,
    coalesce(p.gtin, '') = '' AS no_gtin,
    r.partner_id IS NULL AS no_inspection_report,
    NOT EXISTS (
      SELECT FROM document c
      WHERE c.org_id = l.org_id AND c.partner_id = r.partner_id AND c.kind = 'certificate'
        AND (c.product_id IS NULL OR c.product_id = l.product_id) AND (c.lot_code IS NULL OR c.lot_code = l.code)
        AND c.valid_from <= :today AND (c.valid_until IS NULL OR c.valid_until >= :today)
    ) AS no_certificate
  FROM lot l
  JOIN product p ON p.org_id = l.org_id AND p.id = l.product_id
  LEFT JOIN LATERAL (
    SELECT d.partner_id FROM document d
    WHERE d.org_id = l.org_id AND d.kind = 'inspection_report' AND d.product_id = l.product_id
      AND d.lot_code = l.code AND d.partner_id = COALESCE((
        SELECT s.supplier_id FROM shipment s
        WHERE s.org_id = l.org_id AND s.product_id = l.product_id AND s.lot_code = l.code
        ORDER BY s.departed_at DESC, s.id DESC LIMIT 1), d.partner_id)
    ORDER BY d.uploaded_at DESC, d.id DESC LIMIT 1
  ) r ON true
  LEFT JOIN partner s ON s.org_id = l.org_id AND s.id = r.partner_id
  WHERE l.org_id = :org AND l.code <> '' AND p.active
    AND NOT EXISTS (
      SELECT FROM credential k WHERE k.org_id = l.org_id AND k.product_id = l.product_id AND k.lot_code = l.code
        AND k.serial IS NULL AND k.kind = 'product_passport')
    AND (r.partner_id IS NOT NULL OR EXISTS (
      SELECT FROM stock_balance b WHERE b.org_id = l.org_id AND b.lot_id = l.id AND b.on_hand > 0))
) lots
ORDER BY no_gtin::int + no_inspection_report::int + no_certificate::int, created_at DESC, sku, lot_code
LIMIT :most
"""


def subscribe(bus: Bus) -> None:
    """Let shipments and receipts write themselves into the trace of their lot."""
    bus.subscribe(ShipmentSent, "passports.trace_shipped", cast("Handler", on_shipped))
    bus.subscribe(GoodsReceived, "passports.trace_received", cast("Handler", on_received))


def on_shipped(message: ShipmentSent, delivery: Delivery) -> None:
    """Note that a lot has left its supplier."""
    supplier = partners.partner_name(delivery.connection, org_id=message.org_id, partner_id=message.supplier_id)
    place = two_names(supplier.name_zh, supplier.name_en) if supplier else ""
    _trace(message, delivery, step="shipping", place=place, partner_id=supplier.id if supplier else None)


def on_received(message: GoodsReceived, delivery: Delivery) -> None:
    """Note that a lot has been counted in; of a shipment that never came there is nothing to note."""
    if message.quantity:
        place = location_table.c
        row = delivery.connection.execute(
            select(place.name_zh, place.name_en).where(
                place.org_id == message.org_id, place.id == message.location_id
            )
        ).one()
        name = two_names(row.name_zh, row.name_en)
        _trace(message, delivery, step="receiving", place=name, location_id=message.location_id)


def _trace(
    message: ShipmentSent | GoodsReceived,
    delivery: Delivery,
    *,
    step: str,
    place: str,
    location_id: UUID | None = None,
    partner_id: UUID | None = None,
) -> None:
    if not message.lot_code:  # goods that are not kept by lot have no trace of a lot
        return
    told = message_table.c
    at = delivery.connection.execute(
        select(told.at).where(told.org_id == message.org_id, told.id == delivery.message_id)
    ).scalar_one_or_none()
    service.record_trace(
        delivery.connection,
        org_id=message.org_id,
        line=TraceLine(
            source_key=f"{step}/{message.shipment_id}",
            product_id=message.product_id,
            lot_code=message.lot_code,
            step=step,
            place=place,
            document=message.number,
            quantity=message.quantity,
            at=at or delivery.now,
            location_id=location_id,
            partner_id=partner_id,
        ),
        now=delivery.now,
    )
