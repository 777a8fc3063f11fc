"""The board: demand by week and open orders, product by product, for strategic partners and the operator."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from portal.forecasting.model import BoardClosed, DemandWeek
from portal.forecasting.reads import best_sellers, demand_history
from portal.inventory.model import UnknownProduct
from portal.inventory.reads import Product, products_in_scope
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.units import Level
from portal.orders.reads import open_orders
from portal.partners.reads import partner_names
from portal.partners.viewer import Viewer
from portal.web import charts, errors, filters
from portal.web import stock_words as words
from portal.web.audited import told
from portal.web.auth import needs
from portal.web.context import as_of, reading_for
from portal.web.inventory import entitled
from portal.web.orders import order_row
from portal.web.units import reading_level

WEEKS = 26
_COLUMN_PX = 37
_HEIGHT_PX = 190
_TOP_PX = 22

blueprint = Blueprint("board", __name__)


@dataclass(frozen=True, slots=True)
class Bar:
    """One week as a column of the drawing; pixels."""

    week: DemandWeek
    x: int
    y: float
    height: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The weeks as columns over one axis."""

    width: int
    height: int
    bottom: float
    bars: tuple[Bar, ...]
    grid: tuple[charts.Mark, ...]


def draw_weeks(weeks: tuple[DemandWeek, ...], how: words.Measure) -> Drawing:
    """Draw demand by week, one column each, oldest first, in the unit shown."""
    figures = [how.figure(week.quantity) for week in weeks]
    levels = charts.scale(max([*figures, 1]))
    width = _COLUMN_PX * len(weeks)
    first = weeks[0].monday
    frame = charts.Frame(0, width, _TOP_PX, _HEIGHT_PX, first, first, levels[-1])
    bars = tuple(
        Bar(
            week=week,
            x=number * _COLUMN_PX,
            y=frame.y(figure),
            height=round(frame.bottom - frame.y(figure), 1),
            # Every fourth Monday, counted from this week backwards.
            labelled=(len(weeks) - 1 - number) % 4 == 0,
        )
        for number, (week, figure) in enumerate(zip(weeks, figures, strict=True))
    )
    return Drawing(
        width=width + 60,
        height=_HEIGHT_PX + 26,
        bottom=frame.bottom,
        bars=bars,
        grid=tuple(charts.Mark(width + 8, frame.y(level), value=level) for level in levels),
    )


@blueprint.get("/board")
@needs(Role.CUSTOMER, Role.OPERATOR)
def board() -> ResponseReturnValue:
    """Show the demand of one product by week, and its open orders."""
    viewer = entitled()
    if not viewer.disclosure.board:
        raise BoardClosed(
            "The board is for strategic partners.", company=words.either(viewer.org.name_zh, viewer.org.name_en)
        )
    unit = reading_level(viewer.read_in)
    with reading_for(viewer) as connection:
        choice = _choice(connection, viewer)
        chosen = _chosen(choice, request.args.get("sku", ""))
        shown = _shown(connection, viewer, chosen, unit) if chosen else None
    told(rows=len(choice), products=(chosen.sku,) if chosen else ())
    return render_template(
        "board/board.html",
        choice=choice,
        chosen=chosen,
        shown=shown,
        unit=unit,
        weeks=WEEKS,
        url=lambda **changes: (
            "/board?" + urlencode({"sku": chosen.sku if chosen else "", "unit": unit, **changes})
        ),
        product_name=words.product_name,
        staff=viewer.disclosure.everything,
        now_at=as_of(),
    )


def _choice(connection: Connection, viewer: Viewer) -> list[Product]:
    org_id = viewer.actor.org_id
    sold = best_sellers(connection, org_id=org_id, disclosure=viewer.disclosure, as_of=as_of(), weeks=WEEKS)
    ids = [product_id for product_id, _ in sold]
    known = products_in_scope(connection, org_id=org_id, disclosure=viewer.disclosure, ids=ids)
    return [known[product_id] for product_id in ids if product_id in known]


def _chosen(choice: list[Product], sku: str) -> Product | None:
    if not sku:
        return choice[0] if choice else None
    for product in choice:
        if product.sku == sku:
            return product
    raise UnknownProduct(f"No product {sku} is on the board.", product=sku)


def _shown(connection: Connection, viewer: Viewer, product: Product, unit: Level) -> dict[str, Any]:
    org_id, disclosure = viewer.actor.org_id, viewer.disclosure
    history = demand_history(
        connection, org_id=org_id, disclosure=disclosure, as_of=as_of(), product_id=product.id, weeks=WEEKS
    )
    orders = open_orders(connection, org_id=org_id, disclosure=disclosure, product_id=product.id)
    units = units_of(connection, org_id=org_id, products=[product], on=as_of().date())
    how = words.measure(product, unit, units[product.id])
    full = [week.quantity for week in history.weeks if week.complete]
    firms: dict[UUID, str] = {}
    if disclosure.everything:
        firms = {
            one.id: words.either(one.name_zh, one.name_en) for one in partner_names(connection, org_id=org_id)
        }
    return {
        "how": how,
        "history": history,
        "drawing": draw_weeks(history.weeks, how),
        "mean": _mean(sum(full) // len(full), how),
        "orders": [order_row(order, {product.id: how}, firms) for order in orders],
        "open_total": sum(line.quantity for order in orders for line in order.lines),
    }


def _mean(quanta: int, how: words.Measure) -> str:
    """Write a mean in whole units: a piece more or less says nothing of a usual week."""
    shown = f"{filters.quantity(how.figure(quanta), how.decimals)} {how.unit}"
    return words.in_brackets(shown, how.base(quanta))


def register(app: Flask) -> None:
    """Hang the page into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        board_closed=_l(
            "The demand board is shown to strategic partners."
            " Ask your contact at %(company)s for an agreement of that tier."
        )
    )
