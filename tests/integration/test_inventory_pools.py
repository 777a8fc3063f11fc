"""Stock set apart for one partner or one occasion: kept from everybody else, and given back at its end."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import BadQuantity, CannotPromise, UnknownLocation, UnknownProduct
from portal.inventory.reserving import PoolBackwards, PoolDraft, PoolNameTaken, PoolOver, UnknownPool
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.ids import new_id
from support.holding import fence, hold, line, summary
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company

STAFF = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def promise(stock: Stock, partner: UUID | None = None, *, hours: int = 0) -> int:
    seen = STAFF if partner is None else Disclosure(tier=Tier.ORDINARY, partner_id=partner)
    as_of = NOW + timedelta(hours=hours)
    (row,) = reads.availability(stock.connection, org_id=ORG, disclosure=seen, as_of=as_of).rows
    return row.promise


def test_a_pool_of_200_of_500_leaves_300_and_its_unsold_rest_of_60_returns_at_its_end(stock: Stock) -> None:
    """The vector of T1 in the features."""
    tea, live = stock.product(), stock.partner("LIVE")
    stock.book(tea, 500)
    fence(stock, tea, 200, partner=live)
    assert promise(stock) == 300
    held = hold(stock, line(stock, tea, 140), partner_id=live)
    service.confirm(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)
    assert promise(stock) == 300
    assert promise(stock, hours=23) == 300
    assert promise(stock, hours=24) == 360
    assert service.end_due_pools(stock.connection, org_id=ORG, now=NOW + timedelta(hours=24)) == 1
    assert service.end_due_pools(stock.connection, org_id=ORG, now=NOW + timedelta(hours=24)) == 0
    assert promise(stock, hours=24) == 360
    assert summary(stock.connection, tea, stock.main) == (500, 500, 140, 0)


def test_only_its_partner_draws_from_a_pool_and_then_from_what_is_everybodys(stock: Stock) -> None:
    tea, live, other = stock.product(), stock.partner("LIVE"), stock.partner("OTHER")
    stock.book(tea, 500)
    fence(stock, tea, 200, partner=live)
    assert (promise(stock, live), promise(stock, other)) == (500, 300)
    with pytest.raises(CannotPromise) as refused:
        hold(stock, line(stock, tea, 301), partner_id=other)
    assert refused.value.values["possible"] == 300
    with pytest.raises(CannotPromise):
        hold(stock, line(stock, tea, 501), partner_id=live)
    assert summary(stock.connection, tea, stock.main) == (500, 500, 200, 1)
    hold(stock, line(stock, tea, 450), partner_id=live)
    parts = stock.connection.execute(
        text("SELECT pool_id IS NOT NULL, quantity FROM reservation_line ORDER BY part")
    ).all()
    assert [tuple(part) for part in parts] == [(True, 200), (False, 250)]
    assert (promise(stock, live), promise(stock, other)) == (50, 50)


def test_what_is_released_returns_to_its_pool_while_it_is_open(stock: Stock) -> None:
    tea, live = stock.product(), stock.partner("LIVE")
    stock.book(tea, 500)
    pool = fence(stock, tea, 200, partner=live)
    held = hold(stock, line(stock, tea, 150), partner_id=live)
    service.release_reservation(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)
    assert promise(stock) == 300
    held = hold(stock, line(stock, tea, 150), key="K-2", partner_id=live)
    assert service.end_pool(stock.connection, actor=ACTOR, pool_id=pool, now=NOW) == 50
    service.release_reservation(stock.connection, actor=ACTOR, reservation_id=held.id, now=NOW)
    assert (promise(stock), promise(stock, live)) == (500, 500)
    assert summary(stock.connection, tea, stock.main) == (500, 500, 0, 0)
    with pytest.raises(PoolOver):
        service.end_pool(stock.connection, actor=ACTOR, pool_id=pool, now=NOW)


def test_two_pools_never_hold_the_same_stock(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 500)
    fence(stock, tea, 300)
    with pytest.raises(CannotPromise) as refused:
        fence(stock, tea, 201, name="Second")
    assert refused.value.values["possible"] == 200
    fence(stock, tea, 200, name="Second")
    assert promise(stock) == 0


def test_a_pool_that_begins_later_is_kept_from_being_promised_now(stock: Stock) -> None:
    tea, live = stock.product(), stock.partner("LIVE")
    stock.book(tea, 100)
    stock.expect(tea, 50, days=3)
    fence(stock, tea, 120, partner=live, starts=in_days(3), hours=24 * 5)
    assert promise(stock) == 30
    with pytest.raises(CannotPromise):
        hold(stock, line(stock, tea, 31), partner_id=live)
    assert hold(stock, line(stock, tea, 150, days=3), partner_id=live).lines[0].held == 150
    assert promise(stock) == 0


def test_an_allocation_counts_what_is_held_and_fenced_off(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    fence(stock, tea, 30)
    hold(stock, line(stock, tea, 20))
    with pytest.raises(CannotPromise) as refused:
        stock.promise(tea, 51, days=0)
    assert refused.value.values["possible"] == 50
    stock.promise(tea, 50, days=0)
    assert summary(stock.connection, tea, stock.main) == (100, 100, 100, 1)


def test_a_pool_that_cannot_be_is_refused(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    good = PoolDraft(
        name="Live",
        product_id=tea,
        location_id=stock.main,
        quantity=10,
        starts_on=TODAY,
        ends_at=NOW + timedelta(hours=1),
    )

    def refuse(kind: type[Exception], **change: object) -> None:
        with pytest.raises(kind):
            service.open_pool(
                stock.connection,
                actor=ACTOR,
                draft=replace(good, **change),  # type: ignore[arg-type]
                now=NOW,
            )

    refuse(BadQuantity, quantity=0)
    refuse(PoolBackwards, ends_at=NOW)
    refuse(PoolBackwards, starts_on=in_days(2))
    refuse(UnknownProduct, product_id=new_id(NOW))
    refuse(UnknownLocation, location_id=new_id(NOW))
    service.open_pool(stock.connection, actor=ACTOR, draft=good, now=NOW)
    refuse(PoolNameTaken)
    with pytest.raises(UnknownPool):
        service.end_pool(stock.connection, actor=ACTOR, pool_id=new_id(NOW), now=NOW)
    assert promise(stock) == 90
