"""The front door: verify a passport first, sign in second; and where a typed code leads.

Whoever cannot scan (``portal.web.scan``) types what is printed under the code, or pastes the address in it.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, Flask, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.kernel.gs1 import BadScan, read_scan
from portal.kernel.gtin import NotAGTIN, to_gtin14
from portal.web import auth, errors

_MOST_CHARS = 20
_LINK = re.compile(r"/01/(?P<gtin>[0-9]{8,14})(?=/[12])(?:/10/(?P<lot>[^/]+))?(?:/21/(?P<serial>[^/]+))?/?")
_PRINTED = re.compile(r"h=[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"""[A-Za-z0-9!"%&'()*+,\-./:;<=>?_]{1,20}""")

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def landing() -> ResponseReturnValue:
    """Show the front door; who is signed in goes on to their first page."""
    viewer = auth.session_viewer()
    if viewer is not None:
        return redirect(auth.FIRST_PAGES[viewer.role], code=303)
    return render_template("home/landing.html", demo_logins=auth.demo_logins(), gtin="", lot="", errors={})


@blueprint.get("/verify")
def verify() -> ResponseReturnValue:
    """Go on to the passport of what was typed, a lot or a piece; ask again when it cannot be read."""
    typed = _Typed(*(request.args.get(name, "").strip() for name in ("gtin", "lot", "serial")))
    faults: dict[str, str] = {}
    if "gtin" in request.args:
        if "/" in typed.gtin:
            typed = _of_address(typed)
        elif typed.gtin.startswith("("):
            typed = _of_elements(typed)
        faults = _faults(typed)
        if not faults:
            return redirect(f"/01/{to_gtin14(typed.gtin)}{_path(typed)}{typed.printed}", code=303)
    page = make_response(
        render_template("home/verify.html", gtin=typed.gtin, lot=typed.lot, serial=typed.serial, errors=faults)
    )
    page.status_code = 422 if faults else 200
    return page


class _Typed(NamedTuple):
    """What was typed: GTIN, lot, serial number, and the ``#h=`` part of a pasted address."""

    gtin: str
    lot: str
    serial: str
    printed: str = ""


def _path(typed: _Typed) -> str:
    parts = (("10", typed.lot), ("21", typed.serial))
    return "".join(f"/{key}/{quote(value, safe='')}" for key, value in parts if value)


def _of_address(typed: _Typed) -> _Typed:
    """Return what a pasted address names; what was typed when it is no Digital Link."""
    parts = urlsplit(typed.gtin)
    link = _LINK.fullmatch(parts.path)
    if link is None:
        return typed
    printed = f"#{parts.fragment}" if _PRINTED.fullmatch(parts.fragment) else ""
    return _Typed(link["gtin"], unquote(link["lot"] or ""), unquote(link["serial"] or ""), printed)


def _of_elements(typed: _Typed) -> _Typed:
    """Return what a GS1 element string in brackets names; what was typed when it cannot be read."""
    try:
        scan = read_scan(typed.gtin)
    except BadScan:
        return typed
    return _Typed(scan.gtin, scan.lot, scan.serial)


def _faults(typed: _Typed) -> dict[str, str]:
    faults: dict[str, str] = {}
    try:
        to_gtin14(typed.gtin)
    except NotAGTIN as refusal:
        faults["gtin"] = errors.sentence_of(refusal)
    # GS1 General Specifications sections 3.4.2 and 3.5.2: 1 to 20 characters of the set 82.
    if not _NAME.fullmatch(typed.lot or typed.serial):
        faults["lot"] = _("A lot number has 1 to %(most)s letters, digits and signs.", most=_MOST_CHARS)
    elif not _NAME.fullmatch(typed.serial or typed.lot):
        faults["serial"] = _("A serial number has 1 to %(most)s letters, digits and signs.", most=_MOST_CHARS)
    return faults


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(not_a_gtin=_l("“%(text)s” is not a GTIN. Check the digits under the bar code."))
