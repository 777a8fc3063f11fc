"""What time does to stock: holds lapse, pools end, lots pass their last day. Done by the worker every few seconds.

Nothing waits for it: reads and the guard look at the time themselves. It keeps the quick way quick.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.service.pools import end_due_pools
from portal.inventory.service.reservations import lapse

AT_ONCE = 500
"""Most summaries brought up to a new day in one transaction."""


def keep_up(connection: Connection, *, org_id: UUID, now: datetime) -> int:
    """Give up what has lapsed, end what is over, sum up anew what went past its last day; returns how many of all.

    Args:
        connection: Open transaction.
        org_id: The company.
        now: Instant, in the company's zone.
    """
    lapsed = lapse(connection, org_id=org_id, now=now)
    return lapsed + end_due_pools(connection, org_id=org_id, now=now) + _turn_the_day(connection, org_id, now)


def _turn_the_day(connection: Connection, org_id: UUID, now: datetime) -> int:
    turned = connection.execute(
        text("""
            SELECT tally_summarise(s.org_id, s.product_id, s.location_id, :today) FROM (
                SELECT org_id, product_id, location_id FROM stock_summary
                WHERE org_id = :org AND good_until < :today
                ORDER BY product_id, location_id LIMIT :most FOR NO KEY UPDATE
            ) s
        """),
        {"org": org_id, "today": now.date(), "most": AT_ONCE},
    )
    return len(turned.all())
