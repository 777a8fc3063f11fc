"""What the worker's tasks do, called in this process."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import procrastinate
import pytest
import structlog
from sqlalchemy import Connection, text

from portal import worker
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services
from portal.replenishment import reads
from portal.replenishment.model import State
from portal.worker import build_worker
from support import replenishing as make
from support.holding import fence, hold, line, summary
from support.stock import in_days, stock_company


@pytest.fixture
def app(database: Database, clock: HandClock, tmp_path: Path) -> procrastinate.App:
    services = Services(settings=Settings(home=tmp_path), database=database, clock=clock, bus=Bus())
    return build_worker(services)


def tick(app: procrastinate.App, task: str) -> None:
    """Run a periodic task as the worker does every minute."""
    app.tasks[task](timestamp=0)


def test_before_there_is_a_company_there_is_nothing_to_look_at(app: procrastinate.App, conn: Connection) -> None:
    tick(app, "replenishment.check")
    tick(app, "replenishment.expire")
    assert conn.execute(text("SELECT count(*) FROM replenishment_order")).scalar_one() == 0


def test_as_days_pass_a_projection_falls_short_and_is_proposed_once(
    app: procrastinate.App, conn: Connection, org_id: UUID, now: datetime
) -> None:
    make.short_of_tea(conn, make.build_world(conn, org_id=org_id, now=now))
    tick(app, "replenishment.check")
    tick(app, "replenishment.check")
    assert conn.execute(text("SELECT number FROM replenishment_order")).scalars().all() == ["R-26001"]


def test_an_order_nobody_answered_expires_by_the_clock(
    app: procrastinate.App, conn: Connection, org_id: UUID, clock: HandClock
) -> None:
    world = make.build_world(conn, org_id=org_id, now=clock.now())
    make.short_of_tea(conn, world)
    make.check(conn, world)
    clock.advance(timedelta(hours=47, minutes=59))
    tick(app, "replenishment.expire")
    assert reads.order(conn, org_id=org_id, number="R-26001").state is State.SENT
    clock.advance(timedelta(minutes=1))
    tick(app, "replenishment.expire")
    assert reads.order(conn, org_id=org_id, number="R-26001").state is State.EXPIRED


def test_holds_lapse_pools_end_and_lots_pass_their_last_day_by_the_clock(
    app: procrastinate.App, conn: Connection, clock: HandClock
) -> None:
    tick(app, "inventory.keep_up")
    stock = stock_company(conn)
    tea = stock.product()
    stock.book(tea, 10, expires=in_days(1))
    stock.book(tea, 30, lot="L2")
    hold(stock, line(stock, tea, 5))
    fence(stock, tea, 8, hours=1)
    tick(app, "inventory.keep_up")
    assert summary(conn, tea, stock.main) == (40, 40, 13, 1)
    clock.advance(timedelta(minutes=30))
    tick(app, "inventory.keep_up")
    assert summary(conn, tea, stock.main) == (40, 40, 8, 1)
    clock.advance(timedelta(minutes=30))
    tick(app, "inventory.keep_up")
    assert summary(conn, tea, stock.main) == (40, 40, 0, 0)
    clock.advance(timedelta(days=2))
    tick(app, "inventory.keep_up")
    assert summary(conn, tea, stock.main) == (40, 30, 0, 0)


class Shifts:
    """A stand-in for the application: its shifts end, break, and at last the worker is told to stop."""

    def __init__(self) -> None:
        self.begun = 0

    @contextlib.asynccontextmanager
    async def open_async(self) -> AsyncIterator[None]:
        self.begun += 1
        if self.begun == 2:
            raise ConnectionError
        yield

    async def run_worker_async(self, **_options: object) -> None:
        if self.begun == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()


def test_a_shift_that_ends_or_breaks_is_followed_by_another_until_told_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "RESTART_SECONDS", 0)
    shifts = Shifts()
    with structlog.testing.capture_logs() as lines:
        asyncio.run(worker._run(cast("procrastinate.App", shifts)))
    assert shifts.begun == 3
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("worker_started", None),
        ("worker_interrupted", "NoneType"),
        ("worker_interrupted", "ConnectionError"),
        ("worker_stopped", None),
    ]


def test_a_second_chain_has_a_sweep_of_its_own(
    database: Database, clock: HandClock, tmp_path: Path, conn: Connection, org_id: UUID, now: datetime
) -> None:
    make.build_world(conn, org_id=org_id, now=now)
    settings = Settings(home=tmp_path, chain_extra_rpc_url="http://127.0.0.1:9/")
    app = build_worker(Services(settings=settings, database=database, clock=clock, bus=Bus()))
    tick(app, "passports.witness")
    told = conn.execute(text("SELECT org_id, role, state, code FROM chain_standing")).all()
    assert told == [(org_id, "extra", "waits", "chain_unavailable")]
