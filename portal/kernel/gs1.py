"""What a scanner reads off goods and racks: a GS1 element string, a Digital Link, or a plain code.

Source: GS1 General Specifications sections 3 (application identifiers 01, 10, 11, 15, 17, 21) and 7.8 (element
strings: FNC1 ends a value of variable length; scanners send it as ASCII 29); GS1 Digital Link URI Syntax, part 4.
Anything else in a string that looks like one of these is refused: half an understanding sends the wrong goods.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

from portal.kernel.errors import Malformed
from portal.kernel.gtin import NotAGTIN, to_gtin14

_SEPARATOR = "\x1d"
_PREFIXES = ("]d2", "]C1", "]Q3", "]e0")
_BRACKETED = re.compile(r"\((\d{2})\)([^(]*)")
_FIXED = {"01": 14, "11": 6, "15": 6, "17": 6}
_OPEN = {"10": 20, "21": 20}
_DATES = {"11": "made_on", "15": "expires_on", "17": "expires_on"}
_LONGEST = 200


class BadScan(Malformed):
    """The scan is neither a code we print nor one that can be read to its end."""

    code = "bad_scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan says; ``plain`` alone when it is only a code.

    Attributes:
        gtin: GTIN in 14 digits, or empty.
        lot: Lot, or empty.
        serial: Serial number, or empty.
        made_on: Day of production, if it says one.
        expires_on: Best-before or expiry day, if it says one.
        plain: The text itself, when it is a plain lot, serial or bin code.
    """

    gtin: str = ""
    lot: str = ""
    serial: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    plain: str = ""


def read_scan(text: str) -> Scan:
    """Read what a scanner typed.

    Raises:
        BadScan: It is empty, too long, carries something unknown, or its check digit does not fit.
    """
    text = text.strip(" \t\r\n")
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    if not text or len(text) > _LONGEST:
        raise BadScan("Nothing was read.", scan=text[:40])
    if text.lower().startswith(("https://", "http://")):
        return _from_values(_link_values(text), text)
    if text.startswith("("):
        return _from_values(_bracketed_values(text), text)
    if _SEPARATOR in text or _starts_with_gtin(text):
        return _from_values(_raw_values(text), text)
    if not text.isprintable():
        raise BadScan("The scan holds signs that no code has.", scan=text[:40])
    return Scan(plain=text)


def _starts_with_gtin(text: str) -> bool:
    return len(text) >= 16 and text.startswith("01") and text[2:16].isdigit()  # noqa: PLR2004 - "01" and 14 digits


def _link_values(text: str) -> list[tuple[str, str]]:
    parts = urlsplit(text)
    segments = parts.path.strip("/").split("/")
    if "01" not in segments:
        raise BadScan("The address is not a GS1 Digital Link.", scan=text[:40])
    segments = segments[segments.index("01") :]
    if len(segments) % 2:
        raise BadScan("The address ends within a pair.", scan=text[:40])
    pairs = [(segments[n], unquote(segments[n + 1])) for n in range(0, len(segments), 2)]
    return pairs + [(key, value) for key, value in parse_qsl(parts.query) if key.isdigit()]


def _bracketed_values(text: str) -> list[tuple[str, str]]:
    pairs = _BRACKETED.findall(text)
    if "".join(f"({ai}){value}" for ai, value in pairs) != text:
        raise BadScan("The brackets cannot be read.", scan=text[:40])
    return [(ai, value.strip()) for ai, value in pairs]


def _raw_values(text: str) -> list[tuple[str, str]]:
    pairs = []
    rest = text.lstrip(_SEPARATOR)
    while rest:
        ai, rest = rest[:2], rest[2:]
        if ai in _FIXED:
            value, rest = rest[: _FIXED[ai]], rest[_FIXED[ai] :]
        else:
            value, _, rest = rest.partition(_SEPARATOR)
        pairs.append((ai, value))
        rest = rest.removeprefix(_SEPARATOR)
    return pairs


def _from_values(pairs: list[tuple[str, str]], text: str) -> Scan:
    found: dict[str, str] = {}
    for ai, value in pairs:
        fits = len(value) == _FIXED[ai] if ai in _FIXED else 1 <= len(value) <= _OPEN.get(ai, 0)
        if ai in found or not fits or not value.isprintable():
            raise BadScan(f"({ai}) cannot be read.", scan=text[:40])
        found[ai] = value
    dates = {_DATES[ai]: _day(found[ai], text) for ai in _DATES if ai in found}
    try:
        gtin = to_gtin14(found["01"]) if "01" in found else ""
    except NotAGTIN as error:
        raise BadScan("The check digit of the GTIN does not fit.", scan=text[:40]) from error
    return Scan(
        gtin=gtin,
        lot=found.get("10", ""),
        serial=found.get("21", ""),
        made_on=dates.get("made_on"),
        expires_on=dates.get("expires_on"),
    )


def _day(digits: str, text: str) -> date:
    """Return YYMMDD as a day of this century; day 00 is the last of the month (section 3.4.7)."""
    try:
        year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
        return date(year, month, day or monthrange(year, month)[1])
    except (ValueError, KeyError) as error:
        raise BadScan(f"{digits} is not a day.", scan=text[:40]) from error
