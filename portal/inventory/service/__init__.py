"""What can be done with stock: one idempotent function per deed, all in the caller's transaction.

A local date is the date of ``now`` in its own zone: doors hand the instant over in the company's zone.
"""

from portal.inventory.service.books import ensure_virtual_locations, save_products
from portal.inventory.service.checking import check_books
from portal.inventory.service.locations import save_locations
from portal.inventory.service.moving import change_lot_status, change_status, scrap, take_over, transfer
from portal.inventory.service.picks import pick
from portal.inventory.service.places import add_place, limit_feed, rename_place
from portal.inventory.service.pools import end_due_pools, end_pool, open_pool
from portal.inventory.service.promises import allocate, keep_for_documents, release
from portal.inventory.service.receipts import expect, expect_receipts, receive, write_off_expected
from portal.inventory.service.reservations import confirm, lapse, release_reservation, reserve
from portal.inventory.service.reversing import reverse_move
from portal.inventory.service.stock import book_stock, issue_stock, set_stock
from portal.inventory.service.upkeep import keep_up
from portal.inventory.service.withholding import free_lot, withhold_lot

__all__ = [
    "add_place",
    "allocate",
    "book_stock",
    "change_lot_status",
    "change_status",
    "check_books",
    "confirm",
    "end_due_pools",
    "end_pool",
    "ensure_virtual_locations",
    "expect",
    "expect_receipts",
    "free_lot",
    "issue_stock",
    "keep_for_documents",
    "keep_up",
    "lapse",
    "limit_feed",
    "open_pool",
    "pick",
    "receive",
    "release",
    "release_reservation",
    "rename_place",
    "reserve",
    "reverse_move",
    "save_locations",
    "save_products",
    "scrap",
    "set_stock",
    "take_over",
    "transfer",
    "withhold_lot",
    "write_off_expected",
]
