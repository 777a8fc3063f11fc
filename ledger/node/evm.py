"""Blocks and execution: py-evm under Shanghai rules, one transaction a block, mined at once.

No mempool: a transaction is either mined when the call returns, or refused. Base fee starts at 0
and stays there, because no transaction may fill more than half a block (EIP-1559 raises it after a
fuller one, and from 1 it would never fall again); so a writer needs no ether, and the funded
addresses are for tools that insist.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth.abc import (
    BlockHeaderAPI,
    ComputationAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    StateAPI,
)
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound, PyEVMError, TransactionNotFound
from eth.vm.forks.shanghai import ShanghaiVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # type: ignore[import-untyped]  # it has no types

from ledger.errors import Conflict, Malformed, Refused
from ledger.node.storage import Log, Storage
from ledger.patricia import walk

GAS_LIMIT = 30_000_000
MOST_GAS = GAS_LIMIT // 2
FUNDED_WEI = 10**27


class WrongNonce(Conflict):
    """The transaction's nonce is not the next of its sender."""

    code = "wrong_nonce"


class AlreadyKnown(Conflict):
    """The very transaction is mined already."""

    code = "already_known"


class BadTransaction(Malformed):
    """The bytes are no signed transaction of this chain."""

    code = "bad_transaction"


class ExecutionFailed(Refused):
    """A call reverted or ran out of gas.

    Args:
        reason: Why, in words.
        data: What the contract returned with its revert: a selector and its arguments.
    """

    code = "execution_failed"

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.data = data


class AnotherChain(Refused):
    """The file holds another chain than the one asked for."""

    code = "another_chain"


class Node:
    """The embedded chain. Safe to call from many threads; one call runs at a time.

    Args:
        path: The chain file; a new chain is made when it is absent.
        chain_id: EIP-155 number of the chain.
        funded: Addresses that own ether on a *new* chain; ignored on an existing one.
        now: Seconds since 1970, the time of a new chain's first block. The same chain id, funded
            addresses and time always give the same genesis hash.

    Raises:
        AnotherChain: The file was made with another chain id.
        ChainFileOwned: Another process has the file open.
    """

    def __init__(self, path: Path, *, chain_id: int, funded: tuple[bytes, ...] = (), now: int) -> None:
        self._mutex = threading.RLock()
        self._storage = Storage(path)
        self._db = AtomicDB(self._storage)
        self._class = MiningChain.configure(
            vm_configuration=((BlockNumber(0), ShanghaiVM),),
            chain_id=chain_id,
        )
        self.chain_id = chain_id
        stored = self._storage.setting("chain_id")
        if stored is None:
            self._make_genesis(funded, now)
        elif stored != chain_id:
            self._storage.close()
            raise AnotherChain(f"the chain file holds chain {stored}, chain {chain_id} asked")
        self._chain = self._class(self._db)
        self._head = self._chain.get_canonical_head()

    def close(self) -> None:
        """Wait for the block in hand, then close the file."""
        with self._mutex:
            self._storage.close()

    def _make_genesis(self, funded: tuple[bytes, ...], now: int) -> None:
        rich = {"balance": FUNDED_WEI, "nonce": 0, "code": b"", "storage": {}}
        parameters = {
            "difficulty": 0,
            "gas_limit": GAS_LIMIT,
            "timestamp": now,
            "extra_data": f"tallystick {self.chain_id}".encode()[:32],
            "base_fee_per_gas": 0,
        }
        with self._storage.block([], {"chain_id": self.chain_id, "genesis_time": now}):
            self._class.from_genesis(
                self._db,
                parameters,  # type: ignore[arg-type]  # py-evm's header types are too narrow
                {Address(address): rich for address in funded},  # type: ignore[misc]
            )

    # Reading

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the chain still for a block of reads."""
        with self._mutex, self._storage.scratch():
            yield

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest block's header."""
        return self._head

    def header_at(self, number: int) -> BlockHeaderAPI | None:
        """The header of a block by its number, ``None`` past the head."""
        try:
            return self._chain.get_canonical_block_header_by_number(BlockNumber(number))
        except HeaderNotFound:
            return None

    def header_of(self, block_hash: bytes) -> BlockHeaderAPI | None:
        """The header of a block by its hash, ``None`` when there is none."""
        try:
            return self._chain.get_block_header_by_hash(Hash32(block_hash))
        except HeaderNotFound:
            return None

    def transactions_of(self, header: BlockHeaderAPI) -> tuple[SignedTransactionAPI, ...]:
        """The transactions of a block: none in the first, one in every other."""
        return self._chain.chaindb.get_block_transactions(header, ShanghaiVM.get_transaction_builder())

    def mined(self, tx_hash: bytes) -> tuple[BlockHeaderAPI, SignedTransactionAPI, ReceiptAPI] | None:
        """A mined transaction with its block and receipt, ``None`` when unknown."""
        try:
            number, index = self._chain.get_canonical_transaction_index(Hash32(tx_hash))
        except TransactionNotFound:
            return None
        receipt = self._chain.chaindb.get_receipt_by_index(number, index, ShanghaiVM.get_receipt_builder())
        transaction = self._chain.get_canonical_transaction_by_index(number, index)
        return self._chain.get_canonical_block_header_by_number(number), transaction, receipt

    def state_at(self, header: BlockHeaderAPI) -> StateAPI:
        """The accounts as they were after a block."""
        return self._chain.get_vm(header).state

    def way(self, root: bytes, key: bytes) -> tuple[tuple[bytes, ...], bytes]:
        """The nodes a key passes in a trie of the state, and its value; see ``ledger.patricia.walk``."""
        return walk(root, key, self._db.__getitem__)

    def logs(self, *, first: int, last: int, addresses: tuple[bytes, ...], limit: int) -> list[Log]:
        """Logs of the blocks ``first`` to ``last``, both inclusive, in chain order."""
        return self._storage.logs(first=first, last=last, addresses=addresses, limit=limit)

    # Executing

    def call(self, header: BlockHeaderAPI, *, sender: bytes, to: bytes, data: bytes, value: int) -> bytes:
        """Execute without mining, on the state after a block, as in the block that follows.

        Args:
            header: The block.
            sender: Who calls; no signature is needed.
            to: The contract; empty to run ``data`` as the code that makes one.
            data: The ABI-encoded call.
            value: Wei sent along.

        Returns:
            What the contract returned.

        Raises:
            ExecutionFailed: It reverted or ran out of gas.
        """
        fields = (sender, to, data, value)
        return bytes(_checked(self._execute(header, GAS_LIMIT, fields)).output)

    def estimate(self, header: BlockHeaderAPI, *, sender: bytes, to: bytes, data: bytes, value: int) -> int:
        """The smallest gas limit under which the call succeeds. Arguments as ``call``.

        Raises:
            ExecutionFailed: It fails under the block's gas limit too.
        """
        fields = (sender, to, data, value)
        most = GAS_LIMIT
        # The first run tells what was used; calls inside calls may need more set aside (EIP-150).
        least = most - _checked(self._execute(header, most, fields)).get_gas_remaining()
        if self._execute(header, least, fields).is_success:
            return least
        while most - least > 1:
            middle = (most + least) // 2
            if self._execute(header, middle, fields).is_success:
                most = middle
            else:
                least = middle
        return most

    def _execute(
        self, header: BlockHeaderAPI, gas: int, fields: tuple[bytes, bytes, bytes, int]
    ) -> ComputationAPI:
        sender, to, data, value = fields
        vm = self._chain.get_vm(header)
        with vm.in_costless_state() as state:
            unsigned = vm.create_unsigned_transaction(
                nonce=state.get_nonce(Address(sender)),
                gas_price=0,
                gas=gas,
                to=Address(to),
                value=value,
                data=data,
            )
            transaction = SpoofTransaction(unsigned, from_=Address(sender))
            try:
                return state.costless_execute_transaction(transaction)  # type: ignore[arg-type]  # a spoof is taken here by design
            except ValidationError as error:
                raise ExecutionFailed(str(error), b"") from error

    # Writing

    def submit(self, raw: bytes, *, now: int) -> bytes:
        """Mine a signed transaction into a block of its own, on disk when this returns.

        Args:
            raw: The signed transaction: legacy RLP or an EIP-2718 envelope.
            now: Seconds since 1970; the block's time is this, or one more than its parent's.

        Returns:
            The transaction's hash, 32 bytes. A transaction that reverts is mined too.

        Raises:
            BadTransaction: No signed transaction of this chain, not payable, or larger than half a block.
            AlreadyKnown: It is mined already.
            WrongNonce: Another nonce is the sender's next.
        """
        with self._mutex:
            with self.reading():
                transaction = self._decode(raw)
                if self.mined(transaction.hash) is not None:
                    raise AlreadyKnown("already known")
                expected = self.state_at(self._head).get_nonce(transaction.sender)
                if transaction.nonce != expected:
                    side = "low" if transaction.nonce < expected else "high"
                    raise WrongNonce(f"nonce too {side}: next nonce {expected}, tx nonce {transaction.nonce}")
            self._mine(transaction, now)
            return bytes(transaction.hash)

    def _decode(self, raw: bytes) -> SignedTransactionAPI:
        try:
            transaction = ShanghaiVM.get_transaction_builder().decode(raw)
            transaction.validate()
            transaction.check_signature_validity()
        except (ValidationError, PyEVMError, RLPException, ValueError, IndexError, TypeError) as error:
            raise BadTransaction(f"not a signed transaction: {error}") from error
        if transaction.chain_id != self.chain_id:
            raise BadTransaction(f"signed for chain {transaction.chain_id}, this is chain {self.chain_id}")
        if transaction.gas > MOST_GAS:
            raise BadTransaction(f"asks for {transaction.gas} gas, more than half a block ({MOST_GAS})")
        return transaction

    def _mine(self, transaction: SignedTransactionAPI, now: int) -> None:
        header = self._chain.create_header_from_parent(
            self._head,
            gas_limit=GAS_LIMIT,
            timestamp=max(now, self._head.timestamp + 1),
        )
        logs: list[Log] = []
        try:
            with self._storage.block(logs):
                chain = self._class(self._db, header)
                result, receipts, _ = chain.mine_all([transaction])
                mined = result.imported_block.header
                logs.extend(logs_of(mined, transaction, receipts[0]))
        except ValidationError as error:
            raise BadTransaction(str(error)) from error
        self._head = mined


def _checked(computation: ComputationAPI) -> ComputationAPI:
    if computation.is_error:
        kind = type(computation.error).__name__
        reason = "execution reverted" if kind == "Revert" else f"execution failed: {kind}"
        raise ExecutionFailed(reason, bytes(computation.output))
    return computation


def logs_of(header: BlockHeaderAPI, transaction: SignedTransactionAPI, receipt: ReceiptAPI) -> Iterator[Log]:
    """The logs of the one transaction of a block, in order."""
    for index, log in enumerate(receipt.logs):
        yield Log(
            header.block_number,
            index,
            header.hash,
            transaction.hash,
            log.address,
            tuple(topic.to_bytes(32) for topic in log.topics),
            log.data,
        )
