"""Rules of holding stock: what an order may ask for, when two requests are the same, when a hold is over; pools.

A reservation is made in two phases (``domain.md`` 4c): *held* for a while, then *confirmed* into allocations, or
*released*, or *lapsed* when its time is over. A pool (ring-fence, 专用库存) is stock set apart until an instant;
what is left of it then returns to everybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from portal.inventory.model import BadQuantity, check_positive
from portal.kernel.errors import Conflict, Malformed, NotFound, Refused
from portal.kernel.quantity import MAX_QUANTA

MAX_LINES = 1000
"""Most lines of one order; a longer one is split by whoever sends it."""

HOLD = timedelta(minutes=30)
"""How long stock is held for somebody who is still deciding."""

LONGEST_HOLD = timedelta(days=7)
"""Longest time stock may be held without a firm order."""


class KeyReused(Refused):
    """The idempotency key was used before, for another order."""

    code = "key_reused"


class EmptyOrder(Malformed):
    """An order without a line."""

    code = "empty_order"


class TooManyLines(Refused):
    """An order has more lines than one request may."""

    code = "too_many_lines"


class HoldTooLong(Refused):
    """Stock cannot be held that long without a firm order, or the time is already over."""

    code = "hold_too_long"


class UnknownReservation(NotFound):
    """No such reservation, or it is somebody else's."""

    code = "unknown_reservation"


class ReservationOver(Conflict):
    """The reservation was released, or its time is over."""

    code = "reservation_over"


class UnknownPool(NotFound):
    """No such pool."""

    code = "unknown_pool"


class PoolNameTaken(Conflict):
    """Another pool has that name."""

    code = "pool_name_taken"


class PoolBackwards(Malformed):
    """The pool would end before it begins, or has ended already."""

    code = "pool_backwards"


class PoolOver(Conflict):
    """The pool has ended."""

    code = "pool_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLine:
    """So much of a product, from a node, on a day.

    Attributes:
        product_id: The product.
        location_id: The node it should leave.
        quantity: Quanta, 1 or more.
        needed_on: Day it should leave.
    """

    product_id: UUID
    location_id: UUID
    quantity: int
    needed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveDraft:
    """An order to hold stock for.

    Attributes:
        key: Idempotency key of whoever asks; the same key with the same order is the same reservation.
        lines: What is asked for.
        held_until: Instant the hold lapses unless it is confirmed.
        partner_id: For whom; ``None`` for a buyer not known by name.
        document: What it is for, as people know it.
        partial: Hold as much of each line as can be promised, instead of all lines or none.
    """

    key: str
    lines: tuple[ReserveLine, ...]
    held_until: datetime
    partner_id: UUID | None = None
    document: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class HeldLine:
    """What was held of a line: ``held`` quanta, at most what was asked for."""

    line: ReserveLine
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The answer to an order.

    Attributes:
        id: The reservation.
        replayed: The key was known: this is what it was answered the first time.
        lines: What is held, in the order of product, node and day.
    """

    id: UUID
    replayed: bool
    lines: tuple[HeldLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDraft:
    """Stock to set apart.

    Attributes:
        name: As people call it; unique.
        product_id: The product.
        location_id: The node.
        quantity: Quanta, 1 or more.
        partner_id: Who draws from it; ``None`` for the host's own staff only.
        starts_on: Day from which it is set apart; it is kept from being promised to others already before.
        ends_at: Instant at which what is left returns to everybody.
    """

    name: str
    product_id: UUID
    location_id: UUID
    quantity: int
    starts_on: date
    ends_at: datetime
    partner_id: UUID | None = None


def added_up(lines: Iterable[ReserveLine]) -> tuple[ReserveLine, ...]:
    """Return the lines with those of the same product, node and day added up, in the order of these three.

    Two lines judged one by one could each fit where their sum does not.

    Raises:
        EmptyOrder: There is no line.
        TooManyLines: There are more than ``MAX_LINES``.
        BadQuantity: A quantity is below 1, or the sum of some is beyond what is stored.
    """
    given = tuple(lines)
    if not given:
        raise EmptyOrder("The order has no line.")
    if len(given) > MAX_LINES:
        raise TooManyLines(
            f"The order has {len(given)} lines, at most {MAX_LINES} are taken at once.",
            lines=len(given),
            most=MAX_LINES,
        )
    sums: dict[tuple[UUID, UUID, date], int] = {}
    for line in given:
        check_positive(line.quantity, what="a line")
        key = (line.product_id, line.location_id, line.needed_on)
        sums[key] = sums.get(key, 0) + line.quantity
        if sums[key] > MAX_QUANTA:
            raise BadQuantity(f"{sums[key]} is beyond what is stored.", what="a line", quantity=sums[key])
    return tuple(
        ReserveLine(product_id=product, location_id=place, needed_on=on, quantity=quantity)
        for (product, place, on), quantity in sorted(sums.items())
    )


def body_of(draft: ReserveDraft, lines: Iterable[ReserveLine]) -> bytes:
    """Return the digest that tells whether two requests with one key ask for the same.

    How long it is held is left out: a repeated request names a later instant.

    Args:
        draft: The order.
        lines: Its lines, added up.
    """
    partner = draft.partner_id.bytes if draft.partner_id else b""
    parts = [partner, draft.document.encode(), b"partial" if draft.partial else b"whole"]
    for line in lines:
        parts += [line.product_id.bytes, line.location_id.bytes]
        parts += [str(line.needed_on.toordinal()).encode(), str(line.quantity).encode()]
    # Every part goes in with its length, so that no two orders run together into one.
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def spread(quantity: int, rooms: Iterable[tuple[UUID, int]]) -> tuple[tuple[UUID, int], ...]:
    """Return how much of a quantity to take from which node: from as few as possible, the fullest first.

    Args:
        quantity: Quanta, 1 or more.
        rooms: What each node can promise on the day.

    Returns:
        Nodes with a quantity above zero. What none of them can promise is added to the first, so that whoever
        holds the stock refuses it with the figures.
    """
    ordered = sorted(rooms, key=lambda room: (-room[1], room[0]))
    taken: dict[UUID, int] = {}
    rest = quantity
    for place, free in ordered:
        part = min(rest, free)
        if part > 0:
            taken[place] = part
        rest -= part
    if rest > 0 and ordered:
        first = ordered[0][0]
        taken[first] = taken.get(first, 0) + rest
    return tuple(taken.items())


def check_hold(held_until: datetime, *, now: datetime) -> None:
    """Refuse a hold that is over before it begins, or goes on for too long.

    Raises:
        HoldTooLong: Naming both instants.
    """
    if not now < held_until <= now + LONGEST_HOLD:
        raise HoldTooLong(
            f"Stock can be held until {now + LONGEST_HOLD:%Y-%m-%d %H:%M}, not until {held_until:%Y-%m-%d %H:%M}.",
            until=held_until.isoformat(),
            longest=(now + LONGEST_HOLD).isoformat(),
        )


def check_pool(draft: PoolDraft, *, now: datetime) -> None:
    """Refuse a pool that cannot be.

    Raises:
        BadQuantity: Its quantity is below 1.
        PoolBackwards: It would end before it begins, or is over already.
    """
    check_positive(draft.quantity, what=f"the pool {draft.name}")
    if draft.ends_at <= now or draft.ends_at.date() < draft.starts_on:
        raise PoolBackwards(
            f"The pool {draft.name} would begin on {draft.starts_on} and end at {draft.ends_at}.",
            name=draft.name,
            starts_on=draft.starts_on.isoformat(),
            ends_at=draft.ends_at.isoformat(),
        )
