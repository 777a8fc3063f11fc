"""Batches lost, doubled or out of order while anvil takes blocks back, counted from the contract.

24 batches (quick: 6), three confirmations; before every step the dice take back one or two blocks in half of the
cases. Needs anvil: ``npm ci`` in ``contracts/`` brings it, ``ANVIL`` names another.
"""

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth_account import Account

from ledger.chain import Chain
from ledger.contract import stream_id
from ledger.errors import ChainUnavailable, LedgerError
from ledger.history import read_history
from ledger.issue import AnchorBatch, AnchorState, AnchorTarget, Attempt, Placement, advance
from ledger.rpc import HTTPRPC

BARS = {"anchors_lost_or_doubled_by_reorg": ("==", 0)}
NOTES: dict[str, object] = {}
"""What the report says of this run besides its bars."""
BESIDE_THE_CONTRACT = Path(__file__).parents[2] / "contracts" / "node_modules" / ".bin" / "anvil"
BATCHES, QUICK_BATCHES = 24, 6
ROUNDS = 40
"""So many rounds a batch may take."""


class Kept:
    """The store of one run, in memory: the process is not what fails here."""

    def __init__(self) -> None:
        self._attempts: dict[str, list[Attempt]] = {}

    def attempts(self, key: str) -> list[Attempt]:
        """Return the attempts of a batch, oldest first."""
        return self._attempts.get(key, [])

    def save_attempt(self, key: str, attempt: Attempt) -> None:
        """Keep an attempt."""
        self._attempts.setdefault(key, []).append(attempt)

    def save_state(self, key: str, state: AnchorState, placement: Placement | None) -> None:
        """States are in the batches this bench holds."""


def measure(*, quick: bool) -> dict[str, float]:
    """Anchor while blocks are taken back, then count."""
    dice = random.Random(seed := int(os.environ.get("CRASH_SEED") or time.time_ns() % 10**6))  # noqa: S311
    batches = [
        AnchorBatch(str(seq), seq, dice.randbytes(32), seq + 1)
        for seq in range(QUICK_BATCHES if quick else BATCHES)
    ]
    with _anvil() as url:
        chain, rpc = Chain(url), HTTPRPC(url)
        target = _target(chain, rpc)
        store, waiting, taken_back = Kept(), list(batches), 0
        for now in range(ROUNDS * len(batches)):
            if not waiting:
                break
            if dice.random() < 1 / 2:
                rpc.call("anvil_reorg", [dice.choice((1, 2)), []])
                taken_back += 1
            waiting = _round(waiting, store=store, chain=chain, target=target, now=now)
            rpc.call("anvil_mine", ["0x1"])
        events = read_history(chain, contract=target.contract, stream=target.stream)
    NOTES.update(seed=seed, batches=len(batches), reorganisations=taken_back)
    there, wanted = [(one.root, one.size) for one in events], [(one.root, one.size) for one in batches]
    misplaced = sum(one != other for one, other in zip(there, wanted, strict=False))
    return {"anchors_lost_or_doubled_by_reorg": misplaced + abs(len(there) - len(wanted)) + len(waiting)}


def _round(waiting: list[AnchorBatch], **world: Any) -> list[AnchorBatch]:
    for place, batch in enumerate(waiting):
        try:
            reached = advance(batch, **world)
        except ChainUnavailable:
            return waiting[place:]
        if reached.state is not AnchorState.FINAL:
            return [reached, *waiting[place + 1 :]]
    return []


def _target(chain: Chain, rpc: HTTPRPC) -> AnchorTarget:
    account = Account.create()
    rpc.call("anvil_setBalance", [account.address, hex(10**21)])
    contract, salt = chain.deploy(account), bytes(32)
    chain.open_stream(account, contract=contract, salt=salt, admin=account.address)
    stream = stream_id(bytes.fromhex(account.address[2:]), salt)
    chain.set_writer(account, contract=contract, stream=stream, writer=account.address, valid_until=2**63 - 1)
    rpc.call("anvil_mine", ["0x5"])
    return AnchorTarget(chain.identity(), contract, stream, account, confirmations=3)


@contextmanager
def _anvil() -> Iterator[str]:
    beside = str(BESIDE_THE_CONTRACT) if BESIDE_THE_CONTRACT.exists() else None
    program = os.environ.get("ANVIL") or beside or shutil.which("anvil")
    if program is None:
        raise LookupError("no anvil here: npm ci in contracts/ brings it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [program, "--port", str(port), "--chain-id", "31337", "--accounts", "1", "--silent"]
    with subprocess.Popen(command) as node:
        try:
            _wait_for(url)
            yield url
        finally:
            node.kill()


def _wait_for(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            HTTPRPC(url).call("eth_chainId", [])
        except LedgerError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
