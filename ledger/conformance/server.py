"""The HTTP side of ``tally conformance``: endpoints shaped as the W3C's suites call them (VC-API).

``POST /issuers/<how>/credentials/issue``, ``POST /verifiers/credentials/verify``, ``POST
/verifiers/presentations/verify``, ``GET /dids/<did>``, ``GET /status/<purpose>``, ``GET /`` (who this is). Suites
disagree on the reply of an issuer: under ``/wrapped`` a credential comes as ``{"verifiableCredential": …}``.
Loopback only, and nothing is kept.
"""

import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote

from ledger.canonical import MAX_BYTES, parse_json_strict
from ledger.conformance import did_key
from ledger.conformance.desk import ISSUED, Desk
from ledger.errors import LedgerError, Malformed, NotFound

HOST: Final = "127.0.0.1"
Reply = tuple[HTTPStatus, Any]


class Endpoints:
    """Answers a request: method, path and body in, status and JSON out."""

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Return what a request is answered; a refusal names its code."""
        try:
            parts = [unquote(part) for part in path.split("/") if part]
            return self._post(parts, body) if method == "POST" else self._get(parts)
        except NotFound as refusal:
            return HTTPStatus.NOT_FOUND, _errors(refusal)
        except LedgerError as refusal:
            return HTTPStatus.BAD_REQUEST, _errors(refusal)

    def _get(self, parts: list[str]) -> Reply:
        match parts:
            case []:
                return HTTPStatus.OK, {"did": self._desk.key.did, "issues": sorted(ISSUED)}
            case ["status", "revocation" | "suspension" as purpose]:
                url = f"urn:tallystick:status:{purpose}"
                return HTTPStatus.OK, self._desk.status_list(url, purpose, now=self._now())
            case ["dids", did]:
                return HTTPStatus.OK, did_key.document_of(did)
            case _:
                raise NotFound("no such address")

    def _post(self, parts: list[str], body: bytes) -> Reply:
        match parts:
            case ["issuers", how, "credentials", "issue"]:
                return HTTPStatus.CREATED, self._issue(how, body)
            case ["wrapped", "issuers", how, "credentials", "issue"]:
                return HTTPStatus.CREATED, {"verifiableCredential": self._issue(how, body)}
            case ["verifiers", "credentials", "verify"]:
                self._desk.verify(_member(body, "verifiableCredential"), now=self._now())
            case ["verifiers", "presentations", "verify"]:
                options = _options(body)
                self._desk.verify_presentation(
                    _member(body, "verifiablePresentation"),
                    now=self._now(),
                    domain=options.get("domain"),
                    challenge=options.get("challenge"),
                )
            case _:
                raise NotFound("no such address")
        return HTTPStatus.OK, {"verified": True, "checks": ["proof"], "warnings": [], "errors": []}

    def _issue(self, how: str, body: bytes) -> dict[str, Any]:
        return self._desk.issue(_member(body, "credential"), how, now=self._now())


def _request(body: bytes) -> dict[str, Any]:
    request = parse_json_strict(body)
    if not isinstance(request, dict):
        raise Malformed("the request is no object")
    return request


def _member(body: bytes, name: str) -> Any:
    request = _request(body)
    if name not in request:
        raise Malformed(f"the request has no {name}")
    return request[name]


def _options(body: bytes) -> dict[str, Any]:
    options = _request(body).get("options")
    return options if isinstance(options, dict) else {}


def _errors(refusal: LedgerError) -> dict[str, Any]:
    reason = getattr(refusal, "reason", refusal.code)
    return {"verified": False, "errors": [f"{reason}: {refusal.message}"]}


def serve(desk: Desk, *, port: int, now: Callable[[], datetime]) -> ThreadingHTTPServer:
    """Return a server bound to the loopback; the caller runs and closes it.

    Args:
        desk: Who issues and verifies.
        port: 0 takes any free one.
        now: The caller's clock.

    Raises:
        OSError: The port is taken.
    """
    endpoints = Endpoints(desk, now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if size > MAX_BYTES:
                self.close_connection = True
                self._reply((HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"errors": ["too_large"]}))
                return
            self._reply(endpoints.answer(self.command, self.path, self.rfile.read(size)))

        do_GET = do_POST  # noqa: N815 - the base class looks for this name

        def _reply(self, reply: Reply) -> None:
            status, value = reply
            data = json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a suite sends thousands of requests."""

    return ThreadingHTTPServer((HOST, port), Handler)
