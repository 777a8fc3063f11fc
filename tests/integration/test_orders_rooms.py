"""Orders in bulk, once; who is told of which; demand by local day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, func, select, text

from portal.kernel.disclosure import Disclosure, Tier
from portal.orders import reads
from portal.orders.model import BadOrder, OrderDraft, OrderLineDraft, SavedOrders
from portal.orders.service import save_orders
from portal.orders.store import line_table, order_table
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

STAFF = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def line(product_id: UUID, quantity: int, no: int = 1, place: UUID | None = None) -> OrderLineDraft:
    return OrderLineDraft(no, product_id, place, quantity, Decimal("2.50"))


def order(
    number: str,
    *lines: OrderLineDraft,
    partner: UUID | None = None,
    at: datetime = NOW,
    state: str = "open",
    needed: date | None = None,
) -> OrderDraft:
    return OrderDraft(number, partner, at, needed, state, "test", lines)


def save(stock: Stock, *orders: OrderDraft) -> SavedOrders:
    return save_orders(stock.connection, actor=ACTOR, orders=iter(orders), now=NOW)


def count(stock: Stock, table: Table) -> int:
    return int(stock.connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_orders_are_saved_once_and_what_is_unchanged_is_not_touched(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    first = order("A", line(tea, 5), line(cake, 7, 2))
    second = order("B", line(tea, 1))
    assert save(stock, first, second) == SavedOrders(new=2, changed=0, unchanged=0)
    assert save(stock, first, second) == SavedOrders(new=0, changed=0, unchanged=2)
    assert (count(stock, order_table), count(stock, line_table)) == (2, 3)
    fewer = order("A", line(tea, 6), state="fulfilled")
    assert save(stock, fewer, second) == SavedOrders(new=0, changed=1, unchanged=1)
    kept = stock.connection.execute(
        text(
            "SELECT o.state, l.quantity FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id"
            " WHERE o.number = 'A'"
        )
    ).all()
    assert kept == [("fulfilled", 6)]


def test_an_order_with_one_line_more_has_changed(stock: Stock) -> None:
    tea = stock.product()
    save(stock, order("A", line(tea, 5)))
    assert save(stock, order("A", line(tea, 5), line(tea, 1, 2))).changed == 1
    assert count(stock, line_table) == 2


def test_of_two_drafts_with_one_number_the_last_counts(stock: Stock) -> None:
    tea = stock.product()
    assert save(stock, order("A", line(tea, 5)), order("A", line(tea, 9))).new == 1
    assert stock.connection.execute(text("SELECT quantity FROM sales_order_line")).scalars().all() == [9]


def test_more_orders_than_one_batch_are_saved(stock: Stock) -> None:
    tea = stock.product()
    assert save(stock, *(order(f"N{n}", line(tea, 1)) for n in range(2_001))).new == 2_001
    assert save(stock).new == 0


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (order(" ", line(UUID(int=1), 1)), "number"),
        (order("A", line(UUID(int=1), 1), state="lost"), "state"),
        (order("A", line(UUID(int=1), 1), line(UUID(int=1), 1)), "line_no"),
        (order("A", line(UUID(int=1), 0)), "quantity"),
    ],
)
def test_an_order_that_cannot_be_kept_is_refused(stock: Stock, draft: OrderDraft, reason: str) -> None:
    with pytest.raises(BadOrder) as refusal:
        save(stock, draft)
    assert refusal.value.values["reason"] == reason
    assert count(stock, order_table) == 0


def test_a_partner_is_told_of_their_own_orders_and_products_only(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    mine, theirs = stock.partner("ME"), stock.partner("OTHER")
    save(
        stock,
        order("MINE", line(tea, 5, 1, stock.main), line(cake, 1, 2), partner=mine, needed=in_days(3)),
        order("THEIRS", line(tea, 8), partner=theirs),
        order("NOBODY", line(tea, 2)),
    )
    me = Disclosure(tier=Tier.ORDINARY, partner_id=mine, products=frozenset({tea}))
    page = reads.order_page(stock.connection, org_id=ORG, disclosure=me)
    assert [(one.number, [(at.quantity, at.location_id) for at in one.lines]) for one in page.orders] == [
        ("MINE", [(5, None)])
    ]
    assert (page.count, page.counts["open"]) == (1, 1)
    asked = reads.open_orders(stock.connection, org_id=ORG, disclosure=me, partner_id=theirs)
    assert [one.number for one in asked] == ["MINE"]
    nobody = Disclosure(tier=None, partner_id=mine)
    assert reads.order_page(stock.connection, org_id=ORG, disclosure=nobody).count == 0
    unknown = Disclosure(tier=Tier.KEY)
    assert reads.open_orders(stock.connection, org_id=ORG, disclosure=unknown) == ()


def test_staff_are_told_of_every_order(stock: Stock) -> None:
    tea, cake, mine = stock.product("TEA"), stock.product("CAKE"), stock.partner("ME")
    save(
        stock,
        order("A", line(tea, 5, 1, stock.main), partner=mine),
        order("B", line(cake, 8), at=NOW - timedelta(days=1)),
        order("C_1", line(tea, 8), state="cancelled", at=NOW - timedelta(days=2)),
    )
    page = reads.order_page(stock.connection, org_id=ORG, disclosure=STAFF, per_page=2, page=9)
    assert ([one.number for one in page.orders], page.page, page.pages, page.count) == (["C_1"], 2, 2, 3)
    assert page.counts == {"": 3, "open": 2, "fulfilled": 0, "cancelled": 1}
    found = reads.order_page(stock.connection, org_id=ORG, disclosure=STAFF, search="_", state="cancelled")
    assert [one.number for one in found.orders] == ["C_1"]
    assert reads.order_page(stock.connection, org_id=ORG, disclosure=STAFF, state="nonsense").count == 3
    assert [one.number for one in reads.open_orders(stock.connection, org_id=ORG, disclosure=STAFF)] == ["A", "B"]
    (one,) = reads.open_orders(stock.connection, org_id=ORG, disclosure=STAFF, partner_id=mine)
    assert (one.number, one.lines[0].location_id, one.lines[0].unit_price) == ("A", stock.main, Decimal("2.50"))
    (only,) = reads.open_orders(stock.connection, org_id=ORG, disclosure=STAFF, product_id=cake)
    assert only.number == "B"


def test_an_order_without_lines_in_scope_is_still_one_s_own(stock: Stock) -> None:
    cake, mine = stock.product("CAKE"), stock.partner("ME")
    save(stock, order("MINE", line(cake, 5), partner=mine))
    me = Disclosure(tier=Tier.KEY, partner_id=mine, products=frozenset())
    (one,) = reads.order_page(stock.connection, org_id=ORG, disclosure=me).orders
    assert (one.number, one.lines) == ("MINE", ())


def test_demand_is_counted_by_local_day_without_what_was_cancelled(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    late = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    save(
        stock,
        order("A", line(tea, 5), line(tea, 2, 2), at=late),
        order("B", line(tea, 1), at=NOW),
        order("C", line(tea, 100), state="cancelled"),
        order("D", line(cake, 3)),
    )
    rows = reads.daily_demand(stock.connection, org_id=ORG, product_ids=[tea], time_zone="Asia/Shanghai")
    assert [(row.day, row.quantity, row.order_count) for row in rows] == [(date(2026, 11, 23), 8, 2)]
    everything = list(reads.daily_demand(stock.connection, org_id=ORG))
    assert sorted((row.product_id == tea, row.day.day, row.quantity) for row in everything) == [
        (False, 23, 3),
        (True, 22, 7),
        (True, 23, 1),
    ]
