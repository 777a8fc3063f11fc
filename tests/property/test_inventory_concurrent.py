"""Generated schedules of deeds, played by several connections at once, never break a promise (``domain.md`` 4b).

Every example has a product of its own in one durable database, so examples do not see each other.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import CannotPromise
from portal.inventory.reserving import PoolOver, ReservationOver
from portal.inventory.service.desk import ReservationDesk
from portal.platform.db import Database
from support.holding import fence, line, order
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

HANDS = 4
NUMBERS = count(1)
DAYS = st.integers(0, 4)
QUANTITIES = st.integers(1, 9)
DEEDS = st.one_of(
    st.tuples(st.just("book"), QUANTITIES, DAYS),
    st.tuples(st.just("expect"), QUANTITIES, DAYS),
    st.tuples(st.just("hold"), QUANTITIES, DAYS),
    st.tuples(st.just("hold_and_confirm"), QUANTITIES, DAYS),
    st.tuples(st.just("hold_and_release"), QUANTITIES, DAYS),
    st.tuples(st.just("allocate"), QUANTITIES, DAYS),
    st.tuples(st.just("fence_and_end"), QUANTITIES, DAYS),
    st.tuples(st.just("keep_up"), QUANTITIES, DAYS),
)


@dataclass(slots=True)
class Hand:
    """One connection's share of a schedule."""

    database: Database
    desk: ReservationDesk
    stock: Stock
    tea: UUID

    def play(self, deeds: list[tuple[str, int, int]], begin: Barrier) -> None:
        begin.wait()
        for name, quantity, day in deeds:
            try:
                getattr(self, name)(f"{name}-{next(NUMBERS)}", quantity, day)
            except (CannotPromise, ReservationOver, PoolOver):
                continue

    def at(self, connection: Connection) -> Stock:
        return Stock(connection, self.stock.main, self.stock.outside)

    def book(self, key: str, quantity: int, _day: int) -> None:
        with self.database.transaction() as connection:
            self.at(connection).book(self.tea, quantity, lot=key)

    def expect(self, key: str, quantity: int, day: int) -> None:
        with self.database.transaction() as connection:
            self.at(connection).expect(self.tea, quantity, days=day, key=key)

    def hold(self, key: str, quantity: int, day: int) -> UUID:
        draft = order(line(self.stock, self.tea, quantity, days=day), key=key)
        return self.desk.reserve(actor=ACTOR, draft=draft, now=NOW).id

    def hold_and_confirm(self, key: str, quantity: int, day: int) -> None:
        held = self.hold(key, quantity, day)
        with self.database.transaction() as connection:
            service.confirm(connection, actor=ACTOR, reservation_id=held, now=NOW)

    def hold_and_release(self, key: str, quantity: int, day: int) -> None:
        held = self.hold(key, quantity, day)
        with self.database.transaction() as connection:
            service.release_reservation(connection, actor=ACTOR, reservation_id=held, now=NOW)

    def allocate(self, key: str, quantity: int, day: int) -> None:
        with self.database.transaction() as connection:
            self.at(connection).promise(self.tea, quantity, days=day, key=key)

    def fence_and_end(self, key: str, quantity: int, day: int) -> None:
        with self.database.transaction() as connection:
            pool = fence(self.at(connection), self.tea, quantity, starts=in_days(day), hours=300, name=key)
        with self.database.transaction() as connection:
            service.end_pool(connection, actor=ACTOR, pool_id=pool, now=NOW)

    def keep_up(self, _key: str, _quantity: int, _day: int) -> None:
        with self.database.transaction() as connection:
            service.keep_up(connection, org_id=ORG, now=NOW + timedelta(minutes=1))


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=HANDS * 2)
    yield database
    database.close()


def lowest_level(connection: Connection, tea: UUID) -> int:
    """Return the least that is left on any day, added up from the rows by hand."""
    rows = connection.execute(
        text("""
            SELECT 0 AS day, COALESCE(SUM(on_hand), 0) AS quantity FROM stock_balance WHERE product_id = :tea
            UNION ALL SELECT due_on - :today, quantity - received FROM expected_receipt WHERE product_id = :tea
            UNION ALL SELECT needed_on - :today, -quantity FROM allocation
                      WHERE product_id = :tea AND state = 'open'
            UNION ALL SELECT needed_on - :today, -quantity FROM reservation_line
                      WHERE product_id = :tea AND state = 'open'
            UNION ALL SELECT starts_on - :today, drawn - quantity FROM pool
                      WHERE product_id = :tea AND state = 'open'
        """),
        {"tea": tea, "today": NOW.date()},
    ).all()
    return min(sum(int(row.quantity) for row in rows if row.day <= day) for day in range(6))


@given(schedules=st.lists(st.lists(DEEDS, max_size=6), min_size=HANDS, max_size=HANDS))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_schedule_of_several_hands_breaks_a_promise(
    database: Database, schedules: list[list[tuple[str, int, int]]]
) -> None:
    with database.transaction() as connection:
        first = connection.execute(text("SELECT count(*) FROM org")).scalar_one() == 0
        stock = stock_company(connection) if first else known_company(connection)
        tea = stock.product(f"TEA-{next(NUMBERS)}")
    desk = ReservationDesk(database, queue=0)
    hands = [Hand(database, desk, stock, tea) for _ in range(HANDS)]
    begin = Barrier(HANDS)
    with ThreadPoolExecutor(HANDS) as pool:
        for result in [pool.submit(h.play, deeds, begin) for h, deeds in zip(hands, schedules, strict=True)]:
            result.result()
    with database.reading() as connection:
        assert lowest_level(connection, tea) >= 0
        assert reads.reconcile(connection, org_id=ORG) == ()


def known_company(connection: Connection) -> Stock:
    """Return the company an earlier example made."""
    places = {row.code: row.id for row in connection.execute(text("SELECT code, id FROM location"))}
    return Stock(connection, places["NB"], places["CD"])
