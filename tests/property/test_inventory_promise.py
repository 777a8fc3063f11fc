"""What can be promised agrees with a brute-force oracle, in Python and in the database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from portal.inventory import reads
from portal.inventory.model import Demand, Supply, promise_steps, promised_on
from portal.kernel.disclosure import Disclosure
from support.stock import NOW, ORG, TODAY, Stock, in_days, stock_company

DAYS = st.integers(-3, 9)
FLOWS = st.lists(st.tuples(DAYS, st.integers(1, 12)), max_size=5)


def oracle(on_hand: int, supplies: list[tuple[int, int]], demands: list[tuple[int, int]], on: int) -> int:
    """Promise one piece more for as long as no later day falls short."""
    levels = []
    for day in range(on, 11):
        came = sum(q for due, q in supplies if max(due, 0) <= day)
        left = sum(q for needed, q in demands if max(needed, 0) <= day)
        levels.append(on_hand + came - left)
    possible = 0
    while all(level > possible for level in levels):
        possible += 1
    return possible


@given(on_hand=st.integers(0, 20), supplies=FLOWS, demands=FLOWS)
@settings(max_examples=300)
def test_the_steps_are_what_the_oracle_finds_on_every_day(
    on_hand: int, supplies: list[tuple[int, int]], demands: list[tuple[int, int]]
) -> None:
    steps = promise_steps(
        on_hand=on_hand,
        supplies=[Supply(due_on=in_days(day), quantity=q) for day, q in supplies],
        demands=[Demand(needed_on=in_days(day), quantity=q) for day, q in demands],
        today=TODAY,
    )
    for day in range(11):
        assert promised_on(steps, in_days(day)) == oracle(on_hand, supplies, demands, day)
    quantities = [step.quantity for step in steps]
    assert quantities == sorted(set(quantities))
    assert all(step.covered_by for step in steps[1:])


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


@given(
    hands=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    supplies=st.lists(st.tuples(DAYS, st.integers(1, 12), st.booleans()), max_size=4),
    demands=st.lists(st.tuples(DAYS, st.integers(1, 12), st.booleans(), st.booleans()), max_size=4),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_promises_what_the_rule_promises_and_never_more_than_is_seen(
    stock: Stock,
    hands: tuple[int, int],
    supplies: list[tuple[int, int, bool]],
    demands: list[tuple[int, int, bool, bool]],
) -> None:
    savepoint = stock.connection.begin_nested()
    tea, mine = stock.product("TEA"), stock.partner("ME")
    places = {False: stock.main, True: stock.outside}
    for outside, quantity in zip((False, True), hands, strict=True):
        if quantity:
            stock.book(tea, quantity, at=places[outside])
    for number, (day, quantity, outside) in enumerate(supplies):
        stock.expect(tea, quantity, days=day, key=f"PO-{number}", at=places[outside])
    for number, (day, quantity, outside, own) in enumerate(demands):
        partner = mine if own else None
        stock.promise(
            tea, quantity, days=day, key=f"SO-{number}", partner=partner, at=places[outside], beyond=True
        )
    staff = Disclosure(tier=None, everything=True)
    (row,) = reads.availability(stock.connection, org_id=ORG, disclosure=staff, as_of=NOW).rows
    expected = [
        sum(
            oracle(
                hands[outside],
                [(day, q) for day, q, there in supplies if there == outside],
                [(day, q) for day, q, there, _ in demands if there == outside],
                on,
            )
            for outside in (False, True)
        )
        for on in range(11)
    ]
    assert row.promise == expected[0]
    assert [promised_on(row.steps, in_days(on)) for on in range(11)] == expected
    savepoint.rollback()


def test_the_oracle_knows_the_published_vector() -> None:
    receipts, orders = [(2, 200), (5, 150)], list(enumerate((40, 30, 50, 160, 20, 10)))
    assert [oracle(100, receipts, orders, day) for day in range(6)] == [0, 0, 0, 0, 0, 140]
