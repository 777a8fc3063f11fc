"""The embedded chain as a program: its arguments, its word that it runs, and how it ends."""

import json
import os
import select
import signal
import socket
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from ledger.node.__main__ import _announce, _arguments, main
from ledger.node.evm import Node
from support.anchoring import ADMIN, STRANGER, T0, WRITER

USAGE = """\
usage: python -m ledger.node [-h] --db DB [--port PORT] --chain-id CHAIN_ID
                             [--fund FUND] [--ready-file READY_FILE]
                             [--ready-fd READY_FD]
"""
WITHIN_S = 5.0


class NobodyListens(BaseException):
    """The signal came to the test instead of the node."""


@pytest.fixture(autouse=True)
def signals_of_our_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def heard(_signal: int, _frame: object) -> None:
        raise NobodyListens

    monkeypatch.setenv("COLUMNS", "80")
    kept = {one: signal.signal(one, heard) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    for one, handler in kept.items():
        signal.signal(one, handler)


def ask(port: int, method: str, *params: Any) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    body = json.dumps({"id": 1, "method": method, "params": params})
    connection.request("POST", "/", body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer["result"]


def run(db: Path, how: signal.Signals, *more: str) -> tuple[int, dict[str, Any]]:
    """Run the node in this thread; a second one asks it, sends a transaction and then the signal."""
    ours, theirs = os.pipe()
    seen: dict[str, Any] = {}
    paid = ADMIN.sign_transaction(
        {"chainId": 31_337, "nonce": 0, "to": WRITER.address, "value": 5, "gas": 21_000, "gasPrice": 0}
    ).raw_transaction.to_0x_hex()

    def visit() -> None:
        try:
            assert select.select([ours], [], [], WITHIN_S)[0] == [ours]
            port = int(os.read(ours, 9))
            seen["chain"] = ask(port, "eth_chainId")
            seen["genesis"] = ask(port, "eth_getBlockByNumber", "0x0")
            seen["rich"] = [ask(port, "eth_getBalance", one.address) for one in (ADMIN, STRANGER)]
            ask(port, "eth_sendRawTransaction", paid)
            seen["mined"] = ask(port, "eth_getBlockByNumber", "latest")
        finally:
            os.close(ours)
            os.kill(os.getpid(), how)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        arguments = ["--db", str(db), "--chain-id", "31337", "--ready-fd", str(theirs), *more]
        return main(arguments), seen
    finally:
        visitor.join()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_node_serves_the_chain_it_was_asked_for_until_told_to_end(tmp_path: Path, how: signal.Signals) -> None:
    before = int(time.time())
    status, seen = run(tmp_path / "chain.sqlite", how, "--fund", ADMIN.address)
    after = int(time.time())

    assert status == 0
    assert seen["chain"] == "0x7a69"
    # 10^27 wei for whom it was told to fund, nothing for anybody else.
    assert seen["rich"] == ["0x33b2e3c9fd0803ce8000000", "0x0"]
    assert before <= int(seen["genesis"]["timestamp"], 16) <= after
    # A block is at least a second younger than the one before.
    assert seen["mined"]["number"] == "0x1"
    assert before + 1 <= int(seen["mined"]["timestamp"], 16) <= after + 1
    # The file is let go, and holds what was mined.
    again = Node(tmp_path / "chain.sqlite", chain_id=31_337, now=0)
    assert (again.head.block_number, "0x" + again.head.hash.hex()) == (1, seen["mined"]["hash"])
    again.close()


def test_the_first_block_and_the_next_have_the_time_the_node_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.node.__main__._now", lambda: T0)

    _, seen = run(tmp_path / "chain.sqlite", signal.SIGTERM, "--fund", ADMIN.address)

    assert (seen["genesis"]["timestamp"], seen["mined"]["timestamp"]) == ("0x6a18a500", "0x6a18a501")


def test_arguments_have_their_kinds_and_most_may_be_left_out() -> None:
    least = _arguments(["--db", "a/chain.sqlite", "--chain-id", "7"])
    assert least == Namespace(
        db=Path("a/chain.sqlite"), port=0, chain_id=7, fund=(), ready_file=None, ready_fd=None
    )
    funded = f"{ADMIN.address},,{WRITER.address.lower()},"
    more = ["--port", "8545", "--fund", funded, "--ready-file", "ready", "--ready-fd", "9"]
    assert _arguments(["--db", "c", "--chain-id", "7", *more]) == Namespace(
        db=Path("c"),
        port=8545,
        chain_id=7,
        # The addresses of the keys 11…11 and 22…22, by another implementation (eth-account).
        fund=(
            bytes.fromhex("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"),
            bytes.fromhex("1563915e194d8cfba1943570603f7606a3115508"),
        ),
        ready_file=Path("ready"),
        ready_fd=9,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--chain-id", "1"], "the following arguments are required: --db"),
        (["--db", "x"], "the following arguments are required: --chain-id"),
        (["--db", "x", "--chain-id", "one"], "argument --chain-id: invalid int value: 'one'"),
        (
            ["--db", "x", "--chain-id", "1", "--fund", f"{ADMIN.address},0x12"],
            "argument --fund: not an address: 0x12",
        ),
    ],
)
def test_arguments_that_say_no_chain_are_named(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{USAGE}python -m ledger.node: error: {sentence}\n"


def test_a_chain_that_cannot_start_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Node(tmp_path / "chain.sqlite", chain_id=31_337, now=0).close()
    (tmp_path / "text").write_text("no database, though long enough to be taken for one" * 99)

    assert main(["--db", str(tmp_path / "chain.sqlite"), "--chain-id", "1"]) == 3
    assert main(["--db", str(tmp_path / "text"), "--chain-id", "1"]) == 3
    assert capsys.readouterr().err == (
        "the embedded chain cannot start: the chain file holds chain 31337, chain 1 asked\n"
        "the embedded chain cannot start: file is not a database\n"
    )


def test_a_taken_port_is_a_reason_not_to_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--db", str(tmp_path / "chain.sqlite"), "--chain-id", "1", "--port", str(port)]) == 3
    assert capsys.readouterr().err == "the embedded chain cannot start: [Errno 98] Address already in use\n"


def test_a_ready_file_is_never_seen_half_written(tmp_path: Path) -> None:
    # The name beside leads elsewhere: whatever is written under it, and then renamed, is seen there.
    (tmp_path / "ready.part").symlink_to(tmp_path / "half")

    _announce(8545, Namespace(ready_file=tmp_path / "ready", ready_fd=None))

    assert (tmp_path / "half").read_text() == "8545\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half", "ready"]
    assert (tmp_path / "ready").is_symlink()


def test_a_descriptor_is_told_the_port_and_closed() -> None:
    ours, theirs = os.pipe()
    _announce(8545, Namespace(ready_file=None, ready_fd=theirs))

    with os.fdopen(ours, "rb") as ready:
        assert ready.read() == b"8545\n"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(theirs)


def test_nobody_who_asks_for_no_word_is_told(tmp_path: Path) -> None:
    _announce(8545, Namespace(ready_file=None, ready_fd=None))
    assert list(tmp_path.iterdir()) == []
