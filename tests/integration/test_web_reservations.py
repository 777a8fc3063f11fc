"""A buyer asks, has it held, confirms or lets it go; the operator sets stock apart: what each of them sees."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from portal.inventory.model import CannotPromise
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.goods import stock_up
from support.people import Company, browser, csrf_token, found_company, web_app


class Door:
    """The portal with two teas in it, and a browser for each kind of person."""

    def __init__(self, app: Flask, company: Company, conn: Connection, clock: HandClock) -> None:
        self.app, self.company, self.conn, self.clock = app, company, conn, clock
        self.clients: dict[str, FlaskClient] = {}

    def client(self, kind: str) -> FlaskClient:
        return self.clients.setdefault(kind, browser(self.app, self.company, kind))

    def get(self, kind: str, path: str, status: int = 200) -> str:
        answer = self.client(kind).get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:1500]
        return " ".join(answer.get_data(as_text=True).split())

    def post(self, kind: str, path: str, status: int = 303, **form: str) -> str:
        client = self.client(kind)
        answer = client.post(path, data={**form, "csrf_token": csrf_token(self.app, client)})
        assert answer.status_code == status, answer.get_data(as_text=True)[:1500]
        return answer.location or " ".join(answer.get_data(as_text=True).split())

    def ask(self, kind: str, quantity: str = "10", *, sku: str = "TEA-A", status: int = 303, **form: str) -> str:
        page = self.get(kind, f"/reserve/{sku}")
        found = re.search(r'name="key" value="([^"]+)"', page)
        assert found
        wish = {"quantity": quantity, "unit": "C62", "day": "2026-11-25", "key": found[1], **form}
        return self.post(kind, f"/reserve/{sku}", status, **wish)

    def count(self, question: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.conn.execute(text(question))]


@pytest.fixture
def door(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Door:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Door(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


def test_a_buyer_asks_confirms_and_finds_it_among_the_orders_and_another_sees_less(door: Door) -> None:
    assert "/reserve/TEA-A" in door.get("key", "/inventory/TEA-A")
    before = door.get("other_key", "/inventory/TEA-A")
    held = door.ask("key", "10")
    page = door.get("key", held)
    assert "10 pcs" in page
    assert "30 min left" in page
    number = re.search(r"W-261123-[0-9A-F]{6}", page)
    assert number
    door.post("key", f"{held}/confirm")
    assert "Ordered." in door.get("key", held)
    assert number[0] in door.get("key", "/orders")
    assert f"is kept for your order {number[0]}" in door.get("key", "/inventory/TEA-A")
    after = door.get("other_key", "/inventory/TEA-A")
    assert (">110</b>" in before, ">100</b>" in after) == (True, True)
    assert number[0] not in after
    assert door.post("key", f"{held}/confirm") == held
    assert door.count("SELECT state, quantity FROM allocation WHERE document LIKE 'W-%'") == [("open", 10)]
    assert "can no longer be changed" in door.post("key", f"{held}/release", 409)


def test_what_is_let_go_is_free_again_and_cannot_be_confirmed(door: Door) -> None:
    held = door.ask("ordinary", "10")
    door.post("ordinary", f"{held}/release")
    assert "Let go." in door.get("ordinary", held)
    assert door.post("ordinary", f"{held}/release") == held
    door.post("ordinary", f"{held}/confirm", 409)
    assert door.count("SELECT count(*) FROM sales_order WHERE source = 'portal'") == [(0,)]


def test_a_hold_nobody_confirmed_reads_lapsed_after_half_an_hour(door: Door) -> None:
    held = door.ask("key", "10")
    door.clock.advance(timedelta(minutes=30))
    page = door.get("key", held)
    assert "The time is over." in page
    assert "/reserve/TEA-A" in page
    door.post("key", f"{held}/confirm", 409)


def test_a_quantity_from_two_nodes_is_one_order_and_names_no_node(door: Door) -> None:
    held = door.ask("ordinary", "110")
    assert "110 pcs" in door.get("ordinary", held)
    assert [q for (q,) in door.count("SELECT quantity FROM reservation_line ORDER BY quantity")] == [40, 70]
    for name in ("Ningbo", "Chengdu", "NGB"):
        assert name not in door.get("ordinary", held)


def test_what_cannot_be_promised_comes_back_with_what_can_and_from_when(door: Door) -> None:
    page = door.ask("key", "120", status=422)
    assert "110 pcs can be promised for 25 Nov; 120 pcs from 1 Dec." in page
    assert 'value="120"' in page
    page = door.ask("key", "500", status=422)
    assert "no day is known when 500 pcs can." in page
    assert door.count("SELECT count(*) FROM reservation") == [(0,)]


def test_a_product_nobody_has_anywhere_is_refused_in_words(door: Door) -> None:
    assert "no day is known when 1 kg can." in door.ask("key", "1", sku="TEA-B", status=422, unit="KGM")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"quantity": "0"}, "More than zero."),
        ({"quantity": "-5"}, "Not below zero."),
        ({"quantity": "ten"}, "is not a number"),
        ({"quantity": "1.5"}, "is not exact"),
        ({"unit": "XYZ"}, "is not counted in XYZ"),
        ({"quantity": "Infinity"}, "is not a number"),
        ({"day": "2026-11-22"}, "Not before today."),
        ({"day": "soon"}, "Write the day as 2026-11-27."),
        ({"day": ""}, "Fill this in."),
    ],
)
def test_a_form_that_cannot_be_read_comes_back_with_the_fault_beside_the_field(
    door: Door, form: dict[str, str], said: str
) -> None:
    assert said in door.ask("key", **{"quantity": "10", **form}, status=422)  # type: ignore[arg-type]
    assert door.count("SELECT count(*) FROM reservation") == [(0,)]


def test_a_form_sent_twice_makes_one_reservation_and_other_figures_under_it_are_refused(door: Door) -> None:
    form = {"unit": "C62", "day": "2026-11-25", "key": "abcdef123456"}
    first = door.post("key", "/reserve/TEA-A", quantity="10", **form)
    assert door.post("key", "/reserve/TEA-A", quantity="10", **form) == first
    assert "with other figures" in door.post("key", "/reserve/TEA-A", 422, quantity="11", **form)
    assert door.count("SELECT count(*) FROM reservation") == [(1,)]


def test_nobody_sees_or_touches_what_another_firm_holds(door: Door) -> None:
    held = door.ask("key", "10")
    number = door.count("SELECT document FROM reservation")[0][0]
    for kind in ("other_key", "strategic", "ordinary"):
        door.get(kind, held, 404)
        door.post(kind, f"{held}/confirm", 404)
        door.post(kind, f"{held}/release", 404)
        assert str(number) not in door.get(kind, "/reservations")
        assert str(number) not in door.get(kind, "/reservations?format=csv")
    assert door.count("SELECT state FROM reservation") == [("held",)]
    assert str(number) in door.get("operator", "/reservations")
    assert "Kestrel" in door.get("operator", held)
    door.post("operator", f"{held}/release")
    assert door.count("SELECT state FROM reservation") == [("released",)]


def test_a_product_outside_the_agreement_cannot_be_asked_for(door: Door) -> None:
    door.conn.execute(text("UPDATE agreement SET all_products = FALSE WHERE number = 'AG-key'"))
    door.get("key", "/reserve/TEA-A", 404)
    door.post("key", "/reserve/TEA-A", 404, quantity="1", unit="C62", day="2026-11-25", key="k")


def test_lists_without_anything_say_what_goes_there(door: Door) -> None:
    assert "Ask for a quantity on an item’s page" in door.get("key", "/reservations")
    assert "When a customer asks for a quantity" in door.get("operator", "/reservations")
    assert "No pool yet" in door.get("operator", "/ops/pools")


def test_the_lists_are_files_too(door: Door) -> None:
    door.ask("key", "10")
    rows = door.get("key", "/reservations?format=csv")
    assert ",TEA-A,White peony,10 pcs,2026-11-25,Held,2026-11-23T10:54+08:00,10,pcs" in rows


def pool(door: Door, status: int = 303, **form: str) -> str:
    product = door.count("SELECT id FROM product WHERE sku = 'TEA-A'")[0][0]
    given = {
        "name": "Live",
        "product": str(product),
        "location": str(door.company.nodes["NGB"]),
        "partner": str(door.company.partners["key"]),
        "quantity": "50",
        "starts": "2026-11-23",
        "ends": "2026-11-28T18:00",
    }
    return door.post("operator", "/ops/pools/new", status, **{**given, **form})


def test_the_operator_sets_stock_apart_and_only_its_customer_can_have_it(door: Door) -> None:
    assert "/ops/pools/new?product=" in door.get("operator", "/inventory/TEA-A")
    (product,) = door.count("SELECT id FROM product LIMIT 1")[0]
    assert f'value="{product}" selected' in door.get("operator", f"/ops/pools/new?product={product}")
    assert pool(door) == "/ops/pools"
    listed = door.get("operator", "/ops/pools")
    assert "Kestrel" in listed
    assert "50 pcs" in listed
    assert "60 pcs can be promised" in door.ask("other_key", "61", status=422)
    held = door.ask("key", "110")
    assert "Out of the pool" in door.get("key", held)
    file = door.get("operator", "/ops/pools?format=csv")
    assert ",50,50,0,pcs" in file
    (pool_id,) = door.count("SELECT id FROM pool")[0]
    assert door.post("operator", f"/ops/pools/{pool_id}/end") == "/ops/pools"
    assert "Ended" in door.get("operator", "/ops/pools")
    assert "Ended" in door.get("operator", "/ops/pools?format=csv")
    door.post("operator", f"/ops/pools/{pool_id}/end", 409)


def test_a_pool_that_begins_later_and_is_the_staffs_own_says_so(door: Door) -> None:
    pool(door, starts="2026-11-25", partner="")
    listed = door.get("operator", "/ops/pools")
    assert "from 25 Nov" in listed
    assert "Own staff" in listed


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": ""}, "Fill this in."),
        ({"product": ""}, "Fill this in."),
        ({"product": "x"}, "Choose one of the list."),
        ({"location": "x"}, "Choose one of the list."),
        ({"partner": "x"}, "Choose one of the list."),
        ({"quantity": "-1"}, "Not below zero."),
        ({"quantity": "0"}, "at least 1"),
        ({"quantity": "71"}, "Only 70 pcs are free there from that day on."),
        ({"starts": "x"}, "Write the day as 2026-11-27."),
        ({"ends": ""}, "Fill this in."),
        ({"ends": "x"}, "Write the time as 2026-11-27T18:00."),
        ({"ends": "2026-11-22T18:00"}, "before it begins"),
    ],
)
def test_a_pool_that_cannot_be_comes_back_with_the_fault(door: Door, form: dict[str, str], said: str) -> None:
    assert said in pool(door, 422, **form)
    assert door.count("SELECT count(*) FROM pool") == [(0,)]


def test_two_pools_of_one_name_are_refused(door: Door) -> None:
    pool(door)
    assert "There is a pool Live already." in pool(door, 422, quantity="5")


def test_an_id_is_never_taken_from_another_company(door: Door) -> None:
    assert UUID(door.ask("key", "1").rpartition("/")[2]).version == 7


def coarse(door: Door, **terms: object) -> None:
    terms_sql = ", ".join(f"{name} = :{name}" for name in terms)
    door.conn.execute(text(f"UPDATE agreement SET {terms_sql} WHERE number = 'AG-key'"), terms)  # noqa: S608


QUESTIONS = "SELECT quantity, answer, answers FROM threshold_question ORDER BY quantity"
TOO_MUCH = "that is more than can be promised for"


def test_under_a_coarse_agreement_asking_to_hold_beyond_what_is_told_is_a_threshold_question(door: Door) -> None:
    coarse(door, grain="cap", steps=[50], daily_questions=2)
    held = door.ask("key", "60")
    assert "60 pcs" in door.get("key", held)
    page = door.ask("key", "60", status=422)
    assert TOO_MUCH in page
    assert "≥" in page
    assert "110" not in page
    assert "used up" in door.ask("key", "200", status=422)
    assert door.count(QUESTIONS) == [(100, True, 1), (150, False, 1)]


def test_what_the_steps_say_can_be_held_is_held_without_a_question(door: Door) -> None:
    coarse(door, grain="buckets", steps=[50, 100], daily_questions=0)
    door.ask("key", "30")
    door.ask("key", "70")
    assert "used up" in door.ask("key", "1", status=422)
    assert door.count("SELECT sum(quantity) FROM reservation_line WHERE state = 'open'") == [(100,)]


def test_below_a_cap_the_figure_is_told_so_a_refusal_costs_nothing(door: Door) -> None:
    coarse(door, grain="cap", steps=[500], daily_questions=1)
    assert TOO_MUCH in door.ask("key", "111", status=422)
    door.ask("key", "110")
    assert door.count(QUESTIONS) == []


def test_holding_and_letting_go_moves_no_coarse_figure(door: Door) -> None:
    coarse(door, grain="buckets", steps=[50, 100], daily_questions=0)
    before = door.get("key", "/inventory.csv")
    for quantity in ("1", "11", "60"):
        held = door.ask("key", quantity)
        assert door.get("key", "/inventory.csv") == before
        door.post("key", f"{held}/release")


def test_a_yes_whose_stock_has_gone_becomes_a_no_that_counts_and_says_nothing_finer(door: Door) -> None:
    coarse(door, grain="yes_no", steps=[50], daily_questions=9)
    door.post("key", f"{door.ask('key', '90')}/release")
    assert door.count(QUESTIONS) == [(100, True, 1)]
    door.ask("other_key", "40")  # 70 are left
    for quantity in ("90", "71", "70", "51"):
        page = door.ask("key", quantity, status=422)
        assert TOO_MUCH in page
        assert "70" not in page.partition("<form")[0]
    assert door.count(QUESTIONS) == [(100, False, 2)]
    assert "7 questions" in door.get("key", "/inventory/TEA-A")
    door.ask("key", "50")


def test_the_last_question_of_the_day_may_still_turn_from_yes_to_no(door: Door) -> None:
    coarse(door, grain="yes_no", steps=[50], daily_questions=1)
    door.post("key", f"{door.ask('key', '90')}/release")
    door.ask("other_key", "40")
    assert TOO_MUCH in door.ask("key", "90", status=422)
    assert "used up" in door.ask("key", "120", status=422)
    assert door.count(QUESTIONS) == [(100, False, 2)]


def test_under_coarse_figures_too_a_form_sent_twice_makes_one_reservation(door: Door) -> None:
    coarse(door, grain="yes_no", steps=[50], daily_questions=1)
    form = {"unit": "C62", "day": "2026-11-25", "key": "abcdef123456"}
    first = door.post("key", "/reserve/TEA-A", quantity="10", **form)
    assert door.post("key", "/reserve/TEA-A", quantity="10", **form) == first
    assert door.count("SELECT count(*) FROM reservation") == [(1,)]


def test_who_comes_second_in_the_same_moment_is_told_no_figure(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_was_faster(*_: object, **__: object) -> None:
        raise CannotPromise("3 are left.", possible=3)

    monkeypatch.setattr("portal.flows.ordering.service.reserve", somebody_was_faster)
    coarse(door, grain="yes_no", steps=[50], daily_questions=1)
    page = door.ask("key", "10", status=422)
    assert TOO_MUCH in page
    assert door.count(QUESTIONS) == []


def test_an_agreement_over_ones_own_stock_holds_nothing_more(door: Door) -> None:
    coarse(door, basis="own_only")
    assert "opens what is kept for you" in door.ask("key", "1", status=422)
