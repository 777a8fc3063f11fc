"""What holds for every document, every tree and every damaged bundle."""

import json
from pathlib import Path
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical_bytes, from_multibase, parse_json_strict, to_multibase
from ledger.keys import from_instant
from ledger.merkle import Tree, check_consistency, check_inclusion
from ledger.trust import TrustList
from ledger.verification.report import Verdict
from ledger.verify import verify_bundle
from support.scripted_chain import scripted_chain

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "bundles" / "valid.json").read_text(encoding="utf-8")
)["given"]
BUNDLE = VECTOR["bundle"].encode()
# With a trust list the bundle's own DID document is not read, so its bytes are outside what is verified.
UNREAD = range(BUNDLE.index(b'"didDocument":') + 14, BUNDLE.index(b',"inclusion":'))

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | texts
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)


def whole_and_unsafe(value: object) -> bool:
    return isinstance(value, float) and value.is_integer() and abs(value) >= 2**53


def trees_of(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
    )


documents = trees_of(scalars)
readable = trees_of(scalars.filter(lambda value: not whole_and_unsafe(value)))


@given(documents)
def test_fast_path_makes_the_bytes_of_rfc8785(document: Any) -> None:
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(readable)
def test_canonical_bytes_are_read_back_to_the_same_bytes(document: Any) -> None:
    data = canonical_bytes(document)
    assert canonical_bytes(parse_json_strict(data)) == data


@given(st.binary(min_size=1, max_size=64))
def test_multibase_goes_there_and_back(data: bytes) -> None:
    assert from_multibase(to_multibase(data)) == data


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70), st.data())
def test_every_leaf_and_every_earlier_tree_is_proved(leaves: list[bytes], data: st.DataObject) -> None:
    tree = Tree.of(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    check_inclusion(leaves[index], index, size=tree.size, path=tree.inclusion(index), root=tree.root)
    old = Tree.of(leaves[: index + 1])
    check_consistency(old.size, tree.size, old_root=old.root, new_root=tree.root, path=tree.consistency(old.size))


def test_no_bundle_with_one_changed_byte_is_valid() -> None:
    trust = TrustList.from_json(json.dumps(VECTOR["trust"]).encode())
    as_of = from_instant(VECTOR["asOf"])
    places = st.integers(0, len(BUNDLE) - 1).filter(lambda place: place not in UNREAD)

    with scripted_chain(VECTOR["rpc"]) as url:

        def verdict(data: bytes) -> Verdict:
            return verify_bundle(data, as_of=as_of, trust=trust, rpc_url=url).verdict

        @settings(max_examples=300)
        @given(places, st.integers(1, 255))
        def damage(place: int, flip: int) -> None:
            changed = bytearray(BUNDLE)
            changed[place] ^= flip
            assert verdict(bytes(changed)) is not Verdict.VALID

        assert verdict(BUNDLE) is Verdict.VALID
        damage()
