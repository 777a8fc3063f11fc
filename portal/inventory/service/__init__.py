"""What can be done with stock: one idempotent function per deed, all in the caller's transaction.

A local date is the date of ``now`` in its own zone: doors hand the instant over in the company's zone.
"""

from portal.inventory.service.books import ensure_virtual_locations, save_locations, save_products
from portal.inventory.service.pools import end_due_pools, end_pool, open_pool
from portal.inventory.service.promises import allocate, keep_for_documents, release
from portal.inventory.service.receipts import expect, expect_receipts, receive, write_off_expected
from portal.inventory.service.reservations import confirm, lapse, release_reservation, reserve
from portal.inventory.service.stock import book_stock, issue_stock, set_stock
from portal.inventory.service.upkeep import keep_up

__all__ = [
    "allocate",
    "book_stock",
    "confirm",
    "end_due_pools",
    "end_pool",
    "ensure_virtual_locations",
    "expect",
    "expect_receipts",
    "issue_stock",
    "keep_for_documents",
    "keep_up",
    "lapse",
    "open_pool",
    "receive",
    "release",
    "release_reservation",
    "reserve",
    "save_locations",
    "save_products",
    "set_stock",
    "write_off_expected",
]
