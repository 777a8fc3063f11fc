"""The real order file, 320,705 lines, as it is: exact counts, twice.

The expected numbers were counted by a separate script with Python's csv module alone (no code of the product), and
the cancellations once more by ``awk -F, 'NR>1 && $1 ~ /^C/'``.
"""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.flows.imports.run import run_import
from portal.partners import service as partners
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail_2010-12_to_2011-08.csv.gz"

REFUSED = {
    "cancellation": 5847,
    "repeated": 2455,
    "not_goods": 1553,
    "quantity": 925,
    "price": 864,
    "adjustment": 3,
}


@pytest.mark.realdata
@pytest.mark.timeout(600)
@pytest.mark.skipif(not FILE.exists(), reason="the order file ../shared/data is not here")
def test_the_real_order_file_is_taken_as_it_is_and_a_second_time_changes_nothing(
    fresh_database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    database = Database(fresh_database_url)
    services = Services(settings=Settings(home=tmp_path), database=database, clock=clock, bus=Bus())
    with database.transaction() as connection:
        partners.save_company(connection, name_zh="甲", name_en="A", is_demo=False, now=clock.now())
    phases: list[str] = []

    first = run_import(
        services, kind="orders", path=FILE, progress=lambda phase, _done, _total: phases.append(phase)
    )

    assert (first.profile, first.rows, first.fault_count) == ("retail", 320_705, 0)
    assert (first.new, first.changed, first.unchanged) == (12_383, 0, 0)
    assert (first.products, first.partners) == (3_522, 3_314)
    assert first.refused == REFUSED
    assert list(dict.fromkeys(phases)) == ["read", "save", "demand"]
    assert first.report is not None
    with first.report.open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.reader(file))[1:]
    assert Counter(row[1] for row in listed) == REFUSED
    assert listed[0][:2] + listed[0][3:5] == ["47", "not_goods", "536370", "POST"]
    standing = _standing(database)
    assert standing["sums"] == (3_522, 3_314, 12_383, 309_058, 3_313_490, 1_041, 175_356, 3_313_490)
    assert standing["day"] == (454, 17)

    second = run_import(services, kind="orders", path=FILE)

    assert (second.new, second.changed, second.unchanged) == (0, 0, 12_383)
    assert second.refused == REFUSED
    assert _standing(database) == standing
    database.close()


def _standing(database: Database) -> dict[str, object]:
    with database.reading() as connection:
        sums = connection.execute(
            text("""
                SELECT (SELECT count(*) FROM product), (SELECT count(*) FROM partner),
                       (SELECT count(*) FROM sales_order), (SELECT count(*) FROM sales_order_line),
                       (SELECT sum(quantity) FROM sales_order_line),
                       (SELECT count(*) FROM sales_order WHERE partner_id IS NULL),
                       (SELECT count(*) FROM demand_day), (SELECT sum(quantity) FROM demand_day)
            """)
        ).one()
        day = connection.execute(
            text(
                "SELECT d.quantity, d.order_count FROM demand_day d JOIN product p ON p.id = d.product_id"
                " WHERE p.sku = '85123A' AND d.day = :day"
            ),
            {"day": date(2010, 12, 1)},
        ).one()
        content = connection.execute(
            text("SELECT md5(string_agg(md5(l::text), '' ORDER BY l.order_id, l.line_no)) FROM sales_order_line l")
        ).scalar_one()
    return {"sums": tuple(sums), "day": tuple(day), "content": content}
