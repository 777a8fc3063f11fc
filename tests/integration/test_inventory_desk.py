"""Many callers at once hold stock: exactly what there is, whatever they queue for, with no circle of waiting."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import CannotPromise
from portal.inventory.reserving import Held, KeyReused, ReserveLine
from portal.inventory.service import desk as desks
from portal.inventory.service.desk import ReservationDesk
from portal.platform.db import Database
from portal.platform.processes import wait_until
from support.holding import fence, line, order, summary
from support.stock import ACTOR, NOW, ORG, Stock, stock_company

CALLERS = 16


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=CALLERS)
    yield database
    database.close()


def company(database: Database, *quantities: int) -> tuple[Stock, list[UUID]]:
    with database.transaction() as connection:
        stock = stock_company(connection)
        products = [stock.product(f"P{number}") for number, _ in enumerate(quantities)]
        for product, quantity in zip(products, quantities, strict=True):
            if quantity:
                stock.book(product, quantity)
    return stock, products


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Do all deeds from CALLERS threads that begin together; a refusal is its outcome."""
    begin = Barrier(CALLERS)

    def some(share: list[Callable[[], object]]) -> list[object]:
        begin.wait()
        outcomes: list[object] = []
        for deed in share:
            try:
                outcomes.append(deed())
            except (CannotPromise, KeyReused) as refusal:
                outcomes.append(refusal)
        return outcomes

    with ThreadPoolExecutor(CALLERS) as pool:
        return [one for part in pool.map(some, [deeds[n::CALLERS] for n in range(CALLERS)]) for one in part]


def holding(
    desk: ReservationDesk, *lines: ReserveLine, key: str, partner: UUID | None = None
) -> Callable[[], object]:
    draft = order(*lines, key=key, partner_id=partner)
    return lambda: desk.reserve(actor=ACTOR, draft=draft, now=NOW)


def kinds(outcomes: list[object]) -> dict[str, int]:
    names = [type(one).__name__ for one in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def read(database: Database, product: UUID, place: UUID) -> tuple[int, int, int, int]:
    with database.reading() as connection:
        assert reads.reconcile(connection, org_id=ORG) == ()
        return summary(connection, product, place)


@pytest.mark.parametrize("queue", [0, CALLERS + 1], ids=["together", "one by one"])
def test_many_who_want_one_thing_get_exactly_what_there_is_medusa_16569(database: Database, queue: int) -> None:
    """There a direct call to the service, without the caller's lock, held more than there was."""
    stock, (tea,) = company(database, 50)
    desk = ReservationDesk(database, queue=queue)
    outcomes = at_once([holding(desk, line(stock, tea, 1), key=f"K-{n}") for n in range(80)])
    assert kinds(outcomes) == {"CannotPromise": 30, "Held": 50}
    assert read(database, tea, stock.main) == (50, 50, 50, 0)
    assert desk.shared == (80 if queue == 0 else 0)


def test_orders_that_do_not_fit_together_still_get_what_is_left_one_by_one(database: Database) -> None:
    stock, (tea,) = company(database, 50)
    desk = ReservationDesk(database, queue=0)
    deeds = [holding(desk, line(stock, tea, n % 3 + 1), key=f"K-{n}") for n in range(96)]
    held = [one.lines[0].held for one in at_once(deeds) if isinstance(one, Held)]
    assert sum(held) == 50
    assert read(database, tea, stock.main) == (50, 50, 50, 0)


def test_lines_in_opposite_orders_never_wait_in_a_circle_saleor_6897_saleor_17123(database: Database) -> None:
    """There locks taken in the order of the lines deadlocked, or the available quantity went below zero."""
    stock, products = company(database, 40, 40, 40, 40)
    desk = ReservationDesk(database, queue=0)
    deeds = [
        holding(desk, *[line(stock, p, 1) for p in (products if n % 2 else reversed(products))], key=f"K-{n}")
        for n in range(64)
    ]
    assert kinds(at_once(deeds)) == {"CannotPromise": 24, "Held": 40}
    assert [read(database, product, stock.main) for product in products] == [(40, 40, 40, 0)] * 4


def test_between_looking_and_taking_nobody_else_comes_vendure_4930_nopcommerce_8085(database: Database) -> None:
    """There the stock was checked in one step and taken in another: both of two buyers got the last piece."""
    stock, (tea,) = company(database, 1)
    second = holding(ReservationDesk(database), line(stock, tea, 1), key="K-2")

    def waits() -> bool:
        with database.reading() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as first:
            service.reserve(first, actor=ACTOR, draft=order(line(stock, tea, 1)), now=NOW)
            result = pool.submit(second)
            wait_until(waits, what="The second buyer", timeout_s=20)
        with pytest.raises(CannotPromise):
            result.result()
    assert read(database, tea, stock.main) == (1, 1, 1, 0)


def test_one_key_at_the_same_time_is_one_reservation(database: Database) -> None:
    stock, (tea,) = company(database, 50)
    for queue in (0, CALLERS + 1):
        desk = ReservationDesk(database, queue=queue)
        outcomes = at_once([holding(desk, line(stock, tea, 3), key=f"same-{queue}")] * 32)
        held = [one for one in outcomes if isinstance(one, Held)]
        assert (len(held), len({one.id for one in held})) == (32, 1)
        assert sum(not one.replayed for one in held) == 1
    assert read(database, tea, stock.main) == (50, 50, 6, 0)


def test_a_key_used_for_two_orders_at_once_is_good_for_one_of_them(database: Database) -> None:
    stock, (tea,) = company(database, 50)
    desk = ReservationDesk(database, queue=0)
    deeds = [holding(desk, line(stock, tea, n % 2 + 1), key="same") for n in range(32)]
    assert kinds(at_once(deeds)) == {"Held": 16, "KeyReused": 16}


def test_pools_and_everybody_share_without_selling_twice(database: Database) -> None:
    stock, (tea,) = company(database, 60)
    with database.transaction() as connection:
        stock.connection = connection
        live = stock.partner("LIVE")
        fence(stock, tea, 20, partner=live)
    desk = ReservationDesk(database, queue=0)
    deeds = [
        holding(desk, line(stock, tea, 1), key=f"K-{n}", partner=live if n % 4 == 0 else None) for n in range(96)
    ]
    held = sum(isinstance(one, Held) for one in at_once(deeds))
    with database.reading() as connection:
        drawn = connection.execute(text("SELECT drawn FROM pool")).scalar_one()
    assert drawn == 20
    assert held == 60
    assert read(database, tea, stock.main) == (60, 60, 60, 1)


def test_deeds_and_holds_on_the_same_products_do_not_wait_in_a_circle(database: Database) -> None:
    stock, products = company(database, 500, 500)
    desk = ReservationDesk(database, queue=0)

    def issue(number: int) -> Callable[[], object]:
        def deed(connection: Connection) -> object:
            for product in (products if number % 2 else list(reversed(products)))[:1]:
                service.issue_stock(
                    connection,
                    actor=ACTOR,
                    product_id=product,
                    location_id=stock.main,
                    quantity=1,
                    document="SO",
                    key=f"issue-{number}",
                    now=NOW,
                )
            return None

        def run() -> object:
            with database.transaction() as connection:
                return deed(connection)

        return run

    deeds = [
        issue(n) if n % 2 else holding(desk, *[line(stock, p, 1) for p in products], key=f"K-{n}")
        for n in range(96)
    ]
    assert kinds(at_once(deeds)) == {"Held": 48, "NoneType": 48}
    assert [read(database, product, stock.main)[2] for product in products] == [48, 48]


def test_a_hold_confirmed_and_lapsed_at_the_same_time_is_one_of_both(database: Database) -> None:
    stock, (tea,) = company(database, 50)
    desk = ReservationDesk(database)
    late = NOW + timedelta(minutes=30)
    ids = []
    for number in range(8):
        held = holding(desk, line(stock, tea, 1), key=f"K-{number}")()
        assert isinstance(held, Held)
        ids.append(held.id)

    def lapse() -> object:
        with database.transaction() as connection:
            return service.lapse(connection, org_id=ORG, now=late)

    def confirm(reservation_id: UUID) -> Callable[[], object]:
        def run() -> object:
            with database.transaction() as connection:
                just_before = late - timedelta(seconds=1)
                return service.confirm(connection, actor=ACTOR, reservation_id=reservation_id, now=just_before)

        return run

    with ThreadPoolExecutor(CALLERS) as pool:
        results = [pool.submit(deed) for one in ids for deed in (confirm(one), lapse)]
        for result in results:
            result.exception()
    with database.reading() as connection:
        states = connection.execute(text("SELECT state, count(*) FROM reservation GROUP BY 1")).all()
        promised = connection.execute(text("SELECT COALESCE(SUM(quantity), 0) FROM allocation")).scalar_one()
    kept = {row.state: row.count for row in states}
    assert sum(kept.values()) == 8
    assert set(kept) <= {"confirmed", "lapsed"}
    assert promised == kept.get("confirmed", 0)
    assert read(database, tea, stock.main)[2] == promised


class Refusing(ReservationDesk):
    """A desk whose database breaks every circle by refusing us, so many times."""

    def __init__(self, database: Database, *, times: int, error: Exception) -> None:
        super().__init__(database, queue=0)
        self.times = times
        self.error = error

    def _once(self, deed: desks.Deed, opened: desks.Opened) -> list[desks.Answer]:
        if self.times:
            self.times -= 1
            raise self.error
        return super()._once(deed, opened)


def test_an_order_the_database_gave_up_to_break_a_circle_is_tried_again(database: Database) -> None:
    stock, (tea,) = company(database, 5)
    circle = psycopg.errors.DeadlockDetected("circle")
    desk = Refusing(database, times=desks.TRIES - 1, error=circle)
    assert isinstance(holding(desk, line(stock, tea, 1), key="K-1")(), Held)
    desk.times = desks.TRIES
    with pytest.raises(psycopg.errors.DeadlockDetected):
        holding(desk, line(stock, tea, 1), key="K-2")()


def test_everybody_in_a_group_hears_of_its_failure_and_the_next_group_goes_on(database: Database) -> None:
    stock, (tea,) = company(database, 50)
    desk = Refusing(database, times=1, error=ConnectionError("gone"))

    def patient(key: str) -> Callable[[], object]:
        def run() -> object:
            try:
                return holding(desk, line(stock, tea, 1), key=key)()
            except ConnectionError as error:
                return error

        return run

    outcomes = at_once([patient(f"K-{n}") for n in range(48)])
    failed = sum(isinstance(one, ConnectionError) for one in outcomes)
    assert failed >= 1
    assert read(database, tea, stock.main)[2] == 48 - failed


def test_a_longer_hold_is_another_instant_but_the_same_order(database: Database) -> None:
    stock, (tea,) = company(database, 5)
    desk = ReservationDesk(database)
    draft = order(line(stock, tea, 1))
    first = desk.reserve(actor=ACTOR, draft=draft, now=NOW)
    again = desk.reserve(
        actor=ACTOR, draft=replace(draft, held_until=NOW + timedelta(hours=1)), now=NOW + timedelta(minutes=1)
    )
    assert again == replace(first, replayed=True)


def test_a_connection_that_commits_by_itself_needs_no_transaction_around(database: Database) -> None:
    stock, (tea,) = company(database, 5)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        service.reserve(connection, actor=ACTOR, draft=order(line(stock, tea, 2)), now=NOW)
        assert read(database, tea, stock.main) == (5, 5, 2, 0)


def test_a_key_committed_by_another_in_the_same_moment_is_found_by_whoever_waited(database: Database) -> None:
    stock, (tea,) = company(database, 50)

    def plain() -> object:
        with database.transaction() as connection:
            return service.reserve(connection, actor=ACTOR, draft=order(line(stock, tea, 3)), now=NOW)

    outcomes = [one for one in at_once([plain] * CALLERS) if isinstance(one, Held)]
    assert (len(outcomes), sum(not one.replayed for one in outcomes)) == (CALLERS, 1)
    assert read(database, tea, stock.main) == (50, 50, 3, 0)


def test_a_key_another_commits_while_one_waits_for_it_is_refused_for_another_order(database: Database) -> None:
    stock, (tea, cup) = company(database, 5, 5)

    def second() -> object:
        with database.transaction() as connection:
            return service.reserve(connection, actor=ACTOR, draft=order(line(stock, cup, 1)), now=NOW)

    def waits() -> bool:
        with database.reading() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as first:
            service.reserve(first, actor=ACTOR, draft=order(line(stock, tea, 1)), now=NOW)
            result = pool.submit(second)
            wait_until(waits, what="The second order", timeout_s=20)
        with pytest.raises(KeyReused):
            result.result()
    assert read(database, cup, stock.main) == (5, 5, 0, 0)
