"""Withholding beside people who ship at the same moment, over several real connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.flows import withholding
from portal.inventory import service as inventory
from portal.inventory.model import CannotPromise
from portal.inventory.places import LotWithheld
from portal.kernel.ids import new_id
from portal.passports.fitness import service
from portal.passports.fitness.model import Requirement
from portal.passports.model import DocumentKind
from portal.platform.db import Database
from support import dimensions as make
from support.holding import line, order
from support.stock import ACTOR, NOW, ORG, Stock, stock_company

HANDS = 4
EACH = 12


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url, pool_size=HANDS + 2)
    yield database
    database.close()


@dataclass
class Rush:
    """Hands that issue, one that holds and one that withholds, all beginning at the same moment."""

    database: Database
    stock: Stock
    tea: UUID
    begin: Barrier

    def issue(self, hand: int) -> int:
        """Issue piece by piece until refused; returns how many left."""
        self.begin.wait()
        for number in range(EACH):
            try:
                with self.database.transaction() as connection:
                    here = Stock(connection, self.stock.main, self.stock.outside)
                    make.issue(here, self.tea, 1, key=f"{hand}-{number}")
            except LotWithheld:
                return number
        return EACH

    def hold(self) -> None:
        """Hold pieces for orders until none can be promised."""
        self.begin.wait()
        for number in range(EACH):
            draft = order(line(self.stock, self.tea, 1, days=0), key=f"R{number}")
            with suppress(CannotPromise), self.database.transaction() as connection:
                inventory.reserve(connection, actor=ACTOR, draft=draft, now=NOW)

    def withhold(self) -> int:
        """Withhold the lot; returns how much of it was left."""
        self.begin.wait()
        with self.database.transaction() as connection:
            return inventory.withhold_lot(
                connection,
                actor=ACTOR,
                product_id=self.tea,
                lot_code="L1",
                reasons=[{"fault": "revoked", "why": "Forged"}],
                key="w",
                now=NOW,
            )


def test_nothing_of_a_lot_leaves_after_it_was_withheld(database: Database) -> None:
    with database.transaction() as connection:
        stock = stock_company(connection)
        tea = stock.product()
        stock.book(tea, HANDS * EACH)
    rush = Rush(database, stock, tea, Barrier(HANDS + 2))
    with ThreadPoolExecutor(HANDS + 2) as pool:
        hands = [pool.submit(rush.issue, hand) for hand in range(HANDS)]
        holder, keeper = pool.submit(rush.hold), pool.submit(rush.withhold)
        issued, withheld = sum(hand.result() for hand in hands), keeper.result()
        holder.result()
    assert issued + withheld == HANDS * EACH
    with database.transaction() as connection:
        late = connection.execute(
            text("""
                SELECT count(*) FROM stock_move
                WHERE kind = 'issue' AND seq > (SELECT max(seq) FROM stock_move WHERE kind = 'withhold')
            """)
        ).scalar_one()
        usable = connection.execute(text("SELECT usable FROM stock_summary")).scalar_one()
    assert (late, usable) == (0, 0)


def test_who_ships_while_papers_are_reviewed_waits_and_is_refused(database: Database) -> None:
    with database.transaction() as connection:
        tea = stock_company(connection).product()
    wanted = Requirement(
        id=new_id(NOW),
        category=None,
        product_id=tea,
        supplier_id=None,
        kind=DocumentKind.CERTIFICATE,
        name_zh="许可证",
        name_en="Licence",
        number_prefix="",
    )

    def ship() -> None:
        with database.transaction() as connection:
            withholding.check_fit(connection, org_id=ORG, product_id=tea, lot_code="L1", shipped_by=None, now=NOW)

    ship()
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            withholding.take_turn(connection)
            shipping = pool.submit(ship)
            waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not connection.execute(waiting).scalar_one():
                assert not shipping.done()
            service.require(connection, actor=ACTOR, requirement=wanted, now=NOW)
        with pytest.raises(LotWithheld):
            shipping.result()
