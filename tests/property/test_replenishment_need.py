"""The proposed quantity against a search that tries every number of packs.

``PROPERTY_EXAMPLES=5000`` runs the number of cases that features.md E6 asks for.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.inventory.units.model import ProductUnit, Units
from portal.kernel.ids import new_id
from portal.replenishment.model import Need, Policy, Position, need

ID = new_id(datetime(2026, 11, 23, tzinfo=UTC))


def oracle(policy: Policy, position: Position) -> Need | None:
    """Walk day by day, then try one pack after another, then more until the supplier takes it."""
    wanted = without_moq(policy, position)
    if wanted is None or wanted.quantity >= position.smallest_order:
        return wanted
    quantity = wanted.quantity
    while quantity < position.smallest_order:
        quantity += policy.pack_quanta
    return replace(wanted, quantity=quantity, to_moq=True)


def without_moq(policy: Policy, position: Position) -> Need | None:
    sold = sum((position.daily_demand for _ in range(policy.lead_time_days)), Fraction(0))
    demand = 0
    while demand < sold:
        demand += 1
    projected = position.on_hand + position.in_transit + position.confirmed - demand
    if projected >= policy.min_quanta:
        return None
    fitting = None
    quantity = 0
    while projected + quantity <= policy.max_quanta:
        fitting = quantity
        quantity += policy.pack_quanta
    if fitting is not None and projected + fitting >= policy.min_quanta:
        return Need(quantity=fitting, demand=demand, projected=projected, over_max=False)
    quantity = 0
    while projected + quantity < policy.min_quanta:
        quantity += policy.pack_quanta
    return Need(quantity=quantity, demand=demand, projected=projected, over_max=True)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Policy, Position]:
    low = draw(st.integers(0, 300))
    policy = Policy(
        id=ID,
        product_id=ID,
        location_id=ID,
        supplier_id=ID,
        min_quanta=low,
        max_quanta=low + draw(st.integers(0, 300)),
        pack_quanta=draw(st.integers(1, 120)),
        lead_time_days=draw(st.integers(0, 14)),
        answer_hours=48,
    )
    position = Position(
        on_hand=draw(st.integers(0, 400)),
        in_transit=draw(st.integers(0, 200)),
        confirmed=draw(st.integers(0, 200)),
        daily_demand=Fraction(draw(st.integers(0, 1000)), draw(st.sampled_from([1, 7, 28, 56]))),
        smallest_order=Fraction(draw(st.integers(0, 2000)), draw(st.sampled_from([1, 2, 3, 7]))),
    )
    return policy, position


@settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "200")))
@given(cases())
def test_the_quantity_is_what_trying_every_pack_finds(case: tuple[Policy, Position]) -> None:
    assert need(*case) == oracle(*case)


@given(
    quantity=st.integers(1, 10**6),
    ratio=st.tuples(st.integers(1, 500), st.integers(1, 500)),
    moq=st.integers(1, 10**4),
    decimals=st.integers(0, 3),
)
def test_an_order_reaches_the_minimum_in_quanta_exactly_when_it_does_in_the_unit_it_was_written_in(
    quantity: int, ratio: tuple[int, int], moq: int, decimals: int
) -> None:
    """Invariant 5 of domain.md 4b: nothing is rounded between the two, in whichever direction one converts."""
    unit = ProductUnit(code="BAG", per_base=Fraction(*ratio))
    units = Units(sku="TEA", base="KGM", decimals=decimals, known=(unit,))
    in_quanta = units.convert(Fraction(moq), from_="BAG", to="KGM") * 10**decimals
    written = units.convert(Fraction(quantity, 10**decimals), from_="KGM", to="BAG")
    assert (quantity >= in_quanta) == (written >= moq)
    assert units.convert(in_quanta / 10**decimals, from_="KGM", to="BAG") == moq
