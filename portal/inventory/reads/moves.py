"""The moves of a product or of a lot as people read them back: who, when, why, from where to where, how much."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.places import RECEIPT_KINDS, UnknownMove


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMove:
    """One move.

    Attributes:
        id: Its id.
        seq: Its number; moves of a product happened in this order.
        at: When.
        kind: What sort of deed: opening, count, receive, transfer, status, take_over, issue, pick, scrap, reverse.
        sku: The product's number.
        lot: Lot code; empty for a product that is not tracked.
        serial: The serial number, or empty.
        origin: Code of the place it left.
        origin_kind: Kind of that place.
        target: Code of the place it reached.
        target_kind: Kind of that place.
        from_status: Status it left.
        to_status: Status it reached.
        from_owner: Names (Chinese, English) of the partner whose goods left; empty for our own.
        to_owner: Names of the partner whose they are from then on; empty for our own.
        quantity: Quanta.
        document: What it was done for.
        reason: A sentence, or empty.
        actor: Who did it.
        reversed_by: The move that took it back, if one did.
        reverses: The move that it takes back, if it does.
    """

    id: UUID
    seq: int
    at: datetime
    kind: str
    sku: str
    lot: str
    serial: str
    origin: str
    origin_kind: str
    target: str
    target_kind: str
    from_status: str
    to_status: str
    from_owner: tuple[str, str]
    to_owner: tuple[str, str]
    quantity: int
    document: str
    reason: str
    actor: str
    reversed_by: UUID | None
    reverses: UUID | None

    @property
    def may_be_reversed(self) -> bool:
        """Whether it may still be taken back, as far as it alone decides."""
        return self.reversed_by is None and self.reverses is None and self.kind not in RECEIPT_KINDS


@dataclass(frozen=True, slots=True)
class MovePage:
    """A page of moves, the newest first.

    Attributes:
        rows: The moves.
        older: Where the next page begins: moves below this number; ``None`` on the last page.
    """

    rows: tuple[PostedMove, ...]
    older: int | None


_MOVES = """
    SELECT m.id, m.seq, m.at, m.kind, p.sku, t.code AS lot, COALESCE(s.code, '') AS serial,
           o.code AS origin, o.kind AS origin_kind, g.code AS target, g.kind AS target_kind,
           m.from_status, m.to_status, m.quantity, m.document, m.reason, m.actor,
           COALESCE(f.name_zh, '') AS from_zh, COALESCE(f.name_en, '') AS from_en,
           COALESCE(h.name_zh, '') AS to_zh, COALESCE(h.name_en, '') AS to_en,
           r.id AS reversed_by, m.reverses_id AS reverses
    FROM stock_move m
    JOIN product p ON p.org_id = m.org_id AND p.id = m.product_id
    JOIN lot t ON t.org_id = m.org_id AND t.id = m.lot_id
    JOIN location o ON o.org_id = m.org_id AND o.id = m.from_location_id
    JOIN location g ON g.org_id = m.org_id AND g.id = m.to_location_id
    LEFT JOIN serial s ON s.org_id = m.org_id AND s.id = m.serial_id
    LEFT JOIN partner f ON f.org_id = m.org_id AND f.id = m.from_owner_id
    LEFT JOIN partner h ON h.org_id = m.org_id AND h.id = m.to_owner_id
    LEFT JOIN stock_move r ON r.org_id = m.org_id AND r.reverses_id = m.id
    WHERE m.org_id = :org
"""

_LISTED = f"""
    {_MOVES} AND m.product_id = :product
      AND (CAST(:lot AS text) IS NULL
           OR m.lot_id = (SELECT id FROM lot WHERE org_id = :org AND product_id = :product AND code = :lot))
      AND (CAST(:before AS bigint) IS NULL OR m.seq < :before)
    ORDER BY m.seq DESC LIMIT :most
"""  # noqa: S608 - pieces from code


def posted_moves(
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot: str | None,
    before: int | None,
    most: int,
) -> MovePage:
    """Return the moves of a product, or of one of its lots, the newest first.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        lot: Code of the lot; ``None`` for all.
        before: Only moves below this number, from the page before; ``None`` for the newest.
        most: Moves a page, 1 or more.
    """
    rows = connection.execute(
        text(_LISTED),
        {"org": org_id, "product": product_id, "lot": lot, "before": before, "most": most + 1},
    ).all()
    shown = tuple(_move(row) for row in rows[:most])
    return MovePage(shown, shown[-1].seq if len(rows) > most else None)


def find_move(connection: Connection, *, org_id: UUID, move_id: UUID) -> PostedMove:
    """Return one move.

    Raises:
        UnknownMove: There is no such move.
    """
    row = connection.execute(text(f"{_MOVES} AND m.id = :id"), {"org": org_id, "id": move_id}).first()
    if row is None:
        raise UnknownMove(f"There is no move {move_id}.", move=str(move_id))
    return _move(row)


def _move(row: Row[Any]) -> PostedMove:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return PostedMove(
        from_owner=(values.pop("from_zh"), values.pop("from_en")),
        to_owner=(values.pop("to_zh"), values.pop("to_en")),
        **values,
    )
