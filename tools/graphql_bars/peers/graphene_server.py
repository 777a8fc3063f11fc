"""graphene with dataloaders, as its documentation shows them (aiodataloader, ``execute_async``), under granian.

One worker, a pool of ten connections of psycopg, whose statements are prepared at first use. A root field reads a
product and its figures in one statement; warehouses are one loader's statement for all products of a request.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import graphene
from aiodataloader import DataLoader
from granian.constants import Interfaces
from granian.server import Server
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

_PRODUCT = """
    SELECT p.id, p.sku, t.on_hand, t.in_transit, t.promise AS available_to_promise
    FROM peer.product p JOIN peer.availability_total t ON t.product_id = p.id"""
_MANY = f"{_PRODUCT} WHERE p.sku = ANY(%s) ORDER BY p.sku"
_ONE = f"{_PRODUCT} WHERE p.sku = %s"
_WAREHOUSES = """
    SELECT a.product_id, w.code, a.on_hand
    FROM peer.availability a JOIN peer.warehouse w ON w.id = a.warehouse_id
    WHERE a.product_id = ANY(%s) ORDER BY a.product_id, a.warehouse_id"""

Rows = list[dict[str, Any]]


async def rows(statement: str, *values: Any) -> Rows:
    """Return the rows of a statement."""
    async with pool().connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, values, prepare=True)
        return await cursor.fetchall()


_POOLS: list[AsyncConnectionPool[Any]] = []


def pool() -> AsyncConnectionPool[Any]:
    """Return the worker's pool, opened at its start."""
    return _POOLS[0]


class Warehouses(DataLoader[int, Rows]):
    """The warehouses of products, at once."""

    async def batch_load_fn(self, keys: list[int]) -> list[Rows]:
        """Read them."""
        found: dict[int, Rows] = defaultdict(list)
        for row in await rows(_WAREHOUSES, list(keys)):
            found[row["product_id"]].append(row)
        return [found[key] for key in keys]


class WarehouseStock(graphene.ObjectType):
    """A product at one warehouse."""

    code = graphene.String(required=True)
    on_hand = graphene.Int(required=True)


class Product(graphene.ObjectType):
    """A product and its figures."""

    sku = graphene.String(required=True)
    on_hand = graphene.Int(required=True)
    in_transit = graphene.Int(required=True)
    available_to_promise = graphene.Int(required=True)
    warehouses = graphene.List(graphene.NonNull(WarehouseStock), required=True)

    @staticmethod
    def resolve_warehouses(root: Mapping[str, Any], info: graphene.ResolveInfo) -> Awaitable[Rows]:
        """Leave it to the loader."""
        return info.context.load(root["id"])  # type: ignore[no-any-return]


class Query(graphene.ObjectType):
    """What can be asked."""

    products = graphene.List(
        graphene.NonNull(Product),
        skus=graphene.List(graphene.NonNull(graphene.String), required=True),
        required=True,
    )
    product = graphene.Field(Product, sku=graphene.String(required=True))

    @staticmethod
    async def resolve_products(_root: object, _info: object, skus: list[str]) -> Rows:
        """Read them."""
        return await rows(_MANY, skus)

    @staticmethod
    async def resolve_product(_root: object, _info: object, sku: str) -> dict[str, Any] | None:
        """Read it."""
        return next(iter(await rows(_ONE, sku)), None)


SCHEMA = graphene.Schema(query=Query)
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] == "lifespan":
        await receive()
        opened: AsyncConnectionPool[Any] = AsyncConnectionPool(
            os.environ["PEER_DATABASE"], min_size=10, max_size=10, open=False, kwargs={"autocommit": True}
        )
        await opened.open()
        _POOLS.append(opened)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await opened.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    asked = json.loads(body)
    made = await SCHEMA.execute_async(asked["query"], variables=asked.get("variables"), context=Warehouses())
    sent = json.dumps(made.formatted).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": sent})


def main() -> int:
    """Serve with one worker."""
    Server(
        "graphene_server:application",
        interface=Interfaces.ASGI,
        address="127.0.0.1",
        port=int(os.environ["PEER_PORT"]),
        workers=1,
        log_enabled=False,
    ).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
