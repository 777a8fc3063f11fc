"""A tree of selected fields as one SQL statement whose only row is the text of the response's ``data``.

Arguments and values are numbered parameters; what becomes text is code, names of the schema and the response's
keys (GraphQL names: letters, digits, underscores). Texts are put together with ``||`` and ``string_agg``, which
takes half the time of PostgreSQL's own JSON functions. What a viewer may know is decided in
``portal.inventory.reads``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from portal.api.compile.selection import Selected, Tree
from portal.api.compile.table import TABLE, Form, Leaf, Many, Part
from portal.api.cursors import cursor_in_sql
from portal.inventory.reads.detail import LEAVING
from portal.inventory.reads.sources import BOUND, COUNT, PARAMETERS, Shape, relations, settled
from portal.platform.lanes import TYPES, Statement

MOST_READS = 8
"""Reads of products in one statement: each is planned for itself."""

ASKER = ("name", "role", "tier", "agreement", "until", "host_zh", "host_en", "firm_zh", "firm_en")
"""What is known of the asker without the database; a parameter each, ``asker_`` before its name."""

_OWN_OF_A_READ = ("first", "start", "sku")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")

Columns = Mapping[str, str]
"""SQL by the names that the table gives to a type's columns."""


class NotInTableError(Exception):
    """A selected field cannot be compiled."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled query.

    Attributes:
        statement: Returns the text of ``data`` and the number of rows told; no row where a product is not in
            scope.
        reads: The root's reads, whose arguments are parameters with their place in the name.
    """

    statement: Statement
    reads: tuple[Selected, ...]


def to_plan(tree: Tree, shape: Shape) -> Plan | None:
    """Compile a selection; ``None`` where it is answered by ``execute()``.

    Args:
        tree: Of a valid query.
        shape: Of the viewer's entitlement.
    """
    reads = tuple(one for one in tree.fields if isinstance(TABLE.get(("Query", one.name)), Many))
    if not 1 <= len(reads) <= MOST_READS:
        return None
    try:
        sql = _statement(tree, shape, reads)
    except NotInTableError:
        return None
    return Plan(_numbered(sql), reads)


def _statement(tree: Tree, shape: Shape, reads: tuple[Selected, ...]) -> str:
    sources = [_read(one, shape, place) for place, one in enumerate(reads)]
    bodies = {id(one): f"r{place}.body" for place, one in enumerate(reads)}
    given = {name: f":asker_{name}" for name in ASKER} | {"as_of": ":as_of"}
    told = " + ".join(f"r{place}.told" for place in range(len(reads)))
    body = _Writer(shape, lambda one, _columns: bodies[id(one)]).object("Query", tree.fields, given)
    return f"SELECT {body}, {told} FROM {', '.join(sources)}"  # noqa: S608 - pieces from code


def _read(one: Selected, shape: Shape, place: int) -> str:
    """Return the source of one root field: a row with its text and how many rows it tells."""
    single = one.name == "product"
    writer = _Writer(shape, None)
    if single:
        body, told, rows = writer.object("Product", one.fields, _PRODUCT), "1", "figure i"
    else:
        body, told = writer.object("ProductConnection", one.fields, _CONNECTION), "count(*)"
        rows = "(SELECT f.*, :start + row_number() OVER (ORDER BY f.sku) - 1 AS position FROM figure f) i"
    text = f"({relations(shape, one=single)} SELECT {body} AS body, {told} AS told FROM {rows} {writer.joined}) r{place}"  # noqa: S608, E501 - pieces from code
    own = "|".join(_OWN_OF_A_READ)
    return re.sub(rf":({own})\b", rf":\1_{place}", settled(text, shape))


def _numbered(sql: str) -> Statement:
    """Put numbers in the place of the parameters' names, in the order of their first use."""
    names: dict[str, int] = {}
    text = _PARAMETER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", sql)
    return Statement(text, tuple(names), tuple(TYPES[_type_of(name)] for name in names))


def _type_of(name: str) -> str:
    """Return the type of a parameter; who asks and when are text."""
    stem = re.sub(r"_\d+$", "", name)
    return PARAMETERS.get(stem, "text")


def _figure(name: str) -> dict[str, str]:
    return {name: f"i.{name}", f"{name}_bound": BOUND(f"i.{name}")}


_COUNTED = {"base_unit": "i.base_unit", "decimals": "i.decimals"}
_NAMED = ("id", "sku", "gtin", "name_zh", "name_en", "next_due")
_PRODUCT: Columns = (
    {name: f"i.{name}" for name in _NAMED}
    | _COUNTED
    | _figure("on_hand")
    | _figure("in_transit")
    | _figure("promise")
)
_EDGE: Columns = {**_PRODUCT, "position": "i.position"}
_CONNECTION: Columns = {
    "total": COUNT,
    "has_next": f"(:start + count(*) < {COUNT} AND count(*) > 0)",
    "has_previous": "(:start > 0)",
    "first_cursor": "min(i.position)",
    "last_cursor": "max(i.position)",
}
_STEP: Columns = {"on_day": "s.on_day", "step": "s.quantity", "step_bound": BOUND("s.quantity"), **_COUNTED}
_WAREHOUSE: Columns = {
    "code": "l.code",
    "name_zh": "l.name_zh",
    "name_en": "l.name_en",
    "here": "SUM(l.told)",
    "here_bound": "bool_or(l.is_bound)",
    **_COUNTED,
}
_LOT: Columns = {
    "lot": "l.lot",
    "expires_on": "l.expires_on",
    "told": "l.told",
    "told_bound": "l.is_bound",
    "state": "upper(l.state)",
    **_COUNTED,
}


@dataclass(slots=True)
class _Writer:
    """Writes objects as SQL and collects the joins their lists need.

    Attributes:
        shape: Of the viewer's entitlement.
        reads: Writes a list of the root; ``None`` below it.
        joins: What is to be joined to the row of ``i``.
    """

    shape: Shape
    reads: Callable[[Selected, Columns], str] | None
    joins: list[str] = field(default_factory=list)

    @property
    def joined(self) -> str:
        return " ".join(self.joins)

    def object(self, kind: str, fields: Iterable[Selected], columns: Columns) -> str:
        """Return SQL for the text of an object."""
        pieces: list[tuple[str, str]] = [(f'"{one.key}":', self._value(kind, one, columns)) for one in fields]
        if not pieces:
            return "'{}'"  # everything was skipped
        text = "'{" + " || ',".join(f"{key}' || {value}" for key, value in pieces) + " || '}'"
        # Neighbouring literals are one: half of the concatenations are between a brace and a key.
        return "(" + text.replace("' || '", "") + ")"

    def _value(self, kind: str, one: Selected, columns: Columns) -> str:
        if one.name == "__typename":
            return f"'\"{kind}\"'"
        entry = TABLE.get((kind, one.name))
        if isinstance(entry, Leaf):
            return _written(entry, columns)
        if isinstance(entry, Part):
            inner = {own: columns[theirs] for own, theirs in entry.columns.items()}
            text = self.object(one.kind, one.fields, inner)
            return (
                f"CASE WHEN {columns[entry.absent]} IS NULL THEN 'null' ELSE {text} END" if entry.absent else text
            )
        if isinstance(entry, Many):
            return self.reads(one, columns) if self.reads else self._list(entry.relation, one)
        raise NotInTableError

    def _list(self, relation: str, one: Selected) -> str:
        match relation:
            case "edges":
                return _listed(f"string_agg({self.object(one.kind, one.fields, _EDGE)}, ',' ORDER BY i.sku)")
            case "lots":
                order = LEAVING.format(r="l", lot="lot")
                return _listed(f"string_agg({self.object(one.kind, one.fields, _LOT)}, ',' ORDER BY {order})")
            case "steps":
                body = f"string_agg({self.object(one.kind, one.fields, _STEP)}, ',' ORDER BY s.on_day)"
                return self._join(
                    f"SELECT s.product_id, {body} AS body"  # noqa: S608 - pieces from code
                    " FROM step s JOIN item i ON i.id = s.product_id GROUP BY s.product_id"
                )
            case _:
                return self._warehouses(one)

    def _warehouses(self, one: Selected) -> str:
        if not self.shape.by_node:
            return "'[]'"
        body = self.object(one.kind, one.fields, _WAREHOUSE)
        lines = (
            f"SELECT l.product_id, l.code, {body} AS body"  # noqa: S608 - pieces from code
            " FROM lying l JOIN item i ON i.id = l.product_id"
            " GROUP BY l.product_id, l.id, l.code, l.name_zh, l.name_en, i.base_unit, i.decimals"
        )
        return self._join(
            "SELECT w.product_id, string_agg(w.body, ',' ORDER BY w.code) AS body"  # noqa: S608 - pieces from code
            f" FROM ({lines}) w GROUP BY w.product_id"
        )

    def _join(self, rows: str) -> str:
        name = f"j{len(self.joins)}"
        self.joins.append(f"LEFT JOIN ({rows}) {name} ON {name}.product_id = i.id")
        return _listed(f"{name}.body")


def _listed(body: str) -> str:
    return f"('[' || COALESCE({body}, '') || ']')"


def _written(leaf: Leaf, columns: Columns) -> str:
    column = columns[leaf.column]
    match leaf.form:
        case Form.TEXT | Form.DATE:
            text = f"CAST(to_json({column}) AS text)"
        case Form.WORD:
            text = f"'\"' || {column} || '\"'"
        case Form.FLAG:
            text = f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
        case Form.NUMBER:
            text = f"CAST({column} AS text)"
        case Form.DECIMAL:
            text = f"'\"' || {_decimal(column, columns['decimals'])} || '\"'"
        case _:
            text = f"'\"' || {cursor_in_sql(column)} || '\"'"
    return f"COALESCE({text}, 'null')" if leaf.nullable else f"({text})"


def _decimal(quanta: str, decimals: str) -> str:
    """Return SQL for quanta as ``portal.kernel.quantity.to_text`` writes them."""
    whole = f"CAST({quanta} AS bigint)"
    scaled = f"trim_scale({whole} * power(CAST(10 AS numeric), -{decimals}))"
    return f"CASE WHEN {decimals} = 0 THEN CAST({whole} AS text) ELSE CAST({scaled} AS text) END"
