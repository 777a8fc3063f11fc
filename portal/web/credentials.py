"""Credentials of every kind for the host's staff and auditors: which there are, and what could be issued.

Only operators issue. A passport signs what it cites by itself; here a paper, a place or the firm is signed before
there is one.
"""

from datetime import date
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows import evidence, passporting
from portal.inventory import reads as inventory
from portal.kernel.disclosure import Role
from portal.kernel.errors import Malformed
from portal.partners import reads as partners
from portal.passports import credentials, reads
from portal.passports.issuing import Issued
from portal.passports.kinds import CredentialKind, about_firm, about_paper, about_place
from portal.passports.reads import Document
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.credential_face import face_of, kind_name
from portal.web.errors import sentence_of

PER_PAGE = 50

blueprint = Blueprint("credentials", __name__, url_prefix="/ops/credentials")


@blueprint.get("")
@needs(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """Show credentials of every kind or of one, and for operators what has none yet."""
    return _page()


def _page(fault: str = "", typed: str = "") -> str:
    viewer, today = current_viewer(), as_of().date()
    kind, page = request.args.get("kind", ""), max(1, request.args.get("page", 1, type=int))
    with reading() as connection:
        shown, count = credentials.credentials(
            connection, org_id=viewer.org.id, kind=kind, page=page, per_page=PER_PAGE
        )
        papers = reads.documents(connection, org_id=viewer.org.id)
        places = [one for one in inventory.places(connection, org_id=viewer.org.id) if one.level == "node"]
        did = passporting.issuer_of(connection, services=services()).key.did
        about = [*(about_paper(one.paper.id) for one in papers), *(about_place(one.id) for one in places)]
        standing = credentials.standing_about(connection, org_id=viewer.org.id, about=[*about, about_firm(did)])
        names = {one.id: one for one in partners.partner_names(connection, org_id=viewer.org.id)}
    return render_template(
        "credentials/index.html",
        shown=[(one, face_of(one.kind, one.body)) for one in shown],
        count=count,
        kind=kind,
        kinds=list(CredentialKind),
        kind_name=kind_name,
        papers=[one for one in papers if about_paper(one.paper.id) not in standing and _holds(one, today)],
        places=[one for one in places if about_place(one.id) not in standing],
        anchored=about_firm(did) in standing,
        names=names,
        issues=viewer.role is Role.OPERATOR,
        older=page + 1 if page * PER_PAGE < count else 0,
        newer=page - 1,
        fault=fault,
        typed=typed,
        done=request.args.get("done", ""),
    )


def _holds(document: Document, today: date) -> bool:
    return document.paper.valid_until is None or document.paper.valid_until >= today


@blueprint.post("/documents/<uuid:document_id>")
@needs(Role.OPERATOR)
def accept(document_id: UUID) -> ResponseReturnValue:
    """Accept a paper: sign its credential."""
    viewer = current_viewer()
    with transaction() as connection:
        signing = passporting.signing_of(connection, actor=viewer.actor, services=services(), now=as_of())
        issued = evidence.issue_paper(connection, signing=signing, document_id=document_id)
    return _to(issued)


@blueprint.post("/places/<uuid:location_id>")
@needs(Role.OPERATOR)
def place(location_id: UUID) -> ResponseReturnValue:
    """Sign the record of a place, with a GLN when one is typed."""
    viewer, gln = current_viewer(), request.form.get("gln", "").strip()
    try:
        with transaction() as connection:
            signing = passporting.signing_of(connection, actor=viewer.actor, services=services(), now=as_of())
            issued = evidence.issue_place(connection, signing=signing, location_id=location_id, gln=gln)
    except Malformed as refusal:
        return _page(sentence_of(refusal), gln), 422
    return _to(issued)


@blueprint.post("/identity")
@needs(Role.OPERATOR)
def identity() -> ResponseReturnValue:
    """Sign what binds our DID to the registered firm."""
    viewer, uscc = current_viewer(), request.form.get("uscc", "").strip()
    try:
        with transaction() as connection:
            signing = passporting.signing_of(connection, actor=viewer.actor, services=services(), now=as_of())
            issued = evidence.issue_identity(connection, signing=signing, uscc=uscc)
    except Malformed as refusal:
        return _page(sentence_of(refusal), uscc), 422
    return _to(issued)


def _to(issued: Issued) -> ResponseReturnValue:
    return redirect(url_for("credentials.index", done=issued.digest.hex()[:8]), code=303)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
