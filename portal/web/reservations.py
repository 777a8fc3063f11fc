"""Holding stock: a customer asks for a quantity by a day, has it held, then confirms it or lets it go."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.flows import ordering
from portal.flows.allowance import allowance_of
from portal.flows.ordering import Wish
from portal.inventory import reads, service
from portal.inventory.model import CannotPromise, promised_on
from portal.inventory.reads import HeldPart, ProductDetail, Reservation
from portal.inventory.reserving import HOLD
from portal.inventory.service.desk import ReservationDesk
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.grain import EXACT
from portal.kernel.quantity import to_text
from portal.partners.reads import partner_names
from portal.partners.viewer import Viewer
from portal.web import filters
from portal.web import stock_words as words
from portal.web.amounts import read_amount, unit_choices
from portal.web.audited import about, told
from portal.web.auth import needs
from portal.web.context import as_of, reading_for, services, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.errors import note, sentence_of
from portal.web.inventory import entitled
from portal.web.units import reading_level, unit_name

STATES: Mapping[str, tuple[str, Any]] = {
    "held": ("warn", _l("Held")),
    "confirmed": ("good", _l("Ordered")),
    "released": ("off", _l("Let go")),
    "lapsed": ("off", _l("Lapsed")),
}
"""Tone and word of each state of a reservation."""

_DESK = "tally_desk"

blueprint = Blueprint("reservations", __name__)


def desk() -> ReservationDesk:
    """Return this process's desk: those who queue for one thing meet there."""
    return current_app.extensions[_DESK]  # type: ignore[no-any-return]


@blueprint.get("/reserve/<path:sku>")
@needs(Role.CUSTOMER)
def new(sku: str) -> ResponseReturnValue:
    """Show the form that asks for a quantity of one product."""
    detail, how = _detail(sku)
    values = {
        "quantity": request.args.get("quantity", ""),
        "unit": request.args.get("unit", how.chosen.code),
        "day": request.args.get("day", filters.today().isoformat()),
        "key": ordering.fresh_key(as_of()),
    }
    return _form(detail, how, values, {})


@blueprint.post("/reserve/<path:sku>")
@needs(Role.CUSTOMER)
def create(sku: str) -> ResponseReturnValue:
    """Hold the quantity; what cannot be promised comes back with what can, and from when."""
    viewer, (detail, how), entries = entitled(), _detail(sku), Entries(request.form)
    wish = _wish(entries, how)
    if wish is None:
        return _form(detail, how, entries.values, entries.errors), 422
    try:
        made = ordering.hold(
            services().database,
            desk(),
            actor=viewer.actor,
            disclosure=viewer.disclosure,
            allowance=allowance_of(viewer),
            wish=wish,
            now=as_of(),
        )
    except CannotPromise as refusal:
        note(refusal)
        exact = viewer.disclosure.grain == EXACT
        entries.errors["quantity"] = _what_can_be(detail, wish, how) if exact else _too_much(wish)
        return _form(detail, how, entries.values, entries.errors), 422
    except PortalError as refusal:
        entries.errors["quantity"] = sentence_of(refusal)
        return _form(detail, how, {**entries.values, "key": ordering.fresh_key(as_of())}, entries.errors), 422
    return redirect(url_for("reservations.show", reservation_id=made), code=303)


@blueprint.get("/reservations")
@needs(Role.CUSTOMER, Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List reservations, the newest first."""
    viewer = entitled()
    with reading_for(viewer) as connection:
        found = reads.reservations(
            connection, org_id=viewer.actor.org_id, disclosure=viewer.disclosure, as_of=as_of()
        )
        rows = _rows(connection, viewer, found)
    told(rows=len(rows))
    if request.args.get("format") == "csv":
        return csv_response("reservations", *_table(rows))
    return render_template("reservations/index.html", rows=rows, staff=viewer.disclosure.everything)


@blueprint.get("/reservations/<uuid:reservation_id>")
@needs(Role.CUSTOMER, Role.OPERATOR)
def show(reservation_id: UUID) -> ResponseReturnValue:
    """Show one reservation, with what can still be done about it."""
    viewer = entitled()
    with reading_for(viewer) as connection:
        found = reads.reservation(
            connection,
            org_id=viewer.actor.org_id,
            disclosure=viewer.disclosure,
            reservation_id=reservation_id,
            as_of=as_of(),
        )
        (row,) = _rows(connection, viewer, [found])
    told(rows=1)
    about(found.partner_id)
    return render_template("reservations/show.html", row=row, staff=viewer.disclosure.everything)


@blueprint.post("/reservations/<uuid:reservation_id>/confirm")
@needs(Role.CUSTOMER)
def confirm(reservation_id: UUID) -> ResponseReturnValue:
    """Make what is held an order."""
    viewer = entitled()
    with transaction() as connection:
        ordering.confirm(
            connection,
            actor=viewer.actor,
            disclosure=viewer.disclosure,
            reservation_id=reservation_id,
            now=as_of(),
        )
    return redirect(url_for("reservations.show", reservation_id=reservation_id), code=303)


@blueprint.post("/reservations/<uuid:reservation_id>/release")
@needs(Role.CUSTOMER, Role.OPERATOR)
def release(reservation_id: UUID) -> ResponseReturnValue:
    """Let what is held go."""
    viewer = entitled()
    with transaction() as connection:
        service.release_reservation(connection, actor=viewer.actor, reservation_id=reservation_id, now=as_of())
    return redirect(url_for("reservations.show", reservation_id=reservation_id), code=303)


def _detail(sku: str) -> tuple[ProductDetail, words.Measure]:
    """Return a product and how the reader counts it."""
    viewer = entitled()
    org_id = viewer.actor.org_id
    told(rows=1, products=(sku,))
    with reading_for(viewer) as connection:
        detail = reads.product_detail(
            connection, org_id=org_id, disclosure=viewer.disclosure, sku=sku, as_of=as_of()
        )
        product = detail.row.product
        units = units_of(connection, org_id=org_id, products=[product], on=detail.as_of.date())[product.id]
    return detail, words.measure(product, reading_level(viewer.read_in), units)


def _form(detail: ProductDetail, how: words.Measure, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "reservations/new.html",
        product=how.product,
        name=words.product_name(how.product),
        sub=words.sub_line(how),
        values=values,
        errors=errors,
        units=unit_choices(how),
        steps=[(step.on, how.with_base(step.quantity)) for step, _ in words.rising(detail.row.steps, how)],
        minutes=int(HOLD.total_seconds() // 60),
    )


def _wish(entries: Entries, how: words.Measure) -> Wish | None:
    quantity = read_amount(entries, how)
    day, key = entries.day("day"), entries.text("key")
    if day is not None and day < filters.today():
        entries.errors["day"] = gettext("Not before today.")
    if entries.errors or day is None:
        return None
    return Wish(product_id=how.product.id, sku=how.product.sku, quantity=quantity, needed_on=day, key=key)


def _what_can_be(detail: ProductDetail, wish: Wish, how: words.Measure) -> str:
    """Say what can be promised on the day, and from when the quantity can."""
    can = how.text(promised_on(detail.row.steps, wish.needed_on))
    on = filters.day(wish.needed_on)
    later = next((step.on for step in detail.row.steps if step.quantity >= wish.quantity), None)
    asked = how.text(wish.quantity)
    if later is None:
        text = gettext(
            "%(can)s can be promised for %(on)s; no day is known when %(asked)s can.", can=can, on=on, asked=asked
        )
    else:
        text = gettext(
            "%(can)s can be promised for %(on)s; %(asked)s from %(later)s.",
            can=can,
            on=on,
            asked=asked,
            later=filters.day(later),
        )
    return str(text)


def _too_much(wish: Wish) -> str:
    """Say no where figures are not exact: no more than the answer to a threshold question says."""
    on = filters.day(wish.needed_on)
    return str(
        gettext("Together with what you hold already, that is more than can be promised for %(on)s.", on=on)
    )


def _rows(connection: Any, viewer: Viewer, found: Sequence[Reservation]) -> list[dict[str, Any]]:
    ids = {part.product_id for one in found for part in one.parts}
    org_id = viewer.actor.org_id
    products = reads.products_by_id(connection, org_id=org_id, ids=ids)
    units = units_of(connection, org_id=org_id, products=products.values(), on=as_of().date())
    level = reading_level(viewer.read_in)
    measures = {key: words.measure(product, level, units[key]) for key, product in products.items()}
    firms = {}
    if viewer.disclosure.everything:
        names = partner_names(connection, org_id=org_id)
        firms = {one.id: words.either(one.name_zh, one.name_en) for one in names}
    return [_row(one, measures, firms) for one in found]


def _row(one: Reservation, measures: Mapping[UUID, words.Measure], firms: Mapping[UUID, str]) -> dict[str, Any]:
    tone, word = STATES[one.state]
    return {
        "held": one,
        "firm": firms.get(one.partner_id, "") if one.partner_id else "",
        "tone": tone,
        "word": str(word),
        "parts": [_part(measures[part.product_id], part) for part in one.parts],
    }


def _part(how: words.Measure, part: HeldPart) -> dict[str, Any]:
    return {
        "sku": how.product.sku,
        "name": words.product_name(how.product),
        "amount": how.text(part.quantity),
        "base": how.beneath(part.quantity),
        "in_base": to_text(part.quantity, decimals=how.product.decimals),
        "base_unit": unit_name(how.product.base_unit),
        "from_pool": how.with_base(part.from_pool) if part.from_pool else "",
        "needed_on": part.needed_on,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Number"),
        gettext("Customer"),
        gettext("SKU"),
        gettext("Item"),
        gettext("Quantity"),
        gettext("Needed"),
        gettext("State"),
        gettext("Held until"),
        gettext("In base units"),
        gettext("Base unit"),
    ]
    return heads, [
        [
            row["held"].document,
            row["firm"],
            part["sku"],
            part["name"],
            part["amount"],
            part["needed_on"].isoformat(),
            row["word"],
            filters.local(row["held"].held_until).isoformat(timespec="minutes"),
            part["in_base"],
            part["base_unit"],
        ]
        for row in rows
        for part in row["parts"]
    ]


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.extensions[_DESK] = ReservationDesk(app.extensions["tally"].database)
    app.register_blueprint(blueprint)
