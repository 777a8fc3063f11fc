"""The operator's page of a product's units: what a case, a pallet, a portion holds, and since when.

One form adds a ratio, changes one, or ends it; nothing is saved before it was looked at once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.inventory.reads import Product, find_product
from portal.inventory.units.model import (
    LABEL_LENGTH,
    ProductUnit,
    UnitDraft,
    Units,
    check_unit,
    exact_text,
    others_of,
    to_code,
    to_ratio,
)
from portal.inventory.units.reads import plain_units, product_units
from portal.inventory.units.service import save_units
from portal.kernel.disclosure import Role
from portal.kernel.errors import PortalError
from portal.kernel.units import STANDARD, Level
from portal.web import filters
from portal.web import stock_words as words
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, transaction
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.units import level_name, number, own_name, unit_name

blueprint = Blueprint("product_units", __name__)

_FIELD = {
    "unit_unknown": "unit",
    "unknown_unit": "of_unit",
    "not_a_ratio": "holds",
    "bad_ratio": "holds",
    "unit_validity_reversed": "valid_until",
}
"""The field a refusal is about; the others are about the unit."""


@dataclass(frozen=True, slots=True)
class _Books:
    product: Product
    rows: tuple[ProductUnit, ...]

    @property
    def today(self) -> Units:
        return plain_units(self.product, on=filters.today(), rows=self.rows)


@blueprint.get("/ops/stock/<path:sku>/units")
@needs(Role.OPERATOR)
def show(sku: str) -> ResponseReturnValue:
    """Show a product's units; ``?change=CODE&from=DAY`` puts one into the form."""
    books = _books(sku)
    chosen = (request.args.get("change", ""), request.args.get("from", ""))
    values = next((_values(unit, books) for unit in books.rows if _key(unit) == chosen), None)
    usual = {"valid_from": filters.today().isoformat(), "of_unit": unit_name(books.product.base_unit)}
    return _page(books, usual if values is None else values, {})


@blueprint.post("/ops/stock/<path:sku>/units")
@needs(Role.OPERATOR)
def save(sku: str) -> ResponseReturnValue:
    """Check a ratio and ask once more; save it when that was confirmed."""
    books = _books(sku)
    entries = Entries(request.form)
    step = entries.values.get("step", "")
    if step == "change":
        return _page(books, entries.values, {})
    draft = _draft(entries, books)
    if draft is None or entries.errors:
        return _page(books, entries.values, entries.errors), 422
    if step != "confirm":
        return render_template(
            "ops/check_unit.html",
            product=books.product,
            name=words.product_name(books.product),
            values=entries.values,
            draft=draft,
            unit=own_name(draft.unit),
            level=level_name(draft.level) if draft.level else "",
            holds=_holds(draft.unit, books.product),
            per_base=_backwards(draft.unit, books.product),
            replaces=any(_key(unit) == _key(draft.unit) for unit in books.rows),
        )
    with transaction() as connection:
        save_units(connection, actor=current_viewer().actor, drafts=[draft], now=as_of())
    flash(gettext("The unit is saved."))
    return redirect(f"/ops/stock/{quote(sku)}/units", code=303)


def _books(sku: str) -> _Books:
    with reading() as connection:
        org_id = current_viewer().org.id
        product = find_product(connection, org_id=org_id, sku=sku)
        rows = product_units(connection, org_id=org_id, product_ids=[product.id])
    return _Books(product, rows.get(product.id, ()))


def _key(unit: ProductUnit) -> tuple[str, str]:
    return unit.code, str(unit.valid_from)


def _values(unit: ProductUnit, books: _Books) -> dict[str, str]:
    return {
        "unit": unit.code if unit.code not in STANDARD else unit_name(unit.code),
        "holds": exact_text(unit.per_base),
        "of_unit": unit_name(books.product.base_unit),
        "level": unit.level.value if unit.level else "",
        "valid_from": str(unit.valid_from),
        "valid_until": str(unit.valid_until or ""),
        "label_zh": unit.label_zh,
        "label_en": unit.label_en,
    }


def _draft(entries: Entries, books: _Books) -> UnitDraft | None:
    valid_from, valid_until = entries.day("valid_from"), entries.day("valid_until", required=False)
    level = entries.values.get("level", "")
    labels = {name: entries.text(name, required=False) for name in ("label_zh", "label_en")}
    for name, label in labels.items():
        if len(label) > LABEL_LENGTH:
            entries.errors[name] = gettext("At most %(most)s characters.", most=LABEL_LENGTH)
    entries.text("unit")
    entries.text("holds")
    if entries.errors or valid_from is None:
        return None
    product = books.product
    try:
        code = to_code(entries.values["unit"])
        units = plain_units(product, on=valid_from, rows=[unit for unit in books.rows if unit.code != code])
        of_unit = entries.text("of_unit", required=False)
        draft = UnitDraft(
            product_id=product.id,
            code=code,
            per_base=to_ratio(entries.values["holds"]) * units.per_base(to_code(of_unit or product.base_unit)),
            valid_from=valid_from,
            valid_until=valid_until,
            level=Level(level) if level in tuple(Level) else None,
            **labels,
        )
        others = others_of(draft, standing=books.rows, drafts=[draft])
        check_unit(draft, sku=product.sku, base=product.base_unit, others=others)
    except PortalError as refusal:
        entries.errors[_FIELD.get(refusal.code, "unit")] = sentence_of(refusal)
        return None
    if code not in STANDARD and not any(labels.values()):
        entries.errors["label_zh"] = gettext("A code of your own needs a name, in Chinese or in English.")
    return draft


def _holds(unit: ProductUnit, product: Product) -> str:
    return f"{number(unit.per_base)} {unit_name(product.base_unit)}"


def _backwards(unit: ProductUnit, product: Product) -> str:
    """Write the ratio the other way round: ``1 kg = 200/7 ptn``."""
    there = number(Fraction(1) / unit.per_base)
    return f"1 {unit_name(product.base_unit)} = {there} {own_name(unit)}"


def _page(books: _Books, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    product = books.product
    base = ProductUnit(code=product.base_unit, per_base=Fraction(1), level=Level.EACH)
    implied = [unit for unit in books.today.known if unit.valid_from is None]
    listed = sorted((base, *implied, *books.rows), key=lambda unit: (unit.per_base, str(unit.valid_from)))
    return render_template(
        "ops/units.html",
        product=product,
        name=words.product_name(product),
        back=f"/inventory/{quote(product.sku)}",
        here=f"/ops/stock/{quote(product.sku)}/units",
        rows=[_row(unit, product) for unit in listed],
        values=values,
        errors=errors,
        known=sorted({unit_name(code) for code in STANDARD}),
        levels=[("", gettext("No package"))] + [(level.value, level_name(level)) for level in Level],
    )


def _row(unit: ProductUnit, product: Product) -> dict[str, Any]:
    today = filters.today()
    if unit.holds_on(today):
        tone, state = "good", gettext("in force")
    elif unit.valid_from is not None and unit.valid_from > today:
        tone, state = "info", gettext("later")
    else:
        tone, state = "off", gettext("ended")
    return {
        "unit": unit,
        "name": own_name(unit),
        "holds": _holds(unit, product),
        "level": level_name(unit.level) if unit.level and unit.code != product.base_unit else "",
        "tone": tone,
        "state": state,
        "is_base": unit.code == product.base_unit,
    }


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
