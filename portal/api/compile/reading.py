"""Running a plan: one round trip, over the login of the viewer's tier, narrowed to their agreement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import psycopg
import structlog
from graphql import GraphQLError, GraphQLObjectType
from graphql.execution.values import get_argument_values

from portal.api.asking import asker_of
from portal.api.compile.plans import Asked, Known
from portal.api.compile.selection import Selected
from portal.api.compile.statement import ASKER
from portal.api.cursors import check_first, from_cursor
from portal.api.errors import BadPage
from portal.api.limits import DEFAULT_FIRST
from portal.api.schema import schema_of
from portal.inventory.reads.scope import scope_values
from portal.partners.lending import terms_of
from portal.partners.viewer import Viewer
from portal.platform.db import Database
from portal.platform.lanes import Value

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """What a plan answered.

    Attributes:
        data: The text of the response's ``data``.
        products: SKUs asked for by name.
        rows: Rows told.
    """

    data: bytes
    products: frozenset[str]
    rows: int


def answer(database: Database, known: Known, asked: Asked, *, viewer: Viewer, as_of: datetime) -> Read | None:
    """Answer a compiled query; ``None`` where ``execute()`` has to say why there is no answer.

    Args:
        database: Where to read.
        known: The document.
        asked: Its plan and the values of its variables.
        viewer: Whoever asks.
        as_of: Instant of the request, in the company's zone.
    """
    values: dict[str, Value] = scope_values(org_id=viewer.org.id, disclosure=viewer.disclosure, as_of=as_of)
    products = set()
    for place, one in enumerate(asked.plan.reads):
        told = _arguments(known, one, asked.variables)
        if told is None:
            return None
        values |= {f"{name}_{place}": value for name, value in told.items()}
        if one.name == "product":
            products.add(str(told["sku"]))
    values |= _asker(viewer, as_of)
    reader, settings = terms_of(viewer, today=as_of.date())
    try:
        row = database.ask(asked.plan.statement, values, reader=reader, settings=settings)
    except psycopg.Error as error:
        _LOG.error("graphql.plan_failed", document=known.digest.hex(), exc_info=error)
        return None
    if row is None or row[0] is None or row[1] is None:
        return None
    return Read(row[0], frozenset(products), int(row[1]))


def _arguments(known: Known, one: Selected, variables: dict[str, Any]) -> dict[str, Value] | None:
    """Return the arguments of one read; ``None`` where they are refused, or where something is searched for."""
    query = schema_of(known.audience).query_type
    try:
        told = get_argument_values(cast("GraphQLObjectType", query).fields[one.name], one.node, variables)
        if one.name == "product":
            return {"sku": told["sku"]}
        first = DEFAULT_FIRST if told.get("first") is None else told["first"]
        check_first(first)
        after = told.get("after")
        start = 0 if after is None else from_cursor(after) + 1
    except (BadPage, GraphQLError):
        return None
    return None if (told.get("search") or "").strip() else {"first": first, "start": start}


def _asker(viewer: Viewer, as_of: datetime) -> dict[str, Value]:
    """Return what is known of the asker without the database, by parameter."""
    asker = asker_of(viewer)
    firm = asker.partner
    until = asker.agreement_until
    told = {
        "name": asker.name,
        "role": asker.role,
        "tier": asker.tier,
        "agreement": asker.agreement,
        "until": until.isoformat() if until else None,
        "host_zh": asker.company.zh,
        "host_en": asker.company.en,
        "firm_zh": firm.zh if firm else None,
        "firm_en": firm.en if firm else None,
    }
    return {"as_of": as_of.isoformat()} | {f"asker_{name}": told[name] for name in ASKER}
