"""The demo company's generator: deterministic, seasonal, with its numbers in order."""

import io
from datetime import date

import pytest
from pypdf import PdfReader
from stdnum import ean

from portal.demo import catalogue, seasons, year
from portal.demo.dice import Dice
from portal.demo.papers import pdf

TODAY = date(2026, 11, 23)


def test_the_dice_follow_the_published_sequence() -> None:
    dice = Dice(1234567)
    assert [dice.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_throws_stay_within_their_bounds() -> None:
    dice = Dice(1)
    assert {dice.between(3, 5) for _ in range(99)} == {3, 4, 5}
    assert dice.pick(["only"]) == "only"


def test_every_gtin_has_the_example_prefix_and_a_right_check_digit() -> None:
    drafts = catalogue.products()
    assert len({draft.gtin for draft in drafts}) == len(drafts) == 41
    assert all(
        draft.gtin is not None and draft.gtin.startswith("0952") and ean.is_valid(draft.gtin) for draft in drafts
    )


def test_everybody_who_signs_in_lives_on_an_example_domain() -> None:
    assert [(role, tier) for role, tier, _ in catalogue.PEOPLE] == [
        ("customer", "ordinary"),
        ("customer", "key"),
        ("customer", "strategic"),
        ("supplier", ""),
        ("auditor", ""),
        ("operator", ""),
    ]
    assert all(email.endswith(".example") for _, _, email in catalogue.PEOPLE)


@pytest.mark.parametrize(
    ("day", "festival", "percent"),
    [
        (date(2026, 3, 1), "", 100),
        (date(2026, 9, 18), "autumn", 700),
        (date(2026, 9, 25), "autumn", 30),
        (date(2026, 6, 1), "autumn", 100),
        (date(2026, 2, 10), "spring", 420),
        (date(2026, 2, 20), "spring", 30),
    ],
)
def test_demand_swells_before_a_feast_and_sinks_after_it(day: date, festival: str, percent: int) -> None:
    assert seasons.swell(day, festival=festival) == percent


@pytest.mark.parametrize(
    ("day", "category", "percent"),
    [
        (date(2026, 12, 1), "坚果 Nuts", 150),
        (date(2026, 7, 1), "坚果 Nuts", 70),
        (date(2026, 7, 31), "饮品 Drinks", 160),
        (date(2026, 4, 5), "茶 Tea", 140),
        (date(2026, 4, 5), "礼品 Gifts", 100),
    ],
)
def test_each_range_has_its_months(day: date, category: str, percent: int) -> None:
    assert seasons.usual_share(day, category=category) == percent


def test_firms_order_whole_cases() -> None:
    packs = {item.sku: item.pack * year.quantum(item) for item in catalogue.ITEMS}
    lines = [line for order in year.open_orders(TODAY) if order.customer for line in order.lines]
    assert lines
    assert all(line.quantity % packs[line.sku] == 0 for line in lines)


def test_one_product_tells_why_less_is_free_than_lies_there() -> None:
    own = [
        (order.number, order.node, line.quantity)
        for order in year.open_orders(TODAY)
        for line in order.lines
        if (order.customer, line.sku) == ("C-02", "CK-202")
    ]
    coming = [(one.document, one.quantity, one.state) for one in year.receipts(TODAY) if one.sku == "CK-202"]
    assert own == [("SO-2611-902", "SH-1", 432), ("SO-2611-903", "JX-3PL", 336)]
    assert coming == [("PO-4390", 720, "shipped"), ("PO-4391", 1152, "confirmed")]


def test_years_beyond_the_table_have_their_feasts_too() -> None:
    assert seasons.mid_autumn(2050) == date(2050, 9, 22)
    assert seasons.spring_festival(2050) == date(2050, 2, 5)


def test_the_year_is_the_same_every_time_and_ends_yesterday() -> None:
    orders = list(year.history(TODAY))
    assert orders == list(year.history(TODAY))
    assert (orders[0].day, orders[-1].day) == (date(2025, 11, 24), date(2026, 11, 21))
    assert len({order.number for order in orders}) == len(orders)
    assert not [order for order in orders if order.day.weekday() == 6]


def test_big_sale_days_sell_three_times_as_much_of_what_is_promoted() -> None:
    item = next(item for item in catalogue.ITEMS if item.sku == "CK-202")
    usual = sum(year.sold_on(item, date(2026, 5, 18), Dice(n)) for n in range(50))
    sale = sum(year.sold_on(item, date(2026, 6, 18), Dice(n)) for n in range(50))
    assert 2.8 < sale / usual < 3.5


def test_some_lots_are_near_their_end_and_one_is_past_it() -> None:
    lots = year.stock(TODAY)
    assert lots == year.stock(TODAY)
    past = [lot for lot in lots if lot.expires_on and lot.expires_on < TODAY]
    near = [lot for lot in lots if lot.expires_on and 0 <= (lot.expires_on - TODAY).days <= 14]
    assert [(lot.sku, lot.node) for lot in past] == [("DR-604", "SH-1")]
    assert len(near) >= 5
    made = {}
    for lot in lots:
        assert made.setdefault((lot.sku, lot.lot), lot.made_on) == lot.made_on


@pytest.mark.parametrize("back", [0, 59, 200, 330])
def test_any_day_of_the_year_makes_a_company_in_order(back: int) -> None:
    today = date.fromordinal(TODAY.toordinal() - back)
    assert all(lot.quantity > 0 for lot in year.stock(today))
    assert {receipt.state for receipt in year.receipts(today)} == {"shipped", "confirmed"}
    assert {order.customer for order in year.open_orders(today)} == {"C-01", "C-02", "C-03", ""}


def test_a_paper_is_a_real_pdf_and_always_the_same_bytes() -> None:
    content = pdf("检验报告 Inspection report", ["编号 No. 7"])
    assert content == pdf("检验报告 Inspection report", ["编号 No. 7"])
    assert len(content) < 2000
    page = PdfReader(io.BytesIO(content)).pages[0]
    assert page.extract_text().split("\n") == ["检验报告 Inspection report", "编号 No. 7"]
