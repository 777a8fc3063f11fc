"""Files people hand in: stored once under the SHA-256 of their bytes, outside anything the web server serves."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal.kernel.errors import NotFound, Refused

_CHUNK = 1 << 20


class FileTooLarge(Refused):
    """The file is larger than this kind of file may be."""

    code = "file_too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The file is larger than {max_bytes} bytes.", max_bytes=max_bytes, mb=max_bytes >> 20)


class FileMissing(NotFound):
    """No file with this digest is stored."""

    code = "file_missing"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is safely on disk.

    Attributes:
        sha256: Digest of the bytes, 32 bytes.
        size_bytes: Length.
    """

    sha256: bytes
    size_bytes: int


class FileStore:
    """Content-addressed files below ``folder``; the same bytes are stored once.

    Args:
        folder: Made (0700) when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, source: BinaryIO, *, max_bytes: int) -> StoredFile:
        """Hash while streaming, fsync, then give the file its final name.

        Args:
            source: Read to its end.
            max_bytes: Largest size taken.

        Raises:
            FileTooLarge: More than ``max_bytes``; nothing is kept.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        size = 0
        try:
            with draft.open("xb") as file:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    if size > max_bytes:
                        raise FileTooLarge(max_bytes)
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path(digest.digest()))
        finally:
            draft.unlink(missing_ok=True)
        return StoredFile(sha256=digest.digest(), size_bytes=size)

    def path(self, sha256: bytes) -> Path:
        """Return where the file with this digest lies.

        Raises:
            FileMissing: It is not stored.
        """
        path = self._path(sha256)
        if not path.exists():
            raise FileMissing(f"No file {sha256.hex()} is stored.", sha256=sha256.hex())
        return path

    def _path(self, sha256: bytes) -> Path:
        return self._folder / sha256.hex()
