"""Units for programs: what a product is counted in, and any quantity in any of its units, exactly."""

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event

from portal.inventory.units.model import UnitDraft
from portal.inventory.units.service import save_units
from portal.kernel.units import Level
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.api import ask, codes, data
from support.goods import stock_up
from support.people import Company, found_company, web_app

UNITS = "{ products { edges { node { sku units { code name { zh en } perBase level } } } } }"


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    products = stock_up(conn, company, now=now)
    since = date(2026, 1, 1)
    drafts = [
        UnitDraft(
            product_id=products["TEA-A"], code="XCS", per_base=Fraction(12), level=Level.CASE, valid_from=since
        ),
        UnitDraft(product_id=products["TEA-B"], code="PTN", per_base=Fraction(35, 1000), valid_from=since),
        UnitDraft(product_id=products["TEA-B"], code="XBG", per_base=Fraction(5, 3), valid_from=since),
    ]
    save_units(conn, actor=company.actor, drafts=drafts, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


def rows(app: Flask, company: Company, kind: str, query: str) -> dict[str, Any]:
    edges = data(ask(app, company, kind, query))["products"]["edges"]
    return {edge["node"]["sku"]: edge["node"] for edge in edges}


@pytest.mark.parametrize("kind", ["ordinary", "key", "strategic", "operator"])
def test_every_tier_is_told_what_a_product_is_counted_in(app: Flask, company: Company, kind: str) -> None:
    found = rows(app, company, kind, UNITS)
    assert found["TEA-A"]["units"] == [
        {"code": "C62", "name": {"zh": "件", "en": "pcs"}, "perBase": "1", "level": "EACH"},
        {"code": "XCS", "name": {"zh": "箱", "en": "cs"}, "perBase": "12", "level": "CASE"},
    ]
    assert [(unit["code"], unit["perBase"], unit["level"]) for unit in found["TEA-B"]["units"]] == [
        ("PTN", "0.035", None),
        ("KGM", "1", "EACH"),
        ("XBG", "5/3", None),
    ]


def test_a_quantity_in_another_unit_is_whole_units_and_what_is_left(app: Flask, company: Company) -> None:
    query = """{ tea: product(sku: "TEA-A") {
        onHand { value inUnit(unit: "XCS") { whole unit remainder { value unit } } }
        availableToPromise { promises { quantity { inUnit(unit: "DZN") { whole } } } } }
        cream: product(sku: "TEA-B") { onHand { portions: inUnit(unit: "PTN") { whole remainder { value unit } }
        bags: inUnit(unit: "XBG") { whole remainder { value unit } } grams: inUnit(unit: "GRM") { whole } } } }"""
    answer = data(ask(app, company, "operator", query))
    assert answer["tea"]["onHand"] == {
        "value": "147",
        "inUnit": {"whole": "12", "unit": "XCS", "remainder": {"value": "3", "unit": "C62"}},
    }
    promises = answer["tea"]["availableToPromise"]["promises"]
    assert [step["quantity"]["inUnit"]["whole"] for step in promises] == ["9", "14"]
    assert answer["cream"]["onHand"] == {
        "portions": {"whole": "357", "remainder": {"value": "5", "unit": "GRM"}},
        "bags": {"whole": "7", "remainder": {"value": "5/6", "unit": "KGM"}},
        "grams": {"whole": "12500"},
    }


def test_a_unit_the_product_is_not_counted_in_is_an_error(app: Flask, company: Company) -> None:
    answer = ask(
        app, company, "operator", '{ product(sku: "TEA-A") { onHand { inUnit(unit: "LTR") { whole } } } }'
    )
    assert codes(answer) == ["UNKNOWN_UNIT"]


def test_units_of_a_page_cost_one_statement(app: Flask, company: Company, conn: Connection) -> None:
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(conn.engine, "before_cursor_execute", note)
    query = """{ products { edges { node { units { code } onHand { inUnit(unit: "KGM") { whole } }
        inTransit { quantity { inUnit(unit: "GRM") { whole } } } } } } }"""
    ask(app, company, "operator", query)
    event.remove(conn.engine, "before_cursor_execute", note)
    assert sum("FROM product_unit" in statement for statement in asked) == 1
