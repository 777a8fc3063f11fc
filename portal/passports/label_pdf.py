"""Labels of passports on A4 sheets, as a PDF: the code, and beside it what a person needs.

The code carries the GS1 Digital Link and ``#h=``; it is drawn in squares, so it is sharp at any size, and once in
the file however often it is printed. Type is set by ``label_type``; the sheet's measures are ``label_sheet``'s.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from portal.passports.label_sheet import A4, Label, Line, Sheet, place
from portal.passports.label_type import Typeface
from portal.passports.printed_code import RIM, printed_code
from portal.platform.pdf_file import assembled, packed_stream

_FIXED_OBJECTS = 7
_POINTS = 72 / 254
_EDGE, _SPACE = 20, 15
_SHARE_PERCENT = 46
_PLAIN_HEIGHT = 299
_LARGEST = 1.5
_LEADING = 1.22
_SHORTEST = 0.6
_TIGHT = 0.92
_OPENS, _CLOSES = "（《【“", "）》】”，。、；：！？"
"""Signs that begin no row, and signs that end none, are kept with what they belong to (GB/T 15834-2011)."""


def label_sheets(labels: Sequence[Label], sheet: Sheet, *, start: int = 0) -> bytes:
    """Set labels on sheets, one after the other.

    Args:
        labels: One for each position; the same one may come several times.
        sheet: The kind of sheet.
        start: Positions of the first page that are used up already.

    Returns:
        A PDF; the same labels give the same bytes.
    """
    type_ = Typeface({line.text for label in labels for line in label.lines})
    links = list(dict.fromkeys(label.link for label in labels))
    codes = {link: name for name, link in enumerate(links)}
    pages: dict[int, list[bytes]] = {}
    for position, label in enumerate(labels, start):
        page, left, top = place(sheet, position)
        pages.setdefault(page, []).append(_drawn(label, sheet, (left, top), type_, codes[label.link]))
    first_code = _FIXED_OBJECTS + 1
    first_page = first_code + len(links)
    names = b" ".join(b"/Q%d %d 0 R" % (name, first_code + name) for name in codes.values())
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * at) for at in range(len(pages)))
    size = b"%.2f %.2f" % (A4[0] * _POINTS, A4[1] * _POINTS)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] /MediaBox [0 0 %s] /Resources << /Font << /F 3 0 R >>"
        b" /XObject << %s >> >> >>" % (len(pages), kids, size, names),
        *type_.objects(3),
        *(_code(link) for link in links),
    ]
    for at, parts in enumerate(pages.values()):
        objects.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R >>" % (first_page + 2 * at + 1))
        objects.append(packed_stream(b"\n".join(parts)))
    return assembled(objects)


def _code(link: str) -> bytes:
    """Return a code as a form one unit a module, its white rim included."""
    rows = [list(row) for row in printed_code(link).matrix]
    side = len(rows) + 2 * RIM
    squares = []
    for number, row in enumerate(rows):
        x = RIM
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                squares.append(b"%d %d %d 1 re" % (x, side - RIM - number - 1, length))
            x += length
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 %d %d] /Matrix [%.6f 0 0 %.6f 0 0]"
    return packed_stream(b"%s f" % b"\n".join(squares), head % (side, side, 1 / side, 1 / side))


def _drawn(label: Label, sheet: Sheet, corner: tuple[int, int], type_: Typeface, code: int) -> bytes:
    """Return what a page says to draw one label."""
    left, top = corner
    room = sheet.height - 2 * _EDGE
    side = min(room, sheet.width * _SHARE_PERCENT // 100)
    below = A4[1] - top - (sheet.height + side) // 2
    parts = [
        b"q %.2f 0 0 %.2f %.2f %.2f cm /Q%d Do Q"
        % (side * _POINTS, side * _POINTS, (left + _EDGE) * _POINTS, below * _POINTS, code)
    ]
    scale = min(room / _PLAIN_HEIGHT, _LARGEST)
    width = (sheet.width - 2 * _EDGE - side - _SPACE) * _POINTS
    rows = [row for line in label.lines for row in _rows(line, scale, width, type_)]
    height = sum(size * _LEADING for _, size in rows)
    x = (left + _EDGE + side + _SPACE) * _POINTS
    y = (A4[1] - top - sheet.height / 2) * _POINTS + height / 2
    for text, size in rows:
        y -= size * _LEADING
        glyphs = b"".join(b"%04x" % glyph for glyph in type_.glyphs(text))
        parts.append(b"BT /F %.2f Tf %.2f %.2f Td <%s> Tj ET" % (size, x, y + size * (_LEADING - 1), glyphs))
    return b"\n".join(parts)


def _rows(line: Line, scale: float, width: float, type_: Typeface) -> Iterator[tuple[str, float]]:
    """Break a line into its rows with their size; one that is still too long is set smaller, then cut off."""
    size = line.size * scale
    fits = width * 1000 / size
    rows = _broken(line.text, fits, type_)
    if not _fit(rows, line, fits, type_):
        size *= max(_SHORTEST, min(1.0, _TIGHT * fits * line.rows / type_.width(line.text)))
        fits = width * 1000 / size
        rows = _broken(line.text, fits, type_)
    if not _fit(rows, line, fits, type_):
        rows = [*rows[: line.rows - 1], _cut("".join(rows[line.rows - 1 :]), fits, type_)]
    yield from ((row.rstrip(), size) for row in rows)


def _fit(rows: list[str], line: Line, fits: float, type_: Typeface) -> bool:
    return len(rows) <= line.rows and all(type_.width(row.rstrip()) <= fits for row in rows)


def _broken(text: str, fits: float, type_: Typeface) -> list[str]:
    """Break a text where it may be broken: at blanks, and beside any Chinese character."""
    rows = [""]
    for piece in _pieces(text):
        if type_.width(rows[-1] + piece.rstrip()) > fits and rows[-1]:
            rows.append("")
        rows[-1] += piece
    return rows


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for character in text:
        before = pieces[-1][-1:]
        chinese = max(character, before) > "\u2e7f" or before == " "
        if before and chinese and before not in _OPENS and character not in _CLOSES:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(row: str, fits: float, type_: Typeface) -> str:
    while row and type_.width(row + "…") > fits:
        row = row[:-1]
    return row + "…"
