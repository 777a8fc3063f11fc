"""Files to import, made in code: good ones, and ones with planted faults."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

RETAIL_HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file; text as UTF-8."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def gzipped(text: str) -> bytes:
    """Return a text as gzip bytes."""
    return gzip.compress(text.encode())


def workbook(rows: Sequence[Sequence[Any]], *, top: int = 0, left: int = 0) -> bytes:
    """Return an XLSX of one sheet whose table begins ``top`` rows down and ``left`` columns in."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for number, row in enumerate(rows, start=1 + top):
        for column, value in enumerate(row, start=1 + left):
            if value is not None:
                sheet.cell(row=number, column=column, value=value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def without_part(content: bytes, name: str) -> bytes:
    """Return a workbook that lacks one of its parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as rest:
        for item in source.namelist():
            if item != name:
                rest.writestr(item, source.read(item))
    return target.getvalue()


def with_text(content: bytes, name: str, old: str, new: str) -> bytes:
    """Return a workbook one of whose parts says ``new`` where it said ``old``."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as rest:
        for item in source.namelist():
            body = source.read(item)
            rest.writestr(item, body.replace(old.encode(), new.encode()) if item == name else body)
    return target.getvalue()


def bomb(megabytes: int) -> bytes:
    """Return a small zip that unpacks to a lot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(megabytes // 64):
            archive.writestr(f"xl/part{number}.xml", b"\0" * (64 << 20))
    return target.getvalue()
