"""The JSON-RPC methods of the embedded chain: what each takes, and what it answers.

No method signs, unlocks, mines, traces or changes the node: the only one that writes is
``eth_sendRawTransaction``, and it takes signed bytes. Errors follow JSON-RPC 2.0 and, for
execution, what other Ethereum nodes answer (-32000, and 3 with the data of a revert).
"""

from collections.abc import Callable
from typing import Any

from eth.abc import BlockHeaderAPI
from eth_typing import Address
from eth_utils.crypto import keccak

from ledger.errors import LedgerError, NotFound
from ledger.node.evm import ExecutionFailed, Node
from ledger.node.shapes import (
    JSON,
    InvalidParams,
    from_block,
    from_data,
    from_log,
    from_receipt,
    from_transaction,
    to_data,
    to_quantity,
)
from ledger.patricia import EMPTY_ROOT, decoded

CLIENT = "tallystick-node/1 (py-evm; shanghai)"
MAX_BATCH = 200
MAX_LOGS = 10_000
MAX_SLOTS = 1_000
MAX_FEES = 1_024
ZERO_ADDRESS = bytes(20)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
SERVER_ERROR = -32000
REVERTED = 3


class UnknownMethod(NotFound):
    """The node has no such method."""

    code = "unknown_method"


ERROR_NUMBERS = {InvalidParams: INVALID_PARAMS, UnknownMethod: METHOD_NOT_FOUND}


class Methods:
    """Answers JSON-RPC requests about one node.

    Args:
        node: The chain.
        clock: Gives seconds since 1970; the time of new blocks.
    """

    def __init__(self, node: Node, clock: Callable[[], int]) -> None:
        self._node = node
        self._clock = clock
        self._reads: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: CLIENT,
            "net_version": lambda: str(node.chain_id),
            "net_listening": lambda: True,
            "eth_chainId": lambda: hex(node.chain_id),
            "eth_syncing": lambda: False,
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(node.head.block_number),
            "eth_gasPrice": lambda: hex(node.head.base_fee_per_gas or 0),
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage_at,
            "eth_getProof": self._proof,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
        }

    def answer(self, request: Any) -> Any:
        """Answer a request or a batch of them.

        Args:
            request: The parsed JSON.

        Returns:
            The response, the list of responses of a batch, or ``None`` where none is due.
        """
        if not isinstance(request, list):
            return self._answer_one(request)
        if not request:
            return _error(None, INVALID_REQUEST, "an empty batch")
        if len(request) > MAX_BATCH:
            return _error(None, INVALID_REQUEST, f"more than {MAX_BATCH} requests in a batch")
        answers = [self._answer_one(one) for one in request]
        return [answer for answer in answers if answer is not None] or None

    def _answer_one(self, request: Any) -> JSON | None:
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _error(None, INVALID_REQUEST, "not a JSON-RPC request")
        parameters = request.get("params", [])
        if not isinstance(parameters, list):
            return _error(request.get("id"), INVALID_PARAMS, "params must be a list")
        response = self._run(request["method"], parameters, request.get("id"))
        return response if "id" in request else None

    def _run(self, method: str, parameters: list[Any], request_id: Any) -> JSON:
        try:
            result = self._result(method, parameters)
        except ExecutionFailed as error:
            if error.data or str(error) == "execution reverted":
                return _error(request_id, REVERTED, str(error), from_data(error.data))
            return _error(request_id, SERVER_ERROR, str(error))
        except LedgerError as error:
            return _error(request_id, ERROR_NUMBERS.get(type(error), SERVER_ERROR), str(error))
        except TypeError:
            return _error(request_id, INVALID_PARAMS, f"wrong parameters for {method}")
        return {"jsonrpc": "2.0", "id": request_id, "result": result}

    def _result(self, method: str, parameters: list[Any]) -> Any:
        if method == "eth_sendRawTransaction":
            return self._send_raw(*parameters)
        if method not in self._reads:
            raise UnknownMethod(f"no method {method[:80]}")
        with self._node.reading():
            return self._reads[method](*parameters)

    # Blocks

    def _header(self, tag: Any) -> BlockHeaderAPI:
        """The header a block parameter names (a tag, a quantity, or an EIP-1898 object)."""
        if isinstance(tag, dict):
            header = self._header_of_object(tag)
        elif tag in ("latest", "pending", "safe", "finalized"):
            return self._node.head
        else:
            header = self._node.header_at(0 if tag == "earliest" else to_quantity(tag))
        if header is None:
            raise InvalidParams("no such block")
        return header

    def _header_of_object(self, tag: JSON) -> BlockHeaderAPI | None:
        if "blockHash" in tag:
            return self._node.header_of(to_data(tag["blockHash"], 32))
        return self._node.header_at(to_quantity(tag.get("blockNumber")))

    def _block_by_number(self, tag: Any, full: Any = False) -> JSON | None:  # noqa: FBT002 - the order is the protocol's
        known = ("latest", "pending", "safe", "finalized", "earliest")
        if tag not in known and to_quantity(tag) > self._node.head.block_number:
            return None
        return self._block(self._header(tag), full)

    def _block_by_hash(self, block_hash: Any, full: Any = False) -> JSON | None:  # noqa: FBT002 - the order is the protocol's
        header = self._node.header_of(to_data(block_hash, 32))
        return None if header is None else self._block(header, full)

    def _block(self, header: BlockHeaderAPI, full: Any) -> JSON:
        transactions = self._node.transactions_of(header)
        if full is True:
            return from_block(header, [from_transaction(header, one) for one in transactions])
        return from_block(header, [from_data(one.hash) for one in transactions])

    def _fee_history(self, count: Any, newest: Any, percentiles: Any = None) -> JSON:
        last = self._header(newest).block_number
        blocks = count if isinstance(count, int) else to_quantity(count)
        first = max(0, last + 1 - min(max(blocks, 1), MAX_FEES))
        headers = [self._header(hex(number)) for number in range(first, last + 1)]
        fees = [hex(header.base_fee_per_gas or 0) for header in headers]
        history: JSON = {
            "oldestBlock": hex(first),
            "baseFeePerGas": [*fees, fees[-1]],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        }
        if isinstance(percentiles, list):
            history["reward"] = [["0x0"] * len(percentiles) for _ in headers]
        return history

    # Accounts

    def _balance(self, address: Any, tag: Any = "latest") -> str:
        return hex(self._node.state_at(self._header(tag)).get_balance(_address(address)))

    def _transaction_count(self, address: Any, tag: Any = "latest") -> str:
        return hex(self._node.state_at(self._header(tag)).get_nonce(_address(address)))

    def _code(self, address: Any, tag: Any = "latest") -> str:
        return from_data(self._node.state_at(self._header(tag)).get_code(_address(address)))

    def _storage_at(self, address: Any, slot: Any, tag: Any = "latest") -> str:
        number = int.from_bytes(_word(slot))
        value = self._node.state_at(self._header(tag)).get_storage(_address(address), number)
        return from_data(value.to_bytes(32))

    def _proof(self, address: Any, slots: Any, tag: Any = "latest") -> JSON:
        """Account and slots with the trie nodes that prove them (EIP-1186)."""
        header, account = self._header(tag), _address(address)
        if not isinstance(slots, list) or len(slots) > MAX_SLOTS:
            raise InvalidParams(f"not a list of at most {MAX_SLOTS} slots")
        nodes, leaf = self._node.way(header.state_root, keccak(account))
        nonce, balance, storage_root, code_hash = decoded(leaf) if leaf else (b"", b"", EMPTY_ROOT, keccak(b""))
        return {
            "address": from_data(account),
            "accountProof": [from_data(node) for node in nodes],
            "balance": hex(int.from_bytes(balance)),
            "codeHash": from_data(code_hash),
            "nonce": hex(int.from_bytes(nonce)),
            "storageHash": from_data(storage_root),
            "storageProof": [self._slot_proof(storage_root, slot) for slot in slots],
        }

    def _slot_proof(self, storage_root: bytes, slot: Any) -> JSON:
        nodes, leaf = self._node.way(storage_root, keccak(_word(slot)))
        value = int.from_bytes(decoded(leaf)) if leaf else 0
        return {"key": slot, "value": hex(value), "proof": [from_data(node) for node in nodes]}

    # Execution

    def _call(self, call: Any, tag: Any = "latest") -> str:
        return from_data(self._node.call(self._header(tag), **_call_fields(call)))

    def _estimate(self, call: Any, tag: Any = "latest") -> str:
        return hex(self._node.estimate(self._header(tag), **_call_fields(call)))

    def _send_raw(self, raw: Any) -> str:
        return from_data(self._node.submit(to_data(raw), now=self._clock()))

    # Transactions and logs

    def _transaction(self, tx_hash: Any) -> JSON | None:
        mined = self._node.mined(to_data(tx_hash, 32))
        return None if mined is None else from_transaction(mined[0], mined[1])

    def _receipt(self, tx_hash: Any) -> JSON | None:
        mined = self._node.mined(to_data(tx_hash, 32))
        return None if mined is None else from_receipt(*mined)

    def _logs(self, wanted: Any) -> list[JSON]:
        if not isinstance(wanted, dict):
            raise InvalidParams("a filter is an object")
        first, last = self._log_range(wanted)
        topics = _topic_filter(wanted.get("topics") or [])
        logs = self._node.logs(
            first=first,
            last=last,
            addresses=_addresses(wanted.get("address")),
            limit=MAX_LOGS + 1,
        )
        if len(logs) > MAX_LOGS:
            raise InvalidParams(f"more than {MAX_LOGS} logs; ask for fewer blocks")
        return [from_log(log) for log in logs if _matches(log.topics, topics)]

    def _log_range(self, wanted: JSON) -> tuple[int, int]:
        if "blockHash" in wanted:
            number = self._header({"blockHash": wanted["blockHash"]}).block_number
            return number, number
        newest = self._node.head.block_number
        bounds = []
        for name in ("fromBlock", "toBlock"):
            tag = wanted.get(name) or "latest"
            if tag == "earliest":
                bounds.append(0)
            elif tag in ("latest", "pending", "safe", "finalized"):
                bounds.append(newest)
            else:
                bounds.append(min(to_quantity(tag), newest + 1))
        return bounds[0], bounds[1]


def _error(request_id: Any, code: int, message: str, data: str | None = None) -> JSON:
    error: JSON = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": request_id, "error": error}


def _address(value: Any) -> Address:
    return Address(to_data(value, 20))


def _word(value: Any) -> bytes:
    """A storage slot: a quantity or 32 bytes, callers send both."""
    if isinstance(value, str) and len(value) == 66:  # noqa: PLR2004 - 0x and 64 digits
        return to_data(value)
    return to_quantity(value).to_bytes(32)


def _call_fields(call: Any) -> dict[str, Any]:
    if not isinstance(call, dict):
        raise InvalidParams("a call is an object")
    data = call.get("input", call.get("data")) or "0x"
    return {
        "sender": to_data(call.get("from") or from_data(ZERO_ADDRESS), 20),
        "to": to_data(call["to"], 20) if call.get("to") else b"",
        "data": to_data(data),
        "value": to_quantity(call.get("value") or "0x0"),
    }


def _addresses(value: Any) -> tuple[bytes, ...]:
    if value is None:
        return ()
    many = value if isinstance(value, list) else [value]
    if len(many) > MAX_BATCH:
        raise InvalidParams(f"more than {MAX_BATCH} addresses")
    return tuple(to_data(one, 20) for one in many)


def _topic_filter(value: Any) -> list[set[bytes] | None]:
    if not isinstance(value, list):
        raise InvalidParams("topics must be a list")
    return [None if one is None else {to_data(word, 32) for word in _as_list(one)} for one in value]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(topics: tuple[bytes, ...], wanted: list[set[bytes] | None]) -> bool:
    if len(wanted) > len(topics):
        return False
    return all(words is None or topics[place] in words for place, words in enumerate(wanted))
