"""Every answer with a partner's data, and every deed, is written into the audit log before it is sent.

The entry has a short transaction of its own, after the answer is made: a read stays read-only. An answer whose
entry cannot be written is not given. Agreements and people are written by their room, with the deed.
"""

from typing import Any

from flask import Flask, Response, g, request, session

from portal.kernel.errors import PortalError
from portal.partners.viewer import Viewer
from portal.platform import audit
from portal.platform.audit import Fact, Told
from portal.web import errors
from portal.web.auth import session_viewer
from portal.web.context import as_of, transaction

READ_ROOMS = frozenset({"inventory", "orders", "reservations", "board", "vmi", "documents"})
"""Blueprints whose pages and files hold a partner's data."""

_WRITTEN_BY_THEIR_ROOM = frozenset({"agreements", "api", "auth", "public", "viewing"})
QUESTIONS = frozenset({"api.graphql", "questions.ask"})
"""POSTs that only ask."""

_NO_DEED = frozenset({"i18n.switch"})
_REFUSED = 400


def told(*, products: tuple[str, ...] = (), rows: int = 0) -> None:
    """Note what the answer of this request tells: products by SKU, and the number of rows."""
    g.told = Told(products=products, rows=rows)


def only_asked() -> None:
    """Note that this request, though a form was sent, changed nothing: it was checked and is shown once more."""
    g.only_asked = True


def _fact(answer: Response, viewer: Viewer) -> Fact | None:
    endpoint = request.endpoint or ""
    room = endpoint.partition(".")[0]
    noted: Told = g.get("told") or Told()
    details: dict[str, Any] = {}
    if noted.products:
        details["products"] = list(noted.products)
    if noted.rows:
        details["rows"] = noted.rows
    if noted.operation:
        details["operation"] = noted.operation
    partner_id = viewer.partner.id if viewer.partner else None
    number = viewer.agreement.number if viewer.agreement else ""
    if answer.status_code >= _REFUSED or endpoint in _NO_DEED or "only_asked" in g:
        return None
    if endpoint in QUESTIONS or (request.method in {"GET", "HEAD"} and room in READ_ROOMS):
        if partner_id is None:
            return None
        kind = "preview" if viewer.previewing else "read"
        return Fact(kind=kind, what=endpoint, partner_id=partner_id, agreement=number, details=details)
    if request.method == "POST" and room not in _WRITTEN_BY_THEIR_ROOM:
        return Fact(kind="deed", what=endpoint, partner_id=partner_id, agreement=number, details=details)
    return None


def _remember() -> None:
    """Keep who asks: a deed may end their session before its answer is made."""
    if request.method == "POST" and "_user_id" in session:
        g.viewer = session_viewer()


def _write(answer: Response) -> Response:
    viewer: Viewer | None = g.get("viewer") or (session_viewer() if "_login_user" in g else None)
    fact = None if viewer is None else _fact(answer, viewer)
    if viewer is None or fact is None:
        return answer
    try:
        with transaction() as connection:
            audit.append(connection, actor=viewer.actor, fact=fact, now=as_of())
    except PortalError as refusal:
        return errors.answer(errors.problem_of(refusal))
    return answer


def register(app: Flask) -> None:
    """Write what ``app`` tells and does; before the pages, so that the log line is the last to see an answer."""
    app.before_request(_remember)
    app.after_request(_write)
