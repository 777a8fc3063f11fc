"""A real chain's state, proven by the embedded node, and the trust that goes with it."""

from dataclasses import dataclass
from pathlib import Path

from ledger.bundle import Anchor
from ledger.chain import Chain
from ledger.contract import load_artefact
from ledger.issue import AnchorBatch, advance, build_receipt
from ledger.rpc import HTTPRPC
from ledger.stateproof import State, state_from_rpc
from ledger.trust import TrustedAnchor
from support.anchoring import STREAM, MemoryStore, open_for_writer, running, target_of


@dataclass(frozen=True)
class Proven:
    """What a chain holds after some batches.

    Attributes:
        anchors: One per root, in order.
        trusted: The contract, as a trust file names it.
        state: Proven at the last block, with a record for every root.
    """

    anchors: tuple[Anchor, ...]
    trusted: TrustedAnchor
    state: State


def proven(path: Path, roots: dict[bytes, int]) -> Proven:
    """Anchor roots (with their sizes) on a chain of their own, and prove them."""
    with running(path) as url:
        chain = Chain(url)
        address = open_for_writer(chain)
        target = target_of(chain, address)
        anchors = []
        for seq, (root, size) in enumerate(roots.items()):
            waiting = AnchorBatch(root.hex(), seq, root, size)
            done = advance(waiting, store=MemoryStore(), chain=chain, target=target, now=1_780_000_000)
            anchors.append(Anchor.from_value(build_receipt(done, target)))
        contract = bytes.fromhex(address[2:])
        wanted = {(STREAM, root): one.block_number for root, one in zip(roots, anchors, strict=True)}
        state = state_from_rpc(HTTPRPC(url).call, contract=contract, wanted=wanted, at="latest")
    code_hash = bytes.fromhex(load_artefact().runtime_sha256)
    first = anchors[0]
    trusted = TrustedAnchor(first.chain_id, first.genesis, contract, code_hash, STREAM, "embedded")
    return Proven(tuple(anchors), trusted, state)
