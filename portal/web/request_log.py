"""One canonical line per request: what was asked, by which role, how it ended, how long it took.

Never a name, an address typed in, a token or a query: the route's rule stands for the path. Files of the page
itself and the questions of supervisors are not logged.
"""

import time

import structlog
from flask import Flask, Response, g, request

from portal.web.errors import quote_id

_QUIET = frozenset({"healthz.healthz", "healthz.readyz", "assets.static_file"})
_FAILED = 500


def _begin() -> None:
    g.began = time.perf_counter()


def _note(answer: Response) -> Response:
    if request.endpoint in _QUIET:
        return answer
    viewer = getattr(g.get("_login_user"), "viewer", None)
    structlog.get_logger().info(
        "request",
        request_id=quote_id(),
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=answer.status_code,
        outcome="failed" if answer.status_code >= _FAILED else "answered",
        role=str(viewer.role) if viewer else None,
        partner=str(viewer.actor.partner_id) if viewer and viewer.actor.partner_id else None,
        tier=str(viewer.disclosure.tier) if viewer and viewer.disclosure.tier else None,
        duration_ms=round((time.perf_counter() - g.began) * 1000),
    )
    return answer


def register(app: Flask) -> None:
    """Log every request of ``app``."""
    app.before_request(_begin)
    app.after_request(_note)
