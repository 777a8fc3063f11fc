"""An installation as far as anchoring needs it: PostgreSQL, the chain, a faulty way to it, and two workers."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from ledger.chain import Chain
from ledger.history import read_history
from ledger_bars.chain_process import ROOT, ChainProcess
from ledger_bars.faulty_proxy import FaultyProxy, faulty_proxy
from portal.cli.environment import child_environ
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.partners import service as partners
from portal.passports.issuing import SEAL
from portal.passports.store import batch_table
from portal.platform.clock import SystemClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.jobs import defer
from portal.platform.migrate import bring_up
from portal.platform.postgres import EmbeddedPostgres

WORKERS = ("worker", "other worker")
VICTIMS = ("postgres", "chain", *WORKERS)
SEAL_EVERY_S = 0.25
MOST_WAITING = 8
"""So many sealed batches may wait: more would only measure how fast the chain is."""


@dataclass
class Site:
    """The running parts.

    Attributes:
        home: The home folder.
        postgres: The database server.
        chain: The node.
        proxy: The way to it.
        org_id: The company.
        acknowledged: Roots whose sealing was committed, in order.
    """

    home: Path
    postgres: EmbeddedPostgres
    chain: ChainProcess
    proxy: FaultyProxy
    org_id: UUID
    settings: Settings
    acknowledged: list[bytes] = field(default_factory=list)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_worker(self, name: str) -> None:
        """Start a worker as ``tally run`` does."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.workers[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "app", "worker"],
                env={**child_environ(self.settings, os.environ), "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def kill(self, victim: str) -> None:
        """End a part with SIGKILL and start it again at once."""
        if victim == "postgres":
            os.kill(self.postgres.pid or 0, signal.SIGKILL)
            self.postgres = EmbeddedPostgres(self.home)
            self.postgres.start()
        elif victim == "chain":
            self.chain.kill()
            self.chain.start()
        else:
            self.workers[victim].kill()
            self.workers[victim].wait()
            self.start_worker(victim)

    def seal_until(self, over: threading.Event) -> None:
        """Seal batch after batch as the portal does, and remember what was committed."""
        database = Database(self.settings.database_url, pool_size=1)
        while not over.wait(SEAL_EVERY_S):
            root, now = secrets.token_bytes(32), SystemClock().now()
            try:
                with database.transaction() as connection:
                    following, waiting = connection.exec_driver_sql(
                        "SELECT count(*), count(*) FILTER (WHERE state <> 'final') FROM anchor_batch"
                    ).one()
                    if waiting >= MOST_WAITING:
                        continue
                    connection.execute(
                        batch_table.insert().values(
                            org_id=self.org_id,
                            id=new_id(now),
                            seq=following,
                            root=root,
                            size=1 + following % 10_000,
                            state="sealed",
                            sealed_at=now,
                        )
                    )
                    defer(connection, SEAL, queueing_lock=SEAL, org_id=str(self.org_id))
                self.acknowledged.append(root)
            except (SQLAlchemyError, PortalError, psycopg.Error):
                continue
        database.close()

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """Ask the database, waiting for it while it comes back."""
        until = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(self.settings.database_url, connect_timeout=5) as connection:
                    return connection.execute(question).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def unfinished(self) -> int:
        """How many sealed batches are not final."""
        return int(str(self.ask("SELECT count(*) FROM anchor_batch WHERE state <> 'final'")[0][0]))

    def final(self) -> int:
        """How many batches are final."""
        return int(str(self.ask("SELECT count(*) FROM anchor_batch WHERE state = 'final'")[0][0]))

    def wrong(self) -> int:
        """How many batches the contract lost, doubled or put out of order, and sealings the database lost."""
        sealed = [(bytes(row[0]), row[1]) for row in self.ask("SELECT root, size FROM anchor_batch ORDER BY seq")]  # type: ignore[call-overload]
        contract, stream = self.ask("SELECT contract, stream FROM chain_pin WHERE role = 'main'")[0]
        events = read_history(Chain(self.chain.url), contract=str(contract), stream=bytes.fromhex(str(stream)))
        anchored = [(one.root, one.size) for one in events]
        lost = set(self.acknowledged) - {root for root, _ in sealed}
        misplaced = sum(ours != theirs for ours, theirs in zip(sealed, anchored, strict=False))
        return len(lost) + misplaced + abs(len(sealed) - len(anchored))


@contextlib.contextmanager
def anchoring_site(home: Path, *, seed: int) -> Iterator[Site]:
    """Start everything in an empty folder; stop it afterwards."""
    home.mkdir(parents=True, mode=0o700, exist_ok=True)
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    chain = ChainProcess(home / "chain.sqlite")
    site = None
    try:
        chain.start()
        with faulty_proxy(chain.port, seed=seed) as proxy:
            settings = Settings(home=home, database_url=url, chain_rpc_url=proxy.url, chain_id=chain.chain_id)
            site = Site(home, postgres, chain, proxy, _company(settings), settings)
            for name in WORKERS:
                site.start_worker(name)
            yield site
            for worker in site.workers.values():
                worker.kill()
                worker.wait()
    finally:
        chain.stop()
        (site.postgres if site else postgres).stop()


def _company(settings: Settings) -> UUID:
    bring_up(settings.database_url, home=settings.home)
    database = Database(settings.database_url, pool_size=1)
    with database.transaction() as connection:
        org_id = partners.save_company(
            connection, name_zh="主家", name_en="Host", is_demo=False, now=SystemClock().now()
        )
    database.close()
    return org_id


def waited(happened: Callable[[], bool], *, timeout_s: float) -> bool:
    """Wait until something happened; returns whether it did in time."""
    until = time.monotonic() + timeout_s
    while not (done := happened()) and time.monotonic() < until:
        time.sleep(0.2)
    return done
