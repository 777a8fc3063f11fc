"""Programs kept alive: start, notice a death, start again with growing pauses, stop in order.

Every program is a process group of its own, so that Ctrl-C in a terminal reaches only the supervisor and
what a killed program leaves behind can be swept away. On Linux the kernel ends a program when the thread
that started it ends, kill -9 included; what even that misses is found at the next start by its group and
by the home folder named in its environment, and nothing else is ever touched.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from portal.kernel.errors import Unavailable

_LOG_LIMIT_BYTES = 8 * 1024 * 1024
_PAUSES_S = (0.1, 0.3, 1.0, 3.0, 10.0)
_CALM_S = 30.0
_BURIAL_S = 5.0

log = structlog.get_logger()


class NotReady(Unavailable):
    """A program did not become ready in time."""

    code = "not_ready"


class Supervised(Protocol):
    """Something a ``Supervisor`` keeps alive."""

    name: str

    def start(self) -> None:
        """Start it."""
        ...

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        ...

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        ...


@dataclass(slots=True)
class Program:
    """One command that runs until it is told to stop.

    Attributes:
        name: Short word for logs and file names.
        command: Program and arguments.
        environ: The whole environment it gets.
        run_folder: Where its group is noted (``name.group``).
        log_file: Where its output goes; rolled once it is larger than 8 MiB.
        patience_s: How long it may take to stop before it is killed.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    run_folder: Path
    log_file: Path
    patience_s: float = 35.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the command; what an earlier start left behind is killed first."""
        self._sweep()
        roll(self.log_file)
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=partial(die_with_parent, signal.SIGTERM)  # noqa: PLW1509 - one system call
                if sys.platform == "linux"
                else None,
            )
        self._note.write_text(str(self.process.pid))

    def is_alive(self) -> bool:
        """Tell whether the command runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask it to stop; kill it, and whatever it started, when it takes too long."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._sweep()
        self.process = None

    @property
    def _note(self) -> Path:
        return self.run_folder / f"{self.name}.group"

    def _sweep(self) -> None:
        if self._note.exists():
            sweep(self._note, owner=self.environ["TALLY_HOME"])


class Supervisor:
    """Keeps its parts alive until told to stop.

    Args:
        monotonic: Seconds that never go back; tests hand their own.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._parts: list[Supervised] = []
        self._deaths: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def add(self, part: Supervised) -> None:
        """Start ``part`` and keep it alive from now on; parts are stopped in the opposite order."""
        self._parts.append(part)
        part.start()
        self._since[part.name] = self._monotonic()

    def tend(self) -> list[str]:
        """Look after every part once; returns the names of those that were started again."""
        return [part.name for part in self._parts if self._tend(part)]

    def stop(self) -> None:
        """Stop every part, last started first; one that fails to stop does not keep the others running."""
        while self._parts:
            part = self._parts.pop()
            try:
                part.stop()
            except Exception:
                log.exception("part_not_stopped", part=part.name)

    def _tend(self, part: Supervised) -> bool:
        now = self._monotonic()
        if part.name not in self._due:
            if part.is_alive():
                return False
            calm = now - self._since[part.name] >= _CALM_S
            deaths = 0 if calm else self._deaths.get(part.name, 0)
            self._deaths[part.name] = deaths + 1
            self._due[part.name] = now + _PAUSES_S[min(deaths, len(_PAUSES_S) - 1)]
            log.warning("part_died", part=part.name, deaths=deaths + 1)
        if now < self._due[part.name]:
            return False
        del self._due[part.name]
        self._since[part.name] = now
        try:
            part.start()
        except Unavailable:
            log.exception("part_not_started", part=part.name)
            return False
        log.info("part_restarted", part=part.name)
        return True


def wait_until(
    question: Callable[[], bool], *, what: str, timeout_s: float, alive: Callable[[], bool] = lambda: True
) -> None:
    """Ask ``question`` every 20 ms until it says yes.

    Args:
        question: Cheap, and free of effects.
        what: Named in the refusal.
        timeout_s: How long to ask.
        alive: When it says no, waiting is pointless and ends at once.

    Raises:
        NotReady: The time is over, or the thing asked about has died.
    """
    deadline = time.monotonic() + timeout_s
    while not question():
        if not alive():
            raise NotReady(f"{what} has died while starting.", what=what)
        if time.monotonic() > deadline:
            raise NotReady(f"{what} was not ready after {timeout_s:g} s.", what=what, timeout_s=timeout_s)
        time.sleep(0.02)


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process ``signal_number`` when the thread that started it ends (Linux)."""
    ctypes.CDLL(None).prctl(1, signal_number)


def free_port(wanted: int = 0) -> int:
    """Return ``wanted`` when it can be listened on at 127.0.0.1 (0: any port that can).

    Raises:
        OSError: It is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        port: int = probe.getsockname()[1]
        return port


def remembered_port(file: Path) -> int:
    """Return the port kept in ``file`` while it is free, else any free one, which is kept from now on."""
    try:
        return free_port(int(file.read_text()))
    except (FileNotFoundError, ValueError, OSError):
        port = free_port()
        file.write_text(str(port))
        return port


def roll(log_file: Path) -> None:
    """Put a log file that has grown too large aside; one old file is kept."""
    if log_file.exists() and log_file.stat().st_size > _LOG_LIMIT_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))


def kill_group(group: int, *, owner: str, proc: Path = Path("/proc")) -> list[int]:
    """Kill the processes of a group whose environment names ``owner`` as their home folder.

    Args:
        group: Process group; its number may meanwhile be a stranger's, which is left alone.
        owner: Value of ``TALLY_HOME`` in the environment of what may be killed.
        proc: Where the kernel shows processes.

    Returns:
        The processes killed. Without ``/proc`` (not Linux): none.
    """
    mark = f"TALLY_HOME={owner}".encode()
    killed = []
    for pid in _members(group, proc):
        try:
            if mark in (proc / str(pid) / "environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone meanwhile, or somebody else's
    return killed


def sweep(note: Path, *, owner: str) -> None:
    """Kill what is left of the group that a ``name.group`` file notes, and forget the note.

    A portal told to stop by its supervisor's death still holds its port while it finishes its last requests.

    Args:
        note: The file.
        owner: The home folder, as ``kill_group`` compares it.
    """
    text = note.read_text()
    killed = kill_group(int(text), owner=owner) if text else []
    wait_until(lambda: not any(map(_lives, killed)), what="The end of what was left", timeout_s=_BURIAL_S)
    note.unlink()


def _lives(pid: int, proc: Path = Path("/proc")) -> bool:
    try:
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def _members(group: int, proc: Path) -> Iterator[int]:
    for folder in proc.glob("[0-9]*"):
        try:
            facts = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # gone meanwhile
        if int(facts[2]) == group:
            yield int(folder.name)
