"""The examples of the page for a partner's programmers, run as they stand there against a running portal."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.running import ROOT, Ready
from support.running_http import visitor_of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def example(kind: str) -> str:
    """Return the page's one block of a kind."""
    [block] = re.findall(
        rf"^```{kind}\n(.*?)^```", (ROOT / "docs/api.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return str(block)


def said(portal: Ready, key: str, *command: str) -> str:
    """Run an example as a customer's programmer would; returns what it prints."""
    known = {"TALLY_URL": portal.url, "TALLY_KEY": key}
    done = subprocess.run(command, env=os.environ | known, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def skus(portal: Ready, key: str) -> list[str]:
    lines = said(portal, key, sys.executable, "-c", example("python")).splitlines()
    assert all(re.fullmatch(r"\S+ (\d+(\.\d+)? [A-Z0-9]+|not told)", line) for line in lines), lines
    return [line.split()[0] for line in lines]


@pytest.fixture(scope="module")
def key(portal: Ready, run_folder: Path) -> str:
    """A key that the customer's programmer made on the page for them."""
    buyer = visitor_of(portal, run_folder, "customer", "ordinary")
    page = buyer.get("/account/keys")
    made = buyer.send(page, page.form(having="label"), label="first call", scope="read", days="30").body.decode()
    return re.search(r"tsk_[0-9a-f]{16}_[\w-]{43}", made)[0]  # type: ignore[index]


def test_the_example_in_python_prints_the_products_of_the_buyers_own_file(
    portal: Ready, run_folder: Path, key: str
) -> None:
    file = visitor_of(portal, run_folder, "customer", "ordinary").get("/inventory.csv").body.decode("utf-8-sig")
    _heads, *rows = csv.reader(io.StringIO(file))
    assert sorted(skus(portal, key)) == sorted({row[0] for row in rows})


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_the_example_with_curl_asks_for_the_same_products(portal: Ready, key: str) -> None:
    answer = json.loads(said(portal, key, "sh", "-ec", example("sh")))
    assert [edge["node"]["sku"] for edge in answer["data"]["products"]["edges"]] == skus(portal, key)[:5]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here")
def test_the_example_in_javascript_asks_for_the_same_products(portal: Ready, key: str) -> None:
    lines = said(portal, key, "node", "-e", example("js")).splitlines()
    assert [line.split()[0] for line in lines] == skus(portal, key)[:5]
