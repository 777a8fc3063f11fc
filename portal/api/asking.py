"""One GraphQL request: who asks, when, and the reads it makes, each for a whole page.

What was read once is kept for the request. Boards are read at once for all products that were answered so far,
when the first of them is asked for; so a page costs the same number of statements whatever its length.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

import sqlalchemy

from portal.api import answers
from portal.api.answers import Asker, Board, Edge, LocalName, PageInfo, Product, Unit
from portal.api.cursors import check_first, from_cursor, to_cursor
from portal.api.holding import Holding
from portal.api.snapshot import Snapshot
from portal.flows.allowance import allowance_of
from portal.forecasting import reads as forecasting
from portal.inventory import questions
from portal.inventory import reads as inventory
from portal.inventory.units import model as inventory_units
from portal.inventory.units.model import Units, exact_text
from portal.inventory.units.reads import units_of
from portal.kernel.errors import Forbidden
from portal.kernel.quantity import to_quanta
from portal.kernel.units import Level
from portal.orders import reads as orders
from portal.partners.model import Previewing
from portal.partners.viewer import Viewer

HISTORY_WEEKS = 26
"""Weeks of demand on a board, the running one included."""


Writing = Callable[[], AbstractContextManager[sqlalchemy.Connection]]
"""Opens a transaction that commits at the end of the block."""


class NoQuestions(Forbidden):
    """Who has no agreement has no threshold questions either."""

    code = "no_questions"


class Asking:
    """The context every resolver is given.

    Args:
        snapshot: A read-only transaction over one snapshot.
        viewer: Who asks.
        as_of: Instant of the request, in the company's zone.
        writing: Opens a short transaction of its own, for a question that is kept.

    Attributes:
        products_told: SKUs asked for by name.
        rows_told: Rows told so far.
        holding: What this request may do; ``None`` while it only reads.
    """

    def __init__(self, snapshot: Snapshot, *, viewer: Viewer, as_of: datetime, writing: Writing) -> None:
        self._snapshot = snapshot
        self._writing = writing
        self._viewer = viewer
        self.as_of = as_of
        self._seen: dict[UUID, Unit] = {}
        self._listed: dict[UUID, inventory.Product] = {}
        self._units: dict[UUID, Units] = {}
        self._boards: dict[UUID, Board] = {}
        self.products_told: set[str] = set()
        self.rows_told = 0
        self._open_orders: tuple[orders.Order, ...] | None = None
        self.holding: Holding | None = None

    @property
    def _connection(self) -> sqlalchemy.Connection:
        return self._snapshot.connection

    def asker(self) -> Asker:
        """Return who asks."""
        return asker_of(self._viewer)

    def products(self, *, first: int, after: str | None = None, search: str = "") -> answers.Connection:
        """Return a page of the products in scope, by SKU.

        Args:
            first: Rows on the page, 1 to 100.
            after: Cursor of the row before the page.
            search: Part of a name, SKU or GTIN.

        Raises:
            BadPage: ``first`` or ``after`` cannot be.
        """
        check_first(first)
        start = 0 if after is None else from_cursor(after) + 1
        number, length = window(start, first)
        page = inventory.availability(
            self._connection,
            org_id=self._viewer.org.id,
            disclosure=self._viewer.disclosure,
            as_of=self.as_of,
            search=search,
            page=number,
            per_page=length,
        )
        # A page beyond the last one comes back as the last one: nothing of it lies in the window.
        skipped = start - (number - 1) * length
        rows = page.rows[skipped : skipped + first] if page.page == number else ()
        products = self._products(rows)
        edges = tuple(Edge(product, to_cursor(start + place)) for place, product in enumerate(products))
        return answers.Connection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=start + len(edges) < page.count and bool(edges),
                has_previous_page=start > 0,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            total_count=page.count,
        )

    def product(self, sku: str) -> Product:
        """Return one product in scope.

        Raises:
            UnknownProduct: There is none of that number in the viewer's scope.
        """
        detail = inventory.product_detail(
            self._connection,
            org_id=self._viewer.org.id,
            disclosure=self._viewer.disclosure,
            sku=sku,
            as_of=self.as_of,
        )
        self.products_told.add(sku)
        return self._products([detail.row])[0]

    def can_have(self, product: Product, *, quantity: str, by: date) -> answers.CanHave:
        """Answer whether at least so much of a product can be promised by a day.

        Args:
            product: One of this request's answers.
            quantity: Decimal number of base units.
            by: The day.

        Raises:
            NoQuestions: The asker has no agreement; the host's staff see everything.
            Previewing: The asker looks through a customer's eyes, whose questions are not theirs to use up.
            QuestionsUsedUp: The day's questions are used up.
        """
        allowance = allowance_of(self._viewer)
        if allowance is None:
            raise NoQuestions("Threshold questions are asked under an agreement.")
        if self._viewer.previewing:
            raise Previewing("A customer's questions are theirs to ask.")
        quanta = to_quanta(quantity, decimals=product.counted.decimals)
        with self._writing() as connection:
            answer = questions.ask(
                connection,
                org_id=self._viewer.org.id,
                disclosure=self._viewer.disclosure,
                allowance=allowance,
                sku=product.sku,
                quantity=quanta,
                by=by,
                as_of=self.as_of,
            )
        self.products_told.add(product.sku)
        return answers.CanHave(answer.yes, product.counted.of(answer.quantity), answer.by, answer.left)

    def reservations(self, *, first: int, after: str | None = None) -> answers.ReservationPage:
        """Return a page of the reservations in scope, the newest first.

        Args:
            first: Rows on the page, 1 to 100.
            after: Cursor of the row before the page.

        Raises:
            BadPage: ``first`` or ``after`` cannot be.
        """
        check_first(first)
        start = 0 if after is None else from_cursor(after) + 1
        found = inventory.reservations(
            self._connection,
            org_id=self._viewer.org.id,
            disclosure=self._viewer.disclosure,
            as_of=self.as_of,
            most=start + first + 1,
        )[start:]
        rows = self.to_reservations(found[:first])
        self.rows_told += len(rows)
        edges = tuple(Edge(row, to_cursor(start + place)) for place, row in enumerate(rows))
        return answers.ReservationPage(
            edges,
            PageInfo(
                has_next_page=len(found) > first,
                has_previous_page=start > 0,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )

    def to_reservations(self, found: Sequence[inventory.Reservation]) -> tuple[answers.Reservation, ...]:
        """Put reservations, already in the viewer's scope, into the schema's shape."""
        ids = {part.product_id for one in found for part in one.parts}
        products = inventory.products_by_id(self._connection, org_id=self._viewer.org.id, ids=ids)
        self._listed.update(products)
        return tuple(to_reservation(one, products) for one in found)

    def board(self, product: Product) -> Board:
        """Return a product's demand and open orders."""
        if product.id not in self._boards:
            self._read_boards({key: unit for key, unit in self._seen.items() if key not in self._boards})
        return self._boards[product.id]

    def units(self, product: Product) -> tuple[answers.ProductUnit, ...]:
        """Return what a product is counted in today, the smallest unit first."""
        known = self._units_of(product.id)
        base = inventory_units.ProductUnit(code=known.base, per_base=Fraction(1), level=Level.EACH)
        return tuple(
            answers.ProductUnit(
                code=unit.code,
                name=LocalName(unit.name("zh"), unit.name("en")),
                per_base=exact_text(unit.per_base),
                level=unit.level.name if unit.level else None,
            )
            for unit in sorted((base, *known.known), key=lambda unit: unit.per_base)
        )

    def in_unit(self, quantity: answers.Quantity, code: str) -> answers.InUnit:
        """Return a quantity in whole units of another one, and what is left.

        Raises:
            UnknownUnit: The product is not counted in it today.
        """
        split = self._units_of(quantity.product_id).split(quantity.quanta, code)
        return answers.InUnit(
            whole=str(split.whole), unit=code, remainder=answers.Remainder(exact_text(split.rest), split.rest_unit)
        )

    def _units_of(self, product_id: UUID) -> Units:
        if product_id not in self._units:
            missing = [product for key, product in self._listed.items() if key not in self._units]
            self._units |= units_of(
                self._connection, org_id=self._viewer.org.id, products=missing, on=self.as_of.date()
            )
        return self._units[product_id]

    def _products(self, rows: Iterable[inventory.AvailabilityRow]) -> tuple[Product, ...]:
        listed = tuple(rows)
        nodes = inventory.node_stock(
            self._connection,
            org_id=self._viewer.org.id,
            disclosure=self._viewer.disclosure,
            product_ids=[row.product.id for row in listed],
            as_of=self.as_of,
        )
        self._listed.update({row.product.id: row.product for row in listed})
        products = tuple(to_product(row, nodes.get(row.product.id, ())) for row in listed)
        self.rows_told += len(products)
        self._seen.update({product.id: product.counted for product in products})
        return products

    def _read_boards(self, wanted: dict[UUID, Unit]) -> None:
        histories = forecasting.demand_histories(
            self._connection,
            org_id=self._viewer.org.id,
            disclosure=self._viewer.disclosure,
            as_of=self.as_of,
            product_ids=wanted,
            weeks=HISTORY_WEEKS,
        )
        if self._open_orders is None:
            self._open_orders = orders.open_orders(
                self._connection, org_id=self._viewer.org.id, disclosure=self._viewer.disclosure
            )
        for product_id, unit in wanted.items():
            weeks = histories[product_id].weeks if product_id in histories else ()
            self._boards[product_id] = Board(
                demand_history=tuple(
                    answers.DemandWeek(week.monday, unit.of(week.quantity), week.order_count, week.complete)
                    for week in weeks
                ),
                open_orders=tuple(
                    answers.OpenOrder(order.number, order.needed_on, unit.of(line.quantity))
                    for order in self._open_orders
                    for line in order.lines
                    if line.product_id == product_id
                ),
            )


def asker_of(viewer: Viewer) -> Asker:
    """Put who asks into the schema's shape."""
    agreement, partner = viewer.agreement, viewer.partner
    return Asker(
        name=viewer.name,
        role=str(viewer.role),
        company=LocalName(viewer.org.name_zh, viewer.org.name_en),
        partner=LocalName(partner.name_zh, partner.name_en) if partner else None,
        tier=str(viewer.tier) if viewer.tier else None,
        agreement=agreement.number if agreement else None,
        agreement_until=agreement.valid_until if agreement else None,
    )


def window(start: int, length: int) -> tuple[int, int]:
    """Return the number (from 1) and length of the shortest page that holds ``length`` rows from ``start`` on.

    Rooms answer by page, cursors stand between any two rows; such a page always exists, at the latest the one that
    begins at 0.
    """
    size = length
    while start // size != (start + length - 1) // size:
        size += 1
    return start // size + 1, size


def to_reservation(one: inventory.Reservation, products: Mapping[UUID, inventory.Product]) -> answers.Reservation:
    """Put a reservation into the schema's shape."""

    def item(part: inventory.HeldPart) -> answers.ReservedItem:
        product = products[part.product_id]
        unit = Unit(product.id, product.base_unit, product.decimals)
        return answers.ReservedItem(
            sku=product.sku,
            name=LocalName(product.name_zh, product.name_en),
            quantity=unit.of(part.quantity),
            from_pool=unit.of(part.from_pool),
            needed_on=part.needed_on,
        )

    return answers.Reservation(
        id=str(one.id),
        number=one.document,
        state=one.state.upper(),
        held_until=one.held_until,
        created_at=one.created_at,
        items=tuple(item(part) for part in one.parts),
    )


def to_product(row: inventory.AvailabilityRow, nodes: Iterable[inventory.NodeStock]) -> Product:
    """Put a product's row and its stock by warehouse into the schema's shape."""
    product = row.product
    unit = Unit(product.id, product.base_unit, product.decimals)
    return Product(
        id=product.id,
        sku=product.sku,
        gtin=product.gtin,
        name=LocalName(product.name_zh, product.name_en),
        unit=product.base_unit,
        counted=unit,
        on_hand=unit.of(row.on_hand),
        in_transit=answers.InTransit(unit.of(row.in_transit), row.next_due),
        available_to_promise=answers.AvailableToPromise(
            unit.of(row.promise), tuple(answers.Promise(step.on, unit.of(step.quantity)) for step in row.steps)
        ),
        warehouses=tuple(
            answers.WarehouseStock(
                code=node.location.code,
                name=LocalName(node.location.name_zh, node.location.name_en),
                on_hand=unit.of(node.on_hand),
                lots=tuple(
                    answers.LotStock(lot.code, lot.expires_on, unit.of(lot.quantity), lot.state.upper())
                    for lot in node.lots
                ),
            )
            for node in nodes
        ),
    )
