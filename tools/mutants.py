"""The mutants of ``ledger/`` against their bar: alive and not explained, none.

``mutants.py [PART …]``: a part is a module or a package below ``ledger/`` (``merkle``, ``jose``,
``verification.steps``); without one every module is run. mutmut makes the mutants, one after the other, and runs
the tests that reach each (``[tool.mutmut]`` in ``pyproject.toml``). ``--read`` runs nothing and tells of the last
run again, whole or broken off.

A mutant is killed when a test fails, or when it does not come to an end; whatever else became of it, it is alive.
The clock on the wall says what comes to no end, so what was called endless is listed too, to be read: on a machine
with much else to do a slow survivor may be among them.
``mutants_explained.toml`` beside this file says of single mutants why no test can tell them from the original. An
explanation that fits no mutant alive in the modules of the run is stale, and breaks a bar of its own.
The table and the mutants alive go to standard error, the JSON to standard output.
"""

import argparse
import difflib
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bars import report

ROOT = Path(__file__).parents[1]
MADE = ROOT / "mutants"
EXPLAINED = Path(__file__).with_name("mutants_explained.toml")
BARS = {"mutants_alive_not_explained": ("==", 0), "explanations_stale": ("==", 0)}
KILLED = {1, 3}
ENDLESS = {24, -24, 36, 152, 255, -9, -11}
"""Out of time, or of stack: a recursion without end takes the interpreter down with it."""
DEAD = {*KILLED, *ENDLESS, None}


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


def asked_for(parts: list[str]) -> list[str]:
    """Return the modules that the parts name; all of them without a part."""
    chosen = [
        module
        for module in modules()
        if not parts or any(f"{module}.".startswith(f"ledger.{part}.") for part in parts)
    ]
    if not chosen:
        raise SystemExit(f"no module of ledger/ is called {' or '.join(parts)}")
    return chosen


def run(chosen: list[str]) -> None:
    """Let mutmut run the mutants of the modules; its progress goes to standard error.

    What it noted of which test reaches what is forgotten: it does not see a test that was changed under its name.
    """
    (MADE / "mutmut-stats.json").unlink(missing_ok=True)
    command = [ROOT / ".venv" / "bin" / "mutmut", "run", "--max-children", "1"]
    subprocess.run([*command, *(f"{module}.x*" for module in chosen)], cwd=ROOT, stdout=sys.stderr, check=True)


def results(module: str) -> dict[str, int | None]:
    """Return how pytest ended for each mutant of a module; none for a mutant that was not run."""
    kept = MADE / f"{module.replace('.', '/')}.py.meta"
    found: dict[str, int | None] = json.loads(kept.read_text())["exit_code_by_key"] if kept.exists() else {}
    return found


def changes(module: str, names: list[str]) -> Iterator[Change]:
    """Tell what the named mutants of a module change, from the file that mutmut wrote."""
    if not names:
        return
    source = MADE / f"{module.replace('.', '/')}.py"
    lines = source.read_text().splitlines()
    spans: dict[str, tuple[int, int]] = json.loads(Path(f"{source}.spans").read_text())["spans"]
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


def explanations() -> dict[Change, str]:
    """Return what is explained, with its reason."""
    rows: list[dict[str, str]] = tomllib.loads(EXPLAINED.read_text())["explained"]
    return {Change(row["function"], row["was"], row["now"]): row["why"] for row in rows}


def endless(chosen: list[str]) -> list[Change]:
    """Return the mutants that did not come to an end."""
    return [
        change
        for module in chosen
        for change in changes(module, [name for name, code in results(module).items() if code in ENDLESS])
    ]


def judge(chosen: list[str]) -> tuple[dict[str, dict[str, int]], list[Change], list[Change]]:
    """Count each module's mutants; return the counts, who is alive unexplained, and the stale explanations."""
    known = explanations()
    table: dict[str, dict[str, int]] = {}
    alive: list[Change] = []
    seen: set[Change] = set()
    for module in chosen:
        ended = results(module)
        survivors = list(changes(module, [name for name, code in ended.items() if code not in DEAD]))
        unexplained = [change for change in survivors if change not in known]
        codes = Counter(ended.values())
        if len(ended) > codes[None]:
            table[module] = {
                "mutants": len(ended),
                "not_run": codes[None],
                "killed": sum(codes[code] for code in KILLED),
                "endless": sum(codes[code] for code in ENDLESS),
                "explained": len(survivors) - len(unexplained),
                "alive": len(unexplained),
            }
        alive += unexplained
        seen |= set(survivors)
    stale = [change for change in known if module_of(change, chosen) and change not in seen]
    return table, alive, stale


def module_of(change: Change, chosen: list[str]) -> bool:
    """Return whether an explanation is about one of these modules."""
    return any(change.function.startswith(f"{module}.") for module in chosen)


def tell(table: dict[str, dict[str, int]], told: dict[str, list[Change]]) -> None:
    """Print the table, and the changes under what is to be said of them."""
    heads = ("mutants", "not_run", "killed", "endless", "explained", "alive")
    print(f"{'module':<34}" + "".join(f"{head:>10}" for head in heads), file=sys.stderr)
    for module, row in table.items():
        print(f"{module:<34}" + "".join(f"{row[head]:>10}" for head in heads), file=sys.stderr)
    for word, found in told.items():
        for change in found:
            print(f"\n{word}: {change.function}\n- {change.was}\n+ {change.now}", file=sys.stderr)


def main() -> int:
    """Run, count and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--read", action="store_true", help="run nothing, tell of the last run again")
    parser.add_argument("parts", nargs="*", metavar="PART", help="a module or package below ledger/")
    asked = parser.parse_args()
    chosen = asked_for(asked.parts)
    if not asked.read:
        run(chosen)
    table, alive, stale = judge(chosen)
    tell(table, {"endless": endless(chosen), "alive": alive, "stale explanation": stale})
    conditions: dict[str, Any] = {"modules": table, "not_asked_for": sorted({*modules()} - {*chosen})}
    measured = {"mutants_alive_not_explained": len(alive), "explanations_stale": len(stale)}
    return report(measured, BARS, **conditions)


if __name__ == "__main__":
    sys.exit(main())
