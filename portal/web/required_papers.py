"""The operator's page of papers that lots must have, and of the lots that are withheld for want of them."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.flows import withholding
from portal.inventory import reads as inventory
from portal.inventory.model import UnknownProduct
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.partners import reads as partners
from portal.partners.model import PartnerName
from portal.passports.fitness import reads, service
from portal.passports.fitness.model import Requirement, check_requirement
from portal.passports.model import DocumentKind
from portal.web.audited import only_asked
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.i18n import language
from portal.web.paper_words import help_text, reason_text
from portal.web.stock_words import either, product_name

blueprint = Blueprint("requirements", __name__, url_prefix="/ops/requirements")

KINDS = {
    DocumentKind.CERTIFICATE.value: _l("A certificate of the supplier"),
    DocumentKind.INSPECTION_REPORT.value: _l("An inspection report of the lot"),
}
PAPERS: dict[str, dict[str, str]] = {
    "licence": {
        "kind": "certificate",
        "name_zh": "食品生产许可证",
        "name_en": "Food production licence",
        "number_prefix": "SC",
    },
    "trade": {
        "kind": "certificate",
        "name_zh": "食品经营许可证",
        "name_en": "Food business licence",
        "number_prefix": "JY",
    },
    "report": {
        "kind": "inspection_report",
        "name_zh": "本批检验报告",
        "name_en": "Inspection report of the lot",
        "number_prefix": "",
    },
}
"""Papers that are often asked for, as the form can be filled in."""


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """Show what is required, and every lot that is withheld now."""
    org_id = current_viewer().org.id
    with reading() as connection:
        wanted = reads.requirements(connection, org_id=org_id)
        held = withholding.withheld_lots(connection, org_id=org_id)
        ids = {one.product_id for one in wanted if one.product_id}
        products = inventory.products_by_id(connection, org_id=org_id, ids=ids)
        firms = {firm.id: firm for firm in partners.partner_names(connection, org_id=org_id)}
    return render_template(
        "requirements/index.html",
        wanted=wanted,
        held=held,
        kinds=KINDS,
        scope=lambda one: _scope(one, products, firms),
        name=lambda one: one.name_en if language() == "en" else one.name_zh,
        product_name=product_name,
        reason_text=reason_text,
        help_text=help_text,
    )


def _scope(one: Requirement, products: Mapping[UUID, object], firms: Mapping[UUID, PartnerName]) -> str:
    """Return which lots a requirement is about."""
    parts = []
    if one.category:
        parts.append(one.category)
    if one.product_id:
        parts.append(product_name(products[one.product_id]))  # type: ignore[arg-type]
    if one.supplier_id:
        firm = firms[one.supplier_id]
        parts.append(either(firm.name_zh, firm.name_en))
    return " · ".join(parts) or str(gettext("Every lot"))


@blueprint.get("/new")
@needs(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Show the form, filled in with a paper that is often asked for."""
    paper = PAPERS.get(request.args.get("paper", ""), {"kind": "certificate"})
    return _form({**paper, "id": str(new_id(as_of()))}, {})


@blueprint.post("/new")
@needs(Role.OPERATOR)
def add() -> ResponseReturnValue:
    """Show what the requirement would do first; ask for the paper when that was confirmed."""
    entries, viewer, now = Entries(request.form), current_viewer(), as_of()
    if entries.values.get("step") == "change":
        only_asked()
        return _form(entries.values, {})
    wanted = _wanted(entries)
    if wanted is None:
        return _form(entries.values, entries.errors), 422
    if entries.values.get("step") == "confirm":
        with transaction() as connection:
            service.require(connection, actor=viewer.actor, requirement=wanted, now=now)
            done = withholding.review(connection, org_id=viewer.org.id, now=now)
        flash(gettext("Required from now on. Lots withheld: %(n)s.", n=done.withheld))
        return redirect("/ops/requirements", 303)
    only_asked()
    with reading() as connection:
        lots = withholding.would_withhold(connection, org_id=viewer.org.id, requirement=wanted, now=now)
        products = inventory.products_by_id(connection, org_id=viewer.org.id, ids={lot.product_id for lot in lots})
    return render_template(
        "requirements/check.html",
        values=entries.values,
        lots=lots,
        products=products,
        kinds=KINDS,
        product_name=product_name,
    )


def _wanted(entries: Entries) -> Requirement | None:
    """Read the form; ``None`` when something in it is wrong, which is noted."""
    values, org_id = entries.values, current_viewer().org.id
    supplier_id = _uuid(values.get("supplier", ""))
    product_id = None
    if values.get("product"):
        try:
            with reading() as connection:
                product_id = inventory.find_product(connection, org_id=org_id, sku=values["product"]).id
        except UnknownProduct as refusal:
            entries.errors["product"] = sentence_of(refusal)
    kind, key = values.get("kind", ""), _uuid(values.get("id", ""))
    if kind not in KINDS or key is None:
        entries.errors["kind"] = gettext("Choose one of the list.")
    if entries.errors or key is None:
        return None
    wanted = Requirement(
        id=key,
        category=values.get("category") or None,
        product_id=product_id,
        supplier_id=supplier_id,
        kind=DocumentKind(kind),
        name_zh=values.get("name_zh", ""),
        name_en=values.get("name_en", ""),
        number_prefix=values.get("number_prefix", ""),
    )
    try:
        check_requirement(wanted)
    except PortalError as refusal:
        entries.errors[refusal.values["field"]] = sentence_of(refusal)
        return None
    return wanted


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _form(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    org_id = current_viewer().org.id
    with reading() as connection:
        categories = inventory.categories(connection, org_id=org_id)
        suppliers = partners.partner_names(connection, org_id=org_id, role="supplier")
    return render_template(
        "requirements/new.html",
        values=values,
        errors=errors,
        kinds=[(key, str(text)) for key, text in KINDS.items()],
        papers=[(key, paper["name_en" if language() == "en" else "name_zh"]) for key, paper in PAPERS.items()],
        categories=[(name, name) for name in categories],
        suppliers=[(str(firm.id), either(firm.name_zh, firm.name_en)) for firm in suppliers],
    )


@blueprint.post("/<uuid:requirement_id>/end")
@needs(Role.OPERATOR)
def end(requirement_id: UUID) -> ResponseReturnValue:
    """Ask for the paper no more; what only it withheld is given back."""
    viewer, now = current_viewer(), as_of()
    with transaction() as connection:
        service.require_no_more(connection, actor=viewer.actor, requirement_id=requirement_id, now=now)
        done = withholding.review(connection, org_id=viewer.org.id, now=now)
    flash(gettext("No longer required. Lots given back: %(n)s.", n=done.freed))
    return redirect("/ops/requirements", 303)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
