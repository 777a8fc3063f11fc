"""Demand by week, as people read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from portal.kernel.errors import Forbidden

_WEEK = timedelta(days=7)


class BoardClosed(Forbidden):
    """Demand is told to strategic partners and the host's staff only, of products in their agreement."""

    code = "board_closed"


@dataclass(frozen=True, slots=True)
class DemandDay:
    """What was ordered of a product on a day.

    Attributes:
        product_id: The product.
        day: Local date of the orders.
        quantity: Quanta, 0 or more.
        order_count: Number of orders.
    """

    product_id: UUID
    day: date
    quantity: int
    order_count: int


@dataclass(frozen=True, slots=True)
class DemandWeek:
    """What was ordered in a week.

    Attributes:
        monday: First day of the week.
        quantity: Quanta.
        order_count: Number of orders.
        complete: The whole week has passed.
    """

    monday: date
    quantity: int
    order_count: int
    complete: bool


def monday_of(day: date) -> date:
    """Return the Monday of the week of ``day`` (ISO 8601 weeks)."""
    return day - timedelta(days=day.weekday())


def weeks_until(today: date, weeks: int) -> tuple[date, ...]:
    """Return the Mondays of the last ``weeks`` weeks, this one included, oldest first."""
    last = monday_of(today)
    return tuple(last - _WEEK * back for back in range(weeks - 1, -1, -1))


def by_week(days: Iterable[tuple[date, int, int]], *, today: date, weeks: int) -> tuple[DemandWeek, ...]:
    """Add days up to the last ``weeks`` weeks; a week without orders is a zero, not a gap.

    Args:
        days: (day, quantity, number of orders); days outside the weeks are left out.
        today: Local date; its week is the last one and never complete.
        weeks: Number of weeks, 1 or more.
    """
    totals = {monday: [0, 0] for monday in weeks_until(today, weeks)}
    for day, quantity, orders in days:
        total = totals.get(monday_of(day))
        if total is not None:
            total[0] += quantity
            total[1] += orders
    return tuple(
        DemandWeek(monday, quantity, orders, complete=monday + _WEEK <= today)
        for monday, (quantity, orders) in totals.items()
    )
