"""What the told figures leave open about a quantity to hold."""

from datetime import date, timedelta

from portal.inventory.model import PromiseStep
from portal.inventory.questions import Doubt, doubts
from portal.kernel.grain import Grain, GrainKind

TODAY = date(2026, 11, 23)
LATER = TODAY + timedelta(days=10)
STEPS = (PromiseStep(TODAY, 150, ()), PromiseStep(LATER, 420, ()))
IN_STEPS = Grain(GrainKind.BUCKETS, (100, 400))


def doubted(
    quantity: int, holds: dict[date, int], grain: Grain = IN_STEPS, on: date = TODAY
) -> list[tuple[date, int]]:
    found = doubts(STEPS, holds=holds, quantity=quantity, on=on, grain=grain, decimals=0)
    assert not any(doubt.settled for doubt in found)
    return [(doubt.on, doubt.quantity) for doubt in found]


def test_up_to_the_step_told_there_is_no_doubt() -> None:
    assert doubted(100, {}) == []
    assert doubted(101, {}) == [(TODAY, 101)]
    assert doubted(400, {}, on=LATER) == []


def test_what_is_held_already_counts_with_what_is_asked_for() -> None:
    assert doubted(40, {TODAY: 60}) == []
    assert doubted(41, {TODAY: 60}) == [(TODAY, 101)]
    assert doubted(100, {LATER: 300}) == []


def test_later_holds_are_not_put_at_risk_by_an_earlier_one() -> None:
    assert doubted(100, {LATER: 301}) == [(LATER, 401)]


def test_a_figure_told_exactly_settles_it() -> None:
    cap = Grain(GrainKind.CAP, (200,))
    found = doubts(STEPS, holds={}, quantity=151, on=TODAY, grain=cap, decimals=0)
    assert found == (Doubt(on=TODAY, quantity=151, settled=True),)
    assert doubted(201, {}, cap, LATER) == [(LATER, 201)]
