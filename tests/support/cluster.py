"""Test databases: one cluster per machine user, one template per schema, copies by the dozen.

The cluster is kept between runs and trades safety for speed (``fsync`` off). A template is made once for every
state of the sources that define the schema; its copies take some 50 ms. Names carry the process that uses
them, so that runs side by side never meet, and what a killed run left behind is dropped by the next one.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from portal.platform.migrate import migrate
from portal.platform.postgres import EmbeddedPostgres, create_database, drop_database, with_database
from portal.platform.roles import PORTAL, READERS, login_of

_ROOT = Path(__file__).parents[2]
_SCHEMA_SOURCES = (
    "portal/platform/migrations/**/*.py",
    "portal/platform/*.py",
    "portal/**/store.py",
    "portal/*/store/*.py",
)
_TEMPLATES_KEPT = 8
_PATIENCE_MS = 3000
_NUMBERS = count()


def cache_folder() -> Path:
    """Return the folder of this machine user's test cluster."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tallystick-tests"


def start_cluster() -> EmbeddedPostgres:
    """Start this machine user's test cluster, or adopt it."""
    server = EmbeddedPostgres(cache_folder(), durable=False, keep=True)
    server.start()
    return server


def schema_key() -> str:
    """Return a short hash of everything that decides what an empty migrated database looks like."""
    digest = hashlib.sha256(version("procrastinate").encode())
    for pattern in _SCHEMA_SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def template(server: EmbeddedPostgres) -> str:
    """Return the name of the template of the present schema, making it when there is none."""
    name = f"template_{schema_key()}"
    with (cache_folder() / "template.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name not in _databases(server):
            _drop_what_is_left_over(server)
            draft = f"draft_{os.getpid()}"
            migrate(create_database(server.url, draft))
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
                )
    return name


@contextmanager
def migrated_database(server: EmbeddedPostgres, *, durable: bool = False) -> Iterator[str]:
    """Lend the address of a migrated, empty database; it is dropped afterwards.

    Args:
        server: The test cluster.
        durable: Commits wait for the log, as in production; for tests of concurrency, crashes and LISTEN.
    """
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    url = create_database(server.url, name, template=template(server))
    if durable:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(name))
            )
    try:
        yield url
    finally:
        _drop(server, name)


def empty_database(server: EmbeddedPostgres) -> str:
    """Return the address of a database without any table; the next run drops it."""
    return create_database(server.url, f"test_{os.getpid()}_{next(_NUMBERS)}")


def _drop(server: EmbeddedPostgres, name: str) -> None:
    """Drop a database, or leave it to a later run: a drop waits for every session of the cluster.

    A stranger's session that has stopped in the middle of a COPY answers nobody; three seconds are enough.
    """
    patient = f"{server.url}?options=-c%20statement_timeout%3D{_PATIENCE_MS}"
    with suppress(psycopg.errors.QueryCanceled):
        drop_database(patient, name)
        with psycopg.connect(patient, autocommit=True) as connection:
            for part in (PORTAL, *READERS):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(login_of(name, part))))


def _databases(server: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(with_database(server.url, "postgres")) as connection:
        rows = connection.execute("SELECT datname FROM pg_database ORDER BY oid").fetchall()
    return [row[0] for row in rows]


def _drop_what_is_left_over(server: EmbeddedPostgres) -> None:
    names = _databases(server)
    templates = [name for name in names if name.startswith("template_")]
    dead = [
        name
        for name in names
        if (found := re.fullmatch(r"(?:test|draft)_(\d+)(?:_\d+)?", name))
        and not Path(f"/proc/{found[1]}").exists()
    ]
    for name in [*dead, *templates[:-_TEMPLATES_KEPT]]:
        _drop(server, name)
