"""What each viewer is told of the stock, and what is left out."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text

from portal.inventory import reads, service
from portal.inventory.model import Supply, UnknownProduct
from portal.inventory.reads import AvailabilityPage, AvailabilityRow, StockPosition
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.ids import new_id
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company

STAFF = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def ask(stock: Stock, disclosure: Disclosure = STAFF, **asked: object) -> AvailabilityPage:
    return reads.availability(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW, **asked)


def only(stock: Stock, disclosure: Disclosure = STAFF) -> AvailabilityRow:
    (row,) = ask(stock, disclosure).rows
    return row


def skus(page: AvailabilityPage) -> list[str]:
    return [row.product.sku for row in page.rows]


def customer(partner: UUID, tier: Tier = Tier.KEY, **scope: object) -> Disclosure:
    return Disclosure(tier=tier, partner_id=partner, **scope)


def test_the_three_figures_of_one_product(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 60)
    stock.book(tea, 2, lot="GONE", expires=in_days(-1))
    stock.expect(tea, 80, days=10, shipped=True)
    stock.expect(tea, 48, days=30, key="PO-2")
    stock.promise(tea, 20, days=4)
    row = only(stock)
    assert (row.on_hand, row.held, row.usable) == (62, 2, 60)
    assert (row.in_transit, row.confirmed, row.next_due, row.late) == (80, 48, in_days(10), False)
    assert (row.promise, row.kept) == (40, 20)
    assert [(step.on, step.quantity) for step in row.steps] == [
        (TODAY, 40),
        (in_days(10), 120),
        (in_days(30), 168),
    ]
    assert row.steps[1].covered_by == (
        Supply(
            due_on=in_days(10),
            quantity=80,
            document="PO-1",
            shipped=True,
            supplier="Songyue",
            location_id=stock.main,
        ),
    )


def test_a_product_nobody_has_is_a_row_of_zeros(stock: Stock) -> None:
    stock.product()
    row = only(stock)
    assert (row.on_hand, row.in_transit, row.promise, row.next_due) == (0, 0, 0, None)
    assert [(step.on, step.quantity) for step in row.steps] == [(TODAY, 0)]


def test_look_ahead_keeps_what_a_later_order_needs(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    stock.expect(tea, 200, days=14, key="PO-2")
    stock.expect(tea, 150, days=35, key="PO-5")
    for number, (days, quantity) in enumerate(((0, 40), (7, 30), (14, 50), (21, 160), (28, 20), (35, 10))):
        stock.promise(tea, quantity, days=days, key=f"SO-{number}", beyond=True)
    row = only(stock)
    assert row.promise == 0
    assert [(step.on, step.quantity) for step in row.steps] == [(TODAY, 0), (in_days(35), 140)]


def test_a_late_receipt_counts_as_due_today_and_is_marked(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 12, days=-2, shipped=True)
    row = only(stock)
    assert (row.next_due, row.late, row.promise) == (in_days(-2), True, 12)


def test_a_partner_sees_free_stock_plus_their_own_never_what_is_kept_for_others(stock: Stock) -> None:
    tea, mine, theirs = stock.product(), stock.partner("ME"), stock.partner("OTHER")
    stock.book(tea, 100)
    stock.promise(tea, 30, days=2, key="SO-1", partner=mine)
    stock.promise(tea, 25, days=2, key="SO-2", partner=theirs)
    stock.promise(tea, 5, days=2, key="SO-3")
    row = only(stock, customer(mine))
    assert (row.on_hand, row.kept, row.promise) == (70, 30, 40)
    assert (only(stock).on_hand, only(stock).kept) == (100, 60)
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=customer(mine), sku="TEA", as_of=NOW)
    assert [(demand.document, demand.quantity) for demand in detail.own] == [("SO-1", 30)]


def test_others_promises_beyond_the_stock_of_a_node_never_show_less_than_nothing(stock: Stock) -> None:
    tea, mine, theirs = stock.product(), stock.partner("ME"), stock.partner("OTHER")
    stock.book(tea, 10)
    stock.book(tea, 7, at=stock.outside)
    stock.promise(tea, 25, days=2, partner=theirs, beyond=True)
    row = only(stock, customer(mine))
    assert (row.on_hand, row.promise) == (7, 7)


def test_others_orders_that_receipts_cover_in_time_leave_the_stock_to_be_seen(stock: Stock) -> None:
    tea, mine, theirs = stock.product(), stock.partner("ME"), stock.partner("OTHER")
    stock.book(tea, 62)
    stock.expect(tea, 80, days=10)
    stock.promise(tea, 20, days=4, key="SO-1", partner=mine)
    stock.promise(tea, 64, days=21, key="SO-2", partner=theirs)
    row = only(stock, customer(mine))
    assert (row.on_hand, row.promise, row.kept) == (62, 42, 20)
    assert [step.quantity for step in row.steps] == [42, 58]


def test_a_partner_whose_id_is_not_known_owns_nothing(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    stock.promise(tea, 4, days=2)
    row = only(stock, Disclosure(tier=Tier.KEY))
    assert (row.on_hand, row.kept) == (6, 0)


def test_products_outside_the_agreement_do_not_exist(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    stock.book(tea, 10)
    stock.book(cake, 10)
    page = ask(stock, customer(stock.partner("ME"), products=frozenset({tea})))
    assert (skus(page), page.count, page.counts.all) == (["TEA"], 1, 1)
    with pytest.raises(UnknownProduct):
        reads.product_detail(
            stock.connection,
            org_id=ORG,
            disclosure=customer(stock.partner("YOU"), products=frozenset({tea})),
            sku="CAKE",
            as_of=NOW,
        )


def test_nodes_outside_the_agreement_do_not_count(stock: Stock) -> None:
    tea, mine = stock.product(), stock.partner("ME")
    stock.book(tea, 10)
    stock.book(tea, 7, at=stock.outside)
    stock.expect(tea, 5, days=3, at=stock.outside, shipped=True)
    stock.promise(tea, 4, days=1, at=stock.outside, partner=mine)
    here = customer(mine, nodes=frozenset({stock.main}))
    row = only(stock, here)
    assert (row.on_hand, row.in_transit, row.promise, row.kept, row.fed_at) == (10, 0, 10, 0, None)
    nowhere = only(stock, customer(mine, nodes=frozenset()))
    assert (nowhere.on_hand, nowhere.in_transit, nowhere.promise) == (0, 0, 0)


def test_without_an_agreement_there_is_nothing(stock: Stock) -> None:
    stock.book(stock.product(), 10)
    page = ask(stock, Disclosure(tier=None, partner_id=stock.partner("ME")))
    assert (page.rows, page.count, page.counts.all, page.pages) == ((), 0, 0, 1)


def test_only_key_customers_are_told_nodes_lots_and_last_days(stock: Stock) -> None:
    tea, mine = stock.product(), stock.partner("ME")
    stock.book(tea, 8, lot="L-SOON", expires=in_days(30), at=stock.outside)
    stock.expect(tea, 5, days=3)
    key, ordinary = only(stock, customer(mine)), only(stock, customer(mine, Tier.ORDINARY))
    assert (key.first_expiry, key.feed_en, key.steps[1].covered_by[0].location_id) == (
        in_days(30),
        "Chengdu",
        stock.main,
    )
    assert (ordinary.first_expiry, ordinary.feed_en, ordinary.steps[1].covered_by[0].location_id) == (
        None,
        "",
        None,
    )
    assert key.steps[1].covered_by[0].supplier == ""
    assert ordinary.on_hand == 8
    assert skus(ask(stock, customer(mine), search="l-soon")) == ["TEA"]
    assert skus(ask(stock, customer(mine, Tier.ORDINARY), search="l-soon")) == []
    assert ask(stock, customer(mine)).counts.best_before == 1
    assert ask(stock, customer(mine, Tier.ORDINARY)).counts.best_before == 0
    assert (
        reads.node_stock(
            stock.connection,
            org_id=ORG,
            disclosure=customer(mine, Tier.ORDINARY),
            product_ids=[tea],
            as_of=NOW,
        )
        == {}
    )
    totals = reads.product_detail(
        stock.connection, org_id=ORG, disclosure=customer(mine, Tier.ORDINARY), sku="TEA", as_of=NOW
    )
    assert totals.nodes is None


def test_the_lots_shown_add_up_to_the_total_shown(stock: Stock) -> None:
    tea, mine, theirs = stock.product(), stock.partner("ME"), stock.partner("OTHER")
    stock.book(tea, 10, lot="FIRST", expires=in_days(30))
    stock.book(tea, 10, lot="SECOND", expires=in_days(60))
    stock.book(tea, 3, lot="GONE", expires=in_days(-3))
    stock.book(tea, 4, lot="FIRST", expires=in_days(30), at=stock.outside)
    stock.promise(tea, 12, days=1, partner=theirs)
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=customer(mine), sku="TEA", as_of=NOW)
    assert detail.nodes is not None
    assert [
        (node.location.code, node.on_hand, [(lot.code, lot.quantity, lot.state) for lot in node.lots])
        for node in detail.nodes
    ] == [
        ("CD", 4, [("FIRST", 4, "usable")]),
        ("NB", 11, [("SECOND", 8, "usable"), ("GONE", 3, "expired")]),
    ]
    assert detail.row.on_hand == 15


def test_a_product_nowhere_has_no_nodes(stock: Stock) -> None:
    stock.product()
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=STAFF, sku="TEA", as_of=NOW)
    assert detail.nodes == ()


def test_blocked_and_quarantined_lots_are_on_hand_but_not_to_promise(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 9)
    stock.connection.execute(text("UPDATE stock_balance SET status = 'blocked'"))
    row = only(stock)
    assert (row.on_hand, row.held, row.promise) == (9, 9, 0)
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=STAFF, sku="TEA", as_of=NOW)
    assert detail.nodes is not None
    assert detail.nodes[0].lots[0].state == "blocked"


def test_a_lot_counts_until_the_end_of_its_last_local_day(stock: Stock) -> None:
    stock.book(stock.product(), 5, expires=TODAY)
    assert only(stock).promise == 5
    tomorrow = reads.availability(stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW + timedelta(days=1))
    assert (tomorrow.rows[0].promise, tomorrow.rows[0].held) == (0, 5)


def test_search_finds_numbers_and_names_and_takes_signs_literally(stock: Stock) -> None:
    stock.product("TEA-100", gtin="9520011004015", name_zh="白牡丹", name_en="White peony")
    stock.product("CAKE_7", name_zh="桂花酥", name_en="Osmanthus 100%")
    for search, expected in (
        ("tea-", ["TEA-100"]),
        ("1004015", ["TEA-100"]),
        ("桂花", ["CAKE_7"]),
        (" peony ", ["TEA-100"]),
        ("100%", ["CAKE_7"]),
        ("_", ["CAKE_7"]),
        ("\\", []),
        ("nothing", []),
    ):
        assert skus(ask(stock, search=search)) == expected, search


def test_filters_count_under_the_search_and_show_their_products(stock: Stock) -> None:
    none, soon, late, fine = (stock.product(sku) for sku in ("A-OUT", "B-SOON", "C-LATER", "D-FINE"))
    stock.expect(soon, 5, days=14, key="PO-1")
    stock.expect(late, 5, days=15, key="PO-2")
    stock.book(fine, 5, expires=date(2027, 5, 23))
    page = ask(stock)
    counts = page.counts
    assert (counts.all, counts.out, counts.arriving, counts.best_before) == (4, 3, 1, 1)
    assert skus(ask(stock, filter="out")) == ["A-OUT", "B-SOON", "C-LATER"]
    assert skus(ask(stock, filter="arriving")) == ["B-SOON"]
    assert skus(ask(stock, filter="best_before")) == ["D-FINE"]
    assert ask(stock, filter="nonsense").count == 4
    assert ask(stock, search="B-", filter="out").counts.all == 1
    assert none != soon


def test_pages_and_orders_of_rows(stock: Stock) -> None:
    for number in range(5):
        stock.book(stock.product(f"P{number}"), 10 - number if number else 3)
    assert skus(ask(stock, per_page=2)) == ["P0", "P1"]
    last = ask(stock, per_page=2, page=99)
    assert (skus(last), last.page, last.pages, last.count) == (["P4"], 3, 3, 5)
    assert skus(ask(stock, per_page=2, page=-1)) == ["P0", "P1"]
    assert skus(ask(stock, sort="on_hand")) == ["P1", "P2", "P3", "P4", "P0"]
    assert skus(ask(stock, sort="promise"))[0] == "P1"
    stock.expect(stock.product("P3"), 1, days=2)
    assert skus(ask(stock, sort="arrival"))[0] == "P3"


def test_a_page_takes_two_statements_however_many_rows(stock: Stock) -> None:
    for number in range(12):
        stock.book(stock.product(f"P{number}"), 1)
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(stock.connection.engine, "before_cursor_execute", note)
    page = ask(stock)
    event.remove(stock.connection.engine, "before_cursor_execute", note)
    assert (len(page.rows), len(seen)) == (12, 2)


def test_the_position_of_a_product_at_a_node(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 20)
    stock.book(tea, 3, lot="GONE", expires=in_days(-1))
    stock.book(tea, 9, at=stock.outside)
    stock.expect(tea, 8, days=2, shipped=True)
    stock.expect(tea, 6, days=2, key="PO-2")
    stock.promise(tea, 5, days=1)
    position = reads.stock_position(
        stock.connection, org_id=ORG, product_id=tea, location_id=stock.main, as_of=NOW
    )
    assert position == StockPosition(on_hand=20, held=3, in_transit=8, confirmed=6, allocated=5)


def test_balances_that_drift_from_their_moves_are_named(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 20)
    stock.expect(tea, 8, days=2, shipped=True)
    assert reads.reconcile(stock.connection, org_id=ORG) == ()
    stock.connection.execute(text("UPDATE stock_balance SET on_hand = 21"))
    (drift,) = reads.reconcile(stock.connection, org_id=ORG)
    assert (drift.product_id, drift.location_id, drift.balance, drift.moved) == (tea, stock.main, 21, 20)


def test_products_and_places_are_found_by_their_numbers(stock: Stock) -> None:
    tea = stock.product("TEA", gtin="9520011004015")
    for asked in ({"sku": "TEA"}, {"gtin": "9520011004015"}, {"product_id": tea}):
        assert reads.find_product(stock.connection, org_id=ORG, **asked).id == tea
    with pytest.raises(UnknownProduct) as refusal:
        reads.find_product(stock.connection, org_id=ORG, sku="NONE")
    assert refusal.value.values == {"product": "NONE"}
    assert list(reads.products(stock.connection, org_id=ORG)) == ["TEA"]
    assert reads.products_by_id(stock.connection, org_id=ORG, ids=[tea, new_id(NOW)])[tea].sku == "TEA"
    assert [place.code for place in reads.locations(stock.connection, org_id=ORG)] == ["CD", "NB"]


def test_the_age_of_the_oldest_outside_feed_is_told(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 5, at=stock.outside)
    assert (only(stock).fed_at, only(stock).feed_zh) == (NOW, "成都第三方仓")
    service.set_stock(
        stock.connection, actor=ACTOR, lines=[], document="D", key_prefix="c", now=NOW + timedelta(hours=1)
    )
    assert only(stock).fed_at == NOW
