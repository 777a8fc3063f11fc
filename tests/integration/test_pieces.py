"""Passports of single pieces: picked by an operator, opened by anybody, revoked with their lot."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text

from ledger.verify import verify_bundle
from portal import wiring
from portal.flows import passporting, pieces, recalling
from portal.flows.pieces import PiecesUnpicked
from portal.inventory import service as inventory
from portal.inventory.places import UnknownSerial
from portal.kernel.errors import PortalError
from portal.passports import reads, status
from portal.passports.bearer import Bearer, SerialNotPrintable
from portal.passports.model import code_hash
from portal.passports.reads import PassportNotFound
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import GTIN, LOT, Scene, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}
PIECE = f"/01/{GTIN}/21/S-1"
Page = Callable[..., tuple[int, str]]


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    """Three pieces of one lot with its papers; one of them has a number that no code can carry."""
    serials = ("S-1", "S/2", "三号")
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now, serials=serials)
    made.papers()
    made.trace("shipping", hours_ago=72, place="松月茶业 / Songyue Tea")
    return made


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def operator(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "operator")


def listed(scene: Scene, **more: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/passports/pieces?product={scene.product_id}&lot={LOT}{extra}"


def words(answer: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.split("<main", 1)[1]).split())


def send(client: FlaskClient, path: str, **form: str | list[str]) -> tuple[int, str]:
    data = {"csrf_token": csrf_token(client.application, client), **form}
    answer = client.post(path, data=data, headers=ENGLISH, follow_redirects=True)
    return answer.status_code, answer.get_data(as_text=True)


def pieces_with_passport(scene: Scene) -> list[str]:
    with scene.services.database.reading() as connection:
        rows = connection.execute(text("SELECT serial FROM credential WHERE serial IS NOT NULL ORDER BY serial"))
        return [row.serial for row in rows]


def test_an_operator_picks_pieces_checks_and_signs_their_passports(operator: FlaskClient, scene: Scene) -> None:
    index = operator.get("/passports", headers=ENGLISH).get_data(as_text=True)
    link = re.search(r'href="(/passports/pieces\?[^"]+)"', index)
    assert link is not None
    assert link[1].replace("&amp;", "&") == listed(scene)
    page = operator.get(listed(scene, all="1"), headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'name="pick" value="([^"]+)" checked', page) == ["S-1", "S/2", "三号"]
    code, check = send(operator, listed(scene), step="check", pick=["S-1", "S/2"])
    assert code == 200
    assert "Nothing is signed yet." in check
    assert pieces_with_passport(scene) == []
    code, page = send(operator, listed(scene), step="change", pick=["S-1"])
    assert re.findall(r'name="pick" value="([^"]+)" checked', page) == ["S-1"]
    code, done = send(operator, listed(scene), step="confirm", pick=["S-1", "S/2"])
    assert code == 200
    assert "2 passports stand." in words(done)
    assert pieces_with_passport(scene) == ["S-1", "S/2"]
    shown = operator.get(f"/passports/{scene.piece('S-1').digest.hex()}", headers=ENGLISH).get_data(as_text=True)
    assert "Serial number S-1 · Lot L7 · GTIN 06901234567892" in words(shown)
    assert "Passports of its pieces" in words(shown)


def test_a_piece_says_its_number_its_lot_and_the_papers_of_the_lot(scene: Scene) -> None:
    scene.issue_pieces("S-1")
    subject = json.loads(scene.piece("S-1").body)["credentialSubject"]
    assert subject["product"]["id"] == f"https://portal.example{PIECE}"
    assert subject["product"]["registeredId"] == f"{GTIN}.21.S-1"
    assert (subject["product"]["batchNumber"], subject["product"]["serialNumber"]) == (LOT, "S-1")
    assert [claim["description"] for claim in subject["conformityClaim"]] == ["SC-1", "JY-7"]
    [event] = subject["traceabilityInformation"][0]["event"]
    assert event["quantityList"][0]["epcClass"] == f"https://portal.example/01/{GTIN}/10/{LOT}"


def test_the_same_again_issues_nothing_and_news_of_the_lot_a_newer_passport(scene: Scene) -> None:
    scene.issue_pieces("S-1", "S-1")
    older = scene.piece("S-1")
    scene.issue_pieces("S-1", later=timedelta(minutes=1))
    assert scene.piece("S-1") == older
    scene.trace("inspecting", hours_ago=1, place="宁波仓 / Ningbo")
    scene.issue_pieces("S-1", later=timedelta(minutes=2))
    newer = scene.piece("S-1")
    assert newer.digest != older.digest
    with scene.services.database.reading() as connection:
        history = reads.history_of(connection, org_id=scene.company.org_id, bearer=newer.bearer)
    assert [one.digest for one in history] == [newer.digest, older.digest]
    assert history[1].replaced_by == newer.digest


@pytest.mark.parametrize(
    ("serials", "refusal"),
    [
        ((), PiecesUnpicked),
        (tuple(f"N{number}" for number in range(51)), PiecesUnpicked),
        (("S-1", "S-9"), UnknownSerial),
        (("S-1", "三号"), SerialNotPrintable),
    ],
)
def test_pieces_that_cannot_have_one_refuse_all_that_were_picked(
    scene: Scene, serials: tuple[str, ...], refusal: type[PortalError]
) -> None:
    with pytest.raises(refusal):
        scene.issue_pieces(*serials)
    assert pieces_with_passport(scene) == []


def test_a_refusal_comes_back_with_what_was_picked(operator: FlaskClient, scene: Scene) -> None:
    code, page = send(operator, listed(scene), step="check", pick=["S-1", "三号"])
    assert code == 422
    assert "Serial number 三号 cannot stand in a code" in words(page)
    assert re.findall(r'name="pick" value="([^"]+)" checked', page) == ["S-1", "三号"]
    code, page = send(operator, listed(scene), step="check")
    assert (code, "Pick 1 to 50 pieces." in words(page)) == (422, True)


def test_scrapped_pieces_are_listed_and_cannot_be_picked(operator: FlaskClient, scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        connection.execute(text("UPDATE serial SET state = 'scrapped' WHERE code = 'S/2'"))
    page = operator.get(listed(scene, all="1"), headers=ENGLISH).get_data(as_text=True)
    assert "S/2 scrapped" in words(page)
    assert re.findall(r'name="pick" value="([^"]+)"', page) == ["S-1", "三号"]
    with pytest.raises(UnknownSerial):
        scene.issue_pieces("S/2")


@pytest.mark.parametrize("query", ["", "?product=x&lot=L7"])
def test_a_page_of_no_product_is_not_found(operator: FlaskClient, query: str) -> None:
    assert operator.get(f"/passports/pieces{query}").status_code == 404


def test_many_pieces_have_pages_and_a_lot_without_any_says_so(
    operator: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (pieces, __import__("portal.web.pieces", fromlist=["x"])):
        monkeypatch.setattr(module, "MOST_PIECES", 2)
    first = operator.get(listed(scene), headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'name="pick" value="([^"]+)"', first) == ["S-1", "S/2"]
    second = operator.get(listed(scene, page="2"), headers=ENGLISH).get_data(as_text=True)
    assert re.findall(r'name="pick" value="([^"]+)"', second) == ["三号"]
    assert "page=2&amp;all=1" in second
    other = f"/passports/pieces?product={scene.product_id}&lot=NONE"
    assert "No pieces of this lot" in words(operator.get(other, headers=ENGLISH).get_data(as_text=True))


def test_a_lot_that_still_misses_papers_refuses_its_pieces(
    database: Database, tmp_path: Path, clock: HandClock, now: datetime
) -> None:
    bare = made_scene(database, home=tmp_path / "home", clock=clock, now=now, serials=("S-1",))
    app = wiring.build_web(bare.services)
    app.testing = True
    code, page = send(browser(app, bare.company, "operator"), listed(bare), step="check", pick=["S-1"])
    assert code == 422
    assert re.findall(r'name="pick" value="([^"]+)" checked', page) == ["S-1"]


def test_anybody_opens_a_piece_by_its_address_with_or_without_its_lot(app: Flask, scene: Scene) -> None:
    scene.issue()
    scene.issue_pieces("S-1", "S/2")
    client = app.test_client()
    html = client.get(PIECE, headers=ENGLISH).get_data(as_text=True)
    facts = dict(re.findall(r'<dd data-f="(\w+)">([^<]*)</dd>', html))
    assert (facts["serial"], facts["lot"], facts["gtin"]) == ("S-1", LOT, GTIN)
    assert "Journey of its lot" in html
    assert f'data-newest="{code_hash(scene.piece("S-1").digest)}"' in html
    with_lot = client.get(f"/01/{GTIN}/10/{LOT}/21/S%2F2")
    assert (with_lot.status_code, with_lot.location) == (302, f"/01/{GTIN}/21/S%2F2")
    assert client.get(with_lot.location).status_code == 200
    short = client.get(f"/01/{GTIN[1:]}/21/S-1")
    assert (short.status_code, short.location) == (301, PIECE)
    of_lot = client.get(f"/01/{GTIN}/10/{LOT}", headers=ENGLISH).get_data(as_text=True)
    assert f'data-newest="{code_hash(scene.passport().digest)}"' in of_lot
    assert "Serial number" not in of_lot


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/01/{GTIN}/21/S-9", "Serial number S-9"),
        (f"/01/{GTIN}/10/L8/21/S-1", "Serial number S-1"),
        (f"/01/{GTIN}/10/L7/21/S-9", "Serial number S-9"),
        (f"/01/{GTIN}/10/L7", "Lot L7"),
        (f"/01/{GTIN}/10/L7/21/", "Lot L7/21/"),
    ],
)
def test_a_piece_or_lot_without_a_passport_is_told_by_its_name(
    app: Flask, scene: Scene, path: str, said: str
) -> None:
    scene.issue_pieces("S-1")
    answer = app.test_client().get(path, headers=ENGLISH)
    assert answer.status_code == 404
    assert said in words(answer.get_data(as_text=True))


def test_a_lots_passport_is_none_of_its_pieces_and_the_other_way_round(scene: Scene) -> None:
    scene.issue_pieces("S-1")
    with scene.services.database.reading() as connection:
        org_id, ids = scene.company.org_id, frozenset({scene.product_id})
        assert reads.passports_of_lots(connection, org_id=org_id, product_ids=ids) == {}
        waiting = passporting.lots_to_issue(connection, org_id=org_id, today=scene.now.date())
        assert [(one.lot_code, one.by_piece, one.missing) for one in waiting] == [(LOT, True, ())]
        with pytest.raises(PassportNotFound):
            reads.passport_of(connection, org_id=org_id, bearer=Bearer(gtin=GTIN, lot_code=LOT))


def test_its_bundle_code_and_credential_page_are_its_own(app: Flask, scene: Scene) -> None:
    scene.issue_pieces("S-1")
    client, one = app.test_client(), scene.piece("S-1")
    bundle = client.get(f"{PIECE}/bundle.json")
    assert bundle.data == client.get(f"/bundles/{one.digest.hex()}.json").data
    report = verify_bundle(bundle.data, as_of=scene.now.astimezone(UTC), expected_hash=code_hash(one.digest))
    assert {check.id: check.state.value for check in report.checks}["signature"] == "ok"
    assert client.get(f"{PIECE}/qr.svg").content_type == "image/svg+xml"
    page = client.get(f"/credentials/{one.id}", headers=ENGLISH | {"Accept": "text/html"}).get_data(as_text=True)
    assert "Serial number S-1" in words(page)
    pack = ZipFile(BytesIO(client.get(f"/credentials/{one.id}/pack.zip").data))
    assert f"bundles/{one.digest.hex()}.json" in pack.namelist()
    told = client.get(f"/credentials/{one.id}.sd-jwt")
    assert (told.status_code, told.data.count(b"~") > 1) == (200, True)


def test_a_partner_sees_a_piece_as_they_see_its_lot(app: Flask, scene: Scene) -> None:
    scene.issue_pieces("S-1")
    supplier = browser(app, scene.company, "supplier")
    page = words(supplier.get(f"/partner{PIECE}", headers=ENGLISH).get_data(as_text=True))
    assert "Serial number S-1 · Lot L7 · GTIN 06901234567892" in page
    assert "handed in 2026-11-23 10:24" in page
    taken = supplier.get(f"/partner{PIECE}/passport.sd-jwt")
    assert taken.content_type == "application/vc+sd-jwt"


def test_a_label_of_a_piece_carries_its_own_code(operator: FlaskClient, scene: Scene) -> None:
    scene.issue_pieces("S-1", "S/2")
    listed_page = operator.get(listed(scene), headers=ENGLISH).get_data(as_text=True)
    link = re.search(r'href="(/passports/labels\?[^"]+)"', listed_page)
    assert link is not None
    choose = operator.get(link[1].replace("&amp;", "&"), headers=ENGLISH).get_data(as_text=True)
    picked = re.findall(r'value="([0-9a-f]{64})" checked', choose)
    assert sorted(picked) == sorted(scene.piece(one).digest.hex() for one in ("S-1", "S/2"))
    digest = scene.piece("S/2").digest
    sheet = operator.get(f"/passports/labels/labels.pdf?pick={digest.hex()}&sheet=24&start=1&copies=1")
    lines = PdfReader(BytesIO(sheet.data)).pages[0].extract_text().splitlines()
    assert lines[2:6] == ["序列号 Serial number", "S/2", "批次 Lot L7", "GTIN 06901234567892"]
    picture = pypdfium2.PdfDocument(sheet.data)[0].render(scale=150 / 72, grayscale=True)
    grey = memoryview(picture.buffer).cast("B").cast("B", (picture.height, picture.stride))
    [code] = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    assert code.text == f"https://portal.example/01/{GTIN}/21/S%2F2#h={code_hash(digest)}"
    label = words(operator.get(f"/passports/{digest.hex()}/label", headers=ENGLISH).get_data(as_text=True))
    assert "Serial number S/2 Lot L7" in label


def test_a_piece_is_suspended_and_revoked_on_its_own(operator: FlaskClient, scene: Scene) -> None:
    scene.issue()
    scene.issue_pieces("S-1", "S/2")
    path = f"/passports/{scene.piece('S-1').digest.hex()}/standing"
    assert "Serial number S-1" in words(operator.get(path, headers=ENGLISH).get_data(as_text=True))
    code, _ = send(operator, path, deed="suspend", reason="Dropped in the warehouse", sure="1")
    assert code == 200
    with scene.services.database.reading() as connection:
        stands = {
            one.serial: status.standing(
                connection, org_id=scene.company.org_id, credential_id=one.id, at=scene.now
            ).counts
            for one in (scene.piece("S-1"), scene.piece("S/2"), scene.passport())
        }
    assert stands == {"S-1": False, "S/2": True, "": True}


def test_a_recall_of_the_lot_revokes_its_pieces_and_lists_who_holds_them(app: Flask, scene: Scene) -> None:
    scene.issue()
    scene.issue_pieces("S-1", "S/2")
    with scene.services.database.transaction() as connection:
        inventory.issue_stock(
            connection,
            actor=scene.operator,
            product_id=scene.product_id,
            location_id=scene.company.nodes["NGB"],
            quantity=1,
            document="SO-1",
            key="SO-1",
            serials=("S-1",),
            now=scene.now,
        )
    with scene.services.database.transaction() as connection:
        recalled, _ = recalling.recall(
            connection,
            actor=scene.operator,
            product_id=scene.product_id,
            lot_code=LOT,
            reason="A wire in the cord is loose",
            now=scene.now,
        )
    with scene.services.database.reading() as connection:
        org_id = scene.company.org_id
        for one in (scene.passport(), scene.piece("S-1"), scene.piece("S/2")):
            found = status.standing(connection, org_id=org_id, credential_id=one.id, at=scene.now)
            assert (found.revoked, found.reason) == (True, "A wire in the cord is loose")
        _, reach = recalling.holders_of(connection, org_id=org_id, recall_id=recalled.id, today=scene.now.date())
    assert [(one.quantity, one.documents) for one in reach.holders] == [(1, ("SO-1",))]
    page = words(app.test_client().get(PIECE, headers=ENGLISH).get_data(as_text=True))
    assert "This lot was recalled" in page
    with pytest.raises(PortalError) as refusal:
        scene.issue_pieces("S/2", later=timedelta(minutes=1))
    assert refusal.value.code == "lot_recalled"
