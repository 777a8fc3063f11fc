"""A change of an agreement in words: what they lose, what they gain, from when."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from portal.inventory.reads import Location, Product
from portal.kernel.disclosure import Basis, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.partners.model import Agreement
from portal.web.agreement_words import Names, changes, grain_words, scope_words
from support.front import front_app

NB, CD = UUID(int=1), UUID(int=2)
TODAY = date(2026, 11, 23)


def product(number: int) -> Product:
    return Product(
        id=UUID(int=number),
        sku=f"TEA-{number}",
        gtin=None,
        name_zh="茶",
        name_en="Tea",
        category=None,
        base_unit="C62",
        decimals=0,
        pack_quanta=1,
        tracking="none",
        shelf_life_days=None,
    )


NAMES = Names(
    {UUID(int=n): product(n) for n in range(10, 16)},
    {
        NB: Location(id=NB, code="NB", name_zh="宁波仓", name_en="Ningbo", kind="own", fed_at=None),
        CD: Location(id=CD, code="CD", name_zh="成都仓", name_en="Chengdu", kind="own", fed_at=None),
    },
)


@pytest.fixture(scope="module")
def app() -> Flask:
    return front_app(default_language="en")


def agreement(**changed: Any) -> Agreement:
    values: dict[str, Any] = {
        "number": "AG-1",
        "tier": Tier.KEY,
        "purpose": "resale",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "nodes": frozenset({NB, CD}),
    }
    return Agreement(**{**values, **changed})


def said(app: Flask, before: Agreement | None, after: Agreement) -> list[str]:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        return changes(before, after, NAMES, today=TODAY)


def test_a_lost_warehouse_is_named_from_the_day_it_is_lost(app: Flask) -> None:
    after = agreement(number="AG-2", valid_from=date(2026, 11, 24), nodes=frozenset({CD}))
    assert said(app, agreement(), after) == ["From 24 Nov on they no longer see warehouse Ningbo."]


def test_a_won_warehouse_shows_at_the_next_request(app: Flask) -> None:
    before = agreement(nodes=frozenset({CD}))
    assert said(app, before, agreement()) == ["From their next request on they also see warehouse Ningbo."]


def test_a_lowered_tier_says_what_goes_with_it(app: Flask) -> None:
    before = agreement(tier=Tier.STRATEGIC)
    assert said(app, before, agreement(tier=Tier.ORDINARY)) == [
        "From their next request on their tier is “Ordinary customer” and no longer “Strategic partner”.",
        "From their next request on they no longer see the demand board.",
        "From their next request on they no longer see warehouses and lots, only totals.",
    ]


def test_naming_warehouses_or_none_says_what_counts(app: Flask) -> None:
    everywhere = agreement(tier=Tier.ORDINARY, nodes=frozenset())
    some = agreement(tier=Tier.ORDINARY)
    assert said(app, everywhere, some) == ["From their next request on only the stock at Chengdu, Ningbo counts."]
    assert said(app, some, everywhere) == ["From their next request on the stock of all warehouses counts."]


def test_items_are_named_up_to_four(app: Flask) -> None:
    one = agreement(products=frozenset({UUID(int=10)}))
    assert said(app, agreement(), one) == [
        "From their next request on they no longer see: TEA-11, TEA-12, TEA-13, TEA-14 and 1 more."
    ]
    two = agreement(products=frozenset({UUID(int=10), UUID(int=11)}))
    assert said(app, one, two) == ["From their next request on they also see: TEA-11."]


def test_basis_figures_questions_and_end_are_said(app: Flask) -> None:
    after = agreement(
        basis=Basis.OWN_ONLY,
        grain=Grain(GrainKind.CAP, (500,)),
        daily_questions=1,
        valid_until=date(2026, 12, 1),
    )
    assert said(app, agreement(), after) == [
        "From their next request on the figures are made of: Only what is kept for them.",
        "From their next request on figures are told like this: exact below 500, “≥ 500” from there on.",
        "From their next request on they may ask 1 question a day.",
        "It now ends with 1 Dec 2026.",
    ]


def test_the_first_agreement_says_what_they_will_see(app: Flask) -> None:
    assert said(app, None, agreement()) == [
        "From their next request on they see stock as a partner of the tier “Key customer”.",
        "Figures are told like this: exact.",
    ]


def test_what_is_over_or_the_same_is_said_so(app: Flask) -> None:
    assert said(app, agreement(), agreement(valid_until=date(2026, 11, 22))) == [
        "It is over: they see nothing under it."
    ]
    assert said(app, agreement(), agreement(purpose="other")) == ["Nothing changes in what they see."]


def test_every_grain_has_its_words(app: Flask) -> None:
    steps = Grain(GrainKind.BUCKETS, (100, 500))
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert grain_words(steps) == "in steps: ≥\N{NO-BREAK SPACE}100, ≥\N{NO-BREAK SPACE}500"
        assert grain_words(Grain(GrainKind.YES_NO, (100,))) == "available or not, at 100"


def test_the_scope_is_written_as_facts(app: Flask) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        narrow = scope_words(agreement(tier=Tier.ORDINARY, nodes=frozenset(), products=frozenset()), NAMES)
        wide = scope_words(agreement(), NAMES)
    assert narrow[:3] == [
        ("Tier", "Ordinary customer"),
        ("Items", "none"),
        ("Warehouses", "all, counted together"),
    ]
    assert wide[1:4] == [
        ("Items", "all items"),
        ("Warehouses", "Chengdu, Ningbo"),
        ("Basis", "Free stock and what is kept for them"),
    ]
    assert wide[-1] == ("Validity", "1 Jan 2026 to 31 Dec 2026")
