"""Bad input at every door: a fitting status, a sentence in the reader's language, and nothing changed."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.demo.papers import pdf
from portal.partners.tokens import AUDIENCE, KEY_NAME
from portal.platform.clock import SystemClock
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.secrets import home_secret
from support.running import Ready
from support.running_company import rows
from support.running_http import Answer, Upload, Visitor, multipart, visitor_of
from support.running_story import People

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

COUNTED = ("product", "partner", "document", "credential", "stock_move", "sales_order", "replenishment_policy")


@pytest.fixture
def people(portal: Ready, run_folder: Path) -> People:
    return People.of(portal, run_folder)


@pytest.fixture
def counts(portal: Ready, story: None) -> Callable[[], dict[str, int]]:  # noqa: ARG001 - held while counting
    """Count what bad input must not change, while no story changes anything."""

    def count() -> dict[str, int]:
        with psycopg.connect(EmbeddedPostgres(portal.home).url) as connection:
            known = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables")}
            return {
                table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608 - ours
                for table in COUNTED
                if table in known
            }

    return count


def uploaded(operator: Visitor, name: str, body: bytes) -> Answer:
    page = operator.get("/ops/import/new?kind=products")
    return operator.send(
        page, page.form(action="/ops/import"), files={"file": Upload(name, body)}, kind="products"
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("broken.xlsx", b"PK\x03\x04 this is no workbook"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
        ("empty.csv", b""),
        ("binary.csv", bytes(range(256)) * 40),
    ],
)
def test_a_table_that_is_none_is_refused_in_chinese(
    people: People, counts: Callable[[], dict[str, int]], name: str, body: bytes
) -> None:
    before = counts()
    answer = uploaded(people.operator, name, body)
    assert answer.status in {415, 422}
    assert 'lang="zh-CN"' in answer.text
    assert "出错" in answer.words or "有问题" in answer.words or "不" in answer.words
    assert counts() == before


def test_a_hundred_megabytes_are_refused_without_being_stored(
    people: People, portal: Ready, counts: Callable[[], dict[str, int]]
) -> None:
    before = counts()
    page = people.operator.get("/ops/import/new?kind=products")
    token = page.form(action="/ops/import").fields["csrf_token"]
    body, kind = multipart([("csrf_token", token)], {"file": Upload("huge.csv", b"a" * (100 << 20))})
    answer = people.operator.request("POST", "/ops/import", body=body, headers={"Content-Type": kind})
    assert answer.status == 413
    assert "太大" in answer.words or "过大" in answer.words
    assert Visitor(portal.url).get("/readyz").status == 200
    assert counts() == before


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("text.pdf", b"This is no PDF at all."),
        ("cut.pdf", pdf("JY-1", ["x"])[:200]),
        (
            "script.pdf",
            pdf("JY-1", ["x"]).replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript >>"),
        ),
    ],
)
def test_a_paper_that_is_no_plain_pdf_is_refused_in_chinese(
    people: People, counts: Callable[[], dict[str, int]], name: str, body: bytes
) -> None:
    before = counts()
    page = people.supplier.get("/documents/new")
    answer = people.supplier.send(
        page,
        page.form(having="issued_by"),
        files={"file": Upload(name, body, "application/pdf")},
        kind="certificate",
        number="SC-1",
        issued_by="Office",
        valid_from="2026-01-01",
        valid_until="2029-01-01",
    )
    assert answer.status in {415, 422}
    assert "PDF" in answer.words
    assert "SC-1" in answer.text
    assert counts() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"query": 5}', 400),
        (json.dumps({"query": "{ products( }"}).encode(), 400),
        (json.dumps({"query": "{ nobody }"}).encode(), 400),
        (json.dumps({"query": "{" * 500}).encode(), 400),
        (json.dumps({"query": "{ viewer { " + "name " * 50_000 + "} }"}).encode(), 400),
    ],
)
def test_a_malformed_graphql_request_is_answered_as_one(
    portal: Ready, people: People, body: bytes, status: int
) -> None:
    token = token_of(portal, "key")
    answer = people.stranger.post_json(
        "/graphql", body, Authorization=f"Bearer {token}", Accept="application/graphql-response+json"
    )
    assert answer.status == status
    assert answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


def token_of(portal: Ready, tier: str = "ordinary") -> str:
    """Return a good token of a buyer."""
    email, password = portal.login("customer", tier)
    answer = Visitor(portal.url).post_json("/api/token", {"email": email, "password": password})
    assert answer.status == 200
    return str(answer.json()["access_token"])


def forged(portal: Ready, how: str) -> str:
    """Return a good token of the ordinary buyer, spoilt in one way."""
    good = token_of(portal)
    head, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    key = Ed25519PrivateKey.from_private_bytes(home_secret(portal.home, KEY_NAME))
    extra = {name: head[name] for name in ("kid", "typ")}
    now = SystemClock().now()
    if how == "audience":
        return jwt.encode({**claims, "aud": "another-api"}, key, algorithm="EdDSA", headers=extra)
    if how == "expired":
        old = {"iat": now - timedelta(hours=2), "exp": now - timedelta(hours=1)}
        return jwt.encode({**claims, **old}, key, algorithm="EdDSA", headers=extra)
    if how == "none":
        return jwt.encode(claims, None, algorithm="none", headers=extra)
    if how == "another key":
        return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=extra)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims, public, algorithm="HS256", headers=extra)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("how", ["audience", "expired", "none", "another key", "public key as secret"])
def test_a_forged_token_opens_nothing(portal: Ready, people: People, how: str) -> None:
    answer = people.stranger.post_json(
        "/graphql", {"query": "{ viewer { name } }"}, Authorization=f"Bearer {forged(portal, how)}"
    )
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json().get("data") is None
    assert AUDIENCE not in answer.text


def test_a_form_without_its_token_changes_nothing(people: People, counts: Callable[[], dict[str, int]]) -> None:
    before = counts()
    answer = people.operator.post("/ops/policies/new", {"min": "1"})
    assert answer.status == 400
    assert counts() == before


def graphql(portal: Ready, tier: str, query: str) -> dict[str, Any]:
    """Ask as a customer of a tier, by a token."""
    email, password = portal.login("customer", tier)
    visitor = Visitor(portal.url)
    token = visitor.post_json("/api/token", {"email": email, "password": password}).json()["access_token"]
    answer: dict[str, Any] = visitor.post_json(
        "/graphql", {"query": query}, Authorization=f"Bearer {token}"
    ).json()
    return answer


ROOT = Path(__file__).parents[2]
DEMO_PRODUCTS = 40


@pytest.mark.parametrize("tier", ["ordinary", "key", "strategic"])
@pytest.mark.usefixtures("story")
def test_the_published_example_of_a_tier_works_by_token(portal: Ready, run_folder: Path, tier: str) -> None:
    answer = graphql(portal, tier, (ROOT / f"graphql/trusted/{tier}.graphql").read_text("utf-8"))
    assert "errors" not in answer
    assert answer["data"]["viewer"]["tier"] == tier
    listed = rows(visitor_of(portal, run_folder, "customer", tier).get("/inventory.csv?lang=en"))
    assert answer["data"]["products"]["totalCount"] == len(listed)
    assert len(listed) >= DEMO_PRODUCTS
    nodes = [edge["node"] for edge in answer["data"]["products"]["edges"]]
    assert ["warehouses" in node for node in nodes] == [tier != "ordinary"] * len(nodes)
    assert ["board" in node for node in nodes] == [tier == "strategic"] * len(nodes)


@pytest.mark.parametrize(("tier", "above"), [("ordinary", "key"), ("key", "strategic")])
def test_a_tier_may_not_ask_what_the_next_one_sees(portal: Ready, tier: str, above: str) -> None:
    answer = graphql(portal, tier, (ROOT / f"graphql/trusted/{above}.graphql").read_text("utf-8"))
    assert answer.get("data") is None
    assert len(answer["errors"]) >= 1
