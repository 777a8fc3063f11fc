"""One real portal and one real browser for a run; every page is watched while a test uses it.

The browser is Debian's chromium (or ``$CHROMIUM``), driven by Playwright's library; nothing is ever downloaded.
Without one the tests are skipped and say so; with ``TALLY_REQUIRE_BROWSER=1`` its absence is a failure.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.running import Ready, locked, shared_portal
from support.running_browser import FLAGS, Visits

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as needing the browser, and skip it where there is none."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM.exists() and "REQUIRE_BROWSER" not in os.environ:
            item.add_marker(pytest.mark.skip(reason=f"no chromium at {CHROMIUM}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for a file of tests; not for longer, because Playwright keeps an event loop running beneath it."""
    if not CHROMIUM.exists():
        pytest.fail(f"TALLY_REQUIRE_BROWSER is set and there is no chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


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
def story(run_folder: Path) -> Iterator[None]:
    """Hold the demo company for a story that changes it, so that two stories never meet in one order."""
    with locked(run_folder / "story.lock"):
        yield


@pytest.fixture
def visits(browser: Browser, portal: Ready, run_folder: Path) -> Iterator[Visits]:
    """Open pages as anybody, on any screen; what went wrong on any of them fails the test at its end."""
    opened = Visits(browser, portal, run_folder)
    yield opened
    opened.close()
    assert opened.complaints == []
