"""Promises to customers: kept only as far as stock and receipts cover them, whoever asks at the same time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import (
    AllocationLine,
    Demand,
    Supply,
    check_positive,
    check_promise,
    promise_steps,
)
from portal.inventory.service.books import locked_products, real_places
from portal.inventory.store import lock_products, note_bulk
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def allocate(
    connection: Connection,
    *,
    actor: Actor,
    lines: Sequence[AllocationLine],
    now: datetime,
    beyond_stock: bool = False,
) -> int:
    """Promise stock to customers, all lines or none; returns how many promises are new or changed.

    Under the lock of the products, every line must fit what can be promised at its node on its day
    (``promise_steps``), counting the lines before it. The same ``source_key`` again changes the promise; one that
    was shipped or released stays as it is.

    Args:
        connection: Open transaction.
        actor: Who does it.
        lines: The promises.
        now: Instant, in the company's zone.
        beyond_stock: Record promises that were made elsewhere even where the stock does not cover them; what can
            be promised to others then stays at zero until it does.

    Raises:
        BadQuantity: A quantity is below 1.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
        CannotPromise: A line does not fit; the earliest day is told.
    """
    by_key = {line.source_key: line for line in lines}
    for line in by_key.values():
        check_positive(line.quantity, what=f"the promise {line.document}")
    skus = locked_products(
        connection, org_id=actor.org_id, product_ids={line.product_id for line in by_key.values()}
    )
    real_places(connection, org_id=actor.org_id, location_ids={line.location_id for line in by_key.values()})
    known = _allocations(connection, actor.org_id, list(by_key))
    fresh = [line for line in by_key.values() if _differs(line, known.get(line.source_key))]
    if not beyond_stock:
        check_fits(connection, actor.org_id, fresh, skus, now)
    save_allocations(connection, actor.org_id, fresh, now)
    note_bulk(connection, rows=len(fresh), tables=("allocation",))
    return len(fresh)


def release(
    connection: Connection,
    *,
    actor: Actor,
    source_keys: Iterable[str],
    now: datetime,  # noqa: ARG001 - every deed is handed the instant
) -> int:
    """Give up promises; returns how many were open. Those that are not open stay as they are."""
    keys = sorted(set(source_keys))
    products = connection.execute(
        text(
            "SELECT DISTINCT product_id FROM allocation"
            " WHERE org_id = :org AND source_key = ANY(CAST(:keys AS text[]))"
        ),
        {"org": actor.org_id, "keys": keys},
    ).scalars()
    lock_products(connection, org_id=actor.org_id, product_ids=products)
    changed = connection.execute(
        text(
            "UPDATE allocation SET state = 'released' WHERE org_id = :org AND state = 'open'"
            " AND source_key = ANY(CAST(:keys AS text[])) RETURNING 1"
        ),
        {"org": actor.org_id, "keys": keys},
    )
    return len(changed.all())


def keep_for_documents(
    connection: Connection,
    *,
    actor: Actor,
    documents: Sequence[str],
    lines: Sequence[AllocationLine],
    now: datetime,
) -> int:
    """Make the open promises of some documents exactly ``lines``; returns how many are new, changed or given up.

    For promises made elsewhere (imported orders): they count even where the stock does not cover them. What the
    documents no longer ask for is released; what has been picked for a line already is not promised again.

    Args:
        connection: Open transaction.
        actor: Who does it.
        documents: Numbers of the documents that are told anew, those without any line included.
        lines: What they ask for now.
        now: Instant, in the company's zone.

    Raises:
        BadQuantity: A quantity is below 1.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
    """
    open_keys = connection.execute(
        text(
            "SELECT source_key FROM allocation"
            " WHERE org_id = :org AND state = 'open' AND document = ANY(CAST(:documents AS text[]))"
        ),
        {"org": actor.org_id, "documents": list(documents)},
    ).scalars()
    lines = _less_picked(connection, actor.org_id, lines)
    gone = set(open_keys) - {line.source_key for line in lines}
    given_up = release(connection, actor=actor, source_keys=gone, now=now) if gone else 0
    kept = allocate(connection, actor=actor, lines=lines, now=now, beyond_stock=True) if lines else 0
    return given_up + kept


PICK = "pick:"
"""Beginning of the idempotency key of a pick, before the id of the promise it was taken for."""


def _less_picked(connection: Connection, org_id: UUID, lines: Sequence[AllocationLine]) -> list[AllocationLine]:
    rows = connection.execute(
        text("""
            SELECT a.source_key, CAST(SUM(m.quantity) AS bigint) AS picked
            FROM allocation a
            JOIN stock_move m ON m.org_id = a.org_id AND m.product_id = a.product_id AND m.kind = 'pick'
                             AND starts_with(m.idempotency_key, :pick || a.id || ':')
            WHERE a.org_id = :org AND a.source_key = ANY(CAST(:keys AS text[]))
              AND NOT EXISTS (SELECT FROM stock_move r WHERE r.org_id = m.org_id AND r.reverses_id = m.id)
            GROUP BY a.source_key
        """),
        {"org": org_id, "pick": PICK, "keys": [line.source_key for line in lines]},
    )
    picked = {row.source_key: row.picked for row in rows}
    left = [replace(line, quantity=line.quantity - picked.get(line.source_key, 0)) for line in lines]
    return [line for line in left if line.quantity > 0 or line.source_key not in picked]


def _allocations(connection: Connection, org_id: UUID, keys: Sequence[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(
        text("""
            SELECT source_key, product_id, location_id, partner_id, quantity, needed_on, document, state
            FROM allocation WHERE org_id = :org AND source_key = ANY(CAST(:keys AS text[]))
        """),
        {"org": org_id, "keys": list(keys)},
    )
    return {row.source_key: row for row in rows}


def _differs(line: AllocationLine, row: Row[Any] | None) -> bool:
    if row is None:
        return True
    before = (row.product_id, row.location_id, row.partner_id, row.quantity, row.needed_on, row.document)
    wanted = (line.product_id, line.location_id, line.partner_id, line.quantity, line.needed_on, line.document)
    return row.state == "open" and before != wanted


_FREE = text("""
    SELECT s.product_id, s.location_id, tally_usable(s, :today, :now) AS quantity, CAST(NULL AS date) AS on_day,
           'hand' AS what
    FROM stock_summary s WHERE s.org_id = :org AND s.product_id = ANY(CAST(:products AS uuid[]))
    UNION ALL
    SELECT product_id, location_id, quantity - received - written_off, due_on, 'supply' FROM expected_receipt
    WHERE org_id = :org AND product_id = ANY(CAST(:products AS uuid[])) AND state <> 'closed'
    UNION ALL
    SELECT product_id, location_id, quantity, needed_on, 'demand' FROM allocation
    WHERE org_id = :org AND product_id = ANY(CAST(:products AS uuid[])) AND state = 'open'
      AND source_key <> ALL(CAST(:keys AS text[]))
    UNION ALL
    SELECT product_id, location_id, quantity, needed_on, 'demand' FROM reservation_line
    WHERE org_id = :org AND product_id = ANY(CAST(:products AS uuid[])) AND state = 'open' AND held_until > :now
    UNION ALL
    SELECT product_id, location_id, quantity - drawn, starts_on, 'demand' FROM pool
    WHERE org_id = :org AND product_id = ANY(CAST(:products AS uuid[])) AND state = 'open' AND ends_at > :now
      AND quantity > drawn
""")


def check_fits(
    connection: Connection,
    org_id: UUID,
    lines: Sequence[AllocationLine],
    skus: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Refuse promises that do not fit beside those already made, held or fenced off; the caller holds the locks.

    Args:
        connection: Open transaction.
        org_id: The company.
        lines: What is to be promised; those before a line count for it.
        skus: SKUs of the products, for the refusal.
        now: Instant, in the company's zone.

    Raises:
        CannotPromise: The first line that does not fit; the earliest day is told.
    """
    today = now.date()
    hand: dict[tuple[UUID, UUID], int] = {}
    supplies: dict[tuple[UUID, UUID], list[Supply]] = {}
    demands: dict[tuple[UUID, UUID], list[Demand]] = {}
    rows = connection.execute(
        _FREE,
        {
            "org": org_id,
            "now": now,
            "today": today,
            "products": list({line.product_id for line in lines}),
            "keys": [line.source_key for line in lines],
        },
    )
    for row in rows:
        place = (row.product_id, row.location_id)
        if row.what == "hand":
            hand[place] = row.quantity
        elif row.what == "supply":
            supplies.setdefault(place, []).append(Supply(due_on=row.on_day, quantity=row.quantity))
        else:
            demands.setdefault(place, []).append(Demand(needed_on=row.on_day, quantity=row.quantity))
    for line in lines:
        place = (line.product_id, line.location_id)
        taken = demands.setdefault(place, [])
        steps = promise_steps(
            on_hand=hand.get(place, 0), supplies=supplies.get(place, []), demands=taken, today=today
        )
        check_promise(steps, quantity=line.quantity, on=line.needed_on, sku=skus[line.product_id])
        taken.append(Demand(needed_on=line.needed_on, quantity=line.quantity))


def save_allocations(connection: Connection, org_id: UUID, lines: Sequence[AllocationLine], now: datetime) -> None:
    """Write promises without looking whether they fit; the caller holds the products' locks and has looked."""
    connection.execute(
        text("""
            INSERT INTO allocation (org_id, id, product_id, location_id, partner_id, quantity, needed_on, state,
                                    document, source_key, created_at)
            SELECT :org, u.id, u.product_id, u.location_id, u.partner_id, u.quantity, u.needed_on, 'open',
                   u.document, u.source_key, :now
            FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:places AS uuid[]),
                        CAST(:partners AS uuid[]), CAST(:quantities AS bigint[]), CAST(:needed AS date[]),
                        CAST(:documents AS text[]), CAST(:keys AS text[]))
                 AS u (id, product_id, location_id, partner_id, quantity, needed_on, document, source_key)
            ON CONFLICT (org_id, source_key) DO UPDATE
            SET product_id = EXCLUDED.product_id, location_id = EXCLUDED.location_id,
                partner_id = EXCLUDED.partner_id, quantity = EXCLUDED.quantity,
                needed_on = EXCLUDED.needed_on, document = EXCLUDED.document
        """),
        {
            "org": org_id,
            "now": now,
            "ids": [new_id(now) for _ in lines],
            "products": [line.product_id for line in lines],
            "places": [line.location_id for line in lines],
            "partners": [line.partner_id for line in lines],
            "quantities": [line.quantity for line in lines],
            "needed": [line.needed_on for line in lines],
            "documents": [line.document for line in lines],
            "keys": [line.source_key for line in lines],
        },
    )
