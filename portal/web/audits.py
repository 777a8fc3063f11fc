"""The auditor's desk: audits of suppliers, their checklist with its evidence, findings, sign-off, report.

Operators ask for an audit and read it; people of the auditors' firm it names look, judge and sign. Nobody else
learns that it exists (``docs/adr/0014-audits.md``).
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.audits import reads, service
from portal.audits.checklist import offered
from portal.audits.model import ItemsOpen, Severity, State, Verdict, WordsNeeded
from portal.audits.service import AuditRequest, FindingDraft
from portal.flows import auditing, passporting
from portal.flows.auditing import AuditView
from portal.kernel.disclosure import Role
from portal.partners import reads as partners
from portal.partners.model import PartnerName
from portal.passports import reads as passports
from portal.passports.credentials import credential_by_id
from portal.passports.packs import PackSources, build_pack
from portal.web import desk_words, errors
from portal.web.audited import about
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.csv_files import csv_response
from portal.web.documents import NoFirm
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.public import pack_answer
from portal.web.stock_words import either

blueprint = Blueprint("audits", __name__, url_prefix="/audits")

YEAR = timedelta(days=365)
DUE = timedelta(days=14)
"""Days for putting a finding right that the form suggests."""


def _firm() -> UUID | None:
    """Return whose audits may be seen: those of the auditors' own firm, all of them for the host's staff.

    Raises:
        NoFirm: An auditor who belongs to no firm has none.
    """
    viewer = current_viewer()
    if viewer.role is Role.OPERATOR:
        return None
    if viewer.actor.partner_id is None:
        raise NoFirm("Your account belongs to no firm.")
    return viewer.actor.partner_id


@blueprint.get("")
@needs(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List audits, with the measured time of each and the median of all that were signed."""
    viewer = current_viewer()
    org_id, firm = viewer.org.id, _firm()
    with reading() as connection:
        found = reads.audits(connection, org_id=org_id, auditor_id=firm)
        median, count = reads.median_time(connection, org_id=org_id)
        names = {one.id: one for one in partners.partner_names(connection, org_id=org_id)}
    return render_template(
        "audits/index.html",
        audits=found,
        median=median if firm is None else None,
        count=count,
        name=lambda partner_id: _name(names[partner_id]),
        asks=viewer.role is Role.OPERATOR,
        now=as_of(),
        words=desk_words,
    )


def _name(firm: PartnerName) -> str:
    return either(firm.name_zh, firm.name_en)


@blueprint.get("/new")
@needs(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Ask whom to audit, by whom, on what, over which period."""
    today = as_of().date()
    return _form({"starts_on": (today - YEAR).isoformat(), "ends_on": today.isoformat()}, {})


@blueprint.post("/new")
@needs(Role.OPERATOR)
def ask() -> ResponseReturnValue:
    """Ask for an audit; the clock begins."""
    entries, actor, now = Entries(request.form), current_viewer().actor, as_of()
    asked = _asked(entries)
    if asked is None:
        return _form(entries.values, entries.errors), 422
    with transaction() as connection:
        number = service.request(connection, actor=actor, asked=asked, now=now)
    return redirect(url_for("audits.show", number=number), 303)


def _asked(entries: Entries) -> AuditRequest | None:
    starts_on, ends_on = entries.day("starts_on"), entries.day("ends_on")
    firms = {role: {str(firm.id): firm.id for firm in _firms(role)} for role in ("supplier", "auditor")}
    for role, known in firms.items():
        if entries.values.get(role, "") not in known:
            entries.errors[role] = gettext("Choose one of the list.")
    chosen = next((one for one in offered() if one.name == entries.values.get("checklist")), None)
    if chosen is None:
        entries.errors["checklist"] = gettext("Choose one of the list.")
    if starts_on and ends_on and ends_on < starts_on:
        entries.errors["ends_on"] = gettext("The period cannot end before it begins.")
    if entries.errors or chosen is None or starts_on is None or ends_on is None:
        return None
    return AuditRequest(
        supplier_id=firms["supplier"][entries.values["supplier"]],
        auditor_id=firms["auditor"][entries.values["auditor"]],
        checklist=chosen,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def _firms(role: str) -> tuple[PartnerName, ...]:
    with reading() as connection:
        return partners.partner_names(connection, org_id=current_viewer().org.id, role=role)


def _form(values: Mapping[str, str], faults: Mapping[str, str]) -> str:
    return render_template(
        "audits/new.html",
        values=values,
        errors=faults,
        suppliers=[(str(firm.id), _name(firm)) for firm in _firms("supplier")],
        auditors=[(str(firm.id), _name(firm)) for firm in _firms("auditor")],
        checklists=[(one.name, desk_words.either(one.title)) for one in offered()],
    )


@blueprint.get("/<number>")
@needs(Role.OPERATOR, Role.AUDITOR)
def show(number: str) -> ResponseReturnValue:
    """Show an audit: its clock, the checklist with evidence and gaps, findings, what can be done."""
    return _page(number)


def _view(number: str) -> AuditView:
    with reading() as connection:
        seen = auditing.view(
            connection, org_id=current_viewer().org.id, number=number, auditor_id=_firm(), now=as_of()
        )
    about(seen.audit.supplier_id)
    return seen


def _page(number: str, refusal: str = "") -> str:
    seen = _view(number)
    audits = current_viewer().role is Role.AUDITOR
    return render_template(
        "audits/show.html",
        refusal=refusal,
        judges=audits and seen.audit.state is State.OPENED,
        audits=audits,
        **_facts(seen),
    )


def _facts(seen: AuditView) -> dict[str, Any]:
    return {
        "seen": seen,
        "audit": seen.audit,
        "supplier": _name(seen.supplier),
        "auditor": _name(seen.auditor),
        "counts": Counter(one.verdict.value for one in seen.judgements.values()),
        "now": as_of(),
        "words": desk_words,
    }


@blueprint.get("/<number>/items/<item>")
@needs(Role.AUDITOR)
def item(number: str, item: str) -> ResponseReturnValue:
    """Show one item with everything that speaks for or against it, and the forms to judge it."""
    return _item_page(number, item, {}, {})


def _item_page(number: str, item_id: str, values: Mapping[str, str], faults: Mapping[str, str]) -> str:
    seen = _view(number)
    return render_template(
        "audits/item.html",
        item=seen.audit.checklist.item(item_id),
        judgement=seen.judgements[item_id],
        values={"due_on": (as_of().date() + DUE).isoformat(), **values},
        errors=faults,
        **_facts(seen),
    )


@blueprint.post("/<number>/items/<item>")
@needs(Role.AUDITOR)
def judge(number: str, item: str) -> ResponseReturnValue:
    """Judge an item."""
    entries, actor = Entries(request.form), current_viewer().actor
    try:
        verdict = Verdict(entries.values.get("verdict", ""))
    except ValueError:
        verdict = Verdict.OPEN
    if verdict is Verdict.OPEN:
        return _item_page(number, item, entries.values, {"verdict": gettext("Choose one of the list.")}), 422
    try:
        with transaction() as connection:
            service.judge(
                connection,
                actor=actor,
                number=number,
                item=item,
                verdict=verdict,
                note=entries.values.get("note", ""),
                now=as_of(),
            )
    except WordsNeeded as refusal:
        return _item_page(number, item, entries.values, {"note": sentence_of(refusal)}), 422
    return redirect(f"{url_for('audits.show', number=number)}#{item}", 303)


@blueprint.post("/<number>/items/<item>/findings")
@needs(Role.AUDITOR)
def find(number: str, item: str) -> ResponseReturnValue:
    """Note what is to be put right, how grave it is, and by when."""
    entries, actor, now = Entries(request.form), current_viewer().actor, as_of()
    due_on = entries.day("due_on")
    if due_on is not None and due_on < now.date():
        entries.errors["due_on"] = gettext("The day has passed.")
    grave = entries.values.get("severity", "")
    if grave not in set(Severity):
        entries.errors["severity"] = gettext("Choose one of the list.")
    if entries.errors or due_on is None:
        return _item_page(number, item, entries.values, entries.errors), 422
    words = entries.values.get("words", "")
    draft = FindingDraft(item=item, severity=Severity(grave), words=words, due_on=due_on)
    try:
        with transaction() as connection:
            service.find(connection, actor=actor, number=number, draft=draft, now=now)
    except WordsNeeded as refusal:
        return _item_page(number, item, entries.values, {"words": sentence_of(refusal)}), 422
    return redirect(f"{url_for('audits.show', number=number)}#findings", 303)


@blueprint.post("/<number>/findings/<uuid:finding_id>/settle")
@needs(Role.AUDITOR)
def settle(number: str, finding_id: UUID) -> ResponseReturnValue:
    """Accept that a finding was put right."""
    with transaction() as connection:
        service.settle(connection, actor=current_viewer().actor, number=number, finding_id=finding_id, now=as_of())
    return redirect(f"{url_for('audits.show', number=number)}#findings", 303)


@blueprint.post("/<number>/open")
@needs(Role.AUDITOR)
def begin(number: str) -> ResponseReturnValue:
    """Begin the audit."""
    with transaction() as connection:
        service.open_audit(connection, actor=current_viewer().actor, number=number, now=as_of())
    return redirect(url_for("audits.show", number=number), 303)


@blueprint.post("/<number>/complete")
@needs(Role.AUDITOR)
def complete(number: str) -> ResponseReturnValue:
    """End the looking; what stands now is what the report will say."""
    try:
        with transaction() as connection:
            auditing.complete(connection, actor=current_viewer().actor, number=number, now=as_of())
    except ItemsOpen as refusal:
        return _page(number, sentence_of(refusal)), 422
    return redirect(url_for("audits.report", number=number), 303)


@blueprint.post("/<number>/sign")
@needs(Role.AUDITOR)
def sign(number: str) -> ResponseReturnValue:
    """Sign the audit off; its report becomes a credential, and the clock stops."""
    with transaction() as connection:
        auditing.sign(connection, actor=current_viewer().actor, services=services(), number=number, now=as_of())
    flash(gettext("Audit %(number)s is signed off.", number=number))
    return redirect(url_for("audits.report", number=number), 303)


@blueprint.get("/<number>/report")
@needs(Role.OPERATOR, Role.AUDITOR)
def report(number: str) -> ResponseReturnValue:
    """Show the report as it is printed: with what it is signed and anchored by, once it is."""
    seen, credential = _view(number), None
    if seen.audit.credential_id is not None:
        with reading() as connection:
            credential = credential_by_id(
                connection, org_id=current_viewer().org.id, credential_id=seen.audit.credential_id
            )
    return render_template(
        "audits/report.html",
        credential=credential,
        signs=current_viewer().role is Role.AUDITOR and seen.audit.state is State.COMPLETED,
        **_facts(seen),
    )


@blueprint.get("/<number>/checklist.csv")
@needs(Role.OPERATOR, Role.AUDITOR)
def table(number: str) -> ResponseReturnValue:
    """Give the checklist as a file: every item, what it is met by, what is missing."""
    seen = _view(number)
    heads = [
        gettext("Source"),
        gettext("Stage"),
        gettext("Item"),
        gettext("Judgement"),
        gettext("Evidence"),
        gettext("Missing"),
        gettext("Note"),
        gettext("Judged by"),
    ]
    rows = []
    for one in seen.audit.checklist.items:
        judgement = seen.judgements[one.id]
        rows.append(
            [
                desk_words.cited(one),
                desk_words.either(one.stage),
                desk_words.either(one.text),
                str(desk_words.VERDICTS[judgement.verdict][1]),
                "; ".join(desk_words.evidence_text(proof) for proof in judgement.evidence),
                "; ".join(judgement.gaps),
                judgement.note or desk_words.why(judgement),
                judgement.by,
            ]
        )
    return csv_response(f"audit-{number}", heads, rows)


@blueprint.get("/<number>/pack.zip")
@needs(Role.OPERATOR, Role.AUDITOR)
def pack(number: str) -> ResponseReturnValue:
    """Give the audit pack: the passports of everything that arrived, with all it takes to check them offline."""
    seen, here, org_id = _view(number), services(), current_viewer().org.id
    sources = PackSources(
        org_id=org_id,
        rpc_url=here.settings.chain_rpc_url,
        confirmations=here.settings.chain_confirmations,
        papers=passporting.files_of(here.settings.home),
    )
    with reading() as connection:
        digests = [bytes.fromhex(lot.passport) for lot in seen.lots if lot.passport]
        ids = [passports.passport_by_digest(connection, org_id=org_id, digest=digest).id for digest in digests]
        data = build_pack(connection, sources, credential_ids=ids, now=as_of())
    return pack_answer(data, name=f"audit-{number}")


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        audit_not_found=_l("There is no such audit, or it is not yours to see."),
        unknown_item=_l("The checklist has no such item."),
        unknown_checklist=_l("There is no such checklist."),
        illegal_audit_step=_l("The audit is not where this can be done. Look at its state."),
        items_open=_l("Still to judge: %(count)s."),
        audit_words_needed=_l("Say it in 1 to %(max)s characters."),
        period_reversed=_l("The period ends before it begins."),
    )
