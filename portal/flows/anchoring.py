"""Sealing and anchoring as worker jobs: the only flow that loads web3, so only the worker imports it.

Issuing defers one job; a sweep every minute finds what an outage of the chain left behind.
"""

import procrastinate
import structlog
from procrastinate import RetryStrategy

from ledger.errors import Refused, Unavailable
from portal.partners import reads as partners
from portal.passports.anchoring import ChainSettings, anchor_pending
from portal.passports.service import SEAL, seal_batch
from portal.platform.config import Settings
from portal.platform.services import Services


def chain_settings(settings: Settings) -> ChainSettings:
    """Return where to anchor, from the portal's settings."""
    return ChainSettings(
        rpc_url=settings.chain_rpc_url,
        chain_id=settings.chain_id,
        kind=settings.chain_kind,
        confirmations=settings.chain_confirmations,
        home=settings.home,
    )


def seal_and_anchor(services: Services) -> int:
    """Seal what waits and bring every open batch as far as it goes now; returns how many became final.

    Raises:
        ledger.errors.Unavailable: The chain does not answer; what is sealed stays and is tried again.
        ledger.errors.Refused: Another chain or contract answers than the pinned one; a person must look.
    """
    now = services.clock.now()
    with services.database.transaction() as connection:
        company = partners.the_company(connection)
        if company is not None:
            seal_batch(connection, org_id=company.id, now=now)
    if company is None:
        return 0
    return anchor_pending(services.database, chain_settings(services.settings), org_id=company.id, now=now)


def register(app: procrastinate.App, services: Services) -> None:
    """Add the sealing job and its sweep to the worker."""

    @app.task(name=SEAL, retry=RetryStrategy(max_attempts=5, linear_wait=2))
    def seal(org_id: str) -> None:  # noqa: ARG001 - one company per database now; the job names it for later
        seal_and_anchor(services)

    @app.periodic(cron="* * * * *")
    @app.task(name="passports.sweep", queueing_lock="passports.sweep")
    def sweep(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        try:
            seal_and_anchor(services)
        except (Unavailable, Refused) as error:
            structlog.get_logger().warning("anchoring_waits", code=error.code)
