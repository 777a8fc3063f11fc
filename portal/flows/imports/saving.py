"""Writing a plan: everything in the caller's one transaction, by the rooms' own functions.

Applying the plan of a file that was applied before writes nothing, since the plan finds nothing new or changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from portal.flows.imports import present
from portal.flows.imports.check import Progress, silent
from portal.flows.imports.faults import FileHasFaults
from portal.flows.imports.orders import Gathered, OrderPlan
from portal.flows.imports.plan import Plan
from portal.forecasting import service as forecasting
from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine
from portal.inventory.units.service import save_units
from portal.kernel.actor import Actor
from portal.orders import reads as order_reads
from portal.orders import service as orders
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.partners import service as partners

_LOCK = 0x7A11_1572
"""One import at a time writes; the others wait here, so that two of them never lock rows crosswise."""

_PROGRESS_ORDERS = 500

_DEMAND_PRODUCTS = 500
"""Products whose demand is counted in one go, so that memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What applying a plan wrote.

    Attributes:
        new: Things that were added.
        changed: Things that were changed.
        products: Products made because orders named them.
        partners: Customers made because orders named them.
    """

    new: int
    changed: int
    products: int = 0
    partners: int = 0


def lock_imports(connection: Connection) -> None:
    """Wait until no other import is writing; released with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def apply(
    connection: Connection, *, actor: Actor, plan: Plan, now: datetime, progress: Progress = silent
) -> Saved:
    """Write a plan made in the same transaction, after ``lock_imports``.

    Args:
        connection: The transaction the plan was made in.
        actor: Who imports.
        plan: What to write.
        now: Instant of the deed, in the company's zone.
        progress: Told how far the writing is.

    Raises:
        FileHasFaults: The plan has faults; nothing was written.
    """
    if plan.fault_count:
        raise FileHasFaults(f"{plan.sheet.name} has {plan.fault_count} faults.", faults=plan.fault_count)
    if isinstance(plan.drafts, OrderPlan):
        return _save_orders(connection, actor, plan, now, progress)
    progress("save", 0, len(plan.drafts))
    if plan.drafts:
        _save(connection, actor, plan, now)
    progress("save", len(plan.drafts), len(plan.drafts))
    return Saved(new=plan.new, changed=plan.changed)


def _save(connection: Connection, actor: Actor, plan: Plan, now: datetime) -> None:
    drafts: Any = plan.drafts
    match plan.kind:
        case "products":
            inventory.save_products(connection, actor=actor, drafts=drafts, now=now)
        case "units":
            save_units(connection, actor=actor, drafts=drafts, now=now)
        case "partners":
            partners.save_partners(connection, actor=actor, drafts=drafts, now=now)
        case "locations":
            inventory.save_locations(connection, actor=actor, drafts=drafts, now=now)
        case _:
            inventory.set_stock(
                connection,
                actor=actor,
                lines=drafts,
                document=plan.sheet.name,
                key_prefix=f"count:{now.isoformat()}",
                now=now,
            )


def _save_orders(connection: Connection, actor: Actor, plan: Plan, now: datetime, progress: Progress) -> Saved:
    drafts = plan.drafts
    assert isinstance(drafts, OrderPlan)  # noqa: S101 - told to the type checker; ``apply`` has looked
    inventory.save_products(connection, actor=actor, drafts=list(drafts.products.values()), now=now)
    partners.save_partners(connection, actor=actor, drafts=list(drafts.partners.values()), now=now)
    if drafts.orders:
        books = _Ids(connection, actor.org_id)
        touched = present.products_of_orders(connection, org_id=actor.org_id, numbers=list(drafts.orders))
        touched |= {books.products[line.sku] for order in drafts.orders.values() for line in order.lines}
        orders.save_orders(
            connection, actor=actor, orders=_drafts(drafts.orders, books, plan.sheet.name, progress), now=now
        )
        inventory.keep_for_documents(
            connection,
            actor=actor,
            documents=list(drafts.orders),
            lines=list(_promises(drafts.orders, books)),
            now=now,
        )
        demand = _Demand(actor.org_id, plan.zone, now, progress)
        demand.count(connection, sorted(touched))
    return Saved(new=plan.new, changed=plan.changed, products=len(drafts.products), partners=len(drafts.partners))


class _Ids:
    """Ids by the names people use, after what was missing has been made."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self.products = _ids(present.products(connection, org_id=org_id))
        self.partners = _ids(present.partners(connection, org_id=org_id))
        nodes = present.nodes(connection, org_id=org_id)
        self.nodes = _ids(nodes)
        self.usual_node = min(
            (code for code, row in nodes.items() if row["kind"] == "own"), default=min(nodes, default=None)
        )


def _ids(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, UUID]:
    return {key: row["id"] for key, row in rows.items()}


def _drafts(
    gathered: Mapping[str, Gathered], books: _Ids, source: str, progress: Progress
) -> Iterator[OrderDraft]:
    for done, (number, order) in enumerate(gathered.items()):
        if done % _PROGRESS_ORDERS == 0:
            progress("save", done, len(gathered))
        yield OrderDraft(
            number=number,
            partner_id=books.partners[order.customer] if order.customer else None,
            ordered_at=order.ordered_at,
            needed_on=order.needed_on,
            state=order.state,
            source=source,
            lines=tuple(
                OrderLineDraft(
                    line.line_no,
                    books.products[line.sku],
                    books.nodes[line.location] if line.location else None,
                    line.quantity,
                    line.unit_price,
                )
                for line in order.lines
            ),
        )
    progress("save", len(gathered), len(gathered))


def _promises(gathered: Mapping[str, Gathered], books: _Ids) -> Iterator[AllocationLine]:
    """Yield what open orders keep: at the line's warehouse, or at the company's first own one.

    A company without any warehouse has no stock to keep.
    """
    for number, order in gathered.items():
        if order.state != "open":
            continue
        for line in order.lines:
            place = line.location or books.usual_node
            if place is not None:
                yield AllocationLine(
                    product_id=books.products[line.sku],
                    location_id=books.nodes[place],
                    quantity=line.quantity,
                    needed_on=order.needed_on or order.ordered_at.date(),
                    document=number,
                    source_key=f"order/{number}/{line.line_no}",
                    partner_id=books.partners[order.customer] if order.customer else None,
                )


@dataclass(frozen=True, slots=True)
class _Demand:
    """Counts demand by day anew from all orders."""

    org_id: UUID
    zone: str
    now: datetime
    progress: Progress

    def count(self, connection: Connection, products: list[UUID]) -> None:
        """Replace the demand of ``products``; one that nobody orders any more gets a day of zero."""
        self.progress("demand", 0, len(products))
        for start in range(0, len(products), _DEMAND_PRODUCTS):
            some = products[start : start + _DEMAND_PRODUCTS]
            # Read to the end first: the same connection cannot be asked while rows stream into it.
            asked = order_reads.daily_demand(connection, org_id=self.org_id, product_ids=some, time_zone=self.zone)
            days = [(row.product_id, row.day, row.quantity, row.order_count) for row in asked]
            silent_ones = set(some) - {row[0] for row in days}
            days.extend((product_id, self.now.date(), 0, 0) for product_id in sorted(silent_ones))
            forecasting.replace_demand(connection, org_id=self.org_id, rows=days)
            self.progress("demand", start + len(some), len(products))
