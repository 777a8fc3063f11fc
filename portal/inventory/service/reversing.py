"""Taking back what was posted: a move the other way that names the one it takes back, once for each move."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import (
    AVAILABLE,
    PAPER_KINDS,
    RECEIPT_KINDS,
    AlreadyReversed,
    MoveOfPapers,
    MoveOfReceipt,
    UnknownMove,
    check_not_withheld,
    check_reason,
)
from portal.inventory.service.guarding import At, check_unpromised
from portal.inventory.service.serials import check_serial_there
from portal.inventory.service.spots import tell_fallen
from portal.inventory.service.taking import not_enough
from portal.inventory.store import Move, lock_products, post_moves
from portal.kernel.actor import Actor


def reverse_move(
    connection: Connection,
    *,
    actor: Actor,
    move_id: UUID,
    reason: str,
    now: datetime,
    even_promised: bool = False,
) -> UUID:
    """Take one move back by a move the other way that names it; returns the id of the new move.

    Taking a move back twice at the same time: the second waits for the first and is refused.

    Args:
        connection: Open transaction.
        actor: Who does it.
        move_id: The move.
        reason: Why.
        now: Instant, in the company's zone.
        even_promised: Take it away from a node even where a promise then lacks stock.

    Raises:
        ReasonNeeded: No reason is given.
        UnknownMove: There is no such move.
        AlreadyReversed: It was taken back before, or is itself a taking back.
        MoveOfReceipt: It belongs to a receipt.
        MoveOfPapers: It follows the papers of its lot.
        LotWithheld: It would make stock usable again whose papers do not hold.
        NotEnoughStock: What it brought is no longer where it brought it.
        SerialUsed: Its serial number is no longer where it brought it.
        StockPromised: What it brought is promised there.
    """
    reason = check_reason(reason)
    question = text("""
        SELECT m.*, p.sku, l.code AS lot, l.expires_on, l.withheld, s.code AS serial, r.id AS reversed_by
        FROM stock_move m JOIN product p ON p.org_id = m.org_id AND p.id = m.product_id
        JOIN lot l ON l.org_id = m.org_id AND l.id = m.lot_id
        LEFT JOIN serial s ON s.org_id = m.org_id AND s.id = m.serial_id
        LEFT JOIN stock_move r ON r.org_id = m.org_id AND r.reverses_id = m.id
        WHERE m.org_id = :org AND m.id = :id
    """)
    values = {"org": actor.org_id, "id": move_id}
    row = connection.execute(question, values).first()
    if row is None:
        raise UnknownMove(f"There is no move {move_id}.", move=str(move_id))
    lock_products(connection, org_id=actor.org_id, product_ids=[row.product_id])
    row = connection.execute(question, values).one()
    if row.reversed_by is not None or row.reverses_id is not None:
        raise AlreadyReversed("That move has been taken back.", move=str(move_id))
    if row.kind in RECEIPT_KINDS:
        raise MoveOfReceipt(f"That move belongs to the receipt {row.document}.", document=row.document)
    if row.kind in PAPER_KINDS:
        raise MoveOfPapers("That move follows the papers of its lot.", move=str(move_id))
    if row.from_status == AVAILABLE:
        check_not_withheld(row.lot, row.withheld or ())
    key = f"reverse:{move_id}"
    _check_there(connection, actor.org_id, row)
    if row.serial_id is not None:
        check_serial_there(
            connection, actor.org_id, row.serial_id, row.serial, (row.to_location_id, row.to_status)
        )
    if not even_promised:
        check_unpromised(
            connection,
            org_id=actor.org_id,
            product_id=row.product_id,
            sku=row.sku,
            quantity=row.quantity,
            expires_on=row.expires_on,
            left=At(row.to_location_id, row.to_status, row.to_owner_id),
            reached=At(row.from_location_id, row.from_status, row.from_owner_id),
            now=now,
        )
    move = Move(
        product_id=row.product_id,
        lot_id=row.lot_id,
        from_id=row.to_location_id,
        to_id=row.from_location_id,
        quantity=row.quantity,
        kind="reverse",
        document=row.document,
        reason=reason,
        key=key,
        from_status=row.to_status,
        to_status=row.from_status,
        owner_id=row.to_owner_id,
        to_owner_id=row.from_owner_id,
        serial_id=row.serial_id,
        reverses_id=move_id,
    )
    post_moves(connection, org_id=actor.org_id, moves=[move], actor=actor.label, now=now)
    tell_fallen(connection, actor.org_id, {(row.product_id, row.to_location_id)}, now)
    found = connection.execute(
        text("SELECT id FROM stock_move WHERE org_id = :org AND idempotency_key = :key"),
        {"org": actor.org_id, "key": key},
    )
    return UUID(str(found.scalar_one()))


def _check_there(connection: Connection, org_id: UUID, row: Row[Any]) -> None:
    """Refuse to take back what is no longer at a real place; virtual places hold whatever was sent there."""
    place = connection.execute(
        text(
            "SELECT l.code, l.kind = ANY(CAST(:real AS text[])) AS is_real,"
            " (SELECT COALESCE(SUM(b.on_hand), 0) FROM stock_balance b WHERE b.org_id = l.org_id"
            "   AND b.product_id = :product AND b.location_id = l.id AND b.lot_id = :lot AND b.status = :status"
            "   AND b.owner_id = :owner) AS held"
            " FROM location l WHERE l.org_id = :org AND l.id = :place"
        ),
        {
            "org": org_id,
            "place": row.to_location_id,
            "real": list(REAL_KINDS),
            "product": row.product_id,
            "lot": row.lot_id,
            "status": row.to_status,
            "owner": row.to_owner_id,
        },
    ).one()
    if place.is_real and place.held < row.quantity:
        raise not_enough(row.sku, place.code, held=int(place.held), asked=row.quantity)
