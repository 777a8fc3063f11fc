"""kill -9 of any part at random points while orders are replenished: nothing acknowledged is lost or doubled.

The seed is printed; ``CRASH_SEED`` plays one again and ``CRASH_KILLS`` asks for more kills than the usual dozen.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import psycopg
import pytest

from ledger.chain import Chain
from ledger.errors import LedgerError
from ledger.rpc import HTTPRPC
from ledger.trust import TrustList
from ledger.verify import verify_bundle
from portal.cli.environment import embedded_chain_url
from portal.platform.clock import SystemClock
from portal.platform.postgres import EmbeddedPostgres
from portal.platform.processes import NotReady, free_port, wait_until
from support import running
from support.running_company import Firm, Journal, Papers, Replenishing, found_firm
from support.running_http import Visitor

KILLS = int(os.environ.get("CRASH_KILLS", "12"))
SEED = int(os.environ.get("CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
SETTLE_S = 25

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240 + 12 * KILLS)]


class Patient:
    """An installation that is killed in parts, and started again by hand only when its head is cut off."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process = running.start_empty(home, port=self.port)
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self, victim: str) -> int:
        """Kill one part; returns its process, 0 when it was not there just now."""
        pid = self._pid(victim)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victim == "supervisor":
            running.stop(pid)
            self.process = running.start_empty(self.home, port=self.port)
        return pid

    def _pid(self, victim: str) -> int:
        if victim == "supervisor":
            return self.process.pid
        if victim == "postgres":
            return EmbeddedPostgres(self.home).pid or 0
        group = running.number_in(self.home / "run" / f"{victim.removesuffix(' child')}.group")
        return running.child_of(group) if victim == "portal child" else group

    def answers(self) -> bool:
        """Tell whether the portal and its database answer."""
        try:
            return Visitor(self.url).get("/readyz").status == 200
        except (OSError, HTTPException):
            return False

    def chain_answers(self) -> bool:
        """Tell whether the embedded chain answers."""
        try:
            return bool(HTTPRPC(embedded_chain_url(self.home)).call("eth_chainId", []))
        except LedgerError:
            return False

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        running.stop(self.process.pid)


VICTIMS = ("portal", "portal child", "worker", "chain", "postgres", "supervisor")


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Patient]:
    """A fresh installation without a demo."""
    there = Patient(tmp_path / "home")
    yield there
    there.stop()


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(patient: Patient) -> None:
    print(f"CRASH_SEED={SEED} CRASH_KILLS={KILLS}")  # noqa: T201 - to play it again
    firm, journal = found_firm(patient.home), Journal()
    people = [Replenishing(patient.url, line, journal) for line in firm.lines]
    for one in people:
        one.sign_in()
    threads = [threading.Thread(target=one.go_on, args=(Papers(one),)) for one in people]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: bool(journal.done("received")), what="The first receipt", timeout_s=SETTLE_S)
        killed = kill_at_random(patient, journal)
        wait_until(patient.answers, what="The portal after the last kill", timeout_s=SETTLE_S)
    finally:
        journal.over.set()
        for thread in threads:
            thread.join()
    print(f"killed {killed}; {len(journal.acknowledged)} deeds, {journal.lost} answers lost")  # noqa: T201
    assert len(killed) == KILLS
    assert journal.odd == []
    with psycopg.connect(EmbeddedPostgres(patient.home).url, autocommit=True) as connection:
        wait_until(lambda: not waiting(connection), what="The work that waited", timeout_s=SETTLE_S)
        assert failed(connection) == []
        check_stock(connection)
        check_orders(connection, firm, journal)
        check_passports(connection, patient, journal)


def kill_at_random(patient: Patient, journal: Journal) -> list[str]:
    """Kill until enough was killed; between two kills a deed succeeds, or nothing does for four seconds."""
    dice = random.Random(SEED)  # noqa: S311 - chance, not secrecy
    order = [name for _ in range(-(-KILLS // len(VICTIMS))) for name in dice.sample(VICTIMS, len(VICTIMS))][:KILLS]
    pause = threading.Event()
    killed: list[str] = []
    began = time.monotonic()
    for victim in order:
        before = len(journal.acknowledged)
        with contextlib.suppress(NotReady):
            wait_until(lambda b=before: len(journal.acknowledged) > b, what="A deed", timeout_s=4)  # type: ignore[misc]
        pause.wait(dice.uniform(0, 0.8))
        wait_until(lambda v=victim: patient.kill(v) != 0, what=victim, timeout_s=SETTLE_S)  # type: ignore[misc]
        killed.append(victim)
        print(f"{time.monotonic() - began:6.1f} s  killed {victim} after {before} deeds")  # noqa: T201 - as above
    return killed


def waiting(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Return how many jobs wait or run that are not the worker's own upkeep."""
    return number(
        connection,
        "SELECT count(*) FROM procrastinate_jobs"
        " WHERE status IN ('todo', 'doing') AND task_name IN ('outbox.deliver', 'passports.seal')",
    )


def failed(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return connection.execute("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'failed'").fetchall()


def number(connection: psycopg.Connection[tuple[object, ...]], question: str) -> int:
    return int(str(connection.execute(question).fetchall()[0][0]))


def check_stock(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The balances are the sum of the moves, and in transit is what was announced and not yet received."""
    wrong = connection.execute(
        "SELECT product_id, lot_id, location_id, sum(quantity) FROM ("
        " SELECT product_id, lot_id, to_location_id AS location_id, quantity FROM stock_move"
        " UNION ALL SELECT product_id, lot_id, from_location_id, -quantity FROM stock_move"
        " UNION ALL SELECT product_id, lot_id, location_id, -on_hand FROM stock_balance) AS booked"
        " JOIN location ON location.id = location_id"
        " WHERE location.kind = 'own' GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0"
    ).fetchall()
    assert wrong == []
    under_way = "SELECT coalesce(sum(quantity - received), 0) FROM expected_receipt WHERE state = 'shipped'"
    moved = (
        "SELECT coalesce(sum(CASE WHEN l.id = m.to_location_id THEN m.quantity ELSE -m.quantity END), 0)"
        " FROM stock_move m JOIN location l ON l.id IN (m.to_location_id, m.from_location_id)"
        " WHERE l.kind = 'in_transit'"
    )
    assert number(connection, moved) == number(connection, under_way)


def check_orders(connection: psycopg.Connection[tuple[object, ...]], firm: Firm, journal: Journal) -> None:
    """Every acknowledged deed is there, and each has had its one effect."""
    states = dict(connection.execute("SELECT number, state FROM replenishment_order").fetchall())
    assert {order: states[order] for order in journal.done("received")} == dict.fromkeys(
        journal.done("received"), "closed"
    )
    assert set(journal.done("accepted")) <= {
        n for n, s in states.items() if s in {"accepted", "shipped", "closed"}
    }
    shipments = dict(connection.execute("SELECT number, received FROM shipment").fetchall())
    assert set(journal.done("shipped")) <= set(shipments)
    doubled = connection.execute(
        "SELECT order_id, count(*) FROM shipment GROUP BY 1 HAVING count(*) > 1"
        " UNION ALL SELECT policy_id, count(*) FROM replenishment_order WHERE state IN ('proposed', 'sent')"
        " GROUP BY 1 HAVING count(*) > 1"
    ).fetchall()
    assert doubled == []
    effects = connection.execute(
        "SELECT o.number, o.quantity,"
        " (SELECT count(*) FROM expected_receipt e WHERE e.source_key = 'replenishment/' || o.id),"
        " (SELECT count(*) FROM stock_move m JOIN location l ON l.id = m.to_location_id"
        "  WHERE l.kind = 'own' AND m.idempotency_key LIKE '%' || s.id || '%'),"
        " (SELECT coalesce(sum(m.quantity), 0) FROM stock_move m JOIN location l ON l.id = m.to_location_id"
        "  JOIN lot ON lot.id = m.lot_id WHERE l.kind = 'own' AND lot.code = s.lot_code"
        "  AND m.product_id = o.product_id)"
        " FROM replenishment_order o JOIN shipment s ON s.order_id = o.id WHERE o.state = 'closed' ORDER BY 1"
    ).fetchall()
    assert [(order, 1, 1, quantity) for order, quantity, *_ in effects] == [
        (order, announced, receipts, booked) for order, _, announced, receipts, booked in effects
    ]
    policies = [what.partition(":") for what in journal.done("policy")]
    raised = {sku: max(int(low) for name, _, low in policies if name == sku) for sku, _, _ in policies}
    kept = connection.execute(
        "SELECT p.sku, r.min_quanta FROM replenishment_policy r JOIN product p ON p.id = r.product_id"
    ).fetchall()
    assert {sku: low for sku, low in kept if int(str(low)) < raised.get(str(sku), 0)} == {}
    assert len(kept) == len(firm.lines)


def check_passports(
    connection: psycopg.Connection[tuple[object, ...]], patient: Patient, journal: Journal
) -> None:
    """Every acknowledged passport is there once, anchored once, and valid for whoever checks it."""

    def unfinished() -> int:
        return number(
            connection,
            "SELECT count(*) FROM credential c LEFT JOIN anchor_batch b ON b.id = c.batch_id"
            " WHERE b.state IS DISTINCT FROM 'final'",
        )

    wait_until(lambda: not unfinished(), what="The anchors", timeout_s=SETTLE_S + 65)
    acknowledged = set(journal.done("issued"))
    digests = {row[0] for row in connection.execute("SELECT encode(digest, 'hex') FROM credential").fetchall()}
    assert acknowledged <= digests
    doubled = "SELECT count(*) FROM (SELECT 1 FROM credential GROUP BY kind, about HAVING count(*) > 1) AS d"
    assert number(connection, doubled) == 0
    papers = {row[0] for row in connection.execute("SELECT number FROM document").fetchall()}
    assert set(journal.done("handed in")) <= papers
    pin = connection.execute("SELECT contract, stream FROM chain_pin").fetchall()
    wait_until(patient.chain_answers, what="The chain", timeout_s=SETTLE_S)
    chain = Chain(embedded_chain_url(patient.home))
    for contract, stream in pin:
        on_chain = chain.stream_state(str(contract), bytes.fromhex(str(stream))).count
        assert on_chain == number(connection, "SELECT count(*) FROM anchor_batch")
    visitor, now = Visitor(patient.url), SystemClock().now()
    trust = TrustList.from_json(visitor.get("/.well-known/tallystick-trust.json").body)
    verdicts = {
        digest: verify_bundle(
            visitor.get(f"/bundles/{digest}.json").body, as_of=now, trust=trust, rpc_url=f"{patient.url}/chain"
        ).to_json()["verdict"]
        for digest in digests
    }
    assert verdicts == dict.fromkeys(digests, "valid")
    print(f"{len(digests)} passports valid")  # noqa: T201 - a run that issued none proves little
