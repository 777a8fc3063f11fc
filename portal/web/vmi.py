"""The supplier's pages: what must be answered by when, the answer, the despatch advice. Made for a phone."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.flows import goods, order_views
from portal.flows.order_views import OrderView, Which
from portal.inventory.places import LotWithheld
from portal.kernel.disclosure import Role
from portal.kernel.errors import Conflict, Refused
from portal.kernel.quantity import in_packs
from portal.kernel.statuses import status_of
from portal.replenishment import service
from portal.replenishment.model import ShipmentDraft, ShipmentNumberTaken, State, Step
from portal.web import filters, order_pages
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading_for, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.errors import sentence_of

blueprint = Blueprint("vmi", __name__, url_prefix="/vmi")

TABS: Mapping[str, tuple[State, ...]] = {
    "answer": (State.SENT,),
    "answered": (
        State.ACCEPTED,
        State.SHIPPED,
        State.RECEIVED,
        State.CLOSED,
        State.REJECTED,
        State.CANCELLED,
    ),
    "late": (State.EXPIRED,),
}
"""Which states stand under which tab."""

REASONS = ("sold_out", "too_late", "price", "other")
"""Why a supplier cannot deliver; words in ``order_pages.REASONS``."""

_PAST = 3


def _supplier() -> UUID:
    partner = current_viewer().actor.partner_id
    if partner is None:  # a supplier's person without a firm answers for nobody
        raise Refused("Your account belongs to no firm.")
    return partner


@blueprint.get("")
@needs(Role.SUPPLIER)
def inbox() -> ResponseReturnValue:
    """Show what must be answered, soonest first; what was answered; what was missed."""
    tab = request.args.get("tab", "answer")
    tab = tab if tab in TABS else "answer"
    which = Which(supplier_id=_supplier(), states=TABS[tab], by_deadline=tab == "answer")
    org_id = current_viewer().org.id
    with reading_for(current_viewer()) as connection:
        views = order_views.orders(connection, org_id=org_id, which=which)
        counts = order_views.counts(connection, org_id=org_id, supplier_id=_supplier())
    if request.args.get("format") == "csv":
        return csv_response(f"orders-{tab}", *order_pages.table(views))
    totals = {name: sum(counts[state] for state in states) for name, states in TABS.items()}
    return render_template("vmi/inbox.html", tab=tab, views=views, totals=totals)


@blueprint.get("/<number>")
@needs(Role.SUPPLIER)
def order(number: str) -> ResponseReturnValue:
    """Show one order on one phone screen: what, how much, by when, and why."""
    return _page(number)


def _page(number: str, refusal: str = "") -> str:
    org_id, supplier_id = current_viewer().org.id, _supplier()
    with reading_for(current_viewer()) as connection:
        view, steps = order_views.order(connection, org_id=org_id, number=number, supplier_id=supplier_id)
        waiting = order_views.orders(
            connection,
            org_id=org_id,
            which=Which(supplier_id=supplier_id, states=TABS["answer"], by_deadline=True),
        )
        before = order_views.orders(
            connection,
            org_id=org_id,
            which=Which(
                supplier_id=supplier_id,
                states=(*TABS["answered"], *TABS["late"]),
                product_id=view.order.product_id,
                limit=_PAST + 1,
            ),
        )
    numbers = [one.order.number for one in waiting]
    return render_template(
        "vmi/order.html",
        view=view,
        why=order_pages.why(view.order),
        history=order_pages.timeline(steps),
        answered=_answer_of(steps),
        place=numbers.index(number) + 1 if number in numbers else 0,
        waiting=len(numbers),
        before=[one for one in before if one.order.number != number][:_PAST],
        refusal=refusal,
    )


def _answer_of(steps: list[Step]) -> Step | None:
    return next((step for step in steps if step.to_state in (State.ACCEPTED, State.REJECTED)), None)


def _own(number: str) -> OrderView:
    with reading_for(current_viewer()) as connection:
        view, _ = order_views.order(
            connection, org_id=current_viewer().org.id, number=number, supplier_id=_supplier()
        )
    return view


@blueprint.get("/<number>/answer")
@needs(Role.SUPPLIER)
def check_answer(number: str) -> ResponseReturnValue:
    """Show the answer once more before it is sent; a refusal asks for its reason first."""
    view = _own(number)
    if view.order.state is not State.SENT:
        return redirect(url_for("vmi.order", number=number), code=303)
    if request.args.get("with") != "reject":
        return render_template("vmi/check.html", view=view, accepting=True, reason="", note="")
    entries = Entries(request.args)
    reason, note = _reason(entries)
    # A form without a chosen reason sends its other field only.
    handed_in = not request.args.keys().isdisjoint({"reason", "note"})
    if not handed_in or entries.errors:
        shown = entries.errors if handed_in else {}
        return render_template(
            "vmi/reason.html", view=view, reasons=REASONS, values=entries.values, errors=shown
        ), (422 if shown else 200)
    return render_template("vmi/check.html", view=view, accepting=False, reason=reason, note=note)


def _reason(entries: Entries) -> tuple[str, str]:
    reason = entries.text("reason", required=False)
    note = entries.text("note", required=False)
    if reason not in REASONS:
        entries.errors["reason"] = gettext("Choose a reason.")
    elif reason == "other" and not note:
        entries.errors["note"] = gettext("Say why, so that the other side knows.")
    return reason, note


@blueprint.post("/<number>/answer")
@needs(Role.SUPPLIER)
def answer(number: str) -> ResponseReturnValue:
    """Send the answer; the order's page then shows the receipt."""
    entries = Entries(request.form)
    version = entries.whole("version")
    accepting = entries.values.get("with") == "accept"
    reason, note = ("", "") if accepting else _reason(entries)
    if entries.errors:
        return redirect(url_for("vmi.order", number=number), code=303)
    words = f"{reason}: {note}" if note else reason
    actor, now = current_viewer().actor, as_of()
    _own(number)
    try:
        with transaction() as connection:
            if accepting:
                service.accept(connection, actor=actor, number=number, version=version, now=now)
            else:
                service.reject(connection, actor=actor, number=number, version=version, reason=words, now=now)
    except Conflict as refusal:
        return _page(number, sentence_of(refusal)), 409
    return redirect(url_for("vmi.order", number=number), code=303)


@blueprint.get("/<number>/ship")
@needs(Role.SUPPLIER)
def shipping(number: str) -> ResponseReturnValue:
    """Show the despatch advice to fill in."""
    view = _own(number)
    if view.order.state is not State.ACCEPTED:
        return redirect(url_for("vmi.order", number=number), code=303)
    packs = in_packs(view.order.quantity, pack_quanta=view.order.pack_quanta)
    values = {"packs": str(packs.packs), "due_on": view.order.needed_on.isoformat()}
    return _ship_form(view, values, {})


def _ship_form(view: OrderView, values: Mapping[str, str], faults: Mapping[str, str]) -> str:
    return render_template("vmi/ship.html", view=view, values=values, errors=faults)


@blueprint.post("/<number>/ship")
@needs(Role.SUPPLIER)
def ship(number: str) -> ResponseReturnValue:
    """Read the despatch advice: show it once more, or send it when it has been checked."""
    view = _own(number)
    if view.order.state is not State.ACCEPTED:
        return _page(
            number, gettext("Order %(number)s has moved on; this cannot be done any more.", number=number)
        ), 409
    entries = Entries(request.form)
    draft = _despatch(entries, view)
    if entries.errors or draft is None or entries.values.get("step") == "change":
        return _ship_form(view, entries.values, entries.errors), (422 if entries.errors else 200)
    if entries.values.get("step") != "confirm":
        return render_template("vmi/check_ship.html", view=view, draft=draft, values=entries.values)
    try:
        with transaction() as connection:
            goods.ship(
                connection,
                actor=current_viewer().actor,
                number=number,
                version=entries.whole("version"),
                draft=draft,
                now=as_of(),
            )
    except (LotWithheld, ShipmentNumberTaken) as refusal:
        field = "lot" if isinstance(refusal, LotWithheld) else "number"
        return _ship_form(view, entries.values, {field: sentence_of(refusal)}), status_of(refusal)
    except Conflict as refusal:
        return _page(number, sentence_of(refusal)), 409
    return redirect(url_for("vmi.order", number=number), code=303)


def _despatch(entries: Entries, view: OrderView) -> ShipmentDraft | None:
    number, lot = entries.text("number"), entries.text("lot")
    made_on, expires_on = entries.day("made_on", required=False), entries.day("expires_on")
    due_on = entries.day("due_on")
    quantity = entries.whole("packs", least=1) * view.order.pack_quanta
    if "packs" not in entries.errors and quantity != view.order.quantity:
        entries.errors["packs"] = gettext(
            "Ship the whole order: %(cases)s.", cases=order_pages.in_cases(view.order.quantity, view)
        )
    if made_on and expires_on and made_on > expires_on:
        entries.errors["expires_on"] = gettext("The lot cannot end before it was made.")
    if due_on and due_on < filters.today():
        entries.errors["due_on"] = gettext("The day has passed.")
    if due_on is None:
        return None
    return ShipmentDraft(
        number=number,
        lot_code=lot,
        made_on=made_on,
        expires_on=expires_on,
        quantity=quantity,
        due_on=due_on,
    )


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
