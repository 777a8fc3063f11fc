"""What the embedded chain refuses, in whole answers, and the bounds of what it takes, on both sides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from ledger.errors import Malformed
from ledger.node.evm import AlreadyKnown, AnotherChain, BadTransaction, ExecutionFailed, Node, WrongNonce
from ledger.node.methods import Methods
from ledger.node.shapes import InvalidParams, to_data, to_quantity
from ledger.patricia import check_proof, decoded
from support.anchoring import ADMIN, CHAIN_ID, SALT, STREAM, T0, WRITER, Hand, Registry
from support.refusals import refused

NOBODY = "0x" + "00" * 20
ABSENT = "0x" + "ee" * 32
SLOT_7 = "0x" + "00" * 31 + "07"
MINED = "0x" + "ab" * 32

METHODS = [
    "web3_clientVersion",
    "net_version",
    "net_listening",
    "eth_chainId",
    "eth_syncing",
    "eth_accounts",
    "eth_blockNumber",
    "eth_gasPrice",
    "eth_maxPriorityFeePerGas",
    "eth_feeHistory",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getBalance",
    "eth_getTransactionCount",
    "eth_getCode",
    "eth_getStorageAt",
    "eth_getProof",
    "eth_call",
    "eth_estimateGas",
    "eth_getTransactionByHash",
    "eth_getTransactionReceipt",
    "eth_getLogs",
    "eth_sendRawTransaction",
]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, funded=(to_data(ADMIN.address),), now=T0)
    yield node
    node.close()


@pytest.fixture
def methods(node: Node) -> Methods:
    return Methods(node, lambda: T0)


def answer(methods: Methods, method: str, *params: Any) -> Any:
    return methods.answer({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})


def ask(methods: Methods, method: str, *params: Any) -> Any:
    return answer(methods, method, *params)["result"]


def error(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "error": {"code": code, "message": message, **more}}


def signed(account: Any = ADMIN, **changes: Any) -> bytes:
    transaction = {"chainId": CHAIN_ID, "nonce": 0, "to": WRITER.address, "value": 5, "gas": 21_000, "gasPrice": 0}
    return bytes(account.sign_transaction(transaction | changes).raw_transaction)


# Values


@pytest.mark.parametrize(
    ("text", "number"), [("0x0", 0), ("0x1", 1), ("0x9", 9), ("0xF0", 240), ("0x" + "f" * 64, 2**256 - 1)]
)
def test_a_quantity_has_no_zeros_in_front_and_256_bits(text: str, number: int) -> None:
    assert to_quantity(text) == number


@pytest.mark.parametrize(
    "text", ["", "0x", "0x00", "0x01", "0xg", "1", " 0x1", "0x1\n", "0x1" + "0" * 81, 7, None]
)
def test_what_is_no_quantity_is_told_up_to_eighty_characters(text: Any) -> None:
    with refused(InvalidParams, f"not a quantity: {str(text)[:80]!r}"):
        to_quantity(text)
    assert InvalidParams("").code == "invalid_params"
    assert issubclass(InvalidParams, Malformed)


@pytest.mark.parametrize(("text", "data"), [("0x", b""), ("0x00aF", b"\x00\xaf")])
def test_data_is_whole_bytes(text: str, data: bytes) -> None:
    assert to_data(text) == to_data(text, len(data)) == data


@pytest.mark.parametrize("text", ["", "00", "0x0", "0xgg", "0x00\n", 7, None, "0x" + "0" * 81])
def test_what_is_no_data_is_told_up_to_eighty_characters(text: Any) -> None:
    with refused(InvalidParams, f"not hexadecimal data: {str(text)[:80]!r}"):
        to_data(text)


def test_data_of_another_length_is_told_by_both() -> None:
    with refused(InvalidParams, "1 bytes where 2 are wanted"):
        to_data("0x00", 2)
    with refused(InvalidParams, "1 bytes where 0 are wanted"):
        to_data("0x00", 0)


# Questions


def test_each_method_of_the_list_is_there(methods: Methods) -> None:
    for method in METHODS:
        assert answer(methods, method, *range(9)) == error(-32602, f"wrong parameters for {method}")
    assert answer(methods, "eth_getWork") == error(-32601, "no method eth_getWork")


SIZES = "19 bytes where 20 are wanted"
WORDS = "31 bytes where 32 are wanted"
SHORT, SHORT_WORD = "0x" + "00" * 19, "0x" + "00" * 31


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("eth_getBalance", [], "wrong parameters for eth_getBalance"),
        ("eth_chainId", ["extra"], "wrong parameters for eth_chainId"),
        ("eth_getBalance", [SHORT], SIZES),
        ("eth_getCode", [SHORT], SIZES),
        ("eth_getBalance", [NOBODY, "0x1"], "no such block"),
        ("eth_getBalance", [NOBODY, {"blockHash": ABSENT}], "no such block"),
        ("eth_getBalance", [NOBODY, {"blockHash": SHORT_WORD}], WORDS),
        ("eth_getBalance", [NOBODY, {}], "not a quantity: 'None'"),
        ("eth_getBalance", [NOBODY, "LATEST"], "not a quantity: 'LATEST'"),
        ("eth_getBlockByHash", [SHORT_WORD], WORDS),
        ("eth_getBlockByNumber", ["newest"], "not a quantity: 'newest'"),
        ("eth_getTransactionByHash", [SHORT_WORD], WORDS),
        ("eth_getTransactionReceipt", [SHORT_WORD], WORDS),
        ("eth_getStorageAt", [NOBODY, "0x" + "g" * 64], f"not hexadecimal data: {'0x' + 'g' * 64!r}"),
        ("eth_getStorageAt", [NOBODY, SHORT_WORD], f"not a quantity: {SHORT_WORD!r}"),
        ("eth_getProof", [NOBODY, "0x0"], "not a list of at most 1000 slots"),
        ("eth_getProof", [NOBODY, ["0x0"] * 1001], "not a list of at most 1000 slots"),
        ("eth_getProof", [SHORT, []], SIZES),
        ("eth_call", ["data"], "a call is an object"),
        ("eth_call", [{"from": SHORT}], SIZES),
        ("eth_call", [{"to": SHORT}], SIZES),
        ("eth_getLogs", ["all"], "a filter is an object"),
        ("eth_getLogs", [{"topics": "0x"}], "topics must be a list"),
        ("eth_getLogs", [{"topics": [[SHORT_WORD]]}], WORDS),
        ("eth_getLogs", [{"address": SHORT}], SIZES),
        ("eth_getLogs", [{"address": [NOBODY] * 201}], "more than 200 addresses"),
        ("eth_getLogs", [{"fromBlock": "first"}], "not a quantity: 'first'"),
        ("eth_getLogs", [{"blockHash": ABSENT}], "no such block"),
        ("eth_feeHistory", ["many", "latest"], "not a quantity: 'many'"),
        ("eth_sendRawTransaction", ["raw"], "not hexadecimal data: 'raw'"),
    ],
)
def test_a_wrong_parameter_is_answered_with_what_is_wrong_with_it(
    methods: Methods, method: str, params: list[Any], message: str
) -> None:
    assert answer(methods, method, *params) == error(-32602, message)


@pytest.mark.parametrize(
    ("request_", "request_id", "code", "message"),
    [
        (None, None, -32600, "not a JSON-RPC request"),
        ({"id": 7, "method": 5}, None, -32600, "not a JSON-RPC request"),
        ([], None, -32600, "an empty batch"),
        ([{}] * 201, None, -32600, "more than 200 requests in a batch"),
        ({"id": 7, "method": "eth_chainId", "params": {"a": 1}}, 7, -32602, "params must be a list"),
        ({"id": 7, "method": "x" * 81, "params": []}, 7, -32601, f"no method {'x' * 80}"),
    ],
)
def test_what_is_no_request_is_answered_with_why(
    methods: Methods, request_: Any, request_id: Any, code: int, message: str
) -> None:
    assert methods.answer(request_) == {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {"code": code, "message": message},
    }


def test_a_batch_may_have_two_hundred_requests_and_a_filter_as_many_addresses(methods: Methods) -> None:
    answers = methods.answer([{"id": number, "method": "eth_chainId"} for number in range(200)])
    assert answers == [{"jsonrpc": "2.0", "id": number, "result": "0x7a69"} for number in range(200)]
    assert ask(methods, "eth_getLogs", {"address": [NOBODY] * 200}) == []
    assert len(ask(methods, "eth_getProof", NOBODY, [SLOT_7] * 1000)["storageProof"]) == 1000


def test_logs_up_to_the_limit_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(tmp_path / "registry.sqlite", Hand())
    registry.send(ADMIN, "openStream", SALT, ADMIN.address)
    methods = Methods(registry.node, lambda: T0)
    found = ask(methods, "eth_getLogs", {"fromBlock": "earliest"})
    monkeypatch.setattr("ledger.node.methods.MAX_LOGS", len(found))
    assert ask(methods, "eth_getLogs", {"fromBlock": "earliest"}) == found
    monkeypatch.setattr("ledger.node.methods.MAX_LOGS", len(found) - 1)
    message = f"more than {len(found) - 1} logs; ask for fewer blocks"
    assert answer(methods, "eth_getLogs", {"fromBlock": "earliest"}) == error(-32602, message)
    registry.node.close()


def test_a_range_of_logs_is_named_by_number_or_word(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.sqlite", Hand())
    for number in range(3):
        registry.send(ADMIN, "openStream", bytes(31) + bytes([number]), ADMIN.address)
    methods = Methods(registry.node, lambda: T0)

    def blocks(**wanted: Any) -> list[str]:
        return sorted({one["blockNumber"] for one in ask(methods, "eth_getLogs", wanted)})

    # Block 1 deploys and tells nothing; 2 to 4 open a stream each.
    assert blocks() == blocks(fromBlock="latest") == blocks(fromBlock="safe", toBlock="finalized") == ["0x4"]
    assert blocks(fromBlock="earliest") == blocks(fromBlock="0x0", toBlock="0x99") == ["0x2", "0x3", "0x4"]
    assert blocks(fromBlock="0x2", toBlock="0x3") == ["0x2", "0x3"]
    assert blocks(fromBlock="0x3", toBlock="pending") == ["0x3", "0x4"]
    assert blocks(fromBlock="0x5", toBlock="0x99") == blocks(toBlock="earliest", fromBlock="earliest") == []
    assert blocks(fromBlock=None, toBlock=None, topics=None, address=None) == ["0x4"]
    here = ask(methods, "eth_getBlockByNumber", "0x3")["hash"]
    assert blocks(blockHash=here, fromBlock="0x4") == ["0x3"]
    registry.node.close()


def test_a_log_without_topics_is_found_where_none_are_asked_for(node: Node, methods: Methods) -> None:
    # Init code that tells nothing under no topic, and then under the topics 1 and 2: LOG0, LOG2.
    node.submit(signed(to="", value=0, gas=100_000, data="0x60006000a06002600160006000a2"), now=T0)

    def found(**wanted: Any) -> list[str]:
        return [one["logIndex"] for one in ask(methods, "eth_getLogs", {"fromBlock": "earliest"} | wanted)]

    one, two = ("0x" + f"{number:064x}" for number in (1, 2))
    assert found() == found(topics=[]) == ["0x0", "0x1"]
    assert found(topics=[None]) == found(topics=[one]) == found(topics=[one, two]) == ["0x1"]
    assert found(topics=[two]) == found(topics=[one, one]) == found(topics=[one, two, None]) == []
    # The first block holds no transactions, and so no logs.
    assert found(toBlock="earliest") == []


def test_a_fee_history_counts_back_from_its_newest_block(node: Node, methods: Methods) -> None:
    for nonce in range(3):
        node.submit(signed(nonce=nonce), now=T0)
    half = 21_000 / 30_000_000
    assert ask(methods, "eth_feeHistory", "0x2", "0x2", [50]) == {
        "oldestBlock": "0x1",
        "baseFeePerGas": ["0x0", "0x0", "0x0"],
        "gasUsedRatio": [half, half],
        "reward": [["0x0"], ["0x0"]],
    }
    one = {"oldestBlock": "0x3", "baseFeePerGas": ["0x0", "0x0"], "gasUsedRatio": [half]}
    assert ask(methods, "eth_feeHistory", "0x1", "latest") == ask(methods, "eth_feeHistory", 0, "latest") == one
    assert ask(methods, "eth_feeHistory", 4, "0x3", None)["gasUsedRatio"] == [0.0, half, half, half]


def test_a_fee_history_is_cut_at_its_most(node: Node, methods: Methods, monkeypatch: pytest.MonkeyPatch) -> None:
    for nonce in range(3):
        node.submit(signed(nonce=nonce), now=T0)
    monkeypatch.setattr("ledger.node.methods.MAX_FEES", 2)
    assert ask(methods, "eth_feeHistory", "0x2", "latest")["oldestBlock"] == "0x2"
    assert ask(methods, "eth_feeHistory", "0x3", "latest")["oldestBlock"] == "0x2"


def test_a_slot_is_named_by_a_quantity_or_a_word(tmp_path: Path) -> None:
    # Init code that stores 0x1234 in slot 7 and makes a contract without code: PUSH2 PUSH1 SSTORE STOP.
    node = Node(tmp_path / "chain.sqlite", chain_id=CHAIN_ID, now=T0)
    tx_hash = node.submit(signed(to="", value=0, gas=100_000, data="0x61123460075500"), now=T0)
    methods = Methods(node, lambda: T0)
    contract = ask(methods, "eth_getTransactionReceipt", "0x" + tx_hash.hex())["contractAddress"]
    stored = "0x" + "00" * 30 + "1234"
    assert ask(methods, "eth_getStorageAt", contract, "0x7") == stored
    assert ask(methods, "eth_getStorageAt", contract, SLOT_7, "latest") == stored
    assert ask(methods, "eth_getStorageAt", contract, "0x7", "earliest") == "0x" + "00" * 32
    proof = ask(methods, "eth_getProof", contract, ["0x7", SLOT_7, "0x8"])
    by_quantity, by_word, other = proof["storageProof"]
    assert by_quantity == by_word | {"key": "0x7"}
    assert (by_word["key"], by_word["value"], other["value"]) == (SLOT_7, "0x1234", "0x0")
    root = bytes.fromhex(proof["storageHash"][2:])
    leaf = check_proof(root, keccak(bytes(31) + b"\x07"), [bytes.fromhex(one[2:]) for one in by_word["proof"]])
    assert decoded(leaf) == b"\x12\x34"
    members = {"address", "accountProof", "balance", "codeHash", "nonce", "storageHash", "storageProof"}
    assert proof.keys() == members
    assert (proof["address"], proof["nonce"], proof["balance"]) == (contract.lower(), "0x1", "0x0")
    node.close()


def test_an_account_is_proved_with_its_money_and_its_nonce(node: Node, methods: Methods) -> None:
    node.submit(signed(), now=T0)
    proof = ask(methods, "eth_getProof", ADMIN.address, [])
    assert (proof["nonce"], proof["balance"], proof["storageProof"]) == ("0x1", hex(10**27 - 5), [])
    assert ask(methods, "eth_getProof", WRITER.address, [], "0x0")["balance"] == "0x0"
    assert ask(methods, "eth_getProof", WRITER.address, [], "0x1")["balance"] == "0x5"


# Calls


def test_a_call_that_reverts_carries_its_data_and_any_other_failure_its_name(methods: Methods) -> None:
    # REVERT(0, 0), REVERT with one zero byte, INVALID: EIP-140 and EIP-141.
    assert answer(methods, "eth_call", {"data": "0x60006000fd"}) == error(3, "execution reverted", data="0x")
    assert answer(methods, "eth_call", {"input": "0x60016000fd"}) == error(3, "execution reverted", data="0x00")
    assert answer(methods, "eth_call", {"data": "0xfe"}) == error(-32000, "execution failed: InvalidInstruction")


def test_a_call_is_made_by_nobody_to_nobody_with_nothing_unless_it_says_so(methods: Methods) -> None:
    # CALLER, then CALLVALUE, stored and returned as one word: PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN.
    caller, value = ("0x" + code + "60005260206000f3" for code in ("33", "34"))
    assert ask(methods, "eth_call", {"data": caller}) == "0x" + "00" * 32
    assert (
        ask(methods, "eth_call", {"data": caller, "from": ADMIN.address})
        == "0x" + "00" * 12 + ADMIN.address[2:].lower()
    )
    assert ask(methods, "eth_call", {"data": value}) == "0x" + "00" * 32
    assert ask(methods, "eth_call", {"data": value, "from": ADMIN.address, "value": "0x9"}) == "0x" + f"{9:064x}"
    # ``input`` is the newer word for ``data`` and goes before it.
    assert ask(methods, "eth_call", {"input": value, "data": caller, "from": ADMIN.address}) == "0x" + "00" * 32
    assert ask(methods, "eth_call", {"to": None, "data": None, "from": None, "value": None}) == "0x"


def test_an_estimate_is_exact_to_a_unit(methods: Methods) -> None:
    paid = {"from": ADMIN.address, "to": WRITER.address, "value": "0x1"}
    assert ask(methods, "eth_estimateGas", paid) == hex(21_000)
    poor = {"from": WRITER.address, "to": ADMIN.address, "value": "0x1"}
    told = answer(methods, "eth_estimateGas", poor)["error"]
    assert (told["code"], "balance" in told["message"], "data" in told) == (-32000, True, False)


# Transactions


def test_a_transaction_is_refused_in_whole_sentences(node: Node) -> None:
    node.submit(signed(), now=T0)
    with refused(AlreadyKnown, "already known"):
        node.submit(signed(), now=T0)
    with refused(WrongNonce, "nonce too low: next nonce 1, tx nonce 0"):
        node.submit(signed(value=6), now=T0)
    with refused(WrongNonce, "nonce too high: next nonce 1, tx nonce 2"):
        node.submit(signed(nonce=2), now=T0)
    with refused(BadTransaction, "signed for chain 1, this is chain 31337"):
        node.submit(signed(nonce=1, chainId=1), now=T0)
    with pytest.raises(BadTransaction, match=r"^not a signed transaction: .+"):
        node.submit(b"\x02", now=T0)
    with pytest.raises(BadTransaction, match="balance"):
        node.submit(signed(nonce=1, value=10**27), now=T0)
    assert node.head.block_number == 1


def test_a_failed_call_tells_its_reason_and_its_data(node: Node) -> None:
    with node.reading(), pytest.raises(ExecutionFailed) as caught:
        node.call(node.head, sender=bytes(20), to=b"", data=bytes.fromhex("60016000fd"), value=0)
    assert (caught.value.message, caught.value.data) == ("execution reverted", b"\x00")


def test_another_chains_file_is_told_by_both_numbers(tmp_path: Path) -> None:
    Node(tmp_path / "one.sqlite", chain_id=5, now=T0).close()
    with refused(AnotherChain, "the chain file holds chain 5, chain 6 asked"):
        Node(tmp_path / "one.sqlite", chain_id=6, now=T0)


def test_nothing_is_found_of_what_was_never_mined(methods: Methods) -> None:
    assert ask(methods, "eth_getTransactionByHash", MINED) is None
    assert ask(methods, "eth_getTransactionReceipt", MINED) is None
    assert ask(methods, "eth_getBlockByHash", MINED) is None
    assert ask(methods, "eth_getProof", "0x" + STREAM[:20].hex(), [])["accountProof"] != []
