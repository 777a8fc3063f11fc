"""A zip of exactly one shape: written the same for the same files, and read only when nothing in it is left open.

The reader goes through the local headers from the first byte, then demands that the directory and the end are,
byte for byte, what follows from them. So there is no second way to read it: no extra fields, comments, encryption,
links, hidden or doubled files, and no bytes between. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4; RFC
1951.
Pure: bytes in, bytes out. ``portal/static/pack.mjs`` is the twin.
"""

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

from ledger.errors import PackRefused

MAX_ARCHIVE_BYTES: Final = 256 << 20
MAX_FILE_BYTES: Final = 64 << 20
MAX_TOTAL_BYTES: Final = 512 << 20
"""What all files may come to when unpacked, whatever the archive promises."""
MAX_FILES: Final = 10_000
NAME = re.compile(r"(?=.{1,160}\Z)(?:[a-z0-9][a-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
"""Relative, forward slashes, and every part begins with a letter or digit, so none is ``..`` or hidden."""

_STORED, _DEFLATED = 0, 8
_VERSION, _UTF8, _MIDNIGHT, _FIRST_DAY = 20, 0x0800, 0, 0x0021  # 1980-01-01 00:00, the oldest a zip can say
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_DIRECTORY: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive.

    Args:
        packed: Its bytes as they lie in the archive: themselves, or deflated.
        method: 0 stored, 8 deflated.
        crc: CRC-32 of the file.
        size: Length of the file.
    """

    name: str
    packed: bytes
    method: int
    crc: int
    size: int

    @classmethod
    def stored(cls, name: str, data: bytes) -> Self:
        """Take a file as it is."""
        return cls(name, data, _STORED, zlib.crc32(data), len(data))

    @classmethod
    def of(cls, name: str, data: bytes) -> Self:
        """Pack a file; it is deflated only where that makes it smaller."""
        deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        small = deflater.compress(data) + deflater.flush()
        if len(small) >= len(data):
            return cls.stored(name, data)
        return cls(name, small, _DEFLATED, zlib.crc32(data), len(data))

    @property
    def is_stored(self) -> bool:
        """Whether the file lies in the archive as it is."""
        return self.method == _STORED

    def unpacked(self) -> bytes:
        """Return the file.

        Raises:
            PackRefused: ``pack_damaged``: it does not unpack to what the archive says, or to more.
        """
        data = self.packed
        if self.method == _DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                data = inflater.decompress(self.packed, self.size + 1)
            except zlib.error as error:
                raise PackRefused("pack_damaged", f"{self.name}: {error}", file=self.name) from error
            if not inflater.eof or inflater.unused_data:
                raise PackRefused("pack_damaged", f"{self.name} does not end where it says", file=self.name)
        if len(data) != self.size or zlib.crc32(data) != self.crc:
            raise PackRefused("pack_damaged", f"{self.name} is not what the archive says", file=self.name)
        return data

    def local(self) -> bytes:
        """Return the local header (4.3.7)."""
        name = self.name.encode()
        return _LOCAL.pack(b"PK\x03\x04", _VERSION, *self._facts(), len(name), 0) + name

    def directory(self, offset: int) -> bytes:
        """Return the entry in the central directory (4.3.12)."""
        name = self.name.encode()
        rest = (len(name), 0, 0, 0, 0, 0, offset)
        return _DIRECTORY.pack(b"PK\x01\x02", _VERSION, _VERSION, *self._facts(), *rest) + name

    def _facts(self) -> tuple[int, ...]:
        return (_UTF8, self.method, _MIDNIGHT, _FIRST_DAY, self.crc, len(self.packed), self.size)


def write_archive(entries: list[Entry]) -> bytes:
    """Return the archive of the files in the order given; the same files always give the same bytes.

    Raises:
        PackRefused: As ``read_archive``, for what it would not take back.
    """
    _check_entries(entries)
    return join_archive(entries)


def join_archive(entries: list[Entry]) -> bytes:
    """Return the bytes of an archive: every file behind its header, the directory, the end."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        directory += entry.directory(len(body))
        body += entry.local() + entry.packed
    count = len(entries)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_archive(data: bytes) -> dict[str, Entry]:
    """Return the files of an archive by name, in its order, not yet unpacked.

    Raises:
        PackRefused: ``pack_too_large``, ``pack_not_zip`` (anything but the one shape), ``pack_name``,
            ``pack_duplicate``.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise PackRefused("pack_too_large", f"{len(data)} bytes, {MAX_ARCHIVE_BYTES} allowed")
    entries: list[Entry] = []
    at = 0
    while data[at : at + 4] == b"PK\x03\x04" and len(entries) <= MAX_FILES:
        entry = _entry_at(data, at)
        at += len(entry.local()) + len(entry.packed)
        entries.append(entry)
    _check_entries(entries)
    if join_archive(entries) != data:
        raise PackRefused("pack_not_zip", "not an archive of the one shape an audit pack has")
    return {entry.name: entry for entry in entries}


def _entry_at(data: bytes, at: int) -> Entry:
    head = data[at : at + _LOCAL.size]
    if len(head) < _LOCAL.size:
        raise PackRefused("pack_not_zip", "the archive breaks off")
    _, _, _, method, _, _, crc, packed_size, size, name_size, _ = _LOCAL.unpack(head)
    start = at + _LOCAL.size + name_size
    try:
        name = data[at + _LOCAL.size : start].decode()
    except UnicodeDecodeError as error:
        raise PackRefused("pack_name", "a file's name is not UTF-8") from error
    if method not in (_STORED, _DEFLATED) or (method == _STORED and packed_size != size):
        raise PackRefused("pack_not_zip", f"{name}: packed another way")
    return Entry(name, data[start : start + packed_size], method, crc, size)


def _check_entries(entries: list[Entry]) -> None:
    if len(entries) > MAX_FILES or sum(entry.size for entry in entries) > MAX_TOTAL_BYTES:
        raise PackRefused("pack_too_large", "too many files, or too large when unpacked")
    seen: set[str] = set()
    for entry in entries:
        if entry.size > MAX_FILE_BYTES:
            raise PackRefused("pack_too_large", f"{entry.name}: {entry.size} bytes", file=entry.name[:160])
        if not NAME.fullmatch(entry.name):
            raise PackRefused("pack_name", "a file's name is not one a pack may hold", file=entry.name[:160])
        if entry.name.lower() in seen:
            raise PackRefused("pack_duplicate", f"{entry.name} stands twice", file=entry.name)
        seen.add(entry.name.lower())
