import sqlite3
from pathlib import Path

import pytest

from ledger.node.storage import ChainFileOwned, Log, Storage

LOG = Log(1, 0, b"\x01" * 32, b"\x02" * 32, b"\x03" * 20, (b"\x04" * 32, b"\x05" * 32), b"data")


def test_what_a_block_wrote_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "chain.sqlite"
    storage = Storage(path)
    with storage.block([LOG], {"chain_id": 5}):
        storage[b"kept"] = b"1"
        storage[b"dropped"] = b"2"
        del storage[b"dropped"]
    storage.close()

    again = Storage(path)

    assert again[b"kept"] == b"1"
    assert b"kept" in again
    assert b"dropped" not in again
    assert again.setting("chain_id") == 5
    assert again.setting("other") is None
    assert again.logs(first=0, last=9, addresses=(), limit=9) == [LOG]
    again.close()


def test_a_deleted_key_stays_deleted(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.block([]):
        storage[b"key"] = b"1"
    with storage.block([]):
        del storage[b"key"]
        assert not storage.exists(b"key")

    with pytest.raises(KeyError):
        storage[b"key"]
    storage.close()


def test_a_block_that_fails_inside_leaves_nothing(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")

    def half_a_block() -> None:
        with storage.block([LOG]):
            storage[b"key"] = b"1"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_a_block()

    assert b"key" not in storage
    assert storage.logs(first=0, last=9, addresses=(), limit=9) == []
    storage.close()


def test_a_block_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.block([LOG]):
        pass

    with pytest.raises(sqlite3.IntegrityError), storage.block([LOG]):
        storage[b"key"] = b"1"

    assert b"key" not in storage
    storage.close()


def test_nothing_is_written_outside_a_block(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")

    with pytest.raises(RuntimeError, match="only inside a block"):
        storage[b"key"] = b"1"
    storage.close()


def test_what_a_call_wrote_is_forgotten(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.scratch():
        storage[b"key"] = b"1"
        assert storage[b"key"] == b"1"

    assert b"key" not in storage
    storage.close()


def test_a_second_owner_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "chain.sqlite"
    first = Storage(path)
    with pytest.raises(ChainFileOwned, match="owned by another process"):
        Storage(path)

    first.close()

    Storage(path).close()


def test_a_file_that_is_no_database_is_refused_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "chain.sqlite"
    path.write_bytes(b"no database, though long enough to be taken for one" * 99)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Storage(path)

    path.unlink()

    Storage(path).close()


def test_the_file_is_synced_at_every_commit(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")

    assert storage._sql.execute("PRAGMA synchronous").fetchone() == (2,)
    assert storage._sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    storage.close()


def test_logs_are_found_by_block_and_address(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    other = Log(2, 0, b"\x06" * 32, b"\x07" * 32, b"\x08" * 20, (), b"")
    with storage.block([LOG, other]):
        pass

    assert storage.logs(first=0, last=1, addresses=(), limit=9) == [LOG]
    assert storage.logs(first=0, last=9, addresses=(b"\x08" * 20,), limit=9) == [other]
    assert storage.logs(first=0, last=9, addresses=(), limit=1) == [LOG]
    storage.close()
