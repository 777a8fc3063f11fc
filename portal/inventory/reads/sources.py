"""What a compiled read selects from: the relations of ``portal.inventory.reads`` for one page of products.

The pieces are those of the pages (scope, figures, lots left, coarse figures); nothing here says a second time what
a viewer may know. Only the products of the page are reckoned, because the page is chosen by SKU and by nothing
that would have to be reckoned for all.
"""

from dataclasses import dataclass, fields
from typing import Self

from portal.inventory.reads.availability import FIGURES
from portal.inventory.reads.coarse import coarse, coarse_rows, is_bound
from portal.inventory.reads.detail import LOT_ROWS
from portal.inventory.reads.scope import ENTITLED, readable
from portal.kernel.disclosure import Disclosure
from portal.kernel.grain import EXACT

# What can be promised at each place never falls from one day to the next (the least of all later levels), so the
# places' rises add up to the product's. Same rule: ``promise_steps`` and ``promise_together`` of the model.
_RISES = """
        SELECT product_id, on_day, quantity - COALESCE(LAG(quantity) OVER (
                   PARTITION BY product_id, location_id ORDER BY on_day), 0) AS rise
        FROM (SELECT product_id, location_id, on_day,
                     GREATEST(0, MIN(quantity) OVER (PARTITION BY product_id, location_id ORDER BY on_day DESC))
                         AS quantity FROM level) AS least"""
# Same rule: ``kept_steps`` of the model.
_KEPT_RISES = "SELECT product_id, on_day, quantity AS rise FROM promised"

_STEPS = f""", step AS (
    SELECT * FROM (
        SELECT d.*, LAG(d.quantity) OVER (PARTITION BY d.product_id ORDER BY d.on_day) AS before
        FROM (SELECT i.id AS product_id, t.on_day, {coarse("t.total")} AS quantity
              FROM item i JOIN (
                  SELECT product_id, on_day, SUM(SUM(rise)) OVER (PARTITION BY product_id ORDER BY on_day) AS total
                  FROM ({{rises}}
                        UNION ALL SELECT id, CAST(:today AS date), 0 FROM item) AS r
                  GROUP BY product_id, on_day) t ON t.product_id = i.id) d) AS risen
    WHERE before IS NULL OR quantity > before
)"""  # noqa: S608 - pieces from code

_LYING = f", lying AS ({coarse_rows(LOT_ROWS)})"

_PAGE = f"org_id = :org AND id = ANY(ARRAY(SELECT id FROM product WHERE {ENTITLED} ORDER BY sku LIMIT :first OFFSET :start))"  # noqa: S608, E501 - pieces from code
_ONE = f"{ENTITLED} AND sku = :sku"

COUNT = f"(SELECT count(*) FROM product WHERE {ENTITLED})"  # noqa: S608 - pieces from code
"""SQL of the number of products in scope."""

BOUND = is_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a viewer's entitlement decides the text of a statement; the rest are its parameters.

    Attributes:
        by_node: Warehouses and lots are told.
        everything: The viewer is of the host's own staff.
        own_only: Only what is kept for the partner is told.
        own_holds: What the partner holds is taken off.
        floored: Figures are the step below.
        all_products: Every product is in scope.
        all_nodes: Every node is in scope.
    """

    by_node: bool
    everything: bool
    own_only: bool
    own_holds: bool
    floored: bool
    all_products: bool
    all_nodes: bool

    @classmethod
    def of(cls, disclosure: Disclosure) -> Self:
        """Return the shape of a viewer's entitlement."""
        return cls(
            by_node=disclosure.by_node,
            everything=disclosure.everything,
            own_only=disclosure.own_only,
            own_holds=disclosure.grain == EXACT or disclosure.own_only,
            floored=disclosure.grain.floored,
            all_products=disclosure.products is None,
            all_nodes=disclosure.everything or disclosure.nodes is None,
        )


def relations(shape: Shape, *, one: bool) -> str:
    """Return a WITH clause: ``figure`` (a row a product), ``step`` (promised from when), ``lying`` (lots).

    Args:
        shape: Of the viewer's entitlement; its answers stand in the text, so that PostgreSQL plans for them.
        one: The product ``:sku``, rather than the page of ``:first`` products behind ``:start``.
    """
    text = FIGURES + ")" + _STEPS.replace("{rises}", _KEPT_RISES if shape.own_only else _RISES)
    if shape.by_node:
        text += _LYING
    text = readable(text, by_node=shape.by_node, everything=shape.everything)
    return settled(
        text.replace(f"product WHERE {ENTITLED}\n", f"product WHERE {_ONE if one else _PAGE}\n", 1), shape
    )


def settled(text: str, shape: Shape) -> str:
    """Return SQL with the answers of a shape in the place of their parameters."""
    for field in fields(shape):
        answer = "TRUE" if getattr(shape, field.name) else "FALSE"
        text = text.replace(f"CAST(:{field.name} AS boolean)", answer)
    return text


PARAMETERS = {
    "org": "uuid",
    "today": "date",
    "now": "timestamptz",
    "real": "text[]",
    "own": "uuid",
    "anything": "boolean",
    "partner": "uuid",
    "products": "uuid[]",
    "nodes": "uuid[]",
    "cap": "bigint",
    "steps": "bigint[]",
    "first": "bigint",
    "start": "bigint",
    "sku": "text",
}
"""Type of every parameter the relations have; those of ``scope_values``, and the three of the page or product."""
