"""Servers of others that answer the same questions: how they are installed, started and asked.

Their programs and pinned packages lie in ``tools/graphql_bars/peers``; they are copied to ``build/graphql-peers``
and installed there by their hashes, without running anything of theirs. PostGraphile wants Node 22: one comes as a
package on Linux, elsewhere the machine's own is taken.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphql_bars.data import Asked

FOLDER = Path(__file__).parent / "peers"
PLACE = Path(__file__).parents[2] / "build" / "graphql-peers"
NEEDS = ("node", "npm")
LOCKS = ("package-lock.json", "python.lock")
_LEAST_NODE = 22

_FLAT = "sku onHand inTransit availableToPromise"
_QUERIES = {
    "Q1": f"query ($skus: [String!]!) {{ products(skus: $skus) {{ {_FLAT} }} }}",
    "Q2": f"query ($skus: [String!]!) {{ products(skus: $skus) {{ {_FLAT} warehouses {{ code onHand }} }} }}",
    "Q4": f"query ($sku: String!) {{ product(sku: $sku) {{ {_FLAT} }} }}",
}
_TOTAL = "sku total: availabilityTotalByProductId { onHand inTransit availableToPromise: promise }"
_LISTED = "warehouses: availabilitiesByProductIdList { onHand warehouse: warehouseByWarehouseId { code } }"
_POSTGRAPHILE = {
    "Q1": f"query ($skus: [String]!) {{ products: productsBySkusList(skus: $skus) {{ {_TOTAL} }} }}",
    "Q2": f"query ($skus: [String]!) {{ products: productsBySkusList(skus: $skus) {{ {_TOTAL} {_LISTED} }} }}",
    "Q4": f"query ($sku: String!) {{ product: productBySku(sku: $sku) {{ {_TOTAL} }} }}",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of others.

    Attributes:
        name: As the bars call it.
        command: What starts it, in its folder; reads ``PEER_DATABASE`` and ``PEER_PORT``.
        queries: By the bench's names.
        figures: What an answer tells of a product.
    """

    name: str
    command: Callable[[], list[str]]
    queries: Mapping[str, str]
    figures: Callable[[dict[str, Any]], tuple[Any, ...]]

    def to_body(self, name: str, one: Asked) -> dict[str, Any]:
        """Return a request's body."""
        variables: dict[str, Any] = {"sku": one.sku} if name == "Q4" else {"skus": list(one.skus)}
        return {"query": self.queries[name], "variables": variables}


def missing() -> list[str]:
    """Return which programs the peers need and the machine has not."""
    return [name for name in NEEDS if shutil.which(name) is None]


def install() -> str:
    """Fetch the packages of the lock files; returns why that cannot be, empty where it was done."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for file in FOLDER.iterdir():
        if file.is_file():
            shutil.copyfile(file, PLACE / file.name)
    stamp, locks = PLACE / ".installed", b"".join((FOLDER / name).read_bytes() for name in LOCKS)
    if not stamp.exists() or stamp.read_bytes() != locks:
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        shutil.rmtree(PLACE / "python", ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--require-hashes", "--only-binary=:all:", "--target", "python", "-r", "python.lock"])
        stamp.write_bytes(locks)
    said = _node_version()
    return "" if int(said[1:].split(".")[0]) >= _LEAST_NODE else f"Node {_LEAST_NODE} is needed, here is {said}."


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=PLACE, check=True, stdout=sys.stderr)


def node() -> str:
    """Return the program that runs the peers."""
    packaged = next(iter(PLACE.glob("node_modules/node-linux-*/bin/node")), None)
    return str(packaged or shutil.which("node"))


def _node_version() -> str:
    return subprocess.run([node(), "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def environ_of(url: str, port: int) -> dict[str, str]:
    """Return a peer's environment: production, and where it finds the tables and its packages."""
    return os.environ | {
        "PEER_DATABASE": url,
        "PEER_PORT": str(port),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONPATH": f"{PLACE}:{PLACE / 'python'}",
    }


def _flat(node: dict[str, Any]) -> tuple[Any, ...]:
    warehouses = tuple((one["code"], one["onHand"]) for one in node.get("warehouses", ()))
    return node["sku"], node["onHand"], node["inTransit"], node["availableToPromise"], warehouses


def _related(node: dict[str, Any]) -> tuple[Any, ...]:
    """Read PostGraphile's shape, that of the tables' relations."""
    warehouses = [{"code": one["warehouse"]["code"], **one} for one in node.get("warehouses", ())]
    return _flat({"sku": node["sku"], **node["total"], "warehouses": warehouses})


PEERS = (
    Peer("postgraphile", lambda: [node(), "postgraphile.mjs"], _POSTGRAPHILE, _related),
    Peer("mercurius", lambda: [node(), "mercurius.mjs"], _QUERIES, _flat),
    Peer("graphene", lambda: [sys.executable, "graphene_server.py"], _QUERIES, _flat),
)
"""Those measured."""


def versions() -> dict[str, str]:
    """Return the peers' versions, as they are locked, and Node's."""
    packages = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    return {
        "postgraphile": packages["postgraphile"],
        "mercurius": packages["mercurius"],
        "graphene": version("graphene"),
        "node": _node_version(),
    }
