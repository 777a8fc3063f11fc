"""One installation brought to life: PostgreSQL, chain, portal and worker under one supervisor.

Cold start is a race against the clock, so what can go side by side does: the chain's process starts while
``initdb`` works, and Python modules are read meanwhile; the portal starts while the demo is loaded.
"""

import fcntl
import http.client
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from types import FrameType

import click

from portal.cli.environment import child_environ
from portal.kernel.errors import Conflict
from portal.platform.config import Settings
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.processes import Program, Supervisor, free_port, remembered_port, sweep, wait_until
from portal.platform.secrets import open_home

_WARM_UP = ("sqlalchemy", "alembic.command", "procrastinate", "portal.wiring")
_TEND_EVERY_S = 0.25


class AlreadyRunning(Conflict):
    """Another ``tally run`` works in this home folder."""

    code = "already_running"


class PortTaken(Conflict):
    """Somebody else listens on the portal's port."""

    code = "port_taken"


class EmbeddedDatabase:
    """The embedded PostgreSQL as a supervised part."""

    name = "postgres"

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server

    def start(self) -> None:
        """Start or adopt it."""
        self.server.start()

    def is_alive(self) -> bool:
        """Tell whether its process is there."""
        return self.server.is_alive()

    def stop(self) -> None:
        """Leave it; it stops when nobody else uses it."""
        self.server.leave()


class Stack:
    """Everything that runs for one home folder.

    Args:
        settings: As the person gave them; ``settings`` holds the completed ones after ``start``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_new = False
        self._supervisor = Supervisor()
        self._told = threading.Event()

    def start(self, prepare: Callable[[Settings], None]) -> None:
        """Start every part and wait until the portal answers.

        Args:
            prepare: Called once the database has this release's schema, while the portal starts.

        Raises:
            AlreadyRunning: This home has a running portal.
            PortTaken: The portal's port is somebody else's.
        """
        self._claim_home()
        self._choose_port()
        warm_up = threading.Thread(target=lambda: [import_module(name) for name in _WARM_UP])
        warm_up.start()
        self._start_chain()
        self._start_database()
        warm_up.join()
        import_module("portal.platform.migrate").bring_up(self.settings.database_url, home=self.settings.home)
        worker = self._program("worker", "-m", "app", "worker")
        portal = self._program("portal", "-m", "app", "web")
        self._supervisor.add(portal)
        prepare(self.settings)
        self._supervisor.add(worker)
        wait_until(self.answers, what="The portal", timeout_s=60, alive=portal.is_alive)

    def heed_signals(self) -> None:
        """Let SIGINT, SIGTERM and SIGHUP mean an orderly end; called before anybody is told it is ready."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_serving)

    def serve(self) -> None:
        """Keep every part alive until a signal says stop."""
        while not self._told.wait(_TEND_EVERY_S):
            self._supervisor.tend()

    def stop(self) -> None:
        """Stop every part, last started first."""
        self._supervisor.stop()

    def answers(self) -> bool:
        """Tell whether the portal answers requests."""
        connection = http.client.HTTPConnection(self.settings.host, self.settings.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _stop_serving(self, _number: int, _frame: FrameType | None) -> None:
        self._told.set()

    def _claim_home(self) -> None:
        home = open_home(self.settings.home)
        home.chmod(0o700)
        self.is_new = not any(home.iterdir())
        for name in ("run", "logs", "chain"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        self._lock = (home / "run" / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise AlreadyRunning(f"A portal already runs from {home}.", home=str(home)) from error
        # Nobody holds the lock, so what still runs for this home has lost its supervisor; it may hold our ports.
        for note in (home / "run").glob("*.group"):
            sweep(note, owner=child_environ(self.settings, os.environ)["TALLY_HOME"])

    def _choose_port(self) -> None:
        wanted = self.settings.port
        if wanted == 0:
            port = remembered_port(self.settings.home / "run" / "portal.port")
            self.settings = replace(self.settings, port=port)
            return
        try:
            free_port(wanted)
        except OSError as error:
            raise PortTaken(
                f"Port {wanted} is taken; choose another one, for example TALLY_PORT={wanted + 1}.", port=wanted
            ) from error

    def _start_chain(self) -> None:
        if self.settings.chain_rpc_url:
            return
        folder = self.settings.home / "chain"
        port = remembered_port(folder / "port")
        self.settings = replace(self.settings, chain_rpc_url=f"http://127.0.0.1:{port}")
        number = str(self.settings.chain_id)
        node = ("-m", "ledger.node", "--db", str(folder / "chain.sqlite"), "--port", str(port))
        self._supervisor.add(self._program("chain", *node, "--chain-id", number))

    def _start_database(self) -> None:
        if self.settings.database_url:
            return
        server = EmbeddedPostgres(self.settings.home, self.settings.pg_bin, tied=True)
        self._supervisor.add(EmbeddedDatabase(server))
        self.settings = replace(self.settings, database_url=server.url)

    def _program(self, name: str, *arguments: str) -> Program:
        home = self.settings.home
        return Program(
            name=name,
            command=(sys.executable, "-P", *arguments),
            environ=child_environ(self.settings, os.environ),
            run_folder=home / "run",
            log_file=home / "logs" / f"{name}.log",
        )


def say(text: str) -> None:
    """Print for a person, on standard error: standard output is for machines."""
    click.echo(text, err=True)
