"""What the inventory room tells the others."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from portal.kernel.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFell(Message):
    """The stock of a product at a node went down: something was issued, or a count found less.

    Attributes:
        product_id: The product.
        location_id: The node.
    """

    name: ClassVar[str] = "inventory.stock.fell"

    product_id: UUID
    location_id: UUID
