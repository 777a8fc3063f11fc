"""A way to the chain from the visitor's browser: the same questions, read only, passed on as they are.

The page's policy lets the browser speak to our origin only. Who does not want to trust the relay asks another
endpoint with ``tally verify``: what the chain answers is checked, who carried it does not matter.
"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from portal.kernel.errors import Forbidden, Malformed, Unavailable

METHODS = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
    }
)
"""Questions that change nothing."""

MAX_BYTES = 16 * 1024
"""Largest question."""

_MAX_ANSWER_BYTES = 4 << 20
_SECONDS = 4
_OK = 200


class BadQuestion(Malformed):
    """The body is not one JSON-RPC request."""

    code = "bad_question"


class NotRelayed(Forbidden):
    """The method could change something, or is not needed for checking."""

    code = "not_relayed"


class ChainSilent(Unavailable):
    """The chain does not answer, or not as a chain does."""

    code = "chain_silent"


def check_question(body: bytes) -> None:
    """Check that a body is one JSON-RPC request of a method in ``METHODS``.

    Raises:
        BadQuestion: It is not.
        NotRelayed: Another method.
    """
    try:
        question: Any = json.loads(body)
        method = question["method"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadQuestion("The body is not one JSON-RPC request.") from error
    if not isinstance(method, str) or method not in METHODS:
        raise NotRelayed(f"{method!s:.40} is not passed on.", method=str(method)[:40])


def ask(url: str, body: bytes) -> bytes:
    """Return the chain's answer to a checked question.

    Args:
        url: The configured endpoint; empty when there is none.
        body: The question.

    Raises:
        ChainSilent: No endpoint, no connection, another status than 200, or an endless answer.
    """
    parts = urlsplit(url)
    if parts.hostname is None:
        raise ChainSilent("No chain is configured.")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read(_MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise ChainSilent("The chain does not answer.") from error
    finally:
        connection.close()
    if answer.status != _OK or len(data) > _MAX_ANSWER_BYTES:
        raise ChainSilent(f"The chain answers with status {answer.status}.", status=answer.status)
    return data
