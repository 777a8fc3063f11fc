"""Measure the ledger against its bars: every file of ``tools/ledger_bars`` is one part of them.

A part is a module with ``BARS`` and ``measure(*, quick) -> values``; its docstring says how it measures and is
printed, and so are its ``NOTES`` on the run, where it has some. Prints one line of JSON; exit status 1 when a bar
is broken, or when a part is not there or could not be measured: ``missing`` names it.

    bench_ledger.py [--quick] [PART …]
"""

import argparse
import importlib
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any

from bars import report

PARTS = ("gas", "kills", "merkle", "mutations", "reorg", "speed")


@dataclass
class Measured:
    """What the parts gave.

    Attributes:
        values: Value by bar.
        bars: Operator and limit by bar.
        conditions: How each part was measured.
        notes: What else a part says of its run.
        missing: Why a part gave nothing, by its name.
    """

    values: dict[str, float] = field(default_factory=dict)
    bars: dict[str, tuple[str, float]] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *, quick: bool) -> None:
        """Measure one part; whatever goes wrong in it becomes a missing part."""
        try:
            part = importlib.import_module(f"ledger_bars.{name}")
            found = part.measure(quick=quick)
            self.values |= {bar: found[bar] for bar in part.BARS}
            self.bars |= part.BARS
            self.conditions[name] = " ".join((part.__doc__ or "").split())
            if notes := getattr(part, "NOTES", None):
                self.notes[name] = notes
        except Exception as error:  # noqa: BLE001 - a part that fails must not hide the others, nor pass as held
            traceback.print_exc()
            self.missing[name] = repr(error)


def main() -> int:
    """Measure the parts asked for, all of them by default, and judge them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="smaller amounts; the bars stay")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args()
    measured = Measured()
    for name in asked.parts or PARTS:
        measured.add(name, quick=asked.quick)
    status = report(
        measured.values,
        measured.bars,
        quick=asked.quick,
        parts=measured.conditions,
        notes=measured.notes,
        missing=measured.missing,
    )
    return 1 if measured.missing else status


if __name__ == "__main__":
    sys.exit(main())
