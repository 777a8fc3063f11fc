"""The operator's moves of a product or a lot, the newest first; one move, and taking it back."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.inventory import reads, service
from portal.inventory.places import AlreadyReversed, StockPromised, UnknownMove
from portal.inventory.reads import MovePage, PostedMove
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_text
from portal.web import filters
from portal.web import stock_words as words
from portal.web.audited import only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.csv_files import csv_response
from portal.web.deed_forms import even_so, said_of
from portal.web.entries import Entries
from portal.web.place_words import deed_word, place_word, status_word
from portal.web.units import reading_level, unit_name

blueprint = Blueprint("moves", __name__)

PER_PAGE = 50
EXPORT_ROWS = 20_000
"""Most moves in one file: those shown and the older ones after them."""

_LONGEST_SEQ = 18


@blueprint.get("/ops/stock/<path:sku>/moves")
@needs(Role.OPERATOR)
def index(sku: str) -> ResponseReturnValue:
    """List the moves of a product, or with ``?lot=`` of one of its lots; ``?before=`` goes on below a number."""
    lot, before = request.args.get("lot"), _before()
    as_file = request.args.get("format") == "csv"
    with reading() as connection:
        how = _how(connection, sku=sku)
        page = reads.posted_moves(
            connection,
            org_id=current_viewer().org.id,
            product_id=how.product.id,
            lot=lot,
            before=before,
            most=EXPORT_ROWS if as_file else PER_PAGE,
        )
    if as_file:
        return csv_response("moves", *_table(page, how))
    return render_template(
        "ops/moves.html",
        how=how,
        name=words.product_name(how.product),
        lot=lot,
        page=page,
        newest=before is None,
        url=lambda **changes: _url(sku, {"lot": lot, "before": before, **changes}),
        **_words(),
    )


@blueprint.get("/ops/stock/<path:sku>/moves/<uuid:move_id>")
@needs(Role.OPERATOR)
def move(sku: str, move_id: UUID) -> ResponseReturnValue:
    """Show one move, what took it back or what it takes back, and the form that takes it back."""
    return _page(sku, move_id, {}, {})


@blueprint.post("/ops/stock/<path:sku>/moves/<uuid:move_id>/reverse")
@needs(Role.OPERATOR)
def reverse(sku: str, move_id: UUID) -> ResponseReturnValue:
    """Check a taking back and ask once more; do it when that was confirmed."""
    entries = Entries(request.form)
    step = entries.values.get("step", "")
    if step == "change":
        only_asked()
        return _page(sku, move_id, entries.values, {})
    reason = entries.text("reason")
    if entries.errors:
        return _page(sku, move_id, entries.values, entries.errors), 422
    how, found = _found(sku, move_id)
    promised = ""
    try:
        if step == "confirm":
            _reverse(move_id, reason, even_promised="even_promised" in entries.values)
            told(products=(found.sku,))
            flash(gettext("Taken back: %(amount)s.", amount=how.text(found.quantity)))
            return redirect(url_for("moves.move", sku=sku, move_id=move_id), 303)
        _reverse(move_id, reason, even_promised=False, trial=True)
    except AlreadyReversed:
        if step == "confirm" and found.reversed_by is not None:
            # The form was sent twice: what it asked for has been done, and the page says by whom.
            only_asked()
            return redirect(url_for("moves.move", sku=sku, move_id=move_id), 303)
        raise
    except StockPromised as refusal:
        promised = said_of(refusal, how)
    except PortalError as refusal:
        return _page(sku, move_id, entries.values, {"reason": said_of(refusal, how)}), 422
    only_asked()
    page = render_template(
        "ops/check_reverse.html",
        move=found,
        how=how,
        name=words.product_name(how.product),
        reason=reason,
        promised=promised,
        errors={"even_promised": even_so()} if promised and step == "confirm" else {},
        **_words(),
    )
    return page, 422 if promised and step == "confirm" else 200


def _reverse(move_id: UUID, reason: str, *, even_promised: bool, trial: bool = False) -> None:
    with transaction() as connection, connection.begin_nested() as savepoint:
        service.reverse_move(
            connection,
            actor=current_viewer().actor,
            move_id=move_id,
            reason=reason,
            now=as_of(),
            even_promised=even_promised,
        )
        if trial:
            savepoint.rollback()


def _page(sku: str, move_id: UUID, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    how, found = _found(sku, move_id)
    return render_template(
        "ops/move.html",
        move=found,
        how=how,
        name=words.product_name(how.product),
        values=values,
        errors=errors,
        **_words(),
    )


def _found(sku: str, move_id: UUID) -> tuple[words.Measure, PostedMove]:
    with reading() as connection:
        found = reads.find_move(connection, org_id=current_viewer().org.id, move_id=move_id)
        if found.sku != sku:
            raise UnknownMove(f"There is no move {move_id} of {sku}.", move=str(move_id))
        return _how(connection, sku=sku), found


def _how(connection: Any, *, sku: str) -> words.Measure:
    org_id = current_viewer().org.id
    product = reads.find_product(connection, org_id=org_id, sku=sku)
    units = units_of(connection, org_id=org_id, products=[product], on=filters.today())[product.id]
    return words.measure(product, reading_level(current_viewer().read_in), units)


def _before() -> int | None:
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_SEQ else None


def _url(sku: str, asked: Mapping[str, object]) -> str:
    kept = {name: value for name, value in asked.items() if value is not None}
    return f"/ops/stock/{quote(sku)}/moves" + (f"?{urlencode(kept)}" if kept else "")


def _words() -> dict[str, Any]:
    return {
        "deed_word": deed_word,
        "place_word": place_word,
        "status_word": status_word,
        "owner_word": owner_word,
        "stock_url": lambda sku: f"/ops/stock/{quote(sku)}",
    }


def owner_word(names: Sequence[str]) -> str:
    """Return whose goods they were or are, by the names a move tells."""
    return words.either(names[0], names[1]) or str(gettext("our own"))


def _table(page: MovePage, how: words.Measure) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Step"),
        gettext("When"),
        gettext("Deed"),
        gettext("Lot"),
        gettext("Serial number"),
        gettext("Left"),
        gettext("Reached"),
        gettext("Status before"),
        gettext("Status"),
        gettext("Owner before"),
        gettext("Owner"),
        gettext("Quantity"),
        gettext("Unit"),
        gettext("Document number"),
        gettext("Reason"),
        gettext("Who"),
        gettext("Taken back"),
    ]
    unit, decimals = unit_name(how.product.base_unit), how.product.decimals
    return heads, [
        [
            one.seq,
            filters.local(one.at).isoformat(timespec="seconds"),
            deed_word(one),
            one.lot,
            one.serial,
            place_word(one.origin, one.origin_kind),
            place_word(one.target, one.target_kind),
            status_word(one.from_status),
            status_word(one.to_status),
            owner_word(one.from_owner),
            owner_word(one.to_owner),
            to_text(one.quantity, decimals=decimals),
            unit,
            one.document,
            one.reason,
            one.actor,
            gettext("yes") if one.reversed_by else "",
        ]
        for one in page.rows
    ]


def register(app: Flask) -> None:
    """Hang the pages into the application."""
    app.register_blueprint(blueprint)
