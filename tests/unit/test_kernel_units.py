"""The table of units: names in both languages, and factors that are definitions."""

from fractions import Fraction

import pytest

from portal.kernel.units import DIMENSIONS, FINER, STANDARD, code_of, factor_between


def test_every_unit_has_both_names_and_one_code() -> None:
    assert len(STANDARD) == 66
    for code, unit in STANDARD.items():
        assert code == unit.code
        assert unit.zh
        assert unit.en
        assert unit.measures in {*DIMENSIONS, ""}
        assert unit.measures or unit.factor == 1


def test_a_word_means_one_unit() -> None:
    said = [word for unit in STANDARD.values() for word in unit.words]
    assert sorted(said) == sorted(set(said))
    assert all(word == word.lower() for word in said)


@pytest.mark.parametrize(
    ("code", "other", "factor"),
    [
        ("KGM", "GRM", Fraction(1000)),
        ("LBR", "GRM", Fraction(45359237, 100_000)),
        ("LBR", "ONZ", Fraction(16)),
        ("TNE", "KGM", Fraction(1000)),
        ("LTR", "MLT", Fraction(1000)),
        ("MTQ", "LTR", Fraction(1000)),
        ("GLL", "OZA", Fraction(128)),
        ("GLL", "MLT", Fraction(3785411784, 1_000_000)),
        ("FOT", "INH", Fraction(12)),
        ("YRD", "FOT", Fraction(3)),
        ("FTK", "CMK", Fraction(92903040, 100_000)),
        ("GRO", "DZN", Fraction(12)),
        ("XCS", "XCS", Fraction(1)),
        ("XCS", "XPX", None),
        ("KGM", "LTR", None),
        ("REEL", "KGM", None),
        ("KGM", "REEL", None),
    ],
)
def test_a_factor_is_what_the_definition_says(code: str, other: str, factor: Fraction | None) -> None:
    assert factor_between(code, other) == factor


def test_finer_units_measure_what_their_kind_says() -> None:
    for measures, codes in FINER.items():
        assert {STANDARD[code].measures for code in codes} == {measures}


@pytest.mark.parametrize(
    ("word", "code"),
    [("箱", "XCS"), ("托盘", "XPX"), ("公斤", "KGM"), ("千克", "KGM"), ("件", "C62"), ("nonsense", None)],
)
def test_words_of_the_trade_are_known(word: str, code: str | None) -> None:
    assert code_of(word) == code
