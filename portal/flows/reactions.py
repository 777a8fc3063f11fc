"""What happens in one room because of news from another: the only code that joins them.

Handlers run in the transaction that also notes "handled" (``portal.platform.outbox``), so each has exactly one
effect however often its message arrives. News of one order arrives in the order it happened.
"""

from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from portal.flows.replenishing import Scope, check, source_key, worker_actor
from portal.inventory import service as inventory
from portal.inventory.messages import StockFell
from portal.inventory.model import UnknownReceipt
from portal.partners.store import partner_table
from portal.platform.bus import Bus, Delivery
from portal.replenishment.messages import (
    GoodsReceived,
    OrderAccepted,
    OrderCancelled,
    PolicySaved,
    ShipmentSent,
)


def subscribe(bus: Bus, *, time_zone: str) -> None:
    """Register every reaction.

    Args:
        bus: The register.
        time_zone: IANA zone of the company's dates.
    """

    def zoned(reaction: Any) -> Any:
        return partial(_in_zone, reaction, ZoneInfo(time_zone))

    bus.subscribe(StockFell, "replenishment.check", zoned(on_stock_fell))
    bus.subscribe(PolicySaved, "replenishment.check", zoned(on_policy_saved))
    bus.subscribe(OrderAccepted, "inventory.expect", zoned(on_accepted))
    bus.subscribe(OrderCancelled, "inventory.expect_no_more", zoned(on_cancelled))
    bus.subscribe(ShipmentSent, "inventory.expect_shipped", zoned(on_shipped))
    bus.subscribe(GoodsReceived, "inventory.receive", zoned(on_received))


def _in_zone(reaction: Any, zone: ZoneInfo, message: Any, delivery: Delivery) -> None:
    reaction(
        message,
        Delivery(
            connection=delivery.connection,
            message_id=delivery.message_id,
            now=delivery.now.astimezone(zone),
        ),
    )


def on_stock_fell(message: StockFell, delivery: Delivery) -> None:
    """Look at the policies of the product at that node."""
    scope = Scope(product_id=message.product_id, location_id=message.location_id)
    _check(message.org_id, scope, delivery)


def on_policy_saved(message: PolicySaved, delivery: Delivery) -> None:
    """Look at the policy that was made or changed."""
    _check(message.org_id, Scope(policy_id=message.policy_id), delivery)


def _check(org_id: UUID, scope: Scope, delivery: Delivery) -> None:
    today = delivery.now.date()
    check(delivery.connection, org_id=org_id, scope=scope, today=today, now=delivery.now)


def on_accepted(message: OrderAccepted, delivery: Delivery) -> None:
    """Expect what the supplier has promised; it counts for promises from the day it is due."""
    inventory.expect(
        delivery.connection,
        actor=worker_actor(message.org_id),
        product_id=message.product_id,
        location_id=message.location_id,
        lot_code="",
        lot_expires_on=None,
        quantity=message.quantity,
        due_on=message.needed_on,
        state="confirmed",
        document=message.number,
        supplier=_supplier(delivery.connection, message.org_id, message.supplier_id),
        source_key=source_key(message.order_id),
        now=delivery.now,
    )


def on_cancelled(message: OrderCancelled, delivery: Delivery) -> None:
    """Expect nothing more of a withdrawn order; one that was never accepted was not expected."""
    try:
        inventory.write_off_expected(
            delivery.connection,
            actor=worker_actor(message.org_id),
            source_key=source_key(message.order_id),
            reason=message.number,
            now=delivery.now,
        )
    except UnknownReceipt:
        return


def on_shipped(message: ShipmentSent, delivery: Delivery) -> None:
    """Put what has left the supplier in transit, under its lot."""
    _in_transit(message, delivery, quantity=message.quantity)


def on_received(message: GoodsReceived, delivery: Delivery) -> None:
    """Bring what was counted onto the shelf; nothing stays in transit, what is missing is written off."""
    actor, key = worker_actor(message.org_id), source_key(message.order_id)
    if message.quantity > message.shipped:
        _in_transit(message, delivery, quantity=message.quantity)
    if message.quantity:
        inventory.receive(
            delivery.connection,
            actor=actor,
            source_key=key,
            quantity=message.quantity,
            lot_code=message.lot_code,
            lot_made_on=message.lot_made_on,
            lot_expires_on=message.lot_expires_on,
            key=f"receive/{message.shipment_id}",
            now=delivery.now,
        )
    inventory.write_off_expected(
        delivery.connection, actor=actor, source_key=key, reason=message.number, now=delivery.now
    )


def _in_transit(message: ShipmentSent | GoodsReceived, delivery: Delivery, *, quantity: int) -> None:
    due_on = message.due_on if isinstance(message, ShipmentSent) else delivery.now.date()
    inventory.expect(
        delivery.connection,
        actor=worker_actor(message.org_id),
        product_id=message.product_id,
        location_id=message.location_id,
        lot_code=message.lot_code,
        lot_expires_on=message.lot_expires_on,
        quantity=quantity,
        due_on=due_on,
        state="shipped",
        document=message.order_number,
        supplier=_supplier(delivery.connection, message.org_id, message.supplier_id),
        source_key=source_key(message.order_id),
        now=delivery.now,
    )


def _supplier(connection: Connection, org_id: UUID, supplier_id: UUID) -> str:
    return str(
        connection.execute(
            select(partner_table.c.name_zh).where(
                partner_table.c.org_id == org_id, partner_table.c.id == supplier_id
            )
        ).scalar_one()
    )
