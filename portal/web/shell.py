"""The shell around every page: who is here, which company, the side list per role, the front end's set-up.

``register`` plugs the whole foundation into the application (languages, filters, headers, static files,
error pages, this shell). Login (``portal.web.auth``) sets ``g.who`` before each request and may set the
hooks of ``Hooks``. Paths in the side list that no page serves are left out: a link never leads nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Flask, current_app, g, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from portal.web import assets, errors, filters, i18n, security


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The signed-in person as the shell shows them; ``g.who`` holds one, or is not set.

    Attributes:
        name: The person's name.
        role: ``customer``, ``supplier``, ``operator`` or ``auditor``.
        firm: Their firm's name in the reader's language.
        tier: ``ordinary``, ``key`` or ``strategic`` for a customer, else empty.
        agreement: Number of the agreement in force, else empty.
        agreement_until: Its last day, inclusive.
        language: Their own setting, or ``None``.
    """

    name: str
    role: str
    firm: str = ""
    tier: str = ""
    agreement: str = ""
    agreement_until: date | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The host company as the top bar and the banners show it."""

    name_zh: str = ""
    name_en: str = ""
    is_demo: bool = False

    @property
    def name(self) -> str:
        """The name in the reader's language, or the other one when only that is known."""
        first, second = self.name_zh, self.name_en
        if i18n.language() == "en":
            first, second = second, first
        return first or second


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the side list.

    Attributes:
        path: Where it leads.
        label: Its text, translated when shown.
        tiers: Only these tiers see it; empty for all.
    """

    path: str
    label: Any
    tiers: tuple[str, ...] = ()


NAV: dict[str, tuple[NavItem, ...]] = {
    "customer": (
        NavItem("/inventory", _l("Availability")),
        NavItem("/reservations", _l("Reservations")),
        NavItem("/orders", _l("Orders")),
        NavItem("/board", _l("Board"), ("strategic",)),
        NavItem("/transit", _l("In transit")),
        NavItem("/recalls", _l("Recalls")),
        NavItem("/scan", _l("Scan and verify")),
        NavItem("/anchors", _l("List of batches")),
    ),
    "supplier": (
        NavItem("/vmi", _l("To answer")),
        NavItem("/shipments", _l("Shipments")),
        NavItem("/documents", _l("Certificates")),
        NavItem("/scan", _l("Scan and verify")),
        NavItem("/anchors", _l("List of batches")),
    ),
    "operator": (
        NavItem("/ops", _l("Inbox")),
        NavItem("/ops/stock", _l("Stock")),
        NavItem("/ops/orders", _l("Orders")),
        NavItem("/reservations", _l("Reservations")),
        NavItem("/ops/pools", _l("Pools")),
        NavItem("/ops/replenishment", _l("Replenishment")),
        NavItem("/ops/policies", _l("Replenishment policies")),
        NavItem("/ops/pick", _l("Pick")),
        NavItem("/ops/places", _l("Places")),
        NavItem("/ops/trace", _l("Trace a lot")),
        NavItem("/ops/requirements", _l("Required papers")),
        NavItem("/ops/recalls", _l("Recalls")),
        NavItem("/audits", _l("Audits")),
        NavItem("/ops/partners", _l("Partners and agreements")),
        NavItem("/ops/import", _l("Import")),
        NavItem("/passports", _l("Passports and anchors")),
        NavItem("/ops/credentials", _l("Credentials")),
        NavItem("/anchors", _l("List of batches")),
        NavItem("/documents", _l("Certificates")),
        NavItem("/ops/audit", _l("Audit log")),
        NavItem("/scan", _l("Scan and verify")),
    ),
    "auditor": (
        NavItem("/scan", _l("Scan and verify")),
        NavItem("/audits", _l("Audits")),
        NavItem("/passports", _l("Passports")),
        NavItem("/documents", _l("Certificates")),
        NavItem("/anchors", _l("List of batches")),
    ),
}
"""Side list per role; below 60 em the first four become the tabs at the bottom."""

ROLES = {
    "customer": _l("Buyer"),
    "supplier": _l("Supplier"),
    "operator": _l("Operator"),
    "auditor": _l("Auditor"),
}
TIERS = {
    "ordinary": _l("Ordinary customer"),
    "key": _l("Key customer"),
    "strategic": _l("Strategic partner"),
}


@dataclass(slots=True)
class Hooks:
    """What other doors tell the shell; ``app.extensions["tally_shell"]``. Each has a harmless default.

    Attributes:
        company: Returns the host company.
        counts: Returns the number beside a path of the side list; paths without one are left out.
        notices: Returns the number beside the bell.
        remember_language: Stores the language of a signed-in person.
        view_as: Returns the name of the partner an operator previews as, or ``None``.
    """

    company: Callable[[], Company] = Company
    counts: Callable[[Who], Mapping[str, int]] = field(default=lambda _who: {})
    notices: Callable[[Who], int] = field(default=lambda _who: 0)
    remember_language: Callable[[str], None] = field(default=lambda _code: None)
    view_as: Callable[[], str | None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class NavLink:
    """A line of the side list, ready to show."""

    path: str
    label: str
    count: int
    current: bool


def who() -> Who | None:
    """Return the signed-in person, if any."""
    return g.get("who")  # type: ignore[no-any-return]


def hooks() -> Hooks:
    """Return the application's hooks."""
    return current_app.extensions["tally_shell"]  # type: ignore[no-any-return]


def company() -> Company:
    """Return the host company; an error page shows without it when the database is what failed."""
    if "shell_company" not in g:
        try:
            g.shell_company = hooks().company()
        except Exception:
            if not g.get("failing"):
                raise
            g.shell_company = Company()
    return g.shell_company  # type: ignore[no-any-return]


def notices() -> int:
    """Return the number beside the bell."""
    person = who()
    return hooks().notices(person) if person and not g.get("failing") else 0


def previewed() -> str | None:
    """Return the name of the partner an operator previews as."""
    return None if g.get("failing") else hooks().view_as()


def serves(path: str) -> bool:
    """Tell whether some page answers ``GET`` at ``path``."""
    adapter = current_app.url_map.bind("localhost")
    try:
        adapter.match(path, method="GET")
    except HTTPException:
        return False
    return True


def nav() -> list[NavLink]:
    """Return the side list of the person who is here; empty for a stranger."""
    person = who()
    if person is None:
        return []
    counts = {} if g.get("failing") else hooks().counts(person)
    items = _open_to(person)
    current = max((item.path for item in items if _below(request.path, item.path)), key=len, default="")
    return [NavLink(item.path, str(item.label), counts.get(item.path, 0), item.path == current) for item in items]


def _open_to(person: Who) -> list[NavItem]:
    return [
        item
        for item in NAV.get(person.role, ())
        if (not item.tiers or person.tier in item.tiers) and serves(item.path)
    ]


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")


def home_path() -> str:
    """Return where the brand leads: the first page of one's role, or the front door."""
    person = who()
    return next((item.path for item in _open_to(person)), "/") if person else "/"


def register(app: Flask) -> None:
    """Plug the front end's foundation into ``app``; ``app.extensions["tally"]`` holds the services."""
    services = app.extensions["tally"]
    settings = services.settings
    app.extensions["tally_shell"] = Hooks()
    i18n.init_app(
        app,
        default_language=settings.default_language,
        time_zone=settings.time_zone,
        user_language=_user_language,
        remember=lambda code: hooks().remember_language(code),
    )
    filters.init_app(app, clock=services.clock.now)
    assets.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    app.jinja_env.globals.update(
        who=who,
        nav=nav,
        company=company,
        notices=notices,
        previewed=previewed,
        home_path=home_path,
        serves=serves,
        role_name=lambda role: str(ROLES.get(role, role)),
        tier_name=lambda tier: str(TIERS.get(tier, tier)),
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _user_language() -> str | None:
    person = who()
    return person.language if person else None
