"""The operator's trace of a lot: where it came from, where it lies, where it went, and every step between."""

from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.flows import tracing
from portal.flows.tracing import Trace
from portal.inventory import reads
from portal.inventory.reads import Lying, TracedLot, TracedMove
from portal.kernel.disclosure import Role
from portal.kernel.errors import NotFound
from portal.kernel.quantity import to_text
from portal.web import filters
from portal.web.auth import current_viewer, needs
from portal.web.context import reading
from portal.web.csv_files import csv_response
from portal.web.deed_forms import Heap
from portal.web.deeds import heap_url
from portal.web.place_words import TONES, deed_word, place_word, status_word
from portal.web.stock_words import Measure, either, measure, product_name
from portal.web.units import reading_level, unit_name

blueprint = Blueprint("trace", __name__, url_prefix="/ops/trace")

SHOWN = 200
"""So many steps are shown; the file has all of them."""


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """Show the way of a lot, or of a part of it."""
    code = request.args.get("lot", "").strip()
    serial = request.args.get("serial", "").strip()
    direction = reads.BACKWARD if request.args.get("way") == reads.BACKWARD else reads.FORWARD
    move_id = _id(request.args.get("move", ""))
    with reading() as connection:
        org_id = current_viewer().org.id
        lots = reads.find_lots(connection, org_id=org_id, code=code)
        products = reads.products_by_id(connection, org_id=org_id, ids=[lot.product_id for lot in lots])
        lot = _chosen(lots, {lot.product_id: products[lot.product_id].sku for lot in lots})
        found = missing = None
        if lot is not None:
            try:
                found = tracing.trace(
                    connection,
                    org_id=org_id,
                    lot=lot,
                    move_id=move_id,
                    direction=direction,
                    serial=serial,
                    today=filters.today(),
                )
            except NotFound as refusal:
                missing = refusal
    if found is not None and request.args.get("format") == "csv":
        return csv_response(f"trace-{filters.today()}", *_table(found))
    page = render_template(
        "ops/trace.html",
        code=code,
        serial=serial,
        direction=direction,
        part=move_id is not None,
        choices=[(products[one.product_id], one) for one in lots],
        found=found,
        missing=missing,
        **(_facts(found) if found else {}),
    )
    return page, 404 if missing or (code and not lots) else 200


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _chosen(lots: tuple[TracedLot, ...], skus: dict[UUID, str]) -> TracedLot | None:
    wanted = request.args.get("product", "")
    return next((lot for lot in lots if skus[lot.product_id] == wanted), lots[0] if lots else None)


def _facts(found: Trace) -> dict[str, object]:
    counting = [move for move in found.moves if not (move.taken_back or move.reverses)]
    return {
        "product": product_name(found.product),
        "how": _measure(found),
        "arrivals": [move for move in counting if move.arrives],
        "departures": [move for move in counting if move.departs],
        "shown": found.moves[-SHOWN:],
        "heap_url": lambda one: heap_url(found.product.sku, _heap(found.lot.code, one)),
        "firm": lambda move: _firm(found, move),
        "place_word": place_word,
        "deed_word": deed_word,
        "status_word": status_word,
        "tones": TONES,
        "either": either,
    }


def _measure(found: Trace) -> Measure:
    return measure(found.product, reading_level(current_viewer().read_in), found.units)


def _heap(lot: str, one: Lying) -> Heap:
    return Heap(lot=lot, place_id=one.place_id, status=one.status, owner_id=one.owner_id)


def _firm(found: Trace, move: TracedMove) -> str:
    names = found.customers.get(move.partner_id) if move.partner_id else None
    return either(*names) if names else move.supplier


def _table(found: Trace) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Step"),
        gettext("When"),
        gettext("Deed"),
        gettext("Left"),
        gettext("Reached"),
        gettext("Status"),
        gettext("Quantity"),
        gettext("Unit"),
        gettext("Document"),
        gettext("Firm"),
        gettext("Serial number"),
        gettext("Reason"),
        gettext("Who"),
        gettext("Quantity as read"),
    ]
    unit, how = unit_name(found.product.base_unit), _measure(found)
    return heads, [
        [
            move.seq,
            filters.local(move.at).isoformat(timespec="seconds"),
            deed_word(move),
            place_word(move.origin, move.origin_kind),
            place_word(move.target, move.target_kind),
            status_word(move.to_status),
            to_text(move.quantity, decimals=found.product.decimals),
            unit,
            move.document,
            _firm(found, move),
            move.serial,
            move.reason,
            move.actor,
            how.plain(move.quantity),
        ]
        for move in found.moves
    ]


def register(app: Flask) -> None:
    """Hang the page into the application."""
    app.register_blueprint(blueprint)
