"""Entry points: ``create_app`` for a web server, ``main`` for the ``tally`` command."""

import os

from flask import Flask

from portal import wiring
from portal.platform.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the portal as a WSGI application.

    Args:
        settings: Settings to use; read from the environment when not given.
    """
    return wiring.build_web(wiring.build_services(settings or Settings.from_env(os.environ)))


def main() -> None:
    """Run the ``tally`` command line."""
    from portal.cli import main as run  # noqa: PLC0415 - the web process must not pay for the commands

    run()


if __name__ == "__main__":
    main()
