"""Questions about policies, orders, their history and shipments; names of products and people are others' news."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from portal.replenishment.model import (
    Order,
    Policy,
    Shipment,
    Step,
    UnknownOrder,
    UnknownPolicy,
    UnknownShipment,
)
from portal.replenishment.store import (
    order_table,
    policy_table,
    shipment_table,
    step_table,
    to_order,
    to_policy,
    to_shipment,
    to_step,
)


def policy(connection: Connection, *, org_id: UUID, policy_id: UUID) -> Policy:
    """Return one policy.

    Raises:
        UnknownPolicy: There is none with this id.
    """
    row = connection.execute(
        select(policy_table).where(policy_table.c.org_id == org_id, policy_table.c.id == policy_id)
    ).one_or_none()
    if row is None:
        raise UnknownPolicy(f"There is no policy {policy_id}.", policy=str(policy_id))
    return to_policy(row)


def order(connection: Connection, *, org_id: UUID, number: str, supplier_id: UUID | None = None) -> Order:
    """Return one order.

    Args:
        connection: Open transaction.
        org_id: The host company.
        number: For example R-26118.
        supplier_id: The supplier who asks; ``None`` for the host's own staff.

    Raises:
        UnknownOrder: There is none with this number, or it is another supplier's.
    """
    query = select(order_table).where(order_table.c.org_id == org_id, order_table.c.number == number)
    row = connection.execute(query).one_or_none()
    if row is None or supplier_id not in (None, row.supplier_id):
        raise UnknownOrder(f"There is no order {number}.", number=number)
    return to_order(row)


def order_number(connection: Connection, *, org_id: UUID, order_id: UUID) -> str:
    """Return the number of an order that exists."""
    return str(
        connection.execute(
            select(order_table.c.number).where(order_table.c.org_id == org_id, order_table.c.id == order_id)
        ).scalar_one()
    )


def history(connection: Connection, *, org_id: UUID, order_id: UUID) -> list[Step]:
    """Return an order's steps, oldest first."""
    rows = connection.execute(
        select(step_table)
        .where(step_table.c.org_id == org_id, step_table.c.order_id == order_id)
        .order_by(step_table.c.version)
    )
    return [to_step(row) for row in rows]


def shipment(connection: Connection, *, org_id: UUID, shipment_id: UUID) -> Shipment:
    """Return one shipment.

    Raises:
        UnknownShipment: There is none with this id.
    """
    row = connection.execute(
        select(shipment_table).where(shipment_table.c.org_id == org_id, shipment_table.c.id == shipment_id)
    ).one_or_none()
    if row is None:
        raise UnknownShipment(f"There is no shipment {shipment_id}.", shipment=str(shipment_id))
    return to_shipment(row)


def shipments_of_lot(
    connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str
) -> tuple[Shipment, ...]:
    """Return every shipment that brought a lot, in the order they left."""
    table = shipment_table.c
    rows = connection.execute(
        select(shipment_table)
        .where(table.org_id == org_id, table.product_id == product_id, table.lot_code == lot_code)
        .order_by(table.departed_at, table.id)
    )
    return tuple(to_shipment(row) for row in rows)


def shipments_by_order(connection: Connection, *, org_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, Shipment]:
    """Return the shipment of each order that has one, by order id; orders are shipped whole for now."""
    rows = connection.execute(
        select(shipment_table).where(shipment_table.c.org_id == org_id, shipment_table.c.order_id.in_(order_ids))
    )
    return {row.order_id: to_shipment(row) for row in rows}
