"""Judging a PDF that a stranger handed in: it is read in a process of its own, with little memory and time.

A bomb or a parser's bug ends that process (``portal.passports.pdf_reading``), not ours. What is refused says which
limit it met and what to do instead.
"""

import os
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore

from portal.kernel.errors import PortalError, Refused, Unavailable
from portal.passports.model import ActivePDF, NotAPDF, check_pdf_start
from portal.passports.pdf_reading import Finding

CPU_S = 8
"""Most computing a paper may take."""

MEMORY_MIB = 512
"""Most memory the reading process may take."""

WALL_S = 15
"""Longest anybody waits for the reading process; then it is killed."""

READER = ("-m", "portal.passports.pdf_reading")
"""What the reading process runs."""

READERS = BoundedSemaphore(2)
"""How many files of one web process are read at once, so that uploads cannot fill the machine's memory."""


class EncryptedPDF(Refused):
    """The PDF asks for a password; nobody could check it."""

    code = "encrypted_pdf"


class CostlyPDF(Refused):
    """Reading the PDF takes more time or memory than an honest paper ever does."""

    code = "costly_pdf"


class PolyglotPDF(Refused):
    """The file is a PDF and something else at once: an archive, or bytes after its end."""

    code = "polyglot_pdf"


class ReadersBusy(Unavailable):
    """As many files are being read as may be."""

    code = "readers_busy"


def check_pdf(path: Path) -> None:
    """Check that the file is a readable PDF without programs or embedded files.

    Raises:
        NotAPDF: It does not start or does not parse as a PDF.
        ActivePDF: It would run something when opened, or carries other files.
        EncryptedPDF: It asks for a password.
        PolyglotPDF: It is something else as well.
        CostlyPDF: Reading it takes more than ``CPU_S`` or ``MEMORY_MIB``.
        ReadersBusy: Too many are being read; it may be tried again.
    """
    with path.open("rb") as file:
        check_pdf_start(file.read(8))
    if not READERS.acquire(timeout=WALL_S):
        raise ReadersBusy("Too many files are being read just now.")
    try:
        found = _read(path)
    finally:
        READERS.release()
    if found is not Finding.FINE:
        raise _refusal(found)


def _read(path: Path) -> Finding:
    """Read the file in a process that knows none of our settings; one that is killed found it too costly."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TALLY_")}
    try:
        done = subprocess.run(
            [sys.executable, "-P", *READER, str(path), str(CPU_S), str(MEMORY_MIB)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ours,
            timeout=WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding.COSTLY
    if done.returncode < 0:
        return Finding.COSTLY
    return Finding(done.returncode) if done.returncode in set(Finding) else Finding.BROKEN


def _refusal(found: Finding) -> PortalError:
    match found:
        case Finding.ACTIVE:
            return ActivePDF("The PDF carries programs or embedded files; please hand in a plain one.")
        case Finding.ENCRYPTED:
            return EncryptedPDF("The PDF asks for a password.")
        case Finding.POLYGLOT:
            return PolyglotPDF("The file is a PDF and something else at once.")
        case Finding.COSTLY:
            return CostlyPDF(
                f"Reading the PDF takes more than {CPU_S} s or {MEMORY_MIB} MiB.", seconds=CPU_S, mb=MEMORY_MIB
            )
        case _:
            return NotAPDF("The file cannot be read as a PDF; it may be cut off or damaged.")
