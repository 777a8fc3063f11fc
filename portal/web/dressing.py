"""What Flask's hooks give an answer, for one made in front of Flask: headers, compression, the log's line."""

import gzip
from typing import Any

import structlog
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from portal.kernel.ids import new_id
from portal.platform.clock import Clock
from portal.web import assets, security
from portal.web.request_log import line


def dress(body: bytes, content_type: str, environ: dict[str, Any]) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a program's answer as it is sent, and its headers.

    Args:
        body: As made.
        content_type: With its charset.
        environ: Of the request.
    """
    headers = [("Content-Type", content_type), ("Cache-Control", "no-store")]
    headers += security.plain(secure=environ.get("wsgi.url_scheme") == "https")
    vary = "Cookie"
    if assets.is_text(content_type):
        vary = "Accept-Encoding, Cookie"
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        if assets.is_worth_packing(body) and parse_accept_header(accepted, Accept)["gzip"] > 0:
            body = gzip.compress(body, 6, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
    return body, [*headers, ("Vary", vary), ("Content-Length", str(len(body)))]


def note(clock: Clock, seconds: float) -> None:
    """Write the line of a program's request that was answered."""
    structlog.get_logger().info(
        "request",
        **line(
            request_id=str(new_id(clock.now())),
            method="POST",
            route="/graphql",
            status=200,
            viewer=None,  # as for every program: a line names who is signed in by cookie
            seconds=seconds,
        ),
    )
