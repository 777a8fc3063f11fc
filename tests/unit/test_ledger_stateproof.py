"""States by mainnet's own header and by the embedded node's proofs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak

from ledger.abi import AnchorRecord
from ledger.errors import AnchorInvalid, LedgerError, Malformed, NotChecked, ProofMismatch
from ledger.rpc import HTTPRPC
from ledger.stateproof import Header, State, entry_slot, header_rlp, state_from_rpc
from ledger.verification.proven import ProvenStates
from support.anchoring import STREAM, running
from support.states import Proven, proven

MAINNET = json.loads((Path(__file__).parents[1] / "vectors/state/mainnet_21925176.json").read_text())
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
    "change",
    [{"gasUsed": "0x1"}, {"stateRoot": None}, {"number": "x"}, {"hash": 1}, {"extraData": "0x5"}, {"miner": 7}],
)
def test_a_block_whose_fields_do_not_give_its_hash_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        header_rlp({**MAINNET["block"], **change})


def test_a_block_without_a_hash_is_malformed() -> None:
    block = {name: value for name, value in MAINNET["block"].items() if name != "hash"}
    with pytest.raises(Malformed):
        header_rlp(block)


@pytest.mark.parametrize("fields", [b"text", [b""] * 14, [b""] * 15, [[b""], *([b""] * 15)]])
def test_what_is_no_header_is_malformed(fields: Any) -> None:
    with pytest.raises(Malformed):
        Header.from_rlp(rlp.encode(fields))


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
    ("old", "new"),
    [
        ("tallystick-state/1", "tallystick-state/2"),
        ('"records":[', '"records":0,"more":['),
        ('"account":["0x', '"account":["1x'),
        ('"account":[', '"account":[' + '"0x",' * 66),
        ('"code":"0x6', '"code":"0x'),
        ('"header":"0x', '"header":7,"h":"0x'),
        ('"proof":["0x', '"proof":[5,"0x'),
    ],
)
def test_a_state_of_another_shape_is_malformed(here: Proven, old: str, new: str) -> None:
    text = here.state.to_json().decode()
    assert old in text
    with pytest.raises(Malformed):
        State.from_json(text.replace(old, new, 1).encode())


def test_records_that_are_no_list_are_malformed(here: Proven) -> None:
    value = json.loads(here.state.to_json()) | {"records": {}}
    with pytest.raises(Malformed):
        State.from_json(json.dumps(value).encode())


def test_another_code_or_account_proves_nothing(here: Proven) -> None:
    record = here.state.records[0]
    with pytest.raises(Malformed):
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
    with pytest.raises(Malformed, match="no account"):
        state.storage_root()


def test_a_record_of_more_than_a_word_is_malformed() -> None:
    code, key = b"\x60", keccak(entry_slot(STREAM, ROOT))
    leaf = rlp.encode([b"\x20" + key, rlp.encode(b"\x01" * 33)])
    account = rlp.encode([b"\x01", b"", keccak(leaf), keccak(code)])
    top = rlp.encode([b"\x20" + keccak(bytes(20)), account])
    header = list(rlp.decode(header_rlp(MAINNET["block"])))
    header[3] = keccak(top)
    record = {"stream": "0x" + STREAM.hex(), "root": ROOT.hex(), "proof": ["0x" + leaf.hex()], "block": "0x"}
    value = {"state": "tallystick-state/1", "contract": "0x" + bytes(20).hex(), "code": "0x60"}
    value |= {"header": "0x" + rlp.encode(header).hex(), "account": ["0x" + top.hex()], "records": [record]}
    state = State.from_json(json.dumps(value).encode())
    with pytest.raises(Malformed, match="one word"):
        state.record(state.records[0])


# asking an endpoint


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("empty") / "chain.sqlite") as address:
        yield address


def test_an_endpoint_without_the_contract_gives_no_state(url: str) -> None:
    with pytest.raises(Malformed, match="no account"):
        state_from_rpc(HTTPRPC(url).call, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_getBlockByNumber", None),
        ("eth_getProof", []),
        ("eth_getProof", {"storageProof": {}}),
        ("eth_getProof", {"storageProof": []}),
        ("eth_getProof", {"storageProof": [7]}),
        ("eth_getProof", {"storageProof": [{"proof": 7}]}),
        ("eth_getProof", {"storageProof": [{"proof": ["0x"]}], "accountProof": 7}),
        ("eth_getCode", 7),
    ],
)
def test_an_endpoint_that_answers_nonsense_gives_no_state(url: str, method: str, answer: Any) -> None:
    real = HTTPRPC(url).call

    def ask(asked: str, params: list[Any]) -> Any:
        return answer if asked == method else real(asked, params)

    with pytest.raises(LedgerError):
        state_from_rpc(ask, contract=bytes(20), wanted={(STREAM, ROOT): 0}, at="latest")


# as a witness


def test_a_witness_speaks_only_at_a_block_the_verifier_knows(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    record = ProvenStates([here.state], known).record(here.trusted, ROOT)
    assert record.size == 5
    in_trust = replace(here.trusted, blocks=(known[0],))
    assert ProvenStates([here.state], []).record(in_trust, OTHER).size == 7
    for blocks, code in (([], "no_block_hash"), ([bytes(32)], "other_block")):
        with pytest.raises(NotChecked) as gap:
            ProvenStates([here.state], blocks).record(here.trusted, ROOT)
        assert gap.value.reason == code
        assert gap.value.values == {"block": 5, "hash": "0x" + known[0].hex()}


def test_a_witness_without_a_proof_of_the_root_or_contract_says_so(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    elsewhere = replace(here.trusted, contract=bytes(20))
    for witness, target, root in (
        (ProvenStates([], known), here.trusted, ROOT),
        (ProvenStates([here.state], known), here.trusted, NEVER),
        (ProvenStates([here.state], known), elsewhere, ROOT),
    ):
        with pytest.raises(NotChecked) as gap:
            witness.record(target, root)
        assert gap.value.reason == "no_state"


def test_a_witness_believes_no_other_contract(here: Proven) -> None:
    target = replace(here.trusted, code_hash=bytes(32))
    with pytest.raises(NotChecked) as gap:
        ProvenStates([here.state], [here.anchors[1].block_hash]).record(target, ROOT)
    assert gap.value.reason == "wrong_contract"


def test_a_witness_that_contradicts_itself_fails(here: Proven) -> None:
    known = [here.anchors[1].block_hash]
    cut = replace(here.state, account=here.state.account[:-1])
    with pytest.raises(AnchorInvalid) as refusal:
        ProvenStates([cut], known).record(here.trusted, ROOT)
    assert refusal.value.reason == "state_mismatch"
    broken = replace(here.state, records=(replace(here.state.records[0], block=b""),))
    with pytest.raises(AnchorInvalid) as refusal:
        ProvenStates([broken], known).check_block(here.trusted, here.anchors[0], ROOT)
    assert refusal.value.reason == "state_mismatch"


def test_a_witness_compares_the_block_the_bundle_names(here: Proven) -> None:
    witness = ProvenStates([here.state], [here.anchors[1].block_hash])
    assert witness.check_block(here.trusted, here.anchors[0], ROOT) == {"provenAt": 5}
    for change in ({"block_hash": bytes(32)}, {"block_number": 9}):
        with pytest.raises(AnchorInvalid) as refusal:
            witness.check_block(here.trusted, replace(here.anchors[0], **change), ROOT)  # type: ignore[arg-type]
        assert refusal.value.reason == "block_differs"
