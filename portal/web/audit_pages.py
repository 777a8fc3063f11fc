"""The audit log for the host's staff: filtered, by pages, as a file, and whether its chain is intact."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.kernel.disclosure import Role
from portal.partners import reads
from portal.partners.model import PartnerName
from portal.platform import audit
from portal.platform.audit_reads import AuditRow, Wanted, people, rows
from portal.web import filters
from portal.web.audit_words import WHAT
from portal.web.auth import current_viewer, needs
from portal.web.context import reading, services
from portal.web.csv_files import csv_response
from portal.web.stock_words import either

PER_PAGE = 50
EXPORT_ROWS = 20_000

CHECKED_ROWS = 2_000
"""Newest entries whose chain is walked whenever the page is shown."""

KINDS = {
    "read": _l("Seen by a partner"),
    "refused": _l("Refused to a partner"),
    "preview": _l("Viewed as a partner"),
    "staff_read": _l("Seen by our staff"),
    "agreement": _l("Agreement"),
    "person": _l("Person"),
    "deed": _l("Deed"),
}
TONES = {
    "read": "off",
    "refused": "bad",
    "preview": "info",
    "staff_read": "info",
    "agreement": "warn",
    "person": "warn",
    "deed": "good",
}

blueprint = Blueprint("audit", __name__)


def _wanted(partners: Iterable[PartnerName]) -> Wanted:
    number = request.args.get("page", "1")
    return Wanted(
        partner_id=next((one.id for one in partners if one.code == request.args.get("partner")), None),
        person=request.args.get("person", "")[:100],
        kind=request.args.get("kind", "") if request.args.get("kind") in KINDS else "",
        day=_day(request.args.get("day", "")),
        page=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1,  # noqa: PLR2004
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _span(day: date | None) -> tuple[datetime, datetime] | None:
    if day is None:
        return None
    first = datetime.combine(day, time(), tzinfo=ZoneInfo(services().settings.time_zone))
    return first, datetime.combine(day + timedelta(days=1), time(), tzinfo=first.tzinfo)


@blueprint.get("/ops/audit")
@needs(Role.OPERATOR)
def log() -> ResponseReturnValue:
    """Show the log, the newest entry first, and whether its chain is intact."""
    org_id = current_viewer().org.id
    with reading() as connection:
        partners = reads.partner_names(connection, org_id=org_id)
        wanted = _wanted(partners)
        page = rows(connection, org_id=org_id, wanted=wanted, span=_span(wanted.day), per_page=PER_PAGE)
        persons = people(connection, org_id=org_id)
        last = audit.head(connection, org_id=org_id).seq
        verdict = audit.verify(connection, org_id=org_id, after=max(0, last - CHECKED_ROWS))
    code = next((one.code for one in partners if one.id == wanted.partner_id), "")
    return render_template(
        "audit/log.html",
        wanted=wanted,
        page=page,
        partners=[(one.code, f"{one.code} {either(one.name_zh, one.name_en)}") for one in partners],
        firms={one.id: either(one.name_zh, one.name_en) for one in partners},
        persons=[(name, name) for name in persons],
        kinds=KINDS,
        tones=TONES,
        what=_what,
        details=_details,
        verdict=verdict,
        code=code,
        url=lambda path="/ops/audit", **changes: _url(wanted, code, path, **changes),
    )


def _url(wanted: Wanted, code: str, path: str, **changes: object) -> str:
    asked = {
        "partner": code,
        "person": wanted.person,
        "kind": wanted.kind,
        "day": wanted.day.isoformat() if wanted.day else "",
        **changes,
    }
    kept = {name: value for name, value in asked.items() if value not in {"", 1}}
    return path + (f"?{urlencode(kept)}" if kept else "")


def _what(row: AuditRow) -> str:
    return str(WHAT.get(row.what, row.what))


def _details(row: AuditRow) -> str:
    parts = []
    if "products" in row.details:
        parts.append(gettext(", ").join(row.details["products"]))
    if "rows" in row.details:
        parts.append(gettext("%(rows)s rows", rows=filters.quantity(row.details["rows"])))
    if row.details.get("operation"):
        parts.append(row.details["operation"])
    if row.details.get("key"):
        parts.append(gettext("key %(name)s", name=row.details["key"]))
    if row.kind == "refused":
        parts.append(row.details["path"])
        parts.append(gettext("answered with %(status)s", status=row.details["status"]))
    if row.details.get("refused"):
        parts.append(gettext("refused: %(codes)s", codes=", ".join(row.details["refused"])))
    before, after = row.details.get("before"), row.details.get("after")
    if before and after:
        changed = sorted(name for name in after if after[name] != before[name])
        parts.append(gettext("changed: %(fields)s", fields=", ".join(changed)))
    return " · ".join(parts)


@blueprint.get("/ops/audit.csv")
@needs(Role.OPERATOR)
def as_csv() -> ResponseReturnValue:
    """Give the filtered log as a file, with the hashes that chain it."""
    org_id = current_viewer().org.id
    with reading() as connection:
        partners = reads.partner_names(connection, org_id=org_id)
        wanted, codes = _wanted(partners), {one.id: one.code for one in partners}
        page = rows(connection, org_id=org_id, wanted=wanted, span=_span(wanted.day), per_page=EXPORT_ROWS)
    heads = [
        gettext("Entry"),
        gettext("At"),
        gettext("Kind"),
        gettext("Subject"),
        gettext("Who"),
        gettext("Partner"),
        gettext("Agreement"),
        gettext("Details"),
        "SHA-256",
    ]
    cells = [
        [
            row.seq,
            row.at.isoformat(timespec="seconds"),
            str(KINDS[row.kind]),
            row.what,
            row.actor,
            codes.get(row.partner_id, "") if row.partner_id else "",
            row.agreement,
            _details(row),
            row.digest.hex(),
        ]
        for row in page.rows
    ]
    return csv_response("audit", heads, cells)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
