"""The proposed quantity against a search that tries every number of packs.

``PROPERTY_EXAMPLES=5000`` runs the number of cases that features.md E6 asks for.
"""

import os
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.ids import new_id
from portal.replenishment.model import Need, Policy, Position, need

ID = new_id(datetime(2026, 11, 23, tzinfo=UTC))


def oracle(policy: Policy, position: Position) -> Need | None:
    """Walk day by day, then try one pack after another."""
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
    )
    return policy, position


@settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "200")))
@given(cases())
def test_the_quantity_is_what_trying_every_pack_finds(case: tuple[Policy, Position]) -> None:
    assert need(*case) == oracle(*case)
