"""One's own account: who I am here, tokens for my programs, the published schema, signing out everywhere."""

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import logout_user

from portal.kernel.errors import Forbidden
from portal.partners import service
from portal.partners.audience import Audience, audience_of
from portal.partners.tokens import LIFETIME, AccessToken, Tokens
from portal.partners.trusted import Trusted, identifier_of
from portal.platform.packaged import graphql_file
from portal.web import errors
from portal.web.agreement_words import grain_words
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, services, transaction
from portal.web.security import allow

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@needs()
def account() -> ResponseReturnValue:
    """Show who I am here and what my agreement opens."""
    return _page()


@blueprint.post("/account/token")
@needs()
def make_token() -> ResponseReturnValue:
    """Make an access token and show it, this once."""
    tokens: Tokens = current_app.extensions["tally_tokens"]
    return _page(tokens.issue(current_viewer(), now=as_of()))


@blueprint.post("/account/reading")
@needs()
def set_reading() -> ResponseReturnValue:
    """Remember the packaging level I like to read quantities in."""
    with transaction() as connection:
        service.set_read_in(connection, actor=current_viewer().actor, level=request.form.get("read_in", ""))
    flash(gettext("Quantities are shown so from now on."))
    return redirect("/account", code=303)


@blueprint.post("/account/end-sessions")
@needs()
def end_sessions() -> ResponseReturnValue:
    """End every session and token of mine, this one included."""
    actor = current_viewer().actor
    with transaction() as connection:
        service.end_sessions(connection, actor=actor, now=as_of())
    logout_user()
    return redirect("/login", code=303)


@blueprint.get("/account/api")
@needs()
def api() -> ResponseReturnValue:
    """Show the schema published for my tier, and a query to begin with."""
    mine, trusted = audience(), _trusted()
    return render_template(
        "account/api.html",
        audience=mine,
        sdl=graphql_file(f"tier/{mine}.graphql") if mine else "",
        example=graphql_file(f"trusted/{mine}.graphql") if mine else "",
        documents=trusted.of(Audience(mine)) if mine else [],
        trusted_only=mine in trusted.only,
        endpoint=f"{services().settings.origin}/graphql",
    )


@blueprint.get("/account/api/try")
@needs()
def try_api() -> ResponseReturnValue:
    """Open GraphiQL on the schema of my tier; who cannot ask freely is shown the page that says why."""
    mine = audience()
    if not mine or mine in _trusted().only:
        return redirect("/account/api", code=303)
    allow("font-src", "data:")  # GraphiQL's sheet carries its fonts
    return render_template("account/try.html", example=graphql_file(f"trusted/{mine}.graphql"))


def _trusted() -> Trusted:
    return current_app.extensions["tally_trusted"]  # type: ignore[no-any-return]


def audience() -> str:
    """Return whose schema my programs have; empty for none."""
    try:
        return str(audience_of(current_viewer()))
    except Forbidden:
        return ""


def _page(token: AccessToken | None = None) -> str:
    return render_template(
        "account/account.html",
        token=token,
        grain_words=grain_words,
        minutes=int(LIFETIME.total_seconds()) // 60,
        audience=audience(),
        origin=services().settings.origin,
        document_id=identifier_of(graphql_file("trusted/who.graphql")),
    )


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        bad_token=_l("The access token is not one of ours."),
        token_expired=_l("The access token has run out. Make a new one."),
        no_schema=_l("Nothing is published for programs of your role."),
        not_signed_in=_l("Send an access token, or sign in."),
        cross_site=_l("The request does not come from a page of this portal."),
        bad_request=_l("The request cannot be read: %(detail)s."),
        not_json=_l("Send JSON, as application/json in UTF-8."),
        graphql_parse_failed=_l("The query cannot be read: %(detail)s"),
        graphql_validation_failed=_l("The query does not fit your schema: %(detail)s"),
        query_too_large=_l("One request may hold %(most)s %(what)s at most."),
        persisted_document_not_found=_l("You have no trusted document of that id. /account/api lists yours."),
        trusted_documents_only=_l(
            "Your tier asks by the id of a trusted document: send documentId, /account/api lists yours. Your"
            " contact at the host company can add one, or open other queries to you."
        ),
        deed_by_get=_l("By GET nothing can be done. Send it by POST."),
        throttled=_l(
            "Your programs have asked for much in a short time. Send this again in %(retry_after_s)s seconds."
        ),
        bad_page=_l("The page cannot be had: “%(what)s” is out of range."),
        internal=_l("Something broke on our side. Quote %(quote)s."),
    )
