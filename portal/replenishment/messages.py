"""What the replenishment room tells the others; every message names the order by id and by number."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from portal.kernel.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySaved(Message):
    """A policy was made or changed; its projection is worth another look.

    Attributes:
        policy_id: The policy.
    """

    name: ClassVar[str] = "replenishment.policy.saved"

    policy_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(Message):
    """What every fact about an order says.

    Attributes:
        order_id: The order.
        number: Its number as people write it.
        product_id: What is ordered.
        location_id: Where it is to go.
        supplier_id: Who is asked.
        quantity: Quanta ordered.
        needed_on: Day the goods are needed.
    """

    order_id: UUID
    number: str
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    quantity: int
    needed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProposed(OrderFact):
    """A proposal stands and the supplier is asked."""

    name: ClassVar[str] = "replenishment.order.proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderFact):
    """The supplier has promised the whole quantity."""

    name: ClassVar[str] = "replenishment.order.accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderFact):
    """The supplier cannot deliver."""

    name: ClassVar[str] = "replenishment.order.rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderFact):
    """The supplier stayed silent until the deadline."""

    name: ClassVar[str] = "replenishment.order.expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderFact):
    """The host company withdrew the order before it was shipped."""

    name: ClassVar[str] = "replenishment.order.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentSent(Message):
    """The supplier's goods have left (despatch advice).

    Attributes:
        shipment_id: The shipment.
        number: The supplier's despatch advice number (ASN).
        order_id: The order it answers.
        order_number: That order's number.
        product_id: What travels.
        location_id: Where to.
        supplier_id: From whom.
        lot_code: The supplier's lot; empty for goods not tracked by lot.
        lot_made_on: Day of making.
        lot_expires_on: Last day of use, inclusive.
        quantity: Quanta on the way.
        due_on: Day of arrival as announced.
    """

    name: ClassVar[str] = "replenishment.shipment.sent"

    shipment_id: UUID
    number: str
    order_id: UUID
    order_number: str
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    lot_code: str
    lot_made_on: date | None
    lot_expires_on: date | None
    quantity: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsReceived(Message):
    """The host company has counted a shipment in.

    Attributes:
        shipment_id: The shipment.
        number: Its despatch advice number.
        order_id: The order it answers.
        order_number: That order's number.
        product_id: What came.
        location_id: Where.
        supplier_id: From whom.
        lot_code: The lot as counted.
        lot_made_on: Day of making.
        lot_expires_on: Last day of use, inclusive.
        shipped: Quanta the supplier said it sent.
        quantity: Quanta counted; 0 when nothing of it came.
    """

    name: ClassVar[str] = "replenishment.goods.received"

    shipment_id: UUID
    number: str
    order_id: UUID
    order_number: str
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    lot_code: str
    lot_made_on: date | None
    lot_expires_on: date | None
    shipped: int
    quantity: int
