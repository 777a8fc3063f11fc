"""The installation's logins: who may log in, as what, and that nobody else may."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, ProgrammingError

from portal import wiring
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.migrate import bring_up
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.roles import (
    PORTAL,
    READERS,
    SUPPLIER,
    RolesRefused,
    let_in,
    login_of,
    url_of,
    urls_of_readers,
)
from support.goods import stock_up
from support.people import Company, found_company

NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
SETTINGS = {
    "org": "01900000-0000-7000-8000-000000000001",
    "partner": "01900000-0000-7000-8000-000000000002",
    "agreement": "AG-1",
    "today": "2026-11-23",
}


@pytest.fixture
def served(fresh_database_url: str, tmp_path: Path) -> Iterator[Database]:
    """The database as the portal's processes get it."""
    let_in(fresh_database_url, home=tmp_path)
    services = wiring.build_services(Settings(home=tmp_path, database_url=fresh_database_url))
    yield services.database
    services.database.close()


@pytest.fixture
def company(served: Database, now: datetime) -> Company:
    """A company with stock, written over the portal's login as every deed is."""
    with served.transaction() as connection:
        made = found_company(connection, now=now)
        stock_up(connection, made, now=now)
    return made


def settings_of(company: Company, kind: str) -> dict[str, str]:
    return SETTINGS | {
        "org": str(company.org_id),
        "partner": str(company.partners[kind]),
        "agreement": f"AG-{kind}",
    }


def whoami(database: Database, tier: str = "") -> str:
    firm = {name: SETTINGS[name] for name in ("org", "partner")}
    settings = firm if tier == SUPPLIER else SETTINGS
    lent = database.reading_as(tier, settings) if tier else database.transaction()
    with lent as connection:
        return str(connection.execute(text("SELECT session_user || ' as ' || current_user")).scalar_one())


def test_requests_are_served_by_logins_named_after_the_database(served: Database) -> None:
    name = make_url(served.url).database
    assert whoami(served) == f"{name}_portal as {name}_portal"
    assert [whoami(served, tier) for tier in READERS] == [f"{name}_{tier} as {name}_{tier}" for tier in READERS]


def test_no_login_is_more_than_it_must_be(served: Database, fresh_database_url: str) -> None:
    name = str(make_url(served.url).database)
    with psycopg.connect(fresh_database_url) as owner:
        found = owner.execute(
            "SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,"
            " (SELECT array_agg(g.rolname::text) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid"
            "  WHERE m.member = r.oid)"
            " FROM pg_roles r WHERE r.rolname = ANY(%s) ORDER BY 1",
            [[login_of(name, part) for part in (PORTAL, *READERS)]],
        ).fetchall()
        owned = owner.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = ANY(%s)",
            [[login_of(name, part) for part in (PORTAL, *READERS)]],
        ).fetchone()
    nothing = (False, False, False, False, True)
    assert found == [(f"{name}_{part}", *nothing, [f"tallystick_{part}"]) for part in sorted((PORTAL, *READERS))]
    assert owned == (0,)


@pytest.mark.parametrize("tier", READERS)
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM product",
        "UPDATE agreement SET tier = 'strategic'",
        "CREATE TEMPORARY TABLE mine (x int)",
        "SELECT email FROM person",
        "SELECT supplier FROM expected_receipt",
        "SELECT roles FROM partner",
        "SELECT kind FROM stock_move",
        "SET ROLE tallystick_portal",
    ],
)
def test_a_tiers_login_writes_nothing_and_reads_nobody_elses_affairs(
    served: Database, fresh_database_url: str, tmp_path: Path, tier: str, statement: str
) -> None:
    assert served
    with (
        psycopg.connect(url_of(fresh_database_url, tier, home=tmp_path)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_a_portal_cannot_change_the_schema(served: Database) -> None:
    for statement in ("CREATE TABLE mine (x int)", "ALTER TABLE product DISABLE ROW LEVEL SECURITY"):
        with pytest.raises(ProgrammingError), served.transaction() as connection:
            connection.execute(text(statement))


def test_the_password_of_another_home_opens_nothing(
    served: Database, fresh_database_url: str, tmp_path: Path
) -> None:
    assert whoami(served)
    for part in (PORTAL, *READERS):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url_of(fresh_database_url, part, home=tmp_path / "other"))


def test_a_login_of_one_installation_cannot_enter_the_database_of_another(
    served: Database, database_url: str, fresh_database_url: str, tmp_path: Path
) -> None:
    assert whoami(served)
    let_in(database_url, home=tmp_path)
    stranger = make_url(url_of(fresh_database_url, PORTAL, home=tmp_path))
    address = stranger.set(database=make_url(database_url).database).render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address)


def test_many_starts_at_once_make_the_same_logins(fresh_database_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(let_in, fresh_database_url, home=tmp_path) for _ in range(8)]:
            done.result()
    for url in urls_of_readers(fresh_database_url, home=tmp_path).values():
        psycopg.connect(url).close()


def test_an_owner_who_may_not_make_logins_is_told_what_is_missing(empty_database_url: str, tmp_path: Path) -> None:
    owner = "no_maker_of_roles"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(owner)))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(owner)))
        address = make_url(empty_database_url).set(username=owner, password="x")
        with pytest.raises(RolesRefused, match="ALTER ROLE no_maker_of_roles CREATEROLE") as refused:
            let_in(address.render_as_string(hide_password=False), home=tmp_path)
        assert refused.value.values == {"account": owner}
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(owner)))


def test_an_owner_who_may_make_roles_and_is_no_superuser_can_bring_up_a_server_of_ones_own(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "server", durable=False) as server:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("CREATE ROLE host LOGIN CREATEROLE PASSWORD 'x'")
            admin.execute("CREATE DATABASE shop OWNER host")
        owner = make_url(server.url).set(username="host", password="x", database="shop")
        url = owner.render_as_string(hide_password=False)
        for _ in range(2):
            bring_up(url, home=tmp_path)
        served = Database(
            url_of(url, PORTAL, home=tmp_path), pool_size=1, readers=urls_of_readers(url, home=tmp_path)
        )
        with served.transaction() as connection:
            made = found_company(connection, now=NOW)
            stock_up(connection, made, now=NOW)
        with served.reading_as("key", settings_of(made, "key")) as connection:
            taken = text(
                "SELECT quantity FROM promised_to_others(:org, :partner, '2026-11-23', '2026-11-23T02:24Z',"
                " ARRAY(SELECT id FROM product))"
            )
            own = {"org": made.org_id, "partner": made.partners["key"]}
            assert connection.scalars(taken, own).all() == [30]
        served.close()


@pytest.mark.parametrize("missing", list(SETTINGS))
def test_a_read_without_one_of_its_settings_is_an_error_and_not_everything(
    served: Database, company: Company, missing: str
) -> None:
    settings = settings_of(company, "key")
    with served.reading_as("key", settings) as connection:
        assert connection.scalars(text("SELECT number FROM agreement")).all() == ["AG-key"]
    del settings[missing]
    served.close()  # a connection that never knew the setting
    with (
        pytest.raises(ProgrammingError, match="unrecognized configuration parameter"),
        served.reading_as("key", settings) as connection,
    ):
        connection.execute(text("SELECT number FROM agreement")).all()


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ("org", "01900000-0000-7000-8000-00000000ffff"),
        ("partner", "01900000-0000-7000-8000-00000000ffff"),
        ("agreement", "AG-strategic"),
        ("today", "2027-01-01"),
    ],
)
def test_what_the_settings_name_must_be_an_agreement_in_force_of_that_firm_and_tier(
    served: Database, company: Company, wrong: str, value: str
) -> None:
    settings = settings_of(company, "key")
    with served.reading_as("key", settings) as connection:
        assert sorted(connection.scalars(text("SELECT sku FROM product"))) == ["TEA-A", "TEA-B"]
    with served.reading_as("key", settings | {wrong: value}) as connection:
        for table, column in (("product", "sku"), ("location", "code"), ("stock_balance", "on_hand")):
            assert connection.execute(text(f"SELECT {column} FROM {table}")).all() == [], table  # noqa: S608 - from code


def test_a_pooled_connection_forgets_whom_it_was_lent_for(served: Database, company: Company) -> None:
    with served.reading_as("key", settings_of(company, "key")) as connection:
        first = connection.scalar(text("SELECT pg_backend_pid()"))
    with served.reading_as("key", {}) as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == first
        with pytest.raises(DataError, match="invalid input syntax for type"):
            connection.execute(text("SELECT sku FROM product")).all()


@pytest.mark.parametrize("products", ["", ", ARRAY(SELECT id FROM product)"], ids=["of all", "of products"])
def test_what_others_take_is_told_in_sum_and_only_to_who_asks_for_themselves(
    served: Database, company: Company, products: str
) -> None:
    asked = text(
        f"SELECT quantity FROM promised_to_others(:org, :partner, '2026-11-23', '2026-11-23T02:24Z'{products})"  # noqa: S608 - from code
    )
    own = {"org": company.org_id, "partner": company.partners["key"]}
    with served.reading_as("key", settings_of(company, "key")) as connection:
        assert connection.execute(text("SELECT document FROM allocation")).all() == []
        assert connection.scalars(asked, own).all() == [30]
        strange = own | {"partner": company.partners["strategic"]}
        assert connection.scalars(asked, strange).all() == []
    with served.transaction() as connection:
        assert connection.scalars(asked, own).all() == [30]


def test_what_others_take_is_told_of_the_products_asked_for_and_no_others(
    served: Database, company: Company
) -> None:
    asked = text(
        "SELECT quantity FROM promised_to_others(:org, :partner, '2026-11-23', '2026-11-23T02:24Z',"
        " ARRAY(SELECT id FROM product WHERE sku = ANY(:skus)))"
    )
    own = {"org": company.org_id, "partner": company.partners["key"]}
    for login in ("key", ""):
        settings = settings_of(company, "key")
        with served.reading_as(login, settings) if login else served.transaction() as connection:
            told = {
                skus: connection.scalars(asked, own | {"skus": list(skus)}).all()
                for skus in ((), ("TEA-A",), ("TEA-B",), ("TEA-A", "TEA-B"))
            }
        assert told == {(): [], ("TEA-A",): [30], ("TEA-B",): [], ("TEA-A", "TEA-B"): [30]}
