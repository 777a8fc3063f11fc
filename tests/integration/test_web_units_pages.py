"""The unit a reader reads in, and the operator's page of a product's units."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from portal.inventory.units.model import UnitDraft
from portal.inventory.units.service import save_units
from portal.kernel.units import Level
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support import people
from support.goods import stock_up
from support.people import Company

Ask = Callable[..., str]
TEA_UNITS = "/ops/stock/TEA-A/units"
FORM = {"unit": "pallet", "holds": "40", "of_unit": "case", "level": "pallet", "valid_from": "2026-11-23"}


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = people.found_company(conn, now=now)
    products = stock_up(conn, company, now=now)
    since = (now - timedelta(days=9)).date()
    drafts = [
        UnitDraft(
            product_id=products["TEA-A"], code="XCS", per_base=Fraction(12), level=Level.CASE, valid_from=since
        ),
        UnitDraft(
            product_id=products["TEA-A"],
            code="XCT",
            per_base=Fraction(60),
            level=Level.PALLET,
            valid_from=since,
            label_zh="整托",
            label_en="stack",
        ),
        UnitDraft(product_id=products["TEA-B"], code="PTN", per_base=Fraction(35, 1000), valid_from=since),
        UnitDraft(
            product_id=products["TEA-B"],
            code="XBG",
            per_base=Fraction(5, 3),
            level=Level.EACH,
            valid_from=since,
        ),
    ]
    save_units(conn, actor=company.actor, drafts=drafts, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return people.web_app(database, home=tmp_path, clock=clock)


@pytest.fixture
def get(app: Flask, company: Company) -> Ask:
    def got(kind: str, path: str) -> str:
        answer = people.browser(app, company, kind).get(path)
        assert answer.status_code == 200
        return " ".join(answer.get_data(as_text=True).split())

    return got


@pytest.fixture
def post(app: Flask, company: Company) -> Ask:
    browser = people.browser(app, company, "operator")

    def posted(path: str, form: dict[str, str], status: int = 200) -> str:
        token = people.csrf_token(app, browser)
        answer = browser.post(path, data={**form, "csrf_token": token})
        assert answer.status_code == status
        body = browser.get(answer.location) if status == 303 else answer
        return " ".join(body.get_data(as_text=True).split())

    return posted


@pytest.mark.parametrize(
    ("unit", "figure"),
    [
        ("pallet", '<b>2</b><span class="u">stack</span><small>147 pcs</small>'),
        ("case", '<b>12</b><span class="u">cs</span><small>147 pcs</small>'),
        ("inner", '<b>147</b><span class="u">pcs</span><small>12 cs + 3 pcs</small>'),
        ("each", '<b>147</b><span class="u">pcs</span><small>12 cs + 3 pcs</small>'),
        ("cs", '<b>12</b><span class="u">cs</span><small>147 pcs</small>'),
        ("pcs", '<b>147</b><span class="u">pcs</span><small>12 cs + 3 pcs</small>'),
        ("nonsense", '<b>12</b><span class="u">cs</span><small>147 pcs</small>'),
    ],
)
def test_the_list_is_read_in_the_unit_asked_for(get: Ask, unit: str, figure: str) -> None:
    assert figure in get("operator", f"/inventory?unit={unit}&q=TEA-A")


def test_what_is_left_of_pallets_is_told_in_cases_and_pieces(get: Ask) -> None:
    page = get("operator", "/inventory/TEA-A?unit=pallet")
    assert '<td class="r nb">2 stack + 2 cs + 3 pcs<small class="muted">147 pcs</small></td>' in page
    assert '<td class="r nb">1 stack + 3 cs + 4 pcs<small class="muted">100 pcs</small></td>' in page
    assert '<td class="r nb">3 cs + 4 pcs<small class="muted">40 pcs</small></td>' in page
    assert '<td class="r nb">1 stack<small class="muted">60 pcs</small></td>' in page
    assert "TEA-A · 1 stack = 60 pcs" in page


def test_a_product_without_a_pallet_is_read_in_the_next_smaller_package(get: Ask) -> None:
    page = get("operator", "/inventory/TEA-B?unit=pallet")
    assert '<b>7</b><span class="u">bag</span><small>12.5 kg</small>' in page
    # 12.5 kg are 7 bags of 5/3 kg and 5/6 kg.
    assert '<td class="r nb">7 bag + 5/6 kg<small class="muted">12.5 kg</small></td>' in page
    assert "TEA-B · 1 bag = 5/3 kg" in page


def test_the_unit_stays_in_every_link_and_in_the_search(get: Ask) -> None:
    page = get("operator", "/inventory?unit=pallet")
    assert 'href="/inventory?unit=pallet&amp;open=TEA-A' in page
    assert '<input type="hidden" name="unit" value="pallet">' in page
    assert '<a href="/inventory?unit=pallet" aria-current="true">Pallets</a>' in page


def test_the_files_have_a_column_with_the_reader_s_unit(app: Flask, company: Company) -> None:
    body = people.browser(app, company, "operator").get("/inventory.csv?unit=pallet").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(body.lstrip("\ufeff"))))
    assert [row["Counted in"] for row in rows] == ["stack", "bag"]
    assert [row["On hand in that unit"] for row in rows] == ["2 stack + 2 cs + 3 pcs", "7 bag + 5/6 kg"]
    assert [row["In transit in that unit"] for row in rows] == ["1 stack", "0 bag"]
    assert [row["On hand"] for row in rows] == ["147", "12.5"]


def test_a_person_s_unit_is_remembered(get: Ask, post: Ask) -> None:
    page = post("/account/reading", {"read_in": "pallet"}, 303)
    assert "Quantities are shown so from now on." in page
    assert '<input type="radio" name="read_in" value="pallet" checked>' in page
    page = get("operator", "/inventory?q=TEA-A")
    assert '<b>2</b><span class="u">stack</span>' in page
    assert 'name="unit"' not in page
    assert '<b>12</b><span class="u">cs</span>' in get("operator", "/inventory?q=TEA-A&unit=case")
    assert '<span class="u">stack</span>' not in get("key", "/inventory?q=TEA-A")


def test_a_level_there_is_not_is_forgotten(get: Ask, post: Ask) -> None:
    for level in ("pallet", "shipload"):
        post("/account/reading", {"read_in": level}, 303)
    assert '<b>12</b><span class="u">cs</span>' in get("operator", "/inventory?q=TEA-A")


def test_order_lines_are_read_in_the_same_unit(get: Ask) -> None:
    page = get("operator", "/orders?unit=case")
    assert "2 cs + 6 pcs" in page
    assert "30 pcs" in get("operator", "/orders?unit=each")


def test_the_board_is_read_in_the_same_unit(get: Ask) -> None:
    page = get("operator", "/board?sku=TEA-A&unit=case")
    assert '<th scope="col" class="r">cs</th>' in page
    assert '<a href="/board?sku=TEA-A&amp;unit=case" aria-current="true">Cases</a>' in page


def test_the_operator_sees_what_a_product_is_counted_in(get: Ask) -> None:
    page = get("operator", TEA_UNITS)
    for shown in (
        "Units of White peony",
        "base unit",
        "always",
        "<b>stack</b>",
        "60 pcs",
        "14 Nov 2026",
        "in force",
    ):
        assert shown in page, shown
    assert f'href="{TEA_UNITS}"' in get("operator", "/inventory/TEA-A")
    assert "/units" not in get("key", "/inventory/TEA-A")


def test_a_ratio_is_looked_at_once_more_before_it_is_saved(post: Ask, get: Ask) -> None:
    form = FORM | {"unit": "托盘", "holds": "10", "level": "", "label_en": "Euro plt"}
    page = post(TEA_UNITS, form)
    for shown in ("Nothing is saved yet.", "Euro plt", "120 pcs", "1 pcs = 1/120 Euro plt", "no end known"):
        assert shown in page, shown
    assert "Euro plt" not in get("operator", TEA_UNITS)
    assert 'value="托盘"' in post(TEA_UNITS, form | {"step": "change"})
    page = post(TEA_UNITS, form | {"step": "confirm"}, 303)
    assert "The unit is saved." in page
    assert "Euro plt" in page


def test_a_ratio_is_changed_and_ended_with_the_same_form(post: Ask, get: Ask) -> None:
    page = get("operator", f"{TEA_UNITS}?change=XCT&from=2026-11-14")
    for shown in ('value="ctn"', 'value="60"', 'value="2026-11-14"', 'value="整托"', 'value="pallet" selected'):
        assert shown in page, shown
    form = {
        "unit": "ctn",
        "holds": "60",
        "level": "pallet",
        "valid_from": "2026-11-14",
        "valid_until": "2026-11-20",
    }
    page = post(TEA_UNITS, form)
    assert "This changes a ratio that is kept already." in page
    assert "20 Nov 2026" in page
    assert "ended" in post(TEA_UNITS, form | {"step": "confirm"}, 303)
    later = FORM | {"holds": "5", "of_unit": "", "valid_from": "2027-01-01", "step": "confirm"}
    assert "later" in post(TEA_UNITS, later, 303)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"unit": ""}, "Fill this in."),
        ({"unit": "篮子们"}, "We do not know the unit “篮子们”."),
        ({"unit": "REEL", "level": ""}, "A code of your own needs a name"),
        ({"holds": "many"}, "“many” is no ratio. Write 12, 0.035 or 1/3."),
        ({"holds": "0"}, "1 plt cannot hold 0 pcs"),
        ({"of_unit": "litre"}, "TEA-A is not counted in l."),
        ({"unit": "dozen"}, "1 doz is 12 pcs for every product"),
        ({"valid_from": "soon"}, "Write the day as 2026-11-27."),
        (
            {"valid_until": "2026-11-01", "level": ""},
            "plt would end on 2026-11-01, before it begins on 2026-11-23.",
        ),
        (
            {},
            "1 ctn of TEA-A holds 60 pcs from 2026-11-14 on. End that on 2026-11-22, then enter the new one.",
        ),
        ({"label_zh": "一二三四五六七八九十一二三"}, "At most 12 characters."),
    ],
)
def test_a_wrong_ratio_is_refused_with_the_way_out(
    post: Ask, conn: Connection, company: Company, change: dict[str, str], sentence: str
) -> None:
    count = text("SELECT count(*) FROM product_unit WHERE org_id = :org")
    page = post(TEA_UNITS, FORM | change | {"step": "confirm"}, 422)
    assert conn.execute(count, {"org": company.org_id}).scalar_one() == 4
    assert sentence in page
    assert "There is a problem" in page


def test_units_are_named_in_chinese(app: Flask, company: Company) -> None:
    answer = people.browser(app, company, "operator").get(f"{TEA_UNITS}?lang=zh").get_data(as_text=True)
    for shown in ("的单位", "<b>箱</b>", "<b>整托</b>", "60 件", "包装层级"):
        assert shown in answer, shown


def test_a_refusal_is_told_in_chinese_with_the_way_out(post: Ask) -> None:
    page = post(f"{TEA_UNITS}?lang=zh", FORM | {"step": "confirm"}, 422)
    told = "TEA-A 自 2026-11-14 起已定为 1 纸箱 = 60 件。请先让它在 2026-11-22 失效，再录新的。"
    assert told in page
