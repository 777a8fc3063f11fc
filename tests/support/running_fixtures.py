"""Fixtures of the tests that use the run's one demo portal; a folder's ``conftest.py`` takes them from here."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.platform import outbox
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.processes import wait_until
from support.running import Ready, locked, shared_portal


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that every test process of the run shares."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def portal(run_folder: Path) -> Iterator[Ready]:
    """The run's demo portal with its logins and passports."""
    with shared_portal(run_folder) as ready:
        yield ready


@pytest.fixture(scope="session")
def portal_url(portal: Ready) -> str:
    """Where the run's demo portal is."""
    return portal.url


@pytest.fixture
def story(portal: Ready, run_folder: Path) -> Iterator[None]:
    """Hold the demo company for a story that changes it, so that two stories never meet in one order.

    It begins when all news of the story before has arrived, so that figures read at the start are the last ones.
    """
    with locked(run_folder / "story.lock"):
        wait_until(lambda: not _news_on_the_way(portal), what="The end of the story before", timeout_s=60)
        yield


def _news_on_the_way(portal: Ready) -> int:
    with psycopg.connect(EmbeddedPostgres(portal.home).url) as connection:
        waiting = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status IN ('todo', 'doing')",
            [outbox.DELIVER],
        )
        return int(waiting.fetchall()[0][0])
