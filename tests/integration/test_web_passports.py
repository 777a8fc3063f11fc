"""Operators issue passports, auditors read them."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal import wiring
from portal.inventory import service as inventory
from portal.inventory.model import ProductDraft, StockLine
from portal.passports.model import DocumentKind
from portal.passports.store import credential_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import passports
from support.passporting import LOT, Scene, anchored, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def operator(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "operator")


def text_of(client: FlaskClient, path: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path, headers=ENGLISH).get_data(as_text=True)))


def issued(scene: Scene) -> int:
    with scene.services.database.reading() as connection:
        passports_only = credential_table.c.kind == "product_passport"
        return connection.execute(select(func.count()).where(passports_only)).scalar_one()


def test_an_operator_sees_what_a_lot_still_misses(operator: FlaskClient) -> None:
    text = text_of(operator, "/passports")
    assert "inspection report of the lot, certificate in force" in text
    assert "No passport yet" in text
    assert "not known yet The worker pins it at its first start." in text


def test_an_operator_checks_confirms_and_gets_the_code(operator: FlaskClient, scene: Scene) -> None:
    scene.papers()
    scene.hand_in(
        DocumentKind.CERTIFICATE,
        number="LATER",
        valid_from=date(2027, 1, 1),
        valid_until=None,
    )
    scene.trace("shipping", hours_ago=72, place="松月茶业 / Songyue Tea")
    listed = operator.get("/passports", headers=ENGLISH).get_data(as_text=True)
    link = re.search(r'href="(/passports/issue\?[^"]+)"', listed)
    assert link is not None
    path = link[1].replace("&amp;", "&")
    check = text_of(operator, path)
    assert "Nothing is signed yet." in check
    assert "LATER Certificate · Market authority not in force, left out" in check
    assert "Shipped 松月茶业 / Songyue Tea · 480 pcs · ASN-1" in check
    form = {
        "product": str(scene.product_id),
        "lot": LOT,
        "csrf_token": csrf_token(operator.application, operator),
    }
    done = operator.post("/passports/issue", data=form)
    digest = scene.passport().digest.hex()
    assert (done.status_code, done.location) == (303, f"/passports/{digest}?issued=new")
    assert "Issued. It is signed and can be checked now" in text_of(operator, done.location)
    scene.services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    again = operator.post("/passports/issue", data=form)
    assert again.location == f"/passports/{digest}?issued=same"
    assert "nothing had changed" in text_of(operator, again.location)
    assert issued(scene) == 1
    assert operator.get(f"/passports/{digest}/qr.svg").content_type == "image/svg+xml"
    label = text_of(operator, f"/passports/{digest}/label")
    assert "Longjing tea Lot L7 GTIN 06901234567892 Best before 2027-08-04" in label


def test_what_is_missing_refuses_the_passport_in_words(operator: FlaskClient, scene: Scene) -> None:
    form = {
        "product": str(scene.product_id),
        "lot": LOT,
        "csrf_token": csrf_token(operator.application, operator),
    }
    answer = operator.post("/passports/issue", data=form, headers=ENGLISH)
    assert answer.status_code == 422
    assert "A passport needs a certificate in force" in answer.get_data(as_text=True)
    assert issued(scene) == 0


@pytest.mark.parametrize("query", ["", "?product=x&lot=L7", f"?product={UUID(int=1)}&lot=L7"])
def test_a_request_for_no_lot_is_not_found(operator: FlaskClient, query: str) -> None:
    assert operator.get(f"/passports/issue{query}").status_code == 404


def test_an_auditor_reads_everything_and_issues_nothing(app: Flask, scene: Scene) -> None:
    scene.papers()
    passport = scene.issue()
    auditor = browser(app, scene.company, "auditor")
    text = text_of(auditor, "/passports")
    assert "Longjing tea GTIN 06901234567892" in text
    assert "Ready for a passport" not in text
    detail = auditor.get(f"/passports/{passport.digest.hex()}", headers=ENGLISH).get_data(as_text=True)
    assert "issued, waits for its batch" in detail
    assert "Issue anew" not in detail
    assert auditor.get(f"/passports/issue?product={scene.product_id}&lot={LOT}").status_code == 403
    token = csrf_token(app, auditor)
    form = {"product": str(scene.product_id), "lot": LOT, "csrf_token": token}
    assert auditor.post("/passports/issue", data=form).status_code == 403
    assert issued(scene) == 1


def test_a_forged_request_issues_nothing(operator: FlaskClient, scene: Scene) -> None:
    scene.papers()
    form = {"product": str(scene.product_id), "lot": LOT}
    assert operator.post("/passports/issue", data=form).status_code == 400
    assert issued(scene) == 0


def test_a_replaced_passport_leads_to_the_newer_one(operator: FlaskClient, scene: Scene) -> None:
    scene.papers()
    old = scene.issue()
    scene.trace("receiving", hours_ago=1, place="x")
    new = scene.issue(later=timedelta(minutes=1))
    html = operator.get(f"/passports/{old.digest.hex()}", headers=ENGLISH).get_data(as_text=True)
    assert f'<a href="/passports/{new.digest.hex()}">Show the newer one</a>' in html
    assert "Issue anew" not in html
    assert "Issue anew" in text_of(operator, f"/passports/{new.digest.hex()}")
    assert "replaced" in text_of(operator, "/passports")


def test_the_list_has_pages(operator: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passports, "PER_PAGE", 1)
    scene.papers()
    scene.issue()
    scene.trace("receiving", hours_ago=1, place="x")
    scene.issue(later=timedelta(minutes=1))
    first = operator.get("/passports", headers=ENGLISH).get_data(as_text=True)
    second = operator.get("/passports?page=2", headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'href="(/passports\?page=\d)"', first) == ["/passports?page=2"]
    assert re.findall(r'href="(/passports\?page=\d)"', second) == ["/passports?page=1"]


def test_an_anchored_passport_tells_its_block_and_chain(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, _):
        app = wiring.build_web(here.services)
        client = browser(app, here.company, "auditor")
        block = here.passport().block_number
        text = text_of(client, "/passports")
        assert f"5 credentials newest in block {block}" in text
        assert "31337 run by this company alone" in text
        assert f"block {block}" in text_of(client, f"/passports/{here.passport().digest.hex()}")


def test_a_lot_without_an_end_and_a_supplier_is_listed_too(operator: FlaskClient, scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        draft = ProductDraft(sku="RAW-1", name_zh="茶青", name_en="Raw leaf", tracking="lot")
        ids = inventory.save_products(connection, actor=scene.operator, drafts=[draft], now=scene.now)
        line = StockLine(
            product_id=ids["RAW-1"], location_id=scene.company.nodes["NGB"], lot_code="R1", quantity=5
        )
        inventory.book_stock(
            connection, actor=scene.operator, lines=[line], document="OPEN", key_prefix="raw", now=scene.now
        )
    assert "Raw leaf RAW-1 R1 GTIN of the product, inspection report" in text_of(operator, "/passports")
