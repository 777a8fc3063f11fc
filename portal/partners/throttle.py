"""Settling a request in the database: one statement on the firm's one row, whatever process or machine asks.

The row is locked for as long as the statement takes. It commits without waiting for the disk: what a crash of the
database server may forget is less than a second of asking (PostgreSQL manual, 28.4 "Asynchronous Commit"); a
portal that is killed forgets nothing. A refused request writes nothing.
"""

from datetime import datetime
from uuid import UUID

import psycopg

from portal.partners.bucket import POINT, Balance, Bucket
from portal.platform.db import Database, DatabaseSilent
from portal.platform.lanes import TYPES, Statement, Value

_PARAMETERS = {
    "org": "uuid",
    "partner": "uuid",
    "now": "timestamptz",
    "cost": "bigint",
    "capacity": "bigint",
    "rate": "bigint",
}
# Numeric until the end: what drains in years is no bigint.
_PASSED = "GREATEST(0, extract(epoch FROM $3 - b.settled_at) * 1000000)"
_DRAINED = f"CAST(GREATEST(0, b.level - $6 * {_PASSED}) AS bigint)"
_SETTLED = Statement(
    f"""
    WITH poured AS (
        INSERT INTO api_bucket AS b (org_id, partner_id, level, settled_at) VALUES ($1, $2, $4, $3)
        ON CONFLICT (org_id, partner_id) DO UPDATE
        SET level = {_DRAINED} + $4, settled_at = GREATEST(b.settled_at, $3)
        WHERE {_DRAINED} + $4 <= $5
        RETURNING level
    )
    SELECT level, TRUE FROM poured
    UNION ALL
    SELECT {_DRAINED}, FALSE FROM api_bucket b
    WHERE b.org_id = $1 AND b.partner_id = $2 AND NOT EXISTS (SELECT FROM poured)
    """,  # noqa: S608 - pieces from code
    tuple(_PARAMETERS),
    tuple(TYPES[kind] for kind in _PARAMETERS.values()),
)


def settle(
    database: Database, *, org_id: UUID, partner_id: UUID, bucket: Bucket, cost: int, now: datetime
) -> Balance:
    """Pour a request's cost into a firm's bucket, if it fits; commits at once.

    Args:
        database: Where the level is kept.
        org_id: The host company.
        partner_id: Whose programs ask.
        bucket: What the firm may ask for today.
        cost: Points of the request, no more than the bucket's capacity.
        now: Instant of the request.

    Raises:
        DatabaseSilent: The level could not be settled, so nothing may be answered.
    """
    values: dict[str, Value] = {
        "org": org_id,
        "partner": partner_id,
        "now": now,
        "cost": cost * POINT,
        "capacity": bucket.capacity * POINT,
        "rate": bucket.restore_rate,
    }
    try:
        row = database.jot(_SETTLED, values)
    except psycopg.Error as error:
        raise DatabaseSilent("The database does not answer.") from error
    level, poured = row or (None, b"f")
    # No row: somebody else's first request came in between, and filled the bucket.
    full = bucket.capacity * POINT
    return Balance(bucket, cost, full if level is None else int(level), fits=poured == b"t")
