"""anvil, for tests of what the embedded chain never does: blocks that are taken back. Absent, they are skipped."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.rpc import HTTPRPC
from portal.platform.processes import free_port, wait_until

_BESIDE_THE_CONTRACT = Path(__file__).parents[2] / "contracts" / "node_modules" / ".bin" / "anvil"
START_S = 30


@dataclass(frozen=True)
class Anvil:
    """A running anvil that mines when told.

    Attributes:
        url: Where it answers.
    """

    url: str

    def ask(self, method: str, *params: Any) -> Any:
        """Ask by JSON-RPC."""
        return HTTPRPC(self.url).call(method, list(params))

    def mine(self, blocks: int = 1) -> None:
        """Mine what waits."""
        self.ask("anvil_mine", hex(blocks))

    def reorganise(self, depth: int) -> None:
        """Put as many empty blocks in the place of the newest."""
        self.ask("anvil_reorg", depth, [])

    def give(self, address: str) -> None:
        """Give an account a hundred ether."""
        self.ask("anvil_setBalance", address, hex(100 * 10**18))


def anvil_program() -> str:
    """Return the program; a test is skipped where there is none."""
    found = os.environ.get("ANVIL") or (str(_BESIDE_THE_CONTRACT) if _BESIDE_THE_CONTRACT.exists() else "")
    program = found or shutil.which("anvil") or ""
    if not program:
        pytest.skip(
            "no anvil here (npm ci in contracts/ brings it, ANVIL names another): no blocks are taken back"
        )
    return program


@contextmanager
def running_anvil(*, automine: bool = True) -> Iterator[Anvil]:
    """Run anvil for the block."""
    port = free_port()
    command = [anvil_program(), "--port", str(port), "--chain-id", "31337", "--accounts", "1", "--silent"]
    with subprocess.Popen([*command, *([] if automine else ["--no-mining"])]) as process:
        node = Anvil(f"http://127.0.0.1:{port}")
        try:
            wait_until(lambda: _answers(node), what="anvil", timeout_s=START_S)
            yield node
        finally:
            process.kill()


def _answers(node: Anvil) -> bool:
    try:
        return bool(node.ask("eth_chainId"))
    except LedgerError:
        return False
