import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger.abi import AnchorRecord
from ledger.backend import AnchorCall, Block, Fees, StreamState
from ledger.chain import BadAddress, Chain
from ledger.contract import load_artefact, next_head
from ledger.errors import (
    ChainUnavailable,
    ContractRefused,
    ForeignChain,
    ForeignContract,
    TransactionKnown,
    TransactionRefused,
)
from support.anchoring import (
    ADMIN,
    FOREVER,
    SALT,
    STRANGER,
    STREAM,
    T0,
    WRITER,
    Hand,
    open_for_writer,
    running,
)

ROOT = b"\xaa" * 32
NOBODY = "0x" + "00" * 20
FREE = Fees(0, 0)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    with running(tmp_path / "chain.sqlite") as url:
        yield Chain(url)


@pytest.fixture
def contract(chain: Chain) -> str:
    return open_for_writer(chain)


def signed(chain: Chain, contract: str, **changes: Any) -> Any:
    wanted = {"chain_id": 31_337, "nonce": 0, "fees": FREE, **changes}
    return chain.sign_anchor(WRITER, AnchorCall(contract, STREAM, ROOT, 3, 0), **wanted)


def test_two_chains_with_one_number_are_told_apart(tmp_path: Path, chain: Chain) -> None:
    with running(tmp_path / "other.sqlite", hand=Hand(T0 + 1)) as url:
        other = Chain(url).identity()

    assert chain.identity().chain_id == other.chain_id == 31_337
    chain.check_identity(chain.identity())
    with pytest.raises(ForeignChain, match="is pinned"):
        chain.check_identity(other)


def test_only_our_code_is_our_contract(chain: Chain, contract: str) -> None:
    chain.check_contract(contract)
    chain.check_contract(contract.lower())

    with pytest.raises(ForeignContract, match="no code at"):
        chain.check_contract(WRITER.address)
    with pytest.raises(ForeignContract, match="bytes of other code"):
        Chain(chain._web3.provider.endpoint_uri, artefact=_other_artefact()).check_contract(contract)  # type: ignore[attr-defined]


def _other_artefact() -> Any:
    from dataclasses import replace  # noqa: PLC0415 - only here

    return replace(load_artefact(), runtime=b"\x00")


def test_a_stream_and_its_writer_are_read_back(chain: Chain, contract: str) -> None:
    assert chain.stream_state(contract, STREAM) == StreamState(ADMIN.address, 0, 0, bytes(32))
    assert chain.stream_state(contract, ROOT) == StreamState(NOBODY, 0, 0, bytes(32))
    assert chain.writer_until(contract, STREAM, WRITER.address) == FOREVER
    assert chain.writer_until(contract, STREAM, STRANGER.address) == 0


def test_a_batch_is_signed_sent_and_found(chain: Chain, contract: str) -> None:
    transaction = signed(chain, contract)
    assert chain.receipt(transaction.tx_hash) is None
    assert chain.anchored(contract, STREAM, ROOT) is None

    chain.send_raw(transaction.raw)

    receipt = chain.receipt(transaction.tx_hash)
    assert receipt is not None
    assert (receipt.block_number, receipt.succeeded, receipt.contract) == (4, True, None)
    assert 60_000 < receipt.gas_used < 90_000
    assert chain.anchored(contract, STREAM, ROOT) == AnchorRecord(0, T0 + 4, 4, 3)
    assert chain.anchor_transaction(contract, STREAM, ROOT, block_number=4) == transaction.tx_hash
    assert chain.anchor_transaction(contract, STREAM, ROOT, block_number=3) is None
    assert chain.block(4) == Block(4, receipt.block_hash, T0 + 4)
    assert chain.head_number() == 4
    assert chain.next_nonce(WRITER.address) == 1
    head = next_head(bytes(32), root=ROOT, size=3, seq=0)
    assert chain.stream_state(contract, STREAM) == StreamState(ADMIN.address, 1, 4, head)


def test_signing_again_gives_the_same_bytes(chain: Chain, contract: str) -> None:
    assert signed(chain, contract) == signed(chain, contract)
    assert signed(chain, contract) != signed(chain, contract, nonce=1)


def test_sending_again_is_told_from_being_refused(chain: Chain, contract: str) -> None:
    transaction = signed(chain, contract)
    chain.send_raw(transaction.raw)

    with pytest.raises(TransactionKnown, match="already known"):
        chain.send_raw(transaction.raw)
    with pytest.raises(TransactionKnown, match="nonce too low"):
        chain.send_raw(signed(chain, contract, fees=Fees(1, 0)).raw)
    with pytest.raises(TransactionRefused, match="this is chain 31337"):
        chain.send_raw(signed(chain, contract, nonce=1, chain_id=1).raw)


def test_a_refusal_is_known_by_the_contracts_name_for_it(chain: Chain, contract: str) -> None:
    call = AnchorCall(contract, STREAM, ROOT, 3, 7)
    with pytest.raises(ContractRefused, match="AnchorRegistryWrongSeq") as caught:
        chain.try_anchor(call, WRITER.address)
    assert caught.value.values == {"reason": "AnchorRegistryWrongSeq"}
    with pytest.raises(ContractRefused, match="AnchorRegistryNotWriter"):
        chain.try_anchor(call, STRANGER.address)
    with pytest.raises(ContractRefused, match="AnchorRegistryStreamExists"):
        chain.open_stream(ADMIN, contract=contract, salt=SALT, admin=ADMIN.address)
    with pytest.raises(ContractRefused, match="AnchorRegistryNotAdmin"):
        chain.set_writer(STRANGER, contract=contract, stream=STREAM, writer=STRANGER.address, valid_until=1)
    chain.try_anchor(AnchorCall(contract, STREAM, ROOT, 3, 0), WRITER.address)


def test_fees_leave_room_for_a_rising_base_fee(chain: Chain) -> None:
    assert chain.fees() == FREE
    head = {"number": "0x1", "hash": "0x" + "11" * 32, "timestamp": "0x5", "baseFeePerGas": "0x64"}
    answers = {"eth_getBlockByNumber": head, "eth_maxPriorityFeePerGas": "0x7"}
    with answering(lambda request: {"result": answers[request["method"]]}) as url:
        assert Chain(url).fees() == Fees(207, 7)


@contextmanager
def answering(answer: Callable[[Any], Any], status: int = 200) -> Iterator[str]:
    """An endpoint that answers what it is told to; bytes are sent as they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = answer(request)
            if isinstance(reply, dict):
                reply = json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


QUESTIONS: dict[str, Callable[[Chain], Any]] = {
    "identity": lambda chain: chain.identity(),
    "head_number": lambda chain: chain.head_number(),
    "block": lambda chain: chain.block(0),
    "next_nonce": lambda chain: chain.next_nonce(WRITER.address),
    "fees": lambda chain: chain.fees(),
    "check_contract": lambda chain: chain.check_contract(NOBODY),
    "stream_state": lambda chain: chain.stream_state(NOBODY, STREAM),
    "anchored": lambda chain: chain.anchored(NOBODY, STREAM, ROOT),
    "writer_until": lambda chain: chain.writer_until(NOBODY, STREAM, NOBODY),
    "anchor_transaction": lambda chain: chain.anchor_transaction(NOBODY, STREAM, ROOT, block_number=1),
    "try_anchor": lambda chain: chain.try_anchor(AnchorCall(NOBODY, STREAM, ROOT, 1, 0), NOBODY),
    "send_raw": lambda chain: chain.send_raw(b"\x02"),
    "receipt": lambda chain: chain.receipt(ROOT),
    "deploy": lambda chain: chain.deploy(ADMIN),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_chain_that_is_off_is_unavailable(name: str) -> None:
    with answering(lambda _: b"") as url:
        pass

    with pytest.raises(ChainUnavailable):
        QUESTIONS[name](Chain(url, timeout_s=2))


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(
    "reply",
    [b"<html>gateway</html>", b"", {"result": {"odd": "shape"}}, {"error": {"code": -32603, "message": "busy"}}],
    ids=["html", "empty", "other shape", "error"],
)
def test_an_answer_that_is_none_is_unavailable(name: str, reply: Any) -> None:
    with answering(lambda _: reply) as url, pytest.raises((ChainUnavailable, TransactionRefused)):
        QUESTIONS[name](Chain(url, timeout_s=2))


def test_a_server_fault_is_unavailable() -> None:
    with answering(lambda _: b"down", status=503) as url, pytest.raises(ChainUnavailable):
        Chain(url).head_number()


def test_words_that_are_too_short_are_no_answer() -> None:
    with answering(lambda _: {"result": "0x00"}) as url:
        with pytest.raises(ChainUnavailable):
            Chain(url).anchored(NOBODY, STREAM, ROOT)
        with pytest.raises(ChainUnavailable):
            Chain(url).stream_state(NOBODY, STREAM)


def test_a_block_that_is_not_there_is_unavailable(chain: Chain) -> None:
    with pytest.raises(ChainUnavailable, match="does not have the block"):
        chain.block(99)


@pytest.mark.parametrize("more", [{}, {"data": "0x"}, {"data": "0x12345678"}])
def test_a_refusal_without_a_name_is_still_a_refusal(more: dict[str, str]) -> None:
    error = {"code": 3, "message": "execution reverted", **more}
    with answering(lambda _: {"error": error}) as url, pytest.raises(ContractRefused, match="unknown"):
        Chain(url).anchored(NOBODY, STREAM, ROOT)


@pytest.mark.parametrize("address", ["", "0x12", "contract", NOBODY + "00"])
def test_what_is_no_address_is_not_blamed_on_the_chain(chain: Chain, address: str) -> None:
    with pytest.raises(BadAddress, match="no address"):
        chain.check_contract(address)


def test_an_endpoint_that_is_no_address_is_unavailable() -> None:
    with pytest.raises(ChainUnavailable):
        Chain("http://127.0.0.1:1/", timeout_s=1).identity()


def test_other_code_after_deploying_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "chain.sqlite") as url, pytest.raises(ForeignContract):
        Chain(url, artefact=_other_artefact()).deploy(ADMIN)


def test_what_an_account_deployed_first_is_found_again(chain: Chain) -> None:
    assert chain.deployed_by(ADMIN) is None
    contract = chain.deploy(ADMIN)

    assert chain.deployed_by(ADMIN) == contract
    assert chain.deployed_by(STRANGER) is None
