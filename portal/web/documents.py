"""Certificates and inspection reports: suppliers hand them in and see what ends; staff and auditors read them."""

from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from portal.flows import order_views, passporting, supplied_lots
from portal.flows.supplied_lots import SuppliedLot
from portal.inventory import reads as inventory
from portal.inventory.reads import Product
from portal.kernel.disclosure import Role
from portal.kernel.errors import Forbidden, PortalError
from portal.kernel.statuses import status_of
from portal.partners import reads as partners
from portal.passports import credentials, reads
from portal.passports.kinds import about_paper
from portal.passports.model import (
    AlreadyOver,
    DocumentDraft,
    DocumentKind,
    LotNeeded,
    ValidityReversed,
    code_hash,
)
from portal.passports.reads import Document
from portal.platform.files import FileTooLarge
from portal.web.audited import about
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.public import path_of, to_digest

SOON = timedelta(days=30)
"""A paper that ends within this long is to be renewed."""

_SANDBOX = "sandbox; default-src 'none'"
_FIELDS: dict[type[PortalError], str] = {
    LotNeeded: "lot",
    ValidityReversed: "valid_until",
    AlreadyOver: "valid_until",
}

blueprint = Blueprint("documents", __name__, url_prefix="/documents")


class NoFirm(Forbidden):
    """The supplier's person belongs to no firm, so no paper could be theirs."""

    code = "no_firm"


def standing(until: date | None, today: date) -> str:
    """Return how a paper stands: ``over``, ``soon`` or ``holds``; the last day counts."""
    if until is not None and until < today:
        return "over"
    return "soon" if until is not None and until <= today + SOON else "holds"


@blueprint.get("")
@needs(Role.SUPPLIER, Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """Show papers, what is over or ends soon first; a supplier sees their own."""
    viewer, today = current_viewer(), as_of().date()
    with reading() as connection:
        found = reads.documents(connection, org_id=viewer.org.id, partner_id=_scope())
        names = {one.id: one for one in partners.partner_names(connection, org_id=viewer.org.id)}
        about = [about_paper(one.paper.id) for one in found]
        signed = credentials.standing_about(connection, org_id=viewer.org.id, about=about)
        products = inventory.products_by_id(
            connection, org_id=viewer.org.id, ids={one.product_id for one in found if one.product_id}
        )
        lots = _lots(connection, viewer.org.id, today)
    rows = [(standing(one.paper.valid_until, today), one) for one in found]
    rows.sort(key=_by_urgency)
    return render_template(
        "documents/index.html",
        rows=rows,
        names=names,
        signed=signed,
        about=about_paper,
        products=products,
        lots=lots,
        page_of=lambda passport: f"{path_of(passport)}#h={code_hash(passport.digest)}",
        mine=viewer.role is Role.SUPPLIER,
        done=request.args.get("done", ""),
    )


def _lots(connection: Connection, org_id: UUID, today: date) -> tuple[SuppliedLot, ...]:
    """Return a supplier's lots and what their passports need; nobody else has lots of their own."""
    firm = _scope()
    if firm is None:
        return ()
    return supplied_lots.supplied_lots(connection, org_id=org_id, supplier_id=firm, today=today)


def _by_urgency(row: tuple[str, Document]) -> tuple[int, date]:
    urgency = ("over", "soon", "holds").index(row[0])
    return urgency, row[1].paper.valid_until or date.max


def _scope() -> UUID | None:
    """Return whose papers may be seen: a supplier's own, everybody's for staff and auditors."""
    return _firm() if current_viewer().role is Role.SUPPLIER else None


def _firm() -> UUID:
    partner_id = current_viewer().actor.partner_id
    if partner_id is None:
        raise NoFirm("Your account belongs to no firm.")
    return partner_id


@blueprint.get("/new")
@needs(Role.SUPPLIER)
def new() -> ResponseReturnValue:
    """Show the form for a paper."""
    return _form(dict(request.args), {})


def _form(values: dict[str, str], faults: dict[str, str]) -> str:
    return render_template("documents/new.html", products=_products().values(), values=values, errors=faults)


def _products() -> dict[str, Product]:
    """Return the products the supplier delivers, by SKU: what else the host deals in is not theirs to know."""
    org_id = current_viewer().org.id
    with reading() as connection:
        theirs = order_views.supplied(connection, org_id=org_id, supplier_id=_firm())
        products = inventory.products_by_id(connection, org_id=org_id, ids=theirs)
    return {product.sku: product for product in sorted(products.values(), key=lambda product: product.sku)}


@blueprint.post("/new")
@needs(Role.SUPPLIER)
def hand_in() -> ResponseReturnValue:
    """Check a paper and keep it; a faulty one comes back with the form as it was, but for the file."""
    entries = Entries(request.form)
    products = _products()
    draft = _draft(entries, products)
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        entries.errors["file"] = gettext("Choose the PDF.")
    elif not upload.stream.read(1):
        entries.errors["file"] = gettext("The file is empty.")
    if draft is None or upload is None or entries.errors:
        return _form(entries.values, entries.errors), 422
    upload.stream.seek(0)
    actor, now = current_viewer().actor, as_of()
    try:
        file = passporting.keep_paper(
            passporting.files_of(services().settings.home),
            draft=draft,
            stream=upload.stream,
            today=now.date(),
        )
    except PortalError as refusal:
        field = _FIELDS.get(type(refusal), "file")
        status = 413 if isinstance(refusal, FileTooLarge) else status_of(refusal)
        return _form(entries.values, {field: sentence_of(refusal)}), status
    with transaction() as connection:
        passporting.hand_in(connection, actor=actor, draft=draft, file=file, now=now)
    return redirect(url_for("documents.index", done=file.sha256.hex()[:8]), code=303)


def _draft(entries: Entries, products: dict[str, Product]) -> DocumentDraft | None:
    kind, sku = entries.values.get("kind", ""), entries.values.get("sku", "")
    if kind not in set(DocumentKind):
        entries.errors["kind"] = gettext("Choose what it is.")
    if sku and sku not in products:
        entries.errors["sku"] = gettext("Choose a product from the list.")
    number, issued_by = entries.text("number"), entries.text("issued_by")
    valid_from, valid_until = entries.day("valid_from"), entries.day("valid_until", required=False)
    lot = entries.text("lot", required=False)
    upload = request.files.get("file")
    if entries.errors or valid_from is None:
        return None
    return DocumentDraft(
        kind=DocumentKind(kind),
        partner_id=_firm(),
        product_id=products[sku].id if sku else None,
        lot_code=lot or None,
        number=number,
        issued_by=issued_by,
        valid_from=valid_from,
        valid_until=valid_until,
        file_name=_file_name((upload and upload.filename) or ""),
    )


def _file_name(name: str) -> str:
    """Return the last part of a file's name as the browser told it, short enough to keep."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(ch for ch in last if ch.isprintable())
    return kept[-120:] or "document.pdf"


@blueprint.get("/<digest>")
@needs(Role.SUPPLIER, Role.OPERATOR, Role.AUDITOR)
def download(digest: str) -> ResponseReturnValue:
    """Send a paper's file to keep, never to be opened inside our pages."""
    viewer = current_viewer()
    with reading() as connection:
        document = reads.document_by_digest(
            connection, org_id=viewer.org.id, sha256=to_digest(digest), partner_id=_scope()
        )
    about(document.partner_id)
    answer = send_file(
        passporting.files_of(services().settings.home).path(document.paper.sha256).resolve(),
        mimetype=document.paper.media_type,
        as_attachment=True,
        download_name=document.paper.file_name,
    )
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
