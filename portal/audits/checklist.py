"""Checklists: plain files, one a version, in both languages; what was used is never changed, only followed by."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from portal.audits.model import RULES, Checklist, Item, UnknownChecklist

FOLDER = Path(__file__).parent / "checklists"


@cache
def checklists() -> tuple[Checklist, ...]:
    """Return every checklist, of each name the newest version first."""
    found = [read(json.loads(path.read_text("utf-8"))) for path in FOLDER.glob("*.json")]
    return tuple(sorted(found, key=lambda one: (one.name, -one.version)))


def offered() -> tuple[Checklist, ...]:
    """Return the checklists a new audit can ask for: of each name the newest version."""
    newest: dict[str, Checklist] = {}
    for one in checklists():
        newest.setdefault(one.name, one)
    return tuple(newest.values())


def checklist(name: str, version: int) -> Checklist:
    """Return a checklist in one version.

    Raises:
        UnknownChecklist: There is none.
    """
    for one in checklists():
        if (one.name, one.version) == (name, version):
            return one
    raise UnknownChecklist(f"There is no checklist {name} {version}.", name=name, version=version)


def read(value: dict[str, Any]) -> Checklist:
    """Return the checklist a file holds.

    Raises:
        UnknownChecklist: An item has a rule there is not, or its id twice.
    """
    items = tuple(
        Item(
            id=one["id"], cites=one["cites"], stage=_both(one["stage"]), text=_both(one["text"]), rule=one["rule"]
        )
        for one in value["items"]
    )
    if {one.rule for one in items} - RULES.keys() or len({one.id for one in items}) != len(items):
        raise UnknownChecklist(
            "A checklist must name each item once and only rules there are.", name=value["name"]
        )
    return Checklist(
        name=value["name"],
        version=value["version"],
        title=_both(value["title"]),
        source=_both(value["source"]),
        items=items,
    )


def _both(value: dict[str, str]) -> tuple[str, str]:
    return value["zh"], value["en"]
