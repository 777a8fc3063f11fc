"""The folder ``mutants/``: a copy of the tree in which mutmut wrote every function of ``ledger/`` many times over.

Beside each module there lie what it made of it (``.spans``) and how each mutant ended (``.meta``); mutmut's own
``show`` reads the same files.
"""

import difflib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutmut.__main__ import create_mutants
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir

ROOT = Path(__file__).parents[2]
MADE = ROOT / "mutants"


@dataclass(frozen=True)
class Change:
    """What a mutant is: a function of ours, and the lines of it that are other ones."""

    function: str
    was: str
    now: str


def modules() -> list[str]:
    """Return the modules of the ledger, as they are imported; the packages' own files hold no functions."""
    files = (path for path in ROOT.glob("ledger/**/*.py") if path.name != "__init__.py")
    return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files)


def make(children: int) -> None:
    """Let mutmut write the mutants of what was changed since it last did; the tests are copied anew.

    It keeps the ending of a mutant whose function is what it was.
    """
    shutil.rmtree(MADE / "tests", ignore_errors=True)
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(children)


def endings(module: str) -> dict[str, int | None]:
    """Return how each mutant of a module ended; none for a mutant that was not run."""
    found: dict[str, int | None] = _meta(module).get("exit_code_by_key", {})
    return found


def note(module: str, ended: Mapping[str, int | None]) -> None:
    """Write down how mutants of a module ended."""
    meta = _meta(module)
    meta["exit_code_by_key"] |= ended
    _beside(module, ".meta").write_text(json.dumps(meta, indent=4))


def changes(module: str, names: list[str]) -> Iterator[Change]:
    """Tell what the named mutants of a module change, from the file that mutmut wrote."""
    if not names:
        return
    lines = _beside(module, "").read_text().splitlines()
    spans: dict[str, tuple[int, int]] = json.loads(_beside(module, ".spans").read_text())["spans"]
    for name in names:
        short = name.removeprefix(f"{module}.")
        mangled = short.partition("__mutmut_")[0]
        before, after = (
            [line.strip().replace(called, mangled) for line in lines[spans[called][0] - 1 : spans[called][1]]]
            for called in (f"{mangled}__mutmut_orig", short)
        )
        told = [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
        was, now = ("\n".join(line[2:] for line in told if line[0] == sign) for sign in "-+")
        plain = re.sub(r"^xǁ(.+)ǁ", r"\1.", mangled).removeprefix("x_")
        yield Change(f"{module}.{plain}", was, now)


def _meta(module: str) -> dict[str, Any]:
    kept = _beside(module, ".meta")
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    return found


def _beside(module: str, ending: str) -> Path:
    return MADE / f"{module.replace('.', '/')}.py{ending}"
