"""Reading one cell: text as people write it, to the value it means, or ``BadCell`` with the reason.

Every cell arrives as text (``tables`` writes a workbook's numbers and dates as text first). Full-width digits and
letters count as their plain forms (Unicode NFKC), thousands separators are taken out, dates may be written in the
ways of both countries as long as the year leads, or as a spreadsheet's serial day number (1900 system).
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from stdnum import ean
from stdnum.exceptions import ValidationError

from portal.flows.imports.faults import BadCell
from portal.inventory.units.model import LABEL_LENGTH, NotARatio, UnitUnknown, to_code, to_ratio
from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_quanta

_EXCEL_ERRORS = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE]\+\d+")
_FLOATED = re.compile(r"\d+\.0")  # a whole number that went through a program that only knows floats
_GROUPED = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|[+-]?\.\d+")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_UNCLEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's day has no zone
_CODE_LENGTH = 60
_TEXT_LENGTH = 300
_GTIN_LENGTH = 14


def plain(text: str) -> str:
    """Return ``text`` without surrounding space and with full-width characters made plain."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def cell_text(text: str) -> str:
    """Return a cell's text without surrounding space.

    Raises:
        BadCell: ``formula`` without a value; ``excel_error``.
    """
    text = text.strip()
    if text.startswith("="):
        if re.fullmatch(r'="[^"]*"', text):  # the spreadsheet habit that keeps leading zeros
            return text[2:-1].strip()
        raise BadCell("formula")
    if text in _EXCEL_ERRORS:
        raise BadCell("excel_error")
    return text


def words(text: str) -> str:
    """Read a name or a note.

    Raises:
        BadCell: ``too_long``.
    """
    if len(text) > _TEXT_LENGTH:
        raise BadCell("too_long", most=_TEXT_LENGTH)
    return text


def code(text: str) -> str:
    """Read an identifying code: plain characters, at most 60 of them.

    Raises:
        BadCell: ``too_long``; ``digits_lost`` when a spreadsheet has rounded it ("6.90123E+12").
    """
    text = plain(text)
    if _SCIENTIFIC.fullmatch(text):
        raise BadCell("digits_lost")
    if len(text) > _CODE_LENGTH:
        raise BadCell("too_long", most=_CODE_LENGTH)
    return text[:-2] if _FLOATED.fullmatch(text) else text


def gtin(text: str) -> str:
    """Read a GTIN of 8, 12, 13 or 14 digits as the 14 digits it is stored as (GS1 General Specifications 3.3.2).

    Raises:
        BadCell: ``digits_lost``; ``check_digit``; ``not_a_number``.
    """
    text = code(text).replace(" ", "").replace("-", "")
    if not text.isdigit():
        raise BadCell("not_a_number")
    try:
        ean.validate(text)
    except ValidationError as error:
        raise BadCell("check_digit") from error
    return text.zfill(_GTIN_LENGTH)


def number_text(text: str) -> str:
    """Return a decimal number as plain text: "１，２００" becomes "1200".

    Raises:
        BadCell: ``not_a_number``.
    """
    text = plain(text).replace("−", "-").replace(" ", "")
    if not _GROUPED.fullmatch(text):
        raise BadCell("not_a_number")
    return text.replace(",", "")


def quanta(text: str, decimals: int) -> int:
    """Read a count of base units as whole quanta.

    Raises:
        BadCell: ``not_a_number``; ``too_fine``; ``too_large``.
    """
    try:
        return to_quanta(number_text(text), decimals=decimals)
    except PortalError as error:
        if error.code == "quantity_too_fine":
            raise BadCell("too_fine", decimals=decimals) from error
        raise BadCell("too_large") from error


def unit(text: str) -> str:
    """Read a unit of measure by word or code; a company's own code has 2 to 8 letters and digits.

    Raises:
        BadCell: ``unit_unknown``.
    """
    try:
        return to_code(plain(text))
    except UnitUnknown as error:
        raise BadCell("unit_unknown") from error


def unit_label(text: str) -> str:
    """Read an own name of a unit, short enough to stand beside a figure.

    Raises:
        BadCell: ``too_long``.
    """
    if len(text) > LABEL_LENGTH:
        raise BadCell("too_long", most=LABEL_LENGTH)
    return text


def ratio(text: str) -> Fraction:
    """Read a ratio: a decimal number, or a fraction such as ``1/3``; exactly as written.

    Raises:
        BadCell: ``not_a_ratio``.
    """
    try:
        return to_ratio(plain(text))
    except NotARatio as error:
        raise BadCell("not_a_ratio") from error


def whole(text: str) -> int:
    """Read a whole number of zero or more.

    Raises:
        BadCell: ``not_a_number``; ``not_whole``; ``negative``; ``too_large``.
    """
    try:
        value = quanta(text, 0)
    except BadCell as fault:
        raise BadCell("not_whole" if fault.code == "too_fine" else fault.code) from fault
    if value < 0:
        raise BadCell("negative")
    return value


def price(text: str) -> Decimal:
    """Read a price; a currency sign before it is allowed. Whether it may be negative is for the kind to say.

    Raises:
        BadCell: ``not_a_number``; ``too_large``.
    """
    value = Decimal(number_text(plain(text).lstrip("¥￥$£€")))
    if value.adjusted() > 15:  # noqa: PLR2004 - digits before the point that stay exact everywhere
        raise BadCell("too_large")
    return value


def day(text: str) -> date:
    """Read a calendar day.

    Raises:
        BadCell: ``not_a_date``; ``date_unclear`` when the year does not lead.
    """
    return moment(text).date()


def moment(text: str) -> datetime:
    """Read a day, with a time of day when one is written, as the clock on the wall said it (without a zone).

    Raises:
        BadCell: ``not_a_date``; ``date_unclear``.
    """
    text = plain(text)
    head, _, tail = text.replace("T", " ").partition(" ")
    try:
        if _SERIAL.fullmatch(text):
            whole_days, _, part = text.partition(".")
            seconds = round(float(f"0.{part or 0}") * 86400)
            return _EPOCH + timedelta(days=int(whole_days), seconds=seconds)
        if found := _YEAR_FIRST.fullmatch(head) or _COMPACT.fullmatch(head):
            return datetime.combine(date(int(found[1]), int(found[2]), int(found[3])), _clock(tail.strip()))
    except ValueError as error:
        raise BadCell("not_a_date") from error
    raise BadCell("date_unclear" if _UNCLEAR.fullmatch(head) else "not_a_date")


def _clock(text: str) -> time:
    if not text:
        return time()
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def instant_reader(zone: str) -> Callable[[str], datetime]:
    """Return a reader of instants written by a clock in ``zone``; the answer is aware."""
    info = ZoneInfo(zone)
    return lambda text: moment(text).replace(tzinfo=info)


def choice_reader(choices: dict[str, str]) -> Callable[[str], str]:
    """Return a reader of one of a few words.

    Args:
        choices: Accepted writing (lower case) to the value it means.
    """
    shown = "、".join(dict.fromkeys(choices))

    def read(text: str) -> str:
        found = choices.get(plain(text).lower())
        if found is None:
            raise BadCell("not_a_choice", choices=shown)
        return found

    return read


def roles(text: str) -> tuple[str, ...]:
    """Read a partner's roles, several of them separated by a comma, a slash or a pause mark.

    Raises:
        BadCell: ``not_a_choice``.
    """
    read = choice_reader(_ROLES)
    found = {read(part) for part in re.split(r"[,，、/;；+\s]+", text.strip()) if part}
    return tuple(sorted(found))


_ROLES = {
    "customer": "customer",
    "客户": "customer",
    "supplier": "supplier",
    "供应商": "supplier",
    "auditor": "auditor",
    "审核方": "auditor",
    "carrier": "carrier",
    "承运商": "carrier",
}
