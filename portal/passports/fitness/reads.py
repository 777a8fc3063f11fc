"""What decides about many lots, asked of the rows at once; requirements, recalls and who was told of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Connection,
    Row,
    TextClause,
    func,
    select,
    text,
)

from portal.kernel.errors import NotFound
from portal.passports.fitness.model import GOOD, HeldPaper, LotFacts, Recall, Requirement, Said
from portal.passports.fitness.store import notice_table, recall_table, requirement_table
from portal.passports.kinds import about_paper
from portal.passports.model import DocumentKind
from portal.passports.reads import to_paper


class NotRecalled(NotFound):
    """There is no such recall."""

    code = "not_recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotAsked:
    """A lot whose fitness is asked for, as the rooms that keep it know it.

    Attributes:
        product_id: The product.
        lot_code: Its lot.
        category: The product's category, or ``None``.
        shipped_by: Who shipped it: whose papers count; where nobody did, who handed in its report.
    """

    product_id: UUID
    lot_code: str
    category: str | None
    shipped_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRecall:
    """A recall as the operator sees it."""

    id: UUID
    product_id: UUID
    lot_code: str
    reason: str
    recalled_by: str
    recalled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallNotice:
    """What one partner is told of a recall: of goods that they received, and only that.

    Attributes:
        id: The notice.
        partner_id: Who is told.
        recall: The recall.
        quantity: Quanta that had gone to them.
        documents: Their orders, joined by a comma.
        seen_at: When they said that they have read it.
    """

    id: UUID
    partner_id: UUID
    recall: LotRecall
    quantity: int
    documents: str
    seen_at: datetime | None


def requirements(connection: Connection, *, org_id: UUID) -> tuple[Requirement, ...]:
    """Return what is required now, in the order in which it was asked for."""
    table = requirement_table.c
    rows = connection.execute(
        select(requirement_table)
        .where(table.org_id == org_id, table.ended_at.is_(None))
        .order_by(table.made_at, table.id)
    )
    return tuple(
        Requirement(
            id=row.id,
            category=row.category,
            product_id=row.product_id,
            supplier_id=row.supplier_id,
            kind=DocumentKind(row.kind),
            name_zh=row.name_zh,
            name_en=row.name_en,
            number_prefix=row.number_prefix,
        )
        for row in rows
    )


def facts_of_lots(
    connection: Connection, *, org_id: UUID, lots: Sequence[LotAsked], zone: ZoneInfo
) -> tuple[LotFacts, ...]:
    """Return all that decides about lots, in their order; few statements however many lots there are.

    Args:
        connection: Any transaction.
        org_id: The host company.
        lots: The lots.
        zone: The company's zone, whose dates are told.
    """
    products = list({lot.product_id for lot in lots})
    reports = _marked(
        connection, org_id, _papers(connection, _REPORTS, {"org": org_id, "products": products}), zone
    )
    by_lot = _grouped(reports, lambda row: (row.product_id, row.lot_code))
    asked = [(lot, _supplier_of(lot, by_lot)) for lot in lots]
    firms = list({supplier for _, supplier in asked if supplier is not None})
    issued = _papers(connection, _CERTIFICATES, {"org": org_id, "firms": firms})
    certificates = _grouped(_marked(connection, org_id, issued, zone), _firm)
    passports = _passports(connection, org_id, products, zone)
    recalled = _recalls(connection, org_id, products, zone)
    return tuple(
        LotFacts(
            product_id=lot.product_id,
            lot_code=lot.lot_code,
            category=lot.category,
            supplier_id=supplier,
            papers=tuple(
                held
                for row, held in (*by_lot.get((lot.product_id, lot.lot_code), ()), *certificates.get(supplier, ()))
                if row.partner_id == supplier and _covers(row, lot)
            ),
            passport=passports.get((lot.product_id, lot.lot_code), GOOD),
            recall=recalled.get((lot.product_id, lot.lot_code)),
        )
        for lot, supplier in asked
    )


_REPORTS = text("""
    SELECT * FROM document
    WHERE org_id = :org AND kind = 'inspection_report' AND product_id = ANY(CAST(:products AS uuid[]))
    ORDER BY uploaded_at DESC, id DESC
""")

_CERTIFICATES = text("""
    SELECT * FROM document
    WHERE org_id = :org AND kind = 'certificate' AND partner_id = ANY(CAST(:firms AS uuid[]))
    ORDER BY uploaded_at DESC, id DESC
""")

# Of every lot the newest passport of the whole lot, with the newest word of each purpose on it.
_PASSPORTS = text("""
    SELECT c.product_id, c.lot_code, m.purpose, m.reason, m.at
    FROM (
        SELECT DISTINCT ON (product_id, lot_code) id, product_id, lot_code FROM credential
        WHERE org_id = :org AND kind = 'product_passport' AND serial IS NULL
          AND product_id = ANY(CAST(:products AS uuid[]))
        ORDER BY product_id, lot_code, issued_at DESC, id DESC
    ) c
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (purpose) purpose, mark, reason, at FROM credential_mark
        WHERE org_id = :org AND credential_id = c.id ORDER BY purpose, at DESC, id DESC
    ) m
    WHERE m.mark
    ORDER BY m.purpose = 'revocation'
""")

# The same of the credentials made from papers, by what they are about.
_ACCEPTED = text("""
    SELECT c.about, m.purpose, m.reason, m.at
    FROM (
        SELECT DISTINCT ON (about) id, about FROM credential
        WHERE org_id = :org AND about = ANY(CAST(:about AS text[]))
        ORDER BY about, issued_at DESC, id DESC
    ) c
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (purpose) purpose, mark, reason, at FROM credential_mark
        WHERE org_id = :org AND credential_id = c.id ORDER BY purpose, at DESC, id DESC
    ) m
    WHERE m.mark
    ORDER BY m.purpose = 'revocation'
""")

_Papers = list[tuple[Row[Any], HeldPaper]]


def _papers(connection: Connection, question: TextClause, values: dict[str, Any]) -> _Papers:
    return [(row, HeldPaper(paper=to_paper(row))) for row in connection.execute(question, values)]


def _grouped(papers: _Papers, key: Callable[[Row[Any]], Any]) -> dict[Any, _Papers]:
    groups: dict[Any, _Papers] = {}
    for row, held in papers:
        groups.setdefault(key(row), []).append((row, held))
    return groups


def _firm(row: Row[Any]) -> UUID | None:
    return row.partner_id  # type: ignore[no-any-return]


def _supplier_of(lot: LotAsked, by_lot: dict[Any, _Papers]) -> UUID | None:
    """Return who shipped a lot, else who handed in its newest report; nobody else's papers are looked at."""
    newest = by_lot.get((lot.product_id, lot.lot_code))
    return lot.shipped_by or (_firm(newest[0][0]) if newest else None)


def _covers(row: Row[Any], lot: LotAsked) -> bool:
    return row.product_id in {None, lot.product_id} and row.lot_code in {None, lot.lot_code}


def _passports(
    connection: Connection, org_id: UUID, products: list[UUID], zone: ZoneInfo
) -> dict[tuple[UUID, str], Said]:
    rows = connection.execute(_PASSPORTS, {"org": org_id, "products": products})
    return {(row.product_id, row.lot_code): _said(row, zone) for row in rows}


def _marked(connection: Connection, org_id: UUID, papers: _Papers, zone: ZoneInfo) -> _Papers:
    """Return papers with what was said of the credentials made from them."""
    about = [about_paper(held.paper.id) for _, held in papers]
    said = said_about(connection, org_id=org_id, about=about, zone=zone)
    return [(row, replace(held, said=said.get(about_paper(held.paper.id), GOOD))) for row, held in papers]


def said_about(connection: Connection, *, org_id: UUID, about: Sequence[str], zone: ZoneInfo) -> dict[str, Said]:
    """Return what was said of the newest credential about each of these things; one that counts is not in it."""
    rows = connection.execute(_ACCEPTED, {"org": org_id, "about": list(about)})
    return {row.about: _said(row, zone) for row in rows}


def _said(row: Row[Any], zone: ZoneInfo) -> Said:
    return Said(
        revoked=row.purpose == "revocation",
        suspended=row.purpose == "suspension",
        why=row.reason,
        since=row.at.astimezone(zone).date(),
    )


def _recalls(
    connection: Connection, org_id: UUID, products: list[UUID], zone: ZoneInfo
) -> dict[tuple[UUID, str], Recall]:
    table = recall_table.c
    rows = connection.execute(select(recall_table).where(table.org_id == org_id, table.product_id.in_(products)))
    return {
        (row.product_id, row.lot_code): Recall(reason=row.reason, on=row.recalled_at.astimezone(zone).date())
        for row in rows
    }


def recalls(connection: Connection, *, org_id: UUID) -> tuple[LotRecall, ...]:
    """Return every recall, the newest first."""
    table = recall_table.c
    rows = connection.execute(
        select(recall_table).where(table.org_id == org_id).order_by(table.recalled_at.desc(), table.id.desc())
    )
    return tuple(to_recall(row) for row in rows)


def find_recall(connection: Connection, *, org_id: UUID, recall_id: UUID) -> LotRecall:
    """Return a recall by its id.

    Raises:
        NotRecalled: There is none.
    """
    row = connection.execute(
        select(recall_table).where(recall_table.c.org_id == org_id, recall_table.c.id == recall_id)
    ).one_or_none()
    if row is None:
        raise NotRecalled(f"There is no recall {recall_id}.", recall=str(recall_id))
    return to_recall(row)


def recall_of_lot(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str) -> LotRecall | None:
    """Return a lot's recall; ``None`` when it was not recalled."""
    table = recall_table.c
    row = connection.execute(
        select(recall_table).where(
            table.org_id == org_id, table.product_id == product_id, table.lot_code == lot_code
        )
    ).one_or_none()
    return None if row is None else to_recall(row)


def notices(connection: Connection, *, org_id: UUID, partner_id: UUID) -> tuple[RecallNotice, ...]:
    """Return what one partner is told of recalls, the newest first; never of goods that others received."""
    return _notices(connection, org_id, notice_table.c.partner_id == partner_id)


def unread(connection: Connection, *, org_id: UUID, partner_id: UUID) -> int:
    """Return how many recall notices a partner has not read."""
    table = notice_table.c
    count: int = connection.execute(
        select(func.count()).where(table.org_id == org_id, table.partner_id == partner_id, table.seen_at.is_(None))
    ).scalar_one()
    return count


def notices_of_recall(connection: Connection, *, org_id: UUID, recall_id: UUID) -> tuple[RecallNotice, ...]:
    """Return everybody who is told of a recall, for the host's own staff."""
    return _notices(connection, org_id, notice_table.c.recall_id == recall_id)


def _notices(connection: Connection, org_id: UUID, which: ColumnElement[bool]) -> tuple[RecallNotice, ...]:
    notice, recall = notice_table.c, recall_table.c
    rows = connection.execute(
        select(notice_table, recall_table)
        .join(recall_table, (recall.org_id == notice.org_id) & (recall.id == notice.recall_id))
        .where(notice.org_id == org_id, which)
        .order_by(recall.recalled_at.desc(), notice.quantity.desc(), notice.id)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    return tuple(
        RecallNotice(
            id=row.recall_notice_id,
            partner_id=row.recall_notice_partner_id,
            recall=LotRecall(
                id=row.lot_recall_id,
                product_id=row.lot_recall_product_id,
                lot_code=row.lot_recall_lot_code,
                reason=row.lot_recall_reason,
                recalled_by=row.lot_recall_recalled_by,
                recalled_at=row.lot_recall_recalled_at,
            ),
            quantity=row.recall_notice_quantity,
            documents=row.recall_notice_documents,
            seen_at=row.recall_notice_seen_at,
        )
        for row in rows
    )


def to_recall(row: Row[Any]) -> LotRecall:
    """Return the recall that a row of ``lot_recall`` holds."""
    return LotRecall(
        id=row.id,
        product_id=row.product_id,
        lot_code=row.lot_code,
        reason=row.reason,
        recalled_by=row.recalled_by,
        recalled_at=row.recalled_at,
    )
