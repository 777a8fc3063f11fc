"""What a request over HTTP asks: the parameters of GraphQL over HTTP, read from its body or address."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from portal.api.errors import BadRequest

JSON = "application/json"
MAX_BODY_BYTES = 64 * 1024


class NotJSON(BadRequest):
    """The body is not JSON, or is sent as something else."""

    code = "not_json"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request (GraphQL over HTTP section 5.1, appendix A).

    Attributes:
        query: The document itself; ``None`` where ``identifier`` names it.
        identifier: Of a trusted document, else ``None``.
        variables: As sent.
        operation: Name of the operation, where one is told.
        safe: Whether it came by GET and must do nothing.
    """

    query: str | None
    identifier: str | None
    variables: dict[str, Any]
    operation: str | None
    safe: bool = False


def parameters_of(body: bytes) -> Parameters:
    """Read the parameters of a request from its body.

    Raises:
        NotJSON: It is no JSON.
        BadRequest: It is no object, a parameter is missing or of another kind, or a text holds the one character
            that PostgreSQL's cannot (U+0000); the detail names it.
    """
    return _parameters(json_object(body))


def json_object(sent: bytes) -> dict[str, Any]:
    """Read a body that must be one JSON object.

    Raises:
        NotJSON: It is no JSON.
        BadRequest: It is no object.
    """
    try:
        body = json.loads(sent.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotJSON("The body is not JSON in UTF-8.", detail=JSON) from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be one object; batches are not taken.", detail=type(body).__name__)
    return body


def parameters_of_address(told: Mapping[str, str]) -> Parameters:
    """Read the parameters of a request for a trusted document from its address.

    Args:
        told: The address' parameters, as sent.

    Raises:
        BadRequest: A parameter is missing or of another kind; the detail names it.
    """
    read: dict[str, Any] = dict(told)
    for name in ("variables", "extensions"):
        if name in told:
            try:
                read[name] = json.loads(told[name])
            except (ValueError, RecursionError) as error:
                raise BadRequest(f"{name} must be JSON.", detail=name) from error
    return replace(_parameters(read), safe=True)


def _parameters(told: Mapping[str, Any]) -> Parameters:
    query, identifier, operation = told.get("query"), told.get("documentId"), told.get("operationName")
    variables, extensions = told.get("variables"), told.get("extensions")
    if identifier is None and (not isinstance(query, str) or not query.strip()):
        raise BadRequest("query must be text.", detail="query")
    if identifier is not None and (not isinstance(identifier, str) or query is not None):
        raise BadRequest("Send query or documentId, as text.", detail="documentId")
    if operation is not None and not isinstance(operation, str):
        raise BadRequest("operationName must be text.", detail="operationName")
    for name, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object.", detail=name)
    if any("\0" in one for one in _texts([query, variables, operation])):
        raise BadRequest("Text may not hold the character U+0000.", detail="U+0000")
    return Parameters(query, identifier, variables or {}, operation or None)


def _texts(told: Any) -> Iterator[str]:
    """Yield every text in a value of JSON, however deep."""
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
