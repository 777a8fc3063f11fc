import pytest

from ledger.errors import Malformed, ProofMismatch
from ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    check_consistency,
    check_inclusion,
    credential_leaf,
    leaf_hash,
    node_hash,
)
from support.refusals import refused

SIZES = range(1, 18)


def leaves(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


def plain_root(data: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not data:
        return EMPTY_ROOT
    if len(data) == 1:
        return leaf_hash(data[0])
    split = 1
    while split * 2 < len(data):
        split *= 2
    return node_hash(plain_root(data[:split]), plain_root(data[split:]))


@pytest.mark.parametrize("size", SIZES)
def test_root_is_that_of_the_standards_recursion(size: int) -> None:
    tree = Tree.of(leaves(size))
    assert tree.root == plain_root(leaves(size))
    assert tree.size == size


@pytest.mark.parametrize("size", SIZES)
def test_each_leaf_is_proved_at_its_own_place_and_at_no_other(size: int) -> None:
    tree = Tree.of(leaves(size))
    for index, leaf in enumerate(leaves(size)):
        path = tree.inclusion(index)
        check_inclusion(leaf, index, size=size, path=path, root=tree.root)
        for other in set(range(size)) - {index}:
            with pytest.raises(ProofMismatch):
                check_inclusion(leaf, other, size=size, path=path, root=tree.root)


def test_a_tree_built_block_by_block_is_that_of_the_standards_recursion() -> None:
    data = leaves(4096 * 2 * 2 + 3)
    tree = Tree.of(data)
    assert tree.root == plain_root(data)
    check_inclusion(data[4096], 4096, size=len(data), path=tree.inclusion(4096), root=tree.root)


def broken_paths(path: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    flipped = [(*path[:i], bytes([step[0] ^ 1]) + step[1:], *path[i + 1 :]) for i, step in enumerate(path)]
    return [(*path, bytes(32)), (bytes(32), *path), *([path[:-1], path[1:]] if path else []), *flipped]


@pytest.mark.parametrize("size", SIZES)
def test_damaged_inclusion_path_is_refused(size: int) -> None:
    tree = Tree.of(leaves(size))
    for index, leaf in enumerate(leaves(size)):
        for path in broken_paths(tree.inclusion(index)):
            with pytest.raises(ProofMismatch):
                check_inclusion(leaf, index, size=size, path=path, root=tree.root)
        with pytest.raises(ProofMismatch):
            check_inclusion(leaf, index, size=size, path=tree.inclusion(index), root=bytes(32))


@pytest.mark.parametrize("size", SIZES)
def test_every_smaller_tree_is_consistent_and_a_changed_one_is_not(size: int) -> None:
    tree = Tree.of(leaves(size))
    for old in range(1, size + 1):
        path, root = tree.consistency(old), plain_root(leaves(old))
        check_consistency(old, size, old_root=root, new_root=tree.root, path=path)
        changed = plain_root([*leaves(old)[:-1], b"changed"])
        for other in (changed, bytes(32)):
            with pytest.raises(ProofMismatch):
                check_consistency(old, size, old_root=other, new_root=tree.root, path=path)
        for damaged in broken_paths(path):
            with pytest.raises(ProofMismatch):
                check_consistency(old, size, old_root=root, new_root=tree.root, path=damaged)


def test_the_empty_tree_is_before_every_tree() -> None:
    tree = Tree.of(leaves(3))
    assert tree.consistency(0) == ()
    check_consistency(0, 3, old_root=EMPTY_ROOT, new_root=tree.root, path=())
    with pytest.raises(ProofMismatch):
        check_consistency(0, 3, old_root=EMPTY_ROOT, new_root=tree.root, path=(bytes(32),))


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_tree_that_shrinks_is_refused(old: int, new: int) -> None:
    with refused(ProofMismatch, f"a tree of {new} never had size {old}", old=old, new=new):
        check_consistency(old, new, old_root=bytes(32), new_root=bytes(32), path=())


def test_consistency_without_a_path_is_refused() -> None:
    with refused(ProofMismatch, "the path is too short", old=3, new=5):
        check_consistency(3, 5, old_root=bytes(32), new_root=bytes(32), path=())


def test_each_way_a_path_is_wrong_is_told_with_both_sizes() -> None:
    tree = Tree.of(leaves(5))
    path, old_root = tree.consistency(3), plain_root(leaves(3))
    with refused(ProofMismatch, "two trees of one size differ", old=5, new=5):
        check_consistency(5, 5, old_root=old_root, new_root=tree.root, path=())
    with refused(ProofMismatch, "the path is too long", old=3, new=5):
        check_consistency(3, 5, old_root=old_root, new_root=tree.root, path=(*path, bytes(32)))
    with refused(ProofMismatch, "the path is too short", old=3, new=5):
        check_consistency(3, 5, old_root=old_root, new_root=tree.root, path=path[:-1])
    with refused(ProofMismatch, "the path leads to other roots", old=3, new=5):
        check_consistency(3, 5, old_root=old_root, new_root=bytes(32), path=path)


def test_each_way_a_leaf_is_not_there_is_told() -> None:
    tree = Tree.of(leaves(5))
    path = tree.inclusion(2)
    with refused(ProofMismatch, "the path is too long", size=5, steps=4):
        check_inclusion(b"leaf 2", 2, size=5, path=(*path, bytes(32)), root=tree.root)
    with refused(ProofMismatch, "the path leads to another root", size=5, index=2):
        check_inclusion(b"leaf 2", 2, size=5, path=path[:-1], root=tree.root)
    with refused(ProofMismatch, "the path leads to another root", size=5, index=2):
        check_inclusion(b"leaf 3", 2, size=5, path=path, root=tree.root)


@pytest.mark.parametrize("place", [4, -1])
def test_proof_of_what_is_not_in_the_tree_is_refused(place: int) -> None:
    tree = Tree.of(leaves(3))
    with refused(Malformed, f"a tree of 3 has no leaf {place}", size=3, index=place):
        tree.inclusion(place)
    with refused(Malformed, f"a tree of 3 never had size {place}", size=3, old=place):
        tree.consistency(place)


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1)])
def test_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with refused(ProofMismatch, f"a tree of {size} has no leaf {index}", size=size, index=index):
        check_inclusion(b"x", index, size=size, path=(), root=leaf_hash(b"x"))


def test_leaf_of_a_credential_is_the_digest_of_its_canonical_bytes() -> None:
    # printf '{"a":1,"b":2}' | sha256sum
    leaf = credential_leaf({"b": 2, "a": 1})
    assert leaf.hex() == "43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777"
