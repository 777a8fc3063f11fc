"""What resolvers are given: frozen values named as the schema names them, made from the rooms' answers.

Quantities arrive as whole quanta and leave as exact decimal text with their unit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.kernel.grain import AtLeast
from portal.kernel.quantity import to_text


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number of base units.

    Attributes:
        value: Decimal text.
        unit: UN/ECE Recommendation 20 code.
        quanta: The same in whole quanta.
        product_id: Whose it is.
        at_least: Whether ``value`` is only a lower bound.
    """

    value: str
    unit: str
    quanta: int
    product_id: UUID
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left beside whole units, as exact text."""

    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class InUnit:
    """A quantity in whole units and what is left."""

    whole: str
    unit: str
    remainder: Remainder


@dataclass(frozen=True, slots=True)
class ProductUnit:
    """A unit a product is counted in today."""

    code: str
    name: "LocalName"
    per_base: str
    level: str | None


@dataclass(frozen=True, slots=True)
class LocalName:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Unit:
    """How a product is counted; turns its quanta into quantities."""

    product_id: UUID
    code: str
    decimals: int

    def of(self, quanta: int) -> Quantity:
        """Return quanta as an exact quantity."""
        return Quantity(
            to_text(quanta, decimals=self.decimals),
            self.code,
            quanta,
            self.product_id,
            at_least=isinstance(quanta, AtLeast),
        )


@dataclass(frozen=True, slots=True)
class InTransit:
    """On its way now, and the day the next of it is due."""

    quantity: Quantity
    next_due: date | None


@dataclass(frozen=True, slots=True)
class Promise:
    """From a day on, this much."""

    from_: date
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class AvailableToPromise:
    """Today's promise and the dated steps."""

    quantity: Quantity
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class LotStock:
    """A lot at one warehouse; ``state`` is one of the schema's words."""

    code: str
    expires_on: date | None
    quantity: Quantity
    state: str


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    """A product at one warehouse."""

    code: str
    name: LocalName
    on_hand: Quantity
    lots: tuple[LotStock, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product's row; ``warehouses`` is empty where they may not be shown."""

    id: UUID
    sku: str
    gtin: str | None
    name: LocalName
    unit: str
    counted: Unit
    on_hand: Quantity
    in_transit: InTransit
    available_to_promise: AvailableToPromise
    warehouses: tuple[WarehouseStock, ...]


@dataclass(frozen=True, slots=True)
class CanHave:
    """A yes or no to a threshold question."""

    yes: bool
    quantity: Quantity
    by: date
    questions_left: int


@dataclass(frozen=True, slots=True)
class ReservedItem:
    """A product of a reservation on one day."""

    sku: str
    name: "LocalName"
    quantity: Quantity
    from_pool: Quantity
    needed_on: date


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock held; ``state`` as the schema names it."""

    id: str
    number: str
    state: str
    held_until: datetime
    created_at: datetime
    items: tuple[ReservedItem, ...]


@dataclass(frozen=True, slots=True)
class ReservationError:
    """Why nothing was done; ``code`` as the schema names it."""

    code: str
    message: str
    promisable: Quantity | None = None
    earliest: date | None = None


@dataclass(frozen=True, slots=True)
class ReservationPayload:
    """What became of a deed: the reservation, or why not."""

    reservation: Reservation | None
    errors: tuple[ReservationError, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A row and its cursor."""

    node: object
    cursor: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of rows."""

    edges: tuple[Edge, ...]
    page_info: PageInfo
    total_count: int


@dataclass(frozen=True, slots=True)
class ReservationPage:
    """A page of reservations."""

    edges: tuple[Edge, ...]
    page_info: PageInfo


@dataclass(frozen=True, slots=True)
class DemandWeek:
    """What was ordered in one week."""

    monday: date
    quantity: Quantity
    orders: int
    complete: bool


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A line that has not left yet."""

    number: str
    needed_on: date | None
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Board:
    """Demand and orders of a product."""

    demand_history: tuple[DemandWeek, ...]
    open_orders: tuple[OpenOrder, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is asking."""

    name: str
    role: str
    company: LocalName
    partner: LocalName | None
    tier: str | None
    agreement: str | None
    agreement_until: date | None
