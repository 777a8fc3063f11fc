"""View as a customer: byte for byte their pages, nothing can be done there, every look is in the log."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.desk import Desk, main_of
from support.goods import stock_up
from support.people import csrf_token, found_company, web_app


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


@pytest.mark.parametrize(
    ("kind", "code", "path"),
    [
        (kind, code, path)
        for kind, code in (("ordinary", "C1"), ("key", "C2"), ("strategic", "C3"))
        for path in ("/inventory", "/inventory?open=TEA-A", "/inventory/TEA-A", "/orders", "/board")
        if path != "/board" or kind == "strategic"
    ],
)
def test_the_main_content_is_byte_for_byte_the_partners_own(desk: Desk, kind: str, code: str, path: str) -> None:
    theirs = main_of(desk.window(kind).get(path).get_data(as_text=True))
    desk.post("operator", f"/ops/partners/{code}/view-as")
    answer = desk.window("operator").get(path)
    assert answer.status_code == 200
    assert main_of(answer.get_data(as_text=True)).encode() == theirs.encode()


def test_files_are_the_partners_own_too(desk: Desk) -> None:
    theirs = desk.window("key").get("/inventory.csv").data
    desk.post("operator", "/ops/partners/C2/view-as")
    assert desk.window("operator").get("/inventory.csv").data == theirs


def test_a_banner_says_whose_view_it_is_and_leads_out(desk: Desk) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    page = desk.get("operator", "/inventory")
    assert "You see what Kestrel sees" in page
    assert 'action="/ops/view-as/leave"' in page
    desk.get("operator", "/ops/partners", 403)
    assert desk.post("operator", "/ops/view-as/leave").location == "/ops/partners"
    assert "You see what" not in desk.get("operator", "/ops/partners")


def test_leaving_without_viewing_leads_to_the_front_door(desk: Desk) -> None:
    assert desk.post("key", "/ops/view-as/leave").location == "/"


@pytest.mark.parametrize("path", ["/account/token", "/account/end-sessions", "/inventory/TEA-A/question"])
def test_nothing_can_be_done_while_viewing(desk: Desk, path: str) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    before = desk.entries()
    answer = desk.post("operator", path, 403)
    assert "previewing" in answer.text or "You are viewing as a partner" in answer.text
    assert desk.entries() == before


def programs_of_pages(desk: Desk, kind: str, query: str) -> Any:
    """Ask the API as a page of ``kind`` does, by cookie; without what is left of the firm's bucket."""
    client = desk.window(kind)
    headers = {"X-CSRF-Token": csrf_token(desk.app, client), "Origin": "http://localhost"}
    told = client.post("/graphql", json={"query": query}, headers=headers).get_json()
    told.pop("extensions", None)
    return told


@pytest.mark.parametrize(("kind", "code"), [("ordinary", "C1"), ("key", "C2"), ("strategic", "C3")])
def test_the_api_answers_as_it_answers_the_partner(desk: Desk, kind: str, code: str) -> None:
    queries = (
        "{ products { edges { node { sku onHand { value } availableToPromise { quantity { value } } } } } }",
        '{ product(sku: "TEA-A") { warehouses { code lots { code quantity { value } } } } }',
        '{ product(sku: "TEA-A") { board { openOrders { number } } } }',
        "{ viewer { role tier agreement partner { en } } }",
        '{ __type(name: "Product") { fields { name } } }',
    )
    theirs = [programs_of_pages(desk, kind, query) for query in queries]
    desk.post("operator", f"/ops/partners/{code}/view-as")
    assert [programs_of_pages(desk, "operator", query) for query in queries] == theirs
    looked = [entry for entry in desk.entries("preview") if entry[1] == "api.graphql"]
    assert {entry[2:4] for entry in looked} == {("Name of operator", f"AG-{kind}")}
    assert len(looked) == len(queries)


def test_a_customers_questions_are_not_used_up_by_who_looks_through_their_eyes(desk: Desk) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    asked = '{ product(sku: "TEA-A") { canHave(quantity: "10", by: "2026-11-25") { yes } } }'
    (error,) = programs_of_pages(desk, "operator", asked)["errors"]
    assert error["extensions"]["code"] == "PREVIEWING"
    assert desk.connection.scalar(text("SELECT count(*) FROM threshold_question")) == 0


@pytest.mark.parametrize(
    "deed",
    [
        'holdStock(input: {sku: "TEA-A", quantity: "1", neededOn: "2026-11-25", key: "k"})',
        'confirmReservation(input: {id: "01900000-0000-7000-8000-000000000009"})',
        'releaseReservation(input: {id: "01900000-0000-7000-8000-000000000009"})',
    ],
)
def test_nothing_is_held_or_let_go_through_a_customers_eyes(desk: Desk, deed: str) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    (error,) = programs_of_pages(desk, "operator", f"mutation {{ {deed} {{ errors {{ code }} }} }}")["errors"]
    assert error["extensions"]["code"] == "PREVIEWING"
    assert desk.connection.scalar(text("SELECT count(*) FROM reservation")) == 0
    assert desk.entries("deed") == []


def test_the_language_can_be_switched_while_viewing(desk: Desk) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    desk.post("operator", "/lang?to=zh")
    assert 'lang="zh' in desk.get("operator", "/inventory")
    assert desk.entries("deed") == []


def test_every_look_is_in_the_log_as_the_operators(desk: Desk) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    desk.get("operator", "/inventory/TEA-A")
    assert desk.entries("preview") == [
        ("preview", "viewing.enter", "Name of operator", "AG-key", {}),
        (
            "preview",
            "inventory.product",
            "Name of operator",
            "AG-key",
            {"products": ["TEA-A"], "rows": 1},
        ),
    ]
    assert desk.entries("read") == []


def test_only_customers_can_be_viewed(desk: Desk) -> None:
    assert "Only customers have pages to view." in desk.post("operator", "/ops/partners/S1/view-as", 403).text
    desk.post("operator", "/ops/partners/NONE/view-as", 404)


def test_a_partner_without_an_agreement_is_viewed_without_one(desk: Desk) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    desk.agree("key", valid_until=date(2026, 11, 22))
    page = desk.get("operator", "/inventory", 403)
    assert "You see what Kestrel sees" not in page
    desk.post("operator", "/ops/view-as/leave")


def test_a_view_of_a_partner_that_is_gone_ends_the_session(desk: Desk) -> None:
    with desk.window("operator").session_transaction() as session:
        session["view_as"] = "01900000-0000-7000-8000-00000000ffff"
    assert desk.window("operator").get("/inventory").status_code == 302


def test_a_customer_cannot_view_as_another(desk: Desk) -> None:
    with desk.window("ordinary").session_transaction() as session:
        session["view_as"] = str(desk.company.partners["strategic"])
    desk.get("ordinary", "/board", 403)
