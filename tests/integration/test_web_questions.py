"""A buyer asks for a quantity: on the product's page, in the list's opened row, and as a program."""

from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.inventory.units.model import UnitDraft
from portal.inventory.units.service import save_units
from portal.kernel.grain import Grain, GrainKind
from portal.kernel.units import Level
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.api import ask, codes, data
from support.desk import Desk
from support.goods import stock_up
from support.people import found_company, web_app

TEA = "/inventory/TEA-A/question"


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    desk = Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)
    desk.agree("ordinary", grain=Grain(GrainKind.YES_NO, (50,)), daily_questions=2)
    return desk


def test_the_form_stands_on_the_page_and_in_the_opened_row_but_not_for_staff(desk: Desk) -> None:
    for path in ("/inventory/TEA-A", "/inventory?open=TEA-A"):
        page = desk.get("ordinary", path)
        assert "2 questions left today" in page
        assert "for the next whole 50 pcs" in page
    assert "questions left today" not in desk.get("operator", "/inventory/TEA-A")


def test_a_question_is_answered_on_the_page_and_counted_once(desk: Desk) -> None:
    # 100 + 40 + 7 lie there, 30 of them are promised; 60 come on 1 December.
    for _ in range(2):
        page = " ".join(desk.post("ordinary", TEA, 200, quantity="60", by="2026-11-23").text.split())
        assert "100 pcs" in page
        assert "Yes." in page
        assert "1 question left today" in page
    later = " ".join(desk.post("ordinary", TEA, 200, quantity="101", by="2026-11-30").text.split())
    assert "150 pcs cannot be promised by 30 Nov." in later
    assert "0 questions left today" in later
    used_up = desk.post("ordinary", TEA, 429, quantity="150", by="2026-12-01").text
    assert "The 2 questions of today are used up. New ones from 2026-11-24T00:00+08:00." in used_up
    assert [entry[1] for entry in desk.entries("read")] == ["questions.ask"] * 3


def test_an_answer_is_told_in_cases_and_in_the_base_unit(desk: Desk, conn: Connection, now: datetime) -> None:
    tea = conn.scalar(text("SELECT id FROM product WHERE sku = 'TEA-A'"))
    case = UnitDraft(
        product_id=tea, code="XCS", per_base=Fraction(12), level=Level.CASE, valid_from=now.date().replace(day=1)
    )
    save_units(conn, actor=desk.company.actor, drafts=[case], now=now)
    page = " ".join(desk.post("ordinary", TEA, 200, quantity="60", by="2026-11-23").text.split())
    assert "At least 8 cs + 4 pcs (100 pcs) can be promised by 23 Nov." in page


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"quantity": "", "by": "2026-11-30"}, "Fill this in."),
        ({"quantity": "many", "by": "2026-11-30"}, "is not a number"),
        ({"quantity": "0", "by": "2026-11-30"}, "it must be at least 1"),
        ({"quantity": "5", "by": "soon"}, "Write the day as 2026-11-27."),
        ({"quantity": "5", "by": "2026-11-22"}, "Ask about a day from today to a year ahead."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words_and_costs_nothing(
    desk: Desk, form: dict[str, str], sentence: str
) -> None:
    page = " ".join(desk.post("ordinary", TEA, 422, **form).text.split())
    assert sentence in page
    assert "2 questions left today" in page


def test_an_item_outside_the_agreement_cannot_be_asked_about(desk: Desk) -> None:
    desk.agree("ordinary", products=frozenset())
    desk.post("ordinary", TEA, 404, quantity="5", by="2026-11-30")


def test_a_program_asks_and_is_refused_when_the_questions_are_used_up(desk: Desk) -> None:
    asked = """{ product(sku: "TEA-A") {
        a: canHave(quantity: "60", by: "2026-11-23") { yes quantity { value atLeast } by questionsLeft }
        b: canHave(quantity: "101", by: "2026-11-23") { yes questionsLeft }
        c: canHave(quantity: "51", by: "2026-11-23") { yes questionsLeft }
    } }"""
    assert data(ask(desk.app, desk.company, "ordinary", asked)) == {
        "product": {
            "a": {
                "yes": True,
                "quantity": {"value": "100", "atLeast": False},
                "by": "2026-11-23",
                "questionsLeft": 1,
            },
            "b": {"yes": False, "questionsLeft": 0},
            "c": {"yes": True, "questionsLeft": 0},
        }
    }
    desk.agree("ordinary", daily_questions=0)
    refused = ask(desk.app, desk.company, "ordinary", asked)
    assert codes(refused)[0] == "QUESTIONS_USED_UP"
    assert refused.get_json()["errors"][0]["extensions"]["values"]["renews_at"] == "2026-11-24T00:00+08:00"


def test_the_hosts_staff_have_no_questions_to_ask(desk: Desk) -> None:
    asked = '{ product(sku: "TEA-A") { canHave(quantity: "60", by: "2026-11-23") { yes } } }'
    assert codes(ask(desk.app, desk.company, "operator", asked)) == ["NO_QUESTIONS"]
