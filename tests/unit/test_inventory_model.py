"""What can be promised and from when, by hand; which lots leave first; what others leave to be seen."""

from datetime import timedelta
from uuid import UUID

import pytest

from portal.inventory.model import (
    BadQuantity,
    CannotPromise,
    Demand,
    LotStock,
    NotEnoughStock,
    PromiseStep,
    Supply,
    check_positive,
    check_promise,
    promise_steps,
    promise_together,
    promised_on,
    take_first_expired,
)
from support.stock import TODAY, in_days

LOT_A, LOT_B = UUID(int=1), UUID(int=2)


def by_week(on_hand: int, receipts: list[int], orders: list[int]) -> list[int]:
    supplies = [Supply(due_on=in_days(7 * week), quantity=q) for week, q in enumerate(receipts) if q]
    demands = [Demand(needed_on=in_days(7 * week), quantity=q) for week, q in enumerate(orders) if q]
    steps = promise_steps(on_hand=on_hand, supplies=supplies, demands=demands, today=TODAY)
    return [promised_on(steps, in_days(7 * week)) for week in range(len(receipts))]


def test_the_vector_that_the_naive_versions_break() -> None:
    assert by_week(100, [0, 0, 200, 0, 0, 150], [40, 30, 50, 160, 20, 10]) == [0, 0, 0, 0, 0, 140]


def test_without_orders_all_stock_and_receipts_can_be_promised() -> None:
    assert by_week(100, [0, 20, 0], [0, 0, 0]) == [100, 120, 120]


def test_a_receipt_on_the_day_of_an_order_covers_it() -> None:
    assert by_week(0, [0, 30, 0], [0, 30, 0]) == [0, 0, 0]
    assert by_week(10, [0, 30, 0], [0, 30, 0]) == [10, 10, 10]


def test_what_is_past_due_counts_as_due_today() -> None:
    steps = promise_steps(
        on_hand=5,
        supplies=[Supply(due_on=in_days(-3), quantity=10)],
        demands=[Demand(needed_on=in_days(-9), quantity=2)],
        today=TODAY,
    )
    assert steps == (PromiseStep(TODAY, 13),)


def test_promises_beyond_the_stock_never_show_less_than_nothing() -> None:
    assert by_week(10, [0, 0], [50, 0]) == [0, 0]


def test_a_step_names_the_receipts_of_its_day_only() -> None:
    first, second = (
        Supply(due_on=in_days(3), quantity=5, document="A"),
        Supply(due_on=in_days(3), quantity=6, document="B"),
    )
    later = Supply(due_on=in_days(9), quantity=1, document="C")
    steps = promise_steps(on_hand=0, supplies=[later, first, second], demands=[], today=TODAY)
    assert steps == (
        PromiseStep(TODAY, 0),
        PromiseStep(in_days(3), 11, (first, second)),
        PromiseStep(in_days(9), 12, (later,)),
    )


def test_nodes_add_up_without_lending_to_each_other() -> None:
    short = promise_steps(on_hand=0, supplies=[], demands=[Demand(needed_on=TODAY, quantity=9)], today=TODAY)
    covering = Supply(due_on=in_days(2), quantity=4)
    rich = promise_steps(on_hand=7, supplies=[covering], demands=[], today=TODAY)
    assert promise_together([short, rich], today=TODAY) == (
        PromiseStep(TODAY, 7),
        PromiseStep(in_days(2), 11, (covering,)),
    )
    assert promise_together([], today=TODAY) == (PromiseStep(TODAY, 0),)


def test_a_day_before_today_counts_as_today() -> None:
    steps = (PromiseStep(TODAY, 3), PromiseStep(in_days(2), 8))
    assert [promised_on(steps, TODAY + timedelta(days=n)) for n in (-1, 0, 1, 2, 9)] == [3, 3, 3, 8, 8]


def test_a_promise_that_fits_is_not_refused() -> None:
    check_promise((PromiseStep(TODAY, 3),), quantity=3, on=TODAY, sku="TEA")


def test_a_promise_that_never_fits_is_refused_without_a_day() -> None:
    with pytest.raises(CannotPromise) as refusal:
        check_promise((PromiseStep(TODAY, 3),), quantity=4, on=in_days(1), sku="TEA")
    assert refusal.value.values == {
        "sku": "TEA",
        "asked": 4,
        "possible": 3,
        "on": "2026-11-24",
        "earliest": None,
    }
    assert "no day is known" in refusal.value.message


def test_the_first_lots_leave_first_and_empty_lots_are_passed_over() -> None:
    lots = [LotStock(LOT_A, 0), LotStock(LOT_A, 4), LotStock(LOT_B, 9)]
    assert take_first_expired(lots, 6, sku="TEA", place="NB") == (LotStock(LOT_A, 4), LotStock(LOT_B, 2))
    assert take_first_expired(lots, 4, sku="TEA", place="NB") == (LotStock(LOT_A, 4),)


def test_more_than_the_lots_hold_is_refused_with_both_figures() -> None:
    with pytest.raises(NotEnoughStock) as refusal:
        take_first_expired([LotStock(LOT_A, 4)], 5, sku="TEA", place="NB")
    assert refusal.value.values == {"sku": "TEA", "place": "NB", "held": 4, "asked": 5}


def test_quantities_below_one_are_refused() -> None:
    check_positive(1, what="an issue")
    with pytest.raises(BadQuantity) as refusal:
        check_positive(0, what="an issue")
    assert refusal.value.values == {"what": "an issue", "quantity": 0}
