"""What can be done about fitness: ask for a paper, ask no more, recall a lot, note that a notice was read."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text, update
from sqlalchemy.dialects.postgresql import insert

from portal.kernel.actor import Actor
from portal.kernel.ids import new_id
from portal.passports.fitness.model import (
    NoSuchRequirement,
    NotRecallable,
    Requirement,
    check_recall_reason,
    check_requirement,
)
from portal.passports.fitness.reads import LotRecall, to_recall
from portal.passports.fitness.store import notice_table, recall_table, requirement_table
from portal.passports.messages import RequirementsChanged
from portal.platform.outbox import publish


def require(connection: Connection, *, actor: Actor, requirement: Requirement, now: datetime) -> None:
    """Ask for a paper from now on; the same id again asks for nothing new.

    Raises:
        BadRequirement: See ``check_requirement``.
    """
    check_requirement(requirement)
    written = connection.execute(
        insert(requirement_table)
        .values(
            org_id=actor.org_id,
            id=requirement.id,
            category=requirement.category,
            product_id=requirement.product_id,
            supplier_id=requirement.supplier_id,
            kind=requirement.kind.value,
            name_zh=requirement.name_zh.strip(),
            name_en=requirement.name_en.strip(),
            number_prefix=requirement.number_prefix.strip(),
            made_by=actor.label,
            made_at=now,
        )
        .on_conflict_do_nothing()
        .returning(requirement_table.c.id)
    ).one_or_none()
    if written is not None:
        publish(connection, RequirementsChanged(org_id=actor.org_id), now=now)


def require_no_more(connection: Connection, *, actor: Actor, requirement_id: UUID, now: datetime) -> None:
    """Ask for a paper no more.

    Raises:
        NoSuchRequirement: There is none, or it was ended before.
    """
    table = requirement_table.c
    ended = connection.execute(
        update(requirement_table)
        .where(table.org_id == actor.org_id, table.id == requirement_id, table.ended_at.is_(None))
        .values(ended_by=actor.label, ended_at=now)
    )
    if not ended.rowcount:
        raise NoSuchRequirement(f"No requirement {requirement_id} is in force.", id=str(requirement_id))
    publish(connection, RequirementsChanged(org_id=actor.org_id), now=now)


def recall_lot(
    connection: Connection, *, actor: Actor, product_id: UUID, lot_code: str, reason: str, now: datetime
) -> tuple[LotRecall, bool]:
    """Note that a lot is recalled, for good; a lot that is recalled already keeps its first reason.

    Returns:
        The recall, and whether it is new.

    Raises:
        RecallReasonNeeded: No reason, or too long a one.
        NotRecallable: The goods are not kept by lot.
    """
    reason = check_recall_reason(reason)
    if not lot_code:
        raise NotRecallable("Goods that are not kept by lot cannot be recalled by lot.")
    table = recall_table.c
    row = connection.execute(
        insert(recall_table)
        .values(
            org_id=actor.org_id,
            id=new_id(now),
            product_id=product_id,
            lot_code=lot_code,
            reason=reason,
            recalled_by=actor.label,
            recalled_at=now,
        )
        # What stands already is returned as it is; only a row that was just written has no earlier version.
        .on_conflict_do_update(index_elements=["org_id", "product_id", "lot_code"], set_={"reason": table.reason})
        .returning(recall_table, text("xmax = 0 AS is_new"))
    ).one()
    return to_recall(row), bool(row.is_new)


def tell_holders(
    connection: Connection,
    *,
    actor: Actor,
    recall_id: UUID,
    holders: Mapping[UUID, tuple[int, str]],
    now: datetime,
) -> None:
    """Write a notice for everybody who had received goods of a recalled lot; who has one keeps it.

    Args:
        connection: Open transaction.
        actor: Who recalls.
        recall_id: The recall.
        holders: Quanta and their own documents, by partner.
        now: Instant of the deed.
    """
    for partner_id, (quantity, documents) in sorted(holders.items()):
        connection.execute(
            insert(notice_table)
            .values(
                org_id=actor.org_id,
                id=new_id(now),
                recall_id=recall_id,
                partner_id=partner_id,
                quantity=quantity,
                documents=documents,
            )
            .on_conflict_do_nothing(index_elements=["org_id", "recall_id", "partner_id"])
        )


def note_seen(connection: Connection, *, actor: Actor, notice_id: UUID, now: datetime) -> None:
    """Note that a partner has read a recall notice; somebody else's notice is left as it is."""
    table = notice_table.c
    connection.execute(
        update(notice_table)
        .where(
            table.org_id == actor.org_id,
            table.id == notice_id,
            table.partner_id == actor.partner_id,
            table.seen_at.is_(None),
        )
        .values(seen_at=now)
    )
