import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

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
