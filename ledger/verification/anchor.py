"""The step that asks what the trusted contract knows of a root. No web3 here.

Whom it asks is a witness: by default an endpoint of the chain, in an audit pack a state that is proven from a
block's hash (``ledger.verification.proven``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ledger.abi import AnchorRecord, anchored_call, data_from_rpc, quantity_from_rpc, to_data
from ledger.bundle import Anchor, Bundle
from ledger.canonical import sha256
from ledger.errors import AnchorInvalid, NotChecked, RPCFault, RPCUnreachable
from ledger.keys import to_instant
from ledger.rpc import HTTPRPC, RPC
from ledger.trust import TrustedAnchor, TrustedIssuer
from ledger.verification.report import Question
from ledger.verification.steps import place_of


def check_anchor(bundle: Bundle, question: Question, trusted: TrustedIssuer | None) -> dict[str, Any]:
    """8. Ask the trusted contract for the root, and compare what the bundle says of the block.

    Raises:
        AnchorInvalid: ``not_anchored`` (the right contract does not know the root), ``anchor_differs``
            (it knows other facts), ``block_differs`` (the block has another hash or lacks the transaction).
        NotChecked: ``not_anchored_yet``, ``no_trust``, ``issuer_not_trusted``, ``unknown_anchor``,
            ``no_rpc``, ``rpc_unreachable``, ``rpc_error``, ``wrong_chain``, ``wrong_contract``; of a proven
            state see :class:`ledger.verification.proven.ProvenStates`.
    """
    place, anchor = place_of(bundle), bundle.anchor
    if anchor is None:
        raise NotChecked("not_anchored_yet", "not anchored yet")
    target = _target(anchor, question, trusted)
    witness = question.witness or _endpoint(question.rpc_url or target.rpc)
    record = witness.record(target, place.root)
    if record.size == 0:
        raise AnchorInvalid("not_anchored", "the contract does not know this root", root=place.root.hex())
    claimed = AnchorRecord(anchor.seq, int(anchor.block_time.timestamp()), anchor.block_number, place.tree_size)
    if record != claimed:
        raise AnchorInvalid("anchor_differs", "the contract knows other facts about this root")
    return {
        "time": to_instant(datetime.fromtimestamp(record.time, UTC)),
        "seq": record.seq,
        "block": record.block_number,
        "chainId": target.chain_id,
        "kind": target.kind,
        **witness.check_block(target, anchor, place.root),
    }


def _target(anchor: Anchor, question: Question, trusted: TrustedIssuer | None) -> TrustedAnchor:
    if question.trust is None:
        raise NotChecked("no_trust", "no trust list was given")
    if trusted is None:
        raise NotChecked("issuer_not_trusted", "the trust list names no anchor of this issuer")
    for target in trusted.anchors:
        if target.holds(anchor):
            return target
    raise NotChecked("unknown_anchor", "anchored where the trust list does not say", chainId=anchor.chain_id)


def _endpoint(url: str | None) -> "Endpoint":
    if not url:
        raise NotChecked("no_rpc", "no chain endpoint was given")
    return Endpoint(url)


class Endpoint:
    """A chain's JSON-RPC endpoint as a witness; who carries its answers does not matter, what they say does.

    Args:
        url: ``http://`` or ``https://`` address.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def record(self, target: TrustedAnchor, root: bytes) -> AnchorRecord:
        """Ask the trusted contract, once it is clear that it is this contract on this chain."""
        with self._answering() as rpc:
            _check_endpoint(rpc, target)
            call = {"to": to_data(target.contract), "data": anchored_call(target.stream, root)}
            return AnchorRecord.from_rpc(rpc.call("eth_call", [call, "latest"]))

    def check_block(self, _target: TrustedAnchor, anchor: Anchor, _root: bytes) -> dict[str, Any]:
        """Compare the block's hash, and look for the transaction in it."""
        with self._answering() as rpc:
            block_hash, transactions = _block(rpc, anchor.block_number)
        if block_hash != anchor.block_hash or to_data(anchor.transaction) not in transactions:
            raise AnchorInvalid("block_differs", "the block is another one", block=anchor.block_number)
        return {}

    @contextmanager
    def _answering(self) -> Iterator[RPC]:
        try:
            yield HTTPRPC(self._url)
        except (RPCUnreachable, RPCFault) as error:
            raise NotChecked(error.code, error.message, rpc=self._url) from error


def _check_endpoint(rpc: RPC, target: TrustedAnchor) -> None:
    chain_id = quantity_from_rpc(rpc.call("eth_chainId", []))
    if chain_id != target.chain_id or _block(rpc, 0)[0] != target.genesis:
        raise NotChecked("wrong_chain", "the endpoint is another chain", expected=target.chain_id, found=chain_id)
    code = data_from_rpc(rpc.call("eth_getCode", [to_data(target.contract), "latest"]))
    if sha256(code) != target.code_hash:
        raise NotChecked("wrong_contract", "another contract at that address", contract=to_data(target.contract))


def _block(rpc: RPC, number: int) -> tuple[bytes, list[Any]]:
    block = rpc.call("eth_getBlockByNumber", [hex(number), False])
    if not isinstance(block, dict) or not isinstance(block.get("transactions"), list):
        raise RPCFault(f"no block {number}")
    return data_from_rpc(block.get("hash")), block["transactions"]
