"""Programs hold stock, confirm it and let it go, as far as the pages would let the same person."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from portal.kernel.grain import Grain, GrainKind
from portal.platform.clock import HandClock
from portal.platform.db import Database, DatabaseSilent
from support.api import ask, codes, data
from support.desk import Desk
from support.goods import stock_up
from support.people import Company, found_company, web_app

HOLD = """mutation Hold($input: HoldStockInput!) { holdStock(input: $input) {
    reservation { id number state heldUntil items { sku neededOn quantity { value } fromPool { value } } }
    errors { code message promisable { value atLeast } earliest } } }"""
CONFIRM = """mutation Confirm($id: ID!) { confirmReservation(input: {id: $id}) {
    reservation { number state } errors { code } } }"""
RELEASE = """mutation Release($id: ID!) { releaseReservation(input: {id: $id}) {
    reservation { number state } errors { code } } }"""
LIST = """{ reservations { edges { node { number state
    items { quantity { value inUnit(unit: "DZN") { whole } } } } }
    pageInfo { hasNextPage } } }"""


class Program:
    """The small company's stock, asked by a program of each kind of person."""

    def __init__(self, app: Flask, company: Company, conn: Connection, clock: HandClock) -> None:
        self.app, self.company, self.conn, self.clock = app, company, conn, clock

    def hold(self, kind: str, quantity: str = "10", **changed: Any) -> Any:
        wish = {"sku": "TEA-A", "quantity": quantity, "neededOn": "2026-11-25", "key": "order 1", **changed}
        return data(ask(self.app, self.company, kind, HOLD, variables={"input": wish}))["holdStock"]

    def on(self, kind: str, deed: str, reservation_id: str) -> Any:
        (payload,) = data(ask(self.app, self.company, kind, deed, variables={"id": reservation_id})).values()
        return payload

    def count(self, question: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.conn.execute(text(question))]


@pytest.fixture
def program(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: Any) -> Program:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Program(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


@pytest.mark.parametrize("kind", ["ordinary", "key", "strategic"])
def test_what_is_held_is_confirmed_and_found_in_the_list_and_among_the_orders(program: Program, kind: str) -> None:
    made = program.hold(kind, "2", unit="DZN")
    assert made["errors"] == []
    held = made["reservation"]
    assert held["items"] == [
        {"sku": "TEA-A", "neededOn": "2026-11-25", "quantity": {"value": "24"}, "fromPool": {"value": "0"}}
    ]
    assert (held["state"], held["heldUntil"]) == ("HELD", "2026-11-23T02:54:00+00:00")
    listed = data(ask(program.app, program.company, kind, LIST))["reservations"]
    assert listed == {
        "edges": [
            {
                "node": {
                    "number": held["number"],
                    "state": "HELD",
                    "items": [{"quantity": {"value": "24", "inUnit": {"whole": "2"}}}],
                }
            }
        ],
        "pageInfo": {"hasNextPage": False},
    }
    for _ in range(2):
        confirmed = program.on(kind, CONFIRM, held["id"])
        assert confirmed == {"reservation": {"number": held["number"], "state": "CONFIRMED"}, "errors": []}
    assert program.count("SELECT number FROM sales_order WHERE source = 'portal'") == [(held["number"],)]
    assert program.on(kind, RELEASE, held["id"]) == {"reservation": None, "errors": [{"code": "RESERVATION_OVER"}]}


def test_the_same_key_finds_the_same_reservation_and_another_wish_under_it_is_refused(program: Program) -> None:
    made = program.hold("key")["reservation"]
    assert program.hold("key")["reservation"]["id"] == made["id"]
    assert [error["code"] for error in program.hold("key", "11")["errors"]] == ["KEY_REUSED"]
    other = program.hold("other_key")["reservation"]
    assert other["number"] != made["number"]
    assert program.count("SELECT count(*) FROM reservation") == [(2,)]


def test_what_cannot_be_promised_says_what_can_and_from_when(program: Program) -> None:
    made = program.hold("key", "120")
    assert made["reservation"] is None
    (error,) = made["errors"]
    assert (error["code"], error["promisable"], error["earliest"]) == (
        "CANNOT_PROMISE",
        {"value": "110", "atLeast": False},
        "2026-12-01",
    )
    assert error["message"] == "Not that much of TEA-A can be promised on 2026-11-25."
    assert program.count("SELECT count(*) FROM reservation") == [(0,)]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"quantity": "0"}, "BAD_QUANTITY"),
        ({"quantity": "-1"}, "BAD_QUANTITY"),
        ({"quantity": "NaN"}, "NOT_A_QUANTITY"),
        ({"quantity": "1.5"}, "QUANTITY_NOT_EXACT"),
        ({"quantity": "1.0000000001"}, "QUANTITY_TOO_FINE"),
        ({"quantity": "1e30"}, "QUANTITY_TOO_LARGE"),
        ({"unit": "XYZ"}, "UNKNOWN_UNIT"),
        ({"sku": "NONE"}, "UNKNOWN_PRODUCT"),
        ({"neededOn": "2026-11-22"}, "DAY_PASSED"),
        ({"key": ""}, "BAD_KEY"),
        ({"key": "k" * 101}, "BAD_KEY"),
    ],
)
def test_what_cannot_be_is_a_typed_error_and_nothing_is_held(
    program: Program, wish: dict[str, str], code: str
) -> None:
    made = program.hold("key", **wish)
    assert (made["reservation"], [error["code"] for error in made["errors"]]) == (None, [code])
    assert program.count("SELECT count(*) FROM reservation") == [(0,)]


def test_nobody_touches_or_sees_what_another_firm_holds(program: Program) -> None:
    held = program.hold("key")["reservation"]
    for deed in (CONFIRM, RELEASE):
        refused = program.on("other_key", deed, held["id"])
        assert refused == {"reservation": None, "errors": [{"code": "UNKNOWN_RESERVATION"}]}
    assert program.on("key", CONFIRM, "nonsense")["errors"] == [{"code": "UNKNOWN_RESERVATION"}]
    assert data(ask(program.app, program.company, "other_key", LIST))["reservations"]["edges"] == []
    assert program.count("SELECT state FROM reservation") == [("held",)]


def test_the_hosts_staff_let_go_for_a_customer_and_hold_nothing(program: Program) -> None:
    held = program.hold("key")["reservation"]
    listed = data(ask(program.app, program.company, "operator", LIST))["reservations"]["edges"]
    assert [edge["node"]["number"] for edge in listed] == [held["number"]]
    answer = ask(program.app, program.company, "operator", CONFIRM, variables={"id": held["id"]})
    assert codes(answer) == ["GRAPHQL_VALIDATION_FAILED"]
    assert program.on("operator", RELEASE, held["id"])["reservation"]["state"] == "RELEASED"


@pytest.mark.parametrize(
    ("kind", "code"), [("supplier", "GRAPHQL_VALIDATION_FAILED"), ("anonymous", "NOT_SIGNED_IN")]
)
def test_suppliers_and_strangers_hold_nothing(program: Program, kind: str, code: str) -> None:
    wish = {"sku": "TEA-A", "quantity": "1", "neededOn": "2026-11-25", "key": "k"}
    assert codes(ask(program.app, program.company, kind, HOLD, variables={"input": wish})) == [code]
    assert program.count("SELECT count(*) FROM reservation") == [(0,)]


def test_a_deed_is_in_the_audit_log_and_a_refusal_is_no_deed(program: Program) -> None:
    program.hold("key", "500")
    program.hold("key")
    logged = program.count(
        "SELECT kind, what, details -> 'deeds' FROM audit_entry WHERE kind <> 'agreement' ORDER BY seq"
    )
    assert logged == [("read", "api.graphql", None), ("deed", "api.graphql", ["holdStock"])]


def test_reservations_come_in_pages_the_newest_first(program: Program) -> None:
    numbers = []
    for number in range(3):
        numbers.append(program.hold("key", "1", key=f"order {number}")["reservation"]["number"])
        program.clock.advance(timedelta(minutes=1))
    query = """query($after: String) { reservations(first: 2, after: $after) { edges { node { number } }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    first = data(ask(program.app, program.company, "key", query))["reservations"]
    assert [edge["node"]["number"] for edge in first["edges"]] == numbers[:0:-1]
    assert first["pageInfo"]["hasNextPage"]
    after = {"after": first["pageInfo"]["endCursor"]}
    rest = data(ask(program.app, program.company, "key", query, variables=after))["reservations"]
    assert [edge["node"]["number"] for edge in rest["edges"]] == numbers[:1]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)


def test_under_a_coarse_agreement_a_program_learns_no_more_than_a_page_tells(program: Program) -> None:
    desk = Desk(program.app, program.company, program.conn, program.clock)
    desk.agree("key", grain=Grain(GrainKind.BUCKETS, (50, 500)), daily_questions=1)
    made = program.hold("key", "120")
    (error,) = made["errors"]
    assert (error["code"], error["promisable"], error["earliest"]) == (
        "CANNOT_PROMISE",
        {"value": "50", "atLeast": True},
        None,
    )
    again = program.hold("key", "300", key="order 2")
    assert [error["code"] for error in again["errors"]] == ["QUESTIONS_USED_UP"]
    assert program.count("SELECT count(*) FROM reservation") == [(0,)]


class SilentDesk:
    """A desk behind which the database has gone."""

    def reserve(self, **_order: object) -> None:
        raise DatabaseSilent("The database does not answer.")


def test_what_no_program_has_to_expect_is_an_error_of_the_response(program: Program) -> None:
    program.app.extensions["tally_desk"] = SilentDesk()
    wish = {"sku": "TEA-A", "quantity": "1", "neededOn": "2026-11-25", "key": "k"}
    assert codes(ask(program.app, program.company, "key", HOLD, variables={"input": wish})) == ["DATABASE_SILENT"]
