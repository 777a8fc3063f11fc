"""The worker as a process of its own: quick, gentle when asked to stop, and nothing lost when killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from procrastinate.jobs import Job

from portal.platform.clock import SystemClock
from portal.platform.db import Database
from portal.platform.jobs import defer
from portal.worker import LONGEST_WAIT_SECONDS, MAX_ATTEMPTS, Backoff
from support import replenishing as make
from support import worker_process

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


class Probe:
    """Hears what the worker tells, and runs it."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home
        self.ears = psycopg.connect(url, autocommit=True)
        self.ears.execute("LISTEN probe")
        self.processes: list[subprocess.Popen[bytes]] = []
        self.database = Database(url, pool_size=1)

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.home / f"worker-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, worker_process.__file__, self.url, str(self.home)],
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(["tests", *sys.path])},
        )
        log.close()
        self.processes.append(process)
        return process

    def hear(self, word: str, *, within_s: float) -> None:
        heard = []
        for notice in self.ears.notifies(timeout=within_s):
            heard.append(notice.payload)
            if notice.payload == word:
                return
        pytest.fail(f"heard {heard} instead of {word} within {within_s} s; log: {self.log()[-2000:]}")

    def log(self) -> str:
        return (self.home / f"worker-{len(self.processes) - 1}.log").read_text()

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(timeout=60)
        self.ears.close()
        self.database.close()


@pytest.fixture
def probe(fresh_database_url: str, tmp_path: Path) -> Iterator[Probe]:
    found = Probe(fresh_database_url, tmp_path)
    found.ears.execute(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_notify('probe', NEW.number || ' ' || NEW.state); RETURN NEW; END$$"
    )
    found.ears.execute(
        "CREATE TRIGGER tell AFTER INSERT OR UPDATE ON replenishment_order FOR EACH ROW EXECUTE FUNCTION tell()"
    )
    yield found
    found.close()


def ask(probe: Probe, task: str) -> None:
    with probe.database.transaction() as connection:
        defer(connection, task, path=str(probe.home / task))


def test_a_saved_policy_is_proposed_at_once_and_the_worker_stops_when_asked(probe: Probe, org_id: UUID) -> None:
    process = probe.start()
    ask(probe, "probe.fails_once")
    probe.hear("ended", within_s=90)
    # The worker's clock is the machine's, so the demand is written for its days.

    with probe.database.transaction() as connection:
        world = make.build_world(connection, org_id=org_id, now=SystemClock().now())
        make.short_of_tea(connection, world)
    probe.hear("R-26001 sent", within_s=10)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    lines = probe.lines()
    jobs = [
        (line["task"], line["attempt"], line["outcome"], line["code"]) for line in lines if line["event"] == "job"
    ]
    assert ("probe.fails_once", 1, "failed", "RuntimeError") in jobs
    assert ("probe.fails_once", 2, "ok", "") in jobs
    assert ("outbox.deliver", 1, "ok", "") in jobs
    assert [line["event"] for line in lines if str(line["event"]).startswith("worker_")] == [
        "worker_started",
        "worker_stopped",
    ]


def test_a_killed_workers_job_is_taken_over_and_done(probe: Probe) -> None:
    first = probe.start()
    ask(probe, "probe.first_hangs")
    probe.hear("hangs", within_s=90)
    first.kill()
    first.wait()
    # A minute passes for the dead worker's last sign of life.
    probe.ears.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    probe.start()
    probe.hear("ended", within_s=90)


def test_a_worker_that_loses_its_connections_comes_back(probe: Probe) -> None:
    probe.start()
    ask(probe, "probe.fails_once")
    probe.hear("ended", within_s=90)
    probe.ears.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    probe.database.close()
    with probe.database.transaction() as connection:
        defer(connection, "probe.fails_once", path=str(probe.home / "probe.fails_once"))
    probe.hear("ended", within_s=90)
    assert probe.processes[0].poll() is None


@pytest.mark.parametrize(("attempts", "wait_s"), [(0, 1), (3, 8), (9, LONGEST_WAIT_SECONDS)])
def test_the_wait_between_tries_doubles_up_to_five_minutes(attempts: int, wait_s: int) -> None:
    job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
    decision = Backoff().get_retry_decision(exception=RuntimeError(), job=job)
    assert decision is not None
    assert decision.retry_at is not None

    left = (decision.retry_at - SystemClock().now()).total_seconds()
    assert wait_s - 5 < left <= wait_s


def test_a_job_that_failed_twelve_times_is_left_to_the_operator() -> None:
    job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=MAX_ATTEMPTS)
    assert Backoff().get_retry_decision(exception=RuntimeError(), job=job) is None
