"""What is ours: one granian worker that serves five ways over the same connections.

* ``/graphql``: token, look-up of the person, limits, bucket, entitlement, row policies, audit entry.
* ``/same``: all of that and the same statement, but no GraphQL: no document, no selection, no cost, no bucket.
* ``/unlogged``: as ``/same``, without the audit entry and its commit.
* ``/bare``: the statement alone, narrowed; no token, no person, no audit entry.
* ``/open``: as ``/bare``, over a login the row policies do not narrow; the agreement's predicate stays.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from granian.constants import Interfaces
from granian.server import Server

from graphql_bars.data import PERSON, Asked
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
from portal.web.dressing import dress

THREE = "onHand { value } inTransit { quantity { value } } availableToPromise { quantity { value } }"
DEEP = "key=999999999/999999999"
"""A bucket that is drawn on as any and never full."""

_PAGE = "query ($after: String) {{ products(first: 50, after: $after) {{ edges {{ node {{ sku {} }} }} }} }}"
QUERIES = {
    "Q1": _PAGE.format(THREE),
    "Q2": _PAGE.format(THREE + " warehouses { code onHand { value } }"),
    "Q4": f"query ($sku: String!) {{ product(sku: $sku) {{ sku {THREE} }} }}",
}


def to_body(name: str, one: Asked) -> dict[str, Any]:
    """Return a request's body to ``/graphql``."""
    if name == "Q4":
        return {"query": QUERIES[name], "variables": {"sku": one.sku}}
    after = to_cursor(one.start - 1) if one.start else None
    return {"query": QUERIES[name], "variables": {"after": after}}


def to_values(name: str, one: Asked) -> dict[str, Any]:
    """Return a request's body to the other three: the statement's own parameters."""
    return {"sku_0": one.sku} if name == "Q4" else {"first_0": 50, "start_0": one.start}


def products_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the products of an answer."""
    return [data["product"]] if "product" in data else [edge["node"] for edge in data["products"]["edges"]]


def figures_of(node: dict[str, Any]) -> tuple[Any, ...]:
    """Return what is told of a product, in the order and kinds that all answers are compared in."""
    return (
        node["sku"],
        int(node["onHand"]["value"]),
        int(node["inTransit"]["quantity"]["value"]),
        int(node["availableToPromise"]["quantity"]["value"]),
        tuple((one["code"], int(one["onHand"]["value"])) for one in node.get("warehouses", ())),
    )


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
        Settings(home=Path(os.environ["BENCH_HOME"]), database_url=os.environ["BENCH"], api_buckets=DEEP)
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
        viewer = look_up(environ) if way in {"same", "unlogged"} else someone
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
        "graphql_bars.ours:application",
        factory=True,
        interface=Interfaces.WSGI,
        address="127.0.0.1",
        port=port,
        workers=1,
        blocking_threads=2,
        log_enabled=False,
    ).serve()


def token_of(home: str, url: str) -> str:
    """Return an access token of the measured partner's program."""
    services = wiring.build_services(Settings(home=Path(home), database_url=url))
    app = wiring.build_web(services)
    with services.database.reading() as connection:
        viewer = viewer_of_person(connection, person_id=PERSON, as_of=services.clock.now())
    token: str = app.extensions["tally_tokens"].issue(viewer, now=services.clock.now()).text
    services.database.close()
    return token
