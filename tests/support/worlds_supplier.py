"""Two worlds that agree on what one supplier is entitled to: orders sent to them, what they deliver, their papers.

Drawn anew for each side: what is only proposed or was withdrawn before it was sent, the host's rules for ordering,
stock, customers, agreements, other suppliers with their orders and papers, products and places outside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from urllib.parse import quote, urlencode
from uuid import UUID

from sqlalchemy import Connection

from portal.inventory import service as inventory
from portal.inventory.model import LocationDraft, ProductDraft, StockLine
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.partners import service as partners
from portal.partners.model import PartnerDraft
from support.worlds import NOW, TODAY, WORDS, dice, gtin_of
from support.worlds_build import PASSWORD, World
from support.worlds_questions import Question, document
from support.worlds_supply import PATHS, Deal, Paper, Writer


@dataclass(frozen=True)
class SupplierCore:
    """What the supplier is entitled to.

    Attributes:
        seed: Name of the pair of worlds.
        goods: What they deliver, to the one node they know.
        deals: Orders that were sent to them, by the place of their product in ``goods``.
        papers: Papers they handed in, each with the place of its product or ``None``.
    """

    seed: str
    goods: tuple[ProductDraft, ...]
    deals: tuple[tuple[int, Deal], ...]
    papers: tuple[tuple[int | None, Paper], ...]


def draw_supplier(seed: str) -> SupplierCore:
    """Draw what the supplier of one pair of worlds is entitled to."""
    rng = dice("supplier", seed)
    goods = tuple(
        ProductDraft(sku=f"IN-{number}", name_zh=f"{number}号", name_en=f"Tea {number}", tracking="lot")
        for number in range(rng.randint(1, 4))
    )
    deals: list[tuple[int, Deal]] = []
    for place in range(len(goods)):
        paths = [path for path in PATHS if path not in {"proposed", "withdrawn", "sent"}]
        chosen = [rng.choice(paths) for _ in range(rng.randint(0, 3))] + ["sent"] * (rng.random() < 0.6)
        for path in chosen:
            made_on = TODAY - timedelta(days=rng.randint(0, 60))
            deal = Deal(f"R-26{len(deals):03d}", path, rng.randint(1, 90), rng.randint(0, 99), made_on)
            deals.append((place, deal))
    papers = tuple(
        (
            rng.choice((None, *range(len(goods)))),
            Paper(f"SC-{number}", rng.choice(("", "L1")), TODAY + timedelta(days=rng.randint(-30, 300))),
        )
        for number in range(rng.randint(0, 4))
    )
    return SupplierCore(seed, goods, tuple(deals), papers)


def told_otherwise(core: SupplierCore) -> dict[str, SupplierCore]:
    """Return the core with one entitled fact changed, by the name of the fact; for proving that it is seen."""
    deal = Deal("R-26900", "sent", 7, 3, TODAY)
    free = ProductDraft(sku="IN-Z", name_zh="新", name_en="New", tracking="lot")
    return {
        "an order": replace(core, goods=(*core.goods, free), deals=(*core.deals, (len(core.goods), deal))),
        "a product": replace(core, goods=(*core.goods, free)),
        "a paper": replace(core, papers=(*core.papers, (None, Paper("SC-Z", "", None)))),
    }


def build_supplier(connection: Connection, core: SupplierCore, side: str) -> World:
    """Write one side of a pair of worlds into an empty database."""
    return _Builder(connection, core, dice("side", core.seed, side), side).build()


class _Builder:
    def __init__(self, connection: Connection, core: SupplierCore, rng: Random, side: str) -> None:
        self.connection, self.core, self.rng, self.side = connection, core, rng, side
        self.tick, self.named = 0, 0
        self.secrets: list[str] = []

    def now(self) -> datetime:
        self.tick += 1
        return NOW - timedelta(days=90) + timedelta(seconds=self.tick)

    def name(self, what: str) -> str:
        self.named += 1
        self.secrets.append(f"{what}{self.side}{self.rng.choice(WORDS)}{self.named}")
        return self.secrets[-1]

    def build(self) -> World:
        org_id = partners.save_company(
            self.connection, name_zh="主家", name_en="Host", is_demo=False, now=self.now()
        )
        actor = Actor(org_id=org_id, label=self.name("Clerk"))
        inventory.ensure_virtual_locations(self.connection, org_id=org_id, now=self.now())
        me, suppliers, customers = self._firms(actor)
        goods, places = self._goods(actor), self._places(actor)
        outside = self._outside(actor)
        self._customers(actor, customers, [*goods, *outside])
        writer = Writer(self.connection, org_id, self.rng, self.name, self.now)
        digests = writer.strangers([*goods, *outside], places, suppliers)
        self._own(writer, me, goods, places[0])
        viewer = partners.add_person(
            self.connection,
            actor=actor,
            email="viewer@example.com",
            name="Viewer",
            role=Role.SUPPLIER,
            partner_id=me,
            password=PASSWORD,
            language="en",
            now=self.now(),
        )
        return World(org_id=org_id, viewer=viewer, products={}, secrets=[*self.secrets, *digests])

    def _firms(self, actor: Actor) -> tuple[UUID, list[UUID], list[UUID]]:
        drafts = [PartnerDraft(code="ME", name_zh="我方", name_en="Mine", roles=("supplier",))]
        roles = ["supplier"] * self.rng.randint(1, 3) + ["customer"] * self.rng.randint(0, 2)
        drafts += [
            PartnerDraft(code=self.name("F"), name_zh=self.name("某"), name_en=self.name("Firm"), roles=(role,))
            for role in roles
        ]
        made = partners.save_partners(self.connection, actor=actor, drafts=drafts, now=self.now())
        by_role = {
            role: [made[draft.code] for draft in drafts[1:] if draft.roles == (role,)]
            for role in ("supplier", "customer")
        }
        return made["ME"], by_role["supplier"], by_role["customer"]

    def _goods(self, actor: Actor) -> list[UUID]:
        made = inventory.save_products(self.connection, actor=actor, drafts=list(self.core.goods), now=self.now())
        return [made[draft.sku] for draft in self.core.goods]

    def _places(self, actor: Actor) -> list[UUID]:
        drafts = [LocationDraft(code="N0", name_zh="仓", name_en="Node")]
        drafts += [
            LocationDraft(code=self.name("X"), name_zh=self.name("外"), name_en=self.name("Outer"))
            for _ in range(self.rng.randint(0, 2))
        ]
        made = inventory.save_locations(self.connection, actor=actor, drafts=drafts, now=self.now())
        return [made[draft.code] for draft in drafts]

    def _outside(self, actor: Actor) -> list[UUID]:
        drafts = [
            ProductDraft(
                sku=self.name("OUT-"),
                name_zh=self.name("外品"),
                name_en=self.name("Foreign"),
                gtin=gtin_of(f"9522{ord(self.side):03d}{number:05d}"),
                tracking="lot",
            )
            for number in range(self.rng.randint(0, 3))
        ]
        return list(inventory.save_products(self.connection, actor=actor, drafts=drafts, now=self.now()).values())

    def _customers(self, actor: Actor, firms: Sequence[UUID], products: Sequence[UUID]) -> None:
        for firm in firms:
            partners.save_agreement(
                self.connection,
                actor=actor,
                number=self.name("AG-"),
                partner_id=firm,
                tier=Tier.ORDINARY,
                purpose="supply",
                valid_from=date(2026, 1, 1),
                valid_until=date(2026, 12, 31),
                products=frozenset(products),
                nodes=frozenset(),
                now=self.now(),
            )

    def _own(self, writer: Writer, me: UUID, goods: Sequence[UUID], place: UUID) -> None:
        waiting = {number for number, deal in self.core.deals if deal.path == "sent"}
        policies = [writer.policy(product_id, place, me) for product_id in goods]
        for number, deal in self.core.deals:
            writer.order(deal, policies[number], goods[number], place, me)
        for number, product_id in enumerate(goods):
            if number not in waiting and self.rng.random() < 0.5:
                writer.order(writer.deal("proposed"), policies[number], product_id, place, me)
            if self.rng.random() < 0.5:
                writer.order(writer.deal("withdrawn"), policies[number], product_id, place, me)
        for number, paper in self.core.papers:
            writer.paper(paper, me, None if number is None else goods[number], by="me")
        stock = [
            StockLine(
                product_id=one, location_id=place, quantity=self.rng.randint(1, 400), lot_code=self.name("L")
            )
            for one in goods
            if self.rng.random() < 0.7
        ]
        if stock:
            inventory.book_stock(
                self.connection,
                actor=writer_actor(writer),
                lines=stock,
                document="d",
                key_prefix="w",
                now=self.now(),
            )


def writer_actor(writer: Writer) -> Actor:
    """Return who books the stock."""
    return Actor(org_id=writer.org_id, label=writer.name("Clerk"))


def words_of_supplier(core: SupplierCore, secrets: Sequence[Sequence[str]]) -> list[str]:
    """Return what a curious supplier would ask for: what they know; numbers, digests and names of each side."""
    words = [deal.number for _, deal in core.deals] + [draft.sku for draft in core.goods] + ["NEVER", "IN-9"]
    for side in secrets:
        numbers = [secret for secret in side if secret.startswith(("R-", "OUT-", "JY-")) or len(secret) == 64]
        words += dice("curious", core.seed).sample(numbers, min(len(numbers), 15))
        words += dice("names", core.seed).sample(side, min(len(side), 5))
    return words


def supplier_questions(rng: Random, *, words: Sequence[str], count: int) -> Iterator[Question]:
    """Yield requests a curious supplier could send."""
    for _ in range(count):
        word = quote(rng.choice(words), safe="")
        tab = rng.choice(("answer", "answered", "late", "nonsense"))
        paths = (
            "/vmi?" + urlencode({"tab": tab, "format": rng.choice(("", "csv"))}),
            f"/vmi/{word}",
            f"/vmi/{word}",
            f"/vmi/{word}/answer?" + urlencode({"with": rng.choice(("accept", "reject")), "reason": "price"}),
            f"/vmi/{word}/ship",
            "/documents",
            f"/documents/new?sku={word}",
            f"/documents/{word}",
            rng.choice(
                ("/", "/account", "/ops/policies", "/inventory", "/passports", f"/ops/replenishment/{word}")
            ),
        )
        if rng.random() < 0.2:
            yield document(rng, "supplier", words)
        else:
            yield Question(rng.choice(paths))
