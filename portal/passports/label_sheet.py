"""Labels and the sheets they are sold on: how many stand on an A4 page, how large, where the next one goes.

All lengths are tenths of a millimetre, counted from the upper left corner of the page.
"""

from dataclasses import dataclass

A4 = (2100, 2970)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One kind of sheet, its labels centred on the page.

    Attributes:
        columns: Labels beside one another.
        rows: Labels below one another.
        width: Of one label.
        height: Of one label.
        gap: Between two columns; rows touch.
    """

    columns: int
    rows: int
    width: int
    height: int
    gap: int = 25

    @property
    def labels(self) -> int:
        """How many stand on one page."""
        return self.columns * self.rows


SHEETS = {
    "24": Sheet(columns=3, rows=8, width=635, height=339),
    "21": Sheet(columns=3, rows=7, width=635, height=381),
    "14": Sheet(columns=2, rows=7, width=991, height=381),
    "10": Sheet(columns=2, rows=5, width=991, height=570),
}
"""The sheets shops keep, by the number of labels on a page."""


def place(sheet: Sheet, position: int) -> tuple[int, int, int]:
    """Return page (from 0) and left and upper edge of a label.

    Args:
        sheet: Its kind.
        position: Counted from 0 on the first page, row by row, on over the following pages.
    """
    page, on_page = divmod(position, sheet.labels)
    row, column = divmod(on_page, sheet.columns)
    left = (A4[0] - sheet.columns * sheet.width - (sheet.columns - 1) * sheet.gap) // 2
    top = (A4[1] - sheet.rows * sheet.height) // 2
    return page, left + column * (sheet.width + sheet.gap), top + row * sheet.height


@dataclass(frozen=True, slots=True)
class Line:
    """A text beside the code.

    Attributes:
        text: The text.
        size: In points, on the smallest label; larger labels set it larger.
        rows: Over how many rows it may run.
    """

    text: str
    size: float
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Label:
    """One label: what its code carries, and the lines beside it."""

    link: str
    lines: tuple[Line, ...]
