"""Jobs exist exactly when the rows they tell of do."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from portal.platform.jobs import defer


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
