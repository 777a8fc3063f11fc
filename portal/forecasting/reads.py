"""Questions about demand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy import Connection, text

from portal.forecasting.model import BoardClosed, DemandWeek, by_week, weeks_until
from portal.kernel.disclosure import Disclosure


@dataclass(frozen=True, slots=True)
class DemandHistory:
    """The weekly demand of one product.

    Attributes:
        product_id: The product.
        weeks: Oldest first, the running week last.
    """

    product_id: UUID
    weeks: tuple[DemandWeek, ...]

    @property
    def total(self) -> int:
        """Quanta over all weeks shown."""
        return sum(week.quantity for week in self.weeks)


def demand_history(
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    as_of: datetime,
    product_id: UUID,
    weeks: int = 26,
) -> DemandHistory:
    """Return the demand of a product by week.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks; only strategic partners and the host's staff see demand.
        as_of: Instant in the company's zone; its date is today.
        product_id: The product.
        weeks: Number of weeks up to this one.

    Raises:
        BoardClosed: The viewer's tier or product scope does not show it.
    """
    in_scope = disclosure.products is None or product_id in disclosure.products
    if not (disclosure.board and in_scope):
        raise BoardClosed("Demand is told to strategic partners only.")
    today = as_of.date()
    rows = connection.execute(
        text(
            "SELECT day, quantity, order_count FROM demand_day"
            " WHERE org_id = :org AND product_id = :product AND day >= :first AND day <= :today ORDER BY day"
        ),
        {"org": org_id, "product": product_id, "first": weeks_until(today, weeks)[0], "today": today},
    )
    days = [(row.day, row.quantity, row.order_count) for row in rows]
    return DemandHistory(product_id, by_week(days, today=today, weeks=weeks))


def demand_histories(
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    as_of: datetime,
    product_ids: Iterable[UUID],
    weeks: int = 26,
) -> dict[UUID, DemandHistory]:
    """Return the weekly demand of many products in one statement; those that may not be shown are left out.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks; only strategic partners and the host's staff see demand.
        as_of: Instant in the company's zone; its date is today.
        product_ids: The products.
        weeks: Number of weeks up to this one.
    """
    scope = disclosure.products
    asked = [one for one in product_ids if disclosure.board and (scope is None or one in scope)]
    days: dict[UUID, list[tuple[date, int, int]]] = {one: [] for one in asked}
    today = as_of.date()
    rows = connection.execute(
        text(
            "SELECT product_id, day, quantity, order_count FROM demand_day WHERE org_id = :org"
            " AND product_id = ANY(CAST(:products AS uuid[])) AND day >= :first AND day <= :today"
        ),
        {"org": org_id, "products": asked, "first": weeks_until(today, weeks)[0], "today": today},
    )
    for row in rows:
        days[row.product_id].append((row.day, row.quantity, row.order_count))
    return {
        product_id: DemandHistory(product_id, by_week(found, today=today, weeks=weeks))
        for product_id, found in days.items()
    }


def average_daily_demand(
    connection: Connection, *, org_id: UUID, product_id: UUID, as_of: datetime, days: int = 28
) -> Fraction:
    """Return the mean demand in quanta a day over the ``days`` full days before today; 0 when nothing is known.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        as_of: Instant in the company's zone; its date is today, which is not counted.
        days: Length of the window, 1 or more.
    """
    today = as_of.date()
    total = connection.execute(
        text(
            "SELECT COALESCE(SUM(quantity), 0) FROM demand_day"
            " WHERE org_id = :org AND product_id = :product AND day >= :first AND day < :today"
        ),
        {"org": org_id, "product": product_id, "first": today - timedelta(days=days), "today": today},
    )
    return Fraction(int(total.scalar_one()), days)


def best_sellers(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, as_of: datetime, weeks: int = 26
) -> tuple[tuple[UUID, int], ...]:
    """Return (product, quanta) of the products in scope that were ordered in the last weeks, most orders first."""
    if not disclosure.board:
        return ()
    today = as_of.date()
    scope = disclosure.products
    rows = connection.execute(
        text("""
            SELECT product_id, CAST(SUM(quantity) AS bigint) AS quantity FROM demand_day
            WHERE org_id = :org AND day >= :first AND day <= :today
              AND (CAST(:everything AS boolean) OR product_id = ANY(CAST(:products AS uuid[])))
            GROUP BY product_id ORDER BY SUM(order_count) DESC, product_id LIMIT 200
        """),
        {
            "org": org_id,
            "first": weeks_until(today, weeks)[0],
            "today": today,
            "everything": scope is None,
            "products": list(scope or ()),
        },
    )
    return tuple((row.product_id, row.quantity) for row in rows)
