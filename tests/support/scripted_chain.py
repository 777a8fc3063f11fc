"""A chain endpoint that answers from a script: real HTTP on the loopback, in this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    script: dict[str, Any]

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = _answer(self.script, request)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def _answer(script: dict[str, Any], request: dict[str, Any]) -> tuple[int, bytes]:
    if "body" in script:
        return script["status"], script["body"].encode()
    method, params = request["method"], request["params"]
    replies = script["replies"]
    reply = replies.get(f"{method} {_told(params[0])}" if params else method, replies.get(method))
    return 200, json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}).encode()


def _told(parameter: Any) -> str:
    """Return what tells one question from another: of a call, the last word of its data (the root asked for)."""
    return parameter["data"][-64:] if isinstance(parameter, dict) else str(parameter)


@contextmanager
def scripted_chain(script: dict[str, Any] | None) -> Iterator[str | None]:
    """Give the address of an endpoint that follows the script; none for no script.

    Args:
        script: ``{"down": true}``; ``{"status", "body"}``; or ``{"replies": {method or "method first
            parameter": {"result": …}}}``; of a call, the last word of its data.
    """
    if script is None:
        yield None
        return
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    url = f"http://127.0.0.1:{server.server_port}/"
    if script.get("down"):
        server.server_close()
        yield url
        return
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
