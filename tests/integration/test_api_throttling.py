"""A firm's programs ask for so much in a short time and no more; who asks too much reads nothing."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal import wiring
from portal.partners.bucket import Bucket
from portal.partners.throttle import settle
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import BadSetting, Settings
from portal.platform.db import Database, DatabaseSilent
from portal.platform.services import Services
from support.api import ask, bearer, codes, data
from support.goods import stock_up
from support.people import Company, browser, csrf_token, found_company

PAGE = "{ products(first: 10) { edges { node { sku } } } }"  # 1 + 10 + 10 + 10
COST = 31


def portal(database: Database, home: Path, clock: HandClock, buckets: str) -> Flask:
    settings = Settings(home=home, default_language="en", api_buckets=buckets, trusted_only="")
    app = wiring.build_web(Services(settings=settings, database=database, clock=clock, bus=Bus()))
    app.testing = True
    return app


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return portal(database, tmp_path, clock, "key=100/10 ordinary=62/10 supplier=1/1")


def entries(conn: Connection) -> int:
    return int(conn.execute(text("SELECT count(*) FROM audit_entry")).scalar_one())


def left(answer: TestResponse) -> Any:
    return answer.get_json()["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]


def test_every_answer_tells_its_cost_and_what_is_left(app: Flask, company: Company, clock: HandClock) -> None:
    assert ask(app, company, "key", PAGE).get_json()["extensions"] == {
        "cost": {
            "requestedQueryCost": 31,
            "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 69, "restoreRate": 10},
        }
    }
    # Not compiled: 1 + 10 + 10 + 10 + 10
    assert left(ask(app, company, "key", PAGE.replace("sku", "units { code }"))) == 69 - 41
    clock.advance(timedelta(seconds=1))
    assert left(ask(app, company, "key", "{ asOf }")) == 69 - 41 + 10 - 1


def test_who_asks_too_much_is_told_when_to_come_back_and_reads_nothing(
    app: Flask, company: Company, conn: Connection, clock: HandClock
) -> None:
    for _ in range(3):
        data(ask(app, company, "key", PAGE))
    before = entries(conn)
    answer = ask(app, company, "key", PAGE)
    # 93 are in; 31 more fit when 24 have drained, 10 a second.
    assert (answer.status_code, codes(answer), answer.headers["Retry-After"]) == (429, ["THROTTLED"], "3")
    assert "data" not in answer.get_json()
    assert answer.get_json()["errors"][0]["extensions"]["values"] == {
        "cost": 31,
        "available": 7,
        "retry_after_s": 3,
    }
    assert answer.get_json()["extensions"]["cost"] == {
        "requestedQueryCost": 31,
        "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 7, "restoreRate": 10},
    }
    assert entries(conn) == before
    # A smaller request fits meanwhile, and what was refused poured nothing.
    assert left(ask(app, company, "key", "{ asOf }")) == 6
    clock.advance(timedelta(seconds=3))
    assert left(ask(app, company, "key", PAGE)) == 6 + 30 - 31


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en-US", "Your programs have asked for much in a short time. Send this again in 3 seconds."),
        ("zh-CN", "贵方程序短时间内查询过多，请在 3 秒后重发此请求。"),
    ],
)
def test_the_refusal_is_in_the_readers_language(app: Flask, company: Company, language: str, message: str) -> None:
    headers = {"Authorization": f"Bearer {bearer(app, company, 'key')}", "Accept-Language": language}
    for _ in range(3):
        app.test_client().post("/graphql", json={"query": PAGE}, headers=headers)
    answer = app.test_client().post("/graphql", json={"query": PAGE}, headers=headers)
    assert answer.get_json()["errors"][0]["message"] == message


def test_a_deed_beyond_the_bucket_is_not_done(app: Flask, company: Company, conn: Connection) -> None:
    hold = (
        'mutation { holdStock(input: {sku: "TEA-A", quantity: "1", neededOn: "2026-12-03", key: "K"})'
        " { reservation { id } errors { code } } }"
    )
    for _ in range(3):
        data(ask(app, company, "key", PAGE))
    data(ask(app, company, "key", "{ viewer { name role tier agreement } }"))  # 5 of the 7 left
    assert codes(ask(app, company, "key", hold)) == ["THROTTLED"]
    assert conn.execute(text("SELECT count(*) FROM reservation")).scalar_one() == 0


def test_what_can_never_fit_is_refused_as_too_large(app: Flask, company: Company) -> None:
    answer = ask(app, company, "ordinary", PAGE.replace("10", "21"))  # 1 + 3 * 21
    assert (answer.status_code, codes(answer)) == (400, ["QUERY_TOO_LARGE"])
    assert answer.get_json()["errors"][0]["extensions"]["values"] == {"what": "cost", "most": 62}
    assert left(ask(app, company, "ordinary", PAGE)) == 31


def test_what_does_not_fit_the_schema_costs_nothing(app: Flask, company: Company) -> None:
    ask(app, company, "key", "{ nothing }")
    assert left(ask(app, company, "key", "{ asOf }")) == 99


def test_two_firms_do_not_share_a_bucket(app: Flask, company: Company) -> None:
    for _ in range(3):
        data(ask(app, company, "key", PAGE))
    assert codes(ask(app, company, "key", PAGE)) == ["THROTTLED"]
    assert left(ask(app, company, "other_key", PAGE)) == 69


def test_pages_and_programs_of_a_firm_share_one(app: Flask, company: Company) -> None:
    data(ask(app, company, "key", PAGE))
    client = browser(app, company, "key")
    headers = {"X-CSRF-Token": csrf_token(app, client), "Origin": "http://localhost"}
    assert left(client.post("/graphql", json={"query": PAGE}, headers=headers)) == 38


def test_a_supplier_has_one_too(app: Flask, company: Company) -> None:
    assert left(ask(app, company, "supplier", "{ asOf }")) == 0
    assert codes(ask(app, company, "supplier", "{ asOf }")) == ["THROTTLED"]


def test_the_hosts_staff_have_none_and_do_not_empty_a_customers(app: Flask, company: Company) -> None:
    for _ in range(5):
        answer = ask(app, company, "operator", PAGE)
        assert answer.get_json()["extensions"] == {"cost": {"requestedQueryCost": 31}}
    client = browser(app, company, "operator")
    token = csrf_token(app, client)
    assert client.post("/ops/partners/C2/view-as", data={"csrf_token": token}).status_code == 303
    headers = {"X-CSRF-Token": csrf_token(app, client), "Origin": "http://localhost"}
    looked = client.post("/graphql", json={"query": PAGE}, headers=headers)
    assert looked.get_json()["data"]["products"]["edges"][0] == {"node": {"sku": "TEA-A"}}
    assert looked.get_json()["extensions"] == {"cost": {"requestedQueryCost": 31}}
    assert left(ask(app, company, "key", PAGE)) == 69


@pytest.mark.parametrize(("kind", "code"), [("anonymous", 401), ("auditor", 403), ("lapsed", 403)])
def test_who_may_not_ask_pours_nothing(
    app: Flask, company: Company, conn: Connection, kind: str, code: int
) -> None:
    assert ask(app, company, kind, PAGE).status_code == code
    assert conn.execute(text("SELECT count(*) FROM api_bucket")).scalar_one() == 0


def test_a_restart_keeps_the_level(
    app: Flask, company: Company, database: Database, tmp_path: Path, clock: HandClock
) -> None:
    assert left(ask(app, company, "key", PAGE)) == 69
    again = portal(database, tmp_path, clock, "key=100/10")
    assert left(ask(again, company, "key", PAGE)) == 38


def test_a_setting_that_cannot_be_read_stops_the_start(
    database: Database, tmp_path: Path, clock: HandClock
) -> None:
    with pytest.raises(BadSetting):
        portal(database, tmp_path, clock, "key=many")


def test_a_level_that_cannot_be_settled_lets_nothing_through(
    app: Flask, company: Company, conn: Connection
) -> None:
    conn.execute(text("ALTER TABLE api_bucket RENAME TO gone"))
    answer = ask(app, company, "key", PAGE)
    assert (answer.status_code, codes(answer)) == (503, ["DATABASE_SILENT"])
    assert "data" not in answer.get_json()


class TestManyAtOnce:
    ASKERS, REQUESTS = 8, 60

    @pytest.fixture
    def durable(self, fresh_database_url: str) -> Iterator[Database]:
        database = Database(fresh_database_url, pool_size=self.ASKERS)
        yield database
        database.close()

    def test_requests_at_once_never_pass_what_the_bucket_holds_and_what_drained(
        self, durable: Database, tmp_path: Path, clock: HandClock, now: datetime
    ) -> None:
        with durable.transaction() as connection:
            company = found_company(connection, now=now)
            stock_up(connection, company, now=now)
        # Two portals, as two processes would be.
        apps = [portal(durable, tmp_path, clock, "key=310/31") for _ in range(2)]
        headers = {
            "Authorization": f"Bearer {bearer(apps[0], company, 'key')}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"query": PAGE})

        def one(number: int) -> int:
            client = apps[number % 2].test_client(use_cookies=False)
            return client.post("/graphql", data=body, headers=headers).status_code

        def round_of_requests() -> list[int]:
            with ThreadPoolExecutor(self.ASKERS) as pool:
                return sorted(pool.map(one, range(self.REQUESTS)))

        assert round_of_requests() == [200] * 10 + [429] * 50
        clock.advance(timedelta(seconds=3))
        assert round_of_requests() == [200] * 3 + [429] * 57
        with durable.reading() as connection:
            level = connection.execute(text("SELECT level FROM api_bucket")).scalar_one()
            reads = connection.execute(
                text("SELECT count(*) FROM audit_entry WHERE what = 'api.graphql'")
            ).scalar_one()
        assert (level, reads) == (310_000_000, 13)

    def test_a_first_request_that_is_overtaken_by_others_that_filled_the_bucket_is_refused(
        self, durable: Database, now: datetime
    ) -> None:
        with durable.transaction() as connection:
            company = found_company(connection, now=now)
        bucket = Bucket(capacity=10, restore_rate=1)

        def one(_number: int) -> bool:
            return settle(
                durable,
                org_id=company.org_id,
                partner_id=company.partners["key"],
                bucket=bucket,
                cost=10,
                now=now,
            ).fits

        with ThreadPoolExecutor(self.ASKERS) as pool:
            assert sorted(pool.map(one, range(self.ASKERS))) == [False] * 7 + [True]


def test_a_database_that_does_not_answer_settles_nothing(now: datetime, company: Company) -> None:
    nobody = Database("postgresql://tally:x@127.0.0.1:1/none")
    with pytest.raises(DatabaseSilent):
        settle(
            nobody,
            org_id=company.org_id,
            partner_id=company.partners["key"],
            bucket=Bucket(10, 1),
            cost=1,
            now=now,
        )
    nobody.close()
