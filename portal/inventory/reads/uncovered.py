"""Promises that nothing covers any more: a receipt moved, stock was lost or held, more was ordered than comes."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads.books import PRODUCT_COLUMNS, Location, Product, to_product


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A product whose promises at a node come to more than lies there and comes in time.

    Attributes:
        product: The product.
        node: The node.
        on: The day on which most is missing.
        missing: Quanta missing that day, 1 or more.
        documents: Orders that are promised something of it there by that day.
    """

    product: Product
    node: Location
    on: date
    missing: int
    documents: int


def uncovered(connection: Connection, *, org_id: UUID, now: datetime, most: int) -> tuple[Uncovered, ...]:
    """Return what is promised and not covered, the earliest day first.

    Only supply that was accepted or shipped counts, as for every promise (``domain.md`` 3a).

    Args:
        connection: Open transaction.
        org_id: The company.
        now: Instant, in the company's zone.
        most: So many at most.
    """
    rows = connection.execute(
        text(f"""
            SELECT {PRODUCT_COLUMNS}, n.id AS node_id, n.code AS node, n.name_zh AS node_zh,
                   n.name_en AS node_en, n.kind, n.fed_at,
                   worst.on_day, -worst.ahead AS missing,
                   (SELECT count(DISTINCT a.document) FROM allocation a
                    WHERE a.org_id = s.org_id AND a.product_id = s.product_id AND a.location_id = s.location_id
                      AND a.state = 'open' AND a.needed_on <= worst.on_day) AS documents
            FROM stock_summary s
            CROSS JOIN LATERAL (SELECT tally_usable(s, :today, :now) AS quantity OFFSET 0) here
            CROSS JOIN LATERAL (
                SELECT v.on_day, v.ahead
                FROM tally_levels(s.org_id, s.product_id, s.location_id, :today, :now, here.quantity) v
                -- What no later day falls below is lowest up to the worst day itself.
                WHERE v.ahead < 0 ORDER BY v.ahead, v.on_day DESC LIMIT 1) worst
            JOIN product p ON p.org_id = s.org_id AND p.id = s.product_id
            JOIN location n ON n.org_id = s.org_id AND n.id = s.location_id
            WHERE s.org_id = :org AND s.committed > 0 AND s.committed > here.quantity
            ORDER BY worst.on_day, p.sku, n.code LIMIT :most
        """),  # noqa: S608 - columns from code
        {"org": org_id, "today": now.date(), "now": now, "most": most},
    )
    return tuple(
        Uncovered(
            product=to_product(row),
            node=Location(
                id=row.node_id,
                code=row.node,
                name_zh=row.node_zh,
                name_en=row.node_en,
                kind=row.kind,
                fed_at=row.fed_at,
            ),
            on=row.on_day,
            missing=row.missing,
            documents=row.documents,
        )
        for row in rows
    )
