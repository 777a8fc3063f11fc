"""The moment a verifier asks about, as an address names it."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from portal.kernel.errors import Malformed
from portal.web.context import services


class BadMoment(Malformed):
    """Neither an instant like 2026-03-01T08:00:00Z nor a day like 2026-03-01."""

    code = "bad_moment"


def moment(text: str) -> datetime | None:
    """Read ``?at=``; a day means its end in the company's zone, nothing means ``None``.

    Raises:
        BadMoment: Neither an instant nor a day.
    """
    if not text:
        return None
    try:
        if "T" in text:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadMoment(f"{text!r} is no moment.", text=text[:40]) from error
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(services().settings.time_zone))
