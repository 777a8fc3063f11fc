"""Jobs exist exactly when the rows they tell of do."""

import asyncio
from datetime import datetime, timedelta

import procrastinate
import psycopg
import pytest
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from portal.platform.jobs import defer, left_to_next_tick, take_over


def queued(conn: Connection) -> list[tuple[str, str | None, str | None, datetime | None, dict[str, object]]]:
    rows = conn.execute(
        text("SELECT task_name, lock, queueing_lock, scheduled_at, args FROM procrastinate_jobs ORDER BY id")
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_job_is_written_in_the_callers_transaction(conn: Connection) -> None:
    savepoint = conn.begin_nested()
    defer(conn, "tea.pick", row=3)
    assert queued(conn) == [("tea.pick", None, None, None, {"row": 3})]
    savepoint.rollback()
    assert queued(conn) == []


def test_a_job_may_wait_for_its_time_and_its_turn(conn: Connection, now: datetime) -> None:
    later = now + timedelta(hours=48)
    defer(conn, "tea.pick", lock="row/3", at=later)
    assert queued(conn) == [("tea.pick", "row/3", None, later, {})]


def test_a_second_waiting_job_with_the_same_queueing_lock_is_not_needed(conn: Connection) -> None:
    defer(conn, "tea.pick", queueing_lock="pick", row=1)
    defer(conn, "tea.pick", queueing_lock="pick", row=2)
    conn.execute(text("SELECT 1"))
    assert queued(conn) == [("tea.pick", None, "pick", None, {"row": 1})]


async def taken_over(url: str) -> None:
    """Take over every job whose worker was silent for a minute, as the worker does."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=60):
            await take_over(app.job_manager, job)


def test_a_dead_workers_job_waits_again_or_is_dropped_when_the_same_already_waits(fresh_database_url: str) -> None:
    with psycopg.connect(fresh_database_url, autocommit=True) as db:
        worker = db.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        ).fetchall()[0][0]
        for number, lock, status in ((1, "tick", "doing"), (2, "tick", "todo"), (3, None, "doing")):
            db.execute(
                "INSERT INTO procrastinate_jobs (id, queue_name, task_name, queueing_lock, status, worker_id)"
                " OVERRIDING SYSTEM VALUE VALUES (%s, 'default', 'tea.pick', %s, %s, %s)",
                [number, lock, status, worker if status == "doing" else None],
            )
        with structlog.testing.capture_logs() as lines:
            asyncio.run(taken_over(fresh_database_url))
        left = db.execute("SELECT id, status, attempts FROM procrastinate_jobs ORDER BY id").fetchall()
    assert left == [(2, "todo", 0), (3, "todo", 1)]
    assert [(line["job_id"], line["outcome"]) for line in lines] == [(1, "not_needed"), (3, "waits_again")]


@pytest.mark.parametrize(
    "lost", [OperationalError("SELECT 1", {}, Exception("gone")), ConnectorException("job was not found")]
)
def test_a_repeated_task_that_lost_the_database_leaves_its_work_to_the_next_tick(lost: Exception) -> None:
    with structlog.testing.capture_logs() as lines, left_to_next_tick("tea.pick"):
        raise lost
    assert [(line["event"], line["task"]) for line in lines] == [("left_to_next_tick", "tea.pick")]


def test_a_fault_of_a_repeated_task_itself_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="leaves"), left_to_next_tick("tea.pick"):
        raise ValueError("leaves")
