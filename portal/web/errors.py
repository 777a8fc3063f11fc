"""Refusals and failures as pages: status, one sentence, what to do next, an id to quote; never a stack.

A refusal's kind (``portal.kernel.errors``) gives the status, its stable ``code`` gives the sentence, in
the reader's language and with the refusal's values. Who asks for JSON gets the same as
``application/problem+json`` (RFC 9457).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge, Unauthorized

from portal.kernel.errors import PortalError, Unauthenticated
from portal.kernel.ids import new_id
from portal.kernel.statuses import status_of
from portal.web import filters
from portal.web.paper_words import reasons_in_words
from portal.web.sentences import ROOMS
from portal.web.units import in_words

RETRY_AFTER_S = {429: 60, 503: 15}

TITLES: dict[int, Any] = {
    400: _l("We cannot read this request"),
    401: _l("Please sign in first"),
    403: _l("This is not open to you"),
    404: _l("There is nothing here"),
    405: _l("This cannot be done here"),
    409: _l("Someone was faster"),
    413: _l("This is too large"),
    415: _l("We cannot read this kind of file"),
    422: _l("This cannot be done"),
    429: _l("Too many tries"),
    500: _l("Something broke on our side"),
    503: _l("A part of the portal does not answer"),
}

ADVICE: dict[int, Any] = {
    400: _l("Go back, reload the page and try once more. Nothing was changed."),
    401: _l("Your session has ended or never began. Nothing was lost."),
    403: _l("Your role or agreement does not include it. Ask your contact at the host company."),
    404: _l("The address may be mistyped, or the page has moved. Begin again at the start page."),
    405: _l("Go back and use the buttons on the page. Nothing was changed."),
    409: _l("It has changed since you opened it. Look at what stands now, then decide again."),
    413: _l("Nothing was stored. Split the file, or ask the operator for a larger limit."),
    415: _l("Nothing was stored. Use one of the kinds named on the page."),
    422: _l("Nothing was changed. Go back, correct it and send it again."),
    429: _l("Wait a minute, then try again."),
    500: _l("It is not your fault and it has been noted. Nothing half-done was kept."),
    503: _l("Your data is safe. Wait a moment and try again."),
}

SENTENCES: dict[str, Any] = {
    **ROOMS,
    "unauthenticated": _l("Please sign in first."),
    "too_many": _l("Asked too often. Try again later."),
    "not_found": _l("What you asked for does not exist, or is not yours to see."),
    "forbidden": _l("Your role or agreement does not allow this."),
    "refused": _l("A rule of the trade said no."),
    "conflict": _l("Someone has answered or changed this before you."),
    "malformed": _l("The input cannot be read."),
    "unavailable": _l("A part we lean on does not answer just now."),
    "not_a_quantity": _l("“%(text)s” is not a number."),
    "quantity_too_fine": _l("%(text)s has more than %(decimals)s decimals."),
    "quantity_too_large": _l("%(text)s is larger than can be stored."),
    "bad_setting": _l("A setting of the portal cannot be read."),
}
"""Sentence by code. A door adds those of its room with ``SENTENCES.update``; values stand as ``%(name)s``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a person or a program is told.

    Attributes:
        status: HTTP status.
        code: Stable code of the refusal, or ``http_<status>``.
        title: Short heading.
        sentence: What happened, with its values.
        advice: What to do now.
        quote: Id that stands in our log beside the cause.
        values: The refusal's values by name.
    """

    status: int
    code: str
    title: str
    sentence: str
    advice: str
    quote: str
    values: dict[str, Any]


def sentence_of(error: PortalError) -> str:
    """Return a refusal's sentence in the reader's language, by its code, then its kind; notes that it is told."""
    note(error)
    for kind in type(error).__mro__:
        text = SENTENCES.get(getattr(kind, "code", ""))
        if text is not None:
            return _filled(str(text), error)
    return str(gettext("Something broke on our side"))


def note(error: PortalError) -> None:
    """Note the code of a refusal that the answer to this request tells, for the audit log (``refusals``)."""
    if has_request_context():
        g.setdefault("refusals", []).append(error.code)


def refusals() -> list[str]:
    """Return the codes of the refusals this request's answer tells, each once."""
    return sorted(set(g.get("refusals", ())))


def _filled(text: str, error: PortalError) -> str:
    try:
        return text % reasons_in_words(in_words(error.values))
    except (KeyError, TypeError, ValueError):
        return error.message


def quote_id() -> str:
    """Return the id of this request: the log's, or a fresh one."""
    if "request_id" not in g:
        g.request_id = str(new_id(filters.now()))
    return str(g.request_id)


def problem_of(error: PortalError | HTTPException) -> Problem:
    """Describe a refusal or an HTTP error."""
    if isinstance(error, PortalError):
        status, code, values = status_of(error), error.code, error.values
        sentence = sentence_of(error)
    else:
        status, values = error.code or 500, {}
        code, sentence = f"http_{status}", _size_limit(status)
    known = status if status in TITLES else (400 if status < 500 else 500)  # noqa: PLR2004 - 4xx or 5xx
    title, advice = str(TITLES[known]), str(ADVICE[known])
    return Problem(status, code, title, sentence, advice, quote_id(), values)


def _size_limit(status: int) -> str:
    """Return what may be sent at once, where a request is beyond it."""
    most = current_app.config["MAX_CONTENT_LENGTH"]
    if status != RequestEntityTooLarge.code or not most or (request.content_length or 0) <= most:
        return ""
    return str(gettext("At most %(mb)s MB can be sent at once.", mb=most >> 20))


def wants_json() -> bool:
    """Tell whether the asker is a program."""
    if request.path.startswith(("/api/", "/graphql")):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def answer(problem: Problem) -> Response:
    """Write a problem as a page, as a fragment for htmx, or as JSON."""
    g.failing = True
    if wants_json():
        response = make_response(
            {
                "type": "about:blank",
                "title": problem.title,
                "status": problem.status,
                "detail": problem.sentence or problem.advice,
                "code": problem.code,
                "instance": f"urn:uuid:{problem.quote}",
                "values": problem.values,
            }
        )
        response.content_type = "application/problem+json"
    else:
        part = "errors/fragment.html" if "HX-Request" in request.headers else "errors/page.html"
        response = make_response(render_template(part, problem=problem))
    response.status_code = problem.status
    if problem.status in RETRY_AFTER_S:
        response.headers["Retry-After"] = str(RETRY_AFTER_S[problem.status])
    return response


def on_refusal(error: PortalError) -> Response:
    """Answer a refusal raised by a room; a stranger's page request is led to the sign-in."""
    if isinstance(error, Unauthenticated) and _is_page():
        return _sign_in()
    return answer(problem_of(error))


def on_http(error: HTTPException) -> Response:
    """Answer an HTTP error; one that brings its own response passes through."""
    if error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    if isinstance(error, Unauthorized) and _is_page():
        return _sign_in()
    response = answer(problem_of(error))
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers.setdefault(name, value)
    return response


def _is_page() -> bool:
    return request.method == "GET" and not wants_json() and "HX-Request" not in request.headers


def _sign_in() -> Response:
    here = request.full_path.rstrip("?")
    return redirect("/login?" + urlencode({"next": here}))  # type: ignore[return-value]


def on_crash(error: InternalServerError) -> Response:
    """Answer a crash; Flask has logged it, the page shows only the id."""
    return answer(problem_of(error))


def init_app(app: Flask) -> None:
    """Register the handlers on ``app``."""
    app.register_error_handler(PortalError, on_refusal)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(InternalServerError, on_crash)
