"""``/graphql`` in front of Flask: a program's compiled read is answered here, everything else is handed on.

Flask's own cost is most of such a request's time in Python. What is answered here is answered as the door behind
it would (``portal.api.http``): the same limits, status, bytes, headers, audit entry and line in the log. As soon
as anything is not plain (a cookie, no token, another kind of body, a refusal, a field that is not compiled, a
database that does not answer) the request goes on to that door as it came, with whom its token was found to be and
what it has paid.
"""

import io
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from portal.api.access import FOUND, viewer_of_token
from portal.api.admission import Admitted
from portal.api.http import ADMITTED, Door, by_plan, content_type
from portal.api.parameters import JSON, MAX_BODY_BYTES, parameters_of
from portal.kernel.errors import PortalError
from portal.partners.telling import reading_fact
from portal.platform import audit
from portal.platform.services import Services

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Any], Iterable[bytes]]
Dressing = Callable[[bytes, str, Environ], tuple[bytes, Headers]]
"""Gives a body its headers and, where the reader takes it, compresses it."""
Noting = Callable[[float], None]
"""Writes the log's line of a request that took so many seconds and was answered."""

PATH = "/graphql"


@dataclass(frozen=True, slots=True)
class Front:
    """The WSGI callable.

    Attributes:
        app: Whose services and door it shares.
        behind: Answers everything else.
        dress: As every answer of the portal.
        note: As every request of the portal.
    """

    app: Flask
    behind: Application
    dress: Dressing
    note: Noting

    @property
    def services(self) -> Services:
        """Settings, database and clock."""
        return self.app.extensions["tally"]  # type: ignore[no-any-return]

    @property
    def door(self) -> Door:
        """What the door behind uses, too."""
        return self.app.extensions["tally_api"]  # type: ignore[no-any-return]

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer, or hand on."""
        began = time.perf_counter()
        body = self._answered(environ) if _is_plain(environ) else None
        if body is None:
            return self.behind(environ, start_response)
        kind = _kind_of(environ.get("HTTP_ACCEPT", ""))
        sent, headers = self.dress(body, kind, environ)
        self.note(time.perf_counter() - began)
        start_response("200 OK", headers)
        return [sent]

    def _answered(self, environ: Environ) -> bytes | None:
        """Return the body of the answer; ``None`` where the door behind has to answer."""
        sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(sent)
        text = environ["HTTP_AUTHORIZATION"].partition(" ")[2].strip()
        now = self.services.clock.now()
        try:
            parameters = parameters_of(sent)
            with self.services.database.reading() as connection:
                viewer = viewer_of_token(text, connection, services=self.services, tokens=self.door.tokens)
            environ[FOUND] = viewer  # handed on with the request, nobody has to be looked up again
            as_of = now.astimezone(ZoneInfo(self.services.settings.time_zone))
            admitted = self.door.admission.admit(self.services.database, parameters, viewer, now=now)
            environ[ADMITTED] = admitted  # and nobody pays twice
            return self._read(admitted, as_of=as_of)
        except (PortalError, SQLAlchemyError):
            return None

    def _read(self, admitted: Admitted, *, as_of: datetime) -> bytes | None:
        viewer = admitted.viewer
        made = by_plan(self.door.admission.plans, self.services.database, admitted, as_of=as_of)
        if made is None:
            return None
        fact = reading_fact(viewer, what="api.graphql", told=made.told)
        with self.services.database.transaction() as connection:
            audit.append(connection, actor=viewer.actor, fact=fact, now=as_of)
        return made.body


def _is_plain(environ: Environ) -> bool:
    """Tell whether a program sends JSON of a known length with a token, and nothing that a browser would."""
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ.get("PATH_INFO") == PATH
        and environ.get("REQUEST_METHOD") == "POST"
        and environ.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
        and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == JSON
        and "HTTP_COOKIE" not in environ
        and length.isdecimal()
        and int(length) <= MAX_BODY_BYTES
    )


@lru_cache(maxsize=64)
def _kind_of(accepted: str) -> str:
    return content_type(parse_accept_header(accepted, MIMEAccept))
