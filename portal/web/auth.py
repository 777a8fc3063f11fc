"""Signing in and out, and who is asking: sessions of people, never of programs.

A session names a person and the session version it began under; firm, agreement and tier are resolved anew at
every request (``portal.partners.viewer``). Forms carry a CSRF token (Flask-WTF), the cookie is HttpOnly and
SameSite=Lax. The API's doors check their own proofs (``portal.api.access``).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect
from werkzeug.exceptions import Unauthorized

from portal.kernel.disclosure import Role
from portal.kernel.errors import Forbidden, NotFound
from portal.kernel.statuses import status_of
from portal.partners import service
from portal.partners.model import Company, NoSuchPartner, NoSuchPerson
from portal.partners.viewer import Viewer, viewer_of_person
from portal.web import errors, i18n, shell
from portal.web.context import as_of, reading, services, transaction

FIRST_PAGES = {
    Role.CUSTOMER: "/inventory",
    Role.SUPPLIER: "/vmi",
    Role.AUDITOR: "/passports",
    Role.OPERATOR: "/ops",
}
"""Where each role arrives after signing in."""

VIEW_AS = "view_as"
"""Key of the session: id of the customer through whose eyes one of the host's staff looks."""

DEMO_LOGINS = "demo-logins.json"
"""File in the home folder (0600) with the demo's logins: a list of role, tier, email, password."""

csrf = CSRFProtect()
blueprint = Blueprint("auth", __name__)

_P = ParamSpec("_P")


class WrongRole(Forbidden):
    """The page is for other roles than the viewer's."""

    code = "wrong_role"


class NoCompany(NotFound):
    """The portal holds no company yet: nothing was imported and no demo was loaded."""

    code = "no_company"


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """One login of the demo company, shown on the sign-in page of a demo only."""

    role: str
    tier: str
    email: str
    password: str


class _Session(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps: the viewer of this request."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def get_id(self) -> str:
        """Return what the session stores: person and session version."""
        return f"{self.viewer.actor.person_id}.{self.viewer.session_version}"


def session_viewer() -> Viewer | None:
    """Return who is signed in by the session cookie; ``None`` for a stranger."""
    return current_user.viewer if current_user.is_authenticated else None


def current_viewer() -> Viewer:
    """Return who is signed in.

    Raises:
        Unauthorized: Nobody is: a page answers with the way to the sign-in page, a program gets 401.
    """
    viewer = session_viewer()
    if viewer is None:
        raise Unauthorized
    return viewer


def needs(*roles: Role) -> Callable[[Callable[_P, ResponseReturnValue]], Callable[_P, ResponseReturnValue]]:
    """Open a page to these roles only (to everybody signed in when none is named).

    The view is not entered otherwise: nobody gives 401 or the way to sign in, a wrong role gives 403.
    """

    def guard(view: Callable[_P, ResponseReturnValue]) -> Callable[_P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> ResponseReturnValue:
            viewer = current_viewer()
            if roles and viewer.role not in roles:
                raise WrongRole(f"This is not for the role {viewer.role}.", role=str(viewer.role))
            return view(*args, **kwargs)

        return guarded

    return guard


def company() -> Company | None:
    """Return the host company, asked once a request; ``None`` before there is one."""
    if "company" not in g:
        with reading() as connection:
            g.company = service.the_company(connection)
    return g.company  # type: ignore[no-any-return]


def demo_logins() -> tuple[DemoLogin, ...]:
    """Return the logins of the demo company; none where the company is a real one."""
    here = company()
    path = services().settings.home / DEMO_LOGINS
    if here is None or not here.is_demo or not path.exists():
        return ()
    listed = json.loads(path.read_text("utf-8"))
    return tuple(
        DemoLogin(
            role=one["role"],
            tier=one.get("tier") or "",
            email=one["email"],
            password=one["password"],
        )
        for one in listed
    )


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """Show the sign-in page; somebody signed in goes on to their first page."""
    target = _next()
    viewer = session_viewer()
    if viewer is not None:
        return redirect(target or FIRST_PAGES[viewer.role], code=303)
    return _page(email=_demo_email(), password=_demo_password())


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    """Check e-mail and password and begin a session."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    here = company()
    if here is None:
        raise NoCompany("There is no company yet.")
    address = request.remote_addr or ""
    try:
        with transaction() as connection:
            service.count_try(connection, org_id=here.id, email=email, address=address, now=as_of())
        with transaction() as connection:
            person = service.sign_in(connection, org_id=here.id, email=email, password=password, address=address)
            viewer = _resolve(connection, person.id)
    except (service.WrongPassword, service.TooManyTries) as refusal:
        answer = _page(email=email, refusal=errors.sentence_of(refusal))
        answer.status_code = status_of(refusal)
        if isinstance(refusal, service.TooManyTries):
            answer.headers["Retry-After"] = str(refusal.values["retry_after_s"])
        return answer
    session.clear()
    session.permanent = True
    login_user(_Session(viewer))
    return redirect(_next() or FIRST_PAGES[viewer.role], code=303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session."""
    logout_user()
    session.clear()
    return redirect("/", code=303)


def _page(*, email: str = "", password: str = "", refusal: str = "") -> Response:
    return make_response(
        render_template(
            "auth/login.html",
            email=email,
            password=password,
            refusal=refusal,
            target=_next(),
            demo_logins=demo_logins(),
        )
    )


def _next() -> str:
    """Return the path to go on to, when it is one of this site; else nothing."""
    path = i18n.safe_path(request.values.get("next"))
    return "" if path == "/" or urlsplit(path).path in {"/login", "/logout"} else path


def _demo_email() -> str:
    wanted = request.args.get("as", "")
    return next((one.email for one in demo_logins() if one.email == wanted), "")


def _demo_password() -> str:
    wanted = request.args.get("as", "")
    return next((one.password for one in demo_logins() if one.email == wanted), "")


def _resolve(connection: Any, person_id: UUID, *, as_partner: UUID | None = None) -> Viewer:
    return viewer_of_person(
        connection,
        person_id=person_id,
        as_of=as_of(),
        time_zone=services().settings.time_zone,
        as_partner=as_partner,
    )


def _load(stored: str) -> _Session | None:
    """Turn what a session stores into who is asking; ``None`` ends the session."""
    person, _, version = stored.partition(".")
    try:
        looked_as = UUID(session[VIEW_AS]) if VIEW_AS in session else None
        with reading() as connection:
            viewer = _resolve(connection, UUID(person), as_partner=looked_as)
    except (NoSuchPerson, NoSuchPartner, ValueError):
        return None
    g.company = viewer.org
    return _Session(viewer) if str(viewer.session_version) == version else None


def _introduce() -> None:
    """Tell the shell who is here, before each request but those for static files."""
    if request.endpoint == "assets.static_file" or "_user_id" not in session:
        return
    viewer = session_viewer()
    if viewer is not None:
        g.who = who_of(viewer)


def who_of(viewer: Viewer) -> shell.Who:
    """Return a viewer as the shell shows them."""
    agreement, partner = viewer.agreement, viewer.partner
    # The person's own language is not known to i18n yet: g.who is being made.
    names = partner or viewer.org
    english = (viewer.language or i18n.language()) == "en"
    g.pop("language", None)
    return shell.Who(
        name=viewer.name,
        role=str(viewer.role),
        firm=(names.name_en or names.name_zh) if english else (names.name_zh or names.name_en),
        tier=str(viewer.tier or ""),
        agreement=agreement.number if agreement else "",
        agreement_until=agreement.valid_until if agreement else None,
        language=viewer.language,
    )


def _shell_company() -> shell.Company:
    here = company()
    if here is None:
        return shell.Company()
    return shell.Company(name_zh=here.name_zh, name_en=here.name_en, is_demo=here.is_demo)


def _remember_language(code: str) -> None:
    viewer = session_viewer()
    if viewer is not None:
        with transaction() as connection:
            service.set_language(connection, actor=viewer.actor, language=code)


def register(app: Flask) -> None:
    """Hang the pages into ``app`` and let it know who is asking; after ``shell.register``."""
    manager = LoginManager()
    manager.session_protection = "basic"
    manager.user_loader(_load)
    manager.init_app(app)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # a token lives as long as its session
    csrf.init_app(app)
    app.before_request(_introduce)
    hooks = app.extensions["tally_shell"]
    hooks.company = _shell_company
    hooks.remember_language = _remember_language
    app.context_processor(lambda: {"viewer": session_viewer()})
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        unauthenticated=_l("Please sign in first."),
        wrong_password=_l("E-mail and password do not belong together."),
        too_many=_l("Asked too often. Try again later."),
        too_many_tries=_l("Too many tries. Try again in %(minutes)s minutes."),
        wrong_role=_l("This page is for other roles than yours."),
        no_company=_l("The portal is empty: load the demo or import your own data first."),
        no_agreement=_l("No agreement is in force today. Ask your contact at the host company."),
        database_silent=_l("The database does not answer just now."),
        not_an_email=_l("“%(text)s” is not an e-mail address."),
        weak_password=_l("A password has %(shortest)s to %(longest)s characters."),
        email_taken=_l("Somebody already signs in as %(email)s."),
        no_such_person=_l("This person may not sign in."),
        no_such_partner=_l("There is no such partner."),
        wrong_firm=_l("This role does not fit the firm."),
        unknown_role=_l("“%(role)s” is not a role of a partner."),
        no_such_agreement=_l("There is no agreement %(number)s."),
        agreement_ended=_l("Agreement %(number)s has ended. Make a new one."),
        bad_grain=_l("A cap and a yes or no need one size, steps rise from 1: “%(steps)s” does not fit."),
        agreement_backwards=_l("Agreement %(number)s ends (%(valid_until)s) before it begins (%(valid_from)s)."),
        agreement_overlaps=_l("Agreements %(number)s and %(other)s would hold on the same day."),
        agreement_without_nodes=_l("Agreement %(number)s must name the warehouses it opens."),
    )
