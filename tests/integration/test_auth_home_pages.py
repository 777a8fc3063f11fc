"""The front door, the typed code, one's account, and what machines watch."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection

from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.people import Company, browser, csrf_token, found_company, web_app


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


def test_the_front_door_offers_verifying_before_signing_in(app: Flask) -> None:
    text = app.test_client().get("/").get_data(as_text=True)
    assert text.index("Verify a passport") < text.index('action="/login"')
    assert text.index('action="/verify"') < text.index('action="/login"')


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("?gtin=9520123456788&lot=CT2611B", "/01/09520123456788/10/CT2611B"),
        ("?gtin=952-0123-456788&lot=%20a%2Fb%20", "/01/09520123456788/10/a%2Fb"),
        (
            "?gtin=https://id.example/01/09520123456788/10/CT%252F1%3Fx=1%23h=ab&lot=",
            "/01/09520123456788/10/CT%2F1",
        ),
        (
            f"?gtin=https://id.example/01/09520123456788/10/A1%23h={'b' * 43}",
            f"/01/09520123456788/10/A1#h={'b' * 43}",
        ),
        ("?gtin=(01)09520123456788(10)A1", "/01/09520123456788/10/A1"),
        ("?gtin=9520123456788&lot=&serial=S%2F1", "/01/09520123456788/21/S%2F1"),
        ("?gtin=9520123456788&lot=A1&serial=S1", "/01/09520123456788/10/A1/21/S1"),
        (
            f"?gtin=https://id.example/01/09520123456788/21/S1%23h={'b' * 43}",
            f"/01/09520123456788/21/S1#h={'b' * 43}",
        ),
        ("?gtin=(01)09520123456788(10)A1(21)S1", "/01/09520123456788/10/A1/21/S1"),
    ],
)
def test_a_typed_code_leads_to_its_passport(app: Flask, typed: str, page: str) -> None:
    answer = app.test_client().get("/verify" + typed)
    assert (answer.status_code, answer.location) == (303, page)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("?gtin=9520123456789&lot=A", "“9520123456789” is not a GTIN."),
        ("?gtin=(01)0952012345678&lot=A", "is not a GTIN."),
        ("?gtin=&lot=A", "“” is not a GTIN."),
        ("?gtin=https://id.example/nothing&lot=A", "is not a GTIN."),
        ("?gtin=9520123456788&lot=", "A lot number has 1 to 20 letters"),
        ("?gtin=9520123456788&lot=" + "x" * 21, "A lot number has 1 to 20 letters"),
        ("?gtin=9520123456788&lot=A&serial=" + "x" * 21, "A serial number has 1 to 20 letters"),
        ("?gtin=https://id.example/01/09520123456788&lot=A", "is not a GTIN."),
        ("?gtin=9520123456788&lot=%3Cscript%3E%E6%89%B9", "A lot number has 1 to 20 letters"),
    ],
)
def test_a_code_that_cannot_be_is_told_and_kept(app: Flask, typed: str, told: str) -> None:
    answer = app.test_client().get("/verify" + typed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert told in text
    assert "<title>Error:" in text
    assert "<script>批" not in text


def test_an_empty_form_is_no_error(app: Flask) -> None:
    answer = app.test_client().get("/verify")
    assert answer.status_code == 200
    assert "There is a problem" not in answer.get_data(as_text=True)


def test_machines_hear_that_the_process_and_the_database_live(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"ok": True}
    assert client.get("/readyz").get_json() == {"ok": True, "database": True}


def test_the_account_names_the_agreement_in_force(app: Flask, company: Company) -> None:
    text = browser(app, company, "key").get("/account").get_data(as_text=True)
    for fact in ("AG-key", "Key customer", "1 Jan 2026", "31 Dec 2026", "Kestrel", "key@example.com"):
        assert fact in text
    assert "/account/api" in text


def test_who_has_no_agreement_is_told_so_and_has_no_schema(app: Flask, company: Company) -> None:
    client = browser(app, company, "lapsed")
    text = client.get("/account").get_data(as_text=True)
    assert "No agreement is in force today." in text
    assert 'href="/account/api"' not in text
    assert "Nothing is open to your programs today" in client.get("/account/api").get_data(as_text=True)


@pytest.mark.parametrize("kind", ["operator", "supplier", "auditor"])
def test_everybody_has_an_account_page(app: Flask, company: Company, kind: str) -> None:
    client = browser(app, company, kind)
    for language in ("en", "zh"):
        text = client.get("/account", headers={"Accept-Language": language}).get_data(as_text=True)
        assert f"{kind}@example.com" in text


def test_a_token_is_shown_once_and_works(app: Flask, company: Company) -> None:
    client = browser(app, company, "key")
    page = client.post("/account/token", data={"csrf_token": csrf_token(app, client)})
    assert page.headers["Cache-Control"] == "no-store"
    found = re.search(r"Authorization: Bearer ([\w.-]+)", page.get_data(as_text=True))
    assert found
    answer = app.test_client().post(
        "/graphql",
        json={"query": "{ viewer { agreement } }"},
        headers={"Authorization": f"Bearer {found[1]}"},
    )
    assert answer.get_json()["data"] == {"viewer": {"agreement": "AG-key"}}
    assert found[1] not in client.get("/account").get_data(as_text=True)


@pytest.mark.parametrize(
    ("kind", "there", "absent"),
    [("ordinary", "onHand", "warehouses"), ("key", "warehouses", "openOrders"), ("strategic", "openOrders", "zz")],
)
def test_the_schema_page_shows_ones_own_schema(
    app: Flask, company: Company, kind: str, there: str, absent: str
) -> None:
    text = browser(app, company, kind).get("/account/api").get_data(as_text=True)
    assert "type Query" in text
    assert there in text
    assert absent not in text


@pytest.mark.parametrize(("kind", "opens"), [("key", True), ("operator", True), ("auditor", False)])
def test_who_may_ask_freely_may_try_the_api(app: Flask, company: Company, kind: str, *, opens: bool) -> None:
    client = browser(app, company, kind)
    answer = client.get("/account/api/try")
    assert ('href="/account/api/try"' in client.get("/account/api").get_data(as_text=True)) is opens
    if opens:
        assert "font-src 'self' data:" in answer.headers["Content-Security-Policy"]
        assert 'data-endpoint="/graphql"' in answer.get_data(as_text=True)
    else:
        assert answer.location == "/account/api"
