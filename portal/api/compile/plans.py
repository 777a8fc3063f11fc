"""What was read and compiled before: documents by their text, plans by all that decides their text.

Both stores are bounded; what was asked for longest ago is forgotten first. Only valid documents are kept. A plan's
key is the document, the operation, the shape of the entitlement (``Shape``) and the values that ``@skip`` and
``@include`` look at; never an argument, which is a parameter of the plan.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from graphql import DocumentNode
from graphql.execution.values import get_variable_values

from portal.api.compile.selection import deciding_variables, operation_of, selection
from portal.api.compile.statement import Plan, to_plan
from portal.api.limits import Size, read, size_of
from portal.api.schema import schema_of
from portal.inventory.reads.sources import Shape
from portal.partners.audience import Audience

T = TypeVar("T")

DOCUMENTS, PLANS = 256, 512
"""How many are kept: an audience's programs ask a few dozen documents all day."""


@dataclass(frozen=True, slots=True)
class Known:
    """A valid document.

    Attributes:
        audience: In whose schema.
        digest: SHA-256 of its text.
        document: Its tree.
        size: What it asks for, by its page lengths.
        deciding: Variables that decide which fields are answered.
    """

    audience: Audience
    digest: bytes
    document: DocumentNode
    size: Size
    deciding: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan and the coerced values of the operation's variables."""

    plan: Plan
    variables: dict[str, Any]


class Plans:
    """The stores of one process; threads share them."""

    def __init__(self) -> None:
        self._documents: _Recent[Known] = _Recent(DOCUMENTS)
        self._plans: _Recent[Plan | None] = _Recent(PLANS)

    def known(self, audience: Audience, source: str) -> Known:
        """Return a document, parsed, validated and measured once.

        Raises:
            TooLarge, NotGraphQL, NotInSchema: As ``portal.api.limits.read`` and ``size_of``.
        """
        digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest()

        def make() -> Known:
            document = read(source, schema=schema_of(audience))
            return Known(audience, digest, document, size_of(document), deciding_variables(document))

        return self._documents.get((audience, digest), make)

    def asked(
        self, known: Known, *, operation: str | None, variables: Mapping[str, Any], shape: Shape
    ) -> Asked | None:
        """Return the plan of an operation; ``None`` where it is answered by ``execute()``.

        Args:
            known: The document.
            operation: Name of the operation, where one is told.
            variables: As sent.
            shape: Of the viewer's entitlement.
        """
        found = operation_of(known.document, operation)
        if found is None:
            return None
        schema = schema_of(known.audience)
        values = get_variable_values(schema, found.variable_definitions, dict(variables))
        if isinstance(values, list):
            return None
        conditions = tuple(values.get(name) for name in known.deciding)
        if not all(isinstance(value, bool) for value in conditions):
            return None

        def make() -> Plan | None:
            tree = selection(schema, known.document, found, values)
            return to_plan(tree, shape) if tree else None

        plan = self._plans.get((known.audience, known.digest, operation, shape, conditions), make)
        return Asked(plan, values) if plan else None


class _Recent(Generic[T]):
    """A bounded store that forgets what was asked for longest ago."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made where it is not; two threads may make it at once."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
