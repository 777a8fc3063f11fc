"""Receipts: announced, shipped, taken in, written off; and the goods in transit that follow them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import (
    BadQuantity,
    ExpectedDraft,
    OverReceived,
    UnknownReceipt,
    check_positive,
)
from portal.inventory.service.books import ensure_virtual_locations, locked_products, real_places
from portal.inventory.service.serials import arriving_serials, check_given
from portal.inventory.service.spots import arrival_statuses, place_in_node
from portal.inventory.store import LotKey, Move, ensure_lots, is_posted, lock_products, note_bulk, post_moves
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def expect(  # noqa: PLR0913 - the facts of one announcement
    connection: Connection,
    *,
    actor: Actor,
    product_id: UUID,
    location_id: UUID,
    lot_code: str,
    lot_expires_on: date | None,
    quantity: int,
    due_on: date,
    state: str,
    document: str,
    supplier: str,
    source_key: str,
    now: datetime,
) -> None:
    """Announce one receipt, or change its announcement; see ``expect_receipts``."""
    draft = ExpectedDraft(
        product_id=product_id,
        location_id=location_id,
        lot_code=lot_code,
        lot_expires_on=lot_expires_on,
        quantity=quantity,
        due_on=due_on,
        state=state,
        document=document,
        supplier=supplier,
        source_key=source_key,
    )
    expect_receipts(connection, actor=actor, drafts=[draft], now=now)


def expect_receipts(
    connection: Connection, *, actor: Actor, drafts: Sequence[ExpectedDraft], now: datetime
) -> None:
    """Announce receipts; those that are shipped go in transit.

    The same ``source_key`` again changes quantity, day, lot or state; what is shipped does not become merely
    confirmed again, and what is closed stays as it is. The goods in transit follow in the same transaction.

    Raises:
        BadQuantity: A quantity is below 1, or below what has already arrived under its announcement.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
    """
    by_key = {draft.source_key: draft for draft in drafts}
    for draft in by_key.values():
        check_positive(draft.quantity, what=f"the receipt {draft.document or draft.source_key}")
    locked_products(connection, org_id=actor.org_id, product_ids={draft.product_id for draft in by_key.values()})
    real_places(connection, org_id=actor.org_id, location_ids={draft.location_id for draft in by_key.values()})
    known = _expected(connection, actor.org_id, list(by_key))
    open_drafts = [
        d for d in by_key.values() if d.source_key not in known or known[d.source_key].state != "closed"
    ]
    moves = _transit_moves(connection, actor, open_drafts, known, now)
    _save_expected(connection, actor.org_id, open_drafts, now)
    note_bulk(connection, rows=len(open_drafts), tables=("expected_receipt",))
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)


def receive(  # noqa: PLR0913 - what arrived, under which announcement, once
    connection: Connection,
    *,
    actor: Actor,
    source_key: str,
    quantity: int,
    lot_code: str,
    lot_made_on: date | None,
    lot_expires_on: date | None,
    key: str,
    now: datetime,
    serials: Sequence[str] = (),
    place_id: UUID | None = None,
) -> int:
    """Take an announced receipt in; returns the quanta still expected, 0 when it is closed.

    Shipped goods move from in transit to the node. Goods that were only confirmed, or come in another lot than the
    one announced, move from the supplier's place; what was in transit under the other lot is taken back.

    Args:
        connection: Open transaction.
        actor: Who does it.
        source_key: The announcement.
        quantity: Quanta that arrived, 1 or more.
        lot_code: Lot on the goods; empty for a product that is not tracked.
        lot_made_on: Day the lot was made, if known.
        lot_expires_on: Last day of use of the lot, if known.
        key: Idempotency key; the same key again changes nothing.
        now: Instant, in the company's zone.
        serials: One serial number for every piece of a product that is tracked by them.
        place_id: The bin it is put away in at once; else it lies at the node.

    Raises:
        BadQuantity: The quantity is below 1.
        UnknownReceipt: Nothing was announced under that key.
        UnknownLocation: The bin is not one of the node the goods are meant for.
        SerialsDiffer: There is not one serial number for every piece.
        SerialUsed: A serial number is in stock, or has left, already.
        OverReceived: More than is still expected; both figures are told and nothing has changed.
    """
    check_positive(quantity, what="a receipt")
    row = _lock_expected(connection, actor.org_id, source_key)
    outstanding = int(row.quantity - row.received - row.written_off)
    if is_posted(connection, org_id=actor.org_id, key=key):
        return outstanding if row.state != "closed" else 0
    if row.state == "closed":
        outstanding = 0
    if quantity > outstanding:
        raise OverReceived(
            f"{quantity} arrived under {row.document}, {outstanding} were still expected.",
            document=row.document,
            arrived=quantity,
            expected=outstanding,
        )
    lots = ensure_lots(
        connection,
        org_id=actor.org_id,
        lots=[LotKey(row.product_id, row.lot_code), LotKey(row.product_id, lot_code, lot_made_on, lot_expires_on)],
        now=now,
    )
    virtual = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)
    announced, arrived = lots[row.product_id, row.lot_code], lots[row.product_id, lot_code]
    as_shipped = row.state == "shipped" and announced == arrived
    from_id = virtual["in_transit" if as_shipped else "supplier"]
    to_id = place_in_node(connection, org_id=actor.org_id, node_id=row.location_id, place_id=place_id)
    status = arrival_statuses(connection, org_id=actor.org_id, lot_ids=[arrived])[arrived]
    sku = locked_products(connection, org_id=actor.org_id, product_ids={row.product_id})[row.product_id]
    check_given(
        connection, org_id=actor.org_id, product_id=row.product_id, sku=sku, quantity=quantity, codes=serials
    )
    serial_ids: Sequence[UUID | None] = [None]
    if serials:
        serial_ids = arriving_serials(
            connection,
            org_id=actor.org_id,
            product_id=row.product_id,
            lot_id=arrived,
            codes=serials,
            from_id=from_id,
            now=now,
        )
    moves = [
        Move(
            product_id=row.product_id,
            lot_id=arrived,
            from_id=from_id,
            to_id=to_id,
            quantity=quantity if serial_id is None else 1,
            kind="receive",
            document=row.document,
            key=key if number == 1 else f"{key}#{number}",
            to_status=status,
            serial_id=serial_id,
        )
        for number, serial_id in enumerate(serial_ids, start=1)
    ]
    if row.state == "shipped" and not as_shipped:
        moves.append(
            Move(
                product_id=row.product_id,
                lot_id=announced,
                from_id=virtual["in_transit"],
                to_id=virtual["supplier"],
                quantity=quantity,
                kind="correct",
                document=row.document,
                reason=f"Arrived as lot {lot_code}",
                key=f"{key}#lot",
            )
        )
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    return _count_received(connection, actor.org_id, source_key, quantity)


def write_off_expected(
    connection: Connection, *, actor: Actor, source_key: str, reason: str, now: datetime
) -> None:
    """Expect nothing more under an announcement: it was cancelled, or the rest was lost on the way.

    What is in transit goes to scrap. An announcement that is closed already stays as it is.

    Raises:
        UnknownReceipt: Nothing was announced under that key.
    """
    row = _lock_expected(connection, actor.org_id, source_key)
    outstanding = int(row.quantity - row.received - row.written_off)
    if row.state == "closed":
        return
    if row.state == "shipped" and outstanding:
        virtual = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)
        lots = ensure_lots(connection, org_id=actor.org_id, lots=[LotKey(row.product_id, row.lot_code)], now=now)
        move = Move(
            product_id=row.product_id,
            lot_id=lots[row.product_id, row.lot_code],
            from_id=virtual["in_transit"],
            to_id=virtual["scrap"],
            quantity=outstanding,
            kind="write_off",
            document=row.document,
            reason=reason,
            key=f"write-off:{source_key}",
        )
        post_moves(connection, org_id=actor.org_id, moves=[move], actor=actor.label, now=now)
    connection.execute(
        text(
            "UPDATE expected_receipt SET written_off = written_off + :rest, state = 'closed'"
            " WHERE org_id = :org AND source_key = :key"
        ),
        {"org": actor.org_id, "key": source_key, "rest": outstanding},
    )


def _expected(connection: Connection, org_id: UUID, keys: Sequence[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(
        text("""
            SELECT source_key, product_id, location_id, lot_code, quantity, received, written_off, state, document
            FROM expected_receipt
            WHERE org_id = :org AND source_key = ANY(CAST(:keys AS text[]))
        """),
        {"org": org_id, "keys": list(keys)},
    )
    return {row.source_key: row for row in rows}


def _lock_expected(connection: Connection, org_id: UUID, source_key: str) -> Row[Any]:
    row = _expected(connection, org_id, [source_key]).get(source_key)
    if row is None:
        raise UnknownReceipt(f"No receipt is announced as {source_key}.", source_key=source_key)
    lock_products(connection, org_id=org_id, product_ids=[row.product_id])
    return _expected(connection, org_id, [source_key])[source_key]


def _transit_moves(
    connection: Connection,
    actor: Actor,
    drafts: Sequence[ExpectedDraft],
    known: Mapping[str, Row[Any]],
    now: datetime,
) -> list[Move]:
    changes: dict[tuple[str, UUID, str], int] = {}
    documents = {}
    for draft in drafts:
        row = known.get(draft.source_key)
        gone = int(row.received + row.written_off) if row else 0
        if draft.quantity < gone:
            raise BadQuantity(
                f"{gone} of {draft.document} have arrived already, more than {draft.quantity}.",
                what=draft.document,
                quantity=draft.quantity,
            )
        documents[draft.source_key] = draft.document
        was_shipped = row is not None and row.state == "shipped"
        if row is not None and was_shipped:
            key = (draft.source_key, row.product_id, row.lot_code)
            changes[key] = changes.get(key, 0) - int(row.quantity - gone)
        if was_shipped or draft.state == "shipped":
            key = (draft.source_key, draft.product_id, draft.lot_code)
            changes[key] = changes.get(key, 0) + draft.quantity - gone
    changes = {key: change for key, change in changes.items() if change}
    if not changes:
        return []
    expiries = {(d.product_id, d.lot_code): d.lot_expires_on for d in drafts}
    names = {(product_id, code) for _, product_id, code in changes}
    lots = ensure_lots(
        connection,
        org_id=actor.org_id,
        lots=[LotKey(product_id, code, None, expiries.get((product_id, code))) for product_id, code in names],
        now=now,
    )
    virtual = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)
    return [
        Move(
            product_id=product_id,
            lot_id=lots[product_id, code],
            from_id=virtual["supplier" if change > 0 else "in_transit"],
            to_id=virtual["in_transit" if change > 0 else "supplier"],
            quantity=abs(change),
            kind="ship",
            document=documents[source_key],
            key=f"transit:{source_key}:{new_id(now)}",
        )
        for (source_key, product_id, code), change in changes.items()
    ]


def _save_expected(connection: Connection, org_id: UUID, drafts: Sequence[ExpectedDraft], now: datetime) -> None:
    connection.execute(
        text("""
            INSERT INTO expected_receipt (org_id, id, product_id, location_id, lot_code, lot_expires_on, quantity,
                received, written_off, due_on, state, document, supplier, source_key, created_at)
            SELECT :org, u.id, u.product_id, u.location_id, u.lot_code, u.expires, u.quantity,
                0, 0, u.due_on, u.state, u.document, u.supplier, u.source_key, :now
            FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:places AS uuid[]),
                        CAST(:lots AS text[]), CAST(:expires AS date[]), CAST(:quantities AS bigint[]),
                        CAST(:dues AS date[]), CAST(:states AS text[]), CAST(:documents AS text[]),
                        CAST(:suppliers AS text[]), CAST(:keys AS text[]))
                 AS u (id, product_id, location_id, lot_code, expires, quantity, due_on, state, document,
                       supplier, source_key)
            ON CONFLICT (org_id, source_key) DO UPDATE
            SET product_id = EXCLUDED.product_id, location_id = EXCLUDED.location_id,
                lot_code = EXCLUDED.lot_code, lot_expires_on = EXCLUDED.lot_expires_on,
                quantity = EXCLUDED.quantity, due_on = EXCLUDED.due_on, document = EXCLUDED.document,
                supplier = EXCLUDED.supplier,
                state = CASE WHEN expected_receipt.state = 'shipped' THEN 'shipped' ELSE EXCLUDED.state END
        """),
        {
            "org": org_id,
            "now": now,
            "ids": [new_id(now) for _ in drafts],
            "products": [draft.product_id for draft in drafts],
            "places": [draft.location_id for draft in drafts],
            "lots": [draft.lot_code for draft in drafts],
            "expires": [draft.lot_expires_on for draft in drafts],
            "quantities": [draft.quantity for draft in drafts],
            "dues": [draft.due_on for draft in drafts],
            "states": [draft.state for draft in drafts],
            "documents": [draft.document for draft in drafts],
            "suppliers": [draft.supplier for draft in drafts],
            "keys": [draft.source_key for draft in drafts],
        },
    )


def _count_received(connection: Connection, org_id: UUID, source_key: str, quantity: int) -> int:
    rest = connection.execute(
        text("""
            UPDATE expected_receipt
            SET received = received + :quantity,
                state = CASE WHEN quantity - received - written_off = :quantity THEN 'closed' ELSE state END
            WHERE org_id = :org AND source_key = :key
            RETURNING quantity - received - written_off
        """),
        {"org": org_id, "key": source_key, "quantity": quantity},
    )
    return int(rest.scalar_one())
