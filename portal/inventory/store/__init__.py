"""The tables of the room, and the one way to write moves."""

from portal.inventory.store.moves import (
    LotKey,
    Move,
    ensure_lots,
    is_posted,
    lock_products,
    note_bulk,
    post_moves,
    virtual_places,
)
from portal.inventory.store.promises import (
    pool_table,
    question_table,
    reservation_line_table,
    reservation_table,
    summary_table,
)
from portal.inventory.store.tables import (
    allocation_table,
    balance_table,
    check_table,
    expected_table,
    location_table,
    lot_table,
    move_table,
    product_table,
    serial_table,
)

__all__ = [
    "LotKey",
    "Move",
    "allocation_table",
    "balance_table",
    "check_table",
    "ensure_lots",
    "expected_table",
    "is_posted",
    "location_table",
    "lock_products",
    "lot_table",
    "move_table",
    "note_bulk",
    "pool_table",
    "post_moves",
    "product_table",
    "question_table",
    "reservation_line_table",
    "reservation_table",
    "serial_table",
    "summary_table",
    "virtual_places",
]
