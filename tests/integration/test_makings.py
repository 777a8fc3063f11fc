"""What a lot was made from: recorded by an operator, signed with its passport, found again by a recall."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal import wiring
from portal.flows import making, recalling
from portal.flows.evidence import UnknownPlace
from portal.inventory import reads as inventory
from portal.inventory import service
from portal.inventory.model import ProductDraft, StockLine, UnknownProduct
from portal.inventory.places import UnknownLot
from portal.kernel.errors import PortalError
from portal.passports.making import MadeLot, MadeOfItself, MakingDraft, MakingKnown, WentIn
from portal.passports.model import NoGTIN
from portal.passports.reads import passport_by_id
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import GTIN, LOT, Scene, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}
LEAF = "06912345678902"
HOUR = timedelta(hours=1)


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    """The tea's lot, two lots of leaf that may have gone into it, and a product without a GTIN."""
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    drafts = [
        ProductDraft(
            sku="LEAF", gtin=LEAF, name_zh="毛茶", name_en="Raw leaf", base_unit="KGM", decimals=3, tracking="lot"
        ),
        ProductDraft(sku="CLIP", name_zh="夹子", name_en="Clip", tracking="lot"),
    ]
    with database.transaction() as connection:
        ids = service.save_products(connection, actor=made.operator, drafts=drafts, now=now)
        lines = [
            StockLine(product_id=ids[sku], location_id=made.company.nodes["NGB"], lot_code=lot, quantity=90_000)
            for sku, lot in (("LEAF", "L-1"), ("LEAF", "L-2"), ("CLIP", "C-1"))
        ]
        service.book_stock(
            connection, actor=made.operator, lines=lines, document="OPEN", key_prefix="leaf", now=now
        )
    return made


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def operator(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "operator")


def went_in(lot: str, *, sku: str = "LEAF", quantity: int = 60_500) -> WentIn:
    return WentIn(sku=sku, lot_code=lot, quantity=quantity)


def record(
    scene: Scene,
    *inputs: WentIn,
    product: UUID | None = None,
    lot: str = LOT,
    place: UUID | None = None,
    document: str = "MO-7",
) -> None:
    draft = MakingDraft(
        product_id=product or scene.product_id,
        lot_code=lot,
        quantity=480,
        location_id=place or scene.company.nodes["NGB"],
        document=document,
        at=scene.now - HOUR,
        inputs=inputs,
    )
    with scene.services.database.transaction() as connection:
        making.record(connection, actor=scene.operator, draft=draft, now=scene.now)


def product_id(scene: Scene, sku: str) -> UUID:
    with scene.services.database.reading() as connection:
        return inventory.find_product(connection, org_id=scene.company.org_id, sku=sku).id


def told(scene: Scene) -> list[tuple[str, str, int]]:
    """Every event kept: lot, document and how many lots went in."""
    with scene.services.database.reading() as connection:
        rows = connection.execute(
            text("SELECT lot_code, document, jsonb_array_length(inputs) FROM trace_event ORDER BY document")
        )
        return [tuple(row) for row in rows]


def made(scene: Scene, sku: str, lot: str) -> list[tuple[str, str, tuple[str, ...]]]:
    with scene.services.database.reading() as connection:
        org_id = scene.company.org_id
        product = inventory.find_product(connection, org_id=org_id, sku=sku)
        found = making.made_from(connection, org_id=org_id, product=product, lot_code=lot)
    return [(one.sku, one.lot_code, one.documents) for one in found]


def test_what_went_in_is_signed_as_a_transformation_with_the_lots_passport(scene: Scene) -> None:
    scene.papers()
    record(scene, went_in("L-1"), went_in("L-2", quantity=1))
    passport = scene.issue()
    with scene.services.database.reading() as connection:
        body = connection.execute(text("SELECT body FROM credential WHERE kind = 'trace_event'")).scalar_one()
        assert passport_by_id(connection, org_id=scene.company.org_id, credential_id=passport.id).lot_code == LOT
    [event] = json.loads(body)["credentialSubject"]
    assert event["type"] == ["TransformationEvent", "Event"]
    assert event["bizStep"].endswith("BizStep-commissioning")
    assert [(one["productId"], one["quantity"], one.get("uom")) for one in event["inputQuantityList"]] == [
        (f"https://portal.example/01/{LEAF}/10/L-1", 60.5, "KGM"),
        (f"https://portal.example/01/{LEAF}/10/L-2", 0.001, "KGM"),
    ]
    assert [(one["productId"], one["quantity"]) for one in event["outputQuantityList"]] == [
        (f"https://portal.example/01/{GTIN}/10/{LOT}", 480)
    ]


def test_the_same_record_again_adds_nothing_and_another_under_its_document_is_refused(scene: Scene) -> None:
    record(scene, went_in("L-1"))
    record(scene, went_in("L-1"))
    with pytest.raises(MakingKnown):
        record(scene, went_in("L-2"))
    assert told(scene) == [(LOT, "MO-7", 1)]


@pytest.mark.parametrize(
    ("inputs", "place", "refusal"),
    [
        ([went_in("L-9")], None, UnknownLot),
        ([went_in("L-1", sku="NONE")], None, UnknownProduct),
        ([went_in("C-1", sku="CLIP")], None, NoGTIN),
        ([went_in("L-1")], UUID(int=9), UnknownPlace),
        ([went_in(LOT, sku="TEA-1")], None, MadeOfItself),
    ],
    ids=["no such lot", "no such product", "no GTIN", "no such place", "itself"],
)
def test_what_cannot_be_told_of_a_making_is_refused_and_nothing_is_kept(
    scene: Scene, inputs: list[WentIn], place: UUID | None, refusal: type[PortalError]
) -> None:
    with pytest.raises(refusal):
        record(scene, *inputs, place=place)
    assert told(scene) == []


def test_a_lot_that_went_into_another_over_two_steps_is_never_made_from_it(scene: Scene) -> None:
    leaf = product_id(scene, "LEAF")
    record(scene, went_in("L-1"), product=leaf, lot="L-2", document="MO-1")
    record(scene, went_in("L-2"), document="MO-2")
    with pytest.raises(MadeOfItself):
        record(scene, went_in(LOT, sku="TEA-1", quantity=1), product=leaf, lot="L-1", document="MO-3")
    assert [document for _, document, _ in told(scene)] == ["MO-1", "MO-2"]


def test_everything_made_from_a_lot_is_found_over_two_steps_and_named_by_its_recall(scene: Scene) -> None:
    leaf = product_id(scene, "LEAF")
    record(scene, went_in("L-1"), product=leaf, lot="L-2", document="MO-1")
    record(scene, went_in("L-2"), document="MO-2")
    record(scene, went_in("L-2"), went_in("L-1"), document="MO-3")
    tea = ("TEA-1", LOT, ("MO-2", "MO-3"))
    assert made(scene, "LEAF", "L-1") == [("LEAF", "L-2", ("MO-1",)), tea]
    assert made(scene, "LEAF", "L-2") == [tea]
    assert made(scene, "TEA-1", LOT) == made(scene, "CLIP", "C-1") == []
    with scene.services.database.reading() as connection:
        reached = recalling.reach(
            connection, org_id=scene.company.org_id, product_id=leaf, lot_code="L-2", today=scene.now.date()
        )
    assert reached.made == (
        MadeLot(product_id=scene.product_id, sku="TEA-1", lot_code=LOT, documents=("MO-2", "MO-3")),
    )


def here(scene: Scene, lot: str = LOT) -> str:
    return f"/passports/making?product={scene.product_id}&lot={lot}"


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


FORM = {
    "document": "MO-7",
    "at": "2026-11-23T08:30",
    "place": "NGB",
    "quantity": "480",
    "sku-1": "LEAF",
    "lot-1": "L-1",
    "quantity-1": "60.5",
    "sku-2": "",
    "lot-2": "",
    "quantity-2": "",
    "sku-3": "LEAF",
    "lot-3": "L-2",
    "quantity-3": "1",
}


def send(client: FlaskClient, scene: Scene, step: str, **changes: str) -> TestResponse:
    form = FORM | changes | {"step": step, "csrf_token": csrf_token(client.application, client)}
    return client.post(here(scene), data=form, headers=ENGLISH)


def test_an_operator_records_a_making_after_a_check(operator: FlaskClient, scene: Scene) -> None:
    checked = send(operator, scene, "check")
    assert checked.status_code == 200
    assert "Nothing is recorded yet. It cannot be changed later." in words(checked)
    assert told(scene) == []
    done = send(operator, scene, "confirm")
    assert (done.status_code, done.location) == (303, here(scene))
    shown = words(operator.get(here(scene), headers=ENGLISH))
    assert f"Recorded: what lot {LOT} was made from." in shown
    assert "MO-7 480 pcs" in shown
    assert f"毛茶 / Raw leaf GTIN {LEAF} L-1 60.5 kg" in shown
    assert told(scene) == [(LOT, "MO-7", 2)]


def test_a_recall_of_what_went_in_names_what_was_made_from_it(operator: FlaskClient, scene: Scene) -> None:
    send(operator, scene, "confirm")
    page = operator.get("/ops/stock/LEAF/recall?lot=L-1", headers=ENGLISH)
    assert "Made from it 1 lot These lots are not recalled with it. Judge each of them." in words(page)
    assert f'href="/ops/stock/TEA-1/recall?lot={LOT}"' in page.get_data(as_text=True)


def test_a_time_with_a_zone_of_its_own_keeps_it(operator: FlaskClient, scene: Scene) -> None:
    """The company's zone is eight hours ahead: read as its own time, 01:00 in London would be too early."""
    send(operator, scene, "confirm", at="2026-11-23T01:00+00:00")
    send(operator, scene, "confirm", at="2026-11-23T09:00", document="MO-8")
    with scene.services.database.reading() as connection:
        moments = connection.execute(text("SELECT DISTINCT at FROM trace_event")).scalars().all()
    assert moments == [datetime(2026, 11, 23, 1, tzinfo=UTC)]


def test_rows_are_added_and_what_was_typed_stays(operator: FlaskClient, scene: Scene) -> None:
    page = send(operator, scene, "more").get_data(as_text=True)
    assert len(re.findall(r'name="sku-\d+"', page)) == 7
    assert 'name="quantity-1" value="60.5"' in page
    full = {f"sku-{row}": "" for row in range(1, 41)}
    page = send(operator, scene, "more", **full).get_data(as_text=True)
    assert len(re.findall(r'name="sku-\d+"', page)) == 40
    assert "More rows" not in page
    again = send(operator, scene, "change").get_data(as_text=True)
    assert 'name="document"' in again
    assert 'value="MO-7"' in again


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"document": ""}, "document", "Fill this in."),
        ({"at": "yesterday"}, "at", "Write day and time as 2026-11-27 08:30."),
        ({"at": ""}, "at", "Fill this in."),
        ({"at": "2026-11-23T23:59"}, "at", "this instant is still to come"),
        ({"place": "MOON"}, "place", "Choose one of the list."),
        ({"quantity": "0"}, "quantity", "More than zero."),
        ({"quantity-3": "0.0001"}, "quantity-3", "0.0001 has more than 3 decimals."),
        ({"sku-1": ""}, "sku-1", "Fill this in."),
        ({"sku-1": "NONE"}, "sku-1", "No product NONE is known to you."),
        ({"sku-1": "CLIP", "lot-1": "C-1", "quantity-1": "1"}, "sku-1", "The product has no GTIN"),
        ({"lot-3": "L-9"}, "lot-3", "No lot L-9 is known."),
        ({"lot-3": "L-1"}, "lot-3", "LEAF lot L-1 stands twice."),
        (
            dict.fromkeys(("sku-1", "lot-1", "quantity-1", "sku-3", "lot-3", "quantity-3"), ""),
            "sku-1",
            "at least one",
        ),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_is_kept(
    operator: FlaskClient, scene: Scene, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = send(operator, scene, "confirm", **changes)
    assert answer.status_code == 422
    [fault] = re.findall(r'<li><a href="#f-([^"]+)">(.*?)</a></li>', answer.get_data(as_text=True))
    assert fault[0] == field
    assert sentence in fault[1]
    assert told(scene) == []


def test_another_making_under_the_same_document_is_refused_at_the_document(
    operator: FlaskClient, scene: Scene
) -> None:
    send(operator, scene, "confirm")
    assert send(operator, scene, "confirm").status_code == 303
    answer = send(operator, scene, "check", quantity="479")
    assert answer.status_code == 422
    assert '<a href="#f-document">What this lot was made from is recorded under MO-7 already' in answer.get_data(
        as_text=True
    )


def test_only_an_operator_records_or_sees_it(app: Flask, operator: FlaskClient, scene: Scene) -> None:
    assert app.test_client().get(here(scene)).status_code == 302
    for name in ("key", "supplier", "auditor"):
        client = browser(app, scene.company, name)
        assert client.get(here(scene)).status_code == 403
        assert send(client, scene, "confirm").status_code == 403
    assert told(scene) == []
    assert operator.get(here(scene, "NOPE")).status_code == 404
    assert operator.get("/passports/making?product=x&lot=y").status_code == 404


def test_the_lots_page_and_the_check_of_its_passport_lead_to_it(operator: FlaskClient, scene: Scene) -> None:
    link = here(scene).replace("&", "&amp;")
    assert f'href="{link}"' in operator.get(f"/ops/stock/TEA-1/lot?lot={LOT}").get_data(as_text=True)
    scene.papers()
    issue = operator.get(f"/passports/issue?product={scene.product_id}&lot={LOT}").get_data(as_text=True)
    assert f'href="{link}"' in issue
