"""Nothing is committed that does not belong to the product."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """Every file under version control that is there and is text."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout here, so nobody can say what is committed")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if found.search(line)
    ]


def test_no_path_of_a_developers_machine(committed: list[Path]) -> None:
    assert lines_with(r"(?<![\w.])/(?:home/\w+/|Users/\w+/|work/|root/\.)", committed) == []


def test_no_address_of_a_package_index(committed: list[Path]) -> None:
    locks = [path for path in committed if path.name.startswith("requirements")]
    assert len(locks) == 2
    assert lines_with(r"https?://|--index-url|--extra-index", locks) == []


def test_no_key_in_the_repository(committed: list[Path]) -> None:
    sources = [path for path in committed if "vectors" not in path.parts]
    assert lines_with(r"-----BEGIN (?:\w+ )?PRIVATE KEY-----|AKIA[0-9A-Z]{16}", sources) == []


def test_no_home_folder_and_no_environment(committed: list[Path]) -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in committed}
    assert tops & {"var", ".venv", "node_modules", "dist", "build", "htmlcov"} == set()


def test_no_note_to_do_it_later(committed: list[Path]) -> None:
    word = "TO" + "DO|FIX" + "ME|XX" + "X:"
    code = [path for path in committed if path.suffix in {".py", ".html", ".mjs", ".css", ".sol"}]
    ours = [path for path in code if "vendor" not in path.parts]
    assert lines_with(rf"\b(?:{word})\b", ours) == []


def test_scripts_can_be_run() -> None:
    for name in (".ci/run", "tools/venv"):
        assert (ROOT / name).stat().st_mode & 0o111 == 0o111, name
