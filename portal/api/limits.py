"""Reading a document within limits: what one request may ask for is bounded before anything is executed.

Validation is quadratic in repeated fields, so words are counted before it; levels, aliases, fields and cost after.
Suggestions are off: "Did you mean" would name fields to somebody who guesses.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)

from portal.api.errors import NotGraphQL, NotInSchema, TooLarge

MAX_SOURCE_CHARS = 16 * 1024
MAX_TOKENS = 500
MAX_DEPTH = 8
MAX_ALIASES = 20
MAX_FIELDS = 200
MAX_COST = 20_000
"""Fields that may be answered in one request: each counts once for every row of the lists around it."""

MAX_FIRST = 100
DEFAULT_FIRST = 50
_MAX_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Length:
    """A page length that stands in a variable.

    Attributes:
        name: The variable's.
        default: Rows where none is sent.
    """

    name: str
    default: int

    def rows(self, variables: Mapping[str, object]) -> int:
        """Return how many rows are asked for at most."""
        told = variables.get(self.name)
        return _within(told) if isinstance(told, int) else self.default


@dataclass(frozen=True, slots=True)
class Size:
    """What a document asks for, as a formula over the page lengths that stand in its variables.

    Attributes:
        terms: Numbers of fields, each with the lengths it is multiplied by.
    """

    terms: tuple[tuple[int, tuple[Length, ...]], ...]

    def cost(self, variables: Mapping[str, object]) -> int:
        """Return the cost of one request.

        Args:
            variables: As sent.

        Raises:
            TooLarge: It is more than one request may cost.
        """
        cost = sum(prod((one.rows(variables) for one in lengths), start=fields) for fields, lengths in self.terms)
        if cost > MAX_COST:
            raise too_large("cost", MAX_COST)
        return cost


@dataclass(slots=True)
class _Measure:
    """What was counted so far."""

    fields: int = 0
    aliases: int = 0
    terms: Counter[tuple[Length, ...]] = field(default_factory=Counter)


def read(source: str, *, schema: GraphQLSchema) -> DocumentNode:
    """Parse and validate a document against one tier's schema.

    Args:
        source: As sent.
        schema: The schema of the asker's audience; what it lacks does not exist.

    Raises:
        TooLarge: Longer, or of more words, than any honest query.
        NotGraphQL: It cannot be parsed, or a text in it holds U+0000, which PostgreSQL's cannot; the detail says
            where.
        NotInSchema: It does not fit the schema; the detail names the first faults.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise too_large("characters", MAX_SOURCE_CHARS)
    try:
        document = parse(source, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_TOKENS)
    except GraphQLError as error:
        if "more than" in error.message:
            raise too_large("words", MAX_TOKENS) from error
        raise NotGraphQL(error.message, detail=_where(error)) from error
    _check_texts(document, source)
    faults = validate(schema, document, max_errors=_MAX_ERRORS, hide_suggestions=True)
    if faults:
        raise NotInSchema(faults[0].message, detail="; ".join(_where(fault) for fault in faults))
    return document


def _check_texts(document: DocumentNode, source: str) -> None:
    if "\\u" not in source:  # no other way leads to U+0000: as itself it is no character of a document
        return

    class Texts(Visitor):
        def enter_string_value(self, node: StringValueNode, *_others: object) -> None:
            if "\0" in node.value:
                error = GraphQLError("A text holds U+0000.", node)
                raise NotGraphQL(error.message, detail=_where(error))

    visit(document, Texts())


def size_of(document: DocumentNode) -> Size:
    """Measure a valid document, once for all its requests.

    Args:
        document: Valid, so without circles of fragments.

    Raises:
        TooLarge: Deeper or wider than one request may be; names the limit.
    """
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    measure = _Measure()
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            walk = _Walk(fragments, _defaults(one), measure)
            _walk(one.selection_set, walk, depth=1, rows=_Rows(1, ()))
    return Size(tuple((fields, lengths) for lengths, fields in measure.terms.items()))


@dataclass(frozen=True, slots=True)
class _Walk:
    """What stays the same within an operation: fragments, default page lengths of variables, the count."""

    fragments: dict[str, FragmentDefinitionNode]
    defaults: dict[str, int]
    measure: _Measure


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of the lists around a field: a number, and the lengths it is multiplied by."""

    times: int
    lengths: tuple[Length, ...]


def _defaults(operation: OperationDefinitionNode) -> dict[str, int]:
    return {
        one.variable.name.value: _within(int(one.default_value.value))
        for one in operation.variable_definitions
        if isinstance(one.default_value, IntValueNode)
    }


def _walk(selections: SelectionSetNode, walk: _Walk, *, depth: int, rows: _Rows) -> None:
    if depth > MAX_DEPTH:
        raise too_large("levels", MAX_DEPTH)
    for node in selections.selections:
        if isinstance(node, FieldNode):
            _count(node, walk, depth=depth, rows=rows)
        elif isinstance(node, FragmentSpreadNode):
            _walk(walk.fragments[node.name.value].selection_set, walk, depth=depth, rows=rows)
        else:
            _walk(cast("InlineFragmentNode", node).selection_set, walk, depth=depth, rows=rows)


def _count(node: FieldNode, walk: _Walk, *, depth: int, rows: _Rows) -> None:
    measure = walk.measure
    measure.fields += 1
    measure.aliases += node.alias is not None
    measure.terms[rows.lengths] += rows.times
    for what, count, most in (
        ("fields", measure.fields, MAX_FIELDS),
        ("aliases", measure.aliases, MAX_ALIASES),
    ):
        if count > most:
            raise too_large(what, most)
    # The schema's description of itself has limits of its own (MaxIntrospectionDepthRule) and costs no read.
    if node.selection_set is not None and not node.name.value.startswith("__"):
        _walk(node.selection_set, walk, depth=depth + 1, rows=_below(node, walk, rows))


def _below(node: FieldNode, walk: _Walk, rows: _Rows) -> _Rows:
    """Return the rows of the fields below one, which answers with as many as its ``first`` says."""
    for argument in node.arguments:
        if argument.name.value == "first":
            value = argument.value
            if isinstance(value, IntValueNode):
                return _Rows(rows.times * _within(int(value.value)), rows.lengths)
            if isinstance(value, VariableNode):
                name = value.name.value
                length = Length(name, walk.defaults.get(name, DEFAULT_FIRST))
                return _Rows(rows.times, (*rows.lengths, length))
    return _Rows(rows.times * (DEFAULT_FIRST if node.name.value in _LISTS else 1), rows.lengths)


def _within(first: int) -> int:
    return max(1, min(first, MAX_FIRST))


_LISTS = frozenset({"products", "reservations", "replenishmentOrders"})


def too_large(what: str, most: int) -> TooLarge:
    """Return the refusal of a request that asks for more than ``most`` of something."""
    return TooLarge(f"One request may hold {most} {what} at most.", what=what, most=most)


def _where(error: GraphQLError) -> str:
    at = f" ({error.locations[0].line}:{error.locations[0].column})" if error.locations else ""
    return error.message.removeprefix("Syntax Error: ") + at
