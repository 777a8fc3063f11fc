"""The recall of a lot: its credentials are revoked, its stock is withheld, and whoever had received it is told.

All in one transaction: either everybody is told and nothing leaves any more, or nothing has happened. What went to
whom is read from the moves themselves (``portal.inventory.reads.trace``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.flows import withholding
from portal.flows.making import made_from
from portal.inventory import reads as inventory
from portal.inventory.places import UnknownLot
from portal.inventory.reads import Lying, Product, TracedMove
from portal.inventory.units.model import Units
from portal.inventory.units.reads import units_of
from portal.kernel.actor import Actor
from portal.partners import reads as partners
from portal.partners.model import PartnerName
from portal.passports import status
from portal.passports.fitness import reads, service
from portal.passports.fitness.reads import LotRecall
from portal.passports.making import MadeLot


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who had received goods of a lot.

    Attributes:
        partner: The firm; ``None`` where the documents name nobody we know.
        quantity: Quanta that went to them, less what was taken back.
        documents: The documents they went under, oldest first.
        first_at: When the first of it left.
        last_at: When the last of it left.
        contacts: Names and e-mails of its people who may sign in.
        seen_at: When they said that they have read the notice.
    """

    partner: PartnerName | None
    quantity: int
    documents: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    contacts: tuple[tuple[str, str], ...]
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItsWay:
    """Goods of a lot that are announced and not counted in."""

    document: str
    supplier: str
    quantity: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Everywhere a lot is, or went.

    Attributes:
        product: The product.
        units: Its units on the day.
        lot_code: The lot.
        credentials: Ids of its credentials that are not revoked.
        lying: What lies of it, by place and status.
        on_its_way: What is still to arrive of it.
        holders: Who had received it, the largest quantity first.
        made: Lots it went into; a recall leaves them to a person's judgement.
    """

    product: Product
    units: Units
    lot_code: str
    credentials: tuple[UUID, ...]
    lying: tuple[Lying, ...]
    on_its_way: tuple[OnItsWay, ...]
    holders: tuple[Holder, ...]
    made: tuple[MadeLot, ...]


def reach(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str, today: date) -> Reach:
    """Return everywhere a lot is, or went; what a recall would act on.

    Raises:
        portal.inventory.model.UnknownProduct: No such product.
        portal.inventory.places.UnknownLot: The product has no such lot.
    """
    product = inventory.find_product(connection, org_id=org_id, product_id=product_id)
    found = inventory.find_lots(connection, org_id=org_id, code=lot_code)
    lot = next((one for one in found if one.product_id == product_id), None)
    if lot is None:
        raise UnknownLot(f"{product.sku} has no lot {lot_code}.", sku=product.sku, lot=lot_code)
    moves = inventory.trace_lot(connection, org_id=org_id, lot_id=lot.lot_id)
    return Reach(
        product=product,
        units=units_of(connection, org_id=org_id, products=[product], on=today)[product.id],
        lot_code=lot_code,
        credentials=_credentials(connection, org_id, product_id, lot_code),
        lying=inventory.lying(connection, org_id=org_id, lot_id=lot.lot_id),
        on_its_way=_on_its_way(connection, org_id, product_id, lot_code),
        holders=_holders(connection, org_id, moves),
        made=made_from(connection, org_id=org_id, product=product, lot_code=lot_code),
    )


def recall(
    connection: Connection, *, actor: Actor, product_id: UUID, lot_code: str, reason: str, now: datetime
) -> tuple[LotRecall, bool]:
    """Recall a lot: revoke its credentials, withhold what is left of it, tell who had received it.

    Args:
        connection: Open transaction.
        actor: One of the host's staff.
        product_id: The product.
        lot_code: Its lot.
        reason: Why; partners and the public read it.
        now: Instant, in the company's zone.

    Returns:
        The recall, and whether it is new; a lot that is recalled already is told to nobody twice.

    Raises:
        RecallReasonNeeded, NotRecallable: See ``portal.passports.fitness.service.recall_lot``.
        portal.inventory.places.UnknownLot: The product has no such lot.
    """
    org_id = actor.org_id
    withholding.take_turn(connection)
    found = reach(connection, org_id=org_id, product_id=product_id, lot_code=lot_code, today=now.date())
    recalled, is_new = service.recall_lot(
        connection, actor=actor, product_id=product_id, lot_code=lot_code, reason=reason, now=now
    )
    for credential_id in found.credentials:
        status.revoke(connection, actor=actor, credential_id=credential_id, reason=recalled.reason, now=now)
    withholding.review(connection, org_id=org_id, now=now, actor=actor, product_id=product_id, lot_code=lot_code)
    told = {
        holder.partner.id: (holder.quantity, ", ".join(holder.documents))
        for holder in found.holders
        if holder.partner is not None
    }
    service.tell_holders(connection, actor=actor, recall_id=recalled.id, holders=told, now=now)
    return recalled, is_new


def holders_of(connection: Connection, *, org_id: UUID, recall_id: UUID, today: date) -> tuple[LotRecall, Reach]:
    """Return a recall with everywhere its lot is now, and who has read their notice.

    Raises:
        NotRecalled: There is no such recall.
    """
    found = reads.find_recall(connection, org_id=org_id, recall_id=recall_id)
    reached = reach(connection, org_id=org_id, product_id=found.product_id, lot_code=found.lot_code, today=today)
    told = reads.notices_of_recall(connection, org_id=org_id, recall_id=recall_id)
    seen = {notice.partner_id: notice.seen_at for notice in told}
    holders = tuple(
        replace(holder, seen_at=seen.get(holder.partner.id) if holder.partner else None)
        for holder in reached.holders
    )
    return found, replace(reached, holders=holders)


def _credentials(connection: Connection, org_id: UUID, product_id: UUID, lot_code: str) -> tuple[UUID, ...]:
    rows = connection.execute(
        text("""
            SELECT c.id FROM credential c
            WHERE c.org_id = :org AND c.product_id = :product AND c.lot_code = :lot
              AND NOT EXISTS (SELECT FROM credential_mark m WHERE m.org_id = c.org_id AND m.credential_id = c.id
                                AND m.purpose = 'revocation')
            ORDER BY c.issued_at, c.id
        """),
        {"org": org_id, "product": product_id, "lot": lot_code},
    )
    return tuple(row.id for row in rows)


def _on_its_way(connection: Connection, org_id: UUID, product_id: UUID, lot_code: str) -> tuple[OnItsWay, ...]:
    rows = connection.execute(
        text("""
            SELECT document, supplier, quantity - received - written_off AS quantity, due_on FROM expected_receipt
            WHERE org_id = :org AND product_id = :product AND lot_code = :lot AND state <> 'closed'
            ORDER BY due_on, document
        """),
        {"org": org_id, "product": product_id, "lot": lot_code},
    )
    return tuple(
        OnItsWay(document=row.document, supplier=row.supplier, quantity=row.quantity, due_on=row.due_on)
        for row in rows
    )


def _holders(connection: Connection, org_id: UUID, moves: Iterable[TracedMove]) -> tuple[Holder, ...]:
    gone: dict[UUID | None, list[TracedMove]] = {}
    for move in moves:
        if move.target_kind == "customer" and not (move.taken_back or move.reverses):
            gone.setdefault(move.partner_id, []).append(move)
    holders = [_holder(connection, org_id, partner_id, parts) for partner_id, parts in gone.items()]
    return tuple(sorted(holders, key=lambda holder: (-holder.quantity, holder.first_at)))


def _holder(connection: Connection, org_id: UUID, partner_id: UUID | None, parts: list[TracedMove]) -> Holder:
    partner: PartnerName | None = None
    contacts: tuple[tuple[str, str], ...] = ()
    if partner_id is not None:
        partner = partners.partner_name(connection, org_id=org_id, partner_id=partner_id)
        people = partners.people_of(connection, org_id=org_id, partner_id=partner_id)
        contacts = tuple((person.name, person.email) for person in people if person.active)
    return Holder(
        partner=partner,
        quantity=sum(move.quantity for move in parts),
        documents=tuple(dict.fromkeys(move.document for move in parts)),
        first_at=parts[0].at,
        last_at=parts[-1].at,
        contacts=contacts,
    )
