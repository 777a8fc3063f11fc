import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import Chain
from ledger.node.__main__ import _announce, main
from support.anchoring import ADMIN

BASE = [sys.executable, "-m", "ledger.node", "--chain-id", "31337"]


def start(db: Path, *more: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a node and wait for its word; gives the process and the URL."""
    ours, theirs = os.pipe()
    process = subprocess.Popen([*BASE, "--db", str(db), "--ready-fd", str(theirs), *more], pass_fds=(theirs,))
    os.close(theirs)
    with os.fdopen(ours) as ready:
        return process, f"http://127.0.0.1:{int(ready.readline())}"


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(how)
    return process.wait(10)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_node_announces_itself_answers_and_ends_when_told(tmp_path: Path, how: signal.Signals) -> None:
    ready_file = tmp_path / "ready"
    process, url = start(tmp_path / "chain.sqlite", "--ready-file", str(ready_file), "--fund", f"{ADMIN.address},")
    genesis = Chain(url).identity()

    assert ready_file.read_text() == url.rsplit(":", 1)[1] + "\n"
    assert Chain(url)._web3.eth.get_balance(ADMIN.address) == 10**27
    assert end(process, how) == 0
    again, url = start(tmp_path / "chain.sqlite")
    assert Chain(url).identity() == genesis
    assert end(again) == 0


def test_one_chain_file_has_one_owner(tmp_path: Path) -> None:
    process, url = start(tmp_path / "chain.sqlite")
    second = subprocess.run(
        [*BASE, "--db", str(tmp_path / "chain.sqlite")], capture_output=True, text=True, check=False
    )

    assert (second.returncode, "owned by another process" in second.stderr) == (3, True)
    assert Chain(url).head_number() == 0
    assert end(process) == 0


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process, url = start(tmp_path / "one.sqlite")
    port = url.rsplit(":", 1)[1]

    status = main(["--db", str(tmp_path / "two.sqlite"), "--chain-id", "1", "--port", port])

    assert status == 3
    assert "Address already in use" in capsys.readouterr().err
    assert end(process) == 0


@pytest.mark.parametrize("arguments", [["--chain-id", "1"], ["--db", "x", "--chain-id", "1", "--fund", "0x12"]])
def test_bad_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "error:" in capsys.readouterr().err


def test_starting_the_node_needs_no_web3() -> None:
    program = "import json, sys, ledger.node.__main__; print(json.dumps(sorted(sys.modules)))"
    out: Any = json.loads(subprocess.check_output([sys.executable, "-c", program]))

    assert {"web3", "requests", "flask", "eth_account"} & set(out) == set()


def test_what_is_no_chain_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "chain.sqlite").write_bytes(b"no database, though long enough to be taken for one" * 99)

    assert main(["--db", str(tmp_path / "chain.sqlite"), "--chain-id", "1"]) == 3
    assert "file is not a database" in capsys.readouterr().err


def test_the_port_can_be_told_by_a_file_alone(tmp_path: Path) -> None:
    _announce(8545, Namespace(ready_file=tmp_path / "ready", ready_fd=None))

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"ready": "8545\n"}
