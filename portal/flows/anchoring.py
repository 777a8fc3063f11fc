"""Sealing and anchoring as worker jobs: the only flow that loads web3, so only the worker imports it.

Issuing defers one job; a sweep every ten seconds finds what an outage of the chain or the database left behind.
"""

from collections.abc import Callable

import procrastinate
import structlog

from ledger.errors import LedgerError
from portal.flows import leaves
from portal.partners import reads as partners
from portal.passports import writer
from portal.passports.anchoring import ChainSettings, anchor_pending
from portal.passports.issuing import SEAL
from portal.platform.config import Settings
from portal.platform.jobs import left_to_next_tick
from portal.platform.services import Services

SWEEP = "passports.sweep"
"""Name of the sweep."""

WITNESS = "passports.witness"
"""Name of the sweep that brings the batches onto the extra chain as well."""


def chain_settings(settings: Settings) -> ChainSettings:
    """Return where to anchor, from the portal's settings."""
    return ChainSettings(
        rpc_url=settings.chain_rpc_url,
        chain_id=settings.chain_id,
        kind=settings.chain_kind,
        confirmations=settings.chain_confirmations,
        home=settings.home,
    )


def extra_settings(settings: Settings) -> ChainSettings | None:
    """Return where to anchor a second time; ``None`` when no extra endpoint is set."""
    if not settings.chain_extra_rpc_url:
        return None
    return ChainSettings(
        rpc_url=settings.chain_extra_rpc_url,
        chain_id=settings.chain_extra_id,
        kind=settings.chain_extra_kind,
        confirmations=settings.chain_extra_confirmations,
        home=settings.home,
        role=writer.EXTRA,
    )


def seal_and_anchor(services: Services) -> int:
    """Seal what waits and bring every open batch as far as it goes now; returns how many became final.

    How it ended is noted for the operator, whatever it was.

    Raises:
        ledger.errors.Unavailable: The chain does not answer; what is sealed stays and is tried again.
        ledger.errors.LedgerError: Another chain or contract answers than the pinned one, or the chain tells
            another list of batches; nothing is written until a person has looked.
    """
    now = services.clock.now()
    with services.database.transaction() as connection:
        leaves.seal(connection, services=services, now=now)
    return _anchor(services, chain_settings(services.settings))


def witness(services: Services) -> int:
    """Bring the sealed batches onto the extra chain; returns how many became final there, 0 without one.

    Raises:
        ledger.errors.LedgerError: As ``seal_and_anchor``; the main chain is not touched by it.
    """
    settings = extra_settings(services.settings)
    return 0 if settings is None else _anchor(services, settings)


def _anchor(services: Services, settings: ChainSettings) -> int:
    now, database = services.clock.now(), services.database
    with database.reading() as connection:
        company = partners.the_company(connection)
    if company is None:
        return 0
    trouble: LedgerError | None = None
    finished = 0
    try:
        finished = anchor_pending(database, settings, org_id=company.id, now=now)
    except LedgerError as error:
        trouble = error
    with database.transaction() as connection:
        writer.note_standing(connection, org_id=company.id, role=settings.role, trouble=trouble, now=now)
    if trouble is not None:
        raise trouble
    return finished


def register(app: procrastinate.App, services: Services) -> None:
    """Add the sealing job and the sweeps to the worker."""

    def carry_on(task: str, deed: Callable[[Services], int]) -> None:
        with left_to_next_tick(task):
            try:
                deed(services)
            except LedgerError as error:
                structlog.get_logger().warning("anchoring_waits", task=task, code=error.code)

    @app.task(name=SEAL)
    def seal(org_id: str) -> None:  # noqa: ARG001 - one company per database now; the job names it for later
        carry_on(SEAL, seal_and_anchor)

    @app.periodic(cron="* * * * * */10")
    @app.task(name=SWEEP, queueing_lock=SWEEP)
    def sweep(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        carry_on(SWEEP, seal_and_anchor)

    if services.settings.chain_extra_rpc_url:

        @app.periodic(cron="* * * * * */10")
        @app.task(name=WITNESS, queueing_lock=WITNESS)
        def again(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
            carry_on(WITNESS, witness)
