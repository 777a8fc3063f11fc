"""Windows of a real browser at the running portal, each with somebody in it, all of them watched."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from support.running import Ready
from support.running_http import session_of

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Chromium's flags: silent, and without the features a machine without a screen lacks."""

PHONE = 390
DESKTOP = 1280
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
INSIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""How far a page sticks out sideways; ``innerWidth`` would grow with it on an emulated phone."""


class Visits:
    """The windows a test opens.

    Args:
        browser: The browser.
        portal: The run's portal.
        run_folder: Shared by the test processes of a run; keeps who is signed in.
    """

    def __init__(self, browser: Browser, portal: Ready, run_folder: Path) -> None:
        self._browser = browser
        self._folder = run_folder
        self._contexts: list[BrowserContext] = []
        self.portal = portal
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        """Statuses of 400 and above that the test provokes; the browser notes them on its console."""

    def window(self, *, language: str = "zh", width: int = DESKTOP, scripts: bool = True, **more: Any) -> Page:
        """Open an empty window of a stranger.

        Args:
            language: ``zh`` or ``en``: what the browser asks for.
            width: In CSS pixels; below 600 it is a phone with a touch screen.
            scripts: Whether JavaScript runs.
            **more: Further options of a Playwright context.
        """
        context = self._browser.new_context(
            base_url=self.portal.url,
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 844 if width == PHONE else 900},
            is_mobile=width == PHONE,
            has_touch=width == PHONE,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(15_000)
        self._contexts.append(context)
        page = context.new_page()
        self._watch(page, scripts=scripts)
        return page

    def signed_in(self, role: str, tier: str = "", **window: Any) -> Page:
        """Open a window in which a demo person is signed in already."""
        page = self.window(**window)
        host = urlsplit(self.portal.url).hostname
        page.context.add_cookies(
            [
                {"name": name, "value": value, "domain": host or "", "path": "/"}
                for name, value in self.session(role, tier).items()
            ]
        )
        return page

    def session(self, role: str, tier: str = "") -> dict[str, str]:
        """Return the cookies of a demo person."""
        return session_of(self.portal, self._folder, role, tier)

    def _watch(self, page: Page, *, scripts: bool) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", lambda request: self._failed(request, scripts=scripts))
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if any(f"status of {status}" in message.text for status in self.expected):
            return
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.portal.url + "/", "data:", "blob:")):
            self.complaints.append(f"request to another origin: {request.url}")

    def _failed(self, request: Request, *, scripts: bool) -> None:
        # A page that is left, or an answer that is saved as a file, cuts its requests short; a browser without
        # scripts refuses to load them.
        if request.failure != "net::ERR_ABORTED" and (scripts or request.failure != "csp"):
            self.complaints.append(f"request failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"status {response.status}: {response.request.method} {response.url}")

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()
