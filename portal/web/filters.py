"""Template filters: figures, dates, deadlines and fingerprints in the reader's language.

Quantities are whole quanta and never pass through a float. Dates are absolute, in the company's zone,
with the zone on hover; the year is written only where it is not this one. ``now`` comes
from the clock given to ``init_app``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_datetime, get_timezone_name
from babel.numbers import format_decimal
from flask import Flask, current_app
from flask_babel import get_timezone, gettext, ngettext
from markupsafe import Markup, escape

from portal.kernel.grain import AtLeast
from portal.web.i18n import language

_DAY = {"zh": "M月d日", "en": "d MMM"}
_DAY_YEAR = {"zh": "y年M月d日", "en": "d MMM y"}
_DAY_SHORT = {"zh": "M/d", "en": "d MMM"}
_GLUE = {"zh": " ", "en": ", "}
_LOCALE = {"zh": "zh_Hans_CN", "en": "en_GB"}
_MINUS = "\N{MINUS SIGN}"
_URGENT = timedelta(hours=6)
_SOON = timedelta(hours=24)
_KIB = 1024
_TYPED = re.compile(r"`([^`]+)`")


def locale() -> str:
    """Return the locale used for figures and dates: Chinese of China, or day-first English."""
    return _LOCALE[language()]


def now() -> datetime:
    """Return the present instant, aware, from the application's clock."""
    return current_app.extensions["tally_clock"]().astimezone(UTC)  # type: ignore[no-any-return]


def local(moment: datetime) -> datetime:
    """Return an aware instant in the company's zone."""
    return moment.astimezone(get_timezone())


def today() -> date:
    """Return the present day in the company's zone."""
    return local(now()).date()


def _local_day(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def quantity(quanta: int, decimals: int = 0) -> str:
    """Write quanta with thousands separators and no trailing zeros; a real minus sign; a bound as a bound."""
    if isinstance(quanta, AtLeast):
        return _bound(quanta, decimals)
    number = Decimal(quanta).scaleb(-decimals)
    if number == number.to_integral_value():
        number = number.quantize(Decimal(1))
    text = format_decimal(number, locale=locale(), decimal_quantization=False)
    return text.replace("-", _MINUS)


def _bound(quanta: AtLeast, decimals: int) -> str:
    if quanta.is_answer:
        return str(gettext("available") if quanta else gettext("not available"))
    if not quanta and quanta.below is not None:
        return f"<\N{NO-BREAK SPACE}{quantity(quanta.below, decimals)}"
    return f"≥\N{NO-BREAK SPACE}{quantity(int(quanta), decimals)}"


def signed(quanta: int, decimals: int = 0) -> str:
    """Write quanta with a plus or minus sign; zero has none."""
    return ("+" if quanta > 0 else "") + quantity(quanta, decimals)


def day(value: date | datetime, year: bool | None = None) -> str:  # noqa: FBT001 - a template's one word
    """Write a day: ``23 Nov`` or ``11月23日``; with the year when it is another one, or as ``year`` says."""
    on = _local_day(value)
    with_year = on.year != today().year if year is None else year
    shape = (_DAY_YEAR if with_year else _DAY)[language()]
    return format_date(on, shape, locale=locale())


def day_short(value: date | datetime) -> str:
    """Write a day for a narrow column: ``23 Nov`` or ``11/23``."""
    return format_date(_local_day(value), _DAY_SHORT[language()], locale=locale())


def clock_time(value: datetime) -> str:
    """Write the time of day on the 24-hour clock: ``10:24``."""
    return format_datetime(local(value), "HH:mm", locale=locale())


def zone_name(value: datetime) -> str:
    """Name the company's zone with its offset, for the hover text."""
    here = local(value)
    name = get_timezone_name(here, width="long", locale=locale())
    offset = here.strftime("%z")
    return f"{name} UTC{offset[:3]}:{offset[3:]}"


def moment(value: datetime) -> Markup:
    """Write an instant as ``<time>``: ``23 Nov, 10:24``; ISO in the attribute, the zone on hover."""
    text = day(value) + _GLUE[language()] + clock_time(value)
    return _time(local(value).isoformat(timespec="seconds"), zone_name(value), text)


def day_time(value: date | datetime) -> Markup:
    """Write a day as ``<time>`` with the ISO date in the attribute and the weekday on hover."""
    on = _local_day(value)
    return _time(on.isoformat(), format_date(on, "EEEE", locale=locale()), day(on))


def _time(machine: str, hover: str, text: str) -> Markup:
    return Markup('<time class="nb" datetime="{}" title="{}">{}</time>').format(machine, hover, text)


def iso(value: date | datetime) -> str:
    """Write a day as ``2026-11-05``, for facts and exports."""
    on = _local_day(value)
    return on.isoformat()


def weekday(value: date | datetime) -> str:
    """Write the short weekday: ``Fri`` or ``周五``."""
    on = _local_day(value)
    return format_date(on, "EEE", locale=locale())


def span(length: timedelta) -> str:
    """Write a length of time in its largest whole unit: minutes, hours up to two days, then days."""
    minutes = max(0, int(length.total_seconds()) // 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return str(ngettext("%(num)d min", "%(num)d min", minutes))
    hours = minutes // 60
    if hours < 48:  # noqa: PLR2004 - two days read better in hours
        return str(ngettext("%(num)d hour", "%(num)d hours", hours))
    return str(ngettext("%(num)d day", "%(num)d days", hours // 24))


def ago(value: datetime) -> str:
    """Write how long ago an instant was: ``2 min ago``, ``just now``."""
    passed = now() - value
    if passed < timedelta(minutes=1):
        return str(gettext("just now"))
    return str(gettext("%(span)s ago", span=span(passed)))


def is_stale(value: datetime, after_hours: float = 6) -> bool:
    """Tell whether a figure is older than its source promises."""
    return now() - value > timedelta(hours=after_hours)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left until a deadline.

    Attributes:
        text: ``3 hours left`` or ``2 days late``.
        tone: ``bad`` when late or under 6 hours, ``warn`` under 24, else empty.
        late: The deadline has passed.
        percent: Share of the time since ``since`` that is gone, 0 to 100; 100 when ``since`` is not known.
    """

    text: str
    tone: str
    late: bool
    percent: int


def left(due: datetime, since: datetime | None = None) -> Left:
    """Return what is left until ``due``, counted from ``since``."""
    rest = due - now()
    if rest < timedelta(0):
        return Left(gettext("%(span)s late", span=span(-rest)), "bad", late=True, percent=100)
    tone = "bad" if rest < _URGENT else "warn" if rest < _SOON else ""
    percent = 100
    if since is not None and due > since:
        percent = 100 - max(0, min(100, rest * 100 // (due - since)))
    return Left(gettext("%(span)s left", span=span(rest)), tone, late=False, percent=percent)


def short_hash(value: str | bytes) -> str:
    """Write a fingerprint as its first and last eight hex digits: ``5bf94998...ca1e5c45``."""
    text = value.hex() if isinstance(value, bytes) else value
    return text if len(text) <= 20 else f"{text[:8]}...{text[-8:]}"  # noqa: PLR2004 - no gain in cutting less


def size(count: int) -> str:
    """Write a number of bytes: ``412 KB``, ``1.1 MB`` (1 KB = 1,024 bytes)."""
    if count < _KIB:
        return str(gettext("%(count)d bytes", count=count))
    if count < _KIB * _KIB:
        return f"{quantity(count // _KIB)} KB"
    return f"{quantity(count * 10 // _KIB // _KIB, 1)} MB"


def commands(text: str) -> Markup:
    """Mark up what stands in back-quotes as something to type; the rest is escaped as ever."""
    return Markup(_TYPED.sub(r'<code class="mono">\1</code>', str(escape(text))))  # noqa: S704 - escaped before


FILTERS: dict[str, Callable[..., Any]] = {
    "quantity": quantity,
    "signed": signed,
    "day": day,
    "day_time": day_time,
    "day_short": day_short,
    "clock_time": clock_time,
    "moment": moment,
    "iso": iso,
    "weekday": weekday,
    "span": span,
    "ago": ago,
    "left": left,
    "short_hash": short_hash,
    "size": size,
    "commands": commands,
}


def init_app(app: Flask, *, clock: Callable[[], datetime]) -> None:
    """Give the filters and ``now``, ``today``, ``is_stale`` to the templates of ``app``.

    Args:
        app: The application; ``i18n.init_app`` has been called on it.
        clock: Returns the present instant, aware (``Clock.now``).
    """
    app.extensions["tally_clock"] = clock
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(now=now, today=today, is_stale=is_stale)
