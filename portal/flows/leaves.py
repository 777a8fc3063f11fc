"""What is sealed beside credentials: due status lists and notices, changed DID documents, the audit log's head.

Runs in the transaction that seals, before it, so that a batch carries all there was to say when it was made.
"""

from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Connection

from ledger.canonical import canonical_bytes
from portal.flows.passporting import issuer_of
from portal.partners import reads as partners
from portal.passports import lists, reads, records, service
from portal.passports.audit_heads import AUDIT
from portal.passports.issuer import issuer_did
from portal.passports.records import RecordKind
from portal.platform import audit
from portal.platform.services import Services

HEAD_AFTER = timedelta(days=1)
"""Longest time without a head of the audit log on the chain, while there is something new in it."""


def seal(connection: Connection, *, services: Services, now: datetime) -> None:
    """Seal what waits and what is due; before there is a company nothing is.

    Args:
        connection: Open transaction.
        services: Settings name the key's folder and the portal's address.
        now: Instant of sealing.
    """
    company = partners.the_company(connection)
    if company is None:
        return
    service.hold_sealing(connection)
    origin = services.settings.origin
    issuer = cache(lambda: issuer_of(connection, services=services))
    lists.publish(connection, org_id=company.id, issuer=issuer, origin=origin, now=now)
    _note_did_document(connection, org_id=company.id, did=issuer_did(origin), now=now)
    _note_audit_head(connection, org_id=company.id, now=now)
    service.seal_batch(connection, org_id=company.id, now=now)


def _note_did_document(connection: Connection, *, org_id: UUID, did: str, now: datetime) -> None:
    """Write the next version of the issuer's DID document when its keys have changed."""
    document = reads.issuer_document(connection, org_id=org_id, did=did)
    last = records.newest(connection, org_id=org_id, kind=RecordKind.DID_DOCUMENT, name=did)
    unchanged = last is not None and canonical_bytes(dict(last.body)) == canonical_bytes(document)
    if document["verificationMethod"] and not unchanged:
        records.add(connection, org_id=org_id, kind=RecordKind.DID_DOCUMENT, name=did, body=document, now=now)


def _note_audit_head(connection: Connection, *, org_id: UUID, now: datetime) -> None:
    """Write where the audit log ends: beside whatever is sealed anyway, or once a day."""
    head = audit.head(connection, org_id=org_id)
    last = records.newest(connection, org_id=org_id, kind=RecordKind.AUDIT_HEAD, name=AUDIT)
    if head.seq == (last.body["seq"] if last else 0):
        return
    if service.waits(connection, org_id=org_id) or (last is not None and now >= last.at + HEAD_AFTER):
        body = {"log": AUDIT, "seq": head.seq, "hash": head.digest.hex()}
        records.add(connection, org_id=org_id, kind=RecordKind.AUDIT_HEAD, name=AUDIT, body=body, now=now)
