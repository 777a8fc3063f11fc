"""Units in the reader's words, and the packaging level in which they like to read quantities."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flask import has_request_context, request
from flask_babel import gettext

from portal.inventory.units.model import ProductUnit, exact_text
from portal.kernel.units import CASE, STANDARD, Level
from portal.web import filters
from portal.web.i18n import language

PLAIN = ("C62", "KGM", "GRM", "LTR", "MLT", "MTR")
"""Base units that nearly all products have; the passport page's script knows them."""

_OLD_WORDS = {"cs": Level.CASE, "pcs": Level.EACH}
_OF_REFUSALS = ("unit", "other", "base")
_PLACES = 9


def unit_name(code: str) -> str:
    """Return the short name of a unit: ``pcs``, ``件``; a code without one is shown as it is."""
    standard = STANDARD.get(code)
    if standard is None:
        return code
    return standard.en if language() == "en" else standard.zh


def own_name(unit: ProductUnit) -> str:
    """Return the short name of a product's unit, its own where it has one."""
    return unit.name(language())


def case_name() -> str:
    """Return the short name of a case: ``cs``, ``箱``."""
    return unit_name(CASE)


def level_name(level: Level) -> str:
    """Return what a packaging level is called."""
    names = {
        Level.EACH: gettext("Pieces"),
        Level.INNER: gettext("Inner packs"),
        Level.CASE: gettext("Cases"),
        Level.PALLET: gettext("Pallets"),
    }
    return str(names[level])


def level_of(text: str | None) -> Level | None:
    """Return the packaging level a word in an address names; ``None`` when it names none."""
    if text in _OLD_WORDS:
        return _OLD_WORDS[text]
    return Level(text) if text in tuple(Level) else None


def reading_level(read_in: str | None) -> Level:
    """Return the level to read in: the address's, else the person's own, else cases.

    Args:
        read_in: The signed-in person's setting.
    """
    asked = level_of(request.args.get("unit")) if has_request_context() else None
    return asked or level_of(read_in) or Level.CASE


SWITCH = (Level.EACH, Level.CASE, Level.PALLET)
"""Levels a page offers to read in."""


def number(value: Fraction) -> str:
    """Write an exact number as the reader's language does; one that does not end as a fraction."""
    if value.denominator == 1:
        return filters.quantity(value.numerator)
    scaled = value * 10**_PLACES
    return filters.quantity(scaled.numerator, _PLACES) if scaled.denominator == 1 else exact_text(value)


def in_words(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refusal's values with units called by their names."""
    return {
        name: unit_name(value) if name in _OF_REFUSALS and isinstance(value, str) else value
        for name, value in values.items()
    }
