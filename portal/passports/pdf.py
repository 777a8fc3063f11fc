"""Reading a PDF that a stranger handed in: in a process of its own, with little memory and time.

``check_pdf`` starts ``python -m portal.passports.pdf FILE``; a bomb or a parser's bug ends that process, not ours.
"""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from portal.passports.model import ActivePDF, NotAPDF, check_pdf_start

_MEMORY_BYTES = 1 << 30
_SECONDS = 10
_FINE, _BROKEN, _ACTIVE = 0, 4, 5
_ACTIVE_TREES = ("/JavaScript", "/EmbeddedFiles")
_ACTIVE_MARKS = ("/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D")
_HARMLESS = ("/GoTo", "/URI", "/Named")


def check_pdf(path: Path) -> None:
    """Check that the file is a readable PDF without programs or embedded files.

    Raises:
        NotAPDF: It does not start or does not parse as a PDF, or reading it takes too much.
        ActivePDF: It would run something when opened, or carries other files.
    """
    with path.open("rb") as file:
        check_pdf_start(file.read(8))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "portal.passports.pdf", str(path)],
            capture_output=True,
            timeout=_SECONDS * 3,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotAPDF("The file cannot be read as a PDF in reasonable time.") from error
    if done.returncode == _ACTIVE:
        raise ActivePDF("The PDF carries programs or embedded files; please hand in a plain one.")
    if done.returncode != _FINE:
        raise NotAPDF("The file cannot be read as a PDF; it may be cut off or damaged.")


def inspect(path: Path) -> int:
    """Return the process's exit status for a file: fine, broken or active."""
    try:
        reader = PdfReader(path, strict=False)
        root = reader.trailer["/Root"]
        if not len(reader.pages):
            return _BROKEN
        active = _is_active(root) or any(_is_active_page(page) for page in reader.pages)
    except Exception:  # noqa: BLE001 - whatever the parser throws at a stranger's bytes, the file is broken
        return _BROKEN
    return _ACTIVE if active else _FINE


def _is_active(root: Any) -> bool:
    if "/AA" in root or _runs(_found(root.get("/OpenAction"))):
        return True
    names = _found(root.get("/Names"))
    form = _found(root.get("/AcroForm"))
    return (names is not None and any(tree in names for tree in _ACTIVE_TREES)) or (
        form is not None and "/XFA" in form
    )


def _is_active_page(page: Any) -> bool:
    if "/AA" in page:
        return True
    marks = [mark.get_object() for mark in _found(page.get("/Annots")) or ()]
    return any(
        mark.get("/Subtype") in _ACTIVE_MARKS or "/AA" in mark or _runs(_found(mark.get("/A"))) for mark in marks
    )


def _found(value: Any) -> Any:
    """Follow a reference, if it is one."""
    return None if value is None else value.get_object()


def _runs(action: Any) -> bool:
    """Tell an action that runs or sends something from a mere link or "open at this page"."""
    return isinstance(action, DictionaryObject) and action.get("/S", _HARMLESS[0]) not in _HARMLESS


def main(arguments: list[str]) -> int:
    """Limit this process, then inspect the file named by the first argument."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    return inspect(Path(arguments[0]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
