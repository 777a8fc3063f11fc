"""What can be done with passports: hand in a paper, note a trace, issue, seal.

Issuing signs and stores; it never waits for the chain. Sealing puts everything issued and not yet sealed into
one batch that never changes again; ``portal.passports.anchoring`` brings it onto the chain.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ledger.issue import seal
from ledger.kinds.passport import compose
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.passports.fitness.reads import said_about
from portal.passports.issuing import Signing, keep_once
from portal.passports.kinds import CredentialKind, Draft, about_paper
from portal.passports.messages import DocumentRegistered
from portal.passports.model import (
    PDF,
    DocumentDraft,
    DocumentKind,
    Links,
    Paper,
    PassportSubject,
    TraceLine,
    check_document,
    check_papers,
    facts_key,
    in_force,
    to_facts,
)
from portal.passports.reads import papers_of_lot, trace_of_lot
from portal.passports.store import batch_table, credential_table, document_table, record_table, trace_table
from portal.platform.files import StoredFile
from portal.platform.outbox import publish

MAX_LEAVES = 10_000
_SEAL_LOCK = 0x5EA1


def register_document(
    connection: Connection, *, actor: Actor, draft: DocumentDraft, file: StoredFile, now: datetime
) -> UUID:
    """Register a paper whose file is stored and checked; the same paper again is the same document.

    Args:
        connection: Open transaction.
        actor: Who hands it in.
        draft: What they say of it.
        file: The stored PDF.
        now: Instant of the deed.

    Returns:
        The document's id.

    Raises:
        FieldEmpty: See ``check_document``.
        LotNeeded: See ``check_document``.
        ValidityReversed: See ``check_document``.
    """
    check_document(draft)
    document_id = new_id(now)
    written = connection.execute(
        insert(document_table)
        .values(
            org_id=actor.org_id,
            id=document_id,
            kind=draft.kind.value,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            media_type=PDF,
            file_name=draft.file_name,
            partner_id=draft.partner_id,
            product_id=draft.product_id,
            lot_code=draft.lot_code,
            number=draft.number.strip(),
            issued_by=draft.issued_by.strip(),
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
            uploaded_by=actor.label,
            uploaded_at=now,
        )
        .on_conflict_do_nothing()
        .returning(document_table.c.id)
    ).one_or_none()
    if written is None:
        return _same_document(connection, actor.org_id, draft, file)
    publish(
        connection,
        DocumentRegistered(org_id=actor.org_id, document_id=document_id, partner_id=draft.partner_id),
        now=now,
    )
    return document_id


def _same_document(connection: Connection, org_id: UUID, draft: DocumentDraft, file: StoredFile) -> UUID:
    table = document_table.c
    found: UUID = connection.execute(
        select(table.id).where(
            table.org_id == org_id,
            table.partner_id == draft.partner_id,
            table.kind == draft.kind.value,
            table.number == draft.number.strip(),
            table.sha256 == file.sha256,
        )
    ).scalar_one()
    return found


def record_trace(connection: Connection, *, org_id: UUID, line: TraceLine, now: datetime) -> None:
    """Note what happened to a lot; the same ``source_key`` again adds nothing.

    Args:
        connection: Open transaction.
        org_id: The host company.
        line: What happened.
        now: Instant of noting, which orders identifiers only.
    """
    connection.execute(
        insert(trace_table)
        .values(
            org_id=org_id,
            id=new_id(now),
            source_key=line.source_key,
            product_id=line.product_id,
            lot_code=line.lot_code,
            step=line.step,
            place=line.place,
            document=line.document,
            quantity=line.quantity,
            at=line.at,
            location_id=line.location_id,
            partner_id=line.partner_id,
            inputs=[asdict(one) for one in line.inputs] or None,
        )
        .on_conflict_do_nothing(index_elements=["org_id", "source_key"])
    )


def issue_passport(
    connection: Connection,
    *,
    signing: Signing,
    subject: PassportSubject,
    cited: tuple[Paper, ...],
    links: Links,
) -> UUID:
    """Sign a lot's or a piece's passport from the lot's papers and trace, and queue its sealing.

    When a passport that was not revoked already says exactly the same, that one is returned and nothing is issued.

    Args:
        connection: Open transaction.
        signing: Who signs, for whom, and when.
        subject: The lot or the piece as the other rooms know it.
        cited: Its papers, as ``cited_papers`` returns them.
        links: Credentials of what it cites, linked by digest.

    Returns:
        The credential's id.

    Raises:
        NoGTIN: The product has no GTIN.
        portal.kernel.gtin.NotAGTIN: Its check digit is wrong.
        LotNotPrintable, SerialNotPrintable: See ``portal.passports.bearer.passport_link``.
    """
    org_id = signing.actor.org_id
    trace = trace_of_lot(connection, org_id=org_id, product_id=subject.product_id, lot_code=subject.lot_code)
    issuing = signing.issuing()
    facts = to_facts(subject, cited, trace, issuing=issuing, links=links)
    draft = Draft(
        kind=CredentialKind.PASSPORT,
        about=subject.bearer.about,
        key=facts_key(facts),
        unsigned=compose(facts),
        valid_until=facts.valid_until,
        of=(subject.product_id, subject.bearer),
    )
    return keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id).id


def cited_papers(connection: Connection, *, signing: Signing, subject: PassportSubject) -> tuple[Paper, ...]:
    """Return what a lot's passport cites: its reports, and certificates in force on the day of issuing.

    A paper whose own credential is revoked or suspended counts for nothing.

    Raises:
        PapersMissing: No certificate in force, or no report of the lot.
    """
    today = signing.now.astimezone(signing.issuer.zone).date()
    papers = papers_of_lot(
        connection,
        org_id=signing.actor.org_id,
        supplier_id=subject.supplier_id,
        product_id=subject.product_id,
        lot_code=subject.lot_code,
    )
    about = [about_paper(p.id) for p in papers]
    said = said_about(connection, org_id=signing.actor.org_id, about=about, zone=signing.issuer.zone)
    papers = tuple(p for p in papers if about_paper(p.id) not in said)
    check_papers(papers, on=today)
    return tuple(p for p in papers if p.kind is DocumentKind.INSPECTION_REPORT or in_force(p, on=today))


def hold_sealing(connection: Connection) -> None:
    """Let nobody else seal, or add what is to be sealed beside credentials, until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SEAL_LOCK})


def waits(connection: Connection, *, org_id: UUID) -> bool:
    """Tell whether anything waits for its batch."""
    return any(
        connection.execute(
            select(table.c.id).where(table.c.org_id == org_id, table.c.batch_id.is_(None)).limit(1)
        ).first()
        for table in (credential_table, record_table)
    )


def seal_batch(connection: Connection, *, org_id: UUID, now: datetime) -> UUID | None:
    """Seal everything that waits into one batch; returns its id, ``None`` when nothing waits.

    Leaves stand in the order of issuing, credentials first, then what is anchored beside them. Two workers at once
    make one batch: the second one waits, then finds nothing.

    Args:
        connection: Open transaction.
        org_id: The host company, one stream each.
        now: Instant of sealing.
    """
    hold_sealing(connection)
    credentials = _waiting(connection, org_id, credential_table, "issued_at", MAX_LEAVES)
    records = _waiting(connection, org_id, record_table, "at", MAX_LEAVES - len(credentials))
    if not credentials and not records:
        return None
    batch = seal([digest for _, digest in (*credentials, *records)])
    batch_id = new_id(now)
    following = connection.execute(
        select(func.coalesce(func.max(batch_table.c.seq), -1) + 1).where(batch_table.c.org_id == org_id)
    ).scalar_one()
    connection.execute(
        batch_table.insert().values(
            org_id=org_id,
            id=batch_id,
            seq=following,
            root=batch.root,
            size=batch.size,
            state="sealed",
            sealed_at=now,
        )
    )
    places = [
        {
            "leaf_of": identifier,
            "leaf": index,
            "steps": [step.hex() for step in batch.tree.inclusion(index)],
        }
        for index, (identifier, _) in enumerate((*credentials, *records))
    ]
    for table, its in ((credential_table, places[: len(credentials)]), (record_table, places[len(credentials) :])):
        _note_leaves(connection, org_id, batch_id, table, its)
    return batch_id


def _waiting(connection: Connection, org_id: UUID, table: Table, by: str, most: int) -> list[tuple[UUID, bytes]]:
    rows = connection.execute(
        select(table.c.id, table.c.digest)
        .where(table.c.org_id == org_id, table.c.batch_id.is_(None))
        .order_by(table.c[by], table.c.id)
        .limit(most)
        .with_for_update()
    )
    return [(row.id, row.digest) for row in rows]


def _note_leaves(
    connection: Connection, org_id: UUID, batch_id: UUID, table: Table, places: list[dict[str, Any]]
) -> None:
    if places:
        connection.execute(
            update(table)
            .where(table.c.org_id == org_id, table.c.id == bindparam("leaf_of"))
            .values(batch_id=batch_id, leaf_index=bindparam("leaf"), path=bindparam("steps")),
            places,
        )
