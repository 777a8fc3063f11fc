"""A whole installation as a person starts it: the real command, real processes, one home folder.

``Running`` is one start of it. ``shared_portal`` lends one demo portal to every test process of a run: the first
that asks starts it, the last that leaves stops it.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.platform.processes import wait_until

ROOT = Path(__file__).parents[2]
START_S = 90
STOP_S = 60

_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""What this test process started and has not stopped."""


class StartError(AssertionError):
    """The command ended before it was ready; its last words are the message."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What ``tally demo --json`` printed.

    Attributes:
        url: Origin of the portal.
        logins: Role, tier, e-mail and password of each demo person.
        passports: Address and bundle address of each demo passport.
        home: The home folder.
        pid: The supervising process.
    """

    url: str
    logins: tuple[dict[str, str], ...]
    passports: tuple[dict[str, str], ...]
    home: Path
    pid: int

    def login(self, role: str, tier: str = "") -> tuple[str, str]:
        """Return e-mail and password of the first demo person of a role."""
        for one in self.logins:
            if one["role"] == role and (not tier or one["tier"] == tier):
                return one["email"], one["password"]
        raise LookupError(f"no demo login for {role} {tier}")


def environ(**settings: str) -> dict[str, str]:
    """Return an environment in which the product runs from the source tree with just these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLY_")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def tally(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the ``tally`` command to its end."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *arguments],
        env=environ(**settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def start(
    home: Path, *, arguments: Sequence[str], settings: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own, so that it outlives whoever started it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (
        home.with_name(f"{home.name}.err").open("ab") as errors,
        home.with_name(f"{home.name}.out").open("wb") as out,
    ):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "app", *arguments],
            env=environ(TALLY_HOME=str(home), **(settings or {})),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
    _STARTED[process.pid] = process
    return process


def start_demo(home: Path, *, settings: dict[str, str] | None = None) -> Ready:
    """Run ``tally demo --json`` and wait for its line."""
    arguments = ["demo", "--home", str(home), "--port", "0", "--json", "--no-browser"]
    process = start(home, arguments=arguments, settings=settings)
    line = _first_line(process, home, "{")
    facts: dict[str, Any] = json.loads(line)
    return Ready(
        url=facts["url"],
        logins=tuple(facts["logins"]),
        passports=tuple(facts["passports"]),
        home=home,
        pid=process.pid,
    )


def start_empty(home: Path, *, port: int, settings: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Run ``tally run --empty`` and wait until it says it is ready."""
    process = start(home, arguments=["run", "--empty"], settings={"TALLY_PORT": str(port), **(settings or {})})
    _first_line(process, home, "Ctrl-C")
    return process


def _first_line(process: subprocess.Popen[bytes], home: Path, mark: str) -> str:
    """Return the first line with ``mark`` in it, as soon as it is printed."""
    out = home.with_name(f"{home.name}.out")

    def said() -> list[str]:
        return [line for line in out.read_text("utf-8").splitlines(keepends=True) if mark in line]

    def ready() -> bool:
        return any(line.endswith("\n") for line in said())

    try:
        wait_until(ready, what="The portal", timeout_s=START_S, alive=lambda: process.poll() is None)
    except Exception as error:
        process.kill()
        _STARTED.pop(process.pid).wait()
        words = home.with_name(f"{home.name}.err").read_text("utf-8", "replace")
        raise StartError(words[-3000:]) from error
    return said()[0]


def stop(pid: int) -> None:
    """Interrupt the command as Ctrl-C does, and wait until it is gone."""
    own = _STARTED.pop(pid, None)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        if own is not None:
            own.wait(STOP_S)
            return
        wait_until(lambda: not runs(pid), what="The end of the portal", timeout_s=STOP_S)


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        facts = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return facts[0] != "Z"


def number_in(file: Path) -> int:
    """Return the number a file holds; 0 while there is none."""
    try:
        return int(file.read_text() or 0)
    except FileNotFoundError:
        return 0


def child_of(pid: int) -> int:
    """Return the first child of a process; 0 when it has none or is gone."""
    try:
        listed = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(listed[0]) if listed else 0


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock between test processes for the block."""
    with file.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def shared_portal(folder: Path) -> Iterator[Ready]:
    """Lend the run's demo portal.

    Args:
        folder: A folder every test process of this run shares.
    """
    note = folder / "portal.json"
    with locked(folder / "portal.lock"):
        if not note.exists():
            ready = start_demo(folder / f"home-{os.getpid()}")
            facts = {"url": ready.url, "logins": ready.logins, "passports": ready.passports}
            kept = {"ready": facts, "home": str(ready.home), "pid": ready.pid, "users": 0}
            note.write_text(json.dumps(kept), "utf-8")
        kept = json.loads(note.read_text("utf-8"))
        kept["users"] += 1
        note.write_text(json.dumps(kept), "utf-8")
    facts = kept["ready"]
    try:
        yield Ready(
            url=facts["url"],
            logins=tuple(facts["logins"]),
            passports=tuple(facts["passports"]),
            home=Path(kept["home"]),
            pid=kept["pid"],
        )
    finally:
        with locked(folder / "portal.lock"):
            kept = json.loads(note.read_text("utf-8"))
            kept["users"] -= 1
            note.write_text(json.dumps(kept), "utf-8")
            if kept["users"] == 0:
                note.unlink()
                stop(kept["pid"])
