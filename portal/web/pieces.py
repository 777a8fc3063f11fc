"""The operator's pages of a lot's single pieces: which have a passport, and signing passports for those picked."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.flows import passporting, pieces
from portal.flows.pieces import MOST_PIECES, PassportedPiece
from portal.inventory import reads as inventory
from portal.inventory.reads import Product
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.web import errors
from portal.web.audited import only_asked, told
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.errors import sentence_of
from portal.web.pages import page_links, page_number
from portal.web.passports import lot_asked_for
from portal.web.stock_words import product_name

STATES = {
    "in_stock": _l("in stock"),
    "shipped": _l("gone to a customer"),
    "scrapped": _l("scrapped"),
}

blueprint = Blueprint("pieces", __name__, url_prefix="/passports/pieces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A lot of serial-tracked goods and one page of its pieces."""

    product: Product
    lot_code: str
    rows: tuple[PassportedPiece, ...]
    count: int
    page: int


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List a lot's pieces with their passports."""
    desk = _desk()
    picked = set(request.args.getlist("pick"))
    if "all" in request.args:
        picked = {one.piece.serial for one in desk.rows if one.passport is None and one.piece.state != "scrapped"}
    return _list(desk, picked)


@blueprint.post("")
@needs(Role.OPERATOR)
def issue() -> ResponseReturnValue:
    """Show what would be signed and ask once more; sign when that was confirmed."""
    desk, picked = _desk(), list(dict.fromkeys(request.form.getlist("pick")))
    step = request.form.get("step", "")
    if step == "change":
        only_asked()
        return _list(desk, set(picked))
    try:
        with transaction() as connection, connection.begin_nested() as savepoint:
            signed = pieces.issue_pieces(
                connection,
                actor=current_viewer().actor,
                services=services(),
                product_id=desk.product.id,
                lot_code=desk.lot_code,
                serials=picked,
                now=as_of(),
            )
            if step != "confirm":
                savepoint.rollback()
    except PortalError as refusal:
        only_asked()
        return _list(desk, set(picked), {"pick": sentence_of(refusal)}), 422
    if step != "confirm":
        only_asked()
        return _check(desk, picked)
    told(products=(desk.product.sku,), rows=len(signed))
    flash(ngettext("%(num)d passport stands.", "%(num)d passports stand.", len(signed)))
    return redirect(_here(desk), 303)


def _desk() -> Desk:
    org_id, page = current_viewer().org.id, max(1, page_number())
    product_id, lot_code = lot_asked_for(request.args)
    with reading() as connection:
        product = inventory.find_product(connection, org_id=org_id, product_id=product_id)
        rows, count = pieces.pieces_of_lot(
            connection, org_id=org_id, product_id=product_id, lot_code=lot_code, page=page
        )
    return Desk(product=product, lot_code=lot_code, rows=rows, count=count, page=page)


def _here(desk: Desk, *, everything: bool = False) -> str:
    asked = {"product": str(desk.product.id), "lot": desk.lot_code}
    if desk.page > 1:
        asked["page"] = str(desk.page)
    if everything:
        asked["all"] = "1"
    return f"{url_for('pieces.index')}?{urlencode(asked)}"


def _list(desk: Desk, picked: set[str], faults: Mapping[str, str] | None = None) -> str:
    stand = [one.passport.digest.hex() for one in desk.rows if one.passport is not None]
    return render_template(
        "passports/pieces.html",
        desk=desk,
        name=product_name(desk.product),
        picked=picked,
        errors=faults or {},
        states=STATES,
        here=_here(desk),
        all_url=_here(desk, everything=True),
        labels_url=url_for("labels.choose", pick=stand) if stand else "",
        links=page_links(desk.page, -(-desk.count // MOST_PIECES)),
    )


def _check(desk: Desk, picked: list[str]) -> str:
    with reading() as connection:
        subject = passporting.subject_of_lot(
            connection, org_id=current_viewer().org.id, product_id=desk.product.id, lot_code=desk.lot_code
        )
    return render_template(
        "passports/check_pieces.html",
        desk=desk,
        name=product_name(desk.product),
        subject=subject,
        picked=picked,
        here=_here(desk),
    )


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(pieces_unpicked=_l("Pick 1 to %(most)s pieces."))
