"""Reading every row of a table by its mapping: records of what can be read, a fault for every cell that cannot."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.flows.imports.cells import cell_text
from portal.flows.imports.faults import BadCell, Fault, letter_of
from portal.flows.imports.kinds import Field, Kind, check_mapping
from portal.flows.imports.tables import Row, Sheet

FAULTS_KEPT = 500
"""Faults that are kept in full; the rest is counted."""

PROGRESS_ROWS = 5000
"""Rows between two words of progress."""

_CACHED_TEXTS = 50_000
_SHOWN = 80

Progress = Callable[[str, int, int], None]
"""Told the phase (``read``, ``save`` or ``demand``), the rows done and the rows there are, now and then."""


def silent(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Findings:
    """Collects faults: all of them counted, the first ``FAULTS_KEPT`` kept, each with its row and column.

    ``count`` is the number of faults, ``rows`` the number of rows read once reading has ended.

    Args:
        sheet: The table.
        mapping: Field name to column index.
        keep_all: Keep every fault, for writing an error file.
    """

    def __init__(self, sheet: Sheet, mapping: Mapping[str, int], *, keep_all: bool = False) -> None:
        self._sheet = sheet
        self._mapping = mapping
        self._most = None if keep_all else FAULTS_KEPT
        self.kept: list[Fault] = []
        self.count = 0
        self.rows = 0

    def add(self, row: int, field: str, value: str, code: str, **values: Any) -> None:
        """Note a fault of the cell that holds ``field``; an unmapped or empty field means the whole row."""
        self.count += 1
        if self._most is not None and len(self.kept) >= self._most:
            return
        index = self._mapping.get(field)
        self.kept.append(
            Fault(
                row=row,
                column="" if index is None else self._sheet.headers[index],
                letter="" if index is None else letter_of(index),
                value=value[:_SHOWN],
                code=code,
                values=values,
            )
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A row that could be read.

    Attributes:
        row: Row as a spreadsheet counts it.
        values: Value by field name; fields without a column or with an empty cell are absent.
    """

    row: int
    values: dict[str, Any]


class _Column:
    """One mapped column: remembers what texts mean, since most columns repeat themselves."""

    def __init__(self, field: Field, index: int) -> None:
        self.field = field
        self.index = index
        self._known: dict[str, Any] = {}

    def read(self, text: str) -> Any:
        """Return the value, ``None`` for an empty cell, or the ``BadCell`` itself."""
        found = self._known.get(text, self)
        if found is not self:
            return found
        value: Any
        try:
            bare = cell_text(text)
            value = self.field.read(bare) if bare else None
        except BadCell as bad:
            value = bad
        if len(self._known) < _CACHED_TEXTS:
            self._known[text] = value
        return value


def read_records(
    kind: Kind, sheet: Sheet, mapping: Mapping[str, int], *, findings: Findings, progress: Progress = silent
) -> Iterator[Record]:
    """Yield a record for every row without a fault; note a fault for every cell that cannot be read.

    Raises:
        UnknownColumn: The mapping does not fit the file.
        ColumnsMissing: A required field has no column.
        TableTooLarge: Too many rows.
    """
    check_mapping(kind, sheet, mapping)
    columns = [_Column(kind.field(name), index) for name, index in mapping.items()]
    total = sheet.row_estimate
    done = 0
    for row in sheet.rows():
        done += 1
        if done % PROGRESS_ROWS == 0:
            progress("read", done, max(total, done))
        values = _values(row, columns, len(sheet.headers), findings)
        if values is not None:
            yield Record(row.number, values)
    findings.rows = done
    progress("read", done, done)


def _values(row: Row, columns: list[_Column], width: int, findings: Findings) -> dict[str, Any] | None:
    if row.broken:
        findings.add(row.number, "", "", "broken_row")
        return None
    if len(row.cells) != width and not _fits(row, width):
        findings.add(row.number, "", "", "columns", found=len(row.cells), expected=width)
        return None
    values: dict[str, Any] = {}
    good = True
    for column in columns:
        text = row.cells[column.index]
        value = column.read(text)
        if isinstance(value, BadCell):
            findings.add(row.number, column.field.name, text.strip(), value.code, **value.values)
            good = False
        elif value is not None:
            values[column.field.name] = value
        elif column.field.required:
            findings.add(row.number, column.field.name, "", "required")
            good = False
    return values if good else None


def _fits(row: Row, width: int) -> bool:
    """Take a row that differs from the header by empty cells at its end only, filling it up or cutting them off.

    A CSV row must have the header's cells or more, since a missing separator shifts values; a workbook's rows end
    where their last value stands, which calamine fills up to the sheet's width.
    """
    if len(row.cells) < width or any(cell.strip() for cell in row.cells[width:]):
        return False
    del row.cells[width:]
    return True
