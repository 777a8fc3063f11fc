"""The operator's page of what a lot was made from: what is recorded, and recording one making after a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.flows import making
from portal.inventory import reads as inventory
from portal.inventory.reads import Location, Product
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.passports.making import MAX_INPUTS, MakingDraft, WentIn
from portal.passports.model import TraceLine
from portal.web import filters
from portal.web.audited import only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.passports import lot_asked_for
from portal.web.stock_words import either, product_name

ROWS = 4
"""So many empty rows are shown for what went in."""

blueprint = Blueprint("making", __name__, url_prefix="/passports/making")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A lot, what is recorded of its making, and where it can have been made."""

    product: Product
    lot_code: str
    recorded: tuple[TraceLine, ...]
    places: tuple[Location, ...]

    @property
    def here(self) -> str:
        """Address of the page."""
        asked = {"product": str(self.product.id), "lot": self.lot_code}
        return f"{url_for('making.show')}?{urlencode(asked)}"


@blueprint.get("")
@needs(Role.OPERATOR)
def show() -> ResponseReturnValue:
    """Show what is recorded, and the form."""
    return _form(_desk(), {"at": filters.local(as_of()).strftime("%Y-%m-%dT%H:%M")}, {})


@blueprint.post("")
@needs(Role.OPERATOR)
def record() -> ResponseReturnValue:
    """Check what would be recorded and ask once more; record it when that was confirmed."""
    desk, entries = _desk(), Entries(request.form)
    step = entries.values.get("step", "")
    if step in {"change", "more"}:
        only_asked()
        return _form(desk, entries.values, {}, more=step == "more")
    draft = _draft(desk, entries)
    if draft is None:
        return _form(desk, entries.values, entries.errors), 422
    try:
        with transaction() as connection, connection.begin_nested() as savepoint:
            line = making.record(connection, actor=current_viewer().actor, draft=draft, now=as_of())
            if step != "confirm":
                savepoint.rollback()
    except PortalError as refusal:
        only_asked()
        return _form(desk, entries.values, {_field_of(refusal, entries.values): sentence_of(refusal)}), 422
    if step != "confirm":
        only_asked()
        return render_template(
            "passports/check_making.html",
            desk=desk,
            line=line,
            name=product_name(desk.product),
            values=entries.values,
            fields=("document", "at", "place", "quantity", *_names(entries.values)),
        )
    told(products=(desk.product.sku,))
    flash(gettext("Recorded: what lot %(lot)s was made from.", lot=desk.lot_code))
    return redirect(desk.here, 303)


def _desk() -> Desk:
    org_id, (product_id, lot_code) = current_viewer().org.id, lot_asked_for(request.args)
    with reading() as connection:
        product = inventory.find_product(connection, org_id=org_id, product_id=product_id)
        return Desk(
            product=product,
            lot_code=lot_code,
            recorded=making.makings_of(connection, org_id=org_id, product_id=product_id, lot_code=lot_code),
            places=inventory.locations(connection, org_id=org_id),
        )


def _draft(desk: Desk, entries: Entries) -> MakingDraft | None:
    """Return what the form says; ``None`` with the faults noted where it cannot be read."""
    document = entries.text("document")
    at = _moment(entries)
    place = next((one for one in desk.places if one.code == entries.values.get("place")), None)
    if place is None:
        entries.errors["place"] = gettext("Choose one of the list.")
    quantity = _quanta(entries, "quantity", desk.product)
    inputs = _inputs(entries)
    if entries.errors or at is None or place is None:
        return None
    return MakingDraft(
        product_id=desk.product.id,
        lot_code=desk.lot_code,
        quantity=quantity,
        location_id=place.id,
        document=document,
        at=at,
        inputs=inputs,
    )


def _moment(entries: Entries) -> datetime | None:
    text = entries.text("at")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        entries.errors["at"] = gettext("Write day and time as 2026-11-27 08:30.")
        return None
    # A browser's field gives no zone; the company's is meant.
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=as_of().tzinfo)


def _quanta(entries: Entries, name: str, product: Product) -> int:
    number = entries.quanta(name, decimals=product.decimals)
    if name not in entries.errors and number < 1:
        entries.errors[name] = gettext("More than zero.")
    return number


def _inputs(entries: Entries) -> tuple[WentIn, ...]:
    """Read the rows of what went in; a row left empty is none."""
    found = []
    for row in _rows(entries.values):
        names = [f"{part}-{row}" for part in ("sku", "lot", "quantity")]
        if not any(entries.values.get(name) for name in names):
            continue
        sku, lot = entries.text(names[0]), entries.text(names[1])
        product = _product(entries, names[0], sku)
        quantity = _quanta(entries, names[2], product) if product else 0
        found.append(WentIn(sku=sku, lot_code=lot, quantity=quantity))
    return tuple(found)


def _product(entries: Entries, name: str, sku: str) -> Product | None:
    if name in entries.errors:
        return None
    try:
        with reading() as connection:
            return inventory.find_product(connection, org_id=current_viewer().org.id, sku=sku)
    except PortalError as refusal:
        entries.errors[name] = sentence_of(refusal)
        return None


def _field_of(refusal: PortalError, values: Mapping[str, str]) -> str:
    """Return the field a refusal is about; of a lot that stands in several rows, the last."""
    match refusal.code:
        case "not_yet_made":
            return "at"
        case "making_known":
            return "document"
        case _:
            lot = refusal.values.get("lot")
            named = [row for row in _rows(values) if lot and values.get(f"lot-{row}") == lot]
            return f"lot-{named[-1]}" if named else "sku-1"


def _rows(values: Mapping[str, str]) -> Sequence[int]:
    """Return the numbers of the rows that came with a form, the empty ones among them."""
    return [row for row in range(1, MAX_INPUTS + 1) if f"sku-{row}" in values]


def _names(values: Mapping[str, str]) -> list[str]:
    return [f"{part}-{row}" for row in _rows(values) for part in ("sku", "lot", "quantity")]


def _form(desk: Desk, values: Mapping[str, str], errors: Mapping[str, str], *, more: bool = False) -> str:
    rows = len(_rows(values)) or ROWS
    return render_template(
        "passports/making.html",
        desk=desk,
        name=product_name(desk.product),
        places=[(one.code, f"{one.code} · {either(one.name_zh, one.name_en)}") for one in desk.places],
        rows=range(1, min(MAX_INPUTS, rows + (ROWS if more else 0)) + 1),
        most=MAX_INPUTS,
        values=values,
        errors=errors,
    )


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
