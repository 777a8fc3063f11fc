"""Deeds on the people of a partner by the host's staff: taking the right to sign in, ending sessions and keys.

Every function writes in the caller's transaction and never commits.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from portal.kernel.actor import Actor
from portal.partners import api_keys, reads
from portal.partners.store import person_table
from portal.platform import audit
from portal.platform.audit import Fact


def deactivate(connection: Connection, *, actor: Actor, partner_id: UUID, person_id: UUID, now: datetime) -> None:
    """Take the right to sign in from somebody of a partner, and end their sessions and tokens.

    Args:
        connection: Open transaction.
        actor: Who does it.
        partner_id: The person's firm.
        person_id: The person.
        now: Instant of the deed.

    Raises:
        NoSuchPerson: Nobody active of that firm has the id.
    """
    _change(connection, actor, partner_id, person_id, "person.deactivated", now, active=False)


def end_sessions_of(
    connection: Connection, *, actor: Actor, partner_id: UUID, person_id: UUID, now: datetime
) -> None:
    """End every session and token of somebody of a partner; they may sign in again.

    Args:
        connection: Open transaction.
        actor: Who does it.
        partner_id: The person's firm.
        person_id: The person.
        now: Instant of the deed.

    Raises:
        NoSuchPerson: Nobody active of that firm has the id.
    """
    _change(connection, actor, partner_id, person_id, "person.sessions_ended", now, active=True)


def _change(  # noqa: PLR0913 - who, whose, what, when
    connection: Connection,
    actor: Actor,
    partner_id: UUID,
    person_id: UUID,
    what: str,
    now: datetime,
    *,
    active: bool,
) -> None:
    person = reads.person_of(connection, org_id=actor.org_id, partner_id=partner_id, person_id=person_id)
    connection.execute(
        update(person_table)
        .where(person_table.c.org_id == actor.org_id, person_table.c.id == person.id)
        .values(active=active, session_version=person_table.c.session_version + 1)
    )
    api_keys.end_all(connection, org_id=actor.org_id, person_id=person.id, now=now)
    fact = Fact(kind="person", what=what, partner_id=partner_id, details={"person": str(person.id)})
    audit.append(connection, actor=actor, fact=fact, now=now)
