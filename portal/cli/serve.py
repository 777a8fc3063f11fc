"""The parts ``tally run`` starts, each by itself: portal, worker, schema."""

import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

from portal.cli.environment import installation, settings_here
from portal.platform.config import Settings
from portal.platform.processes import die_with_parent

_KILL_TIMEOUT_S = 30
"""How long a request in hand may take when the server is told to stop or to reload."""


@click.command()
def web() -> None:
    """Serve the portal on TALLY_HOST and TALLY_PORT."""
    from granian.constants import Interfaces  # noqa: PLC0415 - only the portal needs the server
    from granian.server import Server  # noqa: PLC0415 - as above

    settings = settings_here()
    Server(
        "portal.cli.serve:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=1,
        blocking_threads=settings.web_threads,
        workers_kill_timeout=_KILL_TIMEOUT_S,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()


def application() -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Build the portal inside a worker process of the web server, which must not outlive its master."""
    from portal import wiring  # noqa: PLC0415 - commands must not pay for the portal
    from portal.platform.logging import set_up_logging  # noqa: PLC0415 - as above

    if sys.platform == "linux":
        die_with_parent(signal.SIGKILL)
    settings = Settings.from_env(os.environ)
    set_up_logging(settings.log_format)
    return wiring.build_web(wiring.build_services(settings))


@click.command()
def worker() -> None:
    """Deliver news, run timers, seal batches and anchor them, until told to stop."""
    from portal import wiring  # noqa: PLC0415 - web3 is the worker's and nobody else's
    from portal import worker as parts  # noqa: PLC0415 - as above
    from portal.platform.logging import set_up_logging  # noqa: PLC0415 - as above

    settings = settings_here()
    set_up_logging(settings.log_format)
    with installation(settings) as ready:
        services = wiring.build_services(ready)
        try:
            parts.run(services)
        finally:
            services.database.close()


@click.command()
def migrate() -> None:
    """Bring the database to this release's schema and logins."""
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - alembic only here

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
