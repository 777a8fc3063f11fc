"""Why an archive is refused, word by word, and what just fits."""

import struct
import tracemalloc
import zlib
from dataclasses import replace

import pytest

from ledger import archive
from ledger.archive import Entry, join_archive, read_archive, write_archive
from ledger.errors import PackRefused
from support.refusals import refused

TEA = Entry.of("a.json", b"tea " * 50)
ANOTHER_SHAPE = "not an archive of the one shape an audit pack has"
ODD_NAME = "a file's name is not one a pack may hold"
TOO_MUCH = "too many files, or too large when unpacked"


def test_what_does_not_get_smaller_is_stored() -> None:
    # Deflated, these five bytes make five and these six make six again: nothing is won.
    assert Entry.of("a", b"aaaaa") == Entry("a", b"aaaaa", 0, zlib.crc32(b"aaaaa"), 5)
    assert Entry.of("a", b"ababab").is_stored
    assert Entry.of("a", b"abababab").method == 8


def tail() -> bytes:
    more = zlib.compressobj(9, zlib.DEFLATED, -15)
    return more.compress(b"x") + more.flush()


@pytest.mark.parametrize(
    ("entry", "end"),
    [
        (replace(TEA, crc=TEA.crc ^ 1), " is not what the archive says"),
        (replace(TEA, size=201), " is not what the archive says"),
        (replace(TEA, size=199), " is not what the archive says"),
        (replace(TEA, size=198), " does not end where it says"),
        (replace(TEA, packed=TEA.packed[:-1]), " does not end where it says"),
        (replace(TEA, packed=TEA.packed + tail()), " does not end where it says"),
        (replace(TEA, packed=b"\xff" * 9), ": Error -3 while decompressing data: invalid block type"),
        (replace(Entry.of("a.json", b"tea"), crc=0), " is not what the archive says"),
    ],
)
def test_why_a_file_is_damaged_is_told(entry: Entry, end: str) -> None:
    with refused(PackRefused, f"a.json{end}", reason="pack_damaged", file="a.json"):
        entry.unpacked()


def test_a_bomb_takes_no_more_memory_than_it_admits() -> None:
    bomb = replace(Entry.of("bomb.json", bytes(1 << 23)), size=1_000)
    tracemalloc.start()
    try:
        with pytest.raises(PackRefused):
            bomb.unpacked()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_directory_and_end_are_the_standards_field_by_field() -> None:
    data = write_archive([Entry.of("a", b"1"), Entry.of("bc", b"")])
    # Two files of 1 and 0 bytes behind headers of 30 bytes and their names.
    first, second, end = data[64 : 64 + 47], data[111 : 111 + 48], data[159:]
    one, none = zlib.crc32(b"1"), zlib.crc32(b"")
    assert struct.unpack("<4s6H3I5H2I", first[:46]) == (
        b"PK\x01\x02", 20, 20, 0x0800, 0, 0, 0x21, one, 1, 1, 1, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    assert struct.unpack("<4s6H3I5H2I", second[:46]) == (
        b"PK\x01\x02", 20, 20, 0x0800, 0, 0, 0x21, none, 0, 0, 2, 0, 0, 0, 0, 0, 32,
    )  # fmt: skip
    assert (first[46:], second[46:]) == (b"a", b"bc")
    assert struct.unpack("<4s4H2IH", end) == (b"PK\x05\x06", 0, 0, 2, 2, 95, 64, 0)


def test_limits_are_the_last_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_archive([Entry.of("a", b"123"), Entry.of("b", b"45")])
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", len(data))
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 5)
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 3)
    assert list(read_archive(data)) == ["a", "b"]
    for name, value, sentence, values in (
        ("MAX_FILE_BYTES", 2, "a: 3 bytes", {"file": "a"}),
        ("MAX_TOTAL_BYTES", 4, TOO_MUCH, {}),
        ("MAX_FILES", 1, TOO_MUCH, {}),
        ("MAX_ARCHIVE_BYTES", len(data) - 1, f"{len(data)} bytes, {len(data) - 1} allowed", {}),
    ):
        monkeypatch.setattr(archive, name, value)
        with refused(PackRefused, sentence, reason="pack_too_large", **values):
            read_archive(data)


def test_a_long_name_is_told_in_160_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry.of("x" * 161, b"tea")
    with refused(PackRefused, ODD_NAME, reason="pack_name", file="x" * 160):
        write_archive([entry])
    assert list(read_archive(write_archive([Entry.of("x" * 160, b"tea")]))) == ["x" * 160]
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 2)
    with refused(PackRefused, f"{'x' * 161}: 3 bytes", reason="pack_too_large", file="x" * 160):
        write_archive([entry])


@pytest.mark.parametrize("second", ["a.json", "A.JSON"])
def test_the_second_of_two_files_of_one_name_is_told(second: str) -> None:
    with refused(PackRefused, f"{second} stands twice", reason="pack_duplicate", file=second):
        write_archive([Entry.of("a.json", b"1"), Entry.of(second, b"2")])


def test_why_bytes_are_no_archive_of_ours_is_told() -> None:
    data = join_archive([Entry.of("ab", b"tea")])
    with refused(PackRefused, ANOTHER_SHAPE, reason="pack_not_zip"):
        read_archive(data + b"x")
    with refused(PackRefused, "the archive breaks off", reason="pack_not_zip"):
        read_archive(data[:29])
    for changed in (replace(TEA, method=12), replace(Entry.of("a.json", b"tea"), size=4)):
        with refused(PackRefused, "a.json: packed another way", reason="pack_not_zip"):
            read_archive(join_archive([changed]))
    with refused(PackRefused, "a file's name is not UTF-8", reason="pack_name"):
        read_archive(data[:30] + b"\xff" + data[31:])
