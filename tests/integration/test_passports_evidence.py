"""Papers, events, places and the firm become credentials, and the lot's passport links them by digest."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from ledger.canonical import digest_multibase
from ledger.kinds.epcis import epcis_event, event_hash_id
from ledger.verification.report import Verdict
from ledger.verify import verify_bundle
from portal.flows import evidence, passporting
from portal.inventory.model import ProductDraft
from portal.inventory.service import save_products
from portal.passports import credentials, kinds, model, service
from portal.passports.issuing import Issued
from portal.passports.model import DocumentKind, TraceInput, TraceLine
from portal.passports.reads import DocumentNotFound, PassportNotFound
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.kinds import GLN, USCC
from support.passporting import GTIN, LOT, Scene, made_scene

CERTIFICATE, INSPECTION = DocumentKind.CERTIFICATE, DocumentKind.INSPECTION_REPORT
ORIGIN = "https://portal.example"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


def done(scene: Scene, deed: Any, *, later: timedelta = timedelta(), **arguments: Any) -> Issued:
    """Do a deed of the evidence flow as the operator."""
    with scene.services.database.transaction() as connection:
        signing = passporting.signing_of(
            connection, actor=scene.operator, services=scene.services, now=scene.now + later
        )
        return deed(connection, signing=signing, **arguments)


def body(scene: Scene, issued: Issued) -> dict[str, Any]:
    with scene.services.database.reading() as connection:
        found = credentials.credential_by_id(connection, org_id=scene.company.org_id, credential_id=issued.id)
    assert found.digest == issued.digest
    return json.loads(found.body)


def kept(scene: Scene, kind: str = "") -> list[str]:
    with scene.services.database.reading() as connection:
        found, count = credentials.credentials(connection, org_id=scene.company.org_id, kind=kind)
    assert count == len(found)
    return sorted(one.kind for one in found)


def received(scene: Scene, **changes: Any) -> TraceLine:
    line = TraceLine(
        source_key="receiving/1",
        product_id=scene.product_id,
        lot_code=LOT,
        step="receiving",
        place="宁波仓 / Ningbo",
        document="GR-1",
        quantity=480,
        at=scene.now - timedelta(hours=68),
        location_id=scene.company.nodes["NGB"],
    )
    return replace(line, **changes)


def note(scene: Scene, line: TraceLine) -> None:
    with scene.services.database.transaction() as connection:
        service.record_trace(connection, org_id=scene.company.org_id, line=line, now=scene.now)


def test_an_accepted_licence_becomes_the_firms_credential_until_its_last_second(scene: Scene) -> None:
    paper = scene.hand_in(CERTIFICATE, product_id=None)
    issued = done(scene, evidence.issue_paper, document_id=paper)
    credential = body(scene, issued)
    assert credential["type"] == ["DigitalConformityCredential", "VerifiableCredential"]
    assert (credential["validFrom"], credential["validUntil"]) == ("2026-11-23T02:24:00Z", "2027-01-24T15:59:59Z")
    subject = credential["credentialSubject"]
    assert subject["attestationType"] == "certification"
    assert subject["issuedToParty"]["name"] == "松月茶业 / Songyue Tea"
    assert subject["assessment"][0]["assessedOrganisation"] == subject["issuedToParty"]
    assert verify_bundle(scene.bundle(issued.digest), as_of=scene.now).verdict is Verdict.PARTIAL
    assert done(scene, evidence.issue_paper, document_id=paper, later=timedelta(days=1)) == issued
    assert kept(scene) == ["certificate"]


def test_a_report_becomes_a_credential_of_its_lot(scene: Scene) -> None:
    issued = done(scene, evidence.issue_paper, document_id=scene.hand_in(INSPECTION))
    [assessment] = body(scene, issued)["credentialSubject"]["assessment"]
    assert assessment["assessedProduct"][0]["product"]["id"] == f"{ORIGIN}/01/{GTIN}/10/{LOT}"
    assert kept(scene, "inspection") == ["inspection"]
    assert kept(scene, "certificate") == []


def test_a_licence_that_begins_later_is_a_credential_that_begins_later(scene: Scene) -> None:
    paper = scene.hand_in(CERTIFICATE, product_id=None, valid_from=date(2026, 12, 1))
    assert body(scene, done(scene, evidence.issue_paper, document_id=paper))["validFrom"] == "2026-11-30T16:00:00Z"


def test_a_paper_that_is_over_or_unknown_is_not_signed(scene: Scene) -> None:
    paper = scene.hand_in(CERTIFICATE)
    with pytest.raises(model.AlreadyOver):
        done(scene, evidence.issue_paper, document_id=paper, later=timedelta(days=90))
    with pytest.raises(DocumentNotFound):
        done(scene, evidence.issue_paper, document_id=UUID(int=3))
    with (
        scene.services.database.reading() as connection,
        pytest.raises(PassportNotFound),
    ):
        credentials.credential_by_id(connection, org_id=scene.company.org_id, credential_id=UUID(int=3))
    assert kept(scene) == []


def test_a_place_of_ours_has_its_record_and_a_gln_makes_a_newer_one(scene: Scene) -> None:
    node = scene.company.nodes["NGB"]
    first = done(scene, evidence.issue_place, location_id=node)
    assert body(scene, first)["credentialSubject"]["facility"]["id"] == f"{ORIGIN}/facilities/NGB"
    second = done(scene, evidence.issue_place, location_id=node, gln=GLN, later=timedelta(minutes=1))
    assert body(scene, second)["credentialSubject"]["facility"]["id"] == f"https://id.gs1.org/414/{GLN}"
    assert done(scene, evidence.issue_place, location_id=node, later=timedelta(minutes=2)) == second
    with scene.services.database.reading() as connection:
        old = credentials.credential_by_id(connection, org_id=scene.company.org_id, credential_id=first.id)
    assert old.replaced_by == second.digest
    with pytest.raises(kinds.NotAGLN):
        done(scene, evidence.issue_place, location_id=node, gln="9520123456780")
    with pytest.raises(evidence.UnknownPlace):
        done(scene, evidence.issue_place, location_id=UUID(int=3))
    assert kept(scene) == ["facility", "facility"]


def test_the_firm_anchors_its_own_identity_with_a_code_somebody_gave(scene: Scene) -> None:
    issued = done(scene, evidence.issue_identity, uscc=USCC)
    assert body(scene, issued)["credentialSubject"] == {
        "type": ["RegisteredIdentity"],
        "id": "did:web:portal.example",
        "name": "主家 / Host",
        "registeredId": USCC,
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": "https://www.cods.org.cn/",
            "name": "统一社会信用代码 Unified Social Credit Code (GB 32100)",
        },
        "registerType": "Business",
    }
    with pytest.raises(kinds.NotAUSCC):
        done(scene, evidence.issue_identity, uscc="914403001922038217")
    with scene.services.database.reading() as connection:
        assert connection.scalar(text("SELECT uscc FROM org")) == USCC


def test_a_passport_links_everything_it_cites_by_digest(scene: Scene) -> None:
    scene.papers()
    done(scene, evidence.issue_identity, uscc=USCC)
    scene.trace("shipping", hours_ago=92, place="松月茶业 / Songyue Tea")
    note(scene, received(scene))
    passport = json.loads(scene.issue().body)
    assert kept(scene) == [
        *("certificate", "facility", "identity", "inspection", "product_passport", "trace_event", "trace_event"),
    ]
    with scene.services.database.reading() as connection:
        found, _ = credentials.credentials(connection, org_id=scene.company.org_id)
    linked = {one["id"]: one["digestMultibase"] for one in passport["relatedResource"] if "name" not in one}
    assert linked == {
        f"{ORIGIN}/credentials/{one.id}": digest_multibase(one.digest)
        for one in found
        if one.kind != "product_passport"
    }
    subject = passport["credentialSubject"]
    by_kind = {one.kind: one for one in found}
    certificate, report = subject["conformityClaim"]
    assert certificate["conformityEvidence"]["hashDigest"] == by_kind["certificate"].digest.hex()
    assert report["conformityEvidence"]["hashDigest"] == by_kind["inspection"].digest.hex()
    events = {one.digest.hex() for one in found if one.kind == "trace_event"}
    [trace] = subject["traceabilityInformation"]
    assert {one["hashDigest"] for one in trace["traceabilityEvent"]} == events


def test_an_event_is_signed_once_under_its_own_hash_wherever_its_place_is_called_later(scene: Scene) -> None:
    scene.papers()
    note(scene, received(scene))
    scene.issue()
    with scene.services.database.reading() as connection:
        [event], _ = credentials.credentials(connection, org_id=scene.company.org_id, kind="trace_event")
    [told] = json.loads(event.body)["credentialSubject"]
    assert told["bizLocation"] == f"{ORIGIN}/facilities/NGB"
    assert told["eventTimeZoneOffset"] == "+08:00"
    assert event_hash_id(epcis_event(told)) == told["id"]
    done(scene, evidence.issue_place, location_id=scene.company.nodes["NGB"], gln=GLN, later=timedelta(minutes=1))
    scene.issue(later=timedelta(minutes=2))
    assert kept(scene, "trace_event") == ["trace_event"]
    assert kept(scene, "product_passport") == ["product_passport", "product_passport"]


def test_a_shipment_is_placed_at_its_supplier_and_a_transformation_says_what_went_in(scene: Scene) -> None:
    scene.papers()
    note(
        scene,
        received(
            scene,
            source_key="shipping/1",
            step="shipping",
            location_id=None,
            partner_id=scene.company.partners["supplier"],
        ),
    )
    raw = TraceInput(gtin=GTIN, lot_code="RAW", name="毛茶", quantity="120", unit="KGM")
    note(scene, received(scene, source_key="made/1", step="commissioning", location_id=None, inputs=(raw,)))
    scene.issue()
    with scene.services.database.reading() as connection:
        found, _ = credentials.credentials(connection, org_id=scene.company.org_id, kind="trace_event")
    told = {event["processType"]: event for one in found for event in json.loads(one.body)["credentialSubject"]}
    assert told["Shipping"]["bizLocation"].startswith(f"{ORIGIN}/partners/")
    assert "bizLocation" not in told["Transforming"]
    assert told["Transforming"]["inputQuantityList"] == [
        {"productId": f"{ORIGIN}/01/{GTIN}/10/RAW", "productName": "毛茶", "quantity": 120, "uom": "KGM"}
    ]


def test_a_report_whose_own_dates_are_over_is_cited_without_a_credential(scene: Scene) -> None:
    scene.hand_in(CERTIFICATE)
    scene.hand_in(INSPECTION, valid_until=date(2026, 11, 23))
    passport = json.loads(scene.issue(later=timedelta(days=2)).body)
    _, report = passport["credentialSubject"]["conformityClaim"]
    assert report["conformityEvidence"]["linkName"] == "report.pdf"
    assert kept(scene) == ["certificate", "product_passport"]


def test_nothing_is_signed_for_goods_without_a_number_or_a_lot_no_code_can_carry(scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        actor = scene.operator
        draft = ProductDraft(sku="BARE", gtin=None, name_zh="x", name_en="x", tracking="lot")
        bare = save_products(connection, actor=actor, drafts=[draft], now=scene.now)["BARE"]
    paper = scene.hand_in(CERTIFICATE, product_id=bare)
    with pytest.raises(model.NoGTIN):
        done(scene, evidence.issue_paper, document_id=paper)
    assert kept(scene) == []
