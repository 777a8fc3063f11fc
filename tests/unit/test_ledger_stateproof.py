"""States by mainnet's own header and by the embedded node's proofs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak

from ledger.abi import AnchorRecord
from ledger.errors import AnchorInvalid, LedgerError, Malformed, NotChecked, ProofMismatch
from ledger.rpc import HTTPRPC
from ledger.stateproof import Header, ProvenRecord, State, entry_slot, header_rlp, state_from_rpc
from ledger.verification.proven import ProvenStates
from support.anchoring import STREAM, running
from support.refusals import refused
from support.states import Proven, proven

MAINNET = json.loads((Path(__file__).parents[1] / "vectors/state/mainnet_21925176.json").read_text())
OTHER_HASH = "the header's fields do not give the block's hash"
NO_OBJECT = "the endpoint answered something that is not an object"
NO_LIST = "the endpoint answered something that is not a list"
ROOT, OTHER, NEVER = b"\xaa" * 32, b"\xbb" * 32, b"\xcc" * 32


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    return proven(tmp_path_factory.mktemp("state") / "chain.sqlite", {ROOT: 5, OTHER: 7})


def test_mainnets_header_has_mainnets_hash() -> None:
    header = Header.from_rlp(header_rlp(MAINNET["block"]))
    assert header.hash.hex() == "92dabfa3f61ff1c349d12f5fd0dd4c99760a0a41b77dee8f0a80f83efdcb307a"
    assert (header.number, header.time) == (21_925_176, 1_740_508_595)
    assert header.state_root.hex() == "7b3d5a01f69b7d2ea7479fd7ae35f4bac2700ab6d6d7b4807a7fedf53ced710e"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gasUsed": "0x1"}, OTHER_HASH),
        ({"stateRoot": None}, OTHER_HASH),
        ({"number": "x"}, """not a block: ValueError("invalid literal for int() with base 16: 'x'")"""),
        ({"hash": 1}, """not a block: AttributeError("'int' object has no attribute 'removeprefix'")"""),
        ({"miner": 7}, """not a block: AttributeError("'int' object has no attribute 'removeprefix'")"""),
    ],
)
def test_a_block_whose_fields_do_not_give_its_hash_is_malformed(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, sentence):
        header_rlp({**MAINNET["block"], **change})


def test_a_block_with_half_a_byte_or_without_a_hash_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^not a block: ValueError\("):
        header_rlp({**MAINNET["block"], "extraData": "0x5"})
    block = {name: value for name, value in MAINNET["block"].items() if name != "hash"}
    with refused(Malformed, "not a block: KeyError('hash')"):
        header_rlp(block)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (b"text", "not a block header"),
        ([b""] * 14, "not a block header"),
        ([[b""], *([b""] * 15)], "not a block header"),
        ([b""] * 15, "a block header without a state root"),
        ([*([b""] * 3), b"\x01" * 31, *([b""] * 11)], "a block header without a state root"),
    ],
)
def test_what_is_no_header_is_malformed(fields: Any, sentence: str) -> None:
    with refused(Malformed, sentence):
        Header.from_rlp(rlp.encode(fields))


def test_a_header_of_fifteen_fields_is_read() -> None:
    fields = [bytes([at]) * 32 for at in range(15)]
    data = rlp.encode(fields)
    number = int("08" * 32, 16)
    assert Header.from_rlp(data) == Header(keccak(data), b"\x03" * 32, number, int("0b" * 32, 16))


def test_a_record_lies_where_solidity_says() -> None:
    inner = keccak(STREAM + (2).to_bytes(32))
    assert entry_slot(STREAM, ROOT) == keccak(ROOT + inner)


def test_what_the_contract_recorded_is_proven_from_the_blocks_hash(here: Proven) -> None:
    found = [here.state.record(one) for one in here.state.records]
    first, second = here.anchors
    assert found == [
        AnchorRecord(0, int(first.block_time.timestamp()), first.block_number, 5),
        AnchorRecord(1, int(second.block_time.timestamp()), second.block_number, 7),
    ]
    assert Header.from_rlp(here.state.header).hash == second.block_hash
    assert Header.from_rlp(here.state.records[0].block).hash == first.block_hash


def test_a_state_reads_as_it_was_written(here: Proven) -> None:
    assert State.from_json(here.state.to_json()) == here.state


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "tallystick-state/2"}, "not a tallystick-state/1"),
        ({"records": {}}, "not a tallystick-state/1"),
        ({"more": []}, "not an object of state, contract, header, code, account, records"),
        ({"account": ["1x60"]}, "not hexadecimal behind 0x"),
        ({"account": ["0x"] * 66}, "not a list of at most 65 trie nodes"),
        ({"account": "0x"}, "not a list of at most 65 trie nodes"),
        ({"code": "0x6"}, "not whole bytes in hexadecimal"),
        ({"code": "0xAA"}, "not 1 bytes in lower-case hexadecimal"),
        ({"header": 7}, "not whole bytes in hexadecimal"),
        ({"contract": "0x" + "00" * 32}, "not 20 bytes in lower-case hexadecimal"),
        ({"records": [{}]}, "not an object of stream, root, proof, block"),
    ],
)
def test_a_state_of_another_shape_is_malformed(here: Proven, change: dict[str, Any], sentence: str) -> None:
    value = json.loads(here.state.to_json()) | change
    with refused(Malformed, sentence):
        State.from_json(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stream": "0x00"}, "not 32 bytes in lower-case hexadecimal"),
        ({"root": "0x" + "00" * 32}, "not 32 bytes in lower-case hexadecimal"),
        ({"proof": [5]}, "not whole bytes in hexadecimal"),
        ({"block": None}, "not whole bytes in hexadecimal"),
    ],
)
def test_a_record_of_another_shape_is_malformed(here: Proven, change: dict[str, Any], sentence: str) -> None:
    value = json.loads(here.state.to_json())
    value["records"][0] |= change
    with refused(Malformed, sentence):
        State.from_json(json.dumps(value).encode())


def test_a_state_is_written_member_by_member_on_one_line() -> None:
    record = ProvenRecord(b"\x01" * 32, b"\x02" * 32, (b"\x03", b""), b"\x04")
    state = State(b"\x05" * 20, b"\x06", b"\x07", (b"\x08",) * 65, (record,))
    assert state.to_json().decode() == (
        '{"state":"tallystick-state/1","contract":"0x' + "05" * 20 + '","header":"0x06","code":"0x07",'
        '"account":[' + ",".join(['"0x08"'] * 65) + '],"records":[{"stream":"0x' + "01" * 32 + '",'
        '"root":"' + "02" * 32 + '","proof":["0x03","0x"],"block":"0x04"}]}'
    )
    assert State.from_json(state.to_json()) == state
    assert state.find(b"\x01" * 32, b"\x02" * 32) is record
    assert state.find(b"\x02" * 32, b"\x01" * 32) is None


def test_another_code_or_account_proves_nothing(here: Proven) -> None:
    record = here.state.records[0]
    with refused(Malformed, "no account with this code at the contract's address"):
        replace(here.state, code=b"\x60").record(record)
    with pytest.raises(ProofMismatch):
        replace(here.state, account=here.state.account[:-1]).record(record)
    with pytest.raises(ProofMismatch):
        here.state.record(replace(record, root=NEVER))
    with pytest.raises(ProofMismatch):
        replace(here.state, contract=bytes(20)).record(record)


def test_an_account_that_is_not_there_proves_nothing() -> None:
    header = list(rlp.decode(header_rlp(MAINNET["block"])))
    header[3] = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
    state = State(bytes(20), rlp.encode(header), b"", (), ())
    with refused(Malformed, "no account with this code at the contract's address"):
        state.storage_root()


def state_with(word: bytes | None) -> State:
    """A state of one contract whose storage holds one record and nothing else, or nothing at all."""
    code, key = b"\x60", keccak(entry_slot(STREAM, ROOT))
    leaf = b"\x80" if word is None else rlp.encode([b"\x20" + key, rlp.encode(word)])
    account = rlp.encode([b"\x01", b"", keccak(leaf), keccak(code)])
    top = rlp.encode([b"\x20" + keccak(bytes(20)), account])
    header = list(rlp.decode(header_rlp(MAINNET["block"])))
    header[3] = keccak(top)
    proof = [] if word is None else ["0x" + leaf.hex()]
    record = {"stream": "0x" + STREAM.hex(), "root": ROOT.hex(), "proof": proof, "block": "0x"}
    value = {"state": "tallystick-state/1", "contract": "0x" + bytes(20).hex(), "code": "0x60"}
    value |= {"header": "0x" + rlp.encode(header).hex(), "account": ["0x" + top.hex()], "records": [record]}
    return State.from_json(json.dumps(value).encode())


def test_a_record_of_more_than_a_word_is_malformed() -> None:
    state = state_with(b"\x01" * 33)
    with refused(Malformed, "a record is one word"):
        state.record(state.records[0])


def test_a_record_of_a_whole_word_is_four_numbers_from_its_end() -> None:
    state = state_with(b"\x04" * 8 + b"\x03" * 8 + b"\x02" * 8 + b"\x01" * 8)
    assert state.record(state.records[0]) == AnchorRecord(
        0x0101010101010101, 0x0202020202020202, 0x0303030303030303, 0x0404040404040404
    )


def test_a_root_that_was_never_recorded_is_all_zero() -> None:
    state = state_with(None)
    assert state.record(state.records[0]) == AnchorRecord(0, 0, 0, 0)


def test_a_state_of_more_than_a_document_is_read() -> None:
    state = State(b"\x05" * 20, b"\x06", b"\x07" * (1 << 19), (), ())
    assert State.from_json(state.to_json()) == state


# asking an endpoint


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("empty") / "chain.sqlite") as address:
        yield address


def test_an_endpoint_without_the_contract_gives_no_state(url: str) -> None:
    with refused(Malformed, "no account with this code at the contract's address"):
        state_from_rpc(HTTPRPC(url).call, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")


def test_an_endpoint_is_asked_for_blocks_without_their_transactions_and_all_else_at_one_block(url: str) -> None:
    asked: list[tuple[str, list[Any]]] = []

    def ask(method: str, params: list[Any]) -> Any:
        asked.append((method, params))
        return HTTPRPC(url).call(method, params)

    with pytest.raises(Malformed):
        state_from_rpc(ask, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")
    address = "0x" + "00" * 20
    assert asked == [
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getProof", [address, ["0x" + entry_slot(STREAM, ROOT).hex()], "0x0"]),
        ("eth_getCode", [address, "0x0"]),
        ("eth_getBlockByNumber", ["0x0", False]),
    ]


@pytest.mark.parametrize(
    ("method", "answer", "sentence"),
    [
        ("eth_getBlockByNumber", None, NO_OBJECT),
        ("eth_getProof", [], NO_OBJECT),
        ("eth_getProof", {"storageProof": {}}, NO_LIST),
        ("eth_getProof", {"storageProof": []}, "the endpoint proves other slots than asked"),
        ("eth_getProof", {"storageProof": [7]}, NO_OBJECT),
        ("eth_getProof", {"storageProof": [{"proof": 7}]}, NO_LIST),
        ("eth_getProof", {"storageProof": [{"proof": ["0x"]}], "accountProof": 7}, NO_LIST),
    ],
)
def test_an_endpoint_that_answers_nonsense_gives_no_state(
    url: str, method: str, answer: Any, sentence: str
) -> None:
    real = HTTPRPC(url).call

    def ask(asked: str, params: list[Any]) -> Any:
        return answer if asked == method else real(asked, params)

    with refused(Malformed, sentence):
        state_from_rpc(ask, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")


def test_an_endpoint_with_a_number_for_code_gives_no_state(url: str) -> None:
    real = HTTPRPC(url).call

    def ask(asked: str, params: list[Any]) -> Any:
        return 7 if asked == "eth_getCode" else real(asked, params)

    with pytest.raises(LedgerError):
        state_from_rpc(ask, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")


# as a witness


def test_a_witness_speaks_only_at_a_block_the_verifier_knows(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    record = ProvenStates([here.state], known).record(here.trusted, ROOT)
    assert record.size == 5
    in_trust = replace(here.trusted, blocks=(known[0],))
    assert ProvenStates([here.state], []).record(in_trust, OTHER).size == 7
    for blocks, code, sentence in (
        ([], "no_block_hash", "no block's hash was given"),
        ([bytes(32)], "other_block", "the proof is for another block"),
    ):
        with refused(NotChecked, sentence, reason=code, block=5, hash="0x" + known[0].hex()):
            ProvenStates([here.state], blocks).record(here.trusted, ROOT)


def test_a_witness_without_a_proof_of_the_root_or_contract_says_so(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    elsewhere = replace(here.trusted, contract=bytes(20))
    for witness, target, root in (
        (ProvenStates([], known), here.trusted, ROOT),
        (ProvenStates([here.state], known), here.trusted, NEVER),
        (ProvenStates([here.state], known), elsewhere, ROOT),
    ):
        with refused(NotChecked, "no proof of this root is in the pack", reason="no_state", root=root.hex()):
            witness.record(target, root)


def test_a_witness_believes_no_other_contract(here: Proven) -> None:
    target = replace(here.trusted, code_hash=bytes(32))
    address = "0x" + target.contract.hex()
    with refused(NotChecked, "another contract", reason="wrong_contract", contract=address):
        ProvenStates([here.state], [here.anchors[1].block_hash]).record(target, ROOT)


def test_a_witness_that_contradicts_itself_fails(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    cut = replace(here.state, account=here.state.account[:-1])
    missing = "a node of the state proof is missing or another"
    with refused(AnchorInvalid, missing, reason="state_mismatch"):
        ProvenStates([cut], known).record(here.trusted, ROOT)
    broken = replace(here.state, records=(replace(here.state.records[0], block=b""),))
    with pytest.raises(AnchorInvalid, match=r"^not RLP: ") as refusal:
        ProvenStates([broken], known).check_block(here.trusted, here.anchors[0], ROOT)
    assert (refusal.value.reason, refusal.value.values) == ("state_mismatch", {})


def test_a_witness_compares_the_block_the_bundle_names(here: Proven) -> None:
    witness = ProvenStates([here.state], [here.anchors[1].block_hash])
    assert witness.check_block(here.trusted, here.anchors[0], ROOT) == {"provenAt": 5}
    anchor = here.anchors[0]
    later = anchor.block_time + timedelta(seconds=1)
    for other in (
        replace(anchor, block_hash=bytes(32)),
        replace(anchor, block_number=9),
        replace(anchor, block_time=later),
    ):
        number = other.block_number
        with refused(AnchorInvalid, "the block is another one", reason="block_differs", block=number):
            witness.check_block(here.trusted, other, ROOT)
