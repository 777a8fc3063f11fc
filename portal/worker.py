"""The worker: delivers the outbox, fires what is due, and takes over what a killed worker left behind.

Any number of workers may run on any number of machines: jobs are rows, claimed with SKIP LOCKED, and everything a
job does is idempotent. Handlers are plain functions and run in threads. Whatever goes wrong here is logged, waited
out and tried again, because a worker that is gone helps nobody.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import procrastinate
import structlog
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from portal.flows import anchoring, replenishing, withholding
from portal.flows.imports import tasks as imports
from portal.inventory import service as inventory
from portal.partners import reads as partners
from portal.platform import outbox
from portal.platform.db import NETWORK
from portal.platform.jobs import STALLED_AFTER, left_to_next_tick, take_over
from portal.platform.services import Services
from portal.replenishment import service as replenishment

CONCURRENCY = 4
HEARTBEAT_SECONDS = 5.0
POLL_SECONDS = 0.5
"""Longest wait for a job whose wake-up was lost; normally a notification comes with the commit."""
RESTART_SECONDS = 1.0
GRACE_SECONDS = 20.0
MAX_ATTEMPTS = 12
LONGEST_WAIT_SECONDS = 300

Registrar = Callable[[procrastinate.App, Services], None]
"""Adds the tasks of one flow or room to the application."""


REGISTRARS: tuple[Registrar, ...] = (anchoring.register, imports.register, withholding.register)
"""Those of other flows; one line per flow."""


class Backoff(BaseRetryStrategy):
    """Try again after 1, 2, 4 … seconds, at most five minutes apart, and give up after twelve tries."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        """Return when to try again; ``None`` leaves the job failed, to be seen by the operator."""
        if job.attempts >= MAX_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, LONGEST_WAIT_SECONDS)})


def build_worker(services: Services, *, registrars: Iterable[Registrar] = REGISTRARS) -> procrastinate.App:
    """Return the Procrastinate application with every task; opens no connection yet.

    Args:
        services: The services tasks work with.
        registrars: Functions that add further tasks.
    """
    connector = procrastinate.PsycopgConnector(
        conninfo=services.database.url, kwargs=dict(NETWORK), min_size=1, max_size=CONCURRENCY + 2
    )
    app = procrastinate.App(connector=connector)
    own = (_register_outbox, _register_replenishment, _register_inventory, _register_upkeep)
    for registrar in (*own, *registrars):
        registrar(app, services)
    return app


def run(services: Services, *, registrars: Iterable[Registrar] = REGISTRARS) -> None:
    """Work until SIGTERM or SIGINT; running jobs are given time to finish.

    Args:
        services: The services tasks work with.
        registrars: Functions that add further tasks.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    asyncio.run(_run(build_worker(services, registrars=registrars)))


async def _run(app: procrastinate.App) -> None:
    log = structlog.get_logger()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log.info("worker_started")
    while True:
        shift = asyncio.create_task(_shift(app))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({shift, stopping}, return_when=asyncio.FIRST_COMPLETED)
        shift.cancel()
        stopping.cancel()
        (outcome,) = await asyncio.gather(shift, return_exceptions=True)
        if stop.is_set():
            log.info("worker_stopped")
            return
        # The database may be away for a while; we wait for it.
        log.warning("worker_interrupted", error=type(outcome).__name__)
        await asyncio.sleep(RESTART_SECONDS)


async def _shift(app: procrastinate.App) -> None:
    """Work until cancelled or until the database is lost."""
    async with app.open_async():
        await app.run_worker_async(
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=POLL_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_AFTER.total_seconds(),
            shutdown_graceful_timeout=GRACE_SECONDS,
            install_signal_handlers=False,
            delete_jobs="successful",
            task_middleware=[_log_job],
        )


def _log_job(call_next: Callable[[], Any], context: procrastinate.JobContext, _worker: Any) -> Any:
    """Write one line per job; what went wrong goes on to the retry."""
    begin = time.perf_counter()
    outcome, code = "ok", ""
    try:
        return call_next()
    except Exception as error:
        outcome, code = "failed", getattr(error, "code", type(error).__name__)
        raise
    finally:
        structlog.get_logger().info(
            "job",
            task=context.job.task_name,
            job_id=context.job.id,
            attempt=context.job.attempts + 1,
            outcome=outcome,
            code=code,
            duration_ms=round((time.perf_counter() - begin) * 1000),
        )


def _register_outbox(app: procrastinate.App, services: Services) -> None:
    @app.task(name=outbox.DELIVER, retry=Backoff())
    def deliver(org_id: str, message_id: str) -> None:
        outbox.deliver(
            services.database,
            services.bus,
            org_id=UUID(org_id),
            message_id=UUID(message_id),
            now=services.clock.now(),
        )


def _register_replenishment(app: procrastinate.App, services: Services) -> None:
    @app.periodic(cron="* * * * *")
    @app.task(name="replenishment.check", queueing_lock="replenishment.check", pass_context=False)
    def check(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        now = services.clock.now()
        today = replenishing.local_date(now, services.settings.time_zone)
        with left_to_next_tick("replenishment.check"), services.database.transaction() as connection:
            company = partners.the_company(connection)
            if company is not None:
                scope = replenishing.EVERYTHING
                replenishing.check(connection, org_id=company.id, scope=scope, today=today, now=now)

    @app.periodic(cron="* * * * *")
    @app.task(name="replenishment.expire", queueing_lock="replenishment.expire")
    def expire(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        now = services.clock.now()
        with left_to_next_tick("replenishment.expire"), services.database.transaction() as connection:
            company = partners.the_company(connection)
            if company is not None:
                replenishment.expire(connection, actor=replenishing.worker_actor(company.id), now=now)


def _register_inventory(app: procrastinate.App, services: Services) -> None:
    @app.periodic(cron="* * * * * */10")
    @app.task(name="inventory.keep_up", queueing_lock="inventory.keep_up")
    def keep_up(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        now = services.clock.now().astimezone(ZoneInfo(services.settings.time_zone))
        with left_to_next_tick("inventory.keep_up"), services.database.transaction() as connection:
            company = partners.the_company(connection)
            if company is not None:
                inventory.keep_up(connection, org_id=company.id, now=now)

    @app.periodic(cron="10 18 * * *")
    @app.task(name="inventory.check_books", queueing_lock="inventory.check_books", pass_context=False)
    def check_books(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        now = services.clock.now()
        with left_to_next_tick("inventory.check_books"), services.database.transaction() as connection:
            company = partners.the_company(connection)
            if company is not None:
                drifts = inventory.check_books(connection, org_id=company.id, now=now)
                structlog.get_logger().info("books_checked", drifts=len(drifts))


def _register_upkeep(app: procrastinate.App, _services: Services) -> None:
    @app.periodic(cron="* * * * * */10")
    @app.task(name="jobs.retry_stalled", queueing_lock="jobs.retry_stalled", pass_context=True)
    async def retry_stalled(_context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
        manager = app.job_manager
        with left_to_next_tick("jobs.retry_stalled"):
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds()):
                await take_over(manager, job)
