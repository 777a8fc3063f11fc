"""Every route × everybody: who gets in, who is refused, and that a refused request shows and changes nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.platform.clock import HandClock
from portal.platform.db import METADATA, Database
from support.api import ask, bearer, codes
from support.goods import stock_up
from support.people import KINDS, Company, browser, csrf_token, found_company, web_app
from support.permissions_table import ROWS, Row

SECRETS = (
    "TEA-A",
    "TEA-B",
    "White peony",
    "白牡丹",
    "Ningbo",
    "宁波仓",
    "Meridian",
    "子午",
    "SO-S1",
    "AG-strategic",
)
"""What stands in the data; a refused answer holds none of it."""

COUNTED = ("sign_in_try",)
"""Tables that may change with a refused request: a try is counted."""


FORMS = [row for row in ROWS if row.method == "POST" and row.json is None and row.route != "POST /lang"]
"""What a browser sends; choosing a language changes nothing that needs a guard."""


WHERE = {"audit_entry": " WHERE kind <> 'refused'"}


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


@pytest.fixture
def everything(conn: Connection) -> Callable[[], dict[str, str]]:
    """Return a fingerprint of every table's rows, but for the log's entries that something was refused."""
    names = [name for name in METADATA.tables if name not in COUNTED]
    parts = ", ".join(
        f"(SELECT md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t"  # noqa: S608 - names from code
        f'{WHERE.get(name, "")}) AS "{name}"'
        for name in names
    )
    statement = text(f"SELECT {parts}")
    return lambda: dict(conn.execute(statement).mappings().one())


def send(app: Flask, company: Company, kind: str, row: Row) -> TestResponse:
    """Send a row's request as somebody, with everything right but perhaps the person."""
    if row.json is not None:
        headers = {} if kind == "anonymous" else {"Authorization": f"Bearer {bearer(app, company, kind)}"}
        more = {} if row.method == "GET" else {"json": row.json}
        return app.test_client().open(row.url, method=row.method, headers=headers, **more)
    client = browser(app, company, kind)
    if row.method == "GET":
        return client.get(row.url)
    return client.post(row.url, data={**row.form, "csrf_token": csrf_token(app, client)})


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    routes = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/styleguide")
    }
    rows = [row.route for row in ROWS]
    assert len(rows) == len(set(rows))
    assert routes - set(rows) == set(), "add a row to tests/support/permissions_table.py"
    assert set(rows) - routes == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_only_those_named_get_in(
    app: Flask, company: Company, row: Row, everything: Callable[[], dict[str, str]]
) -> None:
    for kind in KINDS:
        if kind in row.open_to:
            continue
        before = everything() if row.method == "POST" else {}
        answer = send(app, company, kind, row)
        assert answer.status_code in refusals(kind, row), (kind, answer.status_code)
        body = answer.get_data(as_text=True)
        assert [secret for secret in SECRETS if secret in body and secret not in row.url] == [], kind
        if row.method == "POST":
            assert everything() == before, kind


def refusals(kind: str, row: Row) -> tuple[int, ...]:
    """Return the statuses that say no to somebody."""
    if kind != "anonymous":
        return (403,)
    return (302,) if row.method == "GET" and row.json is None else (401,)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_those_named_do_get_in(app: Flask, company: Company, conn: Connection, row: Row) -> None:
    for kind in KINDS:
        if kind in row.open_to:
            savepoint = conn.begin_nested()
            answer = send(app, company, kind, row)
            savepoint.rollback()
            assert answer.status_code in row.entered, (kind, answer.status_code, answer.location)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.method == "POST" and row.json is None], ids=lambda row: row.route
)
def test_no_form_is_taken_without_its_token(
    app: Flask, company: Company, row: Row, everything: Callable[[], dict[str, str]]
) -> None:
    before = everything()
    for kind in KINDS:
        client = browser(app, company, kind)
        assert client.post(row.url, data=row.form).status_code == 400, kind
    assert everything() == before


FIELDS = {
    "viewer": ("{ viewer { name } }", {"ordinary", "key", "other_key", "strategic", "operator", "supplier"}),
    "totals": (
        "{ products { edges { node { sku onHand { value } } } } }",
        {"ordinary", "key", "other_key", "strategic", "operator"},
    ),
    "warehouses": (
        "{ products { edges { node { warehouses { code } } } } }",
        {"key", "other_key", "strategic", "operator"},
    ),
    "board": ('{ product(sku: "TEA-A") { board { openOrders { number } } } }', {"strategic", "operator"}),
}


@pytest.mark.parametrize("name", list(FIELDS))
def test_every_restricted_field_is_absent_for_those_it_is_not_for(app: Flask, company: Company, name: str) -> None:
    query, open_to = FIELDS[name]
    for kind in KINDS:
        answer = ask(app, company, kind, query)
        if kind in open_to:
            assert answer.status_code == 200, kind
            assert "errors" not in answer.get_json(), kind
            continue
        assert answer.status_code in {400, 401, 403}, kind
        assert "data" not in answer.get_json(), kind
        assert [secret for secret in SECRETS if secret in answer.get_data(as_text=True)] == []
        assert codes(answer)[0] in {"NOT_SIGNED_IN", "NO_AGREEMENT", "NO_SCHEMA", "GRAPHQL_VALIDATION_FAILED"}


def test_another_firm_of_the_same_tier_sees_neither_orders_nor_promises_of_the_first(
    app: Flask, company: Company
) -> None:
    query = '{ product(sku: "TEA-A") { onHand { value } } }'
    answers = {kind: ask(app, company, kind, query).get_json()["data"] for kind in ("key", "other_key")}
    assert answers["key"] == answers["other_key"] == {"product": {"onHand": {"value": "110"}}}
    page = browser(app, company, "other_key").get("/orders").get_data(as_text=True)
    assert "SO-K1" not in page
    assert "SO-S1" not in page
