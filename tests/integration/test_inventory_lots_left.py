"""A lot is told as far as others' promises leave something of it, wherever lots are told."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads
from portal.inventory.reads import AvailabilityPage
from portal.kernel.disclosure import Disclosure, Tier
from support.stock import NOW, ORG, Stock, in_days, stock_company

HOST = Disclosure(tier=None, everything=True)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def key(stock: Stock) -> Disclosure:
    return Disclosure(tier=Tier.KEY, partner_id=stock.partner("ME"))


def ask(stock: Stock, disclosure: Disclosure, **asked: Any) -> AvailabilityPage:
    return reads.availability(stock.connection, org_id=ORG, disclosure=disclosure, as_of=NOW, **asked)


def lots(stock: Stock, disclosure: Disclosure) -> dict[str, list[tuple[str, int, str]]]:
    tea = reads.products(stock.connection, org_id=ORG)["TEA"].id
    found = reads.node_stock(
        stock.connection, org_id=ORG, disclosure=disclosure, product_ids=[tea], as_of=NOW
    ).get(tea, ())
    return {node.location.code: [(lot.code, lot.quantity, lot.state) for lot in node.lots] for node in found}


def found_by(stock: Stock, disclosure: Disclosure, words: str) -> int:
    return ask(stock, disclosure, search=words).count


def shelf(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10, lot="SOON", expires=in_days(20))
    stock.book(tea, 10, lot="LATE", expires=in_days(300))
    stock.book(tea, 5, lot="EVER")


def test_what_is_promised_to_others_is_taken_off_the_lots_that_leave_first(stock: Stock) -> None:
    shelf(stock)
    me = key(stock)
    assert lots(stock, me) == {"NB": [("SOON", 10, "usable"), ("LATE", 10, "usable"), ("EVER", 5, "usable")]}
    stock.promise(reads.products(stock.connection, org_id=ORG)["TEA"].id, 12, days=1)
    assert lots(stock, me) == {"NB": [("LATE", 8, "usable"), ("EVER", 5, "usable")]}
    assert lots(stock, HOST) == {"NB": [("SOON", 10, "usable"), ("LATE", 10, "usable"), ("EVER", 5, "usable")]}


def test_a_lot_wholly_promised_to_others_is_in_no_filter_and_no_search(stock: Stock) -> None:
    shelf(stock)
    me, tea = key(stock), reads.products(stock.connection, org_id=ORG)["TEA"].id
    assert (ask(stock, me).counts.best_before, found_by(stock, me, "soon")) == (1, 1)
    stock.promise(tea, 10, days=1)
    page = ask(stock, me)
    assert (page.counts.best_before, page.rows[0].first_expiry) == (0, in_days(300))
    assert (ask(stock, me, filter="best_before").count, found_by(stock, me, "soon")) == (0, 0)
    assert found_by(stock, me, "late") == 1
    assert (ask(stock, HOST).counts.best_before, found_by(stock, HOST, "soon")) == (1, 1)


def test_one_piece_left_of_a_lot_is_enough_to_tell_of_it(stock: Stock) -> None:
    shelf(stock)
    me = key(stock)
    stock.promise(reads.products(stock.connection, org_id=ORG)["TEA"].id, 9, days=1)
    assert lots(stock, me)["NB"][0] == ("SOON", 1, "usable")
    assert (ask(stock, me).rows[0].first_expiry, found_by(stock, me, "soon")) == (in_days(20), 1)


def test_what_is_promised_to_the_viewer_takes_nothing_from_the_lots_they_see(stock: Stock) -> None:
    shelf(stock)
    me = key(stock)
    stock.promise(reads.products(stock.connection, org_id=ORG)["TEA"].id, 12, days=1, partner=me.partner_id)
    assert lots(stock, me)["NB"][0] == ("SOON", 10, "usable")
    assert ask(stock, me).rows[0].first_expiry == in_days(20)


def test_a_receipt_that_comes_in_time_for_others_leaves_the_lots_to_the_viewer(stock: Stock) -> None:
    shelf(stock)
    me, tea = key(stock), reads.products(stock.connection, org_id=ORG)["TEA"].id
    stock.expect(tea, 10, days=3)
    stock.promise(tea, 10, days=4)
    assert lots(stock, me)["NB"][0] == ("SOON", 10, "usable")


def test_held_and_expired_lots_are_told_as_they_lie(stock: Stock) -> None:
    tea, me = stock.product(), key(stock)
    stock.book(tea, 4, lot="PAST", expires=in_days(-1))
    stock.book(tea, 6, lot="GOOD", expires=in_days(9))
    stock.promise(tea, 6, days=1)
    assert lots(stock, me) == {"NB": [("PAST", 4, "expired")]}
    assert (ask(stock, me).rows[0].first_expiry, found_by(stock, me, "past"), found_by(stock, me, "good")) == (
        None,
        1,
        0,
    )


def test_a_node_whose_stock_is_all_promised_to_others_is_not_named_and_neither_is_its_feed(stock: Stock) -> None:
    tea, me = stock.product(), key(stock)
    stock.book(tea, 7, lot="HERE")
    stock.book(tea, 5, lot="THERE", at=stock.outside)
    stock.connection.execute(text("UPDATE location SET fed_at = :now WHERE kind <> 'own'"), {"now": NOW})
    assert (list(lots(stock, me)), ask(stock, me).rows[0].feed_en) == (["CD", "NB"], "Chengdu")
    stock.promise(tea, 5, days=1, at=stock.outside)
    row = ask(stock, me).rows[0]
    assert (list(lots(stock, me)), row.feed_en, row.feed_kind, row.fed_at) == (["NB"], "", "", None)


def test_stock_left_out_for_an_old_feed_is_told_less_what_is_promised_to_others(stock: Stock) -> None:
    tea, me = stock.product(), key(stock)
    stock.book(tea, 20, lot="GOOD", at=stock.outside)
    stock.book(tea, 10, lot="PAST", expires=in_days(-1), at=stock.outside)
    stock.promise(tea, 5, days=1, at=stock.outside)
    stock.connection.execute(
        text("UPDATE location SET fed_at = NULL, stale_policy = 'leave_out' WHERE kind <> 'own'")
    )
    row = ask(stock, me).rows[0]
    assert (row.on_hand, row.held, row.left_out, row.usable) == (25, 10, 15, 0)
