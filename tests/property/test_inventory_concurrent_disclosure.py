"""While others deal with what a partner may not see, the partner's answers stay the same to the byte.

Invariant 8 of ``domain.md`` 4b under concurrency; what a single world answers is compared with its twin by
``tests/integration/test_disclosure_worlds.py``.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.inventory import reads
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.errors import PortalError
from portal.platform.db import Database
from support.stock import NOW, ORG, Stock, in_days, stock_company

NUMBERS = count(1)
LOOKS = 4
DEEDS = st.tuples(
    st.sampled_from(("elsewhere", "another_product", "swap", "promise_elsewhere")), st.integers(1, 9)
)


class Others:
    """Those who deal with what is not the partner's: another node, another product, who holds a promise."""

    def __init__(self, database: Database, stock: Stock, products: tuple[UUID, UUID], firms: list[UUID]) -> None:
        self.database, self.places = database, (stock.main, stock.outside)
        self.tea, self.cake = products
        self.firms = firms

    def play(self, deeds: list[tuple[str, int]], begin: Barrier) -> None:
        begin.wait()
        for name, quantity in deeds:
            try:
                with self.database.transaction() as connection:
                    getattr(self, name)(Stock(connection, *self.places), quantity)
            except PortalError:
                continue

    def elsewhere(self, stock: Stock, quantity: int) -> None:
        stock.book(self.tea, quantity, lot=f"E-{next(NUMBERS)}", at=stock.outside)

    def another_product(self, stock: Stock, quantity: int) -> None:
        stock.book(self.cake, quantity, lot=f"C-{next(NUMBERS)}")

    def promise_elsewhere(self, stock: Stock, quantity: int) -> None:
        stock.promise(self.tea, quantity, days=1, key=f"E-{next(NUMBERS)}", at=stock.outside)

    def swap(self, stock: Stock, quantity: int) -> None:
        """Hand the promise of ten pieces from one firm to another: the same goods, the same day."""
        stock.promise(self.tea, 10, days=2, key=f"SWAP-{self.tea}", partner=self.firms[quantity % 2], beyond=True)


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=8)
    yield database
    database.close()


def told(connection: Connection, disclosure: Disclosure, sku: str) -> str:
    """Return everything the partner is told of stock, as one text."""
    page = reads.availability(connection, org_id=ORG, disclosure=disclosure, as_of=NOW)
    detail = reads.product_detail(connection, org_id=ORG, disclosure=disclosure, sku=sku, as_of=NOW)
    held = reads.reservations(connection, org_id=ORG, disclosure=disclosure, as_of=NOW)
    return repr((page, detail, held))


@given(schedules=st.lists(st.lists(DEEDS, min_size=1, max_size=8), min_size=2, max_size=2))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_others_do_out_of_sight_is_not_seen_while_they_do_it(
    database: Database, schedules: list[list[tuple[str, int]]]
) -> None:
    number = next(NUMBERS)
    sku = f"TEA-{number}"
    with database.transaction() as connection:
        stock = company(connection)
        tea, cake = stock.product(sku), stock.product(f"CAKE-{number}")
        firms = [stock.partner(f"F-{number}-{which}") for which in range(2)]
        mine = stock.partner(f"ME-{number}")
        stock.book(tea, 40, expires=in_days(90))
        stock.expect(tea, 5, days=3, key=f"PO-{number}")
        stock.promise(tea, 10, days=2, key=f"SWAP-{tea}", partner=firms[0])
        stock.promise(tea, 3, days=1, key=f"MINE-{number}", partner=mine)
    disclosure = Disclosure(
        tier=Tier.KEY, partner_id=mine, products=frozenset({tea}), nodes=frozenset({stock.main})
    )
    with database.reading() as connection:
        before = told(connection, disclosure, sku)
    begin = Barrier(3)

    def look() -> set[str]:
        begin.wait()
        answers = set()
        for _ in range(LOOKS):
            with database.reading() as connection:
                answers.add(told(connection, disclosure, sku))
        return answers

    others = Others(database, stock, (tea, cake), firms)
    with ThreadPoolExecutor(3) as pool:
        looking = pool.submit(look)
        for result in [pool.submit(others.play, deeds, begin) for deeds in schedules]:
            result.result()
        assert looking.result() == {before}
    with database.transaction() as connection:
        Stock(connection, *others.places).promise(tea, 1, days=1, key=f"SEEN-{number}", partner=firms[0])
    with database.reading() as connection:
        assert told(connection, disclosure, sku) != before


def company(connection: Connection) -> Stock:
    """Return the company, which the first example makes."""
    if connection.execute(text("SELECT count(*) FROM org")).scalar_one() == 0:
        return stock_company(connection)
    places = {row.code: row.id for row in connection.execute(text("SELECT code, id FROM location"))}
    return Stock(connection, places["NB"], places["CD"])
