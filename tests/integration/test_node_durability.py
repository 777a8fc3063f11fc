import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from ledger.backend import AnchorCall, ChainIdentity, Fees
from ledger.chain import Chain
from ledger.contract import next_head
from ledger.errors import ChainUnavailable
from support.anchoring import STREAM, WRITER, open_for_writer

KILLS = 10


def start(db: Path) -> tuple[subprocess.Popen[bytes], Chain]:
    ours, theirs = os.pipe()
    arguments = ["--db", str(db), "--chain-id", "31337", "--ready-fd", str(theirs)]
    process = subprocess.Popen([sys.executable, "-m", "ledger.node", *arguments], pass_fds=(theirs,))
    os.close(theirs)
    with os.fdopen(ours) as ready:
        return process, Chain(f"http://127.0.0.1:{int(ready.readline())}")


def anchor_until_killed(
    chain: Chain, contract: str, identity: ChainIdentity, acknowledged: dict[bytes, int], after_s: float, pid: int
) -> None:
    """Anchor one batch after the other; whoever has a receipt is acknowledged."""
    timer = Timer(after_s, os.kill, (pid, signal.SIGKILL))
    seq = chain.stream_state(contract, STREAM).count
    timer.start()
    try:
        while True:
            root = (seq + 1).to_bytes(32, "big")
            signed = chain.sign_anchor(
                WRITER,
                AnchorCall(contract, STREAM, root, 1, seq),
                chain_id=identity.chain_id,
                nonce=seq,
                fees=Fees(0, 0),
            )
            chain.send_raw(signed.raw)
            receipt = chain.receipt(signed.tx_hash)
            assert receipt is not None
            assert receipt.succeeded
            acknowledged[root] = receipt.block_number
            seq += 1
    except ChainUnavailable:
        timer.join()


@pytest.mark.crash
def test_no_acknowledged_anchor_is_lost_when_the_node_is_killed(tmp_path: Path) -> None:
    chance = random.Random(20260301)  # noqa: S311 - moments to kill at, not secrets
    process, chain = start(tmp_path / "chain.sqlite")
    contract = open_for_writer(chain)
    identity = chain.identity()
    acknowledged: dict[bytes, int] = {}
    for _ in range(KILLS):
        anchor_until_killed(chain, contract, identity, acknowledged, chance.uniform(0.05, 0.7), process.pid)
        assert process.wait(10) == -signal.SIGKILL
        process, chain = start(tmp_path / "chain.sqlite")

    assert chain.identity() == identity
    chain.check_contract(contract)
    found = {root: chain.anchored(contract, STREAM, root) for root in acknowledged}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    lost = [root for root, record in found.items() if record is None]
    assert lost == []
    assert {root: record.block_number for root, record in found.items() if record} == acknowledged
    assert len(acknowledged) > KILLS


def test_heads_fold_as_the_contract_folds_them(tmp_path: Path) -> None:
    process, chain = start(tmp_path / "chain.sqlite")
    contract = open_for_writer(chain)
    head = bytes(32)
    for seq in range(3):
        call = AnchorCall(contract, STREAM, bytes([seq + 1]) * 32, 5, seq)
        chain.send_raw(chain.sign_anchor(WRITER, call, chain_id=31337, nonce=seq, fees=Fees(0, 0)).raw)
        head = next_head(head, root=call.root, size=5, seq=seq)

    state = chain.stream_state(contract, STREAM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert (state.count, state.head) == (3, head)
