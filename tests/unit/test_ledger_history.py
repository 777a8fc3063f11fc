from dataclasses import dataclass, field, replace

import pytest

from ledger.backend import StreamState
from ledger.contract import next_head
from ledger.errors import ChainUnavailable
from ledger.history import (
    NO_HEAD,
    AnchorEvent,
    Head,
    HistoryGap,
    StreamRewritten,
    StreamShorter,
    check_extends,
    check_stream,
    heads,
    read_history,
)
from support.refusals import refused

A, B, C = ((bytes([number]) * 32, number + 1) for number in range(3))
ADMIN = "0x" + "11" * 20


@dataclass
class Logs:
    """A chain whose batches lie in the blocks given, and which loses what it is told to lose."""

    blocks: list[int]
    lost: set[int] = field(default_factory=set)
    widest: int = 10_000
    asked: list[tuple[int, int]] = field(default_factory=list)

    def event(self, seq: int) -> AnchorEvent:
        batches = [(bytes([number]) * 32, number + 1) for number in range(seq + 1)]
        block = self.blocks[seq]
        before = self.blocks[seq - 1] if seq else 0
        return AnchorEvent(seq, *batches[seq], heads(batches)[-1], before, block, b"b" * 32, b"t" * 32)

    def stream_state(self, contract: str, stream: bytes) -> StreamState:
        assert (contract, stream) == ("0xc", b"s")
        if not self.blocks:
            return StreamState(ADMIN, 0, 0, NO_HEAD)
        newest = self.event(len(self.blocks) - 1)
        return StreamState(ADMIN, len(self.blocks), newest.block_number, newest.head)

    def anchor_events(self, contract: str, stream: bytes, *, first: int, last: int) -> list[AnchorEvent]:
        assert (contract, stream) == ("0xc", b"s")
        self.asked.append((first, last))
        if last - first + 1 > self.widest:
            raise ChainUnavailable("more than the endpoint gives at once")
        found = [self.event(seq) for seq, block in enumerate(self.blocks) if first <= block <= last]
        return [one for one in found if one.seq not in self.lost]


def read(logs: Logs) -> list[int]:
    return [one.seq for one in read_history(logs, contract="0xc", stream=b"s")]


def test_a_stream_without_batches_has_no_history_and_nothing_is_asked() -> None:
    logs = Logs([])
    assert read(logs) == []
    assert logs.asked == []


def test_empty_stretches_are_jumped_over() -> None:
    logs = Logs([7, 7, 90_000, 90_400, 2_000_000])
    assert read(logs) == [0, 1, 2, 3, 4]
    assert logs.asked == [(1_999_501, 2_000_000), (89_901, 90_400), (0, 7)]


def test_an_endpoint_that_gives_few_blocks_is_asked_for_fewer() -> None:
    logs = Logs([7, 900], widest=1)
    assert read(logs) == [0, 1]
    assert logs.asked[-1] == (7, 7)
    with pytest.raises(ChainUnavailable):
        read(Logs([7], widest=0))


@pytest.mark.parametrize(
    ("lost", "block", "found"), [({0}, 5, 2), ({1}, 0, 2), ({2}, 0, 2), ({0, 1}, 6, 1), ({0, 1, 2}, 7, 0)]
)
def test_a_log_that_is_missing_is_noticed(lost: set[int], block: int, found: int) -> None:
    # The logs are in one window; what is missing is looked for up to the block the oldest one names.
    with refused(HistoryGap, f"no log of the stream up to block {block}", block=block, found=found):
        read(Logs([5, 6, 7], lost=lost))


def test_logs_that_do_not_make_up_the_head_are_noticed() -> None:
    class Lying(Logs):
        def stream_state(self, contract: str, stream: bytes) -> StreamState:
            state = super().stream_state(contract, stream)
            return StreamState(ADMIN, state.count, state.last_block, b"\x01" * 32)

    with refused(HistoryGap, "the logs do not make up the stream's 2 batches", found=2):
        read(Lying([5, 6]))


def test_a_log_whose_own_head_is_another_is_noticed() -> None:
    class Forged(Logs):
        def event(self, seq: int) -> AnchorEvent:
            true = super().event(seq)
            return replace(true, head=b"\x01" * 32) if seq == 0 else true

    with refused(HistoryGap, "the logs do not make up the stream's 2 batches", found=2):
        read(Forged([5, 6]))


def test_the_window_is_halved_down_to_one_block() -> None:
    logs = Logs([3], widest=1)
    assert read(logs) == [0]
    assert logs.asked == [(0, 3)] * 7 + [(1, 3), (3, 3)]


def test_the_head_is_folded_from_zero() -> None:
    first = next_head(bytes(32), root=A[0], size=A[1], seq=0)
    assert heads([]) == [bytes(32)]
    assert heads([A, B]) == [bytes(32), first, next_head(first, root=B[0], size=B[1], seq=1)]


def test_a_list_that_goes_on_from_what_was_seen_is_told_its_head() -> None:
    seen = Head(1, heads([A])[-1])
    assert check_extends(seen, [A, B]) == Head(2, heads([A, B])[-1])
    assert check_extends(seen, [A]) == seen
    assert check_extends(Head(0, NO_HEAD), []) == Head(0, NO_HEAD)


@pytest.mark.parametrize("now", [[B], [B, A], [(A[0], 9), B], [C, B, A]])
def test_a_list_that_begins_differently_is_rewritten(now: list[tuple[bytes, int]]) -> None:
    with refused(StreamRewritten, "the first 1 batches are not those that were seen", seen=1):
        check_extends(Head(1, heads([A])[-1]), now)


def test_a_list_that_became_shorter_is_told_as_shorter() -> None:
    with refused(StreamShorter, "2 batches were seen, there are 1", seen=2, found=1):
        check_extends(Head(2, heads([A, B])[-1]), [A])


def test_the_chain_may_lag_behind_what_is_sealed_and_never_behind_what_was_final() -> None:
    state = StreamState(ADMIN, 1, 5, heads([A])[-1])
    check_stream(state, [A, B], final=1)
    with refused(StreamShorter, "the chain holds 1 batches, 2 were final on it", seen=2, found=1):
        check_stream(state, [A, B], final=2)


def test_the_chains_head_is_that_after_its_last_batch() -> None:
    check_stream(StreamState(ADMIN, 0, 0, NO_HEAD), [A, B], final=0)
    check_stream(StreamState(ADMIN, 2, 5, heads([A, B])[2]), [A, B], final=2)
    with refused(StreamRewritten, "the chain's 2 batches are not those sealed here", seen=2):
        check_stream(StreamState(ADMIN, 2, 5, heads([A])[1]), [A, B], final=2)


@pytest.mark.parametrize("sealed", [[], [B], [B, A]])
def test_a_chain_with_batches_that_were_not_sealed_here_is_noticed(sealed: list[tuple[bytes, int]]) -> None:
    with refused(StreamRewritten, "the chain's 1 batches are not those sealed here", seen=1):
        check_stream(StreamState(ADMIN, 1, 5, heads([A])[-1]), sealed, final=0)
