"""Stock goes from place to place and status to status; every deed once, every refusal with nothing changed."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from portal.inventory import reads, service
from portal.inventory.model import BadQuantity, NotEnoughStock, StockLine, UnknownLocation, UnknownProduct
from portal.inventory.places import (
    AlreadyReversed,
    ReasonNeeded,
    SerialsDiffer,
    UnknownLot,
    UnknownMove,
    UnknownStatus,
    WrongOwner,
    WrongPlace,
)
from portal.kernel.disclosure import Disclosure
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

STAFF = Disclosure(everything=True, tier=None)
FELL = "inventory.stock.fell"


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def agrees(stock: Stock) -> bool:
    return reads.reconcile(stock.connection, org_id=ORG) == ()


def move_id(stock: Stock, key: str) -> UUID:
    found = stock.connection.execute(
        text("SELECT id FROM stock_move WHERE idempotency_key LIKE :key"), {"key": f"{key}%"}
    )
    return UUID(str(found.scalar_one()))


def transfer(stock: Stock, product_id: UUID, quantity: int, to_id: UUID, key: str = "t", **more: object) -> bool:
    return service.transfer(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, product_id, quantity, **more),
        to_id=to_id,
        document="",
        key=key,
        now=NOW,
    )


def hold(stock: Stock, product_id: UUID, quantity: int, status: str = "blocked", **more: object) -> bool:
    return service.change_status(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, product_id, quantity, **more),
        status=status,
        reason="Wet cartons",
        key=f"hold-{status}",
        now=NOW,
    )


def test_goods_put_away_are_in_the_bin_and_still_the_nodes_stock(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20)
    assert transfer(stock, tea, 12, a_bin) is True
    assert transfer(stock, tea, 12, a_bin) is False
    assert make.balances(stock) == {("NB", "L1", "available", True): 8, ("A-01", "L1", "available", True): 12}
    page = reads.availability(stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW)
    assert [(row.on_hand, row.promise) for row in page.rows] == [(20, 20)]
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=STAFF, sku="TEA", as_of=NOW)
    assert detail.nodes is not None
    assert [(node.location.code, [lot.quantity for lot in node.lots]) for node in detail.nodes] == [("NB", [20])]
    position = reads.stock_position(
        stock.connection, org_id=ORG, product_id=tea, location_id=stock.main, as_of=NOW
    )
    assert (position.on_hand, position.held) == (20, 0)
    assert stock.messages(FELL) == 0
    assert agrees(stock)


def test_goods_that_leave_for_another_node_are_told_as_fallen_where_they_left(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20, location_id=a_bin)
    transfer(stock, tea, 5, stock.outside, place_id=a_bin)
    assert make.balances(stock) == {("A-01", "L1", "available", True): 15, ("CD", "L1", "available", True): 5}
    row = stock.connection.execute(text("SELECT body FROM outbox_message WHERE name = :name"), {"name": FELL})
    assert row.scalar_one()["location_id"] == str(stock.main)


def test_goods_of_several_bins_leave_first_expired_first(stock: Stock) -> None:
    tea, left, right = stock.product(), make.add_bin(stock, "A-01"), make.add_bin(stock, "A-02")
    make.book(stock, tea, 5, location_id=right, lot_code="OLD", expires_on=in_days(3))
    make.book(stock, tea, 5, location_id=left, lot_code="NEW", expires_on=in_days(9))
    make.issue(stock, tea, 7)
    assert make.balances(stock) == {("A-01", "NEW", "available", True): 3}
    assert agrees(stock)


def test_stock_that_is_held_is_there_and_cannot_be_promised(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    assert hold(stock, tea, 6, "quarantine") is True
    assert hold(stock, tea, 6, "quarantine") is False
    assert make.balances(stock) == {("NB", "L1", "available", True): 14, ("NB", "L1", "quarantine", True): 6}
    page = reads.availability(stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW)
    assert [(row.on_hand, row.held, row.promise) for row in page.rows] == [(20, 6, 14)]
    move = stock.connection.execute(
        text("SELECT from_status, to_status, reason, actor, quantity FROM stock_move WHERE kind = 'status'")
    ).one()
    assert tuple(move) == ("available", "quarantine", "Wet cartons", "tester", 6)
    assert stock.messages(FELL) == 1
    assert agrees(stock)


def test_stock_that_is_in_a_status_already_stays_as_it_is(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    hold(stock, tea, 6, "available")
    assert stock.moves() == 1


def test_a_lot_is_held_wherever_it_lies_and_more_of_it_arrives_held(stock: Stock) -> None:
    tea, a_bin, owner = stock.product(), make.add_bin(stock, "A-01"), stock.partner("SUP")
    make.book(stock, tea, 20)
    make.book(stock, tea, 4, location_id=a_bin)
    make.book(stock, tea, 3, owner_id=owner)
    make.book(stock, tea, 9, lot_code="L2")

    def block(status: str, key: str) -> int:
        return service.change_lot_status(
            stock.connection,
            actor=ACTOR,
            product_id=tea,
            lot_code="L1",
            status=status,
            reason="Recall 7",
            key=key,
            now=NOW,
        )

    assert block("blocked", "recall") == 27
    assert block("blocked", "recall") == 0
    make.book(stock, tea, 1, location_id=stock.outside)
    assert make.balances(stock) == {
        ("NB", "L1", "blocked", True): 20,
        ("A-01", "L1", "blocked", True): 4,
        ("NB", "L1", "blocked", False): 3,
        ("NB", "L2", "available", True): 9,
        ("CD", "L1", "blocked", True): 1,
    }
    assert block("available", "freed") == 28
    assert stock.messages(FELL) == 1
    assert agrees(stock)


def test_scrapped_stock_is_out_of_the_books_with_its_reason(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)

    def scrap() -> bool:
        return service.scrap(
            stock.connection,
            actor=ACTOR,
            take=make.take(stock, tea, 6),
            reason=" Broken ",
            document="B-1",
            key="s",
            now=NOW,
        )

    assert (scrap(), scrap()) == (True, False)
    assert make.balances(stock) == {("NB", "L1", "available", True): 14}
    row = stock.connection.execute(text("SELECT reason, document FROM stock_move WHERE kind = 'scrap'")).one()
    assert tuple(row) == ("Broken", "B-1")


def test_consignment_stock_is_shown_to_nobody_as_ours(stock: Stock) -> None:
    tea, owner = stock.product(), stock.partner("SUP")
    make.book(stock, tea, 20)
    make.book(stock, tea, 50, owner_id=owner)
    page = reads.availability(stock.connection, org_id=ORG, disclosure=STAFF, as_of=NOW)
    assert [(row.on_hand, row.promise) for row in page.rows] == [(20, 20)]
    with pytest.raises(NotEnoughStock):
        make.issue(stock, tea, 21)
    assert agrees(stock)


def test_a_count_of_a_node_counts_its_bins_and_takes_off_its_floor_first(stock: Stock) -> None:
    tea, a_bin, owner = stock.product(), make.add_bin(stock, "A-01"), stock.partner("SUP")
    make.book(stock, tea, 4)
    make.book(stock, tea, 20, location_id=a_bin)
    make.book(stock, tea, 9, owner_id=owner)
    hold(stock, tea, 3, place_id=a_bin)

    def count(quantity: int, place_id: UUID, key: str) -> int:
        line = StockLine(product_id=tea, location_id=place_id, quantity=quantity, lot_code="L1")
        return service.set_stock(
            stock.connection, actor=ACTOR, lines=[line], document="C", key_prefix=key, now=NOW
        )

    assert count(24, stock.main, "c1") == 0
    assert count(18, stock.main, "c2") == 2
    after = {
        ("A-01", "L1", "available", True): 15,
        ("A-01", "L1", "blocked", True): 3,
        ("NB", "L1", "available", False): 9,
    }
    assert make.balances(stock) == after
    assert count(19, stock.main, "c3") == 1
    assert count(16, a_bin, "c4") == 1
    assert make.balances(stock) == after | {
        ("NB", "L1", "available", True): 1,
        ("A-01", "L1", "available", True): 13,
    }
    assert agrees(stock)


def test_a_move_is_taken_back_once_by_a_move_that_names_it(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20)
    transfer(stock, tea, 12, a_bin)
    moved = move_id(stock, "t")

    def reverse(what: UUID) -> UUID:
        return service.reverse_move(stock.connection, actor=ACTOR, move_id=what, reason="Wrong bin", now=NOW)

    back = reverse(moved)
    row = stock.connection.execute(
        text("SELECT reverses_id, reason, kind FROM stock_move WHERE id = :id"), {"id": back}
    ).one()
    assert tuple(row) == (moved, "Wrong bin", "reverse")
    assert make.balances(stock) == {("NB", "L1", "available", True): 20}
    for what in (moved, back):
        with pytest.raises(AlreadyReversed):
            reverse(what)
    assert stock.moves() == 3
    assert agrees(stock)


def test_what_is_no_longer_there_cannot_be_taken_back(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20)
    transfer(stock, tea, 12, a_bin)
    transfer(stock, tea, 1, stock.outside, key="on", place_id=a_bin)
    with pytest.raises(NotEnoughStock) as refusal:
        service.reverse_move(stock.connection, actor=ACTOR, move_id=move_id(stock, "t"), reason="r", now=NOW)
    assert refusal.value.values == {"sku": "TEA", "place": "A-01", "held": 11, "asked": 12}
    assert stock.moves() == 3


def test_an_issue_that_is_taken_back_is_on_hand_again(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    make.issue(stock, tea, 7)
    service.reverse_move(stock.connection, actor=ACTOR, move_id=move_id(stock, "i"), reason="Not sent", now=NOW)
    assert make.balances(stock) == {("NB", "L1", "available", True): 20}
    assert agrees(stock)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE stock_move SET quantity = 1", "DELETE FROM stock_move", "TRUNCATE stock_move CASCADE"],
)
def test_the_database_itself_refuses_to_change_a_move(stock: Stock, statement: str) -> None:
    make.book(stock, stock.product(), 20)
    with pytest.raises(IntegrityError, match="never changed or deleted"), stock.connection.begin_nested():
        stock.connection.execute(text(statement))
    assert stock.moves() == 1


def test_all_moves_together_are_zero_over_all_places(stock: Stock) -> None:
    tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
    make.book(stock, tea, 20)
    transfer(stock, tea, 12, a_bin)
    hold(stock, tea, 2, place_id=a_bin)
    rows = stock.connection.execute(
        text(
            "SELECT COALESCE(SUM(quantity), 0) FROM (SELECT to_location_id, quantity FROM stock_move"
            " UNION ALL SELECT from_location_id, -quantity FROM stock_move) AS ends"
        )
    )
    assert rows.scalar_one() == 0


REFUSED: dict[str, tuple[type[PortalError], Callable[[Stock, UUID], object]]] = {
    "nothing": (BadQuantity, lambda stock, tea: transfer(stock, tea, 0, stock.outside)),
    "less than nothing": (BadQuantity, lambda stock, tea: transfer(stock, tea, -3, stock.outside)),
    "more than is there": (NotEnoughStock, lambda stock, tea: transfer(stock, tea, 21, stock.outside)),
    "to where it is": (WrongPlace, lambda stock, tea: transfer(stock, tea, 1, stock.main)),
    "to nowhere": (UnknownLocation, lambda stock, tea: transfer(stock, tea, 1, new_id(NOW))),
    "from nowhere": (UnknownLocation, lambda stock, tea: transfer(stock, tea, 1, stock.outside, place_id=ORG)),
    "another lot": (UnknownLot, lambda stock, tea: transfer(stock, tea, 1, stock.outside, lot_code="L9")),
    "another owner": (WrongOwner, lambda stock, tea: transfer(stock, tea, 1, stock.outside, owner_id=ORG)),
    "an empty place": (
        NotEnoughStock,
        lambda stock, tea: transfer(stock, tea, 1, stock.main, place_id=stock.outside),
    ),
    "an unknown product": (UnknownProduct, lambda stock, _: transfer(stock, ORG, 1, stock.outside)),
    "an unknown status": (UnknownStatus, lambda stock, tea: hold(stock, tea, 1, "lost")),
    "from an unknown status": (
        UnknownStatus,
        lambda stock, tea: transfer(stock, tea, 1, stock.outside, status="x"),
    ),
    "serial numbers of tea": (
        SerialsDiffer,
        lambda stock, tea: transfer(stock, tea, 1, stock.outside, serials=("S",)),
    ),
    "without a reason": (
        ReasonNeeded,
        lambda stock, tea: service.scrap(
            stock.connection,
            actor=ACTOR,
            take=make.take(stock, tea, 1),
            reason="  ",
            document="",
            key="s",
            now=NOW,
        ),
    ),
    "an unknown lot held": (
        UnknownLot,
        lambda stock, tea: service.change_lot_status(
            stock.connection,
            actor=ACTOR,
            product_id=tea,
            lot_code="L9",
            status="blocked",
            reason="r",
            key="k",
            now=NOW,
        ),
    ),
    "an unknown move": (
        UnknownMove,
        lambda stock, _: service.reverse_move(stock.connection, actor=ACTOR, move_id=ORG, reason="r", now=NOW),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_with_nothing_changed(stock: Stock, case: str) -> None:
    refusal, deed = REFUSED[case]
    tea = stock.product()
    make.book(stock, tea, 20)
    with pytest.raises(refusal), stock.connection.begin_nested():
        deed(stock, tea)
    assert make.balances(stock) == {("NB", "L1", "available", True): 20}


def test_what_was_freed_is_held_again_when_that_is_taken_back(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    hold(stock, tea, 6, "quarantine")
    service.change_status(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, tea, 6, status="quarantine"),
        status="available",
        reason="Dry again",
        key="free",
        now=NOW,
    )
    freed = move_id(stock, "free")
    service.reverse_move(stock.connection, actor=ACTOR, move_id=freed, reason="Still wet", now=NOW)
    assert make.balances(stock) == {("NB", "L1", "available", True): 14, ("NB", "L1", "quarantine", True): 6}
