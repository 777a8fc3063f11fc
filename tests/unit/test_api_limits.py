"""What one request may ask for, counted before anything is executed."""

import pytest
from graphql import build_schema, get_introspection_query

from portal.api import limits
from portal.api.errors import NotGraphQL, NotInSchema, TooLarge
from portal.api.limits import Length, Size, read, size_of

SCHEMA = build_schema("""
    type Query { products(first: Int, after: String): Page! node: Node! a: Int }
    type Page { nodes: [Node!]! }
    type Node { node: Node! a: Int b: Int c: Int products(first: Int): Page! }
""")


def cost(source: str, **variables: object) -> int:
    return size_of(read(source, schema=SCHEMA)).cost(variables)


def refused(source: str, **variables: object) -> dict[str, object]:
    with pytest.raises(TooLarge) as refusal:
        cost(source, **variables)
    return refusal.value.values


def test_a_field_costs_one_for_every_row_of_the_lists_around_it() -> None:
    assert cost("{ a }") == 1
    assert cost("{ a node { a b } }") == 4
    # products 1, nodes 10, a 10
    assert cost("{ products(first: 10) { nodes { a } } }") == 1 + 10 + 10
    assert cost("{ products { nodes { a } } }") == 1 + 50 + 50
    assert cost("{ products(after: 4) { nodes { a } } }".replace("4", '"x"')) == 1 + 50 + 50


def test_a_page_length_may_stand_in_a_variable() -> None:
    source = "query Q($n: Int) { products(first: $n) { nodes { a } } }"
    assert cost(source, n=3) == 1 + 3 + 3
    assert cost(source) == 1 + 50 + 50
    assert cost(source, n="3") == 1 + 50 + 50


def test_a_variables_default_counts_where_none_is_sent() -> None:
    source = "query Q($n: Int = 100) { products(first: $n) { nodes { a } } }"
    assert cost(source) == 1 + 100 + 100
    assert cost(source, n=3) == 1 + 3 + 3
    assert cost(source.replace("100", "5000")) == 1 + 100 + 100
    assert cost(source.replace("100", "null")) == 1 + 50 + 50


def test_a_document_is_measured_once_and_its_cost_is_a_formula() -> None:
    source = (
        "query Q($n: Int, $m: Int) { a products(first: $n) { nodes { a products(first: $m) { nodes { b c } } } } }"
    )
    n, m = Length("n", 50), Length("m", 50)
    # a, products; nodes, a, products; nodes, b, c
    size = Size(((2, ()), (3, (n,)), (3, (n, m))))
    assert size_of(read(source, schema=SCHEMA)) == size
    assert size.cost({"n": 10, "m": 4}) == 2 + 3 * 10 + 3 * 40
    assert size.cost({}) == 2 + 3 * 50 + 3 * 2500


def test_a_page_length_out_of_range_is_counted_within_it() -> None:
    assert cost("{ products(first: -5) { nodes { a } } }") == 3
    assert cost("{ products(first: 5000) { nodes { a } } }") == 201
    assert cost("query Q($n: Int) { products(first: $n) { nodes { a } } }", n=5000) == 201


def test_a_page_length_of_null_is_the_usual_one() -> None:
    assert cost("{ products(first: null) { nodes { a } } }") == 1 + 50 + 50


def test_fragments_are_counted_where_they_are_spread() -> None:
    source = "{ node { ...F } products(first: 2) { nodes { ...F ... on Node { c } } } } fragment F on Node { a b }"
    # node 1, a 1, b 1; products 1, nodes 2, a 2, b 2, c 2
    assert cost(source) == 12


def test_a_query_of_8_levels_passes_and_one_of_9_is_refused() -> None:
    def nested(levels: int) -> str:
        return "{ node " * (levels - 1) + "{ a }" + " }" * (levels - 1)

    assert cost(nested(8)) == 8
    assert refused(nested(9)) == {"what": "levels", "most": 8}


def test_the_21st_alias_is_refused() -> None:
    def aliased(count: int) -> str:
        return "{" + " ".join(f"x{n}: a" for n in range(count)) + "}"

    assert cost(aliased(20)) == 20
    assert refused(aliased(21)) == {"what": "aliases", "most": 20}


def test_the_201st_field_is_refused_even_out_of_nested_fragments() -> None:
    fragments = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(10))
    source = "{ ...F0 } " + fragments + " fragment F10 on Query { a }"
    assert refused(source) == {"what": "fields", "most": 200}
    assert cost("{ a " + "a " * 199 + "}") == 200


def test_lists_in_lists_are_refused_by_cost() -> None:
    source = "{ products(first: 100) { nodes { products(first: 100) { nodes { a b } } } } }"
    assert refused(source) == {"what": "cost", "most": 20_000}


def test_a_long_source_and_one_of_many_words_are_refused_before_they_are_validated() -> None:
    assert refused("{ a " + "#" * limits.MAX_SOURCE_CHARS + "\n}") == {"what": "characters", "most": 16_384}
    assert refused("{ " + "a " * 600 + "}") == {"what": "words", "most": 500}


@pytest.mark.parametrize("source", ["{", "{ a", "mutation", "{ a }}", "\x00", "{ a(first: 1.2.3) }"])
def test_what_is_no_graphql_is_told_where(source: str) -> None:
    with pytest.raises(NotGraphQL) as refusal:
        read(source, schema=SCHEMA)
    assert "(1:" in refusal.value.values["detail"]


def test_an_unknown_field_is_told_without_a_suggestion() -> None:
    with pytest.raises(NotInSchema) as refusal:
        read("{ product { nodes { a } } }", schema=SCHEMA)
    assert refusal.value.values == {"detail": "Cannot query field 'product' on type 'Query'. (1:3)"}


def test_at_most_the_first_faults_are_told() -> None:
    with pytest.raises(NotInSchema) as refusal:
        read("{ z1 z2 z3 z4 z5 z6 z7 }", schema=SCHEMA)
    told = refusal.value.values["detail"].split("; ")
    assert len(told) == 6
    assert told[-1] == "Too many validation errors, error limit reached. Validation aborted."


def test_a_schema_may_be_asked_for_but_not_into_endless_depth() -> None:
    assert cost(get_introspection_query()) < 100
    deep = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"
    with pytest.raises(NotInSchema):
        read(deep, schema=SCHEMA)
