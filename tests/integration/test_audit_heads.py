"""A log rewritten whole, hashes and all, does not lead to the heads on the chain: ``tally audit verify``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select, text

from ledger.canonical import canonical_bytes, parse_json_strict, sha256
from ledger.merkle import Tree, credential_leaf
from portal import cli
from portal.passports import status
from portal.platform import audit
from portal.platform.audit import GENESIS, entry_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.passporting import Scene, made_scene


@dataclass
class Site:
    """A company whose audit log has two anchored heads.

    Attributes:
        heads: The entries they name.
    """

    scene: Scene
    heads: tuple[int, int]
    url: str

    def forge(self, statement: LiteralString, *values: object) -> None:
        """Do what only the database's superuser can."""
        with psycopg.connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement, values)


@pytest.fixture
def site(
    fresh_database_url: str, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    database = Database(fresh_database_url, pool_size=2)
    home = tmp_path / "home"
    made = made_scene(database, home=home, clock=clock, now=clock.now())
    made.papers()
    with running(tmp_path / "chain.sqlite", hand=Hand(int(made.now.timestamp()))) as url:
        monkeypatch.setenv("TALLY_HOME", str(home))
        monkeypatch.setenv("TALLY_DATABASE_URL", fresh_database_url)
        monkeypatch.setenv("TALLY_BASE_URL", "https://portal.example")
        monkeypatch.setenv("TALLY_CHAIN_RPC_URL", url)
        scene = made.on_chain(url)
        scene.issue()
        first = newest(database, scene)
        scene.anchor()
        with database.transaction() as connection:
            status.suspend(
                connection, actor=scene.operator, credential_id=scene.passport().id, reason="smells", now=scene.now
            )
        second = newest(database, scene)
        scene.anchor()
        yield Site(scene, (first, second), fresh_database_url)
    database.close()


def newest(database: Database, scene: Scene) -> int:
    with database.reading() as connection:
        return audit.head(connection, org_id=scene.company.org_id).seq


def verify(*options: str) -> Result:
    return CliRunner().invoke(cli.commands, ["audit", "verify", *options])


def rewrite(site: Site, seq: int) -> None:
    """Change an entry and reckon every hash anew, as somebody would who owns the database."""
    database = site.scene.services.database
    with database.reading() as connection:
        entries = [
            dict(row._mapping) for row in connection.execute(select(entry_table).order_by(entry_table.c.seq))
        ]
    before = GENESIS
    for entry in entries:
        if entry["seq"] == seq:
            entry["actor"] = "Somebody else"
        entry["prev_hash"] = before
        before = entry["hash"] = audit.digest_of(entry)
    site.forge("DELETE FROM audit_entry")
    with database.transaction() as connection:
        connection.execute(insert(entry_table), entries)


def reckon_head(site: Site) -> dict[str, Any]:
    """Make the first head's record fit the rewritten log."""
    with site.scene.services.database.reading() as connection:
        digest = connection.scalar(select(entry_table.c.hash).where(entry_table.c.seq == site.heads[0]))
    body = {"log": "audit", "seq": site.heads[0], "hash": bytes(digest or b"").hex()}
    data = canonical_bytes(body)
    site.forge(
        "UPDATE anchored_record SET body = %s, digest = %s WHERE kind = 'audit_head' AND version = 1",
        data.decode(),
        sha256(data),
    )
    return dict(parse_json_strict(data))


def told(result: Result) -> tuple[int, str]:
    return result.exit_code, result.output.splitlines()[-1]


def rewritten(version: int, seq: int, why: str) -> tuple[int, str]:
    entry = f" (entry {seq})" if seq else ""
    return 1, (
        f"REWRITTEN: anchored head {version}{entry} does not fit: {why}."
        f" 第 {version} 个存证头与日志不符，日志曾被改写。"
    )


def test_an_honest_log_leads_to_every_anchored_head(site: Site, tmp_path: Path) -> None:
    fit = f"2 anchored heads fit, the newest at entry {site.heads[1]} 与链上存证一致"
    assert told(verify()) == (0, fit)
    trust = tmp_path / "trust.json"
    trust.write_bytes(site.scene.trust())
    assert told(verify("--trust", str(trust))) == (0, fit)


def test_a_log_rewritten_with_all_its_hashes_is_found_by_its_first_anchored_head(site: Site) -> None:
    rewrite(site, 1)
    done = verify()
    assert done.output.startswith("intact up to entry ")
    assert told(done) == rewritten(1, site.heads[0], "the log has another hash there")


def test_what_was_rewritten_behind_a_head_is_found_by_the_next(site: Site) -> None:
    rewrite(site, site.heads[1])
    assert told(verify()) == rewritten(2, site.heads[1], "the log has another hash there")


def test_a_head_reckoned_anew_is_not_the_leaf_that_was_sealed(site: Site) -> None:
    rewrite(site, 1)
    reckon_head(site)
    assert told(verify()) == rewritten(1, site.heads[0], "the head is not the one that was sealed")


def test_a_batch_reckoned_anew_is_not_on_the_chain(site: Site) -> None:
    rewrite(site, 1)
    leaf = credential_leaf(reckon_head(site))
    site.forge("UPDATE anchored_record SET leaf_index = 0, path = '[]' WHERE kind = 'audit_head' AND version = 1")
    site.forge(
        "UPDATE anchor_batch SET root = %s, size = 1 WHERE id ="
        " (SELECT batch_id FROM anchored_record WHERE kind = 'audit_head' AND version = 1)",
        Tree.of([leaf]).root,
    )
    assert told(verify()) == rewritten(1, site.heads[0], "the chain does not know its batch")


def test_a_log_cut_off_before_an_anchored_head_is_found(site: Site) -> None:
    site.forge("DELETE FROM audit_entry WHERE seq >= %s", site.heads[1])
    assert told(verify()) == rewritten(2, site.heads[1], "the log ends before it")


def test_a_head_taken_out_leaves_its_number_behind(site: Site) -> None:
    site.forge("DELETE FROM anchored_record WHERE kind = 'audit_head' AND version = 1")
    assert told(verify()) == rewritten(1, 0, "the head itself is gone")


def test_a_silent_chain_accuses_nobody(site: Site) -> None:
    assert told(verify("--rpc", "http://127.0.0.1:9")) == (
        0,
        "2 heads not compared with the chain: rpc_unreachable 尚未与链上比对",
    )
    with site.scene.services.database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM anchored_record WHERE kind = 'audit_head'")) == 2
