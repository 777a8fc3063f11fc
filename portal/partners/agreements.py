"""Deeds on agreements: keeping, changing, ending them. Each is written into the audit log with what it changed.

Every function writes in the caller's transaction and never commits. What changed shows at the next request: nobody
keeps a copy of an agreement (``portal.partners.viewer``).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.partners import reads
from portal.partners.model import (
    Agreement,
    AgreementEnded,
    AgreementOverlaps,
    NoSuchPartner,
    check_agreement,
    check_grain,
)
from portal.partners.store import (
    agreement_node_table,
    agreement_product_table,
    agreement_table,
    partner_table,
)
from portal.platform import audit
from portal.platform.audit import Fact


def keep_agreement(
    connection: Connection, *, actor: Actor, partner_id: UUID, draft: Agreement, now: datetime
) -> UUID:
    """Make an agreement, or bring the one of this number up to date; returns its id.

    Args:
        connection: Open transaction.
        actor: Who does it.
        partner_id: With whom.
        draft: The whole agreement as it shall stand; ``ended_at`` is not looked at.
        now: Instant of the deed.

    Raises:
        AgreementBackwards: It would end before it begins.
        AgreementWithoutNodes: Its tier shows warehouses and it names none.
        BadGrain: Its cap or steps cannot be.
        NoSuchPartner: The company has no such partner.
        AgreementOverlaps: The partner has another one on one of these days.
        AgreementEnded: It was ended.
    """
    check_agreement(draft)
    check_grain(draft)
    _claim_days(connection, org_id=actor.org_id, partner_id=partner_id, draft=draft)
    before = reads.agreement_numbered(connection, org_id=actor.org_id, partner_id=partner_id, number=draft.number)
    _check_not_ended(before)
    fields = {
        "partner_id": partner_id,
        "tier": str(draft.tier),
        "purpose": draft.purpose,
        "valid_from": draft.valid_from,
        "valid_until": draft.valid_until,
        "all_products": draft.products is None,
        "basis": str(draft.basis),
        "grain": str(draft.grain.kind),
        "steps": list(draft.grain.steps),
        "daily_questions": draft.daily_questions,
        "note": draft.note,
    }
    agreement_id: UUID = connection.scalars(
        insert(agreement_table)
        .values(org_id=actor.org_id, id=new_id(now), number=draft.number, created_at=now, **fields)
        .on_conflict_do_update(index_elements=["org_id", "number"], set_=fields)
        .returning(agreement_table.c.id)
    ).one()
    _save_scope(connection, org_id=actor.org_id, agreement_id=agreement_id, draft=draft)
    written = {"after": facts_of(draft)} | ({} if before is None else {"before": facts_of(before)})
    what = "agreement.made" if before is None else "agreement.changed"
    _write(connection, actor, partner_id, draft.number, what, written, now)
    return agreement_id


def end_agreement(connection: Connection, *, actor: Actor, partner_id: UUID, number: str, now: datetime) -> None:
    """End an agreement at once: the partner's next request is answered without it.

    Args:
        connection: Open transaction.
        actor: Who does it.
        partner_id: With whom it was made.
        number: The agreement.
        now: Instant of the deed.

    Raises:
        NoSuchAgreement: The partner has none of that number.
        AgreementEnded: It was ended before.
    """
    _check_not_ended(
        reads.the_agreement(connection, org_id=actor.org_id, partner_id=partner_id, number=number, locked=True)
    )
    table = agreement_table
    connection.execute(
        update(table).where(table.c.org_id == actor.org_id, table.c.number == number).values(ended_at=now)
    )
    _write(connection, actor, partner_id, number, "agreement.ended", {}, now)


def facts_of(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement as JSON types, for the audit log."""
    return {
        "tier": str(agreement.tier),
        "purpose": agreement.purpose,
        "valid_from": agreement.valid_from.isoformat(),
        "valid_until": agreement.valid_until.isoformat(),
        "products": None if agreement.products is None else sorted(map(str, agreement.products)),
        "nodes": sorted(map(str, agreement.nodes)),
        "basis": str(agreement.basis),
        "grain": str(agreement.grain.kind),
        "steps": list(agreement.grain.steps),
        "daily_questions": agreement.daily_questions,
        "note": agreement.note,
    }


def _check_not_ended(agreement: Agreement | None) -> None:
    if agreement is not None and agreement.ended_at is not None:
        raise AgreementEnded(f"Agreement {agreement.number} has ended.", number=agreement.number)


def _write(  # noqa: PLR0913, PLR0917 - who, with whom, what, when
    connection: Connection,
    actor: Actor,
    partner_id: UUID,
    number: str,
    what: str,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    fact = Fact(kind="agreement", what=what, partner_id=partner_id, agreement=number, details=details)
    audit.append(connection, actor=actor, fact=fact, now=now)


def _claim_days(connection: Connection, *, org_id: UUID, partner_id: UUID, draft: Agreement) -> None:
    # The partner's row is the lock: two agreements of one partner are never judged at the same time.
    partner = connection.scalar(
        select(partner_table.c.id)
        .where(partner_table.c.org_id == org_id, partner_table.c.id == partner_id)
        .with_for_update()
    )
    if partner is None:
        raise NoSuchPartner(f"There is no partner {partner_id}.", partner=str(partner_id))
    table = agreement_table
    other = connection.scalar(
        select(table.c.number).where(
            table.c.org_id == org_id,
            table.c.partner_id == partner_id,
            table.c.number != draft.number,
            table.c.valid_from <= draft.valid_until,
            table.c.valid_until >= draft.valid_from,
            table.c.ended_at.is_(None),
        )
    )
    if other is not None:
        raise AgreementOverlaps(
            f"Agreement {draft.number} and {other} would hold on the same day.", number=draft.number, other=other
        )


def _save_scope(connection: Connection, *, org_id: UUID, agreement_id: UUID, draft: Agreement) -> None:
    lists = (
        (agreement_product_table, "product_id", draft.products or frozenset()),
        (agreement_node_table, "location_id", draft.nodes),
    )
    for table, column, members in lists:
        connection.execute(delete(table).where(table.c.org_id == org_id, table.c.agreement_id == agreement_id))
        if members:
            rows = [{"org_id": org_id, "agreement_id": agreement_id, column: one} for one in sorted(members)]
            connection.execute(insert(table), rows)
