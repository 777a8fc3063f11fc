"""Docs are part of the product: what is not in them does not exist, and what is in them does."""

import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from portal import cli
from portal.platform.config import Settings, variable_of

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_every_setting_is_on_the_operations_page_and_nothing_else() -> None:
    documented = re.findall(r"^\| `(TALLY_[A-Z_]+)` \|", OPERATIONS, re.MULTILINE)
    assert documented == [variable_of(field.name) for field in fields(Settings)]


def test_every_settings_default_is_the_documented_one() -> None:
    rows = dict(re.findall(r"^\| `TALLY_([A-Z_]+)` \| `([^`]+)` \|", OPERATIONS, re.MULTILINE))
    rows.pop("BASE_URL")
    for name, default in rows.items():
        value = getattr(Settings(), name.lower())
        assert default == (str(int(value)) if isinstance(value, bool) else str(value)), name


def test_every_command_and_option_is_on_the_operations_page() -> None:
    for name, command in cli.commands.commands.items():
        names = [f"{name} {sub}" for sub in command.commands] if isinstance(command, click.Group) else [name]
        for full in names:
            assert f"| `tally {full}" in OPERATIONS, full
        row = next(line for line in OPERATIONS.splitlines() if line.startswith(f"| `tally {names[0]}"))
        if len(names) == 1 and not isinstance(command, click.Group):
            options = {option.opts[0] for option in command.params if isinstance(option, click.Option)}
            assert {option for option in options - {"--browser"} if option not in row} == set()


def test_every_documented_command_exists() -> None:
    known = set(cli.commands.commands)
    for page in PAGES:
        for word in re.findall(r"`(?:\.venv/bin/)?tally (\w+)", page.read_text()):
            assert word in known, f"{page.name}: tally {word}"


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for word in re.findall(r"`make ([a-z0-9-]+)`|^make ([a-z0-9-]+)", page.read_text(), re.MULTILINE):
            assert (word[0] or word[1]) in targets, f"{page.name}: make {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    inner = [unquote(link) for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inner if not (page.parent / link).exists()] == []


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        lines = "".join(blocks).splitlines()
        return [re.sub(r"[^\s]+\.(xlsx|csv)\b", r"F.\1", line.partition("#")[0].strip()) for line in lines]

    assert commands("README.md") == commands("README.zh.md")


def test_every_dependency_has_its_line() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    section = project.partition("\ndependencies = [")[2].partition("\n]")[0]
    named = re.findall(r'"([a-z0-9-]+)', section)
    table = (ROOT / "docs" / "adr" / "0004-dependencies.md").read_text()
    words = set(re.findall(r"[a-z0-9-]+", table))
    assert [name for name in named if name not in words] == []


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()
