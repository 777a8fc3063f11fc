"""``tally keys``: what an operator sees and does at the shell."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from portal import cli
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import Scene, made_scene


def tally(*words: str) -> Result:
    return CliRunner().invoke(cli.commands, ["keys", *words])


@pytest.fixture
def database(fresh_database_url: str) -> Database:
    return Database(fresh_database_url, pool_size=2)


@pytest.fixture
def home(tmp_path: Path, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TALLY_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("TALLY_BASE_URL", "https://portal.example")
    return tmp_path / "home"


def test_without_a_company_there_is_nothing_to_do(home: Path) -> None:
    found = tally("list")
    assert found.exit_code == 1
    assert "There is no company yet." in found.output
    assert home.exists()


def test_keys_are_listed_rotated_and_revoked(database: Database, home: Path, clock: HandClock) -> None:
    scene: Scene = made_scene(database, home=home, clock=clock, now=clock.now())
    assert "There is no key yet" in tally("list").output
    scene.papers()
    scene.issue()
    first = tally("list").output
    assert "signs 在用" in first
    old = first.split()[0]
    new = tally("rotate", "--grace", "1").output.split()[0]
    listed = tally("list").output.splitlines()
    assert [line.split()[0] for line in listed] == [new, old]
    assert "signs 在用" in listed[0]
    assert "ends 停用" in listed[1]
    lost = tally("revoke", old, "--reason", "stolen")
    assert lost.exit_code == 1
    assert "credentials were not anchored yet" in lost.output
    assert "revoked 已吊销" in tally("list").output.splitlines()[1]
    told_again = tally("revoke", old, "--reason", "stolen")
    assert (told_again.exit_code, told_again.output) == (
        1,
        lost.output.replace("is revoked 密钥已吊销", "was revoked before 密钥此前已吊销"),
    )
    again = tally("revoke", new, "--reason", "to be sure")
    assert (again.exit_code, again.output) == (0, f"{new} is revoked 密钥已吊销\n")
    third = tally("list").output.split()[0]
    (home / "keys" / "issuer" / f"{third}.json").unlink()
    assert "file missing 文件缺失" in tally("list").output.splitlines()[0]
    with database.reading() as connection:
        told = connection.execute(text("SELECT what, actor FROM audit_entry WHERE what LIKE 'key.%' ORDER BY seq"))
        assert [tuple(row) for row in told] == [
            ("key.rotated", "tally keys"),
            ("key.revoked", "tally keys"),
            ("key.revoked", "tally keys"),
        ]
    database.close()
