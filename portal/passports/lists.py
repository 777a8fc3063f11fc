"""Status lists: where a credential's bits stand, and the versions that are published of them.

Every credential takes one place, drawn at random, in two lists: one for revocation, one for suspension. A list in
which ``DRAWS`` random places are all taken counts as full, and the next one is opened. A version is made when a
mark has changed a bit, or when the last one would soon be too old to be relied on.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text

from ledger.bundle import Snapshot
from ledger.keys import to_instant
from ledger.proof import sign
from ledger.status import (
    LENGTH,
    PURPOSES,
    ListFacts,
    NoticeFacts,
    StatusEntry,
    StatusList,
    compose_list,
    compose_notice,
)
from portal.kernel.ids import new_id
from portal.passports import records
from portal.passports.issuer import Issuer
from portal.passports.records import Record, RecordKind
from portal.passports.store import list_table

HOLDS = timedelta(days=7)
"""How long a version may be relied on."""
RENEW_AFTER = timedelta(days=3)
DRAWS = 64
_OPENING = 0x57A7
_PLACE = """
INSERT INTO status_entry (org_id, id, list_number, position)
SELECT :org, :credential, :number, drawn.position
FROM unnest(CAST(:drawn AS integer[])) WITH ORDINALITY AS drawn (position, nth)
WHERE NOT EXISTS (SELECT FROM status_entry e WHERE e.org_id = :org AND e.list_number = :number
                    AND e.position = drawn.position)
ORDER BY drawn.nth LIMIT 1
ON CONFLICT (org_id, list_number, position) DO NOTHING
RETURNING position
"""
_SET = """
SELECT e.position FROM (
  SELECT DISTINCT ON (m.credential_id) m.credential_id, m.mark FROM credential_mark m
  WHERE m.org_id = :org AND m.purpose = :purpose AND m.at <= :now
  ORDER BY m.credential_id, m.at DESC, m.id DESC
) newest
JOIN status_entry e ON e.org_id = :org AND e.id = newest.credential_id AND e.list_number = :number
WHERE newest.mark
"""
_UNTOLD = """
SELECT * FROM (
  SELECT m.credential_id, m.purpose, m.mark, m.reason, m.at, m.id, m.superseded_by,
    row_number() OVER (PARTITION BY m.credential_id ORDER BY m.at, m.id) AS nth
  FROM credential_mark m JOIN status_entry e ON e.org_id = m.org_id AND e.id = m.credential_id
  WHERE m.org_id = :org
) told
CROSS JOIN LATERAL (
  SELECT CAST(c.body AS jsonb) ->> 'id' AS credential FROM credential c
  WHERE c.org_id = :org AND c.id = told.credential_id
) this
LEFT JOIN LATERAL (
  SELECT CAST(c.body AS jsonb) ->> 'id' AS successor FROM credential c
  WHERE c.org_id = :org AND c.id = told.superseded_by
) other ON true
WHERE told.nth > (SELECT coalesce(max(r.version), 0) FROM anchored_record r
  WHERE r.org_id = :org AND r.kind = 'status_notice' AND r.name = CAST(told.credential_id AS text))
ORDER BY told.at, told.id
"""


def path_of(purpose: str, number: int) -> str:
    """Return the path a list is published at."""
    return f"/status/{purpose}/{number}"


def take_place(
    connection: Connection,
    *,
    org_id: UUID,
    credential_id: UUID,
    origin: str,
    now: datetime,
    draw: Callable[[], Sequence[int]] = lambda: [secrets.randbelow(LENGTH) for _ in range(DRAWS)],
) -> list[dict[str, Any]]:
    """Take a place for a credential about to be signed; returns its ``credentialStatus``.

    Args:
        connection: The transaction the credential will be written in.
        org_id: The host company.
        credential_id: The credential.
        origin: Scheme and host the lists are published at.
        now: Instant of issuing.
        draw: Places to try, in order.
    """
    number = _newest_number(connection, org_id, origin) or _open(connection, org_id, origin, now)
    place = {"org": org_id, "credential": credential_id, "number": number, "drawn": draw()}
    position = connection.execute(text(_PLACE), place).scalar_one_or_none()
    if position is None:
        place["number"] = number = _open(connection, org_id, origin, now)
        position = connection.execute(text(_PLACE), place).scalar_one()
    return [
        StatusEntry(purpose, position, f"{origin}{path_of(purpose, number)}").to_value() for purpose in PURPOSES
    ]


def _newest_number(connection: Connection, org_id: UUID, origin: str) -> int | None:
    table = list_table.c
    found: int | None = connection.execute(
        select(func.max(table.number)).where(table.org_id == org_id, table.origin == origin)
    ).scalar_one()
    return found


def _open(connection: Connection, org_id: UUID, origin: str, now: datetime) -> int:
    """Open the next list; one at a time, whoever issues."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _OPENING})
    table = list_table.c
    following = select(func.coalesce(func.max(table.number), 0) + 1).where(table.org_id == org_id)
    number: int = connection.execute(
        insert(list_table)
        .values(org_id=org_id, id=new_id(now), origin=origin, opened_at=now, number=following.scalar_subquery())
        .returning(table.number)
    ).scalar_one()
    return number


def publish(
    connection: Connection, *, org_id: UUID, issuer: Callable[[], Issuer], origin: str, now: datetime
) -> None:
    """Write the versions and notices that are due; the caller holds the lock of sealing.

    Args:
        connection: Open transaction.
        org_id: The host company.
        issuer: Who signs; asked only when something is to be signed.
        origin: Scheme and host of the lists; those begun at another are left as they are.
        now: Instant of making them.
    """
    _publish_notices(connection, org_id, issuer, origin, now)
    table = list_table.c
    numbers = connection.execute(
        select(table.number).where(table.org_id == org_id, table.origin == origin).order_by(table.number)
    ).scalars()
    for number in numbers.all():
        for purpose in PURPOSES:
            _publish_list(connection, org_id, issuer, (origin, purpose, number), now)


def _publish_list(
    connection: Connection,
    org_id: UUID,
    issuer: Callable[[], Issuer],
    which: tuple[str, str, int],
    now: datetime,
) -> None:
    origin, purpose, number = which
    asked = {"org": org_id, "purpose": purpose, "number": number, "now": now}
    statuses = StatusList.of(connection.execute(text(_SET), asked).scalars())
    name = path_of(purpose, number)
    last = records.newest(connection, org_id=org_id, kind=RecordKind.STATUS_LIST, name=name)
    if last is not None and now < last.at + RENEW_AFTER and _bits(last) == statuses.encode():
        return
    key = issuer().key
    facts = ListFacts(
        url=f"{origin}{name}",
        version=last.version + 1 if last else 1,
        did=key.did,
        purpose=purpose,
        valid_from=now,
        valid_until=now + HOLDS,
        statuses=statuses,
    )
    signed = sign(compose_list(facts), key, created=now)
    records.add(connection, org_id=org_id, kind=RecordKind.STATUS_LIST, name=name, body=signed, now=now)


def _bits(record: Record) -> str:
    packed: str = record.body["credentialSubject"]["encodedList"]
    return packed


def _publish_notices(
    connection: Connection, org_id: UUID, issuer: Callable[[], Issuer], origin: str, now: datetime
) -> None:
    untold = connection.execute(text(_UNTOLD), {"org": org_id}).all()
    for row in untold:
        name, key = str(row.credential_id), issuer().key
        facts = NoticeFacts(
            url=f"{origin}/status/notices/{name}/{row.nth}",
            did=key.did,
            credential_id=row.credential,
            purpose=row.purpose,
            set_=row.mark,
            at=row.at,
            reason=row.reason,
            superseded_by=row.successor,
        )
        signed = sign(compose_notice(facts), key, created=now)
        records.add(connection, org_id=org_id, kind=RecordKind.STATUS_NOTICE, name=name, body=signed, now=now)


def snapshots(
    connection: Connection, *, org_id: UUID, credential_id: UUID, at: datetime | None = None
) -> tuple[Snapshot, ...]:
    """Return what a bundle says of a credential's status: the newest lists, and why a bit was set last.

    Where the newest version is not final on the chain yet, the newest that is comes along.

    Args:
        connection: Any transaction.
        org_id: The host company.
        credential_id: The credential.
        at: Also the versions that counted at this moment.
    """
    number = connection.execute(
        text("SELECT list_number FROM status_entry WHERE org_id = :org AND id = :id"),
        {"org": org_id, "id": credential_id},
    ).scalar_one_or_none()
    if number is None:
        return ()
    found: dict[tuple[str, int], Snapshot] = {}
    for purpose in PURPOSES:
        for record in _versions(connection, org_id, path_of(purpose, number), at):
            found[purpose, record.version] = record.snapshot
    notices = records.every(connection, org_id=org_id, kind=RecordKind.STATUS_NOTICE, name=str(credential_id))
    told = {
        notice.body["credentialSubject"]["statusPurpose"]: notice.snapshot
        for notice in notices
        if notice.body["credentialSubject"]["set"] and (at is None or notice.body["validFrom"] <= to_instant(at))
    }
    return (*found.values(), *told.values())


def _versions(connection: Connection, org_id: UUID, name: str, at: datetime | None) -> list[Record]:
    kind = RecordKind.STATUS_LIST
    wanted = [
        records.newest(connection, org_id=org_id, kind=kind, name=name),
        records.newest(connection, org_id=org_id, kind=kind, name=name, final=True),
    ]
    if at is not None:
        wanted.append(records.newest(connection, org_id=org_id, kind=kind, name=name, until=at))
    return [record for record in wanted if record is not None]
