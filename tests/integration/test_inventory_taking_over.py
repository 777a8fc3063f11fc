"""Consignment stock becomes ours, promised stock does not leave unnoticed, and one key stands for one deed."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import NotEnoughStock
from portal.inventory.places import OWN, LotExpired, OwnedAlready, StockPromised
from portal.inventory.reserving import KeyReused
from portal.kernel.errors import PortalError
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

FELL = "inventory.stock.fell"


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def take_over(stock: Stock, product_id: UUID, quantity: int, owner: UUID, **more: object) -> bool:
    return service.take_over(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, product_id, quantity, owner_id=owner, **more),
        document="INV-7",
        key="o",
        now=NOW,
    )


def posted(stock: Stock, kind: str) -> UUID:
    found = stock.connection.execute(text("SELECT id FROM stock_move WHERE kind = :kind"), {"kind": kind})
    return UUID(str(found.scalar_one()))


def test_consignment_stock_becomes_ours_where_it_lies_by_one_balanced_move(stock: Stock) -> None:
    tea, owner = stock.product(), stock.partner("SUP")
    make.book(stock, tea, 50, owner_id=owner)
    assert take_over(stock, tea, 30, owner) is True
    assert take_over(stock, tea, 30, owner) is False
    assert make.balances(stock) == {("NB", "L1", "available", False): 20, ("NB", "L1", "available", True): 30}
    row = stock.connection.execute(
        text("SELECT from_owner_id, to_owner_id, quantity, document FROM stock_move WHERE kind = 'take_over'")
    ).one()
    assert tuple(row) == (owner, OWN, 30, "INV-7")
    assert stock.on_hand(tea) == 50
    assert stock.messages(FELL) == 0
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_a_take_over_that_is_taken_back_is_the_partners_again(stock: Stock) -> None:
    tea, owner = stock.product(), stock.partner("SUP")
    make.book(stock, tea, 50, owner_id=owner)
    take_over(stock, tea, 30, owner)
    service.reverse_move(
        stock.connection, actor=ACTOR, move_id=posted(stock, "take_over"), reason="Not billed", now=NOW
    )
    assert make.balances(stock) == {("NB", "L1", "available", False): 50}
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_a_serial_number_changes_its_owner_with_the_goods(stock: Stock) -> None:
    mill, owner = stock.product("MILL", tracking="serial"), stock.partner("SUP")
    make.book(stock, mill, 2, owner_id=owner, serials=("S1", "S2"))
    take_over(stock, mill, 1, owner, serials=("S2",))
    owners = stock.connection.execute(text("SELECT code, owner_id FROM serial ORDER BY code")).all()
    assert [tuple(row) for row in owners] == [("S1", owner), ("S2", OWN)]
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_the_trace_goes_on_from_the_partners_goods_to_ours(stock: Stock) -> None:
    tea, owner = stock.product(), stock.partner("SUP")
    make.book(stock, tea, 50, owner_id=owner)
    make.book(stock, tea, 5)
    take_over(stock, tea, 30, owner)
    arrived = stock.connection.execute(
        text("SELECT id FROM stock_move WHERE kind = 'opening' AND to_owner_id = :owner"), {"owner": owner}
    ).scalar_one()
    found = reads.trace_move(stock.connection, org_id=ORG, move_id=arrived, direction=reads.FORWARD)
    assert [(move.kind, move.quantity, move.own) for move in found] == [
        ("opening", 50, False),
        ("take_over", 30, True),
    ]
    back = reads.trace_move(
        stock.connection, org_id=ORG, move_id=posted(stock, "take_over"), direction=reads.BACKWARD
    )
    assert [(move.kind, move.quantity) for move in back] == [("opening", 50), ("take_over", 30)]


@pytest.mark.parametrize(
    ("refusal", "deed"),
    [
        (NotEnoughStock, lambda stock, tea, owner: take_over(stock, tea, 51, owner)),
        (OwnedAlready, lambda stock, tea, _: take_over(stock, tea, 1, OWN)),
        (LotExpired, lambda stock, tea, owner: take_over(stock, tea, 1, owner, lot_code="OLD")),
    ],
)
def test_what_cannot_be_taken_over_stays_as_it_is(
    stock: Stock, refusal: type[PortalError], deed: Callable[[Stock, UUID, UUID], bool]
) -> None:
    tea, owner = stock.product(), stock.partner("SUP")
    make.book(stock, tea, 50, owner_id=owner)
    make.book(stock, tea, 3, owner_id=owner, lot_code="OLD", expires_on=in_days(-1))
    before = make.balances(stock)
    with pytest.raises(refusal):
        deed(stock, tea, owner)
    assert make.balances(stock) == before


def scrap(stock: Stock, tea: UUID, quantity: int, **more: bool) -> bool:
    take = make.take(stock, tea, quantity)
    return service.scrap(
        stock.connection, actor=ACTOR, take=take, reason="Wet", document="", key="s", now=NOW, **more
    )


def test_stock_that_is_promised_leaves_only_when_that_was_looked_at(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    stock.promise(tea, 15, days=2)
    with pytest.raises(StockPromised) as refusal:
        scrap(stock, tea, 6)
    assert refusal.value.values == {"sku": "TEA", "place": "NB", "free": 5, "asked": 6}
    assert stock.moves() == 1
    assert scrap(stock, tea, 6, even_promised=True) is True
    assert make.balances(stock) == {("NB", "L1", "available", True): 14}


def test_what_is_free_leaves_and_what_comes_in_time_covers_a_promise(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    stock.promise(tea, 15, days=9)
    stock.expect(tea, 10, days=3)
    assert scrap(stock, tea, 15) is True


def test_goods_stay_promised_wherever_in_their_node_they_are_put(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20)
    stock.promise(tea, 20, days=2)
    take = make.take(stock, tea, 20)

    def carry(to_id: UUID, key: str) -> bool:
        return service.transfer(
            stock.connection, actor=ACTOR, take=take, to_id=to_id, document="", key=key, now=NOW
        )

    with pytest.raises(StockPromised):
        carry(stock.outside, "t1")
    assert carry(a_bin, "t2") is True


def test_held_or_expired_stock_was_promised_to_nobody(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    make.book(stock, tea, 4, lot_code="OLD", expires_on=in_days(-1))
    stock.promise(tea, 20, days=2)
    take = make.take(stock, tea, 4, lot_code="OLD")
    assert service.scrap(stock.connection, actor=ACTOR, take=take, reason="Past it", document="", key="s", now=NOW)


def test_a_receipt_whose_goods_are_promised_is_taken_back_only_knowingly(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    stock.promise(tea, 15, days=2)
    deed = {"actor": ACTOR, "move_id": posted(stock, "opening"), "reason": "Never came", "now": NOW}
    with pytest.raises(StockPromised):
        service.reverse_move(stock.connection, **deed)
    service.reverse_move(stock.connection, **deed, even_promised=True)
    assert make.balances(stock) == {}


def test_one_key_stands_for_one_deed(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    assert scrap(stock, tea, 6) is True
    assert scrap(stock, tea, 6) is False
    with pytest.raises(KeyReused):
        scrap(stock, tea, 7)
    assert make.balances(stock) == {("NB", "L1", "available", True): 14}


def test_one_key_stands_for_the_same_serial_numbers(stock: Stock) -> None:
    mill = stock.product("MILL", tracking="serial")
    make.book(stock, mill, 3, serials=("S1", "S2", "S3"))

    def scrap_pieces(*serials: str) -> bool:
        take = make.take(stock, mill, len(serials), serials=serials)
        return service.scrap(stock.connection, actor=ACTOR, take=take, reason="r", document="", key="s", now=NOW)

    assert scrap_pieces("S1", "S2") is True
    assert scrap_pieces("S2", "S1") is False
    for others in (("S1",), ("S1", "S3"), ("S1", "S2", "S3")):
        with pytest.raises(KeyReused):
            scrap_pieces(*others)
    assert {code for code, at in make.serials(stock).items() if at[2] == "scrapped"} == {"S1", "S2"}


def test_a_lot_past_its_last_day_does_not_become_usable_again(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20, expires_on=in_days(3))
    held = {"actor": ACTOR, "reason": "r"}
    take = make.take(stock, tea, 20)
    service.change_status(stock.connection, take=take, status="blocked", key="h", now=NOW, **held)
    blocked = make.take(stock, tea, 20, status="blocked")
    with pytest.raises(LotExpired):
        service.change_status(
            stock.connection,
            take=blocked,
            status="available",
            key="f",
            now=NOW + timedelta(days=4),
            **held,
        )
    assert service.change_status(
        stock.connection,
        take=blocked,
        status="available",
        key="f",
        now=NOW,
        **held,
    )
