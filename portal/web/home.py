"""The front door: verify a passport first, sign in second; and where a typed code leads.

Whoever cannot scan (``portal.web.scan``) types what is printed under the code, or pastes the address in it.
"""

import re
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, Flask, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.kernel.gs1 import BadScan, read_scan
from portal.kernel.gtin import NotAGTIN, to_gtin14
from portal.web import auth, errors

_LOT_CHARS = 20
_LINK = re.compile(r"/01/(?P<gtin>[0-9]{8,14})/10/(?P<lot>[^/]+)/?")
_PRINTED = re.compile(r"h=[A-Za-z0-9_-]{43}")
_LOT = re.compile(r"""[A-Za-z0-9!"%&'()*+,\-./:;<=>?_]{1,20}""")

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
    """Go on to the passport of the GTIN and lot that were typed; ask for them again when they cannot be read."""
    typed, lot = request.args.get("gtin", "").strip(), request.args.get("lot", "").strip()
    faults: dict[str, str] = {}
    if "gtin" in request.args:
        printed = ""
        if "/" in typed:
            typed, lot, printed = _of_address(typed, lot)
        elif typed.startswith("("):
            typed, lot = _of_elements(typed, lot)
        faults = _faults(typed, lot)
        if not faults:
            return redirect(f"/01/{to_gtin14(typed)}/10/{quote(lot, safe='')}{printed}", code=303)
    page = make_response(render_template("home/verify.html", gtin=typed, lot=lot, errors=faults))
    page.status_code = 422 if faults else 200
    return page


def _of_address(typed: str, lot: str) -> tuple[str, str, str]:
    """Return GTIN, lot and ``#h=`` part of a pasted address; what was typed when it is no Digital Link."""
    parts = urlsplit(typed)
    link = _LINK.fullmatch(parts.path)
    if link is None:
        return typed, lot, ""
    printed = f"#{parts.fragment}" if _PRINTED.fullmatch(parts.fragment) else ""
    return link["gtin"], unquote(link["lot"]), printed


def _of_elements(typed: str, lot: str) -> tuple[str, str]:
    """Return GTIN and lot of a GS1 element string in brackets; what was typed when it cannot be read."""
    try:
        scan = read_scan(typed)
    except BadScan:
        return typed, lot
    return scan.gtin, scan.lot


def _faults(gtin: str, lot: str) -> dict[str, str]:
    faults: dict[str, str] = {}
    try:
        to_gtin14(gtin)
    except NotAGTIN as refusal:
        faults["gtin"] = errors.sentence_of(refusal)
    # GS1 General Specifications section 3.4.2: 1 to 20 characters of the set 82.
    if not _LOT.fullmatch(lot):
        faults["lot"] = _("A lot number has 1 to %(most)s letters, digits and signs.", most=_LOT_CHARS)
    return faults


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(not_a_gtin=_l("“%(text)s” is not a GTIN. Check the digits under the bar code."))
