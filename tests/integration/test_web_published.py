"""What everybody may fetch to judge a moment: lists, notices and DID documents, newest and past."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.bundle import Bundle
from portal import wiring
from portal.flows import leaves
from portal.passports import status
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import Scene, made_scene


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    made.issue()
    for days in (0, 4):
        with database.transaction() as connection:
            moment = now + timedelta(days=days)
            if days:
                deed = {"actor": made.operator, "credential_id": made.passport().id, "reason": "mould"}
                status.suspend(connection, **deed, now=moment)  # type: ignore[arg-type]
            leaves.seal(connection, services=made.services, now=moment)
    return made


@pytest.fixture
def client(scene: Scene) -> FlaskClient:
    return wiring.build_web(scene.services).test_client()


def test_lists_are_published_newest_and_every_version(client: FlaskClient) -> None:
    newest = client.get("/status/suspension/1")
    assert (newest.status_code, newest.content_type) == (200, "application/vc")
    assert newest.headers["Access-Control-Allow-Origin"] == "*"
    assert (
        newest.get_json(force=True)["credentialSubject"]["id"]
        == "https://portal.example/status/suspension/1/2#list"
    )
    assert client.get("/status/suspension/1/2").data == newest.data
    first = client.get("/status/suspension/1/1")
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    proven = client.get("/status/suspension/1/1?proof").get_json()
    assert proven["credential"] == first.get_json(force=True)
    assert (proven["inclusion"]["tree"], proven["anchor"]) == ("rfc9162-sha256", None)
    for path in ("/status/suspension/1/3", "/status/suspension/2", "/status/message/1"):
        assert client.get(path).status_code == 404


def test_the_list_of_a_day_or_an_instant_comes_with_its_proof(client: FlaskClient) -> None:
    def version(at: str) -> str:
        listed = client.get(f"/status/suspension/1?at={at}").get_json()
        number: str = listed["credential"]["credentialSubject"]["id"].rpartition("/")[2]
        assert listed["inclusion"]["treeSize"] > 1
        return number

    assert version("2026-11-23") == version("2026-11-27T02:23:59Z") == "1#list"
    assert version("2026-11-27T02:24:00Z") == version("2026-11-27") == "2#list"
    assert client.get("/status/suspension/1?at=2026-11-22").status_code == 404
    for at in ("yesterday", "2026-11-31", "2026-11-23T25:00:00Z"):
        answer = client.get(f"/status/suspension/1?at={at}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "bad_moment")


def test_a_notice_says_why(client: FlaskClient, scene: Scene) -> None:
    notice = client.get(f"/status/notices/{scene.passport().id}/1").get_json(force=True)
    assert notice["credentialSubject"]["reason"] == "mould"
    assert client.get(f"/status/notices/{scene.passport().id}/2").status_code == 404


def test_a_bundle_carries_the_newest_lists_and_those_of_the_day(client: FlaskClient, scene: Scene) -> None:
    address = f"/bundles/{scene.passport().digest.hex()}.json"

    def listed(query: str) -> list[str]:
        bundle = Bundle.from_json(client.get(address + query).data)
        return [part.credential["id"].removeprefix("https://portal.example/status/") for part in bundle.status]

    notice = f"notices/{scene.passport().id}/1"
    assert listed("") == ["revocation/1", "suspension/1", notice]
    assert listed("?at=2026-11-24") == ["revocation/1"] * 2 + ["suspension/1"] * 2
    assert client.get(address + "?at=x").status_code == 422


def test_past_did_documents_have_addresses_of_their_own(client: FlaskClient) -> None:
    told = client.get("/did").get_json()
    assert told == {
        "did": "did:web:portal.example",
        "versions": [
            {"version": 1, "at": "2026-11-23T02:24:00+00:00", "anchored": False, "url": "/did/1"},
        ],
    }
    proven = client.get("/did/1").get_json()
    assert proven["document"] == json.loads(client.get("/.well-known/did.json").data)
    assert proven["inclusion"]["treeSize"] > 1
    assert client.get("/did/2").status_code == 404
