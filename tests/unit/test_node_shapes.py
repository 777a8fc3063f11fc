"""What the embedded chain writes of blocks, transactions, receipts and logs: whole, and checked by hashes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak

from ledger.node.evm import Node
from ledger.node.methods import Methods
from support.anchoring import ADMIN, CHAIN_ID, FOREVER, SALT, STREAM, T0, WRITER, Hand, Registry

ROOT = b"\xaa" * 32
NOBODY = "0x" + "00" * 20
SLOT = "0x" + "00" * 31 + "07"
WORD_0 = "0x" + "00" * 32
# Ethereum's constants: Keccak-256 of the RLP of an empty list, and the root of an empty trie.
NO_UNCLES = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
EMPTY_TRIE = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
ANCHORED_EVENT = "0xe10201e1af708efd3119cc1cd501de2eadd25d0d62eb2de0bd0a4d7256999cda"
FULL = True


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "chain.sqlite", Hand())
    registry.send(ADMIN, "openStream", SALT, ADMIN.address)
    registry.send(ADMIN, "setWriter", STREAM, WRITER.address, FOREVER)
    registry.send(WRITER, "anchor", STREAM, ROOT, 3, 0)
    yield registry
    registry.node.close()


@pytest.fixture
def methods(registry: Registry) -> Methods:
    return Methods(registry.node, lambda: T0)


def ask(methods: Methods, method: str, *params: Any) -> Any:
    return methods.answer({"id": 1, "method": method, "params": list(params)})["result"]


def quantity(text: str) -> bytes:
    """A quantity as RLP has it."""
    number = int(text, 16)
    return number.to_bytes((number.bit_length() + 7) // 8)


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def hash_of_header(block: dict[str, Any]) -> str:
    """Keccak-256 over the header that a block's members spell (Yellow Paper 4.3, EIP-1559, EIP-4895)."""
    front = [data(block[name]) for name in ("parentHash", "sha3Uncles", "miner", "stateRoot")]
    front += [data(block[name]) for name in ("transactionsRoot", "receiptsRoot", "logsBloom")]
    middle = [quantity(block[name]) for name in ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")]
    back = [data(block["extraData"]), data(block["mixHash"]), data(block["nonce"])]
    header = [*front, *middle, *back, quantity(block["baseFeePerGas"]), data(block["withdrawalsRoot"])]
    return "0x" + keccak(rlp.encode(header)).hex()


def hash_of_transaction(shown: dict[str, Any]) -> str:
    """Keccak-256 over the transaction that its members spell (Yellow Paper 4.2, EIP-2930, EIP-1559)."""
    to = data(shown["to"]) if shown["to"] else b""
    call = [quantity(shown["gas"]), to, quantity(shown["value"]), data(shown["input"])]
    signature = [quantity(shown[name]) for name in ("v", "r", "s")]
    if shown["type"] == "0x0":
        return (
            "0x"
            + keccak(rlp.encode([quantity(shown["nonce"]), quantity(shown["gasPrice"]), *call, *signature])).hex()
        )
    access = [[data(one["address"]), [data(slot) for slot in one["storageKeys"]]] for one in shown["accessList"]]
    names = ("gasPrice",) if shown["type"] == "0x1" else ("maxPriorityFeePerGas", "maxFeePerGas")
    price = [quantity(shown[name]) for name in names]
    front = [quantity(shown["chainId"]), quantity(shown["nonce"]), *price]
    return "0x" + keccak(quantity(shown["type"]) + rlp.encode([*front, *call, access, *signature])).hex()


def bloom_of(log: dict[str, Any]) -> str:
    """The bits a log sets (Yellow Paper 4.3.1): three of 2048 for its address and each of its topics."""
    bits = 0
    for word in (data(log["address"]), *map(data, log["topics"])):
        digest = keccak(word)
        for place in (0, 2, 4):
            bits |= 1 << (int.from_bytes(digest[place : place + 2]) & 2047)
    return "0x" + bits.to_bytes(256).hex()


def test_a_block_spells_the_header_whose_hash_it_has(methods: Methods) -> None:
    first, block = ask(methods, "eth_getBlockByNumber", "0x3"), ask(methods, "eth_getBlockByNumber", "0x4")
    [tx_hash] = block["transactions"]
    roots = {name: block[name] for name in ("transactionsRoot", "stateRoot", "receiptsRoot")}
    [log] = ask(methods, "eth_getLogs", {"fromBlock": "0x4", "toBlock": "0x4"})
    assert block == roots | {
        "number": "0x4",
        "hash": hash_of_header(block),
        "parentHash": hash_of_header(first),
        "nonce": "0x0000000000000000",
        "sha3Uncles": NO_UNCLES,
        "logsBloom": bloom_of(log),
        "withdrawalsRoot": EMPTY_TRIE,
        "miner": NOBODY,
        "difficulty": "0x0",
        "mixHash": WORD_0,
        "extraData": "0x",
        "gasLimit": "0x1c9c380",
        "gasUsed": ask(methods, "eth_getTransactionReceipt", tx_hash)["gasUsed"],
        "timestamp": hex(T0 + 4),
        "baseFeePerGas": "0x0",
        "size": "0x0",
        "uncles": [],
        "withdrawals": [],
        "transactions": [tx_hash],
    }


def test_the_first_block_names_its_chain_and_holds_nothing(methods: Methods) -> None:
    block = ask(methods, "eth_getBlockByNumber", "earliest")
    assert (block["hash"], block["parentHash"]) == (hash_of_header(block), WORD_0)
    assert {block[name] for name in ("stateRoot", "transactionsRoot", "receiptsRoot")} == {EMPTY_TRIE}
    assert data(block["extraData"]) == b"tallystick 31337"
    assert (block["number"], block["gasUsed"], block["timestamp"]) == ("0x0", "0x0", hex(T0))


def test_a_transaction_spells_the_bytes_whose_hash_it_has(methods: Methods, registry: Registry) -> None:
    [shown] = ask(methods, "eth_getBlockByNumber", "0x4", FULL)["transactions"]
    signature = {name: shown[name] for name in ("v", "r", "s")}
    assert shown == signature | {
        "hash": hash_of_transaction(shown),
        "type": "0x2",
        "chainId": "0x7a69",
        "nonce": "0x0",
        "from": WRITER.address,
        "to": "0xAE519FC2Ba8e6fFE6473195c092bF1BAe986ff90",
        "value": "0x0",
        "gas": hex(3_000_000),
        "gasPrice": "0x0",
        "maxFeePerGas": "0x0",
        "maxPriorityFeePerGas": "0x0",
        "input": "0x" + registry.data("anchor", STREAM, ROOT, 3, 0).hex(),
        "accessList": [],
        "yParity": shown["v"],
        "blockHash": ask(methods, "eth_getBlockByNumber", "0x4")["hash"],
        "blockNumber": "0x4",
        "transactionIndex": "0x0",
    }
    assert shown["v"] in ("0x0", "0x1")
    assert ask(methods, "eth_getBlockByHash", shown["blockHash"], FULL)["transactions"] == [shown]
    assert ask(methods, "eth_getBlockByHash", shown["blockHash"], 1)["transactions"] == [shown["hash"]]


LEGACY = {"hash", "type", "chainId", "nonce", "from", "to", "value", "gas", "gasPrice", "input", "v", "r", "s"}
LEGACY |= {"blockHash", "blockNumber", "transactionIndex"}


@pytest.mark.parametrize(
    ("fields", "kind", "members"),
    [
        ({}, "0x0", LEGACY),
        (
            {"type": 1, "accessList": [{"address": NOBODY, "storageKeys": [SLOT]}]},
            "0x1",
            LEGACY | {"yParity", "accessList"},
        ),
    ],
)
def test_older_kinds_spell_their_own_bytes(
    methods: Methods, fields: dict[str, Any], kind: str, members: set[str]
) -> None:
    transaction = {
        "nonce": 1,
        "to": NOBODY,
        "value": 0,
        "gas": 50_000,
        "gasPrice": 0,
        "chainId": CHAIN_ID,
        **fields,
    }
    raw = WRITER.sign_transaction(transaction).raw_transaction.to_0x_hex()

    tx_hash = ask(methods, "eth_sendRawTransaction", raw)

    shown = ask(methods, "eth_getTransactionByHash", tx_hash)
    assert (shown["hash"], hash_of_transaction(shown), shown["type"]) == (tx_hash, tx_hash, kind)
    assert shown.keys() == members
    # EIP-155 hides the chain's number in v, where there is no place of its own.
    assert shown["chainId"] == "0x7a69"
    assert ask(methods, "eth_getTransactionReceipt", tx_hash)["type"] == kind


def test_a_receipt_and_its_log_say_all_that_happened(methods: Methods) -> None:
    block = ask(methods, "eth_getBlockByNumber", "0x4")
    [tx_hash] = block["transactions"]
    receipt = ask(methods, "eth_getTransactionReceipt", tx_hash)
    place = {
        "blockHash": block["hash"],
        "blockNumber": "0x4",
        "transactionHash": tx_hash,
        "transactionIndex": "0x0",
    }
    log = place | {
        "address": "0xAE519FC2Ba8e6fFE6473195c092bF1BAe986ff90",
        "topics": [ANCHORED_EVENT, "0x" + STREAM.hex(), "0x" + ROOT.hex(), WORD_0],
        # Three leaves, the head after them, no batch before.
        "data": f"0x{3:064x}9e2c160006705b44169c3156f59ac579298f227d8280feb930a9df0613213a65" + "00" * 32,
        "logIndex": "0x0",
        "removed": False,
    }
    assert receipt == place | {
        "from": WRITER.address,
        "to": "0xAE519FC2Ba8e6fFE6473195c092bF1BAe986ff90",
        "type": "0x2",
        "status": "0x1",
        "gasUsed": block["gasUsed"],
        "cumulativeGasUsed": block["gasUsed"],
        "effectiveGasPrice": "0x0",
        "contractAddress": None,
        "logsBloom": bloom_of(log),
        "logs": [log],
    }


def test_what_a_unit_of_gas_cost_is_shown_with_money_in_hand(tmp_path: Path) -> None:
    node = Node(tmp_path / "rich.sqlite", chain_id=CHAIN_ID, funded=(data(WRITER.address),), now=T0)
    methods = Methods(node, lambda: T0)
    prices = [{"gasPrice": 9}, {"type": 1, "gasPrice": 8}]
    prices += [{"maxFeePerGas": 100, "maxPriorityFeePerGas": 7}, {"maxFeePerGas": 6, "maxPriorityFeePerGas": 6}]
    shown = []
    for nonce, price in enumerate(prices):
        transaction = {"nonce": nonce, "to": NOBODY, "value": 4, "gas": 21_000, "chainId": CHAIN_ID, **price}
        raw = WRITER.sign_transaction(transaction).raw_transaction.to_0x_hex()
        shown.append(ask(methods, "eth_getTransactionByHash", ask(methods, "eth_sendRawTransaction", raw)))
    receipts = [ask(methods, "eth_getTransactionReceipt", one["hash"]) for one in shown]
    node.close()

    assert [one["gasPrice"] for one in shown] == ["0x9", "0x8", "0x7", "0x6"]
    assert [one["effectiveGasPrice"] for one in receipts] == ["0x9", "0x8", "0x7", "0x6"]
    assert [hash_of_transaction(one) for one in shown] == [one["hash"] for one in shown]
    assert {one["value"] for one in shown} == {"0x4"}


def test_a_base_fee_is_told_and_is_a_part_of_the_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A chain made before such a transaction was refused: INVALID burns 16 million gas, more than half a block.
    monkeypatch.setattr("ledger.node.evm.MOST_GAS", 30_000_000)
    node = Node(tmp_path / "full.sqlite", chain_id=CHAIN_ID, funded=(data(WRITER.address),), now=T0)
    methods = Methods(node, lambda: T0)
    burning = {"gasPrice": 0, "to": "", "value": 0, "gas": 16_000_000, "data": "0xfe"}
    paid = {"to": NOBODY, "value": 0, "gas": 21_000}
    tip, capped = ({"maxFeePerGas": most, "maxPriorityFeePerGas": tip} for most, tip in ((10, 7), (5, 5)))
    hashes = []
    for nonce, fields in enumerate([burning, paid | tip, paid | capped]):
        raw = WRITER.sign_transaction({"nonce": nonce, "chainId": CHAIN_ID, **fields}).raw_transaction.to_0x_hex()
        hashes.append(ask(methods, "eth_sendRawTransaction", raw))

    assert ask(methods, "eth_gasPrice") == "0x1"
    assert ask(methods, "eth_getBlockByNumber", "0x2")["baseFeePerGas"] == "0x1"
    assert ask(methods, "eth_feeHistory", "0x3", "latest")["baseFeePerGas"] == ["0x0", "0x1", "0x1", "0x1"]
    assert ask(methods, "eth_getTransactionByHash", hashes[1])["gasPrice"] == "0x8"
    assert ask(methods, "eth_getTransactionReceipt", hashes[2])["effectiveGasPrice"] == "0x5"
    node.close()
