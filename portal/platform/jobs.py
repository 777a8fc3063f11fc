"""Durable work: Procrastinate jobs on our own PostgreSQL.

A job is deferred on the *caller's* connection, so it exists exactly when the rows it tells of do. The worker
(``portal.worker``) runs them at least once; whatever a job does is idempotent by its arguments.
"""

from datetime import datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection

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
