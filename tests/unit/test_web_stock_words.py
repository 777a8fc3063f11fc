"""The line that says what can be promised next."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from portal.inventory.model import PromiseStep
from portal.inventory.reads import AvailabilityRow, Product
from portal.web import stock_words as words
from support.front import front_app

TODAY = date(2026, 11, 23)


def row(**figures: Any) -> AvailabilityRow:
    product = Product(
        id=UUID(int=1),
        sku="CK-201",
        gtin=None,
        name_zh="桂花糕",
        name_en="Osmanthus cake",
        category=None,
        base_unit="H87",
        decimals=0,
        pack_quanta=24,
        tracking="lot",
        shelf_life_days=40,
    )
    rest: dict[str, Any] = {
        "product": product,
        "held": 0,
        "left_out": 0,
        "confirmed": 0,
        "next_due": TODAY,
        "late": False,
        "kept": 0,
        "first_expiry": None,
        "fed_at": None,
        "feed_zh": "",
        "feed_en": "",
        "feed_kind": "",
    }
    return AvailabilityRow(**rest, **figures, steps=(PromiseStep(TODAY, figures["promise"]),))


@pytest.mark.parametrize(
    ("figures", "lines"),
    [
        (
            {"on_hand": 612, "in_transit": 816, "promise": 1428, "usable": 612},
            ("No receipt after today", "34 cs of it still has to arrive"),
        ),
        (
            {"on_hand": 612, "in_transit": 816, "promise": 612, "usable": 612},
            ("No more to promise", "What is coming is kept for orders"),
        ),
        ({"on_hand": 612, "in_transit": 0, "promise": 612, "usable": 612}, ("", "25 is all for now")),
    ],
)
def test_what_is_counted_before_it_came_is_said(figures: dict[str, int], lines: tuple[str, str]) -> None:
    one = row(**figures)
    with front_app().test_request_context("/?lang=en"):
        assert words.next_lines(one, words.measure(one.product, words.CASES)) == lines
