"""What anchoring asks of a chain: the values and the protocol between ``issue`` and ``chain``.

``ledger.chain.Chain`` is the implementation over any Ethereum JSON-RPC endpoint. Hashes, roots and
streams are bytes; addresses are checksummed text, as people and configuration files write them.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from ledger.abi import AnchorRecord
from ledger.errors import ForeignChain


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """Which chain: two chains may share a number, never a first block.

    Attributes:
        chain_id: EIP-155 number.
        genesis: Hash of block 0, 32 bytes.
    """

    chain_id: int
    genesis: bytes


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers per unit of gas, in wei (EIP-1559).

    Attributes:
        max_fee: At most this in all.
        priority: Of which this to the block's maker.
    """

    max_fee: int
    priority: int


@dataclass(frozen=True, slots=True)
class AnchorCall:
    """One batch for ``anchor``.

    Attributes:
        contract: Checksummed address.
        stream: 32 bytes.
        root: 32 bytes.
        size: Number of leaves, at least 1.
        seq: Number of the batch in the stream, from 0.
    """

    contract: str
    stream: bytes
    root: bytes
    size: int
    seq: int


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to be sent: the same bytes are always the same transaction.

    Attributes:
        raw: The bytes on the wire.
        tx_hash: Its hash, 32 bytes.
    """

    raw: bytes
    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as the contract has it; all zero when there is none.

    Attributes:
        admin: Checksummed address.
        count: How many batches it has, which is the number of the next.
        last_block: Block of the newest.
        head: Running SHA-256 over all, 32 bytes.
    """

    admin: str
    count: int
    last_block: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A block.

    Attributes:
        number: Its height.
        block_hash: 32 bytes.
        time: Seconds since 1970.
    """

    number: int
    block_hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """A mined transaction.

    Attributes:
        tx_hash: 32 bytes.
        block_number: Its block.
        block_hash: 32 bytes.
        succeeded: Whether it did what it says, or reverted.
        gas_used: Units of gas.
        contract: The address it made, checksummed, where it made one.
    """

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    contract: str | None


class AnchorChain(Protocol):
    """The part of a chain that anchoring needs.

    Every method raises ``ChainUnavailable`` when no usable answer comes.
    """

    def identity(self) -> ChainIdentity:
        """Which chain the endpoint speaks for."""
        ...

    def head_number(self) -> int:
        """The height of the newest block."""
        ...

    def block(self, number: int) -> Block:
        """A block by its height."""
        ...

    def next_nonce(self, address: str) -> int:
        """How many transactions of an address are mined."""
        ...

    def fees(self) -> Fees:
        """What to offer at present."""
        ...

    def stream_state(self, contract: str, stream: bytes) -> StreamState:
        """The state of a stream."""
        ...

    def anchored(self, contract: str, stream: bytes, root: bytes) -> AnchorRecord | None:
        """What the contract knows of a root, ``None`` when nothing."""
        ...

    def anchor_transaction(self, contract: str, stream: bytes, root: bytes, *, block_number: int) -> bytes | None:
        """The hash of the transaction that anchored a root in a block, ``None`` when not there."""
        ...

    def try_anchor(self, call: AnchorCall, sender: str) -> None:
        """Run ``anchor`` without sending it.

        Raises:
            ContractRefused: The contract would say no.
        """
        ...

    def sign_anchor(
        self, account: Any, call: AnchorCall, *, chain_id: int, nonce: int, fees: Fees
    ) -> SignedTransaction:
        """Sign ``anchor``; nothing is sent."""
        ...

    def send_raw(self, raw: bytes) -> None:
        """Hand a signed transaction to the chain.

        Raises:
            TransactionKnown: It is there already, or its nonce is used up.
            TransactionRefused: It will not be taken.
        """
        ...


def check_same_chain(found: ChainIdentity, pinned: ChainIdentity) -> None:
    """Check that a chain is the pinned one.

    Raises:
        ForeignChain: It is another: stop, and ask a person. Never deploy on it unasked.
    """
    if found != pinned:
        raise ForeignChain(
            f"chain {found.chain_id} beginning with {found.genesis.hex()} answers, "
            f"chain {pinned.chain_id} beginning with {pinned.genesis.hex()} is pinned",
            found=found.chain_id,
            pinned=pinned.chain_id,
        )
