"""Demand by day: replaced per product, told by week to those whose tier shows it."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection

from portal.forecasting import reads
from portal.forecasting.model import BoardClosed, DemandDay, by_week, monday_of
from portal.forecasting.service import replace_demand
from portal.kernel.disclosure import Disclosure, Tier
from support.stock import NOW, ORG, TODAY, Stock, in_days, stock_company

STAFF = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def test_demand_of_the_named_products_is_replaced_and_added_up(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    first = [(tea, in_days(-9), 40, 1), (cake, in_days(-9), 4, 1)]
    assert replace_demand(stock.connection, org_id=ORG, rows=first) == 2
    second = [(tea, in_days(-1), 5, 1), (tea, in_days(-1), 6, 2)]
    assert replace_demand(stock.connection, org_id=ORG, rows=iter(second)) == 1
    history = {
        product: reads.demand_history(
            stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW, product_id=product, weeks=3
        ).total
        for product in (tea, cake)
    }
    assert history == {tea: 11, cake: 4}


def test_weeks_begin_on_monday_and_empty_ones_are_zeros(stock: Stock) -> None:
    tea = stock.product()
    rows = [(tea, TODAY, 2, 1), (tea, in_days(-1), 3, 1), (tea, in_days(-14), 5, 2), (tea, in_days(-15), 99, 1)]
    replace_demand(stock.connection, org_id=ORG, rows=rows)
    history = reads.demand_history(
        stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW, product_id=tea, weeks=3
    )
    assert [(week.monday, week.quantity, week.order_count, week.complete) for week in history.weeks] == [
        (date(2026, 11, 9), 5, 2, True),
        (date(2026, 11, 16), 3, 1, True),
        (date(2026, 11, 23), 2, 1, False),
    ]
    assert monday_of(date(2026, 11, 29)) == TODAY
    assert by_week([(in_days(-30), 7, 1)], today=TODAY, weeks=1)[0].quantity == 0
    assert DemandDay(tea, TODAY, 2, 1).quantity == 2


def test_only_strategic_partners_are_told_and_only_of_their_products(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    replace_demand(stock.connection, org_id=ORG, rows=[(tea, TODAY, 2, 1), (cake, TODAY, 3, 2)])
    scope = frozenset({tea})
    closed = [Disclosure(tier=Tier.KEY), Disclosure(tier=Tier.STRATEGIC, products=frozenset())]
    for disclosure in closed:
        with pytest.raises(BoardClosed):
            reads.demand_history(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW, product_id=tea)
    strategic = Disclosure(tier=Tier.STRATEGIC, products=scope)
    told = reads.demand_history(stock.connection, org_id=ORG, disclosure=strategic, as_of=NOW, product_id=tea)
    assert (told.total, len(told.weeks)) == (2, 26)

    def best(disclosure: Disclosure) -> tuple[object, ...]:
        return reads.best_sellers(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW)

    assert best(strategic) == ((tea, 2),)
    assert best(STAFF) == ((cake, 3), (tea, 2))
    assert best(Disclosure(tier=Tier.KEY)) == ()


def test_the_mean_counts_full_days_before_today(stock: Stock) -> None:
    tea = stock.product()
    rows = [
        (tea, TODAY, 999, 1),
        (tea, in_days(-1), 10, 1),
        (tea, in_days(-28), 5, 1),
        (tea, in_days(-29), 999, 1),
    ]
    replace_demand(stock.connection, org_id=ORG, rows=rows)

    def mean(days: int) -> Fraction:
        return reads.average_daily_demand(
            stock.connection, org_id=ORG, product_id=tea, as_of=NOW + timedelta(hours=1), days=days
        )

    assert mean(28) == Fraction(15, 28)
    assert mean(7) == Fraction(10, 7)
    assert reads.average_daily_demand(
        stock.connection, org_id=ORG, product_id=stock.product("NEW"), as_of=NOW
    ) == Fraction(0)


def test_many_histories_are_told_at_once_and_only_those_in_scope(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    replace_demand(stock.connection, org_id=ORG, rows=[(tea, TODAY, 2, 1), (cake, TODAY, 3, 2)])

    def told(disclosure: Disclosure) -> dict[object, int]:
        histories = reads.demand_histories(
            stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW, product_ids=[tea, cake], weeks=2
        )
        return {product_id: history.total for product_id, history in histories.items()}

    assert told(STAFF) == {tea: 2, cake: 3}
    assert told(Disclosure(tier=Tier.STRATEGIC, products=frozenset({tea}))) == {tea: 2}
    assert told(Disclosure(tier=Tier.KEY)) == {}
