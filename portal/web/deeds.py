"""The operator's pages of stock that lies somewhere: what lies where; move, hold, release, scrap, take over.

A deed is looked at once more before it is done. The key in its form makes a form that was sent twice one deed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.inventory import reads
from portal.inventory.places import OWN, NothingThere, StockPromised
from portal.inventory.reads import Held
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.web import filters
from portal.web import stock_words as words
from portal.web.amounts import unit_choices
from portal.web.audited import only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.deed_forms import (
    HOLDS,
    KINDS,
    DeedKind,
    Heap,
    Wanted,
    even_so,
    field_of,
    heap_of,
    perform,
    read_wanted,
    said_of,
)
from portal.web.entries import Entries
from portal.web.pages import page_links, page_number
from portal.web.place_words import TONES, status_word
from portal.web.units import reading_level

blueprint = Blueprint("deeds", __name__)

PER_PAGE = 50

SERIALS_SHOWN = 100
"""Most serial numbers that are offered for choosing; any other is typed or scanned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The stock a deed is about.

    Attributes:
        how: The product and how its reader counts it.
        heap: Which stock, as the address names it.
        held: What lies there; ``None`` when nothing does any more.
        serials: The first serial numbers there.
        places: Ids of all places by code.
    """

    how: words.Measure
    heap: Heap
    held: Held | None
    serials: tuple[str, ...]
    places: Mapping[str, UUID]

    @property
    def found(self) -> Held:
        """What lies there.

        Raises:
            NothingThere: Nothing does any more.
        """
        if self.held is None:
            raise NothingThere(f"Nothing of lot {self.heap.lot} lies there.", lot=self.heap.lot)
        return self.held


@blueprint.get("/ops/stock/<path:sku>/places")
@needs(Role.OPERATOR)
def lying(sku: str) -> ResponseReturnValue:
    """List what lies of a product, by place, lot, status and owner."""
    lot, org_id = request.args.get("lot"), current_viewer().org.id
    with reading() as connection:
        product = reads.find_product(connection, org_id=org_id, sku=sku)
        page = reads.held_of(
            connection, org_id=org_id, product_id=product.id, lot=lot, page=page_number(), per_page=PER_PAGE
        )
        units = units_of(connection, org_id=org_id, products=[product], on=filters.today())[product.id]
    return render_template(
        "ops/lying.html",
        how=words.measure(product, reading_level(current_viewer().read_in), units),
        name=words.product_name(product),
        lot=lot,
        page=page,
        links=page_links(page.page, page.pages),
        **_words(product.sku),
    )


@blueprint.get("/ops/stock/<path:sku>/heap")
@needs(Role.OPERATOR)
def heap(sku: str) -> ResponseReturnValue:
    """Show stock of one lot at one place, and what can be done with it."""
    desk = _desk(sku)
    return render_template(
        "ops/heap.html",
        desk=desk,
        name=words.product_name(desk.how.product),
        kinds=[kind for kind in KINDS if kind.fits(desk.found)],
        **_words(sku),
    )


def _words(sku: str) -> dict[str, Any]:
    return {
        "tones": TONES,
        "status_word": status_word,
        "owner_name": owner_name,
        "heap_url": lambda held, page="heap": heap_url(sku, heap_of(held), page),
        "stock_url": f"/ops/stock/{quote(sku)}",
    }


def owner_name(held: Held) -> str:
    """Return whose goods they are."""
    return str(gettext("our own")) if held.owner_id == OWN else words.either(held.owner_zh, held.owner_en)


def heap_url(sku: str, named: Heap, page: str = "heap") -> str:
    """Return the address of a page about stock that lies somewhere."""
    return f"/ops/stock/{quote(sku)}/{page}?{urlencode(named.words())}"


def _heap() -> Heap:
    try:
        return Heap(
            lot=request.args.get("lot", ""),
            place_id=UUID(request.args.get("place", "")),
            status=request.args.get("status", ""),
            owner_id=UUID(request.args["owner"]) if request.args.get("owner") else OWN,
        )
    except ValueError:
        raise NothingThere("The address names no place.", lot=request.args.get("lot", "")) from None


def _desk(sku: str) -> Desk:
    org_id = current_viewer().org.id
    with reading() as connection:
        product = reads.find_product(connection, org_id=org_id, sku=sku)
        units = units_of(connection, org_id=org_id, products=[product], on=filters.today())[product.id]
        named, held = _heap(), None
        serials: tuple[str, ...] = ()
        try:
            held = reads.find_held(
                connection,
                org_id=org_id,
                product_id=product.id,
                lot=named.lot,
                place_id=named.place_id,
                status=named.status,
                owner_id=named.owner_id,
            )
            serials = reads.serials_of(connection, org_id=org_id, held=held, most=SERIALS_SHOWN)
        except NothingThere:
            # A form that is sent twice finds nothing there the second time; its key says that it was done.
            pass
        places = reads.place_codes(connection, org_id=org_id)
    how = words.measure(product, reading_level(current_viewer().read_in), units)
    return Desk(how=how, heap=named, held=held, serials=serials, places=places)


def show(kind: DeedKind, sku: str) -> ResponseReturnValue:
    """Show the form of a deed."""
    desk = _desk(sku)
    status = next(key for key in HOLDS if key != desk.heap.status)
    values = {"unit": desk.how.chosen.code, "status": status, "key": str(new_id(as_of()))}
    return _form(kind, desk, values, ())


def do(kind: DeedKind, sku: str) -> ResponseReturnValue:
    """Check a deed and ask once more; do it when that was confirmed."""
    desk, entries, serials = _desk(sku), Entries(request.form), _serials()
    step = entries.values.get("step", "")
    if step == "change":
        only_asked()
        return _form(kind, desk, entries.values, serials)
    wanted = read_wanted(
        entries,
        kind=kind,
        heap=desk.heap,
        how=desk.how,
        serials=serials,
        places={code.lower(): place_id for code, place_id in desk.places.items()},
    )
    if wanted is None:
        return _form(kind, desk, entries.values, serials, entries.errors), 422
    promised = "even_promised" in entries.values
    try:
        if step == "confirm":
            _do(kind, wanted, even_promised=promised)
            told(products=(sku,))
            flash(str(kind.done) % {"amount": desk.how.text(wanted.take.quantity)})
            return redirect(f"/ops/stock/{quote(sku)}/places", 303)
        _do(kind, wanted, even_promised=False, trial=True)
    except StockPromised as refusal:
        return _about_promises(kind, desk, entries, wanted, refusal, status=422 if step == "confirm" else 200)
    except PortalError as refusal:
        errors = {field_of(refusal, desk.how): said_of(refusal, desk.how)}
        return _form(kind, desk, entries.values, serials, errors), 422
    only_asked()
    return _check(kind, desk, entries.values, wanted)


def _serials() -> tuple[str, ...]:
    """Return the serial numbers that were chosen, then those that were typed, each once."""
    typed = [code for code in re.split(r"[\s,，、;；]+", request.form.get("typed", "")) if code]
    return tuple(dict.fromkeys(request.form.getlist("serial") + typed))


def _do(kind: DeedKind, wanted: Wanted, *, even_promised: bool, trial: bool = False) -> None:
    with transaction() as connection, connection.begin_nested() as savepoint:
        perform(
            connection,
            actor=current_viewer().actor,
            kind=kind,
            wanted=wanted,
            now=as_of(),
            even_promised=even_promised,
        )
        if trial:
            savepoint.rollback()


def _about_promises(
    kind: DeedKind, desk: Desk, entries: Entries, wanted: Wanted, refusal: StockPromised, *, status: int
) -> ResponseReturnValue:
    """Ask once more, saying that promises would lack stock."""
    only_asked()
    said = said_of(refusal, desk.how)
    errors = {"even_promised": even_so()} if status != 200 else {}  # noqa: PLR2004 - HTTP's own
    return _check(kind, desk, entries.values, wanted, promised=said, errors=errors), status


def _form(
    kind: DeedKind,
    desk: Desk,
    values: Mapping[str, str],
    serials: Sequence[str],
    errors: Mapping[str, str] | None = None,
) -> str:
    held = desk.found
    return render_template(
        "ops/deed.html",
        kind=kind,
        desk=desk,
        held=held,
        name=words.product_name(desk.how.product),
        values=values,
        chosen=frozenset(serials),
        typed="\n".join(code for code in serials if code not in desk.serials),
        errors=errors or {},
        units=unit_choices(desk.how),
        holds=[(key, str(text)) for key, text in HOLDS.items() if key != held.status],
        **_words(desk.how.product.sku),
    )


def _check(
    kind: DeedKind,
    desk: Desk,
    values: Mapping[str, str],
    wanted: Wanted,
    promised: str = "",
    errors: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "ops/check_deed.html",
        kind=kind,
        desk=desk,
        held=desk.found,
        name=words.product_name(desk.how.product),
        values=values,
        wanted=wanted,
        to=next((code for code, place_id in desk.places.items() if place_id == wanted.to_id), ""),
        promised=promised,
        errors=errors or {},
        **_words(desk.how.product.sku),
    )


def _add(kind: DeedKind) -> None:
    @needs(Role.OPERATOR)
    def view(sku: str) -> ResponseReturnValue:
        return do(kind, sku) if request.method == "POST" else show(kind, sku)

    blueprint.add_url_rule(
        f"/ops/stock/<path:sku>/{kind.name}", kind.name.replace("-", "_"), view, methods=["GET", "POST"]
    )


for _kind in KINDS:
    _add(_kind)


def register(app: Flask) -> None:
    """Hang the pages into the application."""
    app.register_blueprint(blueprint)
