"""One query gives the three states of stock, and each tier what is theirs."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from structlog.testing import capture_logs

from portal.api.compile.plans import Asked, Known, Plans
from portal.api.cursors import cursor_in_sql, to_cursor
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.platform.lanes import Statement
from portal.platform.packaged import graphql_file
from support.api import ask, codes, data
from support.goods import stock_up
from support.people import Company, found_company, web_app


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return company


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


THREE = """{ products { totalCount edges { node {
    sku gtin unit name { zh en } onHand { value unit } inTransit { quantity { value } nextDue }
    availableToPromise { quantity { value } promises { from quantity { value } } } } } } }"""


def products(app: Flask, company: Company, kind: str, query: str = THREE) -> dict[str, Any]:
    rows = data(ask(app, company, kind, query))["products"]["edges"]
    return {row["node"]["sku"]: row["node"] for row in rows}


def test_one_query_gives_all_three_states_with_dates(app: Flask, company: Company) -> None:
    rows = products(app, company, "ordinary")
    # 147 lie there, 30 of them are promised to somebody else; the receipt of 1 December adds 60.
    assert rows["TEA-A"] == {
        "sku": "TEA-A",
        "gtin": "09520123456788",
        "unit": "C62",
        "name": {"zh": "白牡丹", "en": "White peony"},
        "onHand": {"value": "117", "unit": "C62"},
        "inTransit": {"quantity": {"value": "60"}, "nextDue": "2026-12-01"},
        "availableToPromise": {
            "quantity": {"value": "117"},
            "promises": [
                {"from": "2026-11-23", "quantity": {"value": "117"}},
                {"from": "2026-12-01", "quantity": {"value": "177"}},
            ],
        },
    }
    assert rows["TEA-B"]["onHand"] == {"value": "12.5", "unit": "KGM"}


def test_a_key_customer_sees_the_warehouses_of_the_agreement_and_no_other(app: Flask, company: Company) -> None:
    query = """{ products { edges { node { sku onHand { value } warehouses {
        code name { en } onHand { value } lots { code expiresOn quantity { value } state } } } } } }"""
    rows = products(app, company, "key", query)
    assert rows["TEA-A"] == {
        "sku": "TEA-A",
        "onHand": {"value": "110"},
        "warehouses": [
            {
                "code": "CTU",
                "name": {"en": "Chengdu"},
                "onHand": {"value": "40"},
                "lots": [{"code": "A2", "expiresOn": None, "quantity": {"value": "40"}, "state": "USABLE"}],
            },
            {
                "code": "NGB",
                "name": {"en": "Ningbo"},
                "onHand": {"value": "70"},
                "lots": [
                    {"code": "A1", "expiresOn": "2027-11-30", "quantity": {"value": "70"}, "state": "USABLE"}
                ],
            },
        ],
    }
    assert rows["TEA-B"] == {"sku": "TEA-B", "onHand": {"value": "0"}, "warehouses": []}


BOARD = """{ products { edges { node { sku board {
    demandHistory { monday quantity { value } orders complete } openOrders { number neededOn quantity { value } }
    } } } } }"""


def test_a_strategic_partner_sees_the_board_with_their_own_orders_only(app: Flask, company: Company) -> None:
    rows = products(app, company, "strategic", BOARD)
    board = rows["TEA-A"]["board"]
    assert len(board["demandHistory"]) == 26
    assert board["demandHistory"][-2:] == [
        {"monday": "2026-11-16", "quantity": {"value": "12"}, "orders": 3, "complete": True},
        {"monday": "2026-11-23", "quantity": {"value": "0"}, "orders": 0, "complete": False},
    ]
    assert board["openOrders"] == [{"number": "SO-S1", "neededOn": "2026-11-25", "quantity": {"value": "30"}}]
    assert rows["TEA-B"]["board"]["demandHistory"][-1]["quantity"] == {"value": "0.25"}
    assert rows["TEA-B"]["board"]["openOrders"] == []


def test_the_operator_sees_all_warehouses_and_everybodys_orders(app: Flask, company: Company) -> None:
    rows = products(app, company, "operator", graphql_file("trusted/operator.graphql"))
    assert [one["code"] for one in rows["TEA-A"]["warehouses"]] == ["CTU", "HKG", "NGB"]
    assert [one["number"] for one in rows["TEA-A"]["board"]["openOrders"]] == ["SO-K1", "SO-S1"]
    assert rows["TEA-A"]["onHand"]["value"] == "147"


@pytest.mark.parametrize("kind", ["ordinary", "key", "strategic", "operator", "supplier"])
def test_the_example_of_each_audience_is_answered(app: Flask, company: Company, kind: str) -> None:
    assert data(ask(app, company, kind, graphql_file(f"trusted/{kind}.graphql")))["asOf"] == (
        "2026-11-23T10:24:00+08:00"
    )


def test_the_viewer_is_told_who_they_are(app: Flask, company: Company) -> None:
    query = """{ viewer { name role company { zh en } partner { zh en } tier agreement agreementUntil } }"""
    assert data(ask(app, company, "key", query))["viewer"] == {
        "name": "Name of key",
        "role": "customer",
        "company": {"zh": "主家", "en": "Host"},
        "partner": {"zh": "茶隼", "en": "Kestrel"},
        "tier": "key",
        "agreement": "AG-key",
        "agreementUntil": "2026-12-31",
    }
    assert data(ask(app, company, "operator", query))["viewer"] == {
        "name": "Name of operator",
        "role": "operator",
        "company": {"zh": "主家", "en": "Host"},
        "partner": None,
        "tier": None,
        "agreement": None,
        "agreementUntil": None,
    }


def test_one_product_is_found_by_its_number(app: Flask, company: Company) -> None:
    query = """query One($sku: String!) { product(sku: $sku) { sku availableToPromise { quantity { value } }
        board { openOrders { number } } } }"""
    assert data(ask(app, company, "strategic", query, variables={"sku": "TEA-A"}))["product"] == {
        "sku": "TEA-A",
        # 110 at the two nodes of the agreement; the 30 kept for them are promised already.
        "availableToPromise": {"quantity": {"value": "110"}},
        "board": {"openOrders": [{"number": "SO-S1"}]},
    }


def test_two_lists_in_one_query_are_each_answered(app: Flask, company: Company) -> None:
    part = "edges { node { sku board { openOrders { number } } } }"
    query = f'{{ a: products(search: "TEA-A") {{ {part} }} b: products(first: null, search: null) {{ {part} }} }}'
    found = data(ask(app, company, "operator", query))
    alpha = {"sku": "TEA-A", "board": {"openOrders": [{"number": "SO-K1"}, {"number": "SO-S1"}]}}
    beta = {"sku": "TEA-B", "board": {"openOrders": []}}
    assert [edge["node"] for edge in found["a"]["edges"]] == [alpha]
    assert [edge["node"] for edge in found["b"]["edges"]] == [alpha, beta]


def test_an_unknown_product_is_an_error_beside_the_rest(app: Flask, company: Company) -> None:
    answer = ask(app, company, "key", '{ asOf product(sku: "NOPE") { sku } }')
    body = answer.get_json()
    assert answer.status_code == 200
    assert body["data"] == {"asOf": "2026-11-23T10:24:00+08:00", "product": None}
    [error] = body["errors"]
    assert error["extensions"] == {"code": "UNKNOWN_PRODUCT", "values": {"product": "NOPE"}}
    assert error["path"] == ["product"]
    assert error["locations"] == [{"line": 1, "column": 8}]


class TestPages:
    QUERY = """query Page($first: Int, $after: String, $search: String) {
        products(first: $first, after: $after, search: $search) {
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            edges { cursor node { sku } } } }"""

    def page(self, app: Flask, company: Company, **variables: object) -> dict[str, Any]:
        answer = ask(app, company, "operator", self.QUERY, variables=variables)
        page: dict[str, Any] = data(answer)["products"]
        return page

    def test_pages_follow_one_another_until_there_is_no_more(self, app: Flask, company: Company) -> None:
        first = self.page(app, company, first=1)
        assert [edge["node"]["sku"] for edge in first["edges"]] == ["TEA-A"]
        assert first["totalCount"] == 2
        info = first["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
        assert info["startCursor"] == info["endCursor"] == first["edges"][0]["cursor"]
        second = self.page(app, company, first=5, after=info["endCursor"])
        assert [edge["node"]["sku"] for edge in second["edges"]] == ["TEA-B"]
        assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)
        beyond = self.page(app, company, first=5, after=second["pageInfo"]["endCursor"])
        assert beyond["edges"] == []
        assert beyond["pageInfo"] == {
            "hasNextPage": False,
            "hasPreviousPage": True,
            "startCursor": None,
            "endCursor": None,
        }

    def test_a_search_narrows_the_pages(self, app: Flask, company: Company) -> None:
        page = self.page(app, company, first=5, search="银针")
        assert [edge["node"]["sku"] for edge in page["edges"]] == ["TEA-B"]
        assert page["totalCount"] == 1

    @pytest.mark.parametrize(
        "variables",
        [
            {"first": 0},
            {"first": 101},
            {"first": -1},
            {"after": "x"},
            {"after": "cm93Oi0x"},
            {"after": "cm93OjAx"},
            {"after": "é"},
        ],
    )
    def test_a_page_that_cannot_be_is_refused(
        self, app: Flask, company: Company, variables: dict[str, object]
    ) -> None:
        answer = ask(app, company, "operator", self.QUERY, variables=variables)
        assert codes(answer) == ["BAD_PAGE"]


def test_the_number_of_statements_does_not_grow_with_the_rows(
    app: Flask, company: Company, conn: Connection
) -> None:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    event.listen(conn.engine, "before_cursor_execute", note)
    try:
        counts = []
        for first in (1, 2):
            seen.clear()
            query = graphql_file("trusted/strategic.graphql").replace("first: 20", f"first: {first}")
            data(ask(app, company, "strategic", query))
            counts.append(len(seen))
    finally:
        event.remove(conn.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


def test_a_lowered_tier_shows_in_the_next_request_of_the_same_token(
    app: Flask, company: Company, conn: Connection
) -> None:
    from support.api import bearer  # noqa: PLC0415 - beside its only use

    headers = {"Authorization": f"Bearer {bearer(app, company, 'strategic')}"}
    client = app.test_client()

    def asked(query: str) -> Any:
        return client.post("/graphql", json={"query": query}, headers=headers).get_json()

    board = '{ product(sku: "TEA-A") { board { openOrders { number } } } }'
    assert asked(board)["data"]["product"]["board"]["openOrders"] == [{"number": "SO-S1"}]
    conn.execute(text("UPDATE agreement SET tier = 'ordinary' WHERE number = 'AG-strategic'"))
    refused = asked(board)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in refused
    conn.execute(text("UPDATE agreement SET valid_until = '2026-11-22' WHERE number = 'AG-strategic'"))
    assert asked("{ asOf }")["errors"][0]["extensions"]["code"] == "NO_AGREEMENT"


class Failing(Plans):
    """Compiles statements that PostgreSQL refuses."""

    def asked(self, known: Known, **more: Any) -> Asked | None:
        """Return a plan that cannot run."""
        found = super().asked(known, **more)
        broken = Statement("SELECT no_such_column", (), ())
        return found and Asked(replace(found.plan, statement=broken), found.variables)


def test_a_plan_that_fails_is_noted_and_execute_answers(app: Flask, company: Company) -> None:
    door = app.extensions["tally_api"]
    app.extensions["tally_api"] = replace(door, admission=replace(door.admission, plans=Failing()))
    with capture_logs() as logs:
        assert data(ask(app, company, "ordinary", "{ products { totalCount } }")) == {
            "products": {"totalCount": 2}
        }
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["graphql.plan_failed"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ products(first: 0) { totalCount } }", "BAD_PAGE"),
        ('{ products(after: "none of ours") { totalCount } }', "BAD_PAGE"),
        ('{ product(sku: "NEVER") { sku } }', "UNKNOWN_PRODUCT"),
        ("query ($sku: String!) { product(sku: $sku) { sku } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_compiled_form_is_refused_as_any(app: Flask, company: Company, query: str, code: str) -> None:
    assert codes(ask(app, company, "ordinary", query)) == [code]


def test_what_is_searched_for_is_found_and_a_null_page_is_fifty_long(app: Flask, company: Company) -> None:
    query = """query ($n: Int) {
        a: products(search: "peony", first: $n) { totalCount } b: products(first: $n) { totalCount } }"""
    assert data(ask(app, company, "ordinary", query, variables={"n": None})) == {
        "a": {"totalCount": 1},
        "b": {"totalCount": 2},
    }


@pytest.mark.parametrize("position", [0, 1, 9, 10, 999, 1_000_000])
def test_a_cursor_is_the_same_made_in_the_database(conn: Connection, position: int) -> None:
    made = conn.execute(text(f"SELECT {cursor_in_sql(':at')}"), {"at": str(position)}).scalar()
    assert made == to_cursor(position)
