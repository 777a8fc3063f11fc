"""Merkle trees and their proofs, exactly as RFC 9162 section 2.1 (RFC 6962) with SHA-256.

Leaves are hashed behind 0x00 and nodes behind 0x01, so no node can pass for a leaf. Our leaf data is the
SHA-256 of a whole signed credential's canonical bytes. Pure: no I/O.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

from ledger.canonical import canonical_bytes, sha256
from ledger.errors import Malformed, ProofMismatch

EMPTY_ROOT = sha256(b"")
"""The root of a tree without leaves."""

_HASH: Final = 32
_PAIR: Final = 2 * _HASH
_AT_ONCE: Final = 4096
"""So many hashes are made before they are packed: their memory is used again instead of asked for anew."""


def credential_leaf(credential: object) -> bytes:
    """Return the 32 bytes that go into a tree for one signed credential.

    Raises:
        NotCanonical: The credential has no canonical form.
    """
    return sha256(canonical_bytes(credential))


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf's data."""
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right)


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole tree in memory, level by level; level 0 holds the leaf hashes, each level packed into one string.

    A node without a right neighbour moves up unchanged, which gives RFC 9162's tree for every size.
    """

    levels: tuple[bytes, ...]

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> Self:
        """Build the tree over leaf data, in the order given."""
        levels = [_leaf_level(iter(leaves))]
        while len(levels[-1]) > _HASH:
            levels.append(_level_above(levels[-1]))
        return cls(tuple(levels))

    @property
    def size(self) -> int:
        """How many leaves."""
        return len(self.levels[0]) // _HASH

    @property
    def root(self) -> bytes:
        """The Merkle Tree Hash (RFC 9162 section 2.1.1)."""
        return self.levels[-1] or EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of the leaf at ``index``, leaf side first (RFC 9162 section 2.1.3.1).

        Raises:
            Malformed: No such leaf.
        """
        if not 0 <= index < self.size:
            raise Malformed(f"a tree of {self.size} has no leaf {index}", size=self.size, index=index)
        path = []
        for level in self.levels[:-1]:
            neighbour = index ^ 1
            if neighbour * _HASH < len(level):
                path.append(_at(level, neighbour))
            index >>= 1
        return tuple(path)

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """Return the proof that the first ``old_size`` leaves are unchanged (RFC 9162 section 2.1.4.1).

        Raises:
            Malformed: ``old_size`` is negative or larger than this tree.
        """
        if not 0 <= old_size <= self.size:
            raise Malformed(f"a tree of {self.size} never had size {old_size}", size=self.size, old=old_size)
        if old_size in (0, self.size):
            return ()
        return self._subproof(old_size, 0, self.size, whole=True)

    def _subproof(self, old: int, low: int, high: int, *, whole: bool) -> tuple[bytes, ...]:
        if old == high:
            return () if whole else (self._range_root(low, high),)
        middle = low + _split(high - low)
        if old <= middle:
            return (*self._subproof(old, low, middle, whole=whole), self._range_root(middle, high))
        return (*self._subproof(old, middle, high, whole=False), self._range_root(low, middle))

    def _range_root(self, low: int, high: int) -> bytes:
        """Return the root over leaves ``low`` to ``high``, a range the tree's own splitting makes."""
        height = (high - low - 1).bit_length()
        return _at(self.levels[height], low >> height)


# The next two are ``leaf_hash`` and ``node_hash`` written out block by block: in a tree of a million leaves, calls
# and fresh memory cost as much as hashing.


def _leaf_level(leaves: Iterator[bytes]) -> bytes:
    sha = hashlib.sha256
    packed = []
    while some := [sha(b"\x00" + leaf).digest() for leaf in islice(leaves, _AT_ONCE)]:
        packed.append(b"".join(some))
    return b"".join(packed)


def _level_above(level: bytes) -> bytes:
    sha = hashlib.sha256
    paired = len(level) - len(level) % _PAIR
    packed = []
    for start in range(0, paired, _AT_ONCE * _PAIR):
        block = level[start : min(start + _AT_ONCE * _PAIR, paired)]
        pairs = struct.unpack(f"{_PAIR}s" * (len(block) // _PAIR), block)
        packed.append(b"".join([sha(b"\x01" + pair).digest() for pair in pairs]))
    return b"".join(packed) + level[paired:]


def _at(level: bytes, index: int) -> bytes:
    return level[index * _HASH : (index + 1) * _HASH]


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (two or more)."""
    return int(1 << ((size - 1).bit_length() - 1))


def check_inclusion(leaf: bytes, index: int, *, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that leaf data stands at ``index`` of the tree with that size and root (RFC 9162 2.1.3.2).

    Raises:
        ProofMismatch: The index is outside the tree, the path has another length than the tree asks for,
            or it leads to another root.
    """
    if not 0 <= index < size:
        raise ProofMismatch(f"a tree of {size} has no leaf {index}", size=size, index=index)
    node, last, result = index, size - 1, leaf_hash(leaf)
    for step in path:
        if last == 0:
            raise ProofMismatch("the path is too long", size=size, steps=len(path))
        if node & 1 or node == last:
            result = node_hash(step, result)
            node, last = _climb(node, last)
        else:
            result = node_hash(result, step)
        node, last = node >> 1, last >> 1
    if last or result != root:
        raise ProofMismatch("the path leads to another root", size=size, index=index)


def check_consistency(
    old_size: int, new_size: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of ``new_size`` begins with the tree of ``old_size`` (RFC 9162 2.1.4.2).

    Raises:
        ProofMismatch: It does not, or the proof does not show it.
    """
    if not 0 <= old_size <= new_size:
        raise ProofMismatch(f"a tree of {new_size} never had size {old_size}", old=old_size, new=new_size)
    if old_size in (0, new_size):
        if path or (old_size == new_size and old_root != new_root):
            raise ProofMismatch("two trees of one size differ", old=old_size, new=new_size)
        return
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise ProofMismatch("the path is too short", old=old_size, new=new_size)
    seen_old, seen_new = _climb_both(old_size, new_size, steps)
    if seen_old != old_root or seen_new != new_root:
        raise ProofMismatch("the path leads to other roots", old=old_size, new=new_size)


def _climb_both(old_size: int, new_size: int, steps: list[bytes]) -> tuple[bytes, bytes]:
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofMismatch("the path is too long", old=old_size, new=new_size)
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            node, last = _climb(node, last)
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofMismatch("the path is too short", old=old_size, new=new_size)
    return old, new


def _climb(node: int, last: int) -> tuple[int, int]:
    """Go up while the node is a left child without a neighbour, as step 4.b.iii of RFC 9162 2.1.3.2."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last
