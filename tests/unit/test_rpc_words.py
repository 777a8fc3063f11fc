"""What a verifier sends to a chain endpoint, byte by byte, and what each wrong answer is called."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from ledger.abi import AnchorRecord, data_from_rpc, quantity_from_rpc
from ledger.errors import RPCFault, RPCUnreachable
from ledger.rpc import HTTPRPC, MAX_ANSWER_BYTES
from support.refusals import refused

WITHIN_S = 1.0
ASKED = b'{"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": ["0x12", "latest"]}'


@contextmanager
def wire(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A port that answers one caller with these bytes; gives it and what was received."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WITHIN_S)

        def serve() -> None:
            with suppress(TimeoutError):
                answer_one()

        def answer_one() -> None:
            caller, _ = server.accept()
            caller.settimeout(WITHIN_S)
            with caller:
                data = caller.recv(65_536)
                while data and not data.endswith(b"}"):
                    data += caller.recv(65_536)
                received.append(data)
                caller.sendall(answer)
                # Until the caller hangs up, so that nothing sent is lost.
                received.append(caller.recv(1))

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], received
        thread.join()


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def ask(port: int, rest: str = "", **more: Any) -> Any:
    return HTTPRPC(f"http://127.0.0.1:{port}{rest}", **more).call("eth_getCode", ["0x12", "latest"])


@pytest.mark.parametrize(
    ("rest", "target"),
    [("", "/"), ("/", "/"), ("/v1/key", "/v1/key"), ("?k=1", "/?k=1"), ("/a?k=1&l=2", "/a?k=1&l=2")],
)
def test_a_question_is_posted_whole_and_the_connection_closed(rest: str, target: str) -> None:
    with wire(http(b'{"jsonrpc":"2.0","id":1,"result":"0x60"}')) as (port, received):
        assert ask(port, rest) == "0x60"
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        f"POST {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept-Encoding: identity",
        f"Content-Length: {len(ASKED)}",
        "Content-Type: application/json",
    ]
    assert body == ASKED
    assert received[1] == b""


@pytest.mark.parametrize("result", [None, False, 0, "", [], {"a": 1}])
def test_any_result_is_an_answer(result: Any) -> None:
    with wire(http(json.dumps({"result": result}).encode())) as (port, _):
        assert ask(port) == result


@pytest.mark.parametrize(
    ("status", "number"), [("500 Oops", 500), ("301 Moved", 301), ("204 None", 204), ("201 Made", 201)]
)
def test_another_status_is_told_with_the_method(status: str, number: int) -> None:
    answer = http(b"", status, "Location: /x")
    with wire(answer) as (port, _), refused(RPCFault, f"eth_getCode: HTTP {number}", status=number):
        ask(port)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'"0x"', b'{"error":{},"result":1}', b'{"error":null,"result":1}'])
def test_json_that_is_no_result_is_a_refusal(body: bytes) -> None:
    with wire(http(body)) as (port, _), refused(RPCFault, "eth_getCode: the endpoint refused"):
        ask(port)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "not UTF-8 at byte 0"),
        (b'{"result":1,"result":2}', "the key 'result' stands twice in one object"),
    ],
)
def test_what_is_no_strict_json_is_told_with_its_fault(body: bytes, why: str) -> None:
    with wire(http(body)) as (port, _), refused(RPCFault, f"eth_getCode: {why}"):
        ask(port)


def test_an_answer_may_have_four_mebibytes_and_no_byte_more() -> None:
    assert MAX_ANSWER_BYTES == 4_194_304
    for size in (MAX_ANSWER_BYTES, MAX_ANSWER_BYTES + 1):
        body = b'{"result":"' + b"x" * (size - 13) + b'"}'
        with wire(http(body)) as (port, _):
            if size == MAX_ANSWER_BYTES:
                assert ask(port) == "x" * (size - 13)
            else:
                with refused(RPCFault, "eth_getCode: 4194305 bytes, 4194304 allowed"):
                    ask(port)


def test_what_speaks_no_http_is_told_with_what_it_said() -> None:
    sentence = "not HTTP: BadStatusLine('220 mail ready\\r\\n')"
    with wire(b"220 mail ready\r\n") as (port, _), refused(RPCFault, sentence):
        ask(port)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", " is not an http address"),
        ("ftp://a", "ftp://a is not an http address"),
        ("http://", "http:// is not an http address"),
        ("https:///x", "https:///x is not an http address"),
        ("http://a:99999", "http://a:99999: Port out of range 0-65535"),
    ],
)
def test_an_address_that_cannot_be_asked_is_named(url: str, sentence: str) -> None:
    with refused(RPCUnreachable, sentence):
        HTTPRPC(url)


def test_a_closed_port_is_named_with_its_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with refused(RPCUnreachable, f"127.0.0.1:{port}: [Errno 111] Connection refused"):
        ask(port)


def test_silence_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with refused(RPCUnreachable, f"127.0.0.1:{port}: timed out"):
            ask(port, timeout_s=0.05)


def test_a_host_is_asked_over_tls_where_its_address_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        first: list[bytes] = []
        server.settimeout(WITHIN_S)

        def serve() -> None:
            with suppress(TimeoutError):
                caller, _ = server.accept()
                with caller:
                    first.append(caller.recv(1))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(RPCUnreachable):
            HTTPRPC(f"https://127.0.0.1:{server.getsockname()[1]}", timeout_s=5).call("eth_chainId", [])
        thread.join()
    # A handshake record (RFC 8446 section 5.1), no request in clear.
    assert first == [b"\x16"]


# The words of the ABI


@pytest.mark.parametrize(("text", "data"), [("0x", b""), ("0X00aF", b"\x00\xaf")])
def test_data_is_read_in_either_case(text: str, data: bytes) -> None:
    assert data_from_rpc(text) == data


@pytest.mark.parametrize("value", [None, 7, "", "0", "00", "0x0", "0xgg", "0x00\n"])
def test_what_is_no_data_is_a_fault(value: Any) -> None:
    with refused(RPCFault, "the endpoint answered something that is not data"):
        data_from_rpc(value)


@pytest.mark.parametrize(("text", "number"), [("0x0", 0), ("0XfF", 255), ("0x" + "f" * 64, 2**256 - 1)])
def test_a_quantity_has_up_to_sixty_four_digits(text: str, number: int) -> None:
    assert quantity_from_rpc(text) == number


@pytest.mark.parametrize("value", [None, 7, "", "0x", "1", "0xg", "0x" + "0" * 65])
def test_what_is_no_quantity_is_a_fault(value: Any) -> None:
    with refused(RPCFault, "the endpoint answered something that is not a quantity"):
        quantity_from_rpc(value)


@pytest.mark.parametrize("size", [0, 127, 129])
def test_a_record_that_is_not_four_words_is_a_fault(size: int) -> None:
    with refused(RPCFault, "the contract answered something that is not four words"):
        AnchorRecord.from_rpc("0x" + "00" * size)


def test_a_record_is_read_with_its_highest_numbers() -> None:
    text = "0x" + "".join(f"{2**256 - number:064x}" for number in (1, 2, 3, 4))
    assert AnchorRecord.from_rpc(text) == AnchorRecord(2**256 - 1, 2**256 - 2, 2**256 - 3, 2**256 - 4)
