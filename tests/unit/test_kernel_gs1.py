"""Scans are read to their end or not at all."""

from datetime import date

import pytest

from portal.kernel.gs1 import BadScan, Scan, read_scan

GTIN = "09520011004015"
MADE, LAST = date(2026, 1, 1), date(2026, 12, 31)
LINKED = Scan(gtin=GTIN, lot="L/7", serial="S", expires_on=LAST)


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        (f"01{GTIN}10L-7", Scan(gtin=GTIN, lot="L-7")),
        (f"]C101{GTIN}1726123110L-7\x1d21S1", Scan(gtin=GTIN, lot="L-7", serial="S1", expires_on=LAST)),
        (f"\x1d01{GTIN}10L-7\x1d", Scan(gtin=GTIN, lot="L-7")),
        (f"(01){GTIN}(11)260101(15)261200(10)L-7", Scan(gtin=GTIN, lot="L-7", made_on=MADE, expires_on=LAST)),
        (f"https://id.example/p/01/{GTIN}/10/L%2F7/21/S?17=261231&lang=zh", LINKED),
        ("(10)L-7", Scan(lot="L-7")),
        ("  A-01\r\n", Scan(plain="A-01")),
        ("01-99", Scan(plain="01-99")),
    ],
)  # fmt: skip
def test_what_a_scanner_types_is_read(text: str, scan: Scan) -> None:
    assert read_scan(text) == scan


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 201,
        "A\x0001",
        "https://example.com/shop/7",
        f"https://id.example/01/{GTIN}/10",
        f"(01){GTIN}(10)",
        f"(01){GTIN}(10)L(7",
        f"01{GTIN[:-1]}610L",
        f"01{GTIN}99X",
        f"01{GTIN}10{'L' * 21}",
        f"01{GTIN}17261331",
        f"01{GTIN}10L\x1d10M",
        f"(17)2612(01){GTIN}",
        f"(17)26123x(01){GTIN}",
    ],
)
def test_what_cannot_be_read_to_its_end_is_refused(text: str) -> None:
    with pytest.raises(BadScan):
        read_scan(text)
