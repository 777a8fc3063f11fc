"""One product in full: promises by date, the receipts that cover them, own orders, and where the stock lies."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.inventory.model import Demand, Supply, UnknownProduct
from portal.inventory.reads.availability import FIGURES, AvailabilityRow, dated_facts, to_row
from portal.inventory.reads.books import Location
from portal.inventory.reads.coarse import coarse_dated
from portal.inventory.reads.lots import LOTS_LEFT
from portal.inventory.reads.scope import SCOPE, scope_values, statement_for
from portal.kernel.disclosure import Disclosure
from portal.kernel.grain import AtLeast, Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """A lot at a node.

    Attributes:
        code: Lot code, empty for a product that is not tracked.
        made_on: Day it was made, if known.
        expires_on: Last day of use, if known.
        quantity: Quanta, less what is promised to others.
        state: ``usable``, ``expired``, ``quarantine`` or ``blocked``.
    """

    code: str
    made_on: date | None
    expires_on: date | None
    quantity: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStock:
    """What one node holds of a product.

    Attributes:
        location: The node.
        on_hand: Quanta over its lots, less what is promised to others.
        lots: Lots with something left, in the order they will leave.
    """

    location: Location
    on_hand: int
    lots: tuple[LotRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDetail:
    """A product as one viewer may see it.

    Attributes:
        row: The three figures and the promise by date.
        supplies: Receipts to come, by day.
        own: Open promises to the viewer (to anybody, for the host's staff), by day.
        nodes: Stock by node and lot; ``None`` where the viewer's tier shows totals only.
        as_of: Instant the figures are true for.
    """

    row: AvailabilityRow
    supplies: tuple[Supply, ...]
    own: tuple[Demand, ...]
    nodes: tuple[NodeStock, ...] | None
    as_of: datetime


ONE = FIGURES + " WHERE i.sku = :sku) SELECT * FROM figure"  # noqa: S608 - pieces from code

LOT_ROWS = f"""
    SELECT q.product_id, p.decimals, n.id, n.code, n.name_zh, n.name_en, n.kind, n.fed_at,
           l.code AS lot, l.made_on, l.expires_on, l.state, l.quantity
    FROM place q
    JOIN item p ON p.id = q.product_id
    JOIN node n ON n.id = q.location_id
    CROSS JOIN LATERAL ({LOTS_LEFT}) AS l
    WHERE l.quantity > 0
"""  # noqa: S608 - pieces from code
"""Lots at their nodes, behind ``SCOPE``."""

LEAVING = "{r}.state <> 'usable', {r}.expires_on NULLS LAST, {r}.{lot}, {r}.state"
"""Order in which the lots of a node leave."""

_LOTS = f"""
    WITH {SCOPE} {LOT_ROWS} AND q.product_id = ANY(CAST(:asked AS uuid[]))
    ORDER BY q.product_id, n.code, {LEAVING.format(r="l", lot="code")}
"""


def product_detail(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, sku: str, as_of: datetime
) -> ProductDetail:
    """Return one product in full.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        sku: The product.
        as_of: Instant in the company's zone.

    Raises:
        UnknownProduct: There is no such product in the viewer's scope.
    """
    values = scope_values(org_id=org_id, disclosure=disclosure, as_of=as_of)
    found = connection.execute(
        statement_for(ONE, by_node=disclosure.by_node, everything=disclosure.everything), values | {"sku": sku}
    ).first()
    if found is None:
        raise UnknownProduct(f"No product {sku} is known.", product=sku)
    dated = dated_facts(connection, values=values, product_ids=[found.id], disclosure=disclosure)[found.id]
    told = coarse_dated(dated, grain=disclosure.grain, decimals=found.decimals)
    nodes = None
    if disclosure.by_node:
        nodes = node_stock(
            connection, org_id=org_id, disclosure=disclosure, product_ids=[found.id], as_of=as_of
        ).get(found.id, ())
    return ProductDetail(
        row=to_row(found, dated, today=as_of.date(), disclosure=disclosure),
        supplies=told.supplies,
        own=tuple(demand for demand in told.demands if demand.own),
        nodes=nodes,
        as_of=as_of,
    )


def node_stock(
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    product_ids: Iterable[UUID],
    as_of: datetime,
) -> dict[UUID, tuple[NodeStock, ...]]:
    """Return the stock of products by node and lot, in one statement; empty where the tier shows totals only.

    What is promised to others is taken off the lots that leave first (``portal.inventory.reads.lots``), so that
    the lots add up to the total shown; a node with nothing left is not named.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        product_ids: The products; those out of scope are left out.
        as_of: Instant in the company's zone.
    """
    if not disclosure.by_node:
        return {}
    values = scope_values(org_id=org_id, disclosure=disclosure, as_of=as_of)
    left: dict[UUID, dict[UUID, list[LotRow]]] = {}
    nodes: dict[UUID, Location] = {}
    decimals: dict[UUID, int] = {}
    asked = statement_for(_LOTS, by_node=True, everything=disclosure.everything)
    for row in connection.execute(asked, values | {"asked": list(product_ids)}):
        nodes[row.id] = Location(
            id=row.id, code=row.code, name_zh=row.name_zh, name_en=row.name_en, kind=row.kind, fed_at=row.fed_at
        )
        decimals[row.product_id] = row.decimals
        left.setdefault(row.product_id, {}).setdefault(row.id, []).append(
            LotRow(
                code=row.lot,
                made_on=row.made_on,
                expires_on=row.expires_on,
                quantity=row.quantity,
                state=row.state,
            )
        )
    return {
        product_id: tuple(
            NodeStock(location=nodes[node_id], on_hand=_total(lots), lots=tuple(lots))
            for node_id, lots in _cut(by_place, disclosure.grain, decimals[product_id]).items()
        )
        for product_id, by_place in left.items()
    }


def _cut(by_place: dict[UUID, list[LotRow]], grain: Grain, decimals: int) -> dict[UUID, list[LotRow]]:
    """Return the lots of a product, each as far as its total may be told."""
    told = iter(grain.shown_rows([lot.quantity for lots in by_place.values() for lot in lots], decimals=decimals))
    return {place: [replace(lot, quantity=next(told)) for lot in lots] for place, lots in by_place.items()}


def _total(lots: list[LotRow]) -> int:
    total = sum(lot.quantity for lot in lots)
    return AtLeast(total) if any(isinstance(lot.quantity, AtLeast) for lot in lots) else total
