"""The operator's page on which a passport is revoked, suspended or taken up again, with what was said before."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import Connection

from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.passports import reads, status
from portal.passports.reads import Passport
from portal.passports.status import Mark, Standing
from portal.web import errors
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.passport_face import Face, face_of
from portal.web.public import to_digest

DEEDS = {
    "suspend": lazy_gettext("Suspend until further notice"),
    "resume": lazy_gettext("Take up again"),
    "revoke": lazy_gettext("Revoke for good"),
}
DONE = {
    "suspend": lazy_gettext("Suspended. Whoever checks it is told so within a minute."),
    "resume": lazy_gettext("Taken up again. Whoever checks it is told so within a minute."),
    "revoke": lazy_gettext("Revoked. Whoever checks it is told so within a minute."),
}
_FIELD = {"credential_reason_needed": "reason", "not_a_replacement": "successor"}

blueprint = Blueprint("standing", __name__, url_prefix="/passports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A passport, how it stands, what was said of it, and what could stand in its place."""

    passport: Passport
    face: Face
    standing: Standing
    history: tuple[Mark, ...]
    others: tuple[Passport, ...]

    @property
    def deeds(self) -> tuple[str, ...]:
        """What can be done now."""
        if self.standing.revoked:
            return ()
        return ("resume", "revoke") if self.standing.suspended else ("suspend", "revoke")


@blueprint.get("/<digest>/standing")
@needs(Role.OPERATOR)
def show(digest: str) -> ResponseReturnValue:
    """Show how a passport stands and the form that changes it."""
    return _form(_desk(digest), {}, {})


@blueprint.post("/<digest>/standing")
@needs(Role.OPERATOR)
def change(digest: str) -> ResponseReturnValue:
    """Revoke, suspend or take up, when it was confirmed."""
    desk, values = _desk(digest), request.form.to_dict()
    deed = values.get("deed", "")
    if deed not in DEEDS:
        return _form(desk, values, {"deed": gettext("Choose one of the list.")}), 422
    if not values.get("sure"):
        return _form(desk, values, {"sure": gettext("Please confirm; everybody who checks will see it.")}), 422
    try:
        _do(desk, deed, values)
    except PortalError as refusal:
        return _form(desk, values, {_FIELD.get(refusal.code, "deed"): str(errors.sentence_of(refusal))}), 422
    flash(str(DONE[deed]))
    return redirect(f"/passports/{digest}", 303)


def _do(desk: Desk, deed: str, values: Mapping[str, str]) -> None:
    actor, now, reason = current_viewer().actor, as_of(), values.get("reason", "")
    credential_id = desk.passport.id
    with transaction() as connection:
        if deed == "revoke":
            chosen = next((one.id for one in desk.others if str(one.id) == values.get("successor")), None)
            status.revoke(
                connection,
                actor=actor,
                credential_id=credential_id,
                reason=reason,
                now=now,
                superseded_by=chosen,
            )
        elif deed == "suspend":
            status.suspend(connection, actor=actor, credential_id=credential_id, reason=reason, now=now)
        else:
            status.resume(connection, actor=actor, credential_id=credential_id, reason=reason, now=now)


def _desk(digest: str) -> Desk:
    org_id = current_viewer().org.id
    with reading() as connection:
        shown = reads.passport_by_digest(connection, org_id=org_id, digest=to_digest(digest))
        said = status.history(connection, org_id=org_id, credential_id=shown.id)
        all_of_it = reads.history_of(connection, org_id=org_id, bearer=shown.bearer)
        others = tuple(one for one in all_of_it if one.id != shown.id and _counts(connection, org_id, one.id))
    return Desk(
        passport=shown, face=face_of(shown.body), standing=status.standing_of(said), history=said, others=others
    )


def _counts(connection: Connection, org_id: UUID, credential_id: UUID) -> bool:
    return not status.standing(connection, org_id=org_id, credential_id=credential_id, at=as_of()).revoked


def _form(desk: Desk, values: Mapping[str, str], faults: Mapping[str, str]) -> str:
    return render_template(
        "passports/standing.html",
        desk=desk,
        values=values,
        errors=faults,
        deeds=[(one, DEEDS[one]) for one in desk.deeds],
    )


def register(app: Flask) -> None:
    """Hang the page into ``app``."""
    app.register_blueprint(blueprint)
