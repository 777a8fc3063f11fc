"""The house keeps its shape."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for name in ("portal", "ledger")
    for path in (ROOT / name).rglob("*.py")
    if "migrations" not in path.parts  # history, written once and never edited
)
ROOMS = ("inventory", "orders", "replenishment", "forecasting", "passports", "partners")


def test_a_source_file_stays_within_500_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_tables_in_its_store(room: str) -> None:
    folder = ROOT / "portal" / room
    assert (folder / "store.py").exists() or (folder / "store" / "__init__.py").exists()
    for path in folder.rglob("*.py"):
        if path.name != "store.py" and path.parent.name != "store":
            assert "org_table(" not in path.read_text(), path.name


def test_no_test_sleeps() -> None:
    word = "time" + ".sleep("
    assert [str(path) for path in (ROOT / "tests").rglob("*.py") if word in path.read_text()] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_every_command_file_is_small() -> None:
    long = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "portal" / "cli").glob("*.py")}
    assert {name: lines for name, lines in long.items() if lines > 250} == {}
