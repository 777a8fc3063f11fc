from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.abi import AnchorRecord
from ledger.backend import AnchorCall, Fees
from ledger.chain import Chain
from ledger.contract import next_head
from ledger.errors import (
    BatchDisplaced,
    BatchNotNext,
    ChainUnavailable,
    ContractRefused,
    FeeCapReached,
    ForeignChain,
)
from ledger.issue import (
    AnchorBatch,
    AnchorState,
    AnchorStore,
    AnchorTarget,
    Attempt,
    Placement,
    advance,
    build_receipt,
)
from support.anchoring import (
    ADMIN,
    STREAM,
    T0,
    WRITER,
    Hand,
    LossyChain,
    MemoryStore,
    open_for_writer,
    running,
    target_of,
)
from support.refusals import refused

ROOT, ROOT_B = b"\xaa" * 32, b"\xbb" * 32
FIRST = AnchorBatch("first", 0, ROOT, 3)
SECOND = AnchorBatch("second", 1, ROOT_B, 1)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Chain]:
    with running(tmp_path / "chain.sqlite") as url:
        yield Chain(url)


@pytest.fixture
def chain(real: Chain) -> LossyChain:
    return LossyChain(real)


@pytest.fixture
def target(real: Chain) -> AnchorTarget:
    return target_of(real, open_for_writer(real))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def mine_something(real: Chain, how_many: int = 1) -> None:
    """Bury what is mined under blocks of somebody else."""
    for _ in range(how_many):
        nonce = real.next_nonce(ADMIN.address)
        plain = {
            "chainId": 31_337,
            "nonce": nonce,
            "to": ADMIN.address,
            "value": 0,
            "gas": 21_000,
            "gasPrice": 0,
        }
        real.send_raw(bytes(ADMIN.sign_transaction(plain).raw_transaction))


def test_on_an_instant_chain_one_call_is_enough(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    done = advance(FIRST, store=store, chain=chain, target=target, now=T0)

    attempt = store.attempts("first")[0]
    block = chain.block(4)
    placed = Placement(attempt.tx_hash, 4, block.block_hash, block.time)
    assert done == replace(FIRST, state=AnchorState.FINAL, placement=placed)
    assert store.states == {"first": (AnchorState.FINAL, placed)}
    assert (attempt.nonce, attempt.signed_at, attempt.fees) == (0, T0, Fees(0, 0))
    assert build_receipt(done, target)["blockNumber"] == 4


def test_calling_again_changes_and_sends_nothing(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    done = advance(FIRST, store=store, chain=chain, target=target, now=T0)
    told = list(store.told)

    assert advance(done, store=store, chain=chain, target=target, now=T0 + 9) == done
    assert store.told == told
    assert len(chain.sent) == 1


def test_batches_follow_each_other_in_order(chain: LossyChain, target: AnchorTarget, store: MemoryStore) -> None:
    sentence = "batch 1 is to be anchored, the stream waits for batch 0"
    with refused(BatchNotNext, sentence, seq=1, expected=0):
        advance(SECOND, store=store, chain=chain, target=target, now=T0)
    assert chain.sent == []
    advance(FIRST, store=store, chain=chain, target=target, now=T0)
    advance(SECOND, store=store, chain=chain, target=target, now=T0)

    head = next_head(bytes(32), root=ROOT, size=3, seq=0)
    head = next_head(head, root=ROOT_B, size=1, seq=1)
    state = chain.stream_state(target.contract, STREAM)
    assert (state.count, state.head) == (2, head)


def test_the_signed_bytes_are_stored_before_they_are_sent(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    chain.lose_send_before = 1
    with pytest.raises(ChainUnavailable, match="the request was lost"):
        advance(FIRST, store=store, chain=chain, target=target, now=T0)

    assert [attempt.raw for attempt in store.attempts("first")] == chain.sent
    assert store.states == {}


def test_after_a_crash_before_sending_the_same_bytes_are_sent(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    chain.lose_send_before = 1
    with pytest.raises(ChainUnavailable):
        advance(FIRST, store=store, chain=chain, target=target, now=T0)

    done = advance(FIRST, store=store, chain=chain, target=target, now=T0 + 1)

    assert done.state is AnchorState.FINAL
    assert chain.sent[0] == chain.sent[1]
    assert store.told == ["first attempt 0", "first final"]


def test_when_only_the_answer_was_lost_nothing_is_sent_again(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    chain.lose_send_after = 1
    with pytest.raises(ChainUnavailable, match="the answer was lost"):
        advance(FIRST, store=store, chain=chain, target=target, now=T0)

    done = advance(FIRST, store=store, chain=chain, target=target, now=T0 + 1)

    assert done.state is AnchorState.FINAL
    assert len(chain.sent) == 1
    assert chain.stream_state(target.contract, STREAM).count == 1


def test_a_crash_before_storing_leaves_nothing_behind(chain: LossyChain, target: AnchorTarget) -> None:
    class Full(MemoryStore):
        def save_attempt(self, key: str, attempt: Attempt) -> None:
            raise OSError(f"no space for {key} {attempt.nonce}")

    with pytest.raises(OSError, match="no space"):
        advance(FIRST, store=Full(), chain=chain, target=target, now=T0)

    assert chain.sent == []


def test_a_crash_before_the_state_was_noted_is_made_good_from_the_contract(
    chain: LossyChain, target: AnchorTarget
) -> None:
    class Forgetful(MemoryStore):
        def save_state(self, key: str, state: AnchorState, placement: Placement | None) -> None:
            raise OSError(f"lost {key} {state} {placement}")

    forgetful = Forgetful()
    with pytest.raises(OSError, match="lost first"):
        advance(FIRST, store=forgetful, chain=chain, target=target, now=T0)
    store = MemoryStore(kept=forgetful.kept)

    done = advance(FIRST, store=store, chain=chain, target=target, now=T0)

    assert done.state is AnchorState.FINAL
    assert len(chain.sent) == 1


def test_a_store_restored_from_before_still_finds_the_transaction(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    done = advance(FIRST, store=store, chain=chain, target=target, now=T0)

    again = advance(FIRST, store=MemoryStore(), chain=chain, target=target, now=T0)

    assert again == done
    assert len(chain.sent) == 1


def test_two_workers_with_one_key_anchor_a_batch_once(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    class Overtaken(LossyChain):
        """The other worker acts between signing and sending."""

        def send_raw(self, raw: bytes) -> None:
            advance(FIRST, store=store, chain=chain, target=target, now=T0 + 7)
            super().send_raw(raw)

    slow, mine = Overtaken(chain._chain), MemoryStore()

    done = advance(FIRST, store=mine, chain=slow, target=target, now=T0)

    assert done == advance(FIRST, store=store, chain=chain, target=target, now=T0)
    assert chain.stream_state(target.contract, STREAM).count == 1
    assert chain.next_nonce(WRITER.address) == 1


def test_two_workers_with_other_fees_share_a_nonce_and_anchor_once(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    class Overtaken(LossyChain):
        def fees(self) -> Fees:
            return Fees(0, 0)

        def send_raw(self, raw: bytes) -> None:
            other = AnchorCall(target.contract, STREAM, ROOT, 3, 0)
            signed = chain.sign_anchor(WRITER, other, chain_id=31_337, nonce=0, fees=Fees(5, 0))
            if not chain.sent:
                chain.send_raw(signed.raw)
            super().send_raw(raw)

    done = advance(FIRST, store=store, chain=Overtaken(chain._chain), target=target, now=T0)

    assert done.state is AnchorState.FINAL
    assert done.placement is not None
    assert done.placement.tx_hash != store.attempts("first")[0].tx_hash
    assert chain.stream_state(target.contract, STREAM).count == 1


def test_a_batch_anchored_while_the_worker_looked_is_not_sent(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    class Blinking(LossyChain):
        """Looks at the contract a moment before the other worker's block."""

        def anchored(self, contract: str, stream: bytes, root: bytes) -> AnchorRecord | None:
            if not chain.sent:
                advance(FIRST, store=MemoryStore(), chain=chain, target=target, now=T0)
                return None
            return self._chain.anchored(contract, stream, root)

    blinking = Blinking(chain._chain)

    done = advance(FIRST, store=store, chain=blinking, target=target, now=T0)

    assert done.state is AnchorState.FINAL
    assert blinking.sent == []
    assert store.attempts("first") == []


def test_another_root_under_our_number_stops_the_stream(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    advance(replace(SECOND, seq=0), store=MemoryStore(), chain=chain, target=target, now=T0)

    sentence = "the stream holds 1 batches, and number 0 has another root"
    with refused(BatchDisplaced, sentence, seq=0, found=1):
        advance(FIRST, store=store, chain=chain, target=target, now=T0)
    assert store.told == []


@pytest.mark.parametrize("changes", [{"seq": 1}, {"size": 4}])
def test_our_root_with_other_facts_stops_the_stream(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore, changes: dict[str, Any]
) -> None:
    advance(FIRST, store=MemoryStore(), chain=chain, target=target, now=T0)

    ours = replace(FIRST, **changes)
    sentence = f"the root of batch {ours.seq} ({ours.size} leaves) is anchored as batch 0 (3 leaves)"
    with refused(BatchDisplaced, sentence, seq=ours.seq, found=0):
        advance(ours, store=store, chain=chain, target=target, now=T0)
    assert store.told == []


def test_another_chain_stops_everything(tmp_path: Path, target: AnchorTarget, store: MemoryStore) -> None:
    with running(tmp_path / "other.sqlite", hand=Hand(T0 + 1)) as url:
        foreign = LossyChain(Chain(url))
        with pytest.raises(ForeignChain):
            advance(FIRST, store=store, chain=foreign, target=target, now=T0)

    assert (foreign.sent, store.told) == ([], [])


def test_an_outage_leaves_the_batch_as_it_was(tmp_path: Path, store: MemoryStore) -> None:
    with running(tmp_path / "other.sqlite") as url:
        chain = Chain(url, timeout_s=2)
        target = target_of(chain, open_for_writer(chain))
    with pytest.raises(ChainUnavailable):
        advance(FIRST, store=store, chain=chain, target=target, now=T0)

    assert store.told == []
    with running(tmp_path / "other.sqlite") as url:
        again = Chain(url)
        assert advance(FIRST, store=store, chain=again, target=target, now=T0).state is AnchorState.FINAL


def test_a_refusal_of_the_contract_costs_no_transaction(
    real: Chain, chain: LossyChain, store: MemoryStore
) -> None:
    target = target_of(real, open_for_writer(real, valid_until=T0))

    with pytest.raises(ContractRefused, match="AnchorRegistryNotWriter"):
        advance(FIRST, store=store, chain=chain, target=target, now=T0 + 99)
    assert (chain.sent, store.told) == ([], [])


def test_a_batch_is_final_under_enough_blocks(
    real: Chain, chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    careful = replace(target, confirmations=2)
    batch = advance(FIRST, store=store, chain=chain, target=careful, now=T0)
    assert batch.state is AnchorState.MINED
    mine_something(real)
    batch = advance(batch, store=store, chain=chain, target=careful, now=T0)
    assert batch.state is AnchorState.MINED
    mine_something(real)
    batch = advance(batch, store=store, chain=chain, target=careful, now=T0)

    assert batch.state is AnchorState.FINAL
    assert store.told == ["first attempt 0", "first mined", "first final"]


class Market(LossyChain):
    """A chain on which gas costs what ``usual`` says."""

    usual = Fees(100, 10)

    def fees(self) -> Fees:
        return self.usual


def test_a_waiting_transaction_is_sent_again_then_replaced_at_its_own_nonce(
    tmp_path: Path, store: MemoryStore
) -> None:
    writer = bytes.fromhex(WRITER.address[2:])
    with running(tmp_path / "rich.sqlite", funded=(writer,)) as url:
        real = Chain(url)
        target, chain = target_of(real, open_for_writer(real)), Market(real)
        chain.swallow = 3
        waiting = advance(FIRST, store=store, chain=chain, target=target, now=T0)
        assert (waiting.state, waiting.placement) == (AnchorState.SENT, None)
        waiting = advance(waiting, store=store, chain=chain, target=target, now=T0 + 179)
        assert chain.sent[0] == chain.sent[1]
        waiting = advance(waiting, store=store, chain=chain, target=target, now=T0 + 180)
        done = advance(waiting, store=store, chain=chain, target=target, now=T0 + 400)

    assert done.state is AnchorState.FINAL
    attempts = store.attempts("first")
    assert [attempt.nonce for attempt in attempts] == [0, 0, 0]
    assert [attempt.fees for attempt in attempts] == [Fees(100, 10), Fees(113, 12), Fees(128, 14)]
    assert [attempt.raw for attempt in attempts] == [chain.sent[0], *chain.sent[2:]]


def test_where_gas_is_free_the_same_bytes_are_sent_however_late(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    chain.swallow = 1
    waiting = advance(FIRST, store=store, chain=chain, target=target, now=T0)

    done = advance(waiting, store=store, chain=chain, target=target, now=T0 + 1_000_000)

    assert done.state is AnchorState.FINAL
    assert chain.sent[0] == chain.sent[1]
    assert len(store.attempts("first")) == 1


@pytest.mark.parametrize(
    ("current", "offer"), [(Fees(100, 10), Fees(1_126, 91)), (Fees(5_000, 500), Fees(5_000, 500))]
)
def test_a_replacement_offers_an_eighth_more_or_what_is_usual_now(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore, current: Fees, offer: Fees
) -> None:
    market = Market(chain._chain)
    market.usual, market.swallow = current, 9
    store.save_attempt("first", Attempt(0, b"old", b"\x01" * 32, Fees(1_000, 80), T0))

    advance(FIRST, store=store, chain=market, target=target, now=T0 + 200)

    assert store.attempts("first")[1].fees == offer


def test_a_replacement_above_the_cap_asks_for_a_person(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    store.save_attempt("first", Attempt(0, b"old", b"\x01" * 32, Fees(1_000, 80), T0))

    sentence = "a replacement would offer 1126 wei a unit of gas, the cap is 1125"
    with refused(FeeCapReached, sentence, offer="1126", cap="1125"):
        advance(FIRST, store=store, chain=chain, target=replace(target, max_fee_cap=1_125), now=T0 + 200)
    assert len(store.attempts("first")) == 1


def test_a_replacement_at_the_cap_is_sent(chain: LossyChain, target: AnchorTarget, store: MemoryStore) -> None:
    market = Market(chain._chain)
    market.swallow = 9
    store.save_attempt("first", Attempt(0, b"old", b"\x01" * 32, Fees(1_000, 80), T0))

    advance(FIRST, store=store, chain=market, target=replace(target, max_fee_cap=1_126), now=T0 + 180)

    assert store.attempts("first")[1].fees == Fees(1_126, 91)


def test_a_nonce_used_up_by_something_else_gets_a_new_transaction(
    real: Chain, chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    chain.swallow = 1
    waiting = advance(FIRST, store=store, chain=chain, target=target, now=T0)
    wasted = AnchorCall(target.contract, STREAM, ROOT_B, 1, 9)
    real.send_raw(real.sign_anchor(WRITER, wasted, chain_id=31_337, nonce=0, fees=Fees(0, 0)).raw)

    done = advance(waiting, store=store, chain=chain, target=target, now=T0 + 1)

    assert done.state is AnchorState.FINAL
    assert [attempt.nonce for attempt in store.attempts("first")] == [0, 1]


def test_a_block_that_went_away_sends_the_batch_back(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    gone = Placement(b"\x01" * 32, 77, b"\x02" * 32, T0)
    mined = replace(FIRST, state=AnchorState.MINED, placement=gone)
    chain.swallow = 1

    back = advance(mined, store=store, chain=chain, target=target, now=T0)

    assert (back.state, back.placement) == (AnchorState.SENT, None)
    again = advance(back, store=store, chain=chain, target=target, now=T0 + 1)
    assert again.placement is not None
    assert again.placement.block_number == 4


def test_a_chain_that_moves_while_it_is_read_is_read_again_later(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    class Moving(LossyChain):
        def anchor_transaction(self, *_: Any, **__: Any) -> bytes | None:
            return None

    with refused(ChainUnavailable, "block 4 changed while it was read"):
        advance(FIRST, store=store, chain=Moving(chain._chain), target=target, now=T0)

    assert store.states == {}
    assert advance(FIRST, store=store, chain=chain, target=target, now=T0).state is AnchorState.FINAL


def test_random_faults_neither_lose_double_nor_reorder(
    chain: LossyChain, target: AnchorTarget, store: MemoryStore
) -> None:
    faults = ["before", "after", "none", "swallow", "after", "before", "none", "swallow"] * 3
    head = bytes(32)
    for seq in range(8):
        batch = AnchorBatch(f"b{seq}", seq, bytes([seq + 1]) * 32, seq + 1)
        turns = 0
        while batch.state is not AnchorState.FINAL:
            fault = faults.pop() if faults else "none"
            chain.lose_send_before = int(fault == "before")
            chain.lose_send_after = int(fault == "after")
            chain.swallow = int(fault == "swallow")
            try:
                batch = advance(batch, store=store, chain=chain, target=target, now=T0 + 200 * turns)
            except ChainUnavailable:
                assert store.states.get(batch.key, (AnchorState.SENT,))[0] is AnchorState.SENT
            turns += 1
        head = next_head(head, root=batch.root, size=batch.size, seq=seq)

    state = chain.stream_state(target.contract, STREAM)
    assert (state.count, state.head) == (8, head)


def _is_a_store(store: MemoryStore) -> AnchorStore:
    """Checked by mypy: the fake is what the portal will be."""
    return store
