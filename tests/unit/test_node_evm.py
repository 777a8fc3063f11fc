import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from ledger.node.evm import (
    AlreadyKnown,
    AnotherChain,
    BadTransaction,
    ExecutionFailed,
    Node,
    WrongNonce,
)
from support.anchoring import ADMIN, CHAIN_ID, T0, WRITER
from support.refusals import refused

ADMIN_BYTES = bytes.fromhex(ADMIN.address[2:])
WRITER_BYTES = bytes.fromhex(WRITER.address[2:])


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, funded=(ADMIN_BYTES,), now=T0)
    yield node
    node.close()


def signed(account: LocalAccount = ADMIN, **changes: Any) -> bytes:
    transaction: dict[str, Any] = {
        "chainId": CHAIN_ID,
        "nonce": 0,
        "to": WRITER.address,
        "value": 5,
        "gas": 21_000,
        "type": 2,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
        **changes,
    }
    wanted = {name: value for name, value in transaction.items() if value is not None}
    return bytes(account.sign_transaction(wanted).raw_transaction)


def balance(node: Node, address: bytes) -> int:
    with node.reading():
        return node.state_at(node.head).get_balance(address)


def test_the_first_block_follows_from_number_money_and_time(tmp_path: Path) -> None:
    hashes = []
    for name, chain_id, now in (("a", 1, T0), ("b", 1, T0), ("c", 2, T0), ("d", 1, T0 + 1)):
        node = Node(tmp_path / name, chain_id=chain_id, funded=(ADMIN_BYTES,), now=now)
        hashes.append(node.head.hash)
        node.close()

    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_a_transaction_is_mined_at_once_and_is_there_after_reopening(tmp_path: Path) -> None:
    node = Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, funded=(ADMIN_BYTES,), now=T0)
    tx_hash = node.submit(signed(), now=T0 + 10)
    head = node.head
    node.close()

    again = Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, now=T0 + 999)

    assert (head.block_number, head.timestamp) == (1, T0 + 10)
    assert again.head.hash == head.hash
    assert balance(again, WRITER_BYTES) == 5
    mined = again.mined(tx_hash)
    assert mined is not None
    assert mined[2].gas_used == 21_000
    again.close()


def test_blocks_are_a_second_apart_when_the_clock_stands_or_runs_back(node: Node) -> None:
    times = []
    for nonce, now in enumerate((T0, T0, T0 - 100, T0 + 50)):
        node.submit(signed(nonce=nonce), now=now)
        times.append(node.head.timestamp)

    assert times == [T0 + 1, T0 + 2, T0 + 3, T0 + 50]


def test_a_file_of_another_chain_is_refused_and_let_go(tmp_path: Path) -> None:
    Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, now=T0).close()
    with pytest.raises(AnotherChain, match="holds chain 31337, chain 1 asked"):
        Node(tmp_path / "chain.sqlite", chain_id=1, now=T0)

    Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, now=T0).close()


def test_the_same_bytes_are_mined_once(node: Node) -> None:
    node.submit(signed(), now=T0)

    with pytest.raises(AlreadyKnown, match="already known"):
        node.submit(signed(), now=T0)
    assert node.head.block_number == 1


@pytest.mark.parametrize(("nonce", "words"), [(0, "nonce too low"), (2, "nonce too high")])
def test_another_nonce_than_the_next_is_refused(node: Node, nonce: int, words: str) -> None:
    node.submit(signed(value=1), now=T0)

    with pytest.raises(WrongNonce, match=f"{words}: next nonce 1, tx nonce {nonce}"):
        node.submit(signed(nonce=nonce), now=T0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x02",
        b"\x7f\x00",
        b"\xc0",
        b"\xff" * 40,
        signed()[:-1],
        signed()[:-1] + b"\x00\x00",
        signed(chainId=1),
        signed(type=None, maxFeePerGas=None, maxPriorityFeePerGas=None, gasPrice=0, chainId=None),
        signed(value=10**30),
        signed(gas=20_999),
        signed(gas=30_000_001),
        signed(WRITER, value=1),
    ],
    ids=[
        "nothing", "type only", "unknown type", "empty list", "no end", "cut off", "longer",
        "another chain", "no chain", "too poor", "too little gas", "more gas than a block", "no money",
    ],
)  # fmt: skip
def test_what_is_no_payable_transaction_of_this_chain_is_refused(node: Node, raw: bytes) -> None:
    with pytest.raises(BadTransaction):
        node.submit(raw, now=T0)

    assert node.head.block_number == 0
    assert node.submit(signed(), now=T0) == node.transactions_of(node.head)[0].hash


def test_a_block_that_cannot_be_written_never_was(node: Node, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "chain.sqlite") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON node BEGIN SELECT RAISE(ABORT, 'disk'); END")
    other.close()
    with pytest.raises(sqlite3.IntegrityError, match="disk"):
        node.submit(signed(), now=T0)
    with sqlite3.connect(tmp_path / "chain.sqlite") as other:
        other.execute("DROP TRIGGER full")
    other.close()

    assert (node.head.block_number, balance(node, WRITER_BYTES)) == (0, 0)
    node.submit(signed(), now=T0)
    assert (node.head.block_number, balance(node, WRITER_BYTES)) == (1, 5)


def test_a_call_that_cannot_run_says_why(node: Node) -> None:
    with node.reading(), pytest.raises(ExecutionFailed, match="balance"):
        node.call(node.head, sender=WRITER_BYTES, to=ADMIN_BYTES, data=b"", value=1)


def test_a_call_that_stops_in_nonsense_says_why(node: Node) -> None:
    # 0xfe is the invalid instruction (EIP-141).
    with node.reading(), pytest.raises(ExecutionFailed, match="InvalidInstruction"):
        node.call(node.head, sender=ADMIN_BYTES, to=b"", data=b"\xfe", value=0)


def test_an_estimate_is_the_smallest_gas_that_suffices(node: Node) -> None:
    fields = {"sender": ADMIN_BYTES, "data": b"", "value": 1}
    with node.reading():
        assert node.estimate(node.head, to=WRITER_BYTES, **fields) == 21_000  # type: ignore[arg-type]


def test_an_estimate_finds_what_is_needed_beyond_what_is_used(node: Node) -> None:
    # Init code that fails unless more than 0x10000 gas is left: GAS PUSH3 LT PUSH1 JUMPI INVALID
    # JUMPDEST STOP. Intrinsic gas 53,158, GAS costs 2, and 65,537 must be left.
    code = bytes.fromhex("5a6201000010600a57fe5b00")
    with node.reading():
        assert node.estimate(node.head, sender=ADMIN_BYTES, to=b"", data=code, value=0) == 118_697


def test_code_is_told_the_chain_it_runs_on(node: Node) -> None:
    # CHAINID (EIP-1344), returned as one word: PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN.
    with node.reading():
        told = node.call(node.head, sender=bytes(20), to=b"", data=bytes.fromhex("4660005260206000f3"), value=0)
    assert told == bytes(30) + b"\x7a\x69"


def test_who_owns_ether_from_the_beginning_is_an_account_without_code(node: Node) -> None:
    with node.reading():
        accounts = node.state_at(node.head)
        assert (accounts.get_balance(ADMIN_BYTES), accounts.get_nonce(ADMIN_BYTES)) == (10**27, 0)
        assert accounts.get_code(ADMIN_BYTES) == b""


def test_half_a_block_is_the_most_and_leaves_the_base_fee_at_nothing(node: Node) -> None:
    # INVALID (EIP-141) takes all the gas there is; after a block more than half full the next would cost money.
    burning = {"to": "", "value": 0, "data": "0xfe"}
    with refused(BadTransaction, "asks for 15000001 gas, more than half a block (15000000)"):
        node.submit(signed(WRITER, gas=15_000_001, **burning), now=T0)

    node.submit(signed(WRITER, gas=15_000_000, **burning), now=T0)
    node.submit(signed(WRITER, nonce=1, value=0), now=T0)

    assert (node.head.block_number, node.head.base_fee_per_gas) == (2, 0)
