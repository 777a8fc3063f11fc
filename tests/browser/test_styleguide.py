"""Every component in a real browser: accessible, inside its page, silent, nothing from elsewhere."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from portal.web import shell
from support.front import front_app

PAGES = ("/styleguide", "/styleguide/public?verdict=part", "/styleguide/phone")


def dressed() -> Flask:
    app = front_app()
    app.extensions["tally_shell"].company = lambda: shell.Company(
        name_zh="港岭商贸", name_en="Harbour & Hill Trading", is_demo=True
    )
    app.add_url_rule("/fragment", "fragment", lambda: '<p id="swapped">swapped</p>')
    for path in ("/inventory", "/orders", "/transit", "/passports", "/search", "/notices"):
        app.add_url_rule(path, path, lambda: "x")
    return app


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, dressed(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(browser: Browser, address: str, **context: Any) -> tuple[Page, list[str], list[str]]:
    page = browser.new_context(**context).new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    return page, said, asked


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("locale", "width", "scheme"),
    [
        ("zh-CN", 390, "light"),
        ("zh-CN", 1280, "dark"),
        ("en-GB", 390, "dark"),
        ("en-GB", 1280, "light"),
    ],
)
def test_a_page_is_accessible_and_stays_inside(
    browser: Browser, site: str, path: str, locale: str, width: int, scheme: Any
) -> None:
    page, said, asked = opened(
        browser,
        site + path,
        locale=locale,
        color_scheme=scheme,
        viewport={"width": width, "height": 844},
        is_mobile=width < 600,
    )
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") in (0, -1)
    assert page.locator("html").get_attribute("lang") == ("zh-CN" if locale == "zh-CN" else "en")
    assert said == []
    assert {url for url in asked if not url.startswith(site)} == set()
    page.context.close()


def test_htmx_swaps_under_the_strict_policy(browser: Browser, site: str) -> None:
    page, said, _asked = opened(browser, site + "/styleguide", locale="en-GB")
    page.evaluate(
        """() => { const a = document.createElement('button'); a.id = 'go'; a.textContent = 'go';
        a.setAttribute('hx-get', '/fragment'); a.setAttribute('hx-target', '#main');
        document.querySelector('#main').prepend(a); htmx.process(a); }"""
    )
    page.click("#go")
    page.wait_for_selector("#swapped")
    assert said == []
    page.context.close()


def test_switching_the_language_keeps_the_printed_hash(browser: Browser, site: str) -> None:
    page, _said, _asked = opened(browser, site + "/styleguide/public#h=abc", locale="zh-CN")
    page.click(".lang a[lang=en]")
    page.wait_for_url(site + "/styleguide/public#h=abc")
    assert page.locator("html").get_attribute("lang") == "en"
    page.context.close()


def test_a_script_switches_the_verdict_with_one_attribute(browser: Browser, site: str) -> None:
    page, _said, _asked = opened(browser, site + "/styleguide/public?verdict=wait", locale="zh-CN")
    band = page.locator(".verdict")
    for verdict, words in (("good", "核验通过"), ("bad", "核验不通过"), ("part", "部分核验")):
        page.evaluate("v => { document.querySelector('.verdict').dataset.verdict = v }", verdict)
        assert band.locator("h2").inner_text().strip().startswith(words)
        assert band.locator("svg.seal:visible").count() == 1
    page.context.close()
