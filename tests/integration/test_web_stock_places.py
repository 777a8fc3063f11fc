"""The operator's pages of places, picking and tracing, through the HTML door."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.inventory import service
from portal.inventory.model import AllocationLine, ExpectedDraft, ProductDraft, StockLine
from portal.inventory.places import Take
from portal.kernel.ids import new_id
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import trace
from support import people
from support.people import Company, found_company, web_app

GTIN = "9520011004015"


class Desk:
    """An operator at a browser, and the stock behind it: tea in two bins and on the floor, two mills."""

    def __init__(self, app: Flask, company: Company, conn: Connection, now: datetime) -> None:
        self.app, self.company, self.conn, self.now = app, company, conn, now
        self.client: FlaskClient = people.browser(app, company, "operator")
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
        self.node = company.nodes["NGB"]
        drafts = [
            ProductDraft(sku="TEA", name_zh="白茶", name_en="White tea", gtin=GTIN, tracking="lot"),
            ProductDraft(sku="MILL", name_zh="茶磨", name_en="Tea mill", tracking="serial"),
        ]
        self.ids = service.save_products(conn, actor=company.actor, drafts=drafts, now=now)
        self.bins = [self.add(code) for code in ("A-01", "A-02")]

    def add(self, code: str) -> UUID:
        return service.add_place(
            self.conn,
            actor=self.company.actor,
            parent_id=self.node,
            level="bin",
            code=code,
            name_zh="",
            name_en="",
            now=self.now,
        )

    def book(self, sku: str, quantity: int, place_id: UUID, lot: str, days: int = 90, **more: object) -> None:
        line = StockLine(
            product_id=self.ids[sku],
            location_id=place_id,
            quantity=quantity,
            lot_code=lot,
            expires_on=self.now.date() + timedelta(days=days),
            **more,  # type: ignore[arg-type]
        )
        service.book_stock(
            self.conn, actor=self.company.actor, lines=[line], document="PO-9", key_prefix="b", now=self.now
        )

    def promise(self, sku: str, quantity: int, document: str = "SO-7") -> None:
        line = AllocationLine(
            product_id=self.ids[sku],
            location_id=self.node,
            partner_id=self.company.partners["key"],
            quantity=quantity,
            needed_on=self.now.date() + timedelta(days=1),
            document=document,
            source_key=f"{document}/{sku}",
        )
        service.allocate(self.conn, actor=self.company.actor, lines=[line], now=self.now)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:3000]
        return " ".join(answer.get_data(as_text=True).split())

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, data={**fields, "csrf_token": people.csrf_token(self.app, self.client)})

    def scan(self, scanned: str, document: str = "SO-7", **fields: str) -> TestResponse:
        return self.post(f"/ops/pick/{document}", scan=scanned, **fields)

    def left(self) -> dict[str, tuple[str, int]]:
        rows = self.conn.execute(text("SELECT source_key, state, quantity FROM allocation"))
        return {row.source_key: (row.state, row.quantity) for row in rows}


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, now)


def words(answer: TestResponse) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_a_document_is_picked_bin_by_bin_first_expired_first(desk: Desk) -> None:
    desk.book("TEA", 5, desk.bins[0], "LATE", days=90)
    desk.book("TEA", 3, desk.bins[1], "SOON", days=9)
    desk.promise("TEA", 6)
    assert "SO-7" in desk.get("/ops/pick")
    assert desk.client.get("/ops/pick?document=SO-7").headers["Location"] == "/ops/pick/SO-7"
    page = desk.get("/ops/pick/SO-7")
    assert "A-02" in page
    assert "SOON" in page
    at_place = desk.scan("A-02")
    assert at_place.headers["Location"] == "/ops/pick/SO-7?at=A-02"
    assert 'value="3"' in desk.get("/ops/pick/SO-7?at=A-02")
    taken = desk.scan(f"(01)0{GTIN}(10)SOON", at="A-02", quantity="2", key="k1")
    assert taken.headers["Location"] == "/ops/pick/SO-7?at=A-02"
    assert desk.left() == {"SO-7/TEA": ("open", 4)}
    desk.scan("SOON", at="A-02", quantity="1", key="k2")
    assert desk.scan("LATE", at="A-01", quantity="3", key="k3").headers["Location"] == "/ops/pick/SO-7"
    assert desk.left() == {"SO-7/TEA": ("shipped", 3)}
    assert desk.scan("A-01").headers["Location"] == "/ops/pick/SO-7"
    done = desk.get("/ops/pick/SO-7")
    assert "已全部拣完" in done
    moved = desk.conn.execute(
        text("SELECT quantity, document FROM stock_move WHERE kind = 'pick' ORDER BY seq")
    ).all()
    assert [tuple(row) for row in moved] == [(2, "SO-7"), (1, "SO-7"), (3, "SO-7")]


@pytest.mark.parametrize(
    ("scanned", "fields", "says"),
    [
        ("A-02", {}, "货位不对：应到 A-01，扫到的是 A-02"),
        ("L2", {"at": "A-01", "quantity": "1"}, "批次不对：应取 L1，扫到的是 L2"),
        (f"(01)0{GTIN}(10)L2", {"at": "A-01", "quantity": "1"}, "批次不对：应取 L1，扫到的是 L2"),
        ("(01)00000000000017(10)L1", {"at": "A-01", "quantity": "1"}, "商品不对：应取 TEA"),
        ("L1", {"at": "A-02", "quantity": "1"}, "货位不对"),
        ("L1", {"at": "A-01", "quantity": "9"}, "可用库存不够"),
        ("L1", {"at": "A-01", "quantity": "0"}, "数量不对"),
        ("L1", {"at": "A-01", "quantity": "-1"}, "不能小于零"),
        ("L1", {"at": "A-01", "quantity": "NaN"}, "不是数字"),
        ("", {}, "条码读不出"),
        ("(01)123", {"at": "A-01", "quantity": "1"}, "条码读不出"),
    ],
)
def test_what_is_not_to_be_taken_is_refused_and_says_why(
    desk: Desk, scanned: str, fields: dict[str, str], says: str
) -> None:
    desk.book("TEA", 5, desk.bins[0], "L1")
    desk.book("TEA", 5, desk.bins[1], "L2", days=99)
    desk.promise("TEA", 4)
    answer = desk.scan(scanned, **fields)
    assert answer.status_code == 422
    assert says in words(answer), words(answer)[-3000:]
    assert desk.left() == {"SO-7/TEA": ("open", 4)}
    assert desk.conn.execute(text("SELECT count(*) FROM stock_move WHERE kind = 'pick'")).scalar_one() == 0


def test_a_used_serial_number_is_refused(desk: Desk) -> None:
    desk.book("MILL", 3, desk.bins[0], "M1", serials=("S1", "S2", "S3"))
    desk.promise("MILL", 2)
    assert "货上的条码，或序列号" in desk.get("/ops/pick/SO-7?at=A-01")
    assert desk.scan("S2", at="A-01", key="k1").status_code == 303
    again = desk.scan("S2", at="A-01", key="k2")
    assert again.status_code == 422
    assert "序列号 S2 已用过" in words(again)
    assert "序列号 S9 查不到" in words(desk.scan("S9", at="A-01", key="k3"))
    desk.scan("S1", at="A-01", key="k4")
    assert desk.left() == {"SO-7/MILL": ("shipped", 1)}


def test_the_same_scan_sent_twice_takes_once(desk: Desk) -> None:
    desk.book("TEA", 5, desk.bins[0], "L1")
    desk.promise("TEA", 4)
    for _ in range(2):
        assert desk.scan("L1", at="A-01", quantity="2", key="same").status_code == 303
    assert desk.left() == {"SO-7/TEA": ("open", 2)}


def test_what_is_not_there_cannot_be_picked(desk: Desk) -> None:
    desk.book("TEA", 5, desk.bins[0], "L1")
    desk.promise("TEA", 4)
    take = Take(product_id=desk.ids["TEA"], lot_code="L1", place_id=desk.bins[0], quantity=3)
    deed = {"actor": desk.company.actor, "reason": "r", "now": desk.now, "even_promised": True}
    service.change_status(desk.conn, take=take, status="blocked", key="h", **deed)  # type: ignore[arg-type]
    assert "缺 2" in desk.get("/ops/pick/SO-7")
    take = Take(product_id=desk.ids["TEA"], lot_code="L1", place_id=desk.bins[0], quantity=2)
    service.scrap(desk.conn, take=take, document="", key="s", **deed)  # type: ignore[arg-type]
    assert "没有可拣的货了" in desk.get("/ops/pick/SO-7")
    desk.get("/ops/pick/SO-0", 404)


def test_a_lot_is_traced_from_its_receipt_to_its_customer(desk: Desk) -> None:
    draft = ExpectedDraft(
        product_id=desk.ids["TEA"],
        location_id=desk.node,
        quantity=8,
        due_on=desk.now.date(),
        source_key="PO-1",
        state="shipped",
        document="PO-1",
        supplier="Songyue",
        lot_code="L1",
    )
    service.expect_receipts(desk.conn, actor=desk.company.actor, drafts=[draft], now=desk.now)
    service.receive(
        desk.conn,
        actor=desk.company.actor,
        source_key="PO-1",
        quantity=8,
        lot_code="L1",
        lot_made_on=None,
        lot_expires_on=None,
        key="r",
        now=desk.now,
        place_id=desk.bins[0],
    )
    desk.promise("TEA", 3)
    desk.scan("L1", at="A-01", quantity="3", key="k")
    page = desk.get("/ops/trace?lot=L1")
    for said in ("Songyue", "PO-1", "SO-7", "A-01", "查去向", "查来源"):
        assert said in page
    way = re.search(r'href="(/ops/trace\?[^"]*way=forward)"', page)
    assert way is not None
    part = desk.get(way[1].replace("&amp;", "&"))
    assert "只看这次到货可能的去向" in part
    assert "SO-7" in part
    back = re.search(r'href="(/ops/trace\?[^"]*way=backward)"', page)
    assert back is not None
    assert "PO-1" in desk.get(back[1].replace("&amp;", "&"))
    table = desk.client.get("/ops/trace?lot=L1&format=csv").get_data(as_text=True).splitlines()
    assert len(table) == 4
    assert ",SO-7," in table[-1]


def test_a_serial_number_is_traced_alone_and_long_histories_are_cut_on_the_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.book("MILL", 2, desk.bins[0], "M1", serials=("S1", "S2"))
    page = desk.get("/ops/trace?lot=M1&serial=S1")
    assert "只看序列号 S1" in page
    assert "S2" not in page
    monkeypatch.setattr(trace, "SHOWN", 1)
    assert "全部见导出文件" in desk.get("/ops/trace?lot=M1")


def test_what_cannot_be_traced_says_so(desk: Desk) -> None:
    desk.book("TEA", 5, desk.bins[0], "L1")
    desk.book("MILL", 1, desk.bins[0], "L1", serials=("S1",))
    assert "查哪个批次" in desk.get("/ops/trace")
    assert "没有批号 L9" in desk.get("/ops/trace?lot=L9", 404)
    assert "没有这一步" in desk.get("/ops/trace?lot=L1&product=TEA&serial=S9", 404)
    assert "没有这一步" in desk.get(f"/ops/trace?lot=L1&move={new_id(desk.now)}", 404)
    both = desk.get("/ops/trace?lot=L1&product=TEA")
    assert "product=MILL" in both


def test_places_are_shown_with_what_lies_in_them(desk: Desk) -> None:
    desk.book("TEA", 5, desk.bins[0], "L1")
    desk.book("TEA", 2, desk.bins[0], "L1", owner_id=desk.company.partners["supplier"])
    take = Take(product_id=desk.ids["TEA"], lot_code="L1", place_id=desk.bins[0], quantity=1)
    service.change_status(
        desk.conn, actor=desk.company.actor, take=take, status="quarantine", reason="r", key="q", now=desk.now
    )
    desk.conn.execute(
        text("UPDATE location SET kind = 'third_party', fed_at = :at WHERE code = 'CTU'"),
        {"at": desk.now - timedelta(hours=26)},
    )
    desk.conn.execute(text("UPDATE location SET kind = 'forward' WHERE code = 'HKG'"))
    page = desk.get("/ops/places")
    for said in ("A-01", "1 个批次冻结或待检", "1 个批次寄售", "随流水更新"):
        assert said in page
    one = desk.get(f"/ops/places/{desk.bins[0]}")
    for said in ("/ops/trace?lot=L1", "待检", "寄售"):
        assert said in one
    assert "A-02" in desk.get(f"/ops/places/{desk.node}")


def test_zones_and_bins_are_added_and_named(desk: Desk) -> None:
    node = f"/ops/places/{desk.node}"
    assert desk.post(f"{node}/add", code="Z", level="zone", new_zh="冷区", new_en="Cold").status_code == 303
    zone = desk.conn.execute(text("SELECT id FROM location WHERE code = 'Z'")).scalar_one()
    assert desk.post(f"/ops/places/{zone}/add", code="Z-1", level="bin").status_code == 303
    assert "Z-1" in desk.get(f"/ops/places/{zone}")
    for code, level in (("A-01", "bin"), ("", "bin"), ("N", "node"), ("N" * 41, "bin")):
        assert desk.post(f"{node}/add", code=code, level=level).status_code == 422
    assert desk.post(f"/ops/places/{zone}/add", code="ZZ", level="zone").status_code == 422
    assert desk.post(f"/ops/places/{zone}", name_zh="冷藏区", name_en="Chilled").status_code == 303
    row = desk.conn.execute(
        text("SELECT name_zh, name_en, level, kind FROM location WHERE id = :id"), {"id": zone}
    ).one()
    assert tuple(row) == ("冷藏区", "Chilled", "zone", "own")


def test_a_node_says_how_long_its_word_holds(desk: Desk) -> None:
    node = f"/ops/places/{desk.node}"
    facts = text("SELECT feed_limit_hours, stale_policy FROM location WHERE id = :id")
    assert desk.post(node, name_zh="宁波", name_en="Ningbo", hours="24", leave_out="1").status_code == 303
    assert tuple(desk.conn.execute(facts, {"id": desk.node}).one()) == (24, "leave_out")
    assert "24" in desk.get(node)
    assert desk.post(node, name_zh="宁波", name_en="Ningbo", hours="").status_code == 303
    assert tuple(desk.conn.execute(facts, {"id": desk.node}).one()) == (None, "count")
    for fields in ({"hours": "0"}, {"hours": "x"}, {"name_zh": ""}):
        assert desk.post(node, **{"name_zh": "宁波", "name_en": "Ningbo", **fields}).status_code == 422


def test_what_is_packed_is_told_in_cases_and_in_pieces(desk: Desk) -> None:
    draft = ProductDraft(sku="CAKE", name_zh="糕", name_en="Cake", pack_quanta=24, tracking="lot")
    desk.ids |= service.save_products(desk.conn, actor=desk.company.actor, drafts=[draft], now=desk.now)
    desk.book("CAKE", 53, desk.bins[0], "C-1", days=9)
    desk.promise("CAKE", 53, document="SO-8")
    both = '<b class="nb">2 箱 + 5 件</b><small class="nb">53 件</small>'
    assert both in desk.get(f"/ops/places/{desk.bins[0]}")
    assert desk.get("/ops/trace?lot=C-1").count(both) == 3
    row = desk.client.get("/ops/trace?lot=C-1&format=csv").get_data(as_text=True).splitlines()[1].split(",")
    assert (row[6], row[7], row[-1]) == ("53", "件", "2 箱 + 5 件")
    page = desk.get("/ops/pick/SO-8")
    assert "取 2 箱 + 5 件（53 件）" in page
    assert "在库 2 箱 + 5 件（53 件）" in desk.get("/ops?kind=expiry")
    desk.scan("A-01", document="SO-8")
    desk.scan("C-1", document="SO-8", at="A-01", quantity="48", key="k")
    page = desk.get("/ops/pick/SO-8")
    assert "已取：糕 2 箱（48 件）。" in page
    assert "取 5 件" in page


def test_without_any_place_the_page_says_what_to_do_first(desk: Desk) -> None:
    desk.conn.execute(text("UPDATE location SET kind = 'adjustment' WHERE level = 'node' AND kind = 'own'"))
    desk.conn.execute(text("DELETE FROM location WHERE level <> 'node'"))
    assert "还没有仓" in desk.get("/ops/places")
    assert "没有待拣的单" in desk.get("/ops/pick")
