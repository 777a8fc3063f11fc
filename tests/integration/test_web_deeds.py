"""The operator's deeds on stock through the HTML door: hold, release, move, scrap, take over, take back."""

import html
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.inventory import reads, service
from portal.inventory.model import AllocationLine, ExpectedDraft, ProductDraft, StockLine
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import deeds, moves, places
from support import people
from support.api import ask
from support.goods import stock_up
from support.people import Company, found_company, web_app

NONE = "00000000-0000-0000-0000-000000000000"


class Desk:
    """An operator at a browser: 100 pieces of TEA-A of lot A1 in Ningbo, 30 of them promised; and two mills."""

    def __init__(self, app: Flask, company: Company, conn: Connection, now: datetime) -> None:
        self.app, self.company, self.conn, self.now = app, company, conn, now
        self.products = stock_up(conn, company, now=now)
        self.client = people.browser(app, company, "operator")
        self.speak("en")
        self.node = company.nodes["NGB"]
        self.bin = self.add_bin("A-01")

    def speak(self, language: str) -> None:
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = {"en": "en", "zh": "zh-CN"}[language]

    def add_bin(self, code: str) -> UUID:
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

    def book(self, product_id: UUID, quantity: int, **facts: object) -> None:
        values: dict[str, object] = {"location_id": self.node, "lot_code": "L1"} | facts
        line = StockLine(product_id=product_id, quantity=quantity, **values)  # type: ignore[arg-type]
        service.book_stock(
            self.conn, actor=self.company.actor, lines=[line], document="PO-9", key_prefix="b", now=self.now
        )

    def mills(self) -> UUID:
        draft = ProductDraft(sku="MILL", name_zh="茶磨", name_en="Tea mill", tracking="serial")
        product_id = service.save_products(self.conn, actor=self.company.actor, drafts=[draft], now=self.now)[
            "MILL"
        ]
        self.book(product_id, 3, serials=("S1", "S2", "S3"))
        return product_id

    def url(self, deed: str, sku: str = "TEA-A", **more: str) -> str:
        address = {"lot": "A1", "place": str(self.node), "status": "available", "owner": ""} | more
        return f"/ops/stock/{sku}/{deed}?{urlencode(address)}"

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:3000]
        return words(answer)

    def post(self, path: str, status: int = 303, /, **fields: object) -> str:
        form = {**fields, "csrf_token": people.csrf_token(self.app, self.client)}
        answer = self.client.post(path, data=form)
        assert answer.status_code == status, answer.get_data(as_text=True)[:4000]
        return words(answer) if status != 303 else str(answer.location)

    def do(
        self, deed: str, status: int = 303, /, *, step: str = "confirm", sku: str = "TEA-A", **fields: object
    ) -> str:
        """Send the form of a deed on lot A1 in Ningbo; ``at`` changes words of its address."""
        at = dict(fields.pop("at", {}))  # type: ignore[call-overload]
        form = {
            "quantity": "10",
            "unit": "C62",
            "reason": "Wet cartons",
            "key": f"k-{deed}",
            "step": step,
        } | fields
        return self.post(self.url(deed, sku, **at), status, **form)

    def lies(self, sku: str = "TEA-A") -> dict[tuple[str, str, str, bool], int]:
        rows = reads.held_of(self.conn, org_id=self.company.org_id, product_id=self.ids(sku), per_page=100).rows
        return {(one.place, one.lot, one.status, str(one.owner_id) == NONE): one.quantity for one in rows}

    def ids(self, sku: str) -> UUID:
        found = self.conn.execute(text("SELECT id FROM product WHERE sku = :sku"), {"sku": sku})
        return UUID(str(found.scalar_one()))

    def last(self) -> UUID:
        return UUID(
            str(self.conn.execute(text("SELECT id FROM stock_move ORDER BY seq DESC LIMIT 1")).scalar_one())
        )

    def way(self, move_id: object, sku: str = "TEA-A") -> str:
        return f"/ops/stock/{sku}/moves/{move_id}"

    def count(self, table: str = "stock_move") -> int:
        return int(self.conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608

    def available(self, kind: str = "key") -> str:
        question = '{ product(sku: "TEA-A") { availableToPromise { quantity { value } } } }'
        answer = ask(self.app, self.company, kind, question)
        return str(answer.get_json()["data"]["product"]["availableToPromise"]["quantity"]["value"])


def words(answer: TestResponse) -> str:
    return " ".join(html.unescape(answer.get_data(as_text=True)).split())


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, now)


LIES = {
    ("NGB", "A1", "available", True): 100,
    ("CTU", "A2", "available", True): 40,
    ("HKG", "A2", "available", True): 7,
}


def test_half_a_lot_is_held_released_scrapped_and_taken_back_and_the_buyer_sees_it_at_once(desk: Desk) -> None:
    before = desk.available()
    assert before == "110"
    assert "Nothing is booked yet." in desk.do("hold", 200, step="check", quantity="50", status="blocked")
    assert desk.available() == "110"
    assert desk.do("hold", quantity="50", status="blocked") == "/ops/stock/TEA-A/places"
    assert desk.lies() == LIES | {
        ("NGB", "A1", "available", True): 50,
        ("NGB", "A1", "blocked", True): 50,
    }
    assert "Held: 50 pcs." in desk.get("/ops/stock/TEA-A/places")
    assert desk.available() == "60"
    desk.do("release", quantity="50", at={"status": "blocked"})
    assert desk.lies() == LIES
    desk.do("scrap", quantity="20", reason="Water damage")
    assert desk.available() == "90"
    scrapped = desk.last()
    page = desk.get(desk.way(scrapped))
    assert "Water damage" in page
    assert "Take it back" in page
    checked = desk.post(f"{desk.way(scrapped)}/reverse", 200, reason="Wrong pallet", step="check")
    assert "Nothing is booked yet." in checked
    assert desk.available() == "90"
    back = desk.post(f"{desk.way(scrapped)}/reverse", reason="Wrong pallet", step="confirm")
    assert back == desk.way(scrapped)
    assert desk.available() == "110"
    assert "This move was taken back." in desk.get(back)
    assert "taken back later" in desk.get("/ops/stock/TEA-A/moves")
    assert reads.reconcile(desk.conn, org_id=desk.company.org_id) == ()


def test_what_lies_where_leads_to_its_deeds(desk: Desk) -> None:
    assert "/ops/stock/TEA-A/places" in desk.get("/inventory/TEA-A")
    listed = desk.get("/ops/stock/TEA-A/places")
    assert "3 lines" in listed
    assert desk.url("heap") in listed
    assert "1 line" in desk.get("/ops/stock/TEA-A/places?lot=A1")
    page = desk.get(desk.url("heap"))
    for said in ("Move stock", "Hold stock", "Scrap stock", "lot A1 in NGB", "100 pcs"):
        assert said in page
    for absent in ("Release stock", "Take over consignment"):
        assert absent not in page
    assert desk.url("heap") in desk.get("/ops/trace?lot=A1")
    assert desk.url("heap") in desk.get(f"/ops/places/{desk.node}")


def test_a_form_shows_what_lies_there_and_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.get(desk.url("move"))
    assert "Lies there: 100 pcs" in page
    assert '<option value="A-01">' in page
    page = desk.do("move", 422, step="check", quantity="101", to="A-01")
    assert "At most 100 pcs can be taken from there." in page
    assert 'value="101"' in page
    page = desk.do("move", 200, step="change", quantity="7", to="A-01")
    assert 'value="7"' in page
    assert desk.lies() == LIES


def test_goods_are_put_into_a_bin_by_its_code_in_any_case(desk: Desk) -> None:
    page = desk.do("move", 200, step="check", quantity="12", to="a-01", document="WO-3")
    assert "A-01" in page
    assert "WO-3" in page
    desk.do("move", quantity="12", to="a-01", document="WO-3")
    assert desk.lies() == LIES | {
        ("NGB", "A1", "available", True): 88,
        ("A-01", "A1", "available", True): 12,
    }


def test_a_quantity_is_typed_in_any_unit_of_the_product(desk: Desk) -> None:
    desk.conn.execute(text("UPDATE product SET pack_quanta = 24 WHERE sku = 'TEA-A'"))
    page = desk.do("scrap", 200, step="check", quantity="2", unit="XCS")
    assert "2 cs" in page
    assert "48 pcs" in page
    desk.do("scrap", quantity="2", unit="XCS")
    assert desk.lies()["NGB", "A1", "available", True] == 52


def test_a_form_that_is_sent_twice_is_one_deed_and_other_figures_under_it_are_refused(desk: Desk) -> None:
    first = desk.do("scrap", quantity="70")
    assert desk.do("scrap", quantity="70") == first
    assert "sent before, with other figures" in desk.do("scrap", 422, quantity="7")
    assert desk.lies()["NGB", "A1", "available", True] == 30
    assert desk.conn.execute(text("SELECT count(*) FROM stock_move WHERE kind = 'scrap'")).scalar_one() == 1


def test_a_form_about_all_that_lay_there_may_be_sent_twice_as_well(desk: Desk) -> None:
    at = {"place": str(desk.company.nodes["HKG"]), "lot": "A2"}
    assert desk.do("scrap", quantity="7", at=at) == desk.do("scrap", quantity="7", at=at)
    desk.get(desk.url("scrap", **at), 404)
    assert "Nothing lies there any more" in desk.do("scrap", 404, quantity="7", key="other", at=at)


def test_promised_stock_is_scrapped_only_after_its_orders_were_looked_at(desk: Desk) -> None:
    page = desk.do("scrap", 200, step="check", quantity="80")
    assert "Free at NGB: 70 pcs. The rest is promised to customers." in page
    assert "Do it all the same" in page
    assert "Tick the box if it is to be done all the same" in desk.do("scrap", 422, quantity="80")
    assert desk.lies() == LIES
    desk.do("scrap", quantity="80", even_promised="1")
    assert desk.lies()["NGB", "A1", "available", True] == 20


@pytest.mark.parametrize(
    ("deed", "form", "en", "zh"),
    [
        ("move", {"to": ""}, "Fill this in.", "请填写"),
        ("move", {"to": "X-9"}, "No place has the code X-9.", "没有编号为 X-9 的库位。"),
        ("move", {"to": "NGB"}, "The goods are there already.", "货已经在那里了。"),
        ("move", {"to": "A-01", "quantity": "0"}, "More than zero.", "须大于零"),
        ("move", {"to": "A-01", "quantity": "1.5"}, "is not exact", "不"),
        ("move", {"to": "A-01", "unit": "XPX"}, "is not counted in", "请先录入换算率"),
        ("hold", {"status": "lost"}, "Choose one of the list.", "请从列表中选择"),
        ("hold", {"status": "blocked", "reason": " "}, "Fill this in.", "请填写"),
        ("scrap", {"reason": ""}, "Fill this in.", "请填写"),
        ("scrap", {"quantity": "101"}, "At most 100 pcs can be taken from there.", "那里最多能取 100 件。"),
        ("scrap", {"quantity": "ten"}, "is not a number", "不是数字"),
        ("take-over", {"document": ""}, "Fill this in.", "请填写"),
        ("take-over", {"document": "INV-1"}, "These goods are our own already.", "本来就是自有"),
    ],
)
def test_a_form_that_cannot_be_taken_comes_back_with_the_fault_in_both_languages(
    desk: Desk, deed: str, form: dict[str, str], en: str, zh: str
) -> None:
    before = desk.count()
    page = desk.do(deed, 422, step="check", **form)
    assert en in page
    assert "There is a problem" in page
    desk.speak("zh")
    assert zh in desk.do(deed, 422, step="check", **form)
    assert (desk.lies(), desk.count()) == (LIES, before)


def test_the_serial_numbers_are_chosen_or_typed(desk: Desk) -> None:
    desk.mills()
    at = {"lot": "L1"}
    page = desk.get(desk.url("scrap", "MILL", **at))
    for code in ("S1", "S2", "S3"):
        assert f'value="{code}"' in page
    page = desk.do("scrap", 422, step="check", sku="MILL", at=at)
    assert "at least one serial number" in page
    page = desk.do("scrap", 422, step="check", sku="MILL", at=at, serial=["S1"], typed="S9")
    assert "Serial number S9 is not known here" in page
    assert 'value="S1" checked' in page
    assert "S9</textarea>" in page
    page = desk.do("scrap", 200, step="check", sku="MILL", at=at, serial=["S1"], typed="S3, S1")
    assert "S1, S3" in page
    desk.do("scrap", sku="MILL", at=at, serial=["S1", "S3"])
    assert desk.lies("MILL") == {("NGB", "L1", "available", True): 1}
    assert "Serial number S3 is used" in desk.do("move", 422, sku="MILL", at=at, serial=["S3"], to="A-01")


def test_consignment_is_taken_over_under_the_partners_bill(desk: Desk) -> None:
    owner = desk.company.partners["supplier"]
    desk.book(desk.products["TEA-A"], 60, lot_code="C1", owner_id=owner)
    at = {"lot": "C1", "owner": str(owner)}
    assert "Take over consignment" in desk.get(desk.url("heap", **at))
    page = desk.do("take-over", 200, step="check", quantity="60", document="INV-7", at=at)
    assert "→ our own" in page
    assert desk.available() == "110"
    desk.do("take-over", quantity="60", document="INV-7", at=at)
    assert desk.lies()["NGB", "C1", "available", True] == 60
    assert desk.available() == "170"
    assert "our own" in desk.get(desk.way(desk.last()))


def test_what_has_expired_is_not_released(desk: Desk) -> None:
    past = (desk.now - timedelta(days=2)).date()
    desk.book(desk.products["TEA-A"], 5, lot_code="OLD", expires_on=past)
    desk.do("hold", quantity="5", status="blocked", at={"lot": "OLD"})
    page = desk.do("release", 422, step="check", quantity="5", at={"lot": "OLD", "status": "blocked"})
    assert "it cannot become usable again" in page
    desk.speak("zh")
    page = desk.do("release", 422, step="check", quantity="5", at={"lot": "OLD", "status": "blocked"})
    assert "不能再转为可用" in page


@pytest.mark.parametrize("words_of_address", ["", "?lot=A1", "?lot=A1&place=x", "?lot=A1&place=1&owner=2"])
def test_an_address_that_names_nothing_is_not_found(desk: Desk, words_of_address: str) -> None:
    assert "Nothing lies there any more" in desk.get(f"/ops/stock/TEA-A/heap{words_of_address}", 404)
    desk.get(f"/ops/stock/NONE/move{words_of_address}", 404)


def test_a_move_is_not_found_under_another_product(desk: Desk) -> None:
    desk.get(desk.way(desk.last()))
    desk.get(desk.way(desk.last(), "TEA-B"), 404)
    desk.get(desk.way(NONE), 404)
    desk.post(f"{desk.way(desk.last(), 'TEA-B')}/reverse", 404, reason="r", step="confirm")


def test_a_move_is_taken_back_once_however_often_the_form_is_sent(desk: Desk) -> None:
    desk.do("move", quantity="12", to="A-01")
    moved = desk.last()
    first = desk.post(f"{desk.way(moved)}/reverse", reason="Wrong bin", step="confirm")
    assert desk.post(f"{desk.way(moved)}/reverse", reason="Wrong bin", step="confirm") == first
    assert desk.lies() == LIES
    back = desk.last()
    assert "This move takes another one back." in desk.get(desk.way(back))
    for what in (moved, back):
        assert "taken back already" in desk.post(f"{desk.way(what)}/reverse", 422, reason="r", step="check")
    assert "taken back already" in desk.post(f"{desk.way(back)}/reverse", 422, reason="r", step="confirm")


def test_what_cannot_be_taken_back_says_why(desk: Desk) -> None:
    desk.do("move", quantity="12", to="A-01")
    moved = desk.last()
    desk.do("scrap", quantity="1", at={"place": str(desk.bin)}, key="k2")
    page = desk.post(f"{desk.way(moved)}/reverse", 422, reason="Wrong bin", step="check")
    assert "At most 11 pcs can be taken from there." in page
    assert 'value="Wrong bin"' in page
    assert "Fill this in." in desk.post(f"{desk.way(moved)}/reverse", 422, reason=" ", step="check")
    assert 'value="Why"' in desk.post(f"{desk.way(moved)}/reverse", 200, reason="Why", step="change")


def test_a_booking_whose_goods_are_promised_is_taken_back_only_knowingly(desk: Desk) -> None:
    booked = desk.conn.execute(
        text("SELECT m.id FROM stock_move m JOIN lot l ON l.id = m.lot_id WHERE l.code = 'A1'")
    ).scalar_one()
    path = f"{desk.way(booked)}/reverse"
    assert "Do it all the same" in desk.post(path, 200, reason="Never came", step="check")
    desk.post(path, 422, reason="Never came", step="confirm")
    assert desk.lies() == LIES
    desk.post(path, reason="Never came", step="confirm", even_promised="1")
    assert ("NGB", "A1", "available", True) not in desk.lies()


def test_a_receipt_is_corrected_by_a_count_and_not_taken_back(desk: Desk) -> None:
    shipped = desk.conn.execute(text("SELECT id FROM stock_move WHERE kind = 'ship'")).scalar_one()
    page = desk.get(desk.way(shipped))
    assert "Correct the stock by a count." in page
    assert 'name="reason"' not in page
    answer = desk.post(f"{desk.way(shipped)}/reverse", 422, reason="r", step="confirm")
    assert "belongs to the receipt R-1" in answer


def test_a_pick_that_is_taken_back_says_that_the_promise_does_not_return(desk: Desk) -> None:
    line = AllocationLine(
        product_id=desk.products["TEA-A"],
        location_id=desk.node,
        quantity=1,
        needed_on=desk.now.date(),
        document="SO-7",
        source_key="SO-7",
    )
    service.allocate(desk.conn, actor=desk.company.actor, lines=[line], now=desk.now)
    desk.post("/ops/pick/SO-7", at="NGB", scan="A1", quantity="1", key="p")
    page = desk.post(f"{desk.way(desk.last())}/reverse", 200, reason="Not sent", step="check")
    assert "The goods come back, the promise does not." in page


def test_moves_are_listed_the_newest_first_by_pages_and_as_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "PER_PAGE", 2)
    desk.do("move", quantity="12", to="A-01", document="WO-3")
    desk.do("hold", quantity="5", status="blocked", reason="Wet cartons")
    page = desk.get("/ops/stock/TEA-A/moves")
    assert page.index("Wet cartons") < page.index("WO-3")
    assert "NGB → A-01" in page
    assert "usable → blocked" in page
    assert "The newest" not in page
    older = re.search(r'href="(/ops/stock/TEA-A/moves\?before=\d+)"', page)
    assert older
    second = desk.get(older[1])
    assert "The newest" in second
    assert "WO-3" not in second
    only = desk.get("/ops/stock/TEA-A/moves?lot=A1")
    assert "Lot A1" in only
    assert "CTU" not in only
    rows = desk.client.get("/ops/stock/TEA-A/moves?lot=A1&format=csv").get_data(as_text=True).splitlines()
    assert len(rows) == 4
    assert ",Status changed,A1,,NGB,NGB,usable,blocked,our own,our own,5,pcs,,Wet cartons," in rows[1]
    assert "WO-3" in rows[2]
    desk.get("/ops/stock/TEA-A/moves?before=x")


def test_a_product_that_never_moved_says_what_goes_there(desk: Desk) -> None:
    draft = ProductDraft(sku="NEW", name_zh="新茶", name_en="New tea")
    service.save_products(desk.conn, actor=desk.company.actor, drafts=[draft], now=desk.now)
    assert "No move yet" in desk.get("/ops/stock/NEW/moves")
    assert "Nothing lies anywhere" in desk.get("/ops/stock/NEW/places")


def test_what_lies_in_a_node_or_of_a_product_comes_by_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PER_PAGE", 2)
    monkeypatch.setattr(deeds, "PER_PAGE", 2)
    for number in range(1, 5):
        desk.book(desk.products["TEA-A"], number, lot_code=f"N{number}")
    first = desk.get(f"/ops/places/{desk.node}")
    assert "5 lines" in first
    assert "Page 1 of 3" in first
    assert "Previous page" not in first
    last = desk.get(f"/ops/places/{desk.node}?page=9")
    assert "Page 3 of 3" in last
    assert "N4" in last
    assert "Next page" not in last
    assert 'href="/ops/stock/TEA-A/places?page=2"' in desk.get("/ops/stock/TEA-A/places")
    assert 'href="/ops/stock/TEA-A/places"' in desk.get("/ops/stock/TEA-A/places?page=2")


def test_what_was_only_checked_is_no_deed_in_the_audit_log(desk: Desk) -> None:
    def written() -> list[tuple[str, dict[str, object]]]:
        rows = desk.conn.execute(
            text(
                "SELECT what, details FROM audit_entry WHERE kind = 'deed' AND what ~ '^(deeds|moves)'"
                " ORDER BY seq"
            )
        )
        return [tuple(row) for row in rows]

    desk.do("scrap", 200, step="check", quantity="80")
    desk.do("scrap", 200, step="check", quantity="8")
    desk.do("scrap", 200, step="change", quantity="8")
    assert written() == []
    desk.do("scrap", quantity="8")
    desk.post(f"{desk.way(desk.last())}/reverse", reason="r", step="confirm")
    assert written() == [("deeds.scrap", {"products": ["TEA-A"]}), ("moves.reverse", {"products": ["TEA-A"]})]
    assert "stock scrapped" in desk.get("/ops/audit")


def test_a_whole_lot_is_held_wherever_it_lies_and_freed_again(desk: Desk) -> None:
    path = "/ops/stock/TEA-A/lot?lot=A2"
    assert path in desk.get(desk.url("heap", lot="A2", place=str(desk.company.nodes["CTU"])))
    assert path in desk.get("/ops/trace?lot=A2")
    assert path in desk.get("/ops/stock/TEA-A/places?lot=A2")
    assert "2 lines" in desk.get(path)
    form = {"status": "blocked", "reason": "Recall 12", "key": "k"}
    page = desk.post(path, 200, step="check", **form)
    assert "47 pcs" in page
    assert "usable → blocked" in page
    assert desk.lies() == LIES
    assert 'value="Recall 12"' in desk.post(path, 200, step="change", **form)
    for _ in range(2):
        assert desk.post(path, step="confirm", **form) == "/ops/stock/TEA-A/places?lot=A2"
    assert desk.lies() == {
        ("NGB", "A1", "available", True): 100,
        ("CTU", "A2", "blocked", True): 40,
        ("HKG", "A2", "blocked", True): 7,
    }
    assert desk.available() == "70"
    assert "Lot A2 is now blocked everywhere." in desk.get("/ops/stock/TEA-A/places")
    desk.post(path, step="confirm", **{**form, "status": "available"})
    assert desk.lies() == LIES


def test_a_lot_that_cannot_be_held_or_freed_says_why(desk: Desk) -> None:
    form = {"status": "blocked", "reason": "Recall 12", "key": "k", "step": "confirm"}
    desk.get("/ops/stock/TEA-A/lot?lot=NONE", 404)
    desk.post("/ops/stock/TEA-A/lot?lot=NONE", 404, **form)
    path = "/ops/stock/TEA-A/lot?lot=A1"
    assert "Fill this in." in desk.post(path, 422, **{**form, "reason": " "})
    assert "Choose one of the list." in desk.post(path, 422, **{**form, "status": "lost"})
    past = (desk.now - timedelta(days=2)).date()
    desk.book(desk.products["TEA-A"], 5, lot_code="OLD", expires_on=past)
    page = desk.post("/ops/stock/TEA-A/lot?lot=OLD", 422, **{**form, "status": "available"})
    assert "it cannot become usable again" in page


@pytest.mark.parametrize("kind", ["key", "strategic", "supplier", "auditor"])
def test_nobody_but_the_operator_moves_or_sees_the_moves(desk: Desk, kind: str) -> None:
    before = desk.count()
    client = people.browser(desk.app, desk.company, kind)
    token = people.csrf_token(desk.app, client)
    for deed in ("move", "hold", "release", "scrap", "take-over"):
        assert client.get(desk.url(deed)).status_code == 403
        form = {"csrf_token": token, "quantity": "1", "unit": "C62", "reason": "r", "key": "k", "step": "confirm"}
        form |= {"status": "blocked", "to": "A-01", "document": "d"}
        assert client.post(desk.url(deed), data=form).status_code == 403
    reverse = client.post(
        f"{desk.way(desk.last())}/reverse",
        data={"csrf_token": token, "reason": "r", "step": "confirm"},
    )
    assert reverse.status_code == 403
    assert client.get("/ops/stock/TEA-A/moves").status_code == 403
    assert (desk.count(), desk.lies()) == (before, LIES)


def test_a_receipt_under_way_keeps_its_moves(desk: Desk) -> None:
    draft = ExpectedDraft(
        product_id=desk.products["TEA-A"],
        location_id=desk.node,
        quantity=8,
        due_on=desk.now.date(),
        source_key="R-2",
        document="R-2",
    )
    service.expect_receipts(desk.conn, actor=desk.company.actor, drafts=[draft], now=desk.now)
    service.receive(
        desk.conn,
        actor=desk.company.actor,
        source_key="R-2",
        quantity=8,
        lot_code="A3",
        lot_made_on=None,
        lot_expires_on=None,
        key="r2",
        now=desk.now,
    )
    assert "Correct the stock by a count." in desk.get(desk.way(desk.last()))
