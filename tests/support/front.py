"""A small application that has the front end's foundation and nothing behind it; time is moved by hand."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from flask import Flask

from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.web import shell, styleguide

NOON = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
"""Monday 23 November 2026, 10:24 in Shanghai."""


def front_app(*, testing: bool = True, **settings: Any) -> Flask:
    """Return an application with the foundation registered, at ``NOON``."""
    app = Flask(
        "portal.front",
        root_path=str(shell.assets.STATIC.parent),
        template_folder="web/templates",
        static_folder=None,
    )
    app.config["SECRET_KEY"] = "front"
    app.testing = testing
    services = SimpleNamespace(settings=Settings(**settings), clock=HandClock(NOON))
    app.extensions["tally"] = services
    shell.register(app)
    styleguide.register(app)
    return app
