"""Products with their three states of stock, in the shape each tier's schema has.

A tier's type *lacks* the fields of the tiers above: they are not hidden, they do not exist in its schema. Rows
come from one read a page (``portal.api.asking``); no resolver here asks the database.
"""

from datetime import date

import graphene

from portal.api.asking import Asking
from portal.api.limits import DEFAULT_FIRST
from portal.api.reservations import WithReservations
from portal.api.types import Decimal, LocalName, PageInfo, Quantity, QueryBase


class InTransit(graphene.ObjectType):
    """What has left a supplier and has not arrived (在途)."""

    quantity = graphene.Field(graphene.NonNull(Quantity), description="On its way now.")
    next_due = graphene.Date(
        description="Day the next receipt, on its way or confirmed, is announced for; null when none is."
    )


class Promise(graphene.ObjectType):
    """From a day on, this much can be promised."""

    from_ = graphene.Field(graphene.NonNull(graphene.Date), name="from", description="First day.")
    quantity = graphene.Field(
        graphene.NonNull(Quantity), description="Cumulative; never less than the step before."
    )


class AvailableToPromise(graphene.ObjectType):
    """What can be promised without breaking a promise already made (可承诺量)."""

    quantity = graphene.Field(graphene.NonNull(Quantity), description="Today.")
    promises = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(Promise))),
        description="Dated steps, the first of them today.",
    )


class LotState(graphene.Enum):
    """Whether a lot can be promised."""

    USABLE = "USABLE"
    EXPIRED = "EXPIRED"
    QUARANTINE = "QUARANTINE"
    BLOCKED = "BLOCKED"


class LotStock(graphene.ObjectType):
    """A lot of a product at one warehouse, less what is promised to others."""

    code = graphene.NonNull(graphene.String, description="Lot code; empty for a product not tracked by lot.")
    expires_on = graphene.Date(description="Last day of use, inclusive, if known.")
    quantity = graphene.Field(graphene.NonNull(Quantity), description="Left of it.")
    state = graphene.Field(graphene.NonNull(LotState), description="Only usable lots are promised.")


class WarehouseStock(graphene.ObjectType):
    """A product at one warehouse of the agreement."""

    code = graphene.NonNull(graphene.String, description="The warehouse's code.")
    name = graphene.Field(graphene.NonNull(LocalName), description="The warehouse's name.")
    on_hand = graphene.Field(
        graphene.NonNull(Quantity), description="Lying there (在库), less what is promised to others."
    )
    lots = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(LotStock))),
        description="By lot, in the order they leave: first expired, first out.",
    )


class DemandWeek(graphene.ObjectType):
    """What was ordered in one week."""

    monday = graphene.NonNull(graphene.Date, description="First day of the week.")
    quantity = graphene.Field(graphene.NonNull(Quantity), description="Ordered in it.")
    orders = graphene.NonNull(graphene.Int, description="Number of orders.")
    complete = graphene.NonNull(graphene.Boolean, description="Whether the week has passed.")


class OpenOrder(graphene.ObjectType):
    """A line of an order that has not left yet."""

    number = graphene.NonNull(graphene.String, description="The order's number.")
    needed_on = graphene.Date(description="Day it is needed.")
    quantity = graphene.Field(graphene.NonNull(Quantity), description="Ordered.")


class Board(graphene.ObjectType):
    """Demand and orders, shared with strategic partners."""

    demand_history = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(DemandWeek))),
        description="Weekly demand, oldest first, the running week last.",
    )
    open_orders = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(OpenOrder))),
        description="Open order lines: a partner's own, or (operator) everybody's.",
    )


class PackagingLevel(graphene.Enum):
    """How far a package is from the single piece; each level holds the ones before it."""

    EACH = "EACH"
    INNER = "INNER"
    CASE = "CASE"
    PALLET = "PALLET"


class ProductUnit(graphene.ObjectType):
    """A unit a product is counted in today."""

    code = graphene.NonNull(graphene.String, description="UN/ECE Recommendation 20 code, or the host's own.")
    name = graphene.Field(graphene.NonNull(LocalName), description="Its short name.")
    per_base = graphene.NonNull(
        graphene.String, description="Base units in one unit, exactly: 12, 0.035, or a fraction such as 1/3."
    )
    level = graphene.Field(PackagingLevel, description="Level of packaging; null for a unit that is no package.")


class CanHave(graphene.ObjectType):
    """A yes or no to "at least so much by that day?"."""

    yes = graphene.NonNull(graphene.Boolean, description="Whether that much can be promised by then.")
    quantity = graphene.Field(
        graphene.NonNull(Quantity), description="What was answered for: the next whole bucket."
    )
    by = graphene.NonNull(graphene.Date, description="The day asked about.")
    questions_left = graphene.NonNull(graphene.Int, description="Questions left today under the agreement.")


class _Asked:
    can_have = graphene.Field(
        graphene.NonNull(CanHave),
        quantity=graphene.Argument(graphene.NonNull(Decimal), description="At least so many base units."),
        by=graphene.Argument(graphene.NonNull(graphene.Date), description="By this day."),
        description="At least so much by that day? Costs one of the day's questions; repeating one is free.",
    )

    @staticmethod
    def resolve_can_have(root: object, info: graphene.ResolveInfo, quantity: str, by: date) -> object:
        """Answer one question."""
        return info.context.can_have(root, quantity=quantity, by=by)


class _Product:
    """What every tier sees of a product."""

    sku = graphene.NonNull(graphene.String, description="The host's number of the product.")
    gtin = graphene.String(description="GTIN, if it has one.")
    name = graphene.Field(graphene.NonNull(LocalName), description="Its name.")
    unit = graphene.NonNull(graphene.String, description="Base unit, UN/ECE Recommendation 20 code.")
    units = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(ProductUnit))),
        description="Its units today, the smallest first.",
    )
    on_hand = graphene.Field(
        graphene.NonNull(Quantity), description="Within the agreement, less what is promised to others (在库)."
    )
    in_transit = graphene.Field(graphene.NonNull(InTransit), description="On its way (在途).")
    available_to_promise = graphene.Field(
        graphene.NonNull(AvailableToPromise), description="Can be promised (可承诺量)."
    )

    @staticmethod
    def resolve_units(root: object, info: graphene.ResolveInfo) -> object:
        """Answer from one read for all products of the page."""
        return info.context.units(root)


class _ByWarehouse:
    warehouses = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(WarehouseStock))),
        description="The same per warehouse of the agreement.",
    )


class _WithBoard:
    board = graphene.Field(graphene.NonNull(Board), description="Demand history and open orders.")

    @staticmethod
    def resolve_board(root: object, info: graphene.ResolveInfo) -> object:
        """Answer from one read for all products of the page."""
        return info.context.board(root)


class OrdinaryProduct(_Asked, _Product, graphene.ObjectType):
    """A product and its three states of stock."""

    class Meta:
        """One name in every schema."""

        name = "Product"


class KeyProduct(_Asked, _ByWarehouse, _Product, graphene.ObjectType):
    """A product and its three states of stock, in all and per warehouse."""

    class Meta:
        """One name in every schema."""

        name = "Product"


class StrategicProduct(_Asked, _WithBoard, _ByWarehouse, _Product, graphene.ObjectType):
    """A product, its three states of stock in all and per warehouse, and its board."""

    class Meta:
        """One name in every schema."""

        name = "Product"


def product_query(product_type: type[graphene.ObjectType]) -> type[graphene.ObjectType]:
    """Return the ``Query`` type of a schema whose products are ``product_type``."""
    edge = type(
        "ProductEdge",
        (graphene.ObjectType,),
        {
            "__doc__": "A product and the cursor that stands behind it.",
            "node": graphene.Field(graphene.NonNull(product_type), description="The product."),
            "cursor": graphene.NonNull(graphene.String, description="Give it as `after` to go on behind it."),
        },
    )
    connection = type(
        "ProductConnection",
        (graphene.ObjectType,),
        {
            "__doc__": "A page of products.",
            "edges": graphene.Field(
                graphene.NonNull(graphene.List(graphene.NonNull(edge))), description="The rows, by SKU."
            ),
            "page_info": graphene.Field(graphene.NonNull(PageInfo), description="Where the page ends."),
            "total_count": graphene.NonNull(graphene.Int, description="Products that match, on all pages."),
        },
    )

    class Query(QueryBase, WithReservations, graphene.ObjectType):
        """What can be asked."""

        products = graphene.Field(
            graphene.NonNull(connection),
            first=graphene.Argument(
                graphene.Int, default_value=DEFAULT_FIRST, description="Rows on the page, 1 to 100."
            ),
            after=graphene.Argument(graphene.String, description="Cursor of the row before the page."),
            search=graphene.Argument(
                graphene.String, default_value="", description="Part of a name, an SKU or a GTIN."
            ),
            description="The products of the agreement.",
        )
        product = graphene.Field(
            product_type,
            sku=graphene.Argument(graphene.NonNull(graphene.String), description="The host's number."),
            description="One product; an error UNKNOWN_PRODUCT where it is not in the agreement.",
        )

        @staticmethod
        def resolve_products(
            _root: object,
            info: graphene.ResolveInfo,
            first: int | None,
            search: str | None,
            after: str | None = None,
        ) -> object:
            """Answer from one read."""
            asking: Asking = info.context
            return asking.products(
                first=DEFAULT_FIRST if first is None else first, after=after, search=search or ""
            )

        @staticmethod
        def resolve_product(_root: object, info: graphene.ResolveInfo, sku: str) -> object:
            """Answer from one read."""
            asking: Asking = info.context
            return asking.product(sku)

    return Query
