"""Keeping demand by day."""

from collections.abc import Iterable
from datetime import date
from itertools import islice
from uuid import UUID

from sqlalchemy import Connection, text

from portal.platform.db import copy_rows

_BATCH = 10_000
_COLUMNS = ("product_id", "day", "quantity", "order_count")


def replace_demand(connection: Connection, *, org_id: UUID, rows: Iterable[tuple[UUID, date, int, int]]) -> int:
    """Put the demand of the products in ``rows`` in the place of what was known of them; returns the days kept.

    Rows of the same product and day are added up. Products that ``rows`` does not name keep their demand.

    Args:
        connection: Open transaction.
        org_id: The company.
        rows: (product, local day, quanta, number of orders); read once.
    """
    connection.execute(
        text(
            "CREATE TEMPORARY TABLE IF NOT EXISTS staged_demand (product_id uuid NOT NULL, day date NOT NULL,"
            " quantity bigint NOT NULL, order_count integer NOT NULL) ON COMMIT DROP"
        )
    )
    connection.execute(text("TRUNCATE staged_demand"))
    # Each batch is drawn before its COPY begins: rows may come from a query on this very connection.
    drawn = iter(rows)
    while batch := list(islice(drawn, _BATCH)):
        copy_rows(connection, "staged_demand", _COLUMNS, iter(batch))
    connection.execute(
        text(
            "DELETE FROM demand_day d USING (SELECT DISTINCT product_id FROM staged_demand) s"
            " WHERE d.org_id = :org AND d.product_id = s.product_id"
        ),
        {"org": org_id},
    )
    kept = connection.execute(
        text("""
            INSERT INTO demand_day (org_id, product_id, day, quantity, order_count)
            SELECT :org, product_id, day, SUM(quantity), SUM(order_count) FROM staged_demand
            GROUP BY product_id, day
        """),
        {"org": org_id},
    )
    return kept.rowcount
