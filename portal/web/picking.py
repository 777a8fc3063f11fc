"""Picking with a scanner: what to take from where, one scan at a time; what does not fit is refused and says why.

Works with anything that types, and without JavaScript. First the place is scanned, then the goods.
"""

from collections.abc import Iterable
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from portal.inventory import reads, service
from portal.inventory.picking import PickTask, check_place
from portal.inventory.reads import PickLine
from portal.inventory.units.reads import units_of
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.gs1 import read_scan
from portal.kernel.ids import new_id
from portal.kernel.quantity import to_text
from portal.web import filters
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.stock_words import Measure, measure, product_name
from portal.web.units import reading_level, unit_name

blueprint = Blueprint("picking", __name__, url_prefix="/ops/pick")


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List what is to be picked; a number that was scanned or typed leads to its page."""
    asked = request.args.get("document", "").strip()
    if asked:
        return redirect(url_for("picking.document", number=asked), 303)
    with reading() as connection:
        documents = reads.pick_documents(connection, org_id=current_viewer().org.id)
    return render_template("ops/picks.html", documents=documents)


@blueprint.get("/<path:number>")
@needs(Role.OPERATOR)
def document(number: str) -> ResponseReturnValue:
    """Show the next thing to take for a document, and the rest."""
    return _page(number, at=request.args.get("at", ""))


@blueprint.post("/<path:number>")
@needs(Role.OPERATOR)
def scan(number: str) -> ResponseReturnValue:
    """Take one scan: of the place, or of the goods at the place that was scanned before."""
    entries = Entries(request.form)
    at = entries.values.get("at", "")
    with reading() as connection:
        lines = _lines(connection, number)
    line = _next(lines)
    if line is None:
        return redirect(url_for("picking.document", number=number), 303)
    task = line.tasks[0]
    try:
        said = read_scan(entries.values.get("scan", ""))
        if not at:
            check_place(task, said)
            return redirect(url_for("picking.document", number=number, at=task.spot.place), 303)
        quantity = _quantity(entries, line)
        if entries.errors:
            return _page(number, at=at, errors=entries.errors, values=entries.values), 422
        with transaction() as connection:
            service.pick(
                connection,
                actor=current_viewer().actor,
                document=number,
                allocation_id=line.allocation_id,
                place=read_scan(at),
                goods=said,
                quantity=quantity,
                key=entries.values.get("key", ""),
                now=as_of(),
            )
            how = _measures(connection, [line])[line.product.id]
    except PortalError as refusal:
        return _page(number, at=at, refused=sentence_of(refusal), values=entries.values), 422
    flash(
        gettext(
            "Taken: %(amount)s of %(product)s.",
            amount=how.with_base(quantity),
            product=product_name(line.product),
        )
    )
    return redirect(url_for("picking.document", number=number, at=_still(number, task)), 303)


def _lines(connection: Connection, number: str) -> tuple[PickLine, ...]:
    return reads.pick_lines(connection, org_id=current_viewer().org.id, document=number, as_of=as_of())


def _measures(connection: Connection, lines: Iterable[PickLine]) -> dict[UUID, Measure]:
    viewer, products = current_viewer(), {line.product.id: line.product for line in lines}
    units = units_of(connection, org_id=viewer.org.id, products=products.values(), on=filters.today())
    level = reading_level(viewer.read_in)
    return {key: measure(product, level, units[key]) for key, product in products.items()}


def _next(lines: tuple[PickLine, ...]) -> PickLine | None:
    return next((line for line in lines if line.tasks), None)


def _still(number: str, task: PickTask) -> str | None:
    """Return the place just taken from, when the next thing lies there too: it need not be scanned again."""
    with reading() as connection:
        line = _next(_lines(connection, number))
    return task.spot.place if line and line.tasks[0].spot.place == task.spot.place else None


def _quantity(entries: Entries, line: PickLine) -> int:
    if line.product.tracking == "serial":
        return 1
    return entries.quanta("quantity", decimals=line.product.decimals)


def _page(
    number: str,
    *,
    at: str,
    refused: str = "",
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
) -> str:
    with reading() as connection:
        lines = _lines(connection, number)
        measures = _measures(connection, lines)
    line = _next(lines)
    task = line.tasks[0] if line else None
    return render_template(
        "ops/pick.html",
        number=number,
        lines=lines,
        line=line,
        task=task,
        at=at if task and at == task.spot.place else "",
        refused=refused,
        errors=errors or {},
        values=values or {},
        key=str(new_id(as_of())),
        measures=measures,
        product_name=product_name,
        unit_name=unit_name,
        text=to_text,
    )


def register(app: Flask) -> None:
    """Hang the pages into the application."""
    app.register_blueprint(blueprint)
