"""Labels to print: an operator picks passports, a sheet as shops sell it and where to begin, and gets a PDF.

What stands beside the code is Chinese and English, whoever prints it: goods travel further than their printer.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.kernel.disclosure import Role
from portal.passports import reads
from portal.passports.label_sheet import SHEETS, Label, Line
from portal.passports.reads import Passport
from portal.web.auth import current_viewer, needs
from portal.web.context import reading
from portal.web.entries import Entries
from portal.web.pages import page_links, page_number
from portal.web.passport_face import face_of, names_of
from portal.web.public import link_of, to_digest

PER_PAGE = 50
_MOST_COPIES = 200

blueprint = Blueprint("labels", __name__, url_prefix="/passports/labels")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be printed: passports, the key of a sheet, the first free position from 1, labels of each."""

    passports: tuple[Passport, ...]
    sheet: str
    start: int
    copies: int


@blueprint.get("")
@needs(Role.OPERATOR)
def choose() -> ResponseReturnValue:
    """Show the passports that stand, to pick from."""
    return _page({}, picked=set(request.args.getlist("pick")))


@blueprint.get("/labels.pdf")
@needs(Role.OPERATOR)
def sheet() -> ResponseReturnValue:
    """Give the labels as a PDF; what cannot be printed comes back with the form."""
    entries = Entries(request.args)
    wanted = _wanted(entries)
    if wanted is None:
        return _page(entries.errors, picked=set(request.args.getlist("pick"))), 422
    from portal.passports.label_pdf import label_sheets  # noqa: PLC0415 - half a second that no other page needs

    labels = [label for shown in wanted.passports for label in [_label(shown)] * wanted.copies]
    data = label_sheets(labels, SHEETS[wanted.sheet], start=wanted.start - 1)
    answer = Response(data, content_type="application/pdf")
    answer.headers["Content-Disposition"] = 'attachment; filename="labels.pdf"'
    return answer


def _wanted(entries: Entries) -> Wanted | None:
    key = entries.values.get("sheet", "")
    if key not in SHEETS:
        entries.errors["sheet"] = _("Choose a sheet from the list.")
    most = SHEETS[key].labels if key in SHEETS else 1
    start = entries.whole("start", least=1, most=most)
    copies = entries.whole("copies", least=1, most=_MOST_COPIES)
    picked = list(dict.fromkeys(request.args.getlist("pick")))
    if not 1 <= len(picked) <= PER_PAGE:
        entries.errors["pick"] = _("Pick 1 to %(most)s passports.", most=PER_PAGE)
    if entries.errors:
        return None
    org_id = current_viewer().org.id
    with reading() as connection:
        found = [reads.passport_by_digest(connection, org_id=org_id, digest=to_digest(one)) for one in picked]
    return Wanted(tuple(found), key, start, copies)


def _page(errors: dict[str, str], *, picked: set[str]) -> str:
    page = page_number()
    with reading() as connection:
        shown, count = reads.passports(connection, org_id=current_viewer().org.id, page=page, per_page=PER_PAGE)
    rows = [(one, face_of(one.body), one.digest.hex() in picked) for one in shown if not one.replaced_by]
    return render_template(
        "passports/labels.html",
        rows=rows,
        sheets=SHEETS,
        values=request.args,
        errors=errors,
        links=page_links(page, -(-count // PER_PAGE)),
    )


def _label(shown: Passport) -> Label:
    face = face_of(shown.body)
    names = [Line(name, size, 2) for name, size in zip(names_of(shown.body), (8, 6), strict=False)]
    facts = [Line(_two("Lot"), 5), Line(shown.lot_code, 8), Line(f"GTIN {shown.gtin}", 7)]
    if shown.serial:
        facts = [
            Line(_two("Serial number"), 5),
            Line(shown.serial, 8),
            Line(f"{_two('Lot')} {shown.lot_code}", 6),
            facts[-1],
        ]
    if face.best:
        facts += [Line(_two("Best before"), 5), Line(face.best, 8)]
    return Label(link_of(shown), (*names, *facts))


def _two(msgid: str) -> str:
    """Return a word in Chinese and English."""
    with force_locale("zh"):
        return f"{_(msgid)} {msgid}"


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
