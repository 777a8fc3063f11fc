"""Measure what row level security costs: point reads under the policies against the same reads with a predicate.

Prints one line of JSON; exit status 1 when the bar is broken. Both sides are measured in one run, in turns, on an
embedded server of its own; the agreement names half of the products and three of six nodes.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from bars import report
from sqlalchemy import Connection, text

from portal.platform.db import Database
from portal.platform.migrate import bring_up
from portal.platform.postgres import EmbeddedPostgres

BARS = {"rls_to_predicate_point_reads": ("<=", 1.3)}
TURNS = 400
ORG = "00000000-0000-0000-0000-000000000001"
SETTINGS = {"org": ORG, "partner": ORG, "agreement": "AG-1", "today": "2026-11-23"}

_FILL = """
    CREATE TEMPORARY TABLE one ON COMMIT DROP AS
        SELECT CAST('00000000-0000-0000-0000-000000000001' AS uuid) AS org_id;
    INSERT INTO org SELECT org_id, 'x', 'x', FALSE, now() FROM one;
    INSERT INTO product (org_id, id, sku, name_zh, name_en, base_unit, decimals, pack_quanta, tracking, active,
                         created_at)
        SELECT org_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'S' || n, 'x', 'x', 'C62', 0, 1, 'lot', TRUE, now()
        FROM one CROSS JOIN generate_series(1, 2000) n;
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
        SELECT org_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'N' || n, 'x', 'x', 'own', now()
        FROM one CROSS JOIN generate_series(1, 6) n;
    INSERT INTO lot (org_id, id, product_id, code, status, created_at)
        SELECT org_id, id, id, 'L', 'available', now() FROM product;
    INSERT INTO stock_balance (org_id, product_id, location_id, node_id, lot_id, status, owner_id, on_hand,
                               changed_at)
        SELECT p.org_id, p.id, l.id, l.id, p.id, 'available', '00000000-0000-0000-0000-000000000000', 7, now()
        FROM product p CROSS JOIN location l;
    INSERT INTO partner (org_id, id, code, name_zh, name_en, roles, created_at)
        SELECT org_id, org_id, 'C', 'x', 'x', ARRAY['customer'], now() FROM one;
    INSERT INTO agreement (org_id, id, number, partner_id, tier, purpose, valid_from, valid_until, all_products,
                           basis, grain, steps, daily_questions, note, created_at)
        SELECT org_id, org_id, 'AG-1', org_id, 'key', 'x', '2026-01-01', '2026-12-31', FALSE,
               'unallocated_and_own', 'exact', '{}', 20, '', now() FROM one;
    INSERT INTO agreement_product SELECT org_id, org_id, id FROM product WHERE right(sku, 1) < '5';
    INSERT INTO agreement_node SELECT org_id, org_id, id FROM location WHERE code < 'N4';
    ANALYZE
"""
_READ = """
    SELECT SUM(b.on_hand) FROM stock_balance b
    WHERE b.org_id = :org AND b.product_id = CAST(:product AS uuid)
"""
_PREDICATE = (
    " AND EXISTS (SELECT FROM agreement_product p WHERE p.org_id = b.org_id AND p.agreement_id = :org"
    " AND p.product_id = b.product_id)"
    " AND EXISTS (SELECT FROM agreement_node n WHERE n.org_id = b.org_id AND n.agreement_id = :org"
    " AND n.location_id = b.node_id)"
)


def took_us(connection: Connection, statement: str, number: int) -> float:
    """Return how long one point read takes, in microseconds."""
    values = {"org": ORG, "product": f"{number:032x}"}
    began = time.perf_counter()
    connection.execute(text(statement), values).all()
    return (time.perf_counter() - began) * 1e6


def opening_us(database: Database) -> float:
    """Return how much longer it takes to open a transaction narrowed to an agreement than any, in microseconds."""
    narrow, any_ = [], []
    for _ in range(TURNS):
        began = time.perf_counter()
        with database.reading_as("key", SETTINGS):
            narrow.append(time.perf_counter() - began)
        began = time.perf_counter()
        with database.reading():
            any_.append(time.perf_counter() - began)
    return (statistics.median(narrow) - statistics.median(any_)) * 1e6


def main() -> int:
    """Fill a database, read in turns, judge."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), durable=False) as server:
        bring_up(server.url, home=Path(folder))
        database = Database(server.url, pool_size=2)
        with database.transaction() as connection:
            connection.exec_driver_sql(_FILL)
        guarded, plain = [], []
        with database.reading_as("key", SETTINGS) as narrow, database.reading() as open_:
            for turn in range(TURNS):
                number = turn + 1
                guarded.append(took_us(narrow, _READ, number))
                plain.append(took_us(open_, _READ + _PREDICATE, number))
        opening = opening_us(database)
        database.close()
    rls, predicate = statistics.median(guarded), statistics.median(plain)
    values = {"rls_to_predicate_point_reads": round(rls / predicate, 2)}
    return report(
        values,
        BARS,
        rls_us=round(rls),
        predicate_us=round(predicate),
        narrowing_a_transaction_us=round(opening),
        reads=TURNS,
    )


if __name__ == "__main__":
    sys.exit(main())
