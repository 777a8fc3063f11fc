"""One canonical line per request: what was asked, by which role, how it ended, how long it took.

Never a name, an address typed in, a token or a query: the route's rule stands for the path. Files of the page
itself and the questions of supervisors are not logged.
"""

import time
from typing import Any

import structlog
from flask import Flask, Response, g, request

from portal.partners.viewer import Viewer
from portal.web.errors import quote_id

_QUIET = frozenset({"healthz.healthz", "healthz.readyz", "assets.static_file"})
_FAILED = 500


def _begin() -> None:
    g.began = time.perf_counter()


def _note(answer: Response) -> Response:
    if request.endpoint in _QUIET:
        return answer
    structlog.get_logger().info(
        "request",
        **line(
            request_id=quote_id(),
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            status=answer.status_code,
            viewer=getattr(g.get("_login_user"), "viewer", None),
            seconds=time.perf_counter() - g.began,
        ),
    )
    return answer


def line(
    *, request_id: str, method: str, route: str | None, status: int, viewer: Viewer | None, seconds: float
) -> dict[str, Any]:
    """Return the words of a request's line."""
    return {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": status,
        "outcome": "failed" if status >= _FAILED else "answered",
        "role": str(viewer.role) if viewer else None,
        "partner": str(viewer.actor.partner_id) if viewer and viewer.actor.partner_id else None,
        "tier": str(viewer.disclosure.tier) if viewer and viewer.disclosure.tier else None,
        "duration_ms": round(seconds * 1000),
    }


def register(app: Flask) -> None:
    """Log every request of ``app``."""
    app.before_request(_begin)
    app.after_request(_note)
