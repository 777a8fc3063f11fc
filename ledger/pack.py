"""The audit pack: one file with passports and everything that proves them, for who has neither server nor chain.

``manifest.json`` comes first and names every other file with its role, size and digests; a file it does not name,
or another one than it names, is refused. The manifest is nobody's word: it only keeps the pack in one piece.
``ledger.verify_pack`` judges what is inside; ``portal/static/pack.mjs`` is the twin of both.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from ledger.archive import Entry, read_archive, write_archive
from ledger.bundle import members
from ledger.canonical import parse_json_strict, sha256
from ledger.errors import Malformed, NotJSON, PackRefused
from ledger.keys import from_instant, to_instant

FORMAT: Final = "tallystick-pack/1"
MANIFEST: Final = "manifest.json"
_MANIFEST_BYTES: Final = 8 << 20


class Role(StrEnum):
    """What a file of a pack is for."""

    README = "readme"
    BUNDLE = "bundle"
    EVIDENCE = "evidence"
    CONTEXT = "context"
    STATE = "state"


_PLACES: Final = {
    Role.README: re.compile(r"README\.(?:zh|en)\.txt"),
    Role.BUNDLE: re.compile(r"bundles/([0-9a-f]{64})\.json"),
    Role.EVIDENCE: re.compile(r"evidence/([0-9a-f]{64})\.[a-z0-9]{1,8}"),
    Role.CONTEXT: re.compile(r"contexts/([0-9a-f]{64})\.jsonld"),
    Role.STATE: re.compile(r"states/([0-9a-f]{64})\.json"),
}
"""Where each kind lies; the digits are the SHA-256 of the file, of a bundle that of its canonical credential."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    Args:
        title: What people call it: a paper's own file name, a context's address; empty for the others.
    """

    name: str
    role: Role
    data: bytes
    title: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """An audit pack.

    Args:
        made_at: When it was put together; nobody vouches for it.
    """

    made_at: datetime
    files: tuple[PackFile, ...]

    def to_zip(self) -> bytes:
        """Return the bytes: the same pack always gives the same.

        Raises:
            PackRefused: Too large, or a file in a place where it does not belong.
        """
        ordered = sorted(self.files, key=lambda file: (file.role is not Role.README, file.name))
        for file in ordered:
            _check_place(file.role, file.name, file.data)
        entries = [Entry.of(file.name, file.data) for file in ordered]
        lines = list(map(_line, ordered, entries))
        manifest = {"pack": FORMAT, "made": to_instant(self.made_at), "files": lines}
        first = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
        # Stored as it is: of deflated bytes a few bits could change unseen, and no digest guards this file.
        return write_archive([Entry.stored(MANIFEST, first), *entries])

    @classmethod
    def from_zip(cls, data: bytes) -> Self:
        """Read a pack's bytes.

        Raises:
            PackRefused: See there; nothing of a refused pack is used.
        """
        entries = read_archive(data)
        if list(entries)[:1] != [MANIFEST] or not entries[MANIFEST].is_stored:
            raise PackRefused("pack_manifest", "the first file is not a plain manifest.json")
        made_at, lines = _manifest(entries.pop(MANIFEST).unpacked())
        missing, stray = lines.keys() - entries.keys(), entries.keys() - lines.keys()
        if missing:
            raise PackRefused("pack_missing_file", f"{min(missing)} is not there", file=min(missing))
        if stray:
            raise PackRefused("pack_stray_file", f"{min(stray)} is not in the manifest", file=min(stray))
        return cls(made_at, tuple(_file(line, entries[name]) for name, line in lines.items()))

    def of_role(self, role: Role) -> tuple[PackFile, ...]:
        """Return the files of one kind."""
        return tuple(file for file in self.files if file.role is role)


def _line(file: PackFile, entry: Entry) -> dict[str, Any]:
    return {
        "name": file.name,
        "role": file.role.value,
        "title": file.title,
        "size": entry.size,
        "sha256": sha256(file.data).hex(),
        "packed": sha256(entry.packed).hex(),
    }


def _manifest(data: bytes) -> tuple[datetime, dict[str, dict[str, Any]]]:
    try:
        value = parse_json_strict(data, max_bytes=_MANIFEST_BYTES)
        members(value, "pack", "made", "files")
        if value["pack"] != FORMAT or not isinstance(value["files"], list):
            raise Malformed(f"not a {FORMAT}")  # noqa: TRY301 - refused like the other faults of the manifest
        for line in value["files"]:
            members(line, "name", "role", "title", "size", "sha256", "packed")
        lines = {line["name"]: line for line in value["files"] if isinstance(line["name"], str)}
        if len(lines) != len(value["files"]):
            raise Malformed("a file stands twice")  # noqa: TRY301 - as above
        return from_instant(value["made"]), lines
    except (Malformed, NotJSON) as error:
        raise PackRefused("pack_manifest", f"manifest.json: {error.message}") from error


def _file(line: Mapping[str, Any], entry: Entry) -> PackFile:
    # The packed bytes are compared too: deflate has bits that unpacking never looks at.
    if sha256(entry.packed).hex() != line["packed"] or entry.size != line["size"]:
        raise PackRefused("pack_hash", f"{entry.name} is not the file the manifest names", file=entry.name)
    data = entry.unpacked()
    if sha256(data).hex() != line["sha256"]:
        raise PackRefused("pack_hash", f"{entry.name} is not the file the manifest names", file=entry.name)
    if not isinstance(line["title"], str) or line["role"] not in list(Role):
        raise PackRefused("pack_manifest", f"{entry.name}: no role of a pack's file", file=entry.name)
    _check_place(Role(line["role"]), entry.name, data)
    return PackFile(entry.name, Role(line["role"]), data, line["title"])


def _check_place(role: Role, name: str, data: bytes) -> None:
    found = _PLACES[role].fullmatch(name)
    named = found[1] if found and found.re.groups else None
    if not found or (named and role is not Role.BUNDLE and sha256(data).hex() != named):
        raise PackRefused("pack_content", f"{name} does not belong there", file=name)
