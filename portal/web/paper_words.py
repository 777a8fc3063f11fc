"""Why a lot may not move, in the reader's words, and what helps."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.web import filters
from portal.web.i18n import language

FAULTS: dict[str, Any] = {
    "recalled": _l("it was recalled on %(since)s: %(why)s"),
    "revoked": _l("%(paper)s was revoked on %(since)s: %(why)s"),
    "suspended": _l("%(paper)s is suspended since %(since)s: %(why)s"),
    "expired": _l("%(paper)s ended on %(since)s"),
    "not_yet": _l("%(paper)s holds only from %(since)s on"),
    "missing": _l("%(paper)s is missing"),
}

HELP: dict[str, Any] = {
    "recalled": _l("Nothing of it may leave any more. Take it back or scrap it."),
    "revoked": _l("Hand in the paper that stands in its place."),
    "suspended": _l("Wait until it is taken up again, or hand in another one."),
    "expired": _l("Hand in the one that holds today."),
    "not_yet": _l("Hand in the one that holds today, or wait for its first day."),
    "missing": _l("Hand it in under Certificates."),
}


def reason_text(reason: Mapping[str, str]) -> str:
    """Return one reason as a clause.

    Args:
        reason: As ``portal.passports.fitness.model.Reason.to_value`` writes it.
    """
    since = reason.get("since", "")
    told = {
        "paper": _paper(reason),
        "since": filters.day(date.fromisoformat(since), year=True) if since else "",
        "why": reason.get("why", ""),
    }
    return str(FAULTS[reason["fault"]]) % told


def help_text(reason: Mapping[str, str]) -> str:
    """Return what helps against one reason."""
    return str(HELP[reason["fault"]])


def reasons_text(reasons: Sequence[Mapping[str, str]]) -> str:
    """Return all reasons with what helps, as sentences' ends."""
    joint = gettext("; ")
    helps = " ".join(dict.fromkeys(help_text(reason) for reason in reasons))
    return str(gettext("%(why)s. %(help)s", why=joint.join(map(reason_text, reasons)), help=helps))


def reasons_in_words(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refusal's values with the reasons of a lot in words, where there are any."""
    return {name: reasons_text(value) if name == "reasons" else value for name, value in values.items()}


def _paper(reason: Mapping[str, str]) -> str:
    name = reason.get("en" if language() == "en" else "zh") or str(gettext("its passport"))
    number = reason.get("number", "")
    return str(gettext("%(paper)s (%(number)s)", paper=name, number=number)) if number else name
