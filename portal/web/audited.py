"""What partners' data is told, refused and done is written into the audit log before the answer is sent.

Whoever reads: the partner's people, the host's staff as themselves or through a partner's eyes.
The entry has a short transaction of its own, after the answer is made: a read stays read-only. An answer whose
entry cannot be written is not given. Agreements and people are written by their room, with the deed.
"""

from uuid import UUID

from flask import Flask, Response, g, request, session

from portal.kernel.errors import PortalError
from portal.partners.telling import details_of, reading_kind
from portal.partners.viewer import Viewer
from portal.platform import audit
from portal.platform.audit import Fact, Told
from portal.web import errors
from portal.web.auth import session_viewer
from portal.web.context import as_of, transaction

READ_ROOMS = frozenset({
    "inventory", "orders", "reservations", "board", "vmi", "documents", "partner_passports", "recalls", "audits",
})  # fmt: skip
"""Blueprints whose pages and files hold a partner's data."""

STAFF_ROOMS = frozenset({"orders", "reservations", "board", "documents", "pools"})
"""Blueprints whose pages and files hold partners' data when the host's own staff read them."""

_WRITTEN_BY_THEIR_ROOM = frozenset({"agreements", "api", "auth", "public", "standing", "viewing"})
QUESTIONS = frozenset({"api.graphql", "questions.ask"})
"""POSTs that only ask."""

_PATH_CHARS = 200
"""How much of the address of what was refused is kept."""

_NO_DEED = frozenset({"i18n.switch"})


def told(*, products: tuple[str, ...] = (), rows: int = 0) -> None:
    """Note what the answer of this request tells: products by SKU, and the number of rows."""
    g.told = Told(products=products, rows=rows)


def about(partner_id: UUID | None, *, agreement: str = "") -> None:
    """Note that this request shows the host's staff the affairs of one partner, or (``None``) of nobody's."""
    g.about = (partner_id, agreement)


def only_asked() -> None:
    """Note that this request, though a form was sent, changed nothing: it was checked and is shown once more."""
    g.only_asked = True


def _fact(answer: Response, viewer: Viewer) -> Fact | None:
    endpoint = request.endpoint or ""
    if not endpoint or endpoint in _NO_DEED or "only_asked" in g:
        return None
    kind = _kind(endpoint, answer.status_code, viewer)
    if not kind:
        return None
    partner_id = viewer.partner.id if viewer.partner else None
    number = viewer.agreement.number if viewer.agreement else ""
    if kind == "staff_read":
        partner_id, number = g.get("about") or (None, "")
    details = details_of(g.get("told") or Told(), refused=errors.refusals(), key=viewer.key)
    if kind == "refused":
        details |= {"status": answer.status_code, "path": request.path[:_PATH_CHARS]}
    return Fact(kind=kind, what=endpoint, partner_id=partner_id, agreement=number, details=details)


def _kind(endpoint: str, status: int, viewer: Viewer) -> str:
    """Return what kind of entry an answer makes; empty for none.

    A refusal may tell a figure, so what is refused to a partner's people is written as what is told to them.
    """
    room = endpoint.partition(".")[0]
    asks = endpoint in QUESTIONS or request.method in {"GET", "HEAD"}
    reads = endpoint in QUESTIONS or (asks and room in READ_ROOMS)
    if status >= 500:  # noqa: PLR2004 - broke: nothing was told
        return ""
    if status >= 400:  # noqa: PLR2004 - refused
        return "refused" if viewer.actor.partner_id and (reads or not asks) else ""
    if g.get("told") and g.told.deeds:
        return "deed"
    if viewer.partner is not None and reads:
        return reading_kind(viewer)
    if viewer.partner is None and asks and ("about" in g or room in STAFF_ROOMS or endpoint in QUESTIONS):
        return reading_kind(viewer)
    return "deed" if request.method == "POST" and room not in _WRITTEN_BY_THEIR_ROOM else ""


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
