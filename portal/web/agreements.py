"""Partners and agreements, for the host's staff: who has which, making, changing and ending them, their people."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.inventory.reads import locations, products
from portal.kernel.disclosure import Basis, Role, Tier
from portal.kernel.errors import PortalError
from portal.kernel.grain import Grain, GrainKind
from portal.partners import agreements as deeds
from portal.partners import people, reads, service
from portal.partners.model import DAILY_QUESTIONS, Agreement, check_agreement, check_grain
from portal.partners.reads import Standing
from portal.web import agreement_words as words
from portal.web import filters
from portal.web.agreement_words import Names
from portal.web.audited import about
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.inference import inferences
from portal.web.shell import TIERS
from portal.web.stock_words import either

blueprint = Blueprint("agreements", __name__, url_prefix="/ops/partners")

SHOWN = ("customer", "supplier", "none")
"""Filters of the list: customers, suppliers, customers without an agreement in force."""

ROLES = {
    "customer": _l("customer"),
    "supplier": _l("supplier"),
    "auditor": _l("auditor"),
    "carrier": _l("carrier"),
}
"""What a firm is to the host."""

MOST_QUESTIONS = 1000
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Desk:
    """A partner as the pages need them."""

    standing: Standing
    names: Names

    @property
    def title(self) -> str:
        """The partner's name in the reader's language."""
        return either(self.standing.name.name_zh, self.standing.name.name_en)


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List the partners with the agreement in force."""
    q, show = request.args.get("q", "").strip()[:100], request.args.get("show", "")
    with reading() as connection:
        found = reads.standings(connection, org_id=current_viewer().org.id, on=filters.today())
    searched = [one for one in found if _fits(one, q)]
    rows = {
        "": searched,
        "customer": [one for one in searched if "customer" in one.roles],
        "supplier": [one for one in searched if "supplier" in one.roles],
        "none": [one for one in searched if "customer" in one.roles and one.agreement is None],
    }
    return render_template(
        "agreements/index.html",
        q=q,
        show=show if show in SHOWN else "",
        rows=rows.get(show, searched),
        counts={name: len(listed) for name, listed in rows.items()},
        either=either,
        firm_role=lambda role: str(ROLES.get(role, role)),
        url=lambda **changes: _url(q, **changes),
        grain_words=words.grain_words,
    )


def _url(q: str, *, show: str) -> str:
    kept = {name: value for name, value in (("show", show), ("q", q)) if value}
    return "/ops/partners" + (f"?{urlencode(kept)}" if kept else "")


def _fits(one: Standing, q: str) -> bool:
    names = (one.name.code, one.name.name_zh, one.name.name_en, one.agreement.number if one.agreement else "")
    return any(q.casefold() in name.casefold() for name in names)


def _desk(code: str) -> Desk:
    org_id = current_viewer().org.id
    with reading() as connection:
        standing = reads.standing(connection, org_id=org_id, code=code, on=filters.today())
        about(standing.name.id, agreement=standing.agreement.number if standing.agreement else "")
        return Desk(
            standing,
            Names(
                {one.id: one for one in products(connection, org_id=org_id).values()},
                {one.id: one for one in locations(connection, org_id=org_id)},
            ),
        )


@blueprint.get("/<code>")
@needs(Role.OPERATOR)
def partner(code: str) -> ResponseReturnValue:
    """Show a partner: the agreement in force, all agreements, the people."""
    desk, org_id = _desk(code), current_viewer().org.id
    with reading() as connection:
        history = reads.agreements(connection, org_id=org_id, partner_id=desk.standing.name.id)
        persons = reads.people_of(connection, org_id=org_id, partner_id=desk.standing.name.id)
    agreement = desk.standing.agreement
    return render_template(
        "agreements/partner.html",
        desk=desk,
        history=history,
        persons=persons,
        terms=words.scope_words(agreement, desk.names) if agreement else [],
        how=_how,
        grain_words=words.grain_words,
    )


def _how(agreement: Agreement) -> tuple[str, str]:
    """Return tone and word for how an agreement stands today."""
    today = filters.today()
    if agreement.ended_at is not None:
        return "bad", gettext("ended early")
    if agreement.valid_until < today:
        return "off", gettext("over")
    return ("info", gettext("to come")) if agreement.valid_from > today else ("good", gettext("in force"))


@blueprint.get("/<code>/agreements/new")
@needs(Role.OPERATOR)
def new(code: str) -> ResponseReturnValue:
    """Show an empty agreement, or one like the agreement in force to begin the day after it."""
    desk = _desk(code)
    values = {
        "tier": "ordinary",
        "basis": str(Basis.UNALLOCATED_AND_OWN),
        "grain": str(GrainKind.EXACT),
        "daily_questions": str(DAILY_QUESTIONS),
        "valid_from": filters.today().isoformat(),
    }
    return _form(desk, values, frozenset(), {}, number="")


@blueprint.get("/<code>/agreements/<number>")
@needs(Role.OPERATOR)
def edit(code: str, number: str) -> ResponseReturnValue:
    """Show an agreement to change."""
    desk = _desk(code)
    agreement = _agreement(desk, number)
    values = {
        "tier": str(agreement.tier),
        "basis": str(agreement.basis),
        "grain": str(agreement.grain.kind),
        "steps": ", ".join(map(str, agreement.grain.steps)),
        "daily_questions": str(agreement.daily_questions),
        "valid_from": agreement.valid_from.isoformat(),
        "valid_until": agreement.valid_until.isoformat(),
        "purpose": agreement.purpose,
        "note": agreement.note,
        "products": _skus(agreement, desk.names),
    }
    return _form(desk, values, frozenset(map(str, agreement.nodes)), {}, number=number)


def _skus(agreement: Agreement, names: Names) -> str:
    return (
        "" if agreement.products is None else ", ".join(sorted(names.products[i].sku for i in agreement.products))
    )


def _agreement(desk: Desk, number: str) -> Agreement:
    with reading() as connection:
        return reads.the_agreement(
            connection, org_id=current_viewer().org.id, partner_id=desk.standing.name.id, number=number
        )


def _form(
    desk: Desk, values: dict[str, str], nodes: frozenset[str], errors: dict[str, str], *, number: str
) -> str:
    return render_template(
        "agreements/edit.html",
        desk=desk,
        number=number,
        values=values,
        nodes=nodes,
        errors=errors,
        tiers=[(key, str(text)) for key, text in TIERS.items()],
        bases=[(str(key), str(text)) for key, text in words.BASES.items()],
        grains=[(str(key), str(text)) for key, text in words.GRAINS.items()],
    )


@blueprint.post("/<code>/agreements/new")
@needs(Role.OPERATOR)
def create(code: str) -> ResponseReturnValue:
    """Check a new agreement, show what it changes, and make it when that was confirmed."""
    return _received(_desk(code), "")


@blueprint.post("/<code>/agreements/<number>")
@needs(Role.OPERATOR)
def change(code: str, number: str) -> ResponseReturnValue:
    """Check a changed agreement, show what it changes, and keep it when that was confirmed."""
    desk = _desk(code)
    _agreement(desk, number)
    return _received(desk, number)


def _received(desk: Desk, number: str) -> ResponseReturnValue:
    entries, nodes = Entries(request.form), frozenset(request.form.getlist("nodes"))
    draft = _draft(entries, nodes, desk, number)
    if not entries.errors and "again" not in request.form:
        try:
            if "confirm" in request.form:
                return _kept(desk, draft)
            with transaction() as connection, connection.begin_nested() as trial:
                _keep(connection, desk, draft)
                trial.rollback()
        except PortalError as refusal:
            entries.errors[_field_of(refusal)] = sentence_of(refusal)
    if entries.errors or "again" in request.form:
        status = 422 if entries.errors else 200
        return _form(desk, entries.values, nodes, entries.errors, number=number), status
    before = _agreement(desk, number) if number else desk.standing.agreement
    return render_template(
        "agreements/check.html",
        desk=desk,
        number=number,
        draft=draft,
        terms=words.scope_words(draft, desk.names),
        changes=words.changes(before, draft, desk.names, today=filters.today()),
        values=entries.values,
        nodes=sorted(nodes),
    )


def _field_of(refusal: PortalError) -> str:
    fields = {"bad_grain": "steps", "agreement_without_nodes": "nodes", "agreement_backwards": "valid_until"}
    return fields.get(refusal.code, "valid_from")


def _keep(connection: Any, desk: Desk, draft: Agreement) -> None:
    viewer = current_viewer()
    deeds.keep_agreement(
        connection, actor=viewer.actor, partner_id=desk.standing.name.id, draft=draft, now=as_of()
    )


def _kept(desk: Desk, draft: Agreement) -> ResponseReturnValue:
    with transaction() as connection:
        _keep(connection, desk, draft)
    flash(gettext("Agreement %(number)s stands as you confirmed it.", number=draft.number))
    return redirect(url_for("agreements.partner", code=desk.standing.name.code), code=303)


def _draft(entries: Entries, nodes: frozenset[str], desk: Desk, number: str) -> Agreement:
    first, last = entries.day("valid_from"), entries.day("valid_until")
    draft = Agreement(
        number=number or _new_number(entries),
        tier=Tier(_one_of(entries, "tier", Tier.ORDINARY, list(Tier))),
        purpose=entries.text("purpose"),
        valid_from=first or date.min,
        valid_until=last or date.max,
        products=_products(entries, desk.names),
        nodes=frozenset(key for key in desk.names.nodes if str(key) in nodes),
        basis=Basis(_one_of(entries, "basis", Basis.UNALLOCATED_AND_OWN, list(Basis))),
        grain=_grain(entries),
        daily_questions=entries.whole("daily_questions", most=MOST_QUESTIONS),
        note=entries.text("note", required=False),
    )
    for check in (check_agreement, check_grain):
        try:
            check(draft)
        except PortalError as refusal:
            entries.errors.setdefault(_field_of(refusal), sentence_of(refusal))
    return draft


def _new_number(entries: Entries) -> str:
    number = entries.text("number")
    if "number" in entries.errors:
        return number
    if not _NUMBER.fullmatch(number) or number == "new":
        entries.errors["number"] = gettext("Letters, digits, dots and dashes, 40 at most.")
        return number
    with reading() as connection:
        if reads.number_taken(connection, org_id=current_viewer().org.id, number=number):
            entries.errors["number"] = gettext("Another agreement already has this number.")
    return number


def _one_of(entries: Entries, name: str, default: str, offered: list[Any]) -> str:
    text = entries.text(name)
    if text in offered:
        return text
    entries.errors[name] = gettext("Choose one of the list.")
    return default


def _grain(entries: Entries) -> Grain:
    kind = GrainKind(_one_of(entries, "grain", GrainKind.EXACT, list(GrainKind)))
    if kind is GrainKind.EXACT:
        return Grain()
    parts = [part for part in re.split(r"[,，、\s]+", entries.text("steps")) if part]
    if not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in parts):  # noqa: PLR2004 - digits
        entries.errors["steps"] = gettext("Whole numbers, for example 100, 500.")
        return Grain()
    # A step of 0 says nothing: what lies below the first step is told as such.
    steps = [int(part) for part in parts]
    return Grain(kind, tuple(steps[1:] if kind is GrainKind.BUCKETS and steps[:1] == [0] else steps))


def _products(entries: Entries, names: Names) -> frozenset[UUID] | None:
    wanted = [part for part in re.split(r"[,，、\s]+", entries.values.get("products", "")) if part]
    if not wanted:
        return None
    known = {product.sku: key for key, product in names.products.items()}
    unknown = [sku for sku in wanted if sku not in known]
    if unknown:
        entries.errors["products"] = gettext("No item has the number %(sku)s.", sku=unknown[0][:60])
    return frozenset(known[sku] for sku in wanted if sku in known)


@blueprint.get("/<code>/agreements/<number>/end")
@needs(Role.OPERATOR)
def ask_end(code: str, number: str) -> ResponseReturnValue:
    """Say what ending an agreement at once means."""
    desk = _desk(code)
    return render_template("agreements/end.html", desk=desk, agreement=_agreement(desk, number))


@blueprint.post("/<code>/agreements/<number>/end")
@needs(Role.OPERATOR)
def end(code: str, number: str) -> ResponseReturnValue:
    """End an agreement at once."""
    desk = _desk(code)
    with transaction() as connection:
        deeds.end_agreement(
            connection,
            actor=current_viewer().actor,
            partner_id=desk.standing.name.id,
            number=number,
            now=as_of(),
        )
    flash(gettext("Agreement %(number)s has ended. Their next request is answered without it.", number=number))
    return redirect(url_for("agreements.partner", code=code), code=303)


@blueprint.get("/<code>/people/new")
@needs(Role.OPERATOR)
def new_person(code: str) -> ResponseReturnValue:
    """Ask who shall sign in for a partner."""
    return _person_form(_desk(code), {}, {})


def _person_form(desk: Desk, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "agreements/person.html", desk=desk, values=values, errors=errors, roles=_roles(desk.standing)
    )


def _roles(standing: Standing) -> list[tuple[str, str]]:
    offered = {
        "customer": gettext("Buyer"),
        "supplier": gettext("Supplier"),
        "auditor": gettext("Auditor"),
    }
    return [(role, text) for role, text in offered.items() if role in standing.roles]


@blueprint.post("/<code>/people/new")
@needs(Role.OPERATOR)
def add_person(code: str) -> ResponseReturnValue:
    """Let somebody of a partner sign in."""
    desk, entries = _desk(code), Entries({k: v for k, v in request.form.items() if k != "password"})
    email, name = entries.text("email"), entries.text("name")
    role = _one_of(entries, "role", "", [key for key, _ in _roles(desk.standing)])
    if not entries.errors:
        try:
            with transaction() as connection:
                service.add_person(
                    connection,
                    actor=current_viewer().actor,
                    email=email,
                    name=name,
                    role=Role(role),
                    partner_id=desk.standing.name.id,
                    password=request.form.get("password", ""),
                    language=None,
                    now=as_of(),
                )
        except PortalError as refusal:
            field = "password" if refusal.code == "weak_password" else "email"
            entries.errors[field] = sentence_of(refusal)
    if entries.errors:
        return _person_form(desk, entries.values, entries.errors), 422
    flash(gettext("%(name)s may now sign in.", name=name))
    return redirect(url_for("agreements.partner", code=code), code=303)


@blueprint.post("/<code>/people/<uuid:person_id>/deactivate")
@needs(Role.OPERATOR)
def deactivate(code: str, person_id: UUID) -> ResponseReturnValue:
    """Take the right to sign in from somebody."""
    return _shut_out(code, person_id, people.deactivate, gettext("They may no longer sign in."))


@blueprint.post("/<code>/people/<uuid:person_id>/end-sessions")
@needs(Role.OPERATOR)
def end_sessions(code: str, person_id: UUID) -> ResponseReturnValue:
    """End every session and token of somebody."""
    return _shut_out(code, person_id, people.end_sessions_of, gettext("All their sessions and tokens have ended."))


def _shut_out(code: str, person_id: UUID, deed: Callable[..., object], told: str) -> ResponseReturnValue:
    desk = _desk(code)
    with transaction() as connection:
        deed(
            connection,
            actor=current_viewer().actor,
            partner_id=desk.standing.name.id,
            person_id=person_id,
            now=as_of(),
        )
    flash(told)
    return redirect(url_for("agreements.partner", code=code), code=303)


@blueprint.get("/<code>/inference")
@needs(Role.OPERATOR)
def inference(code: str) -> ResponseReturnValue:
    """Say in plain words, with their real figures, what a partner sees and what follows from it."""
    desk = _desk(code)
    with reading() as connection:
        others = reads.standings(connection, org_id=current_viewer().org.id, on=filters.today())
        found = inferences(
            connection, org_id=current_viewer().org.id, standing=desk.standing, others=others, as_of=as_of()
        )
    return render_template("agreements/inference.html", desk=desk, found=found)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
