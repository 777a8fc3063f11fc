"""A figure is told as the agreement has it, and rows never tell more than their sum."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.disclosure import Basis, Disclosure, Tier
from portal.kernel.grain import EXACT, AtLeast, Grain, GrainKind

CAP = Grain(GrainKind.CAP, (500,))
STEPS = Grain(GrainKind.BUCKETS, (100, 500))
YES_NO = Grain(GrainKind.YES_NO, (100,))


def told(figure: int) -> tuple[int, bool, int | None]:
    return int(figure), isinstance(figure, AtLeast), getattr(figure, "below", None)


@pytest.mark.parametrize(
    ("grain", "quanta", "expected"),
    [
        (EXACT, 730, (730, False, None)),
        (CAP, 499, (499, False, None)),
        (CAP, 500, (500, True, None)),
        (CAP, 730, (500, True, None)),
        (STEPS, 0, (0, True, 100)),
        (STEPS, 99, (0, True, 100)),
        (STEPS, 100, (100, True, 500)),
        (STEPS, 730, (500, True, None)),
        (YES_NO, 99, (0, True, 100)),
        (YES_NO, 100, (100, True, None)),
    ],
)
def test_a_figure_is_told_as_agreed(grain: Grain, quanta: int, expected: tuple[int, bool, int | None]) -> None:
    assert told(grain.shown(quanta, decimals=0)) == expected


def test_steps_are_base_units_whatever_the_decimals() -> None:
    assert told(CAP.shown(500_000, decimals=3)) == (500_000, True, None)
    assert told(CAP.shown(499_999, decimals=3)) == (499_999, False, None)


def test_a_bound_in_cases_stays_true() -> None:
    assert told(AtLeast(500).in_units(Fraction(24))) == (20, True, None)
    assert told(AtLeast(0, below=100).in_units(Fraction(24))) == (0, True, 5)


def test_only_a_yes_or_no_is_an_answer() -> None:
    grains = (STEPS, YES_NO)
    assert [getattr(grain.shown(100, decimals=0), "is_answer", None) for grain in grains] == [False, True]


def test_rows_below_the_cap_are_exact() -> None:
    assert CAP.shown_rows([300, 199], decimals=0) == (300, 199)


def test_rows_that_reach_the_cap_are_cut_at_equal_shares() -> None:
    shown = CAP.shown_rows([300, 240, 10], decimals=0)
    assert [told(one) for one in shown] == [(166, True, None), (166, True, None), (10, False, None)]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=9), st.integers(1, 5_000))
def test_rows_never_add_up_to_more_than_the_total_tells(rows: list[int], cap: int) -> None:
    grain = Grain(GrainKind.CAP, (cap,))
    assert sum(grain.shown_rows(rows, decimals=0)) <= grain.shown(sum(rows), decimals=0)


@given(st.integers(0, 10_000), st.sampled_from([EXACT, CAP, STEPS, YES_NO]))
def test_telling_again_what_was_told_tells_the_same(quanta: int, grain: Grain) -> None:
    once = grain.shown(quanta, decimals=0)
    assert told(grain.shown(once, decimals=0)) == told(once)


def test_in_steps_no_warehouse_is_told_and_under_own_only_no_demand_either() -> None:
    steps = Disclosure(tier=Tier.STRATEGIC, grain=STEPS)
    own = Disclosure(tier=Tier.STRATEGIC, basis=Basis.OWN_ONLY)
    capped = Disclosure(tier=Tier.STRATEGIC, grain=CAP)
    assert [(one.by_node, one.board) for one in (steps, own, capped)] == [
        (False, True),
        (False, False),
        (True, True),
    ]
