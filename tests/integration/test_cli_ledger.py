"""``tally ledger``: what it prints, and its exit status; the deeds themselves are tested beside it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from ledger.chain import Chain
from portal import cli
from portal.cli import health
from portal.cli.health import _stopped_writers
from portal.passports.rebuilding import named
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.sealing import Sealing, found_sealing, root_of


@pytest.fixture
def url(tmp_path: Path, now: datetime) -> Iterator[str]:
    with running(tmp_path / "chain.sqlite", hand=Hand(int(now.timestamp()))) as address:
        yield address


@pytest.fixture
def firm(
    fresh_database_url: str, tmp_path: Path, clock: HandClock, url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sealing]:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TALLY_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("TALLY_CHAIN_RPC_URL", url)
    database = Database(fresh_database_url, pool_size=2)
    yield found_sealing(database, home=tmp_path / "home", clock=clock).on(url)
    database.close()


def tally(*words: str) -> Result:
    return CliRunner().invoke(cli.commands, ["ledger", *words])


def test_status_reanchor_and_resync_tell_what_they_found_and_did(
    firm: Sealing, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm.seal(0, 1)
    firm.anchor()
    well = tally("status", "--json")
    found = json.loads(well.output)
    assert (well.exit_code, len(found)) == (0, 1)
    assert (found[0]["answers"], found[0]["count"], found[0]["trouble"]) == (named(Chain(url).identity()), 2, "")
    agreed = tally("resync")
    assert (agreed.exit_code, agreed.output) == (0, "Chain and database agree. 链上与库中一致\n")

    firm.change("UPDATE anchor_batch SET state = 'mined', receipt = NULL WHERE seq = 1")
    short = root_of(1).hex()
    differs = tally("resync")
    assert (differs.exit_code, differs.output.splitlines()) == (
        1,
        [
            f"  ✗ batch 1 {short[:16]}…: on the chain, not final here",
            "1 batches differ; nothing was changed (--apply lets the chain stand). 1 批不一致，未作改动。",
        ],
    )
    assert json.loads(tally("resync", "--json").output) == [{"seq": 1, "root": short, "what": "unnoted"}]
    mended = tally("resync", "--apply")
    assert (mended.exit_code, mended.output.splitlines()[-1]) == (
        0,
        "The chain's account stands now, 1 batches were changed. 已以链上为准，改动 1 批。",
    )
    assert firm.states() == [(0, "final"), (1, "final")]

    with running(tmp_path / "other.sqlite", hand=Hand(int(firm.now.timestamp()) + 60)) as other:
        monkeypatch.setenv("TALLY_CHAIN_RPC_URL", other)
        foreign = tally("status")
        assert foreign.exit_code == 1
        assert "trouble      foreign_chain: chain 31337 beginning with" in foreign.output
        onto = named(Chain(other).identity())
        done = tally("reanchor", "--onto", onto)
        assert (
            done.output == f"2 batches anchored on {onto}; the old receipts are kept. 已在新链上重新锚定 2 批。\n"
        )
        assert tally("reanchor", "--onto", onto, "--extra").exit_code == 2


def test_there_is_nothing_to_say_of_the_chain_of_no_company(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TALLY_DATABASE_URL", fresh_database_url)
    refused = tally("status")
    assert (refused.exit_code, refused.output) == (1, "Error: There is no company yet. 尚无公司。\n")


def test_health_names_a_writer_that_stopped(firm: Sealing, fresh_database_url: str) -> None:
    settings = Settings(database_url=fresh_database_url)
    assert _stopped_writers(settings) == ""
    with psycopg.connect(fresh_database_url) as connection:
        connection.execute(
            "INSERT INTO chain_standing"
            " VALUES (%s, gen_random_uuid(), 'main', 'stopped', 'foreign_chain', 'x', now())",
            (firm.org_id,),
        )
    assert _stopped_writers(settings) == "main: foreign_chain, x"
    assert _stopped_writers(Settings(database_url="postgresql://127.0.0.1:9/none")) == ""


def test_a_chain_is_not_healthy_while_its_writer_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Answering:
        def __init__(self, _url: str) -> None:
            pass

        def call(self, method: str, _params: list[object]) -> str:
            return {"eth_chainId": "0x7a69", "eth_blockNumber": "0x2"}[method]

    settings = Settings(chain_rpc_url="http://127.0.0.1:9/")
    monkeypatch.setattr(health, "HTTPRPC", Answering)
    monkeypatch.setattr(health, "_stopped_writers", lambda _settings: "")
    assert health._chain(settings) == "ok, chain 31337, block 2"
    monkeypatch.setattr(health, "_stopped_writers", lambda _settings: "main: foreign_chain, x")
    with pytest.raises(OSError, match="nothing is written to it: main: foreign_chain, x"):
        health._chain(settings)
