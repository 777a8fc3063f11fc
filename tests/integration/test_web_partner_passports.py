"""A lot's passport for signed-in partners, and as tokens for everybody: each sees what their tier opens."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, update

from ledger.jose.disclosing import open_disclosed
from ledger.jose.envelope import open_credential
from portal import wiring
from portal.flows import passporting, replenishing
from portal.partners import service as partners
from portal.partners.store import partner_table
from portal.passports import reads
from portal.passports.model import DocumentKind
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.replenishment import service as replenishment
from portal.replenishment.model import PolicyDraft, ShipmentDraft
from support.databases import ForgetfulDatabase
from support.passporting import LOT, PATH, Scene, made_scene
from support.people import browser

PAGE = f"/partner{PATH}"
FILE = f"{PAGE}/passport.sd-jwt"


@dataclass(frozen=True)
class Made:
    """The scene all tests of this file share, and the connection it is made on."""

    scene: Scene
    connection: Connection


@pytest.fixture(scope="module")
def made(database_url: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The lot, its passport and a delivery, made once; every test gives back what it changes."""
    now = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
    with engine.connect() as connection:
        transaction = connection.begin()
        database = ForgetfulDatabase(database_url, connection)
        yield Made(_made(database, tmp_path_factory.mktemp("made"), now), connection)
        database.close()
        transaction.rollback()


def _made(database: Database, folder: Path, now: datetime) -> Scene:
    made = made_scene(database, home=folder / "home", clock=HandClock(now), now=now)
    made.papers()
    made.trace("shipping", hours_ago=72, place="松月茶业 / Songyue Tea")
    made.issue()
    supplier = made.company.partners["supplier"]
    with database.transaction() as connection:
        connection.execute(
            update(partner_table)
            .where(partner_table.c.id == supplier)
            .values(uscc="91330521MA2B4XKQ4T", country="CN")
        )
        _deliver(made, connection)
    return made


def _deliver(made: Scene, connection: Any) -> None:
    """Let the supplier send 120 more of the lot, with a despatch advice of their own."""
    operator, today = made.operator, date(2026, 11, 23)
    policy = PolicyDraft(
        product_id=made.product_id,
        location_id=made.company.nodes["NGB"],
        supplier_id=made.company.partners["supplier"],
        min_quanta=500,
        max_quanta=600,
        pack_quanta=1,
        lead_time_days=4,
    )
    replenishment.save_policy(connection, actor=operator, draft=policy, now=made.now)
    [order] = replenishing.check(
        connection, org_id=made.company.org_id, scope=replenishing.Scope(), today=today, now=made.now
    )
    replenishment.accept(connection, actor=made.supplier, number=order.number, version=None, now=made.now)
    advice = ShipmentDraft(
        number="ASN-77",
        lot_code=LOT,
        made_on=date(2026, 11, 5),
        expires_on=date(2027, 8, 4),
        quantity=order.quantity,
        due_on=date(2026, 11, 27),
    )
    replenishment.ship(
        connection, actor=made.supplier, number=order.number, version=None, draft=advice, now=made.now
    )


@pytest.fixture
def scene(made: Made) -> Iterator[Scene]:
    savepoint = made.connection.begin_nested()
    yield made.scene
    savepoint.rollback()


@pytest.fixture(scope="module")
def app(made: Made) -> Flask:
    built = wiring.build_web(made.scene.services)
    built.testing = True
    return built


@pytest.fixture
def visit(app: Flask, scene: Scene) -> Callable[[str], FlaskClient]:
    return lambda kind: browser(app, scene.company, kind)


def detail_of(token: str, scene: Scene) -> dict[str, Any]:
    subject = opened(token, scene)["credentialSubject"]
    found: dict[str, Any] = subject.get("partnerDetail", {})
    return found


def opened(token: str, scene: Scene) -> dict[str, Any]:
    did = "did:web:portal.example"
    with scene.services.database.reading() as connection:
        document = reads.issuer_document(connection, org_id=scene.company.org_id, did=did)
    return open_disclosed(token, {did: document}.get, as_of=scene.now)


REGISTRATION = {"uscc": "91330521MA2B4XKQ4T", "country": "CN"}
HANDED_IN = [
    {"number": "JY-7", "handedInAt": "2026-11-23T02:24:00+00:00"},
    {"number": "SC-1", "handedInAt": "2026-11-23T02:24:00+00:00"},
]
DELIVERY = [
    {
        "despatchAdvice": "ASN-77",
        "departedAt": "2026-11-23T02:24:00+00:00",
        "dueOn": "2026-11-27",
        "shipped": "120",
        "received": "0",
        "uom": "C62",
    }
]
ORDINARY = {"registration": REGISTRATION}
KEY = {**ORDINARY, "handedIn": HANDED_IN}
ALL = {**KEY, "delivery": DELIVERY}


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("ordinary", ORDINARY),
        ("key", KEY),
        ("other_key", KEY),
        ("strategic", ALL),
        ("supplier", ALL),
        ("auditor", ALL),
        ("operator", ALL),
    ],
)
def test_each_tier_takes_along_what_it_opens(
    visit: Callable[[str], FlaskClient], scene: Scene, kind: str, detail: dict[str, Any]
) -> None:
    answer = visit(kind).get(FILE)
    assert (answer.status_code, answer.content_type) == (200, "application/vc+sd-jwt")
    assert answer.headers["Cache-Control"] == "private, no-store"
    found = detail_of(answer.text, scene)
    for paper in found.get("handedIn", []):
        assert paper.pop("sizeBytes") > 400
    if "handedIn" in found:
        found["handedIn"].sort(key=lambda paper: str(paper["number"]))
    assert {**found} == detail


def test_a_report_handed_in_by_somebody_else_makes_the_lot_nobody_elses(
    visit: Callable[[str], FlaskClient], scene: Scene
) -> None:
    scene.hand_in(DocumentKind.INSPECTION_REPORT, partner_id=scene.company.partners["auditor"], number="JY-8")
    with scene.services.database.reading() as connection:
        org_id, product_id = scene.company.org_id, scene.product_id
        whose = passporting.supplier_of_lot(connection, org_id=org_id, product_id=product_id, lot_code=LOT)
    assert whose == scene.company.partners["supplier"]
    assert detail_of(visit("supplier").get(FILE).text, scene)["delivery"] == DELIVERY


@pytest.mark.parametrize(
    ("kind", "hidden"), [("ordinary", ("handedInAt", "ASN-77")), ("key", ("ASN-77", "dueOn"))]
)
def test_lower_tier_gets_neither_value_nor_salt_of_what_is_hidden(
    visit: Callable[[str], FlaskClient], kind: str, hidden: tuple[str, ...]
) -> None:
    client = visit(kind)
    jwt, *texts, last = client.get(FILE).text.split("~")
    readable = [base64.urlsafe_b64decode(text + "==").decode() for text in (jwt.split(".")[1], *texts)]
    assert last == ""
    # The despatch advice of the journey, ASN-1, is public; the delivery's own is not.
    assert [word for word in hidden if any(word in text for text in readable)] == []
    page = client.get(PAGE).text
    assert "ASN-77" not in page
    assert ("handed in" in page) == (kind == "key")


def test_salts_of_one_presentation_are_of_no_use_with_another(visit: Callable[[str], FlaskClient]) -> None:
    strategic, ordinary = visit("strategic").get(FILE).text, visit("ordinary").get(FILE).text
    assert set(strategic.split("~")[1:-1]) & set(ordinary.split("~")[1:-1]) == set()


def test_stranger_is_sent_to_sign_in_and_learns_nothing(visit: Callable[[str], FlaskClient]) -> None:
    for path in (PAGE, FILE):
        answer = visit("anonymous").get(path)
        assert answer.status_code == 302
        assert "91330521MA2B4XKQ4T" not in answer.text


@pytest.mark.parametrize(("kind", "code"), [("lapsed", "no_agreement"), ("other_key", "lot_not_covered")])
def test_partner_without_a_claim_to_the_lot_is_refused(
    visit: Callable[[str], FlaskClient], scene: Scene, kind: str, code: str
) -> None:
    if kind == "other_key":
        _narrow(scene, kind)
    for path in (PAGE, FILE):
        answer = visit(kind).get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["code"]) == (403, code)
        assert "91330521MA2B4XKQ4T" not in answer.text


def _narrow(scene: Scene, kind: str) -> None:
    """Let a customer's agreement cover another product only."""
    company = scene.company
    with scene.services.database.transaction() as connection:
        partners.save_agreement(
            connection,
            actor=company.actor,
            number=f"AG-{kind}",
            partner_id=company.partners[kind],
            tier=partners.Tier.KEY,
            purpose="tests",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
            products=frozenset(),
            nodes=frozenset({company.nodes["NGB"]}),
            now=scene.now,
        )


def test_what_is_left_out_is_gone_and_the_rest_verifies(visit: Callable[[str], FlaskClient], scene: Scene) -> None:
    answer = visit("strategic").get(f"{FILE}?without=producer&without=deliveries&without=nonsense")
    subject = opened(answer.text, scene)["credentialSubject"]
    assert "producedByParty" not in subject["product"]
    assert subject["partnerDetail"].keys() == {"registration", "handedIn"}
    assert len(subject["conformityClaim"]) == 2


def test_page_shows_what_the_presentation_discloses(visit: Callable[[str], FlaskClient]) -> None:
    page = visit("strategic").get(PAGE).text
    assert "Longjing tea" in page
    assert "91330521MA2B4XKQ4T" in page
    assert re.findall(r"<th scope=\"row\">([^<]+)</th>", page) == ["ASN-77"]
    assert re.findall(r'name="without" value="(\w+)"', page) == [
        "producer", "papers", "places", "quantities", "documents", "registration", "handed_in", "deliveries",
    ]  # fmt: skip
    assert re.findall(r'name="without" value="(\w+)"', visit("ordinary").get(PAGE).text) == [
        "producer", "papers", "places", "quantities", "documents", "registration",
    ]  # fmt: skip


def test_what_was_told_is_written_down(visit: Callable[[str], FlaskClient], scene: Scene) -> None:
    visit("key").get(FILE)
    with scene.services.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind, what, details FROM audit_entry ORDER BY seq DESC LIMIT 1")
        [row] = rows.all()
    assert (row.kind, row.what, row.details["products"]) == ("read", "partner_passports.take", ["TEA-1"])


def test_public_page_is_the_same_for_a_partner(visit: Callable[[str], FlaskClient]) -> None:
    assert "91330521MA2B4XKQ4T" not in visit("strategic").get(PATH).text


# ---- tokens for everybody -------------------------------------------------------------------------------------


def credential_path(scene: Scene) -> str:
    return f"/credentials/{scene.passport().id}"


def test_anybody_gets_the_passport_as_a_token(visit: Callable[[str], FlaskClient], scene: Scene) -> None:
    client, path = visit("anonymous"), credential_path(scene)
    answer = client.get(f"{path}.jwt")
    assert (answer.status_code, answer.content_type) == (200, "application/vc+jwt")
    did = "did:web:portal.example"
    document = client.get("/.well-known/did.json").get_json(force=True)
    credential = json.loads(scene.passport().body)
    credential.pop("proof")
    assert open_credential(answer.text, {did: document}.get, as_of=scene.now) == credential


def test_form_of_a_credential_is_asked_for_by_accept(visit: Callable[[str], FlaskClient], scene: Scene) -> None:
    client, path = visit("anonymous"), credential_path(scene)
    kinds = {
        accept: client.get(path, headers={"Accept": accept}).content_type
        for accept in ("*/*", "application/vc", "application/vc+jwt", "application/vc+sd-jwt;q=0.9", "text/html")
    }
    assert kinds == {
        "*/*": "application/vc",
        "application/vc": "application/vc",
        "application/vc+jwt": "application/vc+jwt",
        "application/vc+sd-jwt;q=0.9": "application/vc+sd-jwt",
        "text/html": "text/html; charset=utf-8",
    }
    assert "Accept" in client.get(path).headers["Vary"]


def test_anybody_gets_a_token_with_disclosures_and_no_partner_detail(
    visit: Callable[[str], FlaskClient], scene: Scene
) -> None:
    token = visit("anonymous").get(f"{credential_path(scene)}.sd-jwt").text
    claims, anchored = opened(token, scene), json.loads(scene.passport().body)
    assert claims["credentialSubject"] == anchored["credentialSubject"]
    # Producer, papers; place, quantity, number and link of the one event: what may be left out when passing it on.
    assert token.count("~") == 7


@pytest.mark.parametrize("form", ["jwt", "sd-jwt"])
def test_credential_nobody_issued_has_no_token(visit: Callable[[str], FlaskClient], form: str) -> None:
    assert visit("anonymous").get(f"/credentials/{UUID(int=1)}.{form}").status_code == 404


@pytest.mark.parametrize("form", ["jwt", "sd-jwt"])
def test_credential_of_an_earlier_address_is_not_signed_anew(scene: Scene, form: str) -> None:
    moved = replaced(scene.services, settings=replaced(scene.services.settings, base_url="https://new.example"))
    client = wiring.build_web(moved).test_client()
    answer = client.get(f"{credential_path(scene)}.{form}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "issuer_moved")


def test_lot_nobody_supplied_has_no_detail(scene: Scene, visit: Callable[[str], FlaskClient]) -> None:
    with scene.services.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM document WHERE kind = 'inspection_report'")
        connection.exec_driver_sql("DELETE FROM shipment")
    assert detail_of(visit("strategic").get(FILE).text, scene) == {}
