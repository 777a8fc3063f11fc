"""The outbox: news written in the transaction that makes it true, delivered after the commit.

``publish`` stores the message and defers one delivery job on the same connection. ``deliver`` hands it to every
handler, each in a transaction of its own that also notes "handled": a message may arrive twice, its effect not.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, PrimaryKeyConstraint, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from portal.kernel.errors import NotFound
from portal.kernel.ids import new_id
from portal.kernel.messages import Message
from portal.platform.bus import Bus, Delivery
from portal.platform.db import METADATA, Database, identifier, instant, org_table
from portal.platform.jobs import defer

DELIVER = "outbox.deliver"
"""Name of the delivery task."""

message_table = org_table(
    "outbox_message",
    Column("name", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    instant("at"),
)

handled_table = Table(
    "message_handled",
    METADATA,
    identifier("org_id"),
    identifier("message_id"),
    Column("handler", Text, nullable=False),
    instant("at"),
    PrimaryKeyConstraint("org_id", "message_id", "handler"),
)


def publish(connection: Connection, message: Message, *, now: datetime, in_order_with: str | None = None) -> UUID:
    """Write ``message`` and its delivery job in the caller's transaction; returns its id.

    Args:
        connection: Open transaction; the news goes out with its commit.
        message: The fact.
        now: Instant of the fact.
        in_order_with: Messages with the same word here are delivered one after another, in the order of
            their publishing; without it two messages may overtake each other.
    """
    message_id = new_id(now)
    connection.execute(
        message_table.insert().values(
            org_id=message.org_id, id=message_id, name=message.name, body=message.to_json(), at=now
        )
    )
    defer(connection, DELIVER, lock=in_order_with, org_id=str(message.org_id), message_id=str(message_id))
    return message_id


def deliver(database: Database, bus: Bus, *, org_id: UUID, message_id: UUID, now: datetime) -> list[str]:
    """Hand a stored message to its handlers; returns the names that had an effect this time.

    Raises:
        NotFound: No such message is stored.
    """
    with database.reading() as connection:
        row = connection.execute(
            select(message_table.c.name, message_table.c.body).where(
                message_table.c.org_id == org_id, message_table.c.id == message_id
            )
        ).one_or_none()
    if row is None:
        raise NotFound(f"No message {message_id} is stored.", message_id=str(message_id))
    handlers = bus.handlers_of(row.name)
    if not handlers:
        return []
    message = bus.read(row.name, row.body)
    effective = []
    for name, handler in handlers.items():
        with database.transaction() as connection:
            first = connection.execute(
                insert(handled_table)
                .values(org_id=org_id, message_id=message_id, handler=name, at=now)
                .on_conflict_do_nothing()
                .returning(handled_table.c.handler)
            ).one_or_none()
            if first is not None:
                handler(message, Delivery(connection=connection, message_id=message_id, now=now))
                effective.append(name)
    return effective
