"""One side of a pair of worlds, written into a database through the rooms' own deeds.

Drawn anew for each side: who the others are, how their share is split, on which day of its stretch it leaves,
which lots it takes, their orders and agreements, products, nodes, lots, demand and prices outside, suppliers,
staff, and how the stock came to be. An ordinary customer is told totals, so nodes and lots have other names, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
from support.worlds import NOW, TODAY, WORDS, Core, Good, Lot, OwnOrder, Receipt, Taking, dice, gtin_of
from support.worlds_lots import redrawn
from support.worlds_supply import Writer

PASSWORD = "correct-horse-battery"
_HORIZON = 70


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
    more: dict[tuple[str, int], int] = field(default_factory=dict)

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
        self._supply(inside, outside)
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
        made = f"{what}{self.side}{self.rng.choice(WORDS)}{self.named}"
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
                gtin=gtin_of(f"9521{ord(self.side):03d}{number:05d}"),
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
        self._run(
            "UPDATE agreement SET grain = :kind, steps = :steps WHERE number = 'AG-MINE'",
            kind=str(self.core.grain.kind),
            steps=list(self.core.grain.steps),
        )
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
            for lot in self._lots(good):
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
            inventory.change_lot_status(
                self.connection,
                actor=self.actor,
                product_id=product_id,
                lot_code=code,
                status=state,
                reason="worlds",
                key=f"{self.side}:{code}",
                now=self.now(),
            )
        inventory.expect_receipts(self.connection, actor=self.actor, drafts=self._shuffled(drafts), now=self.now())
        for key, arrived in received.items():
            self._run("UPDATE expected_receipt SET received = :n WHERE source_key = :key", n=arrived, key=key)
        self._run("UPDATE location SET fed_at = :at WHERE kind <> 'own'", at=NOW - timedelta(hours=30))
        closed = [node for node, out in zip(self.nodes, self.core.left_out, strict=True) if out]
        self._run(
            "UPDATE location SET stale_policy = 'leave_out' WHERE id = ANY(CAST(:ids AS uuid[]))", ids=closed
        )

    def _lots(self, good: Good) -> list[Lot]:
        """Draw the lots that others take, and how much of them there is more here than on the other side."""
        found: list[Lot] = []
        for node in range(len(self.nodes)):
            covered = any(one.node == node and one.due_on <= TODAY for one in good.receipts)
            # What comes today would serve others first; at a node left out their share is no stock to promise.
            more = 0 if covered or self.core.left_out[node] else self.rng.choice((0, 0, self.rng.randint(1, 90)))
            self.more[good.draft.sku, node] = more
            kept, taken = redrawn(self.rng, good, node, more=more, name=self.name)
            found += [*kept, *taken]
        return found

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
            more = [Taking(node, TODAY, self.more[good.draft.sku, node]) for node in range(len(self.nodes))]
            for taking in [*good.others, *more]:
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

    def _supply(self, inside: dict[str, UUID], outside: Sequence[UUID]) -> None:
        """Write what suppliers have with the host, which is no customer's business, and passports of lots."""
        drafts = [
            PartnerDraft(
                code=self.name("S"), name_zh=self.name("供"), name_en=self.name("Supplier"), roles=("supplier",)
            )
            for _ in range(self.rng.randint(0, 2))
        ]
        made = partners.save_partners(self.connection, actor=self.actor, drafts=drafts, now=self.now())
        writer = Writer(self.connection, self.actor.org_id, self.rng, self.name, self.now)
        places = [*self.nodes, *self.outer_nodes]
        writer.strangers([*inside.values(), *outside], places, list(made.values()))
        for good in self.core.goods:
            for lot in (*good.passports, self.name("P")):
                writer.passport(inside[good.draft.sku], str(good.draft.gtin), lot)

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
