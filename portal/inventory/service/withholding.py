"""Lots whose papers do not hold: taken out of what can be promised, and given back when they hold again.

Which lots those are is for others to say (``portal.flows.withholding``); here is what it does to stock. Only what
was usable becomes ``withheld``, and only what is ``withheld`` is given back: what people hold stays held.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text, update

from portal.inventory.places import AVAILABLE, PAPER_KINDS, WITHHELD
from portal.inventory.service.books import locked_products
from portal.inventory.service.spots import tell_fallen
from portal.inventory.service.taking import find_lot
from portal.inventory.store import Move, lot_table, post_moves
from portal.kernel.actor import Actor


def withhold_lot(  # noqa: PLR0913 - which lot, why, once
    connection: Connection,
    *,
    actor: Actor,
    product_id: UUID,
    lot_code: str,
    reasons: Sequence[Mapping[str, str]],
    key: str,
    now: datetime,
) -> int:
    """Keep a lot from leaving, wherever and whoever's it is; returns the quanta that are no longer usable.

    More of it that arrives later arrives withheld. The same again changes nothing but the reasons.

    Args:
        connection: Open transaction.
        actor: Who does it.
        product_id: The product.
        lot_code: Its lot.
        reasons: Why, as the papers' rule says it; at least one.
        key: Idempotency key of the moves.
        now: Instant, in the company's zone.

    Raises:
        UnknownProduct: The product is not in the books.
        UnknownLot: The product has no such lot.
    """
    said = [dict(reason) for reason in reasons]
    lot_id = _mark(connection, actor, product_id, lot_code, said)
    # What people read in the history: the papers' own numbers, which need no translation.
    words = [reason.get("why") or reason.get("number") or reason.get("zh", "") for reason in said]
    told = (key, ", ".join(dict.fromkeys(words)))
    return _carry(connection, actor, (product_id, lot_id), (AVAILABLE, WITHHELD), told, now)


def free_lot(
    connection: Connection, *, actor: Actor, product_id: UUID, lot_code: str, key: str, now: datetime
) -> int:
    """Give a lot back whose papers hold again; returns the quanta that were withheld and are not any more.

    They become what more of the lot arrives as: usable, unless somebody holds the lot for a reason of their own.

    Raises:
        UnknownProduct: The product is not in the books.
        UnknownLot: The product has no such lot.
    """
    lot_id = _mark(connection, actor, product_id, lot_code, None)
    status = connection.execute(
        text("SELECT status FROM lot WHERE org_id = :org AND id = :lot"), {"org": actor.org_id, "lot": lot_id}
    ).scalar_one()
    return _carry(connection, actor, (product_id, lot_id), (WITHHELD, status), (key, ""), now)


def _mark(
    connection: Connection, actor: Actor, product_id: UUID, lot_code: str, said: list[dict[str, str]] | None
) -> UUID:
    skus = locked_products(connection, org_id=actor.org_id, product_ids={product_id})
    lot = find_lot(connection, actor.org_id, product_id, lot_code, skus[product_id])
    connection.execute(
        update(lot_table)
        .where(lot_table.c.org_id == actor.org_id, lot_table.c.id == lot.lot_id)
        .values(withheld=said)
    )
    return lot.lot_id


def _carry(
    connection: Connection,
    actor: Actor,
    goods: tuple[UUID, UUID],
    way: tuple[str, str],
    told: tuple[str, str],
    now: datetime,
) -> int:
    (product_id, lot_id), (left, reached), (key, words) = goods, way, told
    rows = connection.execute(
        text("""
            SELECT b.location_id, b.owner_id, s.id AS serial_id,
                   CASE WHEN s.id IS NULL THEN b.on_hand ELSE 1 END AS quantity
            FROM stock_balance b
            LEFT JOIN serial s ON s.org_id = b.org_id AND s.lot_id = b.lot_id AND s.location_id = b.location_id
                              AND s.status = b.status AND s.owner_id = b.owner_id
            WHERE b.org_id = :org AND b.product_id = :product AND b.lot_id = :lot AND b.on_hand > 0
              AND b.status = :status
            ORDER BY b.location_id, b.owner_id, s.code
        """),
        {"org": actor.org_id, "product": product_id, "lot": lot_id, "status": left},
    ).all()
    moves = [
        Move(
            product_id=product_id,
            lot_id=lot_id,
            from_id=row.location_id,
            to_id=row.location_id,
            quantity=row.quantity,
            kind=PAPER_KINDS[reached != WITHHELD],
            reason=words,
            key=f"{key}#{number}",
            from_status=left,
            to_status=reached,
            owner_id=row.owner_id,
            serial_id=row.serial_id,
        )
        for number, row in enumerate(rows, start=1)
    ]
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    if reached == WITHHELD:
        tell_fallen(connection, actor.org_id, {(product_id, row.location_id) for row in rows}, now)
    return sum(row.quantity for row in rows)
