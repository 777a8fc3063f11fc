"""The desk: holds stock for many callers of one process, and lets those who queue for one thing go in together.

Orders for different things never meet and commit by themselves. Callers who want the same product from the same
node wait for each other's commits; once enough of them are under way in this process, the one at the front takes
everybody behind it along in one transaction (group commit). The queue is counted, nothing is switched on by
guessing. Every caller is told only after the commit.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from typing import Any
from uuid import UUID

import psycopg

from portal.inventory.reserving import Held, ReserveDraft
from portal.inventory.service.reservations import Asked, answer_of, ask, ask_together, asked_for, held_of
from portal.kernel.actor import Actor
from portal.platform.db import Database, driver_connection

QUEUE = 2
"""Orders for one thing under way beyond which the next ones go in together."""

TOGETHER = 200
"""Most orders in one transaction."""

TRIES = 4
"""How often an order is tried: a circle of waiting may be broken at its cost, its key be used in that moment."""

Answer = dict[str, Any]
Deed = Callable[[psycopg.Connection[Any]], list[Answer]]


@dataclass(slots=True)
class _Waiting:
    """Somebody in the queue: woken with an answer, with a failure, or to lead those behind."""

    asked: Asked
    woken: Event = field(default_factory=Event)
    answer: Answer | None = None
    failure: Exception | None = None


class ReservationDesk:
    """Holds stock, one order a call, each in a transaction of its own or shared with those who queue.

    Args:
        database: Connections; a call takes one at most.
        queue: How many orders for one thing may be under way by themselves.

    Attributes:
        shared: Orders that went in together with others so far.
    """

    def __init__(self, database: Database, *, queue: int = QUEUE) -> None:
        self.shared = 0
        self._database = database
        self._queue = queue
        self._lock = Lock()
        self._busy: Counter[tuple[UUID, UUID]] = Counter()
        self._lanes: dict[tuple[UUID, UUID], deque[_Waiting]] = {}

    def reserve(self, *, actor: Actor, draft: ReserveDraft, now: datetime) -> Held:
        """Hold stock for an order and commit; raises what ``service.reserve`` raises.

        Args:
            actor: Who asks.
            draft: The order.
            now: Instant, in the company's zone.
        """
        asked = asked_for(actor, draft, now=now)
        answer = self._ask(asked)
        if answer["outcome"] == "held":
            return held_of(asked, answer)
        with self._database.transaction() as connection:
            return answer_of(connection, asked, answer)

    def _ask(self, asked: Asked) -> Answer:
        key = (asked.lines[0].product_id, asked.lines[0].location_id)
        with self._lock:
            together = asked.single and self._busy[key] >= self._queue
            self._busy[key] += 1
        try:
            if together:
                return self._together(key, asked)
            return self._commit(lambda driver: [ask(driver, asked)])[0]
        finally:
            with self._lock:
                self._busy[key] -= 1
                if not self._busy[key]:
                    del self._busy[key]

    def _together(self, key: tuple[UUID, UUID], asked: Asked) -> Answer:
        mine = _Waiting(asked)
        with self._lock:
            leads = key not in self._lanes
            self._lanes.setdefault(key, deque()).append(mine)
        if not leads:
            mine.woken.wait()
        if mine.answer is None and mine.failure is None:
            self._lead(key)
        if mine.failure is not None:
            raise mine.failure
        return mine.answer or {}

    def _lead(self, key: tuple[UUID, UUID]) -> None:
        """Take those at the front of the queue along, oneself first; then wake the next to lead."""
        with self._lock:
            lane = self._lanes[key]
            group = [lane.popleft() for _ in range(min(TOGETHER, len(lane)))]
            self.shared += len(group)
        try:
            answers = self._commit(lambda driver: ask_together(driver, [one.asked for one in group]))
            for one, answer in zip(group, answers, strict=True):
                one.answer = answer
        except Exception as error:  # noqa: BLE001 - everybody in the group is told, whatever it is
            for one in group:
                one.failure = error
        with self._lock:
            successor = lane[0] if lane else None
            if successor is None:
                del self._lanes[key]
        for one in [*group, *([successor] if successor else [])]:
            one.woken.set()

    def _commit(self, deed: Deed) -> list[Answer]:
        for _ in range(TRIES - 1):
            try:
                return self._once(deed)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation):
                continue
        return self._once(deed)

    def _once(self, deed: Deed) -> list[Answer]:
        with self._database.transaction() as connection:
            return deed(driver_connection(connection))
