"""Rows of replenishment policies, orders with their history, and shipments; rows to values and back."""

from dataclasses import fields
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import insert

from portal.platform.db import METADATA, identifier, instant, org_table, reference
from portal.replenishment.model import MOQ, Order, Policy, Shipment, State, Step


def _moq() -> tuple[Column[Any], ...]:
    """Return the columns of a smallest order: a number as a fraction in lowest terms, its unit, and in quanta."""
    return (
        Column("moq_numerator", BigInteger),
        Column("moq_denominator", BigInteger),
        Column("moq_unit", Text),
        Column("moq_quanta", BigInteger),
    )


policy_table = org_table(
    "replenishment_policy",
    identifier("product_id"),
    identifier("location_id"),
    identifier("supplier_id"),
    Column("min_quanta", BigInteger, nullable=False),
    Column("max_quanta", BigInteger, nullable=False),
    Column("pack_quanta", BigInteger, nullable=False),
    Column("lead_time_days", Integer, nullable=False),
    Column("answer_hours", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    *_moq(),
    # After a refusal or a silence nothing is proposed by itself before this instant.
    instant("quiet_until", nullable=True),
    instant("created_at"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("supplier_id", "partner"),
    UniqueConstraint("org_id", "product_id", "location_id", "supplier_id"),
    CheckConstraint("0 <= min_quanta AND min_quanta <= max_quanta", name="min_max"),
    CheckConstraint("pack_quanta > 0 AND lead_time_days >= 0 AND answer_hours > 0", name="positive"),
    CheckConstraint("moq_numerator > 0 AND moq_denominator > 0 AND moq_quanta > 0", name="moq_positive"),
)

order_table = org_table(
    "replenishment_order",
    Column("number", Text, nullable=False),
    identifier("policy_id"),
    identifier("product_id"),
    identifier("location_id"),
    identifier("supplier_id"),
    Column("quantity", BigInteger, nullable=False),
    Column("pack_quanta", BigInteger, nullable=False),
    Column("needed_on", Date, nullable=False),
    # The figures the proposal was made from, shown to both sides: JSON-free and exact.
    Column("on_hand", BigInteger, nullable=False),
    Column("in_transit", BigInteger, nullable=False),
    Column("confirmed", BigInteger, nullable=False),
    # Day the last of what was already on its way is due; empty when nothing was.
    Column("incoming_on", Date),
    Column("demand_in_lead_time", BigInteger, nullable=False),
    Column("lead_time_days", Integer, nullable=False),
    Column("projected", BigInteger, nullable=False),
    Column("min_quanta", BigInteger, nullable=False),
    Column("max_quanta", BigInteger, nullable=False),
    # True when one whole pack more than the maximum was needed to reach the minimum.
    Column("over_max", Boolean, nullable=False),
    # Only where the supplier's smallest order made it more.
    *_moq(),
    Column("state", Text, nullable=False),
    # Expected by every move of the state: someone faster makes the slower one fail with 409.
    Column("version", Integer, nullable=False),
    instant("answer_by"),
    instant("created_at"),
    reference("policy_id", "replenishment_policy"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("supplier_id", "partner"),
    UniqueConstraint("org_id", "number"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint(
        "state IN ('proposed', 'sent', 'accepted', 'rejected', 'expired', 'cancelled',"
        " 'shipped', 'received', 'closed')",
        name="state_known",
    ),
    # Exactly one open proposal per product, place and supplier (features.md E6).
    Index(
        "uq_replenishment_order_open",
        "org_id",
        "product_id",
        "location_id",
        "supplier_id",
        unique=True,
        postgresql_where=text("state IN ('proposed', 'sent')"),
    ),
    Index("ix_replenishment_order_supplier", "org_id", "supplier_id", "state"),
)

counter_table = Table(
    "replenishment_counter",
    METADATA,
    identifier("org_id"),
    Column("year", Integer, nullable=False),
    # The last number given out; numbers of proposals that lost a race stay unused.
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("org_id", "year"),
)

step_table = Table(
    "replenishment_step",
    METADATA,
    identifier("org_id"),
    identifier("order_id"),
    # The version the order had after this step, from 1.
    Column("version", Integer, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    identifier("actor_id", nullable=True),
    Column("reason", Text, nullable=False),
    instant("at"),
    PrimaryKeyConstraint("org_id", "order_id", "version"),
    reference("order_id", "replenishment_order"),
)

shipment_table = org_table(
    "shipment",
    # The supplier's despatch advice number (ASN).
    Column("number", Text, nullable=False),
    identifier("order_id"),
    identifier("supplier_id"),
    identifier("product_id"),
    identifier("location_id"),
    Column("lot_code", Text, nullable=False),
    Column("lot_made_on", Date),
    Column("lot_expires_on", Date),
    Column("quantity", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    instant("departed_at"),
    instant("received_at", nullable=True),
    reference("order_id", "replenishment_order"),
    reference("supplier_id", "partner"),
    reference("product_id", "product"),
    reference("location_id", "location"),
    UniqueConstraint("org_id", "supplier_id", "number"),
    CheckConstraint("quantity > 0 AND received >= 0", name="quantities"),
    CheckConstraint("state IN ('departed', 'received', 'short', 'over')", name="state_known"),
)


def to_policy(row: Row[Any]) -> Policy:
    """Return the policy a row of ``policy_table`` holds."""
    values = {f.name: getattr(row, f.name) for f in fields(Policy) if f.name != "moq"}
    return Policy(**values, moq=to_moq(row))


def to_moq(row: Row[Any]) -> MOQ | None:
    """Return the smallest order a row holds, if any."""
    if row.moq_unit is None:
        return None
    quantity = Fraction(row.moq_numerator, row.moq_denominator)
    return MOQ(quantity=quantity, unit=row.moq_unit, quanta=row.moq_quanta)


def from_moq(moq: MOQ | None) -> dict[str, Any]:
    """Return the columns of a smallest order; all empty without one."""
    return {
        "moq_numerator": moq.quantity.numerator if moq else None,
        "moq_denominator": moq.quantity.denominator if moq else None,
        "moq_unit": moq.unit if moq else None,
        "moq_quanta": moq.quanta if moq else None,
    }


def to_order(row: Row[Any]) -> Order:
    """Return the order a row of ``order_table`` holds."""
    values = {f.name: getattr(row, f.name) for f in fields(Order) if f.name != "moq"}
    return Order(**{**values, "state": State(row.state)}, moq=to_moq(row))


def to_step(row: Row[Any]) -> Step:
    """Return the step a row of ``step_table`` holds."""
    return Step(
        version=row.version,
        from_state=None if row.from_state is None else State(row.from_state),
        to_state=State(row.to_state),
        actor=row.actor,
        reason=row.reason,
        at=row.at,
    )


def to_shipment(row: Row[Any]) -> Shipment:
    """Return the shipment a row of ``shipment_table`` holds."""
    return Shipment(**{f.name: getattr(row, f.name) for f in fields(Shipment)})


def next_numbers(connection: Connection, *, org_id: UUID, year: int, count: int) -> list[str]:
    """Take ``count`` order numbers of a year, for example R-26118; holds the counter until the commit.

    Args:
        connection: Open transaction.
        org_id: The company.
        year: Full year, by the company's date.
        count: How many, 1 or more.
    """
    last = connection.execute(
        insert(counter_table)
        .values(org_id=org_id, year=year, last=count)
        .on_conflict_do_update(index_elements=["org_id", "year"], set_={"last": counter_table.c.last + count})
        .returning(counter_table.c.last)
    ).scalar_one()
    return [f"R-{year % 100:02d}{n:03d}" for n in range(last - count + 1, last + 1)]
