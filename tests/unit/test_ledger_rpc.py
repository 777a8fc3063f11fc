import socket
import threading

import pytest

from ledger.abi import AnchorRecord, anchored_call, data_from_rpc, quantity_from_rpc
from ledger.errors import RPCFault, RPCUnreachable
from ledger.rpc import HTTPRPC
from support.scripted_chain import scripted_chain


def test_answer_is_the_result() -> None:
    with scripted_chain({"replies": {"eth_chainId": {"result": "0x1"}}}) as url:
        assert HTTPRPC(f"{url}path?key=1").call("eth_chainId", []) == "0x1"


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "http://a:b", "http://a:99999", "file:///x"])
def test_address_that_http_cannot_ask_is_unreachable(url: str) -> None:
    with pytest.raises(RPCUnreachable):
        HTTPRPC(url)


def test_closed_port_is_unreachable() -> None:
    with scripted_chain({"down": True}) as url, pytest.raises(RPCUnreachable):
        HTTPRPC(str(url)).call("eth_chainId", [])


def test_https_to_a_plain_port_is_unreachable() -> None:
    with scripted_chain({"status": 200, "body": ""}) as url, pytest.raises(RPCUnreachable):
        HTTPRPC(str(url).replace("http:", "https:")).call("eth_chainId", [])


def test_silence_is_unreachable_after_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = HTTPRPC(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.05)
        with pytest.raises(RPCUnreachable):
            endpoint.call("eth_chainId", [])


def test_what_is_not_http_is_a_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail ready\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(RPCFault, match="not HTTP"):
            HTTPRPC(f"http://127.0.0.1:{server.getsockname()[1]}").call("eth_chainId", [])
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "{}"), (301, ""), (200, "<html>"), (200, "[]"), (200, "{}"), (200, '{"result":1,"error":{}}')],
)
def test_answer_that_is_none_is_a_fault(status: int, body: str) -> None:
    with scripted_chain({"status": status, "body": body}) as url, pytest.raises(RPCFault):
        HTTPRPC(str(url)).call("eth_chainId", [])


def test_call_data_is_selector_and_two_words() -> None:
    assert anchored_call(b"\x01" * 32, b"\x02" * 32) == "0x800520ce" + "01" * 32 + "02" * 32


def test_record_is_four_words() -> None:
    text = "0x" + "".join(f"{number:064x}" for number in (1, 2, 3, 4))
    assert AnchorRecord.from_rpc(text) == AnchorRecord(seq=1, time=2, block_number=3, size=4)
    with pytest.raises(RPCFault, match="four words"):
        AnchorRecord.from_rpc("0x00")


@pytest.mark.parametrize("value", [None, 1, "", "00", "0x0", "0xzz"])
def test_what_is_no_data_is_a_fault(value: object) -> None:
    with pytest.raises(RPCFault):
        data_from_rpc(value)


@pytest.mark.parametrize("value", [None, 1, "", "12", "0x", "0xg", "0x" + "1" * 65])
def test_what_is_no_quantity_is_a_fault(value: object) -> None:
    with pytest.raises(RPCFault):
        quantity_from_rpc(value)


def test_data_and_quantity_may_be_in_capitals() -> None:
    assert data_from_rpc("0xABCD") == b"\xab\xcd"
    assert quantity_from_rpc("0xFF") == 255
