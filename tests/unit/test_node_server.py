import http.client
import json
import socket
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ledger.chain import Chain
from ledger.errors import ChainUnavailable
from ledger.node.evm import Node
from ledger.node.methods import Methods
from ledger.node.server import make_server
from support.anchoring import running

JSON = {"Content-Type": "application/json"}
ASK = json.dumps({"id": 1, "method": "eth_chainId"})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[http.client.HTTPConnection]:
    with running(tmp_path / "chain.sqlite") as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        yield connection
        connection.close()


def post(connection: http.client.HTTPConnection, body: str | bytes, headers: dict[str, str]) -> tuple[int, Any]:
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text else None


def test_many_requests_travel_over_one_connection(connection: http.client.HTTPConnection) -> None:
    assert post(connection, ASK, JSON) == (200, {"jsonrpc": "2.0", "id": 1, "result": "0x7a69"})
    first = connection.sock
    assert post(connection, ASK, {"Content-Type": "application/json; charset=utf-8"})[0] == 200
    assert post(connection, json.dumps({"method": "eth_chainId"}), JSON) == (204, None)
    assert post(connection, "{", JSON)[1]["error"]["code"] == -32700
    assert post(connection, "[" * 2_001, JSON)[1]["error"]["code"] == -32700
    assert post(connection, "[" * 2_000 + "]" * 2_000, JSON)[1][0]["error"]["code"] == -32600
    assert post(connection, b"\xff\xfe", JSON)[1]["error"]["code"] == -32700
    assert connection.sock is first


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
        ({**JSON, "Host": "attacker.example"}, 403),
        ({**JSON, "Host": ""}, 403),
        ({**JSON, "Content-Length": "1000001"}, 413),
        ({**JSON, "Content-Length": "-5"}, 411),
        ({**JSON, "Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_what_a_page_of_the_web_could_send_is_refused(
    connection: http.client.HTTPConnection, headers: dict[str, str], status: int
) -> None:
    assert post(connection, b"" if "Content-Length" in headers else ASK, headers) == (status, None)
    assert post(connection, ASK, JSON)[0] == 200


def test_only_posting_is_possible(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/")

    assert connection.getresponse().status == 501


def test_a_caller_who_hangs_up_harms_nobody(connection: http.client.HTTPConnection) -> None:
    rude = socket.create_connection((connection.host, connection.port))
    # A reset instead of a farewell (SO_LINGER with no time), in the middle of a request.
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    rude.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
    assert post(connection, ASK, JSON)[0] == 200
    rude.close()

    assert post(connection, ASK, JSON)[0] == 200


def test_hanging_up_is_not_reported_as_a_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    node = Node(tmp_path / "chain.sqlite", chain_id=1, now=0)
    server = make_server(Methods(node, lambda: 0), 0)

    def hang_up() -> None:
        raise ConnectionResetError

    try:
        hang_up()
    except ConnectionResetError:
        server.handle_error(None, ("127.0.0.1", 1))  # type: ignore[arg-type]
    server.server_close()
    node.close()

    assert capfd.readouterr().err == ""


def test_a_fault_of_the_node_is_seen_and_no_answer_is_made_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path / "chain.sqlite") as url:
        with sqlite3.connect(tmp_path / "chain.sqlite") as other:
            other.execute("DROP TABLE log")
        other.close()
        with pytest.raises(ChainUnavailable):
            Chain(url).anchor_transaction("0x" + "00" * 20, bytes(32), bytes(32), block_number=0)
        assert Chain(url).head_number() == 0

    assert "no such table: log" in capfd.readouterr().err
