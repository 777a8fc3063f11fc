"""Suppliers hand papers in; staff and auditors read them; nobody sees another firm's."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from portal import wiring
from portal.flows import passporting
from portal.inventory.model import ProductDraft
from portal.inventory.service import save_products
from portal.partners.store import person_table
from portal.passports import pdf
from portal.passports.model import DocumentKind
from portal.passports.store import document_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.platform.files import FileTooLarge
from portal.web import documents
from portal.web.errors import sentence_of
from support import hostile_pdfs as hostile
from support.passporting import CERTIFICATE, REPORT, Scene, made_scene
from support.people import browser, csrf_token

DIGEST = "77d0ead1972f8153e6c3c9a13ec6beacb7d67477fc03884f73ef3b0a6b601b54"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


@pytest.fixture
def supplier(app: Flask, scene: Scene) -> FlaskClient:
    return browser(app, scene.company, "supplier")


NOT_A_PDF = "The file cannot be read as a PDF; it may be cut off or damaged. Save or scan it as a PDF again."
FORM = {
    "kind": "inspection_report",
    "number": "JY-7",
    "issued_by": "Zhejiang Lab",
    "valid_from": "2026-11-16",
    "valid_until": "",
    "sku": "TEA-1",
    "lot": "L7",
}


def hand_in(
    client: FlaskClient,
    data: bytes | None = REPORT,
    name: str = "report.pdf",
    language: str = "en",
    **changes: str,
) -> TestResponse:
    fields: dict[str, object] = {**FORM, **changes, "csrf_token": csrf_token(client.application, client)}
    if data is not None:
        fields["file"] = (io.BytesIO(data), name)
    return client.post("/documents/new", data=fields, headers={"Accept-Language": language})


def kept(scene: Scene) -> list[tuple[str, str | None, str]]:
    with scene.services.database.reading() as connection:
        table = document_table.c
        rows = connection.execute(select(table.number, table.lot_code, table.file_name))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def faults(answer: TestResponse) -> dict[str, str]:
    html = answer.get_data(as_text=True)
    return dict(re.findall(r'<li><a href="#f-(\w+)">([^<]+)</a></li>', html))


def test_a_supplier_hands_in_a_report_and_sees_it(supplier: FlaskClient, scene: Scene) -> None:
    answer = hand_in(supplier, name="C:/fake/报告.pdf")
    assert (answer.status_code, answer.location) == (303, "/documents?done=77d0ead1")
    assert kept(scene) == [("JY-7", "L7", "报告.pdf")]
    html = supplier.get(answer.location, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Handed in." in html
    assert f'<a href="/documents/{DIGEST}">报告.pdf</a>' in html
    assert "Zhejiang Lab" in html


def test_the_form_remembers_what_it_is_opened_for(supplier: FlaskClient) -> None:
    html = supplier.get("/documents/new?lot=L9&sku=TEA-1").get_data(as_text=True)
    assert 'name="lot" type="text" value="L9"' in html
    assert '<option value="TEA-1" selected>' in html


@pytest.mark.parametrize(
    ("changes", "data", "expected"),
    [
        ({"kind": ""}, REPORT, {"kind": "Choose what it is."}),
        ({"sku": "NOPE"}, REPORT, {"sku": "Choose a product from the list."}),
        ({"number": ""}, REPORT, {"number": "Fill this in."}),
        ({"valid_from": "soon"}, REPORT, {"valid_from": "Write the day as 2026-11-27."}),
        ({}, None, {"file": "Choose the PDF."}),
        ({}, b"", {"file": "The file is empty."}),
        ({}, b"PK\x03\x04", {"file": NOT_A_PDF}),
        ({"lot": ""}, REPORT, {"lot": "An inspection report is about one lot of one product. Name both."}),
        (
            {"valid_until": "2026-11-22"},
            REPORT,
            {"valid_until": "The document ended on 2026-11-22. Hand in the one that holds today."},
        ),
        (
            {"valid_until": "2026-11-01"},
            REPORT,
            {"valid_until": "The document would end on 2026-11-01 before it starts on 2026-11-16."},
        ),
    ],
)
def test_a_faulty_paper_comes_back_with_the_fault_beside_its_field(
    supplier: FlaskClient, scene: Scene, changes: dict[str, str], data: bytes | None, expected: dict[str, str]
) -> None:
    answer = hand_in(supplier, data, **changes)
    assert answer.status_code == 422
    assert faults(answer) == expected
    assert 'value="Zhejiang Lab"' in answer.get_data(as_text=True)
    assert kept(scene) == []


REFUSED = {
    "en": [
        (hostile.locked, "The PDF asks for a password. Save it without one and hand it in again."),
        (
            hostile.archive_too,
            "The file is a PDF and something else at once. Print it to a new PDF and hand that in.",
        ),
        (
            hostile.swollen,
            (
                "Reading the PDF takes more than 8 seconds or 512 MB of memory, the most that is allowed. "
                "Print it to a new PDF, or scan the paper, and hand that in."
            ),
        ),
    ],
    "zh": [
        (hostile.locked, "PDF 设有密码。请去掉密码后重新提交。"),
        (hostile.archive_too, "这个文件既是 PDF 又是别的东西。请重新打印成 PDF 后提交。"),
        (
            hostile.swollen,
            "读取这个 PDF 超出了 8 秒或 512 MB 内存的上限。请重新打印成 PDF，或扫描纸质件后提交。",
        ),
    ],
}


@pytest.mark.parametrize("language", REFUSED)
def test_a_hostile_file_is_refused_with_the_limit_and_the_way_out(
    supplier: FlaskClient, scene: Scene, language: str
) -> None:
    for made, sentence in REFUSED[language]:
        answer = hand_in(supplier, made(), language=language)
        assert (answer.status_code, faults(answer)) == (422, {"file": sentence})
    assert kept(scene) == []


def test_other_pages_answer_while_a_hostile_file_is_read(app: Flask, supplier: FlaskClient) -> None:
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(hand_in, supplier, hostile.swollen())
        assert app.test_client().get("/healthz").status_code == 200
        assert not reading.done()
        assert reading.result().status_code == 422


def test_when_too_many_files_are_read_the_form_comes_back_with_503(
    supplier: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "READERS", BoundedSemaphore(1))
    monkeypatch.setattr(pdf, "WALL_S", 0)
    with pdf.READERS:
        answer = hand_in(supplier)
    assert answer.status_code == 503
    assert "hand it in again in a minute" in faults(answer)["file"]
    assert kept(scene) == []


def test_a_request_beyond_the_portals_limit_names_it(app: Flask, supplier: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    answer = supplier.post("/documents/new", data=b"x" * (1 << 20 | 1), headers={"Accept-Language": "en"})
    assert answer.status_code == 413
    assert "At most 1 MB can be sent at once." in answer.get_data(as_text=True)


def test_a_file_that_is_too_large_is_told_so(
    supplier: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passporting, "MAX_PAPER_BYTES", 100)
    answer = hand_in(supplier)
    assert answer.status_code == 413
    assert list(faults(answer)) == ["file"]
    assert kept(scene) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            (
                "The file is larger than 20 MB, the most that is taken. "
                "Save it smaller or split it, and hand it in again."
            ),
        ),
        ("zh", "文件超过 20 MB 的上限。请压缩或拆分后重新提交。"),
    ],
)
def test_the_largest_size_is_named_with_the_way_out(app: Flask, language: str, sentence: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert sentence_of(FileTooLarge(passporting.MAX_PAPER_BYTES)) == sentence


def test_a_file_without_a_usable_name_gets_one(supplier: FlaskClient, scene: Scene) -> None:
    hand_in(supplier, name="folder/")
    assert kept(scene) == [("JY-7", "L7", "document.pdf")]


def test_a_forged_form_changes_nothing(supplier: FlaskClient, scene: Scene) -> None:
    answer = supplier.post("/documents/new", data={**FORM, "file": (io.BytesIO(REPORT), "r.pdf")})
    assert answer.status_code == 400
    assert kept(scene) == []


def test_what_is_over_or_ends_soon_stands_first(app: Flask, scene: Scene) -> None:
    today = date(2026, 11, 23)
    assert [documents.standing(until, today) for until in (None, date(2026, 12, 24), date(2026, 12, 23))] == [
        "holds",
        "holds",
        "soon",
    ]
    assert documents.standing(today, today) == "soon"
    assert documents.standing(date(2026, 11, 22), today) == "over"
    kind = DocumentKind.CERTIFICATE
    scene.hand_in(kind, number="HOLDS", valid_until=None)
    scene.hand_in(kind, number="SOON", valid_until=date(2026, 12, 1), product_id=None)
    scene.hand_in(kind, number="OVER", valid_until=date(2026, 11, 23))
    with scene.services.database.transaction() as connection:
        connection.execute(
            update(document_table).where(document_table.c.number == "OVER").values(valid_until=date(2026, 11, 22))
        )
    for who in ("supplier", "operator", "auditor"):
        html = browser(app, scene.company, who).get("/documents?lang=en").get_data(as_text=True)
        assert re.findall(r"<b>(HOLDS|SOON|OVER)</b>", html) == ["OVER", "SOON", "HOLDS"]
        assert ("Songyue Tea</small>" in html) is (who != "supplier")
        assert ('href="/documents/new"' in html) is (who == "supplier")


@pytest.mark.parametrize("who", ["supplier", "auditor"])
def test_without_papers_the_page_says_what_goes_here(app: Flask, scene: Scene, who: str) -> None:
    html = browser(app, scene.company, who).get("/documents?lang=en").get_data(as_text=True)
    assert "No document yet" in html


@pytest.mark.parametrize("who", ["supplier", "operator", "auditor"])
def test_a_file_is_sent_to_keep_and_never_opened_inside(app: Flask, scene: Scene, who: str) -> None:
    scene.hand_in(DocumentKind.INSPECTION_REPORT)
    answer = browser(app, scene.company, who).get(f"/documents/{DIGEST}")
    assert answer.data == REPORT
    answer.close()
    assert answer.headers["Content-Disposition"] == "attachment; filename=report.pdf"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "application/pdf"


def test_another_suppliers_file_is_not_there_for_a_supplier(supplier: FlaskClient, scene: Scene) -> None:
    scene.hand_in(DocumentKind.CERTIFICATE, CERTIFICATE, partner_id=scene.company.partners["auditor"])
    digest = "cc1161594892737012a90b28ad2d6d63240d461952e8de9f9040a97954435311"
    assert supplier.get(f"/documents/{digest}").status_code == 404
    assert "SC-1" not in supplier.get("/documents").get_data(as_text=True)


def test_a_suppliers_person_without_a_firm_owns_nothing(supplier: FlaskClient, scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        connection.execute(
            update(person_table)
            .where(person_table.c.id == scene.company.people["supplier"])
            .values(partner_id=None)
        )
    assert supplier.get("/documents").status_code == 403


def test_a_supplier_chooses_among_what_they_deliver_and_learns_of_nothing_else(
    scene: Scene, supplier: FlaskClient
) -> None:
    secret = ProductDraft(sku="SECRET-9", name_zh="新品", name_en="Unreleased")
    with scene.services.database.transaction() as connection:
        save_products(connection, actor=scene.operator, drafts=[secret], now=scene.now)
    page = supplier.get("/documents/new?sku=SECRET-9").get_data(as_text=True)
    assert "TEA-1" in page
    assert "Unreleased" not in page
    answer = hand_in(supplier, sku="SECRET-9")
    assert answer.status_code == 422
    assert "Choose a product from the list." in answer.get_data(as_text=True)
