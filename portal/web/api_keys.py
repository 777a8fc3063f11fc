"""One's own API keys, shown once, replaced and ended; and what one's own programs asked."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from portal.kernel.errors import Malformed, PortalError
from portal.partners import api_keys
from portal.partners.api_keys import ApiKey, FreshKey, KeyDraft
from portal.platform.audit_reads import AuditRow, calls_of
from portal.web import errors
from portal.web.account import audience
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.csv_files import csv_response
from portal.web.errors import sentence_of
from portal.web.filters import quantity

PER_PAGE = 50
EXPORT_ROWS = 20_000
_MOST_PAGES = 1_000

blueprint = Blueprint("api_keys", __name__, url_prefix="/account")


@blueprint.get("/keys")
@needs()
def index() -> ResponseReturnValue:
    """List one's own keys, with the form for another."""
    return _page()


@blueprint.post("/keys")
@needs()
def make() -> ResponseReturnValue:
    """Make a key and show it, this once; a form that does not fit comes back with what is wrong."""
    days = request.form.get("days", "")
    draft = KeyDraft(
        label=request.form.get("label", ""),
        acts=request.form.get("scope") == "act",
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,  # noqa: PLR2004
    )
    try:
        with transaction() as connection:
            fresh = api_keys.make(connection, actor=current_viewer().actor, draft=draft, now=as_of())
    except Malformed as refusal:
        return _page(draft=draft, refusal=refusal), 422
    return _page(fresh)


@blueprint.post("/keys/<uuid:key_id>/replace")
@needs()
def replace(key_id: UUID) -> ResponseReturnValue:
    """Make a key in place of another and show it, this once."""
    with transaction() as connection:
        fresh = api_keys.replace(connection, actor=current_viewer().actor, key_id=key_id, now=as_of())
    return _page(fresh, replacing=True)


@blueprint.get("/keys/<uuid:key_id>/end")
@needs()
def check_end(key_id: UUID) -> ResponseReturnValue:
    """Ask whether a key is to end."""
    with reading() as connection:
        key = api_keys.key_of(connection, actor=current_viewer().actor, key_id=key_id, now=as_of())
    return render_template("account/end_key.html", key=key)


@blueprint.post("/keys/<uuid:key_id>/end")
@needs()
def end(key_id: UUID) -> ResponseReturnValue:
    """End a key now."""
    with transaction() as connection:
        key = api_keys.end(connection, actor=current_viewer().actor, key_id=key_id, now=as_of())
    flash(gettext("%(label)s has ended. Programs that use it are refused from now on.", label=key.label))
    return redirect(url_for("api_keys.index"), code=303)


@blueprint.get("/calls")
@needs()
def calls() -> ResponseReturnValue:
    """Show what one's own programs asked, the newest first."""
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 5 else 1  # noqa: PLR2004
    page = min(max(page, 1), _MOST_PAGES)
    rows = _calls(skipped=(page - 1) * PER_PAGE, most=PER_PAGE + 1)
    return render_template(
        "account/calls.html",
        calls=rows[:PER_PAGE],
        labels=_labels(),
        told=_told,
        newer=page - 1,
        older=page + 1 if len(rows) > PER_PAGE and page < _MOST_PAGES else 0,
    )


@blueprint.get("/calls.csv")
@needs()
def calls_csv() -> ResponseReturnValue:
    """Give the newest calls of one's own programs as a file."""
    heads = [gettext("Entry"), gettext("At"), gettext("Operation"), gettext("Answered with"), gettext("Key")]
    rows = _calls(skipped=0, most=EXPORT_ROWS)
    return csv_response(
        "calls",
        heads,
        [
            [
                row.seq,
                row.at.isoformat(timespec="seconds"),
                row.details.get("operation", ""),
                _told(row),
                row.details.get("key", ""),
            ]
            for row in rows
        ],
    )


def _calls(*, skipped: int, most: int) -> tuple[AuditRow, ...]:
    viewer = current_viewer()
    with reading() as connection:
        return calls_of(
            connection,
            actor=viewer.actor,
            partner_id=viewer.partner.id if viewer.partner else None,
            skipped=skipped,
            most=most,
        )


def _labels() -> dict[str, str]:
    with reading() as connection:
        keys = api_keys.keys_of(connection, actor=current_viewer().actor, now=as_of())
    return {key.name: key.label for key in keys}


def _told(row: AuditRow) -> str:
    """Say in one line what a call was answered with."""
    parts = []
    if row.details.get("deeds"):
        parts.append(gettext("done: %(deeds)s", deeds=", ".join(row.details["deeds"])))
    if row.details.get("rows"):
        parts.append(gettext("%(rows)s rows", rows=quantity(row.details["rows"])))
    if row.details.get("refused"):
        parts.append(gettext("refused: %(codes)s", codes=", ".join(row.details["refused"])))
    return " · ".join(parts)


def _page(
    fresh: FreshKey | None = None,
    *,
    replacing: bool = False,
    draft: KeyDraft | None = None,
    refusal: PortalError | None = None,
) -> str:
    now = as_of()
    with reading() as connection:
        keys = api_keys.keys_of(connection, actor=current_viewer().actor, now=now)
    return render_template(
        "account/keys.html",
        keys=keys,
        state_of=lambda key: _state(key, now=now),
        fresh=fresh,
        replacing=replacing,
        draft=draft or KeyDraft(label="", acts=False, days=api_keys.USUAL_DAYS),
        faults=_faults(refusal),
        lifetimes=[(days, ngettext("%(num)d day", "%(num)d days", days)) for days in api_keys.LIFETIMES_DAYS],
        longest=api_keys.MAX_LABEL,
        audience=audience(),
        origin=services().settings.origin,
    )


def _faults(refusal: PortalError | None) -> dict[str, Any]:
    if refusal is None:
        return {}
    field = "days" if isinstance(refusal, api_keys.LifetimeUnfit) else "label"
    return {field: sentence_of(refusal)}


def _state(key: ApiKey, *, now: Any) -> str:
    return "good" if key.expires_at > now else "ended"


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        label_unfit=_l("Give the key a name of 1 to %(most)s characters, so that you know it again."),
        lifetime_unfit=_l("Choose one of the lifetimes offered."),
        too_many_keys=_l("You have %(most)s keys that are good. End one first."),
        no_such_key=_l("There is no such key of yours, or it has ended."),
        key_refused=_l("The API key is not one of ours, or it has ended."),
        scope_missing=_l("This API key may read and do nothing. Make one that may act."),
    )
