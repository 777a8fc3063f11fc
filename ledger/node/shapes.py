"""Values to and from the JSON of the Ethereum JSON-RPC.

Quantities are hexadecimal without leading zeros, data is hexadecimal in whole bytes (Ethereum
execution-apis, "Hex value encoding"). Everything a caller sends is checked here.
"""

import re
from typing import Any

from eth._utils.address import generate_contract_address
from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth_utils.address import to_checksum_address

from ledger.errors import Malformed
from ledger.node.evm import logs_of
from ledger.node.storage import Log
from ledger.patricia import EMPTY_ROOT

QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
JSON = dict[str, Any]


class InvalidParams(Malformed):
    """A parameter of a JSON-RPC call is not what the method takes."""

    code = "invalid_params"


def to_quantity(value: Any) -> int:
    """Read a quantity, at most 256 bits.

    Raises:
        InvalidParams: It is no quantity.
    """
    if not isinstance(value, str) or QUANTITY.fullmatch(value) is None:
        raise InvalidParams(f"not a quantity: {str(value)[:80]!r}")
    return int(value, 16)


def to_data(value: Any, size: int | None = None) -> bytes:
    """Read data, of an exact size in bytes when one is given.

    Raises:
        InvalidParams: It is no data, or of another size.
    """
    if not isinstance(value, str) or DATA.fullmatch(value) is None:
        raise InvalidParams(f"not hexadecimal data: {str(value)[:80]!r}")
    data = bytes.fromhex(value[2:])
    if size is not None and len(data) != size:
        raise InvalidParams(f"{len(data)} bytes where {size} are wanted")
    return data


def from_data(data: bytes) -> str:
    """Write data."""
    return "0x" + data.hex()


def from_block(header: BlockHeaderAPI, transactions: list[Any]) -> JSON:
    """Write a block.

    Args:
        header: Its header.
        transactions: Their hashes, or written transactions.
    """
    return {
        "number": hex(header.block_number),
        "hash": from_data(header.hash),
        "parentHash": from_data(header.parent_hash),
        "nonce": from_data(header.nonce),
        "sha3Uncles": from_data(header.uncles_hash),
        "logsBloom": from_data(header.bloom.to_bytes(256)),
        "transactionsRoot": from_data(header.transaction_root),
        "stateRoot": from_data(header.state_root),
        "receiptsRoot": from_data(header.receipt_root),
        "withdrawalsRoot": from_data(EMPTY_ROOT),  # nobody stakes here, so nobody withdraws
        "miner": to_checksum_address(header.coinbase),
        "difficulty": hex(header.difficulty),
        "mixHash": from_data(header.mix_hash),
        "extraData": from_data(header.extra_data),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "baseFeePerGas": hex(header.base_fee_per_gas or 0),
        "size": "0x0",
        "uncles": [],
        "withdrawals": [],
        "transactions": transactions,
    }


def from_transaction(header: BlockHeaderAPI, transaction: SignedTransactionAPI) -> JSON:
    """Write a mined transaction."""
    kind = transaction.type_id
    written: JSON = {
        "hash": from_data(transaction.hash),
        "type": hex(kind or 0),
        "chainId": hex(transaction.chain_id),  # type: ignore[arg-type]  # none is mined without
        "nonce": hex(transaction.nonce),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "value": hex(transaction.value),
        "gas": hex(transaction.gas),
        "gasPrice": hex(_price(header, transaction)),
        "input": from_data(transaction.data),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
        "blockHash": from_data(header.hash),
        "blockNumber": hex(header.block_number),
        "transactionIndex": "0x0",
    }
    if kind is None:
        written["v"] = hex(transaction.v)  # type: ignore[attr-defined]  # only a legacy one has it
        return written
    written["v"] = written["yParity"] = hex(transaction.y_parity)
    written["accessList"] = [
        {
            "address": to_checksum_address(address),
            "storageKeys": [from_data(slot.to_bytes(32)) for slot in slots],
        }
        for address, slots in transaction.access_list
    ]
    if kind == 2:  # noqa: PLR2004 - EIP-1559
        written["maxFeePerGas"] = hex(transaction.max_fee_per_gas)
        written["maxPriorityFeePerGas"] = hex(transaction.max_priority_fee_per_gas)
    return written


def _price(header: BlockHeaderAPI, transaction: SignedTransactionAPI) -> int:
    """Return what a unit of gas really cost (EIP-1559)."""
    base_fee = header.base_fee_per_gas or 0
    return base_fee + min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)


def from_receipt(header: BlockHeaderAPI, transaction: SignedTransactionAPI, receipt: ReceiptAPI) -> JSON:
    """Write the receipt of a mined transaction; a block holds one transaction only."""
    created = None
    if not transaction.to:
        created = to_checksum_address(generate_contract_address(transaction.sender, transaction.nonce))
    return {
        "transactionHash": from_data(transaction.hash),
        "transactionIndex": "0x0",
        "blockHash": from_data(header.hash),
        "blockNumber": hex(header.block_number),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "type": hex(transaction.type_id or 0),
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
        "gasUsed": hex(receipt.gas_used),
        "cumulativeGasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(_price(header, transaction)),
        "contractAddress": created,
        "logsBloom": from_data(receipt.bloom.to_bytes(256)),
        "logs": [from_log(log) for log in logs_of(header, transaction, receipt)],
    }


def from_log(log: Log) -> JSON:
    """Write a log."""
    return {
        "address": to_checksum_address(log.address),
        "topics": [from_data(topic) for topic in log.topics],
        "data": from_data(log.data),
        "blockNumber": hex(log.block_number),
        "blockHash": from_data(log.block_hash),
        "transactionHash": from_data(log.tx_hash),
        "transactionIndex": "0x0",
        "logIndex": hex(log.log_index),
        "removed": False,
    }
