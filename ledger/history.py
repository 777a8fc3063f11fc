"""A stream's whole history, read back from the chain and closed against what the contract says of itself.

Logs are asked for in windows of blocks, newest first, and each ``Anchored`` event names the block of the batch
before it, so empty stretches are never asked for. No log can be missing unseen: at the end the events must be as
many as the contract counts, and their running hash must be its head. No filters on the server: load balancers
lose them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.backend import StreamState
from ledger.contract import next_head
from ledger.errors import ChainUnavailable, Refused, Unavailable

WINDOW: Final = 500
"""So many blocks are asked for at once; halved while an endpoint refuses."""

NO_HEAD: Final = bytes(32)
"""The head of a stream without batches."""


class HistoryGap(Unavailable):
    """The endpoint does not give every log of the stream; another endpoint, or the same one later, may."""

    code = "history_gap"


class StreamRewritten(Refused):
    """The chain tells another list of batches than the one that was sealed or seen."""

    code = "stream_rewritten"


class StreamShorter(Refused):
    """The chain holds fewer batches than were final on it: it was set back to an earlier state."""

    code = "stream_shorter"


@dataclass(frozen=True, slots=True)
class AnchorEvent:
    """One ``Anchored`` event.

    Attributes:
        seq: The batch's number, from 0.
        root: 32 bytes.
        size: Its number of leaves.
        head: The stream's head after it, 32 bytes.
        prev_block: Block of the batch before it, 0 for the first.
        block_number: Its block.
        block_hash: 32 bytes.
        tx_hash: 32 bytes.
    """

    seq: int
    root: bytes
    size: int
    head: bytes
    prev_block: int
    block_number: int
    block_hash: bytes
    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What two parties compare: they who saw the same head saw the same list of batches.

    Attributes:
        count: Number of batches.
        value: Running SHA-256 over them, 32 bytes.
    """

    count: int
    value: bytes


class AnchorLogs(Protocol):
    """The part of a chain that reading its history needs."""

    def stream_state(self, contract: str, stream: bytes) -> StreamState:
        """The state of a stream."""
        ...

    def anchor_events(self, contract: str, stream: bytes, *, first: int, last: int) -> Sequence[AnchorEvent]:
        """The events of a stream in blocks ``first`` to ``last``, oldest first."""
        ...


def heads(batches: Iterable[tuple[bytes, int]]) -> list[bytes]:
    """Return the head before the first batch and after each.

    Args:
        batches: Root and number of leaves of each batch, in order from number 0.
    """
    found = [NO_HEAD]
    for seq, (root, size) in enumerate(batches):
        found.append(next_head(found[-1], root=root, size=size, seq=seq))
    return found


def check_extends(seen: Head, batches: Sequence[tuple[bytes, int]]) -> Head:
    """Check that a list of batches begins with the list somebody saw; return the list's own head.

    Args:
        seen: What they kept.
        batches: Root and number of leaves of each batch, in order from number 0.

    Raises:
        StreamShorter: The list is shorter than the one they saw.
        StreamRewritten: It begins differently.
    """
    folded = heads(batches)
    if seen.count >= len(folded):
        raise StreamShorter(
            f"{seen.count} batches were seen, there are {len(batches)}", seen=seen.count, found=len(batches)
        )
    if folded[seen.count] != seen.value:
        raise StreamRewritten(f"the first {seen.count} batches are not those that were seen", seen=seen.count)
    return Head(len(batches), folded[-1])


def check_stream(state: StreamState, batches: Sequence[tuple[bytes, int]], *, final: int) -> None:
    """Check that the chain's stream is a beginning of the sealed batches, and holds all that were final.

    Args:
        state: The stream as the contract has it.
        batches: Root and number of leaves of every sealed batch, in order from number 0.
        final: How many of them were final.

    Raises:
        StreamShorter: Batches that were final are not there.
        StreamRewritten: The chain has other batches, or more than were sealed here.
    """
    if state.count < final:
        raise StreamShorter(
            f"the chain holds {state.count} batches, {final} were final on it", seen=final, found=state.count
        )
    folded = heads(batches[: state.count])
    if len(folded) != state.count + 1 or folded[-1] != state.head:
        raise StreamRewritten(f"the chain's {state.count} batches are not those sealed here", seen=state.count)


def read_history(chain: AnchorLogs, *, contract: str, stream: bytes) -> tuple[AnchorEvent, ...]:
    """Read every batch of a stream from the chain, oldest first.

    Args:
        chain: The chain.
        contract: The registry's address, checksummed.
        stream: 32 bytes.

    Raises:
        HistoryGap: A log is missing: the events do not make up the contract's count and head.
        ChainUnavailable: No usable answer, not even for a single block.
    """
    state = chain.stream_state(contract, stream)
    found: dict[int, AnchorEvent] = {}
    last = state.last_block
    while len(found) < state.count:
        events = [one for one in _window(chain, contract, stream, last) if one.seq not in found]
        if not events:
            raise HistoryGap(f"no log of the stream up to block {last}", block=last, found=len(found))
        found |= {one.seq: one for one in events}
        last = min(events, key=lambda one: one.seq).prev_block
    history = tuple(found[seq] for seq in sorted(found))
    _close(history, state)
    return history


def _window(chain: AnchorLogs, contract: str, stream: bytes, last: int) -> Sequence[AnchorEvent]:
    """Return the events of the blocks up to ``last``; asks for fewer blocks while the endpoint refuses."""
    blocks = WINDOW
    while True:
        try:
            return chain.anchor_events(contract, stream, first=max(0, last - blocks + 1), last=last)
        except ChainUnavailable:
            if blocks == 1:
                raise
            blocks //= 2


def _close(history: Sequence[AnchorEvent], state: StreamState) -> None:
    folded = heads((one.root, one.size) for one in history)
    numbered = [one.seq for one in history] == list(range(state.count))
    if not numbered or [one.head for one in history] != folded[1:] or folded[-1] != state.head:
        raise HistoryGap(f"the logs do not make up the stream's {state.count} batches", found=len(history))
