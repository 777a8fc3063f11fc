"""The few words of Ethereum ABI a verifier needs, without web3: one selector and 32-byte words.

Source: Solidity ABI specification, "Function Selector" and "Formal Specification of the Encoding".
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Self

from ledger.errors import RPCFault

ANCHORED_SELECTOR: Final = bytes.fromhex("800520ce")
"""First four bytes of Keccak-256 of ``anchored(bytes32,bytes32)``."""
WORD: Final = 32
_DATA = re.compile(r"0x(?:[0-9a-f]{2})*")
_QUANTITY = re.compile(r"0x[0-9a-f]{1,64}")
_RECORD_WORDS: Final = 4


def data_from_rpc(value: Any) -> bytes:
    """Read ``DATA`` of a JSON-RPC answer.

    Raises:
        RPCFault: Not 0x and whole bytes in hexadecimal.
    """
    if not isinstance(value, str) or not _DATA.fullmatch(text := value.lower()):
        raise RPCFault("the endpoint answered something that is not data")
    return bytes.fromhex(text[2:])


def quantity_from_rpc(value: Any) -> int:
    """Read ``QUANTITY`` of a JSON-RPC answer.

    Raises:
        RPCFault: Not 0x and 1 to 64 hexadecimal digits.
    """
    if not isinstance(value, str) or not _QUANTITY.fullmatch(text := value.lower()):
        raise RPCFault("the endpoint answered something that is not a quantity")
    return int(text, 16)


def to_data(data: bytes) -> str:
    """Return bytes as JSON-RPC ``DATA``."""
    return "0x" + data.hex()


def anchored_call(stream: bytes, root: bytes) -> str:
    """Return the call data of ``anchored(stream, root)``; both are 32 bytes."""
    return to_data(ANCHORED_SELECTOR + stream + root)


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """What the contract knows about a root: all zero when it knows nothing.

    Args:
        seq: The anchor's number in its stream.
        time: Block time, seconds since 1970.
        block_number: The block it was written in.
        size: How many leaves the root covers; 0 means not anchored.
    """

    seq: int
    time: int
    block_number: int
    size: int

    @classmethod
    def from_rpc(cls, value: Any) -> Self:
        """Read the answer of ``eth_call`` to ``anchored``.

        Raises:
            RPCFault: Not four words.
        """
        data = data_from_rpc(value)
        if len(data) != _RECORD_WORDS * WORD:
            raise RPCFault("the contract answered something that is not four words")
        return cls(*(int.from_bytes(data[i : i + WORD]) for i in range(0, len(data), WORD)))
