"""A program's compiled read is answered in front of Flask, and nobody can tell."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.api import bearer
from support.goods import stock_up
from support.people import Company, found_company, web_app

QUERY = "query Mine { products { edges { node { sku name { zh } onHand { value } } } } viewer { name } }"


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


class Behind:
    """What stands behind the front, and how often it was asked."""

    def __init__(self, app: Flask) -> None:
        self.asked = 0
        front: Any = app.wsgi_app
        self._behind: Callable[..., Iterable[bytes]] = front.behind
        object.__setattr__(front, "behind", self)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        return self._behind(environ, start_response)


def sent(app: Flask, company: Company, kind: str, body: Any, **headers: str) -> TestResponse:
    told = {"Authorization": f"Bearer {bearer(app, company, kind)}", "Content-Type": "application/json"} | headers
    scheme = told.pop("scheme", "http")
    return app.test_client(use_cookies=False).post(
        "/graphql",
        data=body if isinstance(body, bytes) else json.dumps(body),
        headers=told,
        environ_overrides={"wsgi.url_scheme": scheme},
    )


def entries(conn: Connection) -> list[Any]:
    columns = "kind, what, actor, partner_id, agreement, details"
    rows = conn.execute(text(f"SELECT {columns} FROM audit_entry ORDER BY seq"))  # noqa: S608 - names only
    return [tuple(row) for row in rows]


def begin_anew(conn: Connection) -> None:
    """Empty the firms' buckets: what is left is told in every answer."""
    conn.execute(text("DELETE FROM api_bucket"))


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("ordinary", {}),
        ("strategic", {}),
        ("operator", {}),
        ("key", {"Accept": "application/graphql-response+json"}),
        ("key", {"Accept": "application/json;q=0.5, application/graphql-response+json;q=0.4"}),
        ("key", {"Accept-Encoding": "gzip, br"}),
        ("key", {"Accept-Encoding": "gzip;q=0"}),
        ("key", {"scheme": "https"}),
    ],
)
def test_it_is_the_same_answer_entry_and_line(
    app: Flask, company: Company, conn: Connection, kind: str, headers: dict[str, str]
) -> None:
    behind, before = Behind(app), len(entries(conn))
    body = {"query": QUERY + " " * 2000, "operationName": "Mine"}
    told: list[Any] = []
    for more in ({}, {"Cookie": "theme=dark"}):  # a cookie is handed on
        begin_anew(conn)
        with capture_logs() as logs:
            answer = sent(app, company, kind, body, **headers, **more)
        lines = [
            {name: value for name, value in entry.items() if name not in {"request_id", "duration_ms"}}
            for entry in logs
        ]
        told.append((answer.status, sorted(answer.headers.items()), answer.get_data(), lines, entries(conn)[-1:]))
    assert told[0] == told[1]
    assert behind.asked == 1
    assert len(entries(conn)) == before + 2


def test_a_long_answer_is_compressed_as_any(app: Flask, company: Company, conn: Connection) -> None:
    fields = " ".join(f"a{n}: name {{ zh en }}" for n in range(20))
    body = {"query": f"{{ products {{ edges {{ node {{ {fields} }} }} }} }}"}
    plain = sent(app, company, "key", body)
    begin_anew(conn)
    packed = sent(app, company, "key", body, **{"Accept-Encoding": "gzip"})
    begin_anew(conn)
    behind = sent(app, company, "key", body, **{"Accept-Encoding": "gzip", "Cookie": "theme=dark"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.get_data() == behind.get_data()
    assert sorted(packed.headers.items()) == sorted(behind.headers.items())
    assert len(packed.get_data()) < len(plain.get_data())


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"query": "{ products { edges { node { units { code } } } } }"}, {}, 200),
        ({"query": "{ nothing }"}, {}, 200),
        ({"query": '{ product(sku: "NEVER") { sku } }'}, {}, 200),
        ({"query": ""}, {}, 400),
        ([], {}, 400),
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        ({"query": QUERY}, {"Content-Type": "text/plain"}, 415),
        ({"query": QUERY}, {"Authorization": "Bearer nonsense"}, 401),
        ({"query": QUERY}, {"Authorization": "Basic eA=="}, 401),
        ({"query": QUERY, "extensions": {"x": "y" * 70_000}}, {}, 400),
    ],
)
def test_what_is_not_plain_is_handed_on_whole(
    app: Flask, company: Company, body: Any, headers: dict[str, str], status: int
) -> None:
    behind = Behind(app)
    assert sent(app, company, "key", body, **headers).status_code == status
    assert behind.asked == 1


def test_other_paths_and_methods_are_handed_on(app: Flask, company: Company) -> None:
    behind = Behind(app)
    client = app.test_client()
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}"}
    assert client.get("/graphql", headers=headers).status_code == 405
    assert client.get("/healthz").status_code == 200
    assert behind.asked == 2


def test_a_supplier_and_a_customer_without_an_agreement_get_what_they_got(app: Flask, company: Company) -> None:
    behind = Behind(app)
    assert sent(app, company, "supplier", {"query": "{ viewer { role } }"}).get_json()["data"] == {
        "viewer": {"role": "supplier"}
    }
    assert behind.asked == 1


def test_a_token_ends_in_front_of_flask_too(app: Flask, company: Company, clock: HandClock) -> None:
    token = bearer(app, company, "key")
    headers = {"Authorization": f"Bearer {token}"}
    assert sent(app, company, "key", {"query": QUERY}, **headers).status_code == 200
    clock.advance(timedelta(minutes=10))
    assert sent(app, company, "key", {"query": QUERY}, **headers).status_code == 401
