"""What a contract knew at one block, proven from the block's hash alone: no endpoint is asked (EIP-1186).

A state holds the block's header, the way to the contract's account, the contract's code, and for every root the
way to its record in ``AnchorRegistry``. Who knows the block's hash by another way can check all of it for ever.
Nothing here trusts the file: header to hash, account to header, code and records to account. Pure.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import rlp  # type: ignore[import-untyped]  # it has no types
from eth_utils.crypto import keccak

from ledger.abi import AnchorRecord, data_from_rpc
from ledger.bundle import ADDRESS_BYTES, HASH_BYTES, hexadecimal, members, prefixed
from ledger.canonical import parse_json_strict
from ledger.errors import Malformed
from ledger.patricia import check_proof, decoded

FORMAT: Final = "tallystick-state/1"
MAX_BYTES: Final = 32 << 20
MAX_NODES: Final = 65
"""A way of 64 hexadecimal digits passes at most as many nodes, and the leaf."""
ENTRIES_SLOT: Final = 2
"""Where ``AnchorRegistry`` keeps ``_entries``: the third of its state variables."""
_STATE_ROOT, _NUMBER, _TIME = 3, 8, 11
_LEAST_FIELDS: Final = 15
_ACCOUNT_FIELDS: Final = 4
_UINT64: Final = 2**64 - 1

_HEADER_FIELDS: Final = (
    ("parentHash", False), ("sha3Uncles", False), ("miner", False), ("stateRoot", False),
    ("transactionsRoot", False), ("receiptsRoot", False), ("logsBloom", False), ("difficulty", True),
    ("number", True), ("gasLimit", True), ("gasUsed", True), ("timestamp", True), ("extraData", False),
    ("mixHash", False), ("nonce", False), ("baseFeePerGas", True), ("withdrawalsRoot", False),
    ("blobGasUsed", True), ("excessBlobGas", True), ("parentBeaconBlockRoot", False), ("requestsHash", False),
)  # fmt: skip
"""JSON-RPC's names in the header's order, and which are quantities; those after ``nonce`` came with EIP-1559,
4895, 4844, 4788 and 7685 and are absent in older blocks."""


@dataclass(frozen=True, slots=True)
class Header:
    """What of a block's header is needed, and the hash it has."""

    hash: bytes
    state_root: bytes
    number: int
    time: int

    @classmethod
    def from_rlp(cls, data: bytes) -> Self:
        """Read a header (Yellow Paper, section 4.4).

        Raises:
            Malformed: Not a list of at least 15 byte strings with a state root among them.
        """
        fields = decoded(data)
        if not isinstance(fields, list) or len(fields) < _LEAST_FIELDS or not all(
            isinstance(field, bytes) for field in fields
        ):  # fmt: skip
            raise Malformed("not a block header")
        if len(fields[_STATE_ROOT]) != HASH_BYTES:
            raise Malformed("a block header without a state root")
        number, time = (int.from_bytes(fields[at]) for at in (_NUMBER, _TIME))
        return cls(keccak(data), fields[_STATE_ROOT], number, time)


def header_rlp(block: Mapping[str, Any]) -> bytes:
    """Return a block's header as its hash is made of it.

    Args:
        block: What ``eth_getBlockByNumber`` answers.

    Raises:
        Malformed: The fields do not give the hash the endpoint tells; a chain of another kind (QBFT leaves its
            seals out of the hash, for one) has no such header.
    """
    try:
        fields = [_field(block[name], number=number) for name, number in _HEADER_FIELDS if block.get(name)]
        told = bytes.fromhex(block["hash"].removeprefix("0x"))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Malformed(f"not a block: {error!r}") from error
    header: bytes = rlp.encode(fields)
    if keccak(header) != told:
        raise Malformed("the header's fields do not give the block's hash")
    return header


def _field(text: str, *, number: bool) -> bytes:
    if not number:
        return bytes.fromhex(text.removeprefix("0x"))
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8)


def entry_slot(stream: bytes, root: bytes) -> bytes:
    """Return where ``AnchorRegistry`` keeps what it knows of a root: ``_entries[stream][root]``.

    Source: Solidity documentation, "Layout of State Variables in Storage", mappings.
    """
    return keccak(root + keccak(stream + ENTRIES_SLOT.to_bytes(32)))


@dataclass(frozen=True, slots=True)
class ProvenRecord:
    """The way to one root's record, and the block it was anchored in.

    Args:
        proof: Nodes of the contract's storage trie, root first.
        block: The anchoring block's header as RLP.
    """

    stream: bytes
    root: bytes
    proof: tuple[bytes, ...]
    block: bytes

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read the JSON value.

        Raises:
            Malformed: Another shape.
        """
        members(value, "stream", "root", "proof", "block")
        return cls(
            prefixed(value["stream"], HASH_BYTES),
            hexadecimal(value["root"], HASH_BYTES),
            _nodes(value["proof"]),
            _data(value["block"]),
        )

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "stream": "0x" + self.stream.hex(),
            "root": self.root.hex(),
            "proof": ["0x" + node.hex() for node in self.proof],
            "block": "0x" + self.block.hex(),
        }


@dataclass(frozen=True, slots=True)
class State:
    """A contract at one block.

    Args:
        header: The block's header as RLP.
        code: The contract's runtime code.
        account: Nodes of the state trie, root first.
    """

    contract: bytes
    header: bytes
    code: bytes
    account: tuple[bytes, ...]
    records: tuple[ProvenRecord, ...]

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a state's bytes.

        Raises:
            NotJSON: Not strict JSON.
            Malformed: Not a state of this version.
        """
        value = parse_json_strict(data, max_bytes=MAX_BYTES)
        members(value, "state", "contract", "header", "code", "account", "records")
        if value["state"] != FORMAT or not isinstance(value["records"], list):
            raise Malformed(f"not a {FORMAT}")
        return cls(
            prefixed(value["contract"], ADDRESS_BYTES),
            _data(value["header"]),
            _data(value["code"]),
            _nodes(value["account"]),
            tuple(map(ProvenRecord.from_value, value["records"])),
        )

    def to_json(self) -> bytes:
        """Return the bytes: UTF-8, one line, members in the order of the format's description."""
        value = {
            "state": FORMAT,
            "contract": "0x" + self.contract.hex(),
            "header": "0x" + self.header.hex(),
            "code": "0x" + self.code.hex(),
            "account": ["0x" + node.hex() for node in self.account],
            "records": [record.to_value() for record in self.records],
        }
        return json.dumps(value, separators=(",", ":")).encode()

    def find(self, stream: bytes, root: bytes) -> ProvenRecord | None:
        """Return the way to a root's record, ``None`` when the file has none."""
        return next((one for one in self.records if (one.stream, one.root) == (stream, root)), None)

    def storage_root(self) -> bytes:
        """Return the root of the contract's storage, proven from the block's hash, with its code.

        Raises:
            ProofMismatch: The way does not lead from the header to an account with this code.
            Malformed: Something on the way is not what it should be.
        """
        leaf = check_proof(Header.from_rlp(self.header).state_root, keccak(self.contract), self.account)
        account = decoded(leaf) if leaf else None
        if not isinstance(account, list) or len(account) != _ACCOUNT_FIELDS or account[3] != keccak(self.code):
            raise Malformed("no account with this code at the contract's address")
        return bytes(account[2])

    def record(self, proven: ProvenRecord) -> AnchorRecord:
        """Return what the contract knew of a root; all zero when the proof shows that it knew nothing.

        Raises:
            ProofMismatch: The way does not lead from the contract's storage to the record.
            Malformed: Something on the way is not what it should be.
        """
        slot = keccak(entry_slot(proven.stream, proven.root))
        leaf = check_proof(self.storage_root(), slot, proven.proof)
        word = decoded(leaf) if leaf else b""
        if not isinstance(word, bytes) or len(word) > HASH_BYTES:
            raise Malformed("a record is one word")
        packed = int.from_bytes(word)
        # Solidity packs a struct's members from the word's lowest bytes upwards.
        return AnchorRecord(*(packed >> shift & _UINT64 for shift in (0, 64, 128, 192)))


def state_from_rpc(
    ask: Callable[[str, list[Any]], Any], *, contract: bytes, wanted: Mapping[tuple[bytes, bytes], int], at: str
) -> State:
    """Return a contract's state as an endpoint proves it, checked before it is given on.

    Args:
        ask: JSON-RPC: method and parameters to result.
        contract: Its address, 20 bytes.
        wanted: By stream and root, the number of the block the root was anchored in.
        at: The block to prove at: a tag or a quantity.

    Raises:
        ledger.errors.LedgerError: What ``ask`` raises.
        Malformed: The endpoint gives no proof, or none that holds.
        ProofMismatch: As ``Malformed``.
    """
    address = "0x" + contract.hex()
    block = ask("eth_getBlockByNumber", [at, False])
    header = header_rlp(_object(block))
    slots = ["0x" + entry_slot(*key).hex() for key in wanted]
    answer = _object(ask("eth_getProof", [address, slots, block["number"]]))
    code = data_from_rpc(ask("eth_getCode", [address, block["number"]]))
    ways = _list(answer.get("storageProof"))
    if len(ways) != len(slots):
        raise Malformed("the endpoint proves other slots than asked")
    records = []
    for (stream, root), way in zip(wanted, ways, strict=True):
        anchored = header_rlp(_object(ask("eth_getBlockByNumber", [hex(wanted[stream, root]), False])))
        proof = tuple(map(data_from_rpc, _list(_object(way).get("proof"))))
        records.append(ProvenRecord(stream, root, proof, anchored))
    account = tuple(map(data_from_rpc, _list(answer.get("accountProof"))))
    state = State(contract, header, code, account, tuple(records))
    for record in state.records:
        state.record(record)
    return state


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("the endpoint answered something that is not an object")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("the endpoint answered something that is not a list")
    return value


def _nodes(value: Any) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > MAX_NODES:
        raise Malformed(f"not a list of at most {MAX_NODES} trie nodes")
    return tuple(map(_data, value))


def _data(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) % 2:
        raise Malformed("not whole bytes in hexadecimal")
    return prefixed(value, len(value) // 2 - 1)
