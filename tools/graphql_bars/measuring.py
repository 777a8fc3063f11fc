"""How a server is started, asked and measured: CPU of its processes and of PostgreSQL, per request."""

import http.client
import json
import random
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql_bars.data import SHARE, Asked, asked

ROUNDS = 5
_PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Way:
    """A way to ask the same thing.

    Attributes:
        name: As the figures call it.
        pid: Process whose tree serves it.
        port: Where it listens.
        path: Where a query is sent, by the query's name.
        body: What is sent, by the query's name.
        token: Bearer token, where one is asked for.
    """

    name: str
    pid: int
    port: int
    path: Callable[[str], str]
    body: Callable[[str, Asked], dict[str, Any]]
    token: str = ""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
    return port


@contextmanager
def served(command: Sequence[str], environ: Mapping[str, str], *, port: int, folder: Path) -> Iterator[int]:
    """Start a server and wait until it listens; yields its process id.

    Raises:
        SystemExit: It ended, or does not listen in two minutes.
    """
    process = subprocess.Popen(command, env=dict(environ), cwd=folder, stdout=subprocess.DEVNULL)
    try:
        for _ in range(_PATIENCE_S * 10):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}.")
            time.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} does not listen.")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))


def cpu_ms(pid: int) -> float:
    """Return the time a process and those below it have run."""
    spent = 0
    for one in tree(pid):
        for counters in Path(f"/proc/{one}/task").glob("*/schedstat"):
            spent += int(counters.read_text().split()[0])
    return spent / 1e6


class Line:
    """One keep-alive connection to a way."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._line = http.client.HTTPConnection("127.0.0.1", way.port, timeout=60)
        self._headers = {"Content-Type": "application/json"}
        if way.token:
            self._headers["Authorization"] = f"Bearer {way.token}"

    def ask(self, query: str, one: Asked) -> bytes:
        """Ask once.

        Raises:
            SystemExit: The answer is none.
        """
        body = json.dumps(self._way.body(query, one))
        self._line.request("POST", self._way.path(query), body, self._headers)
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status != 200 or b'"errors"' in data:  # noqa: PLR2004 - anything else is no answer
            raise SystemExit(f"{self._way.name} {query}: {answer.status} {data[:600]!r}")
        return data


def questions(products: int, *, seed: int) -> Iterator[Asked]:
    """Yield what is asked for, one after the other: pages and products of the agreement, by chance."""
    dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
    listed = products // SHARE
    while True:
        yield asked(dice.randrange(0, max(1, listed - SHARE), SHARE), dice.randrange(listed))


def measured(
    ways: Sequence[Way], queries: Sequence[str], *, database: int, products: int, turns: int
) -> dict[str, dict[str, Any]]:
    """Ask every query in every way, in turns; return medians of CPU ms a request and of the wait.

    Args:
        ways: Whom to ask.
        queries: Names of the queries.
        database: PostgreSQL's process.
        products: How many there are.
        turns: Requests a round.
    """
    lines = {way.name: Line(way) for way in ways}
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(ROUNDS + 1):
        for query in queries:
            for way in ways:
                rotating = questions(products, seed=number)
                before, waits = (cpu_ms(way.pid), cpu_ms(database)), []
                for _ in range(turns):
                    one = next(rotating)
                    at = time.perf_counter()
                    lines[way.name].ask(query, one)
                    waits.append((time.perf_counter() - at) * 1e3)
                if number == 0:  # plans are made, code is compiled, caches filled
                    continue
                told = found.setdefault(f"{query} {way.name}", {"server": [], "postgresql": [], "p50": []})
                told["server"].append((cpu_ms(way.pid) - before[0]) / turns)
                told["postgresql"].append((cpu_ms(database) - before[1]) / turns)
                told["p50"].append(statistics.median(waits))
    return {
        key: {what: round(statistics.median(values), 3) for what, values in told.items()}
        for key, told in found.items()
    }
