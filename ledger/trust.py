"""The trust file: which issuers a verifier believes, and where their anchors live.

An auditor gets it once, by another way than the passports: contract, chain and stream are read here and
never from a passport.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ledger.bundle import ADDRESS_BYTES, HASH_BYTES, Anchor, hexadecimal, members, number, prefixed
from ledger.canonical import parse_json_strict
from ledger.errors import Malformed

FORMAT: Final = "tallystick-trust/1"
KINDS: Final = ("embedded", "consortium", "public")
MAX_BYTES: Final = 8 << 20
_ANCHOR_MEMBERS: Final = ("chainId", "genesis", "contract", "codeHash", "stream", "kind")
_ANCHOR_MAY: Final = {"rpc", "blocks"}


@dataclass(frozen=True, slots=True)
class TrustedAnchor:
    """A contract on a chain, and the stream an issuer writes to.

    Args:
        genesis: Hash of block 0, 32 bytes: two chains may share a number.
        contract: Address, 20 bytes.
        code_hash: SHA-256 of the contract's runtime code, 32 bytes.
        kind: ``embedded`` (the issuer's own node), ``consortium`` or ``public``: how much it proves.
        rpc: An endpoint to ask, when the verifier names none.
        blocks: Hashes of blocks the verifier knows, 32 bytes each; a proven state counts at these.
    """

    chain_id: int
    genesis: bytes
    contract: bytes
    code_hash: bytes
    stream: bytes
    kind: str
    rpc: str | None = None
    blocks: tuple[bytes, ...] = ()

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape.
        """
        more = _ANCHOR_MAY & value.keys() if isinstance(value, dict) else ()
        members(value, *_ANCHOR_MEMBERS, *more)
        if "rpc" in value:
            _check_address(value["rpc"])
        blocks = value.get("blocks", [])
        if not isinstance(blocks, list):
            raise Malformed("anchor: blocks is not a list")
        if value["kind"] not in KINDS:
            raise Malformed(f"anchor: kind is none of {', '.join(KINDS)}")
        return cls(
            chain_id=number(value["chainId"]),
            genesis=prefixed(value["genesis"], HASH_BYTES),
            contract=prefixed(value["contract"], ADDRESS_BYTES),
            code_hash=hexadecimal(value["codeHash"], HASH_BYTES),
            stream=prefixed(value["stream"], HASH_BYTES),
            kind=value["kind"],
            rpc=value.get("rpc"),
            blocks=tuple(prefixed(block, HASH_BYTES) for block in blocks),
        )

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        value: dict[str, Any] = {
            "chainId": self.chain_id,
            "genesis": "0x" + self.genesis.hex(),
            "contract": "0x" + self.contract.hex(),
            "codeHash": self.code_hash.hex(),
            "stream": "0x" + self.stream.hex(),
            "kind": self.kind,
        }
        if self.rpc is not None:
            value["rpc"] = self.rpc
        if self.blocks:
            value["blocks"] = ["0x" + block.hex() for block in self.blocks]
        return value

    def holds(self, anchor: Anchor) -> bool:
        """Whether a bundle's anchor speaks of this chain, contract and stream."""
        return (anchor.chain_id, anchor.genesis, anchor.contract, anchor.stream) == (
            self.chain_id,
            self.genesis,
            self.contract,
            self.stream,
        )


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer the verifier believes, with its keys as the verifier knows them."""

    did: str
    name: str
    did_document: dict[str, Any]
    anchors: tuple[TrustedAnchor, ...]

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape, or the DID document is another issuer's.
        """
        members(value, "did", "name", "didDocument", "anchors")
        did, name, document = value["did"], value["name"], value["didDocument"]
        if not isinstance(did, str) or not isinstance(name, str) or not isinstance(document, dict):
            raise Malformed("issuer: did and name are texts, didDocument is an object")
        if document.get("id") != did or not isinstance(value["anchors"], list):
            raise Malformed(f"issuer {did}: another's DID document, or no list of anchors")
        return cls(did, name, document, tuple(map(TrustedAnchor.from_value, value["anchors"])))

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "did": self.did,
            "name": self.name,
            "didDocument": self.did_document,
            "anchors": [anchor.to_value() for anchor in self.anchors],
        }


@dataclass(frozen=True, slots=True)
class TrustList:
    """Everything in a trust file."""

    issuers: tuple[TrustedIssuer, ...]

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a trust file's bytes.

        Raises:
            NotJSON: Not strict JSON.
            Malformed: Not a trust file of this version, or an issuer stands in it twice.
        """
        value = parse_json_strict(data, max_bytes=MAX_BYTES)
        members(value, "trust", "issuers")
        if value["trust"] != FORMAT or not isinstance(value["issuers"], list):
            raise Malformed(f"not a {FORMAT}")
        issuers = tuple(map(TrustedIssuer.from_value, value["issuers"]))
        if len({issuer.did for issuer in issuers}) != len(issuers):
            raise Malformed("an issuer stands twice in the trust file")
        return cls(issuers)

    def to_json(self) -> bytes:
        """Return the bytes, indented for the people who sign off on it."""
        value = {"trust": FORMAT, "issuers": [issuer.to_value() for issuer in self.issuers]}
        return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()

    def issuer(self, did: str) -> TrustedIssuer | None:
        """Return the issuer with that DID, or ``None``: whether that is a refusal is the verifier's to say."""
        return next((issuer for issuer in self.issuers if issuer.did == did), None)


def _check_address(value: Any) -> None:
    if not isinstance(value, str) or urlsplit(value).scheme not in ("http", "https"):
        raise Malformed("anchor: rpc is not a web address")
