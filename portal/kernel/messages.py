"""What every message between rooms has: a name on the wire and a JSON-shaped body.

Messages are facts in the past tense, written in the same transaction as the rows they tell of
(``portal.platform.outbox``) and handled at least once, with exactly one effect.
"""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Self, get_type_hints
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Root of all messages; fields are str, int, bool, UUID, date, datetime or None.

    Attributes:
        org_id: The host company the fact belongs to.
    """

    name: ClassVar[str] = ""

    org_id: UUID

    def to_json(self) -> dict[str, Any]:
        """Return the body as JSON types (identifiers and instants as text)."""
        return {key: _to_json(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Rebuild the message from ``to_json``'s output."""
        hints = get_type_hints(cls)
        return cls(**{f.name: _from_json(body[f.name], hints[f.name]) for f in fields(cls)})


def _to_json(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _from_json(value: Any, hint: Any) -> Any:
    kinds = getattr(hint, "__args__", (hint,))
    if not isinstance(value, str):
        return value
    if UUID in kinds:
        return UUID(value)
    if datetime in kinds:
        return datetime.fromisoformat(value)
    if date in kinds:
        return date.fromisoformat(value)
    return value
