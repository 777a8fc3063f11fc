"""Asking an Ethereum endpoint by JSON-RPC over plain HTTP, with the standard library and a deadline.

For verifiers: no web3, no redirects, no retries, nothing written. An endpoint that does not answer is
told apart from one that answers nonsense, and neither says anything about a passport.
"""

import http.client
import json
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from ledger.canonical import parse_json_strict
from ledger.errors import NotJSON, RPCFault, RPCUnreachable

TIMEOUT_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 4 << 20


class RPC(Protocol):
    """One question to a chain endpoint, one answer."""

    def call(self, method: str, params: list[Any]) -> Any:
        """Return the ``result`` of a JSON-RPC call.

        Raises:
            RPCUnreachable: No answer came.
            RPCFault: What came is no answer.
        """
        ...


class HTTPRPC:
    """An endpoint by its URL.

    Args:
        url: ``http://`` or ``https://`` address.
        timeout_s: How long one connection, and one answer, may take.

    Raises:
        RPCUnreachable: The address is not one HTTP can ask.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        try:
            self._parts = urlsplit(url)
            self._port = self._parts.port
        except ValueError as error:
            raise RPCUnreachable(f"{url}: {error}") from error
        host = self._parts.hostname
        if self._parts.scheme not in ("http", "https") or not host:
            raise RPCUnreachable(f"{url} is not an http address")
        self._host, self._timeout_s = host, timeout_s

    def call(self, method: str, params: list[Any]) -> Any:
        """Return the ``result`` of a JSON-RPC call; see :class:`RPC`."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        status, answer = self._post(body)
        if status != http.client.OK:
            raise RPCFault(f"{method}: HTTP {status}", status=status)
        try:
            reply = parse_json_strict(answer, max_bytes=MAX_ANSWER_BYTES)
        except NotJSON as error:
            raise RPCFault(f"{method}: {error}") from error
        if not isinstance(reply, dict) or "error" in reply or "result" not in reply:
            raise RPCFault(f"{method}: the endpoint refused")
        return reply["result"]

    def _post(self, body: bytes) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read(MAX_ANSWER_BYTES + 1)
        except http.client.HTTPException as error:
            raise RPCFault(f"not HTTP: {error!r}") from error
        except (OSError, UnicodeError) as error:
            raise RPCUnreachable(f"{self._parts.netloc}: {error}") from error
        finally:
            connection.close()
