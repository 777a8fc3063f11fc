"""Loading the demo company: whole or not at all, twice the same, with something to do for everybody."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from portal import demo
from portal.passports.pdf import check_pdf
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.services import Services
from support import cluster

PASSWORDS = {email: "correct-horse" for _, _, email in demo.PEOPLE}

CONTENT = {
    "partners": "SELECT code, name_zh, roles FROM partner",
    "people": "SELECT email, name, role FROM person",
    "agreements": "SELECT a.number, a.tier, a.valid_from, (SELECT count(*) FROM agreement_node n"
    " WHERE n.agreement_id = a.id) FROM agreement a",
    "products": "SELECT sku, gtin, name_zh, pack_quanta, tracking FROM product",
    "stock": "SELECT p.sku, n.code, l.code, l.expires_on, b.on_hand FROM stock_balance b"
    " JOIN product p ON p.id = b.product_id JOIN location n ON n.id = b.location_id JOIN lot l ON l.id = b.lot_id",
    "orders": "SELECT number, ordered_at, needed_on, state FROM sales_order",
    "lines": "SELECT o.number, l.line_no, p.sku, l.quantity, l.unit_price FROM sales_order_line l"
    " JOIN sales_order o ON o.id = l.order_id JOIN product p ON p.id = l.product_id",
    "demand": "SELECT p.sku, d.day, d.quantity, d.order_count FROM demand_day d"
    " JOIN product p ON p.id = d.product_id",
    "promises": "SELECT document, quantity, needed_on FROM allocation",
    "expected": "SELECT document, quantity, due_on, state, lot_code FROM expected_receipt",
    "proposals": "SELECT number, quantity, state, answer_by FROM replenishment_order",
    "shipments": "SELECT number, lot_code, quantity, due_on, state FROM shipment",
    "documents": "SELECT number, kind, encode(sha256, 'hex') FROM document",
    "trace": "SELECT document, lot_code, step, place, at FROM trace_event",
    "made": "SELECT p.sku, t.document, jsonb_array_length(t.inputs) FROM trace_event t"
    " JOIN product p ON p.id = t.product_id WHERE t.document LIKE 'PK-%'",
    "passports": "SELECT gtin, lot_code, kind FROM credential WHERE kind = 'product_passport'",
    "withheld": "SELECT p.sku, l.withheld->0->>'fault', l.withheld->0->>'en', l.withheld->0->>'since',"
    " (SELECT sum(b.on_hand) FROM stock_balance b WHERE b.lot_id = l.id AND b.status = 'withheld')"
    " FROM lot l JOIN product p ON p.id = l.product_id WHERE l.withheld IS NOT NULL",
    "revoked": "SELECT c.kind, m.reason, s.kind, s.lot_code = c.lot_code FROM credential_mark m"
    " JOIN credential c ON c.id = m.credential_id JOIN credential s ON s.id = m.superseded_by",
    "requirements": "SELECT p.sku, f.code, r.kind, r.number_prefix FROM paper_requirement r"
    " JOIN product p ON p.id = r.product_id JOIN partner f ON f.id = r.supplier_id WHERE r.ended_at IS NULL",
}


@pytest.fixture
def two(test_cluster: EmbeddedPostgres) -> Iterator[tuple[str, str]]:
    with cluster.migrated_database(test_cluster) as one, cluster.migrated_database(test_cluster) as other:
        yield one, other


def services_on(url: str, home: Path, now: datetime) -> Services:
    home.mkdir(mode=0o700, exist_ok=True)
    return Services(
        settings=Settings(home=home, database_url=url),
        database=Database(url, pool_size=2),
        clock=HandClock(now),
        bus=Bus(),
    )


def content(services: Services) -> dict[str, list[Any]]:
    with services.database.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(text(query))), key=repr)
            for name, query in CONTENT.items()
        }


def test_two_databases_get_the_same_company(two: tuple[str, str], tmp_path: Path, now: datetime) -> None:
    found = []
    for number, url in enumerate(two):
        services = services_on(url, tmp_path / str(number), now)
        assert demo.load(services, passwords=PASSWORDS)
        assert not demo.load(services, passwords=PASSWORDS)
        found.append(content(services))
        links = demo.passport_links(services)
        services.database.close()
    assert found[0] == found[1]
    assert {name: len(rows) for name, rows in found[0].items() if name not in {"lines", "demand", "promises"}} == {
        "partners": 7,
        "people": 6,
        "agreements": 4,
        "products": 41,
        "stock": len(found[0]["stock"]),
        "orders": len(found[0]["orders"]),
        "expected": 20,
        "proposals": 5,
        "shipments": 1,
        "documents": 9,
        "trace": 15,
        "made": 1,
        "passports": 6,
        "requirements": 1,
        "withheld": 1,
        "revoked": 1,
    }
    assert sorted((row[1], row[3]) for row in found[0]["agreements"]) == [
        ("key", 2),
        ("ordinary", 0),
        ("ordinary", 0),
        ("strategic", 3),
    ]
    assert sorted(row[2] for row in found[0]["proposals"]) == ["sent", "sent", "sent", "sent", "shipped"]
    waiting = min(row[3] for row in found[0]["proposals"] if row[2] == "sent")
    assert (waiting - now).total_seconds() == 4 * 3600
    assert found[0]["requirements"] == [("NT-402", "S-03", "certificate", "OP")]
    assert found[0]["withheld"] == [("NT-402", "expired", "Organic product certificate", "2026-11-14", 280)]
    assert found[0]["revoked"] == [
        (
            "product_passport",
            "入库记录补齐后重新签发 Signed anew once its arrival was on record",
            "product_passport",
            True,
        )
    ]
    assert [link.partition("#")[0][-7:] for link, _ in links[3:]] == ["/ZS-001", "/ZS-002"]
    assert len(links) == 5
    assert found[0]["made"] == [("TE-308", "PK-261120-1", 3)]
    assert links[0][0].startswith("http://localhost:8000/01/0952")
    for file in (tmp_path / "0" / "files").iterdir():
        check_pdf(file)


_LOAD_AND_DIE = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from portal import demo
from portal.demo import passports
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services

url, home, now = sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
passports.issue = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
services = Services(Settings(home=home, database_url=url), Database(url), HandClock(now), Bus())
demo.load(services, passwords={email: "correct-horse" for _, _, email in demo.PEOPLE})
"""
"""Loads, and is killed when everything but the passports is written."""


@pytest.mark.crash
def test_a_loader_killed_in_the_middle_leaves_an_empty_database_that_loads_again(
    fresh_database_url: str, tmp_path: Path, now: datetime
) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", _LOAD_AND_DIE, fresh_database_url, str(home), now.isoformat()], check=False
    )
    assert done.returncode == -signal.SIGKILL
    services = services_on(fresh_database_url, home, now)
    assert demo.passport_links(services) == []
    assert {name: rows for name, rows in content(services).items() if rows} == {}
    assert demo.load(services, passwords=PASSWORDS)
    assert len(demo.passport_links(services)) == 5
    services.database.close()
