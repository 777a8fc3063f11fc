"""Zones and bins belong to a node; a node says how long its word holds; picks leave their promise."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import AllocationLine, LocationDraft, UnknownLocation
from portal.inventory.places import BadPlace, UnknownDocument, UnknownLot, UnknownStatus
from portal.kernel.gs1 import Scan
from portal.kernel.ids import new_id
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def place(stock: Stock, parent_id: UUID, code: str, level: str = "bin") -> UUID:
    return service.add_place(
        stock.connection,
        actor=ACTOR,
        parent_id=parent_id,
        level=level,
        code=code,
        name_zh="",
        name_en="",
        now=NOW,
    )


def test_places_come_node_by_node_and_zone_by_zone(stock: Stock) -> None:
    zone = place(stock, stock.main, "Z", "zone")
    for parent_id, code in ((zone, "Z-2"), (zone, "Z-1"), (stock.main, "FLOOR")):
        place(stock, parent_id, code)
    found = reads.places(stock.connection, org_id=ORG)
    assert [(one.code, one.level) for one in found] == [
        ("CD", "node"),
        ("NB", "node"),
        ("FLOOR", "bin"),
        ("Z", "zone"),
        ("Z-1", "bin"),
        ("Z-2", "bin"),
    ]
    assert {one.node_id for one in found[2:]} == {stock.main}
    assert [one.code for one in reads.locations(stock.connection, org_id=ORG)] == ["CD", "NB"]


def test_bins_carry_the_kind_of_their_node_and_keep_their_code(stock: Stock) -> None:
    place(stock, stock.main, "A-01")
    draft = LocationDraft(code="NB", name_zh="宁波", name_en="Ningbo", kind="third_party")
    service.save_locations(stock.connection, actor=ACTOR, drafts=[draft], now=NOW)
    taken = LocationDraft(code="A-01", name_zh="别的", name_en="Other", kind="own")
    with pytest.raises(BadPlace), stock.connection.begin_nested():
        service.save_locations(stock.connection, actor=ACTOR, drafts=[taken], now=NOW)
    row = stock.connection.execute(text("SELECT name_en, kind FROM location WHERE code = 'A-01'")).one()
    assert tuple(row) == ("A-01", "third_party")


def test_a_place_that_cannot_be_is_refused(stock: Stock) -> None:
    a_bin = place(stock, stock.main, "A-01")
    for parent_id, code, level in (
        (a_bin, "A-01-1", "bin"),
        (stock.main, "A-01", "bin"),
        (stock.main, "  ", "bin"),
        (stock.main, "N", "node"),
    ):
        with pytest.raises(BadPlace):
            place(stock, parent_id, code, level)
    for parent_id in (
        new_id(NOW),
        service.ensure_virtual_locations(stock.connection, org_id=ORG, now=NOW)["scrap"],
    ):
        with pytest.raises(UnknownLocation):
            place(stock, parent_id, "B")
        with pytest.raises(UnknownLocation):
            service.rename_place(stock.connection, actor=ACTOR, place_id=parent_id, name_zh="x", name_en="x")
        with pytest.raises(UnknownLocation):
            reads.find_place(stock.connection, org_id=ORG, place_id=parent_id)
    with pytest.raises(BadPlace):
        service.rename_place(stock.connection, actor=ACTOR, place_id=a_bin, name_zh=" ", name_en="x")


def test_a_limit_that_cannot_be_is_refused(stock: Stock) -> None:
    a_bin = place(stock, stock.main, "A-01")

    def limit(node_id: UUID, hours: int | None, policy: str = "count") -> None:
        service.limit_feed(stock.connection, actor=ACTOR, node_id=node_id, hours=hours, policy=policy)

    with pytest.raises(UnknownStatus):
        limit(stock.main, 4, "ignore")
    with pytest.raises(BadPlace):
        limit(stock.main, 0)
    with pytest.raises(UnknownLocation):
        limit(a_bin, 4)


def test_the_books_that_drift_are_written_down_and_not_repaired(stock: Stock) -> None:
    tea, mill = stock.product(), stock.product("MILL", tracking="serial")
    make.book(stock, tea, 20)
    make.book(stock, mill, 2, serials=("S1", "S2"))
    assert reads.last_check(stock.connection, org_id=ORG) is None
    assert service.check_books(stock.connection, org_id=ORG, now=NOW) == ()
    stock.connection.execute(text("UPDATE stock_balance SET on_hand = 21 WHERE product_id = :tea"), {"tea": tea})
    stock.connection.execute(
        text("UPDATE serial SET location_id = :place WHERE code = 'S2'"), {"place": stock.outside}
    )
    drifts = service.check_books(stock.connection, org_id=ORG, now=NOW)
    assert [(d.what, d.sku, d.place, d.lot, d.serial, d.balance, d.moved) for d in drifts] == [
        ("balance", "TEA", "NB", "L1", "", 21, 20),
        ("pieces", "MILL", "CD", "L1", "", 0, 1),
        ("pieces", "MILL", "NB", "L1", "", 2, 1),
        ("serial", "MILL", "CD", "L1", "S2", 1, 0),
        ("serial", "MILL", "NB", "L1", "S2", 0, 1),
    ]
    check = reads.last_check(stock.connection, org_id=ORG)
    assert check is not None
    assert (check.at, check.drifts) == (NOW, 5)
    assert make.balances(stock, tea) == {("NB", "L1", "available", True): 21}


def pick(stock: Stock, document: str, allocation_id: UUID, key: str, quantity: int = 2) -> bool:
    return service.pick(
        stock.connection,
        actor=ACTOR,
        document=document,
        allocation_id=allocation_id,
        place=Scan(plain="NB"),
        goods=Scan(plain="L1"),
        quantity=quantity,
        key=key,
        now=NOW,
    )


def test_a_pick_takes_once_and_only_what_is_open_under_its_document(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    stock.promise(tea, 2, days=1)
    allocation_id = stock.connection.execute(text("SELECT id FROM allocation")).scalar_one()
    with pytest.raises(UnknownDocument):
        pick(stock, "SO-9", allocation_id, "k")
    assert pick(stock, "SO-1", allocation_id, "k") is True
    assert pick(stock, "SO-1", allocation_id, "k") is False
    with pytest.raises(UnknownDocument):
        pick(stock, "SO-1", allocation_id, "k2")
    assert make.balances(stock) == {("NB", "L1", "available", True): 18}
    assert reads.pick_lines(stock.connection, org_id=ORG, document="SO-1", as_of=NOW) == ()


def test_an_unknown_lot_has_no_trace(stock: Stock) -> None:
    with pytest.raises(UnknownLot):
        reads.trace_lot(stock.connection, org_id=ORG, lot_id=new_id(NOW))


def test_two_lines_of_one_product_are_not_sent_to_the_same_goods(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 5)
    make.book(stock, tea, 5, lot_code="L2")
    for key in ("SO-1/1", "SO-1/2"):
        stock.promise(tea, 4, days=1, key=key)
    stock.connection.execute(text("UPDATE allocation SET document = 'SO-1'"))
    lines = reads.pick_lines(stock.connection, org_id=ORG, document="SO-1", as_of=NOW)
    assert [[(task.spot.lot, task.spot.quantity) for task in line.tasks] for line in lines] == [
        [("L1", 4)],
        [("L1", 1), ("L2", 3)],
    ]


def test_an_order_told_again_does_not_promise_what_was_picked(stock: Stock) -> None:
    tea = stock.product()
    make.book(stock, tea, 20)
    stock.promise(tea, 5, days=1)
    stock.promise(tea, 2, days=1, key="SO-2")
    first, second = stock.connection.execute(text("SELECT id FROM allocation ORDER BY source_key")).scalars()
    pick(stock, "SO-1", first, "k")
    pick(stock, "SO-2", second, "k")
    lines = [
        AllocationLine(
            product_id=tea,
            location_id=stock.main,
            quantity=quantity,
            needed_on=in_days(1),
            document=key,
            source_key=key,
        )
        for key, quantity in (("SO-1", 6), ("SO-2", 2))
    ]
    service.keep_for_documents(stock.connection, actor=ACTOR, documents=["SO-1", "SO-2"], lines=lines, now=NOW)
    rows = stock.connection.execute(text("SELECT state, quantity FROM allocation ORDER BY source_key"))
    assert [tuple(row) for row in rows] == [("open", 4), ("shipped", 2)]
