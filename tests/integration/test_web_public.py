"""The pages for everybody: what a code opens, what a verifier fetches, and the relay to the chain."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.canonical import canonical_bytes, sha256
from ledger.dataintegrity.contexts import pins
from ledger.trust import TrustList
from ledger.verification.report import Verdict
from ledger.verify import verify_bundle
from portal import wiring
from portal.passports.model import code_hash
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import passport_words, relay
from portal.web.assets import STATIC
from portal.web.passport_face import face_of
from support.passporting import GTIN, LOT, PATH, Scene, anchored, made_scene
from support.people import web_app


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


@pytest.fixture
def issued(scene: Scene) -> Scene:
    scene.papers()
    scene.trace("shipping", hours_ago=72, place="松月茶业 / Songyue Tea")
    scene.trace("commissioning", hours_ago=90, place="松月茶业")
    scene.issue()
    return scene


def app_of(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def client(issued: Scene) -> FlaskClient:
    return app_of(issued).test_client()


def page(client: FlaskClient, path: str = PATH, language: str = "en") -> str:
    return client.get(path, headers={"Accept-Language": language}).get_data(as_text=True)


def test_a_code_opens_the_facts_of_its_lot_without_an_account(client: FlaskClient) -> None:
    html = page(client)
    facts = dict(re.findall(r'<dd data-f="(\w+)">([^<]*)</dd>', html))
    assert facts == {
        "name": "Longjing tea",
        "producer": "Songyue Tea",
        "lot": "L7",
        "gtin": "06901234567892",
        "made": "2026-11-05",
        "best": "2027-08-04",
        "issuer": "Host",
        "issued": "2026-11-23 10:24",
        "until": "2027-01-24 23:59",
    }
    assert re.findall(r'<span data-f="step">([^<]+)</span>', html) == ["Made and packed", "Shipped"]
    assert re.findall(r'data-f="where">([^<]+)</span>', html) == [
        "松月茶业 · 480 pcs · ASN-1",
        "Songyue Tea · 480 pcs · ASN-1",
    ]
    assert re.findall(r'data-f="at">([^<]+)<', html) == ["2026-11-19 16:24", "2026-11-20 10:24"]
    assert re.findall(r'data-f="source">([^<]+)<', html) == [
        "SC-1 · Market authority · → 2027-01-24",
        "JY-7 · Zhejiang Lab",
    ]


def test_chinese_readers_get_both_languages_and_english_readers_one(client: FlaskClient) -> None:
    both = page(client, language="zh-CN")
    assert '<span class="bi" lang="zh-CN">龙井 250 克</span><span class="bi" lang="en">Longjing tea</span>' in both
    assert "松月茶业 Songyue Tea · 480 件 · ASN-1" in both
    assert "核验" not in page(client).split("<main", 1)[1]


def test_before_its_check_the_page_says_not_checked_and_offers_the_other_ways(client: FlaskClient) -> None:
    html = page(client)
    assert 'data-verdict="none"' in html
    assert "Not checked yet: the check runs in your own browser and needs JavaScript." in html
    assert "tally verify passport-" in html
    assert re.search(r'<a href="/bundles/[0-9a-f]{64}\.json" download>', html)


@pytest.mark.parametrize("typed", ["6901234567892", "06901234567892"])
def test_shorter_gtins_lead_to_the_padded_address(client: FlaskClient, typed: str) -> None:
    answer = client.get(f"/01/{typed}/10/{LOT}?lang=en")
    expected = (301, f"/01/{GTIN}/10/{LOT}?lang=en") if len(typed) == 13 else (200, None)
    assert (answer.status_code, answer.location) == expected


@pytest.mark.parametrize("typed", ["06901234567893", "123", "abc"])
def test_what_is_no_gtin_is_told_in_words(client: FlaskClient, typed: str) -> None:
    answer = client.get(f"/01/{typed}/10/{LOT}", headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert f"“{typed}” is not a GTIN" in answer.get_data(as_text=True)


def test_an_unknown_lot_says_what_to_do_with_the_goods(client: FlaskClient) -> None:
    answer = client.get(f"/01/{GTIN}/10/NOPE", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "set the goods aside and ask who sold them to you" in answer.get_data(as_text=True)


def test_an_empty_portal_has_no_passports(database: Database, tmp_path: Path, clock: HandClock) -> None:
    client = web_app(database, home=tmp_path, clock=clock).test_client()
    assert client.get(PATH).status_code == 404
    assert client.get("/.well-known/tallystick-trust.json").status_code == 404


def test_every_page_keeps_the_strict_policy(client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
    html = answer.get_data(as_text=True)
    assert " style=" not in html
    assert re.findall(r"<script(?![^>]*src=)[^>]*>", html) == ['<script type="application/json" id="words">']


def test_everything_a_phone_loads_stays_below_30_kb(client: FlaskClient) -> None:
    def transfer(path: str) -> int:
        answer = client.get(path, headers={"Accept-Encoding": "gzip", "Accept-Language": "zh-CN"})
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
        return len(answer.data)

    html = page(client, language="zh-CN")
    version = re.search(r"/static/(\w{12})/passport\.js", html)
    assert version is not None
    names = ("passport.css", "tally.mjs", "passport.js")
    files = [f"/static/{version[1]}/{name}" for name in names]
    assert sum(transfer(path) for path in (PATH, *files)) <= 30 * 1024


def test_the_script_has_words_for_every_code_of_the_verifier(client: FlaskClient) -> None:
    root = Path(passport_words.__file__).parent.parent / "static"
    verifier = (root / "verify.mjs").read_text(encoding="utf-8")
    codes = set(re.findall(r"(?:fail|gap|asked)\('(\w+)'", verifier))
    codes |= set(re.findall(r"need\([^\n]*, '(\w+)'\)", verifier)) | {"malformed_bundle", "not_reached"}
    codes -= {"fingerprint", "documents", "status"}
    assert len(codes) >= 39
    found = re.search(r'id="words">(.+?)</script>', page(client, language="zh-CN"))
    assert found is not None
    first = json.loads(found[1])
    words = client.get("/passport-words/zh.json").get_json()
    assert {code: texts for code, texts in words.items() if code in first} == first
    assert {name for name in words if name.startswith(("ok.", "not_asked.", "state."))} <= set(first)
    assert client.get("/passport-words/en.json").get_json()["ok.signature"] == ["Signature is valid"]
    assert client.get("/passport-words/fr.json").status_code == 404
    assert {code for code in codes if code not in words} == set()
    checks = re.search(r"CHECKS = '([\w ]+)'", verifier)
    assert checks is not None
    assert {name for name in checks[1].split() if f"ok.{name}" not in words} == set()
    script = (root / "passport.mjs").read_text(encoding="utf-8")
    assert set(re.findall(r"words\.(\w+)", script)) <= set(first)
    assert set(re.findall(r"words\['([\w.]+)'\]", script)) <= set(words)
    assert {len(texts) for code, texts in words.items() if not code.startswith("unit.")} == {2}


def test_an_older_passport_stays_in_the_history(issued: Scene) -> None:
    old = issued.passport()
    issued.trace("receiving", hours_ago=1, place="宁波仓 / Ningbo")
    new = issued.issue(later=timedelta(minutes=5))
    html = page(app_of(issued).test_client())
    assert re.findall(r'<a href="/01/[^"]+#h=([\w-]{43})"', html) == [code_hash(new.digest), code_hash(old.digest)]
    assert "Stands now" in html
    assert "Replaced" in html


def test_the_printed_code_is_an_svg_of_address_and_fingerprint(client: FlaskClient) -> None:
    answer = client.get(f"{PATH}/qr.svg")
    assert answer.content_type == "image/svg+xml"
    # 93 characters at error correction M: version 6, 41 modules and a rim of 4 on each side.
    assert 'width="49" height="49"' in answer.get_data(as_text=True)
    assert client.get(f"/01/{GTIN}/10/NOPE/qr.svg").status_code == 404


def test_a_verifier_finds_bundle_credential_keys_and_trust_list(client: FlaskClient, issued: Scene) -> None:
    passport = issued.passport()
    bundle = client.get(f"/bundles/{passport.digest.hex()}.json")
    assert bundle.data == issued.bundle()
    assert bundle.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"{PATH}/bundle.json").data == bundle.data
    credential = client.get(f"/credentials/{passport.id}")
    assert credential.content_type == "application/vc"
    assert sha256(canonical_bytes(json.loads(credential.data))) == passport.digest
    did = client.get("/.well-known/did.json")
    assert json.loads(did.data)["id"] == "did:web:portal.example"
    trust = TrustList.from_json(client.get("/.well-known/tallystick-trust.json").data)
    assert [(one.did, one.name) for one in trust.issuers] == [("did:web:portal.example", "主家 / Host")]


def test_only_the_scan_page_may_run_webassembly(client: FlaskClient) -> None:
    policies = {path: client.get(path).headers["Content-Security-Policy"] for path in ("/scan", "/verify", PATH)}
    assert "script-src 'self' 'wasm-unsafe-eval';" in policies["/scan"]
    assert [path for path, policy in policies.items() if "unsafe" in policy] == ["/scan"]


def test_the_scan_page_has_words_for_every_obstacle_foreign_code_and_verdict(client: FlaskClient) -> None:
    found = re.search(r'<script type="application/json" id="words">(.*?)</script>', page(client, "/scan"))
    assert found is not None
    words = json.loads(found[1])
    code = "".join((STATIC / name).read_text() for name in ("camera.mjs", "codes.mjs", "scan.mjs"))
    obstacles = re.findall(r"Error: '(\w+)'|\? null : '(\w+)'|lost\('(\w+)'\)|trouble\('(\w+)'\)", code)
    names = {f"camera.{one}" for found in obstacles for one in found if one}
    assert len(names) == 9
    foreign = re.findall(r"'(other_house|address|goods_only|text)'", code)
    rows = re.search(r"const ROWS = \{(.*?)\};", code, re.DOTALL)
    assert rows is not None
    verdicts = re.findall(r"(\w+): \['", rows[1])
    assert len(verdicts) == 6
    said = names | {f"{name}.do" for name in names} | {f"foreign.{one}" for one in foreign}
    assert (said | {f"row.{one}" for one in verdicts}) - set(words) == set()


def test_the_offline_verifier_is_given_with_its_hash_and_its_own_policy(client: FlaskClient) -> None:
    given = client.get("/verifier.html")
    assert (given.status_code, given.content_type) == (200, "text/html; charset=utf-8")
    assert given.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    told = client.get("/verifier.sha256").get_data(as_text=True)
    assert told == f"{sha256(given.data).hex()}  verifier.html\n"
    again = client.get("/verifier.html", headers={"If-None-Match": given.headers["ETag"]})
    assert again.status_code == 304


def test_the_service_worker_is_named_by_the_hash_of_the_portals_files(client: FlaskClient) -> None:
    worker = client.get("/passport-worker.js")
    version = re.search(r"/static/(\w{12})/", client.get(PATH).get_data(as_text=True))
    assert version
    assert f"'tally-passports-{version[1]}'" in worker.get_data(as_text=True)
    assert worker.content_type == "text/javascript; charset=utf-8"
    assert worker.headers["Cache-Control"] == "no-cache"


def test_contexts_are_published_as_they_are_pinned(client: FlaskClient) -> None:
    for pin in pins().values():
        answer = client.get(f"/contexts/{pin.file}")
        assert sha256(answer.data).hex() == pin.sha256
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    ours = client.get("/contexts/passport/v1")
    assert ours.content_type == "application/ld+json"
    assert ours.data == client.get("/contexts/passport-v1.jsonld").data
    assert client.get("/contexts/manifest.jsonld").status_code == 404


@pytest.mark.parametrize("digest", ["0" * 64, "xyz", "A" * 64])
def test_unknown_bundles_are_not_found(client: FlaskClient, digest: str) -> None:
    assert client.get(f"/bundles/{digest}.json").status_code == 404


def test_a_company_that_never_signed_publishes_no_keys(scene: Scene) -> None:
    client = app_of(scene).test_client()
    assert client.get("/.well-known/did.json").status_code == 404
    assert json.loads(client.get("/.well-known/tallystick-trust.json").data)["issuers"] == []


def test_facts_a_passport_lacks_are_left_empty() -> None:
    body = {
        "issuer": {"id": "did:web:x", "name": "Host"},
        "validFrom": "2026-11-23T02:24:00Z",
        "credentialSubject": {
            "product": {
                "batchNumber": "L1",
                "producedByParty": {"name": "松月"},
                "characteristics": {
                    "gtin": GTIN,
                    "names": [{"@language": "zh", "@value": "茶"}, {"@language": "en", "@value": ""}],
                },
            }
        },
    }
    app = wiring.Flask("x")
    app.extensions["tally_i18n"] = type("S", (), {"default": "zh"})()
    with app.app_context():
        face = face_of(json.dumps(body))
    assert (face.name, face.made, face.best, face.until, face.papers, face.events) == (("茶",), "", "", "", (), ())


class Chainless(BaseHTTPRequestHandler):
    """An endpoint that answers as it is told."""

    status = 200
    body = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'
    asked: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.asked.append((self.path, self.rfile.read(size)))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[Chainless]]]:
    handler = type("Here", (Chainless,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


QUESTION = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'


def test_the_relay_passes_questions_on_as_they_are(scene: Scene, endpoint: tuple[str, type[Chainless]]) -> None:
    url, handler = endpoint
    for place, path in (("", "/"), ("/key/v1?x=1", "/key/v1?x=1")):
        client = app_of(scene.on_chain(url + place)).test_client()
        answer = client.post("/chain", data=QUESTION, content_type="application/json")
        assert (answer.status_code, answer.data) == (200, Chainless.body)
        assert handler.asked[-1] == (path, QUESTION)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"method":"eth_sendRawTransaction"}', 403, "not_relayed"),
        (b'{"method":["eth_chainId"]}', 403, "not_relayed"),
        (b"[" + QUESTION + b"]", 422, "bad_question"),
        (b"{}", 422, "bad_question"),
        (b"not json", 422, "bad_question"),
        (b"[" * 5000, 422, "bad_question"),
    ],
)
def test_the_relay_passes_nothing_else_on(
    scene: Scene, endpoint: tuple[str, type[Chainless]], body: bytes, status: int, code: str
) -> None:
    client = app_of(scene.on_chain(endpoint[0])).test_client()
    answer = client.post("/chain", data=body, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (status, code)
    assert endpoint[1].asked == []


def test_a_question_beyond_16_kb_is_refused(scene: Scene) -> None:
    assert app_of(scene).test_client().post("/chain", data=b" " * 16_385).status_code == 413


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_a_silent_chain_is_a_bad_gateway(scene: Scene, url: str) -> None:
    answer = app_of(scene.on_chain(url)).test_client().post("/chain", data=QUESTION)
    assert (answer.status_code, answer.get_json()["code"]) == (502, "chain_silent")


def test_an_endpoint_that_answers_with_an_error_is_a_bad_gateway(
    scene: Scene, endpoint: tuple[str, type[Chainless]]
) -> None:
    endpoint[1].status = 500
    assert app_of(scene.on_chain(endpoint[0])).test_client().post("/chain", data=QUESTION).status_code == 502


def test_only_questions_that_change_nothing_are_relayed() -> None:
    assert {
        name for name in relay.METHODS if not re.match(r"eth_(get|call$|chainId$|blockNumber$)", name)
    } == set()


def test_a_verifier_that_asks_through_the_relay_agrees(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, url):
        client = app_of(here).test_client()
        trust = TrustList.from_json(client.get("/.well-known/tallystick-trust.json").data)
        asked = client.post("/chain", data=QUESTION)
        assert asked.get_json() == {"jsonrpc": "2.0", "id": 1, "result": "0x7a69"}
        bundle = client.get(f"/bundles/{here.passport().digest.hex()}.json").data
        report = verify_bundle(bundle, as_of=here.now, trust=trust, rpc_url=url)
    assert report.verdict is Verdict.VALID
