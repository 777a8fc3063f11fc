"""A buyer's threshold question: "at least so much by that day?", answered on the product's page."""

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.flows.allowance import allowance_of
from portal.inventory import questions
from portal.inventory.reads import Product, product_detail
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.statuses import status_of
from portal.partners.viewer import Viewer
from portal.web import errors, filters
from portal.web.asking_form import Question
from portal.web.audited import told
from portal.web.auth import needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.inventory import entitled, product_page
from portal.web.stock_words import measure
from portal.web.units import reading_level

blueprint = Blueprint("questions", __name__)


@blueprint.post("/inventory/<path:sku>/question")
@needs(Role.CUSTOMER)
def ask(sku: str) -> ResponseReturnValue:
    """Answer one question and show the product again with the answer."""
    viewer = entitled()
    with reading() as connection:
        product = product_detail(
            connection, org_id=viewer.org.id, disclosure=viewer.disclosure, sku=sku, as_of=as_of()
        ).row.product
    entries = Entries(request.form)
    answer, status = _answer(viewer, product, entries)
    told(products=(sku,))
    sentence = _sentence(viewer, product, answer) if answer else ""
    question = Question(values=entries.values, errors=entries.errors, answer=answer, sentence=sentence)
    return product_page(sku, question), status


def _answer(viewer: Viewer, product: Product, entries: Entries) -> tuple[questions.Answer | None, int]:
    quantity = entries.quanta("quantity", decimals=product.decimals)
    by = entries.day("by")
    allowance = allowance_of(viewer)
    if by is None or allowance is None or entries.errors:
        return None, 422
    try:
        with transaction() as connection:
            answer = questions.ask(
                connection,
                org_id=viewer.org.id,
                disclosure=viewer.disclosure,
                allowance=allowance,
                sku=product.sku,
                quantity=quantity,
                by=by,
                as_of=as_of(),
            )
    except PortalError as refusal:
        field = "by" if isinstance(refusal, questions.BadDay) else "quantity"
        entries.errors[field] = errors.sentence_of(refusal)
        return None, status_of(refusal)
    return answer, 200


def _sentence(viewer: Viewer, product: Product, answer: questions.Answer) -> str:
    with reading() as connection:
        units = units_of(connection, org_id=viewer.org.id, products=[product], on=filters.today())[product.id]
    how = measure(product, reading_level(viewer.read_in), units)
    values = {"amount": how.with_base(answer.quantity), "day": filters.day(answer.by)}
    if answer.yes:
        return str(gettext("At least %(amount)s can be promised by %(day)s.", **values))
    return str(gettext("%(amount)s cannot be promised by %(day)s.", **values))


def register(app: Flask) -> None:
    """Hang the deed into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        questions_used_up=_l("The %(daily)s questions of today are used up. New ones from %(renews_at)s."),
        bad_day=_l("Ask about a day from today to a year ahead."),
    )
