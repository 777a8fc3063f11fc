"""A serial number is at exactly one place, is used once, and two who want it come one after the other.

Named for odoo 268942 and its backport 272560: there a second transaction skipped the locked row and reserved the
same serial number again. Here it waits, and is refused.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from portal.inventory import reads, service
from portal.inventory.model import NotEnoughStock, StockLine, UnknownLocation
from portal.inventory.places import (
    LotExpired,
    LotHeld,
    SerialElsewhere,
    SerialsDiffer,
    SerialUsed,
    UnknownSerial,
)
from portal.inventory.store import Move, post_moves
from portal.platform.db import Database
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company

WRITERS = 8


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def machine(stock: Stock, *codes: str, **more: object) -> UUID:
    """Book machines with serial numbers into the main node."""
    product_id = stock.product("MILL", tracking="serial")
    make.book(stock, product_id, len(codes), serials=codes, **more)
    return product_id


def issue(stock: Stock, product_id: UUID, *codes: str, key: str = "i", quantity: int | None = None) -> None:
    made = len(codes) if quantity is None else quantity
    make.issue(stock, product_id, made, key=key, serials=codes)


def test_serial_numbers_arrive_go_to_a_bin_and_leave(stock: Stock) -> None:
    mill, a_bin = machine(stock, "S1", "S2", "S3"), make.add_bin(stock, "A-01")
    take = make.take(stock, mill, 2, serials=("S1", "S2"))
    service.transfer(stock.connection, actor=ACTOR, take=take, to_id=a_bin, document="", key="t", now=NOW)
    issue(stock, mill, "S2")
    assert make.serials(stock) == {
        "S1": ("A-01", "available", "in_stock"),
        "S2": ("@customer", "available", "shipped"),
        "S3": ("NB", "available", "in_stock"),
    }
    assert make.balances(stock) == {("A-01", "L1", "available", True): 1, ("NB", "L1", "available", True): 1}
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_the_same_arrival_twice_is_one(stock: Stock) -> None:
    mill = machine(stock, "S1")
    make.book(stock, mill, 1, serials=("S1",))
    assert stock.moves() == 1


def test_a_serial_number_that_was_used_does_not_arrive_again(stock: Stock) -> None:
    mill = machine(stock, "S1", "S2")
    issue(stock, mill, "S2")
    for code in ("S1", "S2"):
        with pytest.raises(SerialUsed) as refusal:
            make.book(stock, mill, 1, serials=(code,), location_id=stock.outside)
        assert refusal.value.values["serial"] == code


def test_an_arrival_taken_back_may_be_booked_again(stock: Stock) -> None:
    mill = machine(stock, "S1")
    moved = stock.connection.execute(text("SELECT id FROM stock_move")).scalar_one()
    service.reverse_move(stock.connection, actor=ACTOR, move_id=moved, reason="Not ours", now=NOW)
    assert make.serials(stock) == {"S1": ("@adjustment", "available", "void")}
    make.book(stock, mill, 1, serials=("S1",), location_id=stock.outside, lot_code="L2")
    assert make.serials(stock) == {"S1": ("CD", "available", "in_stock")}
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_what_left_and_came_back_is_in_stock_again_and_may_leave_again(stock: Stock) -> None:
    mill = machine(stock, "S1")
    issue(stock, mill, "S1")
    moved = stock.connection.execute(text("SELECT id FROM stock_move WHERE kind = 'issue'")).scalar_one()
    service.reverse_move(stock.connection, actor=ACTOR, move_id=moved, reason="Returned", now=NOW)
    issue(stock, mill, "S1", key="again")
    with pytest.raises(SerialUsed):
        issue(stock, mill, "S1", key="third")


def test_what_moved_on_is_not_taken_back(stock: Stock) -> None:
    mill = machine(stock, "S1", "S2")
    booked = stock.connection.execute(
        text("SELECT m.id FROM stock_move m JOIN serial s ON s.id = m.serial_id WHERE s.code = 'S1'")
    ).scalar_one()
    issue(stock, mill, "S1")
    with pytest.raises(SerialUsed):
        service.reverse_move(stock.connection, actor=ACTOR, move_id=booked, reason="r", now=NOW)


def test_a_held_or_expired_piece_does_not_leave(stock: Stock) -> None:
    mill = machine(stock, "S1", "S2", expires_on=TODAY - timedelta(days=1))
    with pytest.raises(LotExpired):
        issue(stock, mill, "S1")
    take = make.take(stock, mill, 1, serials=("S1",))
    service.change_status(
        stock.connection, actor=ACTOR, take=take, status="blocked", reason="Dent", key="h", now=NOW
    )
    assert make.serials(stock)["S1"] == ("NB", "blocked", "in_stock")
    with pytest.raises(LotHeld):
        issue(stock, mill, "S1")


def test_a_lot_that_is_held_takes_its_pieces_with_it(stock: Stock) -> None:
    mill = machine(stock, "S1", "S2")
    held = service.change_lot_status(
        stock.connection,
        actor=ACTOR,
        product_id=mill,
        lot_code="L1",
        status="quarantine",
        reason="Check",
        key="q",
        now=NOW,
    )
    assert (held, {at[1] for at in make.serials(stock).values()}) == (2, {"quarantine"})
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_a_scrapped_piece_is_used(stock: Stock) -> None:
    mill = machine(stock, "S1")
    take = make.take(stock, mill, 1, serials=("S1",))
    service.scrap(stock.connection, actor=ACTOR, take=take, reason="Burnt", document="", key="s", now=NOW)
    assert make.serials(stock)["S1"] == ("@scrap", "available", "scrapped")
    with pytest.raises(SerialUsed):
        issue(stock, mill, "S1")


@pytest.mark.parametrize(
    ("codes", "quantity"), [((), 1), (("S1",), 2), (("S1", "S2"), 1), (("S1", "S1"), 2), (("",), 1)]
)
def test_every_piece_needs_its_own_number(stock: Stock, codes: tuple[str, ...], quantity: int) -> None:
    mill = machine(stock, "S1", "S2")
    with pytest.raises(SerialsDiffer):
        issue(stock, mill, *codes, quantity=quantity)
    with pytest.raises(SerialsDiffer):
        make.book(stock, mill, quantity, serials=codes, location_id=stock.outside)


def test_numbers_that_are_not_there_are_refused(stock: Stock) -> None:
    mill = machine(stock, "S1")
    make.book(stock, mill, 1, serials=("S8",), lot_code="L2")
    with pytest.raises(UnknownSerial):
        issue(stock, mill, "S9")
    for code in ("S9", "S8"):
        take = make.take(stock, mill, 1, serials=(code,))
        with pytest.raises(UnknownSerial):
            service.scrap(stock.connection, actor=ACTOR, take=take, reason="r", document="", key="s", now=NOW)
    with pytest.raises(SerialUsed):
        service.issue_stock(
            stock.connection,
            actor=ACTOR,
            product_id=mill,
            location_id=stock.outside,
            quantity=1,
            document="SO",
            key="k",
            now=NOW,
            serials=("S1",),
        )


def test_a_figure_does_not_say_which_piece_is_missing(stock: Stock) -> None:
    mill = machine(stock, "S1")

    def count(quantity: int) -> int:
        line = StockLine(product_id=mill, location_id=stock.main, quantity=quantity, lot_code="L1")
        return service.set_stock(
            stock.connection, actor=ACTOR, lines=[line], document="C", key_prefix="c", now=NOW
        )

    assert count(1) == 0
    with pytest.raises(SerialsDiffer):
        count(0)


def test_a_receipt_brings_its_numbers_straight_to_a_bin(stock: Stock) -> None:
    mill, a_bin = stock.product("MILL", tracking="serial"), make.add_bin(stock, "A-01")
    stock.expect(mill, 2, days=1, shipped=True)

    def receive(*codes: str, place_id: UUID | None = a_bin) -> int:
        return service.receive(
            stock.connection,
            actor=ACTOR,
            source_key="PO-1",
            quantity=2,
            lot_code="L1",
            lot_made_on=None,
            lot_expires_on=in_days(90),
            key="r",
            now=NOW,
            serials=codes,
            place_id=place_id,
        )

    with pytest.raises(SerialsDiffer):
        receive("S1")
    with pytest.raises(UnknownLocation):
        receive("S1", "S2", place_id=stock.outside)
    assert receive("S1", "S2") == 0
    assert make.serials(stock) == {
        "S1": ("A-01", "available", "in_stock"),
        "S2": ("A-01", "available", "in_stock"),
    }
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_the_one_writer_refuses_a_piece_that_is_not_where_its_move_begins(stock: Stock) -> None:
    mill = machine(stock, "S1", "S2")
    row = stock.connection.execute(text("SELECT id, lot_id FROM serial WHERE code = 'S1'")).one()
    issue(stock, mill, "S1")
    move = Move(
        product_id=mill,
        lot_id=row.lot_id,
        from_id=stock.main,
        to_id=stock.outside,
        quantity=1,
        kind="transfer",
        key="k",
        serial_id=row.id,
    )
    with pytest.raises(SerialElsewhere), stock.connection.begin_nested():
        post_moves(stock.connection, org_id=ORG, moves=[move], actor="tester", now=NOW)
    assert stock.moves() == 3


def test_the_database_refuses_two_pieces_of_one_number(stock: Stock) -> None:
    mill = machine(stock, "S1")
    move = Move(
        product_id=mill,
        lot_id=stock.connection.execute(text("SELECT lot_id FROM serial")).scalar_one(),
        from_id=stock.main,
        to_id=stock.outside,
        quantity=2,
        kind="transfer",
        key="k",
        serial_id=stock.connection.execute(text("SELECT id FROM serial")).scalar_one(),
    )
    with pytest.raises(IntegrityError), stock.connection.begin_nested():
        post_moves(stock.connection, org_id=ORG, moves=[move], actor="tester", now=NOW)


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=WRITERS)
    yield database
    database.close()


def test_odoo_268942_272560_one_serial_number_wanted_by_many_leaves_once(database: Database) -> None:
    with database.transaction() as connection:
        stock = stock_company(connection)
        mill = machine(stock, "S1", "S2")

    def one(number: int) -> str:
        try:
            with database.transaction() as connection:
                issue(Stock(connection, stock.main, stock.outside), mill, "S1", key=f"i-{number}")
        except SerialUsed as refusal:
            return refusal.code
        return "left"

    with ThreadPoolExecutor(WRITERS) as pool:
        outcomes = sorted(pool.map(one, range(WRITERS)))
    assert outcomes == ["left", *["serial_used"] * (WRITERS - 1)]
    with database.transaction() as connection:
        after = Stock(connection, stock.main, stock.outside)
        assert make.balances(after) == {("NB", "L1", "available", True): 1}
        assert make.serials(after)["S1"] == ("@customer", "available", "shipped")
        assert reads.reconcile(connection, org_id=ORG) == ()


def test_nopcommerce_8085_two_who_read_the_same_figure_both_count(database: Database) -> None:
    """There each wrote the figure it had computed, and one decrement was lost."""
    with database.transaction() as connection:
        stock = stock_company(connection)
        tea, a_bin = stock.product(), make.add_bin(stock, "A-01")
        make.book(stock, tea, 100)

    def one(number: int) -> int:
        quantity = 5 if number % 2 else 3
        try:
            with database.transaction() as connection:
                here = Stock(connection, stock.main, stock.outside)
                service.transfer(
                    connection,
                    actor=ACTOR,
                    take=make.take(here, tea, quantity),
                    to_id=a_bin,
                    document="",
                    key=f"t-{number}",
                    now=NOW,
                )
        except NotEnoughStock:
            return 0
        return quantity

    with ThreadPoolExecutor(WRITERS) as pool:
        went = sum(pool.map(one, range(40)))
    with database.transaction() as connection:
        after = make.balances(Stock(connection, stock.main, stock.outside))
        assert after.get(("NB", "L1", "available", True), 0) == 100 - went
        assert after["A-01", "L1", "available", True] == went
        assert went in {98, 99, 100}
        assert reads.reconcile(connection, org_id=ORG) == ()
