"""Orders: a customer's own, or everybody's for the operator. Read only; orders come in by import."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.inventory.reads import products_by_id
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.orders.reads import Order, order_page
from portal.partners.reads import partner_names
from portal.web import stock_words as words
from portal.web.audited import told
from portal.web.auth import needs
from portal.web.context import as_of, reading_for
from portal.web.inventory import entitled
from portal.web.units import reading_level

PER_PAGE = 50
STATES = {
    "open": ("info", _l("To ship")),
    "fulfilled": ("good", _l("Shipped")),
    "cancelled": ("off", _l("Cancelled")),
}
"""Tone and word of each state of an order."""

blueprint = Blueprint("orders", __name__)


@blueprint.get("/orders")
@needs(Role.CUSTOMER, Role.OPERATOR)
def listing() -> ResponseReturnValue:
    """Show orders, the newest first."""
    viewer = entitled()
    q, state = request.args.get("q", "").strip()[:100], request.args.get("state", "")
    number = request.args.get("page", "1")
    asked_page = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1  # noqa: PLR2004
    with reading_for(viewer) as connection:
        page = order_page(
            connection,
            org_id=viewer.actor.org_id,
            disclosure=viewer.disclosure,
            search=q,
            state=state,
            page=asked_page,
            per_page=PER_PAGE,
        )
        wanted = {line.product_id for order in page.orders for line in order.lines}
        products = products_by_id(connection, org_id=viewer.actor.org_id, ids=wanted)
        units = units_of(connection, org_id=viewer.actor.org_id, products=products.values(), on=as_of().date())
        firms = _firms(connection, viewer.actor.org_id) if viewer.disclosure.everything else {}
    told(rows=len(page.orders))
    level = reading_level(viewer.read_in)
    measures = {key: words.measure(product, level, units[key]) for key, product in products.items()}
    return render_template(
        "orders/list.html",
        page=page,
        rows=[order_row(order, measures, firms) for order in page.orders],
        q=q,
        state=state if state in STATES else "",
        states=STATES,
        url=_url(q, state),
        staff=viewer.disclosure.everything,
    )


@blueprint.get("/ops/orders")
@needs(Role.OPERATOR)
def staff_listing() -> ResponseReturnValue:
    """Show the operator everybody's orders."""
    return listing()


def order_row(order: Order, measures: Mapping[UUID, words.Measure], firms: Mapping[UUID, str]) -> dict[str, Any]:
    """Return an order as a row of a table; a line names its product and quantity."""
    tone, word = STATES[order.state]
    return {
        "order": order,
        "firm": firms.get(order.partner_id, "") if order.partner_id else "",
        "tone": tone,
        "word": str(word),
        "lines": [
            {
                "name": words.product_name(measures[line.product_id].product),
                "sku": measures[line.product_id].product.sku,
                "amount": measures[line.product_id].text(line.quantity),
                "base": measures[line.product_id].beneath(line.quantity),
            }
            for line in order.lines
        ],
    }


def _firms(connection: Any, org_id: UUID) -> dict[UUID, str]:
    return {one.id: words.either(one.name_zh, one.name_en) for one in partner_names(connection, org_id=org_id)}


def _url(q: str, state: str) -> Any:
    def url(**changes: object) -> str:
        asked = {"q": q, "state": state, **changes}
        kept = {key: value for key, value in asked.items() if value not in {"", 1}}
        return request.path + (f"?{urlencode(kept)}" if kept else "")

    return url


def register(app: Flask) -> None:
    """Hang the page into ``app``."""
    app.register_blueprint(blueprint)
