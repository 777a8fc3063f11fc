"""Stock that is booked, counted and issued."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import BadQuantity, LotStock, StockLine, check_positive, take_first_expired
from portal.inventory.places import OWN, check_not_withheld, check_serials, count_corrections
from portal.inventory.service.books import ensure_virtual_locations, locked_products, real_places
from portal.inventory.service.serials import arriving_serials, check_given, leaving_serials
from portal.inventory.service.spots import arrival_statuses, held_spots, stock_places, tell_fallen
from portal.inventory.store import LotKey, Move, ensure_lots, is_posted, post_moves
from portal.kernel.actor import Actor


def book_stock(
    connection: Connection,
    *,
    actor: Actor,
    lines: Sequence[StockLine],
    document: str,
    key_prefix: str,
    now: datetime,
) -> int:
    """Add opening stock: one move per product, place, lot, owner and serial number; returns how many were new.

    The moves come out of the adjustment place. Lines of the same product, place, lot and owner are added up; lines
    of zero are left out. The same ``key_prefix`` again changes nothing.

    Raises:
        SerialsDiffer: There is not one serial number for every piece of a product tracked by them.
        SerialUsed: A serial number is in stock, or has left, already.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
    """
    wanted = _summed(lines)
    ids = _prepare(connection, actor=actor, lines=wanted, now=now)
    for line, sku, tracking in _tracked(connection, actor.org_id, wanted):
        check_serials(line.serials, line.quantity, tracking=tracking, sku=sku)
    adjustment = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["adjustment"]
    arriving = arrival_statuses(connection, org_id=actor.org_id, lot_ids=ids.values())
    moves = []
    for line in wanted:
        lot_id = ids[line.product_id, line.lot_code]
        key = _line_key(key_prefix, line)
        serial_ids: Sequence[UUID | None] = [None] if line.quantity else []
        if line.serials:
            if is_posted(connection, org_id=actor.org_id, key=key):
                continue
            serial_ids = arriving_serials(
                connection,
                org_id=actor.org_id,
                product_id=line.product_id,
                lot_id=lot_id,
                codes=line.serials,
                from_id=adjustment,
                owner_id=line.owner_id,
                now=now,
            )
        moves += [
            Move(
                product_id=line.product_id,
                lot_id=lot_id,
                from_id=adjustment,
                to_id=line.location_id,
                quantity=line.quantity if serial_id is None else 1,
                kind="opening",
                document=document,
                key=key if number == 1 else f"{key}#{number}",
                to_status=arriving[lot_id],
                owner_id=line.owner_id,
                serial_id=serial_id,
            )
            for number, serial_id in enumerate(serial_ids, start=1)
        ]
    return len(post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now))


def set_stock(
    connection: Connection,
    *,
    actor: Actor,
    lines: Sequence[StockLine],
    document: str,
    key_prefix: str,
    now: datetime,
) -> int:
    """Bring balances to what was counted, by one correcting move each; returns how many differed.

    A count of a node is a count of all its bins: what is missing is added at the node, what is too much is taken
    off there first, then bin by bin, usable stock before held stock. Consignment stock is not counted with ours.

    The node's feed counts as fresh from now on. What already agrees is not touched, so the same count twice
    changes nothing the second time. ``key_prefix`` names the count (a file's hash); it is applied once.

    Raises:
        SerialsDiffer: A product tracked by serial number would change; a figure does not say which piece.
        UnknownProduct: A product is not in the books.
        UnknownLocation: A node is not in the books, or is a virtual place.
    """
    wanted = _summed(lines)
    ids = _prepare(connection, actor=actor, lines=wanted, now=now)
    adjustment = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["adjustment"]
    arriving = arrival_statuses(connection, org_id=actor.org_id, lot_ids=ids.values())
    by_serial = {
        line.product_id: sku
        for line, sku, tracking in _tracked(connection, actor.org_id, wanted)
        if tracking == "serial"
    }
    held = held_spots(connection, org_id=actor.org_id, product_ids={line.product_id for line in wanted})
    moves = []
    for line in wanted:
        lot_id = ids[line.product_id, line.lot_code]
        spots = [
            spot
            for spot in held
            if (spot.product_id, spot.lot_id) == (line.product_id, lot_id) and spot.lies_in(line.location_id)
        ]
        corrections = count_corrections(spots, line.quantity, place_id=line.location_id, status=arriving[lot_id])
        if corrections and line.product_id in by_serial:
            check_serials((), 1, tracking="serial", sku=by_serial[line.product_id])
        key = _line_key(key_prefix, line)
        moves += [
            Move(
                product_id=line.product_id,
                lot_id=lot_id,
                from_id=adjustment if change.quantity > 0 else change.place_id,
                to_id=change.place_id if change.quantity > 0 else adjustment,
                quantity=abs(change.quantity),
                kind="count",
                document=document,
                key=key if number == 1 else f"{key}#{number}",
                from_status=change.status,
                to_status=change.status,
            )
            for number, change in enumerate(corrections, start=1)
        ]
    posted = post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    _note_feed(connection, actor.org_id, {line.location_id for line in wanted}, now)
    fallen = {(m.product_id, m.from_id) for m in moves if m.key in posted and m.from_id != adjustment}
    tell_fallen(connection, actor.org_id, fallen, now)
    return len(posted)


def issue_stock(  # noqa: PLR0913 - what leaves, from where, for what, once
    connection: Connection,
    *,
    actor: Actor,
    product_id: UUID,
    location_id: UUID,
    quantity: int,
    document: str,
    key: str,
    now: datetime,
    serials: Sequence[str] = (),
) -> None:
    """Let stock leave a node for a customer, first expired first out; blocked and expired lots stay.

    It leaves whatever bins of the node hold it. Of a product tracked by serial number the numbers say which.

    Args:
        connection: Open transaction.
        actor: Who does it.
        product_id: The product.
        location_id: The node it leaves.
        quantity: Quanta, 1 or more.
        document: What it leaves for.
        key: Idempotency key; the same key again changes nothing.
        now: Instant, in the company's zone.
        serials: One serial number for every piece of a product that is tracked by them.

    Raises:
        BadQuantity: The quantity is below 1.
        UnknownProduct: The product is not in the books.
        UnknownLocation: The node is not in the books, or is a virtual place.
        SerialsDiffer: There is not one serial number for every piece.
        UnknownSerial: A serial number is not known, or is a supplier's.
        SerialUsed: A serial number has left already, or is at another node.
        LotHeld: A serial number is in quarantine or blocked.
        LotExpired: The lot of a serial number is past its last day.
        LotWithheld: The papers of a serial number's lot do not hold, or of the lot that lies there.
        NotEnoughStock: The node holds less usable stock; both figures are told and nothing has changed.
    """
    check_positive(quantity, what="an issue")
    skus = locked_products(connection, org_id=actor.org_id, product_ids={product_id})
    places = real_places(connection, org_id=actor.org_id, location_ids={location_id})
    if is_posted(connection, org_id=actor.org_id, key=key):
        return
    check_given(
        connection,
        org_id=actor.org_id,
        product_id=product_id,
        sku=skus[product_id],
        quantity=quantity,
        codes=serials,
    )
    if serials:
        pieces = leaving_serials(
            connection,
            org_id=actor.org_id,
            product_id=product_id,
            node_id=location_id,
            codes=serials,
            today=now.date(),
        )
        parts: list[tuple[UUID, UUID, int, UUID | None]] = [
            (piece.lot_id, piece.place_id, 1, piece.id) for piece in pieces
        ]
    else:
        lots = _usable_lots(connection, actor.org_id, product_id, location_id, now.date())
        if sum(lot.quantity for lot in lots) < quantity:
            _check_papers(connection, actor.org_id, product_id, location_id)
        taken = take_first_expired(lots, quantity, sku=skus[product_id], place=places[location_id])
        parts = [(part.lot_id, part.place_id or location_id, part.quantity, None) for part in taken]
    customer = ensure_virtual_locations(connection, org_id=actor.org_id, now=now)["customer"]
    moves = [
        Move(
            product_id=product_id,
            lot_id=lot_id,
            from_id=place_id,
            to_id=customer,
            quantity=part,
            kind="issue",
            document=document,
            key=key if number == 1 else f"{key}#{number}",
            serial_id=serial_id,
        )
        for number, (lot_id, place_id, part, serial_id) in enumerate(parts, start=1)
    ]
    post_moves(connection, org_id=actor.org_id, moves=moves, actor=actor.label, now=now)
    tell_fallen(connection, actor.org_id, {(product_id, location_id)}, now)


def _summed(lines: Iterable[StockLine]) -> list[StockLine]:
    found: dict[tuple[UUID, UUID, str, UUID], StockLine] = {}
    for line in lines:
        if line.quantity < 0:
            raise BadQuantity(
                f"A stock of {line.quantity} cannot be booked.", what="a stock line", quantity=line.quantity
            )
        key = (line.product_id, line.location_id, line.lot_code, line.owner_id)
        before = found.get(key)
        if before:
            together = line.quantity + before.quantity
            line = replace(line, quantity=together, serials=before.serials + line.serials)  # noqa: PLW2901 - summed
        found[key] = line
    return list(found.values())


def _line_key(prefix: str, line: StockLine) -> str:
    key = f"{prefix}:{line.product_id}:{line.location_id}:{line.lot_code}"
    return key if line.owner_id == OWN else f"{key}:{line.owner_id}"


def _tracked(connection: Connection, org_id: UUID, lines: Sequence[StockLine]) -> list[tuple[StockLine, str, str]]:
    rows = connection.execute(
        text("SELECT id, sku, tracking FROM product WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"),
        {"org": org_id, "ids": list({line.product_id for line in lines})},
    )
    known = {row.id: row for row in rows}
    return [(line, known[line.product_id].sku, known[line.product_id].tracking) for line in lines]


def _prepare(
    connection: Connection, *, actor: Actor, lines: Sequence[StockLine], now: datetime
) -> dict[tuple[UUID, str], UUID]:
    locked_products(connection, org_id=actor.org_id, product_ids={line.product_id for line in lines})
    stock_places(connection, org_id=actor.org_id, location_ids={line.location_id for line in lines})
    lots = [LotKey(line.product_id, line.lot_code, line.made_on, line.expires_on) for line in lines]
    return ensure_lots(connection, org_id=actor.org_id, lots=lots, now=now)


def _note_feed(connection: Connection, org_id: UUID, location_ids: set[UUID], now: datetime) -> None:
    connection.execute(
        text(
            "UPDATE location SET fed_at = :now WHERE org_id = :org AND kind <> 'own' AND level = 'node'"
            " AND id IN (SELECT node_id FROM location WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[])))"
        ),
        {"org": org_id, "ids": list(location_ids), "now": now},
    )


def _check_papers(connection: Connection, org_id: UUID, product_id: UUID, location_id: UUID) -> None:
    """Say why stock that lies there may not leave, where its papers are the cause of there being too little."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT l.code, l.withheld FROM stock_balance b
            JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id
            WHERE b.org_id = :org AND b.product_id = :product AND b.node_id = :place AND b.on_hand > 0
              AND b.status = 'withheld' AND b.owner_id = :own AND l.withheld IS NOT NULL
            ORDER BY l.code
        """),
        {"org": org_id, "product": product_id, "place": location_id, "own": OWN},
    )
    for row in rows:
        check_not_withheld(row.code, row.withheld)


def _usable_lots(
    connection: Connection, org_id: UUID, product_id: UUID, location_id: UUID, today: date
) -> list[LotStock]:
    rows = connection.execute(
        text("""
            SELECT b.lot_id, b.on_hand, b.location_id FROM stock_balance b
            JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id
            JOIN location n ON n.org_id = b.org_id AND n.id = b.location_id
            WHERE b.org_id = :org AND b.product_id = :product AND b.node_id = :place AND b.on_hand > 0
              AND b.status = 'available' AND b.owner_id = :own
              AND (l.expires_on IS NULL OR l.expires_on >= :today)
            ORDER BY l.expires_on NULLS LAST, l.code, n.code
        """),
        {"org": org_id, "product": product_id, "place": location_id, "today": today, "own": OWN},
    )
    return [LotStock(row.lot_id, row.on_hand, row.location_id) for row in rows]
