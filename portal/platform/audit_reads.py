"""Questions about the audit log: a page of entries under a filter, and who appears in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.kernel.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to show of the log; an empty word asks for nothing.

    Attributes:
        partner_id: The partner concerned.
        person: Name of who did or was told it.
        kind: One of ``portal.platform.audit.KINDS``.
        day: Local day.
        page: Page number from 1.
    """

    partner_id: UUID | None = None
    person: str = ""
    kind: str = ""
    day: date | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry as people read it."""

    seq: int
    at: datetime
    kind: str
    what: str
    actor: str
    partner_id: UUID | None
    agreement: str
    details: Mapping[str, Any]
    digest: bytes


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of entries, the newest first.

    Attributes:
        rows: The entries of this page.
        count: Entries under the filter, over all pages.
        page: Number of this page from 1; never beyond the last.
        pages: Number of pages, at least 1.
    """

    rows: tuple[AuditRow, ...]
    count: int
    page: int
    pages: int


_CHOSEN = """
    FROM audit_entry e
    WHERE e.org_id = :org
      AND (CAST(:kind AS text) = '' OR e.kind = :kind)
      AND (CAST(:person AS text) = '' OR e.actor = :person)
      AND (CAST(:partner AS uuid) IS NULL OR e.partner_id = :partner)
      AND (CAST(:first AS timestamptz) IS NULL OR (e.at >= :first AND e.at < :last))
"""


def rows(
    connection: Connection, *, org_id: UUID, wanted: Wanted, span: tuple[datetime, datetime] | None, per_page: int
) -> AuditPage:
    """Return a page of the log.

    Args:
        connection: Any transaction.
        org_id: The company.
        wanted: The filter; its ``day`` is not looked at.
        span: First instant and the first one after, of the day wanted.
        per_page: Entries a page, 1 or more.
    """
    values = {
        "org": org_id,
        "kind": wanted.kind,
        "person": wanted.person,
        "partner": wanted.partner_id,
        "first": span[0] if span else None,
        "last": span[1] if span else None,
    }
    count = connection.execute(text(f"SELECT count(*) {_CHOSEN}"), values).scalar_one()
    pages = max(1, -(-count // per_page))
    page = min(max(1, wanted.page), pages)
    found = connection.execute(
        text(
            "SELECT e.seq, e.at, e.kind, e.what, e.actor, e.partner_id, e.agreement, e.details, e.hash"
            f" {_CHOSEN} ORDER BY e.seq DESC LIMIT :per_page OFFSET :skipped"
        ),
        values | {"per_page": per_page, "skipped": (page - 1) * per_page},
    )
    return AuditPage(tuple(to_row(row) for row in found), count, page, pages)


def to_row(row: Row[Any]) -> AuditRow:
    """Turn a row of the log into an entry as people read it."""
    return AuditRow(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        what=row.what,
        actor=row.actor,
        partner_id=row.partner_id,
        agreement=row.agreement,
        details=row.details,
        digest=bytes(row.hash),
    )


def calls_of(
    connection: Connection, *, actor: Actor, partner_id: UUID | None, skipped: int, most: int
) -> tuple[AuditRow, ...]:
    """Return what programs of a person asked and were answered, the newest first.

    Args:
        connection: Any transaction.
        actor: The person.
        partner_id: Their firm, under which the entries are found; none for the host's staff.
        skipped: Newer entries to leave out.
        most: Entries to return.
    """
    found = connection.execute(
        text(
            "SELECT e.seq, e.at, e.kind, e.what, e.actor, e.partner_id, e.agreement, e.details, e.hash"
            " FROM audit_entry e WHERE e.org_id = :org AND e.actor_id = :person AND e.what = 'api.graphql'"
            " AND e.partner_id IS NOT DISTINCT FROM :partner ORDER BY e.seq DESC LIMIT :most OFFSET :skipped"
        ),
        {
            "org": actor.org_id,
            "person": actor.person_id,
            "partner": partner_id,
            "most": most,
            "skipped": skipped,
        },
    )
    return tuple(to_row(row) for row in found)


def people(connection: Connection, *, org_id: UUID) -> tuple[str, ...]:
    """Return the names that appear in the log, in order."""
    return tuple(
        connection.scalars(
            text("SELECT DISTINCT actor FROM audit_entry WHERE org_id = :org ORDER BY actor"), {"org": org_id}
        )
    )
