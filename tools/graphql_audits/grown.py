"""What schemathesis is told of our API; it loads this file as its hooks, in an environment of its own.

How our scalars are written as arguments, and which answers are refusals: an unknown product or a page that cannot
be had is answered in ``errors`` with a code, and schemathesis' own check takes every error without one of a few
vendors' codes for a broken server. Ours takes an answer for broken that is no JSON, has a status of 500 and above,
or an error whose code is missing or not on the list below.
"""

import schemathesis
from hypothesis import strategies
from schemathesis.graphql import nodes

REFUSALS = frozenset(
    {
        "BAD_DAY",
        "BAD_PAGE",
        "BAD_REQUEST",
        "DAY_PASSED",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "NOT_A_QUANTITY",
        "OWN_STOCK_ONLY",
        "QUANTITY_TOO_FINE",
        "QUANTITY_TOO_LARGE",
        "QUERY_TOO_LARGE",
        "QUESTIONS_USED_UP",
        "UNKNOWN_PRODUCT",
        "UNKNOWN_UNIT",
    }
)
"""Codes of refusals that documents grown from a schema may meet."""

schemathesis.graphql.scalar(
    "Decimal", strategies.decimals(allow_nan=False, allow_infinity=False).map(str).map(nodes.String)
)
schemathesis.graphql.scalar("Date", strategies.dates().map(str).map(nodes.String))


@schemathesis.check
def answered_or_refused(_context: object, response: schemathesis.Response, _case: schemathesis.Case) -> None:
    """Fail where the server broke."""
    assert response.status_code < 500, response.status_code  # noqa: S101, PLR2004 - how a check fails
    for error in response.json().get("errors", ()):
        code = error.get("extensions", {}).get("code")
        assert code in REFUSALS, f"{code}: {error['message']}"  # noqa: S101 - how a check fails
