"""Tries by published answers: RLP of the Yellow Paper and ethereum/tests, mainnet's own proofs."""

import json
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak

from ledger.errors import Malformed, ProofMismatch
from ledger.patricia import EMPTY_ROOT, check_proof, decoded, walk
from support.refusals import refused

MAINNET = json.loads((Path(__file__).parents[1] / "vectors/state/mainnet_21925176.json").read_text())
STATE_ROOT = bytes.fromhex(MAINNET["block"]["stateRoot"][2:])


PREFIX = "a trie node's part of the key has no known prefix"


def nodes(listed: list[str]) -> list[bytes]:
    return [bytes.fromhex(text[2:]) for text in listed]


def address_of(name: str) -> bytes:
    return bytes.fromhex(MAINNET[name]["address"][2:])


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (
            "The quick brown fox jumps over the lazy dog",
            "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
        ),
    ],
)
def test_keccak_is_the_one_before_sha3(text: str, digest: str) -> None:
    assert keccak(text.encode()).hex() == digest


def test_the_root_of_nothing_is_the_published_one() -> None:
    assert EMPTY_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert check_proof(EMPTY_ROOT, b"key", []) == b""


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("83646f67", b"dog"),
        ("c88363617483646f67", [b"cat", b"dog"]),
        ("80", b""),
        ("c0", []),
        ("00", b"\x00"),
        ("0f", b"\x0f"),
        ("820400", b"\x04\x00"),
        ("c7c0c1c0c3c0c1c0", [[], [[]], [[], [[]]]]),
        (
            (
                "b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20"
                "636f6e7365637465747572206164697069736963696e6720656c6974"
            ),
            b"Lorem ipsum dolor sit amet, consectetur adipisicing elit",
        ),
    ],
)
def test_rlp_reads_the_published_examples(encoded: str, value: Any) -> None:
    assert decoded(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "bf0f000000000000021111",
        "ff0f000000000000021111",
        "f80180",
        "f80100",
        "b9002100dc2b275d0f74e8a53e6f4ec61b27f24278820be3f82ea2110e582081b0565df0",
        "8100",
        "8101",
        "817f",
        "b800",
        "f800",
        "b801ff",
        "f803112233",
        "b81000112233445566778899aabbccddeeff",
        "f810000102030405060708090a0b0c0d0e0f",
        "8080",
        "83646f",
        "c1" * 40 + "c0",
    ],
)
def test_rlp_with_a_second_spelling_or_a_wrong_length_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        decoded(bytes.fromhex(encoded))


def test_rlp_nested_without_end_is_refused_before_the_interpreter_gives_up() -> None:
    data = b"\xc0"
    for _ in range(20):
        data = rlp.codec.length_prefix(len(data), 0xC0) + data
    with refused(Malformed, "RLP of more than 16 lists deep"):
        decoded(data)


def test_sixteen_lists_deep_are_read_and_seventeen_are_not() -> None:
    data = b"\xc0"
    for _ in range(15):
        data = rlp.codec.length_prefix(len(data), 0xC0) + data
    assert decoded(data) == [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]
    with refused(Malformed, "RLP of more than 16 lists deep"):
        decoded(rlp.codec.length_prefix(len(data), 0xC0) + data)


def test_mainnets_proof_shows_what_the_deposit_contract_held() -> None:
    proof = MAINNET["contract"]
    account = decoded(check_proof(STATE_ROOT, keccak(address_of("contract")), nodes(proof["accountProof"])))
    assert account[2].hex() == "fcbb4b77e533e75ac831006ef975191deda38a7b8f50887a8ad263c38e6e4461"
    (slot,) = proof["storageProof"]
    word = check_proof(account[2], keccak((1).to_bytes(32)), nodes(slot["proof"]))
    assert decoded(word).hex() == "2394e3bc4086a9625ae88307145a40ff4a4bf2c9a6755435bff86b22d6175d5f"


def test_mainnets_proof_of_another_account_shows_that_this_one_is_not_there() -> None:
    proof = nodes(MAINNET["contract"]["accountProof"])
    key = bytearray(keccak(address_of("contract")))
    key[-1] ^= 1
    assert check_proof(STATE_ROOT, bytes(key), proof) == b""


def test_a_changed_missing_or_spare_node_is_a_mismatch() -> None:
    proof, key = nodes(MAINNET["account"]["accountProof"]), keccak(address_of("account"))
    assert check_proof(STATE_ROOT, key, proof) != b""
    changed = [*proof[:-1], proof[-1][:-1] + b"\x00"]
    another, spare = (
        "a node of the state proof is missing or another",
        "the state proof holds nodes that lie on no way",
    )
    for wrong, node in ((changed, proof[-1]), (proof[:-1], proof[-1]), (proof[1:], proof[0]), ([], proof[0])):
        with refused(ProofMismatch, another, node=keccak(node).hex()):
            check_proof(STATE_ROOT, key, wrong)
    with refused(ProofMismatch, spare, left=2):
        check_proof(STATE_ROOT, key, [*proof, proof[-1], proof[-1]])
    with refused(ProofMismatch, spare, left=1):
        check_proof(EMPTY_ROOT, b"key", proof[:1])


def trie_of(*items: Any) -> tuple[bytes, list[bytes]]:
    """A root node of these items, its hash, and the proof that is the node alone."""
    node = rlp.encode(list(items))
    return keccak(node), [node]


def test_small_nodes_lie_inside_their_parents() -> None:
    leaf = [b"\x31", b"inner"]
    branch: list[Any] = [b""] * 17
    branch[2], branch[16] = leaf, b"at the fork"
    root, proof = trie_of(*branch)
    assert check_proof(root, b"\x21", proof) == b"inner"
    assert check_proof(root, b"\x22", proof) == b""
    assert check_proof(root, b"\x31", proof) == b""
    assert check_proof(root, b"", proof) == b"at the fork"


def test_an_extension_leads_on_or_ends_the_search() -> None:
    leaf = [b"\x20", b"x"]
    root, proof = trie_of(b"\x00\x12", leaf)
    assert check_proof(root, b"\x12", proof) == b"x"
    assert check_proof(root, b"\x13", proof) == b""
    assert walk(root, b"\x12", {root: proof[0]}.__getitem__) == (tuple(proof), b"x")


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([], "a trie node has 17 or 2 items"),
        ([b"\x20", b"x", b"y"], "a trie node has 17 or 2 items"),
        ([b"", b"x"], "a trie node has 17 or 2 items"),
        ([[], b"x"], "a trie node has 17 or 2 items"),
        ([b"\x40", b"x"], PREFIX),
        ([b"\x0f\x12", b"x"], PREFIX),
        ([b"\x01\x12", b"x"], PREFIX),
        ([b"\x21\x12", b"x"], PREFIX),
        ([b"\x00", b"x" * 32], "an extension node stands for no part of the key"),
        ([b"\x20\x12", [b"x"]], "a trie's values are bytes"),
        ([b"\x00\x12", b"short"], "a trie node names another by 32 bytes"),
        ([*([b""] * 16), [b"x"]], "a trie's values are bytes"),
    ],
)
def test_what_is_no_trie_node_is_malformed(items: list[Any], sentence: str) -> None:
    root, proof = trie_of(*items)
    with refused(Malformed, sentence):
        check_proof(root, b"" if len(items) == 17 else b"\x12", proof)


def test_parts_of_a_key_are_read_with_their_parity() -> None:
    for part, key in ((b"\x20\x12", b"\x12"), (b"\x20", b"")):
        root, proof = trie_of(part, b"leaf")
        assert check_proof(root, key, proof) == b"leaf"
        assert check_proof(root, b"\xab\xcd", proof) == b""
    branch: list[Any] = [b""] * 17
    branch[10] = [b"\x3b", b"odd"]
    root, proof = trie_of(*branch)
    assert check_proof(root, b"\xab", proof) == b"odd"
    root, proof = trie_of(b"\x1a", [b"\x3b", b"below"])
    assert check_proof(root, b"\xab", proof) == b"below"


def test_a_text_is_no_trie_node() -> None:
    node = rlp.encode(b"a text that is no list at all, 32+")
    with refused(Malformed, "a trie node is a list"):
        check_proof(keccak(node), b"\x12", [node])
