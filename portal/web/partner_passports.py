"""A lot's passport for a signed-in partner: the detail their agreement opens, and a signed file to take along.

The file is a ``vc+sd-jwt``; what the partner leaves out is not in it. Page and file are the same presentation
(``portal.flows.partner_passports``).
"""

import json
from datetime import date, datetime

from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.flows.partner_passports import Presented, presented
from portal.inventory import reads as inventory
from portal.passports import tokens
from portal.passports.bearer import Bearer
from portal.passports.disclosing import PARTS
from portal.web import errors, filters
from portal.web.audited import told
from portal.web.auth import current_viewer, needs
from portal.web.context import reading, services
from portal.web.passport_face import face_of
from portal.web.passport_words import step
from portal.web.public import bearer_at, path_of, stamp

PART_NAMES = {
    "producer": _l("Who made it"),
    "papers": _l("Certificates and reports"),
    "places": _l("Places on its way"),
    "quantities": _l("Quantities on its way"),
    "documents": _l("Numbers of despatch advices"),
    "registration": _l("The producer in the register"),
    "handed_in": _l("When papers came in"),
    "deliveries": _l("Deliveries to the host"),
}
"""What a part that can be left out is called."""

blueprint = Blueprint("partner_passports", __name__, url_prefix="/partner")


@blueprint.get("/01/<gtin>/<any('10', '21'):key>/<path:code>")
@needs()
def show(gtin: str, key: str, code: str) -> ResponseReturnValue:
    """Show what the viewer may see of the passport of a lot or a piece."""
    found = _found(bearer_at(gtin, key, code), frozenset())
    subject = found.claims["credentialSubject"]
    return render_template(
        "passports/partner.html",
        face=face_of(json.dumps(found.claims)),
        passport=found.passport,
        path=path_of(found.passport),
        detail=subject.get("partnerDetail", {}),
        parts=[(part.name, PART_NAMES[part.name]) for part in found.parts],
        step=step,
        stamp=stamp,
        day=_day,
    )


@blueprint.get("/01/<gtin>/<any('10', '21'):key>/<path:code>/passport.sd-jwt")
@needs()
def take(gtin: str, key: str, code: str) -> ResponseReturnValue:
    """Give what the viewer may see of a passport, less what they leave out, as a signed file."""
    known = {part.name for part in PARTS}
    found = _found(bearer_at(gtin, key, code), frozenset(request.args.getlist("without")) & known)
    answer = Response(found.token, content_type=tokens.DISCLOSED)
    name = f"passport-{found.passport.digest.hex()[:8]}.sd-jwt"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _found(bearer: Bearer, without: frozenset[str]) -> Presented:
    viewer = current_viewer()
    with reading() as connection:
        found = presented(connection, services=services(), viewer=viewer, bearer=bearer, without=without)
        product = inventory.find_product(connection, org_id=viewer.org.id, product_id=found.passport.product_id)
    told(products=(product.sku,), rows=1)
    return found


def _day(text: str) -> str:
    """Write a day or an instant of the detail as a person reads it."""
    if "T" in text:
        return filters.local(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M")
    return date.fromisoformat(text).isoformat()


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        lot_not_covered=_l(
            "This lot is not part of what was agreed with you. Its public passport is open to you."
        ),
        issuer_moved=_l("This passport was issued under another address; only the signed document is served."),
    )
