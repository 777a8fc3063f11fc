"""The auditor's desk in the reader's words: verdicts, evidence, what is missing, how long it took."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from portal.audits.model import Evidence, Item, Judgement, Severity, State, Verdict
from portal.web.i18n import language

VERDICTS: dict[Verdict, tuple[str, Any]] = {
    Verdict.FULFILLED: ("good", _l("fulfilled")),
    Verdict.GAP: ("bad", _l("gap")),
    Verdict.NOT_APPLICABLE: ("off", _l("not applicable")),
    Verdict.OPEN: ("warn", _l("to judge")),
}
"""Tone and word of each verdict."""

STATES: dict[State, tuple[str, Any]] = {
    State.REQUESTED: ("info", _l("requested")),
    State.OPENED: ("warn", _l("opened")),
    State.COMPLETED: ("info", _l("completed")),
    State.SIGNED: ("good", _l("signed off")),
}
SEVERITIES: dict[Severity, tuple[str, Any]] = {
    Severity.MINOR: ("info", _l("minor")),
    Severity.MAJOR: ("warn", _l("major")),
    Severity.CRITICAL: ("bad", _l("critical")),
}

_WHY: dict[str, Any] = {
    "nothing_arrived": _l("Nothing of this supplier arrived in the period."),
    "nothing_recalled": _l("Nothing of this supplier was recalled."),
    "by_hand": _l("Records cannot show this: the auditor looks and judges."),
    "no_licence_in_force": _l("No licence is in force today."),
    "nobody_to_contact": _l("Nobody of the supplier may sign in."),
    "lots_without_papers": _l("Without any paper of conformity:"),
    "lots_without_report": _l("Without an inspection report of their own:"),
    "dates_missing": _l("Day made or last day missing:"),
    "unfit_but_usable": _l("Papers do not hold, yet usable:"),
    "expired_lies": _l("Past its last day, yet usable:"),
    "receiver_unknown": _l("Sold to a buyer the records do not name:"),
    "no_trace": _l("No trace of their way:"),
}
_EVIDENCE: dict[str, Any] = {
    "document": _l("Paper %(label)s"),
    "passport": _l("Passport of %(label)s"),
    "trace": _l("Trace of %(label)s"),
    "shipment": _l("Receipt %(label)s"),
    "partner": _l("Partner %(label)s"),
    "recall": _l("Recall of %(label)s"),
    "records": _l("Moves, papers and the audit log, none of which can be changed; lots looked at: %(label)s"),
}
_PLACES = {"document": "/documents/", "passport": "/passports/"}


def either(texts: tuple[str, str]) -> str:
    """Return a text of a checklist in the reader's language."""
    return texts[language() == "en"]


def cited(item: Item) -> str:
    """Return what an item cites: clauses from one to another, a clause where it has a point, else a chapter."""
    if "–" in item.cites:
        return str(gettext("clauses %(numbers)s", numbers=item.cites))
    if "." in item.cites:
        return str(gettext("clause %(number)s", number=item.cites))
    return str(gettext("chapter %(number)s", number=item.cites))


def why(judgement: Judgement) -> str:
    """Return why the portal judges so; empty where the evidence speaks for itself."""
    # A reason that names what is missing is told with a gap only.
    named = judgement.why if judgement.verdict is not Verdict.FULFILLED else ""
    return str(_WHY.get(named, ""))


def evidence_text(one: Evidence) -> str:
    """Return what a piece of evidence is called."""
    return str(_EVIDENCE[one.kind]) % {"label": one.label}


def evidence_url(one: Evidence) -> str:
    """Return where a piece of evidence can be looked at; empty when only its name is told."""
    return _PLACES[one.kind] + quote(one.ref) if one.ref and one.kind in _PLACES else ""


def took(span: timedelta) -> str:
    """Write how long something took, in its two largest parts."""
    minutes = int(span.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        (days, ngettext("%(num)d day", "%(num)d days", days)),
        (hours, ngettext("%(num)d hour", "%(num)d hours", hours)),
        (rest, ngettext("%(num)d minute", "%(num)d minutes", rest)),
    ]
    told = [str(text) for number, text in parts if number][:2]
    return " ".join(told) or str(gettext("less than a minute"))
