"""The one shape of zip: what other tools make of ours, and what of theirs is refused."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace

import pytest

from ledger import archive
from ledger.archive import Entry, join_archive, read_archive, write_archive
from ledger.errors import PackRefused

FILES = {"manifest.json": b"{}", "bundles/a.json": b"tea " * 200, "evidence/x.pdf": bytes(range(256))}


def written(files: dict[str, bytes]) -> bytes:
    return write_archive([Entry.of(name, data) for name, data in files.items()])


def unpacked(data: bytes) -> dict[str, bytes]:
    return {name: entry.unpacked() for name, entry in read_archive(data).items()}


def refusal(data: bytes) -> str:
    with pytest.raises(PackRefused) as caught:
        unpacked(data)
    return caught.value.reason


def test_other_tools_read_our_archive_and_find_the_same_files() -> None:
    with zipfile.ZipFile(io.BytesIO(written(FILES))) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == FILES
        assert {one.date_time for one in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_files_give_the_same_bytes_and_come_back() -> None:
    data = written(FILES)
    assert data == written(dict(FILES))
    assert unpacked(data) == FILES


def test_only_what_gets_smaller_is_deflated() -> None:
    entries = read_archive(written(FILES))
    assert {name: entry.method for name, entry in entries.items()} == {
        "manifest.json": 0, "bundles/a.json": 8, "evidence/x.pdf": 0,
    }  # fmt: skip


def test_an_empty_archive_has_an_end_and_nothing_else() -> None:
    assert written({}) == b"PK\x05\x06" + bytes(18)
    assert read_archive(written({})) == {}


def test_an_archive_of_other_tools_is_not_ours() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("manifest.json", "{}")
    assert refusal(made.getvalue()) == "pack_not_zip"


@pytest.mark.parametrize(
    "name",
    ["../up.json", "/root.json", "a/../b", "a//b", "a\\b", "C:/x", ".hidden", "", "a/", "x" * 161, "a\nb", "é"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    assert refusal(join_archive([Entry.of(name, b"x")])) == "pack_name"


def test_a_name_that_is_no_text_is_refused() -> None:
    data = bytearray(written({"ab": b""}))
    data[30] = 0xFF
    assert refusal(bytes(data)) == "pack_name"


@pytest.mark.parametrize("second", ["a.json", "A.JSON"])
def test_a_name_that_stands_twice_is_refused(second: str) -> None:
    assert refusal(join_archive([Entry.of("a.json", b"1"), Entry.of(second, b"2")])) == "pack_duplicate"


def test_bytes_before_between_and_behind_are_refused() -> None:
    data = written(FILES)
    directory = data.index(b"PK\x01\x02")
    for wrong in (
        b"#!" + data,
        data + b"x",
        data[:-1],
        data[:directory] + b"x" + data[directory:],
        data[:directory],
        b"",
        b"PK\x03\x04",
    ):
        assert refusal(wrong) == "pack_not_zip"


def test_every_single_changed_byte_outside_the_files_is_refused() -> None:
    data = written({"a.json": b"tea", "b.json": b"tea " * 50})
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x41
        assert refusal(bytes(changed)) in {"pack_not_zip", "pack_name", "pack_damaged", "pack_too_large"}


def test_a_bomb_is_stopped_at_the_size_it_admits() -> None:
    bomb = Entry.of("bomb.json", bytes(50_000_000))
    assert len(bomb.packed) < 100_000
    assert refusal(join_archive([replace(bomb, size=1_000)])) == "pack_damaged"


def test_a_bomb_that_admits_its_size_is_too_large() -> None:
    small = Entry.of("a.json", b"tea " * 50)
    assert refusal(join_archive([replace(small, size=archive.MAX_FILE_BYTES + 1)])) == "pack_too_large"
    many = [replace(small, name=f"{n}.json", size=archive.MAX_FILE_BYTES) for n in range(9)]
    assert refusal(join_archive(many)) == "pack_too_large"


def test_too_long_an_archive_or_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(FILES)
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    assert refusal(data) == "pack_too_large"
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", len(data) - 1)
    assert refusal(data) == "pack_too_large"


def test_what_does_not_unpack_to_what_is_said_is_damaged() -> None:
    good = Entry.of("a.json", b"tea " * 50)
    more = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = more.compress(b"x") + more.flush()
    for wrong in (
        replace(good, crc=good.crc ^ 1),
        replace(good, size=good.size + 1),
        replace(good, packed=good.packed[:-1]),
        replace(good, packed=good.packed + tail),
        replace(good, packed=b"\xff" * 9),
        replace(Entry.of("b", b"tea"), crc=0),
    ):
        assert refusal(join_archive([wrong])) == "pack_damaged"


def test_another_way_of_packing_is_refused() -> None:
    good = Entry.of("a.json", b"tea")
    assert refusal(join_archive([replace(good, method=12)])) == "pack_not_zip"
    assert refusal(join_archive([replace(good, size=4)])) == "pack_not_zip"


def test_names_and_flags_of_the_headers_are_the_standards() -> None:
    data = written({"a": b"1"})
    assert struct.unpack("<4s5H3I2H", data[:30]) == (
        b"PK\x03\x04", 20, 0x0800, 0, 0, 0x21, zlib.crc32(b"1"), 1, 1, 1, 0,
    )  # fmt: skip
