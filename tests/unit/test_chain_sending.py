"""What is signed and sent to a chain, member by member, and how its refusals are told apart."""

from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_utils.crypto import keccak

from ledger.backend import AnchorCall, Fees, TransactionReceipt
from ledger.chain import ANCHOR_GAS, Chain
from ledger.contract import load_artefact
from ledger.errors import ChainUnavailable, ContractRefused, TransactionKnown, TransactionRefused
from support.anchoring import ADMIN, SALT, STREAM, WRITER
from support.recorded_chain import (
    BLOCK,
    CONTRACT,
    HASH,
    RECEIPT,
    ROOT,
    WRITER_WORD,
    Asked,
    hexed,
    of,
    recording,
)
from support.refusals import refused

# Keccak-256 of the signatures in the contract's source, by another implementation (pycryptodome).
ANCHOR, OPEN_STREAM, SET_WRITER = "3d384a4b", "304f4058", "90507012"
CALL = AnchorCall(CONTRACT, STREAM, ROOT, 3, 5)
ANCHOR_DATA = f"{ANCHOR}{STREAM.hex()}{ROOT.hex()}{3:064x}{5:064x}"


def fields(raw: bytes) -> list[Any]:
    """The members of a signed EIP-1559 transaction, in the order of the standard, without its signature."""
    assert raw[0] == 2
    return list(rlp.decode(raw[1:]))[:9]


def sealed(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def test_a_batch_is_signed_for_the_chain_and_at_the_price_it_was_given() -> None:
    signed = Chain("http://127.0.0.1:1").sign_anchor(WRITER, CALL, chain_id=5, nonce=9, fees=Fees(207, 8))
    assert ANCHOR_GAS == 120_000
    assert fields(signed.raw) == [
        sealed(5),
        sealed(9),
        sealed(8),
        sealed(207),
        sealed(120_000),
        bytes.fromhex(CONTRACT[2:]),
        b"",
        bytes.fromhex(ANCHOR_DATA),
        [],
    ]


def test_the_hash_of_a_transaction_is_that_of_its_bytes() -> None:
    signed = Chain("http://127.0.0.1:1").sign_anchor(WRITER, CALL, chain_id=5, nonce=9, fees=Fees(207, 8))
    assert signed.tx_hash == keccak(signed.raw)  # EIP-2718
    assert Account.recover_transaction(signed.raw) == WRITER.address


def setting_up(**changes: Any) -> dict[str, Any]:
    """What a chain answers to a transaction of ours that is mined in block 7."""
    return {
        "eth_getBlockByNumber": BLOCK,
        "eth_maxPriorityFeePerGas": "0x7",
        "eth_estimateGas": "0xffff",
        "eth_chainId": "0x5",
        "eth_getTransactionCount": "0x9",
        "eth_sendRawTransaction": "0x" + "00" * 32,
        "eth_getTransactionReceipt": RECEIPT,
        **changes,
    }


def sent(asked: Asked) -> bytes:
    [raw] = [params[0] for method, params in asked if method == "eth_sendRawTransaction"]
    return bytes.fromhex(raw[2:])


def test_a_stream_is_opened_for_its_administrator() -> None:
    with recording(setting_up()) as (url, asked):
        receipt = Chain(url).open_stream(ADMIN, contract=CONTRACT.lower(), salt=SALT, admin=WRITER.address)
    raw = sent(asked)
    data = f"{OPEN_STREAM}{SALT.hex()}{WRITER_WORD}"
    assert receipt == TransactionReceipt(keccak(raw), 7, HASH, True, 21_000, None)  # noqa: FBT003
    assert Account.recover_transaction(raw) == ADMIN.address
    price = [sealed(7), sealed(2 * 3 + 7)]
    whole = [
        sealed(5),
        sealed(9),
        *price,
        sealed(0xFFFF),
        bytes.fromhex(CONTRACT[2:]),
        b"",
        bytes.fromhex(data),
        [],
    ]
    assert fields(raw) == whole
    asking = {method: params for method, params in asked if method != "eth_sendRawTransaction"}
    assert asking == {
        "eth_getBlockByNumber": ["latest", False],
        "eth_maxPriorityFeePerGas": [],
        "eth_estimateGas": [{"from": ADMIN.address, "data": f"0x{data}", "to": CONTRACT}, "latest"],
        "eth_chainId": [],
        "eth_getTransactionCount": [ADMIN.address, "latest"],
        "eth_getTransactionReceipt": [hexed(receipt.tx_hash)],
    }


def test_a_writer_is_named_with_the_end_of_its_term() -> None:
    with recording(setting_up()) as (url, asked):
        Chain(url).set_writer(ADMIN, contract=CONTRACT, stream=STREAM, writer=WRITER.address, valid_until=2**40)
    assert fields(sent(asked))[7].hex() == f"{SET_WRITER}{STREAM.hex()}{WRITER_WORD}{2**40:064x}"


def test_a_contract_is_deployed_to_nobody_and_its_code_is_checked() -> None:
    artefact = load_artefact()
    made = RECEIPT | {"contractAddress": CONTRACT.lower()}
    answers = setting_up(eth_getTransactionReceipt=made, eth_getCode=hexed(artefact.runtime))
    with recording(answers) as (url, asked):
        assert Chain(url).deploy(ADMIN) == CONTRACT
    assert fields(sent(asked))[5:8] == [b"", b"", artefact.bytecode]
    estimated = {"from": ADMIN.address, "data": hexed(artefact.bytecode)}
    assert ("eth_estimateGas", [estimated, "latest"]) in asked
    assert asked[-1] == ("eth_getCode", [CONTRACT, "latest"])


def test_a_transaction_is_waited_for_as_long_as_set_and_asked_for_at_its_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.chain.MINED_WITHIN_S", 0.15)
    monkeypatch.setattr("ledger.chain.POLL_S", 0.25)
    replies = iter([None, None, None, RECEIPT])
    with (
        recording(setting_up(eth_getTransactionReceipt=lambda: next(replies))) as (url, asked),
        pytest.raises(ChainUnavailable, match=r"not in the chain after 0\.15 seconds"),
    ):
        Chain(url).open_stream(ADMIN, contract=CONTRACT, salt=SALT, admin=WRITER.address)
    assert len(of(asked, "eth_getTransactionReceipt")) == 1


@pytest.mark.parametrize(
    "words_", ["already known", "ALREADY IMPORTED", "nonce too low: 4", "err: Replacement transaction underpriced"]
)
def test_a_transaction_that_is_there_is_told_from_one_that_is_refused(words_: str) -> None:
    error = {"code": -32000, "message": words_}
    with (
        recording({"eth_sendRawTransaction": {"error": error}}) as (url, asked),
        refused(TransactionKnown, f"the chain says: {{'code': -32000, 'message': '{words_}'}}"),
    ):
        Chain(url).send_raw(b"\x02\x03")
    assert asked == [("eth_sendRawTransaction", ["0x0203"])]


def test_a_transaction_that_is_not_taken_is_refused_in_the_chains_words() -> None:
    error = {"code": -32000, "message": "nonce too high"}
    with (
        recording({"eth_sendRawTransaction": {"error": error}}) as (url, _),
        refused(TransactionRefused, "the chain says: {'code': -32000, 'message': 'nonce too high'}"),
    ):
        Chain(url).send_raw(b"\x02")


def reverted(**data: Any) -> dict[str, Any]:
    return {"error": {"code": 3, "message": "execution reverted", **data}}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        # Selectors by pycryptodome's Keccak-256 of the errors' signatures.
        (f"0xb2d731ae{7:064x}", "AnchorRegistryWrongSeq"),
        ("0x6712c4c8", "AnchorRegistryEmptyBatch"),
        ("0x9F75A27C" + "00" * 32, "AnchorRegistryStreamExists"),
        ("0x12345678", "unknown"),
        ("Reverted 0x" + "00" * 8, "unknown"),
        ("0x", "unknown"),
    ],
)
def test_a_contract_refuses_by_the_name_of_its_error(data: str, reason: str) -> None:
    check_refused(reverted(data=data), reason)


@pytest.mark.parametrize("answer", [reverted(), reverted(data=None), reverted(data={"message": "no"})])
def test_a_contract_that_gives_no_data_refuses_all_the_same(answer: dict[str, Any]) -> None:
    check_refused(answer, "unknown")


def check_refused(answer: dict[str, Any], reason: str) -> None:
    """Check what becomes of an answer to a call that tries, one that reads, and one that estimates."""
    answers = {"eth_call": answer, "eth_estimateGas": answer}
    with recording(setting_up() | answers) as (url, _):
        chain = Chain(url)
        for ask in (
            lambda: chain.try_anchor(CALL, WRITER.address),
            lambda: chain.anchored(CONTRACT, STREAM, ROOT),
            lambda: chain.open_stream(ADMIN, contract=CONTRACT, salt=SALT, admin=ADMIN.address),
        ):
            with refused(ContractRefused, f"the contract refuses: {reason}", reason=reason):
                ask()


def test_a_node_that_speaks_of_reverting_in_its_own_words_is_understood() -> None:
    error = {"code": -32015, "message": "VM execution error: REVERTED"}
    with (
        recording({"eth_call": {"error": error}}) as (url, _),
        refused(ContractRefused, "the contract refuses: unknown", reason="unknown"),
    ):
        Chain(url).try_anchor(CALL, WRITER.address)
