"""``tally audit verify`` walks the chain and names the first entry that does not fit."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from portal import cli
from portal.kernel.actor import Actor
from portal.partners import service
from portal.platform import audit
from portal.platform.audit import Fact
from portal.platform.db import Database

NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)


@pytest.fixture
def here(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path))
    monkeypatch.setenv("TALLY_DATABASE_URL", fresh_database_url)
    return fresh_database_url


def verify() -> Result:
    return CliRunner().invoke(cli.commands, ["audit", "verify"])


def write_three(url: str) -> str:
    database = Database(url, pool_size=1)
    with database.transaction() as connection:
        org_id = service.save_company(connection, name_zh="主家", name_en="Host", is_demo=False, now=NOW)
        for number in range(3):
            fact = Fact(kind="read", what="orders.listing", details={"rows": number})
            audit.append(connection, actor=Actor(org_id=org_id, label="Ann"), fact=fact, now=NOW)
        head = audit.head(connection, org_id=org_id).digest.hex()
    database.close()
    return head


def test_an_intact_chain_is_told_with_its_head(here: str) -> None:
    head = write_three(here)
    done = verify()
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"intact up to entry 3, head {head} 审计链完整",
        "No head of the log was sealed yet. 日志头尚未存证",
    ]


def test_a_row_changed_by_the_superuser_is_named(here: str) -> None:
    write_three(here)
    with psycopg.connect(here) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_entry SET details = '{\"rows\": 7}' WHERE seq = 2")
    done = verify()
    assert (done.exit_code, done.output) == (1, "BROKEN at entry 2: changed. 审计链在第 2 条断开。\n")


def test_an_empty_installation_has_nothing_to_walk(here: str) -> None:
    assert here
    done = verify()
    assert (done.exit_code, done.output) == (
        0,
        "There is no company yet, and nothing in the log. 尚无公司，日志为空。\n",
    )
