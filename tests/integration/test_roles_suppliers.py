"""A supplier reads over the suppliers' login: the orders sent to their firm, whatever a page forgets to ask."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from portal import wiring
from portal.flows import order_views
from portal.flows.order_views import Which
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.roles import SUPPLIER, let_in
from portal.replenishment.model import UnknownOrder
from support import replenishing as make

ORG = UUID("01900000-0000-7000-8000-000000000001")


@pytest.fixture
def served(fresh_database_url: str, tmp_path: Path) -> Iterator[Database]:
    let_in(fresh_database_url, home=tmp_path)
    services = wiring.build_services(Settings(home=tmp_path, database_url=fresh_database_url))
    yield services.database
    services.database.close()


@pytest.fixture
def world(served: Database, now: datetime) -> make.World:
    """Two orders of a tea: R-26001 was sent to Songyue, R-26002 is still a proposal to Greenfield."""
    with served.transaction() as connection:
        made = make.build_world(connection, org_id=ORG, now=now)
        make.short_of_tea(connection, made)
        make.policy(connection, replace(made, supplier_id=made.other_supplier_id))
        sent = {order.supplier_id: order.number for order in make.check(connection, made)}
        assert sent == {made.supplier_id: "R-26001", made.other_supplier_id: "R-26002"}
        # Between the two steps of the worker's deed an order is a proposal.
        connection.execute(text("UPDATE replenishment_order SET state = 'proposed' WHERE number = 'R-26002'"))
    return made


def as_firm(served: Database, firm: UUID) -> AbstractContextManager[Connection]:
    return served.reading_as(SUPPLIER, {"org": str(ORG), "partner": str(firm)})


def numbers(connection: Connection, which: Which | None = None) -> list[str]:
    found = order_views.orders(connection, org_id=ORG, which=which or Which())
    return sorted(view.order.number for view in found)


def test_without_the_pages_condition_the_policies_show_a_firms_own_orders(
    served: Database, world: make.World
) -> None:
    with as_firm(served, world.supplier_id) as connection:
        assert numbers(connection) == ["R-26001"]
        assert connection.scalars(text("SELECT name_en FROM partner")).all() == ["Songyue Tea"]
        assert connection.scalars(text("SELECT sku FROM product")).all() == ["TEA-001"]
        assert connection.scalars(text("SELECT name_en FROM location")).all() == ["Ningbo"]
        assert len(order_views.order(connection, org_id=ORG, number="R-26001")[1]) == 2


def test_what_was_not_sent_and_what_goes_to_others_is_not_there(served: Database, world: make.World) -> None:
    with as_firm(served, world.other_supplier_id) as connection:
        assert numbers(connection) == []
        for table, column in (("product", "sku"), ("location", "name_en"), ("replenishment_step", "actor")):
            assert connection.execute(text(f"SELECT {column} FROM {table}")).all() == [], table  # noqa: S608 - from code
        for number in ("R-26001", "R-26002"):
            with pytest.raises(UnknownOrder):
                order_views.order(connection, org_id=ORG, number=number)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT on_hand FROM stock_balance",
        "SELECT usable FROM stock_summary",
        "SELECT number FROM agreement",
        "SELECT quantity FROM allocation",
        "SELECT min_quanta FROM replenishment_policy",
        "SELECT code FROM location",
        "SELECT quantity FROM promised_to_others(gen_random_uuid(), gen_random_uuid(), '2026-11-23', now())",
        "SELECT quantity FROM promised_to_others(gen_random_uuid(), gen_random_uuid(), '2026-11-23', now(), '{}')",
    ],
)
def test_stock_agreements_and_policies_are_closed_to_suppliers(
    served: Database, world: make.World, statement: str
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        as_firm(served, world.supplier_id) as connection,
    ):
        connection.execute(text(statement))


def test_without_policies_the_pages_condition_holds_and_without_both_it_leaks(
    served: Database, world: make.World, fresh_database_url: str
) -> None:
    owner = Database(fresh_database_url, pool_size=1)
    with owner.transaction() as connection:
        for table in ("replenishment_order", "replenishment_step", "shipment", "product", "location", "partner"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    owner.close()
    with as_firm(served, world.supplier_id) as connection:
        assert numbers(connection, Which(supplier_id=world.supplier_id)) == ["R-26001"]
        assert numbers(connection) == ["R-26001", "R-26002"]
