"""View as a customer: the host's staff see exactly the pages a customer's people see, and can do nothing there.

The session names the customer; ``portal.web.auth`` then resolves every request as one of theirs, with the same
agreement and the same code. Every look is in the audit log as the looker's.
"""

from typing import Any

from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.kernel.disclosure import Role
from portal.kernel.errors import Forbidden
from portal.partners import reads
from portal.partners.model import Previewing
from portal.platform import audit
from portal.platform.audit import Fact
from portal.web import errors, filters
from portal.web.auth import VIEW_AS, current_viewer, needs, session_viewer
from portal.web.context import as_of, reading, transaction
from portal.web.stock_words import either

blueprint = Blueprint("viewing", __name__)

_ALLOWED = frozenset({"viewing.leave", "auth.logout", "i18n.switch", "api.graphql"})
"""What is no deed; of the API's questions the only one that leaves a trace is refused where it is asked."""


class NotACustomer(Forbidden):
    """Only customers have pages of stock to look at."""

    code = "not_a_customer"


@blueprint.post("/ops/partners/<code>/view-as")
@needs(Role.OPERATOR)
def enter(code: str) -> ResponseReturnValue:
    """Look through the eyes of a customer's people from here on."""
    with reading() as connection:
        found = reads.standing(connection, org_id=current_viewer().org.id, code=code, on=filters.today())
    if "customer" not in found.roles:
        raise NotACustomer(f"{code} is no customer.", partner=code)
    agreement = found.agreement.number if found.agreement else ""
    fact = Fact(kind="preview", what="viewing.enter", partner_id=found.name.id, agreement=agreement)
    with transaction() as connection:
        audit.append(connection, actor=current_viewer().actor, fact=fact, now=as_of())
    session[VIEW_AS] = str(found.name.id)
    return redirect("/inventory", code=303)


@blueprint.post("/ops/view-as/leave")
@needs()
def leave() -> ResponseReturnValue:
    """Go back to one's own view; where there is none but one's own, nothing happens."""
    session.pop(VIEW_AS, None)
    return redirect("/ops/partners" if current_viewer().actor.role is Role.OPERATOR else "/", code=303)


def _refuse_deeds() -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint in _ALLOWED:
        return
    viewer = session_viewer()
    if viewer is not None and viewer.previewing:
        raise Previewing("Nothing can be done while viewing as a partner.")


def _previewed() -> str | None:
    viewer: Any = session_viewer()
    if viewer is None or not viewer.previewing:
        return None
    return either(viewer.partner.name_zh, viewer.partner.name_en)


def register(app: Flask) -> None:
    """Hang the deeds into ``app``, refuse all others while looking, and let the shell say so."""
    app.before_request(_refuse_deeds)
    app.extensions["tally_shell"].view_as = _previewed
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        previewing=_l("You are viewing as a partner: read only. Go back to your own view first."),
        not_a_customer=_l("Only customers have pages to view."),
    )
