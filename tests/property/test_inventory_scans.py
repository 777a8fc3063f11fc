"""A thousand scans that read differently from the right one: none is accepted (features.md R7)."""

import random
import string
from datetime import date
from uuid import UUID

import pytest

from portal.inventory.picking import PickSpot, PickTask, check_goods, check_place
from portal.kernel.errors import PortalError
from portal.kernel.gs1 import read_scan
from support.stock import TODAY

GTIN = "09520011004015"
LOT = PickSpot(
    lot_id=UUID(int=1),
    lot="L7-20",
    made_on=date(2026, 8, 1),
    expires_on=date(2026, 12, 31),
    place_id=UUID(int=2),
    place="A-01-3",
    quantity=5,
)
BY_LOT = PickTask(product_id=UUID(int=3), sku="TEA-1", gtin=GTIN, tracking="lot", spot=LOT)
RIGHT = (
    f"01{GTIN}10L7-20",
    f"01{GTIN}1726123110L7-20",
    f"01{GTIN}10L7-20\x1d11260801",
    f"(01){GTIN}(17)261231(10)L7-20",
    f"https://id.example/01/{GTIN}/10/L7-20",
    "L7-20",
)
SIGNS = string.ascii_letters + string.digits + "-"
WANTED = 1_000


def mutated(text: str, dice: random.Random) -> str:
    """Change, drop, add or swap one sign after the scheme and host of a link."""
    start = text.index("/01/") if text.startswith("https") else 0
    place = dice.randrange(start, len(text))
    match dice.randrange(4):
        case 0:
            return text[:place] + dice.choice(SIGNS) + text[place + 1 :]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + dice.choice(SIGNS) + text[place:]
        case _:
            return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]


@pytest.mark.parametrize("right", RIGHT)
def test_the_right_scan_is_accepted(right: str) -> None:
    assert check_goods(BY_LOT, read_scan(right), today=TODAY) == ""


def test_of_a_thousand_mutated_scans_none_is_accepted() -> None:
    dice = random.Random(7)  # noqa: S311 - a repeatable run, no secret
    tried, accepted = 0, []
    while tried < WANTED:
        right = dice.choice(RIGHT)
        wrong = mutated(right, dice)
        try:
            said = read_scan(wrong)
            if said == read_scan(right):
                continue
            tried += 1
            check_goods(BY_LOT, said, today=TODAY)
            accepted.append(wrong)
        except PortalError:
            tried += 1
    assert accepted == []


def test_of_a_thousand_mutated_places_none_is_accepted() -> None:
    dice = random.Random(8)  # noqa: S311 - as above
    tried, accepted = 0, []
    while tried < WANTED:
        wrong = mutated(LOT.place, dice)
        if wrong == LOT.place:
            continue
        tried += 1
        try:
            check_place(BY_LOT, read_scan(wrong))
            accepted.append(wrong)
        except PortalError:
            continue
    assert accepted == []
