"""A leaky bucket holds so many points and drains at a steady rate, exactly."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.partners.bucket import Balance, Bucket, Level, settled

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
BUCKET = Bucket(capacity=100, restore_rate=3)


def poured(level: int, cost: int, *, after: timedelta = timedelta(0)) -> tuple[Level, Balance]:
    return settled(Level(level, NOON), bucket=BUCKET, cost=cost, now=NOON + after)


def test_a_cost_is_poured_on_what_is_there() -> None:
    level, balance = poured(40_000_000, 25)
    assert level == Level(65_000_000, NOON)
    assert balance == Balance(BUCKET, 25, 65_000_000, fits=True)
    assert balance.available == 35


def test_the_last_point_fits_and_one_more_does_not() -> None:
    assert poured(40_000_000, 60)[1].fits
    level, balance = poured(40_000_000, 61)
    assert level == Level(40_000_000, NOON)
    assert balance == Balance(BUCKET, 61, 40_000_000, fits=False)
    assert (balance.available, balance.wait_s) == (60, 1)


def test_it_drains_by_the_microsecond_and_never_below_nothing() -> None:
    assert poured(40_000_000, 1, after=timedelta(microseconds=1))[0].millionths == 40_999_997
    assert poured(40_000_000, 1, after=timedelta(seconds=13))[0].millionths == 2_000_000
    assert poured(40_000_000, 1, after=timedelta(days=9000))[0].millionths == 1_000_000


def test_what_has_not_drained_whole_is_not_available() -> None:
    assert poured(40_000_000, 1, after=timedelta(microseconds=1))[1].available == 59


@pytest.mark.parametrize(
    ("level", "cost", "seconds"),
    # over by 1, by 3, by 3 and a millionth, by 100
    [(1_000_000, 100, 1), (3_000_000, 100, 1), (3_000_001, 100, 2), (100_000_000, 100, 34)],
)
def test_the_wait_is_rounded_up_to_whole_seconds(level: int, cost: int, seconds: int) -> None:
    assert poured(level, cost)[1].wait_s == seconds
    assert not poured(level, cost, after=timedelta(seconds=seconds - 1))[1].fits
    assert poured(level, cost, after=timedelta(seconds=seconds))[1].fits


def test_a_clock_that_is_behind_drains_nothing_and_turns_nothing_back() -> None:
    level, balance = poured(40_000_000, 5, after=timedelta(seconds=-30))
    assert level == Level(45_000_000, NOON)
    assert balance.available == 55


def test_a_bucket_that_became_smaller_has_nothing_left_until_it_drained() -> None:
    balance = Balance(Bucket(capacity=10, restore_rate=1), 1, 40_000_000, fits=False)
    assert (balance.available, balance.wait_s) == (0, 31)
