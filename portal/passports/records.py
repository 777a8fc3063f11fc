"""What is anchored beside credentials: status lists, DID documents, notices, heads of the audit log; all versions.

A record is a canonical JSON document under a kind and a name, numbered from 1. It never changes; its place in a
batch is added when it is sealed (``portal.passports.service.seal_batch``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, select

from ledger.bundle import Anchor, Inclusion, Snapshot
from ledger.canonical import canonical_bytes, parse_json_strict, sha256
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_id
from portal.passports.store import batch_table, record_table


class RecordKind(StrEnum):
    """Kinds of what is anchored beside credentials."""

    STATUS_LIST = "status_list"
    STATUS_NOTICE = "status_notice"
    DID_DOCUMENT = "did_document"
    AUDIT_HEAD = "audit_head"


class RecordNotFound(NotFound):
    """No such version was ever published."""

    code = "record_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One version of something.

    Attributes:
        at: When it was made.
        final: Whether its batch is final on the chain.
        text: The document as it was written.
        snapshot: The document with its place and anchor, as far as they are.
    """

    version: int
    at: datetime
    final: bool
    text: str
    snapshot: Snapshot

    @property
    def body(self) -> Mapping[str, Any]:
        """The document."""
        return self.snapshot.credential


def add(
    connection: Connection, *, org_id: UUID, kind: RecordKind, name: str, body: Mapping[str, Any], now: datetime
) -> None:
    """Write the next version of something; the caller holds the lock of sealing.

    Args:
        connection: Open transaction.
        org_id: The host company.
        kind: Its kind.
        name: What it is a version of.
        body: JSON types.
        now: When it was made.
    """
    data = canonical_bytes(dict(body))
    connection.execute(
        record_table.insert().values(
            org_id=org_id,
            id=new_id(now),
            kind=kind.value,
            name=name,
            version=next_version(connection, org_id=org_id, kind=kind, name=name),
            body=data.decode(),
            digest=sha256(data),
            at=now,
        )
    )


def next_version(connection: Connection, *, org_id: UUID, kind: RecordKind, name: str) -> int:
    """Return the number the next version will have."""
    table = record_table.c
    found: int = connection.execute(
        select(func.coalesce(func.max(table.version), 0) + 1).where(
            table.org_id == org_id, table.kind == kind.value, table.name == name
        )
    ).scalar_one()
    return found


def newest(
    connection: Connection,
    *,
    org_id: UUID,
    kind: RecordKind,
    name: str,
    until: datetime | None = None,
    final: bool = False,
) -> Record | None:
    """Return the newest version; ``None`` when there is none.

    Args:
        connection: Any transaction.
        org_id: The host company.
        kind: Its kind.
        name: What it is a version of.
        until: Only versions made by then.
        final: Only versions whose batch is final on the chain.
    """
    query = _records(org_id, kind, name).order_by(record_table.c.version.desc()).limit(1)
    if until is not None:
        query = query.where(record_table.c.at <= until)
    if final:
        query = query.where(batch_table.c.state == "final")
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def numbered(connection: Connection, *, org_id: UUID, kind: RecordKind, name: str, version: int) -> Record:
    """Return one version.

    Raises:
        RecordNotFound: There is none.
    """
    query = _records(org_id, kind, name).where(record_table.c.version == version)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise RecordNotFound(f"There is no version {version} of {name}.", name=name, version=version)
    return _record(row)


def every(connection: Connection, *, org_id: UUID, kind: RecordKind, name: str) -> tuple[Record, ...]:
    """Return every version, oldest first."""
    rows = connection.execute(_records(org_id, kind, name).order_by(record_table.c.version))
    return tuple(_record(row) for row in rows)


def _records(org_id: UUID, kind: RecordKind, name: str) -> Select[Any]:
    table, batch = record_table.c, batch_table.c
    return (
        select(record_table, batch.state, batch.root, batch.size, batch.receipt)
        .select_from(
            record_table.outerjoin(batch_table, (batch.org_id == table.org_id) & (batch.id == table.batch_id))
        )
        .where(table.org_id == org_id, table.kind == kind.value, table.name == name)
    )


def _record(row: Row[Any]) -> Record:
    inclusion = None
    if row.root is not None:
        path = tuple(bytes.fromhex(step) for step in row.path)
        inclusion = Inclusion(row.leaf_index, row.size, row.root, path)
    anchor = None if row.receipt is None else Anchor.from_value(row.receipt)
    return Record(
        version=row.version,
        at=row.at,
        final=row.state == "final",
        text=row.body,
        snapshot=Snapshot(parse_json_strict(row.body.encode()), inclusion, anchor),
    )
