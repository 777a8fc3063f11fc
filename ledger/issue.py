"""Seal a batch of leaves and bring its root onto the chain, once, in order, whatever fails.

Sealing is pure. Anchoring is a state machine that one worker per stream turns by calling
``advance`` until the batch is final; calling it more often does no harm. What makes it safe:

- The contract is the truth. It is asked before anything is sent, and again afterwards; receipts
  and answers of nodes only tell where to look.
- A signed transaction is stored before it is sent. After a crash the same bytes are sent again,
  and the same bytes are the same transaction.
- A stuck transaction is replaced under its own nonce, so at most one of the two is ever mined.
- A chain other than the pinned one stops everything.

Two processes that break the rule of one worker can still not double, skip or reorder a batch: the
contract numbers batches by compare-and-set and knows a root it has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from ledger.abi import AnchorRecord
from ledger.backend import AnchorCall, AnchorChain, ChainIdentity, Fees, check_same_chain
from ledger.bundle import Anchor, Inclusion
from ledger.errors import (
    BatchDisplaced,
    BatchNotNext,
    ChainUnavailable,
    FeeCapReached,
    Malformed,
    TransactionKnown,
)
from ledger.merkle import Tree

LEAF_BYTES = 32


class NoLeaves(Malformed):
    """A batch needs at least one leaf, each of 32 bytes."""

    code = "no_leaves"


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A tree that never changes again.

    Attributes:
        tree: All levels of it.
    """

    tree: Tree

    @property
    def root(self) -> bytes:
        """The root that is anchored, 32 bytes."""
        return self.tree.root

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self.tree.size

    def inclusion(self, index: int) -> dict[str, Any]:
        """The inclusion proof of a leaf, as it stands in a bundle.

        Args:
            index: The leaf's position, from 0.

        Returns:
            The JSON value of ``ledger.bundle.Inclusion``.

        Raises:
            Malformed: No such leaf.
        """
        return Inclusion(index, self.size, self.root, self.tree.inclusion(index)).to_value()


def seal(leaf_hashes: Sequence[bytes]) -> SealedBatch:
    """Seal leaves into a batch, in the order given.

    Args:
        leaf_hashes: 32 bytes of leaf data each (``ledger.merkle.credential_leaf``).

    Raises:
        NoLeaves: None at all, or one of another size.
    """
    if not leaf_hashes:
        raise NoLeaves("a batch without leaves has nothing to anchor", leaves=0)
    for index, leaf in enumerate(leaf_hashes):
        if len(leaf) != LEAF_BYTES:
            raise NoLeaves(f"leaf {index} has {len(leaf)} bytes, not 32", leaf=index)
    return SealedBatch(Tree.of(leaf_hashes))


class AnchorState(StrEnum):
    """How far a batch has come. ``mined`` may go back to ``sent`` when the chain reorganises."""

    SEALED = "sealed"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where on the chain a batch was found.

    Attributes:
        tx_hash: The transaction that anchored it, 32 bytes.
        block_number: Its block.
        block_hash: 32 bytes.
        block_time: Seconds since 1970.
    """

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    block_time: int


@dataclass(frozen=True, slots=True)
class AnchorBatch:
    """A sealed batch on its way to the chain.

    Attributes:
        key: The store's own identifier.
        seq: Its number in the stream, from 0.
        root: 32 bytes.
        size: Number of leaves.
        state: How far it has come.
        placement: Where it was found, once mined.
    """

    key: str
    seq: int
    root: bytes
    size: int
    state: AnchorState = AnchorState.SEALED
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed transaction for a batch, stored before it is sent and kept for ever.

    Attributes:
        nonce: The writer's nonce it uses.
        raw: The bytes on the wire.
        tx_hash: 32 bytes.
        fees: What it offers.
        signed_at: Seconds since 1970.
    """

    nonce: int
    raw: bytes
    tx_hash: bytes
    fees: Fees
    signed_at: int


@dataclass(frozen=True, slots=True)
class AnchorTarget:
    """Where a stream's batches go: pinned when the stream was opened, changed by a person only.

    Attributes:
        identity: The chain.
        contract: The registry's address, checksummed.
        stream: 32 bytes.
        account: The writer's key: has ``address`` and what ``AnchorChain.sign_anchor`` needs.
        confirmations: Blocks on top before a batch is final: 0 on the embedded chain, 1 on QBFT,
            12 or more on public chains.
        replace_after_s: How long a transaction may wait before it is replaced, seconds.
        max_fee_cap: The most a unit of gas may cost, wei.
    """

    identity: ChainIdentity
    contract: str
    stream: bytes
    account: Any
    confirmations: int = 0
    replace_after_s: int = 180
    max_fee_cap: int = 500 * 10**9


class AnchorStore(Protocol):
    """Where attempts and states are kept. Each method is durable when it returns."""

    def attempts(self, key: str) -> Sequence[Attempt]:
        """The attempts of a batch, oldest first."""
        ...

    def save_attempt(self, key: str, attempt: Attempt) -> None:
        """Keep an attempt that is about to be sent."""
        ...

    def save_state(self, key: str, state: AnchorState, placement: Placement | None) -> None:
        """Note how far a batch has come."""
        ...


def advance(
    batch: AnchorBatch, *, store: AnchorStore, chain: AnchorChain, target: AnchorTarget, now: int
) -> AnchorBatch:
    """Bring a batch as far as it goes at present, without waiting.

    Only the holder of the stream's lease calls this, with the oldest batch that is not final.

    Args:
        batch: The batch as stored.
        store: Where attempts and states are kept.
        chain: The chain.
        target: Where the batch goes.
        now: Seconds since 1970.

    Returns:
        The batch as it is now; the store says the same.

    Raises:
        ChainUnavailable: No usable answer. The state is as it was; call again later.
        ForeignChain: Another chain answers. Stop, and tell a person.
        BatchNotNext: An earlier batch is not anchored yet.
        BatchDisplaced: Another root has the number, or the root another number. Tell a person.
        ContractRefused: The contract would say no (the writer's term has ended). Tell a person.
        FeeCapReached: Stuck, and a replacement would cost more than the cap.
        TransactionRefused: The node does not take the transaction.
    """
    check_same_chain(chain.identity(), target.identity)
    record = chain.anchored(target.contract, target.stream, batch.root)
    if record is None:
        _send(batch, store=store, chain=chain, target=target, now=now)
        record = chain.anchored(target.contract, target.stream, batch.root)
    if record is None:
        return _note(batch, store, AnchorState.SENT, None)
    placement = _placement(batch, record, chain, target)
    buried = chain.head_number() - record.block_number
    state = AnchorState.FINAL if buried >= target.confirmations else AnchorState.MINED
    return _note(batch, store, state, placement)


def _note(batch: AnchorBatch, store: AnchorStore, state: AnchorState, placement: Placement | None) -> AnchorBatch:
    if (state, placement) != (batch.state, batch.placement):
        store.save_state(batch.key, state, placement)
    return AnchorBatch(batch.key, batch.seq, batch.root, batch.size, state, placement)


def _placement(batch: AnchorBatch, record: AnchorRecord, chain: AnchorChain, target: AnchorTarget) -> Placement:
    if (record.seq, record.size) != (batch.seq, batch.size):
        raise BatchDisplaced(
            f"the root of batch {batch.seq} ({batch.size} leaves) is anchored as batch "
            f"{record.seq} ({record.size} leaves)",
            seq=batch.seq,
            found=record.seq,
        )
    block = chain.block(record.block_number)
    tx_hash = chain.anchor_transaction(
        target.contract, target.stream, batch.root, block_number=record.block_number
    )
    if tx_hash is None or block.time != record.time:
        # The chain moved between two answers; the next call sees one state of it.
        raise ChainUnavailable(f"block {record.block_number} changed while it was read")
    return Placement(tx_hash, block.number, block.block_hash, block.time)


def _send(batch: AnchorBatch, *, store: AnchorStore, chain: AnchorChain, target: AnchorTarget, now: int) -> None:
    """Send the batch's transaction: the last one again, a dearer one in its place, or a new one."""
    nonce = chain.next_nonce(target.account.address)
    attempts = store.attempts(batch.key)
    last = attempts[-1] if attempts and attempts[-1].nonce == nonce else None
    fees = _fees(last, chain.fees(), target, now)
    if last is not None and fees == last.fees:
        raw = last.raw
    elif _is_next(batch, chain, target):
        call = AnchorCall(target.contract, target.stream, batch.root, batch.size, batch.seq)
        chain.try_anchor(call, target.account.address)
        chain_id = target.identity.chain_id
        signed = chain.sign_anchor(target.account, call, chain_id=chain_id, nonce=nonce, fees=fees)
        store.save_attempt(batch.key, Attempt(nonce, signed.raw, signed.tx_hash, fees, now))
        raw = signed.raw
    else:
        return
    try:
        chain.send_raw(raw)
    except TransactionKnown:
        # It arrived before, or a sister under the same nonce did. The contract knows which.
        return


def _fees(last: Attempt | None, current: Fees, target: AnchorTarget, now: int) -> Fees:
    """Return what to offer: the last attempt's fees mean that it is to be sent again as it is.

    A chain without fees has nothing to outbid: there the same bytes are sent until they are mined.
    """
    if last is None:
        return current
    waited_s = now - last.signed_at
    if waited_s < target.replace_after_s or current == last.fees == Fees(0, 0):
        return last.fees
    return _raised(last.fees, current, target.max_fee_cap)


def _is_next(batch: AnchorBatch, chain: AnchorChain, target: AnchorTarget) -> bool:
    """Whether the stream waits for this batch; false when it was anchored a moment ago."""
    count = chain.stream_state(target.contract, target.stream).count
    if count < batch.seq:
        raise BatchNotNext(
            f"batch {batch.seq} is to be anchored, the stream waits for batch {count}",
            seq=batch.seq,
            expected=count,
        )
    if count == batch.seq:
        return True
    if chain.anchored(target.contract, target.stream, batch.root) is None:
        raise BatchDisplaced(
            f"the stream holds {count} batches, and number {batch.seq} has another root",
            seq=batch.seq,
            found=count,
        )
    return False


def _raised(old: Fees, current: Fees, cap: int) -> Fees:
    """Return fees that replace a waiting transaction.

    At least an eighth more than it offers (nodes ask for a tenth), at least what is usual now, and
    never above the cap.
    """
    max_fee = max(_eighth_more(old.max_fee), current.max_fee)
    priority = max(_eighth_more(old.priority), current.priority)
    if max_fee > cap:
        raise FeeCapReached(
            f"a replacement would offer {max_fee} wei a unit of gas, the cap is {cap}",
            offer=str(max_fee),
            cap=str(cap),
        )
    return Fees(max_fee, priority)


def _eighth_more(fee: int) -> int:
    return fee + fee // 8 + 1


def build_receipt(batch: AnchorBatch, target: AnchorTarget) -> dict[str, Any]:
    """The anchor of a final batch, as it stands in a bundle.

    Returns:
        The JSON value of ``ledger.bundle.Anchor``.

    Raises:
        BatchNotNext: The batch is not final yet, or nobody noted its block.
    """
    if batch.state is not AnchorState.FINAL:
        raise BatchNotNext(f"batch {batch.seq} is {batch.state.value}, not final", seq=batch.seq)
    if batch.placement is None:
        raise BatchNotNext(f"batch {batch.seq} stands in no block that is known", seq=batch.seq)
    anchor = Anchor(
        chain_id=target.identity.chain_id,
        genesis=target.identity.genesis,
        contract=bytes.fromhex(target.contract.removeprefix("0x")),
        stream=target.stream,
        seq=batch.seq,
        transaction=batch.placement.tx_hash,
        block_number=batch.placement.block_number,
        block_hash=batch.placement.block_hash,
        block_time=datetime.fromtimestamp(batch.placement.block_time, UTC),
    )
    return anchor.to_value()
