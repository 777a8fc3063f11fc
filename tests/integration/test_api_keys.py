"""API keys: shown once, traded for tokens, cut down to their scopes, replaced and ended; and one's own calls."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from portal.kernel.actor import Actor
from portal.partners import api_keys
from portal.partners.api_keys import KeyDraft, KeyRefused, LabelUnfit, LifetimeUnfit, NoSuchKey, TooManyKeys
from portal.partners.model import Scope
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.desk import Desk, main_of
from support.goods import stock_up
from support.people import found_company, web_app

NAME = "{ viewer { name } }"
HOLD = """mutation { holdStock(input: {sku: "TEA-A", quantity: "1", neededOn: "2026-12-01", key: "k-1"}) {
    reservation { number } errors { code } } }"""


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


def made(desk: Desk, kind: str = "key", *, scope: str = "read", days: int = 30, label: str = "ERP poll") -> str:
    """Make a key by the page's form; returns its text, which the page shows."""
    page = desk.post(kind, "/account/keys", 200, label=label, scope=scope, days=str(days)).get_data(as_text=True)
    return re.search(r"tsk_[0-9a-f]{16}_[\w-]{43}", page)[0]  # type: ignore[index]


def traded(desk: Desk, key: object) -> Any:
    """Trade a key as a program does; returns the whole answer."""
    return desk.app.test_client().post("/api/token", json={"key": key})


def token_of(desk: Desk, key: str) -> str:
    answer = traded(desk, key)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(answer.get_json()["access_token"])


def asked(desk: Desk, token: str, query: str = NAME, *, operation: str | None = None) -> Any:
    body = {"query": query, "operationName": operation}
    return desk.app.test_client().post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})


def key_id(desk: Desk, kind: str = "key") -> str:
    """Return the id of the newest key on the page that can still be replaced."""
    return re.findall(r"/account/keys/([0-9a-f-]{36})/replace", desk.get(kind, "/account/keys"))[0]


def test_a_key_is_shown_once_and_opens_what_its_person_may_see(desk: Desk) -> None:
    key = made(desk)
    assert asked(desk, token_of(desk, key)).get_json()["data"]["viewer"]["name"] == "Name of key"
    page = desk.get("key", "/account/keys")
    assert key not in page
    assert key[4:20] in page
    stored = desk.connection.execute(text("SELECT * FROM api_key")).one()
    assert key[21:] not in repr(stored)


def test_a_trade_stands_in_the_list_as_the_last_use(desk: Desk) -> None:
    key = made(desk)
    assert "min ago" not in desk.get("key", "/account/keys")
    token_of(desk, key)
    desk.clock.advance(timedelta(minutes=3))
    assert "3 min ago" in desk.get("key", "/account/keys")


@pytest.mark.parametrize(
    "key",
    ["", "tsk_", "tsk_0123456789abcdef_" + "x" * 43, "tsk_\x00", "\ud800", "tsk_0123456789abcdef_" + "é" * 43],
)
def test_what_is_no_key_is_refused(desk: Desk, key: str) -> None:
    answer = traded(desk, key)
    assert answer.status_code == 401
    assert answer.get_json()["errors"][0]["extensions"]["code"] == "KEY_REFUSED"
    assert answer.get_json()["errors"][0]["message"] == "The API key is not one of ours, or it has ended."


@pytest.mark.parametrize("key", [None, 7, ["tsk"]])
def test_a_key_is_text(desk: Desk, key: object) -> None:
    assert traded(desk, key).get_json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_the_right_name_with_another_secret_is_refused(desk: Desk) -> None:
    key = made(desk)
    assert traded(desk, key[:-1] + ("A" if key[-1] != "A" else "B")).status_code == 401
    assert traded(desk, key).status_code == 200


def test_wrong_keys_are_throttled_and_a_good_one_is_not(desk: Desk) -> None:
    key = made(desk)
    answers = [traded(desk, "tsk_no").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    assert traded(desk, "tsk_no").headers["Retry-After"]
    assert traded(desk, key).status_code == 200


def test_a_key_for_reading_does_no_deed(desk: Desk) -> None:
    token = token_of(desk, made(desk))
    answer = asked(desk, token, HOLD)
    assert answer.status_code == 403
    [error] = answer.get_json()["errors"]
    assert error["extensions"]["code"] == "SCOPE_MISSING"
    assert desk.connection.scalar(text("SELECT count(*) FROM reservation")) == 0
    assert asked(desk, token).status_code == 200


def test_a_key_that_may_act_acts(desk: Desk) -> None:
    answer = asked(desk, token_of(desk, made(desk, scope="act")), HOLD).get_json()
    assert "errors" not in answer, answer
    assert desk.connection.scalar(text("SELECT count(*) FROM reservation")) == 1


def test_an_ended_key_ends_its_tokens_at_once_and_no_other(desk: Desk) -> None:
    kept, ended = made(desk, label="kept"), made(desk, label="ended")
    kept_token, ended_token = token_of(desk, kept), token_of(desk, ended)
    path = f"/account/keys/{key_id(desk)}/end"
    assert "End ended" in desk.get("key", path)
    assert desk.post("key", path).location == "/account/keys"
    page = desk.get("key", "/account/keys")
    assert "ended has ended. Programs that use it are refused from now on." in page
    assert traded(desk, ended).status_code == 401
    assert asked(desk, ended_token).get_json()["errors"][0]["extensions"]["code"] == "TOKEN_EXPIRED"
    assert asked(desk, kept_token).status_code == 200
    desk.post("key", path, 404)


def test_a_replaced_key_stays_good_for_a_day(desk: Desk) -> None:
    old = made(desk, scope="act", days=365)
    page = desk.post("key", f"/account/keys/{key_id(desk)}/replace", 200).get_data(as_text=True)
    fresh = re.search(r"tsk_[0-9a-f]{16}_[\w-]{43}", page)[0]  # type: ignore[index]
    assert fresh != old
    assert "The old key ends in a day." in page
    desk.clock.advance(timedelta(hours=23, minutes=59))
    assert (traded(desk, old).status_code, traded(desk, fresh).status_code) == (200, 200)
    desk.clock.advance(timedelta(minutes=1))
    assert (traded(desk, old).status_code, traded(desk, fresh).status_code) == (401, 200)
    rows = desk.connection.execute(text("SELECT days, scopes FROM api_key ORDER BY created_at")).all()
    assert [tuple(row) for row in rows] == [(365, ["act", "read"]), (365, ["act", "read"])]


def test_a_key_ends_with_its_time(desk: Desk) -> None:
    key = made(desk, days=30)
    desk.clock.advance(timedelta(days=29, hours=23, minutes=55))
    token = token_of(desk, key)
    desk.clock.advance(timedelta(minutes=5))
    assert traded(desk, key).status_code == 401
    assert asked(desk, token).status_code == 401


def test_signing_out_everywhere_ends_keys_too(desk: Desk) -> None:
    key = made(desk)
    desk.post("key", "/account/end-sessions")
    assert traded(desk, key).status_code == 401


def test_who_may_no_longer_sign_in_has_no_key(desk: Desk) -> None:
    key = made(desk)
    desk.connection.execute(text("UPDATE person SET active = FALSE WHERE email LIKE 'key@%'"))
    assert traded(desk, key).status_code == 401


def test_the_operator_ends_a_partners_keys_with_their_sessions(desk: Desk) -> None:
    key = made(desk)
    person = desk.connection.scalar(text("SELECT person_id FROM api_key"))
    desk.post("operator", f"/ops/partners/C2/people/{person}/end-sessions")
    assert traded(desk, key).status_code == 401


@pytest.mark.parametrize("kind", ["ordinary", "other_key", "strategic", "operator"])
def test_nobody_sees_replaces_or_ends_anothers_key(desk: Desk, kind: str) -> None:
    key = made(desk)
    mine = key_id(desk)
    assert key[4:20] not in desk.get(kind, "/account/keys")
    desk.get(kind, f"/account/keys/{mine}/end", 404)
    desk.post(kind, f"/account/keys/{mine}/end", 404)
    desk.post(kind, f"/account/keys/{mine}/replace", 404)
    assert traded(desk, key).status_code == 200


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"label": "  ", "days": "30"}, "Give the key a name of 1 to 60 characters"),
        ({"label": "x" * 61, "days": "30"}, "Give the key a name of 1 to 60 characters"),
        ({"label": "a\x07b", "days": "30"}, "Give the key a name of 1 to 60 characters"),
        ({"label": "poll", "days": "31"}, "Choose one of the lifetimes offered."),
        ({"label": "poll", "days": "many"}, "Choose one of the lifetimes offered."),
        ({"label": "poll"}, "Choose one of the lifetimes offered."),
    ],
)
def test_a_form_that_does_not_fit_comes_back(desk: Desk, form: dict[str, str], sentence: str) -> None:
    page = desk.post("key", "/account/keys", 422, scope="act", **form).get_data(as_text=True)
    assert sentence in page
    assert 'value="act" checked' in page
    assert desk.connection.scalar(text("SELECT count(*) FROM api_key")) == 0


def test_a_person_has_twenty_keys_at_most(desk: Desk) -> None:
    actor = Actor(org_id=desk.company.org_id, label="x", person_id=desk.company.people["key"])
    now = desk.clock.now()
    for number in range(api_keys.MOST_KEYS):
        draft = KeyDraft(label=f"k{number}", acts=False, days=30)
        api_keys.make(desk.connection, actor=actor, draft=draft, now=now)
    page = desk.post("key", "/account/keys", 422, label="one more", scope="read", days="30")
    assert "You have 20 keys that are good. End one first." in page.get_data(as_text=True)
    with pytest.raises(TooManyKeys):
        api_keys.make(desk.connection, actor=actor, draft=KeyDraft(label="x", acts=False, days=30), now=now)
    desk.clock.advance(timedelta(days=31))
    made(desk, label="again")


def test_the_rules_say_what_they_refuse(conn: Connection, now: datetime) -> None:
    company = found_company(conn, now=now)
    actor = Actor(org_id=company.org_id, label="x", person_id=company.people["key"])
    with pytest.raises(LabelUnfit):
        api_keys.make(conn, actor=actor, draft=KeyDraft(label="", acts=False, days=30), now=now)
    with pytest.raises(LifetimeUnfit):
        api_keys.make(conn, actor=actor, draft=KeyDraft(label="x", acts=False, days=1), now=now)
    with pytest.raises(NoSuchKey):
        api_keys.end(conn, actor=actor, key_id=company.org_id, now=now)
    with pytest.raises(KeyRefused):
        api_keys.open_key(conn, org_id=company.org_id, told="tsk_x", now=now)
    fresh = api_keys.make(conn, actor=actor, draft=KeyDraft(label=" a  b ", acts=True, days=90), now=now)
    assert (fresh.key.label, fresh.key.scopes, fresh.key.expires_at) == (
        "a b",
        set(Scope),
        now + timedelta(days=90),
    )
    opened = api_keys.open_key(conn, org_id=company.org_id, told=f" {fresh.text}\n", now=now)
    assert (opened.key_id, opened.person_id) == (fresh.key.id, actor.person_id)


def test_keys_that_ended_long_ago_leave_the_list(desk: Desk) -> None:
    made(desk, days=30, label="long gone")
    desk.clock.advance(timedelta(days=40))
    assert "long gone" in desk.get("key", "/account/keys")
    desk.clock.advance(timedelta(days=81))
    assert "No key yet" in desk.get("key", "/account/keys")


def test_ones_own_calls_are_listed_by_key_and_nobody_elses(desk: Desk) -> None:
    token = token_of(desk, made(desk))
    asked(desk, token, "query Mine { products { edges { node { sku } } } }", operation="Mine")
    asked(desk, token, HOLD)
    asked(
        desk,
        token_of(desk, made(desk, "other_key", label="theirs")),
        "query Theirs { viewer { name } }",
        operation="Theirs",
    )
    page = desk.get("key", "/account/calls")
    assert "Mine" in page
    assert "refused: scope_missing" in page
    assert page.count("ERP poll") == 2
    assert "Theirs" not in page
    file = desk.window("key").get("/account/calls.csv").get_data(as_text=True)
    assert [line.split(",")[2] for line in file.splitlines()] == ["Operation", "", "Mine"]
    assert "No call yet" in desk.get("ordinary", "/account/calls")


def test_calls_are_turned_page_by_page(desk: Desk) -> None:
    token = token_of(desk, made(desk, "operator"))
    for number in range(51):
        asked(desk, token, f"query N{number} {{ viewer {{ name }} }}", operation=f"N{number}")
    first, second = desk.get("operator", "/account/calls"), desk.get("operator", "/account/calls?page=2")
    assert ("N50" in first, "N0<" in first, "Older" in first, "Newer" in first) == (True, False, True, False)
    assert ("N50" in second, "N0<" in second, "Older" in second, "Newer" in second) == (False, True, False, True)
    assert main_of(desk.get("operator", "/account/calls?page=x")) == main_of(first)


def test_a_deed_names_its_key_in_the_log(desk: Desk) -> None:
    key = made(desk, scope="act", label="orders")
    asked(desk, token_of(desk, key), HOLD)
    assert "done: holdStock" in desk.get("key", "/account/calls")
    log = desk.get("operator", "/ops/audit")
    assert f"key {key[4:20]}" in log
    assert "API key made" in log


def test_who_has_no_schema_is_told_so(desk: Desk) -> None:
    assert "Nothing is open to your programs today" in desk.get("auditor", "/account/keys")
    assert "仅读取" in desk.window("key").get("/account/keys", headers={"Accept-Language": "zh"}).get_data(
        as_text=True
    )


def test_a_key_is_looked_at_where_nothing_can_be_written(fresh_database_url: str, now: datetime) -> None:
    database = Database(fresh_database_url)
    with database.transaction() as connection:
        company = found_company(connection, now=now)
        actor = Actor(org_id=company.org_id, label="x", person_id=company.people["key"])
        fresh = api_keys.make(connection, actor=actor, draft=KeyDraft(label="x", acts=False, days=30), now=now)
    with database.reading() as connection:
        assert api_keys.key_of(connection, actor=actor, key_id=fresh.key.id, now=now) == fresh.key
        assert api_keys.keys_of(connection, actor=actor, now=now) == (fresh.key,)
    database.close()
