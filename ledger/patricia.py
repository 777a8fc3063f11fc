"""Merkle-Patricia tries: the path a key takes, walked by who gives a proof and by who checks one.

Pure: bytes in, bytes out. Sources: Ethereum Yellow Paper, appendices B (RLP), C (hex prefix) and D (tries);
EIP-1186. RLP and Keccak-256 are the libraries' (``rlp``, ``eth-utils``); ``portal/static/stateproof.mjs`` is the
twin without any.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import rlp  # type: ignore[import-untyped]  # it has no types
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException  # type: ignore[import-untyped]  # it has no types

from ledger.errors import Malformed, ProofMismatch

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = keccak(b"\x80")
"""The root of a trie that holds nothing: Keccak-256 of the RLP of no bytes."""
_BRANCH: Final = 17
_PAIR: Final = 2
_LEAF, _ODD = 2, 1
_MAX_DEPTH: Final = 16
"""Lists inside lists in one node: an embedded child lies a few deep, anything deeper is no node."""


def decoded(data: bytes) -> Any:
    """Read RLP into bytes and lists of them (Yellow Paper, appendix B).

    Raises:
        Malformed: Not RLP, not its shortest spelling, or bytes left over.
    """
    try:
        value = rlp.decode(data)  # strict unless told otherwise
    except (RLPException, IndexError, RecursionError) as error:
        raise Malformed(f"not RLP: {error}") from error
    _check_depth(value, _MAX_DEPTH)
    return value


def _check_depth(value: Any, room: int) -> None:
    if not isinstance(value, list | tuple):
        return
    if room == 0:
        raise Malformed(f"RLP of more than {_MAX_DEPTH} lists deep")
    for item in value:
        _check_depth(item, room - 1)


def walk(root: bytes, key: bytes, node_of: Callable[[bytes], bytes]) -> tuple[tuple[bytes, ...], bytes]:
    """Follow a key down a trie (Yellow Paper, appendix D).

    Args:
        root: Hash of the root node.
        key: The key as the trie knows it: for Ethereum's state and storage the Keccak-256 of address or slot.
        node_of: Gives a node's RLP by its hash; raises what it likes when it has none.

    Returns:
        The nodes passed, root first, without those embedded in others; and the value, empty when the trie does not
        hold the key.

    Raises:
        Malformed: Something on the way is no trie node.
    """
    passed: list[bytes] = []
    reference: Any = root
    rest = [nibble for byte in key for nibble in (byte >> 4, byte & 15)]
    if root == EMPTY_ROOT:
        return (), b""
    while isinstance(reference, list | tuple) or reference:
        node = reference
        if isinstance(reference, bytes):
            passed.append(node_of(_hash(reference)))
            node = decoded(passed[-1])
        if not isinstance(node, list | tuple):
            raise Malformed("a trie node is a list")
        if len(node) == _BRANCH and rest:
            reference, rest = node[rest[0]], rest[1:]
        elif len(node) == _BRANCH:
            return tuple(passed), _value(node[16])
        else:
            part, is_leaf = _pair(node)
            if is_leaf or rest[: len(part)] != part:
                return tuple(passed), _value(node[1]) if is_leaf and part == rest else b""
            reference, rest = node[1], rest[len(part) :]
    return tuple(passed), b""


def check_proof(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes:
    """Return what a trie holds under a key, by its proof (EIP-1186, ``accountProof`` and ``storageProof``).

    Args:
        root: Hash of the root node, which the caller trusts.
        key: As ``walk``.
        proof: The nodes on the way, root first.

    Returns:
        The value; empty when the proof shows that the trie does not hold the key.

    Raises:
        ProofMismatch: A node is not the one its parent names, one is missing, or one is left over.
        Malformed: As ``walk``.
    """
    left = list(proof)

    def next_of(expected: bytes) -> bytes:
        if not left or keccak(left[0]) != expected:
            raise ProofMismatch("a node of the state proof is missing or another", node=expected.hex())
        return left.pop(0)

    _, value = walk(root, key, next_of)
    if left:
        raise ProofMismatch("the state proof holds nodes that lie on no way", left=len(left))
    return value


def _hash(reference: bytes) -> bytes:
    if len(reference) != HASH_BYTES:
        raise Malformed("a trie node names another by 32 bytes")
    return reference


def _value(item: Any) -> bytes:
    if not isinstance(item, bytes):
        raise Malformed("a trie's values are bytes")
    return item


def _pair(node: Sequence[Any]) -> tuple[list[int], bool]:
    """Return the part of the key a leaf or extension stands for, and whether it is a leaf (appendix C)."""
    if len(node) != _PAIR or not isinstance(node[0], bytes) or not node[0]:
        raise Malformed("a trie node has 17 or 2 items")
    nibbles = [nibble for byte in node[0] for nibble in (byte >> 4, byte & 15)]
    flag = nibbles[0]
    if flag > _LEAF + _ODD or (not flag & _ODD and nibbles[1]):
        raise Malformed("a trie node's part of the key has no known prefix")
    part = nibbles[1 if flag & _ODD else 2 :]
    if not flag & _LEAF and not part:
        raise Malformed("an extension node stands for no part of the key")
    return part, bool(flag & _LEAF)
