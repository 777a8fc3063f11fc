"""Stock that lies somewhere and goes elsewhere: to another place or status, to scrap, or back where it came from.

Every deed locks its product, is done once by its key, checks what lies there and posts balanced moves. Serial
numbers are waited for, never skipped: two people who take the same number come one after the other, and the second
is refused.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import REAL_KINDS, NotEnoughStock, check_positive
from portal.inventory.places import (
    AlreadyReversed,
    SerialUsed,
    Take,
    UnknownLot,
    UnknownMove,
    UnknownSerial,
    WrongOwner,
    WrongPlace,
    check_reason,
    check_status,
)
from portal.inventory.service.books import ensure_virtual_locations, locked_products
from portal.inventory.service.serials import check_given
from portal.inventory.service.spots import stock_places, tell_fallen
from portal.inventory.store import Move, is_posted, lock_products, post_moves
from portal.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found to take: its lot, and the ids of its serial numbers (one ``None`` for a product without)."""

    lot_id: UUID
    expires_on: date | None
    serial_ids: tuple[UUID | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Why something moves: ``kind`` in the history, document, reason, and the key that makes it happen once."""

    kind: str
    key: str
    document: str = ""
    reason: str = ""


def transfer(  # noqa: PLR0913 - what, from where, to where, once
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    to_id: UUID,
    document: str,
    key: str,
    now: datetime,
) -> bool:
    """Carry stock to another place, as it is: put it away into a bin, or bring it to another node.

    Args:
        connection: Open transaction.
        actor: Who does it.
        take: What, from where.
        to_id: The node, zone or bin it goes to.
        document: What it is done for, or empty.
        key: Idempotency key; the same key again changes nothing.
        now: Instant.

    Returns:
        Whether the deed is new.

    Raises:
        BadQuantity: The quantity is below 1.
        UnknownProduct: The product is not in the books.
        UnknownLocation: One of the places is not in the books, or is a virtual place.
        UnknownLot: The product has no such lot.
        UnknownSerial: A serial number is not known.
        SerialUsed: A serial number is not there to be taken.
        SerialsDiffer: There is not one serial number for every piece.
        WrongPlace: It would go where it is.
        WrongOwner: What lies there is another owner's.
        NotEnoughStock: Less lies there; nothing has changed.
    """
    if take.place_id == to_id:
        raise WrongPlace("The goods are there already.", expected="", scanned="")
    skus = locked_products(connection, org_id=actor.org_id, product_ids={take.product_id})
    stock_places(connection, org_id=actor.org_id, location_ids={to_id})
    deed = Deed(kind="transfer", key=key, document=document)
    if is_posted(connection, org_id=actor.org_id, key=key):
        return False
    taken = find_taken(connection, org_id=actor.org_id, take=take, sku=skus[take.product_id])
    post_taken(connection, actor=actor, take=take, taken=taken, to=(to_id, take.status), deed=deed, now=now)
    return True


def change_status(  # noqa: PLR0913 - what, into which status, why, once
    connection: Connection, *, actor: Actor, take: Take, status: str, reason: str, key: str, now: datetime
) -> bool:
    """Move stock at its place into another status; returns whether the deed is new.

    Stock that is in that status already is left as it is.

    Raises:
        UnknownStatus: There is no such status.
        ReasonNeeded: No reason is given.
        NotEnoughStock: Less lies there; and every refusal of ``transfer``.
    """
    check_status(status)
    reason = check_reason(reason)
    skus = locked_products(connection, org_id=actor.org_id, product_ids={take.product_id})
    if is_posted(connection, org_id=actor.org_id, key=key):
        return False
    taken = find_taken(connection, org_id=actor.org_id, take=take, sku=skus[take.product_id])
    if status != take.status:
        deed = Deed(kind="status", key=key, reason=reason)
        to = (take.place_id, status)
        post_taken(connection, actor=actor, take=take, taken=taken, to=to, deed=deed, now=now)
    return True


def scrap(  # noqa: PLR0913 - what, why, for what, once
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    reason: str,
    document: str,
    key: str,
    now: datetime,
) -> bool:
    """Take stock out of the books for good; returns whether the deed is new.

    Raises:
        ReasonNeeded: No reason is given.
        NotEnoughStock: Less lies there; and every refusal of ``transfer``.
    """
    deed = Deed(kind="scrap", key=key, document=document, reason=check_reason(reason))
    skus = locked_products(connection, org_id=actor.org_id, product_ids={take.product_id})
    if is_posted(connection, org_id=actor.org_id, key=key):
        return False
    taken = find_taken(connection, org_id=actor.org_id, take=take, sku=skus[take.product_id])
    place = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["scrap"]
    post_taken(connection, actor=actor, take=take, taken=taken, to=(place, take.status), deed=deed, now=now)
    return True


def change_lot_status(  # noqa: PLR0913 - which lot, into which status, why, once
    connection: Connection,
    *,
    actor: Actor,
    product_id: UUID,
    lot_code: str,
    status: str,
    reason: str,
    key: str,
    now: datetime,
) -> int:
    """Hold or free a whole lot, wherever and whoever's it is; returns the quanta that changed their status.

    More of the lot that arrives later arrives in that status. The same key again changes nothing.

    Raises:
        UnknownStatus: There is no such status.
        ReasonNeeded: No reason is given.
        UnknownProduct: The product is not in the books.
        UnknownLot: The product has no such lot.
    """
    check_status(status)
    reason = check_reason(reason)
    skus = locked_products(connection, org_id=actor.org_id, product_ids={product_id})
    lot = _lot(connection, actor.org_id, product_id, lot_code, skus[product_id])
    if is_posted(connection, org_id=actor.org_id, key=f"{key}#1"):
        return 0
    connection.execute(
        text("UPDATE lot SET status = :status WHERE org_id = :org AND id = :lot"),
        {"org": actor.org_id, "lot": lot.lot_id, "status": status},
    )
    rows = connection.execute(
        text("""
            SELECT b.location_id, b.status, b.owner_id, s.id AS serial_id,
                   CASE WHEN s.id IS NULL THEN b.on_hand ELSE 1 END AS quantity
            FROM stock_balance b
            LEFT JOIN serial s ON s.org_id = b.org_id AND s.lot_id = b.lot_id AND s.location_id = b.location_id
                              AND s.status = b.status AND s.owner_id = b.owner_id
            WHERE b.org_id = :org AND b.product_id = :product AND b.lot_id = :lot AND b.on_hand > 0
              AND b.status <> :status
            ORDER BY b.location_id, b.status, b.owner_id, s.code
        """),
        {"org": actor.org_id, "product": product_id, "lot": lot.lot_id, "status": status},
    ).all()
    moves = [
        Move(
            product_id=product_id,
            lot_id=lot.lot_id,
            from_id=row.location_id,
            to_id=row.location_id,
            quantity=row.quantity,
            kind="status",
            reason=reason,
            key=f"{key}#{number}",
            from_status=row.status,
            to_status=status,
            owner_id=row.owner_id,
            serial_id=row.serial_id,
        )
        for number, row in enumerate(rows, start=1)
    ]
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    if status != "available":
        tell_fallen(connection, actor.org_id, {(product_id, row.location_id) for row in rows}, now)
    return sum(row.quantity for row in rows)


def reverse_move(connection: Connection, *, actor: Actor, move_id: UUID, reason: str, now: datetime) -> UUID:
    """Take one move back by a move the other way that names it; returns the id of the new move.

    Taking a move back twice at the same time: the second waits for the first and is refused.

    Args:
        connection: Open transaction.
        actor: Who does it.
        move_id: The move.
        reason: Why.
        now: Instant.

    Raises:
        ReasonNeeded: No reason is given.
        UnknownMove: There is no such move.
        AlreadyReversed: It was taken back before, or is itself a taking back.
        NotEnoughStock: What it brought is no longer where it brought it.
        SerialUsed: Its serial number is no longer where it brought it.
    """
    reason = check_reason(reason)
    question = text("""
        SELECT m.*, p.sku, s.code AS serial, r.id AS reversed_by
        FROM stock_move m JOIN product p ON p.org_id = m.org_id AND p.id = m.product_id
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
    key = f"reverse:{move_id}"
    _check_there(connection, actor.org_id, row.to_location_id, row, row.to_status)
    if row.serial_id is not None:
        _check_serial_there(
            connection, actor.org_id, row.serial_id, row.serial, (row.to_location_id, row.to_status)
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
        owner_id=row.owner_id,
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


def find_taken(connection: Connection, *, org_id: UUID, take: Take, sku: str) -> Taken:
    """Return what is to be taken, once it is certain that it lies there; the product is locked.

    Raises:
        BadQuantity: The quantity is below 1.
        UnknownStatus: There is no such status.
        UnknownLocation: The place is not in the books, or is a virtual place.
        UnknownLot: The product has no such lot.
        UnknownSerial: A serial number is not known.
        SerialUsed: A serial number is not there to be taken.
        SerialsDiffer: There is not one serial number for every piece.
        WrongOwner: What lies there is another owner's.
        NotEnoughStock: Less lies there.
    """
    check_positive(take.quantity, what=f"a move of {sku}")
    check_status(take.status)
    places = stock_places(connection, org_id=org_id, location_ids={take.place_id})
    lot = _lot(connection, org_id, take.product_id, take.lot_code, sku)
    check_given(
        connection,
        org_id=org_id,
        product_id=take.product_id,
        sku=sku,
        quantity=take.quantity,
        codes=take.serials,
    )
    serial_ids = tuple(_serial(connection, org_id, take, lot.lot_id, code) for code in take.serials)
    held = {
        row.owner_id: row.on_hand
        for row in connection.execute(
            text(
                "SELECT owner_id, on_hand FROM stock_balance WHERE org_id = :org AND product_id = :product"
                " AND location_id = :place AND lot_id = :lot AND status = :status AND on_hand > 0"
            ),
            {
                "org": org_id,
                "product": take.product_id,
                "place": take.place_id,
                "lot": lot.lot_id,
                "status": take.status,
            },
        )
    }
    place = places[take.place_id]
    if held and take.owner_id not in held:
        raise WrongOwner(f"What lies in {place} of {sku} belongs to another owner.", sku=sku, place=place)
    if held.get(take.owner_id, 0) < take.quantity:
        raise not_enough(sku, place, held=held.get(take.owner_id, 0), asked=take.quantity)
    return Taken(lot.lot_id, lot.expires_on, serial_ids or (None,))


def post_taken(  # noqa: PLR0913 - what, to where, why
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    taken: Taken,
    to: tuple[UUID, str],
    deed: Deed,
    now: datetime,
) -> None:
    """Post the moves of what was found to take, one for every serial number, and tell if stock went down.

    Args:
        connection: Open transaction.
        actor: Who does it.
        take: What, from where.
        taken: From ``find_taken``.
        to: Place and status it arrives in.
        deed: Why.
        now: Instant.
    """
    place_id, status = to
    moves = [
        Move(
            product_id=take.product_id,
            lot_id=taken.lot_id,
            from_id=take.place_id,
            to_id=place_id,
            quantity=take.quantity if serial_id is None else 1,
            kind=deed.kind,
            document=deed.document,
            reason=deed.reason,
            key=deed.key if number == 1 else f"{deed.key}#{number}",
            from_status=take.status,
            to_status=status,
            owner_id=take.owner_id,
            serial_id=serial_id,
        )
        for number, serial_id in enumerate(taken.serial_ids, start=1)
    ]
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    stays_at = place_id if status == take.status else None
    tell_fallen(connection, actor.org_id, {(take.product_id, take.place_id)}, now, stays_at=stays_at)


def not_enough(sku: str, place: str, *, held: int, asked: int) -> NotEnoughStock:
    """Return the refusal of taking more than is there."""
    return NotEnoughStock(
        f"{place} holds {held} of {sku}, {asked} were asked for.", sku=sku, place=place, held=held, asked=asked
    )


@dataclass(frozen=True, slots=True)
class _Lot:
    lot_id: UUID
    expires_on: date | None


def _lot(connection: Connection, org_id: UUID, product_id: UUID, code: str, sku: str) -> _Lot:
    row = connection.execute(
        text("SELECT id, expires_on FROM lot WHERE org_id = :org AND product_id = :product AND code = :code"),
        {"org": org_id, "product": product_id, "code": code},
    ).first()
    if row is None:
        raise UnknownLot(f"{sku} has no lot {code}.", sku=sku, lot=code)
    return _Lot(row.id, row.expires_on)


def _serial(connection: Connection, org_id: UUID, take: Take, lot_id: UUID, code: str) -> UUID:
    row = connection.execute(
        text("SELECT id, lot_id FROM serial WHERE org_id = :org AND product_id = :product AND code = :code"),
        {"org": org_id, "product": take.product_id, "code": code},
    ).first()
    if row is None:
        raise UnknownSerial(f"No serial number {code} is known.", serial=code)
    if row.lot_id != lot_id:
        raise UnknownSerial(f"Serial number {code} is not of lot {take.lot_code}.", serial=code)
    _check_serial_there(connection, org_id, row.id, code, (take.place_id, take.status))
    return UUID(str(row.id))


def _check_serial_there(
    connection: Connection, org_id: UUID, serial_id: UUID, code: str, at: tuple[UUID, str]
) -> None:
    row = connection.execute(
        text("SELECT location_id, status, state FROM serial WHERE org_id = :org AND id = :id"),
        {"org": org_id, "id": serial_id},
    ).one()
    if (row.location_id, row.status) != at:
        raise SerialUsed(f"Serial number {code} is {row.state}, not there.", serial=code, state=row.state)


def _check_there(connection: Connection, org_id: UUID, place_id: UUID, row: Row[Any], status: str) -> None:
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
            "place": place_id,
            "real": list(REAL_KINDS),
            "product": row.product_id,
            "lot": row.lot_id,
            "status": status,
            "owner": row.owner_id,
        },
    ).one()
    if place.is_real and place.held < row.quantity:
        raise not_enough(row.sku, place.code, held=int(place.held), asked=row.quantity)
