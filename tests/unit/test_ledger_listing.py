import json
from typing import Any

import pytest

from ledger.history import heads
from ledger.listing import BadListing, Listing
from support.refusals import refused

BATCHES = ((b"\x11" * 32, 2), (b"\x22" * 32, 1))
# SHA-256 of 32 zero bytes, 32 times 0x11, the word 2, the word 0.
FIRST_HEAD = "63a102b6a03d6db84a061cb53cc3df9ac62ad09b6242f5182d3d1caf408824fb"


OTHER_HEAD = "its head is not the head of its batches"
NO_HASH = "no list of batches: not 32 bytes in lower-case hexadecimal"


def value_of(*batches: tuple[bytes, int]) -> dict[str, Any]:
    return Listing(batches).to_value(chains=[{"role": "main"}])


def test_a_list_is_written_with_its_head_and_read_back() -> None:
    assert value_of(BATCHES[0]) == {
        "format": "tallystick-anchors/1",
        "count": 1,
        "head": FIRST_HEAD,
        "batches": [{"root": "11" * 32, "size": 2}],
        "chains": [{"role": "main"}],
    }
    read = Listing.from_json(json.dumps(value_of(*BATCHES)).encode())
    assert read.batches == BATCHES
    assert (read.head.count, read.head.value) == (2, heads(BATCHES)[-1])


def test_a_list_of_more_than_a_mebibyte_is_read() -> None:
    batches = ((b"\x33" * 32, 1),) * 12_000
    data = json.dumps(Listing(batches).to_value()).encode()
    assert len(data) > 1 << 20
    assert Listing.from_json(data).batches == batches
    assert Listing(()).to_value()["chains"] == []


def test_a_list_without_batches_is_a_list() -> None:
    assert Listing.from_json(json.dumps(value_of()).encode()).batches == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "tallystick-anchors/2"}, "no list of batches: another format"),
        ({"count": 1}, OTHER_HEAD),
        ({"head": "00" * 32}, OTHER_HEAD),
        ({"head": "zz" * 32}, NO_HASH),
        ({"head": "00" * 33}, NO_HASH),
        ({"batches": [{"root": "11" * 32, "size": 3}, {"root": "22" * 32, "size": 1}]}, OTHER_HEAD),
        ({"batches": [{"root": "11" * 31, "size": 2}]}, NO_HASH),
        ({"batches": [{"size": 2}]}, "no list of batches: 'root'"),
        ({"batches": [{"root": "11" * 32, "size": -1}]}, "no list of batches: not a whole number"),
        ({"batches": 7}, "no list of batches: 'int' object is not iterable"),
    ],
)
def test_a_list_that_was_changed_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(BadListing, sentence):
        Listing.from_json(json.dumps(value_of(*BATCHES) | change).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": "tallystick-anchors/1", "format": "x"}'])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(BadListing):
        Listing.from_json(data)
