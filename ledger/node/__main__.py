"""``python -m ledger.node``: run the embedded chain until told to stop.

    --db FILE            the chain file; made when absent
    --port N             a port of 127.0.0.1; 0 takes a free one
    --chain-id N         EIP-155 number; must be the file's
    --fund A[,A…]        addresses that own ether on a new chain
    --ready-file FILE    holds the port in decimal once the node answers
    --ready-fd N         the same, written to an open file descriptor, which is then closed

SIGTERM and SIGINT end it with status 0 after the block in hand; so does its parent's death where
the parent asked the kernel for the signal. Status 2: bad arguments; 3: the file is owned by
another process, is no chain file or another chain's, or the port is taken.
"""

import argparse
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NoReturn

from eth_utils.address import is_address, to_canonical_address

from ledger.errors import LedgerError
from ledger.node.evm import Node
from ledger.node.methods import Methods
from ledger.node.server import make_server


def _addresses(text: str) -> tuple[bytes, ...]:
    parts = [part for part in text.split(",") if part]
    for part in parts:
        if not is_address(part):
            raise argparse.ArgumentTypeError(f"not an address: {part}")
    return tuple(to_canonical_address(part) for part in parts)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ledger.node")
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--chain-id", type=int, required=True)
    parser.add_argument("--fund", type=_addresses, default=())
    parser.add_argument("--ready-file", type=Path)
    parser.add_argument("--ready-fd", type=int)
    return parser.parse_args(argv)


def _now() -> int:
    return int(time.time())


class _Stopped(BaseException):
    """Somebody told the node to end. Not an ``Exception``: nothing on the way may catch it."""


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise _Stopped


def _announce(port: int, arguments: argparse.Namespace) -> None:
    if arguments.ready_file is not None:
        # Written beside and renamed, so that a reader never sees half a number.
        half = arguments.ready_file.with_name(arguments.ready_file.name + ".part")
        half.write_bytes(b"%d\n" % port)
        half.replace(arguments.ready_file)
    if arguments.ready_fd is not None:
        with os.fdopen(arguments.ready_fd, "wb") as out:
            out.write(b"%d\n" % port)


def _serve(arguments: argparse.Namespace) -> None:
    node = Node(arguments.db, chain_id=arguments.chain_id, funded=arguments.fund, now=_now())
    with closing(node), make_server(Methods(node, _now), arguments.port) as server:
        _announce(server.server_address[1], arguments)
        server.serve_forever()


def main(argv: list[str]) -> int:
    """Run the node.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit status.
    """
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    status = 0
    with suppress(_Stopped):
        try:
            _serve(arguments)
        except (LedgerError, OSError, sqlite3.Error) as error:
            sys.stderr.write(f"the embedded chain cannot start: {error}\n")
            status = 3
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
