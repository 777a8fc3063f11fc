import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.merkle import Tree
from ledger.node.evm import ExecutionFailed
from support.anchoring import ADMIN, FOREVER, SALT, STRANGER, STREAM, T0, WRITER, Hand, Registry

ROOT_A, ROOT_B, ROOT_C = b"\xaa" * 32, b"\xbb" * 32, b"\xcc" * 32
NOTHING = (0, 0, 0, 0)
ZERO = "0x" + "00" * 20


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def registry(tmp_path: Path, hand: Hand) -> Iterator[Registry]:
    registry = Registry(tmp_path / "chain.sqlite", hand)
    registry.send(ADMIN, "openStream", SALT, ADMIN.address)
    registry.send(ADMIN, "setWriter", STREAM, WRITER.address, FOREVER)
    yield registry
    registry.node.close()


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_batches_are_numbered_from_zero_and_fold_into_the_head(registry: Registry) -> None:
    registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 0)
    registry.send(WRITER, "anchor", STREAM, ROOT_B, 1, 1)

    first = hashlib.sha256(bytes(32) + ROOT_A + word(3) + word(0)).digest()
    second = hashlib.sha256(first + ROOT_B + word(1) + word(1)).digest()
    # Blocks: 1 deploy, 2 openStream, 3 setWriter, 4 and 5 the batches, a second apart.
    assert registry.ask("anchored", STREAM, ROOT_A) == (0, T0 + 4, 4, 3)
    assert registry.ask("anchored", STREAM, ROOT_B) == (1, T0 + 5, 5, 1)
    assert registry.ask("streamOf", STREAM) == (ADMIN.address.lower(), 2, 5, second)


def test_the_event_tells_all_and_links_to_the_batch_before(registry: Registry) -> None:
    registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 0)
    registry.send(WRITER, "anchor", STREAM, ROOT_B, 1, 1)

    first, second = registry.node.logs(first=4, last=5, addresses=(registry.address,), limit=9)
    head_a = hashlib.sha256(bytes(32) + ROOT_A + word(3) + word(0)).digest()
    head_b = hashlib.sha256(head_a + ROOT_B + word(1) + word(1)).digest()
    anchored = registry.artefact.topics()["Anchored"]
    assert first.topics == (anchored, STREAM, ROOT_A, word(0))
    assert first.data == word(3) + head_a + word(0)
    assert second.topics == (anchored, STREAM, ROOT_B, word(1))
    assert second.data == word(1) + head_b + word(4)


def test_sending_a_batch_again_changes_nothing_and_gives_its_first_number(registry: Registry) -> None:
    registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 0)
    before = registry.ask("streamOf", STREAM)

    again = registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 1)

    assert again["ok"] is True
    assert registry.ask("anchor", STREAM, ROOT_A, 3, 7, sender=WRITER) == (0,)
    assert registry.ask("streamOf", STREAM) == before
    assert registry.node.logs(first=5, last=5, addresses=(), limit=9) == []


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ((STREAM, ROOT_B, 1, 0), ("AnchorRegistryWrongSeq", 1)),
        ((STREAM, ROOT_B, 1, 2), ("AnchorRegistryWrongSeq", 1)),
        ((STREAM, ROOT_A, 4, 1), ("AnchorRegistrySizeDiffers", 3)),
        ((STREAM, ROOT_B, 0, 1), ("AnchorRegistryEmptyBatch",)),
        ((STREAM, bytes(32), 1, 1), ("AnchorRegistryEmptyBatch",)),
    ],
)
def test_a_batch_out_of_turn_or_malformed_is_refused(
    registry: Registry, arguments: tuple[bytes, bytes, int, int], refusal: tuple[object, ...]
) -> None:
    registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 0)

    with pytest.raises(ExecutionFailed) as caught:
        registry.ask("anchor", *arguments, sender=WRITER)

    assert registry.refusal(caught.value.data) == refusal


@pytest.mark.parametrize("caller", [STRANGER, ADMIN])
def test_only_a_writer_anchors(registry: Registry, caller: object) -> None:
    with pytest.raises(ExecutionFailed) as caught:
        registry.ask("anchor", STREAM, ROOT_A, 1, 0, sender=caller)  # type: ignore[arg-type]

    assert registry.refusal(caught.value.data)[0] == "AnchorRegistryNotWriter"


def test_a_writers_term_includes_its_last_second(registry: Registry, hand: Hand) -> None:
    registry.send(ADMIN, "setWriter", STREAM, WRITER.address, T0 + 100)
    hand.now = T0 + 100
    assert registry.send(WRITER, "anchor", STREAM, ROOT_A, 1, 0)["ok"] is True
    hand.now = T0 + 101
    assert registry.send(WRITER, "anchor", STREAM, ROOT_B, 1, 1)["ok"] is False
    assert registry.ask("writerUntil", STREAM, WRITER.address) == (T0 + 100,)
    assert registry.ask("anchored", STREAM, ROOT_B) == NOTHING


def test_a_writer_whose_term_was_ended_anchors_no_more(registry: Registry) -> None:
    registry.send(ADMIN, "setWriter", STREAM, WRITER.address, 0)

    assert registry.send(WRITER, "anchor", STREAM, ROOT_A, 1, 0)["ok"] is False


@pytest.mark.parametrize(
    ("function", "arguments"), [("setWriter", (WRITER.address, 1)), ("setAdmin", (WRITER.address,))]
)
def test_only_the_administrator_governs_a_stream(
    registry: Registry, function: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(ExecutionFailed) as caught:
        registry.ask(function, STREAM, *arguments, sender=STRANGER)

    refusal = registry.refusal(caught.value.data)
    assert refusal == ("AnchorRegistryNotAdmin", STREAM, STRANGER.address.lower())


def test_administration_is_handed_over_whole(registry: Registry) -> None:
    registry.send(ADMIN, "setAdmin", STREAM, STRANGER.address)

    assert registry.send(ADMIN, "setWriter", STREAM, WRITER.address, 0)["ok"] is False
    assert registry.send(STRANGER, "setWriter", STREAM, WRITER.address, 5)["ok"] is True
    assert registry.ask("writerUntil", STREAM, WRITER.address) == (5,)


@pytest.mark.parametrize(
    ("function", "arguments"), [("openStream", (b"\x01" * 32, ZERO)), ("setAdmin", (STREAM, ZERO))]
)
def test_nobody_is_no_administrator(registry: Registry, function: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(ExecutionFailed) as caught:
        registry.ask(function, *arguments, sender=ADMIN)

    assert registry.refusal(caught.value.data) == ("AnchorRegistryNoAdmin",)


def test_a_stream_is_opened_once_and_belongs_to_its_opener(registry: Registry) -> None:
    with pytest.raises(ExecutionFailed) as caught:
        registry.ask("openStream", SALT, STRANGER.address, sender=ADMIN)

    assert registry.refusal(caught.value.data) == ("AnchorRegistryStreamExists", STREAM)
    assert registry.ask("openStream", SALT, ADMIN.address, sender=STRANGER) != (STREAM,)


def test_streams_know_nothing_of_each_other(registry: Registry) -> None:
    other = registry.ask("openStream", b"\x01" * 32, ADMIN.address, sender=ADMIN)[0]
    registry.send(ADMIN, "openStream", b"\x01" * 32, ADMIN.address)
    registry.send(WRITER, "anchor", STREAM, ROOT_A, 3, 0)

    assert registry.ask("anchored", other, ROOT_A) == NOTHING
    assert registry.ask("streamOf", other) == (ADMIN.address.lower(), 0, 0, bytes(32))
    assert registry.send(WRITER, "anchor", other, ROOT_B, 1, 0)["ok"] is False


def test_a_revocation_is_written_once(registry: Registry, hand: Hand) -> None:
    registry.send(WRITER, "revoke", STREAM, [ROOT_A, ROOT_B], 2)
    revoked_at = T0 + 4
    hand.now = T0 + 500
    registry.send(ADMIN, "revoke", STREAM, [ROOT_A, ROOT_C], 9)

    assert registry.ask("revocation", STREAM, ROOT_A) == (revoked_at, 2)
    assert registry.ask("revocation", STREAM, ROOT_B) == (revoked_at, 2)
    assert registry.ask("revocation", STREAM, ROOT_C) == (T0 + 500, 9)
    assert registry.ask("revocation", STREAM, b"\xdd" * 32) == (0, 0)


def test_a_stranger_revokes_nothing(registry: Registry) -> None:
    assert registry.send(STRANGER, "revoke", STREAM, [ROOT_A], 1)["ok"] is False
    assert registry.ask("revocation", STREAM, ROOT_A) == (0, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_the_contract_accepts_exactly_the_proofs_of_the_tree(registry: Registry, size: int) -> None:
    leaves = [hashlib.sha256(bytes([number])).digest() for number in range(size)]
    tree = Tree.of(leaves)
    registry.send(WRITER, "anchor", STREAM, tree.root, size, 0)

    for index, leaf in enumerate(leaves):
        path = list(tree.inclusion(index))
        assert registry.ask("verify", STREAM, tree.root, leaf, index, path) == (T0 + 4,)
        wrong = [
            (ROOT_A, index, path),
            (leaf, index + 1, path),
            (leaf, size, path),
            (leaf, index, [*path, ROOT_A]),
            *([(leaf, index, path[:-1])] if path else []),
        ]
        for changed in wrong:
            assert registry.ask("verify", STREAM, tree.root, *changed) == (0,)


def test_a_revoked_leaf_and_a_foreign_root_verify_no_more(registry: Registry) -> None:
    tree = Tree.of([ROOT_A, ROOT_B])
    registry.send(WRITER, "anchor", STREAM, tree.root, 2, 0)
    registry.send(WRITER, "revoke", STREAM, [ROOT_A], 1)

    assert registry.ask("verify", STREAM, tree.root, ROOT_A, 0, list(tree.inclusion(0))) == (0,)
    assert registry.ask("verify", STREAM, tree.root, ROOT_B, 1, list(tree.inclusion(1))) == (T0 + 4,)
    assert registry.ask("verify", STREAM, ROOT_C, ROOT_B, 1, list(tree.inclusion(1))) == (0,)


def test_a_steady_anchor_costs_at_most_65000_gas(registry: Registry) -> None:
    gas = [
        registry.send(WRITER, "anchor", STREAM, hashlib.sha256(bytes([number])).digest(), 10_000, number)["gas"]
        for number in range(4)
    ]

    assert max(gas[1:]) <= 65_000
    print("gas of anchor:", gas)  # noqa: T201 - a measurement for whoever runs with -s
