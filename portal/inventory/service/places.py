"""Zones and bins within a node, and how long a node's word holds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS, UnknownLocation
from portal.inventory.places import ABOVE, STALE_POLICIES, BadPlace, UnknownStatus
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id

MAX_CODE = 40
"""Longest code of a zone or bin, in characters."""


def add_place(  # noqa: PLR0913 - the facts of one place
    connection: Connection,
    *,
    actor: Actor,
    parent_id: UUID,
    level: str,
    code: str,
    name_zh: str,
    name_en: str,
    now: datetime,
) -> UUID:
    """Add a zone to a node, or a bin to a node or a zone; returns its id.

    Args:
        connection: Open transaction.
        actor: Who does it.
        parent_id: What it belongs to.
        level: ``zone`` or ``bin``.
        code: What is written on it, once in the company; 1 to 40 characters.
        name_zh: Chinese name, or empty for the code.
        name_en: English name, or empty for the code.
        now: Instant.

    Raises:
        UnknownLocation: What it should belong to is not in the books.
        BadPlace: The code is empty, too long or taken, or the level does not go there.
    """
    code = code.strip()
    parent = connection.execute(
        text(
            "SELECT code, level, kind, node_id FROM location"
            " WHERE org_id = :org AND id = :id AND kind = ANY(CAST(:real AS text[]))"
        ),
        {"org": actor.org_id, "id": parent_id, "real": list(REAL_KINDS)},
    ).first()
    if parent is None:
        raise UnknownLocation(f"No place {parent_id} is known.", location=str(parent_id))
    if not 1 <= len(code) <= MAX_CODE or parent.level not in ABOVE.get(level, ()):
        raise BadPlace(f"No {level} {code} can be in {parent.code}.", place=code)
    added = connection.execute(
        text("""
            INSERT INTO location (org_id, id, code, name_zh, name_en, kind, level, parent_id, within_id,
                                  created_at)
            VALUES (:org, :id, :code, :zh, :en, :kind, :level, :parent, :node, :now)
            ON CONFLICT (org_id, code) DO NOTHING RETURNING id
        """),
        {
            "org": actor.org_id,
            "id": new_id(now),
            "code": code,
            "zh": name_zh.strip() or code,
            "en": name_en.strip() or code,
            "kind": parent.kind,
            "level": level,
            "parent": parent_id,
            "node": parent.node_id,
            "now": now,
        },
    ).first()
    if added is None:
        raise BadPlace(f"The code {code} is taken.", place=code)
    return UUID(str(added.id))


def rename_place(connection: Connection, *, actor: Actor, place_id: UUID, name_zh: str, name_en: str) -> None:
    """Give a node, zone or bin other names; its code, which is on the rack, stays.

    Raises:
        UnknownLocation: It is not in the books, or is a virtual place.
        BadPlace: A name is empty.
    """
    if not name_zh.strip() or not name_en.strip():
        raise BadPlace("A place needs a name in both languages.", place=name_zh.strip() or name_en.strip())
    changed = connection.execute(
        text(
            "UPDATE location SET name_zh = :zh, name_en = :en"
            " WHERE org_id = :org AND id = :id AND kind = ANY(CAST(:real AS text[])) RETURNING 1"
        ),
        {
            "org": actor.org_id,
            "id": place_id,
            "zh": name_zh.strip(),
            "en": name_en.strip(),
            "real": list(REAL_KINDS),
        },
    ).first()
    if changed is None:
        raise UnknownLocation(f"No place {place_id} is known.", location=str(place_id))


def limit_feed(connection: Connection, *, actor: Actor, node_id: UUID, hours: int | None, policy: str) -> None:
    """Say how old a node's feed may be, and whether its stock still counts when it is older.

    Args:
        connection: Open transaction.
        actor: Who does it.
        node_id: A real node.
        hours: 1 or more, or ``None`` for no limit.
        policy: One of ``STALE_POLICIES``.

    Raises:
        UnknownLocation: It is not a node in the books.
        BadPlace: The hours are below 1.
        UnknownStatus: There is no such policy.
    """
    if policy not in STALE_POLICIES:
        raise UnknownStatus(f"There is no policy {policy}.", status=policy)
    if hours is not None and hours < 1:
        raise BadPlace(f"A limit of {hours} hours is none.", place=str(hours))
    changed = connection.execute(
        text(
            "UPDATE location SET feed_limit_hours = :hours, stale_policy = :policy"
            " WHERE org_id = :org AND id = :id AND level = 'node' AND kind = ANY(CAST(:real AS text[]))"
            " RETURNING 1"
        ),
        {"org": actor.org_id, "id": node_id, "hours": hours, "policy": policy, "real": list(REAL_KINDS)},
    ).first()
    if changed is None:
        raise UnknownLocation(f"No node {node_id} is known.", location=str(node_id))
