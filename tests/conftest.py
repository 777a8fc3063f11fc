"""Fixtures every test may ask for."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import hypothesis
import pytest
from sqlalchemy import Connection, Engine

from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from support import cluster
from support.databases import ForgetfulDatabase

if "TALLY_REQUIRE_BROWSER" in os.environ:  # not a setting of the product, which refuses names it does not know
    os.environ["REQUIRE_BROWSER"] = os.environ.pop("TALLY_REQUIRE_BROWSER")
for _name in [name for name in os.environ if name.startswith("TALLY_")]:
    del os.environ[_name]

hypothesis.settings.register_profile("tally", deadline=None)
hypothesis.settings.register_profile(  # make mutants: the same few examples for every mutant, none made smaller
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=20,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("tally")


@pytest.fixture(scope="session")
def test_cluster() -> Iterator[EmbeddedPostgres]:
    """The machine user's test cluster; it stays up for the next run."""
    server = cluster.start_cluster()
    yield server
    server.leave()


@pytest.fixture(scope="session")
def database_url(test_cluster: EmbeddedPostgres) -> Iterator[str]:
    """The address of this worker's migrated database. Leave nothing in it: use ``conn`` or ``database``."""
    with cluster.migrated_database(test_cluster) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this worker's database."""
    database = Database(database_url, pool_size=2)
    yield database.engine
    database.close()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back after the test."""
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def database(database_url: str, conn: Connection) -> Iterator[Database]:
    """A ``Database`` over ``conn``: what is committed in it is gone after the test. For one thread."""
    forgetful = ForgetfulDatabase(database_url, conn)
    yield forgetful
    forgetful.close()


@pytest.fixture
def fresh_database_url(test_cluster: EmbeddedPostgres) -> Iterator[str]:
    """The address of a migrated database of the test's own, with durable commits."""
    with cluster.migrated_database(test_cluster, durable=True) as url:
        yield url


@pytest.fixture
def empty_database_url(test_cluster: EmbeddedPostgres) -> str:
    """The address of a database of the test's own without any table."""
    return cluster.empty_database(test_cluster)


@pytest.fixture
def now() -> datetime:
    """The instant at which tests happen: 2026-11-23 10:24 in Shanghai."""
    return datetime(2026, 11, 23, 2, 24, tzinfo=UTC)


@pytest.fixture
def clock(now: datetime) -> HandClock:
    """A clock that stands at ``now`` until it is moved."""
    return HandClock(now)


@pytest.fixture
def org_id() -> UUID:
    """The company every test belongs to."""
    return UUID("01900000-0000-7000-8000-000000000001")
