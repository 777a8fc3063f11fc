"""Several hands move, hold back, receive, lose and take back the same goods at once, and the books stay right.

Invariants 1, 2, 3, 6 and 7 of ``domain.md`` 4b, on a real PostgreSQL. What must hold is added up here by hand from
the moves; the room's own ``reconcile`` has to agree. Every example has products of its own in one database.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.inventory import reads, service
from portal.inventory.model import ExpectedDraft
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.errors import PortalError
from portal.platform.db import Database
from support import dimensions as make
from support.holding import fence
from support.stock import ACTOR, NOW, ORG, Stock, in_days, stock_company

HANDS = 4
NUMBERS = count(1)
QUANTITIES = st.integers(1, 9)
WHICH = st.integers(0, 2)
NAMES = (
    "book",
    "carry",
    "hold_back",
    "set_free",
    "scrap",
    "issue",
    "ship",
    "confirm",
    "arrive",
    "lose",
    "take_back",
    "carry_a_piece",
    "fence_off",
)
DEEDS = st.tuples(st.sampled_from(NAMES), QUANTITIES, WHICH)
LOTS = ("L1", "L2", "OLD")


@dataclass(slots=True)
class Hand:
    """One connection's share of a schedule; what the room refuses is left undone."""

    database: Database
    places: tuple[UUID, UUID]
    outside: UUID
    tea: UUID
    mill: UUID
    sku: str
    stock: Stock | None = None

    def play(self, deeds: list[tuple[str, int, int]], begin: Barrier) -> None:
        begin.wait()
        for name, quantity, which in deeds:
            try:
                with self.database.transaction() as connection:
                    self.stock = Stock(connection, self.places[0], self.outside)
                    getattr(self, name)(self.stock, f"{name}-{next(NUMBERS)}", quantity, which)
            except PortalError:
                continue

    def book(self, stock: Stock, _key: str, quantity: int, which: int) -> None:
        place = self.places[quantity % 2]
        expires = in_days(-1 if LOTS[which] == "OLD" else 90)
        make.book(stock, self.tea, quantity, location_id=place, lot_code=LOTS[which], expires_on=expires)

    def carry(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        here, there = self.places[quantity % 2], self.places[1 - quantity % 2]
        take = make.take(stock, self.tea, quantity, lot_code=LOTS[which], place_id=here)
        service.transfer(stock.connection, actor=ACTOR, take=take, to_id=there, document="", key=key, now=NOW)

    def _status(self, stock: Stock, key: str, quantity: int, which: int, statuses: tuple[str, str]) -> None:
        left, reached = statuses
        place = self.places[quantity % 2]
        take = make.take(stock, self.tea, quantity, lot_code=LOTS[which], place_id=place, status=left)
        service.change_status(
            stock.connection, actor=ACTOR, take=take, status=reached, reason="r", key=key, now=NOW
        )

    def hold_back(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        self._status(stock, key, quantity, which, ("available", ("quarantine", "blocked")[quantity % 2]))

    def set_free(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        self._status(stock, key, quantity, which, (("quarantine", "blocked")[quantity % 2], "available"))

    def scrap(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        take = make.take(stock, self.tea, quantity, lot_code=LOTS[which], place_id=self.places[quantity % 2])
        service.scrap(stock.connection, actor=ACTOR, take=take, reason="r", document="", key=key, now=NOW)

    def issue(self, stock: Stock, key: str, quantity: int, _which: int) -> None:
        make.issue(stock, self.tea, quantity, key=key)

    def _expect(self, stock: Stock, quantity: int, which: int, state: str) -> None:
        draft = ExpectedDraft(
            product_id=self.tea,
            location_id=self.places[0],
            quantity=quantity,
            due_on=in_days(2),
            source_key=f"{self.sku}/{which}",
            state=state,
            document=f"{self.sku}/{which}",
            supplier="S",
            lot_code=LOTS[which],
            lot_expires_on=in_days(90),
        )
        service.expect_receipts(stock.connection, actor=ACTOR, drafts=[draft], now=NOW)

    def ship(self, stock: Stock, _key: str, quantity: int, which: int) -> None:
        self._expect(stock, quantity, which, "shipped")

    def confirm(self, stock: Stock, _key: str, quantity: int, which: int) -> None:
        self._expect(stock, quantity, which, "confirmed")

    def arrive(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        service.receive(
            stock.connection,
            actor=ACTOR,
            source_key=f"{self.sku}/{which}",
            quantity=quantity,
            lot_code=LOTS[quantity % 2],
            lot_made_on=None,
            lot_expires_on=in_days(90),
            key=key,
            now=NOW,
        )

    def lose(self, stock: Stock, _key: str, _quantity: int, which: int) -> None:
        service.write_off_expected(
            stock.connection, actor=ACTOR, source_key=f"{self.sku}/{which}", reason="lost", now=NOW
        )

    def take_back(self, stock: Stock, _key: str, quantity: int, _which: int) -> None:
        move_id = stock.connection.scalar(
            text(
                "SELECT id FROM stock_move WHERE product_id = :tea"
                " AND kind IN ('transfer', 'status', 'scrap', 'issue') ORDER BY seq DESC OFFSET :skip LIMIT 1"
            ),
            {"tea": self.tea, "skip": quantity % 3},
        )
        if move_id is not None:
            service.reverse_move(stock.connection, actor=ACTOR, move_id=move_id, reason="r", now=NOW)

    def carry_a_piece(self, stock: Stock, key: str, quantity: int, which: int) -> None:
        here, there = self.places[quantity % 2], self.places[1 - quantity % 2]
        take = make.take(stock, self.mill, 1, place_id=here, serials=(f"S{which % 2}",))
        service.transfer(stock.connection, actor=ACTOR, take=take, to_id=there, document="", key=key, now=NOW)

    def fence_off(self, stock: Stock, key: str, quantity: int, _which: int) -> None:
        fence(stock, self.tea, quantity, name=key, hours=300)


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=HANDS * 2)
    yield database
    database.close()


@given(schedules=st.lists(st.lists(DEEDS, max_size=10), min_size=HANDS, max_size=HANDS))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_schedule_of_several_hands_spoils_the_books(
    database: Database, schedules: list[list[tuple[str, int, int]]]
) -> None:
    sku = f"TEA-{next(NUMBERS)}"
    with database.transaction() as connection:
        stock, a_bin = company(connection)
        tea, mill = stock.product(sku), stock.product(f"MILL-{sku}", tracking="serial")
        make.book(stock, tea, 20, expires_on=in_days(90))
        make.book(stock, mill, 2, serials=("S0", "S1"))
    hands = [Hand(database, (stock.main, a_bin), stock.outside, tea, mill, sku) for _ in range(HANDS)]
    begin = Barrier(HANDS)
    with ThreadPoolExecutor(HANDS) as pool:
        for result in [pool.submit(h.play, deeds, begin) for h, deeds in zip(hands, schedules, strict=True)]:
            result.result()
    with database.reading() as connection:
        check_balances(connection, tea, mill)
        check_pieces(connection, mill)
        check_transit(connection, sku)
        check_promise(connection, tea)
        assert reads.reconcile(connection, org_id=ORG) == ()


def company(connection: Connection) -> tuple[Stock, UUID]:
    """Return the company, which the first example makes, and its bin."""
    if connection.execute(text("SELECT count(*) FROM org")).scalar_one() == 0:
        stock = stock_company(connection)
        return stock, make.add_bin(stock, "A-01")
    places = {row.code: row.id for row in connection.execute(text("SELECT code, id FROM location"))}
    return Stock(connection, places["NB"], places["CD"]), places["A-01"]


def check_balances(connection: Connection, *products: UUID) -> None:
    """Every balance is what its moves add up to, none is below zero, and every move has both its ends."""
    rows = connection.execute(
        text("""
            WITH flow AS (
                SELECT product_id, lot_id, to_location_id AS place, to_status AS status, quantity FROM stock_move
                UNION ALL
                SELECT product_id, lot_id, from_location_id, from_status, -quantity FROM stock_move
            ), replayed AS (
                SELECT f.product_id, f.lot_id, f.place, f.status, SUM(f.quantity) AS quantity
                FROM flow f JOIN location n ON n.id = f.place
                     AND n.kind IN ('own', 'third_party', 'forward', 'shelf')
                GROUP BY 1, 2, 3, 4
            ), kept AS (
                SELECT product_id, lot_id, location_id AS place, status, SUM(on_hand) AS quantity
                FROM stock_balance GROUP BY 1, 2, 3, 4
            )
            SELECT COALESCE(r.quantity, 0) AS replayed, COALESCE(k.quantity, 0) AS kept
            FROM replayed r FULL JOIN kept k USING (product_id, lot_id, place, status)
            WHERE product_id = ANY(CAST(:products AS uuid[]))
        """),
        {"products": list(products)},
    ).all()
    assert [row for row in rows if row.replayed != row.kept or row.kept < 0] == []
    left = connection.execute(
        text("SELECT count(*) FROM stock_move WHERE from_location_id IS NULL OR to_location_id IS NULL")
    )
    assert left.scalar_one() == 0


def check_pieces(connection: Connection, mill: UUID) -> None:
    """Each piece is at one place, and there lies exactly that many of the product."""
    rows = connection.execute(
        text("""
            SELECT location_id, count(*) AS pieces,
                   (SELECT SUM(b.on_hand) FROM stock_balance b
                    WHERE b.product_id = s.product_id AND b.location_id = s.location_id) AS lying
            FROM serial s WHERE s.product_id = :mill GROUP BY s.product_id, s.location_id
        """),
        {"mill": mill},
    ).all()
    assert sum(row.pieces for row in rows) == 2
    assert [row for row in rows if row.pieces != row.lying] == []


def check_transit(connection: Connection, sku: str) -> None:
    """What is in transit under a despatch advice is what was shipped, less what arrived and what was lost."""
    rows = connection.execute(
        text("""
            SELECT e.document, e.state, e.quantity - e.received - e.written_off AS rest, COALESCE((
                SELECT SUM(CASE WHEN t.id = m.to_location_id THEN m.quantity ELSE -m.quantity END)
                FROM stock_move m JOIN location t ON t.kind = 'in_transit'
                     AND t.id IN (m.to_location_id, m.from_location_id)
                WHERE m.product_id = e.product_id AND m.document = e.document), 0) AS moving
            FROM expected_receipt e WHERE e.document LIKE :own
        """),
        {"own": f"{sku}/%"},
    ).all()
    assert [row for row in rows if row.rest < 0] == []
    assert [row for row in rows if row.moving != (row.rest if row.state == "shipped" else 0)] == []


def check_promise(connection: Connection, tea: UUID) -> None:
    """A stranger is promised what is usable and not fenced off: nothing expired, held back or set apart."""
    usable = connection.execute(
        text("""
            SELECT COALESCE(SUM(b.on_hand), 0) FROM stock_balance b JOIN lot l ON l.id = b.lot_id
            WHERE b.product_id = :tea AND b.status = 'available' AND COALESCE(l.expires_on, :today) >= :today
        """),
        {"tea": tea, "today": NOW.date()},
    ).scalar_one()
    apart = connection.execute(
        text("SELECT COALESCE(SUM(quantity - drawn), 0) FROM pool WHERE product_id = :tea AND state = 'open'"),
        {"tea": tea},
    ).scalar_one()
    stranger = Disclosure(tier=Tier.KEY, partner_id=UUID(int=7), products=frozenset({tea}))
    (row,) = reads.availability(connection, org_id=ORG, disclosure=stranger, as_of=NOW).rows
    assert row.promise == max(0, usable - apart)
