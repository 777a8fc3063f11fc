"""The HTTP door of the API: ``/graphql`` and ``POST /api/token``, JSON only.

Source: GraphQL over HTTP (draft of the GraphQL Foundation, July 2025): ``application/graphql-response+json``
answers with 4xx where nothing was executed, ``application/json`` with 200; malformed JSON and parameters are 400
either way. By GET trusted documents only; no forms, no batches, one operation.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, current_app, g, request
from graphql import ExecutionResult, execute_sync
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import MethodNotAllowed

from portal.api.access import FOUND, NotSignedIn, SessionViewer, viewer_of
from portal.api.admission import Admission, Admitted, DeedByGet
from portal.api.asking import Asking
from portal.api.compile.plans import Plans
from portal.api.compile.reading import answer
from portal.api.errors import BadRequest, Sentence, masked, told
from portal.api.holding import Holding
from portal.api.parameters import (
    JSON,
    MAX_BODY_BYTES,
    NotJSON,
    Parameters,
    json_object,
    parameters_of,
    parameters_of_address,
)
from portal.api.reservations import EXPECTED
from portal.api.schema import schema_of
from portal.api.snapshot import Snapshot
from portal.api.throttling import Throttled, to_told
from portal.api.trading import proof_of, trade
from portal.inventory.reads.sources import Shape
from portal.kernel.errors import PortalError, TooMany
from portal.kernel.statuses import status_of
from portal.partners.lending import reading_for
from portal.partners.tokens import LIFETIME, AccessToken, Tokens
from portal.partners.viewer import Viewer
from portal.platform.audit import Told
from portal.platform.db import Database, DatabaseSilent
from portal.platform.services import Services

GRAPHQL_JSON = "application/graphql-response+json"

ADMITTED = "tally.admitted"
"""Where a request's WSGI environment holds that the front admitted it, so that nobody pays twice."""

blueprint = Blueprint("api", __name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What the door needs of the rest; ``app.extensions["tally_api"]``.

    Attributes:
        tokens: Makes and reads access tokens.
        session: Who is signed in by cookie.
        sentence: A refusal in the reader's language.
        admission: Decides what may be asked; holds the documents and compiled reads of this process.
    """

    tokens: Tokens
    session: SessionViewer
    sentence: Sentence
    admission: Admission


@dataclass(frozen=True, slots=True)
class Planned:
    """A response made by a plan: its body, the data in it, and what the audit log keeps of it."""

    body: bytes
    data: bytes
    told: Told


def door() -> Door:
    """Return the door's parts of the application at work."""
    return current_app.extensions["tally_api"]  # type: ignore[no-any-return]


def _services() -> Services:
    return current_app.extensions["tally"]  # type: ignore[no-any-return]


@blueprint.route("/graphql", methods=["GET", "POST"])
def graphql() -> Response:
    """Answer one GraphQL request in the schema of the asker's tier; by GET, trusted documents only."""
    parameters = parameters_of(_json_body()) if request.method == "POST" else _from_address()
    return _answer(parameters, request.environ.get(FOUND) or _asker())


def _from_address() -> Parameters:
    if "documentId" not in request.args:
        raise MethodNotAllowed(valid_methods=["POST"])
    if "Authorization" not in request.headers:
        raise NotSignedIn("Send an access token.")
    return parameters_of_address(request.args)


def _asker() -> Viewer:
    services = _services()
    with services.database.reading() as connection:
        return viewer_of(request, connection, services=services, tokens=door().tokens, session=door().session)


@blueprint.post("/api/token")
def token() -> Response:
    """Trade an API key, or an e-mail and password, for an access token; throttled like signing in."""
    shown = proof_of(json_object(_json_body()))
    address = request.remote_addr or ""
    return _token_answer(trade(shown, services=_services(), tokens=door().tokens, address=address))


def _json_body() -> bytes:
    if request.mimetype != JSON:
        raise NotJSON("Send application/json.", detail=request.mimetype or "")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise BadRequest(f"The body is larger than {MAX_BODY_BYTES} bytes.", detail=str(MAX_BODY_BYTES))
    return request.get_data(cache=False)


def _answer(parameters: Parameters, viewer: Viewer) -> Response:
    """Answer by a plan, else by ``execute()``, which alone is left where the front has tried already."""
    services = _services()
    g.viewer_label = str(viewer.actor.person_id)
    g.viewer = viewer
    as_of = services.clock.now().astimezone(ZoneInfo(services.settings.time_zone))
    admitted: Admitted | None = request.environ.get(ADMITTED)
    if admitted is None:
        admission = door().admission
        admitted = admission.admit(services.database, parameters, viewer, now=as_of)
        made = by_plan(admission.plans, services.database, admitted, as_of=as_of)
        if made is not None:
            g.told = made.told
            answered = _raw(made.body, status=200)
            return _validated(answered, made.data) if parameters.safe else answered
    return _execute(admitted, as_of=as_of)


def by_plan(plans: Plans, database: Database, admitted: Admitted, *, as_of: datetime) -> Planned | None:
    """Answer an admitted request by its plan; ``None`` where ``execute()`` has to answer.

    Args:
        plans: Plans of this process.
        database: Where to read.
        admitted: The request.
        as_of: Instant of the request, in the company's zone.
    """
    known, parameters, viewer = admitted.known, admitted.parameters, admitted.viewer
    asked = plans.asked(
        known,
        operation=parameters.operation,
        variables=parameters.variables,
        shape=Shape.of(viewer.disclosure),
    )
    read = asked and answer(database, known, asked, viewer=viewer, as_of=as_of)
    if not read:
        return None
    told = Told(products=tuple(sorted(read.products)), rows=read.rows, operation=parameters.operation or "")
    return Planned(b'{"data":%b,"extensions":{"cost":%b}}' % (read.data, _written(admitted.cost)), read.data, told)


def _execute(admitted: Admitted, *, as_of: datetime) -> Response:
    """Answer what is not compiled: deeds, what is asked of the schema, refusals."""
    services, known = _services(), admitted.known
    parameters, viewer = admitted.parameters, admitted.viewer
    with Snapshot(lambda: reading_for(services.database, viewer, today=as_of.date())) as snapshot:
        asking = Asking(snapshot, viewer=viewer, as_of=as_of, writing=services.database.transaction)
        asking.holding = Holding(
            database=services.database,
            snapshot=snapshot,
            desk=current_app.extensions["tally_desk"],
            viewer=viewer,
            as_of=as_of,
            sentence=door().sentence,
            answered=asking.to_reservations,
            expected=EXPECTED,
        )
        result = execute_sync(
            schema_of(known.audience),
            known.document,
            context_value=asking,
            variable_values=parameters.variables,
            operation_name=parameters.operation,
            hide_suggestions=True,
        )
    g.told = Told(
        products=tuple(sorted(asking.products_told)),
        rows=asking.rows_told,
        operation=parameters.operation or "",
        deeds=tuple(asking.holding.done),
    )
    answered = _executed(result, cost=admitted.cost)
    return _validated(answered, _written(result.data or {})) if parameters.safe and not result.errors else answered


def _validated(answered: Response, data: bytes) -> Response:
    """Let an answer be kept by whoever asked, and be left out where they have it already.

    The validator is made of what is told, not of a version of the stock: what a partner may know also changes by
    the hour and by the agreement. It is weak because the cost beside the data differs each time.
    """
    answered.headers["Cache-Control"] = "private, no-cache"
    answered.vary.update(["Accept", "Authorization"])
    answered.set_etag(sha256(data).hexdigest()[:32], weak=True)
    answered.make_conditional(request.environ)
    return answered


def _executed(result: ExecutionResult, *, cost: Mapping[str, Any]) -> Response:
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = masked(result.errors, sentence=door().sentence, clock=_services().clock)
    started = result.data is not None or any(error.path for error in result.errors or ())
    if started:
        body["data"] = result.data
    body["extensions"] = {"cost": cost}
    return _json(body, status=200 if started or not _strict() else 400)


def _refused(error: PortalError) -> Response:
    body: dict[str, Any] = {"errors": [told(error, door().sentence)]}
    if isinstance(error, Throttled):
        body["extensions"] = {"cost": to_told(error.balance.cost, error.balance)}
        # Nothing was looked at. An entry for each would let who asks too much fill the log and hold others up.
        g.only_asked = True
    status = _status_of(error)
    made = _json(body, status=status)
    if status == 405:  # noqa: PLR2004 - RFC 9110 section 15.5.6 wants the methods that are taken
        made.headers["Allow"] = "POST"
    if status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2 wants the challenge
        made.headers["WWW-Authenticate"] = 'Bearer realm="tallystick"'
    return made


def _status_of(error: PortalError) -> int:
    if isinstance(error, NotJSON) and request.mimetype != JSON:
        return 415
    if isinstance(error, DeedByGet):
        return 405
    if isinstance(error, BadRequest):
        return 400
    status = status_of(error)
    if status == 422:  # noqa: PLR2004 - a document that cannot be executed
        return 400 if _strict() else 200
    return status


def _strict() -> bool:
    return _prefers_graphql(request.accept_mimetypes)


def content_type(accepted: MIMEAccept) -> str:
    """Return the content type of an answer for who accepts these."""
    return f"{GRAPHQL_JSON if _prefers_graphql(accepted) else JSON}; charset=utf-8"


def _prefers_graphql(accepted: MIMEAccept) -> bool:
    return accepted[GRAPHQL_JSON] > 0 and any(
        value == GRAPHQL_JSON and quality >= accepted[JSON] for value, quality in accepted
    )


def _json(body: Mapping[str, Any], *, status: int) -> Response:
    return _raw(_written(body), status=status)


def _written(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _raw(body: bytes, *, status: int) -> Response:
    made = Response(body, status=status, content_type=content_type(request.accept_mimetypes))
    made.headers["Cache-Control"] = "no-store"
    return made


def _token_answer(fresh: AccessToken) -> Response:
    return _json(
        {
            "access_token": fresh.text,
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "expires_at": fresh.expires_at.isoformat(),
        },
        status=200,
    )


@blueprint.errorhandler(TooMany)
def too_many(error: TooMany) -> Response:
    """Answer what was asked too often with the time to wait."""
    made = _refused(error)
    made.headers["Retry-After"] = str(error.values["retry_after_s"])
    return made


@blueprint.errorhandler(PortalError)
def refused(error: PortalError) -> Response:
    """Answer a refusal in the shape of GraphQL errors, also at the token door."""
    return _refused(error)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(InterfaceError)
def silent(_error: Exception) -> Response:
    """Answer for a database that does not."""
    return _refused(DatabaseSilent("The database does not answer."))


def init_app(app: Flask, parts: Door) -> None:
    """Hang the API into ``app``."""
    app.extensions["tally_api"] = parts
    app.register_blueprint(blueprint)
    app.extensions["csrf"].exempt(blueprint)
