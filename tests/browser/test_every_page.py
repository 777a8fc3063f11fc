"""Every page as everybody who may see it, in both languages, on a phone and on a desk.

Each case walks the links from a role's first page, and looks at what a test cannot guess: does it stay inside the
screen, can it be read by a machine that reads aloud, is every word in the reader's language.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.platform.config import Settings
from portal.wiring import build_services, build_web
from support.running_browser import DESKTOP, INSIDE, PHONE, Visits
from support.running_http import Visitor

ROOT = Path(__file__).parents[2]
ROLES = {
    "stranger": ("", ""),
    "ordinary": ("customer", "ordinary"),
    "key": ("customer", "key"),
    "strategic": ("customer", "strategic"),
    "supplier": ("supplier", ""),
    "operator": ("operator", ""),
    "auditor": ("auditor", ""),
}
EACH_RULE = 2
"""How many addresses of one rule are looked at: with other queries a page has other states."""

FEWEST = 4
"""Rules every walk reaches at least; fewer means that it went nowhere."""

KEPT = {"Tallystick", "GTIN"}
"""English words that stand beside their Chinese ones, or in their place, on Chinese pages too."""

FILES = re.compile(
    r"format=(csv|xlsx)|\.(csv|xlsx|json|pdf|svg|png|txt|graphql)(\?|$)|^/documents/[0-9a-f]{64}|^/credentials/|/pack\.zip"
)
NO_PAGES = {"/verifier.html", "/logout", "/lang", "/account/api/try"}
TEXTS = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const near = walk.currentNode.parentElement;
    if (near.closest('[lang]').lang.startsWith('zh') && !near.closest('script, style, code, pre, svg title'))
      found.push(walk.currentNode.data.trim());
  }
  for (const one of document.querySelectorAll('[aria-label], [placeholder], [title]'))
    for (const name of ['aria-label', 'placeholder', 'title'])
      if (one.closest('[lang]').lang.startsWith('zh')) found.push((one.getAttribute(name) || '').trim());
  return found.filter(text => /[A-Za-z]{3}/.test(text));
}"""
"""Every text of the page that stands under ``lang=zh`` and has Latin words in it."""


@cache
def translated() -> dict[str, str]:
    """Return the Chinese of every plain text of the catalogue."""
    with (ROOT / "portal/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file)
    return {
        message.id: str(message.string)
        for message in catalogue
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and message.string not in {"", message.id}
    }


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The portal's map of addresses; nothing is asked of it."""
    settings = Settings(home=tmp_path_factory.mktemp("map"), database_url="postgresql://nobody@127.0.0.1:1/none")
    return build_web(build_services(settings))


@dataclass
class Walk:
    """A walk along the links of one role's pages.

    Attributes:
        app: The map of addresses.
        seen: Addresses by rule.
        files: Addresses of files on the way.
    """

    app: Flask
    seen: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    _waiting: deque[str] = field(default_factory=deque)

    def add(self, links: list[str]) -> None:
        """Note links that are worth a look."""
        for link in sorted(set(links), key=lambda one: (len(one), one)):
            parts = urlsplit(link)
            address = parts.path + (f"?{parts.query}" if parts.query else "")
            rule = self.rule_of(parts.path)
            if not rule or parts.path in NO_PAGES or rule.startswith("/static"):
                continue
            if FILES.search(address):
                self.files.add(address)
                continue
            known = self.seen.setdefault(rule, [])
            if address not in known and len(known) < EACH_RULE:
                known.append(address)
                self._waiting.append(address)

    def rule_of(self, path: str) -> str:
        """Return the rule that serves a path; empty when none does."""
        try:
            rule, _ = self.app.url_map.bind("localhost").match(path, method="GET", return_rule=True)
        except (RequestRedirect, HTTPException):
            return ""
        return str(rule)

    def __iter__(self) -> Iterator[str]:
        """Yield what waits until nothing does."""
        while self._waiting:
            yield self._waiting.popleft()


def first_pages(role: str, visits: Visits) -> list[str]:
    """Return where a role's walk begins."""
    if role != "stranger":
        return ["/", "/account", "/verify"]
    passports = [urlsplit(one["url"]).path for one in visits.portal.passports]
    return ["/", "/login", "/verify", "/trust", *passports]


def faults_of(page: Page, address: str, language: str, *, deep: bool) -> list[str]:
    """Return what is wrong with the page that is shown."""
    faults = []
    if (over := page.evaluate(INSIDE)) > 0:
        faults.append(f"sticks out by {over} px")
    wanted = "zh-CN" if language == "zh" else "en"
    if (said := page.locator("html").get_attribute("lang")) != wanted:
        faults.append(f"lang is {said}")
    if not page.title().strip():
        faults.append("no title")
    if (heads := page.locator("h1").count()) != 1:
        faults.append(f"{heads} h1")
    if "演示数据" not in page.inner_text("body"):
        faults.append("does not say that these are demo data")
    if language == "zh":
        faults += [
            f"English: {text!r}" for text in page.evaluate(TEXTS) if text in translated() and text not in KEPT
        ]
    if deep:
        violations = Axe().run(page).response["violations"]
        faults += [f"axe {v['id']}: {v['nodes'][0]['html'][:160]}" for v in violations]
    return [f"{address}: {fault}" for fault in faults]


def first_look(run_folder: Path, what: str) -> bool:
    """Tell whether nobody in this run has looked at it before; the deep look takes a second and is done once."""
    try:
        (run_folder / f"looked {what}".replace("/", "_")).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def opened(visits: Visits, role: str, **window: Any) -> Page:
    who = ROLES[role]
    return visits.signed_in(*who, **window) if who[0] else visits.window(**window)


@pytest.mark.timeout(280)
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_sound(
    visits: Visits, app: Flask, run_folder: Path, role: str, language: str, width: int
) -> None:
    page = opened(visits, role, language=language, width=width)
    walk, faults = Walk(app), list[str]()
    walk.add(first_pages(role, visits))
    for address in walk:
        # The address says the language, so that a story that switches it meanwhile does not matter.
        answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        if answer is None or answer.status != 200:
            faults.append(f"{address}: status {answer and answer.status}")
            continue
        rule = walk.rule_of(urlsplit(page.url).path)
        deep = first_look(run_folder, f"{rule} {language} {width}")
        faults += faults_of(page, address, language, deep=deep)
        links = page.eval_on_selector_all("a[href]", "found => found.map(one => one.getAttribute('href'))")
        walk.add([re.sub(r"([?&])lang=(zh|en)(&|$)", r"\1", link).rstrip("?&") for link in links])
    assert "\n".join(faults) == ""
    assert len(walk.seen) >= FEWEST


@pytest.mark.parametrize("role", ROLES)
def test_every_file_a_page_offers_is_there(visits: Visits, app: Flask, role: str) -> None:
    visitor = Visitor(visits.portal.url)
    if ROLES[role][0]:
        visitor.cookies.update(visits.session(*ROLES[role]))
    walk = Walk(app)
    walk.add(first_pages(role, visits))
    for address in walk:
        walk.add(visitor.get(address).links())
    statuses = {address: visitor.get(address).status for address in sorted(walk.files)}
    assert {address: status for address, status in statuses.items() if status != 200} == {}
