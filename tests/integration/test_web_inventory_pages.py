"""The buyer's pages as each tier sees them: what is there, what is not, and the same in files."""

import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import Connection, text

from portal.inventory import service
from portal.inventory.model import AllocationLine, ExpectedDraft, LocationDraft, ProductDraft, StockLine
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.orders.service import save_orders
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support import people
from support.stock import in_days


class Portal:
    """The portal with stock in it, and a browser per kind of person."""

    def __init__(self, app: Flask, company: people.Company, connection: Connection, now: datetime) -> None:
        self.app, self.company, self.connection, self.now = app, company, connection, now
        self.products: dict[str, object] = {}

    def get(self, kind: str, path: str, status: int = 200) -> str:
        answer = people.browser(self.app, self.company, kind).get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        return " ".join(answer.get_data(as_text=True).split())

    def raw(self, kind: str, path: str) -> bytes:
        return people.browser(self.app, self.company, kind).get(path).data


def fill(portal: Portal) -> None:
    conn, actor, now = portal.connection, portal.company.actor, portal.now
    place, far = portal.company.nodes["NGB"], portal.company.nodes["CTU"]
    service.save_locations(
        conn,
        actor=actor,
        drafts=[LocationDraft(code="CTU", name_zh="成都", name_en="Chengdu", kind="third_party")],
        now=now,
    )
    conn.execute(text("UPDATE location SET fed_at = :at WHERE code = 'CTU'"), {"at": now - timedelta(hours=7)})
    drafts = [
        ProductDraft(sku="TEA-A", name_zh="白茶", name_en="White tea", gtin="9520011004015", pack_quanta=24),
        ProductDraft(sku="OIL-B", name_zh="茶油", name_en="=Oil", tracking="lot"),
        ProductDraft(sku="SALT-C", name_zh="盐", name_en="Salt", base_unit="KGM", decimals=3),
        ProductDraft(sku="LATE-D", name_zh="晚", name_en="Late", pack_quanta=10),
        ProductDraft(sku="FULL-E", name_zh="满", name_en="Spoken for", pack_quanta=10),
        ProductDraft(sku="ONE-F", name_zh="一", name_en="One receipt", pack_quanta=10),
        ProductDraft(sku="BIT-G", name_zh="零", name_en="A bit more", pack_quanta=10),
    ]
    ids = service.save_products(conn, actor=actor, drafts=drafts, now=now)
    portal.products = dict(ids)
    tea = ids["TEA-A"]
    lines = [
        StockLine(product_id=tea, location_id=place, quantity=24 * 60, lot_code="W1", expires_on=in_days(90)),
        StockLine(product_id=tea, location_id=far, quantity=53, lot_code="W2", expires_on=in_days(200)),
        StockLine(product_id=tea, location_id=place, quantity=24, lot_code="OLD", expires_on=in_days(-1)),
        StockLine(product_id=ids["OIL-B"], location_id=place, quantity=9, lot_code="O1"),
        StockLine(product_id=ids["OIL-B"], location_id=place, quantity=2, lot_code="O2"),
        StockLine(product_id=ids["SALT-C"], location_id=place, quantity=12_500),
        StockLine(product_id=ids["FULL-E"], location_id=place, quantity=100),
    ]
    service.book_stock(conn, actor=actor, lines=lines, document="D", key_prefix="d", now=now)
    conn.execute(text("UPDATE stock_balance SET status = 'blocked' WHERE on_hand = 9"))
    conn.execute(text("UPDATE stock_balance SET status = 'quarantine' WHERE on_hand = 2"))
    receipts = [
        (tea, "PO-1", 10, "shipped", 24 * 80),
        (tea, "PO-2", 24, "confirmed", 24 * 60),
        (ids["LATE-D"], "PO-3", -2, "shipped", 30),
        (ids["SALT-C"], "PO-4", 5, "confirmed", 2_250),
        (ids["FULL-E"], "PO-5", 5, "confirmed", 50),
        (ids["ONE-F"], "PO-6", 5, "shipped", 30),
        (ids["BIT-G"], "PO-7", 5, "confirmed", 3),
    ]
    for product_id, key, days, state, quantity in receipts:
        draft = ExpectedDraft(
            product_id=product_id,
            location_id=place,
            quantity=quantity,
            due_on=in_days(days),
            source_key=key,
            state=state,
            document=key,
            supplier="Songyue",
        )
        service.expect_receipts(conn, actor=actor, drafts=[draft], now=now)
    promises = [(tea, f"SO-{n}", 24 * 4, "key", 4 + n) for n in range(5)]
    promises += [(tea, "SO-X", 24 * 3, "strategic", 3), (ids["FULL-E"], "SO-F", 150, "strategic", 6)]
    for product_id, key, quantity, kind, days in promises:
        line = AllocationLine(
            product_id=product_id,
            location_id=place,
            partner_id=portal.company.partners[kind],
            quantity=quantity,
            needed_on=in_days(days),
            document=key,
            source_key=key,
        )
        service.allocate(conn, actor=actor, lines=[line], now=now)


@pytest.fixture
def portal(database: Database, conn: Connection, clock: HandClock, now: datetime, tmp_path: Path) -> Portal:
    company = people.found_company(conn, now=now)
    app = people.web_app(database, home=tmp_path, clock=clock)
    made = Portal(app, company, conn, now)
    fill(made)
    return made


def test_a_key_customer_sees_the_three_figures_and_where_the_stock_is(portal: Portal) -> None:
    page = portal.get("key", "/inventory?open=TEA-A")
    assert '<b>60</b><span class="u">cs</span><small>1,445 pcs</small>' in page
    assert "Where it is" in page
    assert "W1" in page
    assert "Chengdu" in page
    assert "7 hours ago" in page
    assert "past 22 Nov" in page
    assert "20 Feb" not in page.split("Where it is")[0]
    assert "is kept for your order SO-0" in page
    assert "more is kept for later orders" in page
    assert "SO-X" not in page
    assert "Songyue" not in page


def test_an_ordinary_customer_sees_totals_and_who_shows_more(portal: Portal) -> None:
    page = portal.get("ordinary", "/inventory?open=TEA-A")
    assert "Your agreement shows totals." in page
    for hidden in ("W1", "Chengdu", "Best before", "SO-0", "Songyue"):
        assert hidden not in page, hidden
    assert "PO-1" in page


def test_the_operator_sees_everybody_s_orders_and_suppliers(portal: Portal) -> None:
    page = portal.get("operator", "/ops/stock?open=TEA-A")
    for shown in ("SO-X", "SO-0", "Songyue", "is kept for order SO-X", "Kept for orders"):
        assert shown in page, shown


def test_figures_can_be_counted_in_pieces(portal: Portal) -> None:
    page = portal.get("key", "/inventory?unit=pcs&open=TEA-A")
    assert '<b>1,445</b><span class="u">pcs</span><small>60 cs + 5 pcs</small>' in page
    assert "12.5" in page


def test_what_comes_next_is_said_in_a_line(portal: Portal) -> None:
    page = portal.get("key", "/inventory")
    for said in (
        "then ",
        "was due 21 Nov",
        "2.25 kg confirmed",
        "PO-4, confirmed",
        "3 from 28 Nov",
        "PO-6, on the way",
        "No more to promise",
        "What is coming is kept for orders",
        "on hold",
    ):
        assert said in page, said


def test_blocked_and_waiting_lots_are_named(portal: Portal) -> None:
    page = portal.get("key", "/inventory/OIL-B")
    assert "blocked" in page
    assert "in quarantine" in page
    assert "is on hold or past its last day" in page


def test_why_less_can_be_promised_names_the_order_and_the_receipt(portal: Portal) -> None:
    page = portal.get("strategic", "/inventory/FULL-E")
    assert "Why 0 and not 10 today:" in page
    assert "15 cs is kept for your order SO-F, leaving 29 Nov. 5 cs of PO-5 is confirmed for 28 Nov." in page


def test_one_product_has_a_page_of_its_own(portal: Portal) -> None:
    assert "9520011004015" in portal.get("strategic", "/inventory/TEA-A")
    assert "No warehouse in your agreement holds any of it now." in portal.get("key", "/inventory/LATE-D")
    assert "No warehouse holds any of it now." in portal.get("operator", "/inventory/LATE-D")
    portal.get("key", "/inventory/NONE", 404)


def test_a_lot_with_a_passport_links_to_it(portal: Portal) -> None:
    portal.connection.execute(
        text("""
            INSERT INTO credential SELECT * FROM jsonb_populate_record(NULL::credential, CAST(:row AS jsonb))
        """),
        {"row": credential_row(portal)},
    )
    assert 'href="/01/09520011004015/10/W1"' in portal.get("key", "/inventory/TEA-A")


def credential_row(portal: Portal) -> str:
    return json.dumps(
        {
            "org_id": str(portal.company.org_id),
            "id": "01900000-0000-7000-8000-0000000000aa",
            "kind": "product_passport",
            "facts_key": "test",
            "about": "lot/TEA-A/W1",
            "product_id": str(portal.products["TEA-A"]),
            "lot_code": "W1",
            "gtin": "09520011004015",
            "body": "{}",
            "digest": "\\x" + "00" * 32,
            "issued_by": "test",
            "issued_at": portal.now.isoformat(),
            "state": "issued",
        }
    )


def test_filters_search_sort_and_pages_keep_each_other(portal: Portal) -> None:
    page = portal.get("key", "/inventory?q=a&show=arriving&sort=promise&unit=pcs&page=3&open=NONE")
    assert 'name="show" value="arriving"' in page
    assert 'name="unit" value="each"' in page
    assert "Nothing fits" in portal.get("key", "/inventory?q=zzz")
    portal.connection.execute(text("DELETE FROM expected_receipt"))
    assert "No item is under this filter just now." in portal.get("key", "/inventory?show=arriving")
    portal.get("key", "/inventory?page=x")


def test_pages_follow_each_other(portal: Portal) -> None:
    drafts = [ProductDraft(sku=f"P{n:03d}", name_zh="件", name_en="Thing") for n in range(60)]
    service.save_products(portal.connection, actor=portal.company.actor, drafts=drafts, now=portal.now)
    assert "Next page" in portal.get("key", "/inventory")
    assert "Previous page" in portal.get("key", "/inventory?page=2")
    assert "Page 2 of 2" in portal.get("key", "/inventory?page=2")


def test_empty_states_say_what_to_do(portal: Portal) -> None:
    portal.connection.execute(text("UPDATE product SET active = FALSE"))
    assert "Import products" in portal.get("operator", "/inventory")
    assert "Nothing in your agreement yet" in portal.get("key", "/inventory")


def test_without_an_agreement_the_pages_are_closed(portal: Portal) -> None:
    for path in ("/inventory", "/inventory/TEA-A", "/inventory.csv", "/inventory.xlsx", "/orders", "/board"):
        assert "No agreement is in force today" in portal.get("lapsed", path, 403), path


def test_the_csv_has_what_the_page_has_and_no_formula(portal: Portal) -> None:
    data = portal.raw("key", "/inventory.csv?q=OIL")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = data.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("SKU,GTIN,Item,Unit")
    assert rows[1].startswith("OIL-B,,'=Oil,pcs,1,11,11,0,0,,0,,,2026-11-23T10:24")
    assert len(rows) == 2


def test_the_workbook_has_numbers_as_numbers_and_texts_as_texts(portal: Portal) -> None:
    sheet = load_workbook(io.BytesIO(portal.raw("key", "/inventory.xlsx"))).active
    assert sheet is not None
    rows = {row[0].value: row for row in sheet.iter_rows()}
    assert (rows["OIL-B"][2].value, rows["OIL-B"][2].data_type) == ("=Oil", "s")
    assert (rows["TEA-A"][5].value, rows["SALT-C"][5].value) == (1445, "12.5")


def test_orders_are_shown_to_their_customer_and_to_staff(portal: Portal) -> None:
    lines = tuple(OrderLineDraft(n, portal.products["TEA-A"], None, 24 * n, None) for n in range(1, 6))
    orders = [
        OrderDraft("SO-1", portal.company.partners["key"], portal.now, in_days(3), "open", "t", lines),
        OrderDraft("SO-2", None, portal.now, None, "fulfilled", "t", lines[:1]),
    ]
    orders += [
        OrderDraft(f"OLD-{n}", portal.company.partners["key"], portal.now, None, "cancelled", "t", ())
        for n in range(60)
    ]
    save_orders(portal.connection, actor=portal.company.actor, orders=orders, now=portal.now)
    own = portal.get("key", "/orders?state=open")
    assert "SO-1" in own
    assert "2 more items" in own
    assert "SO-2" not in portal.get("key", "/orders?q=SO")
    staff = portal.get("operator", "/ops/orders?q=SO")
    assert "Kestrel" in staff
    assert "SO-2" in staff
    assert "Next page" in portal.get("key", "/orders?page=x")
    assert "Previous page" in portal.get("key", "/orders?page=2")
    assert "Items outside your agreement" in portal.get("key", "/orders?state=cancelled")
    assert "No order fits" in portal.get("key", "/orders?q=zzz")


def test_no_orders_yet_is_said(portal: Portal) -> None:
    assert "appear here" in portal.get("key", "/orders")
    assert "Import orders" in portal.get("operator", "/orders")


@pytest.mark.parametrize("path", ["/inventory?open=TEA-A", "/inventory/TEA-A", "/orders", "/board"])
def test_the_pages_speak_chinese(portal: Portal, path: str) -> None:
    page = portal.get("strategic", path + ("&" if "?" in path else "?") + "lang=zh")
    assert 'lang="zh-CN"' in page
