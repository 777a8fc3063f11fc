"""The closed table: which fields are compiled, and to what. A field that is not here goes through ``execute()``.

A leaf says how the text of a column is written, a part which columns of its parent it is made of, a list from
which relation it comes. Columns are names within their type; ``portal.api.compile.statement`` knows where they
lie.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Form(Enum):
    """How a value is written."""

    TEXT = auto()
    """Free text, escaped."""
    WORD = auto()
    """A word of the code's own, in capitals: nothing to escape."""
    DATE = auto()
    FLAG = auto()
    NUMBER = auto()
    DECIMAL = auto()
    """Quanta with their decimals: exact text, without trailing zeros."""
    CURSOR = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value.

    Attributes:
        form: How it is written.
        column: Where it stands.
        nullable: Whether there may be none; what may not be null here is NOT NULL in the database.
    """

    form: Form
    column: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """An object made of its parent's columns.

    Attributes:
        columns: Parent's column by its own name for it.
        absent: Parent's column that is null where the object is.
    """

    columns: Mapping[str, str]
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of objects from a relation of the same name."""

    relation: str


Entry = Leaf | Part | Many

_NAME = Part({"zh": "name_zh", "en": "name_en"})


def _quantity(column: str) -> Part:
    return Part({"quanta": column, "bound": f"{column}_bound", "unit": "base_unit", "decimals": "decimals"})


TABLE: Mapping[tuple[str, str], Entry] = {
    ("Query", "asOf"): Leaf(Form.TEXT, "as_of"),
    ("Query", "viewer"): Part(
        {
            name: name
            for name in ("name", "role", "tier", "agreement", "until", "host_zh", "host_en", "firm_zh", "firm_en")
        }
    ),
    ("Viewer", "name"): Leaf(Form.TEXT, "name"),
    ("Viewer", "role"): Leaf(Form.TEXT, "role"),
    ("Viewer", "company"): Part({"zh": "host_zh", "en": "host_en"}),
    ("Viewer", "partner"): Part({"zh": "firm_zh", "en": "firm_en"}, absent="firm_zh"),
    ("Viewer", "tier"): Leaf(Form.TEXT, "tier", nullable=True),
    ("Viewer", "agreement"): Leaf(Form.TEXT, "agreement", nullable=True),
    ("Viewer", "agreementUntil"): Leaf(Form.DATE, "until", nullable=True),
    ("Query", "products"): Many("page"),
    ("Query", "product"): Many("product"),
    ("ProductConnection", "edges"): Many("edges"),
    ("ProductConnection", "pageInfo"): Part(
        {name: name for name in ("has_next", "has_previous", "first_cursor", "last_cursor")}
    ),
    ("ProductConnection", "totalCount"): Leaf(Form.NUMBER, "total"),
    ("PageInfo", "hasNextPage"): Leaf(Form.FLAG, "has_next"),
    ("PageInfo", "hasPreviousPage"): Leaf(Form.FLAG, "has_previous"),
    ("PageInfo", "startCursor"): Leaf(Form.CURSOR, "first_cursor", nullable=True),
    ("PageInfo", "endCursor"): Leaf(Form.CURSOR, "last_cursor", nullable=True),
    ("ProductEdge", "cursor"): Leaf(Form.CURSOR, "position"),
    ("ProductEdge", "node"): Part(
        {
            name: name
            for name in (
                *("id", "sku", "gtin", "name_zh", "name_en", "base_unit", "decimals", "next_due"),
                *("on_hand", "on_hand_bound", "in_transit", "in_transit_bound", "promise", "promise_bound"),
            )
        }
    ),
    ("Product", "sku"): Leaf(Form.TEXT, "sku"),
    ("Product", "gtin"): Leaf(Form.TEXT, "gtin", nullable=True),
    ("Product", "name"): _NAME,
    ("Product", "unit"): Leaf(Form.TEXT, "base_unit"),
    ("Product", "onHand"): _quantity("on_hand"),
    ("Product", "inTransit"): Part(
        {name: name for name in ("in_transit", "in_transit_bound", "base_unit", "decimals", "next_due")}
    ),
    ("InTransit", "quantity"): _quantity("in_transit"),
    ("InTransit", "nextDue"): Leaf(Form.DATE, "next_due", nullable=True),
    ("Product", "availableToPromise"): Part(
        {name: name for name in ("id", "promise", "promise_bound", "base_unit", "decimals")}
    ),
    ("AvailableToPromise", "quantity"): _quantity("promise"),
    ("AvailableToPromise", "promises"): Many("steps"),
    ("Promise", "from"): Leaf(Form.DATE, "on_day"),
    ("Promise", "quantity"): _quantity("step"),
    ("Product", "warehouses"): Many("warehouses"),
    ("WarehouseStock", "code"): Leaf(Form.TEXT, "code"),
    ("WarehouseStock", "name"): _NAME,
    ("WarehouseStock", "onHand"): _quantity("here"),
    ("WarehouseStock", "lots"): Many("lots"),
    ("LotStock", "code"): Leaf(Form.TEXT, "lot"),
    ("LotStock", "expiresOn"): Leaf(Form.DATE, "expires_on", nullable=True),
    ("LotStock", "quantity"): _quantity("told"),
    ("LotStock", "state"): Leaf(Form.WORD, "state"),
    ("LocalName", "zh"): Leaf(Form.TEXT, "zh"),
    ("LocalName", "en"): Leaf(Form.TEXT, "en"),
    ("Quantity", "value"): Leaf(Form.DECIMAL, "quanta"),
    ("Quantity", "unit"): Leaf(Form.TEXT, "unit"),
    ("Quantity", "atLeast"): Leaf(Form.FLAG, "bound"),
}
"""By type and field."""
