"""Compare compiled reads with ``execute()`` on thousands of grown documents a tier; prints one line of JSON.

Each document is asked over HTTP of two portals over one database, one of which compiles nothing; status, headers,
body (in canonical form) and audit entry must be the same. Exit status 1 when any differs.
"""

import argparse
import logging
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import structlog
from bars import report

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portal.kernel.disclosure import Tier
from portal.platform.db import Database
from support import cluster
from support.graphql_differential import Twice

A_WORLD = 250
"""Documents asked in one world before the next is drawn."""


def main() -> int:
    """Compare, tier by tier."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="documents a tier")
    wanted = parser.parse_args().count
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    compared: dict[str, int] = {}
    compiled: dict[str, int] = {}
    different, began = 0, time.monotonic()
    with (
        tempfile.TemporaryDirectory() as home,
        cluster.migrated_database(cluster.start_cluster()) as url,
    ):
        database = Database(url, pool_size=2)
        twice = Twice(database, home=Path(home))
        for tier in Tier:
            before, counted = twice.compared, twice.counted.compiled
            for world in count():
                asked = min(A_WORLD, wanted - (twice.compared - before))
                if not asked:
                    break
                for one in twice.differences(tier, seed=f"bar {world}", count=asked):
                    different += 1
                    print(f"{one.body}\ncompiled {one.compiled}\nexecuted {one.executed}", file=sys.stderr)
            compared[str(tier)] = twice.compared - before
            compiled[str(tier)] = twice.counted.compiled - counted
        database.close()
    share = min(compiled[tier] / compared[tier] for tier in compared)
    values = {
        "documents_a_tier": min(compared.values()),
        "differences": different,
        "least_share_compiled": round(share, 2),
    }
    bars = {
        "documents_a_tier": (">=", 5000),
        "differences": ("==", 0),
        "least_share_compiled": (">=", 0.7),
    }
    took = round(time.monotonic() - began)
    return report(values, bars, compared=compared, compiled=compiled, seconds=took)


if __name__ == "__main__":
    sys.exit(main())
