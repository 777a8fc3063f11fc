"""A chain endpoint that answers from a record and remembers what it was asked: real HTTP, in this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

CONTRACT = "0xAE519FC2Ba8e6fFE6473195c092bF1BAe986ff90"
HASH = b"\xcd" * 32
ROOT = b"\xaa" * 32
ROOT_B = b"\xbb" * 32
WRITER_WORD = "00" * 12 + "1563915e194d8cfba1943570603f7606a3115508"
"""The address of the key 22…22 as a word of the ABI."""

Asked = list[tuple[str, list[Any]]]


@contextmanager
def recording(answers: dict[str, Any], status: int = 200, late: float = 0) -> Iterator[tuple[str, Asked]]:
    """Give the URL of an endpoint and the list of what it was asked.

    Args:
        answers: By method: a result, or the whole answer with ``error`` in it.
        status: Of HTTP.
        late: How long it keeps silent first, in seconds.
    """
    asked: Asked = []
    hold = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((request["method"], request["params"]))
            # web3 asks for the chain's number before it calls, whoever sends.
            answer = ({"eth_chainId": "0x5"} | answers)[request["method"]]
            told = answer if isinstance(answer, dict) and "error" in answer else {"result": answer}
            hold.wait(late)
            reply = json.dumps({"jsonrpc": "2.0", "id": request["id"], **told}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def handle(self) -> None:
            with suppress(ConnectionError):  # whoever was kept waiting may have hung up
                super().handle()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def of(asked: Asked, *methods: str) -> Asked:
    """Return the questions of these methods alone."""
    return [one for one in asked if one[0] in methods]


def hexed(data: bytes) -> str:
    """Return bytes as JSON-RPC has them."""
    return "0x" + data.hex()


def words(*numbers: int) -> str:
    """Return numbers as words of the ABI."""
    return "0x" + "".join(f"{number:064x}" for number in numbers)


BLOCK = {"number": "0x7", "hash": hexed(HASH), "timestamp": "0x64", "baseFeePerGas": "0x3"}
RECEIPT = {
    "transactionHash": hexed(ROOT),
    "blockNumber": "0x7",
    "blockHash": hexed(HASH),
    "status": "0x1",
    "gasUsed": "0x5208",
    "contractAddress": None,
    "logs": [],
}
