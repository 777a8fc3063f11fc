"""On anvil: blocks that are taken back, transactions that are stuck, and the same contract at the same price."""

from collections.abc import Iterator

import pytest

from ledger.chain import Chain
from ledger.errors import ChainUnavailable
from ledger.history import read_history
from ledger.issue import AnchorBatch, AnchorState, AnchorTarget, advance
from support.anchoring import ADMIN, STREAM, WRITER, LossyChain, MemoryStore, open_for_writer, target_of
from support.anvil import Anvil, running_anvil
from support.sealing import root_of

BATCHES = 4


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    with running_anvil() as node:
        for account in (ADMIN, WRITER):
            node.give(account.address)
        yield node


def batch(seq: int) -> AnchorBatch:
    return AnchorBatch(f"b{seq}", seq, root_of(seq), seq + 1)


def test_batches_taken_back_by_a_reorganisation_come_again_once_and_in_order(anvil: Anvil) -> None:
    chain = Chain(anvil.url)
    target = target_of(chain, open_for_writer(chain), confirmations=3)
    store, open_ones, taken_back = MemoryStore(), [batch(seq) for seq in range(BATCHES)], 0
    for now in range(40):
        if now in (2, 5, 9, 14):
            anvil.reorganise(2)
            taken_back += 1
        went_on = _round(open_ones, store=store, chain=chain, target=target, now=now)
        anvil.mine()
        open_ones = went_on
        if not open_ones:
            break
    assert open_ones == []
    assert taken_back >= 3
    assert _seqs(chain, target) == list(range(BATCHES))
    # Final is only what lies deep enough, so nothing final was ever taken back.
    told = [word for word in store.told if word.endswith(AnchorState.FINAL.value)]
    assert told == [f"b{seq} final" for seq in range(BATCHES)]


def _round(
    batches: list[AnchorBatch], *, store: MemoryStore, chain: Chain, target: AnchorTarget, now: int
) -> list[AnchorBatch]:
    """Bring each batch on until one has to wait, as the worker does; return what is not final."""
    for place, one in enumerate(batches):
        try:
            reached = advance(one, store=store, chain=chain, target=target, now=now)
        except ChainUnavailable:
            return batches[place:]
        if reached.state is not AnchorState.FINAL:
            return [reached, *batches[place + 1 :]]
    return []


def _seqs(chain: Chain, target: AnchorTarget) -> list[int]:
    return [one.seq for one in read_history(chain, contract=target.contract, stream=STREAM)]


def test_a_batch_seen_in_a_block_that_vanished_goes_back_to_sent_and_is_found_in_another(anvil: Anvil) -> None:
    chain = Chain(anvil.url)
    target = target_of(chain, open_for_writer(chain), confirmations=2)
    store = MemoryStore()
    snapshot = anvil.ask("evm_snapshot")
    assert advance(batch(0), store=store, chain=chain, target=target, now=0).state is AnchorState.MINED
    assert anvil.ask("evm_revert", snapshot)
    assert _seqs(chain, target) == []
    mined = advance(batch(0), store=store, chain=chain, target=target, now=1)
    assert mined.state is AnchorState.MINED
    anvil.mine(1)
    anvil.reorganise(2)
    again = advance(mined, store=store, chain=chain, target=target, now=2)
    assert again.placement != mined.placement
    anvil.mine(2)
    assert advance(again, store=store, chain=chain, target=target, now=3).state is AnchorState.FINAL
    assert _seqs(chain, target) == [0]


def test_a_stuck_transaction_is_replaced_under_its_nonce_and_one_of_both_is_mined() -> None:
    with running_anvil() as anvil:
        for account in (ADMIN, WRITER):
            anvil.give(account.address)
        chain = LossyChain(Chain(anvil.url))
        target = target_of(chain, open_for_writer(chain), replace_after_s=10)  # type: ignore[arg-type]
        anvil.ask("evm_setAutomine", False)  # noqa: FBT003 - JSON-RPC
        store = MemoryStore()
        for now in (0, 5, 20):
            state = advance(batch(0), store=store, chain=chain, target=target, now=now).state  # type: ignore[arg-type]
            assert state is AnchorState.SENT
        first, second = store.attempts("b0")
        assert second.nonce == first.nonce
        assert second.fees.max_fee * 8 >= first.fees.max_fee * 9
        anvil.mine()
        assert advance(batch(0), store=store, chain=chain, target=target, now=30).state is AnchorState.FINAL  # type: ignore[arg-type]
        assert chain.next_nonce(WRITER.address) == first.nonce + 1
        assert _seqs(chain, target) == [0]  # type: ignore[arg-type]
