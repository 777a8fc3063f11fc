"""Which connection a viewer's reads of stock and orders are given."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Connection

from portal.partners.model import Viewer
from portal.platform.db import Database


@contextmanager
def reading_for(database: Database, viewer: Viewer, *, today: date) -> Iterator[Connection]:
    """Open a read-only transaction that shows what the viewer may see.

    A customer with an agreement in force reads over their tier's own login, narrowed to company, firm and
    agreement; the database refuses what is beyond. Everybody else reads over the portal's.

    Args:
        database: Where to read.
        viewer: Whoever asks.
        today: The host's local date, which decides once more whether the agreement is in force.
    """
    agreement, partner = viewer.agreement, viewer.partner
    if agreement is None or partner is None:
        with database.reading() as connection:
            yield connection
        return
    settings = {
        "org": str(viewer.org.id),
        "partner": str(partner.id),
        "agreement": agreement.number,
        "today": today.isoformat(),
    }
    with database.reading_as(str(agreement.tier), settings) as connection:
        yield connection
