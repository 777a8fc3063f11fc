"""Who wants to hear which message: handlers by name, each with exactly one effect per message."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.kernel.errors import NotFound
from portal.kernel.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a handler is given beside the message.

    Attributes:
        connection: Open transaction; the handler's effects and the note "handled" commit together.
        message_id: Identifier to build idempotency keys of further deeds from.
        now: Instant of the delivery.
    """

    connection: Connection
    message_id: UUID
    now: datetime


Handler = Callable[[Message, Delivery], None]


class UnknownMessage(NotFound):
    """A message name that no class in this release has."""

    code = "unknown_message"


class Bus:
    """The register of message classes and their handlers."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Message]] = {}
        self._handlers: dict[str, dict[str, Handler]] = {}

    def subscribe(self, message: type[Message], name: str, handler: Handler) -> None:
        """Let ``handler`` hear every ``message``; ``name`` is stable, it keys the exactly-once note."""
        self._classes[message.name] = message
        self._handlers.setdefault(message.name, {})[name] = handler

    def read(self, name: str, body: dict[str, object]) -> Message:
        """Rebuild a message from the wire.

        Raises:
            UnknownMessage: No handler was ever registered for ``name``.
        """
        if name not in self._classes:
            raise UnknownMessage(f"No message is called {name}.", name=name)
        return self._classes[name].from_json(body)

    def handlers_of(self, name: str) -> dict[str, Handler]:
        """Return the handlers of a message by their names, in order of registration."""
        return dict(self._handlers.get(name, {}))
