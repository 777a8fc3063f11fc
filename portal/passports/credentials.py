"""Questions about credentials of every kind: which there are, which one counts, and what links what."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from ledger.bundle import Anchor
from ledger.kinds.epcis import epcis_document, epcis_event
from portal.passports.bearer import Bearer
from portal.passports.kinds import CredentialKind
from portal.passports.reads import PassportNotFound, credentials_of, state_of
from portal.passports.store import credential_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An issued credential and how far its anchor is.

    Attributes:
        kind: One of ``portal.passports.kinds.CredentialKind``, or a kind of another module.
        about: What it speaks of.
        of: The lot or the piece a passport is of; ``None`` for any other kind.
        digest: SHA-256 of the canonical credential, 32 bytes.
        state: ``issued`` (waits for its batch), ``sealed`` (waits for the chain) or ``anchored``.
        replaced_by: Digest of the newest one of its kind about the same, when that is another one.
    """

    id: UUID
    kind: str
    about: str
    of: Bearer | None
    digest: bytes
    body: str
    issued_by: str
    issued_at: datetime
    valid_until: datetime | None
    state: str
    block_number: int | None
    anchored_at: datetime | None
    replaced_by: bytes | None


def credential_by_id(connection: Connection, *, org_id: UUID, credential_id: UUID) -> Credential:
    """Return the credential with this id, of whatever kind.

    Raises:
        PassportNotFound: There is none.
    """
    row = connection.execute(credentials_of(org_id).where(credential_table.c.id == credential_id)).one_or_none()
    if row is None:
        raise PassportNotFound(f"No credential {credential_id}.", id=str(credential_id))
    return _credential(row)


def credentials(
    connection: Connection, *, org_id: UUID, kind: str = "", page: int = 1, per_page: int = 50
) -> tuple[tuple[Credential, ...], int]:
    """Return one page of all credentials, or those of one kind, newest first, and how many there are in all."""
    table = credential_table.c
    wanted = (table.kind == kind) if kind else (table.kind != "")
    count = connection.execute(
        select(func.count()).select_from(credential_table).where(table.org_id == org_id, wanted)
    ).scalar_one()
    rows = connection.execute(
        credentials_of(org_id)
        .where(wanted)
        .order_by(table.issued_at.desc(), table.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return tuple(_credential(row) for row in rows), count


def standing_about(connection: Connection, *, org_id: UUID, about: Collection[str]) -> dict[str, Credential]:
    """Return the newest credential about each of these things, by what it is about."""
    table = credential_table.c
    rows = connection.execute(
        credentials_of(org_id).where(table.about.in_(about)).order_by(table.issued_at, table.id)
    )
    return {row.about: _credential(row) for row in rows}


def with_ids(connection: Connection, *, org_id: UUID, ids: Collection[UUID]) -> tuple[Credential, ...]:
    """Return the credentials with these ids, kind by kind and in order of issuing."""
    table = credential_table.c
    rows = connection.execute(
        credentials_of(org_id).where(table.id.in_(ids)).order_by(table.kind, table.issued_at, table.id)
    )
    return tuple(_credential(row) for row in rows)


def epcis_of(found: Credential) -> dict[str, Any]:
    """Return the event of a credential as an EPCIS 2.0 document, for repositories of events.

    Raises:
        PassportNotFound: It is the credential of something else.
    """
    if found.kind != CredentialKind.EVENT:
        raise PassportNotFound(f"Credential {found.id} is of no event.", id=str(found.id))
    credential: dict[str, Any] = json.loads(found.body)
    [event] = credential["credentialSubject"]
    return epcis_document(epcis_event(event), created=credential["validFrom"])


def _credential(row: Row[Any]) -> Credential:
    anchor = None if row.receipt is None else Anchor.from_value(row.receipt)
    return Credential(
        id=row.id,
        kind=row.kind,
        about=row.about,
        of=Bearer(gtin=row.gtin, lot_code=row.lot_code, serial=row.serial or "") if row.gtin else None,
        digest=row.digest,
        body=row.body,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        state=state_of(row),
        block_number=anchor.block_number if anchor else None,
        anchored_at=anchor.block_time if anchor else None,
        replaced_by=None if row.newest == row.digest else row.newest,
    )
