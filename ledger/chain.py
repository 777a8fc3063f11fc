"""An Ethereum chain over JSON-RPC, by web3: the only module that imports it.

Importing web3 costs a second of processor time, so this module is for the worker and the command
line; verifiers use ``ledger.rpc``. Whatever web3 or the network throws becomes one of the ledger's
errors here: ``ChainUnavailable`` may be tried again, the others may not.

One account sends from one process only; transactions are built one after the other. A process that
forks makes its own ``Chain`` afterwards.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import is_address, to_checksum_address
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import Nonce
from web3.utils import get_create_address

from ledger.abi import AnchorRecord
from ledger.backend import (
    AnchorCall,
    Block,
    ChainIdentity,
    Fees,
    SignedTransaction,
    StreamState,
    TransactionReceipt,
    check_same_chain,
)
from ledger.contract import Artefact, load_artefact
from ledger.errors import (
    ChainUnavailable,
    ContractRefused,
    ForeignContract,
    KeyExposed,
    Malformed,
    TransactionKnown,
    TransactionRefused,
)
from ledger.history import AnchorEvent

ANCHOR_GAS = 120_000
"""Gas limit of ``anchor``: the first of a stream costs about 80,000, a steady one less than 65,000."""
ANSWERED_WITHIN_S = 10.0
"""How long one answer may take unless somebody says otherwise."""
MINED_WITHIN_S = 120.0
"""How long setting up waits for one block."""
POLL_S = 0.05
PRIVATE = 0o600
KNOWN = ("already known", "already imported", "nonce too low", "replacement transaction underpriced")


class BadAccountFile(Malformed):
    """A key file does not hold 32 bytes in hexadecimal."""

    code = "bad_account_file"


class BadAddress(Malformed):
    """A text is no Ethereum address."""

    code = "bad_address"


def load_or_create_account(path: Path) -> LocalAccount:
    """Load the account of a key file, and make both when there is no file.

    The file holds the private key in plain hexadecimal and only its owner may read it (0600). An
    encrypted keystore would buy nothing here: its password would lie in the next file, and scrypt
    costs a second at each start. The key pays for nothing on the embedded chain (gas is free) and
    may only write to its own stream until the term its administrator set.

    Args:
        path: The key file.

    Raises:
        KeyExposed: Others than the owner may read the file.
        BadAccountFile: It holds something else.
    """
    if not path.exists():
        # Made beside and linked, so that no crash leaves half a key and nobody's key is written over.
        half = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as out:
            out.write(os.urandom(32).hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(half)
        half.unlink()
    return _load_account(path)


def _load_account(path: Path) -> LocalAccount:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyExposed(f"{path.name} can be read by others (mode {mode:o})", file=path.name)
    try:
        account: LocalAccount = Account.from_key(bytes.fromhex(path.read_bytes().decode()))
    except Exception as error:  # eth-account raises whatever its key library raises
        raise BadAccountFile(f"{path.name} holds no private key", file=path.name) from error
    return account


class Chain:
    """An Ethereum chain behind a JSON-RPC endpoint. Implements ``ledger.backend.AnchorChain``.

    Args:
        rpc_url: ``http://`` or ``https://`` address.
        timeout_s: How long one answer may take.
        artefact: The built contract; the product's own by default.
    """

    def __init__(
        self, rpc_url: str, *, timeout_s: float = ANSWERED_WITHIN_S, artefact: Artefact | None = None
    ) -> None:
        provider = HTTPProvider(rpc_url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None)
        self._web3 = Web3(provider)
        self._artefact = artefact or load_artefact()
        self._selectors = self._artefact.selectors()
        self._errors = self._artefact.errors()

    # Which chain, which code

    def identity(self) -> ChainIdentity:
        """Which chain the endpoint speaks for.

        Raises:
            ChainUnavailable: No usable answer.
        """
        with _translated():
            chain_id = self._web3.eth.chain_id
        return ChainIdentity(chain_id, self.block(0).block_hash)

    def check_identity(self, pinned: ChainIdentity) -> None:
        """Check that this is the chain it was at first start.

        Raises:
            ForeignChain: It is another.
            ChainUnavailable: No usable answer.
        """
        check_same_chain(self.identity(), pinned)

    def check_contract(self, contract: str) -> None:
        """Check that exactly our runtime code lies at an address.

        Raises:
            ForeignContract: Other code, or none.
            ChainUnavailable: No usable answer.
        """
        with _translated():
            code = bytes(self._web3.eth.get_code(_address(contract)))
        if code != self._artefact.runtime:
            what = "no code" if not code else f"{len(code)} bytes of other code"
            raise ForeignContract(f"{what} at {contract}", contract=contract)

    # Blocks, accounts

    def head_number(self) -> int:
        """The height of the newest block."""
        with _translated():
            return int(self._web3.eth.block_number)

    def block(self, number: int) -> Block:
        """A block by its height.

        Raises:
            ChainUnavailable: No usable answer, or no such block (yet, or any more).
        """
        with _translated():
            found: Any = self._web3.eth.get_block(number)
            return Block(int(found["number"]), bytes(found["hash"]), int(found["timestamp"]))

    def next_nonce(self, address: str) -> int:
        """How many transactions of an address are mined, which is the nonce of its next."""
        with _translated():
            return int(self._web3.eth.get_transaction_count(_address(address)))

    def fees(self) -> Fees:
        """What to offer: twice the base fee, so that a few full blocks do not outgrow it."""
        with _translated():
            head: Any = self._web3.eth.get_block("latest")
            priority = int(self._web3.eth.max_priority_fee)
        return Fees(2 * int(head.get("baseFeePerGas", 0)) + priority, priority)

    # The contract

    def stream_state(self, contract: str, stream: bytes) -> StreamState:
        """The state of a stream; all zero when it was never opened."""
        data = self._call(contract, "streamOf", stream)
        with _translated():
            admin, count, last_block, head = decode(["address", "uint64", "uint64", "bytes32"], data)
        return StreamState(to_checksum_address(admin), count, last_block, bytes(head))

    def writer_until(self, contract: str, stream: bytes, writer: str) -> int:
        """Until when an address may anchor, seconds since 1970; 0 when it may not."""
        data = self._call(contract, "writerUntil", stream, _word(writer))
        return int.from_bytes(data)

    def anchored(self, contract: str, stream: bytes, root: bytes) -> AnchorRecord | None:
        """What the contract knows of a root, ``None`` when nothing."""
        data = self._call(contract, "anchored", stream, root)
        with _translated():
            seq, time, block_number, size = decode(["uint64"] * 4, data)
        return AnchorRecord(seq, time, block_number, size) if time else None

    def anchor_transaction(self, contract: str, stream: bytes, root: bytes, *, block_number: int) -> bytes | None:
        """The hash of the transaction that anchored a root in a block, ``None`` when not there."""
        topic = self._artefact.topics()["Anchored"]
        wanted: Any = {
            "address": _address(contract),
            "fromBlock": block_number,
            "toBlock": block_number,
            "topics": [Web3.to_hex(word) for word in (topic, stream, root)],
        }
        with _translated():
            logs = self._web3.eth.get_logs(wanted)
            return bytes(logs[0]["transactionHash"]) if logs else None

    def anchor_events(self, contract: str, stream: bytes, *, first: int, last: int) -> tuple[AnchorEvent, ...]:
        """The ``Anchored`` events of a stream in blocks ``first`` to ``last``, oldest first."""
        wanted: Any = {
            "address": _address(contract),
            "fromBlock": first,
            "toBlock": last,
            "topics": [Web3.to_hex(word) for word in (self._artefact.topics()["Anchored"], stream)],
        }
        with _translated():
            return tuple(map(_event, self._web3.eth.get_logs(wanted)))

    def try_anchor(self, call: AnchorCall, sender: str) -> None:
        """Run ``anchor`` without sending it.

        Raises:
            ContractRefused: The contract would say no.
            ChainUnavailable: No usable answer.
        """
        with _translated(self._errors):
            self._web3.eth.call(
                {
                    "from": _address(sender),
                    "to": _address(call.contract),
                    "data": Web3.to_hex(self._anchor_data(call)),
                }
            )

    def _call(self, contract: str, function: str, *words: bytes) -> bytes:
        data = self._selectors[function] + b"".join(words)
        with _translated(self._errors):
            return bytes(self._web3.eth.call({"to": _address(contract), "data": Web3.to_hex(data)}))

    def _anchor_data(self, call: AnchorCall) -> bytes:
        words = encode(
            ["bytes32", "bytes32", "uint64", "uint64"],
            [call.stream, call.root, call.size, call.seq],
        )
        return self._selectors["anchor"] + words

    # Sending

    def sign_anchor(
        self,
        account: LocalAccount,
        call: AnchorCall,
        *,
        chain_id: int,
        nonce: int,
        fees: Fees,
    ) -> SignedTransaction:
        """Sign ``anchor``; nothing is sent, nothing is asked.

        Args:
            account: The stream's writer.
            call: The batch.
            chain_id: Of the pinned chain, never of the endpoint.
            nonce: The writer's next, or the one to replace.
            fees: What to offer, in wei.
        """
        transaction = {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": _address(call.contract),
            "value": 0,
            "gas": ANCHOR_GAS,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.priority,
            "data": self._anchor_data(call),
        }
        signed = account.sign_transaction(transaction)
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))

    def send_raw(self, raw: bytes) -> None:
        """Hand a signed transaction to the chain.

        Raises:
            TransactionKnown: It is there already, or its nonce is used up.
            TransactionRefused: It will not be taken.
            ChainUnavailable: No usable answer; it may have arrived all the same.
        """
        with _translated():
            try:
                self._web3.eth.send_raw_transaction(Web3.to_hex(raw))
            except Web3RPCError as error:
                if any(words in error.message.lower() for words in KNOWN):
                    raise TransactionKnown(f"the chain says: {error.message}") from error
                raise TransactionRefused(f"the chain says: {error.message}") from error

    def receipt(self, tx_hash: bytes) -> TransactionReceipt | None:
        """The receipt of a transaction, ``None`` while it is not mined."""
        with _translated():
            try:
                found: Any = self._web3.eth.get_transaction_receipt(Web3.to_hex(tx_hash))
            except TransactionNotFound:
                return None
            return _receipt(tx_hash, found)

    # Setting up

    def deploy(self, account: LocalAccount) -> str:
        """Deploy the contract and check what came to lie there.

        Args:
            account: Who pays; it gets no right over the contract.

        Returns:
            The contract's address, checksummed.

        Raises:
            ForeignContract: Other code than ours came to lie there.
            ChainUnavailable: No usable answer, or not mined in time.
        """
        mined = self._transact(account, None, self._artefact.bytecode)
        contract = str(mined.contract)
        self.check_contract(contract)
        return contract

    def deployed_by(self, account: LocalAccount) -> str | None:
        """Return the contract an account deployed with its first transaction, ``None`` when there is none.

        A new account's first deed here is to deploy, so after a crash the contract is found where the address
        rule of Ethereum puts it (Yellow Paper section 7: by sender and nonce), and is not deployed twice.

        Args:
            account: Who would have deployed it.

        Raises:
            ChainUnavailable: No usable answer.
        """
        contract = str(get_create_address(account.address, Nonce(0)))
        try:
            self.check_contract(contract)
        except ForeignContract:
            return None
        return contract

    def open_stream(self, account: LocalAccount, *, contract: str, salt: bytes, admin: str) -> TransactionReceipt:
        """Open the stream ``ledger.contract.stream_id(account, salt)``.

        Args:
            account: Who opens it; its address is part of the identifier.
            contract: The registry's address.
            salt: 32 bytes.
            admin: Who names the writers.

        Raises:
            ContractRefused: It is open already.
            ChainUnavailable: No usable answer, or not mined in time.
        """
        data = self._selectors["openStream"] + salt + _word(admin)
        return self._transact(account, contract, data)

    def set_writer(
        self, account: LocalAccount, *, contract: str, stream: bytes, writer: str, valid_until: int
    ) -> TransactionReceipt:
        """Let an address anchor in a stream, or end its term.

        Args:
            account: The stream's administrator.
            contract: The registry's address.
            stream: 32 bytes.
            writer: Who may anchor.
            valid_until: Seconds since 1970, inclusive; 0 ends its term.

        Raises:
            ContractRefused: The account does not administer the stream.
            ChainUnavailable: No usable answer, or not mined in time.
        """
        words = stream + _word(writer) + valid_until.to_bytes(32)
        return self._transact(account, contract, self._selectors["setWriter"] + words)

    def _transact(self, account: LocalAccount, to: str | None, data: bytes) -> TransactionReceipt:
        fees = self.fees()
        transaction: Any = {
            "from": account.address,
            "data": Web3.to_hex(data),
            **({} if to is None else {"to": _address(to)}),
        }
        with _translated(self._errors):
            transaction["gas"] = self._web3.eth.estimate_gas(transaction)
            transaction |= {
                "type": 2,
                "chainId": self._web3.eth.chain_id,
                "nonce": self._web3.eth.get_transaction_count(account.address),
                "value": 0,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.priority,
            }
            signed = account.sign_transaction(transaction)
            self._web3.eth.send_raw_transaction(signed.raw_transaction)
            found = self._web3.eth.wait_for_transaction_receipt(signed.hash, MINED_WITHIN_S, POLL_S)
            return _receipt(bytes(signed.hash), found)


def _receipt(tx_hash: bytes, found: Any) -> TransactionReceipt:
    return TransactionReceipt(
        tx_hash=tx_hash,
        block_number=int(found["blockNumber"]),
        block_hash=bytes(found["blockHash"]),
        succeeded=found["status"] == 1,
        gas_used=int(found["gasUsed"]),
        contract=found["contractAddress"],
    )


def _event(log: Any) -> AnchorEvent:
    size, head, prev_block = decode(["uint64", "bytes32", "uint64"], bytes(log["data"]))
    return AnchorEvent(
        seq=int.from_bytes(log["topics"][3]),
        root=bytes(log["topics"][2]),
        size=size,
        head=bytes(head),
        prev_block=prev_block,
        block_number=int(log["blockNumber"]),
        block_hash=bytes(log["blockHash"]),
        tx_hash=bytes(log["transactionHash"]),
    )


def _address(text: str) -> Any:
    if not is_address(text):
        raise BadAddress(f"no address: {text[:80]!r}", address=text[:80])
    return to_checksum_address(text)


def _word(address: str) -> bytes:
    return bytes.fromhex(_address(address)[2:]).rjust(32, b"\0")


@contextmanager
def _translated(errors: dict[bytes, str] | None = None) -> Iterator[None]:
    """Turn what web3 and the network throw into the ledger's errors.

    Args:
        errors: Names of the contract's errors by selector, where a contract is asked.
    """
    try:
        yield
    except ContractLogicError as error:
        # Without data web3 says so in words, and some nodes wrap theirs: then no selector of ours begins it.
        names = {f"0x{selector.hex()}": name for selector, name in (errors or {}).items()}
        reason = names.get(str(error.data)[:10].lower(), "unknown")
        raise ContractRefused(f"the contract refuses: {reason}", reason=reason) from error
    except BlockNotFound as error:
        raise ChainUnavailable("the chain does not have the block") from error
    except (OSError, Web3Exception, DecodingError, ValueError, KeyError, TypeError) as error:
        # web3 calls a revert without data an ordinary error of the node.
        if isinstance(error, Web3RPCError) and "revert" in str(error).lower():
            raise ContractRefused("the contract refuses: unknown", reason="unknown") from error
        # requests' errors are OSErrors; an answer of another shape surfaces as one of the rest.
        raise ChainUnavailable(f"no usable answer from the chain: {error}") from error
