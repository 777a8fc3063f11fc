"""News goes out with the rows that make it true, arrives at least once, and has exactly one effect."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.kernel.errors import NotFound
from portal.kernel.ids import new_id
from portal.kernel.messages import Message
from portal.platform.bus import Bus, Delivery, UnknownMessage
from portal.platform.db import Database
from portal.platform.outbox import deliver, publish


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPicked(Message):
    """A fact for these tests."""

    name: ClassVar[str] = "test.leaf.picked"

    number: str


class Listener:
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def __call__(self, message: Message, delivery: Delivery) -> None:
        self.heard.append((message, delivery.message_id, delivery.now))


def jobs(conn: Connection) -> list[tuple[str, str | None, dict[str, str]]]:
    rows = conn.execute(text("SELECT task_name, lock, args FROM procrastinate_jobs ORDER BY id"))
    return [(row.task_name, row.lock, row.args) for row in rows]


@pytest.fixture
def picked(org_id: UUID) -> LeafPicked:
    return LeafPicked(org_id=org_id, number="L-1")


def test_a_message_and_its_job_are_written_with_the_callers_rows(
    conn: Connection, picked: LeafPicked, now: datetime
) -> None:
    savepoint = conn.begin_nested()
    message_id = publish(conn, picked, now=now)
    assert jobs(conn) == [("outbox.deliver", None, {"org_id": str(picked.org_id), "message_id": str(message_id)})]
    savepoint.rollback()
    assert jobs(conn) == []
    assert conn.execute(text("SELECT count(*) FROM outbox_message")).scalar_one() == 0


def test_messages_of_one_subject_are_queued_one_after_another(
    conn: Connection, picked: LeafPicked, now: datetime
) -> None:
    publish(conn, picked, now=now, in_order_with="order/1")
    assert [lock for _, lock, _ in jobs(conn)] == ["order/1"]


def test_every_handler_hears_a_message_exactly_once(
    conn: Connection, database: Database, picked: LeafPicked, now: datetime
) -> None:
    first, second, bus = Listener(), Listener(), Bus()
    bus.subscribe(LeafPicked, "first", first)
    bus.subscribe(LeafPicked, "second", second)
    message_id = publish(conn, picked, now=now)

    def arrive() -> list[str]:
        return deliver(database, bus, org_id=picked.org_id, message_id=message_id, now=now)

    assert arrive() == ["first", "second"]
    assert arrive() == []
    assert first.heard == second.heard == [(picked, message_id, now)]


def test_a_handler_that_failed_hears_it_again_and_the_others_do_not(
    conn: Connection, database: Database, picked: LeafPicked, now: datetime
) -> None:
    good, bad, bus = Listener(), Listener(), Bus()

    def fails_once(message: Message, delivery: Delivery) -> None:
        delivery.connection.execute(text("CREATE TABLE half_done (n integer)"))
        bad(message, delivery)
        if len(bad.heard) == 1:
            raise RuntimeError(delivery.message_id)

    bus.subscribe(LeafPicked, "good", good)
    bus.subscribe(LeafPicked, "bad", fails_once)
    message_id = publish(conn, picked, now=now)
    with pytest.raises(RuntimeError):
        deliver(database, bus, org_id=picked.org_id, message_id=message_id, now=now)
    assert conn.execute(text("SELECT to_regclass('half_done')")).scalar_one() is None
    assert deliver(database, bus, org_id=picked.org_id, message_id=message_id, now=now) == ["bad"]
    assert (len(good.heard), len(bad.heard)) == (1, 2)


def test_a_message_nobody_listens_to_is_done(
    conn: Connection, database: Database, picked: LeafPicked, now: datetime
) -> None:
    message_id = publish(conn, picked, now=now)
    assert deliver(database, Bus(), org_id=picked.org_id, message_id=message_id, now=now) == []


def test_a_message_that_was_never_stored_or_is_another_companys_is_not_found(
    conn: Connection, database: Database, picked: LeafPicked, now: datetime
) -> None:
    message_id = publish(conn, picked, now=now)
    with pytest.raises(NotFound):
        deliver(database, Bus(), org_id=picked.org_id, message_id=new_id(now), now=now)
    with pytest.raises(NotFound):
        deliver(database, Bus(), org_id=new_id(now), message_id=message_id, now=now)


def test_a_name_no_class_has_is_refused_by_name() -> None:
    with pytest.raises(UnknownMessage) as refusal:
        Bus().read("test.leaf.lost", {})
    assert refusal.value.values == {"name": "test.leaf.lost"}


def test_handlers_are_named_and_kept_in_their_order(picked: LeafPicked) -> None:
    bus, first, second = Bus(), Listener(), Listener()
    bus.subscribe(LeafPicked, "b", first)
    bus.subscribe(LeafPicked, "a", second)
    assert list(bus.handlers_of(picked.name)) == ["b", "a"]
    assert bus.handlers_of("test.nothing") == {}
    assert bus.read(picked.name, picked.to_json()) == picked
