"""Nobody sees more than their agreement: two worlds that agree on it answer byte for byte alike.

Domain invariant 8. Each tier is asked ``PAIRS`` × ``QUESTIONS`` questions, and again worlds that differ in one
entitled fact, which must show: a comparison that never fails proves nothing.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.inventory.store import product_table
from portal.kernel.disclosure import Tier
from portal.kernel.grain import EXACT
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from support import cluster
from support.worlds import Core, dice, draw_core, plain, told_differently
from support.worlds_compare import Watcher, first_difference
from support.worlds_questions import Question, questions
from support.worlds_supplier import draw_supplier, supplier_questions, told_otherwise, words_of_supplier

# Tracing these many requests costs a third of their time; what they run is covered by tests that say what it does.
pytestmark = pytest.mark.no_cover

PAIRS, QUESTIONS = 10, 500
SUPPLIER_PAIRS, SUPPLIER_QUESTIONS = 5, 300


@pytest.fixture(scope="module")
def watchers(
    test_cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Watcher, Watcher]]:
    """The portal over two databases of one installation."""
    home = tmp_path_factory.mktemp("worlds")
    with cluster.migrated_database(test_cluster) as one, cluster.migrated_database(test_cluster) as other:
        databases = Database(one, pool_size=2), Database(other, pool_size=2)
        yield Watcher(databases[0], home=home), Watcher(databases[1], home=home)
        for database in databases:
            database.close()


def words_of(core: Core, *watchers: Watcher) -> list[str]:
    """Return what somebody curious would ask for: what they know, what they suspect, what there never was."""
    words = [order.number for order in core.orders] + ["OUT-BOTH", "OUT-A", "OUT-B", "NEVER"]
    for good in core.goods:
        words += [good.draft.sku, good.draft.name_en, str(good.draft.gtin), *(lot.code for lot in good.lots)]
    for watcher in watchers:
        words += dice("curious", core.seed).sample(watcher.world.secrets, 10)
    return words


def test_every_tier_is_asked_at_least_five_thousand_questions() -> None:
    assert PAIRS * QUESTIONS >= 5_000


@pytest.mark.timeout(300)  # a pair takes some eight seconds of two cores, and many times that on a busy machine
@pytest.mark.parametrize("pair", range(PAIRS))
@pytest.mark.parametrize("tier", list(Tier))
def test_what_is_none_of_the_viewers_business_changes_no_byte(
    watchers: tuple[Watcher, Watcher], tier: Tier, pair: int
) -> None:
    left, right = watchers
    core = draw_core(str(pair), tier)
    left.look_at(core, "A")
    right.look_at(core, "B")
    words = words_of(core, left, right)
    asked = questions(dice("ask", pair, tier), tier=tier, words=words, count=QUESTIONS)
    assert first_difference(left, right, asked) == ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pair", range(SUPPLIER_PAIRS))
def test_what_is_none_of_a_suppliers_business_changes_no_byte(
    watchers: tuple[Watcher, Watcher], pair: int
) -> None:
    left, right = watchers
    core = draw_supplier(str(pair))
    left.look_at(core, "A")
    right.look_at(core, "B")
    words = words_of_supplier(core, [left.world.secrets, right.world.secrets])
    asked = supplier_questions(dice("ask", pair), words=words, count=SUPPLIER_QUESTIONS)
    assert first_difference(left, right, asked) == ""


def test_one_fact_of_a_suppliers_told_differently_is_noticed(watchers: tuple[Watcher, Watcher]) -> None:
    left, right = watchers
    core = draw_supplier("control")
    left.look_at(core, "A")
    for fact, changed in told_otherwise(core).items():
        right.look_at(changed, "B")
        words = words_of_supplier(core, [left.world.secrets, right.world.secrets])
        asked = supplier_questions(dice("control", fact), words=words, count=100)
        assert first_difference(left, right, asked) != "", fact


@pytest.mark.parametrize("tier", list(Tier))
def test_one_entitled_fact_told_differently_is_noticed(watchers: tuple[Watcher, Watcher], tier: Tier) -> None:
    left, right = watchers
    core = plain(draw_core("control", tier))
    left.look_at(core, "A")
    for fact, changed in told_differently(core).items():
        right.look_at(changed, "B")
        asked = questions(dice("control", fact), tier=tier, words=words_of(core, left, right), count=400)
        assert first_difference(left, right, asked) != "", fact


def test_a_retired_product_is_not_on_the_board_of_an_agreement_over_everything(
    watchers: tuple[Watcher, Watcher],
) -> None:
    one = watchers[0]
    core = next(
        core
        for core in (draw_core(str(seed), Tier.STRATEGIC) for seed in range(99))
        if core.all_products and any(good.demand for good in core.goods)
    )
    one.look_at(core, "A")
    good = next(good for good in core.goods if good.demand)
    assert one.ask(Question(f"/board?sku={good.draft.sku}")).status == 200
    with one.database.transaction() as connection:
        connection.execute(product_table.update().values(active=False))
    assert one.ask(Question(f"/board?sku={good.draft.sku}")).status == 404


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_feeds_of_the_same_age_the_same_is_named_whichever_node_was_opened_first(
    watchers: tuple[Watcher, Watcher], *, swapped: bool
) -> None:
    one = watchers[0]
    core = replace(draw_core("feeds", Tier.KEY), grain=EXACT)
    one.look_at(core, "A")
    kinds = ("third_party", "shelf")
    with one.database.transaction() as connection:
        for code, kind in zip(("N0", "N1") if swapped else ("N1", "N0"), kinds, strict=True):
            connection.execute(
                text("UPDATE location SET kind = :kind, fed_at = '2026-11-20 00:00+00' WHERE code = :code"),
                {"kind": kind, "code": code},
            )
    assert b"3PL feed" not in one.ask(Question("/inventory?q=IN-0")).body
