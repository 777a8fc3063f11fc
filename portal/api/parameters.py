"""What a request over HTTP asks: the parameters of GraphQL over HTTP, read from its body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.api.errors import BadRequest

JSON = "application/json"
MAX_BODY_BYTES = 64 * 1024


class NotJSON(BadRequest):
    """The body is not JSON, or is sent as something else."""

    code = "not_json"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request (GraphQL over HTTP section 5.1)."""

    query: str
    variables: dict[str, Any]
    operation: str | None


def parameters_of(body: bytes) -> Parameters:
    """Read the parameters of a request from its body.

    Raises:
        NotJSON: It is no JSON.
        BadRequest: It is no object, or a parameter is missing or of another kind; the detail names it.
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


def _parameters(told: Mapping[str, Any]) -> Parameters:
    query, operation = told.get("query"), told.get("operationName")
    variables, extensions = told.get("variables"), told.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest("query must be text.", detail="query")
    if operation is not None and not isinstance(operation, str):
        raise BadRequest("operationName must be text.", detail="operationName")
    for name, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object.", detail=name)
    return Parameters(query=query, variables=variables or {}, operation=operation or None)
