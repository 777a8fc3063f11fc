"""Stock in the small company of ``support.people``: two teas, one of which only some agreements name."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.forecasting.service import replace_demand
from portal.inventory import service
from portal.inventory.model import AllocationLine, ExpectedDraft, ProductDraft, StockLine
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.orders.service import save_orders
from support.people import Company

ALPHA, BETA = "TEA-A", "TEA-B"


def stock_up(conn: Connection, company: Company, *, now: datetime) -> dict[str, UUID]:
    """Book stock, receipts, promises, orders and demand; returns the products by SKU.

    TEA-A (pieces): Ningbo 100 (lot A1), Chengdu 40 (lot A2), Hong Kong 7. 30 are promised to "strategic" from
    Ningbo on 25 November; 60 are on their way to Ningbo for 1 December.
    TEA-B (kilograms, three decimals): 12.5 in Hong Kong only.
    """
    actor = company.actor
    service.ensure_virtual_locations(conn, org_id=company.org_id, now=now)
    drafts = [
        ProductDraft(sku=ALPHA, name_zh="白牡丹", name_en="White peony", gtin="09520123456788", tracking="lot"),
        ProductDraft(sku=BETA, name_zh="银针", name_en="Silver needle", base_unit="KGM", decimals=3),
    ]
    products = service.save_products(conn, actor=actor, drafts=drafts, now=now)
    alpha, beta = products[ALPHA], products[BETA]
    ningbo, chengdu, hong_kong = (company.nodes[code] for code in ("NGB", "CTU", "HKG"))
    lines = [
        StockLine(
            product_id=alpha, location_id=ningbo, quantity=100, lot_code="A1", expires_on=date(2027, 11, 30)
        ),
        StockLine(product_id=alpha, location_id=chengdu, quantity=40, lot_code="A2"),
        StockLine(product_id=alpha, location_id=hong_kong, quantity=7, lot_code="A2"),
        StockLine(product_id=beta, location_id=hong_kong, quantity=12_500),
    ]
    service.book_stock(conn, actor=actor, lines=lines, document="opening", key_prefix="t", now=now)
    receipt = ExpectedDraft(
        product_id=alpha,
        location_id=ningbo,
        quantity=60,
        due_on=date(2026, 12, 1),
        source_key="R-1",
        state="shipped",
        document="R-1",
        supplier="Songyue Tea",
    )
    service.expect_receipts(conn, actor=actor, drafts=[receipt], now=now)
    promise = AllocationLine(
        product_id=alpha,
        location_id=ningbo,
        partner_id=company.partners["strategic"],
        quantity=30,
        needed_on=date(2026, 11, 25),
        document="SO-S1",
        source_key="SO-S1",
    )
    service.allocate(conn, actor=actor, lines=[promise], now=now)
    orders = [
        _order("SO-S1", company.partners["strategic"], alpha, 30),
        _order("SO-K1", company.partners["key"], alpha, 5),
    ]
    save_orders(conn, actor=actor, orders=orders, now=now)
    replace_demand(
        conn,
        org_id=company.org_id,
        rows=[
            (alpha, date(2026, 11, 16), 8, 2),
            (alpha, date(2026, 11, 18), 4, 1),
            (beta, date(2026, 11, 23), 250, 1),
        ],
    )
    return products


def _order(number: str, partner_id: UUID, product_id: UUID, quantity: int) -> OrderDraft:
    return OrderDraft(
        number=number,
        partner_id=partner_id,
        ordered_at=datetime(2026, 11, 20, 2, 0, tzinfo=UTC),
        needed_on=date(2026, 11, 25),
        state="open",
        source="test",
        lines=(OrderLineDraft(1, product_id, None, quantity, None),),
    )
