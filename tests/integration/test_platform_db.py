"""One engine, two kinds of transaction."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DataError, InternalError

from portal.platform.db import Database, copy_rows, driver_connection, scoped


@pytest.fixture
def real(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=2)
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE leaf (row_no integer, name text)"))
    yield database
    database.close()


def count(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM leaf")).scalar_one())


def test_a_transaction_is_kept_at_its_end_and_taken_back_on_an_error(real: Database) -> None:
    with real.transaction() as connection:
        connection.execute(text("INSERT INTO leaf VALUES (1, 'a')"))
    with pytest.raises(DataError), real.transaction() as connection:
        connection.execute(text("INSERT INTO leaf VALUES (2, 'b'), (1 / 0, 'c')"))
    assert count(real) == 1


def test_nothing_can_be_written_while_reading(real: Database) -> None:
    with pytest.raises(InternalError, match="read-only transaction"), real.reading() as connection:
        connection.execute(text("INSERT INTO leaf VALUES (1, 'a')"))


def test_a_reading_sees_one_moment(real: Database) -> None:
    with real.reading() as reader:
        assert reader.execute(text("SELECT count(*) FROM leaf")).scalar_one() == 0
        with real.transaction() as writer:
            writer.execute(text("INSERT INTO leaf VALUES (1, 'a')"))
        assert reader.execute(text("SELECT count(*) FROM leaf")).scalar_one() == 0
    assert count(real) == 1


def test_a_connection_that_was_reading_can_write_again(real: Database) -> None:
    for _ in range(3):
        assert count(real) >= 0
        with real.transaction() as connection:
            connection.execute(text("INSERT INTO leaf VALUES (1, 'a')"))
    assert count(real) == 3


def test_rows_are_copied_in_the_callers_transaction(conn: Connection) -> None:
    conn.execute(text("CREATE TABLE leaf (row_no integer, name text)"))
    rows = iter([(1, "白茶"), (2, None), (3, "tab\tand\nline")])
    assert copy_rows(conn, "leaf", ("row_no", "name"), rows) == 3
    found = conn.execute(text("SELECT row_no, name FROM leaf ORDER BY row_no")).all()
    assert [tuple(row) for row in found] == [(1, "白茶"), (2, None), (3, "tab\tand\nline")]


def test_only_a_psycopg_connection_can_be_reached_beneath() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(TypeError, match="not a psycopg connection: Connection"):
        driver_connection(connection)
    engine.dispose()


def test_values_are_given_their_company(org_id: UUID) -> None:
    assert scoped(org_id, {"number": "L-1"}) == {"org_id": org_id, "number": "L-1"}
