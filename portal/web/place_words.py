"""Places, statuses and deeds of stock in the reader's words."""

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.inventory.model import REAL_KINDS
from portal.inventory.reads import PostedMove, TracedMove

STATUSES: dict[str, Any] = {
    "available": _l("usable"),
    "quarantine": _l("in quarantine"),
    "blocked": _l("blocked"),
    "withheld": _l("withheld: papers"),
}
TONES = {"available": "good", "quarantine": "warn", "blocked": "bad", "withheld": "bad"}

KINDS: dict[str, Any] = {
    "own": _l("own warehouse"),
    "third_party": _l("third-party warehouse"),
    "forward": _l("forward warehouse"),
    "shelf": _l("shelf"),
}

LEVELS: dict[str, Any] = {"node": _l("node"), "zone": _l("zone"), "bin": _l("bin")}

_VIRTUAL: dict[str, Any] = {
    "in_transit": _l("in transit"),
    "supplier": _l("supplier"),
    "customer": _l("customer"),
    "scrap": _l("scrap"),
    "adjustment": _l("correction"),
}

_DEEDS: dict[str, Any] = {
    "opening": _l("Opening stock"),
    "count": _l("Count"),
    "issue": _l("Issued"),
    "pick": _l("Picked"),
    "ship": _l("Shipped"),
    "receive": _l("Received"),
    "correct": _l("Corrected"),
    "write_off": _l("Written off"),
    "transfer": _l("Moved"),
    "status": _l("Status changed"),
    "take_over": _l("Taken over"),
    "scrap": _l("Scrapped"),
    "reverse": _l("Taken back"),
    "withhold": _l("Withheld"),
    "free": _l("Given back"),
}


def status_word(status: str) -> str:
    """Return a status in the reader's language."""
    return str(STATUSES[status])


def place_word(code: str, kind: str) -> str:
    """Return a real place's code, or what a virtual place stands for."""
    return code if kind in REAL_KINDS else str(_VIRTUAL[kind])


def deed_word(move: TracedMove | PostedMove) -> str:
    """Return what was done, in one or two words."""
    return str(_DEEDS.get(move.kind, move.kind))
