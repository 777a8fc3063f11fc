"""Statements prepared by name: values arrive as they were, refusals are the driver's, lost names come again."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest

from portal.platform.db import Database, own_cursor
from portal.platform.prepared import Prepared, wire

KEPT = Prepared(
    "INSERT INTO kept SELECT %(id)s, %(name)s, %(body)s, %(day)s, %(at)s, %(number)s, %(none)s"
    " WHERE %(number)s > 0",
    id="uuid",
    name="text",
    body="bytea",
    day="date",
    at="timestamptz",
    number="bigint",
    none="uuid",
)
VALUES = {
    "id": UUID("01900000-0000-7000-8000-00000000b001"),
    "name": "茶 $1 'x' \\",
    "body": b"\x00\xff",
    "day": date(2026, 11, 25),
    "at": datetime(2026, 11, 25, 4, 30, tzinfo=UTC),
    "number": 2**62,
    "none": None,
}


@pytest.fixture
def kept(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=1)
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE kept"
            " (id uuid UNIQUE, name text, body bytea, day date, at timestamptz, n bigint, none uuid)"
        )
    yield database
    database.close()


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM kept")]


@pytest.mark.parametrize("way", ["committing", "transaction"])
def test_values_arrive_as_they_were(kept: Database, way: str) -> None:
    with getattr(kept, way)() as connection:
        assert KEPT.run(own_cursor(connection), VALUES) == 1
        assert KEPT.run(own_cursor(connection), {**VALUES, "number": -1}) == 0
    assert rows(kept) == [tuple(VALUES.values())]


@pytest.mark.parametrize("way", ["committing", "transaction"])
def test_what_the_database_refuses_is_the_drivers_own_error(kept: Database, way: str) -> None:
    with getattr(kept, way)() as connection:
        KEPT.run(own_cursor(connection), VALUES)
    with pytest.raises(psycopg.errors.UniqueViolation), getattr(kept, way)() as connection:
        KEPT.run(own_cursor(connection), VALUES)
    assert len(rows(kept)) == 1


def test_a_statement_whose_name_is_gone_is_prepared_anew(kept: Database) -> None:
    with kept.committing() as connection:
        cursor = own_cursor(connection)
        KEPT.run(cursor, VALUES)
        cursor.execute("DEALLOCATE ALL")
        assert KEPT.run(cursor, {**VALUES, "id": UUID(int=1)}) == 1
    assert len(rows(kept)) == 2


def test_a_text_that_cannot_be_stored_is_refused_before_it_is_cut_off() -> None:
    with pytest.raises(psycopg.DataError, match="NUL"):
        wire("whole\0lost")
