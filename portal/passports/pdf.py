"""Reading a PDF that a stranger handed in: in a process of its own, with little memory and time.

``check_pdf`` starts ``python -m portal.passports.pdf FILE``; a bomb or a parser's bug ends that process, not ours.
"""

import resource
import subprocess
import sys
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from portal.passports.model import ActivePDF, NotAPDF, check_pdf_start

_MEMORY_BYTES = 1 << 30
_SECONDS = 10
_FINE, _BROKEN, _ACTIVE = 0, 4, 5
_ACTIVE_NAMES = ("/OpenAction", "/AA")
_ACTIVE_TREES = ("/JavaScript", "/EmbeddedFiles")


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
    except Exception:  # noqa: BLE001 - whatever the parser throws at a stranger's bytes, the file is broken
        return _BROKEN
    return _ACTIVE if _is_active(root) else _FINE


def _is_active(root: object) -> bool:
    if not isinstance(root, DictionaryObject):
        return False
    if any(_runs(root.get(name)) for name in _ACTIVE_NAMES):
        return True
    names = root.get("/Names")
    names = names.get_object() if names is not None else None
    return isinstance(names, DictionaryObject) and any(tree in names for tree in _ACTIVE_TREES)


def _runs(action: object) -> bool:
    """Tell an action that runs something from a mere "open at this page"."""
    found = action.get_object() if hasattr(action, "get_object") else action
    return isinstance(found, DictionaryObject) and found.get("/S") != "/GoTo"


def main(arguments: list[str]) -> int:
    """Limit this process, then inspect the file named by the first argument."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    return inspect(Path(arguments[0]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
