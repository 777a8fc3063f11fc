"""Measure compiled reads against peers and against the same SQL without GraphQL: CPU of server and PostgreSQL.

Prints one line of JSON; exit status 1 when a bar is broken, 2 when the peers cannot be run for want of Node.

Ours is served in five ways (``graphql_bars/ours.py``), with token, person, limits, entitlement, row policies and
audit entry on; the peers (``graphql_bars/others.py``) have none of these, and read ready figures from narrow
tables (``graphql_bars/data.py``). Before anything is timed, all must tell the same figures of the same pages.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bars import report
from graphql_bars import others, ours
from graphql_bars.data import fill
from graphql_bars.measuring import Line, Way, free_port, measured, questions, served

from portal.platform.migrate import bring_up
from portal.platform.postgres import EmbeddedPostgres

HERE = Path(__file__).parent
WAYS = ("same", "unlogged", "bare", "open")
BARS = {
    f"{query}_{what}": bar
    for query in ours.QUERIES
    for what, bar in (
        ("to_same_sql", ("<=", 1.15)),
        ("policies_postgresql_cpu", ("<=", 1.45)),
        ("to_postgraphile", ("<=", 0.6)),
        ("to_mercurius", ("<=", 1.0)),
        ("graphene_to_ours", (">=", 10.0)),
    )
}
_COMPARED = 8
"""Pages and products that are compared before the first request is timed."""


def ways_of_ours(stack: ExitStack, *, url: str, home: str) -> list[Way]:
    """Start ours."""
    port = free_port()
    environ = os.environ | {"BENCH": url, "BENCH_HOME": home, "PYTHONPATH": f"{HERE}:{HERE.parent}"}
    command = [sys.executable, str(Path(__file__)), "--serve", str(port)]
    pid = stack.enter_context(served(command, environ, port=port, folder=HERE))
    token = ours.token_of(home, url)
    first = Way("graphql", pid, port, lambda _query: "/graphql", ours.to_body, token)
    return [first, *(Way(way, pid, port, _to(way), ours.to_values, token) for way in WAYS)]


def _to(way: str) -> Any:
    return lambda query: f"/{way}/{query}"


def ways_of_peers(stack: ExitStack, *, url: str) -> list[Way]:
    """Start the peers."""
    ways = []
    for peer in others.PEERS:
        port = free_port()
        environ = others.environ_of(url, port)
        pid = stack.enter_context(served(peer.command(), environ, port=port, folder=others.PLACE))
        ways.append(Way(peer.name, pid, port, lambda _query: "/graphql", peer.to_body))
    return ways


def compare(ways: list[Way], products: int) -> dict[str, dict[str, int]]:
    """Ask everybody the same; return the size of the first answers.

    Raises:
        SystemExit: One tells another figure than ours.
    """
    figures = {"graphql": ours.figures_of} | {peer.name: peer.figures for peer in others.PEERS}
    lines = {way.name: Line(way) for way in ways if way.name in figures}
    sizes: dict[str, dict[str, int]] = {name: {} for name in lines}
    rotating = questions(products, seed=-1)
    for _ in range(_COMPARED):
        one = next(rotating)
        for query in ours.QUERIES:
            told = {}
            for name, line in lines.items():
                answer = line.ask(query, one)
                sizes[name].setdefault(query, len(answer))
                data = json.loads(answer)["data"]
                nodes = ours.products_of(data) if name == "graphql" else _listed(data)
                told[name] = [figures[name](node) for node in nodes]
            for name, found in told.items():
                if found != told["graphql"]:
                    raise SystemExit(f"{query}: {name} tells {found[:1]}, ours {told['graphql'][:1]}.")
    return sizes


def _listed(data: dict[str, Any]) -> list[dict[str, Any]]:
    return data["products"] if "products" in data else [data["product"]]


def ratios(found: dict[str, dict[str, Any]]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the values of the bars, and what explains them: ours and its parts beside the others."""
    total = {key: told["server"] + told["postgresql"] for key, told in found.items()}
    values: dict[str, float] = {}
    beside: dict[str, dict[str, float]] = {}
    for query in ours.QUERIES:
        whole, bare = total[f"{query} graphql"], total[f"{query} bare"]
        postgresql = {way: found[f"{query} {way}"]["postgresql"] for way in ("bare", "open")}
        values |= {
            f"{query}_to_same_sql": whole / total[f"{query} same"],
            f"{query}_policies_postgresql_cpu": postgresql["bare"] / postgresql["open"],
            f"{query}_to_postgraphile": whole / total[f"{query} postgraphile"],
            f"{query}_to_mercurius": whole / total[f"{query} mercurius"],
            f"{query}_graphene_to_ours": total[f"{query} graphene"] / whole,
        }
        beside[query] = {
            "ours_to_bare": whole / bare,
            "share_of_token_person": (total[f"{query} unlogged"] - bare) / whole,
            "share_of_audit_entry": (total[f"{query} same"] - total[f"{query} unlogged"]) / whole,
            "bare_to_postgraphile": bare / total[f"{query} postgraphile"],
            "bare_to_mercurius": bare / total[f"{query} mercurius"],
            "open_to_mercurius": total[f"{query} open"] / total[f"{query} mercurius"],
        }
    rounded = {query: {name: round(value, 2) for name, value in told.items()} for query, told in beside.items()}
    return {name: round(value, 2) for name, value in values.items()}, rounded


def main() -> int:
    """Fill, serve, compare, ask, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, default=0)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--turns", type=int, default=40)
    wanted = parser.parse_args()
    if wanted.serve:
        ours.serve(wanted.serve)
        return 0
    lacks = " and ".join(others.missing())
    if reason := f"{lacks} not found." if lacks else others.install():
        print(f"The peers cannot be run: {reason} Install Node.js with npm.", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        postgres = stack.enter_context(EmbeddedPostgres(Path(folder), durable=False))
        bring_up(postgres.url, home=Path(folder))
        began = time.monotonic()
        fill(postgres.url, wanted.products)
        filled = round(time.monotonic() - began)
        ways = ways_of_ours(stack, url=postgres.url, home=folder) + ways_of_peers(stack, url=postgres.url)
        sizes = compare(ways, wanted.products)
        found = measured(
            ways, tuple(ours.QUERIES), database=postgres.pid or 0, products=wanted.products, turns=wanted.turns
        )
    values, beside = ratios(found)
    return report(
        values,
        BARS,
        products=wanted.products,
        lots=wanted.products * 20,
        shipments=wanted.products * 4,
        orders_of_others=wanted.products * 4,
        partners=200,
        filled_s=filled,
        on_in_ours="token, person, limits, bucket, entitlement, row policies, audit entry; the peers: none",
        peers_read="ready figures from narrow tables with integer keys; ours reckons them at every request",
        same_figures_before_timing=True,
        cpu_ms_a_request=found,
        beside=beside,
        bytes=sizes,
        peers=others.versions(),
    )


if __name__ == "__main__":
    sys.exit(main())
