"""A way to the chain that loses questions, loses answers and asks twice, as networks and load balancers do."""

import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("lost before", "lost after", "sent twice")
SENDS_FAIL, OTHERS_FAIL = 0.4, 0.02
FORWARD_S = 20.0


class FaultyProxy(ThreadingHTTPServer):
    """Passes JSON-RPC on to a port of this machine; ``honest`` ends the faults.

    Args:
        port: The node's.
        seed: Of the dice.
    """

    daemon_threads = True

    def __init__(self, port: int, *, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.node_port = port
        self.honest = False
        self.counted: Counter[str] = Counter()
        self._dice = random.Random(seed)  # noqa: S311 - chance, not secrecy

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def fault(self, body: bytes) -> str:
        """Return what goes wrong with a question, empty for nothing."""
        is_send = b"eth_sendRawTransaction" in body
        if self.honest or self._dice.random() >= (SENDS_FAIL if is_send else OTHERS_FAIL):
            return ""
        chosen = self._dice.choice(FAULTS)
        self.counted[chosen] += 1
        return chosen

    def forward(self, body: bytes) -> tuple[int, bytes]:
        """Ask the node."""
        connection = http.client.HTTPConnection("127.0.0.1", self.node_port, timeout=FORWARD_S)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: hanging up is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Pass one question on, or fail at it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.fault(body)
        self.close_connection = True
        if fault == "lost before":
            return
        with suppress(OSError, http.client.HTTPException):
            if fault == "sent twice":
                self.server.forward(body)
            status, answer = self.server.forward(body)
            if fault != "lost after":
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def faulty_proxy(port: int, *, seed: int) -> Iterator[FaultyProxy]:
    """Run a proxy for the block."""
    proxy = FaultyProxy(port, seed=seed)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
