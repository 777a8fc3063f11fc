"""Looking into a PDF that a stranger handed in, in a process that may take little and touch nothing.

``python -m portal.passports.pdf_reading FILE CPU_SECONDS MEMORY_MIB`` limits itself, looks, and ends with a status
that ``Finding`` names; ``portal.passports.pdf`` starts it. Only pypdf and the standard library are loaded here.
"""

import resource
import sys
import zipfile
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import LimitReachedError
from pypdf.generic import DictionaryObject

_NOTHING = (
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, 32),
    (resource.RLIMIT_NPROC, 0),
    (resource.RLIMIT_CORE, 0),
)
"""Limits of one who only reads: no file is written, no process started."""

_END = b"%%EOF"
_BLANK = b"\0\t\n\f\r "
_ACTIVE_TREES = ("/JavaScript", "/EmbeddedFiles")
_ACTIVE_MARKS = ("/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D")
_HARMLESS = ("/GoTo", "/URI", "/Named")


class Finding(IntEnum):
    """What was found; also the process's exit status."""

    FINE = 0
    BROKEN = 4
    ACTIVE = 5
    ENCRYPTED = 6
    COSTLY = 7
    POLYGLOT = 8


def inspect(path: Path) -> Finding:
    """Look into a file; whatever the parser throws at a stranger's bytes, the file is broken or too costly."""
    try:
        return _end_of(path) or _found(path)
    except (MemoryError, LimitReachedError):
        return Finding.COSTLY
    except Exception:  # noqa: BLE001 - see above
        return Finding.BROKEN


def _end_of(path: Path) -> Finding:
    """Tell whether the file ends as a PDF does and is not an archive at the same time."""
    _, mark, after = path.read_bytes().rpartition(_END)
    if not mark:
        return Finding.BROKEN
    return Finding.POLYGLOT if after.strip(_BLANK) or zipfile.is_zipfile(path) else Finding.FINE


def _found(path: Path) -> Finding:
    reader = PdfReader(path, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return Finding.ENCRYPTED
    root = reader.trailer["/Root"]
    if not len(reader.pages):
        return Finding.BROKEN
    active = _is_active(root) or any(_is_active_page(page) for page in reader.pages)
    return Finding.ACTIVE if active else Finding.FINE


def _is_active(root: Any) -> bool:
    if "/AA" in root or _runs(_followed(root.get("/OpenAction"))):
        return True
    names = _followed(root.get("/Names"))
    form = _followed(root.get("/AcroForm"))
    return (names is not None and any(tree in names for tree in _ACTIVE_TREES)) or (
        form is not None and "/XFA" in form
    )


def _is_active_page(page: Any) -> bool:
    if "/AA" in page:
        return True
    marks = [mark.get_object() for mark in _followed(page.get("/Annots")) or ()]
    return any(
        mark.get("/Subtype") in _ACTIVE_MARKS or "/AA" in mark or _runs(_followed(mark.get("/A")))
        for mark in marks
    )


def _followed(value: Any) -> Any:
    """Follow a reference, if it is one."""
    return None if value is None else value.get_object()


def _runs(action: Any) -> bool:
    """Tell an action that runs or sends something from a mere link or "open at this page"."""
    return isinstance(action, DictionaryObject) and action.get("/S", _HARMLESS[0]) not in _HARMLESS


def main(arguments: Sequence[str]) -> Finding:
    """Limit this process to so many seconds and MiB (second and third argument), then look into the first."""
    path, cpu_s, memory_mib = arguments
    wanted = ((resource.RLIMIT_CPU, int(cpu_s)), (resource.RLIMIT_AS, int(memory_mib) << 20))
    for kind, most in (*wanted, *_NOTHING):
        resource.setrlimit(kind, (most, most))
    return inspect(Path(path))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
