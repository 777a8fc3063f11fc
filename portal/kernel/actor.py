"""Who does a deed: the few facts a rule or a log line needs of a person or a program."""

from dataclasses import dataclass
from uuid import UUID

from portal.kernel.disclosure import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone, or the worker, acting within one host company.

    Attributes:
        org_id: Host company the deed belongs to.
        person_id: The person; ``None`` when a program acts (worker, import on the command line).
        role: The role acted in; ``None`` for a program.
        partner_id: The partner the person belongs to; ``None`` for the host's own staff and programs.
        label: Name written into histories, for example "Zhou Min" or "worker".
    """

    org_id: UUID
    label: str
    person_id: UUID | None = None
    role: Role | None = None
    partner_id: UUID | None = None
