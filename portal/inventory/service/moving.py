"""Stock that lies somewhere and goes elsewhere: to another place, status or owner, or to scrap.

Every deed locks its product, is done once by its key, checks what lies there and posts balanced moves.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.places import (
    AVAILABLE,
    OWN,
    OwnedAlready,
    Take,
    WrongPlace,
    check_not_withheld,
    check_reason,
    check_status,
    check_usable,
)
from portal.inventory.service.books import ensure_virtual_locations, locked_products
from portal.inventory.service.guarding import At, check_unpromised, is_done
from portal.inventory.service.spots import stock_places, tell_fallen
from portal.inventory.service.taking import Deed, find_lot, find_taken, post_taken
from portal.inventory.store import Move, is_posted, post_moves
from portal.kernel.actor import Actor


def transfer(  # noqa: PLR0913 - what, from where, to where, once
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    to_id: UUID,
    document: str,
    key: str,
    now: datetime,
    even_promised: bool = False,
) -> bool:
    """Carry stock to another place, as it is: put it away into a bin, or bring it to another node.

    Args:
        connection: Open transaction.
        actor: Who does it.
        take: What, from where.
        to_id: The node, zone or bin it goes to.
        document: What it is done for, or empty.
        key: Idempotency key; the same key again changes nothing.
        now: Instant, in the company's zone.
        even_promised: Take it away from a node even where a promise then lacks stock.

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
        StockPromised: Less of it is free at its node.
        KeyReused: Another deed was done under the key.
    """
    if take.place_id == to_id:
        raise WrongPlace("The goods are there already.", expected="", scanned="")
    stock_places(connection, org_id=actor.org_id, location_ids={to_id})
    deed = Deed(kind="transfer", key=key, document=document, even_promised=even_promised)
    return _carry(connection, actor, take, At(to_id, take.status, take.owner_id), deed, now)


def change_status(  # noqa: PLR0913 - what, into which status, why, once
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    status: str,
    reason: str,
    key: str,
    now: datetime,
    even_promised: bool = False,
) -> bool:
    """Move stock at its place into another status; returns whether the deed is new.

    Stock that is in that status already is left as it is.

    Raises:
        UnknownStatus: There is no such status.
        ReasonNeeded: No reason is given.
        LotExpired: It should become usable past its last day.
        LotWithheld: It should become usable though its papers do not hold.
        NotEnoughStock: Less lies there; and every refusal of ``transfer``.
    """
    check_status(status)
    deed = Deed(kind="status", key=key, reason=check_reason(reason), even_promised=even_promised)
    return _carry(connection, actor, take, At(take.place_id, status, take.owner_id), deed, now)


def scrap(  # noqa: PLR0913 - what, why, for what, once
    connection: Connection,
    *,
    actor: Actor,
    take: Take,
    reason: str,
    document: str,
    key: str,
    now: datetime,
    even_promised: bool = False,
) -> bool:
    """Take stock out of the books for good; returns whether the deed is new.

    Raises:
        ReasonNeeded: No reason is given.
        NotEnoughStock: Less lies there; and every refusal of ``transfer``.
    """
    reason = check_reason(reason)
    deed = Deed(kind="scrap", key=key, document=document, reason=reason, even_promised=even_promised)
    place = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["scrap"]
    return _carry(connection, actor, take, At(place, take.status, take.owner_id), deed, now)


def take_over(connection: Connection, *, actor: Actor, take: Take, document: str, key: str, now: datetime) -> bool:
    """Make consignment stock our own where it lies, in its status; returns whether the deed is new.

    Args:
        connection: Open transaction.
        actor: Who does it.
        take: What, from where, and whose it is so far.
        document: What the owner bills it under.
        key: Idempotency key; the same key again changes nothing.
        now: Instant, in the company's zone.

    Raises:
        OwnedAlready: It is our own.
        LotExpired: Its lot is past its last day.
        NotEnoughStock: Less lies there; and every refusal of ``transfer``.
    """
    if take.owner_id == OWN:
        raise OwnedAlready("Our own goods cannot be taken over.")
    deed = Deed(kind="take_over", key=key, document=document)
    return _carry(connection, actor, take, At(take.place_id, take.status, OWN), deed, now)


def _carry(connection: Connection, actor: Actor, take: Take, to: At, deed: Deed, now: datetime) -> bool:
    skus = locked_products(connection, org_id=actor.org_id, product_ids={take.product_id})
    if is_done(connection, org_id=actor.org_id, key=deed.key, take=take, to=to):
        return False
    sku = skus[take.product_id]
    taken = find_taken(connection, org_id=actor.org_id, take=take, sku=sku)
    left = At(take.place_id, take.status, take.owner_id)
    if left == to:
        return True
    if to.status == AVAILABLE != left.status:
        check_not_withheld(take.lot_code, taken.withheld)
    if to.is_ours_to_promise and not left.is_ours_to_promise:
        check_usable(lot=take.lot_code, status=to.status, expires_on=taken.expires_on, today=now.date())
    if not deed.even_promised:
        check_unpromised(
            connection,
            org_id=actor.org_id,
            product_id=take.product_id,
            sku=sku,
            quantity=take.quantity,
            expires_on=taken.expires_on,
            left=left,
            reached=to,
            now=now,
        )
    post_taken(connection, actor=actor, take=take, taken=taken, to=to, deed=deed, now=now)
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
        LotExpired: It should become usable past its last day.
        LotWithheld: It should become usable though its papers do not hold.
    """
    check_status(status)
    reason = check_reason(reason)
    skus = locked_products(connection, org_id=actor.org_id, product_ids={product_id})
    lot = find_lot(connection, actor.org_id, product_id, lot_code, skus[product_id])
    if status == AVAILABLE:
        check_usable(lot=lot_code, status=status, expires_on=lot.expires_on, today=now.date())
    if is_posted(connection, org_id=actor.org_id, key=f"{key}#1"):
        return 0
    if status == AVAILABLE:
        check_not_withheld(lot_code, lot.withheld)
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
