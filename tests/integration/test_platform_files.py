"""Files are kept once under the digest of their bytes, whole or not at all."""

import hashlib
import io
from pathlib import Path

import pytest

from portal.platform.files import FileMissing, FileStore, FileTooLarge, StoredFile

# SHA-256 of "abc", FIPS 180-2 appendix B.1.
ABC = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


def test_a_file_lies_under_the_digest_of_its_bytes(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    assert store.add(io.BytesIO(b"abc"), max_bytes=3) == StoredFile(sha256=ABC, size_bytes=3)
    assert store.path(ABC).read_bytes() == b"abc"
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.add(io.BytesIO(b"abc"), max_bytes=3)
    store.add(io.BytesIO(b"abc"), max_bytes=3)
    assert [one.name for one in tmp_path.iterdir()] == [ABC.hex()]


def test_a_file_of_several_chunks_is_whole(tmp_path: Path) -> None:
    body = bytes(range(256)) * 10_000
    stored = FileStore(tmp_path).add(io.BytesIO(body), max_bytes=len(body))
    assert stored == StoredFile(sha256=hashlib.sha256(body).digest(), size_bytes=2_560_000)


def test_too_large_a_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileTooLarge) as refusal:
        FileStore(tmp_path).add(io.BytesIO(b"abcd"), max_bytes=3)
    assert refusal.value.values == {"max_bytes": 3, "mb": 0}
    assert list(tmp_path.iterdir()) == []


def test_a_file_nobody_handed_in_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileMissing) as refusal:
        FileStore(tmp_path).path(ABC)
    assert refusal.value.values == {"sha256": ABC.hex()}
