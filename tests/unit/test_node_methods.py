from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from ledger.node.evm import Node
from ledger.node.methods import MAX_BATCH, Methods
from ledger.patricia import check_proof, decoded
from ledger.stateproof import entry_slot
from support.anchoring import ADMIN, CHAIN_ID, FOREVER, SALT, STREAM, T0, WRITER, Hand, Registry

ROOT = b"\xaa" * 32
ROOT_B = b"\xbb" * 32
FULL = True
NOBODY = "0x" + "00" * 20
ABSENT = "0x" + "ee" * 32


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "chain.sqlite", Hand())
    registry.send(ADMIN, "openStream", SALT, ADMIN.address)
    registry.send(ADMIN, "setWriter", STREAM, WRITER.address, FOREVER)
    registry.send(WRITER, "anchor", STREAM, ROOT, 3, 0)
    registry.send(WRITER, "anchor", STREAM, ROOT_B, 1, 1)
    yield registry
    registry.node.close()


@pytest.fixture
def methods(registry: Registry) -> Methods:
    return Methods(registry.node, lambda: T0)


def ask(methods: Methods, method: str, *params: Any) -> Any:
    answer = methods.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    assert answer["id"] == 1
    return answer["result"]


def fault(methods: Methods, method: str, *params: Any) -> tuple[int, str]:
    answer = methods.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    return answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("web3_clientVersion", "tallystick-node/1 (py-evm; shanghai)"),
        ("net_version", "31337"),
        ("net_listening", True),
        ("eth_chainId", "0x7a69"),
        ("eth_syncing", False),
        ("eth_accounts", []),
        ("eth_blockNumber", "0x5"),
        ("eth_gasPrice", "0x0"),
        ("eth_maxPriorityFeePerGas", "0x0"),
    ],
)
def test_plain_questions_have_plain_answers(methods: Methods, method: str, answer: Any) -> None:
    assert ask(methods, method) == answer


@pytest.mark.parametrize(
    "method", ["eth_sendTransaction", "eth_sign", "personal_unlockAccount", "debug_traceCall", "evm_mine", ""]
)
def test_what_could_sign_or_change_the_node_does_not_exist(methods: Methods, method: str) -> None:
    assert fault(methods, method) == (-32601, f"no method {method}")


def test_a_block_is_found_by_number_tag_and_hash(methods: Methods, registry: Registry) -> None:
    by_number = ask(methods, "eth_getBlockByNumber", "0x5")

    assert by_number["number"] == "0x5"
    assert by_number["timestamp"] == hex(T0 + 5)
    assert by_number["hash"] == "0x" + registry.node.head.hash.hex()
    assert by_number["gasLimit"] == "0x1c9c380"
    assert by_number["baseFeePerGas"] == "0x0"
    for tag in ("latest", "pending", "safe", "finalized"):
        assert ask(methods, "eth_getBlockByNumber", tag) == by_number
    assert ask(methods, "eth_getBlockByHash", by_number["hash"]) == by_number
    assert ask(methods, "eth_getBlockByNumber", "earliest")["transactions"] == []
    assert ask(methods, "eth_getBlockByNumber", "0x6") is None
    assert ask(methods, "eth_getBlockByHash", ABSENT) is None


def test_a_block_holds_hashes_or_whole_transactions(methods: Methods) -> None:
    short = ask(methods, "eth_getBlockByNumber", "0x4")["transactions"]
    whole = ask(methods, "eth_getBlockByNumber", "0x4", FULL)["transactions"]

    assert len(short) == 1
    assert whole == [ask(methods, "eth_getTransactionByHash", short[0])]
    assert whole[0]["hash"] == short[0]


def test_a_transaction_is_shown_as_it_was_signed(methods: Methods, registry: Registry) -> None:
    tx_hash = ask(methods, "eth_getBlockByNumber", "0x4")["transactions"][0]
    shown = ask(methods, "eth_getTransactionByHash", tx_hash)

    assert {name: shown[name] for name in ("from", "to", "nonce", "type", "value", "gas", "input")} == {
        "from": WRITER.address,
        "to": ask(methods, "eth_getTransactionReceipt", tx_hash)["to"],
        "nonce": "0x0",
        "type": "0x2",
        "value": "0x0",
        "gas": hex(3_000_000),
        "input": "0x" + registry.data("anchor", STREAM, ROOT, 3, 0).hex(),
    }
    assert shown["to"].lower() == "0x" + registry.address.hex()
    assert (shown["maxFeePerGas"], shown["maxPriorityFeePerGas"]) == ("0x0", "0x0")
    assert shown["accessList"] == []
    assert shown["v"] == shown["yParity"]
    assert ask(methods, "eth_getTransactionByHash", ABSENT) is None


@pytest.mark.parametrize(
    ("fields", "kind", "own"),
    [
        ({"gasPrice": 0}, "0x0", {"gasPrice": "0x0"}),
        (
            {
                "type": 1,
                "gasPrice": 0,
                "accessList": [{"address": NOBODY, "storageKeys": ["0x" + "00" * 31 + "07"]}],
            },
            "0x1",
            {"accessList": [{"address": NOBODY, "storageKeys": ["0x" + "00" * 31 + "07"]}]},
        ),
    ],
)
def test_older_transaction_types_are_taken_and_shown(
    methods: Methods, fields: dict[str, Any], kind: str, own: dict[str, Any]
) -> None:
    transaction = {"nonce": 2, "to": NOBODY, "value": 0, "gas": 50_000, "chainId": CHAIN_ID, **fields}
    raw = WRITER.sign_transaction(transaction).raw_transaction.to_0x_hex()

    tx_hash = ask(methods, "eth_sendRawTransaction", raw)

    shown = ask(methods, "eth_getTransactionByHash", tx_hash)
    assert shown["type"] == kind
    assert {name: shown[name] for name in own} == own
    assert "maxFeePerGas" not in shown
    assert ("yParity" in shown) is (kind == "0x1")
    assert ask(methods, "eth_getTransactionReceipt", tx_hash)["type"] == kind
    assert ask(methods, "eth_getBlockByNumber", "latest")["timestamp"] == hex(T0 + 6)


def test_a_receipt_tells_success_gas_and_logs(methods: Methods) -> None:
    tx_hash = ask(methods, "eth_getBlockByNumber", "0x5")["transactions"][0]
    receipt = ask(methods, "eth_getTransactionReceipt", tx_hash)

    assert receipt["status"] == "0x1"
    assert receipt["blockNumber"] == "0x5"
    assert receipt["contractAddress"] is None
    assert receipt["effectiveGasPrice"] == "0x0"
    assert receipt["gasUsed"] == receipt["cumulativeGasUsed"]
    assert receipt["logs"] == ask(methods, "eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x5"})
    assert len(receipt["logs"]) == 1
    assert ask(methods, "eth_getTransactionReceipt", ABSENT) is None


def test_a_receipt_names_the_contract_that_was_made(methods: Methods, registry: Registry) -> None:
    tx_hash = ask(methods, "eth_getBlockByNumber", "0x1")["transactions"][0]
    receipt = ask(methods, "eth_getTransactionReceipt", tx_hash)

    assert receipt["to"] is None
    assert receipt["contractAddress"].lower() == "0x" + registry.address.hex()
    assert ask(methods, "eth_getTransactionByHash", tx_hash)["to"] is None


def test_a_transaction_that_reverts_is_mined_and_says_so(methods: Methods, registry: Registry) -> None:
    assert registry.send(ADMIN, "anchor", STREAM, b"\xcc" * 32, 1, 2)["ok"] is False

    tx_hash = ask(methods, "eth_getBlockByNumber", "latest")["transactions"][0]
    assert ask(methods, "eth_getTransactionReceipt", tx_hash)["status"] == "0x0"


def test_accounts_are_shown_as_they_were_after_a_block(methods: Methods, registry: Registry) -> None:
    contract = "0x" + registry.address.hex()

    assert ask(methods, "eth_getTransactionCount", WRITER.address) == "0x2"
    assert ask(methods, "eth_getTransactionCount", WRITER.address, "0x4") == "0x1"
    assert ask(methods, "eth_getTransactionCount", WRITER.address, {"blockNumber": "0x3"}) == "0x0"
    assert ask(methods, "eth_getBalance", WRITER.address, "latest") == "0x0"
    assert ask(methods, "eth_getCode", contract) == "0x" + registry.artefact.runtime.hex()
    assert ask(methods, "eth_getCode", contract, "earliest") == "0x"
    assert ask(methods, "eth_getStorageAt", contract, "0x0") == "0x" + "00" * 32
    assert ask(methods, "eth_getStorageAt", contract, "0x" + "00" * 32, "latest") == "0x" + "00" * 32


def test_a_call_answers_of_any_block(methods: Methods, registry: Registry) -> None:
    call = {
        "to": "0x" + registry.address.hex(),
        "data": "0x" + registry.data("anchored", STREAM, ROOT_B).hex(),
    }
    block = ask(methods, "eth_getBlockByNumber", "0x5")["hash"]
    known = "0x" + "".join(f"{value:064x}" for value in (1, T0 + 5, 5, 1))

    assert ask(methods, "eth_call", call, "latest") == known
    assert ask(methods, "eth_call", call, {"blockHash": block}) == known
    assert ask(methods, "eth_call", call, "0x4") == "0x" + "00" * 128


def test_a_refused_call_and_estimate_carry_the_contracts_words(methods: Methods, registry: Registry) -> None:
    call = {
        "from": WRITER.address,
        "to": "0x" + registry.address.hex(),
        "input": "0x" + registry.data("anchor", STREAM, b"\xcc" * 32, 1, 9).hex(),
        "value": "0x0",
    }
    for method in ("eth_call", "eth_estimateGas"):
        answer = methods.answer({"id": "x", "method": method, "params": [call]})
        assert answer["error"]["code"] == 3
        assert answer["error"]["message"] == "execution reverted"
        data = bytes.fromhex(answer["error"]["data"][2:])
        assert registry.refusal(data) == ("AnchorRegistryWrongSeq", 2)


def test_an_estimate_is_what_the_transaction_then_uses(methods: Methods, registry: Registry) -> None:
    data = registry.data("anchor", STREAM, b"\xcc" * 32, 1, 2)
    call = {"from": WRITER.address, "to": "0x" + registry.address.hex(), "data": "0x" + data.hex()}

    estimate = int(ask(methods, "eth_estimateGas", call), 16)

    used = registry.send(WRITER, "anchor", STREAM, b"\xcc" * 32, 1, 2)["gas"]
    assert used <= estimate <= used + used // 50


def test_code_is_run_where_no_contract_is_called(methods: Methods) -> None:
    # PUSH1 1 PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN gives the word 1.
    assert ask(methods, "eth_call", {"data": "0x600160005260206000f3"}) == "0x" + "00" * 31 + "01"
    assert fault(methods, "eth_call", {"data": "0xfe"}) == (-32000, "execution failed: InvalidInstruction")


def test_logs_are_found_by_range_address_and_topics(methods: Methods, registry: Registry) -> None:
    contract = "0x" + registry.address.hex()
    anchored = "0x" + registry.artefact.topics()["Anchored"].hex()
    everything = {"fromBlock": "earliest", "toBlock": "latest"}

    def numbers(**wanted: Any) -> list[str]:
        return [one["blockNumber"] for one in ask(methods, "eth_getLogs", {**everything, **wanted})]

    assert numbers() == ["0x2", "0x3", "0x4", "0x5"]
    assert numbers(fromBlock="0x4") == ["0x4", "0x5"]
    assert numbers(toBlock="0x3") == ["0x2", "0x3"]
    assert numbers(toBlock="0xffff") == ["0x2", "0x3", "0x4", "0x5"]
    assert numbers(fromBlock=None) == ["0x5"]
    assert numbers(address=contract) == ["0x2", "0x3", "0x4", "0x5"]
    assert numbers(address=[NOBODY, contract], topics=[anchored]) == ["0x4", "0x5"]
    assert numbers(address=NOBODY) == []
    assert numbers(topics=[None, None, "0x" + ROOT.hex()]) == ["0x4"]
    assert numbers(topics=[[anchored, ABSENT], None, ["0x" + ROOT_B.hex()]]) == ["0x5"]
    assert numbers(topics=[anchored, None, None, None, None]) == []
    block = ask(methods, "eth_getBlockByNumber", "0x4")["hash"]
    assert [one["logIndex"] for one in ask(methods, "eth_getLogs", {"blockHash": block})] == ["0x0"]


def test_too_many_logs_are_refused_not_cut(methods: Methods, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.node.methods.MAX_LOGS", 3)

    code, message = fault(methods, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x5"})
    assert (code, message) == (-32602, "more than 3 logs; ask for fewer blocks")


def test_a_fee_history_is_free_of_fees(methods: Methods) -> None:
    history = ask(methods, "eth_feeHistory", "0x2", "latest", [10, 50])

    assert history["oldestBlock"] == "0x4"
    assert history["baseFeePerGas"] == ["0x0", "0x0", "0x0"]
    assert len(history["gasUsedRatio"]) == 2
    assert history["reward"] == [["0x0", "0x0"], ["0x0", "0x0"]]
    assert "reward" not in ask(methods, "eth_feeHistory", 99, "latest")
    assert ask(methods, "eth_feeHistory", 99, "latest")["oldestBlock"] == "0x0"


def test_a_known_transaction_is_named_as_other_nodes_do(methods: Methods) -> None:
    transaction = {"nonce": 2, "to": NOBODY, "value": 0, "gas": 21_000, "chainId": CHAIN_ID, "gasPrice": 0}
    raw = WRITER.sign_transaction(transaction).raw_transaction.to_0x_hex()
    ask(methods, "eth_sendRawTransaction", raw)

    assert fault(methods, "eth_sendRawTransaction", raw) == (-32000, "already known")
    other = WRITER.sign_transaction({**transaction, "value": 1}).raw_transaction.to_0x_hex()
    assert fault(methods, "eth_sendRawTransaction", other)[1].startswith("nonce too low")
    assert fault(methods, "eth_sendRawTransaction", "0xc0")[0] == -32000


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_chainId", ["extra"]),
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x12"]),
        ("eth_getBalance", [7]),
        ("eth_getBalance", [NOBODY, "0x01"]),
        ("eth_getBalance", [NOBODY, "0x" + "f" * 65]),
        ("eth_getBalance", [NOBODY, "0x99"]),
        ("eth_getBalance", [NOBODY, {"blockHash": ABSENT}]),
        ("eth_getBalance", [NOBODY, {}]),
        ("eth_getBalance", [NOBODY, ["latest"]]),
        ("eth_getStorageAt", [NOBODY, "zero"]),
        ("eth_getProof", [NOBODY, "0x0"]),
        ("eth_getProof", [NOBODY, ["0x0"] * 1001]),
        ("eth_getProof", [NOBODY, ["zero"]]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getBlockByNumber", [None]),
        ("eth_getBlockByHash", ["0x12"]),
        ("eth_call", ["data"]),
        ("eth_call", [{"data": "0x1"}]),
        ("eth_call", [{"to": "0x12"}]),
        ("eth_call", [{"value": -1}]),
        ("eth_getLogs", ["all"]),
        ("eth_getLogs", [{"topics": "0x"}]),
        ("eth_getLogs", [{"topics": ["0x12"]}]),
        ("eth_getLogs", [{"address": [NOBODY] * (MAX_BATCH + 1)}]),
        ("eth_getLogs", [{"fromBlock": "first"}]),
        ("eth_getLogs", [{"blockHash": ABSENT}]),
        ("eth_feeHistory", ["many", "latest"]),
        ("eth_sendRawTransaction", ["raw"]),
        ("eth_sendRawTransaction", []),
    ],
)
def test_malformed_parameters_are_named_as_such(methods: Methods, method: str, params: list[Any]) -> None:
    assert fault(methods, method, *params)[0] == -32602


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (None, -32600),
        (5, -32600),
        ({"id": 1}, -32600),
        ({"id": 1, "method": 5}, -32600),
        ([], -32600),
        ([{}] * (MAX_BATCH + 1), -32600),
        ({"id": 1, "method": "eth_chainId", "params": {"a": 1}}, -32602),
    ],
)
def test_what_is_no_request_is_refused(methods: Methods, request_: Any, code: int) -> None:
    assert methods.answer(request_)["error"]["code"] == code


def test_a_batch_is_answered_in_order_without_its_notifications(methods: Methods) -> None:
    batch = [
        {"id": "a", "method": "eth_chainId"},
        {"method": "eth_chainId"},
        {"id": None, "method": "nothing"},
        "nonsense",
    ]

    answers = methods.answer(batch)

    assert [answer["id"] for answer in answers] == ["a", None, None]
    assert answers[0]["result"] == "0x7a69"
    assert methods.answer([{"method": "eth_chainId"}]) is None
    assert methods.answer({"method": "eth_chainId"}) is None


def test_a_transaction_costs_the_tip_it_offers_not_its_maximum(tmp_path: Path) -> None:
    node = Node(tmp_path / "rich.sqlite", chain_id=CHAIN_ID, funded=(bytes.fromhex(WRITER.address[2:]),), now=T0)
    methods = Methods(node, lambda: T0)
    fees = {"type": 2, "maxFeePerGas": 100, "maxPriorityFeePerGas": 7}
    transaction = {"nonce": 0, "to": NOBODY, "value": 0, "gas": 21_000, "chainId": CHAIN_ID, **fees}
    raw = WRITER.sign_transaction(transaction).raw_transaction.to_0x_hex()

    tx_hash = ask(methods, "eth_sendRawTransaction", raw)

    shown = ask(methods, "eth_getTransactionByHash", tx_hash)
    assert (shown["gasPrice"], shown["maxFeePerGas"], shown["maxPriorityFeePerGas"]) == ("0x7", "0x64", "0x7")
    assert ask(methods, "eth_getTransactionReceipt", tx_hash)["effectiveGasPrice"] == "0x7"
    assert ask(methods, "eth_getBalance", WRITER.address) == hex(10**27 - 7 * 21_000)
    node.close()


def test_a_proof_leads_from_the_header_to_account_and_slot(methods: Methods, registry: Registry) -> None:
    contract, slot = "0x" + registry.address.hex(), "0x" + entry_slot(STREAM, ROOT).hex()
    header = registry.node.head
    proof = ask(methods, "eth_getProof", contract, [slot, "0x9"])
    key = keccak(bytes.fromhex(contract[2:]))
    account = decoded(check_proof(header.state_root, key, data_of(proof["accountProof"])))
    assert [value.hex() for value in account[2:]] == [proof["storageHash"][2:], proof["codeHash"][2:]]
    assert proof["codeHash"] == "0x" + keccak(bytes.fromhex(ask(methods, "eth_getCode", contract)[2:])).hex()
    found, absent = proof["storageProof"]
    assert int(found["value"], 16) == int(ask(methods, "eth_getStorageAt", contract, slot), 16)
    word = check_proof(account[2], keccak(bytes.fromhex(slot[2:])), data_of(found["proof"]))
    assert hex(int.from_bytes(decoded(word))) == found["value"]
    assert (absent["key"], absent["value"]) == ("0x9", "0x0")
    assert check_proof(account[2], keccak((9).to_bytes(32)), data_of(absent["proof"])) == b""


def test_a_proof_of_nobody_says_that_nobody_is_there(methods: Methods) -> None:
    proof = ask(methods, "eth_getProof", ABSENT[:42], ["0x0"], "earliest")
    assert (proof["nonce"], proof["balance"]) == ("0x0", "0x0")
    assert proof["codeHash"] == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert proof["storageHash"] == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert proof["storageProof"] == [{"key": "0x0", "value": "0x0", "proof": []}]


def data_of(nodes: list[str]) -> list[bytes]:
    return [bytes.fromhex(node[2:]) for node in nodes]
