"""What is compiled, what is left to ``execute()``, and what of it is kept."""

from typing import Any

import pytest

from portal.api.compile import plans as stores
from portal.api.compile.plans import Asked, Plans
from portal.api.compile.statement import MOST_READS
from portal.api.errors import NotInSchema
from portal.inventory.reads.sources import Shape
from portal.kernel.disclosure import Basis, Disclosure, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.partners.audience import Audience

KEY = Shape.of(Disclosure(tier=Tier.KEY))


def asked(
    query: str, *, plans: Plans | None = None, operation: str | None = None, **variables: Any
) -> Asked | None:
    plans = plans or Plans()
    known = plans.known(Audience.KEY, query)
    return plans.asked(known, operation=operation, variables=variables, shape=KEY)


SKU = "{ products { edges { node { sku } } } }"


def test_a_plan_is_made_once_and_arguments_are_no_part_of_it() -> None:
    plans = Plans()
    query = "query ($n: Int) { products(first: $n) { totalCount } }"
    one, other = asked(query, plans=plans, n=1), asked(query, plans=plans, n=2)
    assert one is not None
    assert other is not None
    assert one.plan is other.plan
    assert "first_0" in one.plan.statement.names


def test_a_condition_makes_another_plan() -> None:
    plans = Plans()
    query = "query ($yes: Boolean!) { products { totalCount @include(if: $yes) edges { cursor } } }"
    one, other = asked(query, plans=plans, yes=True), asked(query, plans=plans, yes=False)
    assert one is not None
    assert other is not None
    assert '"totalCount":' in one.plan.statement.sql
    assert '"totalCount":' not in other.plan.statement.sql


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { name } }",
        "{ __typename }",
        "{ products { edges { node { units { code } } } } }",
        '{ products { edges { node { onHand { inUnit(unit: "C62") { whole } } } } } }',
        '{ products { edges { node { canHave(quantity: "1", by: "2026-12-01") { yes } } } } }',
        "{ reservations { pageInfo { endCursor } } }",
        "{ products { totalCount } __schema { types { name } } }",
        'mutation { releaseReservation(input: {id: "x"}) { errors { code } } }',
        "{ products @skip(if: true) { totalCount } }",
        "query A { products { totalCount } } query B { products { totalCount } }",
        "{ " + " ".join(f'p{n}: product(sku: "A") {{ sku }}' for n in range(MOST_READS + 1)) + " }",
    ],
)
def test_what_the_table_lacks_is_left_to_execute(query: str) -> None:
    assert asked(query) is None


def test_one_of_two_operations_is_compiled_where_it_is_named() -> None:
    query = "query A { products { totalCount } } query B { viewer { name } }"
    assert asked(query, operation="A") is not None
    assert asked(query, operation="B") is None
    assert asked(query, operation="C") is None


def test_variables_that_do_not_fit_are_left_to_execute() -> None:
    query = "query ($yes: Boolean = true) { products { totalCount @skip(if: $yes) } }"
    assert asked(query, yes=False) is not None
    assert asked(query, yes="perhaps") is None
    assert asked(query, yes=None) is None


def test_an_invalid_document_is_refused_and_not_kept() -> None:
    with pytest.raises(NotInSchema):
        Plans().known(Audience.ORDINARY, "{ products { edges { node { warehouses { code } } } } }")


def test_the_document_asked_for_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "DOCUMENTS", 2)
    plans = Plans()
    one, two = plans.known(Audience.KEY, SKU), plans.known(Audience.KEY, "{ asOf }")
    assert plans.known(Audience.KEY, SKU) is one
    plans.known(Audience.KEY, "{ viewer { name } }")
    assert plans.known(Audience.KEY, SKU) is one
    assert plans.known(Audience.KEY, "{ asOf }") is not two


def test_no_value_and_no_word_of_the_asker_becomes_text_of_a_statement() -> None:
    plan = asked('{ product(sku: "\'; DROP TABLE org; --") { sku } }')
    assert plan is not None
    assert "DROP" not in plan.plan.statement.sql
    assert "sku_0" in plan.plan.statement.names


def test_an_entitlement_to_own_stock_or_to_steps_shapes_no_warehouses() -> None:
    own = Shape.of(Disclosure(tier=Tier.KEY, basis=Basis.OWN_ONLY))
    steps = Shape.of(Disclosure(tier=Tier.KEY, grain=Grain(GrainKind.BUCKETS, (10,))))
    assert (own.by_node, own.own_only, own.own_holds) == (False, True, True)
    assert (steps.by_node, steps.floored, steps.own_holds) == (False, True, False)
    plans = Plans()
    known = plans.known(Audience.KEY, "{ products { edges { node { warehouses { code } } } } }")
    for shape in (own, steps):
        found = plans.asked(known, operation=None, variables={}, shape=shape)
        assert found is not None
        assert "lying" not in found.plan.statement.sql
