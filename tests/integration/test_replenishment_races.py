"""Two at once: exactly one wins, and the other is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select

from portal.kernel.errors import Conflict
from portal.platform.db import Database
from portal.replenishment import reads, service
from portal.replenishment.model import Order, State
from portal.replenishment.store import order_table
from support import replenishing as make
from support.replenishing import World

ROUNDS = 8


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    found = Database(fresh_database_url, pool_size=8)
    yield found
    found.close()


@pytest.fixture
def world(database: Database, org_id: UUID, now: datetime) -> World:
    with database.transaction() as connection:
        built = make.build_world(connection, org_id=org_id, now=now)
        make.short_of_tea(connection, built)
    return built


def at_once(database: Database, *deeds: Callable[[Connection], object]) -> list[str]:
    """Run the deeds at the same moment, each in a transaction of its own; returns what became of them."""
    gate = Barrier(len(deeds))

    def run(deed: Callable[[Connection], object]) -> str:
        try:
            with database.transaction() as connection:
                gate.wait()
                deed(connection)
        except Conflict as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(run, deeds))


def one_order(database: Database, world: World) -> Order:
    with database.transaction() as connection:
        (order,) = make.check(connection, world, even_quiet=True)
    return order


def test_of_an_acceptance_and_a_rejection_at_once_exactly_one_wins(database: Database, world: World) -> None:
    for _ in range(ROUNDS):
        order = one_order(database, world)

        def accept(connection: Connection, number: str = order.number) -> None:
            service.accept(connection, actor=world.supplier, number=number, version=2, now=world.now)

        def reject(connection: Connection, number: str = order.number) -> None:
            service.reject(
                connection, actor=world.supplier, number=number, version=2, reason="price", now=world.now
            )

        assert at_once(database, accept, reject, accept) == ["done", "order_moved_on", "order_moved_on"]
        with database.reading() as connection:
            stands = reads.order(connection, org_id=world.org_id, number=order.number)
            steps = reads.history(connection, org_id=world.org_id, order_id=order.id)
        assert (stands.version, len(steps)) == (3, 3)
        if stands.state is State.ACCEPTED:
            with database.transaction() as connection:
                service.cancel(
                    connection,
                    actor=world.operator,
                    number=order.number,
                    version=3,
                    reason="next round",
                    now=world.now,
                )


def test_an_answer_at_the_deadline_and_the_expiry_leave_one_of_both(database: Database, world: World) -> None:
    for _ in range(ROUNDS):
        order = one_order(database, world)

        def accept(connection: Connection, order: Order = order) -> None:
            service.accept(
                connection, actor=world.supplier, number=order.number, version=None, now=order.answer_by
            )

        def expire(connection: Connection, order: Order = order) -> None:
            service.expire(connection, actor=world.worker, now=order.answer_by)

        outcomes = at_once(database, accept, expire)
        with database.reading() as connection:
            stands = reads.order(connection, org_id=world.org_id, number=order.number)
        expected = {State.ACCEPTED: ["done", "done"], State.EXPIRED: ["done", "illegal_move"]}
        assert outcomes == expected[stands.state]
        if stands.state is State.ACCEPTED:
            with database.transaction() as connection:
                service.cancel(
                    connection,
                    actor=world.operator,
                    number=order.number,
                    version=None,
                    reason="next round",
                    now=world.now,
                )


def test_many_who_look_at_once_make_one_proposal(database: Database, world: World) -> None:
    def look(connection: Connection) -> None:
        make.check(connection, world)

    assert at_once(database, *[look] * 8) == ["done"] * 8
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(order_table)).scalar_one() == 1


def test_two_who_count_the_same_shipment_book_it_once(database: Database, world: World) -> None:
    order = one_order(database, world)
    with database.transaction() as connection:
        service.accept(connection, actor=world.supplier, number=order.number, version=2, now=world.now)
        shipment_id = service.ship(
            connection,
            actor=world.supplier,
            number=order.number,
            version=3,
            draft=make.despatch(world),
            now=world.now,
        )

    def count(connection: Connection) -> None:
        found = service.Count(quantity=192)
        service.receive(connection, actor=world.operator, shipment_id=shipment_id, count=found, now=world.now)

    assert at_once(database, count, count, count) == ["done", "illegal_move", "illegal_move"]
