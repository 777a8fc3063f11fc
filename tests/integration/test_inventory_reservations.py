"""Stock held for an order: all or nothing, once per key, for a while; and what becomes of it."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import (
    BadQuantity,
    CannotPromise,
    PromiseStep,
    UnknownLocation,
    UnknownProduct,
)
from portal.inventory.reserving import (
    EmptyOrder,
    HoldTooLong,
    KeyReused,
    ReservationOver,
    TooManyLines,
    UnknownReservation,
)
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.ids import new_id
from portal.kernel.quantity import MAX_QUANTA
from support.holding import hold, line, order, summary
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company

STAFF = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def promise(stock: Stock, disclosure: Disclosure = STAFF, *, minutes: int = 0) -> tuple[PromiseStep, ...]:
    page = reads.availability(
        stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW + timedelta(minutes=minutes)
    )
    return page.rows[0].steps


def test_what_is_held_is_promised_to_nobody_else_until_it_lapses(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    held = hold(stock, line(stock, tea, 70))
    assert [one.held for one in held.lines] == [70]
    assert promise(stock)[0].quantity == 30
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 31), key="K-2")
    assert refused.value.values == {
        "sku": "TEA",
        "asked": 31,
        "possible": 30,
        "on": "2026-11-23",
        "earliest": None,
    }
    assert promise(stock, minutes=29)[0].quantity == 30
    assert promise(stock, minutes=30)[0].quantity == 100


def test_a_hold_that_is_over_is_in_nobodys_way_before_anybody_swept_it(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    hold(stock, line(stock, tea, 100))
    later = NOW + timedelta(minutes=31)
    draft = order(line(stock, tea, 100), key="K-2", held_until=later + timedelta(minutes=30))
    assert service.reserve(stock.connection, actor=ACTOR, draft=draft, now=later).lines[0].held == 100
    assert service.lapse(stock.connection, org_id=ORG, now=later) == 1
    assert service.lapse(stock.connection, org_id=ORG, now=later) == 0
    assert summary(stock.connection, tea, stock.main) == (100, 100, 100, 0)


def test_a_later_day_counts_the_receipts_and_the_promises_until_then(stock: Stock) -> None:
    """The vector of the domain: 30 in stock, 30 needed in two weeks, 140 come in five."""
    tea = stock.product()
    stock.book(tea, 30)
    stock.promise(tea, 30, days=14)
    stock.expect(tea, 140, days=35)
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 30))
    assert (refused.value.values["possible"], refused.value.values["earliest"]) == (0, "2026-12-28")
    assert hold(stock, line(stock, tea, 140, days=35)).lines[0].held == 140
    assert promise(stock) == (PromiseStep(TODAY, 0),)


def test_an_order_is_held_whole_or_not_at_all(stock: Stock) -> None:
    tea, cup = stock.product(), stock.product("CUP", tracking="none")
    stock.book(tea, 10)
    stock.book(cup, 4, lot="")
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 10), line(stock, cup, 5))
    assert refused.value.values["sku"] == "CUP"
    assert summary(stock.connection, tea, stock.main) == (10, 10, 0, 0)
    assert stock.connection.execute(text("SELECT count(*) FROM reservation")).scalar_one() == 0
    part = hold(stock, line(stock, tea, 10), line(stock, cup, 5), partial=True)
    assert sorted((one.line.quantity, one.held) for one in part.lines) == [(5, 4), (10, 10)]
    with pytest.raises(CannotPromise):
        hold(stock, line(stock, cup, 1), key="K-2", partial=True)


def test_two_lines_of_one_item_are_judged_together_medusa_16502(stock: Stock) -> None:
    """There each line was checked by itself, and both were let through."""
    tea = stock.product()
    stock.book(tea, 10)
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 6), line(stock, tea, 6))
    assert (refused.value.values["asked"], refused.value.values["possible"]) == (12, 10)
    with pytest.raises(CannotPromise):
        hold(stock, line(stock, tea, 6), line(stock, tea, 6, days=3))
    assert summary(stock.connection, tea, stock.main) == (10, 10, 0, 0)


def test_a_hold_released_twice_gives_back_once_medusa_12401(stock: Stock) -> None:
    """There a quantity reserved could become negative."""
    tea = stock.product()
    stock.book(tea, 10)
    held = hold(stock, line(stock, tea, 6))
    assert service.release_reservation(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)
    assert not service.release_reservation(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)
    assert summary(stock.connection, tea, stock.main) == (10, 10, 0, 0)
    with pytest.raises(ReservationOver):
        service.confirm(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)


def test_the_same_key_is_the_same_reservation_and_another_order_under_it_is_refused(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    first = hold(stock, line(stock, tea, 6))
    again = hold(stock, line(stock, tea, 6), held_until=NOW + timedelta(minutes=45))
    assert again == replace(first, replayed=True)
    for other in (line(stock, tea, 5), line(stock, tea, 6, days=1), line(stock, tea, 6, at=stock.outside)):
        with pytest.raises(KeyReused):
            hold(stock, other)
    assert summary(stock.connection, tea, stock.main) == (10, 10, 6, 0)


def test_a_refused_key_may_be_tried_again_once_there_is_stock(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(CannotPromise):
        hold(stock, line(stock, tea, 6))
    stock.book(tea, 10)
    assert not hold(stock, line(stock, tea, 6)).replayed


def test_a_confirmed_hold_becomes_promises_and_confirming_again_changes_nothing(stock: Stock) -> None:
    tea, me = stock.product(), stock.partner("ME")
    stock.book(tea, 10)
    held = hold(stock, line(stock, tea, 6, days=2), partner_id=me)
    mine = replace(ACTOR, partner_id=me)
    assert service.confirm(stock.connection, actor=mine, reservation_id=held.id, now=NOW, document="SO-9") == 1
    assert service.confirm(stock.connection, actor=mine, reservation_id=held.id, now=NOW) == 0
    rows = stock.connection.execute(
        text("SELECT partner_id, quantity, needed_on, state, document FROM allocation")
    ).all()
    assert [tuple(row) for row in rows] == [(me, 6, in_days(2), "open", "SO-9")]
    assert summary(stock.connection, tea, stock.main) == (10, 10, 6, 0)
    assert hold(stock, line(stock, tea, 6, days=2), partner_id=me).replayed
    with pytest.raises(ReservationOver):
        service.release_reservation(stock.connection, actor=mine, reservation_id=held.id, now=NOW)


def test_a_hold_whose_time_is_over_cannot_be_confirmed(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    held = hold(stock, line(stock, tea, 6))
    late = NOW + timedelta(minutes=30)
    with pytest.raises(ReservationOver):
        service.confirm(stock.connection, actor=ACTOR, reservation_id=held.id, now=late)


def test_nobody_touches_what_is_held_for_another(stock: Stock) -> None:
    tea, me, you = stock.product(), stock.partner("ME"), stock.partner("YOU")
    stock.book(tea, 10)
    held = hold(stock, line(stock, tea, 6), partner_id=me)
    yours = replace(ACTOR, partner_id=you)
    for deed in (service.confirm, service.release_reservation):
        with pytest.raises(UnknownReservation):
            deed(stock.connection, actor=yours, reservation_id=held.id, now=NOW)
    with pytest.raises(UnknownReservation):
        service.confirm(stock.connection, actor=ACTOR, reservation_id=new_id(NOW), now=NOW)
    assert stock.connection.execute(text("SELECT state FROM reservation")).scalars().all() == ["held"]


def test_what_another_holds_is_taken_off_the_stock_a_partner_sees(stock: Stock) -> None:
    tea, me, you = stock.product(), stock.partner("ME"), stock.partner("YOU")
    stock.book(tea, 10)
    hold(stock, line(stock, tea, 6), partner_id=me)

    def seen(partner: UUID) -> tuple[int, int, int]:
        disclosure = Disclosure(tier=Tier.ORDINARY, partner_id=partner)
        (row,) = reads.availability(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW).rows
        return (row.on_hand, row.promise, row.kept)

    assert seen(me) == (10, 4, 6)
    assert seen(you) == (4, 4, 0)


@pytest.mark.parametrize("quantity", [0, -3])
def test_a_quantity_that_is_none_is_refused(stock: Stock, quantity: int) -> None:
    tea = stock.product()
    with pytest.raises(BadQuantity):
        hold(stock, line(stock, tea, quantity))


def test_a_sum_beyond_what_is_stored_is_refused(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(BadQuantity):
        hold(stock, line(stock, tea, MAX_QUANTA), line(stock, tea, 1))


def test_an_order_without_a_line_or_with_ten_thousand_is_refused(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(EmptyOrder):
        hold(stock)
    with pytest.raises(TooManyLines) as refused:
        hold(stock, *[line(stock, tea, 1)] * 10_000)
    assert refused.value.values == {"lines": 10_000, "most": 1000}


@pytest.mark.parametrize("hours", [0, -1, 7 * 24 + 1])
def test_a_hold_for_no_time_or_for_too_long_is_refused(stock: Stock, hours: int) -> None:
    tea = stock.product()
    with pytest.raises(HoldTooLong):
        hold(stock, line(stock, tea, 1), held_until=NOW + timedelta(hours=hours))


def test_what_nobody_knows_cannot_be_held(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(UnknownProduct):
        hold(stock, line(stock, new_id(NOW), 1))
    with pytest.raises(UnknownLocation):
        hold(stock, line(stock, tea, 1, at=new_id(NOW)))
    virtual = service.ensure_virtual_locations(stock.connection, org_id=ORG, now=NOW)["scrap"]
    with pytest.raises(UnknownLocation):
        hold(stock, line(stock, tea, 1, at=virtual))
    assert stock.connection.execute(text("SELECT count(*) FROM reservation")).scalar_one() == 0


def test_a_lot_past_its_last_day_is_not_held_whatever_the_summary_last_saw(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10, expires=in_days(-1))
    stock.book(tea, 5, lot="L2", expires=date(2027, 1, 1))
    assert summary(stock.connection, tea, stock.main) == (15, 15, 0, 0)
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 6))
    assert refused.value.values["possible"] == 5
    assert hold(stock, line(stock, tea, 5)).lines[0].held == 5


@pytest.mark.parametrize(
    ("policy", "hours", "possible"), [("leave_out", 25, 0), ("leave_out", 24, 9), ("count", 25, 9)]
)
def test_a_node_whose_feed_is_too_old_is_left_out_when_its_policy_says_so(
    stock: Stock, policy: str, hours: int, possible: int
) -> None:
    tea = stock.product()
    stock.book(tea, 9, at=stock.outside)
    stock.connection.execute(
        text("UPDATE location SET fed_at = :fed, stale_policy = :policy WHERE id = :id"),
        {"fed": NOW - timedelta(hours=hours), "policy": policy, "id": stock.outside},
    )
    (row,) = reads.availability(stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW).rows
    assert (row.on_hand, row.left_out, row.held, row.promise) == (9, 9 - possible, 0, possible)
    wanted = line(stock, tea, 9, at=stock.outside)
    if possible:
        assert hold(stock, wanted).lines[0].held == 9
    else:
        with pytest.raises(CannotPromise):
            hold(stock, wanted)


def test_the_rooms_of_a_product_outside_the_agreement_are_nobodys_to_ask(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    narrow = Disclosure(tier=Tier.ORDINARY, partner_id=stock.partner("ME"), products=frozenset())
    with pytest.raises(UnknownProduct):
        reads.rooms(stock.connection, org_id=ORG, disclosure=narrow, product_id=tea, on=TODAY, as_of=NOW)


def test_a_summary_that_is_not_what_it_sums_up_is_named_and_never_repaired(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    hold(stock, line(stock, tea, 3))
    assert reads.reconcile(stock.connection, org_id=ORG) == ()
    stock.connection.execute(text("UPDATE stock_summary SET physical = 11, usable = 9, committed = 0"))
    for _ in range(2):
        drifts = reads.reconcile(stock.connection, org_id=ORG)
        assert [(one.what, one.sku, one.place, one.balance, one.moved) for one in drifts] == [
            ("committed", "TEA", "NB", 0, 3),
            ("summary", "TEA", "NB", 11, 10),
            ("usable", "TEA", "NB", 9, 10),
        ]
