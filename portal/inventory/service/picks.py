"""Picking: what was scanned leaves its bin for the customer, when it is what should leave."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.picking import PickTask, check_goods, check_place
from portal.inventory.places import AVAILABLE, OWN, Take, UnknownDocument, check_not_withheld
from portal.inventory.reads.picks import pick_lines
from portal.inventory.service.books import ensure_virtual_locations, locked_products
from portal.inventory.service.guarding import At
from portal.inventory.service.promises import PICK
from portal.inventory.service.taking import Deed, find_taken, not_enough, post_taken
from portal.inventory.store import is_posted
from portal.kernel.actor import Actor
from portal.kernel.gs1 import Scan


def pick(  # noqa: PLR0913 - for what, what was scanned where, how much, once
    connection: Connection,
    *,
    actor: Actor,
    document: str,
    allocation_id: UUID,
    place: Scan,
    goods: Scan,
    quantity: int,
    key: str,
    now: datetime,
) -> bool:
    """Take scanned goods from a scanned place for an open promise; returns whether the deed is new.

    What is taken leaves the promise as well; when nothing of it is left, it is shipped.

    Args:
        connection: Open transaction.
        actor: Who does it.
        document: The order, as people know it.
        allocation_id: The promise of that document.
        place: What was scanned at the place.
        goods: What was scanned off the goods.
        quantity: Quanta, 1 or more, and not more than the suggestion.
        key: Idempotency key within the promise; the same key again changes nothing.
        now: Instant, in the company's zone.

    Raises:
        UnknownDocument: That promise is not open under that document.
        LotWithheld: The papers of the scanned lot do not hold.
        WrongPlace, WrongProduct, WrongLot, SerialsDiffer, LotExpired: The scan is not what should be taken.
        UnknownSerial: The serial number is not known, or is of another lot.
        SerialUsed: The serial number is not there to be taken.
        BadQuantity: The quantity is below 1.
        NotEnoughStock: More than the suggestion, or than lies there.
    """
    found = connection.execute(
        text("SELECT product_id FROM allocation WHERE org_id = :org AND id = :id AND document = :document"),
        {"org": actor.org_id, "id": allocation_id, "document": document},
    ).scalar()
    if found is None:
        raise UnknownDocument(f"Nothing is promised under {document}.", document=document)
    skus = locked_products(connection, org_id=actor.org_id, product_ids={found})
    key = f"{PICK}{allocation_id}:{key}"
    if is_posted(connection, org_id=actor.org_id, key=key):
        return False
    _check_papers(connection, actor.org_id, found, goods)
    task = _task(connection, actor, document, allocation_id, now)
    check_place(task, place)
    serial = check_goods(task, goods, today=now.date())
    if quantity > task.spot.quantity:
        raise not_enough(task.sku, task.spot.place, held=task.spot.quantity, asked=quantity)
    take = Take(
        product_id=task.product_id,
        lot_code=task.spot.lot,
        place_id=task.spot.place_id,
        quantity=quantity,
        serials=(serial,) if serial else (),
    )
    taken = find_taken(connection, org_id=actor.org_id, take=take, sku=skus[task.product_id])
    customer = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["customer"]
    deed = Deed(kind="pick", key=key, document=document)
    post_taken(
        connection, actor=actor, take=take, taken=taken, to=At(customer, AVAILABLE, OWN), deed=deed, now=now
    )
    connection.execute(
        text("""
            UPDATE allocation SET state = CASE WHEN quantity = :taken THEN 'shipped' ELSE state END,
                                  quantity = CASE WHEN quantity = :taken THEN quantity ELSE quantity - :taken END
            WHERE org_id = :org AND id = :id
        """),
        {"org": actor.org_id, "id": allocation_id, "taken": quantity},
    )
    return True


def _check_papers(connection: Connection, org_id: UUID, product_id: UUID, goods: Scan) -> None:
    """Refuse a withheld lot by its reasons, not as merely another lot than the one suggested."""
    rows = connection.execute(
        text(
            "SELECT code, withheld FROM lot WHERE org_id = :org AND product_id = :product"
            " AND code = ANY(CAST(:codes AS text[])) AND withheld IS NOT NULL"
        ),
        {"org": org_id, "product": product_id, "codes": [goods.lot, goods.plain]},
    )
    for row in rows:
        check_not_withheld(row.code, row.withheld)


def _task(connection: Connection, actor: Actor, document: str, allocation_id: UUID, now: datetime) -> PickTask:
    lines = pick_lines(connection, org_id=actor.org_id, document=document, as_of=now)
    tasks = [task for line in lines if line.allocation_id == allocation_id for task in line.tasks]
    if not tasks:
        raise UnknownDocument(f"Nothing is left to take for {document}.", document=document)
    return tasks[0]
