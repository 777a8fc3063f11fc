"""Folders of vectors and the generators that write them."""

import importlib.util
import json
from pathlib import Path
from typing import Any


def made_by(generator: Path) -> dict[str, Any]:
    """Return what a generator would write, by file name."""
    spec = importlib.util.spec_from_file_location(generator.stem, generator)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {f"{one['name']}.json": one for one in module.cases()}


def written_in(folder: Path) -> dict[str, Any]:
    """Return what lies in a folder, by file name."""
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")}
