"""What the database settles is what the rule says, whoever asks and whatever the clocks tell."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.partners.bucket import Bucket, Level, settled
from portal.partners.throttle import settle
from portal.platform.db import Database
from support.people import found_company

BEGIN = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
BUCKETS = st.builds(Bucket, capacity=st.integers(1, 50), restore_rate=st.integers(1, 10**9))
STEPS = st.lists(
    st.tuples(
        BUCKETS,
        st.integers(1, 50),
        st.one_of(st.integers(-(10**7), 10**7), st.integers(0, 10**15)).map(lambda us: timedelta(microseconds=us)),
    ),
    min_size=1,
    max_size=12,
)


def kept(conn: Connection, partner_id: UUID) -> Level | None:
    row = conn.execute(
        text("SELECT level, settled_at FROM api_bucket WHERE partner_id = :partner"), {"partner": partner_id}
    ).first()
    return row and Level(row.level, row.settled_at)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_rule_and_the_statement_agree(
    conn: Connection, database: Database, steps: list[tuple[Bucket, int, timedelta]]
) -> None:
    with conn.begin_nested() as example:
        company = found_company(conn, now=BEGIN)
        partner_id, now = company.partners["key"], BEGIN
        # The first request of all makes the row.
        level = Level(0, BEGIN - timedelta(days=36_500))
        for bucket, cost, later in steps:
            now += later
            if cost > bucket.capacity:
                continue
            told = settle(
                database, org_id=company.org_id, partner_id=partner_id, bucket=bucket, cost=cost, now=now
            )
            level, expected = settled(level, bucket=bucket, cost=cost, now=now)
            assert told == expected
            assert kept(conn, partner_id) == level
        example.rollback()


@given(
    steps=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**7)), min_size=1, max_size=40),
    bucket=st.builds(Bucket, capacity=st.integers(50, 60), restore_rate=st.integers(1, 20)),
)
def test_never_more_is_let_through_than_the_bucket_holds_and_what_drained(
    steps: list[tuple[int, int]], bucket: Bucket
) -> None:
    level, now, through = Level(0, BEGIN), BEGIN, 0
    for cost, microseconds in steps:
        now += timedelta(microseconds=microseconds)
        level, balance = settled(level, bucket=bucket, cost=cost, now=now)
        through += cost * balance.fits
        drained = bucket.restore_rate * (now - BEGIN).total_seconds()
        assert through <= bucket.capacity + drained + 1e-6
