"""One order of vendor-managed stock from falling stock to the shelf, by messages, each delivered twice."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, text

from portal.flows import replenishing
from portal.inventory import service as inventory
from portal.inventory.store import balance_table, expected_table
from portal.platform.db import Database
from portal.replenishment import reads, service
from portal.replenishment.model import Order, Position, State
from portal.replenishment.service import Count
from support import replenishing as make
from support.replenishing import World


@pytest.fixture
def world(conn: Connection, org_id: UUID, now: datetime) -> World:
    return make.build_world(conn, org_id=org_id, now=now)


def position(conn: Connection, world: World, **scope: object) -> Position:
    ((_, found),) = replenishing.positions(
        conn,
        org_id=world.org_id,
        scope=replenishing.Scope(**scope),  # type: ignore[arg-type]
        today=replenishing.local_date(world.now, make.ZONE),
        now=world.now,
    )
    return found


def on_hand(conn: Connection, world: World) -> int:
    rows = conn.execute(
        select(balance_table.c.on_hand).where(
            balance_table.c.org_id == world.org_id, balance_table.c.location_id == world.location_id
        )
    )
    return sum(rows.scalars())


def expected(conn: Connection, world: World) -> list[tuple[str, int, int, int, str]]:
    """(document, quantity, received, written off, state) of what our orders announced."""
    rows = conn.execute(
        select(expected_table)
        .where(expected_table.c.org_id == world.org_id, expected_table.c.source_key.startswith("replenishment/"))
        .order_by(expected_table.c.document)
    )
    return [(row.document, row.quantity, row.received, row.written_off, row.state) for row in rows]


def open_order(conn: Connection, world: World) -> Order:
    return reads.order(conn, org_id=world.org_id, number="R-26001")


def accept(conn: Connection, world: World) -> None:
    service.accept(conn, actor=world.supplier, number="R-26001", version=None, now=world.now)


def ship(conn: Connection, world: World) -> UUID:
    return service.ship(
        conn,
        actor=world.supplier,
        number="R-26001",
        version=None,
        draft=make.despatch(world),
        now=world.now,
    )


def receive(conn: Connection, world: World, shipment_id: UUID, quantity: int) -> None:
    count = Count(quantity=quantity, note="counted twice")
    service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now)


def test_a_saved_policy_is_looked_at_by_message(conn: Connection, database: Database, world: World) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world, times=2)
    assert open_order(conn, world).state is State.SENT


def test_falling_stock_asks_for_more_at_that_node(conn: Connection, database: Database, world: World) -> None:
    make.stock(conn, world, 124)
    make.incoming(conn, world, 40)
    make.demand(conn, world, 16)
    make.policy(conn, world)
    make.deliver_all(database, world)
    assert conn.execute(text("SELECT count(*) FROM replenishment_order")).scalar_one() == 0
    inventory.issue_stock(
        conn,
        actor=world.operator,
        product_id=world.product_id,
        location_id=world.location_id,
        quantity=1,
        document="SO-1",
        key="so-1",
        now=world.now,
    )
    make.deliver_all(database, world, times=2)
    order = open_order(conn, world)
    assert (order.on_hand, order.projected, order.quantity) == (123, 99, 192)


def test_the_whole_way_to_the_shelf_books_everything_once(
    conn: Connection, database: Database, world: World
) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world, times=2)
    accept(conn, world)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == [("R-26001", 192, 0, 0, "confirmed")]
    shipment_id = ship(conn, world)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == [("R-26001", 192, 0, 0, "shipped")]
    assert on_hand(conn, world) == 120
    receive(conn, world, shipment_id, 192)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == [("R-26001", 192, 192, 0, "closed")]
    assert on_hand(conn, world) == 312
    assert open_order(conn, world).state is State.CLOSED
    assert make.check(conn, world) == []


@pytest.mark.parametrize(
    ("counted", "shelf", "announced"),
    [
        (168, 288, ("R-26001", 192, 168, 24, "closed")),
        (0, 120, ("R-26001", 192, 0, 192, "closed")),
        (216, 336, ("R-26001", 216, 216, 0, "closed")),
    ],
)
def test_a_differing_count_leaves_nothing_in_transit(
    conn: Connection,
    database: Database,
    world: World,
    counted: int,
    shelf: int,
    announced: tuple[str, int, int, int, str],
) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world)
    accept(conn, world)
    shipment_id = ship(conn, world)
    receive(conn, world, shipment_id, counted)
    make.deliver_all(database, world, times=2)
    assert on_hand(conn, world) == shelf
    assert expected(conn, world) == [announced]
    assert open_order(conn, world).state is State.RECEIVED


def test_a_withdrawn_order_is_not_expected_any_more(conn: Connection, database: Database, world: World) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world)
    accept(conn, world)
    service.cancel(conn, actor=world.operator, number="R-26001", version=None, reason="x", now=world.now)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == [("R-26001", 192, 0, 192, "closed")]


def test_an_order_withdrawn_before_its_answer_was_never_expected(
    conn: Connection, database: Database, world: World
) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world)
    service.cancel(conn, actor=world.operator, number="R-26001", version=None, reason="x", now=world.now)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == []


def test_a_rejected_order_is_not_expected(conn: Connection, database: Database, world: World) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world)
    service.reject(conn, actor=world.supplier, number="R-26001", version=None, reason="x", now=world.now)
    make.deliver_all(database, world, times=2)
    assert expected(conn, world) == []


def test_between_a_deed_and_the_delivery_of_its_news_nothing_is_ordered_twice(
    conn: Connection, database: Database, world: World
) -> None:
    make.short_of_tea(conn, world)
    make.deliver_all(database, world)
    accept(conn, world)
    assert make.check(conn, world) == []
    assert position(conn, world).confirmed == 192
    shipment_id = ship(conn, world)
    assert make.check(conn, world) == []
    assert (position(conn, world).confirmed, position(conn, world).in_transit) == (0, 232)
    receive(conn, world, shipment_id, 192)
    assert make.check(conn, world) == []
    assert (position(conn, world).on_hand, position(conn, world).in_transit) == (312, 40)
    make.deliver_all(database, world)
    assert (position(conn, world).on_hand, position(conn, world).in_transit) == (312, 40)


def test_a_position_counts_usable_stock_and_all_that_is_coming(conn: Connection, world: World) -> None:
    today = world.now.date()
    make.stock(conn, world, 70, lot="L-1", expires_on=today)
    make.stock(conn, world, 50, lot="L-2")
    make.stock(conn, world, 900, lot="L-OLD", expires_on=today - timedelta(days=1))
    make.stock(conn, world, 800, lot="L-HELD")
    conn.execute(text("UPDATE stock_balance SET status = 'quarantine' WHERE on_hand = 800"))
    make.incoming(conn, world, 40)
    make.incoming(conn, world, 7, state="confirmed")
    make.demand(conn, world, 16, days=14)
    policy_id = make.policy(conn, world)
    assert position(conn, world, policy_id=policy_id) == Position(
        on_hand=120,
        in_transit=40,
        confirmed=7,
        incoming_on=date(2026, 11, 25),
        daily_demand=Fraction(8),
    )


def test_demand_is_shared_by_the_places_that_keep_the_product(conn: Connection, world: World) -> None:
    make.demand(conn, world, 16)
    make.policy(conn, world)
    elsewhere = make.build_world(conn, org_id=world.org_id, now=world.now, number=2)
    make.policy(conn, world, location_id=elsewhere.location_id)
    make.policy(conn, world, location_id=elsewhere.location_id, supplier_id=world.other_supplier_id)
    assert position(conn, world, location_id=world.location_id).daily_demand == Fraction(8)
    make.policy(conn, world, active=False)
    looks = replenishing.positions(
        conn,
        org_id=world.org_id,
        scope=replenishing.Scope(product_id=world.product_id),
        today=world.now.date(),
        now=world.now,
    )
    assert [found.daily_demand for _, found in looks] == [Fraction(16), Fraction(16)]


def test_nothing_on_record_is_a_position_of_zeros(conn: Connection, world: World) -> None:
    make.policy(conn, world)
    assert position(conn, world) == Position(
        on_hand=0, in_transit=0, confirmed=0, incoming_on=None, daily_demand=Fraction(0)
    )
