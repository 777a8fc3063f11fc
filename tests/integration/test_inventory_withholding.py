"""A lot that is withheld leaves what can be promised and comes back as it was; what people hold stays held."""

import pytest
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import NotEnoughStock
from portal.inventory.places import LotWithheld, MoveOfPapers, UnknownLot, UnknownStatus
from portal.kernel.disclosure import Disclosure
from portal.kernel.gs1 import Scan
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, Stock, stock_company

STAFF = Disclosure(everything=True, tier=None)
WHY = [{"fault": "expired", "zh": "许可证", "en": "Licence", "number": "SC-1", "since": "2026-11-22"}]


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def withhold(stock: Stock, tea: object, key: str = "w", why: list[dict[str, str]] = WHY) -> int:
    return service.withhold_lot(
        stock.connection,
        actor=ACTOR,
        product_id=tea,  # type: ignore[arg-type]
        lot_code="L1",
        reasons=why,
        key=key,
        now=NOW,
    )


def free(stock: Stock, tea: object, key: str = "f") -> int:
    return service.free_lot(
        stock.connection,
        actor=ACTOR,
        product_id=tea,  # type: ignore[arg-type]
        lot_code="L1",
        key=key,
        now=NOW,
    )


def hold(stock: Stock, tea: object, quantity: int, into: str, key: str, **more: object) -> None:
    service.change_status(
        stock.connection,
        actor=ACTOR,
        take=make.take(stock, tea, quantity, **more),  # type: ignore[arg-type]
        status=into,
        reason="Wet cartons",
        key=key,
        now=NOW,
        even_promised=True,
    )


def promisable(stock: Stock) -> int:
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=STAFF, sku="TEA", as_of=NOW)
    return detail.row.steps[0].quantity


def test_only_what_was_usable_is_withheld_and_only_that_is_given_back(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    stock.book(tea, 4, lot="L2")
    hold(stock, tea, 3, "quarantine", "q")
    assert withhold(stock, tea) == 7
    assert promisable(stock) == 4
    assert make.balances(stock, tea) == {
        ("NB", "L1", "withheld", True): 7,
        ("NB", "L1", "quarantine", True): 3,
        ("NB", "L2", "available", True): 4,
    }
    assert stock.messages("inventory.stock.fell") == 2
    assert free(stock, tea) == 7
    assert promisable(stock) == 11
    assert make.balances(stock, tea)["NB", "L1", "quarantine", True] == 3
    assert reads.reconcile(stock.connection, org_id=ORG) == ()


def test_withholding_twice_moves_nothing_more_and_keeps_the_newest_reasons(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    newer = [{"fault": "recalled", "why": "Salmonella"}]
    assert (withhold(stock, tea), withhold(stock, tea, "w2", newer)) == (10, 0)
    (lot,) = reads.find_lots(stock.connection, org_id=ORG, code="L1")
    assert lot.withheld == newer
    reasons = stock.connection.execute(text("SELECT reason FROM stock_move WHERE kind = 'withhold'"))
    assert [row.reason for row in reasons] == ["SC-1"]


def test_a_lot_that_somebody_holds_is_given_back_as_held(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    withhold(stock, tea)
    service.change_lot_status(
        stock.connection,
        actor=ACTOR,
        product_id=tea,
        lot_code="L1",
        status="quarantine",
        reason="To be tested",
        key="lot",
        now=NOW,
    )
    stock.book(tea, 2, at=stock.outside)
    assert (free(stock, tea), make.balances(stock, tea)) == (
        0,
        {("NB", "L1", "quarantine", True): 10, ("CD", "L1", "quarantine", True): 2},
    )


def test_more_of_a_withheld_lot_arrives_withheld_and_others_goods_are_withheld_too(stock: Stock) -> None:
    tea, firm = stock.product(), stock.partner("S9")
    make.book(stock, tea, 5, owner_id=firm)
    withhold(stock, tea)
    stock.book(tea, 2, at=stock.outside)
    assert make.balances(stock, tea) == {
        ("NB", "L1", "withheld", False): 5,
        ("CD", "L1", "withheld", True): 2,
    }
    assert free(stock, tea) == 7


def test_nothing_makes_a_withheld_lot_usable_but_its_papers(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    hold(stock, tea, 2, "blocked", "b")
    withhold(stock, tea)
    before = make.balances(stock, tea)
    found = stock.connection.execute(text("SELECT id, kind FROM stock_move ORDER BY seq")).all()
    by_kind = {row.kind: row.id for row in found}

    def reverse(kind: str) -> None:
        service.reverse_move(stock.connection, actor=ACTOR, move_id=by_kind[kind], reason="Wrong", now=NOW)

    with pytest.raises(LotWithheld) as refusal:
        hold(stock, tea, 2, "available", "a", status="blocked")
    assert refusal.value.values == {"lot": "L1", "reasons": WHY}
    with pytest.raises(LotWithheld):
        service.change_lot_status(
            stock.connection,
            actor=ACTOR,
            product_id=tea,
            lot_code="L1",
            status="available",
            reason="r",
            key="k",
            now=NOW,
        )
    with pytest.raises(LotWithheld):
        reverse("status")
    with pytest.raises(MoveOfPapers):
        reverse("withhold")
    with pytest.raises(UnknownStatus):
        hold(stock, tea, 1, "withheld", "x")
    assert make.balances(stock, tea) == before


def test_what_is_withheld_may_be_blocked_by_hand_and_stays_so(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    withhold(stock, tea)
    hold(stock, tea, 4, "blocked", "b", status="withheld")
    assert free(stock, tea) == 6
    assert make.balances(stock, tea)["NB", "L1", "blocked", True] == 4


def test_issuing_and_picking_a_withheld_lot_is_refused_with_its_reasons(stock: Stock) -> None:
    tea = stock.product(gtin="09520123456788")
    stock.book(tea, 10)
    stock.book(tea, 3, lot="L2")
    stock.promise(tea, 5, days=0)
    allocation = stock.connection.execute(text("SELECT id FROM allocation")).scalar_one()
    withhold(stock, tea)
    moves = stock.moves()
    with pytest.raises(LotWithheld) as refusal:
        make.issue(stock, tea, 5)
    assert refusal.value.values["reasons"] == WHY
    for goods in (Scan(plain="L1"), Scan(gtin="09520123456788", lot="L1")):
        with pytest.raises(LotWithheld):
            service.pick(
                stock.connection,
                actor=ACTOR,
                document="SO-1",
                allocation_id=allocation,
                place=Scan(plain="NB"),
                goods=goods,
                quantity=1,
                key="p",
                now=NOW,
            )
    assert stock.moves() == moves
    make.issue(stock, tea, 3)
    (line,) = reads.pick_lines(stock.connection, org_id=ORG, document="SO-1", as_of=NOW)
    assert line.tasks == ()


def test_too_little_that_has_nothing_to_do_with_papers_is_told_as_such(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 1)
    with pytest.raises(NotEnoughStock):
        make.issue(stock, tea, 2)


def test_a_serial_number_of_a_withheld_lot_may_not_leave(stock: Stock) -> None:
    pump = stock.product("PUMP", tracking="serial")
    make.book(stock, pump, 2, serials=("S1", "S2"))
    withhold(stock, pump)
    assert make.serials(stock) == {"S1": ("NB", "withheld", "in_stock"), "S2": ("NB", "withheld", "in_stock")}
    with pytest.raises(LotWithheld):
        make.issue(stock, pump, 1, serials=("S1",))
    free(stock, pump)
    make.issue(stock, pump, 1, serials=("S1",))


def test_a_lot_that_is_not_in_the_books_cannot_be_withheld(stock: Stock) -> None:
    with pytest.raises(UnknownLot):
        withhold(stock, stock.product())


def test_who_is_not_staff_is_told_that_it_is_held_and_never_why(stock: Stock) -> None:
    tea = stock.product()
    stock.book(tea, 10)
    withhold(stock, tea)
    detail = reads.product_detail(stock.connection, org_id=ORG, disclosure=STAFF, sku="TEA", as_of=NOW)
    assert detail.nodes is not None
    assert [lot.state for node in detail.nodes for lot in node.lots] == ["blocked"]
