"""Who is asking is found out anew at every request, in one statement."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from portal.inventory import reads
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.api import bearer
from support.desk import Desk
from support.goods import stock_up
from support.people import found_company, web_app


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Statements about people, firms and agreements, as the database is asked them."""
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if re.search(r"\b(FROM|JOIN) (org|person|partner|agreement)\b", statement):
            heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    yield heard
    event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("kind", ["ordinary", "strategic", "lapsed", "operator", "supplier", "auditor"])
def test_a_page_asks_once_who_is_there(desk: Desk, asked: list[str], kind: str) -> None:
    desk.window(kind).get("/account")
    assert len(asked) == 1


@pytest.mark.parametrize("kind", ["ordinary", "strategic", "operator", "supplier"])
def test_a_program_is_asked_for_once(desk: Desk, asked: list[str], kind: str) -> None:
    token = bearer(desk.app, desk.company, kind)
    asked.clear()
    answer = desk.app.test_client().post(
        "/graphql", json={"query": "{ viewer { name } }"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, len(asked)) == (200, 1)


def test_looking_through_a_customers_eyes_takes_no_more(desk: Desk, asked: list[str]) -> None:
    desk.post("operator", "/ops/partners/C2/view-as")
    asked.clear()
    assert "You see what Kestrel sees" in desk.get("operator", "/account")
    assert len(asked) == 1


def test_an_agreement_over_named_products_is_read_in_the_same_statement(desk: Desk, asked: list[str]) -> None:
    tea = reads.products(desk.connection, org_id=desk.company.org_id)["TEA-A"]
    desk.agree("key", products=frozenset({tea.id}))
    asked.clear()
    assert "TEA-B" not in desk.get("key", "/inventory")
    assert len(asked) == 1
