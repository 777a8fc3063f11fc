"""The one table from a refusal's kind to its HTTP status; both doors (pages and API) answer by it.

The stable ``code`` of a refusal's class is what a program reads: ``code`` in problem+json,
``extensions.code`` (in capitals) in GraphQL.
"""

from portal.kernel.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    PortalError,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)

STATUS: tuple[tuple[type[PortalError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Unauthenticated, 401),
    (Conflict, 409),
    (Refused, 422),
    (Malformed, 422),
    (TooMany, 429),
    (Unavailable, 503),
)
"""Status by kind. A room raises ``NotFound``, not ``Forbidden``, where even the existence is secret."""


def status_of(error: PortalError) -> int:
    """Return the HTTP status of a refusal's kind; 500 for the bare root."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)
