"""Rules of stock: what can be promised and from when, which lots go out first, what is one's own to see.

Everything here is a pure function of values. Quantities are whole quanta of the product. ``today`` is the local
date of the ``as_of`` that the door gives. Source of cumulative ATP with look-ahead: Infor LN, "To compute
cumulative ATP", and M3 MMS165.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from uuid import UUID

from portal.inventory.places import OWN
from portal.kernel.errors import Conflict, NotFound, Refused

REAL_KINDS = ("own", "third_party", "forward", "shelf")
"""Kinds of places where goods lie and are counted."""

VIRTUAL_KINDS = ("in_transit", "supplier", "customer", "scrap", "adjustment")
"""Kinds of places that only balance the moves: every company has exactly one of each."""


class UnknownProduct(NotFound):
    """No product is known by that number, or it is not in the asker's agreement."""

    code = "unknown_product"


class UnknownLocation(NotFound):
    """No place is known by that id or code."""

    code = "unknown_location"


class UnknownReceipt(NotFound):
    """No receipt was announced under that key."""

    code = "unknown_receipt"


class NotEnoughStock(Refused):
    """A place does not hold as much usable stock as should leave it."""

    code = "not_enough_stock"


class CannotPromise(Refused):
    """The quantity cannot be promised on that day without breaking a promise already made."""

    code = "cannot_promise"


class OverReceived(Refused):
    """More arrives than is still expected under the announcement."""

    code = "over_received"


class BadQuantity(Refused):
    """A quantity that must be 1 or more is not, or is less than what has already happened."""

    code = "bad_quantity"


class GtinTaken(Conflict):
    """Another product already carries that GTIN."""

    code = "gtin_taken"


class UnitFixed(Conflict):
    """The unit or its decimals cannot change once stock or other units are told in it."""

    code = "unit_fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """A product as someone writes it down.

    Attributes:
        sku: The company's own number.
        gtin: GTIN of 8 to 14 digits, already checked, or ``None``.
        name_zh: Chinese name.
        name_en: English name.
        category: Range or family, or ``None``.
        base_unit: UN/ECE Recommendation 20 code, for example ``C62``.
        decimals: Decimals of the base unit, 0 to 9.
        pack_quanta: Quanta in one case, 1 when not packed.
        tracking: ``none``, ``lot`` or ``serial``.
        shelf_life_days: Days from making to the last day of use, or ``None``.
    """

    sku: str
    name_zh: str
    name_en: str
    gtin: str | None = None
    category: str | None = None
    base_unit: str = "C62"
    decimals: int = 0
    pack_quanta: int = 1
    tracking: str = "none"
    shelf_life_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationDraft:
    """A place as someone writes it down.

    Attributes:
        code: What is written on it.
        name_zh: Chinese name.
        name_en: English name.
        kind: One of ``REAL_KINDS``; of a zone or bin it says nothing, they are of their node's kind.
        level: ``node``, ``zone`` or ``bin``.
        parent: Code of what a zone or bin belongs to; empty for a node.
    """

    code: str
    name_zh: str
    name_en: str
    kind: str = "own"
    level: str = "node"
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """A quantity of one lot at one place.

    Attributes:
        product_id: The product.
        location_id: A real node, or one of its zones or bins.
        quantity: Quanta, 0 or more.
        lot_code: Empty for a product that is not tracked by lot.
        made_on: Day it was made, if known.
        expires_on: Last day of use, inclusive, if known.
        serials: One serial number for every piece of a product that is tracked by them, else none.
        owner_id: Whose goods they are: all zeros for our own, or the partner whose consignment stock it is.
    """

    product_id: UUID
    location_id: UUID
    quantity: int
    lot_code: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    serials: tuple[str, ...] = ()
    owner_id: UUID = OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedDraft:
    """An announced receipt: ``confirmed`` by the supplier, or ``shipped`` and so in transit.

    Attributes:
        product_id: The product.
        location_id: The node it is meant for.
        quantity: Quanta announced in all, 1 or more.
        due_on: Day it should arrive.
        source_key: Identifies the announcement; the same key again changes it, and never doubles it.
        state: ``confirmed`` or ``shipped``.
        document: What announced it, as people know it.
        supplier: Name for people.
        lot_code: Empty while the lot is not known.
        lot_expires_on: Last day of use of the lot, if known.
    """

    product_id: UUID
    location_id: UUID
    quantity: int
    due_on: date
    source_key: str
    state: str = "confirmed"
    document: str = ""
    supplier: str = ""
    lot_code: str = ""
    lot_expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationLine:
    """A promise to a customer: this much, from this node, on this day.

    Attributes:
        product_id: The product.
        location_id: The node it will leave.
        partner_id: The customer; ``None`` when the buyer is not known by name.
        quantity: Quanta, 1 or more.
        needed_on: Day it leaves.
        document: The order, as people know it.
        source_key: Identifies the promise; the same key again changes it, and never doubles it.
    """

    product_id: UUID
    location_id: UUID
    quantity: int
    needed_on: date
    document: str
    source_key: str
    partner_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What will come: a confirmed or shipped receipt, less what has been received or written off.

    Attributes:
        due_on: Day it is announced for.
        quantity: Quanta still to come.
        document: The covering document.
        shipped: On its way, not only confirmed.
        supplier: Name for the host's own staff.
        location_id: The node it is meant for, where that may be told.
    """

    due_on: date
    quantity: int
    document: str = ""
    shipped: bool = False
    supplier: str = ""
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is promised and has not left.

    Attributes:
        needed_on: Day it leaves.
        quantity: Quanta.
        document: The order.
        own: Kept for the one who asks.
    """

    needed_on: date
    quantity: int
    document: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class PromiseStep:
    """From a day on, this much can be promised.

    Attributes:
        on: First day.
        quantity: Quanta, 0 or more; never less than the step before.
        covered_by: The receipts that make the step possible; empty for the first one.
    """

    on: date
    quantity: int
    covered_by: tuple[Supply, ...] = ()


def promise_steps(
    *, on_hand: int, supplies: Iterable[Supply], demands: Iterable[Demand], today: date
) -> tuple[PromiseStep, ...]:
    """Return what can be promised from today on, as rising steps (cumulative ATP with look-ahead).

    ``C(t)`` is the usable stock plus all supply due by ``t`` less all demand needed by ``t``; what can be promised
    at ``t`` is the least ``C(u)`` of all ``u >= t``, and never below zero. What is past due counts as due today.

    Args:
        on_hand: Usable stock now.
        supplies: Confirmed and shipped receipts.
        demands: Open promises.
        today: Local date.
    """
    coming: dict[date, list[Supply]] = {}
    change: dict[date, int] = {today: 0}
    for supply in supplies:
        on = max(supply.due_on, today)
        coming.setdefault(on, []).append(supply)
        change[on] = change.get(on, 0) + supply.quantity
    for demand in demands:
        on = max(demand.needed_on, today)
        change[on] = change.get(on, 0) - demand.quantity
    days = sorted(change)
    levels = list(accumulate((change[on] for on in days), initial=on_hand))[1:]
    promised = [max(0, low) for low in reversed(list(accumulate(reversed(levels), min)))]
    steps = [PromiseStep(today, promised[0])]
    for on, quantity in zip(days[1:], promised[1:], strict=True):
        if quantity > steps[-1].quantity:
            steps.append(PromiseStep(on, quantity, tuple(coming[on])))
    return tuple(steps)


def promise_together(places: Iterable[Sequence[PromiseStep]], *, today: date) -> tuple[PromiseStep, ...]:
    """Add up what several nodes can promise.

    Goods kept at one node are not promised because another node will have some.

    Args:
        places: The steps of each node, as ``promise_steps`` returns them.
        today: Local date; the first step's day.
    """
    many = list(places)
    days = sorted({today, *(step.on for steps in many for step in steps)})
    return tuple(
        PromiseStep(
            on,
            sum(promised_on(steps, on) for steps in many),
            tuple(supply for steps in many for step in steps if step.on == on for supply in step.covered_by),
        )
        for on in days
    )


def kept_steps(demands: Iterable[Demand], *, today: date) -> tuple[PromiseStep, ...]:
    """Return what is kept for somebody as rising steps by the day it leaves, for whom nothing else may be told.

    Args:
        demands: Open promises to them; what is past due counts as due today.
        today: Local date; the first step's day.
    """
    amounts: dict[date, int] = {today: 0}
    for demand in demands:
        on = max(demand.needed_on, today)
        amounts[on] = amounts.get(on, 0) + demand.quantity
    days = sorted(amounts)
    return tuple(map(PromiseStep, days, accumulate(amounts[on] for on in days)))


def promised_on(steps: Sequence[PromiseStep], on: date) -> int:
    """Return what can be promised on a day; a day before today counts as today."""
    quantity = steps[0].quantity
    for step in steps:
        if step.on <= on:
            quantity = step.quantity
    return quantity


def check_promise(steps: Sequence[PromiseStep], *, quantity: int, on: date, sku: str) -> None:
    """Refuse a promise that would break one already made.

    Raises:
        CannotPromise: Less can be promised on that day; the earliest day for the quantity is told, if any.
    """
    possible = promised_on(steps, on)
    if quantity <= possible:
        return
    earliest = next((step.on for step in steps if step.quantity >= quantity), None)
    when = f"the earliest day is {earliest}" if earliest else "no day is known when it can"
    raise CannotPromise(
        f"{quantity} of {sku} cannot be promised on {on}: {possible} can, and {when}.",
        sku=sku,
        asked=quantity,
        possible=possible,
        on=on.isoformat(),
        earliest=earliest.isoformat() if earliest else None,
    )


@dataclass(frozen=True, slots=True)
class LotStock:
    """A usable lot at a place.

    Attributes:
        lot_id: The lot.
        quantity: Quanta on hand.
        place_id: The bin or node it lies in, where that matters.
    """

    lot_id: UUID
    quantity: int
    place_id: UUID | None = None


def take_first_expired(lots: Sequence[LotStock], quantity: int, *, sku: str, place: str) -> tuple[LotStock, ...]:
    """Return how much of each lot leaves, first expired first out.

    Args:
        lots: Usable lots in the order they should leave.
        quantity: Quanta to take, 1 or more.
        sku: For the refusal.
        place: For the refusal.

    Raises:
        NotEnoughStock: The lots hold less; nothing is taken.
    """
    held = sum(lot.quantity for lot in lots)
    if quantity > held:
        raise NotEnoughStock(
            f"{place} holds {held} of {sku}, {quantity} were asked for.",
            sku=sku,
            place=place,
            held=held,
            asked=quantity,
        )
    taken = []
    rest = quantity
    for lot in lots:
        part = min(rest, lot.quantity)
        if part:
            taken.append(LotStock(lot.lot_id, part, lot.place_id))
        rest -= part
    return tuple(taken)


def check_positive(quantity: int, *, what: str) -> None:
    """Refuse a quantity below 1.

    Raises:
        BadQuantity: It is 0 or negative.
    """
    if quantity < 1:
        raise BadQuantity(
            f"The quantity of {what} must be 1 or more, not {quantity}.", what=what, quantity=quantity
        )
