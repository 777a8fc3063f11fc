"""Passports for the host's staff and for auditors: what stands, what waits for the chain, what could be issued.

Only operators issue; auditors read. Everybody else uses the public page (``portal.web.public``).
"""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from portal.flows import passporting
from portal.inventory import reads as inventory
from portal.kernel.disclosure import Role
from portal.passports import reads, status, writer
from portal.passports.model import code_hash
from portal.passports.packs import PackSources, build_pack
from portal.passports.reads import Passport
from portal.passports.status import Standing
from portal.web import chain_words
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction
from portal.web.passport_face import face_of
from portal.web.passport_words import step
from portal.web.public import link_of, pack_answer, path_of, qr_svg, stamp, to_digest

PER_PAGE = 50

blueprint = Blueprint("passports", __name__, url_prefix="/passports")


@blueprint.get("")
@needs(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """Show every passport, how anchoring stands and, for operators, what could be issued."""
    viewer = current_viewer()
    page = max(1, request.args.get("page", 1, type=int))
    issues = viewer.role is Role.OPERATOR
    with reading() as connection:
        shown, count = reads.passports(connection, org_id=viewer.org.id, page=page, per_page=PER_PAGE)
        queue = reads.anchor_queue(connection, org_id=viewer.org.id)
        pin = reads.chain_pin(connection, org_id=viewer.org.id)
        stopped = writer.stopped(connection, org_id=viewer.org.id)
        products = inventory.products_by_id(connection, org_id=viewer.org.id, ids={p.product_id for p in shown})
        lots = passporting.lots_to_issue(connection, org_id=viewer.org.id, today=as_of().date()) if issues else ()
    return render_template(
        "passports/index.html",
        passports=shown,
        products=products,
        count=count,
        queue=queue,
        pin=pin,
        stopped=stopped,
        words=chain_words,
        lots=lots,
        issues=issues,
        path_of=path_of,
        older=page + 1 if page * PER_PAGE < count else 0,
        newer=page - 1,
    )


@blueprint.get("/issue")
@needs(Role.OPERATOR)
def check() -> ResponseReturnValue:
    """Show what a lot's passport would say, before it is signed."""
    product_id, lot = lot_asked_for(request.args)
    viewer, now = current_viewer(), as_of()
    with reading() as connection:
        subject = passporting.subject_of_lot(connection, org_id=viewer.org.id, product_id=product_id, lot_code=lot)
        papers = reads.papers_of_lot(
            connection,
            org_id=viewer.org.id,
            supplier_id=subject.supplier_id,
            product_id=product_id,
            lot_code=lot,
        )
        trace = reads.trace_of_lot(connection, org_id=viewer.org.id, product_id=product_id, lot_code=lot)
    return render_template(
        "passports/check.html", subject=subject, papers=papers, trace=trace, today=now.date(), step=step
    )


@blueprint.post("/issue")
@needs(Role.OPERATOR)
def issue() -> ResponseReturnValue:
    """Sign a lot's passport; the same facts again lead to the passport that stands."""
    product_id, lot = lot_asked_for(request.form)
    viewer, now = current_viewer(), as_of()
    with transaction() as connection:
        credential_id = passporting.issue(
            connection,
            actor=viewer.actor,
            services=services(),
            product_id=product_id,
            lot_code=lot,
            now=now,
        )
        issued = reads.passport_by_id(connection, org_id=viewer.org.id, credential_id=credential_id)
    outcome = "new" if issued.issued_at == now else "same"
    return redirect(url_for("passports.detail", digest=issued.digest.hex(), issued=outcome), code=303)


def lot_asked_for(values: Mapping[str, str]) -> tuple[UUID, str]:
    """Return product and lot of a request; a request without them is none of ours."""
    try:
        return UUID(values.get("product", "")), values.get("lot", "")
    except ValueError:
        abort(404)


@blueprint.get("/<digest>")
@needs(Role.OPERATOR, Role.AUDITOR)
def detail(digest: str) -> ResponseReturnValue:
    """Show one passport: its state, its code, its papers."""
    viewer = current_viewer()
    with reading() as connection:
        shown = reads.passport_by_digest(connection, org_id=viewer.org.id, digest=to_digest(digest))
        said = status.history(connection, org_id=viewer.org.id, credential_id=shown.id)
        successor = _successor(connection, status.standing_of(said))
        product = inventory.find_product(connection, org_id=viewer.org.id, product_id=shown.product_id)
    return render_template(
        "passports/detail.html",
        passport=shown,
        said=said,
        standing=status.standing_of(said),
        successor=successor,
        face=face_of(shown.body),
        path=path_of(shown),
        code=code_hash(shown.digest),
        stamp=stamp,
        issues=viewer.role is Role.OPERATOR,
        by_piece=product.tracking == "serial",
        issued=request.args.get("issued", ""),
    )


@blueprint.get("/<digest>/pack.zip")
@needs(Role.OPERATOR, Role.AUDITOR)
def pack(digest: str) -> ResponseReturnValue:
    """Give a passport's audit pack with the papers it cites."""
    settings, company = services().settings, current_viewer().org.id
    sources = PackSources(
        org_id=company,
        rpc_url=settings.chain_rpc_url,
        confirmations=settings.chain_confirmations,
        papers=passporting.files_of(settings.home),
    )
    with reading() as connection:
        shown = reads.passport_by_digest(connection, org_id=company, digest=to_digest(digest))
        data = build_pack(connection, sources, credential_ids=[shown.id], now=as_of())
    return pack_answer(data, name=f"passport-{digest[:8]}-papers")


def _successor(connection: Connection, standing: Standing) -> Passport | None:
    """Return what stands in a revoked passport's place."""
    if standing.superseded_by is None:
        return None
    return reads.passport_by_id(connection, org_id=current_viewer().org.id, credential_id=standing.superseded_by)


@blueprint.get("/<digest>/label")
@needs(Role.OPERATOR, Role.AUDITOR)
def label(digest: str) -> ResponseReturnValue:
    """Show the label to print and stick on the goods."""
    viewer = current_viewer()
    with reading() as connection:
        shown = reads.passport_by_digest(connection, org_id=viewer.org.id, digest=to_digest(digest))
    return render_template("passports/label.html", passport=shown, face=face_of(shown.body))


@blueprint.get("/<digest>/qr.svg")
@needs(Role.OPERATOR, Role.AUDITOR)
def qr(digest: str) -> ResponseReturnValue:
    """Draw this very passport's code, even after a newer one replaced it."""
    with reading() as connection:
        shown = reads.passport_by_digest(connection, org_id=current_viewer().org.id, digest=to_digest(digest))
    return qr_svg(link_of(shown))


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
