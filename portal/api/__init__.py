"""The API door: GraphQL in one schema per audience, and tokens for programs."""

from flask import Flask

from portal.api.access import SessionViewer
from portal.api.admission import Admission
from portal.api.compile.plans import Plans
from portal.api.errors import Sentence
from portal.api.front import Dressing, Front, Noting
from portal.api.http import Door, init_app
from portal.api.throttling import to_buckets
from portal.partners.tokens import Tokens
from portal.partners.trusted import read_trusted


def register(
    app: Flask,
    *,
    tokens: Tokens,
    session: SessionViewer,
    sentence: Sentence,
    dress: Dressing,
    note: Noting,
) -> None:
    """Hang ``/graphql`` and ``/api/token`` into ``app``; after the web doors, whose CSRF guard it is exempt from.

    Args:
        app: The application.
        tokens: Makes and reads access tokens.
        session: Returns who is signed in by the session cookie.
        sentence: Writes a refusal in the reader's language.
        dress: Gives an answer that is made in front of Flask what every answer of the portal has.
        note: Writes such a request's line in the log.

    Raises:
        BadSetting: The setting of the buckets, the one of trusted documents or a document's head cannot be read.
    """
    settings = app.extensions["tally"].settings
    trusted = read_trusted(settings.home, only=settings.trusted_only)
    app.extensions["tally_trusted"] = trusted
    admission = Admission(Plans(), buckets=to_buckets(settings.api_buckets), trusted=trusted)
    door = Door(tokens=tokens, session=session, sentence=sentence, admission=admission)
    init_app(app, door)
    app.wsgi_app = Front(app, app.wsgi_app, dress=dress, note=note)  # type: ignore[method-assign]
