"""What the demo company packs itself, and what it sells piece by piece.

A gift box is packed from lots of its own tea, so a recall of one of them names the box; a lot of teapots is told
apart by serial numbers, and some of its pieces have a passport of their own.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection

from portal.demo import passports
from portal.demo.catalogue import TEAPOT
from portal.demo.papers import pdf
from portal.demo.year import DemoLot
from portal.flows import making, pieces
from portal.inventory import service as inventory
from portal.inventory.model import StockLine
from portal.kernel.actor import Actor
from portal.passports.making import MakingDraft, WentIn
from portal.passports.model import DocumentDraft, DocumentKind, TraceLine
from portal.platform.services import Services

BOX, TEAS = "TE-308", ("TE-301", "TE-302", "TE-303")
"""A box of three tins, and what is filled into them."""

SERIALS = tuple(f"ZS-{number:03d}" for number in range(1, 7))
SIGNED = SERIALS[:2]
"""Pieces with a passport of their own; the others wait for somebody to try it."""

_FIRED = timedelta(days=40)
_ARRIVED = timedelta(days=30)


def pack_boxes(
    connection: Connection,
    *,
    actor: Actor,
    lots: Sequence[DemoLot],
    products: Mapping[str, UUID],
    location_id: UUID,
    now: datetime,
) -> None:
    """Record of which lots of tea the newest gift boxes were packed, a tin of each to a box.

    Args:
        connection: Open transaction.
        actor: The operator.
        lots: What lies at the place.
        products: Ids by item number.
        location_id: The place.
        now: Instant, in the company's zone.
    """
    today = now.date()
    box = _newest(lots, BOX, today)
    packed_on = box.made_on or today
    draft = MakingDraft(
        product_id=products[BOX],
        lot_code=box.lot,
        quantity=box.quantity,
        location_id=location_id,
        document=f"PK-{packed_on:%y%m%d}-1",
        at=datetime.combine(packed_on, time(14), tzinfo=now.tzinfo),
        inputs=tuple(
            WentIn(sku=sku, lot_code=_newest(lots, sku, packed_on).lot, quantity=box.quantity) for sku in TEAS
        ),
    )
    making.record(connection, actor=actor, draft=draft, now=now)


def _newest(lots: Sequence[DemoLot], sku: str, on: date) -> DemoLot:
    made = [(lot.made_on, number) for number, lot in enumerate(lots) if lot.sku == sku and lot.made_on]
    return lots[max(one for one in made if one[0] <= on)[1]]


def sign_pieces(  # noqa: PLR0913 - who signs what of which pieces, when
    connection: Connection,
    *,
    actor: Actor,
    services: Services,
    product_id: UUID,
    supplier: tuple[UUID, str],
    location_id: UUID,
    now: datetime,
) -> None:
    """Lay a lot of teapots in, hand in its report and sign the passports of some pieces.

    Args:
        connection: Open transaction.
        actor: The operator.
        services: Settings say where files and keys lie, and the public origin.
        product_id: The teapot.
        supplier: Id and name of who makes it.
        location_id: Where it lies.
        now: Instant, in the company's zone.
    """
    fired_on = now.date() - _FIRED
    lot_code = f"GF{fired_on:%y%m%d}"
    line = StockLine(
        product_id=product_id,
        location_id=location_id,
        quantity=len(SERIALS),
        lot_code=lot_code,
        made_on=fired_on,
        serials=SERIALS,
    )
    inventory.book_stock(
        connection, actor=actor, lines=[line], document="期初库存 Opening", key_prefix="demo:pieces", now=now
    )
    supplier_id, name = supplier
    report = _report(product_id, lot_code, supplier_id, name, fired_on)
    passports.hand_in(connection, actor=actor, services=services, papers=[report], now=now)
    arrival = datetime.combine(now.date() - _ARRIVED, time(10), tzinfo=now.tzinfo)
    steps = (
        ("shipping", name, arrival - timedelta(days=2), None),
        ("receiving", "上海总仓 / Shanghai main", arrival, location_id),
    )
    passports.record(connection, actor=actor, lines=_way(product_id, lot_code, supplier_id, steps), now=now)
    pieces.issue_pieces(
        connection,
        actor=actor,
        services=services,
        product_id=product_id,
        lot_code=lot_code,
        serials=SIGNED,
        now=now,
    )


def _way(
    product_id: UUID,
    lot_code: str,
    supplier_id: UUID,
    steps: Sequence[tuple[str, str, datetime, UUID | None]],
) -> list[TraceLine]:
    return [
        TraceLine(
            source_key=f"demo:{lot_code}:{step}",
            product_id=product_id,
            lot_code=lot_code,
            step=step,
            place=place,
            document=f"ASN-{lot_code}" if location_id is None else f"GR-{lot_code}",
            quantity=len(SERIALS),
            at=at,
            location_id=location_id,
            partner_id=None if location_id else supplier_id,
        )
        for step, place, at, location_id in steps
    ]


def _report(
    product_id: UUID, lot_code: str, supplier_id: UUID, supplier: str, fired_on: date
) -> tuple[DocumentDraft, bytes]:
    number = f"JY-{lot_code}"
    draft = DocumentDraft(
        kind=DocumentKind.INSPECTION_REPORT,
        partner_id=supplier_id,
        product_id=product_id,
        lot_code=lot_code,
        number=number,
        issued_by="示例检测中心 Example Testing Centre",
        valid_from=fired_on,
        valid_until=None,
        file_name=f"{number}.pdf",
    )
    return draft, pdf(
        "检验报告 Inspection report",
        [
            f"编号 No. {number}",
            f"产品 Product: {TEAPOT.name_zh} {TEAPOT.name_en}",
            f"批次 Lot: {lot_code}",
            f"企业 Firm: {supplier}",
            "铅、镉溶出量 Lead and cadmium released (GB 4806.4): 合格 passed",
            "演示数据 Demo data",
        ],
    )
