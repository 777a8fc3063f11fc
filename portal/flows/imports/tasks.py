"""The worker's part of imports: dry runs and imports of large files."""

from uuid import UUID
from zoneinfo import ZoneInfo

import procrastinate
from procrastinate import RetryStrategy
from sqlalchemy.exc import InterfaceError, OperationalError

from portal.flows.imports.sessions import APPLY_TASK, CHECK_TASK, Workshop, apply_session, check_session
from portal.platform.services import Services

AGAIN = RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions={OperationalError, InterfaceError})
"""When the database went away in the middle, the import starts afresh: nothing of it was written."""


def register(app: procrastinate.App, services: Services) -> None:
    """Add the import tasks; both may run twice for the same import without a second effect."""

    def workshop(org_id: str, session_id: str) -> Workshop:
        return Workshop(
            database=services.database,
            settings=services.settings,
            org_id=UUID(org_id),
            session_id=UUID(session_id),
        )

    @app.task(name=CHECK_TASK, retry=AGAIN)
    def check(org_id: str, session_id: str) -> None:
        check_session(workshop(org_id, session_id))

    @app.task(name=APPLY_TASK, retry=AGAIN)
    def apply(org_id: str, session_id: str) -> None:
        now = services.clock.now().astimezone(ZoneInfo(services.settings.time_zone))
        apply_session(workshop(org_id, session_id), now=now)
