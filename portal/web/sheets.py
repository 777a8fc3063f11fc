"""Tables as XLSX files; every text is a text, never a formula."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_response(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return a workbook of one sheet to keep.

    Args:
        name: File name without extension, ASCII; also the sheet's name.
        heads: Names of the columns.
        rows: Cells in the same order; whole numbers stay numbers, ``None`` is an empty cell.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    for row in [heads, *rows]:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return Response(
        written.getvalue(),
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'},
    )
