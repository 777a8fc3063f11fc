"""Nothing finer than agreed leaves the room: figures, dated steps, rows, order, filters, counts."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection

from portal.inventory import reads
from portal.inventory.reads import AvailabilityPage, AvailabilityRow, ProductDetail
from portal.kernel.disclosure import Basis, Disclosure, Tier
from portal.kernel.grain import AtLeast, Grain, GrainKind
from support.stock import NOW, ORG, TODAY, Stock, in_days, stock_company

CAP = Grain(GrainKind.CAP, (500,))
STEPS = Grain(GrainKind.BUCKETS, (100, 500))
YES_NO = Grain(GrainKind.YES_NO, (100,))


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def key(grain: Grain, **scope: Any) -> Disclosure:
    return Disclosure(tier=Tier.KEY, partner_id=UUID(int=7), grain=grain, **scope)


def ask(stock: Stock, disclosure: Disclosure, **asked: Any) -> AvailabilityPage:
    return reads.availability(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW, **asked)


def detail(stock: Stock, disclosure: Disclosure, sku: str = "TEA") -> ProductDetail:
    return reads.product_detail(stock.connection, org_id=ORG, disclosure=disclosure, sku=sku, as_of=NOW)


def told(figure: int) -> str:
    return f"≥{int(figure)}" if isinstance(figure, AtLeast) else str(figure)


def figures(row: AvailabilityRow) -> tuple[str, ...]:
    return tuple(told(one) for one in (row.on_hand, row.in_transit, row.confirmed, row.promise, row.usable))


def steps(row: AvailabilityRow) -> list[tuple[date, str]]:
    return [(step.on, told(step.quantity)) for step in row.steps]


def fill(stock: Stock, more: int = 0) -> UUID:
    tea = stock.product()
    stock.book(tea, 300 + more)
    stock.book(tea, 120, lot="L2", at=stock.outside)
    stock.expect(tea, 300 + more, days=5, shipped=True)
    stock.expect(tea, 400 + more, days=9, key="PO-2")
    return tea


def test_a_cap_cuts_totals_and_stops_the_steps_where_it_is_reached(stock: Stock) -> None:
    fill(stock)
    row = detail(stock, key(CAP)).row
    assert figures(row) == ("420", "300", "400", "420", "420")
    assert steps(row) == [(TODAY, "420"), (in_days(5), "≥500")]


def test_rows_of_a_total_above_the_cap_add_up_to_no_more_than_it(stock: Stock) -> None:
    fill(stock, more=700)
    found = detail(stock, key(CAP))
    assert figures(found.row) == ("≥500", "≥500", "≥500", "≥500", "≥500")
    assert found.nodes is not None
    rows = [(told(node.on_hand), [told(lot.quantity) for lot in node.lots]) for node in found.nodes]
    assert rows == [("120", ["120"]), ("≥250", ["≥250"])]
    assert [told(supply.quantity) for supply in found.supplies] == ["≥500", "≥500"]


def test_receipts_that_cover_a_step_are_cut_like_those_listed(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 300, days=5, key="PO-1")
    stock.expect(tea, 400, days=9, key="PO-2")
    found = detail(stock, key(CAP))
    assert [told(supply.quantity) for supply in found.supplies] == ["≥250", "≥250"]
    assert steps(found.row) == [(TODAY, "0"), (in_days(5), "300"), (in_days(9), "≥500")]
    assert [told(supply.quantity) for step in found.row.steps for supply in step.covered_by] == ["≥250", "≥250"]


def test_steps_tell_no_rows_no_receipts_and_no_days_of_receipts(stock: Stock) -> None:
    fill(stock)
    found = detail(stock, key(STEPS))
    assert figures(found.row) == ("≥100", "≥100", "≥100", "≥100", "≥100")
    assert steps(found.row) == [(TODAY, "≥100"), (in_days(5), "≥500")]
    assert (found.nodes, found.supplies, found.row.next_due, found.row.fed_at) == (None, (), None, None)
    assert [step.covered_by for step in found.row.steps] == [(), ()]


def test_a_yes_or_no_is_its_size_or_nothing(stock: Stock) -> None:
    few, many = stock.product("FEW"), stock.product("MANY")
    stock.book(few, 99)
    stock.book(many, 100)
    rows = {row.product.sku: row for row in ask(stock, key(YES_NO)).rows}
    assert (told(rows["FEW"].on_hand), told(rows["MANY"].on_hand)) == ("≥0", "≥100")


def test_a_cap_counts_base_units_of_a_product_with_decimals(stock: Stock) -> None:
    salt = stock.product("SALT", base_unit="KGM", decimals=3)
    stock.book(salt, 730_500)
    (row,) = ask(stock, key(CAP)).rows
    assert (told(row.on_hand), told(row.promise)) == ("≥500000", "≥500000")


@pytest.mark.parametrize("grain", [CAP, STEPS, YES_NO])
@pytest.mark.parametrize("sort", ["promise", "on_hand", "arrival"])
def test_rows_whose_figures_are_told_alike_are_not_sorted_by_the_true_ones(
    stock: Stock, grain: Grain, sort: str
) -> None:
    for sku, quantity in (("A", 600), ("B", 900), ("C", 700)):
        stock.book(stock.product(sku), quantity)
    assert [row.product.sku for row in ask(stock, key(grain), sort=sort).rows] == ["A", "B", "C"]


def test_filters_and_counts_see_only_what_is_told(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 99)
    stock.expect(tea, 50, days=3)
    page = ask(stock, key(STEPS), filter="out")
    assert (page.count, page.counts.out, page.counts.arriving, page.counts.best_before) == (1, 1, 0, 0)


@pytest.mark.parametrize("grain", [CAP, STEPS, YES_NO])
def test_two_worlds_told_alike_give_equal_answers(conn: Connection, grain: Grain) -> None:
    answers = []
    for more in (1_000, 7_000):
        savepoint = conn.begin_nested()
        stock = stock_company(conn)
        stock.book(stock.product(), 500 + more)
        stock.expect(stock.product(), 900 + more, days=4, shipped=True)
        found = detail(stock, key(grain))
        node_rows = [(node.location.code, told(node.on_hand)) for node in found.nodes or ()]
        supplies = [(supply.document, told(supply.quantity)) for supply in found.supplies]
        answers.append((figures(found.row), steps(found.row), node_rows, supplies))
        savepoint.rollback()
    assert answers[0] == answers[1]


def test_own_only_tells_what_is_kept_for_them_by_the_day_it_leaves_and_nothing_else(stock: Stock) -> None:
    tea, me = stock.product(), stock.partner("ME")
    stock.book(tea, 900)
    stock.expect(tea, 500, days=2, shipped=True)
    stock.promise(tea, 30, days=0, partner=me, key="SO-1")
    stock.promise(tea, 20, days=6, partner=me, key="SO-2")
    stock.promise(tea, 400, days=1, partner=stock.partner("OTHER"), key="SO-3")
    own = Disclosure(tier=Tier.KEY, partner_id=me, basis=Basis.OWN_ONLY)
    found = detail(stock, own)
    assert figures(found.row) == ("50", "0", "0", "30", "50")
    assert steps(found.row) == [(TODAY, "30"), (in_days(6), "50")]
    assert (found.row.kept, found.nodes, found.supplies, found.row.next_due) == (50, None, (), None)
    assert [demand.document for demand in found.own] == ["SO-1", "SO-2"]
