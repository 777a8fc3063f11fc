"""The built contract: its interface, its code, and the words it speaks.

The artefact is committed (``contracts/AnchorRegistry.json``) and travels inside the wheel as
``ledger/_contracts/AnchorRegistry.json``; nobody who runs the product needs a compiler. Nothing
here speaks to a chain.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from ledger.errors import NotFound, Refused

NAME = "AnchorRegistry.json"
PLACES = (
    Path(__file__).parent / "_contracts" / NAME,
    Path(__file__).parent.parent / "contracts" / NAME,
)


class ArtefactMissing(NotFound):
    """No built contract lies where the wheel or the source tree keeps it."""

    code = "artefact_missing"


class ArtefactDamaged(Refused):
    """The built contract does not have the hash it names."""

    code = "artefact_damaged"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A built contract.

    Attributes:
        abi: Its interface, as solc wrote it.
        bytecode: What a deploying transaction carries.
        runtime: What lies at the contract's address afterwards (there are no immutables, so
            exactly this).
        runtime_sha256: SHA-256 of ``runtime``, hexadecimal.
        solc_version: The compiler's long version.
        solc_input_sha256: SHA-256 of ``contracts/solc-input.json``, hexadecimal.
    """

    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    runtime_sha256: str
    solc_version: str
    solc_input_sha256: str

    def selectors(self) -> dict[str, bytes]:
        """The 4-byte selector of every function, by the function's name."""
        return {one["name"]: _hash_of(one)[:4] for one in self.abi if one["type"] == "function"}

    def errors(self) -> dict[bytes, str]:
        """The name of every custom error, by the 4-byte selector a revert starts with."""
        return {_hash_of(one)[:4]: one["name"] for one in self.abi if one["type"] == "error"}

    def topics(self) -> dict[str, bytes]:
        """The first topic of every event, 32 bytes, by the event's name."""
        return {one["name"]: _hash_of(one) for one in self.abi if one["type"] == "event"}


def _hash_of(one: dict[str, Any]) -> bytes:
    """Keccak-256 of the signature (Solidity ABI specification, "Function Selector")."""
    return bytes(keccak(text=f"{one['name']}({','.join(arg['type'] for arg in one['inputs'])})"))


def load_artefact(places: tuple[Path, ...] = PLACES) -> Artefact:
    """Load the built ``AnchorRegistry``.

    Args:
        places: Where to look, in order: the wheel's copy, then the source tree's.

    Raises:
        ArtefactMissing: It lies in none of the places.
        ArtefactDamaged: Its runtime code does not have the hash it names.
    """
    for place in places:
        if place.is_file():
            return _read(json.loads(place.read_bytes()))
    raise ArtefactMissing(f"no {NAME} in {' or '.join(str(place.parent) for place in places)}")


def _read(document: dict[str, Any]) -> Artefact:
    runtime = bytes.fromhex(document["runtimeBytecode"][2:])
    found = hashlib.sha256(runtime).hexdigest()
    if found != document["runtimeSha256"]:
        raise ArtefactDamaged(f"the runtime code hashes to {found}, the artefact says {document['runtimeSha256']}")
    return Artefact(
        abi=tuple(document["abi"]),
        bytecode=bytes.fromhex(document["bytecode"][2:]),
        runtime=runtime,
        runtime_sha256=found,
        solc_version=document["solcVersion"],
        solc_input_sha256=document["solcInputSha256"],
    )


def stream_id(opener: bytes, salt: bytes) -> bytes:
    """The identifier ``openStream`` gives: keccak-256 over (opener, salt), both as 32-byte words.

    Args:
        opener: The address that sends the transaction, 20 bytes.
        salt: 32 bytes.
    """
    return bytes(keccak(opener.rjust(32, b"\0") + salt))


def next_head(head: bytes, *, root: bytes, size: int, seq: int) -> bytes:
    """The stream's head after a batch: SHA-256 over (head, root, size, seq), as 32-byte words.

    Args:
        head: The head before; 32 zero bytes before the first batch.
        root: The batch's root, 32 bytes.
        size: Its number of leaves.
        seq: Its number in the stream, from 0.
    """
    words = head + root + size.to_bytes(32) + seq.to_bytes(32)
    return hashlib.sha256(words).digest()
