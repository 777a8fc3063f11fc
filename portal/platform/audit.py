"""The audit log: who was told or changed what, under which agreement; append-only, every entry sealed.

An entry holds what was asked and how many rows were told, never a figure. Its hash is SHA-256 over the RFC 8785
form of the entry and the hash before it, so that an entry that is changed, taken out or put in later breaks the
chain from there on. Writers of one company take turns by an advisory lock until their commit. The database refuses
UPDATE, DELETE and TRUNCATE by trigger; what its superuser does all the same shows in ``verify``. Cutting off the
newest entries shows only against a head that was kept elsewhere, which is what ``head`` is offered for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.kernel.actor import Actor
from portal.platform.db import METADATA, identifier, instant

GENESIS = bytes(32)
"""What stands for the hash before the first entry."""

KINDS = ("read", "refused", "preview", "staff_read", "agreement", "person", "deed")
"""Told to a partner; refused to one; shown to the host's staff as that partner, or as themselves; changed:
agreements, people, anything else."""

entry_table = Table(
    "audit_entry",
    METADATA,
    identifier("org_id"),
    Column("seq", BigInteger, nullable=False),
    instant("at"),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    identifier("actor_id", nullable=True),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    identifier("partner_id", nullable=True),
    Column("agreement", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("org_id", "seq"),
    CheckConstraint("seq > 0", name="seq_positive"),
    CheckConstraint("octet_length(hash) = 32 AND octet_length(prev_hash) = 32", name="hash_length"),
    Index("ix_audit_entry_org_id_partner_id_seq", "org_id", "partner_id", "seq"),
    Index("ix_audit_entry_org_id_at", "org_id", "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened, as it is written down.

    Attributes:
        kind: One of ``KINDS``.
        what: Page, operation or deed by its name in the code, for example ``inventory.listing``.
        partner_id: Whose entitlement it was read under, or whom it concerns.
        agreement: Number of the agreement that decided; empty where none did.
        details: Further facts of JSON types: products asked, number of rows, codes of refusals, changed fields;
            never stock.
    """

    kind: str
    what: str
    partner_id: UUID | None = None
    agreement: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one answer tells; a door notes it, and the entry is made of it.

    Attributes:
        products: SKUs asked for by name.
        rows: Rows in the answer.
        operation: Name of the operation, where a program gives one.
        deeds: What a program did, by the names of its mutations; empty where it only asked.
    """

    products: tuple[str, ...] = ()
    rows: int = 0
    operation: str = ""
    deeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the last entry's number (0 for an empty one) and hash."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What walking the chain found.

    Attributes:
        head: The last entry that stands intact.
        broken_at: Number of the first entry that does not fit; ``None`` when all do.
        reason: ``missing``, ``cut_off`` (does not follow the entry before) or ``changed``; empty when all fit.
    """

    head: Head
    broken_at: int | None = None
    reason: str = ""


def append(connection: Connection, *, actor: Actor, fact: Fact, now: datetime) -> int:
    """Write an entry behind the last one, in the caller's transaction; returns its number.

    Args:
        connection: Open transaction, READ COMMITTED; other writers of the company wait for its end.
        actor: Who did or was told it.
        fact: What happened.
        now: Instant of it.
    """
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('audit:' || :org, 0))"), {"org": str(actor.org_id)}
    )
    before = head(connection, org_id=actor.org_id)
    values = {
        "org_id": actor.org_id,
        "seq": before.seq + 1,
        "at": now,
        "kind": fact.kind,
        "what": fact.what,
        "actor_id": actor.person_id,
        "actor": actor.label,
        "role": str(actor.role or ""),
        "partner_id": fact.partner_id,
        "agreement": fact.agreement,
        "details": dict(fact.details),
        "prev_hash": before.digest,
    }
    connection.execute(entry_table.insert().values(**values, hash=digest_of(values)))
    return before.seq + 1


def head(connection: Connection, *, org_id: UUID) -> Head:
    """Return where a company's chain ends; number 0 and ``GENESIS`` before the first entry."""
    row = connection.execute(
        select(entry_table.c.seq, entry_table.c.hash)
        .where(entry_table.c.org_id == org_id)
        .order_by(entry_table.c.seq.desc())
        .limit(1)
    ).first()
    return Head(0, GENESIS) if row is None else Head(row.seq, bytes(row.hash))


def digest_of(entry: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 over the RFC 8785 form of an entry, its own hash left out.

    Args:
        entry: Values by column name.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return value.hex() if isinstance(value, bytes) else value

    return sha256(rfc8785.dumps({name: plain(value) for name, value in entry.items() if name != "hash"})).digest()


def verify(connection: Connection, *, org_id: UUID, after: int = 0) -> Verdict:
    """Walk a company's chain and return the first entry that does not fit, if any.

    Args:
        connection: Any transaction.
        org_id: The company.
        after: Begin behind the entry of this number, whose hash is believed; 0 walks the whole chain.
    """
    table = entry_table
    begin = connection.scalar(select(table.c.hash).where(table.c.org_id == org_id, table.c.seq == after))
    last = Head(after, GENESIS if begin is None else bytes(begin))
    query = select(table).where(table.c.org_id == org_id, table.c.seq > after).order_by(table.c.seq)
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            reason = _fault(row, last)
            if reason:
                return Verdict(last, last.seq + 1 if reason == "missing" else row.seq, reason)
            last = Head(row.seq, bytes(row.hash))
    return Verdict(last)


def _fault(row: Row[Any], last: Head) -> str:
    if row.seq != last.seq + 1:
        return "missing"
    if bytes(row.prev_hash) != last.digest:
        return "cut_off"
    return "" if digest_of(row._asdict()) == bytes(row.hash) else "changed"
