"""Orders of vendor-managed stock against the real database: one open proposal, legal moves, one winner."""

from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select

from portal.inventory.units.model import UnitDraft
from portal.inventory.units.service import save_units
from portal.kernel.ids import new_id
from portal.replenishment import reads, service
from portal.replenishment.model import (
    MOQ,
    BadPolicy,
    IllegalMove,
    LotMissing,
    Order,
    OrderMovedOn,
    Outcome,
    Position,
    ReasonMissing,
    ShipmentDiffers,
    ShipmentNumberTaken,
    State,
    UnknownOrder,
    UnknownPolicy,
    UnknownShipment,
)
from portal.replenishment.service import Count
from portal.replenishment.store import order_table
from support import replenishing as make
from support.replenishing import World


@pytest.fixture
def world(conn: Connection, org_id: UUID, now: datetime) -> World:
    return make.build_world(conn, org_id=org_id, now=now)


@pytest.fixture
def order(conn: Connection, world: World) -> Order:
    make.short_of_tea(conn, world)
    (order,) = make.check(conn, world)
    return order


def accepted(conn: Connection, world: World, order: Order) -> Order:
    return service.accept(conn, actor=world.supplier, number=order.number, version=None, now=world.now)


def shipped(conn: Connection, world: World, order: Order) -> UUID:
    accepted(conn, world, order)
    draft = make.despatch(world)
    return service.ship(conn, actor=world.supplier, number=order.number, version=None, draft=draft, now=world.now)


def told(conn: Connection) -> list[str]:
    names = make.told(conn)
    return [name for name in names if name.startswith("replenishment.") and not name.endswith("policy.saved")]


def states(conn: Connection, world: World, order: Order) -> list[tuple[str, str, str]]:
    steps = reads.history(conn, org_id=world.org_id, order_id=order.id)
    return [(step.to_state.value, step.actor, step.reason) for step in steps]


def test_the_first_vector_is_sent_with_its_figures(conn: Connection, world: World, order: Order) -> None:
    today = (world.now + timedelta(hours=8)).date()
    assert order == Order(
        id=order.id,
        number="R-26001",
        policy_id=order.policy_id,
        product_id=world.product_id,
        location_id=world.location_id,
        supplier_id=world.supplier_id,
        quantity=192,
        pack_quanta=24,
        needed_on=today + timedelta(days=4),
        on_hand=120,
        in_transit=40,
        confirmed=0,
        incoming_on=world.now.date() + timedelta(days=2),
        demand_in_lead_time=64,
        lead_time_days=4,
        projected=96,
        min_quanta=100,
        max_quanta=300,
        over_max=False,
        moq=None,
        state=State.SENT,
        version=2,
        answer_by=world.now + timedelta(hours=48),
        created_at=world.now,
    )
    assert reads.order(conn, org_id=world.org_id, number="R-26001") == order
    assert states(conn, world, order) == [("proposed", "worker", "below_min"), ("sent", "worker", "published")]
    assert told(conn) == ["replenishment.order.proposed"]


def test_a_smallest_order_is_compared_in_the_unit_it_was_written_in(conn: Connection, world: World) -> None:
    """A dozen and 4.5 dozen are 54; two packs of 24 are 48, so three are asked for."""
    make.stock(conn, world, 60)
    dozens = MOQ(quantity=Fraction("4.5"), unit="DZN", quanta=54)
    make.policy(conn, world, max_quanta=119, moq=dozens)
    (order,) = make.check(conn, world)
    assert (order.quantity, order.over_max, order.moq) == (72, False, dozens)
    assert reads.order(conn, org_id=world.org_id, number=order.number) == order
    assert reads.policy(conn, org_id=world.org_id, policy_id=order.policy_id).moq == dozens


def test_a_case_that_grew_makes_the_smallest_order_larger(conn: Connection, world: World) -> None:
    make.stock(conn, world, 60)
    cases = MOQ(quantity=Fraction(3), unit="XCT", quanta=72)
    make.policy(conn, world, moq=cases)
    today = (world.now + timedelta(hours=8)).date()
    draft = UnitDraft(product_id=world.product_id, code="XCT", per_base=Fraction(100), valid_from=today)
    save_units(conn, actor=world.operator, drafts=[draft], now=world.now)
    (order,) = make.check(conn, world)
    assert (order.quantity, order.moq) == (312, cases)


def test_where_the_unit_is_no_longer_counted_in_what_was_agreed_holds(conn: Connection, world: World) -> None:
    make.stock(conn, world, 60)
    make.policy(conn, world, moq=MOQ(quantity=Fraction(3), unit="GONE", quanta=250))
    (order,) = make.check(conn, world)
    assert order.quantity == 264


def test_there_is_one_open_proposal_however_often_one_looks(conn: Connection, world: World, order: Order) -> None:
    empty = Position(on_hand=0, in_transit=0, confirmed=0, daily_demand=Fraction(0))
    looks = [(reads.policy(conn, org_id=world.org_id, policy_id=order.policy_id), empty)]
    assert make.check(conn, world) == []
    assert service.propose(conn, actor=world.worker, looks=looks, today=order.needed_on, now=world.now) == []
    assert conn.execute(select(func.count()).select_from(order_table)).scalar_one() == 1


def test_nothing_needed_takes_no_number(conn: Connection, world: World) -> None:
    make.stock(conn, world, 500)
    make.policy(conn, world)
    assert make.check(conn, world) == []
    assert told(conn) == []


def test_a_policy_with_impossible_figures_is_refused(conn: Connection, world: World) -> None:
    with pytest.raises(BadPolicy) as refusal:
        make.policy(conn, world, max_quanta=50)
    assert refusal.value.values == {"field": "max_quanta", "value": 50, "limit": 100}


def test_saving_a_policy_again_changes_it_and_ends_its_quiet(conn: Connection, world: World, order: Order) -> None:
    service.reject(conn, actor=world.supplier, number=order.number, version=2, reason="no leaves", now=world.now)
    before = reads.policy(conn, org_id=world.org_id, policy_id=order.policy_id)
    assert before.quiet_until == world.now + timedelta(hours=48)
    assert make.policy(conn, world, min_quanta=110) == order.policy_id
    after = reads.policy(conn, org_id=world.org_id, policy_id=order.policy_id)
    assert (after.min_quanta, after.quiet_until) == (110, None)


def test_a_whole_order_goes_from_acceptance_to_its_close(conn: Connection, world: World, order: Order) -> None:
    shipment_id = shipped(conn, world, order)
    shipment = reads.shipment(conn, org_id=world.org_id, shipment_id=shipment_id)
    found = reads.shipments_by_order(conn, org_id=world.org_id, order_ids=[order.id, world.product_id])
    assert found == {order.id: shipment}
    assert (shipment.number, shipment.lot_code, shipment.quantity, shipment.state) == (
        "ASN-1",
        "L-2611",
        192,
        "departed",
    )
    count = Count(quantity=192, version=4)
    result = service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now)
    assert result is Outcome.RECEIVED
    assert states(conn, world, order)[2:] == [
        ("accepted", "Lin Hua", ""),
        ("shipped", "Lin Hua", "ASN-1"),
        ("received", "Zhou Min", ""),
        ("closed", "Zhou Min", "complete"),
    ]
    counted = reads.shipment(conn, org_id=world.org_id, shipment_id=shipment_id)
    assert (counted.received, counted.state, counted.version, counted.received_at) == (
        192,
        "received",
        2,
        world.now,
    )
    assert told(conn) == [
        "replenishment.order.proposed",
        "replenishment.order.accepted",
        "replenishment.shipment.sent",
        "replenishment.goods.received",
    ]


@pytest.mark.parametrize(("counted", "outcome"), [(168, Outcome.SHORT), (0, Outcome.SHORT), (216, Outcome.OVER)])
def test_a_differing_count_needs_words_and_waits_to_be_settled(
    conn: Connection, world: World, order: Order, counted: int, outcome: Outcome
) -> None:
    shipment_id = shipped(conn, world, order)
    with pytest.raises(ReasonMissing):
        service.receive(
            conn, actor=world.operator, shipment_id=shipment_id, count=Count(quantity=counted), now=world.now
        )
    count = Count(quantity=counted, note="one case crushed")
    assert (
        service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now) is outcome
    )
    assert reads.order(conn, org_id=world.org_id, number=order.number).state is State.RECEIVED
    with pytest.raises(ReasonMissing):
        service.close(conn, actor=world.operator, number=order.number, version=None, reason=" ", now=world.now)
    closed = service.close(
        conn, actor=world.operator, number=order.number, version=5, reason="credit note", now=world.now
    )
    assert closed.state is State.CLOSED
    assert states(conn, world, order)[4:] == [
        ("received", "Zhou Min", "one case crushed"),
        ("closed", "Zhou Min", "credit note"),
    ]


def test_a_second_count_is_refused(conn: Connection, world: World, order: Order) -> None:
    shipment_id = shipped(conn, world, order)
    count = Count(quantity=192)
    service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now)
    with pytest.raises(IllegalMove):
        service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now)


def test_a_duplicate_answer_is_refused_naming_state_and_move(conn: Connection, world: World, order: Order) -> None:
    accepted(conn, world, order)
    with pytest.raises(IllegalMove) as refusal:
        accepted(conn, world, order)
    assert refusal.value.values == {"number": "R-26001", "state": "accepted", "move": "accept"}
    with pytest.raises(IllegalMove):
        service.reject(conn, actor=world.supplier, number=order.number, version=None, reason="late", now=world.now)
    assert told(conn) == ["replenishment.order.proposed", "replenishment.order.accepted"]


def test_an_answer_to_an_older_version_is_refused(conn: Connection, world: World, order: Order) -> None:
    with pytest.raises(OrderMovedOn) as refusal:
        service.accept(conn, actor=world.supplier, number=order.number, version=1, now=world.now)
    assert refusal.value.values == {"number": "R-26001", "state": "sent", "version": 2, "expected": 1}
    assert reads.order(conn, org_id=world.org_id, number=order.number) == order


def test_another_supplier_finds_nothing(conn: Connection, world: World, order: Order) -> None:
    with pytest.raises(UnknownOrder):
        service.accept(conn, actor=world.other_supplier, number=order.number, version=None, now=world.now)
    with pytest.raises(UnknownOrder):
        reads.order(conn, org_id=world.org_id, number=order.number, supplier_id=world.other_supplier_id)
    assert reads.order(conn, org_id=world.org_id, number=order.number, supplier_id=world.supplier_id) == order
    assert told(conn) == ["replenishment.order.proposed"]


def test_rejecting_needs_a_reason_and_keeps_the_policy_quiet(conn: Connection, world: World, order: Order) -> None:
    with pytest.raises(ReasonMissing):
        service.reject(conn, actor=world.supplier, number=order.number, version=2, reason="  ", now=world.now)
    rejected = service.reject(
        conn, actor=world.supplier, number=order.number, version=2, reason=" no leaves ", now=world.now
    )
    assert rejected.state is State.REJECTED
    assert states(conn, world, order)[-1] == ("rejected", "Lin Hua", "no leaves")
    later = world.now + timedelta(hours=47, minutes=59)
    assert make.check(conn, world, later) == []
    assert [new.number for new in make.check(conn, world, world.now + timedelta(hours=48))] == ["R-26002"]


def test_a_person_may_ask_again_during_the_quiet(conn: Connection, world: World, order: Order) -> None:
    service.reject(conn, actor=world.supplier, number=order.number, version=2, reason="no", now=world.now)
    asked = make.check(conn, world, policy_id=order.policy_id, even_quiet=True)
    assert [new.number for new in asked] == ["R-26002"]


def test_cancelling_ends_an_accepted_order_but_not_a_shipped_one(
    conn: Connection, world: World, order: Order
) -> None:
    accepted(conn, world, order)
    with pytest.raises(ReasonMissing):
        service.cancel(conn, actor=world.operator, number=order.number, version=3, reason="", now=world.now)
    cancelled = service.cancel(
        conn, actor=world.operator, number=order.number, version=3, reason="range ends", now=world.now
    )
    assert cancelled.state is State.CANCELLED
    later = world.now + timedelta(days=3)
    (again,) = make.check(conn, world, later)
    shipped(conn, world, again)
    with pytest.raises(IllegalMove) as refusal:
        service.cancel(conn, actor=world.operator, number=again.number, version=None, reason="x", now=later)
    assert refusal.value.values == {"number": "R-26002", "state": "shipped", "move": "cancel"}


def test_silence_expires_at_the_deadline_and_not_before(conn: Connection, world: World, order: Order) -> None:
    assert service.expire(conn, actor=world.worker, now=order.answer_by - timedelta(seconds=1)) == []
    (expired,) = service.expire(conn, actor=world.worker, now=order.answer_by)
    assert (expired.number, expired.state) == ("R-26001", State.EXPIRED)
    assert service.expire(conn, actor=world.worker, now=order.answer_by) == []
    with pytest.raises(IllegalMove):
        accepted(conn, world, order)
    assert told(conn) == ["replenishment.order.proposed", "replenishment.order.expired"]


def test_shipping_checks_quantity_lot_dates_and_number(conn: Connection, world: World, order: Order) -> None:
    accepted(conn, world, order)

    def ship(**changes: object) -> None:
        draft = make.despatch(world, **changes)  # type: ignore[arg-type]
        service.ship(conn, actor=world.supplier, number=order.number, version=3, draft=draft, now=world.now)

    with pytest.raises(ShipmentDiffers) as refusal:
        ship(quantity=168)
    assert refusal.value.values == {"shipped": 168, "ordered": 192}
    for wrong in ({"lot_code": ""}, {"number": ""}, {"expires_on": world.now.date() - timedelta(days=11)}):
        with pytest.raises(LotMissing):
            ship(**wrong)
    ship(made_on=None)
    assert reads.order(conn, org_id=world.org_id, number=order.number).state is State.SHIPPED


def test_a_despatch_number_is_used_once_by_a_supplier(conn: Connection, world: World, order: Order) -> None:
    shipped(conn, world, order)
    make.policy(conn, world, min_quanta=400, max_quanta=600)
    (second,) = make.check(conn, world)
    accepted(conn, world, second)
    draft = make.despatch(world, quantity=second.quantity)
    savepoint = conn.begin_nested()
    with pytest.raises(ShipmentNumberTaken) as refusal:
        service.ship(conn, actor=world.supplier, number=second.number, version=3, draft=draft, now=world.now)
    savepoint.rollback()
    assert refusal.value.values == {"number": "ASN-1"}
    assert reads.order(conn, org_id=world.org_id, number=second.number).state is State.ACCEPTED


def test_what_does_not_exist_is_said_by_its_own_name(conn: Connection, world: World) -> None:
    nobody = new_id(world.now)
    with pytest.raises(UnknownPolicy):
        reads.policy(conn, org_id=world.org_id, policy_id=nobody)
    with pytest.raises(UnknownOrder):
        reads.order(conn, org_id=world.org_id, number="R-1")
    with pytest.raises(UnknownShipment):
        reads.shipment(conn, org_id=world.org_id, shipment_id=nobody)
    with pytest.raises(UnknownOrder):
        service.accept(conn, actor=world.supplier, number="R-1", version=None, now=world.now)
