"""The availability page: three figures per product, what comes when, the counts of the filters; two statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from portal.inventory.model import (
    Demand,
    PromiseStep,
    Supply,
    kept_steps,
    promise_steps,
    promise_together,
)
from portal.inventory.reads.books import Product, to_product
from portal.inventory.reads.coarse import Dated, coarse, coarse_dated
from portal.inventory.reads.lots import FIRST_EXPIRY, FOUND_BY_LOT
from portal.inventory.reads.scope import SCOPE, scope_values, statement_for
from portal.kernel.disclosure import Disclosure

ARRIVING_DAYS = 14
"""What comes within so many days counts as arriving."""

BEST_BEFORE_MONTHS = 6
"""A lot whose last day is within so many months counts as close to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityRow:
    """One product as one viewer may see it. Quantities are quanta.

    Attributes:
        product: The product.
        on_hand: Stock at the nodes in scope, less what is promised to others.
        held: Part of ``on_hand`` that is blocked, in quarantine or past its last day, and so cannot be promised.
        left_out: Part of ``on_hand`` at nodes whose feed is too old to promise anything of it.
        in_transit: Shipped and not yet received.
        confirmed: Announced by suppliers and not yet shipped.
        next_due: Day the next shipped or confirmed receipt is announced for.
        late: That day has passed.
        promise: What can be promised today.
        kept: Open promises to the viewer (to anybody, for the host's staff).
        steps: What can be promised from which day on; the first step is today's ``promise``.
        usable: Usable stock, less what is promised to others.
        first_expiry: Nearest last day of a usable lot of which others' promises leave something; ``None`` where
            warehouses and lots are not shown.
        fed_at: Oldest feed of a node that is not our own and holds the product; ``None`` when all is our own.
        feed_zh: Chinese name of that node, where nodes are shown.
        feed_en: English name of that node, where nodes are shown.
        feed_kind: Kind of that node; empty when all is our own.
    """

    product: Product
    on_hand: int
    held: int
    left_out: int
    in_transit: int
    confirmed: int
    next_due: date | None
    late: bool
    promise: int
    kept: int
    steps: tuple[PromiseStep, ...]
    usable: int
    first_expiry: date | None
    fed_at: datetime | None
    feed_zh: str
    feed_en: str
    feed_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many products each filter would show, under the same search."""

    all: int
    out: int
    arriving: int
    best_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityPage:
    """A page of products.

    Attributes:
        rows: The products of this page.
        count: Products under the search and the filter, over all pages.
        counts: Products per filter under the search.
        page: Number of this page, 1 for the first; never beyond the last.
        pages: Number of pages, at least 1.
        as_of: Instant the figures are true for.
    """

    rows: tuple[AvailabilityRow, ...]
    count: int
    counts: Counts
    page: int
    pages: int
    as_of: datetime


FILTERS = ("", "out", "arriving", "best_before")
SORTS: Mapping[str, str] = {
    "sku": "f.sku",
    "promise": "f.promise DESC, f.sku",
    "on_hand": "f.on_hand DESC, f.sku",
    "arrival": "f.next_due NULLS LAST, f.sku",
}

_ON_HAND = "COALESCE(CASE WHEN CAST(:own_only AS boolean) THEN m.kept ELSE s.on_hand END, 0)"
_PROMISE = "COALESCE(CASE WHEN CAST(:own_only AS boolean) THEN m.kept_now ELSE l.promise END, 0)"

FIGURES = f"""
    WITH {SCOPE}, change AS (
        SELECT product_id, location_id, on_day, quantity FROM coming
        UNION ALL SELECT product_id, location_id, on_day, -quantity FROM promised
        UNION ALL SELECT product_id, location_id, CAST(:today AS date), usable FROM place
        UNION ALL SELECT DISTINCT product_id, location_id, CAST(:today AS date), 0 FROM promised
        UNION ALL SELECT DISTINCT product_id, location_id, CAST(:today AS date), 0 FROM coming
    ), level AS (
        SELECT product_id, location_id, on_day,
               SUM(quantity) OVER (PARTITION BY product_id, location_id ORDER BY on_day) AS quantity
        FROM change
    ), lowest AS (
        SELECT product_id, SUM(promise) AS promise
        FROM (SELECT product_id, GREATEST(0, MIN(quantity)) AS promise FROM level
              GROUP BY product_id, location_id) AS each_node
        GROUP BY product_id
    ), stock AS (
        SELECT q.product_id, SUM(q.shown) AS on_hand, SUM(q.physical - q.usable - q.left_out) AS held,
               SUM(CASE WHEN q.left_out > 0 THEN q.shown - (q.physical - q.usable - q.left_out) ELSE 0 END)
                   AS left_out
        FROM place q GROUP BY q.product_id
    ), fresh AS ({FIRST_EXPIRY}
    ), feed AS (
        SELECT DISTINCT ON (q.product_id) q.product_id, n.fed_at, n.kind, n.name_zh, n.name_en
        FROM place q JOIN node n ON n.id = q.location_id
        WHERE n.kind <> 'own' AND q.shown > 0 AND n.fed_at IS NOT NULL
        ORDER BY q.product_id, n.fed_at, n.kind, n.code
    ), way AS (
        SELECT product_id, SUM(quantity) FILTER (WHERE shipped) AS in_transit,
               SUM(quantity) FILTER (WHERE NOT shipped) AS confirmed, MIN(due_on) AS next_due
        FROM coming GROUP BY product_id
    ), mine AS (
        SELECT product_id, SUM(quantity) AS kept, SUM(quantity) FILTER (WHERE on_day <= :today) AS kept_now
        FROM promised WHERE own GROUP BY product_id
    ), figure AS (
        SELECT i.*, {coarse(_ON_HAND)} AS on_hand, {coarse("COALESCE(s.held, 0)")} AS held, x.first_expiry,
               {coarse("COALESCE(s.left_out, 0)")} AS left_out,
               {coarse(f"({_ON_HAND} - COALESCE(s.held, 0) - COALESCE(s.left_out, 0))")} AS usable,
               {coarse("COALESCE(w.in_transit, 0)")} AS in_transit,
               {coarse("COALESCE(w.confirmed, 0)")} AS confirmed,
               CASE WHEN NOT CAST(:floored AS boolean) THEN w.next_due END AS next_due,
               COALESCE(m.kept, 0) AS kept, {coarse(_PROMISE)} AS promise, g.fed_at, g.kind AS feed_kind,
        g.name_zh AS feed_zh, g.name_en AS feed_en FROM item i
        LEFT JOIN lowest l ON l.product_id = i.id
        LEFT JOIN stock s ON s.product_id = i.id
        LEFT JOIN fresh x ON x.product_id = i.id
        LEFT JOIN way w ON w.product_id = i.id
        LEFT JOIN mine m ON m.product_id = i.id
        LEFT JOIN feed g ON g.product_id = i.id AND NOT CAST(:floored AS boolean)
"""  # noqa: S608 - pieces from code

_PAGE = (
    FIGURES
    + r"""
        WHERE CAST(:search AS text) = '' OR i.sku ILIKE :pattern OR i.gtin ILIKE :pattern OR i.name_zh ILIKE
           :pattern OR i.name_en ILIKE :pattern
           OR i.id IN ({found_by_lot})
    ), chosen AS (
        SELECT *, promise = 0 AS is_out,
               COALESCE(next_due <= CAST(:today AS date) + :arriving_days, FALSE) AS is_arriving,
               COALESCE(first_expiry <= CAST(:today AS date) + make_interval(months => :close_months), FALSE)
                   AS is_close
        FROM figure
    ), counts AS (
        SELECT count(*) AS every, count(*) FILTER (WHERE is_out) AS out, count(*) FILTER (WHERE is_arriving) AS
               arriving, count(*) FILTER (WHERE is_close) AS close
        FROM chosen
    ), kept_rows AS (
        SELECT f.* FROM chosen f
        WHERE CAST(:filter AS text) = '' OR (:filter = 'out' AND is_out) OR (:filter = 'arriving' AND is_arriving)
           OR (:filter = 'best_before' AND is_close)
    ), total AS (
        SELECT count(*) AS rows, GREATEST(1, CEIL(count(*) / CAST(:per_page AS numeric))) AS pages FROM kept_rows
    ), numbered AS (
        SELECT f.*, row_number() OVER (ORDER BY {order}) AS position FROM kept_rows f
    )
    SELECT c.every, c.out, c.arriving, c.close, t.rows, t.pages, n.*
    FROM counts c CROSS JOIN total t
    LEFT JOIN numbered n ON n.position > (LEAST(CAST(:page AS integer), t.pages) - 1) * :per_page
                        AND n.position <= LEAST(CAST(:page AS integer), t.pages) * :per_page
    ORDER BY n.position
""".replace("{found_by_lot}", FOUND_BY_LOT)
)

_DATED = f"""
    WITH {SCOPE}
    SELECT product_id, location_id, 'supply' AS what, due_on AS on_day, quantity, document, shipped AS flag,
    supplier FROM coming WHERE product_id = ANY(CAST(:page_products AS uuid[]))
    UNION ALL
    SELECT product_id, location_id, 'demand', on_day, quantity, CASE WHEN own THEN document ELSE '' END, own, ''
    FROM promised WHERE product_id = ANY(CAST(:page_products AS uuid[]))
    UNION ALL
    SELECT product_id, location_id, 'hand', NULL, usable, '', FALSE, ''
    FROM place WHERE product_id = ANY(CAST(:page_products AS uuid[]))
    ORDER BY on_day, document
"""  # noqa: S608 - pieces from code


@dataclass(slots=True)
class _Place:
    usable: int = 0
    supplies: list[Supply] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)


def availability(  # noqa: PLR0913 - who asks, and what the page shows
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    as_of: datetime,
    search: str = "",
    filter: str = "",  # noqa: A002 - the page's own word
    sort: str = "sku",
    page: int = 1,
    per_page: int = 50,
) -> AvailabilityPage:
    """Return a page of products with what one viewer may know of them.

    Two statements, whatever the number of rows. Scope is part of the statements; a viewer without an agreement in
    force gets an empty page.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        as_of: Instant in the company's zone.
        search: Part of a SKU, GTIN, name, or (where lots are shown) lot code.
        filter: One of ``FILTERS``; anything else shows all.
        sort: One of ``SORTS``; anything else sorts by SKU.
        page: Page number from 1; beyond the last one the last is given.
        per_page: Rows a page, 1 or more.
    """
    values = scope_values(org_id=org_id, disclosure=disclosure, as_of=as_of)
    found = connection.execute(
        statement_for(
            _PAGE.replace("{order}", SORTS.get(sort, SORTS["sku"])),
            by_node=disclosure.by_node,
            everything=disclosure.everything,
        ),
        values
        | {
            "search": search.strip(),
            "pattern": _pattern(search),
            "arriving_days": ARRIVING_DAYS,
            "close_months": BEST_BEFORE_MONTHS,
            "filter": filter if filter in FILTERS else "",
            "page": max(1, page),
            "per_page": per_page,
        },
    ).all()
    rows = [row for row in found if row.id is not None]
    dated = dated_facts(connection, values=values, product_ids=[row.id for row in rows], disclosure=disclosure)
    first = found[0]
    return AvailabilityPage(
        rows=tuple(to_row(row, dated[row.id], today=as_of.date(), disclosure=disclosure) for row in rows),
        count=first.rows,
        counts=Counts(all=first.every, out=first.out, arriving=first.arriving, best_before=first.close),
        page=min(max(1, page), int(first.pages)),
        pages=int(first.pages),
        as_of=as_of,
    )


def dated_facts(
    connection: Connection, *, values: Mapping[str, Any], product_ids: Iterable[UUID], disclosure: Disclosure
) -> dict[UUID, Dated]:
    """Return receipts, promises and what can be promised of products, in one statement.

    Args:
        connection: Open transaction.
        values: From ``scope_values``.
        product_ids: Products in scope.
        disclosure: Whoever asks; only where warehouses are shown do receipts name theirs.
    """
    ids = list(product_ids)
    places: dict[UUID, dict[UUID, _Place]] = {key: {} for key in ids}
    supplies: dict[UUID, list[Supply]] = {key: [] for key in ids}
    demands: dict[UUID, list[Demand]] = {key: [] for key in ids}
    asked = statement_for(_DATED, by_node=disclosure.by_node, everything=disclosure.everything)
    for row in connection.execute(asked, {**values, "page_products": ids}):
        place = places[row.product_id].setdefault(row.location_id, _Place())
        if row.what == "hand":
            place.usable = int(row.quantity)
        elif row.what == "supply":
            place.supplies.append(_supply(row, by_node=disclosure.by_node))
            supplies[row.product_id].append(place.supplies[-1])
        else:
            place.demands.append(
                Demand(needed_on=row.on_day, quantity=int(row.quantity), document=row.document, own=row.flag)
            )
            demands[row.product_id].append(place.demands[-1])
    today, own_only = values["today"], disclosure.own_only
    return {key: _dated(supplies[key], demands[key], places[key], today, own_only=own_only) for key in ids}


def _dated(
    supplies: Iterable[Supply],
    demands: Sequence[Demand],
    places: Mapping[UUID, _Place],
    today: date,
    *,
    own_only: bool,
) -> Dated:
    each = {
        place: promise_steps(on_hand=one.usable, supplies=one.supplies, demands=one.demands, today=today)
        for place, one in places.items()
    }
    steps = kept_steps(demands, today=today) if own_only else promise_together(each.values(), today=today)
    return Dated(tuple(supplies), tuple(demands), steps, each)


def _supply(row: Row[Any], *, by_node: bool) -> Supply:
    return Supply(
        due_on=row.on_day,
        quantity=int(row.quantity),
        document=row.document,
        shipped=row.flag,
        supplier=row.supplier,
        location_id=row.location_id if by_node else None,
    )


def to_row(row: Row[Any], dated: Dated, *, today: date, disclosure: Disclosure) -> AvailabilityRow:
    """Put a product's figures and dated facts together, each as fine as may be told."""
    grain, by_node = disclosure.grain, disclosure.by_node

    def shown(figure: int) -> int:
        return grain.shown(int(figure), decimals=row.decimals)

    return AvailabilityRow(
        product=to_product(row),
        on_hand=shown(row.on_hand),
        held=shown(row.held),
        left_out=shown(row.left_out),
        in_transit=shown(row.in_transit),
        confirmed=shown(row.confirmed),
        next_due=row.next_due,
        late=row.next_due is not None and row.next_due < today,
        promise=shown(row.promise),
        kept=int(row.kept),
        steps=coarse_dated(dated, grain=grain, decimals=row.decimals).steps,
        usable=shown(row.usable),
        first_expiry=row.first_expiry,
        fed_at=row.fed_at,
        feed_zh=row.feed_zh or "" if by_node else "",
        feed_en=row.feed_en or "" if by_node else "",
        feed_kind=row.feed_kind or "",
    )


def _pattern(search: str) -> str:
    text_ = search.strip()
    for sign in ("\\", "%", "_"):
        text_ = text_.replace(sign, "\\" + sign)
    return f"%{text_}%"
