"""Clocks: the machine's is aware and in UTC, the test's stands still until it is moved."""

from datetime import UTC, datetime, timedelta

import time_machine

from portal.platform.clock import HandClock, SystemClock


def test_the_systems_clock_is_aware_and_in_utc() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 2, 24, tzinfo=UTC), tick=False):
        now = SystemClock().now()
    assert (now, now.tzinfo) == (datetime(2026, 11, 23, 2, 24, tzinfo=UTC), UTC)


def test_the_hand_clock_moves_only_when_told_to(now: datetime) -> None:
    clock = HandClock(now)
    assert clock.now() == clock.now() == now
    clock.advance(timedelta(hours=48))
    assert clock.now() == datetime(2026, 11, 25, 2, 24, tzinfo=UTC)
