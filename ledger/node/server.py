"""HTTP in front of the methods: loopback only, HTTP/1.1 with keep-alive.

A page of the web must not be able to drive the node of the person who visits it: the body must be
declared ``application/json`` (which a page may not send across origins unasked) and the ``Host``
must be a loopback name (so no other name can be pointed here).
"""

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.node.methods import PARSE_ERROR, Methods

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 1_000_000
MAX_OPENED = 2_000
IDLE_S = 120
HOSTS = frozenset({"127.0.0.1", "localhost"})


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Server"

    def do_POST(self) -> None:
        """Answer a JSON-RPC request."""
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True
            self._send(refusal, None)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            request = _parse(body)
        except ValueError:
            error = {"code": PARSE_ERROR, "message": "not JSON"}
            self._send(HTTPStatus.OK, {"jsonrpc": "2.0", "id": None, "error": error})
            return
        answer = self.server.methods.answer(request)
        self._send(HTTPStatus.NO_CONTENT if answer is None else HTTPStatus.OK, answer)

    def _refusal(self) -> HTTPStatus | None:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in HOSTS:
            return HTTPStatus.FORBIDDEN
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > MAX_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    def _send(self, status: HTTPStatus, answer: Any) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the caller logs what matters."""


class _Server(ThreadingHTTPServer):
    """A thread a connection; none of them keeps the process alive."""

    daemon_threads = True

    def __init__(self, methods: Methods, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.methods = methods

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller who hung up; everything else is a fault to be seen."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _parse(body: bytes) -> Any:
    """Parse JSON of bounded depth.

    py-evm raises Python's recursion limit so far that a deep enough list would break the C stack.
    """
    if body.count(b"[") + body.count(b"{") > MAX_OPENED:
        raise ValueError("too many brackets")
    return json.loads(body)


def make_server(methods: Methods, port: int) -> ThreadingHTTPServer:
    """Bind the node to a port of this machine's loopback.

    Args:
        methods: What answers.
        port: 0 takes a free one; see ``server_address``.

    Raises:
        OSError: The port is taken.
    """
    return _Server(methods, port)
