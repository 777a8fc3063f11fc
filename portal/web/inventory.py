"""What is available: the buyer's list, one product in full, the same as files. The operator sees everything."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from portal.inventory import reads
from portal.inventory.reads import AvailabilityPage, AvailabilityRow, ProductDetail
from portal.inventory.units.model import Units
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.grain import EXACT, AtLeast
from portal.kernel.quantity import to_text
from portal.kernel.units import Level
from portal.partners.model import NoAgreement
from portal.partners.viewer import Viewer
from portal.passports.reads import passports_of_lots
from portal.web import filters
from portal.web import stock_words as words
from portal.web.agreement_words import grain_words
from portal.web.asking_form import Question, asking_of
from portal.web.audited import told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading_for
from portal.web.csv_files import csv_response
from portal.web.sheets import xlsx_response
from portal.web.units import SWITCH, level_name, level_of, reading_level, unit_name

PER_PAGE = 50
EXPORT_ROWS = 20_000
"""Most products in one file; a larger range is exported in parts, by search or filter."""

blueprint = Blueprint("inventory", __name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks of the list.

    Attributes:
        q: Search.
        show: Filter.
        sort: Order of rows.
        unit: Packaging level to read in.
        own_unit: Level the reader gets without a word in the address.
        page: Page number.
        open: SKU of the opened row.
    """

    q: str
    show: str
    sort: str
    unit: Level
    page: int
    open: str
    own_unit: Level

    def url(self, path: str = "", **changes: object) -> str:
        """Return the address of the same list with some words changed; defaults are left out."""
        asked = {
            "q": self.q,
            "show": self.show,
            "sort": self.sort,
            "unit": self.unit,
            "page": self.page,
            **changes,
        }
        usual = _DEFAULTS | {"unit": self.own_unit}
        kept = {key: value for key, value in asked.items() if str(value) != str(usual.get(key, ""))}
        base = path or request.path
        return base + (f"?{urlencode(kept)}" if kept else "")


_DEFAULTS: dict[str, object] = {"q": "", "show": "", "sort": "sku", "page": 1}


def _asked(viewer: Viewer) -> Asked:
    page = request.args.get("page", "1")
    return Asked(
        q=request.args.get("q", "").strip()[:100],
        show=request.args.get("show", ""),
        sort=request.args.get("sort", "sku"),
        unit=reading_level(viewer.read_in),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,  # noqa: PLR2004 - digits
        open=request.args.get("open", ""),
        own_unit=level_of(viewer.read_in) or Level.CASE,
    )


@blueprint.get("/inventory")
@needs(Role.CUSTOMER, Role.OPERATOR)
def listing() -> ResponseReturnValue:
    """Show what is available, a page of products; ``?open=SKU`` unfolds one."""
    viewer = entitled()
    asked = _asked(viewer)
    with reading_for(viewer) as connection:
        page = _page(connection, viewer, asked, per_page=PER_PAGE)
        units = _units(connection, viewer, page)
        opened = _opened(connection, viewer, asked, page)
    told(rows=len(page.rows), products=(asked.open,) if opened else ())
    return render_template(
        "inventory/list.html",
        asked=asked,
        page=page,
        lines=[_line(row, asked, units[row.product.id]) for row in page.rows],
        opened=opened,
        staff=viewer.disclosure.everything,
        by_node=viewer.disclosure.by_node,
        note=_note(viewer),
    )


@blueprint.get("/ops/stock")
@needs(Role.OPERATOR)
def staff_listing() -> ResponseReturnValue:
    """Show the operator what is available, over all customers."""
    return listing()


@blueprint.get("/inventory/<path:sku>")
@needs(Role.CUSTOMER, Role.OPERATOR)
def product(sku: str) -> ResponseReturnValue:
    """Show one product in full."""
    return product_page(sku)


def product_page(sku: str, question: Question | None = None) -> str:
    """Write the page of one product, with a threshold question as it was asked and answered, if one was."""
    viewer = entitled()
    asked = _asked(viewer)
    with reading_for(viewer) as connection:
        opened = _in_full(connection, viewer, asked, sku, question)
    told(rows=1, products=(sku,))
    line = _line(opened["detail"].row, asked, opened["how"].units)
    return render_template(
        "inventory/product.html",
        asked=asked,
        line=line,
        opened=opened,
        staff=viewer.disclosure.everything,
        by_node=viewer.disclosure.by_node,
        note=_note(viewer),
    )


@blueprint.get("/inventory.csv")
@needs(Role.CUSTOMER, Role.OPERATOR)
def as_csv() -> ResponseReturnValue:
    """Give the list as CSV, all pages of it."""
    return csv_response("availability", *_export())


@blueprint.get("/inventory.xlsx")
@needs(Role.CUSTOMER, Role.OPERATOR)
def as_xlsx() -> ResponseReturnValue:
    """Give the list as a workbook, all pages of it."""
    return xlsx_response("availability", *_export())


def _note(viewer: Viewer) -> str:
    """Say how figures are told, where that is not exactly."""
    grain = viewer.disclosure.grain
    return "" if grain == EXACT else grain_words(grain)


def entitled() -> Viewer:
    """Return who is asking.

    Raises:
        NoAgreement: A customer without an agreement in force.
    """
    viewer = current_viewer()
    if not viewer.disclosure.everything and viewer.disclosure.tier is None:
        raise NoAgreement("No agreement is in force today.")
    return viewer


def _page(connection: Connection, viewer: Viewer, asked: Asked, *, per_page: int) -> AvailabilityPage:
    return reads.availability(
        connection,
        org_id=viewer.actor.org_id,
        disclosure=viewer.disclosure,
        as_of=as_of(),
        search=asked.q,
        filter=asked.show,
        sort=asked.sort,
        page=asked.page,
        per_page=per_page,
    )


def _units(connection: Connection, viewer: Viewer, page: AvailabilityPage) -> dict[UUID, Units]:
    products = [row.product for row in page.rows]
    return units_of(connection, org_id=viewer.actor.org_id, products=products, on=page.as_of.date())


def _opened(connection: Connection, viewer: Viewer, asked: Asked, page: AvailabilityPage) -> dict[str, Any] | None:
    if asked.open not in {row.product.sku for row in page.rows}:
        return None
    return _in_full(connection, viewer, asked, asked.open)


def _in_full(
    connection: Connection, viewer: Viewer, asked: Asked, sku: str, question: Question | None = None
) -> dict[str, Any]:
    detail = reads.product_detail(
        connection, org_id=viewer.actor.org_id, disclosure=viewer.disclosure, sku=sku, as_of=as_of()
    )
    product = detail.row.product
    units = units_of(connection, org_id=viewer.actor.org_id, products=[product], on=detail.as_of.date())
    how = words.measure(product, asked.unit, units[product.id])
    staff = viewer.disclosure.everything
    why, sentences = words.why_less(detail, how, staff=staff)
    return {
        "detail": detail,
        "how": how,
        "drawing": words.drawing(detail, how, staff=staff),
        "base_steps": words.base_steps(detail, how),
        "question": why,
        "sentences": sentences,
        "passports": _passports(connection, viewer, detail),
        "late": words.feed_note(detail.nodes or ()),
        "asking": asking_of(connection, viewer, detail.row.product, question),
    }


def _passports(connection: Connection, viewer: Viewer, detail: ProductDetail) -> dict[str, str]:
    """Return the address of the passport of each lot shown that has one."""
    product = detail.row.product
    if not detail.nodes or product.gtin is None:
        return {}
    found = passports_of_lots(connection, org_id=viewer.actor.org_id, product_ids=frozenset({product.id}))
    return {lot: f"/01/{passport.gtin.zfill(14)}/10/{quote(lot, safe='')}" for (_, lot), passport in found.items()}


def _line(row: AvailabilityRow, asked: Asked, units: Units) -> dict[str, Any]:
    how = words.measure(row.product, asked.unit, units)
    more, more_sub = words.next_lines(row, how)
    is_open = asked.open == row.product.sku
    anchor = f"p-{row.product.id}"
    return {
        "sku": row.product.sku,
        "name": words.product_name(row.product),
        "sub": words.sub_line(how),
        "href": (asked.url() if is_open else asked.url(open=row.product.sku)) + f"#{anchor}",
        "full": asked.url(f"/inventory/{quote(row.product.sku)}", q="", show="", sort="sku", page=1),
        "is_open": is_open,
        "anchor": anchor,
        "unit": how.unit,
        "decimals": how.decimals,
        "on_hand": how.figure(row.on_hand),
        "in_transit": how.figure(row.in_transit),
        "promise": how.figure(row.promise),
        "on_hand_sub": how.beneath(row.on_hand),
        "in_transit_sub": words.transit_line(row, how),
        "promise_sub": words.promise_line(row, how),
        "more": more,
        "more_sub": more_sub,
        "fed_at": row.fed_at,
        "feed": gettext("3PL feed") if row.feed_kind == "third_party" else "",
    }


def _export() -> tuple[list[str], list[list[object]]]:
    viewer = entitled()
    asked = _asked(viewer)
    with reading_for(viewer) as connection:
        page = _page(connection, viewer, asked, per_page=EXPORT_ROWS)
        units = _units(connection, viewer, page)
    told(rows=len(page.rows))
    heads = [
        gettext("SKU"),
        gettext("GTIN"),
        gettext("Item"),
        gettext("Unit"),
        gettext("Pieces in a case"),
        gettext("On hand"),
        gettext("On hold"),
        gettext("In transit"),
        gettext("Confirmed"),
        gettext("Next receipt due"),
        gettext("To promise"),
        gettext("More to promise"),
        gettext("From"),
        gettext("As of"),
        gettext("Counted in"),
        gettext("On hand in that unit"),
        gettext("In transit in that unit"),
        gettext("To promise in that unit"),
    ]
    measures = [words.measure(row.product, asked.unit, units[row.product.id]) for row in page.rows]
    return heads, [_cells(row, page, how) for row, how in zip(page.rows, measures, strict=True)]


def _cells(row: AvailabilityRow, page: AvailabilityPage, how: words.Measure) -> list[object]:
    product = row.product
    later = row.steps[1] if len(row.steps) > 1 else None

    def number(quanta: int) -> object:
        if isinstance(quanta, AtLeast):
            return filters.quantity(quanta, product.decimals)
        return quanta if product.decimals == 0 else to_text(quanta, decimals=product.decimals)

    return [
        product.sku,
        product.gtin,
        words.product_name(product),
        unit_name(product.base_unit),
        number(product.pack_quanta),
        number(row.on_hand),
        number(row.held),
        number(row.in_transit),
        number(row.confirmed),
        row.next_due.isoformat() if row.next_due else None,
        number(row.promise),
        number(later.quantity) if later else None,
        later.on.isoformat() if later else None,
        page.as_of.isoformat(timespec="minutes"),
        how.unit,
        how.plain(row.on_hand),
        how.plain(row.in_transit),
        how.plain(row.promise),
    ]


def reading_levels() -> list[tuple[str, str]]:
    """Return the levels a page offers to read in, with their names."""
    return [(level.value, level_name(level)) for level in SWITCH]


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(place_name=words.place_name, reading_levels=reading_levels)
    app.jinja_env.filters.update(zone_name=filters.zone_name)
