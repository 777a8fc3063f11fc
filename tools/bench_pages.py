"""Measure the two pages with a bar on a demo: how heavy a passport page is, how long the availability page takes.

Prints one line of JSON; exit status 1 when a bar is broken. Bytes are those that travel, compressed as a browser
asks for it, of the page and of everything it loads to check a passport.
"""

import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bars import report

BARS = {"passport_page_bytes": ("<=", 30_720), "availability_page_ms": ("<=", 300), "other_origins": ("==", 0)}
ROOT = Path(__file__).parents[1]
TRIES = 15
_LOADED = re.compile(r'(?:<link[^>]*\shref|<script[^>]*\ssrc|<img[^>]*\ssrc|data-bundle)="([^"]+)"')
# Not import(…): what a visitor's wish loads later is no part of the first look.
_IMPORTED = re.compile(r"""(?:from|import)\s*["'](\.{0,2}/[^"']+)["']""")


@dataclass(frozen=True)
class Answer:
    """One answer as it travelled: its size in bytes, and its text."""

    status: int
    headers: Mapping[str, str]
    size: int
    text: str


def asked(origin: str, path: str, *, cookie: str = "", body: str | None = None) -> Answer:
    """Ask once, as a browser that understands gzip."""
    parts = urlsplit(origin)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=20)
    headers = {"Accept-Encoding": "gzip", "Accept-Language": "zh-CN", "Accept": "text/html,*/*", "Cookie": cookie}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    plain = gunzipped(data) if found.get("content-encoding") == "gzip" else data
    return Answer(answer.status, found, len(data), plain.decode("utf-8", "replace"))


def gunzipped(data: bytes) -> bytes:
    """Return what gzip bytes hold."""
    import gzip  # noqa: PLC0415 - one use

    return gzip.decompress(data)


def passport_page(origin: str, address: str) -> tuple[int, int]:
    """Return the bytes of a passport page with all it loads, and how many of its addresses lie elsewhere."""
    waiting, sizes, elsewhere = [urlsplit(address).path], dict[str, int](), 0
    while waiting:
        path = waiting.pop()
        if path in sizes:
            continue
        answer = asked(origin, path)
        sizes[path] = answer.size
        pattern = _LOADED if "html" in answer.headers.get("content-type", "") else _IMPORTED
        # The picture of the code lies far below and is loaded when it comes into sight.
        for found in pattern.findall(re.sub(r'<img[^>]*loading="lazy"[^>]*>', "", answer.text)):
            if urlsplit(found).netloc:
                elsewhere += 1
            elif not found.startswith("data:"):
                waiting.append(found if found.startswith("/") else joined(path, found))
    return sum(sizes.values()), elsewhere


def wait_for_anchors(origin: str, address: str) -> None:
    """Wait until the passport's bundle holds all it will: status lists get their anchors some seconds later.

    Raises:
        SystemExit: They got none for a minute.
    """
    page = asked(origin, urlsplit(address).path)
    path = re.findall(r'data-bundle="([^"]+)"', page.text)[0]
    for _ in range(60):
        bundle = json.loads(asked(origin, path).text)
        if all(part.get("anchor") for part in (bundle, *bundle.get("status", [{}]))):
            return
        time.sleep(1)
    raise SystemExit("The passport's status lists wait for the chain.")


def joined(path: str, relative: str) -> str:
    """Return the path a module names from where it lies."""
    return path.rpartition("/")[0] + "/" + relative.removeprefix("./")


def availability_ms(origin: str, login: Mapping[str, str]) -> float:
    """Return the median time of the availability page for a signed-in buyer, in milliseconds."""
    page = asked(origin, "/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if token is None:
        raise SystemExit("The sign-in page has no form.")
    fields = {"csrf_token": token[1], "email": login["email"], "password": login["password"]}
    first = page.headers["set-cookie"].partition(";")[0]
    signed = asked(origin, "/login", cookie=first, body=urlencode(fields))
    cookie = signed.headers["set-cookie"].partition(";")[0]
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        answer = asked(origin, "/inventory", cookie=cookie)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != http.client.OK:
            raise SystemExit(f"The availability page answers {answer.status}.")
    return round(statistics.median(times), 1)


def measured(facts: Mapping[str, Any]) -> dict[str, float]:
    """Measure a running demo."""
    origin = facts["url"]
    wait_for_anchors(origin, facts["passports"][0]["url"])
    size, elsewhere = passport_page(origin, facts["passports"][0]["url"])
    buyer = next(login for login in facts["logins"] if login["tier"] == "key")
    return {
        "passport_page_bytes": size,
        "availability_page_ms": availability_ms(origin, buyer),
        "other_origins": elsewhere,
    }


def main() -> int:
    """Start a demo, measure it, judge it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "app", "demo", "--home", f"{folder}/home", "--port", "0"]
        with subprocess.Popen(
            [*command, "--json", "--no-browser"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            try:
                values = measured(json.loads(process.stdout.readline()))
            finally:
                process.send_signal(signal.SIGINT)
    return report(values, BARS, data="demo company", transfer="gzip")


if __name__ == "__main__":
    sys.exit(main())
