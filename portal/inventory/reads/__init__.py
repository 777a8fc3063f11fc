"""Questions about stock, answered for one viewer: what they may not see is not in the answer.

``as_of`` is the instant of the question in the company's zone; its date is "today" for expiry and due days.
"""

from portal.inventory.reads.availability import (
    AvailabilityPage,
    AvailabilityRow,
    Counts,
    availability,
)
from portal.inventory.reads.books import (
    Location,
    Product,
    find_product,
    locations,
    products,
    products_by_id,
)
from portal.inventory.reads.detail import LotRow, NodeStock, ProductDetail, node_stock, product_detail
from portal.inventory.reads.holding import (
    HeldPart,
    Pool,
    Reservation,
    pools,
    reservation,
    reservation_of_key,
    reservations,
    rooms,
)
from portal.inventory.reads.position import StockPosition, stock_position
from portal.inventory.reads.proof import Check, Drift, last_check, reconcile

__all__ = [
    "AvailabilityPage",
    "AvailabilityRow",
    "Check",
    "Counts",
    "Drift",
    "HeldPart",
    "Location",
    "LotRow",
    "NodeStock",
    "Pool",
    "Product",
    "ProductDetail",
    "Reservation",
    "StockPosition",
    "availability",
    "find_product",
    "last_check",
    "locations",
    "node_stock",
    "pools",
    "product_detail",
    "products",
    "products_by_id",
    "reconcile",
    "reservation",
    "reservation_of_key",
    "reservations",
    "rooms",
    "stock_position",
]
