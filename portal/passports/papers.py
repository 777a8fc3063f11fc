"""Questions about single papers: which one, and who handed in the one of a lot."""

from uuid import UUID

from sqlalchemy import Connection, select

from portal.passports.model import DocumentKind
from portal.passports.reads import Document, DocumentNotFound, to_document
from portal.passports.store import document_table


def document_by_id(connection: Connection, *, org_id: UUID, document_id: UUID) -> Document:
    """Return the paper with this id.

    Raises:
        DocumentNotFound: There is none.
    """
    table = document_table.c
    row = connection.execute(
        select(document_table).where(table.org_id == org_id, table.id == document_id)
    ).one_or_none()
    if row is None:
        raise DocumentNotFound(f"No document {document_id} is registered.", sha256=str(document_id))
    return to_document(row)


def reporter_of_lot(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str) -> UUID | None:
    """Return the partner who handed in a lot's newest inspection report; ``None`` before there is one."""
    table = document_table.c
    found: UUID | None = connection.execute(
        select(table.partner_id)
        .where(
            table.org_id == org_id,
            table.kind == DocumentKind.INSPECTION_REPORT.value,
            table.product_id == product_id,
            table.lot_code == lot_code,
        )
        .order_by(table.uploaded_at.desc(), table.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found
