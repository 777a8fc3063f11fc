"""Replenishment pages for who reads in pallets: whole pallets, the deal's cases, the base unit beside them."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection

from portal.inventory.units.model import UnitDraft
from portal.inventory.units.service import save_units
from portal.kernel.units import Level
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support import replenishing as make
from support.people import Company, browser, found_company, web_app
from support.replenishing import World


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def world(conn: Connection, company: Company, now: datetime) -> World:
    built = make.build_world(conn, org_id=company.org_id, now=now)
    world = replace(built, supplier_id=company.partners["supplier"])
    make.short_of_tea(conn, world)
    (order,) = make.check(conn, world)
    assert (order.quantity, order.pack_quanta) == (192, 24)
    return world


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    assert company
    return web_app(database, home=tmp_path, clock=clock)


def pallet(conn: Connection, world: World, holds: Fraction, *, until: bool = False) -> None:
    since = world.now.date()
    draft = UnitDraft(
        product_id=world.product_id,
        code="XPX",
        per_base=holds,
        level=Level.PALLET,
        valid_from=since.replace(day=1),
        valid_until=since.replace(day=2) if until else None,
    )
    save_units(conn, actor=world.operator, drafts=[draft], now=world.now)


@pytest.mark.parametrize(
    ("holds", "told"),
    [
        (Fraction(96), "2 plt"),
        (Fraction(72), "2 plt + 2 cs"),
        (Fraction(80), "2 plt + 1 cs + 8 pcs"),
        (Fraction(90), "2 plt + 12 pcs"),
        (Fraction(193), "8 cs"),
        (Fraction(193, 2), "8 cs"),
    ],
)
def test_an_order_is_told_in_whole_pallets_and_the_rest(
    app: Flask, conn: Connection, company: Company, world: World, holds: Fraction, told: str
) -> None:
    pallet(conn, world, holds)
    page = browser(app, company, "operator").get("/ops/replenishment?unit=pallet").get_data(as_text=True)
    assert f"<b>{told}</b>" in page
    assert "192 pcs" in page
    usual = browser(app, company, "operator").get("/ops/replenishment").get_data(as_text=True)
    assert "<b>8 cs</b>" in usual


def test_a_pallet_that_has_ended_is_not_told(app: Flask, conn: Connection, company: Company, world: World) -> None:
    pallet(conn, world, Fraction(96), until=True)
    page = browser(app, company, "operator").get("/ops/replenishment?unit=pallet").get_data(as_text=True)
    assert "<b>8 cs</b>" in page


def test_a_supplier_s_phone_tells_pallets_too(
    app: Flask, conn: Connection, company: Company, world: World
) -> None:
    pallet(conn, world, Fraction(96))
    page = browser(app, company, "supplier").get("/vmi?unit=pallet").get_data(as_text=True)
    assert "2 plt (192 pcs)" in page
    file = browser(app, company, "supplier").get("/vmi?unit=pallet&format=csv").get_data(as_text=True)
    assert file.splitlines()[1].endswith(",2 plt,")
