"""``tally reconcile`` and the worker's nightly check: the same proof, for a shell and for the inbox."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Connection, text

from portal import cli
from portal.inventory import service
from portal.inventory.model import ProductDraft, StockLine
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services
from portal.worker import build_worker
from support import people


@pytest.fixture
def environ(fresh_database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"TALLY_DATABASE_URL": fresh_database_url, "TALLY_HOME": str(tmp_path / "home")}


def tea(conn: Connection, company: people.Company, now: datetime) -> None:
    """Book five packs of tea."""
    draft = ProductDraft(sku="TEA", name_zh="茶", name_en="Tea")
    product_id = service.save_products(conn, actor=company.actor, drafts=[draft], now=now)["TEA"]
    line = StockLine(product_id=product_id, location_id=company.nodes["NGB"], quantity=5)
    service.book_stock(conn, actor=company.actor, lines=[line], document="D", key_prefix="d", now=now)


def test_before_there_is_a_company_the_books_agree(environ: dict[str, str]) -> None:
    result = CliRunner(env=environ).invoke(cli.commands, ["reconcile"])
    assert (result.exit_code, result.output) == (0, "The books agree. 账实相符\n")


def test_a_drift_is_printed_and_stays(environ: dict[str, str], fresh_database_url: str, now: datetime) -> None:
    database = Database(fresh_database_url, pool_size=1)
    with database.transaction() as conn:
        tea(conn, people.found_company(conn, now=now), now)
    runner = CliRunner(env=environ)
    assert runner.invoke(cli.commands, ["reconcile"]).exit_code == 0
    with database.transaction() as conn:
        conn.execute(text("UPDATE stock_balance SET on_hand = 6"))
    for _ in range(2):
        result = runner.invoke(cli.commands, ["reconcile"])
        assert result.exit_code == 1
        assert "balance  TEA · NGB · - · available: 6 kept, 5 moved" in result.output
    (drift,) = json.loads(runner.invoke(cli.commands, ["reconcile", "--json"]).output)[:1]
    assert (drift["what"], drift["sku"], drift["balance"], drift["moved"]) == ("balance", "TEA", "6", "5")
    database.close()


def test_the_nightly_check_tells_the_inbox(
    database: Database, conn: Connection, clock: HandClock, now: datetime, tmp_path: Path
) -> None:
    services = Services(settings=Settings(home=tmp_path), database=database, clock=clock, bus=Bus())
    nightly = build_worker(services).tasks["inventory.check_books"]
    nightly(timestamp=0)
    assert conn.execute(text("SELECT count(*) FROM stock_check")).scalar_one() == 0
    company = people.found_company(conn, now=now)
    app: Flask = people.web_app(database, home=tmp_path, clock=clock)
    tea(conn, company, now)
    nightly(timestamp=0)
    operator = people.browser(app, company, "operator")
    assert "Books drift" not in operator.get("/ops").get_data(as_text=True)
    conn.execute(text("UPDATE stock_balance SET on_hand = 6"))
    nightly(timestamp=0)
    assert "1 balance is not the sum of its moves" in operator.get("/ops").get_data(as_text=True)
    assert conn.execute(text("SELECT drifts FROM stock_check ORDER BY drifts")).scalars().all() == [0, 1]
