"""The operator's page of a whole lot: held or freed at once, wherever it lies and whoever's it is.

What arrives of it later arrives in the same status, so that recalled goods do not come back as usable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.inventory import reads, service
from portal.inventory.places import AVAILABLE, STATUSES, UnknownLot
from portal.inventory.reads import HeldPage, TracedLot
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.web import filters
from portal.web import stock_words as words
from portal.web.audited import only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.deed_forms import HOLDS, said_of
from portal.web.entries import Entries
from portal.web.paper_words import reasons_text
from portal.web.place_words import TONES, status_word
from portal.web.units import reading_level

blueprint = Blueprint("lots", __name__)

SHOWN = 20
"""So many lines of what lies of the lot are shown beside the form; the list has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A lot, what lies of it, and how its product is counted."""

    how: words.Measure
    lot: TracedLot
    lying: HeldPage


@blueprint.get("/ops/stock/<path:sku>/lot")
@needs(Role.OPERATOR)
def show(sku: str) -> ResponseReturnValue:
    """Show the form that holds or frees a lot."""
    desk = _desk(sku)
    status = next(one for one in ("quarantine", *STATUSES) if one != desk.lot.status)
    return _form(desk, {"status": status, "key": str(new_id(as_of()))}, {})


@blueprint.post("/ops/stock/<path:sku>/lot")
@needs(Role.OPERATOR)
def change(sku: str) -> ResponseReturnValue:
    """Check what would change and ask once more; do it when that was confirmed."""
    desk, entries = _desk(sku), Entries(request.form)
    step, status = entries.values.get("step", ""), entries.values.get("status", "")
    if step == "change":
        only_asked()
        return _form(desk, entries.values, {})
    reason, key = entries.text("reason"), entries.text("key")
    if status not in STATUSES:
        entries.errors["status"] = gettext("Choose one of the list.")
    if entries.errors:
        return _form(desk, entries.values, entries.errors), 422
    try:
        changed = _change(desk, status, reason, key, trial=step != "confirm")
    except PortalError as refusal:
        return _form(desk, entries.values, {"status": said_of(refusal, desk.how)}), 422
    if step == "confirm":
        told(products=(sku,))
        said = gettext("Lot %(lot)s is now %(status)s everywhere.", lot=desk.lot.code, status=status_word(status))
        flash(said)
        return redirect(f"/ops/stock/{quote(sku)}/places?{urlencode({'lot': desk.lot.code})}", 303)
    only_asked()
    return render_template(
        "ops/check_lot.html", desk=desk, values=entries.values, changed=changed, status=status, **_words(desk)
    )


def _desk(sku: str) -> Desk:
    org_id, code = current_viewer().org.id, request.args.get("lot", "")
    with reading() as connection:
        product = reads.find_product(connection, org_id=org_id, sku=sku)
        lots = reads.find_lots(connection, org_id=org_id, code=code)
        lot = next((one for one in lots if one.product_id == product.id), None)
        if lot is None:
            raise UnknownLot(f"{sku} has no lot {code}.", sku=sku, lot=code)
        lying = reads.held_of(connection, org_id=org_id, product_id=product.id, lot=code, per_page=SHOWN)
        units = units_of(connection, org_id=org_id, products=[product], on=filters.today())[product.id]
    how = words.measure(product, reading_level(current_viewer().read_in), units)
    return Desk(how=how, lot=lot, lying=lying)


def _change(desk: Desk, status: str, reason: str, key: str, *, trial: bool) -> int:
    with transaction() as connection, connection.begin_nested() as savepoint:
        changed = service.change_lot_status(
            connection,
            actor=current_viewer().actor,
            product_id=desk.how.product.id,
            lot_code=desk.lot.code,
            status=status,
            reason=reason,
            # A form that was sent before with another status is another deed.
            key=f"ops:{key}:{status}",
            now=as_of(),
        )
        if trial:
            savepoint.rollback()
    return changed


def _form(desk: Desk, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    options = [*((key, str(text)) for key, text in HOLDS.items()), (AVAILABLE, gettext("Usable again"))]
    return render_template(
        "ops/lot.html", desk=desk, values=values, errors=errors, options=options, **_words(desk)
    )


def _words(desk: Desk) -> dict[str, object]:
    here = f"/ops/stock/{quote(desk.how.product.sku)}"
    return {
        "name": words.product_name(desk.how.product),
        "tones": TONES,
        "status_word": status_word,
        "reasons_text": reasons_text,
        "here": f"{here}/lot?{urlencode({'lot': desk.lot.code})}",
        "all_url": f"{here}/places?{urlencode({'lot': desk.lot.code})}",
    }


def register(app: Flask) -> None:
    """Hang the page into the application."""
    app.register_blueprint(blueprint)
