"""Places as a table tells them: nodes, then the zones in them, then the bins in either."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import REAL_KINDS, LocationDraft
from portal.inventory.places import ABOVE, BadPlace
from portal.inventory.service.books import ensure_virtual_locations, ids_by_key
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def save_locations(
    connection: Connection, *, actor: Actor, drafts: Sequence[LocationDraft], now: datetime
) -> dict[str, UUID]:
    """Add places, or bring them up to date by code; returns the ids by code.

    The virtual places are made as well. Of two drafts with the same code the last one counts. Zones and bins carry
    the kind of their node; what is there keeps its level and its node.

    Raises:
        BadPlace: A zone or bin does not go where it should belong to, a code is that of a place of another level
            or in another node, or a node should belong to something; nothing has changed.
    """
    ensure_virtual_locations(connection, org_id=actor.org_id, now=now)
    wanted = {draft.code: draft for draft in drafts}
    for level in ("node", *ABOVE):
        some = [draft for draft in wanted.values() if draft.level == level]
        if some:
            _save(connection, actor.org_id, some, level, now)
    connection.execute(
        text(
            "UPDATE location b SET kind = n.kind FROM location n WHERE b.org_id = :org AND n.org_id = :org"
            " AND n.id = b.within_id AND n.kind <> b.kind"
        ),
        {"org": actor.org_id},
    )
    _check_saved(connection, actor.org_id, list(wanted.values()))
    return ids_by_key(connection, "location", "code", actor.org_id, list(wanted))


def _save(
    connection: Connection, org_id: UUID, drafts: Sequence[LocationDraft], level: str, now: datetime
) -> None:
    connection.execute(
        _NODES if level == "node" else _BELOW,
        {
            "org": org_id,
            "now": now,
            "level": level,
            "above": list(ABOVE.get(level, ())),
            "real": list(REAL_KINDS),
            "ids": [new_id(now) for _ in drafts],
            "codes": [draft.code for draft in drafts],
            "zh": [draft.name_zh for draft in drafts],
            "en": [draft.name_en for draft in drafts],
            "kinds": [draft.kind for draft in drafts],
            "parents": [draft.parent for draft in drafts],
        },
    )


_DRAFTS = """
    unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[]), CAST(:zh AS text[]), CAST(:en AS text[]),
           CAST(:kinds AS text[]), CAST(:parents AS text[])) AS u (id, code, zh, en, kind, parent)
"""

_NODES = text(f"""
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, fed_at, created_at)
    SELECT :org, u.id, u.code, u.zh, u.en, u.kind, CASE WHEN u.kind <> 'own' THEN :now END, :now FROM {_DRAFTS}
    ON CONFLICT (org_id, code) DO UPDATE
    SET name_zh = EXCLUDED.name_zh, name_en = EXCLUDED.name_en, kind = EXCLUDED.kind
    WHERE location.level = 'node' AND (location.name_zh, location.name_en, location.kind)
          IS DISTINCT FROM (EXCLUDED.name_zh, EXCLUDED.name_en, EXCLUDED.kind)
""")  # noqa: S608 - no input in it

_BELOW = text(f"""
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, level, parent_id, within_id, created_at)
    SELECT :org, u.id, u.code, u.zh, u.en, p.kind, :level, p.id, p.node_id, :now
    FROM {_DRAFTS}
    JOIN location p ON p.org_id = :org AND p.code = u.parent AND p.level = ANY(CAST(:above AS text[]))
                   AND p.kind = ANY(CAST(:real AS text[]))
    ON CONFLICT (org_id, code) DO UPDATE
    SET name_zh = EXCLUDED.name_zh, name_en = EXCLUDED.name_en, parent_id = EXCLUDED.parent_id
    WHERE location.level = EXCLUDED.level AND location.within_id = EXCLUDED.within_id
      AND (location.name_zh, location.name_en, location.parent_id)
          IS DISTINCT FROM (EXCLUDED.name_zh, EXCLUDED.name_en, EXCLUDED.parent_id)
""")  # noqa: S608 - no input in it


def _check_saved(connection: Connection, org_id: UUID, drafts: Sequence[LocationDraft]) -> None:
    """Refuse when a place is not what its draft says: another level, another parent, or not there at all."""
    rows = connection.execute(
        text("""
            SELECT l.code, l.level, COALESCE(p.code, '') AS parent
            FROM location l LEFT JOIN location p ON p.org_id = l.org_id AND p.id = l.parent_id
            WHERE l.org_id = :org AND l.code = ANY(CAST(:codes AS text[]))
        """),
        {"org": org_id, "codes": [draft.code for draft in drafts]},
    )
    known = {row.code: (row.level, row.parent) for row in rows}
    for draft in drafts:
        if known.get(draft.code) != (draft.level, draft.parent):
            raise BadPlace(f"{draft.code} cannot be a {draft.level} in {draft.parent}.", place=draft.code)
