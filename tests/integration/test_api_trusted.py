"""Trusted documents: asked for by identifier, by the tiers they are for, and kept by whoever asked."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal import wiring
from portal.partners.trusted import identifier_of
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import BadSetting, Settings
from portal.platform.db import Database
from portal.platform.packaged import graphql_file
from portal.platform.services import Services
from support.api import ask, bearer, codes, data
from support.goods import stock_up
from support.people import Company, browser, csrf_token, found_company

STRICT = "application/graphql-response+json"


def source(name: str) -> str:
    return graphql_file(f"trusted/{name}.graphql")


def identifier(name: str) -> str:
    return identifier_of(source(name))


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return company


def portal(database: Database, home: Path, clock: HandClock, **settings: Any) -> Flask:
    told = Settings(home=home, default_language="en", **settings)
    app = wiring.build_web(Services(settings=told, database=database, clock=clock, bus=Bus()))
    app.testing = True
    return app


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return portal(database, tmp_path, clock)


def send(app: Flask, company: Company, kind: str, body: dict[str, Any], **headers: str) -> TestResponse:
    if kind != "anonymous":
        headers["Authorization"] = f"Bearer {bearer(app, company, kind)}"
    return app.test_client(use_cookies=False).post("/graphql", json=body, headers={"Accept": STRICT} | headers)


def fetch(app: Flask, company: Company, kind: str, told: dict[str, str], **headers: str) -> TestResponse:
    if kind != "anonymous":
        headers["Authorization"] = f"Bearer {bearer(app, company, kind)}"
    client = app.test_client(use_cookies=False)
    return client.get("/graphql", query_string=told, headers={"Accept": STRICT} | headers)


def test_a_document_is_asked_for_by_its_identifier_with_variables(app: Flask, company: Company) -> None:
    body = {"documentId": identifier("availability"), "variables": {"first": 1}, "operationName": "Availability"}
    told = data(send(app, company, "ordinary", body))
    assert [edge["node"]["sku"] for edge in told["products"]["edges"]] == ["TEA-A"]
    assert told["products"]["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize("kind", ["ordinary", "key", "strategic", "supplier", "operator"])
def test_every_audience_has_a_document_that_says_who_it_is(app: Flask, company: Company, kind: str) -> None:
    told = data(send(app, company, kind, {"documentId": identifier("who")}))
    assert told["viewer"]["name"] == f"Name of {kind}"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("anonymous", 401, "NOT_SIGNED_IN"),
        ("auditor", 403, "NO_SCHEMA"),
        ("lapsed", 403, "NO_AGREEMENT"),
        ("supplier", 400, "PERSISTED_DOCUMENT_NOT_FOUND"),
        ("ordinary", 400, "PERSISTED_DOCUMENT_NOT_FOUND"),
    ],
)
def test_whoever_a_document_is_not_for_has_none_of_that_identifier(
    app: Flask, company: Company, conn: Connection, kind: str, status: int, code: str
) -> None:
    for answer in (
        send(app, company, kind, {"documentId": identifier("key")}),
        fetch(app, company, kind, {"documentId": identifier("key")}),
    ):
        assert (answer.status_code, codes(answer)) == (status, [code])
        assert "data" not in answer.get_json()
    assert conn.execute(text("SELECT count(*) FROM api_bucket")).scalar_one() == 0


@pytest.mark.parametrize("kind", ["key", "other_key", "strategic", "operator"])
def test_whoever_it_is_for_is_answered_their_own(app: Flask, company: Company, kind: str) -> None:
    told = data(send(app, company, kind, {"documentId": identifier("key")}))
    assert told["viewer"]["name"] == f"Name of {kind}"
    assert "warehouses" in told["products"]["edges"][0]["node"]


@pytest.mark.parametrize("unknown", ["sha256:" + "0" * 64, "0" * 64, "md5:x", ""])
def test_an_unknown_identifier_is_one_error(app: Flask, company: Company, unknown: str) -> None:
    answer = send(app, company, "key", {"documentId": unknown})
    assert (answer.status_code, codes(answer)) == (400, ["PERSISTED_DOCUMENT_NOT_FOUND"])


@pytest.mark.parametrize("body", [{"documentId": 7}, {"documentId": "x", "query": "{ asOf }"}])
def test_an_identifier_is_text_and_stands_alone(app: Flask, company: Company, body: dict[str, Any]) -> None:
    answer = send(app, company, "key", body)
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


class TestTrustedOnly:
    def test_an_ordinary_customers_program_sends_trusted_documents_only(
        self, app: Flask, company: Company, conn: Connection
    ) -> None:
        for query in ("{ asOf }", "{", source("key"), source("who") + " "):
            answer = ask(app, company, "ordinary", query)
            assert (answer.status_code, codes(answer)) == (403, ["TRUSTED_DOCUMENTS_ONLY"])
            assert "data" not in answer.get_json()
        assert conn.execute(text("SELECT count(*) FROM api_bucket")).scalar_one() == 0

    def test_its_pages_do_so_too(self, app: Flask, company: Company) -> None:
        client = browser(app, company, "ordinary")
        headers = {"X-CSRF-Token": csrf_token(app, client), "Origin": "http://localhost"}
        assert codes(client.post("/graphql", json={"query": "{ asOf }"}, headers=headers)) == [
            "TRUSTED_DOCUMENTS_ONLY"
        ]
        answer = client.post("/graphql", json={"documentId": identifier("who")}, headers=headers)
        assert data(answer)["viewer"]["tier"] == "ordinary"

    def test_a_trusted_document_may_be_sent_in_full(self, app: Flask, company: Company) -> None:
        assert data(ask(app, company, "ordinary", source("who")))["viewer"]["tier"] == "ordinary"

    def test_graphiql_is_for_those_who_may_ask_freely(self, app: Flask, company: Company) -> None:
        client = browser(app, company, "ordinary")
        assert client.get("/account/api/try").location == "/account/api"
        assert "/account/api/try" not in client.get("/account/api").get_data(as_text=True)

    @pytest.mark.parametrize("kind", ["key", "strategic", "supplier", "operator"])
    def test_others_send_what_they_like(self, app: Flask, company: Company, kind: str) -> None:
        assert list(data(ask(app, company, kind, "{ asOf }"))) == ["asOf"]

    @pytest.mark.parametrize(("only", "refused"), [("", []), ("key supplier", ["key", "supplier"])])
    def test_the_host_decides_which_tiers(
        self,
        company: Company,
        database: Database,
        tmp_path: Path,
        clock: HandClock,
        only: str,
        refused: list[str],
    ) -> None:
        app = portal(database, tmp_path, clock, trusted_only=only)
        kinds = ["ordinary", "key", "strategic", "supplier", "operator"]
        assert [kind for kind in kinds if ask(app, company, kind, "{ asOf }").status_code == 403] == refused

    @pytest.mark.parametrize(
        ("language", "message"),
        [
            (
                "en",
                (
                    "Your tier asks by the id of a trusted document: send documentId, /account/api lists yours."
                    " Your contact at the host company can add one, or open other queries to you."
                ),
            ),
            (
                "zh-CN",
                (
                    "贵方等级只能按可信文档的编号查询：请发送 documentId，可用文档见 /account/api。"
                    "如需增加文档或开放其他查询，请联系主办公司。"
                ),
            ),
        ],
    )
    def test_the_refusal_names_the_way_out(
        self, app: Flask, company: Company, language: str, message: str
    ) -> None:
        answer = send(app, company, "ordinary", {"query": "{ asOf }"}, **{"Accept-Language": language})
        assert answer.get_json()["errors"][0]["message"] == message


class TestTheHostsOwn:
    def test_a_document_in_the_home_folder_is_trusted(
        self, company: Company, database: Database, tmp_path: Path, clock: HandClock
    ) -> None:
        own = "# For ordinary: The hour.\n{ asOf }\n"
        (tmp_path / "trusted").mkdir()
        (tmp_path / "trusted" / "who.graphql").write_text(own, "utf-8")
        app = portal(database, tmp_path, clock)
        body = {"documentId": identifier_of(own)}
        assert data(send(app, company, "ordinary", body)) == {"asOf": "2026-11-23T10:24:00+08:00"}
        assert codes(send(app, company, "key", body)) == ["PERSISTED_DOCUMENT_NOT_FOUND"]
        # One of ours of the same name stays.
        assert "viewer" in data(send(app, company, "ordinary", {"documentId": identifier("who")}))

    @pytest.mark.parametrize("own", ["{ asOf }", "# For everybody: The hour.\n{ asOf }", "# For: x\n{ asOf }"])
    def test_one_that_does_not_say_whose_it_is_stops_the_start(
        self, database: Database, tmp_path: Path, clock: HandClock, own: str
    ) -> None:
        (tmp_path / "trusted").mkdir()
        (tmp_path / "trusted" / "hour.graphql").write_text(own, "utf-8")
        with pytest.raises(BadSetting, match=r"hour\.graphql"):
            portal(database, tmp_path, clock)

    def test_a_tier_there_is_not_stops_the_start(
        self, database: Database, tmp_path: Path, clock: HandClock
    ) -> None:
        with pytest.raises(BadSetting, match="TALLY_TRUSTED_ONLY='gold': 'gold' is not a valid Audience"):
            portal(database, tmp_path, clock, trusted_only="gold")


class TestGet:
    def test_an_answer_can_be_kept_and_is_left_out_while_it_holds(
        self, app: Flask, company: Company, conn: Connection, clock: HandClock
    ) -> None:
        told = {"documentId": identifier("availability"), "variables": '{"first":1}'}
        first = fetch(app, company, "ordinary", told)
        assert [edge["node"]["sku"] for edge in data(first)["products"]["edges"]] == ["TEA-A"]
        assert first.headers["Cache-Control"] == "private, no-cache"
        assert {"Accept", "Authorization"} <= set(first.headers["Vary"].split(", "))
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        clock.advance(timedelta(seconds=1))
        before = conn.execute(text("SELECT count(*) FROM audit_entry")).scalar_one()
        again = fetch(app, company, "ordinary", told, **{"If-None-Match": tag})
        assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
        # That nothing changed is told, too, and costs as much.
        entry = conn.execute(text("SELECT kind, what, details FROM audit_entry ORDER BY seq DESC LIMIT 1")).one()
        assert tuple(entry) == ("read", "api.graphql", {"rows": 1})
        assert conn.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == before + 1
        # TEA-A is promised less.
        conn.execute(text("UPDATE stock_balance SET on_hand = on_hand - 1 WHERE on_hand > 1"))
        conn.execute(
            text("UPDATE stock_summary SET physical = physical - 1, usable = usable - 1 WHERE usable > 1")
        )
        changed = fetch(app, company, "ordinary", told, **{"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag

    def test_what_is_not_compiled_can_be_kept_as_well(self, app: Flask, company: Company) -> None:
        told = {"documentId": identifier("reservations")}
        first = fetch(app, company, "key", told)
        assert data(first)["reservations"]["edges"] == []
        again = fetch(app, company, "key", told, **{"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304

    def test_an_answer_with_an_error_is_not_kept(self, app: Flask, company: Company) -> None:
        answer = fetch(app, company, "key", {"documentId": identifier("product"), "variables": '{"sku":"NEVER"}'})
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
        assert len(answer.get_json()["errors"]) == 1

    def test_nothing_is_done_by_get(self, app: Flask, company: Company, conn: Connection) -> None:
        wish = '{"input":{"sku":"TEA-A","quantity":"1","neededOn":"2026-12-03","key":"K"}}'
        answer = fetch(app, company, "key", {"documentId": identifier("hold"), "variables": wish})
        assert (answer.status_code, codes(answer), answer.headers["Allow"]) == (405, ["DEED_BY_GET"], "POST")
        assert conn.execute(text("SELECT count(*) FROM reservation")).scalar_one() == 0
        assert conn.execute(text("SELECT count(*) FROM api_bucket")).scalar_one() == 0

    def test_a_query_is_not_sent_by_get(self, app: Flask, company: Company) -> None:
        answer = fetch(app, company, "key", {"query": "{ asOf }"})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        answer = fetch(app, company, "key", {"query": "{ asOf }", "documentId": identifier("who")})
        assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])

    @pytest.mark.parametrize(
        "more", [{"variables": "{"}, {"variables": "[]"}, {"variables": "7"}, {"extensions": "x"}]
    )
    def test_parameters_of_another_kind_are_400(self, app: Flask, company: Company, more: dict[str, str]) -> None:
        answer = fetch(app, company, "key", {"documentId": identifier("who"), **more})
        assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])

    def test_an_empty_operation_name_is_none(self, app: Flask, company: Company) -> None:
        answer = fetch(app, company, "key", {"documentId": identifier("who"), "operationName": ""})
        assert data(answer)["viewer"]["tier"] == "key"

    def test_a_cookie_opens_nothing_by_get(self, app: Flask, company: Company) -> None:
        answer = browser(app, company, "key").get("/graphql", query_string={"documentId": identifier("who")})
        assert (answer.status_code, codes(answer)) == (401, ["NOT_SIGNED_IN"])

    def test_another_firm_with_the_first_ones_tag_is_answered_its_own(self, app: Flask, company: Company) -> None:
        told = {"documentId": identifier("who")}
        tag = fetch(app, company, "key", told).headers["ETag"]
        answer = fetch(app, company, "other_key", told, **{"If-None-Match": tag})
        assert data(answer)["viewer"]["name"] == "Name of other_key"


def test_stock_is_held_confirmed_and_let_go_by_documents(app: Flask, company: Company) -> None:
    wish = {"sku": "TEA-A", "quantity": "1", "neededOn": "2026-12-03", "key": "K-1"}
    held = data(send(app, company, "ordinary", {"documentId": identifier("hold"), "variables": {"input": wish}}))[
        "holdStock"
    ]
    assert held["errors"] == []
    which = {"input": {"id": held["reservation"]["id"]}}
    for name, field, state in (
        ("confirm", "confirmReservation", "CONFIRMED"),
        ("release", "releaseReservation", "RELEASED"),
    ):
        told = data(send(app, company, "ordinary", {"documentId": identifier(name), "variables": which}))[field]
        assert (told["reservation"] or {}).get("state", "") == state or told["errors"], told
    listed = data(send(app, company, "ordinary", {"documentId": identifier("reservations")}))
    assert [edge["node"]["number"] for edge in listed["reservations"]["edges"]] == [held["reservation"]["number"]]


@pytest.mark.parametrize("kind", ["ordinary", "key"])
def test_the_account_lists_the_documents_and_tries_one(app: Flask, company: Company, kind: str) -> None:
    client = browser(app, company, kind)
    page = client.get("/account/api").get_data(as_text=True)
    assert identifier("availability") in page
    assert (identifier("key") in page) is (kind == "key")
    assert ("Your tier asks for these only." in page) is (kind == "ordinary")
    account = client.post("/account/token", data={"csrf_token": csrf_token(app, client)})
    assert identifier("who") in account.get_data(as_text=True)
