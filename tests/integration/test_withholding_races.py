"""Withholding beside people who ship at the same moment, over several real connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

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


def test_nothing_of_a_lot_leaves_after_it_was_withheld(database: Database) -> None:
    with database.transaction() as connection:
        stock = stock_company(connection)
        tea = stock.product()
        stock.book(tea, HANDS * EACH)
    begin = Barrier(HANDS + 2)

    def issue(hand: int) -> int:
        begin.wait()
        for number in range(EACH):
            try:
                with database.transaction() as connection:
                    here = Stock(connection, stock.main, stock.outside)
                    make.issue(here, tea, 1, key=f"{hand}-{number}")
            except LotWithheld:
                return number
        return EACH

    def hold() -> None:
        begin.wait()
        for number in range(EACH):
            with database.transaction() as connection:
                draft = order(line(stock, tea, 1, days=0), key=f"R{number}")
                savepoint = connection.begin_nested()
                try:
                    inventory.reserve(connection, actor=ACTOR, draft=draft, now=NOW)
                except CannotPromise:
                    savepoint.rollback()

    def withhold() -> int:
        begin.wait()
        with database.transaction() as connection:
            return inventory.withhold_lot(
                connection,
                actor=ACTOR,
                product_id=tea,
                lot_code="L1",
                reasons=[{"fault": "revoked", "why": "Forged"}],
                key="w",
                now=NOW,
            )

    with ThreadPoolExecutor(HANDS + 2) as pool:
        hands = [pool.submit(issue, hand) for hand in range(HANDS)]
        holder, keeper = pool.submit(hold), pool.submit(withhold)
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
