"""The database: one engine, its kinds of transaction, and the table helper of every store.

Every table is keyed ``(org_id, …)`` first so that companies can be spread over servers later; there is no
foreign key and no transaction across companies. Time-outs are set so that a cut network is an error within
seconds, not a hang (``engine.md`` 1.2).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Uuid,
    create_engine,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.schema import SchemaItem

from portal.kernel.errors import Unavailable
from portal.platform.lanes import JOTTING, TYPES, Lanes, Statement, Value

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}


_JOTTING_AT_ONCE = 2
"""Connections kept open for ``Database.jot``, each used for a fraction of a millisecond; as many again may be."""


class DatabaseSilent(Unavailable):
    """PostgreSQL does not answer, or the connection was lost."""

    code = "database_silent"


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column holding an aware instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def identifier(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column holding a UUID."""
    return Column(name, Uuid, nullable=nullable)


def org_table(name: str, *items: SchemaItem) -> Table:
    """Declare a table keyed ``(org_id, id)``; ``items`` are its further columns and constraints."""
    return Table(
        name,
        METADATA,
        identifier("org_id"),
        identifier("id"),
        *items,
        PrimaryKeyConstraint("org_id", "id"),
    )


def reference(column: str, table: str) -> ForeignKeyConstraint:
    """Return the foreign key ``(org_id, column)`` to another table of the same company."""
    return ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"])


class Database:
    """The connection pools and the ways to use them.

    Args:
        url: ``postgresql://user:password@host:port/name``.
        pool_size: Connections kept open.
        readers: The address of the login of each tier and of suppliers, which reads partner data and nothing else.
            Who has none is read for over ``url``, whose account must then be able to take the role (tools, tests).
    """

    def __init__(self, url: str, *, pool_size: int = 8, readers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.engine = _engine(url, pool_size)
        self._readers = {reader: _engine(address, pool_size) for reader, address in (readers or {}).items()}
        self._lanes = {
            reader: Lanes(address, size=pool_size, network=NETWORK)
            for reader, address in {"": url, **(readers or {})}.items()
        }
        self._jots = Lanes(url, size=_JOTTING_AT_ONCE, network=NETWORK, options=JOTTING)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end of the block and rolls back on any error."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def committing(self) -> Iterator[Connection]:
        """Lend a connection on which every statement commits by itself: for a deed that is one statement."""
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read-only transaction over one snapshot; nothing can be written in it."""
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading_as(self, reader: str, settings: Mapping[str, str]) -> Iterator[Connection]:
        """Open a read-only transaction in which the database itself shows what one partner may see.

        Args:
            reader: The customer's tier, or ``supplier``: decides the columns.
            settings: Values of ``tally.org``, ``tally.partner`` and, for a tier, ``tally.agreement`` and
                ``tally.today`` (without the prefix), which decide the rows; gone with the transaction.
        """
        engine = self._readers.get(reader)
        with (engine or self.engine).connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                narrow(connection, reader, settings, stepping_down=engine is None)
                yield connection

    def ask(
        self, statement: Statement, values: Mapping[str, Value], *, reader: str, settings: Mapping[str, str]
    ) -> tuple[bytes | None, ...] | None:
        """Run one prepared read as ``reading_as`` would, in one round trip; return its first row as text.

        Args:
            statement: Reads only.
            values: Of its parameters, by name; there may be more.
            reader: As for ``reading_as``; empty for a read that is not narrowed, over the portal's own login.
            settings: As for ``reading_as``.

        Raises:
            psycopg.Error: It failed, or the database does not answer.
        """
        asked = [(statement, statement.encoded(values))]
        lanes = self._lanes.get(reader)
        if reader:
            narrowed, told = narrowing(reader, settings, stepping_down=lanes is None)
            asked.insert(0, (narrowed, narrowed.encoded(told)))
        return (lanes or self._lanes[""]).ask(asked)

    def jot(self, statement: Statement, values: Mapping[str, Value]) -> tuple[bytes | None, ...] | None:
        """Run one prepared statement that writes, in one round trip; return its first row as text.

        It commits at once and before the disk has it: for what may be forgotten when the database server crashes,
        and may be written twice when the line to it is cut.

        Args:
            statement: Of one transaction of its own.
            values: Of its parameters, by name; there may be more.

        Raises:
            psycopg.Error: It failed, or the database does not answer.
        """
        return self._jots.ask([(statement, statement.encoded(values))])

    def close(self) -> None:
        """Close every pooled connection."""
        for lanes in (*self._lanes.values(), self._jots):
            lanes.close()
        for engine in (self.engine, *self._readers.values()):
            engine.dispose()


def narrow(connection: Connection, reader: str, settings: Mapping[str, str], *, stepping_down: bool) -> None:
    """Narrow a transaction to what one partner may see, in one round trip.

    Args:
        connection: Open transaction, which ends with what is set here.
        reader: As for ``Database.reading_as``.
        settings: As for ``Database.reading_as``.
        stepping_down: The connection's account is not the reader's and takes its role.
    """
    statement, told = narrowing(reader, settings, stepping_down=stepping_down)
    named = re.sub(r"\$(\d+)", lambda found: f":{statement.names[int(found[1]) - 1]}", statement.sql)
    connection.execute(text(named), told)


def narrowing(
    reader: str, settings: Mapping[str, str], *, stepping_down: bool
) -> tuple[Statement, dict[str, str]]:
    """Return the statement that narrows a transaction, and its values; arguments as for ``narrow``."""
    told = {f"tally.{name}": value for name, value in settings.items()}
    if stepping_down:
        told["role"] = f"tallystick_{reader}"
    calls = ", ".join(f"set_config(${2 * place + 1}, ${2 * place + 2}, TRUE)" for place in range(len(told)))
    values = {f"n{place}": name for place, name in enumerate(told)}
    values |= {f"v{place}": value for place, value in enumerate(told.values())}
    sql = f"SELECT {calls}"
    if "agreement" in settings:
        # What is selected from comes first: the agreement is looked up with the settings, and in the role, told.
        sql = f"SELECT tally_resolve() FROM ({sql} OFFSET 0) told"  # noqa: S608 - names only
    names = tuple(f"{letter}{place}" for place in range(len(told)) for letter in "nv")
    return Statement(sql, names, (TYPES["text"],) * len(names)), values


def _engine(url: str, pool_size: int) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args=NETWORK,
    )


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """Return the psycopg connection beneath, inside the same transaction (for COPY and job deferral)."""
    inner = connection.connection.driver_connection
    if not isinstance(inner, psycopg.Connection):
        raise TypeError(f"not a psycopg connection: {type(inner).__name__}")
    return inner


def own_cursor(connection: Connection) -> psycopg.Cursor[Any]:
    """Return a cursor as lasting as the pooled connection beneath: making one costs a quarter of a simple deed.

    Whoever uses it reads its answer before anybody else asks over the same connection.
    """
    cursor = connection.info.get("own_cursor")
    if cursor is None:
        cursor = connection.info["own_cursor"] = driver_connection(connection).cursor()
    return cursor


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    """Write many rows with COPY, in the caller's transaction; returns how many.

    Args:
        connection: Open transaction.
        table: Table name, from code, never from input.
        columns: Column names, from code, in the order of each row's values.
        rows: Values that psycopg can adapt.
    """
    names = psycopg.sql.SQL(", ").join(psycopg.sql.Identifier(name) for name in columns)
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(psycopg.sql.Identifier(table), names)
    count = 0
    with (
        driver_connection(connection).cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def scoped(org_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with the company's id, as every insert needs it."""
    return {"org_id": org_id, **values}
