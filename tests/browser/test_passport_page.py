"""The passport page in a real browser: good, tampered, half-checked, without scripts; phone and desk, zh, en."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from portal import wiring
from portal.passports.model import code_hash
from portal.platform.postgres import EmbeddedPostgres
from support.passport_site import Site, opened_site
from support.passporting import CERTIFICATE, PATH, REPORT
from support.running import Ready
from support.running_browser import DESKTOP, INSIDE, PHONE, Visits

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def site(test_cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened_site(test_cluster, tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture
def windows(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Visits]:
    ready = Ready(url=site.url, logins=(), passports=(), home=tmp_path, pid=0)
    opened = Visits(browser, ready, tmp_path)
    yield opened
    opened.close()
    assert opened.complaints == []


def judged(page: Page, path: str, verdict: str) -> None:
    page.goto(path)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", verdict)


def sound(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    assert page.evaluate(INSIDE) in (0, -1)


def step(page: Page, check: str) -> list[str]:
    """What a line says first, and its result."""
    row = page.locator(f"#c-{check}")
    return [row.locator("> div").inner_text().split("\n")[0], row.locator(".state").inner_text().split("\n")[0]]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_scanned_passport_is_verified_in_the_browser(
    windows: Visits, site: Site, language: str, width: int
) -> None:
    page = windows.window(language=language, width=width)
    judged(page, site.code, "good")
    words = {"zh": "核验通过 Verified", "en": "Verified"}[language]
    assert page.locator(".verdict h2").inner_text().split() == words.split()
    assert page.locator('dd[data-f="best"]').inner_text() == "2027-08-04"
    assert page.locator("#way li").count() == 2
    assert page.locator("#c-structure").is_hidden()
    assert page.locator("#c-goods").is_hidden()
    passed = {"zh": "通过", "en": "passed"}[language]
    for group in ("content", "validity", "anchor"):
        assert page.locator(f"#g-{group} .res").inner_text().split()[0] == passed
    page.locator("#g-anchor summary").click()
    assert page.locator("#kind").is_visible()
    sound(page)


@pytest.mark.parametrize(("language", "word"), [("zh", "加载解析程序并核验"), ("en", "Load the reader and check")])
def test_the_proof_over_meaning_is_checked_when_asked(
    windows: Visits, site: Site, language: str, word: str
) -> None:
    page = windows.window(language=language, width=PHONE)
    judged(page, site.code, "good")
    proofs = page.locator("#c-signature .small")
    assert "eddsa-jcs-2022" in proofs.nth(1).inner_text()
    assert "eddsa-rdfc-2022" in proofs.nth(2).inner_text()
    page.get_by_role("button", name=word).click()
    expect(page.locator("#c-signature button")).to_have_count(0)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    told = [proofs.nth(place).inner_text().partition(": ")[2] for place in (1, 2)]
    assert told[0] == told[1]
    sound(page)


def test_a_typed_address_is_verified_without_a_printed_code(windows: Visits) -> None:
    page = windows.window(language="en")
    judged(page, PATH, "good")
    assert step(page, "fingerprint") == ["No printed code to compare with; scan it to include it", "not compared"]


def replaced(old: str, new: str) -> Any:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace(old, new))

    return answer


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", DESKTOP)])
def test_changed_bytes_are_bad_and_their_facts_only_claimed(
    windows: Visits, site: Site, language: str, width: int
) -> None:
    page = windows.window(language=language, width=width)
    page.route("**/bundles/**", replaced("2027-08-04", "<img src=x>"))
    judged(page, site.code, "bad")
    assert page.locator("#facts").get_attribute("class") == "facts claimed"
    assert page.locator('dd[data-f="best"]').inner_text() == "<img src=x>"
    assert page.locator("#facts img").count() == 0
    if language == "en":
        assert step(page, "fingerprint") == ["Fingerprint differs from the printed code", "failed"]
        assert step(page, "signature") == ["Signature does not fit the content", "failed"]
        assert step(page, "inclusion")[1] == "" or step(page, "inclusion")[1] == "failed"
        assert "As claimed, not verified" in page.locator("#facts-t").inner_text()
    assert page.locator("#g-content .advice").is_visible()
    sound(page)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "The passport cannot be read"),
        ('{"a":1,"a":2}', "A field stands there twice; two readers could see different things"),
        ('{"bundle":"other"}', "A part of the passport is missing or unknown"),
    ],
)
def test_an_unreadable_bundle_is_bad_and_says_why(windows: Visits, site: Site, body: str, sentence: str) -> None:
    page = windows.window(language="en")
    page.route("**/bundles/**", lambda route: route.fulfill(status=200, body=body))
    judged(page, site.code, "bad")
    assert step(page, "structure") == [sentence, "failed"]
    assert step(page, "signature")[1] == "not checked"


def test_a_code_of_no_passport_is_a_changed_fingerprint(windows: Visits) -> None:
    windows.expected.add(404)
    page = windows.window(language="en")
    judged(page, f"{PATH}#h={'A' * 43}", "bad")
    assert step(page, "fingerprint") == ["Fingerprint differs from the printed code", "failed"]
    assert step(page, "signature") == ["Signature is valid", "passed"]


def test_a_code_printed_for_other_goods_is_bad(windows: Visits, site: Site) -> None:
    page = windows.window(language="en")
    other = site.code.replace("/10/L7", "/10/L8")
    html = page.request.get(site.url + PATH).text()
    page.route("**/10/L8", lambda route: route.fulfill(status=200, body=html, content_type="text/html"))
    judged(page, other, "bad")
    assert step(page, "goods")[1] == "failed"
    assert page.locator("#why").inner_text() == "This code was printed for other goods."


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", DESKTOP)])
def test_a_stopped_chain_leaves_it_partly_verified_and_trying_again_helps(
    windows: Visits, site: Site, language: str, width: int
) -> None:
    windows.expected.add(502)
    alive, site.app = site.app, wiring.build_web(site.scene.on_chain(NOWHERE).services)
    try:
        page = windows.window(language=language, width=width)
        judged(page, site.code, "part")
        result = page.locator("#g-anchor .res").inner_text()
        assert result.startswith({"zh": "未检查", "en": "not checked"}[language])
        assert page.locator("#g-anchor .advice.now").is_visible()
        sound(page)
    finally:
        site.app = alive
    page.locator("#again").click()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")


def test_a_bundle_that_cannot_be_fetched_is_not_checked(windows: Visits, site: Site) -> None:
    windows.expected.add(503)
    page = windows.window(language="en")
    page.route("**/bundles/**", lambda route: route.fulfill(status=503, body=""))
    judged(page, site.code, "part")
    assert step(page, "structure") == ["Not checked, because the passport could not be loaded", "not checked"]


def test_without_a_trust_list_nobody_is_believed_or_blamed(windows: Visits, site: Site) -> None:
    windows.expected.add(503)
    page = windows.window(language="en")
    page.route("**/tallystick-trust.json", lambda route: route.fulfill(status=503, body=""))
    judged(page, site.code, "part")
    assert step(page, "issuer") == ["The trust list could not be loaded", "not checked"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_scripts_the_facts_stand_and_the_band_says_not_checked(
    windows: Visits, site: Site, language: str
) -> None:
    page = windows.window(language=language, scripts=False)
    page.goto(site.code)
    assert page.locator(".verdict").get_attribute("data-verdict") == "none"
    assert (
        page.locator(".verdict h2")
        .inner_text()
        .strip()
        .startswith({"zh": "未核验", "en": "Not checked"}[language])
    )
    assert page.locator('dd[data-f="best"]').inner_text() == "2027-08-04"
    assert page.locator("noscript p").is_visible()
    assert page.locator("#yourself pre").inner_text().startswith("tally verify passport-")


def test_a_file_in_hand_is_compared_without_leaving_the_device(windows: Visits, site: Site) -> None:
    page = windows.window(language="en")
    judged(page, site.code, "good")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    report = page.locator("#docs li", has_text="JY-7")
    report.locator("input").set_input_files({"name": "r.pdf", "mimeType": "application/pdf", "buffer": REPORT})
    expect(report.locator('[data-f="match"]')).to_have_text("is your file")
    expect(page.locator("#g-files .res")).to_contain_text("passed")
    wrong = {"name": "r.pdf", "mimeType": "application/pdf", "buffer": CERTIFICATE + b" "}
    report.locator("input").set_input_files(wrong)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "bad")
    expect(report.locator('[data-f="match"]')).to_have_text("differs from your file")
    assert step(page, "documents") == ["“r.pdf” is none of the passport's documents", "failed"]
    assert [line for line in sent if line.startswith("POST") and not line.endswith("/chain")] == []


def test_an_older_code_verifies_and_leads_to_the_newer_passport(windows: Visits, site: Site) -> None:
    site.scene.trace("inspecting", hours_ago=1, place="宁波仓 / Ningbo")
    newest = site.scene.issue(later=timedelta(minutes=5))
    page = windows.window(language="en")
    judged(page, f"{PATH}#h={code_hash(newest.digest)}", "part")
    assert page.locator("#why").inner_text() == (
        "Content and issuer are right. The anchor still waits for the chain; look again in a minute."
    )
    assert page.locator("#newer").is_hidden()
    older = windows.window(language="en")
    judged(older, site.code, "good")
    assert older.locator("#way li").count() == 2
    assert site.scene.anchor() == 1
    older.locator("#newer a").click()
    older.wait_for_url(site.url + PATH)
    expect(older.locator(".verdict")).to_have_attribute("data-verdict", "good")
    assert older.locator("#way li").count() == 3


def linked_verdict(page: Page, row: int) -> str:
    """Ask for the verdict of a linked credential, and return it."""
    line = page.locator("#linked li").nth(row)
    line.locator("button").click()
    expect(line.locator(".state")).not_to_have_text(re.compile("^…?$"))
    return line.locator(".state").inner_text()


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", DESKTOP)])
def test_each_linked_credential_has_a_page_and_a_verdict_of_its_own(
    windows: Visits, site: Site, language: str, width: int
) -> None:
    page = windows.window(language=language, width=width)
    judged(page, site.code, "good")
    page.locator('a[href$="#linked"]').click()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    word = {"zh": "核验通过 Verified", "en": "Verified"}[language]
    assert page.locator("#linked li").count() == 4
    assert [linked_verdict(page, row) for row in range(4)] == [word] * 4
    sound(page)
    page.locator("#linked li a").first.click()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    assert page.locator("#linked").count() == 0
    sound(page)


def test_a_linked_credential_that_was_changed_or_swapped_is_named(windows: Visits, site: Site) -> None:
    page = windows.window(language="en")
    judged(page, site.code, "good")
    page.goto(page.locator('a[href$="#linked"]').get_attribute("href") or "")
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    changed, other = page.locator("#linked li").nth(0), page.locator("#linked li").nth(1)
    page.route(f"**/bundles/{changed.get_attribute('data-digest')}.json", replaced("SC-1", "SC-2"))
    assert linked_verdict(page, 0).startswith("Not verified: ")
    elsewhere = page.request.get(f"/bundles/{changed.get_attribute('data-digest')}.json").text()
    page.route(
        f"**/bundles/{other.get_attribute('data-digest')}.json", lambda route: route.fulfill(body=elsewhere)
    )
    assert linked_verdict(page, 1) == "Not verified: Fingerprint differs from the printed code"


KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) kept.push(new URL(request.url).pathname);
  }
  return kept.sort();
}"""


def test_a_passport_opens_again_without_a_network_after_a_first_visit(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    judged(page, site.url + site.code, "good")
    parts = [
        PATH,
        "/bundles/",
        "/passport.css",
        "/passport.js",
        "/tally.mjs",
        "tallystick-trust.json",
        "/passport-words/",
    ]
    for part in parts:
        page.wait_for_function(f"({KEPT})().then((kept) => kept.some((path) => path.includes('{part}')))")
    context.set_offline(True)
    page = context.new_page()
    judged(page, site.url + site.code, "part")
    assert page.locator("h1").inner_text() == "Longjing tea"
    assert page.locator('dd[data-f="best"]').inner_text() == "2027-08-04"
    assert step(page, "signature") == ["Signature is valid", "passed"]
    assert "This does not mean invalid." in page.locator("#why").inner_text()
    assert "The chain cannot be reached" in (page.locator("#c-anchor").text_content() or "")
    context.close()


def test_only_what_everybody_may_see_is_kept_and_only_passport_pages_are_looked_after(
    browser: Browser, site: Site
) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    judged(page, site.url + site.code, "good")
    for part in (PATH, "/passport.js"):
        page.wait_for_function(f"({KEPT})().then((kept) => kept.some((path) => path.endsWith('{part}')))")
    shapes = (
        r"/01/\d{14}/10/\w+|/static/\w+/[\w.-]+|/bundles/[0-9a-f]{64}\.json|/\.well-known/tallystick-trust\.json"
        r"|/passport-words/en\.json"
    )
    kept = page.evaluate(KEPT)
    assert [path for path in kept if not re.fullmatch(shapes, path)] == []
    assert any(path.endswith("/passport.js") for path in kept)
    page.goto(site.url + "/login")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    assert page.evaluate(
        "navigator.serviceWorker.getRegistrations().then((all) => all.map((one) => one.scope))"
    ) == [f"{site.url}/01/"]
    context.close()


def test_a_past_day_is_judged_as_of_its_end(windows: Visits, site: Site) -> None:
    page = windows.window(language="en")
    judged(page, site.code, "good")
    page.locator("#g-validity summary").click()
    page.locator("#day").fill("2020-01-31")
    page.locator("#day").blur()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "bad")
    assert page.locator("#why").inner_text().startswith("It is genuine, but it begins only")
    assert "2020-01-" in page.locator("#by").inner_text()
