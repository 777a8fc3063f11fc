"""What is audited: the portal as it is served, over a small company with one person of every audience.

The company is that of the tests (``tests/support/people.py``), whose agreements are in force in November 2026; so
the portal's clock starts there, and then goes as fast as any. Every audience may send documents of its own: those
that are refused cannot be audited.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from portal import wiring
from portal.api.throttling import BUCKETS
from portal.partners.audience import Audience
from portal.partners.viewer import viewer_of_person
from portal.platform.config import Settings
from portal.platform.services import Services
from support.goods import stock_up
from support.people import Company, found_company

START = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
DEEP = " ".join(f"{one}=999999999/999999999" for one in BUCKETS)
"""Buckets that are drawn on as any and never full."""


class Going:
    """A clock that goes from ``START`` on."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the present instant."""
        return START + timedelta(seconds=time.monotonic() - self._began)


def _services(url: str, home: str) -> Services:
    settings = Settings(
        home=Path(home), database_url=url, default_language="en", api_buckets=DEEP, trusted_only=""
    )
    return wiring.build_services(settings, clock=Going())


def stocked(url: str, home: str) -> Company:
    """Make the company."""
    services = _services(url, home)
    with services.database.transaction() as connection:
        company = found_company(connection, now=START)
        stock_up(connection, company, now=START)
    services.database.close()
    return company


def tokens(company: Company, *, url: str, home: str) -> dict[str, str]:
    """Return an access token of somebody of each audience."""
    services = _services(url, home)
    issuing = wiring.build_web(services).extensions["tally_tokens"]
    with services.database.reading() as connection:
        found = {
            str(audience): viewer_of_person(connection, person_id=company.people[audience], as_of=START)
            for audience in Audience
        }
    services.database.close()
    return {audience: issuing.issue(viewer, now=START).text for audience, viewer in found.items()}


def application() -> Callable[[dict[str, Any], Any], Any]:
    """Build the portal in the server's process."""
    app = wiring.build_web(_services(os.environ["AUDITED"], os.environ["AUDITED_HOME"]))
    return app.wsgi_app


def serve(port: int) -> None:
    """Serve with one worker, as the portal is served."""
    Server(
        "graphql_audits.audited:application",
        factory=True,
        interface=Interfaces.WSGI,
        address="127.0.0.1",
        port=port,
        workers=1,
        blocking_threads=4,
        log_enabled=False,
    ).serve()
