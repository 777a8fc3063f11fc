"""Whatever happens to stock in whatever order, no promise already made is broken (``domain.md`` 4b-4).

The database is compared with a small model that knows nothing of summaries, triggers or locks: it adds up days.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import CannotPromise
from portal.inventory.reserving import ReservationOver
from portal.kernel.disclosure import Disclosure
from support.holding import fence, line, order, summary
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

DAYS = st.integers(0, 4)
QUANTITIES = st.integers(1, 9)
DEEDS = st.one_of(
    st.tuples(st.just("book"), QUANTITIES),
    st.tuples(st.just("expect"), QUANTITIES, DAYS),
    st.tuples(st.just("hold"), QUANTITIES, DAYS),
    st.tuples(st.just("allocate"), QUANTITIES, DAYS),
    st.tuples(st.just("fence"), QUANTITIES, DAYS),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("release"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([10, 31])),
)


@dataclass
class Flow:
    """A quantity on a day: supply above zero, demand below; a hold ends at a minute, a pool at another."""

    day: int
    quantity: int
    until: int | None = None


@dataclass
class Model:
    """The stock of one product at one node, as a list of flows."""

    hand: int = 0
    minute: int = 0
    flows: list[Flow] = field(default_factory=list)
    holds: dict[UUID, Flow] = field(default_factory=dict)

    def free(self, day: int) -> int:
        """Return what can be promised on a day: what no day from then on falls below."""
        counted = [one for one in self.flows if one.until is None or one.until > self.minute]
        levels = [self.hand + sum(one.quantity for one in counted if one.day <= late) for late in range(day, 6)]
        return max(0, min(levels))

    def committed(self) -> int:
        """Return what is promised, held or fenced off now."""
        counted = [one for one in self.flows if one.until is None or one.until > self.minute]
        return -sum(one.quantity for one in counted if one.quantity < 0)


@dataclass
class Twin:
    """The database and the model, doing the same."""

    stock: Stock
    tea: UUID
    model: Model = field(default_factory=Model)
    number: int = 0

    @property
    def now(self) -> Any:
        return NOW + timedelta(minutes=self.model.minute)

    def book(self, quantity: int) -> None:
        self.stock.book(self.tea, quantity, lot=f"L{self.number}")
        self.model.hand += quantity

    def expect(self, quantity: int, day: int) -> None:
        self.stock.expect(self.tea, quantity, days=day, key=f"PO-{self.number}")
        self.model.flows.append(Flow(day, quantity))

    def hold(self, quantity: int, day: int) -> None:
        draft = order(
            line(self.stock, self.tea, quantity, days=day),
            key=f"K-{self.number}",
            held_until=self.now + timedelta(minutes=30),
        )
        held = self._fits(
            quantity, day, lambda: service.reserve(self.stock.connection, actor=ACTOR, draft=draft, now=self.now)
        )
        if held is not None:
            flow = Flow(day, -quantity, until=self.model.minute + 30)
            self.model.flows.append(flow)
            self.model.holds[held.id] = flow

    def allocate(self, quantity: int, day: int) -> None:
        key = f"SO-{self.number}"
        done = self._fits(quantity, day, lambda: self.stock.promise(self.tea, quantity, days=day, key=key) or True)
        if done is not None:
            self.model.flows.append(Flow(day, -quantity))

    def fence(self, quantity: int, day: int) -> None:
        hours = 24 * (day + 2)
        done = self._fits(
            quantity,
            day,
            lambda: fence(
                self.stock, self.tea, quantity, starts=in_days(day), hours=hours, name=f"P-{self.number}"
            ),
        )
        if done is not None:
            self.model.flows.append(Flow(day, -quantity, until=hours * 60))

    def confirm(self, which: int) -> None:
        self._settle(which, service.confirm)

    def release(self, which: int) -> None:
        self._settle(which, service.release_reservation)

    def wait(self, minutes: int) -> None:
        self.model.minute += minutes
        service.keep_up(self.stock.connection, org_id=ORG, now=self.now)

    def _settle(self, which: int, deed: Any) -> None:
        if which >= len(self.model.holds):
            return
        key = list(self.model.holds)[which]
        flow = self.model.holds.pop(key)
        over = flow.until is not None and flow.until <= self.model.minute
        try:
            deed(self.stock.connection, actor=ACTOR, reservation_id=key, now=self.now)
            assert not over or deed is service.release_reservation
        except ReservationOver:
            assert over
            return
        if deed is service.confirm:
            flow.until = None
        else:
            self.model.flows.remove(flow)

    def _fits(self, quantity: int, day: int, deed: Any) -> Any:
        free = self.model.free(day)
        if quantity <= free:
            return deed()
        with pytest.raises(CannotPromise) as refused:
            deed()
        assert refused.value.values["possible"] == free
        return None

    def compare(self) -> None:
        """What everybody is promised on every day, and the summary, are what the model says."""
        staff = Disclosure(tier=None, everything=True)
        (row,) = reads.availability(self.stock.connection, org_id=ORG, disclosure=staff, as_of=self.now).rows
        for day in range(5):
            on = in_days(day)
            shown = [step.quantity for step in row.steps if step.on <= on][-1]
            assert shown == self.model.free(day)
        if self.model.flows or self.model.hand:
            found = summary(self.stock.connection, self.tea, self.stock.main)
            assert found[:3] == (self.model.hand, self.model.hand, self.model.committed())


@pytest.fixture
def stock(conn: Connection) -> Stock:
    return stock_company(conn)


@given(deeds=st.lists(DEEDS, max_size=12))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_deeds_promises_what_the_days_allow(stock: Stock, deeds: list[tuple[Any, ...]]) -> None:
    savepoint = stock.connection.begin_nested()
    twin = Twin(stock, stock.product("TEA"))
    stock.connection.execute(
        text("INSERT INTO stock_summary (org_id, product_id, location_id) VALUES (:org, :tea, :place)"),
        {"org": ORG, "tea": twin.tea, "place": stock.main},
    )
    for number, (deed, *values) in enumerate(deeds):
        twin.number = number
        getattr(twin, deed)(*values)
        twin.compare()
    savepoint.rollback()
