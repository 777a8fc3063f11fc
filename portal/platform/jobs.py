"""Durable work: Procrastinate jobs on our own PostgreSQL.

A job is deferred on the *caller's* connection, so it exists exactly when the rows it tells of do. The worker
(``portal.worker``) runs them at least once; whatever a job does is idempotent by its arguments.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from portal.platform.db import driver_connection

_DEFERRER = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
"""Never opened: it only writes rows on connections that are handed to it."""


def defer(
    connection: Connection,
    task: str,
    *,
    queueing_lock: str | None = None,
    lock: str | None = None,
    at: datetime | None = None,
    **arguments: Any,
) -> None:
    """Queue ``task`` within the caller's transaction.

    Args:
        connection: Open transaction; the job becomes visible with its commit.
        task: Registered name of the task, as in ``portal.worker``.
        queueing_lock: At most one waiting job holds this; a second one is silently not needed.
        lock: Jobs with the same lock run one after another.
        at: Not before this instant, by the database's clock.
        **arguments: JSON types.
    """
    job = _DEFERRER.configure_task(
        task,
        allow_unknown=True,
        queueing_lock=queueing_lock,
        lock=lock,
        schedule_at=at,
        connection=driver_connection(connection),
    )
    if queueing_lock is None:
        job.defer(**arguments)
        return
    nested = connection.begin_nested()
    try:
        job.defer(**arguments)
    except AlreadyEnqueued:
        nested.rollback()
    else:
        nested.commit()


STALLED_AFTER = timedelta(seconds=15)
"""A running job without a sign of life for this long is taken over by another worker."""


@contextmanager
def left_to_next_tick(task: str) -> Iterator[None]:
    """Let a task that a timer repeats end quietly when the database went away: the next tick does the same.

    A retry would be wrong here. The tick that follows may already wait under the task's queueing lock, and a job
    cannot go back to waiting beside it: it would stay "running" for as long as its worker lives.

    Args:
        task: Its name, for the log.
    """
    try:
        yield
    except (OperationalError, InterfaceError, ConnectorException) as error:
        structlog.get_logger().warning("left_to_next_tick", task=task, error=type(error).__name__)


async def take_over(manager: JobManager, job: Job) -> None:
    """Let a job whose worker died wait again, or drop it when one that does the same already waits.

    Args:
        manager: Of an open application.
        job: Seen running under a worker without a sign of life.

    Raises:
        ConnectorException: Another worker took it over first, or the database went away.
    """
    outcome = "waits_again"
    try:
        await manager.retry_job(job)
    except UniqueViolation:
        await manager.finish_job(job, status=Status.ABORTED, delete_job=True)
        outcome = "not_needed"
    structlog.get_logger().warning("job_taken_over", task=job.task_name, job_id=job.id, outcome=outcome)
