"""GraphQL over HTTP: what is taken, what is refused and with which status."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.wiring import build_services, build_web
from support.api import ask, bearer, codes, data
from support.people import PASSWORD, Company, browser, csrf_token, found_company, web_app

STRICT = "application/graphql-response+json"


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (STRICT, STRICT),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (None, "application/json"),
        (f"{STRICT}, application/json;q=0.9", STRICT),
        (f"application/json, {STRICT};q=0.5", "application/json"),
    ],
)
def test_the_answer_has_the_type_that_is_accepted(
    app: Flask, company: Company, accept: str | None, kind: str
) -> None:
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"} | ({"Accept": accept} if accept else {})
    answer = app.test_client().post("/graphql", json={"query": "{ asOf }"}, headers=headers)
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json(force=True) == {
        "data": {"asOf": "2026-11-23T10:24:00+08:00"},
        "extensions": {
            "cost": {
                "requestedQueryCost": 1,
                "throttleStatus": {
                    "maximumAvailable": 50_000,
                    "currentlyAvailable": 49_999,
                    "restoreRate": 500,
                },
            }
        },
    }


@pytest.mark.parametrize(
    ("query", "code"), [("{", "GRAPHQL_PARSE_FAILED"), ("{ warehouse }", "GRAPHQL_VALIDATION_FAILED")]
)
def test_a_document_that_cannot_be_executed_is_400_or_for_old_clients_200(
    app: Flask, company: Company, query: str, code: str
) -> None:
    strict = ask(app, company, "key", query)
    assert (strict.status_code, codes(strict)) == (400, [code])
    assert "data" not in strict.get_json()
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
    old = app.test_client().post("/graphql", json={"query": query}, headers=headers)
    assert (old.status_code, codes(old)) == (200, [code])


def test_a_variable_that_does_not_fit_is_refused_before_anything_is_read(app: Flask, company: Company) -> None:
    query = "query Q($n: Int!) { products(first: $n) { totalCount } }"
    for variables in ({}, {"n": "x"}):
        answer = ask(app, company, "key", query, variables=variables)
        assert (answer.status_code, codes(answer)) == (400, ["GRAPHQL_VALIDATION_FAILED"])
        assert "data" not in answer.get_json()


def test_the_named_operation_is_executed_and_an_unknown_one_refused(app: Flask, company: Company) -> None:
    query = "query A { asOf } query B { viewer { name } }"
    assert data(ask(app, company, "key", query, operationName="B")) == {"viewer": {"name": "Name of key"}}
    for name in (None, "C"):
        answer = ask(app, company, "key", query, operationName=name)
        assert (answer.status_code, codes(answer)) == (400, ["GRAPHQL_VALIDATION_FAILED"])


@pytest.mark.parametrize(
    "body",
    [
        [{"query": "{ asOf }"}],
        "text",
        {},
        {"query": None},
        {"query": {"a": 1}},
        {"query": "  "},
        {"query": "{ asOf }", "operationName": {}},
        {"query": "{ asOf }", "variables": "{}"},
        {"query": "{ asOf }", "variables": [1]},
        {"query": "{ asOf }", "extensions": 7},
    ],
)
def test_parameters_of_another_kind_are_400(app: Flask, company: Company, body: object) -> None:
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
    answer = app.test_client().post("/graphql", json=body, headers=headers)
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


def test_null_parameters_are_as_good_as_none(app: Flask, company: Company) -> None:
    answer = ask(app, company, "key", "{ asOf }", variables=None, operationName=None, extensions=None)
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"query": "{ asOf }"'])
def test_a_body_that_is_not_json_is_refused(app: Flask, body: bytes) -> None:
    answer = app.test_client().post("/graphql", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert codes(answer)[0] in {"NOT_JSON", "BAD_REQUEST"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_only_json_is_taken(app: Flask, company: Company, kind: str | None) -> None:
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
    body = json.dumps({"query": "{ asOf }"})
    answer = app.test_client().post("/graphql", data=body, content_type=kind, headers=headers)
    assert (answer.status_code, codes(answer)) == (415, ["NOT_JSON"])


def test_a_large_body_is_refused(app: Flask) -> None:
    answer = app.test_client().post("/graphql", json={"query": "{ asOf }", "x": "y" * 65_536})
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


def test_there_is_no_get(app: Flask) -> None:
    assert app.test_client().get("/graphql?query={asOf}").status_code == 405


def test_a_mutation_does_not_exist(app: Flask, company: Company) -> None:
    answer = ask(app, company, "operator", "mutation { x }")
    assert (answer.status_code, codes(answer)) == (400, ["GRAPHQL_VALIDATION_FAILED"])


def test_too_large_a_query_is_refused(app: Flask, company: Company) -> None:
    answer = ask(app, company, "key", "{" + " ".join(f"x{n}: asOf" for n in range(21)) + "}")
    assert (answer.status_code, codes(answer)) == (400, ["QUERY_TOO_LARGE"])


def test_the_messages_are_in_the_readers_language(app: Flask) -> None:
    client = app.test_client()
    for language, message in (
        ("en-US", "Send an access token, or sign in."),
        ("zh-CN", "请提供访问令牌，或先登录。"),
    ):
        answer = client.post("/graphql", json={"query": "{ asOf }"}, headers={"Accept-Language": language})
        assert answer.get_json()["errors"][0]["message"] == message


def test_what_breaks_on_our_side_is_told_by_an_id_only(app: Flask, company: Company, conn: Connection) -> None:
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
    conn.execute(text("ALTER TABLE product RENAME COLUMN sku TO was_sku"))
    answer = app.test_client().post("/graphql", json={"query": "{ products { totalCount } }"}, headers=headers)
    [error] = answer.get_json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["values"]["quote"] in error["message"]
    assert "sku" not in answer.get_data(as_text=True)


def test_a_silent_database_is_503_on_both_doors(tmp_path: Path) -> None:
    services = build_services(
        Settings(home=tmp_path, database_url="postgresql://tally:x@127.0.0.1:1/none", default_language="en")
    )
    client = build_web(services).test_client()
    answer = client.post("/graphql", json={"query": "{ asOf }"})
    assert (answer.status_code, codes(answer)) == (503, ["DATABASE_SILENT"])
    answer = client.post("/api/token", json={"email": "a@b.c", "password": "x"})
    assert (answer.status_code, codes(answer)) == (503, ["DATABASE_SILENT"])
    assert client.get("/healthz").get_json() == {"ok": True}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()) == (503, {"ok": False, "database": False})
    services.database.close()


class TestWhoAsks:
    QUERY = "{ viewer { name } }"

    def test_nobody_is_401_with_a_challenge(self, app: Flask, company: Company) -> None:
        answer = ask(app, company, "anonymous", self.QUERY)
        assert (answer.status_code, codes(answer)) == (401, ["NOT_SIGNED_IN"])
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tallystick"'

    @pytest.mark.parametrize("header", ["Bearer", "Bearer x.y.z", "bearer  ", "BEARER é"])
    def test_a_token_that_is_none_of_ours_is_401(self, app: Flask, header: str) -> None:
        answer = app.test_client().post("/graphql", json={"query": self.QUERY}, headers={"Authorization": header})
        assert (answer.status_code, codes(answer)) == (401, ["BAD_TOKEN"])

    def test_another_scheme_is_nobody(self, app: Flask) -> None:
        answer = app.test_client().post(
            "/graphql", json={"query": self.QUERY}, headers={"Authorization": "Basic eDp5"}
        )
        assert codes(answer) == ["NOT_SIGNED_IN"]

    def test_after_ten_minutes_a_token_is_no_longer_good(
        self, app: Flask, company: Company, clock: HandClock
    ) -> None:
        headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
        clock.advance(timedelta(minutes=10))
        answer = app.test_client().post("/graphql", json={"query": self.QUERY}, headers=headers)
        assert (answer.status_code, codes(answer)) == (401, ["TOKEN_EXPIRED"])

    @pytest.mark.parametrize(
        "change", ["UPDATE person SET session_version = 2", "UPDATE person SET active = FALSE"]
    )
    def test_ending_sessions_or_a_person_ends_the_token(
        self, app: Flask, company: Company, conn: Connection, change: str
    ) -> None:
        headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
        conn.execute(text(change))
        answer = app.test_client().post("/graphql", json={"query": self.QUERY}, headers=headers)
        assert (answer.status_code, codes(answer)) == (401, ["TOKEN_EXPIRED"])

    def test_a_page_of_ours_may_ask_with_its_session(self, app: Flask, company: Company) -> None:
        client = browser(app, company, "key")
        headers = {"X-CSRF-Token": csrf_token(app, client), "Origin": "http://localhost"}
        answer = client.post("/graphql", json={"query": self.QUERY}, headers=headers)
        assert data(answer) == {"viewer": {"name": "Name of key"}}

    def test_a_session_without_the_pages_token_or_from_elsewhere_is_403(
        self, app: Flask, company: Company
    ) -> None:
        client = browser(app, company, "key")
        token = csrf_token(app, client)
        for headers in (
            {"Origin": "http://localhost"},
            {"Origin": "http://localhost", "X-CSRF-Token": "x"},
            {"X-CSRF-Token": token},
            {"X-CSRF-Token": token, "Origin": "https://evil.example"},
            {"X-CSRF-Token": token, "Origin": "null"},
        ):
            answer = client.post("/graphql", json={"query": self.QUERY}, headers=headers)
            assert (answer.status_code, codes(answer)) == (403, ["CROSS_SITE"]), headers

    @pytest.mark.parametrize(("kind", "code"), [("auditor", "NO_SCHEMA"), ("lapsed", "NO_AGREEMENT")])
    def test_who_has_no_schema_is_403(self, app: Flask, company: Company, kind: str, code: str) -> None:
        answer = ask(app, company, kind, self.QUERY)
        assert (answer.status_code, codes(answer)) == (403, [code])


class TestTokenDoor:
    def test_e_mail_and_password_are_traded_for_a_token(self, app: Flask) -> None:
        client = app.test_client()
        answer = client.post("/api/token", json={"email": "Key@example.com", "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.get_json()
        token = body.pop("access_token")
        assert body == {
            "token_type": "Bearer",
            "expires_in": 600,
            "expires_at": "2026-11-23T02:34:00+00:00",
        }
        answer = client.post(
            "/graphql", json={"query": "{ viewer { tier } }"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert data(answer) == {"viewer": {"tier": "key"}}

    def test_a_wrong_password_is_401(self, app: Flask) -> None:
        answer = app.test_client().post("/api/token", json={"email": "key@example.com", "password": "wrong"})
        assert (answer.status_code, codes(answer)) == (401, ["WRONG_PASSWORD"])

    def test_the_ninth_try_is_429_and_says_when_to_come_back(self, app: Flask) -> None:
        client = app.test_client()
        for _ in range(8):
            client.post("/api/token", json={"email": "key@example.com", "password": "wrong"})
        answer = client.post("/api/token", json={"email": "key@example.com", "password": PASSWORD})
        assert (answer.status_code, codes(answer)) == (429, ["TOO_MANY_TRIES"])
        assert answer.headers["Retry-After"] == "900"

    @pytest.mark.parametrize("body", [{}, {"email": "a@b.c"}, {"email": 1, "password": "x"}, []])
    def test_what_is_no_e_mail_and_password_is_400(self, app: Flask, body: object) -> None:
        answer = app.test_client().post("/api/token", json=body)
        assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])

    def test_an_empty_portal_says_so(self, database: Database, tmp_path: Path, clock: HandClock) -> None:
        app = web_app(database, home=tmp_path, clock=clock)
        answer = app.test_client().post("/api/token", json={"email": "a@b.c", "password": "x"})
        assert (answer.status_code, codes(answer)) == (404, ["NO_COMPANY"])


def _nested(text: str, *, levels: int) -> object:
    told: object = text
    for _ in range(levels):
        told = [told]
    return told


@pytest.mark.parametrize(
    ("query", "variables", "code", "status"),
    [
        (r'{ product(sku: "A\u0000") { sku } }', {}, "GRAPHQL_PARSE_FAILED", 400),
        (r'{ product(sku: "A\u{0}") { sku } }', {}, "GRAPHQL_PARSE_FAILED", 400),
        ("query ($sku: String!) { product(sku: $sku) { sku } }", {"sku": "A\0"}, "BAD_REQUEST", 400),
        (
            "query ($sku: String!) { product(sku: $sku) { sku } }",
            {"sku": "A", "deep": [{"x": "\0"}]},
            "BAD_REQUEST",
            400,
        ),
        ("query ($sku: String!) { product(sku: $sku) { sku } }", {"sku": "A", "\0": 1}, "BAD_REQUEST", 400),
        ("{ asOf }", {"deep": _nested("\0", levels=400)}, "BAD_REQUEST", 400),
        ("{ asOf }\0", {}, "BAD_REQUEST", 400),
        (r'{ product(sku: "A\u0001") { sku } }', {}, "UNKNOWN_PRODUCT", 200),
    ],
)
def test_the_character_that_the_database_cannot_keep_is_refused_wherever_it_stands(
    app: Flask, company: Company, query: str, variables: dict[str, object], code: str, status: int
) -> None:
    answer = ask(app, company, "key", query, variables=variables)
    assert (codes(answer), answer.status_code) == ([code], status)
