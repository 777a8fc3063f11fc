"""The mutants of ``ledger/`` against their bar: alive and not explained, none.

``mutants.py [PART …]``: a part is a module or a package below ``ledger/`` (``merkle``, ``jose``,
``verification.steps``); without one every module is run. mutmut makes the mutants, ``mutation/session.py`` beside
this file runs the tests that reach each (``[tool.mutmut]`` in ``pyproject.toml``), a mutant on every processor.

``--rest`` runs what the last run left: mutants without an ending, where it was broken off, and those alive, after
new tests. ``--tests`` runs this file of tests only, for a first look: what it kills is dead for all tests,
what it leaves alive may not be. ``--read`` runs nothing and tells of the last run again.

A mutant is killed when a test fails, or when it does not come to an end; whatever else became of it, it is alive.
What did not come to an end, or took the interpreter down, is listed too, to be read.
``mutants_explained.toml`` beside this file says of single mutants why no test can tell them from the original. An
explanation that fits no mutant alive in the modules of the run is stale, and breaks a bar of its own.
The table and the mutants alive go to standard error, the JSON to standard output.
"""

import argparse
import contextlib
import os
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from bars import report
from mutation.made import Change, changes, endings, make, modules
from mutation.session import CRASHED, ENDLESS, KILLED, run

EXPLAINED = Path(__file__).with_name("mutants_explained.toml")
BARS = {"mutants_alive_not_explained": ("==", 0), "explanations_stale": ("==", 0)}
WITHOUT_END = {ENDLESS, CRASHED}
"""A recursion without end takes the interpreter down with it."""
DEAD = {KILLED, *WITHOUT_END, None}


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


def explanations() -> dict[Change, str]:
    """Return what is explained, with its reason."""
    rows: list[dict[str, str]] = tomllib.loads(EXPLAINED.read_text())["explained"]
    return {Change(row["function"], row["was"], row["now"]): row["why"] for row in rows}


def endless(chosen: list[str]) -> list[Change]:
    """Return the mutants that did not come to an end."""
    return [
        change
        for module in chosen
        for change in changes(module, [name for name, code in endings(module).items() if code in WITHOUT_END])
    ]


def judge(chosen: list[str]) -> tuple[dict[str, dict[str, int]], list[Change], list[Change]]:
    """Count each module's mutants; return the counts, who is alive unexplained, and the stale explanations."""
    known = explanations()
    table: dict[str, dict[str, int]] = {}
    alive: list[Change] = []
    seen: set[Change] = set()
    for module in chosen:
        ended = endings(module)
        survivors = list(changes(module, [name for name, code in ended.items() if code not in DEAD]))
        unexplained = [change for change in survivors if change not in known]
        codes = Counter(ended.values())
        if len(ended) > codes[None]:
            table[module] = {
                "mutants": len(ended),
                "not_run": codes[None],
                "killed": codes[KILLED],
                "endless": sum(codes[code] for code in WITHOUT_END),
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
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--read", action="store_true", help="run nothing, tell of the last run again")
    how.add_argument("--rest", action="store_true", help="run what the last run left alive or did not come to")
    parser.add_argument("--tests", action="append", default=[], metavar="FILE", help="run these tests only")
    parser.add_argument("parts", nargs="*", metavar="PART", help="a module or package below ledger/")
    asked = parser.parse_args()
    chosen = asked_for(asked.parts)
    if not asked.read:
        at_once = os.cpu_count() or 1
        with contextlib.redirect_stdout(sys.stderr):
            make(at_once)
            run(chosen, asked.tests, rest=asked.rest, at_once=at_once)
    table, alive, stale = judge(chosen)
    tell(table, {"endless": endless(chosen), "alive": alive, "stale explanation": stale})
    conditions: dict[str, Any] = {"modules": table, "not_asked_for": sorted({*modules()} - {*chosen})}
    measured = {"mutants_alive_not_explained": len(alive), "explanations_stale": len(stale)}
    return report(measured, BARS, **conditions)


if __name__ == "__main__":
    sys.exit(main())
