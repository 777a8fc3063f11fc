"""An auditor scans a passport and has no account: verified, changed, chain silent, no scripts."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from portal.platform.processes import wait_until
from support.running_browser import DESKTOP, PHONE, Visits
from support.running_http import Visitor
from support.running_story import anchored

pytestmark = pytest.mark.timeout(120)


def address(visits: Visits) -> str:
    """Return what the printed code of the first demo passport carries, as a path, once it is anchored."""
    shown = visits.portal.passports[0]
    stranger, bundle = Visitor(visits.portal.url), urlsplit(shown["bundle_url"]).path
    wait_until(lambda: anchored(stranger, bundle), what="The demo's anchor", timeout_s=30)
    parts = urlsplit(shown["url"])
    return f"{parts.path}#{parts.fragment}"


def shows(page: Page, verdict: str, words: str) -> None:
    """Wait for the band to show a verdict, in words too."""
    band = page.locator(".verdict")
    expect(band).to_have_attribute("data-verdict", verdict)
    expect(band.locator("h2")).to_contain_text(words)
    expect(band.locator("svg.seal:visible")).to_have_count(1)


@pytest.mark.parametrize(("language", "width", "words"), [("zh", PHONE, "核验通过"), ("en", DESKTOP, "Verified")])
def test_a_scanned_passport_is_verified_in_the_auditors_own_browser(
    visits: Visits, language: str, width: int, words: str
) -> None:
    page = visits.window(language=language, width=width)
    page.goto(address(visits))
    shows(page, "good", words)
    asked = page.evaluate("performance.getEntriesByType('resource').map(one => new URL(one.name).origin)")
    assert set(asked) == {visits.portal.url}


def test_a_passport_changed_on_the_way_is_not_verified(visits: Visits) -> None:
    def changed(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        number = re.search(r'"batchNumber": ?"([^"]+)"', body)
        assert number is not None
        route.fulfill(response=answer, body=body.replace(f'"{number[1]}"', '"CK999999X"'))

    page = visits.window(width=PHONE)
    page.route("**/bundles/*.json", changed)
    page.goto(address(visits))
    shows(page, "bad", "核验不通过")
    expect(page.locator(".steps .state.bad").first).to_be_attached()


def test_another_code_than_the_printed_one_is_not_verified(visits: Visits) -> None:
    visits.expected.add(404)
    page = visits.window(width=PHONE)
    page.goto(address(visits).partition("#")[0] + "#h=" + "A" * 43)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "bad")


def test_a_silent_chain_leaves_the_passport_partly_verified(visits: Visits) -> None:
    visits.expected.add(502)
    page = visits.window(language="en", width=PHONE)
    page.route("**/chain", lambda route: route.fulfill(status=502, json={"code": "chain_silent"}))
    page.goto(address(visits))
    shows(page, "part", "Partly verified")
    page.unroute("**/chain")
    page.click("#again")
    shows(page, "good", "Verified")


def test_without_scripts_the_page_says_that_nothing_was_checked_and_how_to(visits: Visits) -> None:
    page = visits.window(width=PHONE, scripts=False)
    page.goto(address(visits))
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "none")
    expect(page.locator("#yourself")).to_contain_text("tally verify")
    with page.expect_download() as saved:
        page.locator('footer a[href^="/bundles/"]').click()
    assert saved.value.suggested_filename.startswith("passport")


def test_an_auditor_with_an_account_reads_papers_and_cannot_issue(visits: Visits) -> None:
    page = visits.signed_in("auditor")
    page.goto("/passports")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator('a[href^="/passports/issue"]').count() == 0
    visits.expected.add(403)
    answer = page.goto("/passports/issue?product=01900000-0000-7000-8000-000000000001&lot=X")
    assert answer is not None
    assert answer.status == 403
