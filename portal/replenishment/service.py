"""What people and the worker do to replenishment orders: one function per deed.

Every deed locks the order's row, asks the state machine, writes the move with actor, time and reason, and
publishes its news in the same transaction. Two answers at once: the row lock decides, the slower one is refused
(409). All news of one order is delivered in the order it happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.kernel.messages import Message
from portal.platform.outbox import publish
from portal.replenishment import reads
from portal.replenishment.messages import (
    GoodsReceived,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFact,
    OrderProposed,
    OrderRejected,
    PolicySaved,
    ShipmentSent,
)
from portal.replenishment.model import (
    DEPARTED,
    REASON_BELOW_MIN,
    REASON_COMPLETE,
    REASON_PUBLISHED,
    REASON_SILENT,
    Move,
    Order,
    OrderMovedOn,
    Outcome,
    Policy,
    PolicyDraft,
    Position,
    ReasonMissing,
    ShipmentDraft,
    ShipmentNumberTaken,
    State,
    UnknownOrder,
    after,
    check_policy,
    check_shipment,
    need,
    outcome,
)
from portal.replenishment.store import (
    from_moq,
    next_numbers,
    order_table,
    policy_table,
    shipment_table,
    step_table,
    to_order,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was counted when a shipment came.

    Attributes:
        quantity: Quanta counted, 0 or more.
        note: What was found; asked for when the count differs from the despatch advice.
        version: Version of the order the page showed; ``None`` asks for no check.
    """

    quantity: int
    note: str = ""
    version: int | None = None


def save_policy(connection: Connection, *, actor: Actor, draft: PolicyDraft, now: datetime) -> UUID:
    """Make the policy of a product, place and supplier, or change it; returns its id.

    Raises:
        BadPolicy: The figures contradict each other.
    """
    check_policy(draft)
    told = ("min_quanta", "max_quanta", "pack_quanta", "lead_time_days", "answer_hours", "active")
    figures = {name: getattr(draft, name) for name in told} | from_moq(draft.moq) | {"quiet_until": None}
    policy_id: UUID = connection.execute(
        insert(policy_table)
        .values(
            org_id=actor.org_id,
            id=new_id(now),
            product_id=draft.product_id,
            location_id=draft.location_id,
            supplier_id=draft.supplier_id,
            created_at=now,
            **figures,
        )
        .on_conflict_do_update(index_elements=["org_id", "product_id", "location_id", "supplier_id"], set_=figures)
        .returning(policy_table.c.id)
    ).scalar_one()
    publish(connection, PolicySaved(org_id=actor.org_id, policy_id=policy_id), now=now)
    return policy_id


def propose(
    connection: Connection,
    *,
    actor: Actor,
    looks: Sequence[tuple[Policy, Position]],
    today: date,
    now: datetime,
) -> list[Order]:
    """Propose an order wherever a projection is below its minimum and none is open; returns the new ones.

    Args:
        connection: Open transaction.
        actor: Who looked, mostly the worker.
        looks: Policies with the position each is judged by.
        today: The company's local date; the goods are needed a lead time later.
        now: The instant of the deed.
    """
    needs = [(policy, position, wanted) for policy, position in looks if (wanted := need(policy, position))]
    if not needs:
        return []
    numbers = next_numbers(connection, org_id=actor.org_id, year=today.year, count=len(needs))
    rows = [
        {
            "org_id": actor.org_id,
            "id": new_id(now),
            "number": number,
            "policy_id": policy.id,
            "product_id": policy.product_id,
            "location_id": policy.location_id,
            "supplier_id": policy.supplier_id,
            "quantity": wanted.quantity,
            "pack_quanta": policy.pack_quanta,
            "needed_on": today + timedelta(days=policy.lead_time_days),
            "on_hand": position.on_hand,
            "in_transit": position.in_transit,
            "confirmed": position.confirmed,
            "incoming_on": position.incoming_on,
            "demand_in_lead_time": wanted.demand,
            "lead_time_days": policy.lead_time_days,
            "projected": wanted.projected,
            "min_quanta": policy.min_quanta,
            "max_quanta": policy.max_quanta,
            "over_max": wanted.over_max,
            **from_moq(policy.moq if wanted.to_moq else None),
            "state": State.PROPOSED.value,
            "version": 1,
            "answer_by": now + timedelta(hours=policy.answer_hours),
            "created_at": now,
        }
        for number, (policy, position, wanted) in zip(numbers, needs, strict=True)
    ]
    statement = insert(order_table).on_conflict_do_nothing().returning(order_table)
    orders = [to_order(row) for row in connection.execute(statement, rows)]
    for order in orders:
        _note(connection, order, actor=actor, before=None, reason=REASON_BELOW_MIN, now=now)
    return orders


def send(connection: Connection, *, actor: Actor, number: str, now: datetime) -> Order:
    """Put a proposal before the supplier; the answering time runs from here.

    Raises:
        UnknownOrder: There is no such order.
        IllegalMove: It is past that.
    """
    order = _locked(connection, org_id=actor.org_id, number=number)
    policy = reads.policy(connection, org_id=actor.org_id, policy_id=order.policy_id)
    sent = replace(order, answer_by=now + timedelta(hours=policy.answer_hours))
    moved = _move(connection, sent, move=Move.SEND, actor=actor, reason=REASON_PUBLISHED, now=now)
    _tell(connection, _fact(OrderProposed, moved, actor), moved, now=now)
    return moved


def accept(connection: Connection, *, actor: Actor, number: str, version: int | None, now: datetime) -> Order:
    """Promise the whole quantity, as the supplier.

    Raises:
        UnknownOrder: There is no such order of this supplier.
        IllegalMove: It has been answered, has expired or was withdrawn.
        OrderMovedOn: It is not at ``version`` any more.
    """
    order = _locked(connection, org_id=actor.org_id, number=number, supplier_id=actor.partner_id)
    _check_version(order, version)
    moved = _move(connection, order, move=Move.ACCEPT, actor=actor, reason="", now=now)
    _tell(connection, _fact(OrderAccepted, moved, actor), moved, now=now)
    return moved


def reject(
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    version: int | None,
    reason: str,
    now: datetime,
) -> Order:
    """Say that nothing can be delivered, and why, as the supplier.

    Raises:
        ReasonMissing: No reason was given.
        UnknownOrder: There is no such order of this supplier.
        IllegalMove: It has been answered, has expired or was withdrawn.
        OrderMovedOn: It is not at ``version`` any more.
    """
    words = _words(reason, number)
    order = _locked(connection, org_id=actor.org_id, number=number, supplier_id=actor.partner_id)
    _check_version(order, version)
    moved = _move(connection, order, move=Move.REJECT, actor=actor, reason=words, now=now)
    _hush(connection, moved, org_id=actor.org_id, now=now)
    _tell(connection, _fact(OrderRejected, moved, actor), moved, now=now)
    return moved


def cancel(
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    version: int | None,
    reason: str,
    now: datetime,
) -> Order:
    """Withdraw an order before it is shipped, as the host.

    Raises:
        ReasonMissing: No reason was given.
        UnknownOrder: There is no such order.
        IllegalMove: It is shipped or over.
        OrderMovedOn: It is not at ``version`` any more.
    """
    words = _words(reason, number)
    order = _locked(connection, org_id=actor.org_id, number=number)
    _check_version(order, version)
    moved = _move(connection, order, move=Move.CANCEL, actor=actor, reason=words, now=now)
    _hush(connection, moved, org_id=actor.org_id, now=now)
    _tell(connection, _fact(OrderCancelled, moved, actor), moved, now=now)
    return moved


def expire(connection: Connection, *, actor: Actor, now: datetime) -> list[Order]:
    """Close every sent order whose answering time is over; returns them. An order being answered is left alone."""
    rows = connection.execute(
        select(order_table)
        .where(
            order_table.c.org_id == actor.org_id,
            order_table.c.state == State.SENT.value,
            order_table.c.answer_by <= now,
        )
        .order_by(order_table.c.id)
        .with_for_update(skip_locked=True)
    )
    expired = []
    for order in [to_order(row) for row in rows]:
        moved = _move(connection, order, move=Move.EXPIRE, actor=actor, reason=REASON_SILENT, now=now)
        _hush(connection, moved, org_id=actor.org_id, now=now)
        _tell(connection, _fact(OrderExpired, moved, actor), moved, now=now)
        expired.append(moved)
    return expired


def ship(
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    version: int | None,
    draft: ShipmentDraft,
    now: datetime,
) -> UUID:
    """Announce that the whole order has left, as the supplier; returns the shipment's id.

    Raises:
        UnknownOrder: There is no such order of this supplier.
        IllegalMove: It is not accepted, or was shipped before.
        OrderMovedOn: It is not at ``version`` any more.
        ShipmentDiffers: Another quantity than ordered.
        LotMissing: No number or lot, or impossible dates.
        ShipmentNumberTaken: The supplier used the number before.
    """
    order = _locked(connection, org_id=actor.org_id, number=number, supplier_id=actor.partner_id)
    _check_version(order, version)
    check_shipment(draft, ordered=order.quantity)
    moved = _move(connection, order, move=Move.SHIP, actor=actor, reason=draft.number, now=now)
    shipment_id: UUID | None = connection.execute(
        insert(shipment_table)
        .values(
            org_id=actor.org_id,
            id=new_id(now),
            number=draft.number,
            order_id=order.id,
            supplier_id=order.supplier_id,
            product_id=order.product_id,
            location_id=order.location_id,
            lot_code=draft.lot_code,
            lot_made_on=draft.made_on,
            lot_expires_on=draft.expires_on,
            quantity=draft.quantity,
            received=0,
            due_on=draft.due_on,
            state=DEPARTED,
            version=1,
            departed_at=now,
        )
        .on_conflict_do_nothing()
        .returning(shipment_table.c.id)
    ).scalar_one_or_none()
    if shipment_id is None:
        raise ShipmentNumberTaken(f"Despatch advice {draft.number} exists.", number=draft.number)
    sent = ShipmentSent(
        org_id=actor.org_id,
        shipment_id=shipment_id,
        number=draft.number,
        order_id=order.id,
        order_number=order.number,
        product_id=order.product_id,
        location_id=order.location_id,
        supplier_id=order.supplier_id,
        lot_code=draft.lot_code,
        lot_made_on=draft.made_on,
        lot_expires_on=draft.expires_on,
        quantity=draft.quantity,
        due_on=draft.due_on,
    )
    _tell(connection, sent, moved, now=now)
    return shipment_id


def receive(connection: Connection, *, actor: Actor, shipment_id: UUID, count: Count, now: datetime) -> Outcome:
    """Count a shipment in, as the host; an exact count closes the order, a difference leaves it to be settled.

    Raises:
        UnknownShipment: There is no such shipment.
        IllegalMove: It was counted before.
        OrderMovedOn: The order is not at ``count.version`` any more.
        ReasonMissing: The count differs and nothing is said about it.
    """
    shipment = reads.shipment(connection, org_id=actor.org_id, shipment_id=shipment_id)
    order = _locked(connection, org_id=actor.org_id, order_id=shipment.order_id)
    _check_version(order, count.version)
    result = outcome(shipped=shipment.quantity, received=count.quantity)
    note = count.note.strip() if result is Outcome.RECEIVED else _words(count.note, order.number)
    moved = _move(connection, order, move=Move.RECEIVE, actor=actor, reason=note, now=now)
    connection.execute(
        update(shipment_table)
        .where(shipment_table.c.org_id == actor.org_id, shipment_table.c.id == shipment_id)
        .values(received=count.quantity, state=result.value, version=shipment.version + 1, received_at=now)
    )
    received = GoodsReceived(
        org_id=actor.org_id,
        shipment_id=shipment_id,
        number=shipment.number,
        order_id=order.id,
        order_number=order.number,
        product_id=order.product_id,
        location_id=order.location_id,
        supplier_id=order.supplier_id,
        lot_code=shipment.lot_code,
        lot_made_on=shipment.lot_made_on,
        lot_expires_on=shipment.lot_expires_on,
        shipped=shipment.quantity,
        quantity=count.quantity,
    )
    _tell(connection, received, moved, now=now)
    if result is Outcome.RECEIVED:
        _move(connection, moved, move=Move.CLOSE, actor=actor, reason=REASON_COMPLETE, now=now)
    return result


def close(
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    version: int | None,
    reason: str,
    now: datetime,
) -> Order:
    """Settle a received order whose count differed, saying how, as the host.

    Raises:
        ReasonMissing: No reason was given.
        UnknownOrder: There is no such order.
        IllegalMove: It is not received, or settled already.
        OrderMovedOn: It is not at ``version`` any more.
    """
    words = _words(reason, number)
    order = _locked(connection, org_id=actor.org_id, number=number)
    _check_version(order, version)
    return _move(connection, order, move=Move.CLOSE, actor=actor, reason=words, now=now)


def _locked(
    connection: Connection,
    *,
    org_id: UUID,
    number: str = "",
    order_id: UUID | None = None,
    supplier_id: UUID | None = None,
) -> Order:
    which = order_table.c.number == number if order_id is None else order_table.c.id == order_id
    row = connection.execute(
        select(order_table).where(order_table.c.org_id == org_id, which).with_for_update()
    ).one_or_none()
    if row is None or supplier_id not in (None, row.supplier_id):
        raise UnknownOrder(f"There is no order {number}.", number=number)
    return to_order(row)


def _check_version(order: Order, version: int | None) -> None:
    if version not in (None, order.version):
        raise OrderMovedOn(
            f"Order {order.number} is at version {order.version}, not {version}.",
            number=order.number,
            state=order.state.value,
            version=order.version,
            expected=version,
        )


def _words(reason: str, number: str) -> str:
    words = reason.strip()
    if not words:
        raise ReasonMissing(f"Order {number}: a reason is needed.", number=number)
    return words


def _move(connection: Connection, order: Order, *, move: Move, actor: Actor, reason: str, now: datetime) -> Order:
    moved = replace(order, state=after(order.state, move, number=order.number), version=order.version + 1)
    connection.execute(
        update(order_table)
        .where(order_table.c.org_id == actor.org_id, order_table.c.id == order.id)
        .values(state=moved.state.value, version=moved.version, answer_by=moved.answer_by)
    )
    _note(connection, moved, actor=actor, before=order.state, reason=reason, now=now)
    return moved


def _note(
    connection: Connection,
    order: Order,
    *,
    actor: Actor,
    before: State | None,
    reason: str,
    now: datetime,
) -> None:
    connection.execute(
        insert(step_table).values(
            org_id=actor.org_id,
            order_id=order.id,
            version=order.version,
            from_state=None if before is None else before.value,
            to_state=order.state.value,
            actor=actor.label,
            actor_id=actor.person_id,
            reason=reason,
            at=now,
        )
    )


def _hush(connection: Connection, order: Order, *, org_id: UUID, now: datetime) -> None:
    """Leave the policy alone for one more answering time: a refusal is not answered by the same question."""
    connection.execute(
        update(policy_table)
        .where(policy_table.c.org_id == org_id, policy_table.c.id == order.policy_id)
        .values(quiet_until=now + func.make_interval(0, 0, 0, 0, policy_table.c.answer_hours))
    )


def _fact(kind: type[OrderFact], order: Order, actor: Actor) -> OrderFact:
    return kind(
        org_id=actor.org_id,
        order_id=order.id,
        number=order.number,
        product_id=order.product_id,
        location_id=order.location_id,
        supplier_id=order.supplier_id,
        quantity=order.quantity,
        needed_on=order.needed_on,
    )


def _tell(connection: Connection, message: Message, order: Order, *, now: datetime) -> None:
    publish(connection, message, now=now, in_order_with=f"replenishment-order/{order.id}")
