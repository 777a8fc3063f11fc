"""Statements prepared once a connection and run straight through libpq.

The driver's cursor adapts every value anew and costs as much of this machine's time as the database needs for a
small statement. What runs for every order is prepared by name here, and its values are written as text.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Value = UUID | str | bytes | date | int | None
"""What can be given to a statement; a ``date`` may be an aware ``datetime``."""

_PREPARED: WeakKeyDictionary[psycopg.Connection[Any], set[bytes]] = WeakKeyDictionary()
"""The names prepared on each connection; they live as long as it does."""


class Prepared:
    """A statement with named values, prepared on each connection the first time it runs there.

    Args:
        statement: SQL from code in which ``%(name)s`` stands for a value and nothing else contains ``%``.
        types: The PostgreSQL type of each value, by name.
    """

    def __init__(self, statement: str, **types: str) -> None:
        self._names = tuple(types)
        places = {name: f"${place}::{kind}" for place, (name, kind) in enumerate(types.items(), start=1)}
        self._for_driver = statement
        self._statement = (statement % places).encode()
        self._name = b"tally_" + sha256(self._statement).hexdigest()[:32].encode()

    def run(self, cursor: psycopg.Cursor[Any], values: Mapping[str, Value]) -> int:
        """Run it and return how many rows it wrote.

        A connection that commits by itself is asked directly. In a transaction the driver's own way is taken: it
        forgets what was prepared whenever a table was dropped, and a name that is gone would end the transaction.

        Args:
            cursor: Of the connection to use.
            values: One for each name.

        Raises:
            psycopg.Error: The database refused.
        """
        if not cursor.connection.autocommit:
            return cursor.execute(self._for_driver, values, prepare=True).rowcount
        given = [wire(values[name]) for name in self._names]
        try:
            return self._once(cursor.connection, given)
        except psycopg.errors.InvalidSqlStatementName:
            _PREPARED.pop(cursor.connection, None)
            return self._once(cursor.connection, given)

    def _once(self, connection: psycopg.Connection[Any], given: Sequence[bytes | None]) -> int:
        prepared = _PREPARED.setdefault(connection, set())
        if self._name not in prepared:
            _checked(connection.pgconn.prepare(self._name, self._statement))
            prepared.add(self._name)
        # The driver's hint leaves NULL out, though it takes it.
        return _checked(connection.pgconn.exec_prepared(self._name, given)).command_tuples or 0  # type: ignore[arg-type]


def wire(value: Value) -> bytes | None:
    """Return a value as PostgreSQL reads it from text.

    Raises:
        psycopg.DataError: A text holds the character NUL, which PostgreSQL cannot store.
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    written = str(value).encode()
    if b"\0" in written:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return written


def _checked(result: PGresult) -> PGresult:
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise error_from_result(result)
    return result
