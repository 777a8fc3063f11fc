"""A customer's order through the portal: stock held first, then confirmed, and only then an order."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.inventory import questions, reads, service
from portal.inventory.model import CannotPromise, check_positive
from portal.inventory.questions import Allowance, BadDay, QuestionsUsedUp
from portal.inventory.reads import Reservation
from portal.inventory.reads.exact import exact_steps
from portal.inventory.reserving import HOLD, KeyReused, ReserveDraft, ReserveLine, spread
from portal.inventory.service.desk import ReservationDesk
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Disclosure
from portal.kernel.errors import PortalError, Refused
from portal.kernel.grain import EXACT
from portal.kernel.ids import new_id
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.orders.service import save_orders
from portal.platform.db import Database

SOURCE = "portal"
"""Source of the orders made here."""


class OwnStockOnly(Refused):
    """The agreement opens only what is kept for the partner already; more is arranged with the host's people."""

    code = "own_stock_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a customer asks to be held.

    Attributes:
        product_id: The product.
        sku: Its number.
        quantity: Quanta, 1 or more.
        needed_on: Day it should leave.
        key: Idempotency key of the form.
    """

    product_id: UUID
    sku: str
    quantity: int
    needed_on: date
    key: str


def hold(  # noqa: PLR0913 - who, under what, where and what
    database: Database,
    desk: ReservationDesk,
    *,
    actor: Actor,
    disclosure: Disclosure,
    allowance: Allowance | None,
    wish: Wish,
    now: datetime,
) -> UUID:
    """Hold what a customer asks for, from the nodes of their agreement that can promise it; commits.

    The same form sent again finds the reservation it made. Where the agreement does not tell exact figures, what
    they say can be held is held; beyond, asking to hold is a threshold question about all that would be held then,
    looked at afresh and answered no finer: otherwise whoever holds and lets go could find the figure by halving.

    Args:
        database: Connections.
        desk: Where stock is held.
        actor: The customer's person.
        disclosure: What their agreement opens.
        allowance: What their agreement allows of threshold questions.
        wish: What is asked for.
        now: Instant, in the company's zone.

    Raises:
        UnknownProduct: The product is not in the agreement.
        BadQuantity: The quantity is below 1.
        OwnStockOnly: The agreement opens only what is kept for them already.
        QuestionsUsedUp: Figures are not exact, and the day's questions are used up.
        CannotPromise: So much cannot be promised on that day; the earliest day is told where figures are exact.
        KeyReused: The form was sent before with other figures.
    """
    check_positive(wish.quantity, what="an order")
    if disclosure.grain != EXACT and allowance is not None:
        return _hold_as_told(database, actor=actor, disclosure=disclosure, allowance=allowance, wish=wish, now=now)
    with database.reading() as connection:
        known = _made_before(connection, actor, disclosure, wish, now)
        if known is not None:
            return known
        _check_may_hold(disclosure)
        draft = _draft(connection, actor, disclosure, wish, now)
    return desk.reserve(actor=actor, draft=draft, now=now).id


def _hold_as_told(
    database: Database, *, actor: Actor, disclosure: Disclosure, allowance: Allowance, wish: Wish, now: datetime
) -> UUID:
    """Hold under an agreement that does not tell exact figures, one after another; commits what was answered."""
    with database.transaction() as connection:
        questions.take_turns(connection, org_id=actor.org_id, allowance=allowance)
        known = _made_before(connection, actor, disclosure, wish, now)
        if known is not None:
            return known
        _check_may_hold(disclosure)
        refusal = _doubtful(connection, actor.org_id, disclosure, allowance, wish, now)
        if refusal is None:
            draft = _draft(connection, actor, disclosure, wish, now)
            try:
                return service.reserve(connection, actor=actor, draft=draft, now=now).id
            except CannotPromise:
                # Somebody else was faster, just now: no more is said than that.
                refusal = _cannot(wish)
    raise refusal


def _doubtful(
    connection: Connection,
    org_id: UUID,
    disclosure: Disclosure,
    allowance: Allowance,
    wish: Wish,
    now: datetime,
) -> PortalError | None:
    """Return why a wish is refused by what is told and asked of it; ``None`` where it is not."""
    product, steps = exact_steps(connection, org_id=org_id, disclosure=disclosure, sku=wish.sku, as_of=now)
    holds = reads.holds_by_day(
        connection, org_id=org_id, disclosure=disclosure, product_id=wish.product_id, as_of=now
    )
    for doubt in questions.doubts(
        steps,
        holds=holds,
        quantity=wish.quantity,
        on=wish.needed_on,
        grain=disclosure.grain,
        decimals=product.decimals,
    ):
        if doubt.settled:
            return _cannot(wish)
        try:
            answer = questions.ask(
                connection,
                org_id=org_id,
                disclosure=disclosure,
                allowance=allowance,
                sku=wish.sku,
                quantity=doubt.quantity,
                by=doubt.on,
                as_of=now,
                afresh=True,
            )
        except (QuestionsUsedUp, BadDay) as refusal:
            # Returned, so that what was answered before it is committed and has cost its question.
            return refusal
        if not answer.yes:
            return _cannot(wish)
    return None


def _cannot(wish: Wish) -> CannotPromise:
    """Return the refusal that says nothing beside what was asked."""
    return CannotPromise(
        f"{wish.quantity} of {wish.sku} cannot be promised by {wish.needed_on}.",
        sku=wish.sku,
        asked=wish.quantity,
        on=wish.needed_on.isoformat(),
    )


def _check_may_hold(disclosure: Disclosure) -> None:
    if disclosure.own_only:
        raise OwnStockOnly("The agreement opens only what is kept for the partner already.")


def _draft(
    connection: Connection, actor: Actor, disclosure: Disclosure, wish: Wish, now: datetime
) -> ReserveDraft:
    return ReserveDraft(
        key=_key(actor, wish),
        lines=_lines(connection, actor.org_id, disclosure, wish, now),
        held_until=now + HOLD,
        partner_id=actor.partner_id,
        document=_number(wish.key, now),
    )


def _key(actor: Actor, wish: Wish) -> str:
    return f"form/{actor.partner_id}/{wish.key}"


def _lines(
    connection: Connection, org_id: UUID, disclosure: Disclosure, wish: Wish, now: datetime
) -> tuple[ReserveLine, ...]:
    found = reads.rooms(
        connection,
        org_id=org_id,
        disclosure=disclosure,
        product_id=wish.product_id,
        on=wish.needed_on,
        as_of=now,
    )
    nodes = disclosure.nodes or {place.id for place in reads.locations(connection, org_id=org_id)}
    rooms = found or ((min(nodes), 0),)
    return tuple(
        ReserveLine(product_id=wish.product_id, location_id=place, quantity=quantity, needed_on=wish.needed_on)
        for place, quantity in spread(wish.quantity, rooms)
    )


def _made_before(
    connection: Connection, actor: Actor, disclosure: Disclosure, wish: Wish, now: datetime
) -> UUID | None:
    """Return the reservation this very form made already, if it did."""
    known = reads.reservation_of_key(connection, org_id=actor.org_id, key=_key(actor, wish))
    if known is None:
        return None
    before = reads.reservation(
        connection, org_id=actor.org_id, disclosure=disclosure, reservation_id=known, as_of=now
    )
    asked = [(part.product_id, part.needed_on, part.quantity) for part in before.parts]
    if asked != [(wish.product_id, wish.needed_on, wish.quantity)]:
        raise KeyReused(f"This form made {before.document} already.", key=before.document)
    return known


def confirm(
    connection: Connection, *, actor: Actor, disclosure: Disclosure, reservation_id: UUID, now: datetime
) -> Reservation:
    """Make what is held an order of the customer; confirming again changes nothing.

    Raises:
        UnknownReservation: There is none, or it is another partner's.
        ReservationOver: It was released, or its time is over.
    """
    service.confirm(connection, actor=actor, reservation_id=reservation_id, now=now)
    held = reads.reservation(
        connection, org_id=actor.org_id, disclosure=disclosure, reservation_id=reservation_id, as_of=now
    )
    order = OrderDraft(
        number=held.document,
        partner_id=held.partner_id,
        ordered_at=held.changed_at,
        needed_on=min(part.needed_on for part in held.parts),
        state="open",
        source=SOURCE,
        lines=tuple(
            OrderLineDraft(
                line_no=number,
                product_id=part.product_id,
                location_id=None,
                quantity=part.quantity,
                unit_price=None,
            )
            for number, part in enumerate(held.parts, start=1)
        ),
    )
    save_orders(connection, actor=actor, orders=[order], now=now)
    return held


def _number(key: str, now: datetime) -> str:
    """Return the number of the order this will be; the same form has the same number on the same day."""
    return f"W-{now:%y%m%d}-{key[-6:].upper()}"


def fresh_key(now: datetime) -> str:
    """Return a key for a form that has not been sent."""
    return new_id(now).hex
