"""Reading a document within limits: what one request may ask for is bounded before anything is executed.

Validation is quadratic in repeated fields, so words are counted before it; levels, aliases, fields and cost after.
Suggestions are off: "Did you mean" would name fields to somebody who guesses.
"""

from dataclasses import dataclass
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
    VariableNode,
    parse,
    validate,
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


@dataclass(slots=True)
class _Measure:
    """What was counted so far."""

    fields: int = 0
    aliases: int = 0
    cost: int = 0


def read(source: str, *, schema: GraphQLSchema) -> DocumentNode:
    """Parse and validate a document against one tier's schema.

    Args:
        source: As sent.
        schema: The schema of the asker's audience; what it lacks does not exist.

    Raises:
        TooLarge: Longer, or of more words, than any honest query.
        NotGraphQL: It cannot be parsed; the detail says where.
        NotInSchema: It does not fit the schema; the detail names the first faults.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise _too_large("characters", MAX_SOURCE_CHARS)
    try:
        document = parse(source, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_TOKENS)
    except GraphQLError as error:
        if "more than" in error.message:
            raise _too_large("words", MAX_TOKENS) from error
        raise NotGraphQL(error.message, detail=_where(error)) from error
    faults = validate(schema, document, max_errors=_MAX_ERRORS, hide_suggestions=True)
    if faults:
        raise NotInSchema(faults[0].message, detail="; ".join(_where(fault) for fault in faults))
    return document


def check_size(document: DocumentNode, *, variables: dict[str, object]) -> int:
    """Refuse a valid document that asks for too much; returns its cost.

    Args:
        document: Valid, so without circles of fragments.
        variables: As sent; a page length may stand in one.

    Raises:
        TooLarge: Deeper, wider or costlier than one request may be; names the limit.
    """
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    measure = _Measure()
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            _walk(one.selection_set, _Walk(fragments, variables, measure), depth=1, times=1)
    return measure.cost


@dataclass(frozen=True, slots=True)
class _Walk:
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, object]
    measure: _Measure


def _walk(selections: SelectionSetNode, walk: _Walk, *, depth: int, times: int) -> None:
    if depth > MAX_DEPTH:
        raise _too_large("levels", MAX_DEPTH)
    for node in selections.selections:
        if isinstance(node, FieldNode):
            _count(node, walk, depth=depth, times=times)
        elif isinstance(node, FragmentSpreadNode):
            _walk(walk.fragments[node.name.value].selection_set, walk, depth=depth, times=times)
        else:
            _walk(cast("InlineFragmentNode", node).selection_set, walk, depth=depth, times=times)


def _count(node: FieldNode, walk: _Walk, *, depth: int, times: int) -> None:
    measure = walk.measure
    measure.fields += 1
    measure.aliases += node.alias is not None
    measure.cost += times
    for what, count, most in (
        ("fields", measure.fields, MAX_FIELDS),
        ("aliases", measure.aliases, MAX_ALIASES),
        ("cost", measure.cost, MAX_COST),
    ):
        if count > most:
            raise _too_large(what, most)
    # The schema's description of itself has limits of its own (MaxIntrospectionDepthRule) and costs no read.
    if node.selection_set is not None and not node.name.value.startswith("__"):
        _walk(node.selection_set, walk, depth=depth + 1, times=times * _rows(node, walk.variables))


def _rows(node: FieldNode, variables: dict[str, object]) -> int:
    """Return how many rows a field may answer with, by its ``first``; 1 for a field without one."""
    for argument in node.arguments:
        if argument.name.value == "first":
            value = argument.value
            if isinstance(value, IntValueNode):
                return max(1, min(int(value.value), MAX_FIRST))
            if isinstance(value, VariableNode):
                told = variables.get(value.name.value)
                return max(1, min(told, MAX_FIRST)) if isinstance(told, int) else DEFAULT_FIRST
    return DEFAULT_FIRST if node.name.value in _LISTS else 1


_LISTS = frozenset({"products", "reservations", "replenishmentOrders"})


def _too_large(what: str, most: int) -> TooLarge:
    return TooLarge(f"One request may hold {most} {what} at most.", what=what, most=most)


def _where(error: GraphQLError) -> str:
    at = f" ({error.locations[0].line}:{error.locations[0].column})" if error.locations else ""
    return error.message.removeprefix("Syntax Error: ") + at
