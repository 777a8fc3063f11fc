"""Twelve months of trade, made up but orderly: who ordered what on which day, and what lies where today.

Pure: the same day gives the same company to the last piece. Quantities are quanta of the product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal.demo.catalogue import ITEMS, LEAD_DAYS, Item
from portal.demo.dice import Dice
from portal.demo.seasons import swell, usual_share

DAYS = 365
"""Days of history, up to yesterday."""

VMI = {"CK-201": "S-01", "CK-204": "S-01", "MC-104": "S-01", "NT-404": "S-03", "TE-306": "S-02"}
"""Products kept full at the main warehouse by their suppliers; their stock there has run low."""

_SEED = 0x7A11
_SUNDAY = 6
_CHANNELS = ("C-01", "C-02", "C-02", "C-03", "C-03", "C-03", "", "")
_WEEKDAY = (105, 95, 100, 110, 135, 120, 0)
_PROMOTIONS = {6: 18, 11: 11, 12: 12}
"""Days of the big sales (6·18, 双十一, 双十二), by month."""

_PROMOTED = frozenset({"CK-202", "CK-204", "NT-401", "NT-404", "DR-602", "DR-604", "TE-306", "LD-502"})


@dataclass(frozen=True, slots=True)
class Sale:
    """One line sold: SKU and quanta."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order.

    Attributes:
        number: Its number.
        customer: Partner code; empty for the counter.
        day: Day it was placed.
        needed_on: Day the goods are needed; ``None`` for history.
        node: Warehouse it leaves from.
        lines: What was ordered.
    """

    number: str
    customer: str
    day: date
    needed_on: date | None
    node: str
    lines: tuple[Sale, ...]


@dataclass(frozen=True, slots=True)
class DemoLot:
    """What lies somewhere today."""

    sku: str
    node: str
    lot: str
    made_on: date | None
    expires_on: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class DemoReceipt:
    """What is on its way, or promised: ``state`` is ``shipped`` or ``confirmed``."""

    sku: str
    node: str
    supplier: str
    lot: str
    expires_on: date | None
    quantity: int
    due_on: date
    state: str
    document: str


_EXPIRED = ("DR-604", "SH-1")
"""Where the oldest lot was forgotten: it expired two days ago and is in nobody's figures."""


_STORY = {"SH-1": 18, "JX-3PL": 14}
"""Cases of the key customer's own orders of mung bean cake by warehouse: why less is free than lies there."""

_STORY_SKU, _STORY_CUSTOMER = "CK-202", "C-02"
_STORY_RECEIPTS = ((12, 30, "shipped"), (21, 48, "confirmed"))
"""Days ahead, cases and state of what is coming of it."""


def sold_on(item: Item, day: date, dice: Dice) -> int:
    """Return the quanta of an item sold on a day.

    Args:
        item: The item.
        day: The day.
        dice: Chance.
    """
    share = _WEEKDAY[day.weekday()] * swell(day, festival=item.festival) // 100
    share = share * usual_share(day, category=item.category) // 100
    if item.sku in _PROMOTED and 0 <= _PROMOTIONS.get(day.month, 99) - day.day <= 2:  # noqa: PLR2004 - three days
        share *= 3
    quantity = item.daily * share * dice.between(70, 130) // 10_000
    return quantity * quantum(item)


def quantum(item: Item) -> int:
    """Return the quanta in one base unit of an item."""
    return int(10**item.decimals)


def history(today: date) -> Iterator[DemoOrder]:
    """Yield the orders of the year before ``today``, oldest first."""
    dice = Dice(_SEED)
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        baskets: dict[str, list[Sale]] = {}
        for item in ITEMS:
            customer = dice.pick(_CHANNELS)
            quantity = sold_on(item, day, dice)
            if quantity:
                baskets.setdefault(customer, []).append(Sale(item.sku, quantity))
        for number, (customer, lines) in enumerate(sorted(baskets.items()), start=1):
            yield DemoOrder(f"SO-{day:%y%m%d}-{number}", customer, day, None, "SH-1", tuple(lines))


def open_orders(today: date) -> list[DemoOrder]:
    """Return the orders that wait to be shipped; all of them fit the stock."""
    dice = Dice(_SEED + 1)
    steady = [item for item in ITEMS if item.sku not in VMI and item.shelf_days != 20]  # noqa: PLR2004 - too short
    found = []
    plan = (
        ("C-01", "SH-1", 3),
        ("C-02", "SH-1", 4),
        ("C-02", "JX-3PL", 9),
        ("C-03", "SH-1", 2),
        ("C-03", "JX-3PL", 6),
        ("C-03", "HZ-F", 1),
        ("", "HZ-F", 1),
    )
    for number, (customer, node, ahead) in enumerate(plan, start=1):
        chosen = {item.sku: item for item in (dice.pick(steady) for _ in range(4))}
        # Firms order whole cases, the counter sells pieces.
        lines = tuple(
            Sale(sku, _asked_for(item, dice, in_cases=bool(customer))) for sku, item in sorted(chosen.items())
        )
        if customer == _STORY_CUSTOMER:
            story = _item(_STORY_SKU)
            own = Sale(story.sku, story.pack * _STORY[node] * quantum(story))
            lines = (own, *(line for line in lines if line.sku != story.sku))
        found.append(
            DemoOrder(
                f"SO-{today:%y%m}-9{number:02d}", customer, today, today + timedelta(days=ahead), node, lines
            )
        )
    return found


def _item(sku: str) -> Item:
    return next(item for item in ITEMS if item.sku == sku)


def _asked_for(item: Item, dice: Dice, *, in_cases: bool) -> int:
    pieces = max(item.daily * dice.between(60, 200) // 100, 1)
    if in_cases:
        pieces = -(-pieces // item.pack) * item.pack
    return pieces * quantum(item)


def stock(today: date) -> list[DemoLot]:
    """Return what lies where: two or three lots each, some of them near their end."""
    dice = Dice(_SEED + 2)
    found: list[DemoLot] = []
    for item in ITEMS:
        for node, low, high in (("SH-1", 18, 40), ("JX-3PL", 10, 24), ("HZ-F", 5, 9)):
            days = dice.between(low, high)
            if item.sku in VMI and node == "SH-1":
                days = 3
            quantity = item.daily * days * quantum(item)
            found.extend(_lots(item, node, quantity, today, dice))
    return found


def _lots(item: Item, node: str, quantity: int, today: date, dice: Dice) -> Iterator[DemoLot]:
    if not item.shelf_days:
        yield DemoLot(item.sku, node, "", None, None, quantity)
        return
    parts = 1 if node == "HZ-F" else dice.between(2, 3)
    for part in range(parts):
        # The oldest lot has used up most of its life; the newest came last week.
        age = item.shelf_days * (parts - 1 - part) * dice.between(70, 96) // (100 * parts) + dice.between(2, 6)
        if part == 0 and node == "SH-1" and dice.below(3) == 0:
            age = item.shelf_days - dice.between(3, 12)
        if part == 0 and (item.sku, node) == _EXPIRED:
            age = item.shelf_days + 2
        made_on = today - timedelta(days=age)
        yield DemoLot(
            item.sku,
            node,
            f"{item.sku[:2]}{made_on:%y%m%d}{'ABC'[part]}",
            made_on,
            made_on + timedelta(days=item.shelf_days),
            quantity // parts + (quantity % parts if part == 0 else 0),
        )


def receipts(today: date) -> list[DemoReceipt]:
    """Return what is on its way to us, other than what suppliers send on their own proposals."""
    dice = Dice(_SEED + 3)
    items = [item for item in ITEMS if item.sku not in VMI and item.sku != _STORY_SKU]
    found = [_story_receipt(number, today) for number in range(len(_STORY_RECEIPTS))]
    for number in range(18):
        item = items[number * 3 % len(items)]
        shipped = number % 2 == 0
        lead = LEAD_DAYS[item.supplier]
        due_on = today + timedelta(days=dice.between(1, lead) if shipped else dice.between(lead, lead * 2))
        made_on = today - timedelta(days=3)
        tracked = shipped and item.shelf_days
        found.append(
            DemoReceipt(
                sku=item.sku,
                node="JX-3PL" if number % 4 == 3 else "SH-1",  # noqa: PLR2004 - every fourth
                supplier=item.supplier,
                lot=f"{item.sku[:2]}{made_on:%y%m%d}T" if tracked else "",
                expires_on=made_on + timedelta(days=item.shelf_days) if tracked else None,
                quantity=item.pack * dice.between(4, 16) * quantum(item),
                due_on=due_on,
                state="shipped" if shipped else "confirmed",
                document=f"PO-{4400 + number}",
            )
        )
    return found


def _story_receipt(number: int, today: date) -> DemoReceipt:
    item = _item(_STORY_SKU)
    ahead, cases, state = _STORY_RECEIPTS[number]
    made_on = today - timedelta(days=3)
    shipped = state == "shipped"
    return DemoReceipt(
        sku=item.sku,
        node="SH-1",
        supplier=item.supplier,
        lot=f"{item.sku[:2]}{made_on:%y%m%d}V" if shipped else "",
        expires_on=made_on + timedelta(days=item.shelf_days) if shipped else None,
        quantity=cases * item.pack * quantum(item),
        due_on=today + timedelta(days=ahead),
        state=state,
        document=f"PO-{4390 + number}",
    )
