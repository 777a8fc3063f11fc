"""Lines of the operator's inbox that other rooms than replenishment ask for."""

from typing import Any

from flask_babel import gettext, ngettext

from portal.flows.inbox import Inbox
from portal.web import filters


def drifts(found: Inbox) -> list[dict[str, Any]]:
    """Return the line of books that do not agree, where there are any."""
    if not found.drifts:
        return []
    return [
        {
            "filter": "system",
            "href": "/ops?kind=system",
            "tone": "bad",
            "icon": "warn",
            "kind": gettext("Books drift"),
            "title": ngettext(
                "%(num)d balance is not the sum of its moves",
                "%(num)d balances are not the sum of their moves",
                found.drifts,
            ),
            "text": gettext("`tally reconcile` names them. Nothing is repaired by itself."),
            "left": filters.quantity(found.drifts),
            "note": "",
            "at": filters.now(),
        }
    ]
