"""The list of batches, for those who want to notice a rewriting: its head, what they saw last, the file.

A partner's head is kept when they open the page and compared the next time; who wants to trust nobody keeps the
file.
"""

import json

from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from portal.kernel.disclosure import Role
from portal.partners.model import Viewer
from portal.passports import listing, reads, writer
from portal.web import chain_words, errors
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.public import org_id

blueprint = Blueprint("anchors", __name__)


@blueprint.get("/anchors")
@needs(*Role)
def index() -> ResponseReturnValue:
    """Show the head, what the partner saw last and what the chain proves; what a partner sees is kept."""
    viewer, now = current_viewer(), as_of()
    if viewer.partner is None or viewer.previewing:
        with reading() as connection:
            return _page(connection, viewer, writer.unseen(connection, org_id=viewer.org.id))
    with transaction() as connection:
        seen = writer.look(connection, org_id=viewer.org.id, partner_id=viewer.partner.id, now=now)
        return _page(connection, viewer, seen)


def _page(connection: Connection, viewer: Viewer, seen: writer.Look) -> str:
    chains = [
        (pin, writer.standing(connection, org_id=viewer.org.id, role=role))
        for role in (writer.MAIN, writer.EXTRA)
        if (pin := reads.chain_pin(connection, org_id=viewer.org.id, role=role)) is not None
    ]
    return render_template("passports/anchors.html", seen=seen, chains=chains, words=chain_words)


@blueprint.get("/anchors.json")
def export() -> ResponseReturnValue:
    """Give the list of final batches with its head, to keep and to fold by oneself."""
    with reading() as connection:
        listed = listing.listing(connection, org_id=org_id())
    headers = {"Access-Control-Allow-Origin": "*", "Content-Disposition": 'inline; filename="anchors.json"'}
    return Response(json.dumps(listed), content_type="application/json", headers=headers)


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        still_there=_l("The pinned chain answers, contract and all: there is nothing to leave behind."),
        nothing_pinned=_l("No chain is pinned yet; the worker does it at its first start."),
        not_confirmed=_l("Another chain answers than the one that was named: %(found)s."),
        writer_busy=_l("A worker anchors just now; try again in a moment."),
    )
