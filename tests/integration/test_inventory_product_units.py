"""Units in the books: saved all or nothing, read for the day, and never left without their base unit."""

from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from portal.inventory.model import UnitFixed, UnknownProduct
from portal.inventory.reads import products_by_id
from portal.inventory.units.model import BadRatio, ProductUnit, UnitDraft, UnitOverlaps
from portal.inventory.units.reads import product_units, units_of
from portal.inventory.units.service import save_units
from portal.kernel.units import Level
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days, stock_company


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def unit(product_id: UUID, code: str = "XPX", per_base: Fraction | int = 960, **facts: object) -> UnitDraft:
    values: dict[str, object] = {"valid_from": TODAY} | facts
    return UnitDraft(product_id=product_id, code=code, per_base=Fraction(per_base), **values)  # type: ignore[arg-type]


def save(stock: Stock, *drafts: UnitDraft) -> None:
    save_units(stock.connection, actor=ACTOR, drafts=drafts, now=NOW)


def test_a_ratio_is_kept_as_it_was_given(stock: Stock) -> None:
    tea = stock.product()
    save(
        stock,
        unit(tea, "PTN", Fraction(7, 200), label_zh="小份", valid_until=in_days(9)),
        unit(tea, level=Level.PALLET),
    )
    assert product_units(stock.connection, org_id=ORG, product_ids=[tea]) == {
        tea: (
            ProductUnit(
                code="PTN", per_base=Fraction(7, 200), valid_from=TODAY, valid_until=in_days(9), label_zh="小份"
            ),
            ProductUnit(code="XPX", per_base=Fraction(960), level=Level.PALLET, valid_from=TODAY),
        )
    }


def test_the_same_unit_and_day_again_changes_the_ratio(stock: Stock) -> None:
    tea = stock.product()
    save(stock, unit(tea))
    save(stock, unit(tea, per_base=800), unit(tea, per_base=840))
    found = product_units(stock.connection, org_id=ORG, product_ids=[tea])
    assert [one.per_base for one in found[tea]] == [840]


def test_the_units_of_many_products_are_read_in_one_statement(stock: Stock, conn: Connection) -> None:
    ids = [stock.product(f"P-{number}", pack_quanta=24) for number in range(5)]
    save(stock, *(unit(key, per_base=960 + place) for place, key in enumerate(ids)))
    products = products_by_id(conn, org_id=ORG, ids=ids)
    asked: list[str] = []
    event.listen(conn, "before_cursor_execute", lambda *args: asked.append(args[2]))
    found = units_of(conn, org_id=ORG, products=products.values(), on=TODAY)
    assert len(asked) == 1
    assert [found[key].per_base("XPX") for key in ids] == [960, 961, 962, 963, 964]
    assert [found[key].per_base("XCS") for key in ids] == [24] * 5


def test_the_day_picks_the_ratio(stock: Stock, conn: Connection) -> None:
    tea = stock.product()
    save(stock, unit(tea, "XCS", 12, valid_until=in_days(6)), unit(tea, "XCS", 10, valid_from=in_days(7)))
    products = products_by_id(conn, org_id=ORG, ids=[tea]).values()
    sizes = [
        units_of(conn, org_id=ORG, products=products, on=in_days(day))[tea].per_base("XCS") for day in (0, 6, 7)
    ]
    assert sizes == [12, 12, 10]


def test_a_ratio_and_the_one_after_it_may_be_saved_in_any_order(stock: Stock) -> None:
    tea = stock.product()
    save(stock, unit(tea, "XCS", 12))
    save(stock, unit(tea, "XCS", 10, valid_from=in_days(7)), unit(tea, "XCS", 12, valid_until=in_days(6)))
    found = product_units(stock.connection, org_id=ORG, product_ids=[tea])
    assert [(one.per_base, one.valid_until) for one in found[tea]] == [(12, in_days(6)), (10, None)]


def test_one_bad_ratio_keeps_all_out(stock: Stock) -> None:
    tea = stock.product()
    with pytest.raises(BadRatio):
        save(stock, unit(tea), unit(tea, "PTN", 0))
    assert product_units(stock.connection, org_id=ORG, product_ids=[tea]) == {}


def test_two_cases_on_one_day_are_refused(stock: Stock) -> None:
    tea = stock.product()
    save(stock, unit(tea, "XCS", 12, level=Level.CASE))
    with pytest.raises(UnitOverlaps):
        save(stock, unit(tea, "XCT", 6, level=Level.CASE, valid_from=in_days(30)))


def test_units_of_an_unknown_product_are_refused(stock: Stock) -> None:
    with pytest.raises(UnknownProduct):
        save(stock, unit(UUID(int=9)))


def test_the_base_unit_stays_while_others_are_told_in_it(stock: Stock) -> None:
    tea = stock.product()
    save(stock, unit(tea))
    stock.product(decimals=2, name_en="Renamed")
    with pytest.raises(UnitFixed):
        stock.product(decimals=2, base_unit="KGM")


@pytest.mark.parametrize("numerator", [0, -1])
def test_the_database_itself_takes_no_ratio_that_is_not_above_zero(stock: Stock, numerator: int) -> None:
    tea = stock.product()
    statement = text(
        "INSERT INTO product_unit (org_id, id, product_id, code, numerator, denominator, valid_from, label_zh,"
        " label_en, created_at) VALUES (:org, :id, :id, 'XCS', :numerator, 1, :day, '', '', :now)"
    )
    with pytest.raises(IntegrityError, match="ck_product_unit_ratio_positive"):
        stock.connection.execute(
            statement, {"org": ORG, "id": tea, "numerator": numerator, "day": date(2026, 1, 1), "now": NOW}
        )
