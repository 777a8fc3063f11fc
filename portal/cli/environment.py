"""Where a command works: settings from the environment, and the embedded parts lent for its duration."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import portal
from portal.platform.config import Settings, variable_of
from portal.platform.secrets import open_home


def settings_here() -> Settings:
    """Return the settings of the environment, with the home folder as an absolute path."""
    settings = Settings.from_env(os.environ)
    return replace(settings, home=settings.home.absolute())


@contextmanager
def installation(settings: Settings) -> Iterator[Settings]:
    """Lend ``settings`` with every address filled in; the embedded PostgreSQL runs for the duration.

    A portal that runs from the same home folder is not disturbed: its server is shared.
    """
    open_home(settings.home)
    settings = replace(settings, chain_rpc_url=settings.chain_rpc_url or embedded_chain_url(settings.home))
    if settings.database_url:
        yield settings
        return
    from portal.platform.postgres import EmbeddedPostgres  # noqa: PLC0415 - psycopg only when needed

    with EmbeddedPostgres(settings.home, settings.pg_bin) as server:
        yield replace(settings, database_url=server.url)


def embedded_chain_url(home: Path) -> str:
    """Return the address of the home's embedded chain; empty while it was never started."""
    file = home / "chain" / "port"
    return f"http://127.0.0.1:{file.read_text().strip()}" if file.exists() else ""


def child_environ(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process: ``environ`` with exactly these settings.

    Python finds the product where this process found it, whatever folder the child works in.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("TALLY_")}
    ours = {variable_of(f.name): _text(getattr(settings, f.name)) for f in fields(settings)}
    root = str(Path(portal.__file__).parents[1])
    places = [root, *(place for place in kept.get("PYTHONPATH", "").split(os.pathsep) if place)]
    return {**kept, **ours, "PYTHONPATH": os.pathsep.join(places)}


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
