"""The embedded chain over HTTP, head by head: what is answered, what is refused, and who is listened to."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ledger.node.evm import Node
from ledger.node.methods import Methods
from ledger.node.server import IDLE_S, make_server
from support.anchoring import running

ASK = b'{"id": 1, "method": "eth_chainId"}'
ANSWER = b'{"jsonrpc": "2.0", "id": 1, "result": "0x7a69"}'


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with running(tmp_path / "chain.sqlite") as url:
        yield urlsplit(url).port or 0


def post(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(("POST / HTTP/1.1", *headers, "", "")).encode() + body


def json_post(body: bytes, host: str = "127.0.0.1") -> bytes:
    return post(f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(body)}", body=body)


def reply(caller: socket.socket) -> tuple[list[str], bytes]:
    """The head of an answer without server and date, and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = caller.recv(65_536)
        assert got, data
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.decode().split("\r\n") if not line.startswith(("Server: ", "Date: "))]
    length = next((int(line[16:]) for line in lines if line.startswith("Content-Length: ")), 0)
    while len(body) < length:
        body += caller.recv(65_536)
    return lines, body


def told(port: int, request: bytes) -> tuple[list[str], bytes, bool]:
    """The answer to a request, and whether the connection was then closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(request)
        lines, body = reply(caller)
        caller.shutdown(socket.SHUT_WR)
        return lines, body, caller.recv(1) == b""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:8545", "127.0.0.1:1"])
def test_an_answer_is_json_of_its_own_length(port: int, host: str) -> None:
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: 47"]
    assert told(port, json_post(ASK, host))[:2] == (head, ANSWER)


def test_many_questions_go_over_one_connection_and_one_without_an_id_is_not_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(json_post(b'{"method": "eth_chainId"}'))
        assert reply(caller) == (["HTTP/1.1 204 No Content"], b"")
        caller.sendall(json_post(ASK) + json_post(ASK))
        # Both may come in one piece; together they are two whole answers.
        data = b""
        while data.count(ANSWER) < 2:
            data += caller.recv(65_536)
        assert data.count(b"HTTP/1.1 200 OK\r\n") == 2


TYPE, LENGTH = "Content-Type: application/json", f"Content-Length: {len(ASK)}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Host: attacker.example", TYPE, LENGTH), "403 Forbidden"),
        (("Host: attacker.example:127.0.0.1", TYPE, LENGTH), "403 Forbidden"),
        (("Host: 127.0.0.1:80:90", TYPE, LENGTH), "403 Forbidden"),
        ((TYPE, LENGTH), "403 Forbidden"),
        (("Host: localhost", LENGTH), "415 Unsupported Media Type"),
        (("Host: localhost", "Content-Type: text/json", LENGTH), "415 Unsupported Media Type"),
        (("Host: localhost", TYPE), "411 Length Required"),
        (("Host: localhost", TYPE, "Content-Length: "), "411 Length Required"),
        (("Host: localhost", TYPE, "Content-Length: ٣"), "411 Length Required"),
        (("Host: localhost", TYPE, "Content-Length: 1000001"), "413 Request Entity Too Large"),
    ],
)
def test_a_refusal_has_no_body_and_ends_the_connection(port: int, headers: tuple[str, ...], status: str) -> None:
    lines, body, closed = told(port, post(*headers, body=ASK))
    assert (lines, body, closed) == ([f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close"], b"", True)


def test_a_body_may_have_a_million_bytes(port: int) -> None:
    body = ASK + b" " * (1_000_000 - len(ASK))
    assert told(port, json_post(body))[1] == ANSWER


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 2_001, b"[" * 1_000 + b"{" * 1_001])
def test_what_is_no_json_or_too_deep_is_answered_as_json(port: int, body: bytes) -> None:
    lines, answer, _ = told(port, json_post(body))
    assert lines[0] == "HTTP/1.1 200 OK"
    assert json.loads(answer) == {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "not JSON"}}


def test_two_thousand_brackets_are_read(port: int) -> None:
    answers = json.loads(told(port, json_post(b"[" + b'"[]",' * 999 + b'"["]'))[1])
    assert answers["error"] == {"code": -32600, "message": "more than 200 requests in a batch"}


def test_only_this_machine_is_listened_to_and_nobody_for_ever(tmp_path: Path) -> None:
    node = Node(tmp_path / "chain.sqlite", chain_id=1, now=0)
    with make_server(Methods(node, lambda: 0), 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert server.daemon_threads
        assert (server.RequestHandlerClass.timeout, IDLE_S) == (120, 120)  # type: ignore[attr-defined]
    node.close()


def test_a_fault_is_told_with_its_caller_and_a_caller_who_hung_up_is_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node = Node(tmp_path / "chain.sqlite", chain_id=1, now=0)

    def fail(error: Exception) -> None:
        raise error

    with make_server(Methods(node, lambda: 0), 0) as server:
        for error in (ZeroDivisionError("a fault"), BrokenPipeError("gone"), ConnectionResetError("gone")):
            try:
                fail(error)
            except Exception:  # noqa: BLE001 - every one of them is handed over
                server.handle_error(None, ("127.0.0.1", 7))  # type: ignore[arg-type]
    node.close()
    heard = capfd.readouterr().err
    assert heard.count("Exception occurred during processing of request from ('127.0.0.1', 7)") == 1
    assert "ZeroDivisionError: a fault" in heard
    assert "gone" not in heard
