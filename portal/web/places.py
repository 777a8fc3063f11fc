"""The operator's nodes, zones and bins: what lies where, whose it is, how fresh a node's word is."""

from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.inventory import reads, service
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.web import filters
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.deed_forms import heap_of
from portal.web.deeds import heap_url
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.pages import page_links, page_number
from portal.web.place_words import KINDS, LEVELS, TONES, status_word
from portal.web.stock_words import either, measure
from portal.web.units import reading_level

blueprint = Blueprint("places", __name__, url_prefix="/ops/places")

MOST_HOURS = 24 * 365

PER_PAGE = 50


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List every node with its zones and bins."""
    with reading() as connection:
        found = reads.places(connection, org_id=current_viewer().org.id)
    return render_template("ops/places.html", places=found, kinds=KINDS, levels=LEVELS, either=either)


@blueprint.get("/<uuid:place_id>")
@needs(Role.OPERATOR)
def place(place_id: UUID) -> ResponseReturnValue:
    """Show one place with what lies in it."""
    return _page(place_id)


@blueprint.post("/<uuid:place_id>")
@needs(Role.OPERATOR)
def change(place_id: UUID) -> ResponseReturnValue:
    """Save the names of a place and, of a node, how long its word holds."""
    entries = Entries(request.form)
    with reading() as connection:
        found = reads.find_place(connection, org_id=current_viewer().org.id, place_id=place_id)
    name_zh, name_en = entries.text("name_zh"), entries.text("name_en")
    hours = entries.whole("hours", least=1, most=MOST_HOURS) if entries.values.get("hours") else None
    if entries.errors:
        return _page(place_id, entries), 422
    actor = current_viewer().actor
    with transaction() as connection:
        service.rename_place(connection, actor=actor, place_id=place_id, name_zh=name_zh, name_en=name_en)
        if found.level == "node":
            policy = "leave_out" if "leave_out" in entries.values else "count"
            service.limit_feed(connection, actor=actor, node_id=place_id, hours=hours, policy=policy)
    flash(gettext("Saved."))
    return redirect(url_for("places.place", place_id=place_id), 303)


@blueprint.post("/<uuid:place_id>/add")
@needs(Role.OPERATOR)
def add(place_id: UUID) -> ResponseReturnValue:
    """Add a zone or a bin to a place."""
    entries = Entries(request.form)
    code = entries.text("code")
    if entries.errors:
        return _page(place_id, entries), 422
    try:
        with transaction() as connection:
            service.add_place(
                connection,
                actor=current_viewer().actor,
                parent_id=place_id,
                level=entries.values.get("level", "bin"),
                code=code,
                name_zh=entries.text("new_zh", required=False),
                name_en=entries.text("new_en", required=False),
                now=as_of(),
            )
    except PortalError as refusal:
        entries.errors["code"] = sentence_of(refusal)
        return _page(place_id, entries), 422
    flash(gettext("%(code)s is there now.", code=code))
    return redirect(url_for("places.place", place_id=place_id), 303)


def _page(place_id: UUID, entries: Entries | None = None) -> str:
    org_id = current_viewer().org.id
    with reading() as connection:
        found = reads.find_place(connection, org_id=org_id, place_id=place_id)
        held = reads.held_in(connection, org_id=org_id, place_id=place_id, page=page_number(), per_page=PER_PAGE)
        every = reads.places(connection, org_id=org_id)
        products = reads.products_by_id(connection, org_id=org_id, ids={one.product_id for one in held.rows})
        units = units_of(connection, org_id=org_id, products=products.values(), on=filters.today())
    level = reading_level(current_viewer().read_in)
    standing = {
        "name_zh": found.name_zh,
        "name_en": found.name_en,
        "hours": found.feed_limit_hours or "",
        "leave_out": found.stale_policy == "leave_out",
    }
    return render_template(
        "ops/place.html",
        place=found,
        held=held,
        links=page_links(held.page, held.pages),
        heap_url=lambda one: heap_url(one.sku, heap_of(one)),
        inside=[one for one in every if one.parent_id == place_id],
        above=[one for one in every if one.id in {found.node_id, found.parent_id} - {place_id}],
        values=entries.values if entries else standing,
        errors=entries.errors if entries else {},
        kinds=KINDS,
        levels=LEVELS,
        tones=TONES,
        status_word=status_word,
        measures={key: measure(one, level, units[key]) for key, one in products.items()},
        either=either,
    )


def register(app: Flask) -> None:
    """Hang the pages into the application."""
    app.register_blueprint(blueprint)
