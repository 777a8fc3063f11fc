"""The leaky bucket: how much a firm's programs may ask for in a short time.

Every request pours its cost into the firm's bucket, and the bucket drains at a steady rate. A request that would
make it overflow is refused, and pours nothing. Levels are whole millionths of a point: a rate of so many points a
second is as many millionths a microsecond, so nothing is ever rounded. ``portal.partners.throttle`` settles the
same rule in the database; a test compares the two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

POINT = 1_000_000
"""Millionths in a point."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket.

    Attributes:
        capacity: Points it holds; 1 or more.
        restore_rate: Points that drain, and so may be asked for again, in each second; 1 or more.
    """

    capacity: int
    restore_rate: int


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket was at an instant.

    Attributes:
        millionths: What had not drained yet, in millionths of a point.
        settled_at: The instant.
    """

    millionths: int
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What came of pouring a request's cost into a bucket.

    Attributes:
        bucket: The bucket.
        cost: Points of the request.
        millionths: The level after it, or without it where it did not fit.
        fits: Whether it was poured.
    """

    bucket: Bucket
    cost: int
    millionths: int
    fits: bool

    @property
    def available(self) -> int:
        """Whole points that may be asked for at once."""
        return max(0, self.bucket.capacity - -(-self.millionths // POINT))

    @property
    def wait_s(self) -> int:
        """Whole seconds, 1 or more, after which the same request fits if nothing else is asked for meanwhile."""
        over = self.millionths + (self.cost - self.bucket.capacity) * POINT
        return max(1, -(-over // (self.bucket.restore_rate * POINT)))


def settled(level: Level, *, bucket: Bucket, cost: int, now: datetime) -> tuple[Level, Balance]:
    """Drain a bucket up to now and pour a cost into it, if it fits.

    Args:
        level: As it was left.
        bucket: As it is today; it may have held more or less before.
        cost: Points of the request, 1 or more.
        now: Instant of the request. One before the level's (another machine's clock) drains nothing.
    """
    passed = max(timedelta(0), now - level.settled_at) // timedelta(microseconds=1)
    drained = max(0, level.millionths - passed * bucket.restore_rate)
    poured = drained + cost * POINT
    if poured > bucket.capacity * POINT:
        return level, Balance(bucket, cost, drained, fits=False)
    return Level(poured, max(level.settled_at, now)), Balance(bucket, cost, poured, fits=True)
