"""What the database grants is what is written down; and each layer of disclosure holds without the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from portal import wiring
from portal.inventory import reads
from portal.kernel.disclosure import Disclosure, Tier
from portal.partners import service as partners
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.roles import let_in
from support.goods import stock_up
from support.grants_table import CLOSED, GUARDED, READABLE
from support.people import Company, found_company


def test_every_table_is_either_closed_or_readable_by_decision(database_url: str) -> None:
    readable = frozenset().union(*READABLE.values())
    assert not readable & CLOSED
    with psycopg.connect(database_url) as connection:
        tables_there = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%'"
        ).fetchall()
        assert {row[0] for row in tables_there} == readable | CLOSED, "decide in grants_table.py"
        for tier, tables in READABLE.items():
            found: dict[str, set[str]] = {}
            for table, column, right in connection.execute(
                "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges"
                " WHERE grantee = %s AND table_schema = 'public'",
                [f"tallystick_{tier}"],
            ):
                assert right == "SELECT", (table, column, right)
                found.setdefault(table, set()).add(column)
            assert found == tables, tier


def test_rows_of_partners_are_guarded_even_from_the_owner(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert {row[0] for row in rows} == GUARDED


@pytest.fixture
def served(fresh_database_url: str, tmp_path: Path) -> Iterator[Database]:
    let_in(fresh_database_url, home=tmp_path)
    services = wiring.build_services(Settings(home=tmp_path, database_url=fresh_database_url))
    yield services.database
    services.database.close()


@pytest.fixture
def owner(fresh_database_url: str) -> Iterator[Database]:
    """The database as its superuser sees it: without grants and policies."""
    database = Database(fresh_database_url, pool_size=1)
    yield database
    database.close()


@pytest.fixture
def company(owner: Database, now: datetime) -> Company:
    """The key customer's agreement covers TEA-A and Ningbo only."""
    with owner.transaction() as connection:
        made = found_company(connection, now=now)
        products = stock_up(connection, made, now=now)
        for kind in ("ordinary", "key"):
            partners.save_agreement(
                connection,
                actor=made.actor,
                number=f"AG-{kind}",
                partner_id=made.partners[kind],
                tier=Tier(kind),
                purpose="tests",
                valid_from=date(2026, 1, 1),
                valid_until=date(2026, 12, 31),
                products=frozenset({products["TEA-A"]}),
                nodes=frozenset({made.nodes["NGB"]}),
                now=now,
            )
    return made


@contextmanager
def as_tier(database: Database, company: Company, tier: Tier) -> Iterator[Connection]:
    settings = {
        "org": str(company.org_id),
        "partner": str(company.partners[tier]),
        "agreement": f"AG-{tier}",
        "today": "2026-11-23",
    }
    with database.reading_as(str(tier), settings) as connection:
        yield connection


def agreed(connection: Connection, company: Company, tier: Tier) -> Disclosure:
    """Return what the agreement says: the predicate of the statements."""
    alpha = connection.execute(text("SELECT id FROM product WHERE sku = 'TEA-A'")).scalar_one()
    return Disclosure(
        tier=tier,
        partner_id=company.partners[tier],
        products=frozenset({alpha}),
        nodes=frozenset({company.nodes["NGB"]}),
    )


def without_predicate(company: Company, tier: Tier) -> Disclosure:
    """Return a disclosure that narrows nothing: the statements' own predicate is switched off."""
    return Disclosure(tier=tier, partner_id=company.partners[tier], products=None, nodes=None)


def shown(connection: Connection, company: Company, disclosure: Disclosure, now: datetime) -> dict[str, int]:
    page = reads.availability(connection, org_id=company.org_id, disclosure=disclosure, as_of=now)
    return {row.product.sku: row.on_hand for row in page.rows}


ENTITLED = {"TEA-A": 70}
"""100 lie in Ningbo, 30 of them are promised to another firm."""


@pytest.mark.parametrize("tier", [Tier.ORDINARY, Tier.KEY])
def test_without_the_statements_predicate_the_policies_hold(
    served: Database, company: Company, now: datetime, tier: Tier
) -> None:
    with as_tier(served, company, tier) as connection:
        assert shown(connection, company, without_predicate(company, tier), now) == ENTITLED


@pytest.mark.parametrize("tier", [Tier.ORDINARY, Tier.KEY])
def test_without_grants_and_policies_the_predicate_holds(
    owner: Database, company: Company, now: datetime, tier: Tier
) -> None:
    with owner.reading() as connection:
        assert shown(connection, company, agreed(connection, company, tier), now) == ENTITLED


def test_without_policies_the_predicate_holds_over_the_tiers_own_login(
    served: Database, owner: Database, company: Company, now: datetime
) -> None:
    switch_off_policies(owner)
    with as_tier(served, company, Tier.KEY) as connection:
        assert shown(connection, company, agreed(connection, company, Tier.KEY), now) == ENTITLED


def test_without_the_schema_the_grants_refuse_what_a_higher_tier_reads(
    served: Database, company: Company, now: datetime
) -> None:
    wider = Disclosure(tier=Tier.STRATEGIC, partner_id=company.partners["ordinary"])
    with (
        pytest.raises(ProgrammingError, match="permission denied for table location"),
        as_tier(served, company, Tier.ORDINARY) as connection,
    ):
        shown(connection, company, wider, now)


def test_with_every_layer_off_it_leaks_or_the_tests_above_would_prove_nothing(
    owner: Database, company: Company, now: datetime
) -> None:
    switch_off_policies(owner)
    with owner.reading() as connection:
        assert shown(connection, company, without_predicate(company, Tier.KEY), now) == {
            "TEA-A": 117,
            "TEA-B": 12_500,
        }


def switch_off_policies(owner: Database) -> None:
    with owner.transaction() as connection:
        for table in sorted(GUARDED):
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
