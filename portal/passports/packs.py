"""Audit packs: passports with everything that proves them, as one file an auditor takes away.

Bundles, papers and a README come from here; the state of the contract comes from the chain's endpoint and is
checked before it is packed. Where the endpoint gives no proof the pack says so, and stands with what it has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from ledger.canonical import from_multibase, parse_json_strict, sha256
from ledger.dataintegrity.contexts import context_bytes
from ledger.errors import LedgerError, PackRefused, UnknownContext
from ledger.kinds.envelope import CREDENTIAL_MEDIA_TYPE
from ledger.pack import Pack, PackFile, Role
from ledger.rpc import HTTPRPC
from portal.kernel.errors import NotFound, Refused
from portal.passports import reads
from portal.passports.credentials import credential_by_id
from portal.passports.pack_readme import readmes
from portal.platform.files import FileMissing, FileStore

_MULTIHASH_HEAD = 2
"""Bytes before the digest: SHA2-256 and its length."""


class NothingToPack(NotFound):
    """No passport was asked for."""

    code = "nothing_to_pack"


class PackTooLarge(Refused):
    """The papers come to more than one pack may hold."""

    code = "pack_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSources:
    """Where a pack's parts come from.

    Attributes:
        org_id: The host company.
        rpc_url: The chain's endpoint; empty for a pack without a proven state.
        confirmations: Blocks on top of the one the state is proven at.
        papers: Where papers lie; ``None`` for a pack without them, for people who may not see them.
    """

    org_id: UUID
    rpc_url: str
    confirmations: int = 0
    papers: FileStore | None = None


def build_pack(
    connection: Connection, sources: PackSources, *, credential_ids: Sequence[UUID], now: datetime
) -> bytes:
    """Return the audit pack (zip) of passports; the same state of things gives the same bytes.

    Args:
        connection: Open transaction.
        sources: Where its parts come from.
        credential_ids: The passports, in any order.
        now: When it is made.

    Raises:
        NothingToPack: No passport is asked for.
        PassportNotFound: One of them does not exist.
        PackTooLarge: The papers come to more than a pack may hold.
    """
    if not credential_ids:
        raise NothingToPack("No passport is to be packed.")
    bundles = _bundles(connection, credential_ids, sources)
    values = [parse_json_strict(bundle) for bundle in bundles.values()]
    states = _states(values, sources)
    files = [PackFile(f"bundles/{digest.hex()}.json", Role.BUNDLE, bundle) for digest, bundle in bundles.items()]
    files += [PackFile(f"states/{sha256(data).hex()}.json", Role.STATE, data) for data, _ in states]
    files += [*_contexts(values), *_papers(connection, values, sources)]
    heights = [height for _, height in states]
    texts = readmes(bundles=len(bundles), heights=heights, with_papers=sources.papers is not None)
    files += [PackFile(name, Role.README, text.encode()) for name, text in texts.items()]
    try:
        return Pack(now, tuple(files)).to_zip()
    except PackRefused as refusal:
        raise PackTooLarge("The papers come to more than one pack may hold.") from refusal


def _bundles(connection: Connection, ids: Sequence[UUID], sources: PackSources) -> dict[bytes, bytes]:
    """Return the bundles of credentials and of those they cite, by digest."""
    waiting = [credential_by_id(connection, org_id=sources.org_id, credential_id=one).digest for one in ids]
    bundles: dict[bytes, bytes] = {}
    while waiting:
        digest = waiting.pop()
        if digest not in bundles:
            bundles[digest] = reads.bundle(connection, org_id=sources.org_id, digest=digest)
            waiting += _cited(parse_json_strict(bundles[digest]), is_credential=True)
    return bundles


def _cited(bundle: Any, *, is_credential: bool) -> list[bytes]:
    """Return the SHA-256 digests of the credentials, or of the papers, a bundle's credential cites."""
    return [
        from_multibase(entry["digestMultibase"])[_MULTIHASH_HEAD:]
        for entry in bundle["credential"].get("relatedResource", [])
        if "digestMultibase" in entry and (entry.get("mediaType") == CREDENTIAL_MEDIA_TYPE) is is_credential
    ]


def _contexts(bundles: Sequence[Any]) -> list[PackFile]:
    """Return the vocabularies the credentials use, for people; verifiers bring their own pinned ones."""
    named = {
        address for bundle in bundles for address in bundle["credential"]["@context"] if isinstance(address, str)
    }
    files = {}
    for address in sorted(named):
        try:
            data = context_bytes(address)
        except UnknownContext:
            continue
        files[data] = PackFile(f"contexts/{sha256(data).hex()}.jsonld", Role.CONTEXT, data, address)
    return list(files.values())


def _papers(connection: Connection, bundles: Sequence[Any], sources: PackSources) -> list[PackFile]:
    if sources.papers is None:
        return []
    found = []
    for digest in {digest for bundle in bundles for digest in _cited(bundle, is_credential=False)}:
        try:
            paper = reads.document_by_digest(connection, org_id=sources.org_id, sha256=digest).paper
            data = sources.papers.path(digest).read_bytes()
        except (reads.DocumentNotFound, FileMissing):
            continue
        name = f"evidence/{digest.hex()}{_ending(paper.file_name)}"
        found.append(PackFile(name, Role.EVIDENCE, data, paper.file_name))
    return found


def _ending(file_name: str) -> str:
    """Return a file's ending as a pack may hold it, ``.bin`` for any other."""
    ending = Path(file_name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else ".bin"


def _states(bundles: Sequence[Any], sources: PackSources) -> list[tuple[bytes, int]]:
    """Return what the contracts know of the bundles' roots, proven, with the block each is proven at."""
    wanted: dict[str, dict[tuple[bytes, bytes], int]] = {}
    for bundle in bundles:
        for holder in (bundle, *bundle.get("status", [])):
            place, anchor = holder["inclusion"], holder["anchor"]
            if anchor is not None:
                key = (bytes.fromhex(anchor["stream"][2:]), bytes.fromhex(place["root"]))
                wanted.setdefault(anchor["contract"], {})[key] = anchor["blockNumber"]
    if not wanted or not sources.rpc_url:
        return []
    # Loaded when a pack is made: reading tries brings libraries no page needs.
    from ledger.stateproof import Header, state_from_rpc  # noqa: PLC0415

    try:
        rpc = HTTPRPC(sources.rpc_url)
        height = hex(max(int(rpc.call("eth_blockNumber", []), 16) - sources.confirmations, 0))
        states = [
            state_from_rpc(rpc.call, contract=bytes.fromhex(contract[2:]), wanted=roots, at=height)
            for contract, roots in wanted.items()
        ]
    except (LedgerError, ValueError, TypeError):
        return []
    return [(state.to_json(), Header.from_rlp(state.header).number) for state in states]
