"""Databases that forget: what is committed in them is gone after the test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, text

from portal.platform.db import Database, driver_connection, narrow
from portal.platform.lanes import Statement, Value
from portal.platform.roles import group_of


class ForgetfulDatabase(Database):
    """A ``Database`` whose every transaction is a savepoint in one transaction that is rolled back.

    For tests of one thread. What is about concurrency, crashes or LISTEN takes a database of its own.
    """

    def __init__(self, url: str, connection: Connection) -> None:
        super().__init__(url, pool_size=1)
        self._connection = connection
        self._role = "none"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a savepoint that is kept at the end of the block and rolled back on any error.

        Within a narrowed reading it is another login's, as it would be on a connection of its own.
        """
        with self._connection.begin_nested():
            if self._role != "none":
                self._take("none")
            yield self._connection
            if self._role != "none":
                self._take(self._role)

    @contextmanager
    def committing(self) -> Iterator[Connection]:
        """Open a savepoint: nothing here commits by itself."""
        with self.transaction() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a savepoint that is rolled back: a reader that writes leaves nothing."""
        savepoint = self._connection.begin_nested()
        try:
            yield self._connection
        finally:
            savepoint.rollback()

    @contextmanager
    def reading_as(self, tier: str, settings: Mapping[str, str]) -> Iterator[Connection]:
        """Open a savepoint in the role of a tier; its end gives the role and the settings back."""
        with self.reading() as connection:
            narrow(connection, tier, settings, stepping_down=True)
            self._role = group_of(tier)
            try:
                yield connection
            finally:
                self._role = "none"

    def ask(
        self, statement: Statement, values: Mapping[str, Value], *, reader: str, settings: Mapping[str, str]
    ) -> tuple[bytes | None, ...] | None:
        """Run a prepared read where the test's rows are."""
        with self.reading_as(reader, settings) if reader else self.reading() as connection:
            return _first_row(connection, statement, values)

    def jot(self, statement: Statement, values: Mapping[str, Value]) -> tuple[bytes | None, ...] | None:
        """Run a prepared write where the test's rows are."""
        with self.transaction() as connection:
            return _first_row(connection, statement, values)

    def _take(self, role: str) -> None:
        self._connection.execute(text("SELECT set_config('role', :role, TRUE)"), {"role": role})


def _first_row(
    connection: Connection, statement: Statement, values: Mapping[str, Value]
) -> tuple[bytes | None, ...] | None:
    result = driver_connection(connection).pgconn.exec_params(
        statement.sql.encode(), statement.encoded(values), statement.types
    )
    if result.status != ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    return tuple(result.get_value(0, at) for at in range(result.nfields)) if result.ntuples else None
