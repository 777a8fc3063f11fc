"""Sales orders as someone writes them down, and what can be wrong with them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from portal.kernel.errors import Refused

STATES = ("open", "fulfilled", "cancelled")
"""States of an order: still to be shipped, shipped in full, given up."""


class BadOrder(Refused):
    """An order that cannot be kept: no number, an unknown state, a line below 1 or a doubled line number."""

    code = "bad_order"


@dataclass(frozen=True, slots=True)
class OrderLineDraft:
    """A line of an order.

    Attributes:
        line_no: Number of the line within its order.
        product_id: The product.
        location_id: The node it leaves, or ``None`` when that is not known.
        quantity: Quanta, 1 or more.
        unit_price: Price of one base unit in the order's currency, or ``None``.
    """

    line_no: int
    product_id: UUID
    location_id: UUID | None
    quantity: int
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order.

    Attributes:
        number: The order's number, unique in the company.
        partner_id: The customer, or ``None`` when the source names none.
        ordered_at: Instant of the order, aware.
        needed_on: Day the goods are needed, or ``None``.
        state: One of ``STATES``.
        source: Where it came from, for example a file's name.
        lines: Its lines.
    """

    number: str
    partner_id: UUID | None
    ordered_at: datetime
    needed_on: date | None
    state: str
    source: str
    lines: tuple[OrderLineDraft, ...]


@dataclass(frozen=True, slots=True)
class SavedOrders:
    """What saving orders did: how many were new, changed, and the same as before."""

    new: int
    changed: int
    unchanged: int


def check_order(order: OrderDraft) -> None:
    """Refuse an order that cannot be kept.

    Raises:
        BadOrder: It has no number, an unknown state, a line below 1 or the same line number twice.
    """
    if not order.number.strip():
        raise BadOrder("An order needs a number.", number=order.number, reason="number")
    if order.state not in STATES:
        raise BadOrder(f"Order {order.number} has no state {order.state}.", number=order.number, reason="state")
    if len({line.line_no for line in order.lines}) != len(order.lines):
        raise BadOrder(f"Order {order.number} has a line number twice.", number=order.number, reason="line_no")
    for line in order.lines:
        if line.quantity < 1:
            raise BadOrder(
                f"Line {line.line_no} of order {order.number} has the quantity {line.quantity}.",
                number=order.number,
                reason="quantity",
            )
