"""When to propose how much, and which move follows which, by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from portal.kernel.ids import new_id
from portal.replenishment.model import (
    MOQ,
    MOVES,
    BadPolicy,
    IllegalMove,
    LotMissing,
    Move,
    Need,
    Outcome,
    Policy,
    PolicyDraft,
    Position,
    ShipmentDiffers,
    ShipmentDraft,
    State,
    after,
    check_policy,
    check_shipment,
    need,
    outcome,
)

ID = new_id(datetime(2026, 11, 23, tzinfo=UTC))


def policy(low: int = 100, high: int = 300, pack: int = 24, lead: int = 4) -> Policy:
    return Policy(
        id=ID,
        product_id=ID,
        location_id=ID,
        supplier_id=ID,
        min_quanta=low,
        max_quanta=high,
        pack_quanta=pack,
        lead_time_days=lead,
        answer_hours=48,
    )


def position(on_hand: int = 120, in_transit: int = 40, confirmed: int = 0, daily: Fraction | int = 16) -> Position:
    return Position(on_hand=on_hand, in_transit=in_transit, confirmed=confirmed, daily_demand=Fraction(daily))


def test_the_first_vector_asks_for_eight_packs() -> None:
    assert need(policy(), position()) == Need(quantity=192, demand=64, projected=96, over_max=False)


def test_the_second_vector_stands_at_the_minimum_and_asks_for_nothing() -> None:
    assert need(policy(), position(daily=15)) is None


def test_what_is_promised_counts_like_what_is_under_way() -> None:
    assert need(policy(), position(in_transit=36, confirmed=8)) is None
    assert need(policy(), position(in_transit=36, confirmed=7)) == Need(
        quantity=192, demand=64, projected=99, over_max=False
    )


def test_demand_of_part_of_a_piece_is_rounded_up() -> None:
    assert need(policy(), position(daily=Fraction(60, 4))) is None
    assert need(policy(), position(daily=Fraction(241, 16))) == Need(
        quantity=192, demand=61, projected=99, over_max=False
    )


def test_a_pack_too_large_for_the_band_goes_over_the_maximum_and_says_so() -> None:
    assert need(policy(low=100, high=110, pack=50), position(on_hand=99, in_transit=0, daily=0)) == Need(
        quantity=50, demand=0, projected=99, over_max=True
    )


def test_below_the_suppliers_smallest_order_whole_packs_reach_it_and_it_is_said() -> None:
    short = replace(position(), smallest_order=Fraction(200))
    assert need(policy(), short) == Need(quantity=216, demand=64, projected=96, over_max=False, to_moq=True)
    met = replace(position(), smallest_order=Fraction(192))
    assert need(policy(), met) == Need(quantity=192, demand=64, projected=96, over_max=False)
    # 8 packs of 24 are 192; the smallest order is a third of a piece more.
    hair = replace(position(), smallest_order=Fraction(577, 3))
    assert need(policy(), hair) == Need(quantity=216, demand=64, projected=96, over_max=False, to_moq=True)


def test_a_smallest_order_asks_for_nothing_by_itself() -> None:
    assert need(policy(), replace(position(daily=15), smallest_order=Fraction(500))) is None


def test_a_smallest_order_of_nothing_is_refused() -> None:
    draft = PolicyDraft(
        product_id=ID,
        location_id=ID,
        supplier_id=ID,
        min_quanta=1,
        max_quanta=2,
        pack_quanta=1,
        lead_time_days=1,
        moq=MOQ(quantity=Fraction(0), unit="XCS", quanta=0),
    )
    with pytest.raises(BadPolicy, match="moq is 0; the limit is 1"):
        check_policy(draft)


def test_as_many_large_packs_as_reach_the_minimum_are_asked_for() -> None:
    assert need(policy(low=100, high=100, pack=30), position(on_hand=5, in_transit=0, daily=0)) == Need(
        quantity=120, demand=0, projected=5, over_max=True
    )


def test_a_projection_below_zero_is_lifted_all_the_way() -> None:
    assert need(policy(), position(on_hand=0, in_transit=0)) == Need(
        quantity=360, demand=64, projected=-64, over_max=False
    )


LEGAL = {
    (State.PROPOSED, Move.SEND): State.SENT,
    (State.PROPOSED, Move.CANCEL): State.CANCELLED,
    (State.SENT, Move.ACCEPT): State.ACCEPTED,
    (State.SENT, Move.REJECT): State.REJECTED,
    (State.SENT, Move.EXPIRE): State.EXPIRED,
    (State.SENT, Move.CANCEL): State.CANCELLED,
    (State.ACCEPTED, Move.SHIP): State.SHIPPED,
    (State.ACCEPTED, Move.CANCEL): State.CANCELLED,
    (State.SHIPPED, Move.RECEIVE): State.RECEIVED,
    (State.RECEIVED, Move.CLOSE): State.CLOSED,
}


@pytest.mark.parametrize("move", list(Move))
@pytest.mark.parametrize("state", list(State))
def test_every_state_takes_exactly_the_listed_moves(state: State, move: Move) -> None:
    if (state, move) in LEGAL:
        assert after(state, move, number="R-26118") is LEGAL[state, move]
        return
    with pytest.raises(IllegalMove, match=f"Order R-26118 is {state}; it cannot be moved by {move}.") as refusal:
        after(state, move, number="R-26118")
    assert refusal.value.values == {"number": "R-26118", "state": state.value, "move": move.value}


def test_every_move_is_in_the_table() -> None:
    assert set(MOVES) == set(Move)


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("min_quanta", -1, 0),
        ("max_quanta", 99, 100),
        ("pack_quanta", 0, 1),
        ("lead_time_days", -1, 0),
        ("lead_time_days", 367, 0),
        ("answer_hours", 0, 1),
        ("answer_hours", 745, 1),
    ],
)
def test_contradicting_figures_are_named(field: str, value: int, limit: int) -> None:
    figures = {"min_quanta": 100, "max_quanta": 300, "pack_quanta": 24, "lead_time_days": 4, "answer_hours": 48}
    draft = PolicyDraft(product_id=ID, location_id=ID, supplier_id=ID, **{**figures, field: value})
    with pytest.raises(BadPolicy) as refusal:
        check_policy(draft)
    assert refusal.value.values == {"field": field, "value": value, "limit": limit}


def test_the_widest_allowed_figures_pass() -> None:
    check_policy(
        PolicyDraft(
            product_id=ID,
            location_id=ID,
            supplier_id=ID,
            min_quanta=0,
            max_quanta=0,
            pack_quanta=1,
            lead_time_days=366,
            answer_hours=744,
        )
    )


@pytest.mark.parametrize(
    ("received", "expected"), [(19, Outcome.SHORT), (20, Outcome.RECEIVED), (21, Outcome.OVER)]
)
def test_a_count_is_short_exact_or_over(received: int, expected: Outcome) -> None:
    assert outcome(shipped=20, received=received) is expected


def despatch(**changes: object) -> ShipmentDraft:
    values: dict[str, object] = {
        "number": "ASN-1",
        "lot_code": "L-1",
        "made_on": date(2026, 11, 1),
        "expires_on": date(2026, 11, 1),
        "quantity": 192,
        "due_on": date(2026, 11, 27),
    }
    return ShipmentDraft(**{**values, **changes})  # type: ignore[arg-type]


def test_a_despatch_advice_over_the_whole_order_passes_with_or_without_dates() -> None:
    check_shipment(despatch(), ordered=192)
    check_shipment(despatch(made_on=None), ordered=192)
    check_shipment(despatch(expires_on=None), ordered=192)


def test_a_despatch_advice_over_another_quantity_is_refused() -> None:
    with pytest.raises(ShipmentDiffers, match="168 are announced, 192 were ordered"):
        check_shipment(despatch(quantity=168), ordered=192)


@pytest.mark.parametrize("wrong", [{"number": ""}, {"lot_code": ""}, {"expires_on": date(2026, 10, 31)}])
def test_a_despatch_advice_without_number_lot_or_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(LotMissing):
        check_shipment(despatch(**wrong), ordered=192)
