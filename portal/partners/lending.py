"""Which connection a viewer's reads of stock and orders are given."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Connection

from portal.kernel.disclosure import Role
from portal.partners.model import Viewer
from portal.platform.db import Database
from portal.platform.roles import SUPPLIER


@contextmanager
def reading_for(database: Database, viewer: Viewer, *, today: date) -> Iterator[Connection]:
    """Open a read-only transaction that shows what the viewer may see.

    A customer with an agreement in force reads over their tier's own login, narrowed to company, firm and
    agreement, a supplier over the suppliers', narrowed to company and firm; the database refuses what is beyond.
    Everybody else reads over the portal's.

    Args:
        database: Where to read.
        viewer: Whoever asks.
        today: The host's local date, which decides once more whether the agreement is in force.
    """
    reader, settings = terms_of(viewer, today=today)
    lent = database.reading_as(reader, settings) if reader else database.reading()
    with lent as connection:
        yield connection


def terms_of(viewer: Viewer, *, today: date) -> tuple[str, Mapping[str, str]]:
    """Return the login and the settings a viewer's reads are narrowed to; no login for who is not narrowed.

    Args:
        viewer: Whoever asks.
        today: The host's local date.
    """
    agreement, partner = viewer.agreement, viewer.partner
    firm = {"org": str(viewer.org.id), "partner": str(partner.id)} if partner else {}
    if partner and agreement:
        return str(agreement.tier), firm | {"agreement": agreement.number, "today": today.isoformat()}
    return (SUPPLIER, firm) if partner and viewer.role is Role.SUPPLIER else ("", {})
