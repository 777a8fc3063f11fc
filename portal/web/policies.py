"""The operator's replenishment policies: minimum, maximum, pack, lead time and answering time."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.flows import order_views, replenishing
from portal.flows.order_views import Choice, PolicyView
from portal.flows.replenishing import Scope
from portal.inventory.units.model import Units, UnitUnknown, UnknownUnit, exact_text, to_code, to_ratio
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_text
from portal.replenishment import service
from portal.replenishment.model import MAX_ANSWER_HOURS, MAX_LEAD_TIME_DAYS, MOQ, PolicyDraft
from portal.web import filters, order_pages
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.csv_files import csv_response
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.units import unit_name

blueprint = Blueprint("policies", __name__, url_prefix="/ops/policies")


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List the policies with what their projection says."""
    with reading() as connection:
        views = order_views.policies(
            connection, org_id=current_viewer().org.id, today=filters.today(), now=as_of()
        )
    if request.args.get("format") == "csv":
        return csv_response("replenishment-policies", *_table(views))
    return render_template("policies/index.html", views=views)


def _table(views: list[PolicyView]) -> tuple[list[str], list[list[object]]]:
    heads = [
        gettext("Item"),
        gettext("Product"),
        gettext("Place"),
        gettext("Supplier"),
        gettext("Minimum"),
        gettext("Maximum"),
        gettext("Case"),
        gettext("Unit"),
        gettext("Lead time, days"),
        gettext("Hours to answer"),
        gettext("In force"),
        gettext("Minimum in packs"),
        gettext("Maximum in packs"),
        gettext("Smallest order"),
        gettext("Unit of the smallest order"),
        gettext("Smallest order in base units"),
    ]
    rows: list[list[object]] = []
    for view in views:
        policy, names = view.policy, view.names
        figures = (policy.min_quanta, policy.max_quanta, policy.pack_quanta)
        rows.append(
            [
                names.sku,
                order_pages.product_name(names),
                order_pages.location_name(names),
                order_pages.supplier_name(names),
                *(to_text(figure, decimals=names.decimals) for figure in figures),
                unit_name(names.base_unit),
                policy.lead_time_days,
                policy.answer_hours,
                gettext("yes") if policy.active else gettext("no"),
                order_pages.in_cases(policy.min_quanta, view),
                order_pages.in_cases(policy.max_quanta, view),
                exact_text(policy.moq.quantity) if policy.moq else None,
                unit_name(policy.moq.unit) if policy.moq else None,
                to_text(policy.moq.quanta, decimals=names.decimals) if policy.moq else None,
            ]
        )
    return heads, rows


@blueprint.get("/new")
@needs(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Show an empty policy."""
    return _new_page({"lead_time_days": "7", "answer_hours": "48", "active": "1"}, {})


def _new_page(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as connection:
        found = order_views.choices(connection, org_id=current_viewer().org.id)
    return render_template(
        "policies/new.html",
        values=values,
        errors=errors,
        products=_options(found.products),
        locations=_options(found.locations),
        suppliers=_options(found.suppliers),
    )


def _options(offered: Sequence[Choice]) -> list[tuple[str, str]]:
    return [(str(one.id), f"{one.code} {order_pages.either(one.name_zh, one.name_en)}") for one in offered]


@blueprint.post("/new")
@needs(Role.OPERATOR)
def create() -> ResponseReturnValue:
    """Save a new policy, or the one there is for the same product, place and supplier."""
    entries = Entries(request.form)
    with reading() as connection:
        found = order_views.choices(connection, org_id=current_viewer().org.id)
        product_id = _chosen(entries, "product", found.products)
        location_id = _chosen(entries, "location", found.locations)
        supplier_id = _chosen(entries, "supplier", found.suppliers)
    if product_id is None or location_id is None or supplier_id is None:
        return _new_page(entries.values, entries.errors), 422
    draft = _draft(entries, (product_id, location_id, supplier_id))
    if entries.errors:
        return _new_page(entries.values, entries.errors), 422
    return _saved(draft)


def _chosen(entries: Entries, name: str, offered: Sequence[Choice]) -> UUID | None:
    text = entries.text(name)
    chosen = next((one.id for one in offered if str(one.id) == text), None)
    if chosen is None:
        entries.errors[name] = gettext("Choose one of the list.")
    return chosen


def _draft(entries: Entries, subject: tuple[UUID, UUID, UUID]) -> PolicyDraft:
    product_id, location_id, supplier_id = subject
    with reading() as connection:
        units = order_views.units(
            connection, org_id=current_viewer().org.id, product_id=product_id, on=filters.today()
        )
    decimals = units.decimals
    low = entries.quanta("min", decimals=decimals)
    high = entries.quanta("max", decimals=decimals)
    pack = entries.quanta("pack", decimals=decimals)
    if "max" not in entries.errors and high < low:
        entries.errors["max"] = gettext("Not below the minimum.")
    if "pack" not in entries.errors and pack == 0:
        entries.errors["pack"] = gettext("More than zero.")
    return PolicyDraft(
        product_id=product_id,
        location_id=location_id,
        supplier_id=supplier_id,
        min_quanta=low,
        max_quanta=high,
        pack_quanta=pack,
        lead_time_days=entries.whole("lead_time_days", most=MAX_LEAD_TIME_DAYS),
        answer_hours=entries.whole("answer_hours", least=1, most=MAX_ANSWER_HOURS),
        active="active" in entries.values,
        moq=_moq(entries, units),
    )


def _moq(entries: Entries, units: Units) -> MOQ | None:
    """Read the smallest order in any of the product's units; one that is no whole number of quanta is a fault."""
    if not entries.text("moq", required=False):
        return None
    unit = entries.text("moq_unit")
    if unit:
        try:
            quantity, code = to_ratio(entries.text("moq")), to_code(unit)
            quanta = units.quanta(quantity, code)
            if quanta > 0:
                return MOQ(quantity=quantity, unit=code, quanta=quanta)
            entries.errors["moq"] = gettext("More than zero.")
        except (UnitUnknown, UnknownUnit) as refusal:
            entries.errors["moq_unit"] = sentence_of(refusal)
        except PortalError as refusal:
            entries.errors["moq"] = sentence_of(refusal)
    return None


def _saved(draft: PolicyDraft) -> ResponseReturnValue:
    with transaction() as connection:
        service.save_policy(connection, actor=current_viewer().actor, draft=draft, now=as_of())
    flash(gettext("The policy is saved; its projection is being looked at."))
    return redirect(url_for("policies.index"), code=303)


@blueprint.get("/<uuid:policy_id>")
@needs(Role.OPERATOR)
def edit(policy_id: UUID) -> ResponseReturnValue:
    """Show one policy to change."""
    view = _view(policy_id)
    policy, decimals = view.policy, view.names.decimals
    values = {
        "min": to_text(policy.min_quanta, decimals=decimals),
        "max": to_text(policy.max_quanta, decimals=decimals),
        "pack": to_text(policy.pack_quanta, decimals=decimals),
        "lead_time_days": str(policy.lead_time_days),
        "answer_hours": str(policy.answer_hours),
        "moq": exact_text(policy.moq.quantity) if policy.moq else "",
        "moq_unit": unit_name(policy.moq.unit) if policy.moq else "",
        **({"active": "1"} if policy.active else {}),
    }
    return render_template("policies/edit.html", view=view, values=values, errors={})


def _view(policy_id: UUID) -> PolicyView:
    with reading() as connection:
        return order_views.policy(
            connection,
            org_id=current_viewer().org.id,
            policy_id=policy_id,
            today=filters.today(),
            now=as_of(),
        )


@blueprint.post("/<uuid:policy_id>")
@needs(Role.OPERATOR)
def save(policy_id: UUID) -> ResponseReturnValue:
    """Change one policy."""
    view = _view(policy_id)
    entries = Entries(request.form)
    policy = view.policy
    subject = (policy.product_id, policy.location_id, policy.supplier_id)
    draft = _draft(entries, subject)
    if entries.errors:
        return render_template("policies/edit.html", view=view, values=entries.values, errors=entries.errors), 422
    return _saved(draft)


@blueprint.post("/<uuid:policy_id>/ask")
@needs(Role.OPERATOR)
def ask(policy_id: UUID) -> ResponseReturnValue:
    """Look at one policy now, even one that is left alone after a refusal, and ask the supplier."""
    _view(policy_id)
    now = as_of()
    with transaction() as connection:
        found = replenishing.check(
            connection,
            org_id=current_viewer().org.id,
            scope=Scope(policy_id=policy_id, even_quiet=True),
            today=replenishing.local_date(now, services().settings.time_zone),
            now=now,
        )
    for order in found:
        return redirect(url_for("ops.order", number=order.number), code=303)
    flash(gettext("Nothing is needed just now, or a proposal is waiting already."))
    return redirect(url_for("policies.edit", policy_id=policy_id), code=303)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
