"""Looking at stock and demand for every policy, and proposing where the projection falls short.

This joins three rooms in one statement: policies and orders, stock, demand. What our own orders have under way is
read from the orders themselves, not from the expected receipts that the news about them will write later: between
an answer and the delivery of its news a check would otherwise see too little and order twice. Source of the rule:
``domain.md`` 3a.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, String, Subquery, and_, case, cast, func, or_, select

from portal.forecasting.store import demand_table
from portal.inventory.places import OWN
from portal.inventory.reads import products_by_id
from portal.inventory.store import balance_table, expected_table, lot_table
from portal.inventory.units.model import Units, UnknownUnit
from portal.inventory.units.reads import units_of
from portal.kernel.actor import Actor
from portal.replenishment import service
from portal.replenishment.model import MOQ, OPEN, Order, Policy, Position, State
from portal.replenishment.store import order_table, policy_table, shipment_table, to_policy

DEMAND_DAYS = 28
"""Days of sales, up to yesterday, whose mean is the expected demand of a day."""

SOURCE = "replenishment/"
"""Beginning of the source key of an expected receipt that one of our orders announced."""

WORKER = "worker"
"""Name of the worker in histories; pages translate it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which policies to look at; what is ``None`` does not narrow.

    Attributes:
        product_id: Policies of this product only.
        location_id: Policies of this place only.
        policy_id: This policy only.
        even_quiet: Also those left alone after a refusal; for a person who asks.
    """

    product_id: UUID | None = None
    location_id: UUID | None = None
    policy_id: UUID | None = None
    even_quiet: bool = False


EVERYTHING = Scope()


def source_key(order_id: UUID) -> str:
    """Return the key under which an order's goods are expected."""
    return f"{SOURCE}{order_id}"


def local_date(now: datetime, time_zone: str) -> date:
    """Return the company's date at ``now``."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def worker_actor(org_id: UUID) -> Actor:
    """Return the worker as the doer of a deed."""
    return Actor(org_id=org_id, label=WORKER)


def check(connection: Connection, *, org_id: UUID, scope: Scope, today: date, now: datetime) -> list[Order]:
    """Propose and send an order wherever one is needed and none waits; returns the new orders.

    Args:
        connection: Open transaction.
        org_id: The company.
        scope: Which policies.
        today: The company's local date.
        now: The instant of the check.
    """
    actor = worker_actor(org_id)
    looks = positions(connection, org_id=org_id, scope=scope, today=today, now=now)
    orders = service.propose(connection, actor=actor, looks=looks, today=today, now=now)
    return [service.send(connection, actor=actor, number=order.number, now=now) for order in orders]


def positions(
    connection: Connection, *, org_id: UUID, scope: Scope, today: date, now: datetime
) -> Sequence[tuple[Policy, Position]]:
    """Return every policy that may propose now, with the position it is judged by.

    One statement, and two more for the units of smallest orders, where there are any.

    Demand is known by product, not by place: a product kept at several places by policies has its demand
    divided evenly among them.
    """
    stock = _stock(org_id, today)
    others = _expected(org_id)
    own = _own_orders(org_id)
    demand = _demand(org_id, today)
    places = _places(org_id)
    waiting = select(order_table.c.id).where(
        order_table.c.org_id == org_id,
        order_table.c.product_id == policy_table.c.product_id,
        order_table.c.location_id == policy_table.c.location_id,
        order_table.c.supplier_id == policy_table.c.supplier_id,
        order_table.c.state.in_([state.value for state in OPEN]),
    )
    query = (
        select(
            policy_table,
            (_zero(stock.c.on_hand) + _zero(own.c.counted)).label("on_hand"),
            (_zero(others.c.in_transit) + _zero(own.c.in_transit)).label("in_transit"),
            (_zero(others.c.confirmed) + _zero(own.c.confirmed)).label("confirmed"),
            func.greatest(others.c.due_on, own.c.due_on).label("incoming_on"),
            _zero(demand.c.sold).label("sold"),
            places.c.places,
        )
        .join(places, places.c.product_id == policy_table.c.product_id)
        .outerjoin(stock, _same_place(stock))
        .outerjoin(others, _same_place(others))
        .outerjoin(own, _same_place(own))
        .outerjoin(demand, demand.c.product_id == policy_table.c.product_id)
        .where(policy_table.c.org_id == org_id, policy_table.c.active, ~waiting.exists(), *_within(scope, now))
        .order_by(policy_table.c.id)
    )
    found = [(to_policy(row), row) for row in connection.execute(query)]
    smallest = _smallest_orders(connection, org_id, [policy for policy, _ in found], today)
    return [
        (
            policy,
            Position(
                on_hand=int(row.on_hand),
                in_transit=int(row.in_transit),
                confirmed=int(row.confirmed),
                incoming_on=row.incoming_on,
                daily_demand=Fraction(int(row.sold), DEMAND_DAYS * row.places),
                smallest_order=smallest.get(policy.id, Fraction(0)),
            ),
        )
        for policy, row in found
    ]


def _smallest_orders(
    connection: Connection, org_id: UUID, policies: Sequence[Policy], today: date
) -> dict[UUID, Fraction]:
    """Return the smallest orders in quanta by policy, exactly, with the units of the day."""
    agreed = {policy.id: (policy.product_id, policy.moq) for policy in policies if policy.moq is not None}
    if not agreed:
        return {}
    products = products_by_id(connection, org_id=org_id, ids={product_id for product_id, _ in agreed.values()})
    units = units_of(connection, org_id=org_id, products=products.values(), on=today)
    return {key: _in_quanta(moq, units[product_id]) for key, (product_id, moq) in agreed.items()}


def _in_quanta(moq: MOQ, units: Units) -> Fraction:
    try:
        in_base = units.convert(moq.quantity, from_=moq.unit, to=units.base)
    except UnknownUnit:
        return Fraction(moq.quanta)  # no longer counted in the unit: what was agreed then still holds
    return in_base * Fraction(10) ** units.decimals


def _within(scope: Scope, now: datetime) -> list[ColumnElement[bool]]:
    policy = policy_table.c
    wanted = (
        (policy.product_id, scope.product_id),
        (policy.location_id, scope.location_id),
        (policy.id, scope.policy_id),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in wanted if value is not None]
    if not scope.even_quiet:
        conditions.append(or_(policy.quiet_until.is_(None), policy.quiet_until <= now))
    return conditions


def _same_place(part: Subquery) -> ColumnElement[bool]:
    return and_(part.c.product_id == policy_table.c.product_id, part.c.location_id == policy_table.c.location_id)


def _zero(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(column, 0)


def _stock(org_id: UUID, today: date) -> Subquery:
    """Usable stock: lots that are neither held back nor past their last day."""
    return (
        select(
            balance_table.c.product_id,
            balance_table.c.node_id.label("location_id"),
            func.sum(balance_table.c.on_hand).label("on_hand"),
        )
        .join(
            lot_table, and_(lot_table.c.org_id == balance_table.c.org_id, lot_table.c.id == balance_table.c.lot_id)
        )
        .where(
            balance_table.c.org_id == org_id,
            balance_table.c.status == "available",
            balance_table.c.owner_id == OWN,
            or_(lot_table.c.expires_on.is_(None), lot_table.c.expires_on >= today),
        )
        .group_by(balance_table.c.product_id, balance_table.c.node_id)
        .subquery("stock")
    )


def _expected(org_id: UUID) -> Subquery:
    """What is on its way by other papers than our own orders, for example imported purchase orders."""
    expected = expected_table.c
    left = expected.quantity - expected.received - expected.written_off
    return (
        select(
            expected.product_id,
            expected.location_id,
            func.sum(left).filter(expected.state == "shipped").label("in_transit"),
            func.sum(left).filter(expected.state == "confirmed").label("confirmed"),
            func.max(expected.due_on).label("due_on"),
        )
        .where(
            expected.org_id == org_id,
            expected.state != "closed",
            ~expected.source_key.startswith(SOURCE),
        )
        .group_by(expected.product_id, expected.location_id)
        .subquery("expected")
    )


def _own_orders(org_id: UUID) -> Subquery:
    """What our own orders have under way, and what is counted in but not yet booked into the stock."""
    order, shipment, expected = order_table.c, shipment_table.c, expected_table.c
    under_way = order.state.in_([State.ACCEPTED.value, State.SHIPPED.value])
    unbooked = and_(
        order.state.in_([State.RECEIVED.value, State.CLOSED.value]),
        or_(expected.state.is_(None), expected.state != "closed"),
    )
    return (
        select(
            order.product_id,
            order.location_id,
            func.sum(order.quantity).filter(order.state == State.ACCEPTED.value).label("confirmed"),
            func.sum(order.quantity).filter(order.state == State.SHIPPED.value).label("in_transit"),
            func.sum(shipment.received).filter(unbooked).label("counted"),
            func.max(case((under_way, func.coalesce(shipment.due_on, order.needed_on)))).label("due_on"),
        )
        .select_from(order_table)
        .outerjoin(shipment_table, and_(shipment.org_id == order.org_id, shipment.order_id == order.id))
        .outerjoin(
            expected_table,
            and_(
                expected.org_id == order.org_id,
                expected.source_key == func.concat(SOURCE, cast(order.id, String)),
            ),
        )
        .where(order.org_id == org_id, or_(under_way, unbooked))
        .group_by(order.product_id, order.location_id)
        .subquery("own_orders")
    )


def _demand(org_id: UUID, today: date) -> Subquery:
    return (
        select(demand_table.c.product_id, func.sum(demand_table.c.quantity).label("sold"))
        .where(
            demand_table.c.org_id == org_id,
            demand_table.c.day >= today - timedelta(days=DEMAND_DAYS),
            demand_table.c.day < today,
        )
        .group_by(demand_table.c.product_id)
        .subquery("demand")
    )


def _places(org_id: UUID) -> Subquery:
    return (
        select(
            policy_table.c.product_id,
            func.count(policy_table.c.location_id.distinct()).label("places"),
        )
        .where(policy_table.c.org_id == org_id, policy_table.c.active)
        .group_by(policy_table.c.product_id)
        .subquery("places")
    )
