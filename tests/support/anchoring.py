"""A whole chain in this process, a store in memory, and a chain that loses answers: real parts and fakes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.chain import Chain
from ledger.contract import load_artefact, stream_id
from ledger.errors import ChainUnavailable
from ledger.issue import AnchorState, AnchorTarget, Attempt, Placement
from ledger.node.evm import Node
from ledger.node.methods import Methods
from ledger.node.server import make_server

CHAIN_ID = 31_337
T0 = 1_780_000_000
SALT = bytes(31) + b"\x07"
ADMIN: LocalAccount = Account.from_key(b"\x11" * 32)
WRITER: LocalAccount = Account.from_key(b"\x22" * 32)
STRANGER: LocalAccount = Account.from_key(b"\x33" * 32)
STREAM = stream_id(bytes.fromhex(ADMIN.address[2:]), SALT)
FOREVER = 2**40


@dataclass
class Hand:
    """A clock moved by hand, in seconds since 1970."""

    now: int = T0

    def __call__(self) -> int:
        return self.now


@contextmanager
def running(
    path: Path, *, chain_id: int = CHAIN_ID, hand: Hand | None = None, funded: tuple[bytes, ...] = ()
) -> Iterator[str]:
    """Run a node on a free loopback port of this process; gives its URL."""
    clock = hand or Hand()
    node = Node(path, chain_id=chain_id, funded=funded, now=clock())
    server = make_server(Methods(node, clock), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        node.close()


def open_for_writer(chain: Chain, *, valid_until: int = FOREVER) -> str:
    """Deploy the registry, open the stream and name the writer; gives the contract's address."""
    contract = chain.deploy(ADMIN)
    chain.open_stream(ADMIN, contract=contract, salt=SALT, admin=ADMIN.address)
    chain.set_writer(ADMIN, contract=contract, stream=STREAM, writer=WRITER.address, valid_until=valid_until)
    return contract


def target_of(chain: Chain, contract: str, **changes: Any) -> AnchorTarget:
    return AnchorTarget(
        **{
            "identity": chain.identity(),
            "contract": contract,
            "stream": STREAM,
            "account": WRITER,
            **changes,
        }
    )


@dataclass
class MemoryStore:
    """``AnchorStore`` in memory; ``told`` is the order of what was written."""

    kept: dict[str, list[Attempt]] = field(default_factory=dict)
    states: dict[str, tuple[AnchorState, Placement | None]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def attempts(self, key: str) -> list[Attempt]:
        return list(self.kept.get(key, []))

    def save_attempt(self, key: str, attempt: Attempt) -> None:
        self.kept.setdefault(key, []).append(attempt)
        self.told.append(f"{key} attempt {attempt.nonce}")

    def save_state(self, key: str, state: AnchorState, placement: Placement | None) -> None:
        self.states[key] = (state, placement)
        self.told.append(f"{key} {state.value}")


class LossyChain:
    """A chain in front of the real one whose sends are lost before or after they arrive."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.lose_send_before = 0
        self.lose_send_after = 0
        self.swallow = 0
        self.sent: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def send_raw(self, raw: bytes) -> None:
        self.sent.append(raw)
        if self.lose_send_before:
            self.lose_send_before -= 1
            raise ChainUnavailable("the request was lost")
        if self.swallow:
            self.swallow -= 1
            return
        self._chain.send_raw(raw)
        if self.lose_send_after:
            self.lose_send_after -= 1
            raise ChainUnavailable("the answer was lost")


class Registry:
    """The contract on a node without HTTP, called by the names of its ABI."""

    def __init__(self, path: Path, hand: Hand) -> None:
        self.artefact = load_artefact()
        self._hand = hand
        self.node = Node(path, chain_id=CHAIN_ID, now=hand())
        self._abi = {one["name"]: one for one in self.artefact.abi if "name" in one}
        self.address = b""
        self.address = bytes.fromhex(self._mine(ADMIN, self.artefact.bytecode)["contract"])

    def data(self, function: str, *arguments: Any) -> bytes:
        types = [one["type"] for one in self._abi[function]["inputs"]]
        return self.artefact.selectors()[function] + encode(types, arguments)

    def send(self, account: LocalAccount, function: str, *arguments: Any) -> dict[str, Any]:
        """Mine a call; gives whether it succeeded and the gas it used."""
        return self._mine(account, self.data(function, *arguments))

    def _mine(self, account: LocalAccount, data: bytes) -> dict[str, Any]:
        from eth._utils.address import generate_contract_address  # noqa: PLC0415 - private to py-evm

        sender = bytes.fromhex(account.address[2:])
        with self.node.reading():
            nonce = self.node.state_at(self.node.head).get_nonce(sender)
        transaction = {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": nonce,
            "to": self.address,
            "value": 0,
            "gas": 3_000_000,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
            "data": data,
        }
        raw = bytes(account.sign_transaction(transaction).raw_transaction)
        tx_hash = self.node.submit(raw, now=self._hand())
        mined = self.node.mined(tx_hash)
        assert mined is not None
        made = generate_contract_address(sender, nonce).hex()
        return {"ok": mined[2].state_root == b"\x01", "gas": mined[2].gas_used, "contract": made}

    def ask(self, function: str, *arguments: Any, sender: LocalAccount = STRANGER) -> tuple[Any, ...]:
        """Call a function as ``sender`` without mining; gives its results."""
        with self.node.reading():
            answer = self.node.call(
                self.node.head,
                sender=bytes.fromhex(sender.address[2:]),
                to=self.address,
                data=self.data(function, *arguments),
                value=0,
            )
        return decode([one["type"] for one in self._abi[function]["outputs"]], answer)

    def refusal(self, data: bytes) -> tuple[Any, ...]:
        """The name and arguments of the error a revert carries."""
        name = self.artefact.errors()[data[:4]]
        types = [one["type"] for one in self._abi[name]["inputs"]]
        return (name, *decode(types, data[4:]))
