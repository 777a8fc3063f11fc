"""One SQLite file with everything the node knows, owned by one process.

A block is one transaction: what py-evm writes while it builds a block is collected in memory and
committed with the block's logs, fsynced, before anybody is told of the block. A process killed at
any moment leaves the chain at the last committed block.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth.db.backends.base import BaseDB

from ledger.errors import Conflict

SCHEMA = """
CREATE TABLE IF NOT EXISTS node (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
  block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL,
  tx_hash BLOB NOT NULL, address BLOB NOT NULL, topics BLOB NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_by_address ON log (address, block_number, log_index);
"""


class ChainFileOwned(Conflict):
    """Another process owns the chain file."""

    code = "chain_file_owned"


@dataclass(frozen=True, slots=True)
class Log:
    """One event of a mined transaction.

    Attributes:
        block_number: The block it is in.
        log_index: Its position in the block, from 0.
        block_hash: 32 bytes.
        tx_hash: 32 bytes.
        address: The contract that spoke, 20 bytes.
        topics: At most four words of 32 bytes.
        data: The unindexed arguments, ABI encoded.
    """

    block_number: int
    log_index: int
    block_hash: bytes
    tx_hash: bytes
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class Storage(BaseDB):
    """The chain file: key and value for py-evm, plus settings and logs.

    Not safe for two threads at once; ``ledger.node.evm`` holds the lock.

    Args:
        path: The SQLite file; made when absent. ``PATH.lock`` beside it is held while open.

    Raises:
        ChainFileOwned: Another process has the file open.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise ChainFileOwned(f"the chain file {path} is owned by another process") from error
        self._pending: dict[bytes, bytes | None] | None = None
        self._sql = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=FULL")
            self._sql.executescript(SCHEMA)
        except sqlite3.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and give up the ownership."""
        self._sql.close()
        os.close(self._lock)

    def __getitem__(self, key: bytes) -> bytes:
        if self._pending is not None and key in self._pending:
            value = self._pending[key]
        else:
            row = self._sql.execute("SELECT value FROM node WHERE key = ?", (key,)).fetchone()
            value = None if row is None else row[0]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._writes()[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._writes()[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def _writes(self) -> dict[bytes, bytes | None]:
        if self._pending is None:
            raise RuntimeError("the chain file is written only inside a block")
        return self._pending

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Let py-evm write while it executes a call, and forget what it wrote."""
        self._pending = {}
        try:
            yield
        finally:
            self._pending = None

    @contextmanager
    def block(self, logs: list[Log], settings: dict[str, Any] | None = None) -> Iterator[None]:
        """Collect everything written inside and commit it as one fsynced transaction.

        Args:
            logs: Filled inside the block by the caller, committed with it.
            settings: JSON values to set in the same transaction.

        An exception inside leaves the file as it was.
        """
        with self.scratch():
            yield
            pending = self._writes()
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                self._sql.executemany(
                    "INSERT OR REPLACE INTO node VALUES (?, ?)",
                    [(key, value) for key, value in pending.items() if value is not None],
                )
                self._sql.executemany(
                    "DELETE FROM node WHERE key = ?",
                    [(key,) for key, value in pending.items() if value is None],
                )
                self._sql.executemany(
                    "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", [_log_row(log) for log in logs]
                )
                self._sql.executemany(
                    "INSERT OR REPLACE INTO setting VALUES (?, ?)",
                    [(name, json.dumps(value)) for name, value in (settings or {}).items()],
                )
                self._sql.execute("COMMIT")
            except BaseException:
                self._sql.execute("ROLLBACK")
                raise

    def setting(self, name: str) -> Any:
        """The JSON value of a setting, ``None`` when it was never set."""
        row = self._sql.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def logs(self, *, first: int, last: int, addresses: tuple[bytes, ...], limit: int) -> list[Log]:
        """Logs of a range of blocks in chain order.

        Args:
            first: First block, inclusive.
            last: Last block, inclusive.
            addresses: Only these contracts; empty means all.
            limit: At most so many rows.
        """
        where = "block_number BETWEEN ? AND ?"
        if addresses:
            where += f" AND address IN ({','.join('?' * len(addresses))})"
        rows = self._sql.execute(
            f"SELECT * FROM log WHERE {where} ORDER BY block_number, log_index LIMIT ?",  # noqa: S608 - only question marks are put in
            (first, last, *addresses, limit),
        )
        return [_to_log(row) for row in rows]


def _log_row(log: Log) -> tuple[Any, ...]:
    return (
        log.block_number,
        log.log_index,
        log.block_hash,
        log.tx_hash,
        log.address,
        b"".join(log.topics),
        log.data,
    )


def _to_log(row: tuple[Any, ...]) -> Log:
    topics = tuple(row[5][at : at + 32] for at in range(0, len(row[5]), 32))
    return Log(row[0], row[1], row[2], row[3], row[4], topics, row[6])
