"""Whatever is wrong with what came in: a typed refusal with its code, in both languages, and nothing changed."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

from portal.inventory import service
from portal.inventory.units.model import ProductUnit, Units
from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_quanta
from portal.web.errors import sentence_of
from support import dimensions as make
from support.front import front_app
from support.holding import hold, line
from support.stock import ACTOR, NOW, TODAY, Stock, stock_company

TABLES = (
    "stock_move",
    "stock_balance",
    "stock_summary",
    "lot",
    "serial",
    "reservation",
    "reservation_line",
    "allocation",
    "outbox_message",
)
BAGGED = Units(sku="TEA", base="KGM", decimals=0, known=(ProductUnit(code="XBG", per_base=Fraction(3, 2)),))

Deed = Callable[[], object]


def holding(quantity: int, lines: int = 1) -> Callable[[Stock], Deed]:
    def prepared(stock: Stock) -> Deed:
        tea = stock.product()
        stock.book(tea, 10)
        return lambda: hold(stock, *[line(stock, tea, quantity)] * lines)

    return prepared


def reading(text_: str) -> Callable[[Stock], Deed]:
    return lambda _: lambda: to_quanta(text_, decimals=0)


def converting(number: Fraction, unit: str) -> Callable[[Stock], Deed]:
    return lambda _: lambda: BAGGED.quanta(number, unit)


def another_order_under_a_key(stock: Stock) -> Deed:
    tea = stock.product()
    stock.book(tea, 10)
    hold(stock, line(stock, tea, 2), key="K-7")
    return lambda: hold(stock, line(stock, tea, 3), key="K-7")


def shipping_what_has_expired(stock: Stock) -> Deed:
    mill = stock.product("MILL", tracking="serial")
    make.book(stock, mill, 1, serials=("S1",), expires_on=TODAY - timedelta(days=1))
    return lambda: service.issue_stock(
        stock.connection,
        actor=ACTOR,
        product_id=mill,
        location_id=stock.main,
        quantity=1,
        document="W-1",
        key="i",
        now=NOW,
        serials=("S1",),
    )


def scrapping(quantity: int, *, owned_by_another: bool = False) -> Callable[[Stock], Deed]:
    def prepared(stock: Stock) -> Deed:
        tea = stock.product()
        owner = {"owner_id": stock.partner("S-09")} if owned_by_another else {}
        make.book(stock, tea, 10, **owner)
        taken = make.take(stock, tea, quantity)
        return lambda: service.scrap(
            stock.connection, actor=ACTOR, take=taken, reason="Wet", document="", key="s", now=NOW
        )

    return prepared


NO_QUANTITY = (
    "The quantity does not fit: it must be at least 1 and not below what has happened.",
    "数量不对：至少为 1，且不能少于已经发生的数量。",
)
BAD = {
    "a quantity below zero": (holding(-3), "bad_quantity", *NO_QUANTITY),
    "a quantity of nothing": (holding(0), "bad_quantity", *NO_QUANTITY),
    "scrap below zero": (scrapping(-1), "bad_quantity", *NO_QUANTITY),
    "not a number": (reading("NaN"), "not_a_quantity", "“NaN” is not a number.", "“NaN”不是数字。"),
    "no finite number": (
        reading("Infinity"),
        "not_a_quantity",
        "“Infinity” is not a number.",
        "“Infinity”不是数字。",
    ),
    "a number too large": (
        reading("1e30"),
        "quantity_too_large",
        "1e30 is larger than can be stored.",
        "1e30 超出可保存的范围。",
    ),
    "a unit nobody knows": (
        converting(Fraction(1), "XPX"),
        "unknown_unit",
        "TEA is not counted in plt. Give its ratio first.",
        "TEA 不按托盘计。请先录入换算率。",
    ),
    "a conversion that leaves a rest": (
        converting(Fraction(1), "XBG"),
        "quantity_not_exact",
        "1 bag of TEA is not exact. 1 kg or 2 kg would be.",
        "TEA 的 1 袋除不尽。最接近的准确数量是 1 公斤 或 2 公斤。",
    ),
    "a lot past its last day": (
        shipping_what_has_expired,
        "lot_expired",
        "Lot L1 ended on 2026-11-22 and may not leave.",
        "批次 L1 已于 2026-11-22 到期，不得出库。",
    ),
    "goods of another owner": (
        scrapping(2, owned_by_another=True),
        "wrong_owner",
        "What lies in NB of TEA belongs to somebody else.",
        "NB 里的 TEA 不属于该货主。",
    ),
    "more than lies there": (
        scrapping(11),
        "not_enough_stock",
        "NB does not hold that much usable stock of TEA.",
        "NB 的 TEA 可用库存不够。",
    ),
    "an order of ten thousand lines": (
        holding(1, lines=10_000),
        "too_many_lines",
        "The order has 10000 lines; at most 1000 are taken at once. Split it.",
        "订单有 10000 行，一次最多 1000 行，请拆分后再提交。",
    ),
    "another order under a used key": (
        another_order_under_a_key,
        "key_reused",
        "K-7 was asked for already, with other figures. Look at what it holds, or begin anew.",
        "K-7 已按另一数量提交过。请查看其内容，或重新填写。",
    ),
}


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


def rows(connection: Connection) -> dict[str, list[str]]:
    """Return every row of every table such a deed could change."""
    return {
        table: sorted(connection.scalars(text(f"SELECT CAST(t AS text) FROM {table} t")))  # noqa: S608 - from code
        for table in TABLES
    }


def told(refusal: PortalError, language: str) -> str:
    with front_app().test_request_context(f"/?lang={language}"):
        return sentence_of(refusal)


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_in_words_and_changes_nothing(stock: Stock, what: str) -> None:
    prepare, code, english, chinese = BAD[what]
    deed = prepare(stock)
    before = rows(stock.connection)
    with pytest.raises(PortalError) as refused:
        deed()
    assert refused.value.code == code
    assert (told(refused.value, "en"), told(refused.value, "zh")) == (english, chinese)
    assert rows(stock.connection) == before
