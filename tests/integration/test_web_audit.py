"""What is told is written before it leaves; the log's page and file show it and whether it is intact."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web.audit_words import WHAT
from portal.web.audited import READ_ROOMS, STAFF_ROOMS
from support.api import ask, data
from support.desk import Desk
from support.goods import stock_up
from support.people import found_company, web_app


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


@pytest.mark.parametrize(
    ("path", "what", "details"),
    [
        ("/inventory", "inventory.listing", {"rows": 2}),
        ("/inventory?open=TEA-A", "inventory.listing", {"rows": 2, "products": ["TEA-A"]}),
        ("/inventory/TEA-A", "inventory.product", {"rows": 1, "products": ["TEA-A"]}),
        ("/inventory.csv", "inventory.as_csv", {"rows": 2}),
        ("/inventory.xlsx", "inventory.as_xlsx", {"rows": 2}),
        ("/orders", "orders.listing", {"rows": 1}),
        ("/board", "board.board", {"rows": 2, "products": ["TEA-A"]}),
    ],
)
def test_every_page_and_file_with_a_partners_data_is_written(
    desk: Desk, path: str, what: str, details: dict[str, object]
) -> None:
    assert desk.window("strategic").get(path).status_code == 200
    assert desk.entries("read") == [("read", what, "Name of strategic", "AG-strategic", details)]


def test_a_program_is_written_with_its_operation(desk: Desk) -> None:
    query = 'query Look { product(sku: "TEA-A") { sku } products { totalCount edges { node { sku } } } }'
    data(ask(desk.app, desk.company, "key", query, operationName="Look"))
    details = {"operation": "Look", "products": ["TEA-A"], "rows": 3}
    assert desk.entries("read") == [("read", "api.graphql", "Name of key", "AG-key", details)]


def test_what_holds_no_partners_data_is_not_written(desk: Desk) -> None:
    desk.get("ordinary", "/account")
    desk.get("ordinary", "/nothing", 404)
    desk.get("operator", "/inventory")
    desk.get("operator", "/ops/partners")
    desk.get("operator", "/ops/partners/NONE", 404)
    desk.get("anonymous", "/verify")
    desk.post("anonymous", "/reserve/TEA-A", 401)
    assert [entry for entry in desk.entries() if entry[0] not in {"agreement", "person"}] == []


def refused(kind: str, what: str, path: str, status: int, *codes: str, **more: object) -> tuple[object, ...]:
    details = {"status": status, "path": path, **({"refused": list(codes)} if codes else {}), **more}
    return ("refused", what, f"Name of {kind}", "" if kind == "supplier" else f"AG-{kind}", details)


def test_a_page_refused_to_a_partner_is_written(desk: Desk) -> None:
    desk.get("ordinary", "/board", 403)
    desk.get("key", "/inventory/NONE", 404)
    assert desk.entries("refused") == [
        refused("ordinary", "board.board", "/board", 403, "board_closed"),
        refused("key", "inventory.product", "/inventory/NONE", 404, "unknown_product"),
    ]
    assert desk.entries("read") == []


def test_a_form_refused_to_a_partner_is_written_with_its_code(desk: Desk) -> None:
    form = {"quantity": "999", "unit": "C62", "day": "2026-11-25", "key": "k"}
    desk.post("key", "/reserve/TEA-A", 422, **form)
    desk.post("key", "/reserve/TEA-A", 422, **{**form, "quantity": ""})
    desk.post("supplier", "/ops/partners/C1/view-as", 403)
    asked = ("key", "reservations.create", "/reserve/TEA-A", 422)
    assert desk.entries("refused") == [
        refused(*asked, "cannot_promise", products=["TEA-A"], rows=1),
        refused(*asked, products=["TEA-A"], rows=1),
        refused("supplier", "viewing.enter", "/ops/partners/C1/view-as", 403, "wrong_role"),
    ]
    assert desk.entries("deed") == []


def test_the_day_the_questions_are_used_up_is_written(desk: Desk) -> None:
    desk.agree("ordinary", daily_questions=0)
    desk.post("ordinary", "/inventory/TEA-A/question", 429, quantity="10", by="2026-11-25")
    (entry,) = desk.entries("refused")
    assert entry[1:4] == ("questions.ask", "Name of ordinary", "AG-ordinary")
    assert (entry[4]["refused"], entry[4]["status"]) == (["questions_used_up"], 429)


def test_what_a_program_is_refused_is_written(desk: Desk) -> None:
    assert ask(desk.app, desk.company, "ordinary", "{ nothing }").status_code == 400
    answer = ask(desk.app, desk.company, "key", '{ asOf product(sku: "NONE") { sku } }')
    assert answer.status_code == 200
    assert desk.entries("refused") == [
        refused("ordinary", "api.graphql", "/graphql", 400, "graphql_validation_failed"),
    ]
    assert desk.entries("read") == [
        ("read", "api.graphql", "Name of key", "AG-key", {"refused": ["unknown_product"]}),
    ]


def test_what_breaks_tells_nothing_and_is_not_written(desk: Desk) -> None:
    desk.connection.execute(text("ALTER TABLE sales_order RENAME TO gone"))
    desk.app.testing = False
    desk.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert desk.window("key").get("/orders").status_code == 500


@pytest.mark.parametrize(
    ("path", "what", "code"),
    [
        ("/ops/partners/C2", "agreements.partner", "C2"),
        ("/ops/partners/C2/inference", "agreements.inference", "C2"),
        ("/ops/partners/C2/agreements/AG-key", "agreements.edit", "C2"),
        ("/orders", "orders.listing", None),
        ("/reservations", "reservations.index", None),
        ("/board", "board.board", None),
        ("/documents", "documents.index", None),
        ("/ops/pools", "pools.index", None),
    ],
)
def test_the_hosts_staff_reading_partners_data_are_written_too(
    desk: Desk, path: str, what: str, code: str | None
) -> None:
    desk.get("operator", path)
    found = desk.connection.execute(
        text(
            "SELECT e.what, e.actor, e.agreement, p.code FROM audit_entry e"
            " LEFT JOIN partner p ON p.id = e.partner_id WHERE e.kind = 'staff_read'"
        )
    )
    assert [tuple(row) for row in found] == [(what, "Name of operator", "AG-key" if code else "", code)]


def test_a_program_of_the_hosts_staff_is_written(desk: Desk) -> None:
    data(ask(desk.app, desk.company, "operator", '{ product(sku: "TEA-A") { sku } }'))
    details = {"products": ["TEA-A"], "rows": 1}
    assert desk.entries("staff_read") == [("staff_read", "api.graphql", "Name of operator", "", details)]


def test_the_page_says_what_was_refused(desk: Desk) -> None:
    desk.get("ordinary", "/board", 403)
    page = desk.get("operator", "/ops/audit?kind=refused")
    assert "Refused to a partner" in page
    assert "/board · answered with 403 · refused: board_closed" in page


def test_a_deed_is_written_as_the_doers(desk: Desk) -> None:
    desk.post("supplier", "/account/end-sessions")
    assert desk.entries("deed") == [("deed", "account.end_sessions", "Name of supplier", "", {})]


def test_an_answer_that_cannot_be_written_is_not_given(desk: Desk) -> None:
    desk.connection.execute(
        text(
            "CREATE FUNCTION no_entry() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = 'disk_full'; END $$;"
            " CREATE TRIGGER no_entry BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION no_entry()"
        )
    )
    answer = desk.window("key").get("/inventory/TEA-A")
    assert answer.status_code == 503
    assert "White peony" not in answer.get_data(as_text=True)
    refused = ask(desk.app, desk.company, "key", "{ viewer { name } }")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "database_silent")


def test_the_page_shows_the_log_and_that_its_chain_is_intact(desk: Desk) -> None:
    desk.get("key", "/inventory/TEA-A")
    desk.agree("key", daily_questions=5)
    data(ask(desk.app, desk.company, "key", "query Look { asOf }", operationName="Look"))
    page = desk.get("operator", "/ops/audit")
    for told in (
        "The chain is intact up to entry",
        "one item in full",
        "TEA-A · 1 rows",
        "agreement changed",
        "API query",
        "Look",
        "changed: daily_questions",
        "Kestrel",
        "AG-key",
    ):
        assert told in page


def test_the_page_names_the_entry_that_was_changed(desk: Desk) -> None:
    desk.get("key", "/inventory")
    number = desk.connection.scalar(text("SELECT max(seq) FROM audit_entry"))
    desk.connection.execute(text("SET LOCAL session_replication_role = replica"))
    desk.connection.execute(text("UPDATE audit_entry SET actor = 'Eve' WHERE seq = :n"), {"n": number})
    page = desk.get("operator", "/ops/audit")
    assert f"The chain is broken at entry {number}." in page
    assert "It was changed after it was written." in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?partner=C2", "2 entries"),
        ("?partner=C3&kind=read", "1 entry"),
        ("?person=Name+of+key", "1 entry"),
        ("?kind=agreement&day=2026-11-23", "5 entries"),
        ("?kind=agreement&day=2026-11-22", "No entry fits this filter."),
        ("?kind=nonsense&day=nonsense&partner=nonsense&page=nonsense", "7 entries"),
    ],
)
def test_the_log_is_filtered_by_partner_person_kind_and_day(desk: Desk, query: str, shown: str) -> None:
    desk.get("key", "/inventory")
    desk.get("strategic", "/inventory")
    assert shown in desk.get("operator", "/ops/audit" + query)


def test_the_log_is_paged(desk: Desk) -> None:
    for _ in range(60):
        desk.get("key", "/inventory.csv")
    first = desk.get("operator", "/ops/audit?kind=read")
    assert "Page 1 of 2" in first
    assert "/ops/audit?kind=read&amp;page=2" in first
    second = desk.get("operator", "/ops/audit?kind=read&page=2")
    assert "Previous page" in second
    assert "Next page" not in second


def test_the_log_is_a_file_with_its_hashes(desk: Desk) -> None:
    desk.get("key", "/inventory/TEA-A")
    answer = desk.window("operator").get("/ops/audit.csv?kind=read")
    head, row = csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    digest = desk.connection.scalar(text("SELECT encode(hash, 'hex') FROM audit_entry ORDER BY seq DESC LIMIT 1"))
    assert head[-1] == "SHA-256"
    assert row[1:] == [
        "2026-11-23T02:24:00+00:00",
        "Seen by a partner",
        "inventory.product",
        "Name of key",
        "C2",
        "AG-key",
        "TEA-A · 1 rows",
        digest,
    ]


def test_an_entry_about_no_partner_has_no_code(desk: Desk) -> None:
    desk.post("operator", "/account/end-sessions")
    desk.app.test_client()
    page = desk.connection.execute(text("SELECT partner_id FROM audit_entry WHERE kind = 'deed'")).scalar_one()
    assert page is None


def test_every_door_that_is_written_has_words_for_people(desk: Desk) -> None:
    nameless = {
        rule.endpoint
        for rule in desk.app.url_map.iter_rules()
        if (room := rule.endpoint.partition(".")[0]) in READ_ROOMS | STAFF_ROOMS
        or ("POST" in (rule.methods or ()) and room not in {"agreements", "auth", "public", "i18n"})
    } - set(WHAT)
    assert nameless <= {"api.token"}, "say in audit_words.py what these are"
