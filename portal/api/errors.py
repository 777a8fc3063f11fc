"""Refusals as GraphQL errors: the code of the refusal's class, in capitals, is ``extensions.code``.

The status comes from the one table of kinds (``portal.kernel.statuses``), the sentence from the reader's language.
Only our own refusals keep their words; anything else that breaks inside a resolver is told as ``INTERNAL`` with an
id that stands in the log beside the cause.
"""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from flask import g
from graphql import GraphQLError
from sqlalchemy.exc import InterfaceError, OperationalError

from portal.kernel.errors import Malformed, PortalError, Refused
from portal.kernel.ids import new_id
from portal.platform.clock import Clock
from portal.platform.db import DatabaseSilent

Sentence = Callable[[PortalError], str]
"""Writes a refusal in the reader's language."""

_LOG = structlog.get_logger(__name__)


class BadRequest(Malformed):
    """The HTTP request is not one of GraphQL over HTTP."""

    code = "bad_request"


class NotGraphQL(Malformed):
    """The document cannot be parsed."""

    code = "graphql_parse_failed"


class NotInSchema(Malformed):
    """The document or its variables do not fit the schema of the viewer's tier."""

    code = "graphql_validation_failed"


class TooLarge(Refused):
    """The document asks for more than one request may."""

    code = "query_too_large"


class BadPage(Malformed):
    """``first`` is out of range, or the cursor is none of ours."""

    code = "bad_page"


class Internal(PortalError):  # noqa: N818 - as people say it
    """Something broke on our side."""

    code = "internal"


def told(error: PortalError, sentence: Sentence) -> dict[str, Any]:
    """Return a refusal of the whole request as one entry of ``errors``."""
    return {"message": sentence(error), "extensions": _extensions(error)}


def masked(errors: Sequence[GraphQLError], *, sentence: Sentence, clock: Clock) -> list[dict[str, Any]]:
    """Return errors of an execution for the wire: refusals keep their words, all else only an id."""
    return [_masked(error, sentence, clock) for error in errors]


def _masked(error: GraphQLError, sentence: Sentence, clock: Clock) -> dict[str, Any]:
    cause: BaseException | None = error.original_error
    if isinstance(cause, PortalError):
        refusal = cause
    elif isinstance(cause, OperationalError | InterfaceError):
        refusal = DatabaseSilent("The database does not answer.")
    elif cause is None or isinstance(
        cause, GraphQLError
    ):  # the engine's own: a variable or argument that does not fit
        refusal = NotInSchema(error.message, detail=error.message)
    else:
        quote = str(g.get("request_id") or new_id(clock.now()))
        _LOG.error("graphql.failed", request_id=quote, exc_info=cause)
        refusal = Internal("Something broke on our side.", quote=quote)
    entry = told(refusal, sentence)
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        entry["path"] = list(error.path)
    return entry


def _extensions(error: PortalError) -> dict[str, Any]:
    values = {"values": error.values} if error.values else {}
    return {"code": error.code.upper(), **values}
