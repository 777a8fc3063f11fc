"""Keeping sales orders: any number of them in one go, through COPY into staging tables."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, text

from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.orders.model import OrderDraft, SavedOrders, check_order
from portal.platform.db import copy_rows

_BATCH = 2_000
_HEAD_COLUMNS = ("id", "position", "number", "partner_id", "ordered_at", "needed_on", "state", "source")
_LINE_COLUMNS = ("order_id", "line_no", "product_id", "location_id", "quantity", "unit_price")

_STAGE = (
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS staged_order (
        id uuid NOT NULL, position bigint NOT NULL, number text NOT NULL, partner_id uuid, ordered_at timestamptz
        NOT NULL, needed_on date, state text NOT NULL, source text NOT NULL
    ) ON COMMIT DROP
    """,
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS staged_order_line (
        order_id uuid NOT NULL, line_no integer NOT NULL, product_id uuid NOT NULL, location_id uuid,
        quantity bigint NOT NULL, unit_price numeric
    ) ON COMMIT DROP
    """,
    "TRUNCATE staged_order, staged_order_line",
    "DROP TABLE IF EXISTS staged_known",
)

# Same head and the same lines, in number and in every value.
_SAME = """
    SELECT s.id AS staged_id, o.id AS order_id,
           (o.partner_id, o.ordered_at, o.needed_on, o.state, o.source)
             IS NOT DISTINCT FROM (s.partner_id, s.ordered_at, s.needed_on, s.state, s.source)
           AND NOT EXISTS (
             SELECT 1
             FROM (SELECT line_no, product_id, location_id, quantity, unit_price FROM staged_order_line
                   WHERE order_id = s.id) AS n
             FULL JOIN (SELECT line_no, product_id, location_id, quantity, unit_price FROM sales_order_line
                        WHERE org_id = :org AND order_id = o.id) AS k ON k.line_no = n.line_no
             WHERE (k.line_no, k.product_id, k.location_id, k.quantity, k.unit_price)
                   IS DISTINCT FROM (n.line_no, n.product_id, n.location_id, n.quantity, n.unit_price)
           ) AS same
    FROM staged_order s JOIN sales_order o ON o.org_id = :org AND o.number = s.number
"""

_PREPARE = (
    "DELETE FROM staged_order a USING staged_order b WHERE a.number = b.number AND a.position < b.position",
    "CREATE INDEX IF NOT EXISTS ix_staged_order_line ON staged_order_line (order_id)",
    "ANALYZE staged_order, staged_order_line",
    f"CREATE TEMPORARY TABLE staged_known ON COMMIT DROP AS {_SAME}",
)

_COUNT = """
    SELECT (SELECT count(*) FROM staged_order), count(*), count(*) FILTER (WHERE NOT same) FROM staged_known
"""

_MERGE = (
    """
    DELETE FROM sales_order_line l USING staged_known k
    WHERE l.org_id = :org AND l.order_id = k.order_id AND NOT k.same
    """,
    """
    UPDATE sales_order o
    SET partner_id = s.partner_id, ordered_at = s.ordered_at, needed_on = s.needed_on, state = s.state,
        source = s.source
    FROM staged_known k JOIN staged_order s ON s.id = k.staged_id
    WHERE o.org_id = :org AND o.id = k.order_id AND NOT k.same
    """,
    """
    INSERT INTO sales_order (org_id, id, number, partner_id, ordered_at, needed_on, state, source)
    SELECT :org, s.id, s.number, s.partner_id, s.ordered_at, s.needed_on, s.state, s.source
    FROM staged_order s LEFT JOIN staged_known k ON k.staged_id = s.id
    WHERE k.staged_id IS NULL
    """,
    """
    INSERT INTO sales_order_line (org_id, order_id, line_no, product_id, location_id, quantity, unit_price)
    SELECT :org, COALESCE(k.order_id, l.order_id), l.line_no, l.product_id, l.location_id, l.quantity, l.unit_price
    FROM staged_order_line l
    JOIN staged_order s ON s.id = l.order_id
    LEFT JOIN staged_known k ON k.staged_id = s.id
    WHERE k.same IS NOT TRUE
    """,
)


def save_orders(
    connection: Connection, *, actor: Actor, orders: Iterable[OrderDraft], now: datetime
) -> SavedOrders:
    """Add orders, or replace them by number; an order that is the same as before is not touched.

    ``orders`` is read once, a batch at a time, so memory stays bounded; of two drafts with the same number the
    last one counts.

    Args:
        connection: Open transaction.
        actor: Who does it.
        orders: The drafts; products, nodes and customers are known ids.
        now: Instant of the deed.

    Raises:
        BadOrder: An order cannot be kept; nothing has changed.
    """
    for statement in _STAGE:
        connection.execute(text(statement))
    drafts = enumerate(orders)
    while batch := list(islice(drafts, _BATCH)):
        _stage(connection, batch, now)
    org = {"org": actor.org_id}
    for statement in _PREPARE:
        connection.execute(text(statement), org)
    staged, known, changed = connection.execute(text(_COUNT)).one()
    for statement in _MERGE:
        connection.execute(text(statement), org)
    if staged - known + changed >= _BATCH:
        connection.execute(text("ANALYZE sales_order, sales_order_line"))
    return SavedOrders(new=staged - known, changed=changed, unchanged=known - changed)


def _stage(connection: Connection, batch: list[tuple[int, OrderDraft]], now: datetime) -> None:
    for _, order in batch:
        check_order(order)
    ids = [new_id(now) for _ in batch]
    heads = (
        (order_id, position, o.number, o.partner_id, o.ordered_at, o.needed_on, o.state, o.source)
        for order_id, (position, o) in zip(ids, batch, strict=True)
    )
    lines = (
        (order_id, line.line_no, line.product_id, line.location_id, line.quantity, line.unit_price)
        for order_id, (_, order) in zip(ids, batch, strict=True)
        for line in order.lines
    )
    copy_rows(connection, "staged_order", _HEAD_COLUMNS, heads)
    copy_rows(connection, "staged_order_line", _LINE_COLUMNS, lines)
