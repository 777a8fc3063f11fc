"""A lane asks a prepared read in one round trip, narrowed as any other, and writes nothing."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from portal.platform import lanes
from portal.platform.db import NETWORK, Database
from portal.platform.lanes import TYPES, Lane, Lanes, Statement, encoded


def statement(sql: str, **types: str) -> Statement:
    return Statement(sql, tuple(types), tuple(TYPES[kind] for kind in types.values()))


@pytest.fixture
def served(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=1)
    yield database
    database.close()


def asked(database: Database, sql: str) -> tuple[bytes | None, ...] | None:
    return database.ask(statement(sql), {}, reader="", settings={})


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (None, None),
        (True, b"t"),
        (False, b"f"),
        (12, b"12"),
        ("茶'\\", "茶'\\".encode()),
        (UUID(int=1), b"00000000-0000-0000-0000-000000000001"),
        (date(2026, 11, 25), b"2026-11-25"),
        (datetime(2026, 11, 25, 4, 5, tzinfo=UTC), b"2026-11-25T04:05:00+00:00"),
        ([], b"{}"),
        ([3, 4], b"{3,4}"),
        ([UUID(int=1)], b"{00000000-0000-0000-0000-000000000001}"),
    ],
)
def test_a_value_is_sent_in_the_text_form_of_its_type(value: lanes.Value, wire: bytes | None) -> None:
    assert encoded(value) == wire


def test_the_first_row_comes_back_as_text_and_none_where_there_is_no_row(served: Database) -> None:
    one = statement("SELECT $1 + 1, $2 || 'x', NULL FROM generate_series(1, 2)", n="bigint", word="text")
    assert served.ask(one, {"n": 41, "word": "茶"}, reader="", settings={}) == (b"42", "茶x".encode(), None)
    assert asked(served, "SELECT 1 WHERE FALSE") is None


def test_what_narrows_a_read_is_gone_with_it(served: Database) -> None:
    told = "SELECT current_setting('tally.org', TRUE), current_user"
    settings = {"org": str(UUID(int=7)), "partner": str(UUID(int=8))}
    row = served.ask(statement(told), {}, reader="supplier", settings=settings)
    assert row == (str(UUID(int=7)).encode(), b"tallystick_supplier")
    after = asked(served, told)
    assert after is not None
    assert after[0] in {b"", None}
    assert after[1] != b"tallystick_supplier"


def test_a_lane_cannot_write_and_can_be_asked_again_after_a_fault(served: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        asked(served, "DELETE FROM org")
    with pytest.raises(psycopg.errors.UndefinedTable):
        asked(served, "SELECT 1 FROM no_such_table")
    assert asked(served, "SELECT 5") == (b"5",)


def test_what_is_jotted_down_is_there_at_once_and_does_not_wait_for_the_disk(served: Database) -> None:
    made = statement("INSERT INTO org VALUES ($1, '主家', 'Host', FALSE, now()) RETURNING name_en", id="uuid")
    assert served.jot(made, {"id": UUID(int=9)}) == (b"Host",)
    assert asked(served, "SELECT name_zh FROM org") == ("主家".encode(),)
    assert served.jot(statement("SELECT current_setting('synchronous_commit')"), {}) == (b"off",)


def test_a_read_survives_the_loss_of_its_connection(served: Database) -> None:
    assert asked(served, "SELECT 1") == (b"1",)
    with served.transaction() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert asked(served, "SELECT 2") == (b"2",)


def test_a_line_that_is_cut_is_told_as_a_lost_connection(fresh_database_url: str) -> None:
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        lane = Lane(connection)
        assert lane.ask([(statement("SELECT 1"), [])]) == (b"1",)
        with socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
        with pytest.raises(psycopg.OperationalError):
            lane.ask([(statement("SELECT 2"), []), (statement("SELECT 3"), [])])


def test_a_database_that_does_not_answer_is_an_error(fresh_database_url: str) -> None:
    nobody = Lanes(fresh_database_url.rpartition("/")[0] + "/nothing_here", size=1, network=NETWORK)
    with pytest.raises(psycopg.OperationalError):
        nobody.ask([(statement("SELECT 1"), [])])
    nobody.close()


def test_a_connection_keeps_a_bounded_number_of_statements(served: Database) -> None:
    most = lanes._MOST_PREPARED
    for number in range(most + 2):
        assert asked(served, f"SELECT {number}") == (str(number).encode(),)
    held = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'lane_%'"
    assert asked(served, held) == (str(most).encode(),)
