"""What is held and what is set apart: reservations as their owner or the host's staff see them, and pools."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import UnknownProduct, promised_on
from portal.inventory.reads.availability import dated_facts
from portal.inventory.reads.scope import scope_values
from portal.inventory.reserving import UnknownReservation
from portal.kernel.disclosure import Disclosure
from portal.kernel.grain import EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPart:
    """A product of a reservation on one day, over all nodes.

    Attributes:
        product_id: The product.
        needed_on: Day it leaves.
        quantity: Quanta.
        from_pool: Quanta of them out of the partner's own pool.
    """

    product_id: UUID
    needed_on: date
    quantity: int
    from_pool: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A reservation.

    Attributes:
        id: Its id.
        document: Its number, as people know it.
        partner_id: For whom.
        state: ``held``, ``confirmed``, ``released`` or ``lapsed``; a hold whose time is over reads ``lapsed``.
        held_until: Instant it lapses unless it is confirmed.
        created_at: Instant it was made.
        changed_at: Instant of the last change.
        actor: Who made it.
        parts: What is held.
    """

    id: UUID
    document: str
    partner_id: UUID | None
    state: str
    held_until: datetime
    created_at: datetime
    changed_at: datetime
    actor: str
    parts: tuple[HeldPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Stock set apart.

    Attributes:
        id: Its id.
        name: As people call it.
        product_id: The product.
        location_id: The node.
        partner_id: Who draws from it; ``None`` for the host's staff only.
        quantity: Quanta set apart.
        drawn: Quanta of them held or promised so far.
        starts_on: First day.
        ends_at: Instant at which the rest returns to everybody.
        state: ``open`` or ``ended``; one whose time is over reads ``ended``.
    """

    id: UUID
    name: str
    product_id: UUID
    location_id: UUID
    partner_id: UUID | None
    quantity: int
    drawn: int
    starts_on: date
    ends_at: datetime
    state: str


_RESERVATIONS = """
    SELECT r.id, r.document, r.partner_id, r.held_until, r.created_at, r.changed_at, r.actor,
           CASE WHEN r.state = 'held' AND r.held_until <= :now THEN 'lapsed' ELSE r.state END AS state
    FROM reservation r WHERE r.org_id = :org
      AND (CAST(:everything AS boolean) OR r.partner_id = CAST(:partner AS uuid))
"""


def reservations(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, as_of: datetime, most: int = 200
) -> tuple[Reservation, ...]:
    """Return the newest reservations: a partner's own, everybody's for the host's staff.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        as_of: Instant; decides which holds are over.
        most: How many at most.
    """
    values = _values(org_id, disclosure, as_of)
    query = f"{_RESERVATIONS} ORDER BY r.created_at DESC, r.id DESC LIMIT :most"
    return _filled(connection, connection.execute(text(query), values | {"most": most}).all(), org_id)


def reservation(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, reservation_id: UUID, as_of: datetime
) -> Reservation:
    """Return one reservation.

    Raises:
        UnknownReservation: There is none, or it is another partner's.
    """
    values = _values(org_id, disclosure, as_of)
    rows = connection.execute(text(f"{_RESERVATIONS} AND r.id = :id"), values | {"id": reservation_id}).all()
    if not rows:
        raise UnknownReservation(f"No reservation {reservation_id} is known.", reservation=str(reservation_id))
    return _filled(connection, rows, org_id)[0]


def reservation_of_key(connection: Connection, *, org_id: UUID, key: str) -> UUID | None:
    """Return the reservation an idempotency key made, if there is one."""
    found: UUID | None = connection.scalar(
        text("SELECT id FROM reservation WHERE org_id = :org AND key = :key"), {"org": org_id, "key": key}
    )
    return found


def rooms(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, product_id: UUID, on: date, as_of: datetime
) -> tuple[tuple[UUID, int], ...]:
    """Return what each node in scope can promise whoever asks of a product on a day; not for showing.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        product_id: The product.
        on: The day.
        as_of: Instant in the company's zone.

    Raises:
        UnknownProduct: The product is not in the viewer's scope.
    """
    if disclosure.products is not None and product_id not in disclosure.products:
        raise UnknownProduct(f"No product {product_id} is known.", product=str(product_id))
    exactly = replace(disclosure, grain=EXACT)
    values = scope_values(org_id=org_id, disclosure=exactly, as_of=as_of)
    dated = dated_facts(connection, values=values, product_ids=[product_id], disclosure=exactly)[product_id]
    return tuple((place, promised_on(steps, on)) for place, steps in dated.places.items())


def holds_by_day(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, product_id: UUID, as_of: datetime
) -> dict[date, int]:
    """Return what whoever asks holds of a product at the nodes in scope, by the day it leaves.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: A partner's.
        product_id: The product.
        as_of: Instant; what has lapsed by then is held no more.
    """
    rows = connection.execute(
        text("""
            SELECT l.needed_on, CAST(SUM(l.quantity) AS bigint) AS quantity
            FROM reservation_line l JOIN reservation r ON r.org_id = l.org_id AND r.id = l.reservation_id
            WHERE l.org_id = :org AND l.product_id = :product AND l.state = 'open' AND l.held_until > :now
              AND r.partner_id = :partner AND (CAST(:all_nodes AS boolean) OR l.location_id = ANY(:nodes))
            GROUP BY 1
        """),
        {
            "org": org_id,
            "product": product_id,
            "now": as_of,
            "partner": disclosure.partner_id,
            "all_nodes": disclosure.nodes is None,
            "nodes": list(disclosure.nodes or ()),
        },
    )
    return {row.needed_on: row.quantity for row in rows}


def pools(connection: Connection, *, org_id: UUID, as_of: datetime, most: int = 200) -> tuple[Pool, ...]:
    """Return the pools, those still open first, then the newest; for the host's staff."""
    rows = connection.execute(
        text("""
            SELECT id, name, product_id, location_id, partner_id, quantity, drawn, starts_on, ends_at,
                   CASE WHEN state = 'open' AND ends_at <= :now THEN 'ended' ELSE state END AS state
            FROM pool WHERE org_id = :org ORDER BY state = 'ended' OR ends_at <= :now, created_at DESC LIMIT :most
        """),
        {"org": org_id, "now": as_of, "most": most},
    )
    return tuple(Pool(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it


def _values(org_id: UUID, disclosure: Disclosure, as_of: datetime) -> dict[str, Any]:
    return {
        "org": org_id,
        "now": as_of,
        "everything": disclosure.everything,
        "partner": disclosure.partner_id,
    }


def _filled(connection: Connection, rows: Sequence[Row[Any]], org_id: UUID) -> tuple[Reservation, ...]:
    parts: dict[UUID, list[HeldPart]] = {row.id: [] for row in rows}
    found = connection.execute(
        text("""
            SELECT reservation_id, product_id, needed_on, CAST(SUM(quantity) AS bigint) AS quantity,
                   CAST(COALESCE(SUM(quantity) FILTER (WHERE pool_id IS NOT NULL), 0) AS bigint) AS from_pool
            FROM reservation_line WHERE org_id = :org AND reservation_id = ANY(CAST(:ids AS uuid[]))
            GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
        """),
        {"org": org_id, "ids": list(parts)},
    )
    for line in found:
        parts[line.reservation_id].append(
            HeldPart(
                product_id=line.product_id,
                needed_on=line.needed_on,
                quantity=line.quantity,
                from_pool=line.from_pool,
            )
        )
    return tuple(Reservation(**row._mapping, parts=tuple(parts[row.id])) for row in rows)  # noqa: SLF001 - as above
