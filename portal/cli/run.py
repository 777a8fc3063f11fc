"""``tally run`` and ``tally demo``: a whole installation in the foreground, until Ctrl-C."""

import os
import signal
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from portal.cli import announce
from portal.cli.environment import settings_here
from portal.cli.logins import Login, demo_logins, has_logins
from portal.platform.config import Settings


@click.command()
@click.option("--empty", is_flag=True, help="Start an empty installation: no demo company, no logins.")
def run(*, empty: bool) -> None:
    """Start everything, with the demo company when the home folder is empty."""
    _serve(settings_here(), with_demo=not empty, as_json=False, browse=False)


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Home folder; default TALLY_HOME.")
@click.option("--port", type=int, help="Port; 0 takes a free one; default TALLY_PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@click.option("--browser/--no-browser", default=True, help="Open the browser when ready.")
def demo(*, home: Path | None, port: int | None, as_json: bool, browser: bool) -> None:
    """Start everything with the demo company, for people and for machines."""
    settings = settings_here()
    settings = replace(
        settings,
        home=settings.home if home is None else home.absolute(),
        port=settings.port if port is None else port,
    )
    _serve(settings, with_demo=True, as_json=as_json, browse=browser)


def _serve(settings: Settings, *, with_demo: bool, as_json: bool, browse: bool) -> None:
    from portal.cli.stack import Stack, say  # noqa: PLC0415 - the database driver, only where it is used
    from portal.platform.logging import set_up_logging  # noqa: PLC0415 - as above

    set_up_logging(settings.log_format)
    stack = Stack(settings)
    logins: list[Login] = []
    links: list[announce.PassportLink] = []

    def prepare(ready: Settings) -> None:
        if with_demo and (stack.is_new or has_logins(ready.home)):
            logins.extend(_load_demo(ready))
            links.extend(_passports(ready))

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        stack.start(prepare)
        stack.heed_signals()
        origin = stack.settings.origin
        if as_json:
            click.echo(announce.as_json(origin, logins, links))
        else:
            click.echo(announce.as_text(origin, logins, links, home=stack.settings.home))
        sys.stdout.flush()
        if browse and can_browse(os.environ, sys.platform):
            webbrowser.open(origin)
        stack.serve()
        say("\nStopping 正在停止 …")
    except KeyboardInterrupt:
        raise click.Abort from None
    finally:
        stack.stop()


def can_browse(environ: Mapping[str, str], platform: str) -> bool:
    """Tell whether there is a screen to open a browser on."""
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _load_demo(settings: Settings) -> Sequence[Login]:
    from portal import demo as company  # noqa: PLC0415 - a thousand rows' worth of imports
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    logins = demo_logins(settings.home, company.PEOPLE)
    services = build_services(settings)
    try:
        company.load(services, passwords={login.email: login.password for login in logins})
    finally:
        services.database.close()
    return logins


def _passports(settings: Settings) -> list[announce.PassportLink]:
    from portal import demo as company  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    services = build_services(settings)
    try:
        return [announce.PassportLink(*link) for link in company.passport_links(services)]
    finally:
        services.database.close()
