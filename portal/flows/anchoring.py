"""Sealing and anchoring as worker jobs: the only flow that loads web3, so only the worker imports it.

Issuing defers one job; a sweep every ten seconds finds what an outage of the chain or the database left behind.
"""

import procrastinate
import structlog

from ledger.errors import Refused, Unavailable
from portal.flows import leaves
from portal.partners import reads as partners
from portal.passports.anchoring import ChainSettings, anchor_pending
from portal.passports.service import SEAL
from portal.platform.config import Settings
from portal.platform.jobs import left_to_next_tick
from portal.platform.services import Services

SWEEP = "passports.sweep"
"""Name of the sweep."""


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
        leaves.seal(connection, services=services, now=now)
        company = partners.the_company(connection)
    if company is None:
        return 0
    return anchor_pending(services.database, chain_settings(services.settings), org_id=company.id, now=now)


def register(app: procrastinate.App, services: Services) -> None:
    """Add the sealing job and its sweep to the worker."""

    def carry_on(task: str) -> None:
        with left_to_next_tick(task):
            try:
                seal_and_anchor(services)
            except (Unavailable, Refused) as error:
                structlog.get_logger().warning("anchoring_waits", code=error.code)

    @app.task(name=SEAL)
    def seal(org_id: str) -> None:  # noqa: ARG001 - one company per database now; the job names it for later
        carry_on(SEAL)

    @app.periodic(cron="* * * * * */10")
    @app.task(name=SWEEP, queueing_lock=SWEEP)
    def sweep(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        carry_on(SWEEP)
