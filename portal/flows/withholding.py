"""Papers act on stock: lots whose papers do not hold are withheld, and given back when they hold again.

The papers' rule (``portal.passports.fitness``) says which, the stock's room does it. One review at a time: whoever
reviews takes ``_REVIEW`` alone before reading, whoever ships or receives takes it together with others, so that
after a review's commit nothing of a withheld lot is under way that had not seen it
(``docs/adr/0013-papers-act.md``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import procrastinate
from sqlalchemy import Connection, text

from portal.flows.replenishing import worker_actor
from portal.inventory import service as inventory
from portal.inventory.places import check_not_withheld
from portal.inventory.reads import Product, products_by_id
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.partners import reads as partners
from portal.passports.fitness import reads
from portal.passports.fitness.model import LotFacts, Reason, Requirement, faults_of
from portal.passports.fitness.reads import LotAsked
from portal.passports.messages import (
    CredentialResumed,
    CredentialRevoked,
    CredentialSuspended,
    DocumentRegistered,
    RequirementsChanged,
)
from portal.platform.bus import Bus, Delivery, Handler
from portal.platform.jobs import left_to_next_tick
from portal.platform.services import Services

_REVIEW = 0x9A9E
_NEWS = (CredentialRevoked, CredentialSuspended, CredentialResumed, DocumentRegistered, RequirementsChanged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a review did: how many lots it withheld anew, and how many it gave back."""

    withheld: int
    freed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldLot:
    """A lot that is withheld now.

    Attributes:
        reasons: Why, as ``Reason.to_value`` writes it.
        on_hand: Quanta of it that would be usable otherwise.
    """

    product: Product
    lot_code: str
    reasons: tuple[dict[str, str], ...]
    on_hand: int


def review(
    connection: Connection,
    *,
    org_id: UUID,
    now: datetime,
    actor: Actor | None = None,
    product_id: UUID | None = None,
    lot_code: str = "",
) -> Changed:
    """Withhold every lot in stock whose papers do not hold today, and give back those whose papers do.

    Args:
        connection: Open transaction.
        org_id: The host company.
        now: Instant, in the company's zone.
        actor: Who does it; the worker when nobody is named.
        product_id: Only lots of this product.
        lot_code: Only this lot of it, even when none of it is in stock.
    """
    take_turn(connection)
    by, wanted = actor or worker_actor(org_id), reads.requirements(connection, org_id=org_id)
    lots = _lots(connection, org_id, product_id, lot_code)
    asked = [lot for lot, _ in lots]
    facts = reads.facts_of_lots(connection, org_id=org_id, lots=asked, zone=_zone(now))
    withheld = freed = 0
    for one, (_, before) in zip(facts, lots, strict=True):
        reasons = [reason.to_value() for reason in faults_of(one, wanted, on=now.date())]
        if reasons == before:
            continue
        _act(connection, by, one, reasons, now)
        withheld += bool(reasons and not before)
        freed += not reasons
    return Changed(withheld=withheld, freed=freed)


def take_turn(connection: Connection) -> None:
    """Wait until nobody else reviews, ships or receives, and keep them waiting until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _REVIEW})


def _act(
    connection: Connection, actor: Actor, lot: LotFacts, reasons: list[dict[str, str]], now: datetime
) -> None:
    key = f"papers:{new_id(now)}"
    if reasons:
        inventory.withhold_lot(
            connection,
            actor=actor,
            product_id=lot.product_id,
            lot_code=lot.lot_code,
            reasons=reasons,
            key=key,
            now=now,
        )
    else:
        inventory.free_lot(
            connection, actor=actor, product_id=lot.product_id, lot_code=lot.lot_code, key=key, now=now
        )


def _zone(now: datetime) -> ZoneInfo:
    return cast("ZoneInfo", now.tzinfo)


def _lots(
    connection: Connection,
    org_id: UUID,
    product_id: UUID | None = None,
    lot_code: str = "",
    *,
    whatever: bool = False,
) -> list[tuple[LotAsked, list[dict[str, str]]]]:
    """Return the lots a review looks at, each with the reasons it is withheld for so far.

    Those are the withheld ones, and in stock what a requirement, a recall or a word on a passport speaks of; with
    ``whatever`` all that is in stock.
    """
    rows = connection.execute(
        text("""
            SELECT l.product_id, l.code, p.category, l.withheld, (
                SELECT s.supplier_id FROM shipment s
                WHERE s.org_id = l.org_id AND s.product_id = l.product_id AND s.lot_code = l.code
                ORDER BY s.departed_at DESC, s.id DESC LIMIT 1) AS shipped_by
            FROM lot l JOIN product p ON p.org_id = l.org_id AND p.id = l.product_id
            WHERE l.org_id = :org AND l.code <> ''
              AND (CAST(:product AS uuid) IS NULL OR l.product_id = :product)
              AND :lot IN ('', l.code)
              AND (l.withheld IS NOT NULL OR :lot <> '' OR (
                    (:any OR EXISTS (
                        SELECT FROM paper_requirement q
                        WHERE q.org_id = l.org_id AND q.ended_at IS NULL
                          AND (q.category IS NULL OR q.category = p.category)
                          AND (q.product_id IS NULL OR q.product_id = l.product_id))
                     OR EXISTS (
                        SELECT FROM lot_recall r
                        WHERE r.org_id = l.org_id AND r.product_id = l.product_id AND r.lot_code = l.code)
                     OR EXISTS (
                        SELECT FROM credential c
                        JOIN credential_mark m ON m.org_id = c.org_id AND m.credential_id = c.id
                        WHERE c.org_id = l.org_id AND c.product_id = l.product_id AND c.lot_code = l.code
                          AND c.serial IS NULL))
                    AND EXISTS (
                        SELECT FROM stock_balance b
                        WHERE b.org_id = l.org_id AND b.product_id = l.product_id AND b.lot_id = l.id
                          AND b.on_hand > 0)))
            ORDER BY l.product_id, l.code
        """),
        {"org": org_id, "product": product_id, "lot": lot_code, "any": whatever},
    )
    return [
        (
            LotAsked(
                product_id=row.product_id, lot_code=row.code, category=row.category, shipped_by=row.shipped_by
            ),
            row.withheld or [],
        )
        for row in rows
    ]


def faults_of_lot(
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot_code: str,
    shipped_by: UUID | None,
    now: datetime,
) -> tuple[Reason, ...]:
    """Return what keeps one lot today, whether or not it is in stock; empty when it is fit.

    Args:
        connection: Any transaction.
        org_id: The host company.
        product_id: The product.
        lot_code: Its lot.
        shipped_by: Who ships it, where that is known.
        now: Instant, in the company's zone.
    """
    product = products_by_id(connection, org_id=org_id, ids=[product_id])[product_id]
    asked = LotAsked(product_id=product_id, lot_code=lot_code, category=product.category, shipped_by=shipped_by)
    (facts,) = reads.facts_of_lots(connection, org_id=org_id, lots=[asked], zone=_zone(now))
    return faults_of(facts, reads.requirements(connection, org_id=org_id), on=now.date())


def check_fit(
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot_code: str,
    shipped_by: UUID | None,
    now: datetime,
) -> None:
    """Refuse to ship or receive a lot whose papers do not hold; goods that are not kept by lot pass.

    Raises:
        portal.inventory.places.LotWithheld: They do not; the reasons are told.
    """
    if not lot_code:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _REVIEW})
    faults = faults_of_lot(
        connection, org_id=org_id, product_id=product_id, lot_code=lot_code, shipped_by=shipped_by, now=now
    )
    check_not_withheld(lot_code, [fault.to_value() for fault in faults])


def withheld_lots(connection: Connection, *, org_id: UUID) -> tuple[WithheldLot, ...]:
    """Return every lot that is withheld now, by item number and lot."""
    rows = connection.execute(
        text("""
            SELECT l.product_id, l.code, l.withheld, COALESCE((
                SELECT SUM(b.on_hand) FROM stock_balance b
                WHERE b.org_id = l.org_id AND b.product_id = l.product_id AND b.lot_id = l.id
                  AND b.status = 'withheld'), 0) AS on_hand
            FROM lot l JOIN product p ON p.org_id = l.org_id AND p.id = l.product_id
            WHERE l.org_id = :org AND l.withheld IS NOT NULL ORDER BY p.sku, l.code
        """),
        {"org": org_id},
    ).all()
    products = products_by_id(connection, org_id=org_id, ids={row.product_id for row in rows})
    return tuple(
        WithheldLot(
            product=products[row.product_id],
            lot_code=row.code,
            reasons=tuple(row.withheld),
            on_hand=int(row.on_hand),
        )
        for row in rows
    )


def would_withhold(
    connection: Connection, *, org_id: UUID, requirement: Requirement, now: datetime
) -> tuple[LotFacts, ...]:
    """Return the lots in stock that leave what can be promised once a paper is asked for; nothing is changed."""
    lots = _lots(connection, org_id, whatever=True)
    asked = [lot for lot, before in lots if not before]
    facts = reads.facts_of_lots(connection, org_id=org_id, lots=asked, zone=_zone(now))
    return tuple(one for one in facts if faults_of(one, [requirement], on=now.date()))


def subscribe(bus: Bus, *, time_zone: str) -> None:
    """Review the lots whenever something was said of papers."""

    def on_news(message: object, delivery: Delivery) -> None:
        org_id = cast("DocumentRegistered", message).org_id
        review(delivery.connection, org_id=org_id, now=delivery.now.astimezone(ZoneInfo(time_zone)))

    for message in _NEWS:
        bus.subscribe(message, "inventory.review_papers", cast("Handler", on_news))


def register(app: procrastinate.App, services: Services) -> None:
    """Review every minute, so that what ended yesterday is withheld when the company's day begins."""

    @app.periodic(cron="* * * * *")
    @app.task(name="passports.review", queueing_lock="passports.review", pass_context=False)
    def review_all(timestamp: int) -> None:  # noqa: ARG001 - periodic tasks are told their time
        now = services.clock.now().astimezone(ZoneInfo(services.settings.time_zone))
        with left_to_next_tick("passports.review"), services.database.transaction() as connection:
            company = partners.the_company(connection)
            if company is not None:
                review(connection, org_id=company.id, now=now)
