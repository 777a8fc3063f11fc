"""Documents grown from a tier's schema, with all that a selection can hold.

Aliases, fragments (named and inline), the same field twice, ``@skip`` and ``@include``, variables with and without
values, nested lists, pages and cursors; now and then something that is refused or is not compiled at all.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from portal.api.cursors import to_cursor

_DEEPEST = 7
_RARE = frozenset({"units", "inUnit", "board", "canHave", "reservations"})
"""Fields that are not compiled: grown, but seldom."""


@dataclass
class Growing:
    """One document in the making.

    Attributes:
        rng: Decides everything.
        schema: Of the audience.
        skus: Products that exist, and some that do not.
        values: Values of the variables.
    """

    rng: Random
    schema: GraphQLSchema
    skus: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def body(self) -> dict[str, Any]:
        """Return the parameters of one request."""
        selected = self._fields(self.schema.query_type, depth=1)
        name = self.rng.choice(("", "", "Ask"))
        head = f"({', '.join(self.declared)})" if self.declared else ""
        text = f"query {name}{head} {{ {selected} }} {' '.join(self.fragments)}"
        body: dict[str, Any] = {"query": text}
        if self.values or self.rng.random() < 0.1:
            body["variables"] = self.values
        if name and self.rng.random() < 0.5:
            body["operationName"] = name
        return body

    def _fields(self, kind: GraphQLObjectType | None, *, depth: int) -> str:
        assert kind is not None
        names = [name for name in kind.fields if name not in _RARE or self.rng.random() < 0.02]
        if depth >= _DEEPEST:
            names = [name for name in names if not self._below(kind, name)] or names[:1]
        self.rng.shuffle(names)
        chosen = names[: self.rng.randint(1, 2 if depth == 1 else 4)]
        if depth == 1 and not {"products", "product"} & set(chosen):
            chosen.append("products" if "products" in kind.fields else chosen[0])
        texts = [self._field(kind, name, depth=depth) for name in chosen]
        if self.rng.random() < 0.1:
            texts.append("__typename")
        if self.rng.random() < 0.06:
            texts.append(self.rng.choice(texts))  # the same once more: merged
        return " ".join(texts)

    def _below(self, kind: GraphQLObjectType, name: str) -> GraphQLObjectType | None:
        of = get_named_type(kind.fields[name].type)
        return of if isinstance(of, GraphQLObjectType) else None

    def _field(self, kind: GraphQLObjectType, name: str, *, depth: int) -> str:
        label = ""
        if self.aliases < 15 and self.rng.random() < 0.12:
            self.aliases += 1
            label = f"a{self.aliases}: "
        told = self._arguments(name)
        below = self._below(kind, name)
        inner = f" {{ {self._fields(below, depth=depth + 1)} }}" if below else ""
        text = f"{label}{name}{told}{self._condition()}{inner}"
        if self.rng.random() < 0.08:
            text = f"... on {kind.name}{self._condition()} {{ {text} }}"
        elif len(self.fragments) < 5 and self.rng.random() < 0.06:
            fragment = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {fragment} on {kind.name} {{ {text} }}")
            text = f"...{fragment}{self._condition()}"
        return text

    def _condition(self) -> str:
        if self.rng.random() > 0.08:
            return ""
        word, value = self.rng.choice(("skip", "include")), self.rng.random() < 0.5
        if self.rng.random() < 0.5:
            return f" @{word}(if: {str(value).lower()})"
        return f" @{word}(if: {self._variable('Boolean!', value)})"

    def _variable(self, kind: str, value: object) -> str:
        name = f"v{len(self.declared)}"
        default = ""
        if self.rng.random() < 0.2 and not kind.endswith("!"):
            default = f" = {value}" if isinstance(value, int) else ""
        self.declared.append(f"${name}: {kind}{default}")
        if not default:
            self.values[name] = value
        return f"${name}"

    def _arguments(self, name: str) -> str:
        told = []
        if name == "product":
            sku = self.rng.choice(self.skus)
            told.append(f"sku: {self._variable('String!', sku) if self.rng.random() < 0.5 else _quoted(sku)}")
        if name in {"products", "reservations"}:
            told += self._page()
        if name == "products" and self.rng.random() < 0.1:
            told.append(f"search: {_quoted(self.rng.choice(('', ' ', 'IN', *self.skus)))}")
        if name == "inUnit":
            told.append(f'unit: "{self.rng.choice(("C62", "KGM", "XX"))}"')
        if name == "canHave":
            told.append('quantity: "1", by: "2026-12-01"')
        return f"({', '.join(told)})" if told else ""

    def _page(self) -> list[str]:
        told = []
        if self.rng.random() < 0.6:
            first = self.rng.choice((1, 2, 3, 5, 50, 100, *(() if self.rng.random() < 0.9 else (0, 101, -1))))
            told.append(f"first: {self._variable('Int', first) if self.rng.random() < 0.5 else first}")
        if self.rng.random() < 0.4:
            after = to_cursor(self.rng.randint(0, 6)) if self.rng.random() < 0.9 else "none of ours"
            told.append(f"after: {self._variable('String', after) if self.rng.random() < 0.5 else _quoted(after)}")
        return told


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
