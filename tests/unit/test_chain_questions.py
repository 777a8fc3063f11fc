"""What a chain is asked, word by word, and what is made of its answers: recorded JSON-RPC, written by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.abi import AnchorRecord
from ledger.backend import (
    AnchorCall,
    Block,
    ChainIdentity,
    Fees,
    StreamState,
    TransactionReceipt,
    check_same_chain,
)
from ledger.chain import BadAddress, Chain
from ledger.contract import load_artefact, next_head
from ledger.errors import ChainUnavailable, ForeignChain, ForeignContract
from ledger.history import AnchorEvent
from support.anchoring import ADMIN, STREAM, WRITER, Hand, open_for_writer, running
from support.recorded_chain import (
    BLOCK,
    CONTRACT,
    HASH,
    RECEIPT,
    ROOT,
    ROOT_B,
    WRITER_WORD,
    hexed,
    of,
    recording,
    words,
)
from support.refusals import refused

# Keccak-256 of the signatures in the contract's source, by another implementation (pycryptodome).
ANCHOR, ANCHORED, STREAM_OF, WRITER_UNTIL = "3d384a4b", "800520ce", "9bc926b8", "619e490b"
NOBODY = "0x" + "00" * 20
ANCHORED_EVENT = "e10201e1af708efd3119cc1cd501de2eadd25d0d62eb2de0bd0a4d7256999cda"
CALL = AnchorCall(CONTRACT, STREAM, ROOT, 3, 5)
ANCHOR_DATA = f"{ANCHOR}{STREAM.hex()}{ROOT.hex()}{3:064x}{5:064x}"


def test_a_block_and_the_head_are_asked_for_by_number() -> None:
    with recording({"eth_getBlockByNumber": BLOCK, "eth_blockNumber": "0x9"}) as (url, asked):
        assert Chain(url).block(7) == Block(7, HASH, 100)
        assert Chain(url).head_number() == 9
    assert asked == [("eth_getBlockByNumber", ["0x7", False]), ("eth_blockNumber", [])]


def test_a_chain_is_known_by_its_number_and_its_first_block() -> None:
    with recording({"eth_chainId": "0x7a69", "eth_getBlockByNumber": BLOCK}) as (url, asked):
        chain = Chain(url)
        assert chain.identity() == ChainIdentity(31_337, HASH)
        chain.check_identity(ChainIdentity(31_337, HASH))
        sentence = (
            f"chain 31337 beginning with {'cd' * 32} answers, chain 31337 beginning with {'aa' * 32} is pinned"
        )
        with refused(ForeignChain, sentence, found=31_337, pinned=31_337):
            chain.check_identity(ChainIdentity(31_337, ROOT))
    assert asked == [("eth_chainId", []), ("eth_getBlockByNumber", ["0x0", False])] * 3


def test_another_number_is_another_chain() -> None:
    here, there = ChainIdentity(1, ROOT), ChainIdentity(2, ROOT)
    check_same_chain(here, ChainIdentity(1, ROOT))
    sentence = f"chain 1 beginning with {'aa' * 32} answers, chain 2 beginning with {'aa' * 32} is pinned"
    with refused(ForeignChain, sentence, found=1, pinned=2):
        check_same_chain(here, there)


def test_the_next_nonce_is_how_many_are_mined() -> None:
    with recording({"eth_getTransactionCount": "0x4"}) as (url, asked):
        assert Chain(url).next_nonce(WRITER.address.lower()) == 4
    assert asked == [("eth_getTransactionCount", [WRITER.address, "latest"])]


@pytest.mark.parametrize(
    ("head", "fees"), [(BLOCK, Fees(2 * 3 + 7, 7)), ({"number": "0x7"}, Fees(7, 7))], ids=["base fee", "none"]
)
def test_fees_are_twice_the_newest_base_fee_and_the_tip(head: dict[str, Any], fees: Fees) -> None:
    with recording({"eth_getBlockByNumber": head, "eth_maxPriorityFeePerGas": "0x7"}) as (url, asked):
        assert Chain(url).fees() == fees
    assert asked == [("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])]


def test_a_stream_is_asked_for_by_its_word() -> None:
    state = "0x" + "00" * 12 + ADMIN.address[2:].lower() + f"{2:064x}{9:064x}" + "ef" * 32
    with recording({"eth_call": state}) as (url, asked):
        found = Chain(url).stream_state(CONTRACT.lower(), STREAM)
    assert found == StreamState(ADMIN.address, 2, 9, b"\xef" * 32)
    assert of(asked, "eth_call") == [
        ("eth_call", [{"to": CONTRACT, "data": f"0x{STREAM_OF}{STREAM.hex()}"}, "latest"])
    ]


def test_a_writer_is_asked_for_by_stream_and_address() -> None:
    with recording({"eth_call": words(2**40)}) as (url, asked):
        assert Chain(url).writer_until(CONTRACT, STREAM, WRITER.address) == 2**40
    data = f"0x{WRITER_UNTIL}{STREAM.hex()}{WRITER_WORD}"
    assert of(asked, "eth_call") == [("eth_call", [{"to": CONTRACT, "data": data}, "latest"])]


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        (words(1, 2, 3, 4), AnchorRecord(1, 2, 3, 4)),
        (words(0, 2, 3, 4), AnchorRecord(0, 2, 3, 4)),
        (words(0, 0, 0, 0), None),
    ],
)
def test_a_root_is_asked_for_by_stream_and_root(answer: str, record: AnchorRecord | None) -> None:
    with recording({"eth_call": answer}) as (url, asked):
        assert Chain(url).anchored(CONTRACT, STREAM, ROOT) == record
    data = f"0x{ANCHORED}{STREAM.hex()}{ROOT.hex()}"
    assert of(asked, "eth_call") == [("eth_call", [{"to": CONTRACT, "data": data}, "latest"])]


def log(seq: int, root: bytes, size: int, previous: int) -> dict[str, Any]:
    return {
        "address": CONTRACT,
        "topics": [f"0x{ANCHORED_EVENT}", hexed(STREAM), hexed(root), words(seq)],
        "data": "0x" + f"{size:064x}" + "ef" * 32 + f"{previous:064x}",
        "blockNumber": "0x11",
        "blockHash": hexed(HASH),
        "transactionHash": "0x" + "1f" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }


def test_events_are_asked_for_in_a_range_of_blocks_and_read_whole() -> None:
    with recording({"eth_getLogs": [log(1, ROOT, 3, 4), log(2, ROOT_B, 9, 17)]}) as (url, asked):
        found = Chain(url).anchor_events(CONTRACT.lower(), STREAM, first=16, last=18)
    one = AnchorEvent(1, ROOT, 3, b"\xef" * 32, 4, 17, HASH, b"\x1f" * 32)
    assert found == (one, replace(one, seq=2, root=ROOT_B, size=9, prev_block=17))
    wanted = {
        "address": [CONTRACT],
        "fromBlock": "0x10",
        "toBlock": "0x12",
        "topics": [f"0x{ANCHORED_EVENT}", hexed(STREAM)],
    }
    assert asked == [("eth_getLogs", [wanted])]


def test_the_transaction_of_a_root_is_found_in_its_block() -> None:
    wanted = {
        "address": [CONTRACT],
        "fromBlock": "0x11",
        "toBlock": "0x11",
        "topics": [f"0x{ANCHORED_EVENT}", hexed(STREAM), hexed(ROOT)],
    }
    with recording({"eth_getLogs": [log(1, ROOT, 3, 4)]}) as (url, asked):
        found = Chain(url).anchor_transaction(CONTRACT, STREAM, ROOT, block_number=17)
    assert found == b"\x1f" * 32
    assert asked == [("eth_getLogs", [wanted])]
    with recording({"eth_getLogs": []}) as (url, _):
        assert Chain(url).anchor_transaction(CONTRACT, STREAM, ROOT, block_number=17) is None


def test_anchoring_is_tried_as_its_writer_would_send_it() -> None:
    with recording({"eth_call": words(5)}) as (url, asked):
        Chain(url).try_anchor(CALL, WRITER.address.lower())
    tried = {"from": WRITER.address, "to": CONTRACT, "data": f"0x{ANCHOR_DATA}"}
    assert of(asked, "eth_call") == [("eth_call", [tried, "latest"])]


def test_a_receipt_is_read_whole() -> None:
    made = RECEIPT | {"status": "0x0", "contractAddress": CONTRACT.lower()}
    with recording({"eth_getTransactionReceipt": RECEIPT}) as (url, asked):
        assert Chain(url).receipt(ROOT) == TransactionReceipt(ROOT, 7, HASH, True, 21_000, None)  # noqa: FBT003
    assert asked == [("eth_getTransactionReceipt", [hexed(ROOT)])]
    with recording({"eth_getTransactionReceipt": made}) as (url, _):
        assert Chain(url).receipt(ROOT) == TransactionReceipt(ROOT, 7, HASH, False, 21_000, CONTRACT)  # noqa: FBT003
    with recording({"eth_getTransactionReceipt": None}) as (url, _):
        assert Chain(url).receipt(ROOT) is None


@pytest.mark.parametrize(
    ("code", "found"),
    [("0x", "no code"), ("0x00", "1 bytes of other code"), ("0x" + "60" * 33, "33 bytes of other code")],
)
def test_other_code_is_told_by_its_length(code: str, found: str) -> None:
    with recording({"eth_getCode": code}) as (url, asked):
        assert Chain(url).deployed_by(ADMIN) is None
        with refused(ForeignContract, f"{found} at {NOBODY}", contract=NOBODY):
            Chain(url).check_contract(NOBODY)
    # Yellow Paper section 7: the last 20 bytes of Keccak-256 over the RLP of sender and nonce 0.
    first = keccak(rlp.encode([bytes.fromhex(ADMIN.address[2:]), b""]))[-20:]
    assert [params[0].lower() for _, params in asked] == [hexed(first), NOBODY]


def test_what_was_deployed_first_is_found_where_the_address_rule_puts_it() -> None:
    first = to_checksum_address(keccak(rlp.encode([bytes.fromhex(ADMIN.address[2:]), b""]))[-20:])
    with recording({"eth_getCode": hexed(load_artefact().runtime)}) as (url, _):
        assert Chain(url).deployed_by(ADMIN) == first


def test_events_are_read_from_a_real_chain_too(tmp_path: Path) -> None:
    with running(tmp_path / "chain.sqlite", hand=Hand()) as url:
        chain = Chain(url)
        contract = open_for_writer(chain)
        for seq, root in enumerate((ROOT, ROOT_B)):
            call = AnchorCall(contract, STREAM, root, 3, seq)
            chain.send_raw(chain.sign_anchor(WRITER, call, chain_id=31_337, nonce=seq, fees=Fees(0, 0)).raw)
        first, second = chain.anchor_events(contract, STREAM, first=0, last=9)
        assert chain.anchor_events(contract, STREAM, first=5, last=5) == (second,)
        assert chain.anchor_events(contract, STREAM, first=6, last=9) == ()
        assert chain.anchor_events(contract, ROOT, first=0, last=9) == ()
        assert chain.block(5).block_hash == second.block_hash
    head = next_head(bytes(32), root=ROOT, size=3, seq=0)
    assert (first.seq, first.root, first.size, first.head, first.prev_block, first.block_number) == (
        0,
        ROOT,
        3,
        head,
        0,
        4,
    )
    assert (second.seq, second.prev_block, second.block_number) == (1, 4, 5)


def test_a_block_that_is_not_there_is_said_to_be() -> None:
    with (
        recording({"eth_getBlockByNumber": None}) as (url, _),
        refused(ChainUnavailable, "the chain does not have the block"),
    ):
        Chain(url).block(99)


def test_an_answer_that_comes_too_late_is_none() -> None:
    with recording({"eth_blockNumber": "0x1"}, late=0.5) as (url, _):
        assert Chain(url).head_number() == 1
        with pytest.raises(ChainUnavailable, match="Read timed out"):
            Chain(url, timeout_s=0.05).head_number()


def test_a_question_is_asked_once_and_no_more() -> None:
    with recording({"eth_blockNumber": "0x1"}, status=503) as (url, asked), pytest.raises(ChainUnavailable):
        Chain(url).head_number()
    assert asked == [("eth_blockNumber", [])]


@pytest.mark.parametrize("address", ["", "0x" + "1" * 79])
def test_a_wrong_address_is_told_up_to_eighty_characters(address: str) -> None:
    told = address[:80]
    with refused(BadAddress, f"no address: {told!r}", address=told):
        Chain("http://127.0.0.1:1").next_nonce(address)


def test_a_chain_of_another_contract_asks_for_its_code() -> None:
    other = replace(load_artefact(), runtime=b"\x00")
    with recording({"eth_getCode": "0x00"}) as (url, _):
        Chain(url, artefact=other).check_contract(CONTRACT)


def test_a_node_that_is_busy_is_unavailable_in_its_own_words() -> None:
    error = {"code": -32005, "message": "busy"}
    with recording({"eth_blockNumber": {"error": error}}) as (url, _), pytest.raises(ChainUnavailable) as caught:
        Chain(url).head_number()
    assert caught.value.message.startswith("no usable answer from the chain: {'code': -32005, 'message': 'busy'}")
    assert caught.value.values == {}
