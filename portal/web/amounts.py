"""A quantity typed in one of a product's units: which units a form offers, and what was typed, in quanta."""

from fractions import Fraction

from flask_babel import gettext

from portal.kernel.errors import PortalError
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.stock_words import Measure
from portal.web.units import own_name, unit_name

_FINEST = 9
"""Decimals a quantity may be written with; whether it is a whole number of quanta is for the units to say."""


def unit_choices(how: Measure) -> list[tuple[str, str]]:
    """Return the units a form offers, packages first, each as (code, name)."""
    packages = [(unit.code, own_name(unit)) for unit in reversed(how.units.known) if unit.level is not None]
    base = how.product.base_unit
    return [*(choice for choice in packages if choice[0] != base), (base, unit_name(base))]


def read_amount(entries: Entries, how: Measure) -> int:
    """Return what stands in ``quantity`` and ``unit`` in quanta; 0, with the fault noted, when it cannot be."""
    number = entries.quanta("quantity", decimals=_FINEST)
    unit = entries.text("unit")
    if "quantity" not in entries.errors and number < 1:
        entries.errors["quantity"] = gettext("More than zero.")
    if "quantity" in entries.errors or "unit" in entries.errors:
        return 0
    try:
        return how.units.quanta(Fraction(number, 10**_FINEST), unit)
    except PortalError as refusal:
        entries.errors["quantity"] = sentence_of(refusal)
        return 0
