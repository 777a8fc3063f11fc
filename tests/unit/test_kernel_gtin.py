"""GTINs in the one form addresses use."""

import pytest

from portal.kernel.gtin import NotAGTIN, to_gtin14


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("9520123456788", "09520123456788"),  # GS1 Digital Link standard, the example company
        ("09520123456788", "09520123456788"),
        ("96385074", "00000096385074"),  # GS1 General Specifications, GTIN-8
        ("614141000036", "00614141000036"),  # GTIN-12
        (" 952-0123 456788 ", "09520123456788"),
    ],
)
def test_a_gtin_is_padded_to_14_digits(text: str, gtin: str) -> None:
    assert to_gtin14(text) == gtin


@pytest.mark.parametrize("text", ["", "952012345678", "9520123456789", "952012345678x", "٩٥٢٠١٢٣٤٥٦٧٨٨", "1" * 15])
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(NotAGTIN):
        to_gtin14(text)
