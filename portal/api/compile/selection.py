"""A valid document's operation as a tree: fragments spread, same keys merged, what is skipped left out.

Source: GraphQL specification (October 2021), section 6.3.2 "Field Collection"; graphql-core does the collecting.
"""

from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields


@dataclass(frozen=True, slots=True)
class Selected:
    """A field that is answered.

    Attributes:
        key: Its name in the response.
        name: Its name in the schema.
        kind: Name of its type, without lists and non-null.
        node: Where its arguments stand.
        fields: What is selected of it, in the order of the response; empty for a leaf.
    """

    key: str
    name: str
    kind: str
    node: FieldNode
    fields: "tuple[Selected, ...]" = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """What a query selects: the root's fields."""

    root: GraphQLObjectType
    fields: tuple[Selected, ...]


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the operation that is asked for; ``None`` where there is none, or several and none is named."""
    found = [
        one
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
        and (name is None or (one.name is not None and one.name.value == name))
    ]
    return found[0] if len(found) == 1 else None


def deciding_variables(document: DocumentNode) -> tuple[str, ...]:
    """Return the variables whose values decide which fields are answered, in the order of their names."""
    finder = _Conditions()
    visit(document, finder)
    return tuple(sorted(finder.names))


def selection(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
) -> Tree | None:
    """Return what an operation selects; ``None`` for one that is no query.

    Args:
        schema: Of the asker's audience; the document is valid in it.
        document: With the operation's fragments.
        operation: One of its operations.
        variables: Coerced values of at least the deciding variables.
    """
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    found = collect_fields(schema, fragments, variables, root, operation.selection_set)

    def fields(kind: GraphQLObjectType, collected: dict[str, list[FieldNode]]) -> tuple[Selected, ...]:
        return tuple(one(kind, key, nodes) for key, nodes in collected.items())

    def one(kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Selected:
        node = nodes[0]
        field = kind.fields.get(node.name.value)
        of = get_named_type(field.type) if field else None
        if not isinstance(of, GraphQLObjectType):
            return Selected(key, node.name.value, of.name if of else "String", node)
        below = collect_sub_fields(schema, fragments, variables, of, nodes)
        return Selected(key, node.name.value, of.name, node, fields(of, below))

    return Tree(root, fields(root, found))


class _Conditions(Visitor):
    """Notes the variables in ``@skip(if:)`` and ``@include(if:)``."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        self.names |= {one.value.name.value for one in node.arguments if isinstance(one.value, VariableNode)}
