"""Files that go back to people: templates to fill in, rows with their faults, the list of refused lines."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from portal.flows.imports.faults import Fault, letter_of
from portal.flows.imports.kinds import Kind
from portal.flows.imports.tables import Sheet

BOM = "\ufeff"
"""Stands before CSV text, so that spreadsheets open Chinese as Chinese."""

_WIDEST = 40


def template_rows(kind: Kind) -> list[list[str]]:
    """Return the header, Chinese and English in each cell, and example rows."""
    return [
        [f"{field.zh} {field.label}" for field in kind.fields],
        [field.example for field in kind.fields],
        *(list(row) for row in kind.more_examples),
    ]


def write_csv(rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield CSV text line by line, a byte order mark first."""
    yield BOM
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()


def write_xlsx(rows: Iterable[list[str]], target: BinaryIO, *, title: str) -> None:
    """Write a workbook of one sheet, all cells as text, the first row bold.

    Args:
        rows: Read once.
        target: Where the bytes go; must be seekable.
        title: Name of the sheet.
    """
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(title)  # the types do not know a write-only sheet's columns
    for number, row in enumerate(rows):
        if number == 0:
            for index, text in enumerate(row):
                letter = letter_of(index)
                sheet.column_dimensions[letter].width = min(_WIDEST, 6 + 2 * len(text))
        sheet.append([_text_cell(sheet, text, bold=number == 0) for text in row])
    book.save(target)


def _text_cell(sheet: Any, text: str, *, bold: bool) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # a text that begins with = stays a text
    cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    return cell


def rows_with_faults(
    sheet: Sheet, faults: Iterable[Fault], *, sentence: Callable[[Fault], str]
) -> Iterator[list[str]]:
    """Yield the file's rows as they are, with a last column that says what is wrong.

    Args:
        sheet: The file, read once more.
        faults: All of its faults.
        sentence: Writes a fault in the reader's language.
    """
    by_row: dict[int, list[str]] = {}
    for fault in faults:
        place = f"{fault.letter} {fault.column}: " if fault.letter else ""
        by_row.setdefault(fault.row, []).append(f"{place}{sentence(fault)}")
    width = len(sheet.headers)
    yield [*sheet.headers, "错误 error"]
    for row in sheet.rows():
        cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
        yield [*cells, " ".join(by_row.get(row.number, ()))]


def refused_rows(
    sheet: Sheet, refusals: Mapping[int, str], *, sentence: Callable[[str], str]
) -> Iterator[list[str]]:
    """Yield every refused line: its row, the reason and its sentence, and its cells as written.

    Args:
        sheet: The file, read once more.
        refusals: Reason by row.
        sentence: Writes a reason in the reader's language.
    """
    yield ["行 row", "原因代码 code", "原因 reason", *sheet.headers]
    for row in sheet.rows():
        reason = refusals.get(row.number)
        if reason is not None:
            yield [str(row.number), reason, sentence(reason), *row.cells]


def save_rows(rows: Iterable[list[str]], target: TextIO) -> None:
    """Write rows as CSV with a byte order mark."""
    target.writelines(write_csv(rows))
