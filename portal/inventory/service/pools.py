"""Pools: stock set apart for one partner or one occasion until an instant (ring-fence, T1 in ``features.md``)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import AllocationLine
from portal.inventory.reserving import PoolDraft, PoolNameTaken, PoolOver, UnknownPool, check_pool
from portal.inventory.service.books import locked_products, real_places
from portal.inventory.service.promises import check_fits
from portal.inventory.store import lock_products
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def open_pool(connection: Connection, *, actor: Actor, draft: PoolDraft, now: datetime) -> UUID:
    """Set stock apart; returns the pool's id. From now on nobody else is promised what it needs on its first day.

    Args:
        connection: Open transaction.
        actor: Who does it.
        draft: The pool.
        now: Instant, in the company's zone.

    Raises:
        BadQuantity: Its quantity is below 1.
        PoolBackwards: It would end before it begins, or is over already.
        UnknownProduct: The product is not in the books.
        UnknownLocation: The node is not in the books, or is a virtual place.
        PoolNameTaken: Another pool has the name.
        CannotPromise: So much is not free on its first day; the earliest day is told.
    """
    check_pool(draft, now=now)
    skus = locked_products(connection, org_id=actor.org_id, product_ids={draft.product_id})
    real_places(connection, org_id=actor.org_id, location_ids={draft.location_id})
    needed = AllocationLine(
        product_id=draft.product_id,
        location_id=draft.location_id,
        quantity=draft.quantity,
        needed_on=draft.starts_on,
        document=draft.name,
        source_key="",
    )
    check_fits(connection, actor.org_id, [needed], skus, now)
    pool_id = new_id(now)
    saved = connection.execute(
        text("""
            INSERT INTO pool (org_id, id, name, product_id, location_id, partner_id, quantity, drawn,
                              starts_on, ends_at, state, actor, created_at)
            VALUES (:org, :id, :name, :product, :place, :partner, :quantity, 0,
                    :starts, :ends, 'open', :actor, :now)
            ON CONFLICT (org_id, name) DO NOTHING RETURNING 1
        """),
        {
            "org": actor.org_id,
            "id": pool_id,
            "name": draft.name,
            "product": draft.product_id,
            "place": draft.location_id,
            "partner": draft.partner_id,
            "quantity": draft.quantity,
            "starts": draft.starts_on,
            "ends": draft.ends_at,
            "actor": actor.label,
            "now": now,
        },
    )
    if saved.first() is None:
        raise PoolNameTaken(f"There is a pool {draft.name} already.", name=draft.name)
    return pool_id


def end_pool(connection: Connection, *, actor: Actor, pool_id: UUID, now: datetime) -> int:
    """End a pool before its time; returns the quanta that return to everybody. What was drawn stays promised.

    Raises:
        UnknownPool: There is none.
        PoolOver: It has ended already.
    """
    row = _pool(connection, actor.org_id, pool_id)
    if row.state != "open":
        raise PoolOver(f"The pool {row.name} has ended already.", name=row.name)
    lock_products(connection, org_id=actor.org_id, product_ids=[row.product_id])
    return _end(connection, actor.org_id, [pool_id], now=now)


def end_due_pools(connection: Connection, *, org_id: UUID, now: datetime) -> int:
    """End every pool whose time is over; returns how many.

    What is over no longer counts even before this is done: reads and the guard look at the time themselves.
    """
    due = connection.execute(
        text("SELECT id, product_id FROM pool WHERE org_id = :org AND state = 'open' AND ends_at <= :now"),
        {"org": org_id, "now": now},
    ).all()
    if due:
        lock_products(connection, org_id=org_id, product_ids=[row.product_id for row in due])
        _end(connection, org_id, [row.id for row in due], now=now)
    return len(due)


def _pool(connection: Connection, org_id: UUID, pool_id: UUID) -> Row[Any]:
    row = connection.execute(
        text("SELECT name, product_id, state FROM pool WHERE org_id = :org AND id = :id"),
        {"org": org_id, "id": pool_id},
    ).first()
    if row is None:
        raise UnknownPool(f"No pool {pool_id} is known.", pool=str(pool_id))
    return row


def _end(connection: Connection, org_id: UUID, ids: list[UUID], *, now: datetime) -> int:
    rows = connection.execute(
        text("""
            UPDATE pool SET state = 'ended', ended_at = :now
            WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[])) AND state = 'open'
            RETURNING quantity - drawn AS rest
        """),
        {"org": org_id, "ids": ids, "now": now},
    )
    return sum(row.rest for row in rows)
