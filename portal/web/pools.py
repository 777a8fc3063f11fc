"""The operator's pools: stock set apart for one customer or one occasion, until it returns to everybody."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from portal.inventory import reads, service
from portal.inventory.model import CannotPromise
from portal.inventory.reads import Pool, Product
from portal.inventory.reserving import PoolDraft
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_text
from portal.partners.reads import partner_names
from portal.web import filters
from portal.web import stock_words as words
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.units import reading_level, unit_name

blueprint = Blueprint("pools", __name__, url_prefix="/ops/pools")

Options = list[tuple[str, str]]


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List the pools, those still open first."""
    with reading() as connection:
        rows = _rows(connection, reads.pools(connection, org_id=current_viewer().org.id, as_of=as_of()))
    if request.args.get("format") == "csv":
        return csv_response("pools", *_table(rows))
    return render_template("pools/index.html", rows=rows)


@blueprint.get("/new")
@needs(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Show an empty pool."""
    return _page({"starts": filters.today().isoformat(), "product": request.args.get("product", "")}, {})


@blueprint.post("/new")
@needs(Role.OPERATOR)
def create() -> ResponseReturnValue:
    """Set the stock apart."""
    entries = Entries(request.form)
    draft = _draft(entries)
    if draft is None:
        return _page(entries.values, entries.errors), 422
    try:
        with transaction() as connection:
            service.open_pool(connection, actor=current_viewer().actor, draft=draft, now=as_of())
    except CannotPromise as refusal:
        entries.errors["quantity"] = _free(draft, refusal)
        return _page(entries.values, entries.errors), 422
    except PortalError as refusal:
        entries.errors["name"] = sentence_of(refusal)
        return _page(entries.values, entries.errors), 422
    return redirect(url_for("pools.index"), code=303)


@blueprint.post("/<uuid:pool_id>/end")
@needs(Role.OPERATOR)
def end(pool_id: UUID) -> ResponseReturnValue:
    """End a pool before its time; what is left returns to everybody."""
    with transaction() as connection:
        service.end_pool(connection, actor=current_viewer().actor, pool_id=pool_id, now=as_of())
    return redirect(url_for("pools.index"), code=303)


def _draft(entries: Entries) -> PoolDraft | None:
    products, places, firms = _choices()
    name = entries.text("name")
    product_id = _chosen(entries, "product", products)
    location_id = _chosen(entries, "location", places)
    partner_id = _chosen(entries, "partner", firms) if entries.values.get("partner") else None
    quantity = entries.quanta("quantity", decimals=_decimals(product_id))
    starts, ends = entries.day("starts"), _instant(entries, "ends")
    if entries.errors or product_id is None or location_id is None or starts is None or ends is None:
        return None
    return PoolDraft(
        name=name,
        product_id=product_id,
        location_id=location_id,
        partner_id=partner_id,
        quantity=quantity,
        starts_on=starts,
        ends_at=ends,
    )


def _chosen(entries: Entries, name: str, offered: Options) -> UUID | None:
    text = entries.text(name)
    if text and text not in {key for key, _ in offered}:
        entries.errors[name] = gettext("Choose one of the list.")
    return None if name in entries.errors else UUID(text)


def _instant(entries: Entries, name: str) -> datetime | None:
    text = entries.text(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=as_of().tzinfo)
    except ValueError:
        entries.errors[name] = gettext("Write the time as 2026-11-27T18:00.")
        return None


def _decimals(product_id: UUID | None) -> int:
    if product_id is None:
        return 0
    with reading() as connection:
        return reads.find_product(connection, org_id=current_viewer().org.id, product_id=product_id).decimals


def _free(draft: PoolDraft, refusal: CannotPromise) -> str:
    with reading() as connection:
        product = reads.find_product(connection, org_id=current_viewer().org.id, product_id=draft.product_id)
        how = _measures(connection, [product])[product.id]
    free = how.with_base(refusal.values["possible"])
    return str(gettext("Only %(free)s are free there from that day on.", free=free))


def _measures(connection: Connection, products: Iterable[Product]) -> dict[UUID, words.Measure]:
    viewer, listed = current_viewer(), tuple(products)
    units = units_of(connection, org_id=viewer.org.id, products=listed, on=filters.today())
    level = reading_level(viewer.read_in)
    return {product.id: words.measure(product, level, units[product.id]) for product in listed}


def _choices() -> tuple[Options, Options, Options]:
    org_id = current_viewer().org.id
    with reading() as connection:
        products = reads.products(connection, org_id=org_id).values()
        places = reads.locations(connection, org_id=org_id)
        firms = partner_names(connection, org_id=org_id, role="customer")
    return (
        [(str(one.id), f"{one.sku} {words.product_name(one)}") for one in products],
        [(str(one.id), words.place_name(one)) for one in places],
        [(str(one.id), words.either(one.name_zh, one.name_en)) for one in firms],
    )


def _page(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    products, places, firms = _choices()
    return render_template(
        "pools/new.html", values=values, errors=errors, products=products, places=places, firms=firms
    )


def _rows(connection: Connection, found: Sequence[Pool]) -> list[dict[str, Any]]:
    org_id = current_viewer().org.id
    products = reads.products_by_id(connection, org_id=org_id, ids={one.product_id for one in found})
    measures = _measures(connection, products.values())
    places = {one.id: words.place_name(one) for one in reads.locations(connection, org_id=org_id)}
    firms = {one.id: words.either(one.name_zh, one.name_en) for one in partner_names(connection, org_id=org_id)}
    return [
        {
            "pool": one,
            "sku": products[one.product_id].sku,
            "name": words.product_name(products[one.product_id]),
            "place": places[one.location_id],
            "firm": firms[one.partner_id] if one.partner_id else gettext("Own staff"),
            "rest": one.quantity - one.drawn,
            "how": measures[one.product_id],
        }
        for one in found
    ]


def _table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Pool"),
        gettext("SKU"),
        gettext("Item"),
        gettext("Place"),
        gettext("Customer"),
        gettext("Set apart"),
        gettext("Drawn"),
        gettext("Remaining"),
        gettext("From"),
        gettext("Ends"),
        gettext("State"),
        gettext("Set apart in base units"),
        gettext("Drawn in base units"),
        gettext("Left in base units"),
        gettext("Base unit"),
    ]
    return heads, [
        [
            row["pool"].name,
            row["sku"],
            row["name"],
            row["place"],
            row["firm"],
            *(row["how"].plain(figure) for figure in _figures(row)),
            row["pool"].starts_on.isoformat(),
            filters.local(row["pool"].ends_at).isoformat(timespec="minutes"),
            gettext("Running") if row["pool"].state == "open" else gettext("Ended"),
            *(to_text(figure, decimals=row["how"].product.decimals) for figure in _figures(row)),
            unit_name(row["how"].product.base_unit),
        ]
        for row in rows
    ]


def _figures(row: Mapping[str, Any]) -> tuple[int, int, int]:
    return row["pool"].quantity, row["pool"].drawn, row["rest"]


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
