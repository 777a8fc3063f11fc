"""Questions about sales orders. A partner is told of their own orders only, and of products in their agreement."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, text

from portal.kernel.disclosure import Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line of an order.

    Attributes:
        line_no: Its number.
        product_id: The product.
        location_id: The node it leaves, if known and if nodes may be shown.
        quantity: Quanta.
        unit_price: Price of one base unit, if known.
    """

    line_no: int
    product_id: UUID
    location_id: UUID | None
    quantity: int
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with the lines the viewer may see.

    Attributes:
        id: Its id.
        number: Its number.
        partner_id: The customer, if known.
        ordered_at: Instant of the order.
        needed_on: Day the goods are needed, if given.
        state: ``open``, ``fulfilled`` or ``cancelled``.
        lines: Lines of products in scope.
    """

    id: UUID
    number: str
    partner_id: UUID | None
    ordered_at: datetime
    needed_on: date | None
    state: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """A page of orders.

    Attributes:
        orders: The orders of this page.
        count: Orders under the search and the state, over all pages.
        counts: Orders per state under the search; the empty state counts all.
        page: Number of this page from 1; never beyond the last.
        pages: Number of pages, at least 1.
    """

    orders: tuple[Order, ...]
    count: int
    counts: dict[str, int]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class DemandRow:
    """What was ordered of a product on a local day, over all orders that were not cancelled."""

    product_id: UUID
    day: date
    quantity: int
    order_count: int


_MINE = """
    o.org_id = :org AND (CAST(:everybody AS boolean) OR o.partner_id = CAST(:partner AS uuid))
    AND CAST(:anything AS boolean)
"""

_IN_SCOPE = "(CAST(:all_products AS boolean) OR l.product_id = ANY(CAST(:products AS uuid[])))"

_COUNTS = f"""
    SELECT o.state, count(*) AS orders FROM sales_order o
    WHERE {_MINE} AND (CAST(:search AS text) = '' OR o.number ILIKE :pattern)
    GROUP BY o.state
"""  # noqa: S608 - pieces from code

_PAGE = f"""
    WITH chosen AS (
        SELECT o.id, o.number, o.partner_id, o.ordered_at, o.needed_on, o.state FROM sales_order o
        WHERE {_MINE} AND (CAST(:search AS text) = '' OR o.number ILIKE :pattern)
          AND (CAST(:state AS text) = '' OR o.state = :state)
        ORDER BY o.ordered_at DESC, o.number DESC
        LIMIT :per_page OFFSET :skipped
    )
    SELECT o.id, o.number, o.partner_id, o.ordered_at, o.needed_on, o.state,
           l.line_no, l.product_id, l.location_id, l.quantity, l.unit_price
    FROM chosen o
    LEFT JOIN sales_order_line l ON l.org_id = :org AND l.order_id = o.id AND {_IN_SCOPE}
    ORDER BY o.ordered_at DESC, o.number DESC, l.line_no
"""  # noqa: S608 - pieces from code


def order_page(  # noqa: PLR0913 - who asks, and what the page shows
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    search: str = "",
    state: str = "",
    page: int = 1,
    per_page: int = 50,
) -> OrderPage:
    """Return a page of orders, the newest first: a partner's own, or everybody's for the host's staff.

    Two statements, whatever the number of rows.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        search: Part of an order number.
        state: ``open``, ``fulfilled`` or ``cancelled``; anything else shows all.
        page: Page number from 1; beyond the last one the last is given.
        per_page: Orders a page, 1 or more.
    """
    values = _values(org_id, disclosure, disclosure.partner_id) | _search(search)
    counted = connection.execute(text(_COUNTS), values)
    counts = {"": 0, "open": 0, "fulfilled": 0, "cancelled": 0} | {row.state: row.orders for row in counted}
    counts[""] = sum(counts.values())
    state = state if state in counts else ""
    pages = max(1, -(-counts[state] // per_page))
    page = min(max(1, page), pages)
    values |= {"state": state, "per_page": per_page, "skipped": (page - 1) * per_page}
    return OrderPage(
        orders=_orders(connection, _PAGE, values, disclosure),
        count=counts[state],
        counts=counts,
        page=page,
        pages=pages,
    )


_OPEN = f"""
    SELECT o.id, o.number, o.partner_id, o.ordered_at, o.needed_on, o.state,
           l.line_no, l.product_id, l.location_id, l.quantity, l.unit_price
    FROM sales_order o
    JOIN sales_order_line l ON l.org_id = :org AND l.order_id = o.id AND {_IN_SCOPE}
    WHERE {_MINE} AND o.state = 'open'
      AND (CAST(:product AS uuid) IS NULL OR l.product_id = CAST(:product AS uuid))
    ORDER BY o.needed_on NULLS LAST, o.number, l.line_no
"""  # noqa: S608 - pieces from code


def open_orders(
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    partner_id: UUID | None = None,
    product_id: UUID | None = None,
) -> tuple[Order, ...]:
    """Return open orders by the day they are needed, in one statement.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks; a partner is told of their own orders, whatever ``partner_id`` says.
        partner_id: For the host's staff: only this customer's orders.
        product_id: Only lines of this product.
    """
    asked = partner_id if disclosure.everything else disclosure.partner_id
    values = _values(org_id, disclosure, asked) | {"product": product_id}
    return _orders(connection, _OPEN, values, disclosure)


def daily_demand(
    connection: Connection,
    *,
    org_id: UUID,
    product_ids: Iterable[UUID] | None = None,
    time_zone: str = "UTC",
) -> Iterator[DemandRow]:
    """Yield what was ordered by product and local day, over all orders that were not cancelled.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_ids: Only these products; ``None`` for all.
        time_zone: IANA zone that decides an order's day.
    """
    rows = connection.execute(
        text("""
            SELECT l.product_id, CAST(o.ordered_at AT TIME ZONE :zone AS date) AS day,
                   CAST(SUM(l.quantity) AS bigint) AS quantity, count(DISTINCT o.id) AS orders
            FROM sales_order o JOIN sales_order_line l ON l.org_id = o.org_id AND l.order_id = o.id
            WHERE o.org_id = :org AND o.state <> 'cancelled'
              AND (CAST(:all AS boolean) OR l.product_id = ANY(CAST(:products AS uuid[])))
            GROUP BY 1, 2 ORDER BY 1, 2
        """),
        {
            "org": org_id,
            "zone": time_zone,
            "all": product_ids is None,
            "products": list(product_ids or ()),
        },
    )
    for row in rows:
        yield DemandRow(row.product_id, row.day, row.quantity, row.orders)


def _values(org_id: UUID, disclosure: Disclosure, partner_id: UUID | None) -> dict[str, object]:
    return {
        "org": org_id,
        "everybody": disclosure.everything and partner_id is None,
        "partner": partner_id,
        "anything": disclosure.everything or disclosure.tier is not None,
        "all_products": disclosure.products is None,
        "products": list(disclosure.products or ()),
    }


def _search(search: str) -> dict[str, object]:
    wanted = search.strip()
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"search": wanted, "pattern": f"%{escaped}%"}


def _orders(
    connection: Connection, statement: str, values: dict[str, object], disclosure: Disclosure
) -> tuple[Order, ...]:
    heads: dict[UUID, Order] = {}
    lines: dict[UUID, list[OrderLine]] = {}
    for row in connection.execute(text(statement), values):
        kept = lines.setdefault(row.id, [])
        if row.id not in heads:
            heads[row.id] = Order(
                id=row.id,
                number=row.number,
                partner_id=row.partner_id,
                ordered_at=row.ordered_at,
                needed_on=row.needed_on,
                state=row.state,
                lines=(),
            )
        if row.line_no is not None:
            kept.append(
                OrderLine(
                    line_no=row.line_no,
                    product_id=row.product_id,
                    location_id=row.location_id if disclosure.by_node else None,
                    quantity=row.quantity,
                    unit_price=row.unit_price,
                )
            )
    return tuple(replace(order, lines=tuple(lines[order.id])) for order in heads.values())
