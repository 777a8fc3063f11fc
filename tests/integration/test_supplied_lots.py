"""What a supplier is told of their lots: what is missing, in which order, and the passport once there is one."""

from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from portal import wiring
from portal.flows.supplied_lots import SuppliedLot, supplied_lots
from portal.passports.model import DocumentKind
from portal.passports.store import document_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import LOT, Scene, made_scene
from support.people import browser

TODAY = date(2026, 11, 23)


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


def lots(scene: Scene, supplier: str = "supplier") -> tuple[SuppliedLot, ...]:
    partner = scene.company.partners[supplier]
    with scene.services.database.reading() as connection:
        return supplied_lots(connection, org_id=scene.company.org_id, supplier_id=partner, today=TODAY)


def told(scene: Scene) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(lot.lot_code, lot.missing, lot.passport is not None) for lot in lots(scene)]


def test_a_lot_that_was_only_certified_lacks_its_report(scene: Scene) -> None:
    scene.hand_in(DocumentKind.CERTIFICATE, lot_code="L8")
    assert told(scene) == [("L8", ("inspection_report",), False)]


def test_a_lot_that_was_only_reported_on_lacks_the_certificate(scene: Scene) -> None:
    scene.hand_in(DocumentKind.INSPECTION_REPORT)
    assert told(scene) == [(LOT, ("certificate",), False)]


def test_a_certificate_that_has_ended_is_told_apart_from_one_that_never_was(scene: Scene) -> None:
    scene.papers()
    with scene.services.database.transaction() as connection:
        connection.execute(
            update(document_table)
            .where(document_table.c.kind == "certificate")
            .values(valid_until=date(2026, 11, 22))
        )
    assert told(scene) == [(LOT, ("certificate_over",), False)]


def test_what_lacks_something_stands_first_and_a_passport_shows(scene: Scene) -> None:
    scene.papers()
    assert told(scene) == [(LOT, (), False)]
    scene.issue()
    scene.hand_in(DocumentKind.CERTIFICATE, b"", number="SC-2", lot_code="L8")
    assert told(scene) == [("L8", ("inspection_report",), False), (LOT, (), True)]
    assert lots(scene, "auditor") == ()


def test_the_page_leads_from_what_is_missing_to_the_form_and_from_the_passport_to_its_page(scene: Scene) -> None:
    scene.papers()
    passport = scene.issue()
    scene.hand_in(DocumentKind.CERTIFICATE, number="SC-2", lot_code="L8")
    app = wiring.build_web(scene.services)
    html = browser(app, scene.company, "supplier").get("/documents?lang=en").get_data(as_text=True)
    assert 'href="/documents/new?kind=inspection_report&amp;sku=TEA-1&amp;lot=L8"' in html
    assert f'href="/01/{passport.gtin}/10/{LOT}#h=' in html
    assert "Your lots and their passports" not in (
        browser(app, scene.company, "operator").get("/documents?lang=en").get_data(as_text=True)
    )
