"""A witness that needs no chain: what a contract knew at a block, proven from the block's hash (EIP-1186)."""

from collections.abc import Iterable
from typing import Any

from ledger.abi import AnchorRecord, to_data
from ledger.bundle import Anchor
from ledger.canonical import sha256
from ledger.errors import AnchorInvalid, Malformed, NotChecked, ProofMismatch
from ledger.stateproof import Header, ProvenRecord, State
from ledger.trust import TrustedAnchor


class ProvenStates:
    """States of contracts at blocks, of which those count whose block the verifier knows by its hash.

    Args:
        states: What the file in hand brings.
        known_blocks: Hashes the verifier had from somewhere else, 32 bytes each; the trust file's count too.
    """

    def __init__(self, states: Iterable[State], known_blocks: Iterable[bytes]) -> None:
        self._states = tuple(states)
        self._known = frozenset(known_blocks)

    def record(self, target: TrustedAnchor, root: bytes) -> AnchorRecord:
        """Return what the contract knew of the root at the known block.

        Raises:
            NotChecked: ``no_state`` (no proof of this root is here), ``no_block_hash`` (the verifier knows no
                block), ``other_block`` (the proof is for another than the known ones), ``wrong_contract``.
            AnchorInvalid: ``state_mismatch``: header, account, code and record do not prove each other.
        """
        state, proven = self._find(target, root)
        known = self._known | set(target.blocks)
        try:
            header = Header.from_rlp(state.header)
            values = {"block": header.number, "hash": to_data(header.hash)}
            if not known:
                raise NotChecked("no_block_hash", "no block's hash was given", **values)
            if header.hash not in known:
                raise NotChecked("other_block", "the proof is for another block", **values)
            if sha256(state.code) != target.code_hash:
                raise NotChecked("wrong_contract", "another contract", contract=to_data(target.contract))
            return state.record(proven)
        except (Malformed, ProofMismatch) as error:
            raise AnchorInvalid("state_mismatch", error.message) from error

    def check_block(self, target: TrustedAnchor, anchor: Anchor, root: bytes) -> dict[str, Any]:
        """Compare the block's header with what the bundle says of it, and name the block that proves it.

        That the anchoring block is an ancestor of the known one is the contract's word: its record names number
        and time, and the chain's rules let no other block write it.

        Raises:
            AnchorInvalid: ``block_differs``; ``state_mismatch`` when there is no header to compare.
        """
        state, proven = self._find(target, root)
        try:
            header = Header.from_rlp(proven.block)
        except Malformed as error:
            raise AnchorInvalid("state_mismatch", error.message) from error
        told = (anchor.block_hash, anchor.block_number, int(anchor.block_time.timestamp()))
        if (header.hash, header.number, header.time) != told:
            raise AnchorInvalid("block_differs", "the block is another one", block=anchor.block_number)
        return {"provenAt": Header.from_rlp(state.header).number}

    def _find(self, target: TrustedAnchor, root: bytes) -> tuple[State, ProvenRecord]:
        for state in self._states:
            proven = state.find(target.stream, root) if state.contract == target.contract else None
            if proven is not None:
                return state, proven
        raise NotChecked("no_state", "no proof of this root is in the pack", root=root.hex())
