"""Holding stock in two phases: held, then confirmed, released or lapsed.

The guard stands in the database's function ``tally_reserve``: whoever calls it, however many at once, no promise
already made is broken. One round trip holds a whole order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from portal.inventory.model import AllocationLine, CannotPromise
from portal.inventory.reserving import (
    Held,
    HeldLine,
    KeyReused,
    ReservationOver,
    ReserveDraft,
    ReserveLine,
    UnknownReservation,
    added_up,
    body_of,
    check_hold,
)
from portal.inventory.service.books import locked_products, real_places
from portal.inventory.service.promises import save_allocations
from portal.inventory.store import lock_products
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.platform.db import own_cursor
from portal.platform.prepared import Prepared, Value

_RESERVE = (
    "SELECT tally_reserve(%(org)s, %(id)s, %(key)s, %(body)s, %(partner)s, %(document)s, %(actor)s, %(until)s,"
    " %(partial)s, %(now)s, %(today)s, %(products)s, %(places)s, %(quantities)s, %(needed)s)"
)

# One thing from one node that lies there beyond everything promised: one statement, no function. The row is taken
# only where the figures of the summary hold today, nothing is fenced off and the node's feed may be trusted.
_ROOM = """
    s.org_id = %(org)s AND s.product_id = %(product)s AND s.location_id = %(place)s
    AND s.pooled = 0 AND s.day <= %(today)s AND COALESCE(s.good_until, 'infinity') >= %(today)s
    AND EXISTS (SELECT 1 FROM location n WHERE n.org_id = s.org_id AND n.id = s.location_id
                  AND (n.kind = 'own' OR n.stale_policy = 'count'))
"""
_ONE = Prepared(
    f"""
    WITH slot AS (
        UPDATE stock_summary s SET committed = s.committed + %(quantity)s
        WHERE {_ROOM} AND s.usable - s.committed >= %(quantity)s
          AND NOT EXISTS (SELECT 1 FROM reservation r WHERE r.org_id = %(org)s AND r.key = %(key)s)
        RETURNING 1
    ), head AS (
        INSERT INTO reservation (org_id, id, key, body, partner_id, document, state, held_until, actor,
                                 created_at, changed_at)
        SELECT %(org)s, %(id)s, %(key)s, %(body)s, %(partner)s, %(document)s, 'held', %(until)s, %(actor)s,
               %(now)s, %(now)s FROM slot
    )
    INSERT INTO reservation_line (org_id, reservation_id, line, part, product_id, location_id, quantity,
                                  needed_on, held_until, state)
    SELECT %(org)s, %(id)s, 1, 1, %(product)s, %(place)s, %(quantity)s, %(need)s, %(until)s, 'open' FROM slot
""",  # noqa: S608 - pieces from code
    org="uuid",
    id="uuid",
    key="text",
    body="bytea",
    partner="uuid",
    document="text",
    actor="text",
    until="timestamptz",
    now="timestamptz",
    today="date",
    product="uuid",
    place="uuid",
    quantity="bigint",
    need="date",
)

# Many orders for the same thing from the same node: those that fit one after another are taken in one statement.
_MANY = f"""
    WITH asked AS (
        SELECT a.* FROM jsonb_to_recordset(%(orders)s) AS a (n integer, id uuid, key text, body text, partner uuid,
            document text, actor text, until timestamptz, quantity bigint, need date)
        WHERE (SELECT TRUE FROM reservation r WHERE r.org_id = %(org)s AND r.key = a.key) IS NULL
    ), room AS (
        SELECT s.usable - s.committed AS free FROM stock_summary s WHERE {_ROOM} FOR NO KEY UPDATE
    ), taken AS (
        SELECT r.* FROM (SELECT a.*, SUM(a.quantity) OVER (ORDER BY a.n) AS so_far FROM asked a) r, room
        WHERE r.so_far <= room.free
    ), slot AS (
        UPDATE stock_summary s SET committed = s.committed + t.quantity
        FROM (SELECT SUM(quantity) AS quantity FROM taken) t
        WHERE s.org_id = %(org)s AND s.product_id = %(product)s AND s.location_id = %(place)s
          AND t.quantity IS NOT NULL
    ), head AS (
        INSERT INTO reservation (org_id, id, key, body, partner_id, document, state, held_until, actor, created_at,
                                 changed_at)
        SELECT %(org)s, id, key, decode(body, 'hex'), partner, document, 'held', until, actor, %(now)s, %(now)s
        FROM taken
    ), line AS (
        INSERT INTO reservation_line (org_id, reservation_id, line, part, product_id, location_id, quantity,
                                      needed_on, held_until, state)
        SELECT %(org)s, id, 1, 1, %(product)s, %(place)s, quantity, need, until, 'open' FROM taken
    )
    SELECT n FROM taken
"""  # noqa: S608 - pieces from code


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as the database is asked for it.

    Attributes:
        actor: Who asks.
        draft: The order.
        lines: Its lines, added up: locks are taken in their order.
        id: The reservation it becomes.
        now: Instant, in the company's zone.
    """

    actor: Actor
    draft: ReserveDraft
    lines: tuple[ReserveLine, ...]
    id: UUID
    now: datetime

    @property
    def single(self) -> bool:
        """Whether it is about one thing from one node."""
        return len(self.lines) == 1

    @property
    def body(self) -> bytes:
        """What makes it the same order under the same key."""
        return body_of(self.draft, self.lines)


def reserve(connection: Connection, *, actor: Actor, draft: ReserveDraft, now: datetime) -> Held:
    """Hold stock for an order: all of it or nothing, or (``partial``) as much of each line as can be promised.

    What is fenced off for the partner goes first, then what is everybody's. The same key with the same order
    answers as it did the first time; a refusal changes nothing, and its key may be used again.

    Args:
        connection: Open transaction, or one that commits by itself.
        actor: Who asks.
        draft: The order.
        now: Instant, in the company's zone.

    Raises:
        EmptyOrder: There is no line.
        TooManyLines: There are too many.
        BadQuantity: A quantity is below 1.
        HoldTooLong: It would be held for too long.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
        KeyReused: The key belongs to another order.
        CannotPromise: A line does not fit; the earliest day is told.
    """
    asked = asked_for(actor, draft, now=now)
    return answer_of(connection, asked, _ask_safely(connection, asked))


def asked_for(actor: Actor, draft: ReserveDraft, *, now: datetime) -> Asked:
    """Return an order ready to be asked for; raises what can be seen without the database, see ``reserve``."""
    lines = added_up(draft.lines)
    check_hold(draft.held_until, now=now)
    return Asked(actor, draft, lines, new_id(now), now)


def ask(cursor: psycopg.Cursor[Any], asked: Asked) -> dict[str, Any]:
    """Hold stock for one order, or learn why not; returns what ``tally_reserve`` answers.

    Args:
        cursor: The connection's own (``platform.db.own_cursor``), in a transaction or committing by itself.
        asked: The order.

    Raises:
        psycopg.errors.UniqueViolation: Another committed the same key in the same moment; ask again.
    """
    if asked.single and _ONE.run(cursor, _one(asked)) == 1:
        return _all_held(asked)
    row = cursor.execute(_RESERVE, _whole(asked)).fetchone()
    answer: dict[str, Any] = row[0] if row else {}
    return answer


def _ask_safely(connection: Connection, asked: Asked) -> dict[str, Any]:
    """Ask, and ask again when the same key was committed by another meanwhile: then its answer is found."""
    cursor = own_cursor(connection)
    try:
        if cursor.connection.autocommit:
            return ask(cursor, asked)
        with connection.begin_nested():
            return ask(cursor, asked)
    except psycopg.errors.UniqueViolation:
        return ask(cursor, asked)


def ask_together(cursor: psycopg.Cursor[Any], many: Sequence[Asked]) -> list[dict[str, Any]]:
    """Hold stock for many orders over the same thing from the same node; returns the answers in their order.

    Those that fit one after another are taken at once; the others are asked for one by one.

    Args:
        cursor: The connection's own, in a transaction.
        many: Orders of one line each, with the same product and node.
    """
    first = many[0]
    fresh = {asked.draft.key: number for number, asked in reversed(list(enumerate(many)))}
    orders = [_row(number, asked) for number, asked in enumerate(many) if fresh[asked.draft.key] == number]
    rows = cursor.execute(_MANY, {**_one(first), "orders": Jsonb(orders)}, prepare=True).fetchall()
    taken = {row[0] for row in rows}
    return [_all_held(asked) if number in taken else ask(cursor, asked) for number, asked in enumerate(many)]


def answer_of(connection: Connection, asked: Asked, answer: dict[str, Any]) -> Held:
    """Return what the database answered as a value, or raise it as the refusal it is; see ``reserve``.

    Args:
        connection: Open transaction; only used for what is not simply held.
        asked: The order.
        answer: From ``ask``.
    """
    org_id, draft, lines = asked.actor.org_id, asked.draft, asked.lines
    outcome = answer["outcome"]
    if outcome == "held":
        return held_of(asked, answer)
    if outcome == "replayed":
        return _replayed(connection, org_id, UUID(answer["id"]), lines)
    if outcome == "other_body":
        raise KeyReused(f"The key {draft.key} was used for another order.", key=draft.key)
    if outcome == "unknown":
        locked_products(connection, org_id=org_id, product_ids={line.product_id for line in lines})
        real_places(connection, org_id=org_id, location_ids={line.location_id for line in lines})
    raise _refusal(connection, org_id, _held(lines, answer), now=asked.now)


def held_of(asked: Asked, answer: dict[str, Any]) -> Held:
    """Return the answer to an order that is held."""
    return Held(id=asked.id, replayed=False, lines=_held(asked.lines, answer))


def _all_held(asked: Asked) -> dict[str, Any]:
    return {"outcome": "held", "lines": [{"held": line.quantity} for line in asked.lines]}


def _common(asked: Asked) -> dict[str, Value]:
    draft = asked.draft
    return {
        "org": asked.actor.org_id,
        "id": asked.id,
        "key": draft.key,
        "body": asked.body,
        "partner": draft.partner_id,
        "document": draft.document,
        "actor": asked.actor.label,
        "until": draft.held_until,
        "now": asked.now,
        "today": asked.now.date(),
    }


def _one(asked: Asked) -> dict[str, Value]:
    (line,) = asked.lines
    return {
        **_common(asked),
        "product": line.product_id,
        "place": line.location_id,
        "quantity": line.quantity,
        "need": line.needed_on,
    }


def _whole(asked: Asked) -> dict[str, object]:
    return {
        **_common(asked),
        "partial": asked.draft.partial,
        "products": [line.product_id for line in asked.lines],
        "places": [line.location_id for line in asked.lines],
        "quantities": [line.quantity for line in asked.lines],
        "needed": [line.needed_on for line in asked.lines],
    }


def _row(number: int, asked: Asked) -> dict[str, object]:
    (line,) = asked.lines
    draft = asked.draft
    return {
        "n": number,
        "id": str(asked.id),
        "key": draft.key,
        "body": asked.body.hex(),
        "partner": None if draft.partner_id is None else str(draft.partner_id),
        "document": draft.document,
        "actor": asked.actor.label,
        "until": draft.held_until.isoformat(),
        "quantity": line.quantity,
        "need": line.needed_on.isoformat(),
    }


def confirm(
    connection: Connection, *, actor: Actor, reservation_id: UUID, now: datetime, document: str = ""
) -> int:
    """Turn what is held into allocations; returns how many. Confirming again changes nothing.

    Args:
        connection: Open transaction.
        actor: Who does it; a partner's person can only confirm what is held for their own firm.
        reservation_id: The reservation.
        now: Instant, in the company's zone.
        document: The order it becomes; the reservation's own when empty.

    Raises:
        UnknownReservation: There is none, or it is another partner's.
        ReservationOver: It was released, or its time is over.
    """
    row = _lock(connection, actor, reservation_id)
    if row.state == "confirmed":
        return 0
    _check_open(row, now)
    lines = _settle(connection, actor.org_id, [reservation_id], state="confirmed", now=now)
    promises = [
        AllocationLine(
            product_id=line.product_id,
            location_id=line.location_id,
            partner_id=row.partner_id,
            quantity=line.quantity,
            needed_on=line.needed_on,
            document=document or row.document,
            source_key=f"reservation/{reservation_id}/{line.line}/{line.part}",
        )
        for line in lines
    ]
    save_allocations(connection, actor.org_id, promises, now)
    return len(promises)


def release_reservation(connection: Connection, *, actor: Actor, reservation_id: UUID, now: datetime) -> bool:
    """Give up what is held; returns whether anything was.

    Raises:
        UnknownReservation: There is none, or it is another partner's.
        ReservationOver: It was confirmed: the order has to be changed instead.
    """
    row = _lock(connection, actor, reservation_id)
    if row.state == "confirmed":
        raise ReservationOver(f"{row.document or row.key} is an order by now.", document=row.document or row.key)
    if row.state != "held":
        return False
    _settle(connection, actor.org_id, [reservation_id], state="released", now=now)
    return True


def lapse(connection: Connection, *, org_id: UUID, now: datetime) -> int:
    """Give up every reservation whose time is over; returns how many there were.

    What has lapsed no longer counts even before this is done: reads and the guard look at the time themselves.
    """
    due = connection.execute(
        text(
            "SELECT id FROM reservation WHERE org_id = :org AND state = 'held' AND held_until <= :now"
            " ORDER BY id FOR UPDATE"
        ),
        {"org": org_id, "now": now},
    )
    ids = list(due.scalars())
    if ids:
        _settle(connection, org_id, ids, state="lapsed", now=now)
    return len(ids)


def _held(lines: Sequence[ReserveLine], answer: dict[str, Any]) -> tuple[HeldLine, ...]:
    return tuple(HeldLine(line, grant["held"]) for line, grant in zip(lines, answer["lines"], strict=True))


def _replayed(connection: Connection, org_id: UUID, reservation_id: UUID, lines: Sequence[ReserveLine]) -> Held:
    rows = connection.execute(
        text(
            "SELECT line, SUM(quantity) AS held FROM reservation_line"
            " WHERE org_id = :org AND reservation_id = :id GROUP BY line"
        ),
        {"org": org_id, "id": reservation_id},
    )
    held = {row.line: int(row.held) for row in rows}
    found = tuple(HeldLine(line, held.get(number, 0)) for number, line in enumerate(lines, start=1))
    return Held(id=reservation_id, replayed=True, lines=found)


def _refusal(connection: Connection, org_id: UUID, lines: Iterable[HeldLine], *, now: datetime) -> CannotPromise:
    short = next(one for one in lines if one.held < one.line.quantity)
    line = short.line
    row = connection.execute(
        text("""
            SELECT p.sku, (
                SELECT MIN(v.on_day) FROM stock_summary s, LATERAL tally_levels(s.org_id, s.product_id,
                    s.location_id, :today, :now, tally_usable(s, :today, :now)) v
                WHERE s.org_id = :org AND s.product_id = p.id AND s.location_id = :place AND v.ahead >= :quantity
            ) AS earliest
            FROM product p WHERE p.org_id = :org AND p.id = :product
        """),
        {
            "org": org_id,
            "product": line.product_id,
            "place": line.location_id,
            "quantity": line.quantity,
            "today": now.date(),
            "now": now,
        },
    ).one()
    earliest: date | None = row.earliest
    when = f"the earliest day is {earliest}" if earliest else "no day is known when it can"
    return CannotPromise(
        f"{line.quantity} of {row.sku} cannot be promised on {line.needed_on}: {short.held} can, and {when}.",
        sku=row.sku,
        asked=line.quantity,
        possible=short.held,
        on=line.needed_on.isoformat(),
        earliest=earliest.isoformat() if earliest else None,
    )


def _lock(connection: Connection, actor: Actor, reservation_id: UUID) -> Row[Any]:
    row = connection.execute(
        text(
            "SELECT key, partner_id, document, state, held_until FROM reservation"
            " WHERE org_id = :org AND id = :id FOR UPDATE"
        ),
        {"org": actor.org_id, "id": reservation_id},
    ).first()
    if row is None or (actor.partner_id is not None and actor.partner_id != row.partner_id):
        raise UnknownReservation(f"No reservation {reservation_id} is known.", reservation=str(reservation_id))
    return row


def _check_open(row: Row[Any], now: datetime) -> None:
    if row.state != "held" or row.held_until <= now:
        raise ReservationOver(
            f"{row.document or row.key} was held until {row.held_until:%Y-%m-%d %H:%M}.",
            document=row.document or row.key,
        )


def _settle(
    connection: Connection, org_id: UUID, ids: Sequence[UUID], *, state: str, now: datetime
) -> Sequence[Row[Any]]:
    """End the open lines of reservations, and give back to their pools what does not become an order."""
    values = {"org": org_id, "ids": list(ids), "state": state, "now": now}
    products = connection.execute(
        text(
            "SELECT DISTINCT product_id FROM reservation_line"
            " WHERE org_id = :org AND reservation_id = ANY(CAST(:ids AS uuid[])) AND state = 'open'"
        ),
        values,
    ).scalars()
    lock_products(connection, org_id=org_id, product_ids=products)
    lines = connection.execute(
        text("""
            UPDATE reservation_line SET state = :state
            WHERE org_id = :org AND reservation_id = ANY(CAST(:ids AS uuid[])) AND state = 'open'
            RETURNING line, part, product_id, location_id, quantity, needed_on
        """),
        values,
    ).all()
    connection.execute(
        text(
            "UPDATE reservation SET state = :state, changed_at = :now"
            " WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        values,
    )
    if state != "confirmed":
        connection.execute(
            text("""
                UPDATE pool o SET drawn = o.drawn - l.quantity FROM (
                    SELECT pool_id, CAST(SUM(quantity) AS bigint) AS quantity FROM reservation_line
                    WHERE org_id = :org AND reservation_id = ANY(CAST(:ids AS uuid[])) AND pool_id IS NOT NULL
                    GROUP BY pool_id ORDER BY pool_id
                ) l
                WHERE o.org_id = :org AND o.id = l.pool_id AND o.state = 'open'
            """),
            values,
        )
    return lines
