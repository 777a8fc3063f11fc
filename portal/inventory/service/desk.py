"""The desk: holds stock for many callers of one process, and lets those who queue for one thing go in together.

Orders for different things never meet and commit by themselves. Callers who want the same product from the same
node wait for each other's commits; once enough of them are under way in this process, the one at the front takes
everybody behind it along in one transaction (group commit). The queue is counted, nothing is switched on by
guessing. Every caller is told only after the commit.
"""

from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from threading import Lock
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from portal.inventory.reserving import Held, ReserveDraft
from portal.inventory.service.reservations import Asked, answer_of, ask, ask_together, asked_for, held_of
from portal.kernel.actor import Actor
from portal.platform.db import Database, own_cursor

QUEUE = 2
"""Orders for one thing under way beyond which the next ones go in together."""

TOGETHER = 200
"""Most orders in one transaction."""

TRIES = 4
"""How often an order is tried: a circle of waiting may be broken at its cost, its key be used in that moment."""

Answer = dict[str, Any]
Key = tuple[UUID, UUID]
Deed = Callable[[psycopg.Cursor[Any]], list[Answer]]
Opened = Callable[[], AbstractContextManager[Connection]]


@dataclass(slots=True)
class _Waiting:
    """Somebody in the queue: let through with an answer, with a failure, or to lead those behind.

    The gate is a bare lock, taken from the start: an ``Event`` costs several times as much to wake, and waking
    people is what a long queue spends its time on. Whoever is told tells the one ``behind``: were a group woken at
    once, its threads would fight over the interpreter.
    """

    asked: Asked
    gate: Lock = field(default_factory=Lock)
    answer: Answer | None = None
    failure: Exception | None = None
    behind: "_Waiting | None" = None

    def __post_init__(self) -> None:
        self.gate.acquire()


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
        self._busy: Counter[Key] = Counter()
        self._lanes: dict[Key, deque[_Waiting]] = {}

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
        mine = self._enter(key, asked)
        if mine is not None:
            return self._together(key, mine)
        try:
            # Every way to hold one order is one statement: it needs no transaction around it.
            return self._commit(lambda cursor: [ask(cursor, asked)], self._database.committing)[0]
        finally:
            with self._lock:
                self._leave(key, 1)

    def _enter(self, key: Key, asked: Asked) -> _Waiting | None:
        """Count somebody in; returns their place in the queue where there is one to stand in."""
        with self._lock:
            together = asked.single and self._busy[key] >= self._queue
            self._busy[key] += 1
            if not together:
                return None
            mine = _Waiting(asked)
            lane = self._lanes.get(key)
            if lane is None:
                # Nobody leads yet: the first of a queue goes straight through the gate.
                lane = self._lanes[key] = deque()
                mine.gate.release()
            lane.append(mine)
            return mine

    def _leave(self, key: Key, count: int) -> None:
        self._busy[key] -= count
        if not self._busy[key]:
            del self._busy[key]

    def _together(self, key: Key, mine: _Waiting) -> Answer:
        mine.gate.acquire()
        if mine.answer is None and mine.failure is None:
            self._lead(key)
        if mine.behind is not None:
            mine.behind.gate.release()
        if mine.failure is not None:
            raise mine.failure
        return mine.answer or {}

    def _lead(self, key: Key) -> None:
        """Take those at the front of the queue along, oneself first; then let the next one lead."""
        with self._lock:
            lane = self._lanes[key]
            group = [lane.popleft() for _ in range(min(TOGETHER, len(lane)))]
            self.shared += len(group)
        try:
            answers = self._commit(
                lambda cursor: ask_together(cursor, [one.asked for one in group]), self._database.transaction
            )
            for one, answer in zip(group, answers, strict=True):
                one.answer = answer
        except Exception as error:  # noqa: BLE001 - everybody in the group is told, whatever it is
            for one in group:
                one.failure = error
        for one, behind in pairwise(group):
            one.behind = behind
        with self._lock:
            self._leave(key, len(group))
            if lane:
                # First of all, so that the database works while those who are done are told.
                lane[0].gate.release()
            else:
                del self._lanes[key]

    def _commit(self, deed: Deed, opened: Opened) -> list[Answer]:
        for _ in range(TRIES - 1):
            try:
                return self._once(deed, opened)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation):
                continue
        return self._once(deed, opened)

    def _once(self, deed: Deed, opened: Opened) -> list[Answer]:
        with opened() as connection:
            return deed(own_cursor(connection))
