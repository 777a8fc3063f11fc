"""The embedded chain as a process of its own, for benches: started, killed, started again on the same file."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_S = 120.0
"""Long, because a bench must not fail for a busy machine."""


@dataclass
class ChainProcess:
    """A node of the embedded chain.

    Attributes:
        file: The chain file.
        port: Chosen at the first start and kept.
    """

    file: Path
    chain_id: int = 31_337
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        ready = self.file.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "ledger.node", "--db", str(self.file), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--chain-id", str(self.chain_id), "--ready-file", str(ready)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        until = time.monotonic() + START_S
        while not ready.exists():
            if time.monotonic() > until or self.process.poll() is not None:
                raise TimeoutError("the embedded chain does not start")
            time.sleep(0.02)
        self.port = int(ready.read_text())

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
            self.process.wait()


@contextlib.contextmanager
def running_chain(file: Path) -> Iterator[ChainProcess]:
    """Run a node for the block."""
    node = ChainProcess(file)
    node.start()
    try:
        yield node
    finally:
        node.stop()
