"""What a page asks of the application around it: the services, a connection, the time.

A database that does not answer becomes ``Unavailable`` here, so every page says the same (503), and no page
ever shows a driver's words.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from portal.partners import lending
from portal.partners.model import Viewer
from portal.platform.db import DatabaseSilent
from portal.platform.services import Services


def services() -> Services:
    """Return the services of the application at work."""
    return current_app.extensions["tally"]  # type: ignore[no-any-return]


def as_of() -> datetime:
    """Return the present instant, from the application's clock, in the company's zone: its date is today's."""
    here = services()
    return here.clock.now().astimezone(ZoneInfo(here.settings.time_zone))


@contextmanager
def transaction() -> Iterator[Connection]:
    """Open a transaction that commits at the end of the block and rolls back on any error.

    Raises:
        DatabaseSilent: The database does not answer; nothing was written.
    """
    with _translated(), services().database.transaction() as connection:
        yield connection


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a read-only transaction over one snapshot.

    Raises:
        DatabaseSilent: The database does not answer.
    """
    with _translated(), services().database.reading() as connection:
        yield connection


@contextmanager
def reading_for(viewer: Viewer) -> Iterator[Connection]:
    """Open a read-only transaction over one snapshot that shows what the viewer may see of stock and orders.

    Raises:
        DatabaseSilent: The database does not answer.
    """
    with _translated(), lending.reading_for(services().database, viewer, today=as_of().date()) as connection:
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseSilent("The database does not answer.") from error
