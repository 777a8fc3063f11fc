"""The offline verifier, opened from a disk in a real browser, says of every shared vector what Python says.

The file is the published one but for its last module: it takes the vectors where that one waits for files.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from portal.web import offline_verifier
from portal.web.offline_verifier import hash_source

VECTORS = Path(__file__).parents[1] / "vectors"
ENDPOINT = "http://chain.test/"
JUDGES = """
const contexts = JSON.parse(document.querySelector('#contexts').textContent);
const linkedData = m_linkeddata.linkedDataReader((file) => contexts[file], async () => globalThis.jsonld);
const bytesOf = (text) => new TextEncoder().encode(text);
globalThis.judgeBundle = ({ bundle, trust, expectedHash, asOf, files }, rpc) => m_verify.verifyBundle(bundle, {
  trust, rpc, expectedHash, asOf, linkedData,
  files: files.map(({ name, text }) => ({ name, bytes: bytesOf(text) })),
});
globalThis.judgePack = ({ pack, ...question }) => (
  m_pack.verifyPack(Uint8Array.from(atob(pack), (letter) => letter.charCodeAt(0)), { ...question, linkedData }));
"""


def vectors(folder: str) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted((VECTORS / folder).glob("*.json"))]


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    text = offline_verifier.page().decode()
    found = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    assert found
    script = found[1][: found[1].index("const m_verifier = ")] + JUDGES
    for old, new in ((found[1], script), (hash_source(found[1])[1:-1], hash_source(script)[1:-1])):
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = tmp_path_factory.mktemp("disk") / "verifier.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("isSecureContext")
    yield page
    page.close()


def scripted(script: dict[str, Any]) -> Any:
    """Answer as a vector's chain does."""

    def answer(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        if script.get("down"):
            route.abort("connectionrefused")
        elif "body" in script:
            route.fulfill(status=script["status"], body=script["body"], headers=headers)
        else:
            asked = json.loads(route.request.post_data or "")
            params = asked["params"]
            told = params[0]["data"][-64:] if params and isinstance(params[0], dict) else (params or [""])[0]
            replies = script["replies"]
            reply = replies.get(f"{asked['method']} {told}", replies.get(asked["method"], {}))
            body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], **reply})
            route.fulfill(status=200, body=body, headers=headers)

    return answer


def test_every_bundle_is_judged_as_written_down(page: Page) -> None:
    found, expected = {}, {}
    for vector in vectors("bundles"):
        given = vector["given"]
        page.unroute_all()
        page.route(f"{ENDPOINT}**", scripted(given["rpc"] or {"down": True}))
        ask = "([given, rpc]) => judgeBundle(given, rpc)"
        report = page.evaluate(ask, [given, ENDPOINT if given["rpc"] else None])
        checks = {check["id"]: {"state": check["state"], "code": check["code"]} for check in report["checks"]}
        found[vector["name"]] = {"verdict": report["verdict"], "checks": checks}
        expected[vector["name"]] = vector["expect"]
    assert len(found) >= 150
    assert found == expected


def test_every_pack_is_judged_as_written_down(page: Page) -> None:
    found, expected = {}, {}
    for vector in vectors("packs"):
        report = page.evaluate("given => judgePack(given)", vector["given"])
        bundles = [
            {
                "verdict": bundle["verdict"],
                "checks": {
                    check["id"]: f"{check['state']}:{check['code']}"
                    for check in bundle["checks"]
                    if check["state"] != "ok" and (check["id"], check["state"]) != ("status", "not_asked")
                },
            }
            for bundle in report["bundles"]
        ]
        found[vector["name"]] = {"verdict": report["verdict"], "pack": report["pack"]["code"], "bundles": bundles}
        expected[vector["name"]] = vector["expect"]
    assert len(found) >= 55
    assert found == expected
