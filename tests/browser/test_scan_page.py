"""The scan page in a real browser: a camera that films a real label, photos, typed codes; phone, desk, zh, en."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.conftest import CHROMIUM
from portal.platform.processes import wait_until
from support.fake_camera import film, started
from support.running import Ready
from support.running_browser import DESKTOP, INSIDE, PHONE, Visits
from support.running_http import Visitor
from support.running_story import anchored

pytestmark = pytest.mark.timeout(120)

ERRORS = {
    "NotAllowedError": ("没有获准使用摄像头", "The camera was not allowed."),
    "NotFoundError": ("没有找到摄像头", "No camera was found."),
    "NotReadableError": ("摄像头正被别的程序占用", "The camera is in use by another program."),
    "OverconstrainedError": ("本机的摄像头达不到要求", "No camera of this device can do what is needed."),
    "SecurityError": ("禁用了摄像头", "The camera is blocked by a setting of this browser or device."),
    "unsupported": ("这个浏览器无法使用摄像头", "This browser has no way to the camera."),
    "insecure": ("本页是通过 http 打开的", "This page was opened over plain http"),
}
"""The seven things that keep a browser from a camera, in the order they are tried, with what is said of each."""

PROVOKE = """(name) => {
  if (name === 'unsupported') Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
  else if (name === 'insecure') Object.defineProperty(window, 'isSecureContext', { value: false });
  else navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
}"""
UNPLUGGED = """() => {
  const stream = document.createElement('canvas').captureStream();
  navigator.mediaDevices.getUserMedia = () => Promise.resolve(stream);
  window.unplug = () => stream.getVideoTracks()[0].dispatchEvent(new Event('ended'));
}"""


@pytest.fixture(scope="module")
def printed(portal: Ready) -> list[str]:
    """What the printed codes of the demo's passports carry, once they are anchored."""
    stranger = Visitor(portal.url)
    for shown in portal.passports:
        bundle = urlsplit(shown["bundle_url"]).path
        wait_until(lambda bundle=bundle: anchored(stranger, bundle), what="The demo's anchor", timeout_s=30)
    return [shown["url"] for shown in portal.passports]


@pytest.fixture(scope="module")
def video(browser: Browser, portal: Ready, printed: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = browser.new_page(base_url=portal.url)
    page.goto("/scan")
    made = film(page, f"{urlsplit(printed[0]).path}/qr.svg", tmp_path_factory.mktemp("camera"))
    page.close()
    return made


@pytest.fixture
def filmed(browser: Browser, portal: Ready, run_folder: Path, video: Path) -> Iterator[Visits]:
    """Windows of a browser whose camera looks at the first passport's label."""
    camera = started(
        browser,
        CHROMIUM,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )
    opened = Visits(camera, portal, run_folder)
    yield opened
    opened.close()
    camera.close()
    assert opened.complaints == []


def typed(page: Page, code: str, lot: str = "") -> None:
    """Type a code and wait until it is judged."""
    page.fill("[name=gtin]", code)
    page.fill("[name=lot]", lot)
    page.press("[name=lot]", "Enter")
    expect(page.locator("#list li").first).not_to_have_attribute("data-verdict", "wait")


def newest(page: Page) -> str:
    """Return the text of the newest line of the list."""
    return page.locator("#list li").first.inner_text()


@pytest.mark.parametrize(("language", "words"), [("zh", "核验通过"), ("en", "Verified")])
def test_an_auditor_scans_a_label_finds_it_listed_and_opens_its_passport(
    filmed: Visits, language: str, words: str
) -> None:
    page = filmed.window(language=language, width=PHONE, permissions=["camera"])
    page.goto("/")
    page.click('a[href="/scan"]')
    page.click("#start")
    expect(page.locator("#list li")).to_have_attribute("data-verdict", "good", timeout=20_000)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    expect(page.locator("#say")).to_contain_text(words)
    assert words in newest(page)
    assert page.locator("#list li").count() == 1
    assert page.evaluate(INSIDE) <= 0
    assert Axe().run(page).response["violations"] == []

    page.locator("#list a").click()
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "good")
    assert "#h=" in page.url
    page.go_back()
    expect(page.locator("#list li")).to_have_attribute("data-verdict", "good")
    expect(page.locator("#scan")).to_have_attribute("data-camera", "off")


def test_camera_and_photos_wait_for_the_script_and_a_typed_code_does_not(visits: Visits) -> None:
    page = visits.window(width=PHONE, scripts=False)
    page.goto("/scan")
    expect(page.locator("#start")).to_be_disabled()
    expect(page.locator("#photo")).to_be_disabled()
    expect(page.locator('form[action="/verify"] button')).to_be_enabled()


def test_a_camera_is_stopped_by_its_button(filmed: Visits) -> None:
    page = filmed.window(width=PHONE, permissions=["camera"])
    page.goto("/scan")
    page.click("#start")
    expect(page.locator("#scan")).to_have_attribute("data-camera", "on")
    page.click("#stop")
    expect(page.locator("#start")).to_be_focused()
    assert page.evaluate("document.querySelector('video').srcObject") is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_obstacle_of_a_camera_is_named_with_a_way_out(visits: Visits, language: str) -> None:
    page = visits.window(language=language, width=PHONE)
    page.goto("/scan")
    for name, words in ERRORS.items():
        page.evaluate(PROVOKE, name)
        page.click("#start")
        expect(page.locator("#trouble b")).to_contain_text(words[language == "en"])
        expect(page.locator("#trouble span")).to_contain_text(re.compile("重新打开|手工输入|start it again|code"))
        expect(page.locator("#scan")).to_have_attribute("data-camera", "off")


def test_a_camera_that_is_pulled_out_is_told(visits: Visits) -> None:
    page = visits.window(language="en")
    page.goto("/scan")
    page.evaluate(UNPLUGGED)
    page.click("#start")
    expect(page.locator("#scan")).to_have_attribute("data-camera", "on")
    page.evaluate("window.unplug()")
    expect(page.locator("#trouble")).to_contain_text("The camera has stopped.")


def test_a_reader_that_does_not_load_leaves_the_typed_code(visits: Visits) -> None:
    visits.expected.add(503)
    page = visits.window(language="en")
    page.route("**/reader/index.js", lambda route: route.fulfill(status=503, body=""))
    page.goto("/scan")
    page.click("#start")
    expect(page.locator("#trouble")).to_contain_text("The reader of codes could not be loaded.")


def test_a_photo_is_read_on_the_device_and_never_sent(visits: Visits, printed: list[str]) -> None:
    page = visits.window(language="en", width=PHONE)
    page.goto("/scan")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(f"{asked.method} {urlsplit(asked.url).path}"))
    code = f"{urlsplit(printed[1]).path}/qr.svg"
    picture = page.evaluate(PICTURE, code)
    page.set_input_files(
        "#photo",
        [
            {"name": "label.png", "mimeType": "image/png", "buffer": base64.b64decode(picture)},
            {"name": "wall.png", "mimeType": "image/png", "buffer": base64.b64decode(page.evaluate(PICTURE, ""))},
        ],
    )
    expect(page.locator("#list li")).to_have_attribute("data-verdict", "good", timeout=20_000)
    expect(page.locator("#trouble")).to_contain_text("No code was found in wall.png.")
    page.set_input_files("#photo", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"})
    expect(page.locator("#trouble")).to_contain_text("x.pdf is not a picture this browser can read.")
    assert {line for line in sent if line.startswith("POST")} == {"POST /chain"}


PICTURE = """async (address) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 480 });
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, 480, 480);
  if (address) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    pen.drawImage(picture, 60, 60, 360, 360);
  }
  return canvas.toDataURL('image/png').split(',')[1];
}"""


FOREIGN = {
    "https://other.example{path}": "A passport of another company",
    "https://other.example/01/1/10/x": "An address that is no passport of ours",
    "https://[": "An address that is no passport of ours",
    "(99)nothing": "A code of something else",
}


def test_a_code_of_somebody_else_is_called_foreign(visits: Visits, printed: list[str]) -> None:
    page = visits.window(language="en", width=DESKTOP)
    page.goto("/scan")
    for code, words in FOREIGN.items():
        typed(page, code.format(path=urlsplit(printed[0]).path))
        assert words in newest(page)
    expect(page.locator("#count")).to_have_text("4 in all: 0 verified, 0 not verified, 4 open or foreign")
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "none")
    expect(page.locator("#open")).to_be_hidden()


def test_a_lot_scanned_twice_is_one_line_and_another_fingerprint_or_lot_is_another(
    visits: Visits, printed: list[str]
) -> None:
    visits.expected.add(404)
    page = visits.window(language="en", width=PHONE)
    page.goto("/scan")
    _, _, gtin, _, lot = urlsplit(printed[0]).path.split("/")
    typed(page, gtin.lstrip("0"), lot)
    assert "Verified" in newest(page)
    typed(page, f"(01){gtin}(10){lot}")
    assert "× 2" in newest(page)
    expect(page.locator("#say")).to_contain_text("Already on the list")
    typed(page, f"{printed[0].partition('#')[0]}#h={'A' * 43}")
    assert "Not verified" in newest(page)
    typed(page, gtin, "NOWHERE")
    assert "No passport" in newest(page)
    expect(page.locator("#list li")).to_have_count(3)


def test_the_list_is_taken_along_as_a_table_and_a_cleared_one_comes_back(
    visits: Visits, printed: list[str]
) -> None:
    page = visits.window(language="en", width=DESKTOP)
    page.goto("/scan")
    typed(page, printed[0])
    typed(page, "=1/2")
    with page.expect_download() as saved:
        page.click("#save")
    lines = saved.value.path().read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines[0].split(",")[1:3] == ['"Verdict"', '"Reason"']
    assert lines[1].endswith('"1","\'=1/2"')
    assert lines[2].split(",")[1] == '"Verified"'
    assert lines[3:] == [""]

    page.click("#clear")
    expect(page.locator("#list li")).to_have_count(0)
    expect(page.locator("#back")).to_be_focused()
    page.click("#back")
    expect(page.locator("#list li")).to_have_count(2)
    assert Axe().run(page).response["violations"] == []


def test_a_silent_chain_leaves_a_scan_open_and_checking_again_closes_it(
    visits: Visits, printed: list[str]
) -> None:
    visits.expected.add(502)
    page = visits.window(language="en", width=PHONE)
    page.route("**/chain", lambda route: route.fulfill(status=502, json={"code": "chain_silent"}))
    page.goto("/scan")
    typed(page, printed[0])
    assert "Partly verified" in newest(page)
    page.unroute("**/chain")
    page.click("#again")
    expect(page.locator("#list li")).to_have_attribute("data-verdict", "good")
    expect(page.locator("#again")).to_be_hidden()


def test_without_scripts_a_pasted_address_still_leads_to_the_passport(visits: Visits, printed: list[str]) -> None:
    page = visits.window(language="en", width=PHONE, scripts=False)
    page.goto("/scan")
    expect(page.locator("noscript .tell")).to_be_visible()
    page.fill("[name=gtin]", printed[0])
    page.press("[name=gtin]", "Enter")
    assert page.url == printed[0]


def test_over_plain_http_the_page_says_what_is_missing_and_a_typed_code_stays_open(
    browser: Browser, portal: Ready, printed: list[str]
) -> None:
    lan = started(browser, CHROMIUM, "--host-resolver-rules=MAP lan.test 127.0.0.1")
    page = lan.new_page(base_url=portal.url.replace("localhost", "lan.test").replace("127.0.0.1", "lan.test"))
    page.goto("/scan?lang=en")
    expect(page.locator("#trouble")).to_contain_text("This page was opened over plain http")
    typed(page, printed[0])
    assert "Partly verified" in newest(page)
    lan.close()
