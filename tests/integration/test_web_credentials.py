"""Pages of credentials of every kind: the public one, the staff's list and deeds, the supplier's link."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.canonical import sha256
from ledger.kinds.envelope import CREDENTIAL_MEDIA_TYPE
from portal import wiring
from portal.flows import evidence, passporting
from portal.passports import credentials
from portal.passports.credentials import Credential
from portal.passports.model import DocumentKind
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.web import credentials as pages
from portal.web.credential_face import face_of, kind_name
from support.kinds import GLN, USCC, samples
from support.passporting import PATH, Scene, made_scene
from support.people import browser, csrf_token

Reader = Callable[[str], tuple[tuple[str, ...], dict[str, str]]]
ENGLISH = {"Accept-Language": "en", "Accept": "text/html,*/*;q=0.8"}


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


def kept(scene: Scene, kind: str = "") -> tuple[Credential, ...]:
    with scene.services.database.reading() as connection:
        return credentials.credentials(connection, org_id=scene.company.org_id, kind=kind)[0]


def post(client: FlaskClient, path: str, **form: str) -> TestResponse:
    """Send a form with its token."""
    form["csrf_token"] = csrf_token(client.application, client)
    return client.post(path, data=form, headers=ENGLISH)


def text_of(client: FlaskClient, path: str) -> str:
    html = client.get(path, headers=ENGLISH).get_data(as_text=True)
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_a_browser_gets_a_page_and_a_program_the_signed_bytes(app: Flask, scene: Scene) -> None:
    scene.papers()
    scene.trace("shipping", hours_ago=92, place="松月茶业 / Songyue Tea")
    scene.issue()
    anybody = app.test_client()
    for one in kept(scene):
        answer = anybody.get(f"/credentials/{one.id}")
        assert (answer.content_type, sha256(answer.data)) == (CREDENTIAL_MEDIA_TYPE, one.digest)
        assert anybody.get(f"/bundles/{one.digest.hex()}.json").status_code == 200
        page = anybody.get(f"/credentials/{one.id}", headers=ENGLISH)
        assert page.content_type == "text/html; charset=utf-8"
        assert page.headers["Vary"].split(", ")[0] == "Accept"
        assert f'data-bundle="/bundles/{one.digest.hex()}.json"' in page.get_data(as_text=True)
    [report] = kept(scene, "inspection")
    text = text_of(anybody, f"/credentials/{report.id}")
    assert "Number of the document JY-7 Issued by Zhejiang Lab Of Songyue Tea Product Longjing tea Lot L7" in text
    assert "Result conforms" in text


def test_an_event_is_given_as_epcis_under_the_same_name_and_nothing_else_is(app: Flask, scene: Scene) -> None:
    scene.papers()
    scene.trace("shipping", hours_ago=92, place="松月茶业 / Songyue Tea")
    scene.issue()
    anybody, [event], [report] = app.test_client(), kept(scene, "trace_event"), kept(scene, "inspection")
    document = anybody.get(f"/credentials/{event.id}/epcis.json").get_json()
    [told] = document["epcisBody"]["eventList"]
    assert told["eventID"] == json.loads(event.body)["credentialSubject"][0]["id"]
    assert (told["bizStep"], told["disposition"], told["action"]) == ("shipping", "in_transit", "OBSERVE")
    assert told["quantityList"] == [{"epcClass": f"https://portal.example{PATH}", "quantity": 480}]
    assert anybody.get(f"/credentials/{report.id}/epcis.json").status_code == 404


def test_the_passports_page_leads_to_what_it_links(app: Flask, scene: Scene) -> None:
    scene.papers()
    passport = scene.issue()
    anybody = app.test_client()
    assert f'href="/credentials/{passport.id}#linked"' in anybody.get(PATH).get_data(as_text=True)
    html = anybody.get(f"/credentials/{passport.id}", headers=ENGLISH).get_data(as_text=True)
    linked = re.findall(r'<li data-id="([0-9a-f-]{36})" data-digest="([0-9a-f]{64})">', html)
    expected = {(str(one.id), one.digest.hex()) for one in kept(scene) if one.kind != "product_passport"}
    assert set(linked) == expected
    assert len(linked) == 2
    assert f'href="{PATH}#h=' in html


def test_an_operator_accepts_a_paper_once_and_its_supplier_finds_the_credential(
    app: Flask, operator: FlaskClient, scene: Scene
) -> None:
    paper = scene.hand_in(DocumentKind.CERTIFICATE)
    assert "Documents without a credential Document Of Sign SC-1 Certificate" in text_of(
        operator, "/ops/credentials"
    )
    supplier = browser(app, scene.company, "supplier")
    assert "/credentials/" not in supplier.get("/documents").get_data(as_text=True)
    answer = post(operator, f"/ops/credentials/documents/{paper}")
    [issued] = kept(scene)
    assert (answer.status_code, answer.location) == (303, f"/ops/credentials?done={issued.digest.hex()[:8]}")
    text = text_of(operator, answer.location)
    assert "Signed. Fingerprint" in text
    assert "Documents without a credential" not in text
    assert f'href="/credentials/{issued.id}"' in supplier.get("/documents").get_data(as_text=True)


def test_a_place_gets_its_record_under_its_gln_and_its_address_leads_there(
    operator: FlaskClient, scene: Scene
) -> None:
    node = scene.company.nodes["NGB"]
    assert operator.get("/facilities/NGB").status_code == 404
    refused = post(operator, f"/ops/credentials/places/{node}", gln="123")
    assert refused.status_code == 422
    assert "“123” is not a GLN" in refused.get_data(as_text=True)
    assert kept(scene) == ()
    assert post(operator, f"/ops/credentials/places/{node}", gln=GLN).status_code == 303
    [record] = kept(scene)
    assert operator.get("/facilities/NGB").location == f"/credentials/{record.id}"
    assert operator.get("/facilities/NOPE").status_code == 404
    assert f"GLN {GLN}" in text_of(operator, f"/credentials/{record.id}")


def test_the_firm_is_anchored_once_somebody_gives_its_code(operator: FlaskClient, scene: Scene) -> None:
    refused = post(operator, "/ops/credentials/identity", uscc="91X")
    assert refused.status_code == 422
    assert "“91X” is not a social credit code" in refused.get_data(as_text=True)
    assert post(operator, "/ops/credentials/identity", uscc=USCC).status_code == 303
    assert "The firm itself" not in text_of(operator, "/ops/credentials")
    [anchor] = kept(scene)
    assert f"Social credit code {USCC}" in text_of(operator, f"/credentials/{anchor.id}")


def test_the_list_shows_one_kind_and_one_page_at_a_time(
    operator: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    assert "No credential yet" in text_of(operator, "/ops/credentials")
    scene.papers()
    scene.issue()
    first = operator.get("/ops/credentials", headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'href="(/ops/credentials\?page=\d)"', first) == ["/ops/credentials?page=2"]
    second = operator.get("/ops/credentials?page=2", headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'href="(/ops/credentials\?page=\d)"', second) == ["/ops/credentials?page=1"]
    only = text_of(operator, "/ops/credentials?kind=inspection")
    assert "1 credential " in only
    assert "JY-7 Inspection report" in only


def test_an_auditor_reads_the_list_and_is_offered_nothing_to_sign(app: Flask, scene: Scene) -> None:
    scene.hand_in(DocumentKind.CERTIFICATE)
    auditor = browser(app, scene.company, "auditor")
    text = text_of(auditor, "/ops/credentials")
    assert "Accept and sign" not in text
    assert "The firm itself" not in text


def test_a_replaced_record_says_so(operator: FlaskClient, app: Flask, scene: Scene) -> None:
    node = scene.company.nodes["NGB"]
    post(operator, f"/ops/credentials/places/{node}")
    [old] = kept(scene)
    post(operator, f"/ops/credentials/places/{node}", gln=GLN)
    assert "A newer one of the same thing stands." in text_of(app.test_client(), f"/credentials/{old.id}")
    assert "replaced" in text_of(operator, "/ops/credentials")


@pytest.fixture
def in_english(app: Flask) -> Reader:
    kinds = {
        "dcc_certificate": "certificate",
        "dcc_report": "inspection",
        "dte_shipment": "trace_event",
        "dte_transformation": "trace_event",
        "dfr_warehouse": "facility",
        "dia_issuer": "identity",
        "dpp_linking": "product_passport",
    }

    def read(name: str) -> tuple[tuple[str, ...], dict[str, str]]:
        with app.test_request_context(headers={"Accept-Language": "en"}):
            face = face_of(kinds[name], json.dumps(samples()[name]))
            return face.title, {label[0]: " ".join(value) for label, value in face.lines}

    return read


def test_every_kind_is_read_for_people(
    in_english: Callable[[str], tuple[tuple[str, ...], dict[str, str]]],
) -> None:
    title, facts = in_english("dte_transformation")
    assert title == ("Made from other lots",)
    assert (facts["Goods"], facts["Went in"]) == ("龙井 · 480 pcs", "毛茶 · 120 kg")
    title, facts = in_english("dte_shipment")
    assert (title, facts["When"], facts["Where"]) == (("Shipped",), "2026-02-28 10:24", "松月茶业")
    assert facts["Goods"] == "龙井 · 12.5 kg"
    title, facts = in_english("dcc_certificate")
    assert (title, facts["Last day"], facts["Of"]) == (("SC-1",), "2026-12-31", "Songyue Tea")
    assert "Lot" not in facts
    assert in_english("dcc_report")[1]["Last day"] == "no end"
    assert in_english("dia_issuer")[1]["Firm"] == "Qinghe Foods"
    assert in_english("dfr_warehouse")[1]["GLN"] == GLN
    assert in_english("dpp_linking")[1] == {"Product": "Longjing", "GTIN": "06901234567892", "Lot": "L7"}


def test_other_kinds_and_outcomes_are_told_as_they_are(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert (kind_name("status_list"), kind_name("audit_report")) == (("status_list",), ("Audit report",))
        other = face_of("status_list", json.dumps({"id": "https://portal.example/status/1"}))
        assert (other.title, other.lines) == (
            ("status_list",),
            ((("Address",), ("https://portal.example/status/1",)),),
        )
        failed = samples()["dcc_report"]
        [assessment] = failed["credentialSubject"]["assessment"]
        assessment["conformance"] = False
        del assessment["assessedProduct"][0]["product"]["batchNumber"]
        facts = dict(face_of("inspection", json.dumps(failed)).lines)
        assert facts["Result",] == ("does not conform",)
        assert facts["Lot",] == ("all lots",)
        place = samples()["dfr_warehouse"]
        del place["credentialSubject"]["facility"]["idScheme"]
        assert dict(face_of("facility", json.dumps(place)).lines)["Code",] == (GLN,)


def test_a_place_elsewhere_in_the_house_has_the_record_of_its_node(scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        signing = passporting.signing_of(connection, actor=scene.operator, services=scene.services, now=scene.now)
        assert evidence.record_of_place(connection, org_id=scene.company.org_id, code="NGB") is None
        evidence.issue_place(connection, signing=signing, location_id=scene.company.nodes["NGB"])
        [record] = credentials.credentials(connection, org_id=scene.company.org_id)[0]
        assert evidence.record_of_place(connection, org_id=scene.company.org_id, code="NGB") == record.id
