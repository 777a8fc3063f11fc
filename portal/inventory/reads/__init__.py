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
from portal.inventory.reads.entitled import products_in_scope
from portal.inventory.reads.position import Drift, StockPosition, reconcile, stock_position

__all__ = [
    "AvailabilityPage",
    "AvailabilityRow",
    "Counts",
    "Drift",
    "Location",
    "LotRow",
    "NodeStock",
    "Product",
    "ProductDetail",
    "StockPosition",
    "availability",
    "find_product",
    "locations",
    "node_stock",
    "product_detail",
    "products",
    "products_by_id",
    "products_in_scope",
    "reconcile",
    "stock_position",
]
