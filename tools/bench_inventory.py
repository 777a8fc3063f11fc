"""Measure holding stock against one bare UPDATE on the same database in the same run, and that it holds.

Usage: python tools/bench_inventory.py [--quick]. Prints one JSON object; exit status 1 when a bar is broken. Eight
client processes ask as fast as they are answered, every order in a durable transaction of its own. Rounds of the
floor and of the product alternate, and the median counts. ``--quick`` is shorter and reads a
tenth of the stock.
"""

import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import psycopg
from bars import report
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from portal.cli.environment import installation
from portal.inventory import reads, service
from portal.inventory.model import CannotPromise, LocationDraft, ProductDraft, StockLine
from portal.inventory.reserving import ReserveDraft, ReserveLine
from portal.inventory.service.desk import ReservationDesk
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.ids import new_id
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.migrate import migrate

BARS = {
    "reserve_10k_skus_per_floor": (">=", 0.6),
    "reserve_hot_sku_per_floor": (">=", 0.35),
    "hot_sku_batched_per_unbatched": (">=", 4.0),
    "oversold": ("==", 0),
    "control_oversold_something": ("==", 1),
    "summary_differs_from_moves": ("==", 0),
    "deadlocks_seen_by_a_caller": ("==", 0),
    "read_50_skus_large_per_small": ("<=", 2.0),
    "promises_differing_from_the_oracle": ("==", 0),
}
QUICK = "--quick" in sys.argv
CLIENTS = 8
THREADS = 64
SKUS = 10_000
SECONDS = 1.5 if QUICK else 4.0
ROUNDS = 3
SCARCE = 2_000
CASES = 10_000
SMALL, LARGE = (500, 20, 1), (5_000 if QUICK else 50_000, 20, 10)
ORG = UUID("01900000-0000-7000-8000-00000000b001")
ACTOR = Actor(org_id=ORG, label="bench")
NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
TODAY = NOW.date()


@dataclass(frozen=True)
class Job:
    """What one client process does.

    Attributes:
        url: The database.
        kind: ``floor``, ``reserve``, ``orders``, ``drain`` or ``control``.
        products: What it chooses from.
        place: The node.
        seconds: How long; a drain ends by itself.
        seed: Of its choices.
    """

    url: str
    kind: str
    products: list[UUID]
    place: UUID
    seconds: float
    seed: int


def draft(key: str, lines: list[ReserveLine]) -> ReserveDraft:
    """Return an order held for half an hour."""
    return ReserveDraft(key=key, lines=tuple(lines), held_until=NOW + timedelta(minutes=30))


def piece(product: UUID, place: UUID) -> ReserveLine:
    """Return a line over one piece, for today."""
    return ReserveLine(product_id=product, location_id=place, quantity=1, needed_on=TODAY)


def client(job: Job) -> tuple[int, int]:
    """Ask as fast as the database answers; returns how often it said yes and how many deadlocks were seen."""
    dice = random.Random(job.seed)  # noqa: S311 - chance, not secrecy
    with deed_of(job, dice) as deed:
        done = deadlocks = 0
        end = time.perf_counter() + job.seconds
        while time.perf_counter() < end:
            try:
                deed()
            except CannotPromise:
                break
            except psycopg.errors.DeadlockDetected:
                deadlocks += 1
                continue
            done += 1
        return done, deadlocks


@contextmanager
def deed_of(job: Job, dice: random.Random) -> Iterator[Callable[[], None]]:
    """Lend what one client does again and again."""
    if job.kind in {"floor", "control"}:
        with psycopg.connect(job.url, autocommit=True) as connection:
            yield (lambda: floor(connection, job, dice)) if job.kind == "floor" else lambda: control(connection)
        return
    engine = create_engine(make_url(job.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:

        def reserve() -> None:
            chosen = dice.sample(job.products, 5) if job.kind == "orders" else [dice.choice(job.products)]
            lines = [piece(product, job.place) for product in chosen]
            service.reserve(connection, actor=ACTOR, draft=draft(str(new_id(NOW)), lines), now=NOW)

        yield reserve
    engine.dispose()


def floor(connection: psycopg.Connection[tuple[object, ...]], job: Job, dice: random.Random) -> None:
    """Do the least that could be done: add one to one row."""
    connection.execute("UPDATE bench_floor SET n = n + 1 WHERE id = %s", [dice.choice(job.products)])


def control(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Look first, then write: the mistake that the guard is there for."""
    left = connection.execute("SELECT stock - n FROM bench_control").fetchone()
    if left is None or int(str(left[0])) < 1:
        raise CannotPromise("sold out")
    connection.execute("UPDATE bench_control SET n = n + 1")


class Bench:
    """One database with a company, ten thousand products and a node."""

    def __init__(self, database: Database, pool: ProcessPoolExecutor) -> None:
        self.database = database
        self.pool = pool
        with database.transaction() as connection:
            connection.execute(
                text("INSERT INTO org VALUES (:org, '测', 'Bench', FALSE, :now)"), {"org": ORG, "now": NOW}
            )
            places = service.save_locations(
                connection, actor=ACTOR, drafts=[LocationDraft(code="N", name_zh="仓", name_en="Node")], now=NOW
            )
            self.place = places["N"]
            drafts = [ProductDraft(sku=f"S-{n:05d}", name_zh="茶", name_en="Tea") for n in range(SKUS + 1)]
            products = service.save_products(connection, actor=ACTOR, drafts=drafts, now=NOW)
            *self.products, self.scarce = (products[one.sku] for one in drafts)
            lines = [StockLine(product_id=p, location_id=self.place, quantity=10**9) for p in self.products]
            lines.append(StockLine(product_id=self.scarce, location_id=self.place, quantity=SCARCE))
            service.book_stock(connection, actor=ACTOR, lines=lines, document="B", key_prefix="b", now=NOW)
            connection.execute(
                text("CREATE TABLE bench_floor (id uuid PRIMARY KEY, n bigint) WITH (fillfactor = 70)")
            )
            connection.execute(text("INSERT INTO bench_floor SELECT id, 0 FROM product"))
            connection.execute(text("CREATE TABLE bench_control (stock bigint, n bigint)"))
            connection.execute(text("INSERT INTO bench_control VALUES (:stock, 0)"), {"stock": SCARCE})

    def run(self, kind: str, products: list[UUID], *, seconds: float = SECONDS) -> tuple[int, int]:
        """Let eight clients work; returns what they did together and the deadlocks they saw."""
        jobs = [Job(self.database.url, kind, products, self.place, seconds, seed) for seed in range(CLIENTS)]
        answers = list(self.pool.map(client, jobs))
        return sum(done for done, _ in answers), sum(seen for _, seen in answers)

    def against_floor(self, products: list[UUID]) -> tuple[float, float]:
        """Return the orders held per floor write, and the orders a second; rounds of both alternate."""
        rounds = [(self.run("floor", products)[0], self.run("reserve", products)[0]) for _ in range(ROUNDS)]
        return (
            round(statistics.median(held / least for least, held in rounds), 2),
            round(statistics.median(held for _, held in rounds) / SECONDS),
        )

    def batched(self, product: UUID) -> tuple[float, float]:
        """Return orders for one product held together per orders held one by one, and the first a second."""

        def threads(desk: ReservationDesk) -> int:
            end = time.perf_counter() + SECONDS

            def ask(_: int) -> int:
                done = 0
                while time.perf_counter() < end:
                    desk.reserve(actor=ACTOR, draft=draft(str(new_id(NOW)), [piece(product, self.place)]), now=NOW)
                    done += 1
                return done

            with ThreadPoolExecutor(THREADS) as pool:
                return sum(pool.map(ask, range(THREADS)))

        alone, together = ReservationDesk(self.database, queue=THREADS + 1), ReservationDesk(self.database)
        rounds = [(threads(alone), threads(together)) for _ in range(ROUNDS)]
        return (
            round(statistics.median(many / one for one, many in rounds), 1),
            round(statistics.median(many for _, many in rounds) / SECONDS),
        )

    def differing(self) -> int:
        """Return the balances and summaries that are not what moves and promises add up to."""
        with self.database.reading() as connection:
            moves = len(reads.reconcile(connection, org_id=ORG))
            wrong = connection.execute(
                text("""
                    SELECT count(*) FROM stock_summary s WHERE s.org_id = :org AND (
                        s.physical <> (SELECT COALESCE(SUM(b.on_hand), 0) FROM stock_balance b
                                       WHERE b.org_id = s.org_id AND b.product_id = s.product_id)
                        OR s.committed <> (SELECT COALESCE(SUM(l.quantity), 0) FROM reservation_line l
                                           WHERE l.org_id = s.org_id AND l.product_id = s.product_id
                                             AND l.location_id = s.location_id AND l.state = 'open'))
                """),
                {"org": ORG},
            ).scalar_one()
        return moves + int(wrong)

    def held(self, product: UUID) -> int:
        """Return how much of a product is held."""
        with self.database.reading() as connection:
            found = connection.execute(
                text("SELECT committed FROM stock_summary WHERE product_id = :id"), {"id": product}
            )
            return int(found.scalar_one())

    def control(self) -> int:
        """Let the mistake happen; returns how much it sold beyond the stock."""
        sold, _ = self.run("control", [self.scarce], seconds=60)
        return max(0, sold - SCARCE)


_STOCK = """
    INSERT INTO org VALUES ('{org}', '测', 'Bench', FALSE, now());
    CREATE TEMP TABLE p ON COMMIT DROP AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {products}) n;
    CREATE TEMP TABLE w ON COMMIT DROP AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {nodes}) n;
    CREATE TEMP TABLE l ON COMMIT DROP AS
        SELECT p.id AS product_id, k, gen_random_uuid() AS id FROM p, generate_series(1, {lots}) k;
    INSERT INTO product (org_id, id, sku, name_zh, name_en, base_unit, decimals, pack_quanta, tracking, active,
                         created_at)
        SELECT '{org}', id, 'S-' || n, '茶', 'Tea', 'C62', 0, 1, 'lot', TRUE, now() FROM p;
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
        SELECT '{org}', id, 'N' || n, '仓', 'Node', 'own', now() FROM w;
    INSERT INTO lot (org_id, id, product_id, code, expires_on, status, created_at)
        SELECT '{org}', id, product_id, 'L' || k, DATE '2027-01-01' + k, 'available', now() FROM l;
    INSERT INTO stock_balance (org_id, product_id, location_id, node_id, lot_id, status, owner_id, on_hand,
                               changed_at)
        SELECT '{org}', l.product_id, w.id, w.id, l.id, 'available', '00000000-0000-0000-0000-000000000000', 10,
               now() FROM l, w;
    INSERT INTO stock_summary (org_id, product_id, location_id, physical, usable, good_until)
        SELECT '{org}', p.id, w.id, {lots} * 10, {lots} * 10, DATE '2027-01-02' FROM p, w;
"""


def read_ms(database: Database, shape: tuple[int, int, int], org_id: UUID) -> float:
    """Lay a stock of so many products, nodes and lots; return the median time of reading 50 of its products."""
    products, nodes, lots = shape
    with psycopg.connect(database.url) as connection:
        # Bulk loading without triggers: the summaries are written beside, as the triggers would have.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_STOCK.format(org=org_id, products=products, nodes=nodes, lots=lots))
        connection.commit()
        connection.execute("ANALYZE product, location, lot, stock_balance, stock_summary")
        connection.commit()
    with database.reading() as reading:
        ids = list(reading.execute(text("SELECT id FROM product WHERE org_id = :o"), {"o": org_id}).scalars())
        dice, times = random.Random(1), []  # noqa: S311 - chance, not secrecy
        for _ in range(31):
            seen = Disclosure(tier=Tier.KEY, partner_id=org_id, products=frozenset(dice.sample(ids, 50)))
            begin = time.perf_counter()
            page = reads.availability(reading, org_id=org_id, disclosure=seen, as_of=NOW)
            times.append((time.perf_counter() - begin) * 1000)
            if [row.on_hand for row in page.rows] != [nodes * lots * 10] * 50:
                raise SystemExit("The stock read is not the stock laid.")
    return statistics.median(times)


def oracle(on_hand: int, flows: list[tuple[int, int]], on: int) -> int:
    """Promise one piece more for as long as no day from ``on`` falls short."""
    levels = [on_hand + sum(q for day, q in flows if max(day, 0) <= late) for late in range(on, 12)]
    return max(0, min(levels))


def differing_promises(database: Database) -> int:
    """Return in how many random cases the guard's figure for some day is not the oracle's."""
    dice = random.Random(7)  # noqa: S311 - chance, not secrecy
    org_id, place = new_id(NOW), new_id(NOW)
    wrong, cases, rows = 0, {}, {"expected_receipt": [], "allocation": [], "reservation_line": []}
    for _ in range(CASES):
        product = new_id(NOW)
        supplies = [(dice.randint(-3, 9), dice.randint(1, 12)) for _ in range(dice.randint(0, 4))]
        demands = [(dice.randint(-3, 9), dice.randint(1, 12)) for _ in range(dice.randint(0, 4))]
        holds = [(dice.randint(-3, 9), dice.randint(1, 6)) for _ in range(dice.randint(0, 2))]
        flows = [*supplies, *((day, -q) for day, q in demands + holds)]
        cases[product] = (dice.randint(0, 20), flows, dice.randint(0, 10))
        rows["expected_receipt"] += [
            (
                org_id,
                new_id(NOW),
                product,
                place,
                "",
                q,
                0,
                0,
                day_of(day),
                "confirmed",
                "",
                "",
                str(new_id(NOW)),
                NOW,
            )
            for day, q in supplies
        ]
        rows["allocation"] += [
            (org_id, new_id(NOW), product, place, q, day_of(day), "open", "", str(new_id(NOW)), NOW)
            for day, q in demands
        ]
        rows["reservation_line"] += [
            (org_id, new_id(NOW), 1, 1, product, place, q, day_of(day), NOW + timedelta(hours=1), "open")
            for day, q in holds
        ]
    columns = {
        "expected_receipt": "org_id, id, product_id, location_id, lot_code, quantity, received, written_off,"
        " due_on, state, document, supplier, source_key, created_at",
        "allocation": "org_id, id, product_id, location_id, quantity, needed_on, state, document, source_key,"
        " created_at",
        "reservation_line": "org_id, reservation_id, line, part, product_id, location_id, quantity, needed_on,"
        " held_until, state",
    }
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, values in rows.items():
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns[table]}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        connection.execute("ANALYZE expected_receipt, allocation, reservation_line")
        for product, (on_hand, flows, on) in cases.items():
            found = connection.execute(
                "SELECT GREATEST(0, ahead) FROM tally_levels(%s, %s, %s, %s, %s, %s)"
                " WHERE on_day <= %s ORDER BY on_day DESC LIMIT 1",
                [org_id, product, place, TODAY, NOW, on_hand, day_of(on)],
                prepare=True,
            ).fetchone()
            wrong += found is None or found[0] != oracle(on_hand, flows, on)
    return wrong


def day_of(days: int) -> date:
    """Return the date so many days after the bench's today."""
    return TODAY + timedelta(days=days)


def main() -> int:
    """Measure, judge, print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        installation(Settings(home=Path(folder) / "home")) as ready,
        ProcessPoolExecutor(CLIENTS, mp_context=get_context("spawn")) as pool,
    ):
        migrate(ready.database_url)
        database = Database(ready.database_url, pool_size=CLIENTS)
        bench = Bench(database, pool)
        bench.run("floor", bench.products, seconds=0.5)
        many, many_s = bench.against_floor(bench.products)
        hot, hot_s = bench.against_floor(bench.products[:1])
        together, together_s = bench.batched(bench.products[1])
        orders, deadlocks = bench.run("orders", bench.products[:20])
        drained, _ = bench.run("reserve", [bench.scarce], seconds=60)
        measured = {
            "reserve_10k_skus_per_floor": many,
            "reserve_hot_sku_per_floor": hot,
            "hot_sku_batched_per_unbatched": together,
            "oversold": max(0, drained - SCARCE, bench.held(bench.scarce) - SCARCE),
            "control_oversold_something": int(bench.control() > 0),
            "summary_differs_from_moves": bench.differing(),
            "deadlocks_seen_by_a_caller": deadlocks,
            "promises_differing_from_the_oracle": differing_promises(database),
        }
        small, large = (read_ms(database, shape, new_id(NOW)) for shape in (SMALL, LARGE))
        measured["read_50_skus_large_per_small"] = round(large / small, 2)
        database.close()
    return report(
        measured,
        BARS,
        clients=CLIENTS,
        threads=THREADS,
        reserve_10k_skus_per_s=many_s,
        reserve_hot_sku_per_s=hot_s,
        hot_sku_batched_per_s=together_s,
        five_line_orders=orders,
        drained=drained,
        read_ms={"small": round(small, 1), "large": round(large, 1)},
        lot_rows={"small": SMALL[0] * SMALL[1] * SMALL[2], "large": LARGE[0] * LARGE[1] * LARGE[2]},
        oracle_cases=CASES,
    )


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    sys.exit(main())
