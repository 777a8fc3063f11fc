"""Signing in and out through the HTML door."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, update

from portal.partners.store import person_table, sign_in_try_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.people import PASSWORD, Company, browser, csrf_token, found_company, web_app


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str):  # noqa: ANN201
    page = client.get("/login").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    token = found[1] if found else csrf_token(client.application, client)
    return client.post("/login", data={"email": email, "password": password, "csrf_token": token, **more})


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("ordinary", "/inventory"),
        ("supplier", "/vmi"),
        ("auditor", "/passports"),
        ("operator", "/ops"),
    ],
)
def test_each_role_arrives_on_its_first_page(app: Flask, kind: str, page: str) -> None:
    answer = sign_in(app.test_client(), f"{kind}@example.com")
    assert (answer.status_code, answer.location) == (303, page)


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(app: Flask) -> None:
    cookies = sign_in(app.test_client(), "operator@example.com").headers.getlist("Set-Cookie")
    [cookie] = [one for one in cookies if one.startswith("tally=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_wrong_password_and_an_unknown_e_mail_get_the_same_answer(app: Flask) -> None:
    client = app.test_client()
    wrong = sign_in(client, "operator@example.com", "not the password")
    unknown = sign_in(client, "nobody@example.com")
    not_one = sign_in(client, "no address")
    assert [one.status_code for one in (wrong, unknown, not_one)] == [401, 401, 401]
    for answer in (wrong, unknown, not_one):
        text = answer.get_data(as_text=True)
        assert "E-mail and password do not belong together." in text
        assert 'value="no' not in text or "password" not in text.split('value="no')[0][-60:]


def test_the_typed_e_mail_is_kept_and_the_password_is_not(app: Flask) -> None:
    text = sign_in(app.test_client(), "operator@example.com", "secret-typed").get_data(as_text=True)
    assert 'value="operator@example.com"' in text
    assert "secret-typed" not in text


def test_somebody_who_is_no_longer_active_cannot_sign_in(app: Flask, conn: Connection) -> None:
    conn.execute(update(person_table).values(active=False))
    assert sign_in(app.test_client(), "operator@example.com").status_code == 401


def test_without_a_csrf_token_nobody_signs_in(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/login", data={"email": "operator@example.com", "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("/account", "/account"),
        ("/inventory?page=2", "/inventory?page=2"),
        ("https://evil.example/", "/ops"),
        ("//evil.example/", "/ops"),
        ("/\\evil.example", "/ops"),
        ("/login?next=/x", "/ops"),
        ("/logout", "/ops"),
        ("", "/ops"),
    ],
)
def test_only_paths_of_this_site_are_gone_on_to(app: Flask, target: str, page: str) -> None:
    assert sign_in(app.test_client(), "operator@example.com", next=target).location == page


def test_a_stranger_is_sent_to_sign_in_and_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/account?x=1")
    assert (answer.status_code, answer.location) == (302, "/login?next=%2Faccount%3Fx%3D1")
    assert 'name="next" value="/account?x=1"' in client.get(answer.location).get_data(as_text=True)


def test_a_strangers_program_gets_401_not_a_page(app: Flask) -> None:
    answer = app.test_client().get("/account", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_who_is_signed_in_is_sent_on_from_the_doors(app: Flask, company: Company) -> None:
    client = browser(app, company, "supplier")
    assert client.get("/").location == "/vmi"
    assert client.get("/login").location == "/vmi"
    assert client.get("/login?next=/account").location == "/account"


def test_signing_out_ends_the_session_and_needs_a_post(app: Flask, company: Company) -> None:
    client = browser(app, company, "operator")
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 400
    assert client.get("/account").status_code == 200
    answer = client.post("/logout", data={"csrf_token": csrf_token(app, client)})
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/account").status_code == 302


def test_the_ninth_try_within_a_quarter_of_an_hour_is_refused_even_with_the_right_password(
    app: Flask, conn: Connection, clock: HandClock
) -> None:
    client = app.test_client()
    for _ in range(8):
        assert sign_in(client, "Operator@example.com", "wrong-wrong").status_code == 401
    clock.advance(timedelta(minutes=5))
    refused = sign_in(client, "operator@example.com")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert "Too many tries. Try again in 10 minutes." in refused.get_data(as_text=True)
    assert sign_in(client, "supplier@example.com").status_code == 303
    clock.advance(timedelta(minutes=10))
    assert sign_in(app.test_client(), "operator@example.com").status_code == 303
    # Counts are kept under hashes: neither e-mails nor addresses can be read from them.
    assert {len(key) for key in conn.scalars(select(sign_in_try_table.c.key))} == {32}


def test_ending_all_sessions_ends_them_at_once(app: Flask, company: Company) -> None:
    phone, desk = browser(app, company, "key"), browser(app, company, "key")
    assert phone.get("/account").status_code == 200
    answer = desk.post("/account/end-sessions", data={"csrf_token": csrf_token(app, desk)})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert phone.get("/account").status_code == 302
    assert desk.get("/account").status_code == 302


@pytest.mark.parametrize("stored", ["nonsense", "01900000-0000-7000-8000-00000000ffff.1", ""])
def test_a_session_of_nobody_is_no_session(app: Flask, stored: str) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = stored
    assert client.get("/account").status_code == 302


def test_the_persons_language_wins_over_the_browsers_and_is_remembered(
    app: Flask, company: Company, conn: Connection
) -> None:
    client = browser(app, company, "key")
    text = client.get("/account", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="en">' in text
    assert "Kestrel" in text
    client.get("/lang?to=zh&next=/account")
    stored = conn.scalar(select(person_table.c.language).where(person_table.c.id == company.people["key"]))
    assert stored == "zh"
    text = client.get("/account", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="zh-CN">' in text
    assert "茶隼" in text


def test_a_strangers_language_is_remembered_in_the_cookie_only(app: Flask, conn: Connection) -> None:
    assert app.test_client().get("/lang?to=zh").status_code == 303
    assert conn.scalars(select(person_table.c.language).distinct()).all() == [None]


class TestDemo:
    LOGINS = (
        {"role": "operator", "tier": "", "email": "operator@example.com", "password": "abcd-efgh"},
        {"role": "customer", "tier": "key", "email": "key@example.com", "password": "jkmn-pqrs"},
    )

    @pytest.fixture
    def demo(self, app: Flask, conn: Connection, now: datetime, tmp_path: Path) -> Flask:
        from portal.partners import service  # noqa: PLC0415 - beside its only use

        service.save_company(conn, name_zh="演示", name_en="Demo", is_demo=True, now=now)
        (tmp_path / "demo-logins.json").write_text(json.dumps(self.LOGINS))
        return app

    def test_a_demo_lists_its_logins_without_passwords(self, demo: Flask) -> None:
        text = demo.test_client().get("/").get_data(as_text=True)
        assert "key@example.com" in text
        assert "/login?as=key%40example.com" in text
        assert "jkmn-pqrs" not in text

    def test_one_click_fills_the_form(self, demo: Flask) -> None:
        text = demo.test_client().get("/login?as=key@example.com").get_data(as_text=True)
        assert 'value="key@example.com"' in text
        assert 'value="jkmn-pqrs"' in text
        assert "abcd-efgh" not in text

    def test_an_unknown_login_fills_nothing(self, demo: Flask) -> None:
        text = demo.test_client().get("/login?as=nobody@example.com").get_data(as_text=True)
        assert 'name="password" type="password" value=""' in text

    def test_a_real_company_never_shows_logins_even_with_the_file_there(self, app: Flask, tmp_path: Path) -> None:
        (tmp_path / "demo-logins.json").write_text(json.dumps(self.LOGINS))
        assert "key@example.com" not in app.test_client().get("/login").get_data(as_text=True)


def test_an_empty_portal_says_so(database: Database, tmp_path: Path, clock: HandClock) -> None:
    client = web_app(database, home=tmp_path, clock=clock).test_client()
    assert client.get("/").status_code == 200
    answer = sign_in(client, "operator@example.com")
    assert answer.status_code == 404
    assert "The portal is empty" in answer.get_data(as_text=True)
    with client.session_transaction() as session:
        session["_user_id"] = "01900000-0000-7000-8000-00000000ffff.1"
    assert client.get("/account").status_code == 302
