"""Promises that nothing covers are found, with the day and the quantity; what is covered in time is not."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from portal.inventory import reads, service
from support import dimensions as make
from support.holding import fence, hold, line
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def gaps(stock: Stock) -> list[tuple[str, str, date, int, int]]:
    found = reads.uncovered(stock.connection, org_id=ORG, now=NOW, most=50)
    return [(one.product.sku, one.node.code, one.on, one.missing, one.documents) for one in found]


def test_what_comes_in_time_covers_and_what_comes_late_does_not(stock: Stock) -> None:
    tea, cake = stock.product(), stock.product("CAKE")
    for product in (tea, cake):
        stock.book(product, 30)
        stock.promise(product, 70, days=5, key=f"SO-{product}", beyond=True)
    stock.expect(tea, 40, days=5, key="PO-1")
    stock.expect(cake, 40, days=6, key="PO-2")
    assert gaps(stock) == [("CAKE", "NB", in_days(5), 40, 1)]


def test_the_worst_day_is_told_and_the_orders_up_to_it(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    stock.promise(tea, 12, days=1, key="SO-1", beyond=True)
    stock.promise(tea, 8, days=3, key="SO-2", beyond=True)
    stock.expect(tea, 5, days=4, key="PO-1")
    stock.promise(tea, 1, days=9, key="SO-3", beyond=True)
    assert gaps(stock) == [("TEA", "NB", in_days(3), 10, 2)]


def test_scrapped_stock_leaves_a_gap_and_a_hold_and_a_pool_count_too(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    hold(stock, line(stock, tea, 8, days=2))
    fence(stock, tea, 6, starts=in_days(1), hours=72)
    assert gaps(stock) == []
    service.scrap(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, tea, 11),
        reason="Wet",
        document="",
        key="s",
        now=NOW,
        even_promised=True,
    )
    assert gaps(stock) == [("TEA", "NB", in_days(2), 5, 0)]


def test_a_lot_that_ended_covers_nothing(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10, expires=TODAY - timedelta(days=1))
    stock.promise(tea, 4, days=0, beyond=True)
    assert gaps(stock) == [("TEA", "NB", TODAY, 4, 1)]


def test_only_so_many_are_told_the_earliest_first(stock: Stock) -> None:
    for number in range(3):
        product = stock.product(f"P-{number}")
        stock.promise(product, 1, days=3 - number, key=f"SO-{number}", beyond=True)
    found = reads.uncovered(stock.connection, org_id=ORG, now=NOW, most=2)
    assert [one.product.sku for one in found] == ["P-2", "P-1"]
