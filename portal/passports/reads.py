"""Questions about passports: papers, traces, credentials, bundles, and what waits for the chain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, or_, select

from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import parse_json_strict
from ledger.keys import KeyRecord, PublicKey, did_document
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList
from portal.kernel.errors import NotFound
from portal.passports.bearer import Bearer
from portal.passports.kinds import CredentialKind
from portal.passports.lists import snapshots
from portal.passports.model import DocumentKind, Paper, TraceInput, TraceLine
from portal.passports.store import (
    batch_table,
    chain_table,
    credential_table,
    document_table,
    issuer_table,
    trace_table,
)


class PassportNotFound(NotFound):
    """No passport has been issued under this address or digest."""

    code = "passport_not_found"


class DocumentNotFound(NotFound):
    """No such document, or not one the asker may know of."""

    code = "document_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """An issued credential and how far its anchor is.

    Attributes:
        digest: SHA-256 of the canonical credential, 32 bytes; the QR's ``#h=``.
        state: ``issued`` (waits for its batch), ``sealed`` (waits for the chain) or ``anchored``.
        anchored_at: Block time, once anchored.
        serial: Serial number of the one piece it is of; empty for a lot's.
        replaced_by: Digest of the newest passport of the same lot or piece, when that is another one.
    """

    id: UUID
    product_id: UUID
    gtin: str
    lot_code: str
    digest: bytes
    body: str
    issued_by: str
    issued_at: datetime
    valid_until: datetime | None
    state: str
    block_number: int | None
    anchored_at: datetime | None
    replaced_by: bytes | None
    serial: str

    @property
    def bearer(self) -> Bearer:
        """What it is of."""
        return Bearer(gtin=self.gtin, lot_code=self.lot_code, serial=self.serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A registered paper with whose it is."""

    paper: Paper
    partner_id: UUID
    product_id: UUID | None
    lot_code: str | None
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorQueue:
    """How anchoring stands.

    Attributes:
        waiting: Credentials issued or sealed but not final on the chain.
        oldest: Instant the oldest of them was issued.
        anchored: Credentials that are final on the chain.
        last_anchored_at: Block time of the newest final batch.
        last_block: Its block.
    """

    waiting: int
    oldest: datetime | None
    anchored: int
    last_anchored_at: datetime | None
    last_block: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPin:
    """The chain the writer is pinned to."""

    id: UUID
    role: str
    chain_id: int
    genesis: bytes
    contract: str
    code_sha256: bytes
    kind: str
    stream: bytes


def papers_of_lot(
    connection: Connection, *, org_id: UUID, supplier_id: UUID, product_id: UUID, lot_code: str
) -> tuple[Paper, ...]:
    """Return a lot's reports, and the supplier's certificates for its product or for all, oldest first."""
    table = document_table.c
    rows = connection.execute(
        select(document_table)
        .where(
            table.org_id == org_id,
            table.partner_id == supplier_id,
            or_(
                (table.kind == DocumentKind.INSPECTION_REPORT.value)
                & (table.product_id == product_id)
                & (table.lot_code == lot_code),
                (table.kind == DocumentKind.CERTIFICATE.value)
                & or_(table.product_id.is_(None), table.product_id == product_id)
                & or_(table.lot_code.is_(None), table.lot_code == lot_code),
            ),
        )
        .order_by(table.valid_from, table.id)
    )
    return tuple(to_paper(row) for row in rows)


def trace_of_lot(
    connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str
) -> tuple[TraceLine, ...]:
    """Return what happened to a lot, oldest first."""
    table = trace_table.c
    rows = connection.execute(
        select(trace_table)
        .where(table.org_id == org_id, table.product_id == product_id, table.lot_code == lot_code)
        .order_by(table.at, table.id)
    )
    return tuple(
        TraceLine(
            source_key=row.source_key,
            product_id=row.product_id,
            lot_code=row.lot_code,
            step=row.step,
            place=row.place,
            document=row.document,
            quantity=row.quantity,
            at=row.at,
            location_id=row.location_id,
            partner_id=row.partner_id,
            inputs=tuple(TraceInput(**one) for one in row.inputs or ()),
        )
        for row in rows
    )


def documents(connection: Connection, *, org_id: UUID, partner_id: UUID | None = None) -> tuple[Document, ...]:
    """Return papers, newest first; of one partner when given."""
    table = document_table.c
    query = (
        select(document_table).where(table.org_id == org_id).order_by(table.uploaded_at.desc(), table.id.desc())
    )
    if partner_id is not None:
        query = query.where(table.partner_id == partner_id)
    return tuple(to_document(row) for row in connection.execute(query))


def document_by_digest(
    connection: Connection, *, org_id: UUID, sha256: bytes, partner_id: UUID | None = None
) -> Document:
    """Return the paper with this file.

    Args:
        connection: Open transaction.
        org_id: The host company.
        sha256: Digest of the file, 32 bytes.
        partner_id: Only a paper of this partner, for partners; ``None`` for staff and auditors.

    Raises:
        DocumentNotFound: There is none, or it is somebody else's.
    """
    table = document_table.c
    query = (
        select(document_table).where(table.org_id == org_id, table.sha256 == sha256).order_by(table.id).limit(1)
    )
    if partner_id is not None:
        query = query.where(table.partner_id == partner_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise DocumentNotFound(f"No document {sha256.hex()} is registered.", sha256=sha256.hex())
    return to_document(row)


def passport_of(connection: Connection, *, org_id: UUID, bearer: Bearer) -> Passport:
    """Return the newest passport of a lot or a piece.

    Raises:
        PassportNotFound: None was issued.
    """
    table = credential_table.c
    row = connection.execute(
        passports_query(org_id)
        .where(table.about == bearer.about)
        .order_by(table.issued_at.desc(), table.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise PassportNotFound(f"No passport of {bearer.about}.", about=bearer.about)
    return to_passport(row)


def passport_by_digest(connection: Connection, *, org_id: UUID, digest: bytes) -> Passport:
    """Return the passport with this digest, current or replaced.

    Raises:
        PassportNotFound: There is none.
    """
    row = connection.execute(passports_query(org_id).where(credential_table.c.digest == digest)).one_or_none()
    if row is None:
        raise PassportNotFound(f"No passport {digest.hex()}.", digest=digest.hex())
    return to_passport(row)


def passport_by_id(connection: Connection, *, org_id: UUID, credential_id: UUID) -> Passport:
    """Return the passport with this id.

    Raises:
        PassportNotFound: There is none.
    """
    row = connection.execute(passports_query(org_id).where(credential_table.c.id == credential_id)).one_or_none()
    if row is None:
        raise PassportNotFound(f"No passport {credential_id}.", id=str(credential_id))
    return to_passport(row)


def history_of(connection: Connection, *, org_id: UUID, bearer: Bearer) -> tuple[Passport, ...]:
    """Return every passport a lot or a piece ever had, the one that counts first; empty when it never had one."""
    table = credential_table.c
    rows = connection.execute(
        passports_query(org_id)
        .where(table.about == bearer.about)
        .order_by(table.issued_at.desc(), table.id.desc())
    )
    return tuple(to_passport(row) for row in rows)


def passports(
    connection: Connection, *, org_id: UUID, page: int = 1, per_page: int = 50
) -> tuple[tuple[Passport, ...], int]:
    """Return one page of all passports, newest first, and how many there are in all."""
    table = credential_table.c
    count = connection.execute(
        select(func.count())
        .select_from(credential_table)
        .where(table.org_id == org_id, table.kind == CredentialKind.PASSPORT.value)
    ).scalar_one()
    rows = connection.execute(
        passports_query(org_id)
        .order_by(table.issued_at.desc(), table.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return tuple(to_passport(row) for row in rows), count


def passports_of_lots(
    connection: Connection, *, org_id: UUID, product_ids: frozenset[UUID]
) -> dict[tuple[UUID, str], Passport]:
    """Return the newest passport of every lot of the given products, by product and lot."""
    table = credential_table.c
    rows = connection.execute(
        passports_query(org_id)
        .where(table.product_id.in_(product_ids), table.serial.is_(None))
        .order_by(table.issued_at, table.id)
    )
    return {(row.product_id, row.lot_code): to_passport(row) for row in rows}


def bundle(connection: Connection, *, org_id: UUID, digest: bytes, at: datetime | None = None) -> bytes:
    """Return the bundle of a credential of any kind: itself, issuer's document, inclusion, anchor, status, so far.

    Args:
        connection: Any transaction.
        org_id: The host company.
        digest: Of the credential.
        at: With the status lists that counted at this moment, beside the newest.

    Raises:
        PassportNotFound: There is none.
    """
    row = connection.execute(credentials_of(org_id).where(credential_table.c.digest == digest)).one_or_none()
    if row is None:
        raise PassportNotFound(f"No passport {digest.hex()}.", digest=digest.hex())
    credential: dict[str, Any] = parse_json_strict(row.body.encode())
    inclusion = None
    if row.root is not None:
        path = tuple(bytes.fromhex(step) for step in row.path)
        inclusion = Inclusion(row.leaf_index, row.batch_size, row.root, path)
    return Bundle(
        credential=credential,
        did_document=issuer_document(connection, org_id=org_id, did=credential["issuer"]["id"]),
        inclusion=inclusion,
        anchor=None if row.receipt is None else Anchor.from_value(row.receipt),
        status=snapshots(connection, org_id=org_id, credential_id=row.id, at=at),
    ).to_json()


def issuer_document(connection: Connection, *, org_id: UUID, did: str) -> dict[str, Any]:
    """Return the DID document of an issuer with its whole key history; without keys when it never signed."""
    return did_document(did, _issuers(connection, org_id).get(did, []))


def trust_list(connection: Connection, *, org_id: UUID, name: str) -> TrustList:
    """Return what this portal publishes of itself: its issuers and the chain it anchors on.

    Args:
        connection: Open transaction.
        org_id: The host company.
        name: Its name.
    """
    pin = chain_pin(connection, org_id=org_id)
    anchors: tuple[TrustedAnchor, ...] = ()
    if pin is not None:
        anchors = (
            TrustedAnchor(
                chain_id=pin.chain_id,
                genesis=pin.genesis,
                contract=bytes.fromhex(pin.contract.removeprefix("0x")),
                code_hash=pin.code_sha256,
                stream=pin.stream,
                kind=pin.kind,
            ),
        )
    return TrustList(
        issuers=tuple(
            TrustedIssuer(did=did, name=name, did_document=did_document(did, keys), anchors=anchors)
            for did, keys in _issuers(connection, org_id).items()
        )
    )


def chain_pin(connection: Connection, *, org_id: UUID, role: str = "main") -> ChainPin | None:
    """Return the chain pinned in a role, ``main`` or ``extra``; ``None`` before the first start of its writer."""
    table = chain_table.c
    row = connection.execute(
        select(chain_table).where(table.org_id == org_id, table.role == role, table.retired_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return ChainPin(
        id=row.id,
        role=row.role,
        chain_id=row.chain_id,
        genesis=bytes.fromhex(row.genesis),
        contract=row.contract,
        code_sha256=bytes.fromhex(row.code_sha256),
        kind=row.kind,
        stream=bytes.fromhex(row.stream),
    )


def anchor_queue(connection: Connection, *, org_id: UUID) -> AnchorQueue:
    """Return how anchoring stands."""
    table, batch = credential_table.c, batch_table.c
    is_final = func.coalesce(batch.state, "issued") == "final"
    joined = credential_table.outerjoin(batch_table, (batch.org_id == table.org_id) & (batch.id == table.batch_id))
    row = connection.execute(
        select(
            func.count().filter(~is_final).label("waiting"),
            func.min(table.issued_at).filter(~is_final).label("oldest"),
            func.count().filter(is_final).label("anchored"),
        )
        .select_from(joined)
        .where(table.org_id == org_id)
    ).one()
    newest = connection.execute(
        select(batch.receipt)
        .where(batch.org_id == org_id, batch.state == "final")
        .order_by(batch.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    anchor = None if newest is None else Anchor.from_value(newest)
    return AnchorQueue(
        waiting=row.waiting,
        oldest=row.oldest,
        anchored=row.anchored,
        last_anchored_at=anchor.block_time if anchor else None,
        last_block=anchor.block_number if anchor else None,
    )


def _issuers(connection: Connection, org_id: UUID) -> dict[str, list[KeyRecord]]:
    rows = connection.execute(
        select(issuer_table).where(issuer_table.c.org_id == org_id).order_by(issuer_table.c.made_at.desc())
    )
    issuers: dict[str, list[KeyRecord]] = {}
    for row in rows:
        record = KeyRecord(PublicKey.from_multikey(row.multikey), expires=row.expires_at, revoked=row.revoked_at)
        issuers.setdefault(row.did, []).append(record)
    return issuers


def passports_query(org_id: UUID) -> Select[Any]:
    """Return the query of all passports; see ``credentials_of``."""
    return credentials_of(org_id).where(credential_table.c.kind == CredentialKind.PASSPORT.value)


def credentials_of(org_id: UUID) -> Select[Any]:
    """Return the query of all credentials, each with its batch and the digest of what counts about the same."""
    table, batch = credential_table.c, batch_table.c
    newer = credential_table.alias("newer")
    newest = (
        select(newer.c.digest)
        .where(newer.c.org_id == table.org_id, newer.c.about == table.about, newer.c.kind == table.kind)
        .order_by(newer.c.issued_at.desc(), newer.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            credential_table,
            batch.state.label("batch_state"),
            batch.root,
            batch.size.label("batch_size"),
            batch.receipt,
            newest.label("newest"),
        )
        .select_from(
            credential_table.outerjoin(batch_table, (batch.org_id == table.org_id) & (batch.id == table.batch_id))
        )
        .where(table.org_id == org_id)
    )


def state_of(row: Row[Any]) -> str:
    """Return how far a credential's anchor is: ``issued``, ``sealed`` or ``anchored``."""
    return "issued" if row.batch_state is None else "anchored" if row.batch_state == "final" else "sealed"


def to_passport(row: Row[Any]) -> Passport:
    """Return the passport that a row of ``passports_query`` holds."""
    anchor = None if row.receipt is None else Anchor.from_value(row.receipt)
    return Passport(
        id=row.id,
        product_id=row.product_id,
        gtin=row.gtin,
        lot_code=row.lot_code,
        digest=row.digest,
        body=row.body,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        state=state_of(row),
        block_number=anchor.block_number if anchor else None,
        anchored_at=anchor.block_time if anchor else None,
        replaced_by=None if row.newest == row.digest else row.newest,
        serial=row.serial or "",
    )


def to_paper(row: Row[Any]) -> Paper:
    """Return the paper that a row of ``document`` holds."""
    return Paper(
        id=row.id,
        kind=DocumentKind(row.kind),
        number=row.number,
        issued_by=row.issued_by,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        file_name=row.file_name,
        media_type=row.media_type,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
    )


def to_document(row: Row[Any]) -> Document:
    """Return the registered paper that a row of ``document`` holds."""
    return Document(
        paper=to_paper(row),
        partner_id=row.partner_id,
        product_id=row.product_id,
        lot_code=row.lot_code,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
    )
