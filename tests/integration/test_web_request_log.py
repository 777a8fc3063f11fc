"""One line per request, and nothing in it that is nobody's business."""

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection
from structlog.testing import capture_logs

from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.people import Company, browser, found_company, web_app


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


def asked(app: Flask, company: Company, kind: str, path: str) -> list[dict[str, object]]:
    client = browser(app, company, kind) if kind else app.test_client()
    with capture_logs() as lines:
        client.get(path)
    return [
        {k: v for k, v in line.items() if k not in ("duration_ms", "request_id", "partner")}
        for line in lines
        if line["event"] == "request"
    ]


def test_a_page_of_a_key_customer_is_one_line_with_role_and_tier(app: Flask, company: Company) -> None:
    assert asked(app, company, "key", "/inventory?q=secret-word") == [
        {
            "event": "request",
            "log_level": "info",
            "method": "GET",
            "route": "/inventory",
            "status": 200,
            "outcome": "answered",
            "role": "customer",
            "tier": "key",
        }
    ]


def test_a_stranger_at_no_page_is_one_line_without_a_role(app: Flask, company: Company) -> None:
    [line] = asked(app, company, "", "/nowhere")
    assert (line["route"], line["status"], line["role"], line["tier"]) == (None, 404, None, None)


@pytest.mark.parametrize("path", ["/healthz", "/static/0123456789ab/tally.css"])
def test_supervisors_and_files_of_the_page_leave_no_line(app: Flask, company: Company, path: str) -> None:
    assert asked(app, company, "", path) == []


def test_no_line_holds_what_was_typed(app: Flask, company: Company) -> None:
    client = browser(app, company, "operator")
    with capture_logs() as lines:
        client.get("/ops/stock?q=secret-word")
        client.get("/01/09520000010492/10/SECRETLOT")
        client.post("/login", data={"email": "secret@example.com", "password": "secret-password"})
    assert len([line for line in lines if line["event"] == "request"]) == 3
    assert "secret" not in str(lines).lower()
