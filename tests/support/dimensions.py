"""Bins, serial numbers and consignment stock for tests of the dimensions of stock."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from portal.inventory import service
from portal.inventory.model import StockLine
from portal.inventory.places import OWN, Take
from support.stock import ACTOR, NOW, ORG, Stock


def add_bin(stock: Stock, code: str, *, at: UUID | None = None) -> UUID:
    """Add a bin right under a node and return its id."""
    return service.add_place(
        stock.connection,
        actor=ACTOR,
        parent_id=at or stock.main,
        level="bin",
        code=code,
        name_zh=code,
        name_en=code,
        now=NOW,
    )


def line(product_id: UUID, quantity: int, **facts: object) -> StockLine:
    """Return a line of opening stock."""
    return StockLine(product_id=product_id, quantity=quantity, **facts)  # type: ignore[arg-type]


def book(stock: Stock, product_id: UUID, quantity: int, **more: object) -> None:
    """Book opening stock; ``more`` are further facts of the line."""
    facts: dict[str, object] = {"location_id": stock.main, "lot_code": "L1"} | more
    lines = [line(product_id, quantity, **facts)]
    service.book_stock(stock.connection, actor=ACTOR, lines=lines, document="PO-1", key_prefix="b", now=NOW)


def issue(
    stock: Stock,
    product_id: UUID,
    quantity: int,
    *,
    key: str = "i",
    document: str = "SO-7",
    serials: Sequence[str] = (),
) -> None:
    """Let stock leave the main node for a customer."""
    service.issue_stock(
        stock.connection,
        actor=ACTOR,
        product_id=product_id,
        location_id=stock.main,
        quantity=quantity,
        document=document,
        key=key,
        now=NOW,
        serials=serials,
    )


def take(stock: Stock, product_id: UUID, quantity: int, **more: object) -> Take:
    """Return what to take, from the main node unless told otherwise."""
    facts: dict[str, object] = {"place_id": stock.main, "lot_code": "L1"} | more
    return Take(product_id=product_id, quantity=quantity, **facts)  # type: ignore[arg-type]


def balances(stock: Stock, product_id: UUID | None = None) -> dict[tuple[str, str, str, bool], int]:
    """Return what lies where by (place, lot, status, own), empty places left out."""
    rows = stock.connection.execute(
        text("""
            SELECT n.code AS place, l.code AS lot, b.status, b.owner_id, b.on_hand FROM stock_balance b
            JOIN location n ON n.id = b.location_id JOIN lot l ON l.id = b.lot_id
            WHERE b.org_id = :org AND b.on_hand > 0
              AND (CAST(:product AS uuid) IS NULL OR b.product_id = :product)
        """),
        {"org": ORG, "product": product_id},
    )
    return {(row.place, row.lot, row.status, row.owner_id == OWN): row.on_hand for row in rows}


def serials(stock: Stock) -> dict[str, tuple[str, str, str]]:
    """Return (place, status, state) by serial number."""
    rows = stock.connection.execute(
        text(
            "SELECT s.code, n.code AS place, s.status, s.state FROM serial s"
            " JOIN location n ON n.id = s.location_id WHERE s.org_id = :org"
        ),
        {"org": ORG},
    )
    return {row.code: (row.place, row.status, row.state) for row in rows}
