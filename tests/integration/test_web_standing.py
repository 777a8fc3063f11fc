"""The operator's page that revokes, suspends and takes up a passport, and what the passport's page then says."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import wiring
from portal.passports import reads, status
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import Scene, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    made.issue()
    made.trace("receiving", hours_ago=1, place="x")
    made.issue(later=timedelta(minutes=1))
    return made


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def operator(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "operator")


def read(client: FlaskClient, path: str, language: str = "en") -> str:
    page = client.get(path, headers={"Accept-Language": language}).get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def send(client: FlaskClient, path: str, **values: str) -> tuple[int, str]:
    form = {"csrf_token": csrf_token(client.application, client), **values}
    answer = client.post(path, data=form, headers=ENGLISH)
    return answer.status_code, re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))


def test_a_passport_is_suspended_taken_up_and_revoked_for_another(scene: Scene, operator: FlaskClient) -> None:
    new = scene.passport()
    page = f"/passports/{new.digest.hex()}"
    code, said = send(operator, f"{page}/standing", deed="suspend", reason="smells")
    assert (code, "Please confirm; everybody who checks will see it." in said) == (422, True)
    code, said = send(operator, f"{page}/standing", deed="suspend", reason=" ", sure="1")
    assert (code, "Please give a reason" in said) == (422, True)
    code, said = send(operator, f"{page}/standing", deed="", reason="x", sure="1")
    assert (code, "Choose one of the list." in said) == (422, True)
    code, said = send(operator, f"{page}/standing", deed="resume", reason="x", sure="1")
    assert (code, "It is not suspended" in said) == (422, True)
    assert "What was said of it" not in read(operator, page)
    assert send(operator, f"{page}/standing", deed="suspend", reason="smells", sure="1")[0] == 303
    shown = read(operator, page)
    assert "Suspended. Whoever checks it is told so within a minute." in shown
    assert "Suspended. smells" in shown
    assert "已暂停。" in read(operator, page, "zh")
    assert send(operator, f"{page}/standing", deed="resume", reason="it was the box", sure="1")[0] == 303
    assert "it was the box · Name of operator" in read(operator, page)
    with scene.services.database.reading() as connection:
        lot = reads.history_of(connection, org_id=scene.company.org_id, bearer=new.bearer)
    old = lot[1]
    path = f"/passports/{old.digest.hex()}"
    assert new.digest.hex()[:8] in read(operator, f"{path}/standing")
    assert (
        send(operator, f"{path}/standing", deed="revoke", reason="typo", sure="1", successor=str(new.id))[0] == 303
    )
    assert "What stands in its place" in read(operator, path)
    assert "A revoked passport stays revoked" in read(operator, f"{path}/standing")
    assert old.digest.hex()[:8] not in read(operator, f"{page}/standing")
    with scene.services.database.reading() as connection:
        found = status.standing(
            connection, org_id=scene.company.org_id, credential_id=old.id, at=scene.services.clock.now()
        )
    assert (found.revoked, found.superseded_by) == (True, new.id)


@pytest.mark.parametrize("kind", ["supplier", "auditor", "key"])
def test_nobody_else_changes_how_a_passport_stands(scene: Scene, app: Flask, kind: str) -> None:
    client = browser(app, scene.company, kind)
    path = f"/passports/{scene.passport().digest.hex()}/standing"
    form = {"csrf_token": csrf_token(app, client), "deed": "revoke", "reason": "x", "sure": "1"}
    assert client.get(path).status_code == client.post(path, data=form).status_code == 403
    with scene.services.database.reading() as connection:
        said = status.history(connection, org_id=scene.company.org_id, credential_id=scene.passport().id)
    assert said == ()
