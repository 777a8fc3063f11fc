"""The clock: doors and the worker ask it, rules are handed the answer.

``HandClock`` is the test tool: time moves only when told to.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may


class HandClock:
    """A clock moved by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time it was last moved to."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move forward by ``step``."""
        self._now += step
