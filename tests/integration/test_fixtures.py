"""The tests' own databases keep what they promise."""

import psycopg
from sqlalchemy import Connection, text

from portal.platform.db import Database


def test_a_connection_is_open_on_this_workers_database(conn: Connection, database_url: str) -> None:
    assert database_url.endswith("/" + str(conn.execute(text("SELECT current_database()")).scalar_one()))


def test_the_connection_can_be_rolled_back_to_nothing(conn: Connection) -> None:
    conn.execute(text("CREATE TABLE scratch (n integer)"))
    assert conn.execute(text("SELECT count(*) FROM scratch")).scalar_one() == 0


def test_what_the_test_before_made_is_gone(conn: Connection) -> None:
    assert conn.execute(text("SELECT to_regclass('scratch')")).scalar_one() is None


def test_a_forgetful_transaction_is_seen_by_the_next_and_a_reading_one_leaves_nothing(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE scratch (n integer)"))
    with database.reading() as connection:
        connection.execute(text("INSERT INTO scratch VALUES (1)"))
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM scratch")).scalar_one() == 0


def test_a_fresh_database_is_durable_and_migrated(fresh_database_url: str, database_url: str) -> None:
    assert fresh_database_url != database_url
    with psycopg.connect(fresh_database_url) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL").fetchone() == (False,)


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
    assert tables == (0,)
