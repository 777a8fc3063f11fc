"""Planning units of products: each row's ratio in base units, compared with what stands and checked as a whole.

``1 pallet = 40 cases`` may stand before or after ``1 case = 12 kg``, in the file or in the books: what a row is
written in is looked up among all of them on the row's first day. A ratio without a first day always held.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.flows.imports import present
from portal.flows.imports.check import Findings, Record
from portal.inventory.units.model import (
    ALWAYS,
    ProductUnit,
    UnitDraft,
    UnknownUnit,
    check_unit,
    exact_text,
    others_of,
    units_on,
)
from portal.kernel.errors import PortalError
from portal.kernel.units import STANDARD, Level

_FIELD = {"bad_ratio": "holds", "unknown_unit": "of_unit", "unit_validity_reversed": "valid_until"}
"""The column a refusal is about; the others are about the unit."""

_CODES = ("unit", "other", "base")


@dataclass(frozen=True, slots=True)
class Compared:
    """One row beside what stands, as people read it."""

    row: int
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    draft: UnitDraft


@dataclass(slots=True)
class _Row:
    record: Record
    product: Mapping[str, Any]
    draft: UnitDraft


@dataclass(slots=True)
class _Books:
    products: dict[str, dict[str, Any]]
    standing: dict[UUID, tuple[ProductUnit, ...]]
    rows: list[_Row] = field(default_factory=list)


def plan_units(
    connection: Connection, *, org_id: UUID, records: Iterator[Record], findings: Findings
) -> list[Compared]:
    """Return the rows without a fault beside what stands; note a fault for each of the others.

    Args:
        connection: A transaction; reading is enough.
        org_id: The company.
        records: Rows that could be read.
        findings: Where faults go.
    """
    books = _Books(present.products(connection, org_id=org_id), present.units(connection, org_id=org_id))
    waiting: list[Record] = []
    for record in records:
        product = books.products.get(record.values["sku"])
        if product is None:
            findings.add(record.row, "sku", record.values["sku"], "unknown_product")
        elif record.values["unit"] not in STANDARD and not {"label_zh", "label_en"} & record.values.keys():
            findings.add(record.row, "unit", record.values["unit"], "unit_unnamed")
        else:
            waiting.append(record)
    # Pallets may be written in cases that only a later row tells: whoever can be read is, until nobody more can.
    while left := [record for record in waiting if not _placed(record, books)]:
        if len(left) == len(waiting):
            break
        waiting = left
    for record in left:
        _note_unreadable(record, books, findings)
    drafts = [row.draft for row in books.rows]
    return [one for row in books.rows if (one := _compared(row, books, drafts, findings)) is not None]


def _placed(record: Record, books: _Books) -> bool:
    try:
        books.rows.append(_read(record, books))
    except UnknownUnit:
        return False
    return True


def _note_unreadable(record: Record, books: _Books, findings: Findings) -> None:
    try:
        _read(record, books)
    except UnknownUnit as refusal:
        said = _word(record.values["of_unit"])
        findings.add(record.row, "of_unit", said, refusal.code, **_in_words(refusal.values))


def _read(record: Record, books: _Books) -> _Row:
    values = record.values
    product = books.products[values["sku"]]
    valid_from = values.get("valid_from", ALWAYS)
    before = _standing(books, product["id"], values["unit"], valid_from)
    level = values.get("level")
    draft = UnitDraft(
        product_id=product["id"],
        code=values["unit"],
        per_base=values["holds"] * _size(record, product, books, valid_from),
        valid_from=valid_from,
        valid_until=values.get("valid_until", before.valid_until if before else None),
        level=(before.level if before else None) if level is None else (Level(level) if level else None),
        label_zh=values.get("label_zh", before.label_zh if before else ""),
        label_en=values.get("label_en", before.label_en if before else ""),
    )
    return _Row(record, product, draft)


def _size(record: Record, product: Mapping[str, Any], books: _Books, day: date) -> Fraction:
    """Return how many base units the unit holds in which a row's ratio is written."""
    mine = [row.draft for row in books.rows if row.product is product]
    said = {(draft.code, draft.valid_from): draft.unit for draft in mine}
    known = {(unit.code, unit.valid_from): unit for unit in books.standing.get(product["id"], ())} | said
    others = [unit for unit in known.values() if unit.code != record.values["unit"] and unit.per_base > 0]
    units = units_on(
        day,
        sku=product["sku"],
        base=product["base_unit"],
        decimals=product["decimals"],
        pack_quanta=product["pack_quanta"],
        rows=others,
    )
    return units.per_base(record.values.get("of_unit", product["base_unit"]))


def _standing(books: _Books, product_id: UUID, code: str, valid_from: date) -> ProductUnit | None:
    rows: Iterable[ProductUnit] = books.standing.get(product_id, ())
    return next((unit for unit in rows if (unit.code, unit.valid_from) == (code, valid_from)), None)


def _compared(row: _Row, books: _Books, drafts: list[UnitDraft], findings: Findings) -> Compared | None:
    draft, product = row.draft, row.product
    standing = books.standing.get(draft.product_id, ())
    try:
        check_unit(
            draft,
            sku=product["sku"],
            base=product["base_unit"],
            others=others_of(draft, standing=standing, drafts=drafts),
        )
    except PortalError as refusal:
        name = _FIELD.get(refusal.code, "unit")
        said = row.record.values.get(name, "")
        told = exact_text(said) if isinstance(said, Fraction) else _word(str(said))
        findings.add(row.record.row, name, told, refusal.code, **_in_words(refusal.values))
        return None
    before = _standing(books, draft.product_id, draft.code, draft.valid_from)
    return Compared(
        row=row.record.row,
        key=f"{product['sku']} · {_word(draft.code)}",
        before=_facts(before, product["base_unit"]) if before else None,
        after=_facts(draft.unit, product["base_unit"]),
        draft=draft,
    )


def _facts(unit: ProductUnit, base: str) -> dict[str, Any]:
    return {
        "holds": f"{exact_text(unit.per_base)} {_word(base)}",
        "level": unit.level.value if unit.level else "",
        "valid_until": unit.valid_until,
        "label_zh": unit.label_zh,
        "label_en": unit.label_en,
    }


def _in_words(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refusal's values with codes in words, since a fault is kept and read in either language."""
    words = {name: _word(values[name]) for name in _CODES if name in values}
    if "known" in values:
        words["known"] = ", ".join(_word(code) for code in values["known"].split(", "))
    return {**values, **words}


def _word(code: str) -> str:
    standard = STANDARD.get(code)
    return f"{standard.zh} {standard.en}" if standard else code
