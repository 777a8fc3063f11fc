"""What can be wrong with a file, a row or a cell: a stable code each, and the sentence people read.

The catalogue follows what users of other portals asked for: header missing, value invalid, required value missing,
wrong number of columns, empty file, the same key twice, unknown names, broken workbooks. A *fault* keeps the whole
file out; a *refusal* (``retail``) keeps out one line that is no sale. Sentences are marked ``N_`` for translation
and filled with ``values``.
"""

from dataclasses import dataclass, field
from typing import Any

from portal.kernel.errors import Conflict, Malformed, NotFound, Refused


def N_(text: str) -> str:  # noqa: N802 - the marker translators' tools look for
    """Mark ``text`` for translation; it is translated where it is shown."""
    return text


class NotATable(Malformed):
    """The file is neither CSV text nor a workbook."""

    code = "import_not_a_table"


class BrokenWorkbook(Malformed):
    """The workbook cannot be opened: damaged, or locked with a password."""

    code = "import_broken_workbook"


class EmptyFile(Malformed):
    """The file has no header, or nothing below it."""

    code = "import_empty_file"


class TableTooLarge(Refused):
    """The table has more rows, or unpacks to more bytes, than one import takes."""

    code = "import_too_large"


class ColumnsMissing(Malformed):
    """No column of the file is known to hold a value that every row needs."""

    code = "import_columns_missing"


class UnknownKind(NotFound):
    """There is no such kind of import."""

    code = "import_unknown_kind"


class UnknownColumn(Malformed):
    """The mapping names a field or a column that does not exist, or one column twice."""

    code = "import_unknown_column"


class FileHasFaults(Refused):
    """The file has faults, so nothing of it was taken."""

    code = "import_has_faults"


class NotCheckedYet(Conflict):
    """The import is not in a state in which this can be done."""

    code = "import_not_checked"


class ImportMissing(NotFound):
    """No such import is kept."""

    code = "import_missing"


SENTENCES: dict[str, str] = {
    "required": N_("This cell must not be empty."),
    "columns": N_("The row has %(found)s cells, the header has %(expected)s."),
    "broken_row": N_("The row cannot be read: a quotation mark is not closed."),
    "formula": N_("A formula without a calculated value. Open the file in Excel, save it, try again."),
    "excel_error": N_("Excel shows an error in this cell."),
    "not_a_number": N_("Not a number."),
    "too_fine": N_("More than %(decimals)s decimals; this product is counted in steps of 1/10^%(decimals)s."),
    "too_large": N_("The number is too large."),
    "negative": N_("Must not be below zero."),
    "not_positive": N_("Must be more than zero."),
    "not_whole": N_("Must be a whole number."),
    "digits_lost": N_("The last digits are lost: the cell was saved as a rounded number. Format it as text."),
    "not_a_date": N_("Not a date we can read. Write it as 2026-11-23."),
    "date_unclear": N_("Day and month could be mixed up. Write it as 2026-11-23."),
    "not_a_choice": N_("Must be one of: %(choices)s."),
    "check_digit": N_("The check digit is wrong: a digit was mistyped."),
    "too_long": N_("Longer than %(most)s characters."),
    "dates_reversed": N_("The day of expiry is before the day of making."),
    "name_missing": N_("A name is needed, in Chinese or in English."),
    "duplicate": N_("The same key stands in row %(other)s already."),
    "conflicting": N_("Row %(other)s of the same order says %(said)s."),
    "unknown_product": N_("No product has this number."),
    "unknown_location": N_("No warehouse has this code."),
    "unknown_parent": N_("No place has this code, neither in the file nor in the books."),
    "parent_missing": N_("A %(level)s needs the place it belongs to."),
    "node_has_parent": N_("A warehouse belongs to no other place. Say that it is a zone or a bin."),
    "place_circle": N_("The places above it lead round in a circle."),
    "wrong_level": N_("A %(level)s cannot be in a %(above)s: zones are in warehouses, bins in either."),
    "level_fixed": N_("It is a %(level)s already, and stays one."),
    "node_fixed": N_("It is in the warehouse %(node)s, and its stock with it. Add a new place instead."),
    "kind_of_node": N_("It is of the kind of its warehouse %(node)s. Leave the cell empty."),
    "unknown_partner": N_("No partner has this code."),
    "lot_missing": N_("This product is kept by lot, so the lot number is needed."),
    "unit_unknown": N_(
        "We do not know this unit. Write a usual one, or a code of 2 to 8 letters with its own name."
    ),
    "unit_unnamed": N_("A unit with a code of one's own needs a name, in Chinese or in English."),
    "unknown_unit": N_("This product is not counted in %(unit)s; it is in %(known)s."),
    "not_a_ratio": N_("Not a ratio. Write 12, 0.035 or 1/3."),
    "bad_ratio": N_("One unit must hold more than zero, and not more than can be kept exactly."),
    "unit_by_standard": N_("1 %(unit)s is %(ratio)s %(base)s for every product; leave this row out."),
    "unit_overlaps": N_(
        "1 %(other)s holds %(ratio)s %(base)s from %(valid_from)s on. End that on %(day_before)s first."
    ),
    "unit_validity_reversed": N_("It would end before it begins."),
    "gtin_taken": N_("Product %(sku)s has this GTIN already."),
}
"""Sentence by code of a fault; the values stand as ``%(name)s``."""


class BadCell(Exception):  # noqa: N818 - carries a fault's code from a reader to its row, never further
    """A cell's text cannot be read as what its column holds."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where.

    Attributes:
        row: Row as a spreadsheet counts it; the header is row 1.
        column: Heading of the column as the file writes it; empty when the whole row is meant.
        letter: Letter of the column ("C"); empty when the whole row is meant.
        value: What stands there, cut to 80 characters.
        code: Key of ``SENTENCES``.
        values: Values of the sentence, JSON types.
    """

    row: int
    column: str
    letter: str
    value: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong, in English."""
        return SENTENCES[self.code] % self.values

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON types, with its English sentence."""
        return {
            "row": self.row,
            "column": self.column,
            "letter": self.letter,
            "value": self.value,
            "code": self.code,
            "values": self.values,
            "reason": self.sentence,
        }


def letter_of(index: int) -> str:
    """Return a column's letter: 0 is A, 26 is AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
