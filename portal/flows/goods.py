"""Goods that leave a supplier or are counted in, when the papers of their lot hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.flows.withholding import check_fit
from portal.kernel.actor import Actor
from portal.replenishment import reads, service
from portal.replenishment.model import Outcome, ShipmentDraft
from portal.replenishment.service import Count


def ship(
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    version: int | None,
    draft: ShipmentDraft,
    now: datetime,
) -> UUID:
    """Send a supplier's goods; see ``portal.replenishment.service.ship``.

    Args:
        connection: Open transaction.
        actor: Somebody of the supplier.
        number: The order.
        version: The order's version that was looked at.
        draft: The despatch advice.
        now: Instant, in the company's zone.

    Raises:
        portal.inventory.places.LotWithheld: The papers of the lot do not hold; nothing has changed.
    """
    order = reads.order(connection, org_id=actor.org_id, number=number)
    check_fit(
        connection,
        org_id=actor.org_id,
        product_id=order.product_id,
        lot_code=draft.lot_code,
        shipped_by=actor.partner_id,
        now=now,
    )
    return service.ship(connection, actor=actor, number=number, version=version, draft=draft, now=now)


def receive(connection: Connection, *, actor: Actor, shipment_id: UUID, count: Count, now: datetime) -> Outcome:
    """Count a shipment in; see ``portal.replenishment.service.receive``. Nothing to count needs no papers.

    Raises:
        portal.inventory.places.LotWithheld: The papers of the lot do not hold; nothing has changed.
    """
    shipment = reads.shipment(connection, org_id=actor.org_id, shipment_id=shipment_id)
    if count.quantity:
        check_fit(
            connection,
            org_id=actor.org_id,
            product_id=shipment.product_id,
            lot_code=shipment.lot_code,
            shipped_by=shipment.supplier_id,
            now=now,
        )
    return service.receive(connection, actor=actor, shipment_id=shipment_id, count=count, now=now)
