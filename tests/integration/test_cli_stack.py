"""``tally run`` keeps everything alive: real processes, real kill -9, one home folder."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from portal import cli
from portal.cli import serve
from portal.cli.environment import child_environ
from portal.cli.stack import Stack
from portal.platform.config import Settings
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.processes import free_port, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]


def environ(home: Path, **settings: object) -> dict[str, str]:
    return child_environ(Settings(home=home, **settings), os.environ)  # type: ignore[arg-type]


@contextmanager
def running(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run ``tally run --empty`` until the block ends, then interrupt it as a person would."""
    command = [sys.executable, "-P", "-m", "app", "run", "--empty"]
    with subprocess.Popen(
        command, env=environ(home, port=port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def tally(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    home = Path(str(settings.pop("home")))
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *arguments],
        env=environ(home, **settings),
        check=False,
        capture_output=True,
        text=True,
    )


def group_of(home: Path, name: str) -> int:
    """Return the part's process group; 0 in the moment in which it is started anew."""
    return int(text_of(home / "run" / f"{name}.group") or 0)


def test_a_first_start_makes_a_closed_home_and_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port) as process:
        health = tally("health", home=home, port=port)
        assert health.returncode == 0, health.stdout
        assert [line.split(",")[0] for line in health.stdout.splitlines()] == [
            "database: ok",
            "chain: ok",
            "portal: ok",
        ]
        groups = [group_of(home, name) for name in ("chain", "portal", "worker")]
    assert process.returncode == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not EmbeddedPostgres(home).is_alive()
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
    assert tally("health", home=home, port=port).stdout.count(": failed: ") == 3


def test_every_part_comes_back_after_kill_9(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()

    def healthy() -> bool:
        return tally("health", home=home, port=port).returncode == 0

    with running(home, port):
        for name in ("portal", "worker", "chain"):
            before = group_of(home, name)
            os.kill(before, signal.SIGKILL)
            wait_until(lambda n=name, b=before: group_of(home, n) not in {0, b}, what=name, timeout_s=30)  # type: ignore[misc]
            wait_until(healthy, what=f"health after {name}", timeout_s=30)
        server = EmbeddedPostgres(home)
        postmaster = server.pid
        assert postmaster is not None
        os.kill(postmaster, signal.SIGKILL)
        wait_until(
            lambda: server.pid not in {None, postmaster} and healthy(), what="health after postgres", timeout_s=30
        )


def test_a_second_run_in_the_same_home_is_refused(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port):
        second = tally("run", "--empty", home=home, port=free_port())
        assert second.returncode == 1
        assert second.stderr == f"tally: A portal already runs from {home}.\n"
        taken = tally("run", "--empty", home=tmp_path / "other", port=port)
        assert taken.returncode == 1
        assert f"Port {port} is taken" in taken.stderr


def test_kill_9_of_the_supervisor_leaves_nothing_behind_and_nothing_in_the_way(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port) as process:
        groups = [group_of(home, name) for name in ("chain", "portal", "worker")]
        process.kill()
        process.wait()
        for group in groups:
            wait_until(lambda g=group: is_gone(g), what="a child's end", timeout_s=40)  # type: ignore[misc]
    with running(home, port):
        assert tally("health", home=home, port=port).returncode == 0


def is_gone(group: int) -> bool:
    """No process of the group runs; zombies wait for whoever inherits them."""
    states = [
        facts.rpartition(")")[2].split()
        for folder in Path("/proc").glob("[0-9]*")
        if (facts := text_of(folder / "stat"))
    ]
    return not any(int(state[2]) == group and state[0] != "Z" for state in states)


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_the_first_operator_names_the_company_and_a_second_one_does_not(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOME": str(tmp_path), "DATABASE_URL": fresh_database_url}.items():
        monkeypatch.setenv(f"TALLY_{name}", value)
    runner = CliRunner()
    assert runner.invoke(cli.commands, ["migrate"]).exit_code == 0
    first = runner.invoke(
        cli.commands,
        ["operator", "create", "a@example.com", "--company-zh", "甲", "--password", "abcdefgh1"],
        "Jia\n",
    )
    assert first.exit_code == 0, first.output
    assert first.output.splitlines()[-1] == "a@example.com may sign in as an operator."
    second = runner.invoke(
        cli.commands, ["operator", "create", "b@example.com", "--name", "B", "--password", "abcdefgh1"]
    )
    assert second.output == "b@example.com may sign in as an operator.\n"
    again = runner.invoke(cli.commands, ["operator", "create", "b@example.com", "--password", "abcdefgh1"])
    assert again.exit_code == 1
    assert again.exception is not None
    assert str(again.exception) == "Somebody already signs in as b@example.com."


def test_an_import_by_command_is_all_or_nothing(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOME": str(tmp_path), "DATABASE_URL": fresh_database_url}.items():
        monkeypatch.setenv(f"TALLY_{name}", value)
    runner = CliRunner()
    create = ["operator", "create", "a@example.com", "--company-zh", "甲", "--company-en", "Jia"]
    assert runner.invoke(cli.commands, [*create, "--password", "abcdefgh1"]).exit_code == 0
    table = tmp_path / "partners.csv"
    table.write_text("code,name,kind\nP1,Li,customer\nP2,Wang,nonsense\n", encoding="utf-8")
    arguments = ["import", "partners", str(table), "--mapping", "roles=kind", "--json"]
    bad = runner.invoke(cli.commands, arguments)
    assert bad.exit_code == 1, bad.output
    assert json.loads(bad.stdout)["applied"] is False
    table.write_text("code,name,kind\nP1,Li,customer\n", encoding="utf-8")
    good = runner.invoke(cli.commands, arguments)
    assert good.exit_code == 0, good.output
    assert (json.loads(good.stdout)["new"], json.loads(good.stdout)["applied"]) == (1, True)
    again = runner.invoke(cli.commands, ["import", "partners", str(table), "--mapping", "roles=C", "--dry-run"])
    assert "unchanged 未变 1" in again.output
    table.write_text("伙伴编号,名称,角色\nP1,Li,客户\n", encoding="gb18030")
    again = runner.invoke(cli.commands, ["import", "partners", str(table), "--dry-run"])
    assert "unchanged 未变 1" in again.output


def answering(*replies: bytes) -> Iterator[int]:
    """Serve each reply to one connection; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            for reply in replies:
                with listener.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(reply)

        pool.submit(serve)
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "portal: failed: status 503"),
        (b"this is no web server\r\n\r\n", "portal: failed: no HTTP"),
    ],
)
def test_a_portal_that_answers_badly_is_not_healthy(
    reply: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path))
    for port in answering(reply):
        monkeypatch.setenv("TALLY_PORT", str(port))
        result = CliRunner().invoke(cli.commands, ["health"])
    assert said in result.output
    assert f"chain: failed: it was never started in {tmp_path}" in result.output
    assert result.exit_code == 1


def test_a_stack_does_not_take_a_strangers_noise_for_the_portal(tmp_path: Path) -> None:
    for port in answering(b"this is no web server\r\n\r\n"):
        assert not Stack(Settings(home=tmp_path, port=port)).answers()


def test_servers_of_ones_own_are_used_as_they_are(tmp_path: Path) -> None:
    stack = Stack(Settings(home=tmp_path, chain_rpc_url="http://c", database_url="postgresql://d", port=0))
    stack._claim_home()
    stack._choose_port()
    stack._start_chain()
    stack._start_database()
    assert stack.settings.chain_rpc_url == "http://c"
    assert stack.settings.database_url == "postgresql://d"
    assert stack.settings.port == int((tmp_path / "run" / "portal.port").read_text())
    stack.stop()
    stack._lock.close()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_worker_of_the_web_server_builds_the_portal_and_is_tied_to_its_master(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tied: list[int] = []
    monkeypatch.setattr(serve, "die_with_parent", tied.append)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("TALLY_HOME", str(tmp_path))
    monkeypatch.setenv("TALLY_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x")
    application = serve.application()
    assert application.extensions["tally"].settings.home == tmp_path  # type: ignore[attr-defined]
    assert tied == {"linux": [signal.SIGKILL], "darwin": []}[platform]


def test_a_single_command_lends_itself_the_embedded_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path))
    assert CliRunner().invoke(cli.commands, ["migrate"]).exit_code == 0
    assert not EmbeddedPostgres(tmp_path).is_alive()
    with EmbeddedPostgres(tmp_path) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT to_regclass('org') IS NOT NULL").fetchone() == (True,)


@contextmanager
def announced(home: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """Run ``tally demo`` and lend everything it prints until it is ready; then terminate it as a machine would."""
    command = [sys.executable, "-P", "-m", "app", "demo", "--home", str(home), "--port", "0", *arguments]
    with subprocess.Popen(
        command,
        env={**environ(Path("elsewhere")), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed and "graphql_url" not in printed:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            printed += line
        try:
            yield printed
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_demo_is_announced_to_machines_then_to_people_with_the_same_logins(tmp_path: Path) -> None:
    home, opened = tmp_path / "home", tmp_path / "opened"
    with announced(home, "--json", "--no-browser") as line:
        first = json.loads(line)
        health = tally("health", home=home, port=int(first["url"].rpartition(":")[2]))
        assert health.returncode == 0, health.stdout
    assert list(first) == ["url", "graphql_url", "logins", "passports"]
    assert first["graphql_url"] == first["url"] + "/graphql"
    assert [(login["role"], login["tier"]) for login in first["logins"]] == [
        ("customer", "ordinary"),
        ("customer", "key"),
        ("customer", "strategic"),
        ("supplier", ""),
        ("auditor", ""),
        ("operator", ""),
    ]
    assert first["passports"][0]["url"].startswith(first["url"] + "/01/")
    assert stat.S_IMODE((home / "demo-logins.json").stat().st_mode) == 0o600
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with announced(home, DISPLAY=":99", BROWSER=f"{browser} %s") as text:
        assert first["url"] in text
        assert all(login["password"] in text for login in first["logins"])
        wait_until(lambda: text_of(opened).strip() == first["url"], what="the browser", timeout_s=10)


def test_a_home_with_a_company_of_its_own_never_gets_demo_users(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path):
        pass
    with announced(tmp_path, "--json", "--no-browser") as line:
        assert json.loads(line)["logins"] == []
    assert not (tmp_path / "demo-logins.json").exists()


def test_a_start_that_is_cut_short_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-P", "-m", "app", "run", "--empty"]
    with subprocess.Popen(command, env=environ(home, port=free_port()), stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: group_of(home, "chain") != 0, what="the chain's start", timeout_s=30)
        group = group_of(home, "chain")
        process.terminate()
        assert process.wait(60) == 130
    assert is_gone(group)
    assert not EmbeddedPostgres(home).is_alive()
