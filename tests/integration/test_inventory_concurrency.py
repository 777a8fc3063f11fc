"""Many at once: the same stock is never issued or promised twice, and balances stay the sum of the moves."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Connection

from portal.inventory import reads, service
from portal.inventory.model import AllocationLine, CannotPromise, NotEnoughStock, StockLine
from portal.platform.db import Database
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, stock_company

WRITERS = 8


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=WRITERS)
    yield database
    database.close()


def company(database: Database, quantity: int) -> tuple[Stock, list[UUID]]:
    with database.transaction() as connection:
        stock = stock_company(connection)
        products = [stock.product(sku) for sku in ("A", "B")]
        for product_id in products:
            stock.book(product_id, quantity)
    return stock, products


def at_once(database: Database, deeds: list[Callable[[Connection], object]]) -> int:
    """Do all deeds on WRITERS connections; returns how many were not refused."""

    def one(deed: Callable[[Connection], object]) -> int:
        try:
            with database.transaction() as connection:
                deed(connection)
        except (NotEnoughStock, CannotPromise):
            return 0
        return 1

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(one, deeds))


def test_the_same_stock_is_never_issued_twice(database: Database) -> None:
    stock, (product_id, _) = company(database, 50)

    def issue(number: int) -> Callable[[Connection], object]:
        return lambda connection: service.issue_stock(
            connection,
            actor=ACTOR,
            product_id=product_id,
            location_id=stock.main,
            quantity=3,
            document="SO",
            key=f"issue-{number}",
            now=NOW,
        )

    assert at_once(database, [issue(number) for number in range(40)]) == 16
    with database.reading() as connection:
        stock.connection = connection
        assert (stock.on_hand(product_id), reads.reconcile(connection, org_id=ORG)) == (2, ())
        assert stock.messages("inventory.stock.fell") == 16


def test_one_key_at_the_same_time_is_one_issue(database: Database) -> None:
    stock, (product_id, _) = company(database, 50)

    def issue(connection: Connection) -> None:
        service.issue_stock(
            connection,
            actor=ACTOR,
            product_id=product_id,
            location_id=stock.main,
            quantity=3,
            document="SO",
            key="issue",
            now=NOW,
        )

    assert at_once(database, [issue] * 12) == 12
    with database.reading() as connection:
        stock.connection = connection
        assert stock.on_hand(product_id) == 47


def test_the_same_stock_is_never_promised_twice_and_opposite_orders_do_not_deadlock(database: Database) -> None:
    stock, products = company(database, 30)

    def promise(number: int) -> Callable[[Connection], object]:
        chosen = products if number % 2 else list(reversed(products))
        lines = [
            AllocationLine(
                product_id=product_id,
                location_id=stock.main,
                quantity=1,
                needed_on=TODAY,
                document=f"SO-{number}",
                source_key=f"SO-{number}:{product_id}",
            )
            for product_id in chosen
        ]
        return lambda connection: service.allocate(connection, actor=ACTOR, lines=lines, now=NOW)

    assert at_once(database, [promise(number) for number in range(48)]) == 30


def test_a_refusal_leaves_nothing_behind(database: Database) -> None:
    stock, (product_id, _) = company(database, 5)
    line = StockLine(product_id=product_id, location_id=stock.main, quantity=1, lot_code="L2")

    def book_and_issue_too_much(connection: Connection) -> None:
        service.book_stock(connection, actor=ACTOR, lines=[line], document="D", key_prefix="second", now=NOW)
        service.issue_stock(
            connection,
            actor=ACTOR,
            product_id=product_id,
            location_id=stock.main,
            quantity=99,
            document="SO",
            key="issue",
            now=NOW,
        )

    assert at_once(database, [book_and_issue_too_much]) == 0
    with database.reading() as connection:
        stock.connection = connection
        assert stock.on_hand(product_id) == 5
