"""One real portal and one real browser for a run; every page is watched while a test uses it.

The browser is Debian's chromium (or ``$CHROMIUM``), driven by Playwright's library; nothing is ever downloaded.
Without one the tests are skipped and say so; with ``TALLY_REQUIRE_BROWSER=1`` its absence is a failure.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.running import Ready
from support.running_browser import FLAGS, Visits
from support.running_fixtures import portal, portal_url, run_folder, story

__all__ = ["portal", "portal_url", "run_folder", "story"]

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


@pytest.fixture
def visits(browser: Browser, portal: Ready, run_folder: Path) -> Iterator[Visits]:
    """Open pages as anybody, on any screen; what went wrong on any of them fails the test at its end."""
    opened = Visits(browser, portal, run_folder)
    yield opened
    opened.close()
    assert opened.complaints == []
