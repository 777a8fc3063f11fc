"""Rules of replenishment: when to propose how much, and which move follows which. Pure, no I/O, no clock.

Sources: ``domain.md`` 3a (projection and pack rule of vendor-managed stock), 4c (state machine), ``features.md``
E6 and E8. Quantities are quanta of the product. Escalation to another supplier, counter-offers and partial
shipments come later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from math import ceil
from uuid import UUID

from portal.kernel.errors import Conflict, Malformed, NotFound, Refused


class BadPolicy(Malformed):
    """A policy's figures contradict each other."""

    code = "bad_policy"


class UnknownOrder(NotFound):
    """No such order, or it is another supplier's."""

    code = "unknown_order"


class UnknownPolicy(NotFound):
    """No such policy."""

    code = "unknown_policy"


class UnknownShipment(NotFound):
    """No such shipment."""

    code = "unknown_shipment"


class IllegalMove(Conflict):
    """The order's state does not allow the move."""

    code = "illegal_move"


class OrderMovedOn(Conflict):
    """Someone changed the order since the page was opened."""

    code = "order_moved_on"


class ReasonMissing(Refused):
    """A deed that needs a reason was given none."""

    code = "reason_missing"


class ShipmentDiffers(Refused):
    """What is announced is not what was ordered."""

    code = "shipment_differs"


class LotMissing(Refused):
    """A shipment needs a lot code and dates in order."""

    code = "lot_missing"


class ShipmentNumberTaken(Conflict):
    """The supplier used this despatch advice number before."""

    code = "shipment_number_taken"


class State(StrEnum):
    """Where a replenishment order stands (补货单状态)."""

    PROPOSED = "proposed"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CLOSED = "closed"


class Move(StrEnum):
    """What can be done to a replenishment order."""

    SEND = "send"
    ACCEPT = "accept"
    REJECT = "reject"
    EXPIRE = "expire"
    CANCEL = "cancel"
    SHIP = "ship"
    RECEIVE = "receive"
    CLOSE = "close"


MOVES: Mapping[Move, tuple[frozenset[State], State]] = {
    Move.SEND: (frozenset({State.PROPOSED}), State.SENT),
    Move.ACCEPT: (frozenset({State.SENT}), State.ACCEPTED),
    Move.REJECT: (frozenset({State.SENT}), State.REJECTED),
    Move.EXPIRE: (frozenset({State.SENT}), State.EXPIRED),
    Move.CANCEL: (frozenset({State.PROPOSED, State.SENT, State.ACCEPTED}), State.CANCELLED),
    Move.SHIP: (frozenset({State.ACCEPTED}), State.SHIPPED),
    Move.RECEIVE: (frozenset({State.SHIPPED}), State.RECEIVED),
    Move.CLOSE: (frozenset({State.RECEIVED}), State.CLOSED),
}
"""The table of allowed moves: from which states, to which; everything else is refused."""

OPEN = frozenset({State.PROPOSED, State.SENT})
"""States in which a proposal waits; at most one per product, place and supplier."""


def after(state: State, move: Move, *, number: str) -> State:
    """Return the state that ``move`` leads to.

    Args:
        state: Where the order stands.
        move: What is to be done.
        number: The order's number, for the refusal.

    Raises:
        IllegalMove: The table of allowed moves does not have it.
    """
    before, then = MOVES[move]
    if state not in before:
        raise IllegalMove(
            f"Order {number} is {state}; it cannot be moved by {move}.",
            number=number,
            state=state.value,
            move=move.value,
        )
    return then


class Outcome(StrEnum):
    """How a shipment's count compares with what was announced."""

    RECEIVED = "received"
    SHORT = "short"
    OVER = "over"


def outcome(*, shipped: int, received: int) -> Outcome:
    """Compare a count with the despatch advice, both in quanta."""
    if received < shipped:
        return Outcome.SHORT
    return Outcome.OVER if received > shipped else Outcome.RECEIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class MOQ:
    """The smallest order a supplier takes, as it was agreed (最小起订量).

    Attributes:
        quantity: Number of units, as written.
        unit: Code of the unit it was written in; orders are compared with it in that unit.
        quanta: What that was when it was written; holds where the product is no longer counted in the unit.
    """

    quantity: Fraction
    unit: str
    quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The agreement with a supplier on the stock of one product at one place.

    Attributes:
        id: The policy.
        product_id: The product.
        location_id: The place.
        supplier_id: The supplier who is asked.
        min_quanta: Below this projection an order is proposed.
        max_quanta: The order does not lift the projection above this, if a pack allows it.
        pack_quanta: Quanta in one pack; orders are whole packs.
        lead_time_days: Days from order to arrival.
        answer_hours: Hours the supplier has to answer.
        active: Whether it is looked at.
        quiet_until: Nothing is proposed by itself before this instant.
        moq: The supplier's smallest order, if there is one.
    """

    id: UUID
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    min_quanta: int
    max_quanta: int
    pack_quanta: int
    lead_time_days: int
    answer_hours: int
    active: bool = True
    quiet_until: datetime | None = None
    moq: MOQ | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """What a person says about a policy; fields as in ``Policy``."""

    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    min_quanta: int
    max_quanta: int
    pack_quanta: int
    lead_time_days: int
    answer_hours: int = 48
    active: bool = True
    moq: MOQ | None = None


MAX_LEAD_TIME_DAYS = 366
MAX_ANSWER_HOURS = 24 * 31


def check_policy(draft: PolicyDraft) -> None:
    """Refuse figures that contradict each other.

    Raises:
        BadPolicy: Names the field and both values.
    """
    checks = (
        ("min_quanta", draft.min_quanta >= 0, 0, draft.min_quanta),
        ("max_quanta", draft.min_quanta <= draft.max_quanta, draft.min_quanta, draft.max_quanta),
        ("pack_quanta", draft.pack_quanta > 0, 1, draft.pack_quanta),
        ("lead_time_days", 0 <= draft.lead_time_days <= MAX_LEAD_TIME_DAYS, 0, draft.lead_time_days),
        ("answer_hours", 0 < draft.answer_hours <= MAX_ANSWER_HOURS, 1, draft.answer_hours),
        ("moq", draft.moq is None or draft.moq.quanta > 0, 1, draft.moq.quanta if draft.moq else None),
    )
    for field, holds, limit, value in checks:
        if not holds:
            raise BadPolicy(f"{field} is {value}; the limit is {limit}.", field=field, value=value, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What stands and what is coming at one place, in quanta.

    Attributes:
        on_hand: Usable stock there.
        in_transit: Shipped to it and not received.
        confirmed: Promised to it and not shipped.
        incoming_on: Day the last of what is coming is due, if anything is.
        daily_demand: Expected sales a day, 0 or more.
        smallest_order: The policy's MOQ today, exactly, so that comparing it in quanta or in the unit it was
            written in is the same; 0 without one.
    """

    on_hand: int
    in_transit: int
    confirmed: int
    daily_demand: Fraction
    incoming_on: date | None = None
    smallest_order: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A proposal's quantity, with the figures it follows from (quanta).

    Attributes:
        quantity: To order; whole packs.
        demand: Expected sales over the lead time, rounded up to whole quanta.
        projected: Stock at the end of the lead time without the order; may be negative.
        over_max: Whether one pack more than the maximum allows was needed to reach the minimum.
        to_moq: Whether the supplier's smallest order made it more.
    """

    quantity: int
    demand: int
    projected: int
    over_max: bool
    to_moq: bool = False


def projection(policy: Policy, position: Position) -> tuple[int, int]:
    """Return (demand over the lead time, stock projected for its end), in quanta.

    Demand is rounded up: a tenth of a piece a day for four days may be one piece.
    """
    expected = position.daily_demand * policy.lead_time_days
    demand = -(-expected.numerator // expected.denominator)
    return demand, position.on_hand + position.in_transit + position.confirmed - demand


def need(policy: Policy, position: Position) -> Need | None:
    """Return what to order, or ``None`` while the projection is not below the minimum.

    The quantity is the largest multiple of the pack that keeps the projection at or below the maximum; when
    even that leaves it below the minimum, the smallest multiple that reaches the minimum, and the proposal
    says so. Below the supplier's smallest order it is the smallest multiple that reaches that (``domain.md`` 3a).
    """
    demand, projected = projection(policy, position)
    if projected >= policy.min_quanta:
        return None
    quantity = (policy.max_quanta - projected) // policy.pack_quanta * policy.pack_quanta
    over_max = projected + quantity < policy.min_quanta
    if over_max:
        quantity = -(-(policy.min_quanta - projected) // policy.pack_quanta) * policy.pack_quanta
    to_moq = quantity < position.smallest_order
    if to_moq:
        quantity = ceil(position.smallest_order / policy.pack_quanta) * policy.pack_quanta
    return Need(quantity=quantity, demand=demand, projected=projected, over_max=over_max, to_moq=to_moq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A replenishment order as both sides see it; quantities in quanta.

    Attributes:
        id: The order.
        number: As people write it, for example R-26118.
        policy_id: The policy that asked for it.
        product_id: What is ordered.
        location_id: Where it is to go.
        supplier_id: Who is asked.
        quantity: Ordered.
        pack_quanta: In one pack.
        needed_on: Day the goods are needed.
        on_hand: Stock when it was proposed.
        in_transit: Under way then.
        confirmed: Promised and not shipped then.
        incoming_on: When the last of these was due.
        demand_in_lead_time: Expected sales over the lead time then.
        lead_time_days: The policy's lead time then.
        projected: Stock projected for the end of the lead time then.
        min_quanta: The policy's minimum then.
        max_quanta: The policy's maximum then.
        over_max: Whether the quantity goes over the maximum to reach the minimum.
        moq: The smallest order that made it more; ``None`` where that did not matter.
        state: Where it stands.
        version: Number of steps so far.
        answer_by: The supplier's deadline.
        created_at: When it was proposed.
    """

    id: UUID
    number: str
    policy_id: UUID
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    quantity: int
    pack_quanta: int
    needed_on: date
    on_hand: int
    in_transit: int
    confirmed: int
    incoming_on: date | None
    demand_in_lead_time: int
    lead_time_days: int
    projected: int
    min_quanta: int
    max_quanta: int
    over_max: bool
    moq: MOQ | None
    state: State
    version: int
    answer_by: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move in an order's history.

    Attributes:
        version: Position in the history, from 1.
        from_state: State before; ``None`` for the first.
        to_state: State after.
        actor: Who, as a name.
        reason: Why: a person's words, or one of the ``REASON_`` codes for a program.
        at: When.
    """

    version: int
    from_state: State | None
    to_state: State
    actor: str
    reason: str
    at: datetime


REASON_BELOW_MIN = "below_min"
REASON_PUBLISHED = "published"
REASON_SILENT = "silent"
REASON_COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """A despatch advice as the supplier writes it.

    Attributes:
        number: The supplier's number.
        lot_code: Lot of the goods.
        made_on: Day of making.
        expires_on: Last day of use, inclusive.
        quantity: Quanta sent.
        due_on: Day of arrival as expected.
    """

    number: str
    lot_code: str
    made_on: date | None
    expires_on: date | None
    quantity: int
    due_on: date


def check_shipment(draft: ShipmentDraft, *, ordered: int) -> None:
    """Refuse a despatch advice that cannot belong to the order; only whole orders are shipped for now.

    Raises:
        ShipmentDiffers: Another quantity than ordered.
        LotMissing: No number, no lot, or the lot ends before it was made.
    """
    if draft.quantity != ordered:
        raise ShipmentDiffers(
            f"{draft.quantity} are announced, {ordered} were ordered.", shipped=draft.quantity, ordered=ordered
        )
    dates_in_order = draft.made_on is None or draft.expires_on is None or draft.made_on <= draft.expires_on
    if not draft.number or not draft.lot_code or not dates_in_order:
        raise LotMissing(
            f"Shipment {draft.number!r} needs a number, a lot and dates in order (lot {draft.lot_code!r}).",
            number=draft.number,
            lot=draft.lot_code,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A despatch advice and what became of it.

    Attributes:
        id: The shipment.
        number: The supplier's number.
        order_id: The order it answers.
        supplier_id: From whom.
        product_id: What.
        location_id: Where to.
        lot_code: Lot as announced.
        lot_made_on: Day of making.
        lot_expires_on: Last day of use, inclusive.
        quantity: Quanta announced.
        received: Quanta counted.
        due_on: Day of arrival as announced.
        state: ``departed`` until counted, then an ``Outcome``.
        version: Number of steps so far.
        departed_at: When it left.
        received_at: When it was counted.
    """

    id: UUID
    number: str
    order_id: UUID
    supplier_id: UUID
    product_id: UUID
    location_id: UUID
    lot_code: str
    lot_made_on: date | None
    lot_expires_on: date | None
    quantity: int
    received: int
    due_on: date
    state: str
    version: int
    departed_at: datetime
    received_at: datetime | None


DEPARTED = "departed"
