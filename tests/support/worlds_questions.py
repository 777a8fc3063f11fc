"""Thousands of questions somebody curious could ask: GraphQL, pages, files; honest, wrong and guessing ones.

Documents are grown from the tier's own schema, and spoilt with fields of the operator's. Words are taken from what
both worlds know, from each world's secrets, and from thin air.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from portal.api.cursors import to_cursor
from portal.api.schema import schema_of
from portal.kernel.disclosure import Tier
from portal.partners.audience import Audience


@dataclass(frozen=True)
class Question:
    """One request: a GET of ``path``, or a POST of ``body`` to the API."""

    path: str
    body: dict[str, Any] | None = None
    fragment: bool = False


def questions(rng: Random, *, tier: Tier, words: Sequence[str], count: int) -> Iterator[Question]:
    """Yield ``count`` questions.

    Args:
        rng: Decides everything.
        tier: Whose schema documents are grown from.
        words: SKUs, names, lots, numbers and secrets to ask for.
        count: How many.
    """
    kinds: Sequence[tuple[int, Callable[[], Question]]] = (
        (66, lambda: document(rng, tier, words)),
        (4, lambda: Question("/inventory?" + _list_query(rng, words))),
        (8, lambda: Question(f"/inventory/{quote(rng.choice(words), safe='')}?" + _list_query(rng, words))),
        (5, lambda: Question("/orders?" + _orders_query(rng, words))),
        (5, lambda: Question("/board?" + urlencode({"sku": rng.choice(words), "unit": _unit(rng)}))),
        (4, lambda: Question("/inventory.csv?" + _list_query(rng, words))),
        (1, lambda: Question("/inventory.xlsx?" + _list_query(rng, words))),
        (5, lambda: Question(_elsewhere(rng, words))),
        (2, lambda: Question("/inventory?" + _list_query(rng, words), fragment=True)),
    )
    makers = [maker for _, maker in kinds]
    weights = [weight for weight, _ in kinds]
    for _ in range(count):
        yield rng.choices(makers, weights)[0]()


def _unit(rng: Random) -> str:
    return rng.choice(("cs", "pcs", "stone"))


def _list_query(rng: Random, words: Sequence[str]) -> str:
    asked: dict[str, object] = {}
    if rng.random() < 0.5:
        asked["q"] = _part(rng, words)
    if rng.random() < 0.4:
        asked["show"] = rng.choice(("out", "arriving", "best_before", "nonsense"))
    if rng.random() < 0.5:
        asked["sort"] = rng.choice(("sku", "promise", "on_hand", "arrival", "supplier"))
    if rng.random() < 0.5:
        asked["unit"] = _unit(rng)
    if rng.random() < 0.3:
        asked["page"] = rng.choice(("1", "2", "99", "-1", "x"))
    if rng.random() < 0.7:
        asked["open"] = rng.choice(words)
    return urlencode(asked)


def _orders_query(rng: Random, words: Sequence[str]) -> str:
    asked: dict[str, object] = {}
    if rng.random() < 0.7:
        asked["q"] = _part(rng, words)
    if rng.random() < 0.5:
        asked["state"] = rng.choice(("open", "fulfilled", "cancelled", "lost"))
    if rng.random() < 0.3:
        asked["page"] = rng.choice(("1", "2", "999999", "0"))
    return urlencode(asked)


def _elsewhere(rng: Random, words: Sequence[str]) -> str:
    word = quote(rng.choice(words), safe="")
    return rng.choice(
        (
            "/",
            "/account",
            "/account/api",
            "/ops/stock",
            "/ops/orders",
            f"/ops/replenishment/{word}",
            f"/vmi/{word}",
            "/passports",
            "/documents",
            "/ops/policies",
            f"/nothing/{word}",
        )
    )


def _part(rng: Random, words: Sequence[str]) -> str:
    word = rng.choice((*words, "%", "_", "\\", "", " "))
    return word if rng.random() < 0.6 else word[: rng.randint(1, 4)]


# --- documents -----------------------------------------------------------------------------------------


def document(rng: Random, audience: str, words: Sequence[str]) -> Question:
    """Return a GraphQL document grown from the audience's schema, or from one above it."""
    own, all_of_it = _schemas(audience)
    kind = rng.random()
    if kind < 0.05:
        text = rng.choice(("{", "query { products }", "subscription { x }", "{ __typename } }", "mutation { a }"))
    elif kind < 0.12:
        name = rng.choice(("WarehouseStock", "LotStock", "Board", "Product", "OpenOrder", "Query"))
        text = f'{{ __type(name: "{name}") {{ name fields {{ name type {{ name }} }} }} }}'
    else:
        # Some grow from the operator's schema: fields and types of tiers above are guessed.
        schema = own if kind < 0.8 else all_of_it
        text = "{ " + " ".join(_fields(rng, schema.query_type, words, depth=0)) + " }"
        if rng.random() < 0.06:
            text = text.replace("sku", rng.choice(("skus", "supplier", "cost")), 1)
    body: dict[str, Any] = {"query": text}
    if rng.random() < 0.05:
        body |= {"variables": {"x": rng.choice(words)}, "operationName": rng.choice((None, "Q"))}
    return Question("/graphql", body)


@cache
def _schemas(audience: str) -> tuple[GraphQLSchema, GraphQLSchema]:
    return schema_of(Audience(audience)), schema_of(Audience.OPERATOR)


def _fields(rng: Random, kind: GraphQLObjectType | None, words: Sequence[str], *, depth: int) -> list[str]:
    assert kind is not None
    names = list(kind.fields)
    rng.shuffle(names)
    chosen = names[: rng.randint(1, 2 if depth == 0 else len(names))]
    return [_field(rng, name, kind.fields[name], words, depth=depth) for name in chosen]


def _field(rng: Random, name: str, field: GraphQLField, words: Sequence[str], *, depth: int) -> str:
    told = [f"{argument}: {_value(rng, argument, words)}" for argument in field.args if _is_given(rng, argument)]
    label = f"a{rng.randint(0, 9)}: " if rng.random() < 0.03 else ""
    written = label + name + (f"({', '.join(told)})" if told else "")
    of = get_named_type(field.type)
    if isinstance(of, GraphQLObjectType):
        return f"{written} {{ {' '.join(_fields(rng, of, words, depth=depth + 1))} }}"
    assert isinstance(of, GraphQLEnumType) or of is not None
    return written


def _is_given(rng: Random, argument: str) -> bool:
    return argument == "sku" or rng.random() < 0.5


def _value(rng: Random, argument: str, words: Sequence[str]) -> str:
    if argument == "first":
        return str(rng.choice((1, 2, 3, 50, 100, 101, 0, -1, "null", '"2"')))
    if argument == "after":
        cursor = rng.choice((to_cursor(rng.randint(0, 9)), to_cursor(999), "", "cm93", rng.choice(words)))
        return f'"{_quoted(cursor)}"'
    word = rng.choice(words) if argument == "sku" else _part(rng, words)
    return f'"{_quoted(word)}"'


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')
