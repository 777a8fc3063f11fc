"""The page where labels are picked, and the PDF it leads to; only the host's staff print."""

import json
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from portal import wiring
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import labels
from support.passporting import Scene, made_scene
from support.people import browser

PDF = "/passports/labels/labels.pdf"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    made.issue()
    return made


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def operator(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "operator")


def test_an_operator_picks_a_passport_and_gets_its_labels(operator: FlaskClient, scene: Scene) -> None:
    digest = scene.passport().digest.hex()
    page = operator.get(f"/passports/labels?pick={digest}&lang=en").get_data(as_text=True)
    assert f'value="{digest}" checked' in page
    assert "24 a page, 63.5 × 33.9 mm" in page
    answer = operator.get(f"{PDF}?pick={digest}&sheet=24&start=24&copies=2&lang=en")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="labels.pdf"'
    pages = PdfReader(BytesIO(answer.data)).pages
    assert len(pages) == 2
    lines = pages[0].extract_text().splitlines()
    assert lines[:2] == ["龙井 250 克", "Longjing tea"]
    assert lines[-5:] == ["批次 Lot", "L7", "GTIN 06901234567892", "保质期至 Best before", "2027-08-04"]
    assert pages[1].extract_text() == pages[0].extract_text()


def test_a_passport_that_was_replaced_is_not_offered(operator: FlaskClient, scene: Scene) -> None:
    older = scene.passport().digest.hex()
    scene.trace("inspecting", hours_ago=1, place="宁波仓 / Ningbo")
    newer = scene.issue(later=scene.now - scene.now).digest.hex()
    page = operator.get("/passports/labels").get_data(as_text=True)
    assert newer in page
    assert older not in page


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sheet=24&start=1&copies=1", "Pick 1 to 50 passports."),
        ("pick={digest}&sheet=7&start=1&copies=1", "Choose a sheet from the list."),
        ("pick={digest}&sheet=24&start=25&copies=1", "Between 1 and 24."),
        ("pick={digest}&sheet=24&start=1&copies=201", "Between 1 and 200."),
        ("pick={digest}&sheet=24&start=1&copies=", "Fill this in."),
    ],
)
def test_what_cannot_be_printed_comes_back_with_the_fault(
    operator: FlaskClient, scene: Scene, query: str, told: str
) -> None:
    digest = scene.passport().digest.hex()
    answer = operator.get(f"{PDF}?{query.format(digest=digest)}&lang=en")
    assert answer.status_code == 422
    assert told in answer.get_data(as_text=True)


def test_a_passport_that_is_not_there_is_not_found(operator: FlaskClient) -> None:
    assert operator.get(f"{PDF}?pick={'0' * 64}&sheet=24&start=1&copies=1").status_code == 404


def test_a_product_without_a_last_day_gets_a_label_without_one(app: Flask, scene: Scene) -> None:
    passport = scene.passport()
    body = json.loads(passport.body)
    del body["credentialSubject"]["product"]["characteristics"]["bestBefore"]
    with app.test_request_context("/?lang=en"):
        label = labels._label(replace(passport, body=json.dumps(body)))
    assert [line.text for line in label.lines][-1] == "GTIN 06901234567892"
