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
    categories,
    find_product,
    locations,
    products,
    products_by_id,
)
from portal.inventory.reads.detail import LotRow, NodeStock, ProductDetail, node_stock, product_detail
from portal.inventory.reads.entitled import products_in_scope
from portal.inventory.reads.heaps import Held, HeldPage, find_held, held_in, held_of, serials_of
from portal.inventory.reads.holding import (
    HeldPart,
    Pool,
    Reservation,
    holds_by_day,
    pools,
    reservation,
    reservation_of_key,
    reservations,
    rooms,
)
from portal.inventory.reads.moves import MovePage, PostedMove, find_move, posted_moves
from portal.inventory.reads.picks import PickDocument, PickLine, pick_documents, pick_lines
from portal.inventory.reads.pieces import Piece, check_pieces, pieces_of_lot
from portal.inventory.reads.places import Place, find_place, place_codes, places
from portal.inventory.reads.position import StockPosition, stock_position
from portal.inventory.reads.proof import Check, Drift, last_check, reconcile
from portal.inventory.reads.trace import (
    BACKWARD,
    FORWARD,
    Lying,
    TracedLot,
    TracedMove,
    find_lots,
    lying,
    trace_lot,
    trace_move,
    trace_serial,
)
from portal.inventory.reads.uncovered import Uncovered, uncovered

__all__ = [
    "BACKWARD",
    "FORWARD",
    "AvailabilityPage",
    "AvailabilityRow",
    "Check",
    "Counts",
    "Drift",
    "Held",
    "HeldPage",
    "HeldPart",
    "Location",
    "LotRow",
    "Lying",
    "MovePage",
    "NodeStock",
    "PickDocument",
    "PickLine",
    "Piece",
    "Place",
    "Pool",
    "PostedMove",
    "Product",
    "ProductDetail",
    "Reservation",
    "StockPosition",
    "TracedLot",
    "TracedMove",
    "Uncovered",
    "availability",
    "categories",
    "check_pieces",
    "find_held",
    "find_lots",
    "find_move",
    "find_place",
    "find_product",
    "held_in",
    "held_of",
    "holds_by_day",
    "last_check",
    "locations",
    "lying",
    "node_stock",
    "pick_documents",
    "pick_lines",
    "pieces_of_lot",
    "place_codes",
    "places",
    "pools",
    "posted_moves",
    "product_detail",
    "products",
    "products_by_id",
    "products_in_scope",
    "reconcile",
    "reservation",
    "reservation_of_key",
    "reservations",
    "rooms",
    "serials_of",
    "stock_position",
    "trace_lot",
    "trace_move",
    "trace_serial",
    "uncovered",
]
