"""What every refusal carries: its word for programs, its sentence, and its values by name."""

import pytest

from ledger.errors import LedgerError, NotAModel, NotChecked, NotJSON, PackRefused, SignatureInvalid


def test_a_refusal_carries_its_sentence_and_its_values() -> None:
    refusal = LedgerError("lot L7 holds 40 kg", lot="L7", held=40)
    assert (refusal.code, refusal.message, str(refusal)) == (
        "ledger_error", "lot L7 holds 40 kg", "lot L7 holds 40 kg",
    )  # fmt: skip
    assert refusal.values == {"lot": "L7", "held": 40}


@pytest.mark.parametrize("kind", [NotJSON, NotAModel, PackRefused])
def test_a_rule_that_is_broken_is_among_the_values(kind: type[NotJSON | NotAModel | PackRefused]) -> None:
    refusal = kind("too_large", "3 bytes, 2 allowed")
    assert (refusal.reason, refusal.message, str(refusal)) == (
        "too_large", "3 bytes, 2 allowed", "3 bytes, 2 allowed",
    )  # fmt: skip
    assert refusal.values == {"reason": "too_large"}


def test_a_refused_pack_names_the_file_beside_the_rule() -> None:
    assert PackRefused("pack_hash", "another", file="a").values == {"reason": "pack_hash", "file": "a"}


@pytest.mark.parametrize("kind", [SignatureInvalid, NotChecked])
def test_a_steps_word_stands_beside_its_values(kind: type[SignatureInvalid | NotChecked]) -> None:
    refusal = kind("unknown_key", "no key #k", method="#k")
    assert (refusal.reason, refusal.message, str(refusal)) == ("unknown_key", "no key #k", "no key #k")
    assert refusal.values == {"method": "#k"}
