"""A compiled read says byte for byte what ``execute()`` says, for whatever a tier may ask."""

from collections.abc import Iterator

import pytest

from portal.kernel.disclosure import Tier
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from support import cluster
from support.graphql_differential import Twice

# `make graphql-differential` asks 5,000 a tier; here are enough to notice.
WORLDS, COUNT = 3, 50


@pytest.fixture(scope="module")
def twice(test_cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twice]:
    with cluster.migrated_database(test_cluster) as url:
        database = Database(url, pool_size=2)
        yield Twice(database, home=tmp_path_factory.mktemp("twice"))
        database.close()


@pytest.mark.timeout(300)  # some five seconds of two cores, and many times that on a busy machine
@pytest.mark.parametrize("tier", list(Tier))
def test_what_is_compiled_and_what_is_executed_are_the_same(twice: Twice, tier: Tier) -> None:
    before, compared = twice.counted.compiled, twice.compared
    for world in range(WORLDS):
        assert next(twice.differences(tier, seed=f"suite {world}", count=COUNT), None) is None
    assert twice.compared - compared == WORLDS * COUNT
    assert twice.counted.compiled - before >= WORLDS * COUNT * 3 // 4
