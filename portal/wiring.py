"""Builds everything once: settings in, a web application, a worker's parts or a bare set of services out.

Nothing here has rules of its own. The web process never imports web3: the chain is the worker's business.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import Flask

from portal import api, web
from portal.flows import passporting, reactions, withholding
from portal.partners.tokens import KEY_NAME, Tokens
from portal.platform.bus import Bus
from portal.platform.clock import Clock, SystemClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.roles import PORTAL, url_of, urls_of_readers
from portal.platform.secrets import home_secret
from portal.platform.services import Services
from portal.web import auth, dressing, errors

__all__ = ["Services", "build_services", "build_web"]


def build_services(settings: Settings, *, clock: Clock | None = None) -> Services:
    """Return the services for ``settings``; opens no connection yet.

    Args:
        settings: ``database_url`` must be filled in (the command line does it for the embedded server). It is the
            address of the tables' owner; requests are served over the logins made from it.
        clock: Another clock for tests.
    """
    bus = Bus()
    reactions.subscribe(bus, time_zone=settings.time_zone)
    passporting.subscribe(bus)
    withholding.subscribe(bus, time_zone=settings.time_zone)
    return Services(
        settings=settings,
        database=Database(
            url_of(settings.database_url, PORTAL, home=settings.home),
            pool_size=settings.web_threads,
            readers=urls_of_readers(settings.database_url, home=settings.home),
        ),
        clock=clock or SystemClock(),
        bus=bus,
    )


def build_web(services: Services) -> Flask:
    """Return the Flask application of the portal."""
    settings = services.settings
    application = Flask(
        "portal",
        root_path=str(Path(__file__).parent),
        template_folder="web/templates",
        static_folder=None,
    )
    application.config.update(
        SECRET_KEY=home_secret(settings.home, "session.key"),
        SESSION_COOKIE_NAME="tally",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.origin.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    application.extensions["tally"] = services
    tokens = Tokens(home_secret(settings.home, KEY_NAME), issuer=settings.origin)
    application.extensions["tally_tokens"] = tokens
    web.register(application)
    api.register(
        application,
        tokens=tokens,
        session=auth.session_viewer,
        sentence=errors.sentence_of,
        dress=dressing.dress,
        note=partial(dressing.note, services.clock),
    )
    return application
