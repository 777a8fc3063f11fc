"""Deeds with stock: what they write, what they refuse, and that doing them twice is doing them once."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Row, text

from portal.inventory import service
from portal.inventory.model import (
    AllocationLine,
    BadQuantity,
    CannotPromise,
    GtinTaken,
    LocationDraft,
    NotEnoughStock,
    OverReceived,
    ProductDraft,
    StockLine,
    UnitFixed,
    UnknownLocation,
    UnknownProduct,
    UnknownReceipt,
)
from portal.kernel.ids import new_id
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def issue(stock: Stock, product_id: UUID, quantity: int, key: str = "issue-1") -> None:
    service.issue_stock(
        stock.connection,
        actor=ACTOR,
        product_id=product_id,
        location_id=stock.main,
        quantity=quantity,
        document="SO-9",
        key=key,
        now=NOW,
    )


def receive(stock: Stock, quantity: int, *, lot: str = "", key: str = "receipt-1", source: str = "PO-1") -> int:
    return service.receive(
        stock.connection,
        actor=ACTOR,
        source_key=source,
        quantity=quantity,
        lot_code=lot,
        lot_made_on=None,
        lot_expires_on=None,
        key=key,
        now=NOW,
    )


def product_row(stock: Stock, sku: str) -> Row[Any]:
    return stock.connection.execute(
        text("SELECT * FROM product WHERE org_id = :org AND sku = :sku"), {"org": ORG, "sku": sku}
    ).one()


def expected_row(stock: Stock, key: str = "PO-1") -> Row[Any]:
    return stock.connection.execute(
        text("SELECT * FROM expected_receipt WHERE org_id = :org AND source_key = :key"), {"org": ORG, "key": key}
    ).one()


def test_saving_products_returns_ids_by_sku_and_keeps_them_the_second_time(stock: Stock) -> None:
    drafts = [ProductDraft(sku="A", name_zh="甲", name_en="A"), ProductDraft(sku="B", name_zh="乙", name_en="B")]
    first = service.save_products(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)
    drafts[0] = ProductDraft(sku="A", name_zh="甲甲", name_en="A", pack_quanta=12)
    second = service.save_products(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)
    assert set(first) == {"A", "B"}
    assert second == first
    assert (product_row(stock, "A").name_zh, product_row(stock, "A").pack_quanta) == ("甲甲", 12)


def test_of_two_drafts_with_one_sku_the_last_counts(stock: Stock) -> None:
    drafts = [ProductDraft(sku="A", name_zh="甲", name_en=name) for name in ("first", "last")]
    service.save_products(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)
    assert product_row(stock, "A").name_en == "last"


def test_a_gtin_of_another_product_is_refused(stock: Stock) -> None:
    stock.product("A", gtin="9520011004015")
    with pytest.raises(GtinTaken) as refusal:
        stock.product("B", gtin="9520011004015")
    assert refusal.value.values == {"gtin": "9520011004015", "sku": "A"}


def test_a_gtin_twice_in_one_list_is_refused(stock: Stock) -> None:
    drafts = [ProductDraft(sku=sku, name_zh="甲", name_en="A", gtin="9520011004015") for sku in ("A", "B")]
    with pytest.raises(GtinTaken) as refusal:
        service.save_products(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)
    assert refusal.value.values["sku"] == "A"


def test_the_unit_of_a_product_that_has_moved_cannot_change(stock: Stock) -> None:
    tea = stock.product("A", decimals=0)
    stock.product("A", decimals=2)
    stock.book(tea, 5)
    with pytest.raises(UnitFixed) as refusal:
        stock.product("A", decimals=3)
    assert refusal.value.values == {"sku": "A"}


def test_saving_places_makes_the_virtual_ones_and_keeps_ids(stock: Stock) -> None:
    renamed = [LocationDraft(code="NB", name_zh="宁波", name_en="Ningbo DC")]
    ids = service.save_locations(stock.connection, actor=ACTOR, drafts=renamed, now=NOW)
    assert ids == {"NB": stock.main}
    virtual = service.ensure_virtual_locations(stock.connection, org_id=ORG, now=NOW)
    assert sorted(virtual) == ["adjustment", "customer", "in_transit", "scrap", "supplier"]


def test_opening_stock_is_booked_once(stock: Stock) -> None:
    tea = stock.product()
    lines = [
        StockLine(product_id=tea, location_id=stock.main, quantity=30, lot_code="L1"),
        StockLine(product_id=tea, location_id=stock.main, quantity=12, lot_code="L1"),
        StockLine(product_id=tea, location_id=stock.main, quantity=0, lot_code="L2"),
    ]
    for expected in (1, 0):
        booked = service.book_stock(
            stock.connection, actor=ACTOR, lines=lines, document="D", key_prefix="file-1", now=NOW
        )
        assert booked == expected
    assert stock.on_hand(tea) == 42
    assert stock.moves() == 1


def test_negative_stock_cannot_be_booked(stock: Stock) -> None:
    with pytest.raises(BadQuantity):
        stock.book(stock.product(), -1)
    assert stock.moves() == 0


def test_stock_of_unknown_products_and_places_is_refused(stock: Stock) -> None:
    stranger = new_id(NOW)
    with pytest.raises(UnknownProduct):
        stock.book(stranger, 1)
    with pytest.raises(UnknownLocation):
        stock.book(stock.product(), 1, at=stranger)
    customer = service.ensure_virtual_locations(stock.connection, org_id=ORG, now=NOW)["customer"]
    with pytest.raises(UnknownLocation):
        stock.book(stock.product(), 1, at=customer)


def test_a_count_corrects_up_and_down_and_tells_only_of_what_fell(stock: Stock) -> None:
    tea, cake = stock.product("TEA"), stock.product("CAKE")
    stock.book(tea, 10, at=stock.outside)
    stock.book(cake, 10, at=stock.outside)
    counted = [
        StockLine(product_id=tea, location_id=stock.outside, quantity=7, lot_code="L1"),
        StockLine(product_id=cake, location_id=stock.outside, quantity=15, lot_code="L1"),
        StockLine(product_id=cake, location_id=stock.main, quantity=0, lot_code="L1"),
    ]
    for prefix, expected in (("count-1", 2), ("count-2", 0)):
        differing = service.set_stock(
            stock.connection, actor=ACTOR, lines=counted, document="D", key_prefix=prefix, now=NOW
        )
        assert differing == expected
    assert (stock.on_hand(tea, stock.outside), stock.on_hand(cake, stock.outside)) == (7, 15)
    assert stock.messages("inventory.stock.fell") == 1


def test_issuing_takes_the_first_expired_lots_and_leaves_the_unusable(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 5, lot="LATE", expires=in_days(90))
    stock.book(tea, 5, lot="SOON", expires=in_days(3))
    stock.book(tea, 5, lot="GONE", expires=in_days(-1))
    issue(stock, tea, 7)
    left = stock.connection.execute(
        text(
            "SELECT l.code, b.on_hand FROM stock_balance b JOIN lot l ON l.id = b.lot_id"
            " WHERE b.org_id = :org AND b.location_id = :place ORDER BY l.code"
        ),
        {"org": ORG, "place": stock.main},
    ).all()
    assert left == [("GONE", 5), ("LATE", 3), ("SOON", 0)]


def test_issuing_twice_with_one_key_issues_once_and_tells_once(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    issue(stock, tea, 4)
    issue(stock, tea, 4)
    assert stock.on_hand(tea) == 6
    assert stock.messages("inventory.stock.fell") == 1


def test_issuing_more_than_is_usable_tells_both_figures_and_changes_nothing(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 5)
    stock.book(tea, 9, lot="GONE", expires=in_days(-1))
    with pytest.raises(NotEnoughStock) as refusal:
        issue(stock, tea, 6)
    assert refusal.value.values == {"sku": "TEA", "place": "NB", "held": 5, "asked": 6}
    assert stock.on_hand(tea) == 14
    assert stock.messages("inventory.stock.fell") == 0
    with pytest.raises(BadQuantity):
        issue(stock, tea, 0)


def test_a_lot_may_be_issued_on_its_last_day(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 5, expires=in_days(0))
    issue(stock, tea, 5)
    assert stock.on_hand(tea) == 0


def test_a_shipped_receipt_is_in_transit_until_it_is_received(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3)
    assert stock.in_transit(tea) == 0
    stock.expect(tea, 20, days=3, shipped=True)
    stock.expect(tea, 20, days=3, shipped=True)
    assert stock.in_transit(tea) == 20
    assert receive(stock, 19) == 1
    assert (stock.in_transit(tea), stock.on_hand(tea), expected_row(stock).state) == (1, 19, "shipped")
    assert receive(stock, 1, key="receipt-2") == 0
    assert (stock.in_transit(tea), stock.on_hand(tea), expected_row(stock).state) == (0, 20, "closed")


def test_receiving_twice_with_one_key_receives_once(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3, shipped=True)
    assert receive(stock, 5) == 15
    assert receive(stock, 5) == 15
    assert receive(stock, 15, key="receipt-2") == 0
    assert receive(stock, 15, key="receipt-2") == 0
    assert stock.on_hand(tea) == 20


def test_more_than_expected_cannot_be_received(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3, shipped=True)
    with pytest.raises(OverReceived) as refusal:
        receive(stock, 21)
    assert refusal.value.values == {"document": "PO-1", "arrived": 21, "expected": 20}
    receive(stock, 20)
    with pytest.raises(OverReceived) as refusal:
        receive(stock, 1, key="receipt-2")
    assert refusal.value.values["expected"] == 0
    assert stock.on_hand(tea) == 20


def test_a_receipt_nobody_announced_is_unknown(stock: Stock) -> None:
    with pytest.raises(UnknownReceipt):
        receive(stock, 1, source="PO-404")


def test_goods_that_were_only_confirmed_come_from_the_supplier(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3)
    assert receive(stock, 20, lot="L7") == 0
    assert (stock.in_transit(tea), stock.on_hand(tea)) == (0, 20)


def test_another_lot_than_announced_takes_the_announced_one_out_of_transit(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3, shipped=True)
    receive(stock, 20, lot="L7")
    assert (stock.in_transit(tea), stock.on_hand(tea)) == (0, 20)


def test_changing_a_shipped_announcement_carries_the_transit_along(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3, shipped=True)
    stock.expect(tea, 26, days=4, shipped=True)
    assert stock.in_transit(tea) == 26
    stock.expect(tea, 18, days=4)
    assert (stock.in_transit(tea), expected_row(stock).state) == (18, "shipped")
    receive(stock, 10)
    with pytest.raises(BadQuantity) as refusal:
        stock.expect(tea, 9, days=4)
    assert refusal.value.values == {"what": "PO-1", "quantity": 9}
    receive(stock, 8, key="receipt-2")
    stock.expect(tea, 99, days=4, shipped=True)
    assert (stock.in_transit(tea), expected_row(stock).quantity) == (0, 18)


def test_one_announcement_can_be_made_in_words(stock: Stock) -> None:
    tea = stock.product()
    service.expect(
        stock.connection,
        actor=ACTOR,
        product_id=tea,
        location_id=stock.main,
        lot_code="L9",
        lot_expires_on=date(2027, 5, 1),
        quantity=7,
        due_on=in_days(2),
        state="shipped",
        document="R-1",
        supplier="Songyue",
        source_key="R-1:1",
        now=NOW,
    )
    row = expected_row(stock, "R-1:1")
    assert (row.quantity, row.lot_code, row.lot_expires_on, row.state) == (7, "L9", date(2027, 5, 1), "shipped")


def test_writing_off_closes_the_announcement_and_scraps_what_was_under_way(stock: Stock) -> None:
    tea = stock.product()
    stock.expect(tea, 20, days=3, shipped=True)
    receive(stock, 15)
    for _ in range(2):
        service.write_off_expected(stock.connection, actor=ACTOR, source_key="PO-1", reason="lost", now=NOW)
    row = expected_row(stock)
    assert (row.state, row.written_off, stock.in_transit(tea), stock.on_hand(tea)) == ("closed", 5, 0, 15)


def test_a_confirmed_announcement_is_cancelled_without_a_move(stock: Stock) -> None:
    stock.expect(stock.product(), 20, days=3)
    service.write_off_expected(stock.connection, actor=ACTOR, source_key="PO-1", reason="cancelled", now=NOW)
    assert (expected_row(stock).state, stock.moves()) == ("closed", 0)


def test_a_promise_fits_stock_and_receipts_or_is_refused_with_the_earliest_day(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 100)
    stock.expect(tea, 200, days=14, key="PO-2")
    stock.expect(tea, 150, days=35, key="PO-5")
    for number, (days, quantity) in enumerate(((0, 40), (7, 30), (14, 50), (21, 160), (28, 20), (35, 10))):
        stock.promise(tea, quantity, days=days, key=f"SO-{number}", beyond=True)
    with pytest.raises(CannotPromise) as refusal:
        stock.promise(tea, 30, days=0, key="SO-NEW")
    assert refusal.value.values == {
        "sku": "TEA",
        "asked": 30,
        "possible": 0,
        "on": "2026-11-23",
        "earliest": "2026-12-28",
    }
    stock.promise(tea, 140, days=35, key="SO-NEW")


def test_lines_of_one_promise_count_one_after_the_other_and_all_or_none(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    lines = [
        AllocationLine(
            product_id=tea,
            location_id=stock.main,
            quantity=6,
            needed_on=in_days(1),
            document="SO-1",
            source_key=f"SO-1:{number}",
        )
        for number in (1, 2)
    ]
    with pytest.raises(CannotPromise):
        service.allocate(stock.connection, actor=ACTOR, lines=lines, now=NOW)
    assert stock.connection.execute(text("SELECT count(*) FROM allocation")).scalar_one() == 0


def test_a_promise_again_changes_it_and_released_it_stays_released(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    stock.promise(tea, 8, days=1)
    stock.promise(tea, 8, days=1)
    stock.promise(tea, 10, days=2)
    with pytest.raises(CannotPromise):
        stock.promise(tea, 1, days=1, key="SO-2")
    for expected in (1, 0):
        assert service.release(stock.connection, actor=ACTOR, source_keys=["SO-1"], now=NOW) == expected
    stock.promise(tea, 3, days=1)
    row = stock.connection.execute(text("SELECT state, quantity FROM allocation")).one()
    assert row == ("released", 10)
    stock.promise(tea, 10, days=1, key="SO-2")


def test_receipts_and_promises_below_one_are_refused(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(BadQuantity):
        stock.expect(tea, 0, days=1)
    with pytest.raises(BadQuantity):
        stock.promise(tea, 0, days=1)


def test_many_at_once_are_known_to_the_planner(stock: Stock) -> None:
    drafts = [ProductDraft(sku=f"P{n}", name_zh="甲", name_en="A") for n in range(500)]
    ids = service.save_products(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)
    assert len(ids) == 500
    known = stock.connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'product'"))
    assert known.scalar_one() == 500
