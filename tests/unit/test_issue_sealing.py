import hashlib

import pytest

from ledger.backend import ChainIdentity
from ledger.bundle import Anchor, Inclusion
from ledger.errors import BatchNotNext, Malformed
from ledger.issue import (
    AnchorBatch,
    AnchorState,
    AnchorTarget,
    NoLeaves,
    Placement,
    build_receipt,
    seal,
)
from ledger.merkle import check_inclusion
from support.anchoring import STREAM, T0, WRITER
from support.refusals import refused

A, B, C = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
CONTRACT = "0x" + "cD" * 20


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def inner(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_a_batch_of_one_has_its_leaf_hash_as_root() -> None:
    batch = seal([A])

    assert (batch.root, batch.size) == (leaf(A), 1)
    assert batch.inclusion(0) == {
        "tree": "rfc9162-sha256",
        "leafIndex": 0,
        "treeSize": 1,
        "root": leaf(A).hex(),
        "path": [],
    }


def test_three_leaves_make_the_tree_of_the_standard() -> None:
    batch = seal([A, B, C])

    assert batch.root == inner(inner(leaf(A), leaf(B)), leaf(C))
    assert batch.inclusion(1)["path"] == [leaf(A).hex(), leaf(C).hex()]
    assert batch.inclusion(2)["path"] == [inner(leaf(A), leaf(B)).hex()]


def test_every_proof_reads_back_and_holds() -> None:
    leaves = [hashlib.sha256(bytes([number])).digest() for number in range(11)]
    batch = seal(leaves)

    for index, data in enumerate(leaves):
        proof = Inclusion.from_value(batch.inclusion(index))
        assert (proof.leaf_index, proof.tree_size, proof.root) == (index, 11, batch.root)
        check_inclusion(data, index, size=11, path=proof.path, root=proof.root)


def test_a_leaf_outside_the_batch_has_no_proof() -> None:
    with refused(Malformed, "a tree of 1 has no leaf 1", size=1, index=1):
        seal([A]).inclusion(1)


def test_what_makes_no_batch_is_refused() -> None:
    with refused(NoLeaves, "a batch without leaves has nothing to anchor", leaves=0):
        seal([])
    with refused(NoLeaves, "leaf 1 has 31 bytes, not 32", leaf=1):
        seal([A, b"\x01" * 31])


def test_a_final_batch_has_the_receipt_a_bundle_holds() -> None:
    target = AnchorTarget(ChainIdentity(31_337, b"\x01" * 32), CONTRACT, STREAM, WRITER)
    placed = Placement(b"\x02" * 32, 9, b"\x03" * 32, T0)
    batch = AnchorBatch("b", 4, A, 3, AnchorState.FINAL, placed)

    receipt = build_receipt(batch, target)

    assert receipt == {
        "chainId": 31_337,
        "genesis": "0x" + "01" * 32,
        "contract": "0x" + "cd" * 20,
        "stream": "0x" + STREAM.hex(),
        "seq": 4,
        "transaction": "0x" + "02" * 32,
        "blockNumber": 9,
        "blockHash": "0x" + "03" * 32,
        "blockTime": "2026-05-28T20:26:40Z",
    }
    assert Anchor.from_value(receipt).to_value() == receipt


def test_a_batch_that_was_found_nowhere_has_no_receipt() -> None:
    target = AnchorTarget(ChainIdentity(1, A), CONTRACT, STREAM, WRITER)
    with refused(BatchNotNext, "batch 4 stands in no block that is known", seq=4):
        build_receipt(AnchorBatch("b", 4, A, 3, AnchorState.FINAL), target)


@pytest.mark.parametrize("state", [AnchorState.SEALED, AnchorState.SENT, AnchorState.MINED])
def test_a_batch_that_is_not_final_has_no_receipt(state: AnchorState) -> None:
    target = AnchorTarget(ChainIdentity(1, A), CONTRACT, STREAM, WRITER)
    placed = Placement(b"\x02" * 32, 9, b"\x03" * 32, T0)
    for placement in (None, placed):
        with refused(BatchNotNext, f"batch 4 is {state.value}, not final", seq=4):
            build_receipt(AnchorBatch("b", 4, A, 3, state, placement), target)
