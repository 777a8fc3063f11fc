"""Recalls: the operator recalls a lot after seeing what that does; customers see those of goods they received."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.flows import recalling
from portal.flows.recalling import Holder, Reach
from portal.inventory import reads as inventory
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.quantity import to_text
from portal.passports.fitness import reads, service
from portal.passports.fitness.model import MAX_REASON
from portal.web import filters
from portal.web import stock_words as words
from portal.web.audited import about, only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.place_words import TONES, status_word
from portal.web.units import reading_level, unit_name

blueprint = Blueprint("recalls", __name__)


@blueprint.get("/ops/recalls")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List every recall, the newest first."""
    org_id = current_viewer().org.id
    with reading() as connection:
        found = reads.recalls(connection, org_id=org_id)
        ids = {one.product_id for one in found}
        products = inventory.products_by_id(connection, org_id=org_id, ids=ids)
    return render_template("recalls/index.html", recalls=found, products=products, product_name=words.product_name)


@blueprint.get("/ops/stock/<path:sku>/recall")
@needs(Role.OPERATOR)
def begin(sku: str) -> ResponseReturnValue:
    """Ask for the reason of a recall, beside everywhere the lot is."""
    return _form(_reach(sku), {}, {})


@blueprint.post("/ops/stock/<path:sku>/recall")
@needs(Role.OPERATOR)
def recall(sku: str) -> ResponseReturnValue:
    """Show what the recall does and ask once more; recall when that was confirmed."""
    found, entries = _reach(sku), Entries(request.form)
    reason = entries.values.get("reason", "")
    if not reason or len(reason) > MAX_REASON:
        entries.errors["reason"] = gettext("Say why, in at most %(most)s characters.", most=MAX_REASON)
    if entries.errors or entries.values.get("step") == "change":
        only_asked()
        return _form(found, entries.values, entries.errors), 422 if entries.errors else 200
    if entries.values.get("step") != "confirm":
        only_asked()
        return render_template("recalls/check.html", reason=reason, **_facts(found))
    with transaction() as connection:
        recalled, is_new = recalling.recall(
            connection,
            actor=current_viewer().actor,
            product_id=found.product.id,
            lot_code=found.lot_code,
            reason=reason,
            now=as_of(),
        )
    told(products=(sku,))
    flash(
        gettext("Lot %(lot)s is recalled.", lot=found.lot_code) if is_new else gettext("It was recalled before.")
    )
    return redirect(f"/ops/recalls/{recalled.id}", 303)


def _reach(sku: str) -> Reach:
    org_id, today = current_viewer().org.id, as_of().date()
    with reading() as connection:
        product = inventory.find_product(connection, org_id=org_id, sku=sku)
        return recalling.reach(
            connection,
            org_id=org_id,
            product_id=product.id,
            lot_code=request.args.get("lot", ""),
            today=today,
        )


def _form(found: Reach, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template("recalls/new.html", values=values, errors=errors, **_facts(found))


def _facts(found: Reach) -> dict[str, object]:
    here = f"/ops/stock/{quote(found.product.sku)}/recall"
    return {
        "found": found,
        "how": words.measure(found.product, reading_level(current_viewer().read_in), found.units),
        "name": words.product_name(found.product),
        "firm": firm_name,
        "tones": TONES,
        "status_word": status_word,
        "here": f"{here}?{urlencode({'lot': found.lot_code})}",
    }


def firm_name(holder: Holder) -> str:
    """Return who holds goods, in the reader's language."""
    if holder.partner is None:
        return str(gettext("Buyer not named"))
    return words.either(holder.partner.name_zh, holder.partner.name_en)


@blueprint.get("/ops/recalls/<uuid:recall_id>")
@needs(Role.OPERATOR)
def show(recall_id: UUID) -> ResponseReturnValue:
    """Show a recall: who holds the goods, what is left of them, what is on its way; as a file when asked."""
    with reading() as connection:
        one, found = recalling.holders_of(
            connection, org_id=current_viewer().org.id, recall_id=recall_id, today=as_of().date()
        )
    if request.args.get("format") == "csv":
        return csv_response(f"recall-{one.recalled_at:%Y-%m-%d}", *_table(found))
    about(None)
    return render_template("recalls/show.html", recall=one, **_facts(found))


def _table(found: Reach) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Where"),
        gettext("Firm or place"),
        gettext("Lot"),
        gettext("Quantity"),
        gettext("Unit"),
        gettext("Documents"),
        gettext("From"),
        gettext("To"),
        gettext("Contacts"),
        gettext("Notice read"),
    ]

    def row(where: str, firm: str, quantity: int, *rest: object) -> list[object]:
        amount = to_text(quantity, decimals=found.product.decimals)
        return [where, firm, found.lot_code, amount, unit_name(found.product.base_unit), *rest]

    customers = [
        row(
            gettext("Customer"),
            firm_name(one),
            one.quantity,
            ", ".join(one.documents),
            filters.local(one.first_at).date().isoformat(),
            filters.local(one.last_at).date().isoformat(),
            "; ".join(f"{name} <{email}>" for name, email in one.contacts),
            filters.local(one.seen_at).isoformat(timespec="minutes") if one.seen_at else "",
        )
        for one in found.holders
    ]
    lying = [
        row(gettext("In stock"), f"{one.node} {one.code}", one.quantity, status_word(one.status), "", "", "", "")
        for one in found.lying
    ]
    coming = [
        row(gettext("On its way"), one.supplier, one.quantity, one.document, one.due_on.isoformat(), "", "", "")
        for one in found.on_its_way
    ]
    return heads, [*customers, *lying, *coming]


@blueprint.get("/recalls")
@needs(Role.CUSTOMER)
def own() -> ResponseReturnValue:
    """Show a customer the recalls of goods that they received, and of nobody else's."""
    viewer = current_viewer()
    partner_id = viewer.partner.id if viewer.partner else None
    with reading() as connection:
        found = reads.notices(connection, org_id=viewer.org.id, partner_id=partner_id) if partner_id else ()
        ids = {notice.recall.product_id for notice in found}
        products = inventory.products_by_id(connection, org_id=viewer.org.id, ids=ids)
        units = units_of(connection, org_id=viewer.org.id, products=products.values(), on=as_of().date())
    told(products=tuple(sorted({product.sku for product in products.values()})), rows=len(found))
    level = reading_level(viewer.read_in)
    return render_template(
        "recalls/own.html",
        notices=found,
        products=products,
        product_name=words.product_name,
        how={key: words.measure(product, level, units[key]) for key, product in products.items()},
    )


@blueprint.post("/recalls/<uuid:notice_id>/seen")
@needs(Role.CUSTOMER)
def seen(notice_id: UUID) -> ResponseReturnValue:
    """Note that the customer has read a notice of theirs; anybody else's stays as it is."""
    with transaction() as connection:
        service.note_seen(connection, actor=current_viewer().actor, notice_id=notice_id, now=as_of())
    return redirect("/recalls", 303)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
