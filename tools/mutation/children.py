"""Work in processes of its own: forked from this one, a few at a time, with no end to what each may break.

Nothing a child does reaches this process but what it wrote down for it: not a cache it filled, not a thread it
left behind. The folder of its temporary files is taken away with it, and what it started itself ends with it.
"""

import contextlib
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key")
Work = Callable[[Path], int]
"""What a child does: what it writes to the file comes back, and what it returns is its exit status."""


def in_children(works: Iterable[tuple[Key, Work]], at_once: int) -> Iterator[tuple[Key, int, str]]:
    """Do the works, so many at once; yield each with its exit status, a signal's negative, and what it wrote."""
    gc.collect()
    gc.freeze()  # what is here already is not swept again, so that the children go on sharing its memory
    running: dict[int, tuple[Key, Path]] = {}
    for key, work in works:
        while len(running) >= at_once:
            yield _ended(running)
        folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        child = os.fork()
        if child == 0:
            _be(work, folder)
        running[child] = key, folder
    while running:
        yield _ended(running)
    gc.unfreeze()


def _be(work: Work, folder: Path) -> None:
    status = 70
    try:
        os.setpgid(0, 0)
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = str(folder)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        status = work(folder / "told")
    finally:
        os._exit(status)


def _ended(running: dict[int, tuple[Key, Path]]) -> tuple[Key, int, str]:
    child, status = os.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    key, folder = running.pop(child)
    told = folder / "told"
    written = told.read_text() if told.exists() else ""
    shutil.rmtree(folder, ignore_errors=True)
    return key, os.waitstatus_to_exitcode(status), written
