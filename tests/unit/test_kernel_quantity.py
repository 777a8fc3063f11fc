"""Quantities are whole numbers of a quantum; nothing is rounded unseen."""

from decimal import Decimal

import pytest

from portal.kernel.quantity import (
    MAX_QUANTA,
    NotAQuantity,
    Packs,
    QuantityTooFine,
    QuantityTooLarge,
    in_packs,
    to_quanta,
    to_text,
)


@pytest.mark.parametrize(
    ("text", "decimals", "quanta"),
    [
        ("12", 0, 12),
        (" 1,200.5 ", 1, 12005),
        ("0.035", 3, 35),
        ("-4", 0, -4),
        ("1e3", 0, 1000),
        ("12.000", 0, 12),
        (7, 2, 700),
        (Decimal("2.5"), 1, 25),
        ("0", 9, 0),
        (str(MAX_QUANTA), 0, MAX_QUANTA),
    ],
)
def test_a_number_is_read_exactly(text: str | int | Decimal, decimals: int, quanta: int) -> None:
    assert to_quanta(text, decimals=decimals) == quanta


@pytest.mark.parametrize("text", ["", "twelve", "12x", "1 2"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(NotAQuantity) as refusal:
        to_quanta(text, decimals=0)
    assert refusal.value.values == {"text": text}


@pytest.mark.parametrize("text", ["inf", "-Infinity", "nan"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(NotAQuantity):
        to_quanta(text, decimals=0)


def test_more_decimals_than_the_quantum_has_are_refused_not_rounded() -> None:
    with pytest.raises(QuantityTooFine, match=r"1\.25 has more than 1 decimals") as refusal:
        to_quanta("1.25", decimals=1)
    assert refusal.value.values == {"text": "1.25", "decimals": 1}


@pytest.mark.parametrize("text", [str(MAX_QUANTA + 1), "1e41", "1e-41", "1" * 41, "1e999999999"])
def test_what_cannot_be_stored_or_would_be_an_attack_is_refused(text: str) -> None:
    with pytest.raises(QuantityTooLarge):
        to_quanta(text, decimals=0)


@pytest.mark.parametrize(
    ("quanta", "decimals", "text"),
    [(12, 0, "12"), (1200, 0, "1200"), (35, 3, "0.035"), (1200, 2, "12"), (-5, 1, "-0.5"), (0, 2, "0")],
)
def test_quanta_are_written_without_trailing_zeros(quanta: int, decimals: int, text: str) -> None:
    assert to_text(quanta, decimals=decimals) == text


@pytest.mark.parametrize(
    ("quanta", "packs", "remainder"), [(192, 8, 0), (193, 8, 1), (-49, -2, -1), (0, 0, 0), (23, 0, 23)]
)
def test_packs_and_remainder_make_the_whole(quanta: int, packs: int, remainder: int) -> None:
    assert in_packs(quanta, pack_quanta=24) == Packs(packs=packs, remainder=remainder)
