"""GTINs: the numbers on goods, in the one form addresses use.

Source: GS1 General Specifications section 7.9 (check digit); GS1 Digital Link URI Syntax section 4.2 (a GTIN in an
address has 14 digits, padded with zeros in front).
"""

import re

from portal.kernel.errors import Malformed

_LENGTHS = frozenset({8, 12, 13, 14})
_DIGITS = re.compile(r"[0-9]+")


class NotAGTIN(Malformed):
    """The text is not a GTIN: wrong length, not digits, or the check digit does not fit."""

    code = "not_a_gtin"


def to_gtin14(text: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 as 14 digits; blanks and hyphens are taken out.

    Raises:
        NotAGTIN: No such number, or its check digit does not fit.
    """
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) not in _LENGTHS or not _DIGITS.fullmatch(digits):
        raise NotAGTIN(f"{text[:40]!r} is not a GTIN.", text=text[:40])
    padded = digits.rjust(14, "0")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    if total % 10:
        raise NotAGTIN(f"The check digit of {text[:40]} does not fit.", text=text[:40])
    return padded
