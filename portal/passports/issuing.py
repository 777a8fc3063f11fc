"""Signing a drafted credential and keeping it, once: what every kind has in common.

Issuing never waits for the chain; what is kept here waits for its batch (``portal.passports.service.seal_batch``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from ledger.canonical import canonical_bytes, sha256
from ledger.proof import sign
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.passports.issuer import Issuer
from portal.passports.kinds import Draft
from portal.passports.lists import take_place
from portal.passports.messages import EvidenceIssued, PassportIssued
from portal.passports.model import Issuing
from portal.passports.store import credential_table, issuer_table, mark_table
from portal.platform.jobs import defer
from portal.platform.outbox import publish

SEAL = "passports.seal"
"""Name of the job that seals and anchors what waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs, for whom, and when.

    Attributes:
        actor: Who issues.
        issuer: Whose key signs.
        seal_after: How long a credential may wait for others in its batch.
        now: Instant of issuing.
    """

    actor: Actor
    issuer: Issuer
    seal_after: timedelta
    now: datetime

    def issuing(self) -> Issuing:
        """Return the next credential's id with who issues it, where and when."""
        return Issuing(
            credential_id=new_id(self.now),
            issuer=self.issuer.party,
            origin=self.issuer.origin,
            at=self.now,
            zone=self.issuer.zone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A credential that stands.

    Attributes:
        digest: SHA-256 of its canonical bytes.
    """

    id: UUID
    digest: bytes


def keep_once(connection: Connection, *, signing: Signing, draft: Draft, credential_id: UUID) -> Issued:
    """Sign a draft and keep it; when a credential already says exactly the same, that one is returned.

    A revoked one is not: what is revoked is so for good, and saying the same again is a new credential.

    Args:
        connection: Open transaction.
        signing: Who signs, for whom, and when.
        draft: What is to be signed, composed under this id.
        credential_id: The id it would have.
    """
    org_id, now = signing.actor.org_id, signing.now
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(draft.key, 0))))
    key = draft.key
    while (known := _kept_under(connection, org_id, key)) is not None:
        if not known.revoked:
            return Issued(id=known.id, digest=known.digest)
        key = sha256(f"{key} after {known.id}".encode()).hex()
    ensure_issuer(connection, org_id=org_id, issuer=signing.issuer, now=now)
    place = take_place(
        connection, org_id=org_id, credential_id=credential_id, origin=signing.issuer.origin, now=now
    )
    unsigned = {**draft.unsigned, "credentialStatus": place}
    document = canonical_bytes(sign(unsigned, signing.issuer.key, created=now))
    product_id, bearer = draft.of or (None, None)
    issued = Issued(id=credential_id, digest=sha256(document))
    connection.execute(
        credential_table.insert().values(
            org_id=org_id,
            id=credential_id,
            kind=draft.kind.value,
            about=draft.about,
            product_id=product_id,
            gtin=bearer.gtin if bearer else None,
            lot_code=bearer.lot_code if bearer else None,
            serial=bearer.serial or None if bearer else None,
            body=document.decode(),
            digest=issued.digest,
            facts_key=key,
            issued_by=signing.actor.label,
            issued_at=now,
            valid_until=draft.valid_until,
            replaces_id=newest_about(connection, org_id=org_id, kind=draft.kind, about=draft.about),
        )
    )
    told: EvidenceIssued | PassportIssued
    if bearer is None:
        told = EvidenceIssued(org_id=org_id, credential_id=credential_id, kind=draft.kind.value)
    else:
        told = PassportIssued(
            org_id=org_id,
            credential_id=credential_id,
            gtin=bearer.gtin,
            lot_code=bearer.lot_code,
            serial=bearer.serial,
        )
    publish(connection, told, now=now)
    defer(connection, SEAL, queueing_lock=SEAL, at=now + signing.seal_after, org_id=str(org_id))
    return issued


def _kept_under(connection: Connection, org_id: UUID, key: str) -> Row[Any] | None:
    table, mark = credential_table.c, mark_table.c
    revoked = exists().where(
        mark.org_id == table.org_id, mark.credential_id == table.id, mark.purpose == "revocation"
    )
    return connection.execute(
        select(table.id, table.digest, revoked.label("revoked")).where(
            table.org_id == org_id, table.facts_key == key
        )
    ).one_or_none()


def newest_about(connection: Connection, *, org_id: UUID, kind: str, about: str) -> UUID | None:
    """Return the newest credential of a kind about something; ``None`` before there is one."""
    table = credential_table.c
    found: UUID | None = connection.execute(
        select(table.id)
        .where(table.org_id == org_id, table.kind == kind, table.about == about)
        .order_by(table.issued_at.desc(), table.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found


def ensure_issuer(connection: Connection, *, org_id: UUID, issuer: Issuer, now: datetime) -> None:
    """Note the issuer's public key in the key history; nothing happens when it is there."""
    connection.execute(
        insert(issuer_table)
        .values(
            org_id=org_id,
            id=new_id(now),
            did=issuer.key.did,
            multikey=issuer.key.public.multikey,
            made_at=now,
        )
        .on_conflict_do_nothing(index_elements=["org_id", "did", "multikey"])
    )
