"""Comparing the books and writing down what came of it; nothing is repaired."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads.proof import Drift, reconcile
from portal.kernel.ids import new_id


def check_books(connection: Connection, *, org_id: UUID, now: datetime) -> tuple[Drift, ...]:
    """Compare the books and keep the result for the operator's inbox; returns the drifts."""
    drifts = reconcile(connection, org_id=org_id)
    connection.execute(
        text("INSERT INTO stock_check (org_id, id, at, drifts) VALUES (:org, :id, :now, :drifts)"),
        {"org": org_id, "id": new_id(now), "now": now, "drifts": len(drifts)},
    )
    return drifts
