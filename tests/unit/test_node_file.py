"""The chain file: what it holds, in which order it is read, who owns it, and what a broken write leaves."""

import fcntl
import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.node.storage import ChainFileOwned, Log, Storage
from support.refusals import refused

HERE, THERE = b"\x03" * 20, b"\x08" * 20
LOG = Log(1, 0, b"\x01" * 32, b"\x02" * 32, HERE, (b"\x04" * 32, b"\x05" * 32), b"data")
OTHERS = (
    replace(LOG, log_index=1, address=THERE, topics=()),
    replace(LOG, block_number=2, topics=(b"\x04" * 32,) * 4, data=b""),
    replace(LOG, block_number=10, address=b"\x09" * 20, topics=(b"\x06" * 32,)),
)


def test_a_log_is_given_back_member_by_member(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.block([*reversed(OTHERS), LOG]):
        pass
    everything = [LOG, *OTHERS]
    assert storage.logs(first=1, last=10, addresses=(), limit=4) == everything
    assert storage.logs(first=1, last=10, addresses=(), limit=3) == everything[:3]
    assert storage.logs(first=2, last=10, addresses=(), limit=9) == everything[2:]
    assert storage.logs(first=1, last=9, addresses=(), limit=9) == everything[:3]
    assert storage.logs(first=0, last=99, addresses=(HERE, THERE), limit=9) == everything[:3]
    assert storage.logs(first=0, last=99, addresses=(b"\x07" * 20,), limit=9) == []
    storage.close()


def test_a_block_changes_keys_settings_and_logs_together(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.block([], {"number": 5, "list": [1, "a"]}):
        storage[b"kept"], storage[b"changed"], storage[b"dropped"] = b"1", b"2", b"3"
        assert (storage[b"changed"], b"dropped" in storage) == (b"2", True)
    with storage.block([LOG], {"number": None}):
        storage[b"changed"] = b"4"
        del storage[b"dropped"]
        del storage[b"never there"]
        assert (storage[b"kept"], storage[b"changed"], b"dropped" in storage) == (b"1", b"4", False)
    storage.close()

    with sqlite3.connect(tmp_path / "chain.sqlite") as file:
        assert file.execute("SELECT * FROM node ORDER BY key").fetchall() == [(b"changed", b"4"), (b"kept", b"1")]
        assert file.execute("SELECT * FROM setting ORDER BY name").fetchall() == [
            ("list", '[1, "a"]'),
            ("number", "null"),
        ]
        assert file.execute("SELECT * FROM log").fetchall() == [
            (1, 0, b"\x01" * 32, b"\x02" * 32, HERE, b"\x04" * 32 + b"\x05" * 32, b"data")
        ]
    file.close()
    again = Storage(tmp_path / "chain.sqlite")
    assert (again.setting("list"), again.setting("number"), again.setting("none")) == ([1, "a"], None, None)
    again.close()


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with pytest.raises(KeyError) as caught:
        storage[b"none"]
    assert caught.value.args == (b"none",)
    with storage.scratch():
        storage[b"gone"] = b"1"
        del storage[b"gone"]
        with pytest.raises(KeyError) as caught:
            storage[b"gone"]
    assert caught.value.args == (b"gone",)
    storage.close()


def test_outside_a_block_nothing_is_written_nor_deleted(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    for write in (lambda: storage.__setitem__(b"key", b"1"), lambda: storage.__delitem__(b"key")):
        with pytest.raises(RuntimeError) as caught:
            write()
        assert caught.value.args == ("the chain file is written only inside a block",)
    storage.close()


def test_a_write_that_fails_is_taken_back_whole_and_the_next_one_succeeds(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    with storage.block([LOG]):
        storage[b"key"] = b"1"
    with pytest.raises(sqlite3.IntegrityError), storage.block([LOG], {"name": 1}):
        storage[b"key"] = b"2"
    assert (storage[b"key"], storage.setting("name")) == (b"1", None)
    with storage.block([OTHERS[0]], {"name": 2}):
        storage[b"key"] = b"3"
    assert (storage[b"key"], storage.setting("name")) == (b"3", 2)
    assert storage.logs(first=0, last=9, addresses=(), limit=9) == [LOG, OTHERS[0]]
    storage.close()


def test_the_owner_holds_a_lock_beside_the_file_that_children_do_not_inherit(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "chain.sqlite"
    storage = Storage(path)
    lock = path.with_name("chain.sqlite.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    assert not os.get_inheritable(storage._lock)
    with refused(ChainFileOwned, f"the chain file {path} is owned by another process"):
        Storage(path)
    storage.close()

    with lock.open("r+") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_refused_second_owner_leaves_nothing_open(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(ChainFileOwned):
            Storage(tmp_path / "chain.sqlite")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    storage.close()


def test_another_thread_may_use_what_one_thread_opened(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chain.sqlite")
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(storage.setting("none")))
    thread.start()
    thread.join()
    storage.close()
    assert found == [None]
