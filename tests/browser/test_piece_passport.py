"""A piece's passport from the operator's pick to a stranger's verdict, in a real browser; phone, desk, zh, en."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from portal.passports.model import code_hash
from portal.platform.postgres import EmbeddedPostgres
from support.passport_site import Site, opened_site
from support.passporting import GTIN, LOT
from support.running import Ready
from support.running_browser import DESKTOP, INSIDE, PHONE, Visits

PIECE = f"/01/{GTIN}/21/S-1"


@pytest.fixture(scope="module")
def site(test_cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five pieces of one lot; the lot's passport and that of S-1 are anchored."""
    serials = ("S-1", "S-2", "S-3", "S-4", "S/5")
    with opened_site(test_cluster, tmp_path_factory.mktemp("pieces"), serials) as opened:
        opened.scene.issue_pieces("S-1", later=timedelta(minutes=1))
        assert opened.scene.anchor() == 1
        yield opened


@pytest.fixture
def windows(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Visits]:
    ready = Ready(url=site.url, logins=(), passports=(), home=tmp_path, pid=0)
    opened = Visits(browser, ready, tmp_path)
    yield opened
    opened.close()
    assert opened.complaints == []


def printed(site: Site, path: str = PIECE, serial: str = "S-1") -> str:
    return f"{path}#h={code_hash(site.scene.piece(serial).digest)}"


def judged(page: Page, path: str, verdict: str) -> None:
    page.goto(path)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", verdict)


def sound(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    assert page.evaluate(INSIDE) in (0, -1)


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", PHONE), ("zh", DESKTOP), ("en", DESKTOP)])
def test_the_code_of_a_piece_is_verified_in_the_browser(
    windows: Visits, site: Site, language: str, width: int
) -> None:
    page = windows.window(language=language, width=width)
    judged(page, printed(site), "good")
    assert page.locator('dd[data-f="serial"]').inner_text() == "S-1"
    assert page.locator('dd[data-f="lot"]').inner_text() == LOT
    assert page.locator("#way li").count() == 2
    heading = {"zh": "所属批次的经过", "en": "Journey of its lot"}[language]
    assert page.locator("h2", has_text=heading).count() == 1
    sound(page)


def test_an_address_of_lot_and_piece_leads_to_the_piece_with_its_code(windows: Visits, site: Site) -> None:
    page = windows.window(language="en", width=PHONE)
    judged(page, printed(site, f"/01/{GTIN}/10/{LOT}/21/S-1"), "good")
    assert page.url == site.url + printed(site)


def test_a_lots_code_on_a_piece_and_a_pieces_code_on_a_lot_are_of_other_goods(windows: Visits, site: Site) -> None:
    for path in (f"{PIECE}#{site.code.partition('#')[2]}", printed(site, f"/01/{GTIN}/10/{LOT}")):
        page = windows.window(language="en", width=PHONE)
        judged(page, path, "bad")
        assert page.locator("#why").inner_text() == "This code was printed for other goods."
        assert page.locator("#c-goods .state").inner_text() == "failed"


def test_a_piece_opens_again_without_a_network_after_a_first_visit(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    judged(page, site.url + printed(site), "good")
    page.wait_for_function(
        "async (path) => { for (const name of await caches.keys())"
        " for (const one of await (await caches.open(name)).keys())"
        " if (new URL(one.url).pathname === path) return true; return false; }",
        arg=PIECE,
    )
    context.set_offline(True)
    page = context.new_page()
    judged(page, site.url + printed(site), "part")
    assert page.locator('dd[data-f="serial"]').inner_text() == "S-1"
    context.close()


@pytest.mark.parametrize(
    ("language", "width", "serial", "scripts"),
    [("zh", PHONE, "S-2", True), ("en", DESKTOP, "S-3", False), ("en", PHONE, "S/5", True)],
)
def test_an_operator_picks_a_piece_signs_and_a_stranger_verifies_it(
    windows: Visits,
    site: Site,
    language: str,
    width: int,
    serial: str,
    scripts: bool,  # noqa: FBT001
) -> None:
    page = windows.window(language=language, width=width, scripts=scripts)
    site.sign_in(page, "operator")
    page.goto(f"/passports/{site.scene.passport().digest.hex()}")
    page.locator('a[href^="/passports/pieces"]').click()
    expect(page.locator('[name="pick"]')).to_have_count(5)
    if scripts:
        sound(page)
    page.locator(f'[name="pick"][value="{serial}"]').check()
    page.locator("form#f-pick button.first").click()
    expect(page.locator("main")).to_contain_text(serial)
    if scripts:
        sound(page)
    page.locator('button[value="confirm"]').click()
    row = page.locator("tr", has=page.locator(f'[name="pick"][value="{serial}"]'))
    row.locator('a[href^="/passports/"]').click()
    public = page.locator('a[href^="/01/"]').first.get_attribute("href") or ""
    assert public == printed(site, f"/01/{GTIN}/21/{serial.replace('/', '%2F')}", serial)
    assert site.scene.anchor() == 1
    stranger = windows.window(language=language, width=PHONE)
    judged(stranger, public, "good")
    expect(stranger.locator("main")).to_contain_text(serial)


def typed(page: Page, code: str, lot: str = "", serial: str = "") -> str:
    """Type a code on the scan page; returns the newest line once it is judged."""
    for name, text in (("gtin", code), ("lot", lot), ("serial", serial)):
        page.fill(f"[name={name}]", text)
    page.press("[name=gtin]", "Enter")
    newest = page.locator("#list li").first
    expect(newest).not_to_have_attribute("data-verdict", "wait")
    return newest.inner_text()


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", DESKTOP)])
def test_the_scan_page_reads_codes_of_pieces(windows: Visits, site: Site, language: str, width: int) -> None:
    windows.expected.add(404)
    good, bad = {"zh": ("核验通过", "核验不通过"), "en": ("Verified", "Not verified")}[language]
    page = windows.window(language=language, width=width)
    page.goto("/scan")
    line = typed(page, site.url + printed(site))
    assert good in line
    assert re.search(r"(Serial number|序列号)\s*S-1", line.replace("\u00a0", " "))
    assert "L7" in line
    assert good in typed(page, site.url + printed(site, f"/01/{GTIN}/10/{LOT}/21/S-1"))
    assert bad in typed(page, site.url + printed(site, f"/01/{GTIN}/10/L8/21/S-1"))
    assert good in typed(page, f"(01){GTIN}(21)S-1")
    assert good in typed(page, GTIN, LOT, "S-1")
    assert good in typed(page, GTIN, LOT)
    assert "S-9" in typed(page, GTIN, "", "S-9")
    page.locator("#list a", has_text=re.compile("Longjing|龙井")).first.click()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    page.go_back()
    sound(page)


def test_the_offline_verifier_names_the_piece(windows: Visits, site: Site) -> None:
    page = windows.window(language="en", width=PHONE)
    page.goto("/verifier.html")
    for field, name, data in (
        ("#trust", "trust.json", site.scene.trust()),
        ("#passport", "piece.json", site.scene.bundle(site.scene.piece("S-1").digest)),
    ):
        page.set_input_files(field, {"name": name, "mimeType": "application/json", "buffer": data})
    expect(page.locator("#reports dl")).to_contain_text("S-1")
