"""Label sheets: measured by hand, and read back from the page as a scanner would."""

import itertools
from io import BytesIO

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader

from portal.passports.label_pdf import label_sheets
from portal.passports.label_sheet import SHEETS, Label, Line, place

DPI = 150
LINK = "https://portal.example/01/09520000010492/10/{}#h=RRAM2aiyIXtn9KzB10zBWJnVRe37QcYdUk4axS10NRc"
LINES = (
    Line("黑巧松露礼盒 250 克（节日限量）", 8, 2),
    Line("Dark chocolate truffles, gift box 250 g", 6, 2),
    Line("批次 Lot", 5),
    Line("CK261121B", 8),
    Line("GTIN 09520000010492", 7),
)


def label(lot: str, *lines: Line) -> Label:
    return Label(LINK.format(lot), lines or LINES)


def read_back(data: bytes) -> list[list[str]]:
    """Return the codes a scanner finds on each page at 150 dots an inch, row by row."""
    found = []
    for page in pypdfium2.PdfDocument(data):
        picture = page.render(scale=DPI / 72, grayscale=True)
        grey = memoryview(picture.buffer).cast("B").cast("B", (picture.height, picture.stride))
        codes = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
        rows = sorted(codes, key=lambda one: (one.position.top_left.y // 40, one.position.top_left.x))
        found.append([one.text for one in rows])
    return found


def text_of(data: bytes, page: int = 0) -> str:
    return PdfReader(BytesIO(data)).pages[page].extract_text()


@pytest.mark.parametrize(
    ("key", "position", "expected"),
    [
        ("24", 0, (0, 72, 129)),
        ("24", 1, (0, 732, 129)),
        ("24", 3, (0, 72, 468)),
        ("24", 23, (0, 1392, 2502)),
        ("24", 24, (1, 72, 129)),
        ("10", 9, (0, 1062, 2340)),
    ],
)
def test_labels_stand_row_by_row_from_the_upper_left(
    key: str, position: int, expected: tuple[int, int, int]
) -> None:
    assert place(SHEETS[key], position) == expected


@pytest.mark.parametrize("key", SHEETS)
def test_no_label_leaves_its_page(key: str) -> None:
    sheet = SHEETS[key]
    _, left, top = place(sheet, 0)
    _, last_left, last_top = place(sheet, sheet.labels - 1)
    assert left >= 40
    assert top >= 40
    assert last_left + sheet.width <= 2100 - 40
    assert last_top + sheet.height <= 2970 - 40


@pytest.mark.parametrize("key", ["24", "10"])
def test_every_code_of_a_full_sheet_is_read_back_at_150_dpi(key: str) -> None:
    lots = [f"L{number}" for number in range(SHEETS[key].labels)]
    assert read_back(label_sheets([label(lot) for lot in lots], SHEETS[key])) == [
        [LINK.format(lot) for lot in lots]
    ]


def test_a_begun_sheet_is_used_up_and_the_rest_goes_on_the_next() -> None:
    data = label_sheets([label("A")] * 3, SHEETS["24"], start=22)
    assert read_back(data) == [[LINK.format("A")] * 2, [LINK.format("A")]]
    assert text_of(data, 1).count("CK261121B") == 1


def test_names_lot_and_number_can_be_read_and_copied_in_both_languages() -> None:
    text = text_of(label_sheets([label("A")], SHEETS["24"]))
    assert text.splitlines() == [
        "黑巧松露礼盒 250 克",
        "（节日限量）",
        "Dark chocolate truffles, gift",
        "box 250 g",
        "批次 Lot",
        "CK261121B",
        "GTIN 09520000010492",
    ]


def test_a_text_that_is_too_long_is_set_smaller_then_cut_off() -> None:
    text = text_of(label_sheets([label("A", Line("W" * 12, 8), Line("W" * 60, 8))], SHEETS["24"]))
    first, second = text.splitlines()
    assert first == "W" * 12
    assert set(second) == {"W", "…"}
    assert len(second) < 30


def test_no_row_ends_with_an_opening_bracket_nor_begins_with_a_comma() -> None:
    text = text_of(
        label_sheets([label("A", Line("一二三四五六七八九（十）一二三四五六七八，九", 8, 3))], SHEETS["24"])
    )
    assert text.splitlines() == ["一二三四五六七八九", "（十）一二三四五六七", "八，九"]


def test_a_character_no_type_has_is_set_as_printers_do() -> None:
    assert text_of(label_sheets([label("A", Line("茶\U00020000", 8))], SHEETS["24"])) == "茶〓"


def test_the_same_labels_give_the_same_bytes_and_a_code_is_kept_once() -> None:
    once, often = (label_sheets([label("A")] * count, SHEETS["24"]) for count in (1, 24))
    assert once == label_sheets([label("A")], SHEETS["24"])
    assert len(often) - len(once) < 4_000
    assert len(once) < 60_000


def test_different_labels_are_not_mixed_up() -> None:
    labels = [label(lot, Line(lot, 8)) for lot in ("A", "B", "A")]
    data = label_sheets(labels, SHEETS["21"])
    assert read_back(data) == [[LINK.format(lot) for lot in ("A", "B", "A")]]
    assert [key for key, _ in itertools.groupby(text_of(data).split())] == ["A", "B", "A"]
