"""Keeping programs alive: pauses by a clock moved by hand, and small real programs."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.kernel.errors import Unavailable
from portal.platform.processes import (
    NotReady,
    Program,
    Supervisor,
    _lives,
    die_with_parent,
    free_port,
    kill_group,
    remembered_port,
    roll,
    sweep,
    wait_until,
)


class Part:
    """A part whose life and death the test decides."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.alive = False
        self.refuses = False
        self._diary = diary

    def start(self) -> None:
        if self.refuses:
            raise Unavailable("not now")
        self.alive = True
        self._diary.append(f"{self.name} started")

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        if self.refuses:
            raise RuntimeError("stuck")
        self._diary.append(f"{self.name} stopped")


class Hand:
    """Seconds moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_dead_part_is_started_again_after_a_pause() -> None:
    hand, diary = Hand(), list[str]()
    supervisor, part = Supervisor(hand), Part("worker", diary)
    supervisor.add(part)
    assert supervisor.tend() == []
    part.alive = False
    assert supervisor.tend() == []
    hand.seconds += 0.1
    assert supervisor.tend() == ["worker"]
    assert diary == ["worker started", "worker started"]


def test_pauses_grow_with_every_death_up_to_ten_seconds() -> None:
    hand = Hand()
    supervisor, part = Supervisor(hand), Part("worker", [])
    supervisor.add(part)
    for pause in (0.1, 0.3, 1.0, 3.0, 10.0, 10.0):
        part.alive = False
        assert supervisor.tend() == []
        hand.seconds += pause - 0.01
        assert supervisor.tend() == []
        hand.seconds += 0.02
        assert supervisor.tend() == ["worker"]


def test_half_a_minute_of_life_forgives_earlier_deaths() -> None:
    hand = Hand()
    supervisor, part = Supervisor(hand), Part("worker", [])
    supervisor.add(part)
    for _ in range(4):
        part.alive = False
        supervisor.tend()
        hand.seconds += 10
        supervisor.tend()
    hand.seconds += 30
    part.alive = False
    assert supervisor.tend() == []
    hand.seconds += 0.1
    assert supervisor.tend() == ["worker"]


def test_a_part_that_cannot_be_started_is_tried_again() -> None:
    hand = Hand()
    supervisor, part = Supervisor(hand), Part("postgres", [])
    supervisor.add(part)
    part.alive, part.refuses = False, True
    supervisor.tend()
    hand.seconds += 0.1
    assert supervisor.tend() == []
    part.refuses = False
    supervisor.tend()
    hand.seconds += 0.3
    assert supervisor.tend() == ["postgres"]


def test_parts_are_stopped_in_the_opposite_order_and_a_stuck_one_holds_up_nobody() -> None:
    diary: list[str] = []
    supervisor = Supervisor()
    parts = [Part(name, diary) for name in ("chain", "postgres", "portal")]
    for part in parts:
        supervisor.add(part)
    parts[1].refuses = True
    diary.clear()
    supervisor.stop()
    assert diary == ["portal stopped", "chain stopped"]


def program(tmp_path: Path, *command: str, patience_s: float = 10.0) -> Program:
    return Program(
        name="toy",
        command=command,
        environ={**os.environ, "TALLY_HOME": str(tmp_path)},
        run_folder=tmp_path,
        log_file=tmp_path / "toy.log",
        patience_s=patience_s,
    )


def test_a_program_runs_writes_its_log_and_stops(tmp_path: Path) -> None:
    toy = program(tmp_path, "/bin/sh", "-c", "echo hello; exec sleep 60")
    assert not toy.is_alive()
    toy.stop()
    toy.start()
    assert toy.is_alive()
    wait_until(lambda: "hello" in (tmp_path / "toy.log").read_text(), what="the toy", timeout_s=10)
    toy.stop()
    assert not toy.is_alive()
    assert not (tmp_path / "toy.group").exists()


def test_a_program_that_does_not_listen_is_killed_with_what_it_started(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"
    toy = program(tmp_path, "/bin/sh", "-c", script, patience_s=0.1)
    toy.start()
    wait_until(lambda: "\n" in (tmp_path / "toy.log").read_text(), what="the toy", timeout_s=10)
    child = int((tmp_path / "toy.log").read_text())
    toy.stop()
    wait_until(lambda: is_gone(child), what="the child's end", timeout_s=10)


def test_what_a_killed_program_left_is_swept_away_by_the_next_start(tmp_path: Path) -> None:
    toy = program(tmp_path, "/bin/sh", "-c", "sleep 60 & echo $!; wait")
    toy.start()
    wait_until(lambda: "\n" in (tmp_path / "toy.log").read_text(), what="the toy", timeout_s=10)
    child = int((tmp_path / "toy.log").read_text())
    assert toy.process is not None
    toy.process.kill()
    toy.process.wait()
    successor = program(tmp_path, "/bin/sh", "-c", "exec sleep 60")
    successor.start()
    wait_until(lambda: is_gone(child), what="the child's end", timeout_s=10)
    successor.stop()


def test_a_program_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from portal.platform.processes import Program
folder = Path({str(tmp_path)!r})
toy = Program(name="toy", command=("/bin/sleep", "60"), environ={{"TALLY_HOME": str(folder)}},
              run_folder=folder, log_file=folder / "toy.log")
toy.start()
print(toy.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
    wait_until(lambda: is_gone(child), what="the child's end", timeout_s=10)


def is_gone(pid: int) -> bool:
    """Nothing runs under ``pid``: no process, or only the mark of one nobody has asked about."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_strangers_group_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], process_group=0) as stranger:
        assert kill_group(stranger.pid, owner=str(tmp_path)) == []
        assert stranger.poll() is None
        stranger.kill()


def test_the_kernels_promise_can_be_taken_back() -> None:
    die_with_parent(0)


def test_a_taken_port_is_not_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(OSError, match="in use"):
            free_port(listener.getsockname()[1])


def test_a_port_is_remembered_until_somebody_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "port"
    first = remembered_port(file)
    assert remembered_port(file) == first
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        second = remembered_port(file)
    assert second != first
    assert int(file.read_text()) == second


def test_a_damaged_note_of_the_port_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("")
    assert remembered_port(file) == int(file.read_text())


def test_a_log_is_rolled_once_it_is_too_large(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    roll(log)
    log.write_bytes(b"1")
    roll(log)
    assert log.exists()
    with log.open("wb") as file:
        file.truncate(8 * 1024 * 1024 + 1)
    roll(log)
    assert [path.name for path in tmp_path.iterdir()] == ["x.log.1"]


def test_waiting_ends_when_the_answer_is_yes() -> None:
    answers = iter([False, True])
    wait_until(lambda: next(answers), what="it", timeout_s=5)


def test_waiting_ends_when_the_time_is_over() -> None:
    with pytest.raises(NotReady, match=r"it was not ready after 0 s\."):
        wait_until(lambda: False, what="it", timeout_s=0)


def test_waiting_for_the_dead_ends_at_once() -> None:
    with pytest.raises(NotReady, match="it has died while starting"):
        wait_until(lambda: False, what="it", timeout_s=60, alive=lambda: False)


def test_a_member_that_vanishes_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {**os.environ, "TALLY_HOME": str(tmp_path)}
    with subprocess.Popen(["/bin/sleep", "60"], process_group=0, env=mine) as member:
        real = os.kill

        def too_late(pid: int, number: int) -> None:
            real(pid, number)
            raise ProcessLookupError

        monkeypatch.setattr(os, "kill", too_late)
        assert kill_group(member.pid, owner=str(tmp_path)) == []
        assert member.wait() == -signal.SIGKILL


def test_a_process_that_vanishes_while_looking_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "123").mkdir()
    assert kill_group(5, owner="/home", proc=tmp_path) == []


def test_what_an_earlier_start_left_behind_gives_its_port_back_at_once(tmp_path: Path) -> None:
    listens = (
        "import signal, socket, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); s = socket.create_server("
        "('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); signal.pause()"
    )
    left = subprocess.Popen(
        [sys.executable, "-c", listens],
        env={**os.environ, "TALLY_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        process_group=0,
    )
    with left:
        assert left.stdout is not None
        port = int(left.stdout.readline())
        note = tmp_path / "portal.group"
        note.write_text(str(left.pid))
        sweep(note, owner=str(tmp_path))
        assert free_port(port) == port
    assert left.returncode == -signal.SIGKILL
    assert not note.exists()


def test_a_note_that_was_never_finished_is_only_forgotten(tmp_path: Path) -> None:
    note = tmp_path / "portal.group"
    note.touch()
    sweep(note, owner=str(tmp_path))
    assert not note.exists()


def test_a_process_that_is_gone_does_not_live(tmp_path: Path) -> None:
    assert _lives(os.getpid())
    assert not _lives(1, tmp_path)
