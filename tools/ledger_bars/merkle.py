"""Building a Merkle tree of 1,000,000 leaves (quick: 100,000) against hashing alone.

The floor is ``hashlib.sha256(message).digest()`` over one ready message of 33 bytes for every leaf and one of 65
bytes for every node, nothing kept. Processor time, the shortest of 7 rounds taken in turn.
"""

import hashlib
import time
from collections.abc import Callable

from ledger.merkle import Tree

BARS = {"merkle_build_over_hashlib_floor": ("<=", 1.4)}
LEAVES = 1_000_000
QUICK_LEAVES = 100_000
ROUNDS = 7


def measure(*, quick: bool) -> dict[str, float]:
    """Build the tree and hash as much, in turn; compare the shortest times."""
    size = QUICK_LEAVES if quick else LEAVES
    leaves = [hashlib.sha256(number.to_bytes(8)).digest() for number in range(size)]
    leaf_messages = [b"\x00" + leaf for leaf in leaves]
    node_messages = [b"\x01" + leaf + leaf for leaf in leaves[1:]]

    def floor() -> None:
        sha = hashlib.sha256
        for message in leaf_messages:
            sha(message).digest()
        for message in node_messages:
            sha(message).digest()

    floors, builds = [], []
    for _ in range(ROUNDS):
        floors.append(_seconds(floor))
        builds.append(_seconds(lambda: Tree.of(leaves)))
    return {"merkle_build_over_hashlib_floor": round(min(builds) / min(floors), 3)}


def _seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
