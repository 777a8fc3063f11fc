"""Replenishment orders and policies as pages show them: with the names of products, places and suppliers.

The rooms know each other by id only; the names are joined here, one statement a question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from portal.flows import replenishing
from portal.flows.replenishing import Scope
from portal.inventory.reads import find_product
from portal.inventory.store import location_table, product_table
from portal.inventory.units.model import ProductUnit, Units
from portal.inventory.units.reads import units_of
from portal.inventory.units.store import unit_table
from portal.kernel.units import Level
from portal.partners.store import partner_table
from portal.replenishment import reads
from portal.replenishment.model import (
    Need,
    Order,
    Policy,
    Shipment,
    State,
    Step,
    UnknownOrder,
    UnknownPolicy,
    need,
    projection,
)
from portal.replenishment.store import order_table, policy_table, step_table, to_order, to_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What product, place and supplier are called.

    Attributes:
        sku: The company's item number.
        gtin: Trade item number, if any.
        product_zh: Product in Chinese.
        product_en: Product in English.
        base_unit: UN/ECE Recommendation 20 code.
        decimals: Decimals of the base unit.
        location_zh: Place in Chinese.
        location_en: Place in English.
        supplier_zh: Supplier in Chinese.
        supplier_en: Supplier in English.
        units: Units of the product with a ratio of their own, on all days.
    """

    sku: str
    gtin: str | None
    product_zh: str
    product_en: str
    base_unit: str
    decimals: int
    location_zh: str
    location_en: str
    supplier_zh: str
    supplier_en: str
    units: tuple[ProductUnit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order with its names and its shipment, if it has left."""

    order: Order
    names: Names
    shipment: Shipment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """A policy with its names.

    Attributes:
        policy: The figures.
        names: What they are about.
        projected: Stock projected for the end of the lead time; ``None`` while a proposal waits.
        need: What would be ordered now, if anything.
        waiting: Number of the proposal that waits, or empty.
    """

    policy: Policy
    names: Names
    projected: int | None
    need: Need | None
    waiting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which orders; what is ``None`` does not narrow.

    Attributes:
        supplier_id: Orders that were sent to this supplier only; what is merely proposed is the host's affair.
        states: Orders in these states only.
        product_id: Orders of this product only.
        by_deadline: Soonest deadline first; otherwise newest first.
        limit: At most this many.
        offset: After this many.
    """

    supplier_id: UUID | None = None
    states: tuple[State, ...] | None = None
    product_id: UUID | None = None
    by_deadline: bool = False
    limit: int = 200
    offset: int = 0


def orders(connection: Connection, *, org_id: UUID, which: Which) -> list[OrderView]:
    """Return the orders asked for."""
    query = _named(select(order_table, *_NAMES, _UNITS), order_table, org_id)
    if which.supplier_id is not None:
        query = query.where(_asked_of(which.supplier_id))
    if which.states is not None:
        query = query.where(order_table.c.state.in_([state.value for state in which.states]))
    if which.product_id is not None:
        query = query.where(order_table.c.product_id == which.product_id)
    sequence = order_table.c.answer_by if which.by_deadline else order_table.c.created_at.desc()
    rows = connection.execute(
        query.order_by(sequence, order_table.c.number).limit(which.limit).offset(which.offset)
    ).all()
    shipments = reads.shipments_by_order(connection, org_id=org_id, order_ids=[row.id for row in rows])
    return [OrderView(order=to_order(row), names=_names(row), shipment=shipments.get(row.id)) for row in rows]


def order(
    connection: Connection, *, org_id: UUID, number: str, supplier_id: UUID | None = None
) -> tuple[OrderView, list[Step]]:
    """Return one order and its history.

    Raises:
        UnknownOrder: There is none with this number, or it is another supplier's, or was never sent to them.
    """
    query = _named(select(order_table, *_NAMES, _UNITS), order_table, org_id).where(order_table.c.number == number)
    if supplier_id is not None:
        query = query.where(_asked_of(supplier_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownOrder(f"There is no order {number}.", number=number)
    shipments = reads.shipments_by_order(connection, org_id=org_id, order_ids=[row.id])
    view = OrderView(order=to_order(row), names=_names(row), shipment=shipments.get(row.id))
    return view, reads.history(connection, org_id=org_id, order_id=row.id)


def counts(connection: Connection, *, org_id: UUID, supplier_id: UUID | None = None) -> dict[State, int]:
    """Return how many orders there are in each state; states without any are 0."""
    query = (
        select(order_table.c.state, func.count())
        .where(order_table.c.org_id == org_id)
        .group_by(order_table.c.state)
    )
    if supplier_id is not None:
        query = query.where(_asked_of(supplier_id))
    found = {state: int(count) for state, count in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in State}


def policies(connection: Connection, *, org_id: UUID, today: date, now: datetime) -> list[PolicyView]:
    """Return every policy by item number, with what its projection asks for."""
    query = _named(select(policy_table, *_NAMES, _UNITS, order_table.c.number), policy_table, org_id).outerjoin(
        order_table,
        and_(
            order_table.c.org_id == policy_table.c.org_id,
            order_table.c.policy_id == policy_table.c.id,
            order_table.c.state.in_([State.PROPOSED.value, State.SENT.value]),
        ),
    )
    rows = connection.execute(query.order_by(product_table.c.sku, location_table.c.code)).all()
    looks = replenishing.positions(connection, org_id=org_id, scope=Scope(even_quiet=True), today=today, now=now)
    positions = {policy.id: position for policy, position in looks}
    views = []
    for row in rows:
        policy = to_policy(row)
        position = positions.get(policy.id)
        views.append(
            PolicyView(
                policy=policy,
                names=_names(row),
                projected=None if position is None else projection(policy, position)[1],
                need=None if position is None else need(policy, position),
                waiting=row.number or "",
            )
        )
    return views


def policy(connection: Connection, *, org_id: UUID, policy_id: UUID, today: date, now: datetime) -> PolicyView:
    """Return one policy.

    Raises:
        UnknownPolicy: There is none with this id.
    """
    views = {view.policy.id: view for view in policies(connection, org_id=org_id, today=today, now=now)}
    if policy_id not in views:
        raise UnknownPolicy(f"There is no policy {policy_id}.", policy=str(policy_id))
    return views[policy_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something a form offers: its id, its code and both names."""

    id: UUID
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a policy can be made of."""

    products: Sequence[Choice]
    locations: Sequence[Choice]
    suppliers: Sequence[Choice]


REAL_NODES = ("own", "third_party", "forward", "shelf")


def choices(connection: Connection, *, org_id: UUID) -> Choices:
    """Return the products, nodes and suppliers there are, by code."""
    products = select(
        product_table.c.id, product_table.c.sku, product_table.c.name_zh, product_table.c.name_en
    ).where(product_table.c.org_id == org_id, product_table.c.active)
    locations = select(
        location_table.c.id, location_table.c.code, location_table.c.name_zh, location_table.c.name_en
    ).where(
        location_table.c.org_id == org_id,
        location_table.c.kind.in_(REAL_NODES),
        location_table.c.level == "node",
    )
    suppliers = select(
        partner_table.c.id, partner_table.c.code, partner_table.c.name_zh, partner_table.c.name_en
    ).where(partner_table.c.org_id == org_id, partner_table.c.roles.contains(["supplier"]))
    return Choices(
        products=_choices(connection, products),
        locations=_choices(connection, locations),
        suppliers=_choices(connection, suppliers),
    )


def units(connection: Connection, *, org_id: UUID, product_id: UUID, on: date) -> Units:
    """Return what a product is counted in on a day.

    Raises:
        UnknownProduct: It is not in the books.
    """
    product = find_product(connection, org_id=org_id, product_id=product_id)
    return units_of(connection, org_id=org_id, products=[product], on=on)[product_id]


def supplied(connection: Connection, *, org_id: UUID, supplier_id: UUID) -> frozenset[UUID]:
    """Return the products that a supplier is, or was, to deliver."""
    query = select(policy_table.c.product_id).where(
        policy_table.c.org_id == org_id, policy_table.c.supplier_id == supplier_id
    )
    return frozenset(connection.scalars(query))


def _asked_of(supplier_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an order was sent to a supplier, whatever became of it."""
    sent = select(step_table.c.version).where(
        step_table.c.org_id == order_table.c.org_id,
        step_table.c.order_id == order_table.c.id,
        step_table.c.to_state == State.SENT.value,
    )
    return and_(order_table.c.supplier_id == supplier_id, sent.exists())


def _choices(connection: Connection, query: Select[Any]) -> list[Choice]:
    rows = connection.execute(query.order_by(query.selected_columns[1]))
    return [Choice(id=id_, code=code, name_zh=zh, name_en=en) for id_, code, zh, en in rows]


_NAMES = (
    product_table.c.sku,
    product_table.c.gtin,
    product_table.c.name_zh.label("product_zh"),
    product_table.c.name_en.label("product_en"),
    product_table.c.base_unit,
    product_table.c.decimals,
    location_table.c.name_zh.label("location_zh"),
    location_table.c.name_en.label("location_en"),
    partner_table.c.name_zh.label("supplier_zh"),
    partner_table.c.name_en.label("supplier_en"),
)

_RATIO = ("code", "numerator", "denominator", "level", "valid_from", "valid_until", "label_zh", "label_en")

_UNITS = (
    select(
        func.jsonb_agg(func.jsonb_build_object(*[part for name in _RATIO for part in (name, unit_table.c[name])]))
    )
    .where(unit_table.c.org_id == product_table.c.org_id, unit_table.c.product_id == product_table.c.id)
    .correlate(product_table)
    .scalar_subquery()
    .label("ratios")
)
"""The ratios of the row's product, in the same statement."""


def _named(query: Select[Any], table: Any, org_id: UUID) -> Select[Any]:
    """Join the three names to a table that has product, place and supplier."""
    own = table.c
    return (
        query.select_from(table)
        .join(product_table, and_(product_table.c.org_id == own.org_id, product_table.c.id == own.product_id))
        .join(location_table, and_(location_table.c.org_id == own.org_id, location_table.c.id == own.location_id))
        .join(partner_table, and_(partner_table.c.org_id == own.org_id, partner_table.c.id == own.supplier_id))
        .where(own.org_id == org_id)
    )


def _names(row: Row[Any]) -> Names:
    values = {column.name: getattr(row, column.name) for column in _NAMES}
    return Names(**values, units=tuple(_unit(ratio) for ratio in row.ratios or ()))


def _unit(ratio: Mapping[str, Any]) -> ProductUnit:
    until = ratio["valid_until"]
    return ProductUnit(
        code=ratio["code"],
        per_base=Fraction(ratio["numerator"], ratio["denominator"]),
        level=Level(ratio["level"]) if ratio["level"] else None,
        valid_from=date.fromisoformat(ratio["valid_from"]),
        valid_until=date.fromisoformat(until) if until else None,
        label_zh=ratio["label_zh"],
        label_en=ratio["label_en"],
    )
