"""The line that says what can be promised next."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from portal.inventory.model import PromiseStep
from portal.inventory.reads import AvailabilityRow, Product, ProductDetail
from portal.inventory.units.model import ProductUnit, Units
from portal.kernel.grain import AtLeast, Grain, GrainKind
from portal.kernel.units import Level
from portal.web import stock_words as words
from support.front import front_app

TODAY = date(2026, 11, 23)
CAP = Grain(GrainKind.CAP, (500,))
STEPS = Grain(GrainKind.BUCKETS, (100, 500))
YES_NO = Grain(GrainKind.YES_NO, (100,))


def row(**figures: Any) -> AvailabilityRow:
    product = Product(
        id=UUID(int=1),
        sku="CK-201",
        gtin=None,
        name_zh="桂花糕",
        name_en="Osmanthus cake",
        category=None,
        base_unit="H87",
        decimals=0,
        pack_quanta=24,
        tracking="lot",
        shelf_life_days=40,
    )
    rest: dict[str, Any] = {
        "product": product,
        "held": 0,
        "left_out": 0,
        "confirmed": 0,
        "next_due": TODAY,
        "late": False,
        "kept": 0,
        "first_expiry": None,
        "fed_at": None,
        "feed_zh": "",
        "feed_en": "",
        "feed_kind": "",
    }
    return AvailabilityRow(**rest, **figures, steps=(PromiseStep(TODAY, figures["promise"]),))


@pytest.mark.parametrize(
    ("figures", "lines"),
    [
        (
            {"on_hand": 612, "in_transit": 816, "promise": 1428, "usable": 612},
            ("No receipt after today", "34 cs of it still has to arrive"),
        ),
        (
            {"on_hand": 612, "in_transit": 816, "promise": 612, "usable": 612},
            ("No more to promise", "What is coming is kept for orders"),
        ),
        ({"on_hand": 612, "in_transit": 0, "promise": 612, "usable": 612}, ("", "25 is all for now")),
    ],
)
def test_what_is_counted_before_it_came_is_said(figures: dict[str, int], lines: tuple[str, str]) -> None:
    one = row(**figures)
    with front_app().test_request_context("/?lang=en"):
        assert words.next_lines(one, words.measure(one.product, words.CASES)) == lines


def bounds(grain: Grain, *, on_hand: int = 730, in_transit: int = 300, promise: int = 900) -> AvailabilityRow:
    figures = {"on_hand": on_hand, "in_transit": in_transit, "promise": promise, "usable": on_hand}
    told = {name: grain.shown(figure, decimals=0) for name, figure in figures.items()}
    return replace(row(**told), next_due=None if grain.floored else TODAY)


@pytest.mark.parametrize(
    ("grain", "unit", "expected"),
    [
        (CAP, words.CASES, ("≥ 20 cs", "≥ 500 pcs", "≥ 20 cs", "≥ 500 pcs", "due 23 Nov")),
        (STEPS, words.CASES, ("≥ 20 cs", "≥ 500 pcs", "≥ 20 cs", "≥ 500 pcs", "")),
        (STEPS, words.PIECES, ("≥ 500 pcs", "≥ 20 cs", "≥ 500 pcs", "≥ 20 cs", "")),
        (YES_NO, words.CASES, ("available", "", "available", "", "")),
    ],
)
def test_bounds_are_written_in_both_units_and_nothing_is_said_that_they_hide(
    grain: Grain, unit: str, expected: tuple[str, ...]
) -> None:
    one = bounds(grain)
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(one.product, unit)
        lines = (
            how.text(one.on_hand),
            how.beneath(one.on_hand),
            how.text(one.promise),
            words.promise_line(one, how),
            words.transit_line(one, how),
        )
        more = words.next_lines(one, how)
    assert tuple(line.replace("\N{NO-BREAK SPACE}", " ") for line in lines) == expected
    assert more == ("No higher figure", "More is not told under your agreement")


def test_below_the_first_step_is_said_as_such_and_not_as_nothing() -> None:
    one = bounds(STEPS, promise=20)
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(one.product, words.CASES)
        assert how.text(one.promise) == "<\N{NO-BREAK SPACE}5 cs"
        assert (how.beneath(one.promise), words.promise_line(one, how)) == ("", "")


def test_a_step_whose_receipts_are_not_named_says_only_when() -> None:
    one = bounds(STEPS, promise=100)
    one = replace(one, steps=(*one.steps, PromiseStep(date(2026, 12, 3), AtLeast(500))))
    with front_app().test_request_context("/?lang=en"):
        found = words.next_lines(one, words.measure(one.product, words.PIECES))
    assert found == ("≥\N{NO-BREAK SPACE}500 from 3 Dec", "")


def test_why_less_can_be_promised_is_not_said_of_bounds() -> None:
    one = bounds(CAP, promise=20)
    detail = ProductDetail(row=one, supplies=(), own=(), nodes=None, as_of=datetime(2026, 11, 23, tzinfo=UTC))
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(one.product, words.CASES)
        assert words.why_less(detail, how, staff=False) == ("", [])
        assert words.drawing(detail, how, staff=False).ghost == ""


def test_a_company_s_own_base_unit_is_shown_by_its_code() -> None:
    product = replace(row(on_hand=1, in_transit=0, promise=1, usable=1).product, base_unit="REEL", pack_quanta=1)
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(product, words.CASES)
        assert (how.unit, how.text(1_200), how.beneath(1_200)) == ("REEL", "1,200 REEL", "")
        assert words.sub_line(how) == "CK-201"


def test_a_standard_case_and_a_package_of_another_name_say_what_they_hold() -> None:
    product = row(on_hand=1, in_transit=0, promise=1, usable=1).product
    tub = ProductUnit(code="XJR", per_base=Fraction(9), level=Level.CASE)
    units = Units(sku="CK-201", base="H87", decimals=0, known=(tub,))
    with front_app().test_request_context("/?lang=en"):
        assert words.sub_line(words.measure(product, words.PIECES)) == "CK-201 · case of 24 pcs"
        assert words.sub_line(words.measure(product, words.CASES, units)) == "CK-201 · 1 jar = 9 pcs"


def test_what_is_left_of_a_pallet_of_no_whole_quanta_is_told_exactly() -> None:
    product = row(on_hand=1, in_transit=0, promise=1, usable=1).product
    pallet = ProductUnit(code="XPX", per_base=Fraction(101, 2), level=Level.PALLET)
    case = ProductUnit(code="XCS", per_base=Fraction(24), level=Level.CASE)
    units = Units(sku="CK-201", base="H87", decimals=0, known=(case, pallet))
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(product, Level.PALLET, units)
        assert how.text(100) == "1 plt + 49.5 pcs"
        assert how.text(101) == how.plain(101) == "2 plt"
        assert how.text(50) == "2 cs + 2 pcs"
        assert how.text(5_050_000) == "100,000 plt"
        assert how.plain(5_050_000) == "100000 plt"


def test_stock_whose_feed_is_too_old_is_named_as_the_reason_for_less() -> None:
    one = replace(row(on_hand=48, in_transit=0, promise=24, usable=24), left_out=24)
    detail = ProductDetail(row=one, supplies=(), own=(), nodes=None, as_of=datetime(2026, 11, 23, tzinfo=UTC))
    with front_app().test_request_context("/?lang=en"):
        question, sentences = words.why_less(detail, words.measure(one.product, words.CASES), staff=False)
    assert question == "Why 1 and not 2 today:"
    assert sentences == ["1 cs lies where the last feed is too old to promise it."]


def test_a_file_tells_a_bound_as_the_page_does() -> None:
    one = bounds(CAP)
    with front_app().test_request_context("/?lang=en"):
        how = words.measure(one.product, words.CASES)
        assert how.plain(one.on_hand) == how.text(one.on_hand)


@pytest.mark.parametrize(
    ("quanta", "unit", "told"),
    [
        (53, words.CASES, "2 cs + 5 pcs (53 pcs)"),
        (5, words.CASES, "5 pcs"),
        (53, words.PIECES, "53 pcs"),
        (CAP.shown(600, decimals=0), words.CASES, "≥ 20 cs (≥ 500 pcs)"),
        (STEPS.shown(20, decimals=0), words.CASES, "< 5 cs"),
        (YES_NO.shown(600, decimals=0), words.CASES, "available"),
    ],
)
def test_a_quantity_is_told_with_the_base_unit_in_brackets_where_that_says_more(
    quanta: int, unit: Level, told: str
) -> None:
    product = row(on_hand=1, in_transit=0, promise=1, usable=1).product
    with front_app().test_request_context("/?lang=en"):
        found = words.measure(product, unit).with_base(quanta)
    assert found.replace("\N{NO-BREAK SPACE}", " ") == told


@pytest.mark.parametrize(
    ("promise", "unit", "told"),
    [
        (612, words.CASES, ["612"]),
        (612, words.PIECES, []),
        (CAP.shown(600, decimals=0), words.CASES, ["≥ 500"]),
        (YES_NO.shown(600, decimals=0), words.CASES, []),
    ],
)
def test_the_chart_s_table_has_the_base_unit_beside_packages_and_nothing_finer_than_is_told(
    promise: int, unit: Level, told: list[str]
) -> None:
    one = row(on_hand=promise, in_transit=0, promise=promise, usable=promise)
    detail = ProductDetail(row=one, supplies=(), own=(), nodes=None, as_of=datetime(2026, 11, 23, tzinfo=UTC))
    with front_app().test_request_context("/?lang=en"):
        found = words.base_steps(detail, words.measure(one.product, unit))
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in found] == told
