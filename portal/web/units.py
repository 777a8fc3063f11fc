"""Names of units in the reader's language (UN/ECE Recommendation 20), and of the case things are packed in."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

UNITS = {
    "C62": _l("pcs"),
    "KGM": _l("kg"),
    "GRM": _l("g"),
    "LTR": _l("l"),
    "MLT": _l("ml"),
    "MTR": _l("m"),
}
"""Short names by code; a code without one is shown as it is."""


def unit_name(code: str) -> str:
    """Return the short name of a base unit: ``pcs``, ``件``."""
    return str(UNITS.get(code, code))


def case_name() -> str:
    """Return the short name of a case: ``cs``, ``箱``."""
    return str(gettext("cs"))
