"""Who is asking the API: a program by bearer token, or one of our own pages by session cookie.

A cookie alone is not enough: the request must also carry the CSRF token in a header and come from our own origin,
because a browser sends cookies by itself. A bearer token is never sent by itself and needs neither.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Request
from flask_wtf.csrf import validate_csrf
from sqlalchemy import Connection

from portal.kernel.errors import Forbidden, Unauthenticated
from portal.partners.model import NoSuchPerson, Viewer
from portal.partners.tokens import TokenExpired, Tokens
from portal.partners.viewer import viewer_of_person
from portal.platform.services import Services

CSRF_HEADER = "X-CSRF-Token"

SessionViewer = Callable[[], Viewer | None]
"""Returns who is signed in by the session cookie."""

FOUND = "tally.viewer"
"""Where a request's WSGI environment holds whom the front found by the token; no header can write there."""


class NotSignedIn(Unauthenticated):
    """Neither a token nor a session."""

    code = "not_signed_in"


class CrossSite(Forbidden):
    """A session's request without the page's CSRF token, or from another origin."""

    code = "cross_site"


def viewer_of(
    request: Request, connection: Connection, *, services: Services, tokens: Tokens, session: SessionViewer
) -> Viewer:
    """Return who is asking.

    Raises:
        NotSignedIn: Nobody shows any proof.
        BadToken: The token is none of ours.
        TokenExpired: Its time is over, its person may no longer sign in, or all sessions were ended.
        CrossSite: A cookie came without the proof that one of our own pages sent it.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return viewer_of_token(text.strip(), connection, services=services, tokens=tokens)
    viewer = session()
    if viewer is None:
        raise NotSignedIn("Send an access token, or sign in.")
    _check_own_page(request, origin=services.settings.origin)
    return viewer


def viewer_of_token(text: str, connection: Connection, *, services: Services, tokens: Tokens) -> Viewer:
    """Return whose program shows an access token.

    Raises:
        BadToken: It is none of ours.
        TokenExpired: Its time is over, its person may no longer sign in, its API key or all sessions were ended.
    """
    now = services.clock.now()
    claims = tokens.read(text, now=now)
    try:
        viewer = viewer_of_person(
            connection,
            org_id=claims.org_id,
            person_id=claims.person_id,
            as_of=now,
            time_zone=services.settings.time_zone,
            key_id=claims.key_id,
        )
    except NoSuchPerson as error:
        raise TokenExpired("The token's person may no longer sign in.") from error
    if viewer.session_version != claims.session_version:
        raise TokenExpired("All sessions and tokens of this person were ended.")
    return viewer


def _check_own_page(request: Request, *, origin: str) -> None:
    sender = request.headers.get("Origin", "")
    ours = {origin, f"{request.scheme}://{request.host}"}
    if sender not in ours:
        raise CrossSite(f"The request comes from {urlsplit(sender).netloc or 'another origin'}.")
    try:
        validate_csrf(request.headers.get(CSRF_HEADER))
    except ValueError as error:  # what WTForms raises
        raise CrossSite("The request carries no token of a page of ours.") from error
