"""Measure compiled reads: CPU of server and PostgreSQL per request, against the same SQL without GraphQL.

Prints one line of JSON; exit status 1 when a bar is broken. One granian worker serves, over the same connections:

* ``/graphql``: ours; token, look-up of the person, limits, entitlement, row policies, audit entry.
* ``/same``: all of that and the same statement, but no GraphQL: no document, no selection, no cost.
* ``/bare``: the statement alone, narrowed; no token, no person, no audit entry.
* ``/open``: as ``/bare``, over a login the row policies do not narrow; the agreement's predicate stays.

Peers (PostGraphile, mercurius, graphene with dataloaders) are not measured yet.
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from bars import report
from granian.constants import Interfaces
from granian.server import Server

from portal import wiring
from portal.api.access import viewer_of_token
from portal.api.compile.plans import Plans
from portal.api.cursors import to_cursor
from portal.inventory.reads.scope import scope_values
from portal.inventory.reads.sources import Shape
from portal.partners.audience import Audience
from portal.partners.lending import terms_of
from portal.partners.telling import reading_fact
from portal.partners.viewer import Viewer, viewer_of_person
from portal.platform import audit
from portal.platform.audit import Told
from portal.platform.config import Settings
from portal.platform.lanes import Statement
from portal.platform.migrate import bring_up
from portal.platform.postgres import EmbeddedPostgres
from portal.web.dressing import dress

ORG, PERSON = UUID(int=1), UUID(int=2)
THREE = "onHand { value } inTransit { quantity { value } } availableToPromise { quantity { value } }"
_PAGE = "query ($after: String) {{ products(first: 50, after: $after) {{ edges {{ node {{ sku {} }} }} }} }}"
QUERIES = {
    "Q1": _PAGE.format(THREE),
    "Q2": _PAGE.format(THREE + " warehouses { code onHand { value } }"),
    "Q4": f"query ($sku: String!) {{ product(sku: $sku) {{ sku {THREE} }} }}",
}
BARS = {f"{name}_to_same_sql": ("<=", 1.15) for name in QUERIES} | {
    f"{name}_policies_postgresql_cpu": ("<=", 1.45) for name in QUERIES
}
ROUNDS = 5

_FILL = """
    SET session_replication_role = replica;
    INSERT INTO org VALUES ('{org}', '测', 'Bench', FALSE, now());
    CREATE TEMP TABLE p AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {products}) n;
    CREATE TEMP TABLE w AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, 20) n;
    CREATE TEMP TABLE l AS SELECT p.id AS product_id, w.id AS node_id, gen_random_uuid() AS id FROM p CROSS JOIN w;
    CREATE TEMP TABLE f AS SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS agreement
        FROM generate_series(1, 200) n;
    INSERT INTO product (org_id, id, sku, name_zh, name_en, base_unit, decimals, pack_quanta, tracking, active,
                         created_at)
        SELECT '{org}', id, 'S-' || lpad(n::text, 6, '0'), '茶', 'Tea', 'C62', 0, 1, 'lot', TRUE, now() FROM p;
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
        SELECT '{org}', id, 'N' || lpad(n::text, 2, '0'), '仓', 'Node', 'own', now() FROM w;
    INSERT INTO lot (org_id, id, product_id, code, expires_on, status, created_at)
        SELECT '{org}', id, product_id, 'L' || row_number() OVER (), DATE '2030-01-01', 'available', now() FROM l;
    INSERT INTO stock_balance (org_id, product_id, location_id, node_id, lot_id, status, owner_id, on_hand,
                               changed_at)
        SELECT '{org}', product_id, node_id, node_id, id, 'available', '00000000-0000-0000-0000-000000000000', 10,
               now() FROM l;
    INSERT INTO stock_summary (org_id, product_id, location_id, physical, usable, good_until)
        SELECT '{org}', product_id, node_id, 10, 10, DATE '2030-01-01' FROM l;
    INSERT INTO partner (org_id, id, code, name_zh, name_en, roles, created_at)
        SELECT '{org}', id, 'C' || n, '客', 'Firm', ARRAY['customer'], now() FROM f;
    INSERT INTO agreement (org_id, id, number, partner_id, tier, purpose, valid_from, valid_until, all_products,
                           basis, grain, steps, daily_questions, note, created_at)
        SELECT '{org}', agreement, 'AG-' || n, id, 'key', 'x', '2020-01-01', '2039-12-31', FALSE,
               'unallocated_and_own', 'exact', '{{}}', 20, '', now() FROM f;
    INSERT INTO agreement_product
        SELECT '{org}', f.agreement, p.id FROM f JOIN p ON p.n % 50 = f.n % 50;
    INSERT INTO agreement_node SELECT '{org}', f.agreement, w.id FROM f CROSS JOIN w;
    INSERT INTO person (org_id, id, email, name, role, partner_id, password_hash, session_version, active,
                        created_at)
        SELECT '{org}', '{person}', 'a@example.com', 'A', 'customer', id, 'x', 1, TRUE, now() FROM f WHERE n = 1;
"""


def fill(url: str, products: int) -> None:
    """Lay products at 20 nodes with a lot at each, and 200 partners with an agreement over a fiftieth each."""
    with psycopg.connect(url) as connection:
        connection.execute(_FILL.format(org=ORG, person=PERSON, products=products).encode())
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


# --- what is served --------------------------------------------------------------------------------------


def statement_of(query: str, viewer: Viewer) -> Statement:
    """Return the statement a query is compiled to."""
    plans = Plans()
    known = plans.known(Audience.KEY, query)
    asked = plans.asked(known, operation=None, variables={"sku": "x"}, shape=Shape.of(viewer.disclosure))
    if asked is None:
        raise SystemExit(f"{query} is not compiled.")
    return asked.plan.statement


def application() -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Build the portal with the three other ways beside it, inside the server's process."""
    services = wiring.build_services(
        Settings(home=Path(os.environ["BENCH_HOME"]), database_url=os.environ["BENCH"])
    )
    app = wiring.build_web(services)
    zone = ZoneInfo(services.settings.time_zone)
    tokens, database = app.extensions["tally_tokens"], services.database
    with database.reading() as connection:
        someone = viewer_of_person(connection, person_id=PERSON, as_of=services.clock.now())
    statements = {name: statement_of(query, someone) for name, query in QUERIES.items()}

    def look_up(environ: dict[str, Any]) -> Viewer:
        text = environ["HTTP_AUTHORIZATION"].partition(" ")[2]
        with database.reading() as connection:
            return viewer_of_token(text, connection, services=services, tokens=tokens)

    def served(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        way, _, name = environ["PATH_INFO"].lstrip("/").partition("/")
        if way == "graphql":
            return app.wsgi_app(environ, start_response)
        told = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        viewer = look_up(environ) if way == "same" else someone
        as_of = services.clock.now().astimezone(zone)
        values = scope_values(org_id=viewer.org.id, disclosure=viewer.disclosure, as_of=as_of) | told
        reader, settings = ("", {}) if way == "open" else terms_of(viewer, today=as_of.date())
        row = database.ask(statements[name], values, reader=reader, settings=settings)
        if row is None or row[0] is None or row[1] is None:
            raise SystemExit("The statement tells nothing.")
        if way == "same":
            fact = reading_fact(viewer, what="bench", told=Told(rows=int(row[1])))
            with database.transaction() as connection:
                audit.append(connection, actor=viewer.actor, fact=fact, now=as_of)
        sent, headers = dress(b'{"data":%b}' % row[0], "application/json", environ)
        start_response("200 OK", headers)
        return [sent]

    return served


def serve(port: int) -> None:
    """Serve with one worker, as the portal is served."""
    Server(
        "bench_graphql:application",
        factory=True,
        interface=Interfaces.WSGI,
        address="127.0.0.1",
        port=port,
        workers=1,
        blocking_threads=2,
        log_enabled=False,
    ).serve()


# --- what is measured ------------------------------------------------------------------------------------


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


class Client:
    """One keep-alive connection that rotates over the pages and products of the agreement."""

    def __init__(self, port: int, token: str, products: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._dice = random.Random(1)  # noqa: S311 - chance, not secrecy
        self._products = products

    def ask(self, way: str, name: str) -> bytes:
        """Ask once."""
        start = self._dice.randrange(0, max(1, self._products // 50 - 50), 50)
        sku = f"S-{1 + 50 * self._dice.randrange(self._products // 50):06}"
        if way == "graphql":
            variables = {"sku": sku} if name == "Q4" else {"after": to_cursor(start - 1) if start else None}
            body: dict[str, Any] = {"query": QUERIES[name], "variables": variables}
        else:
            body = {"sku_0": sku} if name == "Q4" else {"first_0": 50, "start_0": start}
        self._line.request(
            "POST", f"/{way}" + ("" if way == "graphql" else f"/{name}"), json.dumps(body), self._headers
        )
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status != 200 or b'"errors"' in data:  # noqa: PLR2004 - anything else is no answer
            raise SystemExit(f"{way} {name}: {answer.status} {data[:300]!r}")
        return data


def measured(client: Client, server: int, database: int, *, turns: int) -> dict[str, dict[str, Any]]:
    """Ask every query in every way, in turns; return medians of CPU ms a request and of the wait."""
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(ROUNDS + 1):
        for name in QUERIES:
            for way in ("graphql", "same", "bare", "open"):
                before, waits = (cpu_ms(server), cpu_ms(database)), []
                for _ in range(turns):
                    at = time.perf_counter()
                    client.ask(way, name)
                    waits.append((time.perf_counter() - at) * 1e3)
                if number == 0:  # plans are made, caches filled
                    continue
                told = found.setdefault(f"{name} {way}", {"server": [], "postgresql": [], "p50": []})
                told["server"].append((cpu_ms(server) - before[0]) / turns)
                told["postgresql"].append((cpu_ms(database) - before[1]) / turns)
                told["p50"].append(statistics.median(waits))
    return {
        key: {what: round(statistics.median(values), 3) for what, values in told.items()}
        for key, told in found.items()
    }


@contextmanager
def server(environ: dict[str, str], port: int) -> Iterator[int]:
    """Start the server; yields its process id."""
    here = Path(__file__).parent
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), "--serve", str(port)],
        env=os.environ | environ | {"PYTHONPATH": f"{here}:{here.parent}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(1200):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def main() -> int:
    """Fill, serve, ask, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, default=0)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--turns", type=int, default=40)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return 0
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), durable=False) as postgres:
        bring_up(postgres.url, home=Path(folder))
        began = time.monotonic()
        fill(postgres.url, asked.products)
        filled = round(time.monotonic() - began)
        environ = {"BENCH": postgres.url, "BENCH_HOME": folder}
        with server(environ, port) as pid:
            client = Client(port, token_of(folder, postgres.url), asked.products)
            sizes = {name: len(client.ask("graphql", name)) for name in QUERIES}
            found = measured(client, pid, postgres.pid or 0, turns=asked.turns)
    total = {key: told["server"] + told["postgresql"] for key, told in found.items()}
    values = {
        f"{name}_to_same_sql": round(total[f"{name} graphql"] / total[f"{name} same"], 2) for name in QUERIES
    }
    values |= {
        f"{name}_policies_postgresql_cpu": round(
            found[f"{name} bare"]["postgresql"] / found[f"{name} open"]["postgresql"], 2
        )
        for name in QUERIES
    }
    bare = {name: round(total[f"{name} graphql"] / total[f"{name} bare"], 2) for name in QUERIES}
    return report(
        values,
        BARS,
        products=asked.products,
        lots=asked.products * 20,
        partners=200,
        filled_s=filled,
        cpu_ms_a_request=found,
        bytes=sizes,
        to_the_bare_statement=bare,
        peers="not measured",
    )


def token_of(home: str, url: str) -> str:
    """Return an access token of the measured partner's program."""
    services = wiring.build_services(Settings(home=Path(home), database_url=url))
    app = wiring.build_web(services)
    with services.database.reading() as connection:
        viewer = viewer_of_person(connection, person_id=PERSON, as_of=services.clock.now())
    token: str = app.extensions["tally_tokens"].issue(viewer, now=services.clock.now()).text
    services.database.close()
    return token


if __name__ == "__main__":
    sys.exit(main())
