"""Lanes: connections on which one prepared statement is one round trip, for what is asked all day.

A lane reads or jots down, by its connection's own settings. What narrows it (``portal.platform.db.narrowing``) and
the statement travel together in libpq's pipeline mode and are one transaction, which ends with its sync: nothing
that was set outlives it. Source: PostgreSQL manual, 32.5 "Pipeline Mode" and 53.2.3 "Extended Query".
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.pool import QueuePool

READING = (
    "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
    " -c plan_cache_mode=force_generic_plan -c jit=off"
)
"""A plan is made once a connection: to plan one of these statements takes longer than to run it."""

JOTTING = "-c synchronous_commit=off"
"""A statement that writes is over, and its locks are gone, before the disk has it."""

_MOST_PREPARED = 50
"""Statements kept prepared on one connection; the one that was asked longest ago goes first."""

TYPES: Mapping[str, int] = {
    "boolean": 16,
    "bigint": 20,
    "integer": 23,
    "text": 25,
    "text[]": 1009,
    "bigint[]": 1016,
    "date": 1082,
    "timestamptz": 1184,
    "uuid": 2950,
    "uuid[]": 2951,
}
"""Object ids of the types a parameter may have (``pg_type.dat``)."""

Value = str | int | bool | UUID | date | datetime | Sequence[str] | Sequence[int] | Sequence[UUID] | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with numbered parameters.

    Attributes:
        sql: With ``$1``, ``$2`` …
        names: Which value each parameter takes.
        types: Object id of each parameter's type.
    """

    sql: str
    names: tuple[str, ...]
    types: tuple[int, ...]

    def encoded(self, values: Mapping[str, Value]) -> list[bytes | None]:
        """Return the parameters in PostgreSQL's text form, in their order."""
        return [encoded(values[name]) for name in self.names]


def encoded(value: Value) -> bytes | None:
    """Return a value in PostgreSQL's text form; text of a list must need no quotes."""
    if value is None:
        return None
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, str | int | UUID):
        return str(value).encode()
    if isinstance(value, datetime | date):
        return value.isoformat().encode()
    return f"{{{','.join(map(str, value))}}}".encode()


class Lane:
    """One connection and what is prepared on it.

    Args:
        connection: Used by nobody else meanwhile.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._prepared: OrderedDict[str, bytes] = OrderedDict()
        self._numbers = count()

    def ask(self, asked: Sequence[tuple[Statement, Sequence[bytes | None]]]) -> tuple[bytes | None, ...] | None:
        """Run statements in one round trip; return the first row of the last one, ``None`` where it has none.

        Raises:
            psycopg.Error: One failed, or the connection is lost. The lane must not be used again.
        """
        pgconn = self._connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            sent = sum(self._send(pgconn, statement, values) for statement, values in asked)
            pgconn.pipeline_sync()
            row = _last_row(pgconn, sent)
        finally:
            with suppress(psycopg.Error):  # a pipeline that failed half-way cannot be left
                pgconn.exit_pipeline_mode()
        return row

    def _send(self, pgconn: PGconn, statement: Statement, values: Sequence[bytes | None]) -> int:
        """Send one statement, after preparing it where that was not done yet; returns how many results follow."""
        name = self._prepared.get(statement.sql)
        sent = 1
        if name is None:
            sent += self._forget_oldest(pgconn) + 1
            name = f"lane_{next(self._numbers)}".encode()
            pgconn.send_prepare(name, statement.sql.encode(), statement.types)
            self._prepared[statement.sql] = name
        self._prepared.move_to_end(statement.sql)
        pgconn.send_query_prepared(name, values)
        return sent

    def _forget_oldest(self, pgconn: PGconn) -> int:
        if len(self._prepared) < _MOST_PREPARED:
            return 0
        _, oldest = self._prepared.popitem(last=False)
        pgconn.send_query_params(b"DEALLOCATE " + oldest, [])
        return 1


def _last_row(pgconn: PGconn, sent: int) -> tuple[bytes | None, ...] | None:
    """Read the results of as many statements and the sync behind them."""
    row: tuple[bytes | None, ...] | None = None
    fault: psycopg.Error | None = None
    for _ in range(sent):
        result = pgconn.get_result()
        if result is None or result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            fault = fault or _fault(pgconn, result)
        elif result.ntuples:
            row = tuple(result.get_value(0, column) for column in range(result.nfields))
        else:
            row = None
        pgconn.get_result()  # the null behind each result
    pgconn.get_result()  # the sync
    if fault is not None:
        raise fault
    return row


def _fault(pgconn: PGconn, result: PGresult | None) -> psycopg.Error:
    """Name what a statement failed of; a connection that is gone has no result left to tell it."""
    if result is not None and pgconn.status == ConnStatus.OK:
        return error_from_result(result)
    return psycopg.OperationalError(pgconn.get_error_message())


class Lanes:
    """The lanes of one login.

    Args:
        url: Its address.
        size: Lanes kept open; as many again may be opened for a while.
        network: Connection parameters that make a cut network an error within seconds.
        options: What its connections are for: ``READING`` or ``JOTTING``.
    """

    def __init__(self, url: str, *, size: int, network: Mapping[str, Any], options: str = READING) -> None:
        def connect() -> psycopg.Connection[Any]:
            return psycopg.connect(url, autocommit=True, options=options, **network)

        # Nothing is rolled back on return: a lane is between transactions, or it was thrown away.
        self._pool = QueuePool(connect, pool_size=size, max_overflow=size, reset_on_return=None, use_lifo=True)  # type: ignore[arg-type]

    def ask(self, asked: Iterable[tuple[Statement, Sequence[bytes | None]]]) -> tuple[bytes | None, ...] | None:
        """Run statements as ``Lane.ask`` does; once more on a new connection where the old one was lost.

        Raises:
            psycopg.Error: One failed, or the database does not answer.
        """
        listed = list(asked)
        try:
            return self._once(listed)
        except psycopg.OperationalError:
            # Kept connections may have died with the server behind them; a new one tells how it is now.
            lost, self._pool = self._pool, self._pool.recreate()
            lost.dispose()
            return self._once(listed)

    def _once(self, asked: Sequence[tuple[Statement, Sequence[bytes | None]]]) -> tuple[bytes | None, ...] | None:
        kept: PoolProxiedConnection = self._pool.connect()
        try:
            lane = kept.info.get("lane")
            if lane is None:
                inner: Any = kept.dbapi_connection
                lane = kept.info["lane"] = Lane(inner)
            row: tuple[bytes | None, ...] | None = lane.ask(asked)
        except BaseException:
            kept.invalidate()
            raise
        kept.close()
        return row

    def close(self) -> None:
        """Close every lane that is not in use."""
        self._pool.dispose()
