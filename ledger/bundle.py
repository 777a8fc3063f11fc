"""The bundle: one file that carries a credential and everything needed to check it.

The credential never changes after issuing; what happens later (a place in a tree, an anchor on a chain)
stands beside it. Reading is strict: unknown members, other spellings and other lengths are refused, so that
two readers cannot see two bundles in one file. Bytes are bytes here; hexadecimal only in JSON.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from ledger.canonical import parse_json_strict
from ledger.errors import Malformed
from ledger.keys import from_instant, to_instant
from ledger.kinds.envelope import UNTP_TYPES, VC_CONTEXT

FORMAT: Final = "tallystick-bundle/1"
TREE: Final = "rfc9162-sha256"
HASH_BYTES: Final = 32
ADDRESS_BYTES: Final = 20
MAX_PATH: Final = 64
MAX_SNAPSHOTS: Final = 16
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A leaf's place in a tree: the leaf is the SHA-256 of the credential's canonical bytes."""

    leaf_index: int
    tree_size: int
    root: bytes
    path: tuple[bytes, ...]

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape.
        """
        members(value, "tree", "leafIndex", "treeSize", "root", "path")
        path = value["path"]
        if value["tree"] != TREE or not isinstance(path, list) or len(path) > MAX_PATH:
            raise Malformed("inclusion: another kind of tree, or no path")
        return cls(
            leaf_index=number(value["leafIndex"]),
            tree_size=number(value["treeSize"]),
            root=hexadecimal(value["root"], HASH_BYTES),
            path=tuple(hexadecimal(step, HASH_BYTES) for step in path),
        )

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "tree": TREE,
            "leafIndex": self.leaf_index,
            "treeSize": self.tree_size,
            "root": self.root.hex(),
            "path": [step.hex() for step in self.path],
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a root was written: claims to compare with the chain, trusted for nothing.

    Args:
        genesis: Hash of block 0, 32 bytes.
        contract: Address, 20 bytes.
        stream: The issuer's stream in the contract, 32 bytes.
        seq: The anchor's number in the stream.
        transaction: Hash, 32 bytes.
    """

    chain_id: int
    genesis: bytes
    contract: bytes
    stream: bytes
    seq: int
    transaction: bytes
    block_number: int
    block_hash: bytes
    block_time: datetime

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape.
        """
        members(
            value, "chainId", "genesis", "contract", "stream", "seq", "transaction", "blockNumber",
            "blockHash", "blockTime",
        )  # fmt: skip
        return cls(
            chain_id=number(value["chainId"]),
            genesis=prefixed(value["genesis"], HASH_BYTES),
            contract=prefixed(value["contract"], ADDRESS_BYTES),
            stream=prefixed(value["stream"], HASH_BYTES),
            seq=number(value["seq"]),
            transaction=prefixed(value["transaction"], HASH_BYTES),
            block_number=number(value["blockNumber"]),
            block_hash=prefixed(value["blockHash"], HASH_BYTES),
            block_time=from_instant(value["blockTime"]),
        )

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "chainId": self.chain_id,
            "genesis": "0x" + self.genesis.hex(),
            "contract": "0x" + self.contract.hex(),
            "stream": "0x" + self.stream.hex(),
            "seq": self.seq,
            "transaction": "0x" + self.transaction.hex(),
            "blockNumber": self.block_number,
            "blockHash": "0x" + self.block_hash.hex(),
            "blockTime": to_instant(self.block_time),
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A version of a status list, or a notice about a status, with its own place and anchor.

    Args:
        credential: A signed credential; read only as far as its step needs it.
    """

    credential: Mapping[str, Any]
    inclusion: Inclusion | None = None
    anchor: Anchor | None = None

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape.
        """
        members(value, "credential", "inclusion", "anchor")
        if not isinstance(value["credential"], dict):
            raise Malformed("status: no credential")
        return cls(value["credential"], *_proofs(value))

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "credential": self.credential,
            "inclusion": self.inclusion.to_value() if self.inclusion else None,
            "anchor": self.anchor.to_value() if self.anchor else None,
        }


@dataclass(frozen=True, slots=True)
class Bundle:
    """A passport with its proofs.

    Args:
        credential: The signed credential, JSON types.
        did_document: The issuer's as of issuing: used only where the reader has none of its own.
        inclusion: ``None`` until the credential is sealed into a batch.
        anchor: ``None`` until the batch's root is on the chain; never without ``inclusion``.
        status: Versions of the status lists the credential names, and notices about it; in any order.
    """

    credential: Mapping[str, Any]
    did_document: Mapping[str, Any]
    inclusion: Inclusion | None = None
    anchor: Anchor | None = None
    status: tuple[Snapshot, ...] = ()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a bundle's bytes.

        Raises:
            NotJSON: Not strict JSON, see :func:`ledger.canonical.parse_json_strict`.
            Malformed: Not a bundle of this version, or the credential in it is no passport.
        """
        value = parse_json_strict(data)
        optional = ("status",) if isinstance(value, dict) and "status" in value else ()
        members(value, "bundle", "credential", "didDocument", "inclusion", "anchor", *optional)
        if value["bundle"] != FORMAT:
            raise Malformed(f"not a {FORMAT}")
        if not isinstance(value["didDocument"], dict):
            raise Malformed("didDocument: not an object")
        check_credential(value["credential"])
        status = value.get("status", [])
        if not isinstance(status, list) or len(status) > MAX_SNAPSHOTS:
            raise Malformed(f"status: no list of at most {MAX_SNAPSHOTS}")
        snapshots = tuple(map(Snapshot.from_value, status))
        return cls(value["credential"], value["didDocument"], *_proofs(value), snapshots)

    def to_json(self) -> bytes:
        """Return the bytes: UTF-8, one line, members in the order of the format's description."""
        value: dict[str, Any] = {
            "bundle": FORMAT,
            "credential": self.credential,
            "didDocument": self.did_document,
            "inclusion": self.inclusion.to_value() if self.inclusion else None,
            "anchor": self.anchor.to_value() if self.anchor else None,
        }
        if self.status:
            value["status"] = [snapshot.to_value() for snapshot in self.status]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _proofs(value: Mapping[str, Any]) -> tuple[Inclusion | None, Anchor | None]:
    inclusion = Inclusion.from_value(value["inclusion"]) if value["inclusion"] is not None else None
    anchor = Anchor.from_value(value["anchor"]) if value["anchor"] is not None else None
    if anchor and not inclusion:
        raise Malformed("an anchor without a place in a tree")
    return inclusion, anchor


def check_credential(value: Any) -> None:
    """Check that a value has the outside of a credential of ours: context, types, issuer, subject, instants.

    Raises:
        Malformed: It has not.
    """
    if not isinstance(value, dict) or not _has_subject(value.get("credentialSubject")):
        raise Malformed("credential: no object with a credentialSubject")
    context, types, issuer = value.get("@context"), value.get("type"), value.get("issuer")
    if not isinstance(context, list) or context[:1] != [VC_CONTEXT]:
        raise Malformed(f"credential: its first context is not {VC_CONTEXT}")
    named = {kind for kind in types if isinstance(kind, str)} if isinstance(types, list) else set()
    if "VerifiableCredential" not in named or not named & UNTP_TYPES:
        raise Malformed("credential: of no kind that is issued here")
    if not isinstance(issuer, dict) or not _is_did(issuer.get("id")):
        raise Malformed("credential: the issuer has no DID")
    from_instant(value.get("validFrom"))
    if "validUntil" in value:
        from_instant(value["validUntil"])


def members(value: Any, *names: str) -> None:
    """Check that a value is an object with exactly these members.

    Raises:
        Malformed: It is not.
    """
    if not isinstance(value, dict) or value.keys() != set(names):
        raise Malformed(f"not an object of {', '.join(names)}")


def number(value: Any) -> int:
    """Read a non-negative integer.

    Raises:
        Malformed: Anything else; true and false are not numbers.
    """
    if type(value) is not int or value < 0:
        raise Malformed("not a whole number")
    return value


def hexadecimal(value: Any, size_bytes: int) -> bytes:
    """Read exactly that many bytes of lower-case hexadecimal.

    Raises:
        Malformed: Anything else.
    """
    if not isinstance(value, str) or len(value) != 2 * size_bytes or not _HEX.fullmatch(value):
        raise Malformed(f"not {size_bytes} bytes in lower-case hexadecimal")
    return bytes.fromhex(value)


def prefixed(value: Any, size_bytes: int) -> bytes:
    """Read hexadecimal behind ``0x``.

    Raises:
        Malformed: Anything else.
    """
    if not isinstance(value, str) or not value.startswith("0x"):
        raise Malformed("not hexadecimal behind 0x")
    return hexadecimal(value[2:], size_bytes)


def _has_subject(value: Any) -> bool:
    """Tell an object, or a list of at least one (VCDM 2.0 section 4.8)."""
    subjects = value if isinstance(value, list) else [value]
    return bool(subjects) and all(isinstance(one, dict) for one in subjects)


def _is_did(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("did:") and "#" not in value
