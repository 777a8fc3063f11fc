"""Opening what people hand in: CSV text or a workbook, as rows of text with the numbers a spreadsheet shows.

CSV may be UTF-8 (with or without a byte order mark), UTF-16 with one, or GB18030; separated by comma, semicolon or
tab; also gzipped. Workbooks are read by calamine. Rows are streamed: a CSV file is never held as a whole.
"""

import codecs
import csv
import gzip
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, cast

from python_calamine import CalamineError, CalamineWorkbook

from portal.flows.imports.faults import BrokenWorkbook, EmptyFile, NotATable, TableTooLarge

MOST_ROWS = 1_000_000
"""Rows of one import. What is kept of a row takes some 150 bytes, so this bounds the memory of an import."""

MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes a compressed file may unpack to."""

MOST_CELLS_CHARS = 32_767
"""Characters of one cell, the limit spreadsheets have."""

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CELL = re.compile(rb'<c\s[^>]*?\br="([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<f[\s/>](?:[^<]*?>)?([^<]*)")
_VALUE = re.compile(rb"<v[^>/]*>[^<]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header.

    Attributes:
        number: As a spreadsheet shows it; the header is row 1 unless empty rows stand above it.
        cells: Text of each cell.
        broken: Whether the row could not be read at all.
    """

    number: int
    cells: list[str]
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table that can be read from its beginning as often as needed.

    Attributes:
        path: Where the bytes lie.
        name: The name people gave the file.
        form: ``csv`` or ``xlsx``.
        packed: Whether the CSV text is gzipped.
        encoding: Codec of CSV text; empty for workbooks.
        delimiter: Separator of CSV text; empty for workbooks.
        headers: Text of the header's cells.
        header_row: Row the header stands in.
        row_estimate: Rows below the header; exact unless cells hold line breaks.
    """

    path: Path
    name: str
    form: str
    packed: bool
    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    header_row: int
    row_estimate: int

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that hold anything.

        Raises:
            TableTooLarge: More than ``MOST_ROWS``.
        """
        source = _csv_rows(self) if self.form == "csv" else _book_rows(self.path)
        for row in source:
            if row.number <= self.header_row or (not any(row.cells) and not row.broken):
                continue
            if row.number - self.header_row > MOST_ROWS:
                raise TableTooLarge(f"The table has more than {MOST_ROWS} rows.", most=MOST_ROWS)
            yield row

    def sample(self, count: int) -> list[list[str]]:
        """Return the cells of the first ``count`` rows, for people to recognise the columns by."""
        return [row.cells for _, row in zip(range(count), self.rows(), strict=False)]


def read_table(path: Path, name: str) -> Sheet:
    """Open a file as a table, by what its bytes are and not by its name.

    Args:
        path: The stored bytes.
        name: Name to show; a path never comes from it.

    Raises:
        NotATable: Neither text nor a workbook.
        BrokenWorkbook: Damaged, locked, or not a workbook inside.
        EmptyFile: No header or no row below it.
        TableTooLarge: It unpacks to more than ``MOST_UNPACKED``.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise EmptyFile("The file is empty.")
    if head.startswith(_OLE):
        raise BrokenWorkbook("The workbook is in the old .xls form, or locked with a password.")
    sheet = _read_book(path, name) if head.startswith(_ZIP) else _read_csv(path, name, head)
    if not any(True for _ in sheet.rows()):
        raise EmptyFile("There is no row below the header.")
    return sheet


# ---------------------------------------------------------------------------------------------- CSV


def _read_csv(path: Path, name: str, head: bytes) -> Sheet:
    packed = head.startswith(_GZIP)
    encoding, lines = _look_through(path, packed=packed)
    draft = Sheet(
        path=path,
        name=name,
        form="csv",
        packed=packed,
        encoding=encoding,
        delimiter=_delimiter(path, packed=packed, encoding=encoding),
        headers=(),
        header_row=0,
        row_estimate=0,
    )
    return _with_header(draft, _csv_rows(draft), lines)


def _with_header(draft: Sheet, rows: Iterator[Row], height: int) -> Sheet:
    for row in rows:
        if any(row.cells):
            headers = [cell.strip() for cell in row.cells]
            while not headers[-1]:
                headers.pop()
            return Sheet(
                path=draft.path,
                name=draft.name,
                form=draft.form,
                packed=draft.packed,
                encoding=draft.encoding,
                delimiter=draft.delimiter,
                headers=tuple(headers),
                header_row=row.number,
                row_estimate=max(height - row.number, 0),
            )
    raise EmptyFile("The file has no header.")


@contextmanager
def _bytes(path: Path, *, packed: bool) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast("BinaryIO", unpacked)


def _look_through(path: Path, *, packed: bool) -> tuple[str, int]:
    """Return the encoding of a text file and its number of lines."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    possible, wide, lines, size, last = True, False, 0, 0, b""
    try:
        with _bytes(path, packed=packed) as file:
            while chunk := file.read(_CHUNK):
                wide = wide or (size == 0 and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)))
                size += len(chunk)
                _check_chunk(chunk, size, wide=wide)
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
                possible = possible and _decodes(utf8, chunk)
        possible = possible and _decodes(utf8, b"", final=True)
    except (gzip.BadGzipFile, EOFError) as error:
        raise NotATable("The compressed file is damaged.") from error
    encoding = "utf-16" if wide else "utf-8-sig" if possible else "gb18030"
    if not possible:
        _check_decodes(path, packed=packed, encoding=encoding)
    return encoding, lines + (last not in {b"\n", b"\0"})


def _check_chunk(chunk: bytes, size: int, *, wide: bool) -> None:
    if size > MOST_UNPACKED:
        raise TableTooLarge(f"The file unpacks to more than {MOST_UNPACKED} bytes.", most=MOST_UNPACKED)
    if not wide and (b"\0" in chunk or (size == len(chunk) and chunk.startswith(b"%PDF-"))):
        raise NotATable("The file is neither text nor a workbook.")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _check_decodes(path: Path, *, packed: bool, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with _bytes(path, packed=packed) as file:
        while chunk := file.read(_CHUNK):
            if not _decodes(decoder, chunk):
                raise NotATable("The text is neither UTF-8 nor GB18030.")
    if not _decodes(decoder, b"", final=True):
        raise NotATable("The text is cut off in the middle of a character.")


def _delimiter(path: Path, *, packed: bool, encoding: str) -> str:
    """Return the separator that the first line with text uses most outside quotation marks."""
    with _text(path, packed=packed, encoding=encoding) as text:
        line = next((line for line in text if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=outside.count)


@contextmanager
def _text(path: Path, *, packed: bool, encoding: str) -> Iterator[Iterator[str]]:
    with _bytes(path, packed=packed) as file:
        yield codecs.getreader("utf-8-sig" if encoding == "utf-8-sig" else encoding)(file)


def _csv_rows(sheet: Sheet) -> Iterator[Row]:
    opener = gzip.open if sheet.packed else open
    with opener(sheet.path, "rt", encoding=sheet.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=sheet.delimiter, strict=True)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(number, [], broken=True)
                return
            yield Row(number, cells)


# ----------------------------------------------------------------------------------------- workbooks


def _read_book(path: Path, name: str) -> Sheet:
    draft = Sheet(
        path=path,
        name=name,
        form="xlsx",
        packed=False,
        encoding="",
        delimiter="",
        headers=(),
        header_row=0,
        row_estimate=0,
    )
    _check_unpacked(path)
    with _book(path) as book:
        first = book.get_sheet_by_index(0)
        height = (first.start or (0, 0))[0] + first.height
    return _with_header(draft, _book_rows(path), height)


def _check_unpacked(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > MOST_UNPACKED:
        raise TableTooLarge(f"The file unpacks to {size} bytes.", most=MOST_UNPACKED)


@contextmanager
def _book(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        with path.open("rb") as file:
            yield CalamineWorkbook.from_filelike(file)
    except CalamineError as error:
        raise BrokenWorkbook("The workbook is damaged.") from error


def _book_rows(path: Path) -> Iterator[Row]:
    formulas = _formulas_without_value(path)
    with _book(path) as book:
        sheet = book.get_sheet_by_index(0)
        _, left = sheet.start or (0, 0)  # calamine yields the empty rows above a table, not the columns beside it
        for number, values in enumerate(_and_beyond(sheet.iter_rows(), max(formulas, default=0)), start=1):
            cells = [""] * left + [_as_text(value) for value in values]
            for column, formula in formulas.get(number, ()):
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = f"={formula}"
            yield Row(number, cells)


def _and_beyond(rows: Iterator[list[Any]], last: int) -> Iterator[list[Any]]:
    """Yield ``rows``, then empty ones down to row ``last``: calamine ends at the last value, not at formulas."""
    count = 0
    for row in rows:
        count += 1
        yield row
    for _ in range(count, last):
        yield []


def _as_text(value: Any) -> str:
    """Write a workbook's value as the text its reader would have typed."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _formulas_without_value(path: Path) -> dict[int, list[tuple[int, str]]]:
    """Find cells of the first sheet that hold a formula and no result: a program wrote them, nobody calculated."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_first_sheet(archive)) as part:
            for cell in _cells(part):
                place, formula = _CELL.search(cell), _FORMULA.search(cell)
                if place and formula and not _VALUE.search(cell):
                    text = formula[1].decode("utf-8", "replace")
                    found.setdefault(int(place[2]), []).append((_column_of(place[1]), text))
    except (KeyError, StopIteration, zipfile.BadZipFile) as error:
        raise BrokenWorkbook("The workbook is damaged.") from error
    return found


def _first_sheet(archive: zipfile.ZipFile) -> str:
    book = archive.read("xl/workbook.xml")
    links = archive.read("xl/_rels/workbook.xml.rels")
    wanted = re.findall(rb'<sheet\s[^>]*?\br:id="([^"]+)"', book)[:1]
    targets = (
        re.findall(rb'Target="([^"]+)"', link)[0].decode()
        for link in re.findall(rb"<Relationship\s[^>]*>", links)
        if re.findall(rb'\bId="([^"]+)"', link) == wanted
    )
    target = next(targets)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _cells(part: Any) -> Iterator[bytes]:
    rest = b""
    while chunk := part.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"</c>")
        yield from whole


def _column_of(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
