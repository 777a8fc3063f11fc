"""The dry run: what a file would change, without changing it.

A plan holds what will be written, so applying it needs no second reading, and the figures people confirm: new,
changed (with the values before and after), unchanged, faults. An empty or unmapped cell says nothing: it leaves a
known value as it is. A plan with faults cannot be applied.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.flows.imports import present
from portal.flows.imports.cells import quanta
from portal.flows.imports.check import Findings, Progress, Record, read_records, silent
from portal.flows.imports.faults import BadCell, Fault
from portal.flows.imports.kinds import Kind
from portal.flows.imports.locations import plan_locations
from portal.flows.imports.orders import OrderPlan, plan_orders
from portal.flows.imports.tables import Sheet
from portal.flows.imports.units import plan_units
from portal.inventory.model import LocationDraft, ProductDraft, StockLine
from portal.inventory.units.model import UnitDraft
from portal.kernel.quantity import to_text
from portal.partners.model import PartnerDraft

CHANGES_KEPT = 200
"""Changed rows that are kept in full for showing; the rest is counted."""

Drafts = (
    list[ProductDraft] | list[UnitDraft] | list[PartnerDraft] | list[LocationDraft] | list[StockLine] | OrderPlan
)


@dataclass(frozen=True, slots=True)
class Change:
    """A row that would change something that stands.

    Attributes:
        row: Row in the file.
        key: What the row is about, as people know it.
        values: Field name, text before, text after.
    """

    row: int
    key: str
    values: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON types."""
        return {"row": self.row, "key": self.key, "values": [list(value) for value in self.values]}


@dataclass(slots=True, kw_only=True)
class Plan:
    """What applying a file would do.

    Attributes:
        kind: Name of the kind.
        sheet: The file.
        zone: IANA zone of its times.
        rows: Rows read.
        new: Things that do not exist yet; orders are counted, not their lines.
        changed: Things that would change.
        unchanged: Things that are already as the file says.
        changes: The first changed ones.
        faults: The first faults; with any, nothing can be applied.
        fault_count: All of them.
        refused: Lines left out as no sale, by reason.
        drafts: What will be written.
    """

    kind: str
    sheet: Sheet
    zone: str = "UTC"
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    drafts: Drafts = field(default_factory=list)

    def count(self, *, row: int, key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
        """Count one thing as new, changed or unchanged; returns whether it must be written."""
        if before is None:
            self.new += 1
            return True
        values = tuple(
            (name, "", "") if name == "content" else (name, _shown(before.get(name)), _shown(value))
            for name, value in after.items()
            if before.get(name) != value
        )
        if not values:
            self.unchanged += 1
            return False
        self.changed += 1
        if len(self.changes) < CHANGES_KEPT:
            self.changes.append(Change(row, key, values))
        return True

    def to_json(self) -> dict[str, Any]:
        """Return the figures, faults and changes as JSON types."""
        return {
            "rows": self.rows,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "changes": [change.to_json() for change in self.changes],
            "faults": [fault.to_json() for fault in self.faults],
            "fault_count": self.fault_count,
            "refused": self.refused,
            "created": {
                "products": len(self.drafts.products),
                "partners": len(self.drafts.partners),
            }
            if isinstance(self.drafts, OrderPlan)
            else {},
        }


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def dry_run(  # noqa: PLR0913 - the whole question
    connection: Connection,
    *,
    org_id: UUID,
    kind: Kind,
    sheet: Sheet,
    mapping: Mapping[str, int],
    profile: str = "",
    findings: Findings | None = None,
    progress: Progress = silent,
) -> Plan:
    """Read a file and say what it would change; nothing is written.

    Args:
        connection: A transaction; reading is enough.
        org_id: The company.
        kind: What the table is.
        sheet: The table.
        mapping: Field name to column index.
        profile: ``retail`` for a wholesaler's raw order lines; empty for everything else.
        findings: Collector of faults, when the caller wants them all.
        progress: Told how far the reading is.

    Raises:
        UnknownColumn: The mapping does not fit the file.
        ColumnsMissing: A required field has no column.
        TableTooLarge: Too many rows.
    """
    findings = findings or Findings(sheet, mapping)
    plan = Plan(kind=kind.name, sheet=sheet, zone=kind.zone)
    records = read_records(kind, sheet, mapping, findings=findings, progress=progress)
    if kind.name == "orders":
        orders = plan_orders(connection, org_id=org_id, records=records, findings=findings, profile=profile)
        plan.drafts = orders
        plan.refused = orders.refused
        for order in orders.compared:
            plan.count(row=order.row, key=order.number, before=order.before, after=order.after)
    else:
        _PLANNERS[kind.name](connection, org_id, _unique(kind, records, findings), plan, findings)
    plan.rows = findings.rows
    plan.faults = findings.kept
    plan.fault_count = findings.count
    return plan


def _unique(kind: Kind, records: Iterator[Record], findings: Findings) -> Iterator[Record]:
    """Pass on the first record of each key; the others are faults."""
    seen: dict[tuple[Any, ...], int] = {}
    for record in records:
        key = tuple(record.values.get(name, "") for name in kind.key)
        first = seen.setdefault(key, record.row)
        if first == record.row:
            yield record
        else:
            findings.add(record.row, kind.key[0], str(key[0]), "duplicate", other=first)


def _names(record: Record, before: Mapping[str, Any] | None, findings: Findings) -> dict[str, str] | None:
    """Return both names; a missing one is taken from what stands, or from the other language."""
    zh = record.values.get("name_zh") or (before or {}).get("name_zh") or record.values.get("name_en")
    en = record.values.get("name_en") or (before or {}).get("name_en") or zh
    if not zh:
        findings.add(record.row, "name_zh", "", "name_missing")
        return None
    return {"name_zh": zh, "name_en": str(en)}


def _merged(record: Record, before: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> dict[str, Any]:
    known = before or defaults
    return {name: record.values.get(name, known[name]) for name in defaults}


def _plan_products(
    connection: Connection, org_id: UUID, records: Iterator[Record], plan: Plan, findings: Findings
) -> None:
    standing = present.products(connection, org_id=org_id)
    taken = {row["gtin"]: sku for sku, row in standing.items() if row["gtin"]}
    defaults = {
        "gtin": None,
        "category": None,
        "base_unit": "C62",
        "decimals": 0,
        "tracking": "none",
        "shelf_life_days": None,
    }
    drafts: list[ProductDraft] = []
    for record in records:
        sku = record.values["sku"]
        before = standing.get(sku)
        names = _names(record, before, findings)
        values = _merged(record, before, defaults)
        pack = _pack(record, before, values["decimals"], findings)
        owner = taken.setdefault(values["gtin"], sku) if values["gtin"] else sku
        if owner != sku:
            findings.add(record.row, "gtin", values["gtin"], "gtin_taken", sku=owner)
        if names is None or pack is None or owner != sku:
            continue
        after = {**names, **values, "pack_quanta": pack}
        if plan.count(row=record.row, key=sku, before=before, after=after):
            drafts.append(ProductDraft(sku=sku, **after))
    plan.drafts = drafts


def _pack(record: Record, before: Mapping[str, Any] | None, decimals: int, findings: Findings) -> int | None:
    said = record.values.get("pack")
    if said is None:
        return int(before["pack_quanta"]) if before else 10**decimals
    pack = _in_quanta(record, "pack", said, decimals, findings)
    if pack is not None and pack <= 0:
        findings.add(record.row, "pack", said, "not_positive")
        return None
    return pack


def _in_quanta(record: Record, name: str, said: str, decimals: int, findings: Findings) -> int | None:
    try:
        return quanta(said, decimals)
    except BadCell as bad:
        findings.add(record.row, name, said, bad.code, **bad.values)
        return None


def _plan_partners(
    connection: Connection, org_id: UUID, records: Iterator[Record], plan: Plan, findings: Findings
) -> None:
    standing = present.partners(connection, org_id=org_id)
    drafts: list[PartnerDraft] = []
    for record in records:
        code = record.values["code"]
        before = standing.get(code)
        names = _names(record, before, findings)
        if names is None:
            continue
        values = _merged(record, before, {"uscc": None, "gln": None, "country": None})
        after = {**names, **values, "roles": record.values["roles"]}
        known = {**before, "roles": tuple(sorted(before["roles"]))} if before else None
        if plan.count(row=record.row, key=code, before=known, after=after):
            drafts.append(PartnerDraft(code=code, **after))
    plan.drafts = drafts


def _plan_locations(
    connection: Connection, org_id: UUID, records: Iterator[Record], plan: Plan, findings: Findings
) -> None:
    compared = plan_locations(connection, org_id=org_id, records=records, findings=findings)
    plan.drafts = [
        one.draft
        for one in compared
        if plan.count(row=one.row, key=one.draft.code, before=one.before, after=one.after)
    ]


def _plan_stock(
    connection: Connection, org_id: UUID, records: Iterator[Record], plan: Plan, findings: Findings
) -> None:
    products = present.products(connection, org_id=org_id)
    nodes = present.places(connection, org_id=org_id)
    standing = present.stock(connection, org_id=org_id)
    drafts: list[StockLine] = []
    for record in records:
        product = products.get(record.values["sku"])
        node = nodes.get(record.values["location"])
        if product is None:
            findings.add(record.row, "sku", record.values["sku"], "unknown_product")
        if node is None:
            findings.add(record.row, "location", record.values["location"], "unknown_location")
        if product is None or node is None:
            continue
        line = _stock_line(record, product, node["id"], findings)
        if line is None:
            continue
        key = (record.values["sku"], record.values["location"], line.lot_code)
        lot = standing.get(key)
        decimals = product["decimals"]
        before = lot.facts(decimals=decimals) if lot else None
        after: dict[str, Any] = {"quantity": to_text(line.quantity, decimals=decimals)}
        after |= {name: record.values[name] for name in ("made_on", "expires_on") if name in record.values}
        if plan.count(row=record.row, key=" · ".join(part for part in key if part), before=before, after=after):
            drafts.append(line)
    plan.drafts = drafts


def _stock_line(
    record: Record, product: Mapping[str, Any], location_id: UUID, findings: Findings
) -> StockLine | None:
    said = record.values["quantity"]
    lot = record.values.get("lot", "")
    made_on, expires_on = record.values.get("made_on"), record.values.get("expires_on")
    count = findings.count
    quantity = _in_quanta(record, "quantity", said, product["decimals"], findings)
    if quantity is not None and quantity < 0:
        findings.add(record.row, "quantity", said, "negative")
    if product["tracking"] == "lot" and not lot:
        findings.add(record.row, "lot", "", "lot_missing")
    if made_on and expires_on and expires_on < made_on:
        findings.add(record.row, "expires_on", expires_on.isoformat(), "dates_reversed")
    if quantity is None or findings.count > count:
        return None
    return StockLine(
        product_id=product["id"],
        location_id=location_id,
        quantity=quantity,
        lot_code=lot,
        made_on=made_on,
        expires_on=expires_on,
    )


def _plan_units(
    connection: Connection, org_id: UUID, records: Iterator[Record], plan: Plan, findings: Findings
) -> None:
    compared = plan_units(connection, org_id=org_id, records=records, findings=findings)
    plan.drafts = [
        one.draft for one in compared if plan.count(row=one.row, key=one.key, before=one.before, after=one.after)
    ]


_PLANNERS: dict[str, Callable[[Connection, UUID, Iterator[Record], Plan, Findings], None]] = {
    "products": _plan_products,
    "units": _plan_units,
    "partners": _plan_partners,
    "locations": _plan_locations,
    "stock": _plan_stock,
}
