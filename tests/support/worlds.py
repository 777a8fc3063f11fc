"""Two worlds that agree on what one viewer is entitled to and differ in everything else.

Entitled is what ``Core`` holds: the agreement's products, the stock of its nodes by lot, what is announced for them,
the viewer's own promises and orders, and, per product, node and stretch between two receipts, *how much* is promised
to others. Everything else is drawn anew for each side: who the others are, how their share is split, on which day of
the stretch it leaves, their orders and agreements, products, nodes, lots, demand and prices outside, suppliers,
staff, and how the stock came to be. An ordinary customer is told totals, so names of nodes and lots differ as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from portal.forecasting.service import replace_demand
from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine, ExpectedDraft, LocationDraft, ProductDraft, StockLine
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.orders.service import save_orders
from portal.partners import service as partners
from portal.partners.model import PartnerDraft

NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
TODAY = date(2026, 11, 23)
PASSWORD = "correct-horse-battery"  # noqa: S105 - of nobody
_HORIZON = 70
_WORDS = (
    "Amber",
    "Birch",
    "Cedar",
    "Dune",
    "Ember",
    "Fjord",
    "Grove",
    "Heath",
    "Iris",
    "Juniper",
    "Kelp",
    "Linden",
)
_SIGNS = "松竹梅兰菊荷桂茶枫杏桃柳"


@dataclass(frozen=True)
class Lot:
    """A lot at a node; ``state`` is its status in the books."""

    code: str
    node: int
    quantity: int
    expires_on: date | None
    state: str = "available"


@dataclass(frozen=True)
class Receipt:
    """What is announced for a node: ``open`` quanta are still to come."""

    document: str
    node: int
    open: int
    due_on: date
    state: str


@dataclass(frozen=True)
class Taking:
    """Quanta promised at a node on a day."""

    node: int
    day: date
    quantity: int
    document: str = ""


@dataclass(frozen=True)
class Good:
    """A product in scope, and what lies, comes and is promised of it."""

    draft: ProductDraft
    lots: tuple[Lot, ...]
    receipts: tuple[Receipt, ...]
    own: tuple[Taking, ...]
    others: tuple[Taking, ...]
    demand: tuple[tuple[date, int, int], ...]


@dataclass(frozen=True)
class OwnOrder:
    """An order of the viewer; lines name goods by their place in ``Core.goods``."""

    number: str
    state: str
    ordered_at: datetime
    needed_on: date | None
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Core:
    """What the viewer is entitled to.

    Attributes:
        seed: Name of the pair of worlds.
        tier: The viewer's tier.
        all_products: The agreement covers every product; then there is none outside that is sold.
        all_nodes: The agreement names no node (ordinary customers only).
        nodes: Kind of each node in scope.
        goods: Products in scope.
        orders: The viewer's own orders.
    """

    seed: str
    tier: Tier
    all_products: bool
    all_nodes: bool
    nodes: tuple[str, ...]
    goods: tuple[Good, ...]
    orders: tuple[OwnOrder, ...]


@dataclass
class World:
    """A world in a database: who looks at it, and the words somebody curious might ask it for.

    Attributes:
        org_id: The company.
        viewer: The person who asks.
        products: Product in scope by SKU.
        secrets: Names that exist in this world and are none of the viewer's business.
    """

    org_id: UUID
    viewer: UUID
    products: dict[str, UUID]
    secrets: list[str] = field(default_factory=list)


def dice(*seed: object) -> Random:
    """Return dice that fall the same for the same seed on every machine."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - test data, not secrets


def draw_core(seed: str, tier: Tier) -> Core:
    """Draw what the viewer of one pair of worlds is entitled to."""
    rng = dice("core", seed, tier)
    nodes = tuple(rng.choice(("own", "own", "third_party", "shelf")) for _ in range(rng.randint(2, 3)))
    goods = tuple(_good(rng, number, len(nodes)) for number in range(rng.randint(3, 6)))
    orders = tuple(_own_order(rng, number, len(goods)) for number in range(rng.randint(0, 4)))
    return Core(
        seed=seed,
        tier=tier,
        all_products=rng.random() < 0.3,
        all_nodes=tier is Tier.ORDINARY and rng.random() < 0.6,
        nodes=nodes,
        goods=goods,
        orders=orders,
    )


def _good(rng: Random, number: int, nodes: int) -> Good:
    decimals = rng.choice((0, 0, 3))
    draft = ProductDraft(
        sku=f"IN-{number}",
        name_zh=f"{rng.choice(_SIGNS)}{rng.choice(_SIGNS)}{number}号",
        name_en=f"{rng.choice(_WORDS)} no. {number}",
        gtin=_gtin(f"9520{number:08d}"),
        base_unit="KGM" if decimals else "C62",
        decimals=decimals,
        pack_quanta=rng.choice((1, 6, 24)),
        tracking="lot",
    )
    receipts = tuple(
        Receipt(
            document=f"PO-{number}{serial}",
            node=rng.randrange(nodes),
            open=rng.randint(1, 120),
            due_on=TODAY + timedelta(days=rng.randint(-3, 50)),
            state=rng.choice(("confirmed", "shipped")),
        )
        for serial in range(rng.randint(0, 3))
    )
    return Good(
        draft=draft,
        lots=tuple(_lot(rng, number, serial, nodes) for serial in range(rng.randint(0, 5))),
        receipts=receipts,
        own=_takings(rng, nodes, f"MINE-{number}", most=2),
        others=_takings(rng, nodes, "", most=4),
        demand=tuple(
            (TODAY - timedelta(days=7 * week + 1), rng.randint(0, 400), rng.randint(1, 9) * 10 + number)
            for week in range(rng.randint(0, 6))
        ),
    )


def _lot(rng: Random, number: int, serial: int, nodes: int) -> Lot:
    lasts = rng.choice((None, -4, 0, 20, 90, 170, 400))
    return Lot(
        code=f"L{number}{serial}",
        node=rng.randrange(nodes),
        quantity=rng.randint(1, 150),
        expires_on=None if lasts is None else TODAY + timedelta(days=lasts + serial if lasts > 0 else lasts),
        state=rng.choice(("available",) * 6 + ("quarantine", "blocked")),
    )


def _takings(rng: Random, nodes: int, document: str, *, most: int) -> tuple[Taking, ...]:
    return tuple(
        Taking(
            node=rng.randrange(nodes),
            day=TODAY + timedelta(days=rng.randint(-2, 60)),
            quantity=rng.randint(1, 90),
            document=f"{document}{serial}" if document else "",
        )
        for serial in range(rng.randint(0, most))
    )


def _own_order(rng: Random, number: int, goods: int) -> OwnOrder:
    return OwnOrder(
        number=f"SO-MINE-{number}",
        state=rng.choice(("open", "open", "fulfilled", "cancelled")),
        ordered_at=NOW - timedelta(days=number + 1, minutes=rng.randint(0, 600)),
        needed_on=rng.choice((None, TODAY + timedelta(days=rng.randint(0, 20)))),
        lines=tuple((rng.randrange(goods), rng.randint(1, 40)) for _ in range(rng.randint(1, 3))),
    )


def _gtin(twelve: str) -> str:
    """Return a GTIN-13: twelve digits and their check digit (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)


# --- one side of a pair -----------------------------------------------------------------------------------


def build(connection: Connection, core: Core, side: str) -> World:
    """Write one side of a pair of worlds into an empty database."""
    return _Builder(connection, core, dice("side", core.seed, core.tier, side), side).build()


@dataclass
class _Builder:
    connection: Connection
    core: Core
    rng: Random
    side: str
    tick: int = 0
    named: int = 0
    secrets: list[str] = field(default_factory=list)

    def build(self) -> World:
        org_id = partners.save_company(
            self.connection, name_zh="主家", name_en="Host", is_demo=False, now=self.now()
        )
        self.actor = Actor(org_id=org_id, label=self.name("Clerk"))
        inventory.ensure_virtual_locations(self.connection, org_id=org_id, now=self.now())
        self._firms()
        self._places()
        inside = self._goods_inside()
        outside = self._goods_outside()
        self._agreements(inside, outside)
        self._stock(inside, outside)
        self._promises(inside, outside)
        self._orders(inside, outside)
        self._demand(inside, outside)
        viewer = partners.add_person(
            self.connection,
            actor=self.actor,
            email="viewer@example.com",
            name="Viewer",
            role=Role.CUSTOMER,
            partner_id=self.viewer_firm,
            password=PASSWORD,
            language="en",
            now=self.now(),
        )
        return World(org_id=org_id, viewer=viewer, products=inside, secrets=self.secrets)

    def now(self) -> datetime:
        """Return an instant a little later than the last: ids made in order sort in that order."""
        self.tick += 1
        return NOW - timedelta(days=40) + timedelta(seconds=self.tick)

    def name(self, what: str) -> str:
        """Return a name only this side has, and note it as a secret."""
        self.named += 1
        made = f"{what}{self.side}{self.rng.choice(_WORDS)}{self.named}"
        self.secrets.append(made)
        return made

    def _firms(self) -> None:
        drafts = [PartnerDraft(code="ME", name_zh="我方", name_en="Mine", roles=("customer",))]
        drafts += [
            PartnerDraft(
                code=self.name("C"), name_zh=self.name("某"), name_en=self.name("Firm"), roles=("customer",)
            )
            for _ in range(self.rng.randint(1, 3))
        ]
        made = partners.save_partners(self.connection, actor=self.actor, drafts=drafts, now=self.now())
        self.viewer_firm = made["ME"]
        self.others = [made[draft.code] for draft in drafts[1:]]

    def _places(self) -> None:
        told = self.core.tier is not Tier.ORDINARY
        drafts = [
            LocationDraft(
                code=f"N{number}" if told else self.name("N"),
                name_zh=f"仓{number}" if told else self.name("仓"),
                name_en=f"Node {number}" if told else self.name("Node"),
                kind=kind,
            )
            for number, kind in enumerate(self.core.nodes)
        ]
        # The order in which nodes were opened is nobody's business either.
        beyond = [] if self.core.all_nodes else [self._outer_place() for _ in range(self.rng.randint(0, 2))]
        made: dict[str, UUID] = {}
        for draft in self._shuffled([*drafts, *beyond]):
            made |= inventory.save_locations(self.connection, actor=self.actor, drafts=[draft], now=self.now())
        self.nodes = [made[draft.code] for draft in drafts]
        self.outer_nodes = [made[draft.code] for draft in beyond]

    def _outer_place(self) -> LocationDraft:
        return LocationDraft(
            code=self.name("X"),
            name_zh=self.name("外"),
            name_en=self.name("Outer"),
            kind=self.rng.choice(("own", "third_party")),
        )

    def _goods_inside(self) -> dict[str, UUID]:
        made: dict[str, UUID] = {}
        for good in self.core.goods:
            made |= inventory.save_products(self.connection, actor=self.actor, drafts=[good.draft], now=self.now())
        return made

    def _goods_outside(self) -> list[UUID]:
        """Make products outside: some both worlds have, some only one; where all are in scope, retired ones."""
        skus = [sku for sku in ("OUT-BOTH", f"OUT-{self.side}", self.name("OUT-")) if self.rng.random() < 0.8]
        made: list[UUID] = []
        for number, sku in enumerate(skus):
            draft = ProductDraft(
                sku=sku,
                name_zh=self.name("外品"),
                name_en=self.name("Foreign"),
                gtin=_gtin(f"9521{ord(self.side):03d}{number:05d}"),
                tracking="lot",
            )
            found = inventory.save_products(self.connection, actor=self.actor, drafts=[draft], now=self.now())
            made.append(found[sku])
        if self.core.all_products:
            self._run("UPDATE product SET active = FALSE WHERE id = ANY(CAST(:ids AS uuid[]))", ids=made)
        return made

    def _agreements(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        scope = None if self.core.all_products else frozenset(inside.values())
        nodes = frozenset() if self.core.all_nodes else frozenset(self.nodes)
        self._agree("AG-MINE", self.viewer_firm, self.core.tier, scope, nodes)
        for firm in self.others:
            wider = frozenset([*inside.values(), *outside])
            self._agree(self.name("AG-"), firm, self.rng.choice(list(Tier)), wider, frozenset(self.nodes))

    def _agree(
        self, number: str, firm: UUID, tier: Tier, scope: frozenset[UUID] | None, nodes: frozenset[UUID]
    ) -> None:
        partners.save_agreement(
            self.connection,
            actor=self.actor,
            number=number,
            partner_id=firm,
            tier=tier,
            purpose="supply",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
            products=scope,
            nodes=nodes,
            now=self.now(),
        )

    def _stock(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        lines: list[StockLine] = []
        states: list[tuple[str, UUID, str]] = []
        drafts: list[ExpectedDraft] = []
        received: dict[str, int] = {}
        for good in self.core.goods:
            product_id = inside[good.draft.sku]
            for lot in good.lots:
                code = lot.code if self.core.tier is not Tier.ORDINARY else self.name("L")
                lines.append(self._line(product_id, self.nodes[lot.node], lot.quantity, code, lot.expires_on))
                states.append((code, product_id, lot.state))
            for receipt in good.receipts:
                arrived = self.rng.choice((0, 0, 7))
                key = self.name("KEY-")
                received[key] = arrived
                drafts.append(self._draft(product_id, receipt, arrived, key))
            lines += [
                self._line(product_id, node, self.rng.randint(1, 500), self.name("XL"), None)
                for node in self.outer_nodes
            ]
        for product_id in outside:
            lines += [
                self._line(product_id, node, self.rng.randint(1, 90), self.name("XL"), None) for node in self.nodes
            ]
        for number, line in enumerate(self._shuffled(lines)):
            inventory.book_stock(
                self.connection,
                actor=self.actor,
                lines=[line],
                document=self.name("DOC-"),
                key_prefix=f"{self.side}{number}",
                now=self.now(),
            )
        for code, product_id, state in states:
            statement = "UPDATE lot SET status = :state WHERE code = :code AND product_id = :product"
            self._run(statement, state=state, code=code, product=product_id)
        inventory.expect_receipts(self.connection, actor=self.actor, drafts=self._shuffled(drafts), now=self.now())
        for key, arrived in received.items():
            self._run("UPDATE expected_receipt SET received = :n WHERE source_key = :key", n=arrived, key=key)
        self._run("UPDATE location SET fed_at = :at WHERE kind <> 'own'", at=NOW - timedelta(hours=30))

    def _line(self, product_id: UUID, node: UUID, quantity: int, code: str, expires_on: date | None) -> StockLine:
        return StockLine(
            product_id=product_id, location_id=node, quantity=quantity, lot_code=code, expires_on=expires_on
        )

    def _draft(self, product_id: UUID, receipt: Receipt, arrived: int, key: str) -> ExpectedDraft:
        return ExpectedDraft(
            product_id=product_id,
            location_id=self.nodes[receipt.node],
            quantity=receipt.open + arrived,
            due_on=receipt.due_on,
            source_key=key,
            state=receipt.state,
            document=receipt.document,
            supplier=self.name("Supplier"),
        )

    def _promises(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        lines: list[AllocationLine] = []
        for good in self.core.goods:
            product_id = inside[good.draft.sku]
            for number, taking in enumerate(good.own):
                key = f"OWN-{good.draft.sku}-{number}"
                lines.append(self._promise(product_id, self.nodes[taking.node], taking, self.viewer_firm, key))
            for taking in good.others:
                lines += self._split(product_id, taking, good.receipts)
            if self.outer_nodes:
                stray = Taking(0, TODAY, self.rng.randint(1, 50), self.name("SO-"))
                lines.append(
                    self._promise(product_id, self.outer_nodes[0], stray, self.viewer_firm, self.name("k"))
                )
        for product_id in outside:
            stray = Taking(0, TODAY, self.rng.randint(1, 50), self.name("SO-"))
            lines.append(self._promise(product_id, self.nodes[0], stray, self.viewer_firm, self.name("k")))
        for line in self._shuffled(lines):
            inventory.allocate(self.connection, actor=self.actor, lines=[line], now=self.now(), beyond_stock=True)
        self._run("UPDATE allocation SET state = 'released' WHERE source_key LIKE 'gone-%'")

    def _split(self, product_id: UUID, taking: Taking, receipts: Iterable[Receipt]) -> list[AllocationLine]:
        """Split what others take: among any firms, on any day of the same stretch between two receipts."""
        first, last = stretch(taking, receipts)
        left, lines = taking.quantity, []
        while left:
            part = self.rng.randint(1, left)
            left -= part
            day = first + timedelta(days=self.rng.randint(0, (last - first).days))
            firm = self.rng.choice([*self.others, None])
            share = Taking(taking.node, day, part, self.name("SO-"))
            lines.append(self._promise(product_id, self.nodes[taking.node], share, firm, self.name("k")))
        gone = Taking(taking.node, TODAY, self.rng.randint(1, 60), self.name("SO-"))
        lines.append(self._promise(product_id, self.nodes[taking.node], gone, None, f"gone-{self.name('k')}"))
        return lines

    def _promise(
        self, product_id: UUID, node: UUID, taking: Taking, firm: UUID | None, key: str
    ) -> AllocationLine:
        return AllocationLine(
            product_id=product_id,
            location_id=node,
            partner_id=firm,
            quantity=taking.quantity,
            needed_on=taking.day,
            document=taking.document,
            source_key=key,
        )

    def _orders(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        ids = list(inside.values())
        orders = [
            self._order(one, self.viewer_firm, [(ids[place], quantity) for place, quantity in one.lines])
            for one in self.core.orders
        ]
        for _ in range(self.rng.randint(0, 5)):
            strange = OwnOrder(self.name("SO-"), self.rng.choice(("open", "fulfilled")), NOW, TODAY, ())
            goods = self.rng.choice([*ids, *outside])
            firm = self.rng.choice([*self.others, None])
            orders.append(self._order(strange, firm, [(goods, self.rng.randint(1, 99))]))
        save_orders(self.connection, actor=self.actor, orders=self._shuffled(orders), now=self.now())

    def _order(self, order: OwnOrder, firm: UUID | None, goods: Iterable[tuple[UUID, int]]) -> OrderDraft:
        return OrderDraft(
            number=order.number,
            partner_id=firm,
            ordered_at=order.ordered_at,
            needed_on=order.needed_on,
            state=order.state,
            source=self.name("file"),
            lines=tuple(
                OrderLineDraft(number, product_id, None, quantity, None)
                for number, (product_id, quantity) in enumerate(goods, 1)
            ),
        )

    def _demand(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        rows = [(one, TODAY - timedelta(days=self.rng.randint(0, 90)), 50, 9) for one in outside]
        for good in self.core.goods:
            shown = good.demand
            if self.core.tier is not Tier.STRATEGIC:
                shown = tuple((day, self.rng.randint(0, 999), count) for day, _, count in shown)
            rows += [(inside[good.draft.sku], *day) for day in shown]
        replace_demand(self.connection, org_id=self.actor.org_id, rows=self._shuffled(rows))

    def _shuffled(self, things: Iterable[Any]) -> list[Any]:
        listed = list(things)
        self.rng.shuffle(listed)
        return listed

    def _run(self, statement: str, **values: Any) -> None:
        self.connection.execute(text(statement), values)


def stretch(taking: Taking, receipts: Iterable[Receipt]) -> tuple[date, date]:
    """Return the first and last day on which a taking counts the same: up to the next receipt at its node.

    A day that has passed counts as today, for receipts and for takings.
    """
    day = max(taking.day, TODAY)
    arrivals = sorted({max(one.due_on, TODAY) for one in receipts if one.node == taking.node})
    first = max((one for one in arrivals if one <= day), default=TODAY - timedelta(days=3))
    last = min((one for one in arrivals if one > day), default=TODAY + timedelta(days=_HORIZON + 1))
    return first, last - timedelta(days=1)


# --- worlds that are wrong on purpose ---------------------------------------------------------------------


def told_differently(core: Core) -> dict[str, Core]:
    """Return the same core with one entitled fact changed, by the name of the fact; for proving that it is seen."""
    good = core.goods[0]
    node = 0
    changed = {
        "a lot holds one more": replace(good, lots=(*good.lots, Lot("L0Z", node, 1, None, "available"))),
        "a receipt is due": replace(
            good, receipts=(*good.receipts, Receipt("PO-0Z", node, 5, TODAY + timedelta(days=9), "shipped"))
        ),
        "a name": replace(good, draft=replace(good.draft, name_en="Renamed")),
        "an own promise": replace(good, own=(*good.own, Taking(node, TODAY, 3, "MINE-0Z"))),
    }
    if core.tier is Tier.STRATEGIC:
        changed["demand"] = replace(good, demand=(*good.demand, (TODAY, 11, 2)))
    cores = {name: replace(core, goods=(one, *core.goods[1:])) for name, one in changed.items()}
    order = OwnOrder("SO-MINE-Z", "open", NOW, TODAY, ((0, 1),))
    cores["an own order"] = replace(core, orders=(*core.orders, order))
    return cores
