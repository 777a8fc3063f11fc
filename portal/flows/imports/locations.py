"""Planning places: nodes, their zones and bins, each under what it belongs to, wherever in the file that stands.

A row without a level is a node when it names no parent, and a bin when it does; what stands keeps its level and
node. A zone or bin without a name is called by its code, and is of its node's kind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.flows.imports import present
from portal.flows.imports.check import Findings, Record
from portal.inventory.model import LocationDraft
from portal.inventory.places import ABOVE

_WORDS = {"node": "仓 warehouse", "zone": "库区 zone", "bin": "货位 bin"}
"""Levels in the words of both languages, since a fault is kept and read in either."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One row beside what stands."""

    row: int
    before: Mapping[str, Any] | None
    draft: LocationDraft

    @property
    def after(self) -> dict[str, Any]:
        """What the row says, as it is compared and shown."""
        draft = self.draft
        facts = {"name_zh": draft.name_zh, "name_en": draft.name_en, "level": draft.level, "parent": draft.parent}
        return facts | ({"kind": draft.kind} if draft.level == "node" else {})


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says of a place once what stands has filled its gaps."""

    record: Record
    level: str
    parent: str
    kind: str


def plan_locations(
    connection: Connection, *, org_id: UUID, records: Iterator[Record], findings: Findings
) -> list[Compared]:
    """Return the rows without a fault beside what stands; note a fault for each of the others.

    Args:
        connection: A transaction; reading is enough.
        org_id: The company.
        records: Rows that could be read.
        findings: Where faults go.
    """
    standing = present.places(connection, org_id=org_id)
    said = {record.values["code"]: _said(record, standing.get(record.values["code"])) for record in records}
    compared = []
    for code, one in said.items():
        before = standing.get(code)
        fault = _fault(code, said, standing)
        if fault is not None:
            field, name, values = fault
            findings.add(one.record.row, field, str(one.record.values.get(field, "")), name, **values)
            continue
        names = _names(one, before)
        if names is None:
            findings.add(one.record.row, "name_zh", "", "name_missing")
            continue
        kind = one.kind if one.level == "node" else "own"
        draft = LocationDraft(code=code, kind=kind, level=one.level, parent=one.parent, **names)
        compared.append(Compared(one.record.row, before, draft))
    return compared


def _said(record: Record, before: Mapping[str, Any] | None) -> _Said:
    values, known = record.values, before or {}
    parent = values.get("parent", known.get("parent", ""))
    level = values.get("level") or known.get("level") or ("bin" if parent else "node")
    return _Said(record, level, parent, values.get("kind") or known.get("kind") or "own")


def _names(one: _Said, before: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Return both names; a missing one is what stands, the other language's or, below a node, the code."""
    known, values = before or {}, one.record.values
    code = "" if one.level == "node" else values["code"]
    zh = values.get("name_zh") or known.get("name_zh") or values.get("name_en") or code
    return {"name_zh": zh, "name_en": values.get("name_en") or known.get("name_en") or zh} if zh else None


_Fault = tuple[str, str, dict[str, Any]]


def _fault(code: str, said: Mapping[str, _Said], standing: Mapping[str, Mapping[str, Any]]) -> _Fault | None:
    """Return the column, the code and the values of what is wrong with where a place belongs."""
    one, before = said[code], standing.get(code)
    if before is not None and before["level"] != one.level:
        return "level", "level_fixed", {"level": _WORDS[before["level"]]}
    if one.level == "node":
        return ("parent", "node_has_parent", {}) if one.parent else None
    if not one.parent:
        return "parent", "parent_missing", {"level": _WORDS[one.level]}
    if one.parent not in said and one.parent not in standing:
        return "parent", "unknown_parent", {}
    way = _way_up(code, said, standing)
    if way is None:
        return "parent", "place_circle", {}
    return _misplaced(one, way, before, said, standing)


def _misplaced(
    one: _Said,
    way: list[str],
    before: Mapping[str, Any] | None,
    said: Mapping[str, _Said],
    standing: Mapping[str, Mapping[str, Any]],
) -> _Fault | None:
    above = _level(one.parent, said, standing)
    if above not in ABOVE[one.level]:
        return "parent", "wrong_level", {"level": _WORDS[one.level], "above": _WORDS[above]}
    node = way[-1]
    if before is not None and before["node"] != node:
        return "parent", "node_fixed", {"node": before["node"]}
    kind = said[node].kind if node in said else standing.get(node, {}).get("kind")
    if one.record.values.get("kind", kind) != kind:
        return "kind", "kind_of_node", {"node": node}
    return None


def _level(code: str, said: Mapping[str, _Said], standing: Mapping[str, Mapping[str, Any]]) -> str:
    return said[code].level if code in said else str(standing[code]["level"])


def _way_up(code: str, said: Mapping[str, _Said], standing: Mapping[str, Mapping[str, Any]]) -> list[str] | None:
    """Return the places above one, the nearest first; ``None`` when they lead back to where they began."""
    way: list[str] = []
    at = code
    while True:
        parent = said[at].parent if at in said else str(standing.get(at, {}).get("parent", ""))
        if not parent:
            return way
        if parent == code or parent in way:
            return None
        way.append(parent)
        at = parent
