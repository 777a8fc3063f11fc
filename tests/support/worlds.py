"""Two worlds that agree on what one viewer is entitled to and differ in everything else.

Entitled is what ``Core`` holds: the agreement's products, the stock of its nodes by lot, what is announced for
them, the viewer's own promises and orders, and, per product, node and stretch between two receipts, *how much* is
promised to others, of the lots only what that leaves. Everything else is drawn anew for each side
(``support.worlds_build``), the lots that others take among it (``support.worlds_lots``).
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from portal.inventory.model import ProductDraft
from portal.kernel.disclosure import Tier
from portal.kernel.grain import EXACT, Grain, GrainKind

NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
TODAY = date(2026, 11, 23)
WORDS = (
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
_GRAINS = (
    EXACT,
    EXACT,
    EXACT,
    Grain(GrainKind.CAP, (60,)),
    Grain(GrainKind.BUCKETS, (20, 100)),
    Grain(GrainKind.YES_NO, (50,)),
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
    """A product in scope, what lies, comes and is promised of it, and which of its lots have a passport."""

    draft: ProductDraft
    lots: tuple[Lot, ...]
    receipts: tuple[Receipt, ...]
    own: tuple[Taking, ...]
    others: tuple[Taking, ...]
    demand: tuple[tuple[date, int, int], ...]
    passports: tuple[str, ...] = ()


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
        left_out: Whether the node's stock cannot be promised while its feed is too old, as all feeds here are.
        goods: Products in scope.
        orders: The viewer's own orders.
        grain: How fine figures are told.
    """

    seed: str
    tier: Tier
    all_products: bool
    all_nodes: bool
    nodes: tuple[str, ...]
    left_out: tuple[bool, ...]
    goods: tuple[Good, ...]
    orders: tuple[OwnOrder, ...]
    grain: Grain


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
        left_out=tuple(kind != "own" and rng.random() < 0.3 for kind in nodes),
        goods=goods,
        orders=orders,
        grain=rng.choice(_GRAINS),
    )


def _good(rng: Random, number: int, nodes: int) -> Good:
    decimals = rng.choice((0, 0, 3))
    draft = ProductDraft(
        sku=f"IN-{number}",
        name_zh=f"{rng.choice(_SIGNS)}{rng.choice(_SIGNS)}{number}号",
        name_en=f"{rng.choice(WORDS)} no. {number}",
        gtin=gtin_of(f"9520{number:08d}"),
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
    lots = tuple(_lot(rng, number, serial, nodes) for serial in range(rng.randint(0, 5)))
    return Good(
        draft=draft,
        lots=lots,
        passports=tuple(lot.code for lot in lots[::2]),
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


def gtin_of(twelve: str) -> str:
    """Return a GTIN-13: twelve digits and their check digit (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)


# --- worlds that are wrong on purpose ---------------------------------------------------------------------


def plain(core: Core) -> Core:
    """Return the core with exact figures, and so much of its first product free that each of its facts shows."""
    first, *rest = core.goods
    stocked = replace(first, lots=(*first.lots, Lot("L0Y", 0, 500, None, "available")))
    return replace(
        core,
        grain=EXACT,
        nodes=("own", *core.nodes[1:]),
        left_out=(False, *core.left_out[1:]),
        goods=(stocked, *rest),
    )


def told_differently(core: Core) -> dict[str, Core]:
    """Return the core with one entitled fact changed, by the name of the fact; for proving that it is seen."""
    good = core.goods[0]
    node = 0
    changed = {
        "one more is on hold": replace(good, lots=(*good.lots, Lot("L0Z", node, 1, None, "quarantine"))),
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
