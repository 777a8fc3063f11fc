"""Measure how long a person waits for the printed address, on an empty home and on a lived-in one.

Prints one line of JSON; exit status 1 when a bar is broken.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bars import report

BARS = {"cold_start_s": ("<=", 30.0), "second_start_s": ("<=", 8.0)}
ROOT = Path(__file__).parents[1]


def started(home: Path) -> float:
    """Start on ``home``, wait for the line of JSON, stop; return the seconds until the line."""
    command = [sys.executable, "-P", "-m", "app", "demo", "--home", str(home), "--port", "0"]
    before = time.monotonic()
    with subprocess.Popen(
        [*command, "--json", "--no-browser"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        line = process.stdout.readline()
        seconds = time.monotonic() - before
        process.send_signal(signal.SIGINT)
    ready = json.loads(line)
    if not (ready["logins"] and ready["passports"]):
        raise SystemExit("The demo company is not there.")
    return round(seconds, 2)


def main() -> int:
    """Measure both starts and judge them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        measured = {name: started(home) for name in BARS}
    return report(measured, BARS, home="empty, then lived in; packages installed, demo company included")


if __name__ == "__main__":
    sys.exit(main())
