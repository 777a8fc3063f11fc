"""Conversions lose nothing: there and back is the identity, parts add up, a remainder is less than one unit."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.inventory.units.model import ProductUnit, Units, exact_text, to_ratio

RATIOS = st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 10**6))
PRODUCTS = st.builds(
    lambda base, decimals, one, two: Units(
        sku="X",
        base=base,
        decimals=decimals,
        known=(ProductUnit(code="XCS", per_base=one), ProductUnit(code="PTN", per_base=two)),
    ),
    st.sampled_from(["KGM", "C62", "LTR", "REEL"]),
    st.integers(0, 6),
    RATIOS,
    RATIOS,
)
CODES = ("XCS", "PTN")


@given(units=PRODUCTS, number=st.fractions(), rounds=st.integers(1, 20))
@settings(max_examples=300)
def test_any_number_of_round_trips_is_the_identity(units: Units, number: Fraction, rounds: int) -> None:
    there = number
    for _ in range(rounds):
        there = units.convert(there, from_="XCS", to="PTN")
        there = units.convert(there, from_="PTN", to=units.base)
        there = units.convert(there, from_=units.base, to="XCS")
    assert there == number


@given(units=PRODUCTS, quanta=st.integers(-(2**62), 2**62), code=st.sampled_from(CODES))
@settings(max_examples=300)
def test_whole_units_and_the_remainder_add_up_and_the_remainder_is_less_than_one_unit(
    units: Units, quanta: int, code: str
) -> None:
    split = units.split(quanta, code)
    rest = units.convert(split.rest, from_=split.rest_unit, to=units.base)
    assert split.whole * units.per_base(code) + rest == Fraction(quanta, 10**units.decimals)
    assert abs(rest) < units.per_base(code)
    assert rest * quanta >= 0
    assert split.whole * quanta >= 0


@given(units=PRODUCTS, quanta=st.integers(-(10**12), 10**12), code=st.sampled_from(CODES))
@settings(max_examples=300)
def test_what_is_booked_is_what_was_said_in_any_unit(units: Units, quanta: int, code: str) -> None:
    said = units.convert(Fraction(quanta, 10**units.decimals), from_=units.base, to=code)
    assert units.quanta(said, code) == quanta


@given(units=PRODUCTS, numbers=st.lists(st.integers(-(10**9), 10**9), max_size=8))
@settings(max_examples=200)
def test_a_sum_converted_is_the_sum_of_the_converted(units: Units, numbers: list[int]) -> None:
    parts = [units.convert(Fraction(number), from_="XCS", to="PTN") for number in numbers]
    assert sum(parts, Fraction(0)) == units.convert(Fraction(sum(numbers)), from_="XCS", to="PTN")


@given(number=st.fractions(max_denominator=10**9, min_value=-(10**9), max_value=10**9))
@settings(max_examples=300)
def test_a_number_written_exactly_is_read_back_the_same(number: Fraction) -> None:
    assert to_ratio(exact_text(number)) == number
