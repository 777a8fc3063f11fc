"""The operator's first page, goods receipt, and the replenishment orders."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from portal.flows import goods, order_views
from portal.flows import inbox as inboxes
from portal.flows.order_views import OrderView, Which
from portal.kernel.disclosure import Role
from portal.kernel.errors import Conflict
from portal.kernel.quantity import to_text
from portal.replenishment import reads, service
from portal.replenishment.model import MOVES, Move, State
from portal.replenishment.service import Count
from portal.web import filters, inbox_lines, order_pages
from portal.web.audited import about
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.errors import sentence_of

blueprint = Blueprint("ops", __name__, url_prefix="/ops")

KINDS = ("answer", "receive", "stock", "expiry", "papers", "system")
"""Filters of the inbox, in order."""

LATER = 5
"""So many of a kind are shown under later; the rest is one line that leads to the filtered list."""

PER_PAGE = 50

FILTERS = {
    "open": order_pages.UNDER_WAY,
    "over": (State.CLOSED, State.REJECTED, State.EXPIRED, State.CANCELLED),
}
"""Which states stand under which tab of the list of orders; ``all`` is everything."""


@blueprint.get("")
@needs(Role.OPERATOR)
def inbox() -> ResponseReturnValue:
    """Show what needs the operator today, most urgent first, one action a line."""
    now = as_of()
    org_id = current_viewer().org.id
    with reading() as connection:
        found = inboxes.inbox(connection, org_id=org_id, today=filters.today(), now=now)
    items = inbox_lines.items(found)
    kind = request.args.get("kind", "")
    shown = [item for item in items if kind not in KINDS or item["filter"] == kind]
    soon = _end_of_tomorrow(now)
    later = [item for item in shown if item["at"] > soon]
    few, rest = (later, []) if kind in KINDS else _few(later)
    groups = [
        _group(gettext("Now"), [item for item in shown if item["at"] <= now + timedelta(hours=6)]),
        _group(
            gettext("Today and tomorrow"),
            [item for item in shown if now + timedelta(hours=6) < item["at"] <= soon],
        ),
        {"title": gettext("Later"), "items": few, "count": len(later), "rest": rest},
    ]
    return render_template(
        "ops/inbox.html",
        groups=[group for group in groups if group["items"]],
        total=len(items),
        kind=kind if kind in KINDS else "",
        counts={name: sum(item["filter"] == name for item in items) for name in KINDS},
        setup=inbox_lines.setup(found),
        found=found,
    )


def _group(title: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "items": items, "count": len(items), "rest": []}


def _few(items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Keep the first of each kind; name what is left out, each kind in one line with its address."""
    kept: list[dict[str, Any]] = []
    left: dict[str, int] = {}
    for item in items:
        name = item["filter"]
        if sum(one["filter"] == name for one in kept) < LATER:
            kept.append(item)
        else:
            left[name] = left.get(name, 0) + 1
    rest = [{"text": _left_out(name, count), "href": f"/ops?kind={name}"} for name, count in left.items()]
    return kept, rest


def _left_out(name: str, count: int) -> str:
    if name == "expiry":
        return str(
            ngettext(
                "%(num)d more lot ends within %(days)d days",
                "%(num)d more lots end within %(days)d days",
                count,
                days=inboxes.EXPIRY_DAYS,
            )
        )
    return str(ngettext("%(num)d more of this kind", "%(num)d more of this kind", count))


def _end_of_tomorrow(now: datetime) -> datetime:
    local = filters.local(now)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)


@blueprint.get("/replenishment")
@needs(Role.OPERATOR)
def replenishment() -> ResponseReturnValue:
    """List the replenishment orders."""
    tab = request.args.get("tab", "open")
    page = max(1, request.args.get("page", 1, type=int))
    as_file = request.args.get("format") == "csv"
    which = Which(
        states=FILTERS.get(tab),
        by_deadline=tab == "open",
        limit=100_000 if as_file else PER_PAGE,
        offset=0 if as_file else (page - 1) * PER_PAGE,
    )
    org_id = current_viewer().org.id
    with reading() as connection:
        views = order_views.orders(connection, org_id=org_id, which=which)
        counts = order_views.counts(connection, org_id=org_id)
    if as_file:
        return csv_response("replenishment-orders", *order_pages.table(views))
    totals = {name: sum(counts[state] for state in states) for name, states in FILTERS.items()}
    totals["all"] = sum(counts.values())
    tab = tab if tab in FILTERS else "all"
    return render_template(
        "ops/replenishment.html",
        tab=tab,
        views=views,
        totals=totals,
        page=page,
        pages=-(-totals[tab] // PER_PAGE),
    )


@blueprint.get("/replenishment/<number>")
@needs(Role.OPERATOR)
def order(number: str) -> ResponseReturnValue:
    """Show one order: facts, why it was proposed, its history, what can be done."""
    return _order_page(number)


def _order_page(number: str, refusal: str = "", errors: dict[str, str] | None = None) -> str:
    with reading() as connection:
        view, steps = order_views.order(connection, org_id=current_viewer().org.id, number=number)
    about(view.order.supplier_id)
    return render_template(
        "ops/order.html",
        view=view,
        why=order_pages.why(view.order),
        history=order_pages.timeline(steps),
        can_cancel=view.order.state in MOVES[Move.CANCEL][0],
        can_settle=view.order.state is State.RECEIVED,
        can_receive=view.order.state is State.SHIPPED,
        refusal=refusal,
        errors=errors or {},
    )


@blueprint.post("/replenishment/<number>/cancel")
@needs(Role.OPERATOR)
def cancel(number: str) -> ResponseReturnValue:
    """Withdraw an order before it is shipped."""
    return _end(number, service.cancel)


@blueprint.post("/replenishment/<number>/settle")
@needs(Role.OPERATOR)
def settle(number: str) -> ResponseReturnValue:
    """Close an order whose count differed."""
    return _end(number, service.close)


def _end(number: str, deed: Any) -> ResponseReturnValue:
    entries = Entries(request.form)
    version, reason = entries.whole("version"), entries.text("reason")
    if entries.errors:
        return _order_page(number, errors=entries.errors), 422
    actor, now = current_viewer().actor, as_of()
    try:
        with transaction() as connection:
            deed(connection, actor=actor, number=number, version=version, reason=reason, now=now)
    except Conflict as refusal:
        return _order_page(number, refusal=sentence_of(refusal)), 409
    return redirect(url_for("ops.order", number=number), code=303)


@blueprint.get("/receive/<uuid:shipment_id>")
@needs(Role.OPERATOR)
def receive(shipment_id: UUID) -> ResponseReturnValue:
    """Show a shipment to count in; one that was counted leads to its order."""
    view = _arrival(shipment_id)
    if view.order.state is not State.SHIPPED:
        return redirect(url_for("ops.order", number=view.order.number), code=303)
    values = {"quantity": to_text(view.order.quantity, decimals=view.names.decimals)}
    return render_template("ops/receive.html", view=view, values=values, errors={})


def _arrival(shipment_id: UUID) -> OrderView:
    org_id = current_viewer().org.id
    with reading() as connection:
        shipment = reads.shipment(connection, org_id=org_id, shipment_id=shipment_id)
        number = reads.order_number(connection, org_id=org_id, order_id=shipment.order_id)
        view, _ = order_views.order(connection, org_id=org_id, number=number)
    return view


@blueprint.post("/receive/<uuid:shipment_id>")
@needs(Role.OPERATOR)
def count(shipment_id: UUID) -> ResponseReturnValue:
    """Read the count: show it once more with its difference, or book it when it has been checked."""
    view = _arrival(shipment_id)
    entries = Entries(request.form)
    quantity = entries.quanta("quantity", decimals=view.names.decimals)
    note = entries.text("note", required=False)
    differs = quantity != view.order.quantity
    if differs and not note and not entries.errors:
        entries.errors["note"] = gettext("The count differs: say what was found.")
    if entries.errors or entries.values.get("step") == "change":
        return render_template("ops/receive.html", view=view, values=entries.values, errors=entries.errors), (
            422 if entries.errors else 200
        )
    if entries.values.get("step") != "confirm":
        return render_template(
            "ops/check_receipt.html", view=view, quantity=quantity, values=entries.values, differs=differs
        )
    found = Count(quantity=quantity, note=note, version=entries.whole("version"))
    try:
        with transaction() as connection:
            goods.receive(
                connection, actor=current_viewer().actor, shipment_id=shipment_id, count=found, now=as_of()
            )
    except Conflict as refusal:
        return _order_page(view.order.number, refusal=sentence_of(refusal)), 409
    return redirect(url_for("ops.order", number=view.order.number), code=303)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    order_pages.register(app)
    app.register_blueprint(blueprint)
