"""The operator's import pages, the worker's part of them, and the command's way."""
# ruff: noqa: ARG001 - fixtures set the scene

import io
import re
from datetime import datetime
from pathlib import Path
from uuid import UUID

import procrastinate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from procrastinate.testing import InMemoryConnector
from python_calamine import CalamineWorkbook
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.flows.imports import run as running
from portal.flows.imports import sessions as flow
from portal.flows.imports import tables, tasks
from portal.flows.imports.faults import ImportMissing, NotCheckedYet
from portal.kernel.actor import Actor
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services
from support import files
from support.people import Company, browser, csrf_token, found_company, web_app

GOOD = "货号,品名,箱规\nMC-1,月饼,12\nMC-2,茶,6\n"
BAD = "货号,品名,箱规\nMC-1,月饼,零\n,茶,6\n"
NOWHERE = "01900000-0000-7000-8000-00000000ffff"


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    return web_app(database, home=tmp_path, clock=clock)


@pytest.fixture
def operator(app: Flask, company: Company) -> FlaskClient:
    return browser(app, company, "operator")


@pytest.fixture
def services(database: Database, tmp_path: Path, clock: HandClock) -> Services:
    return Services(settings=Settings(home=tmp_path), database=database, clock=clock, bus=Bus())


def post(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client.application, client), **fields})


def hand_in(client: FlaskClient, content: str | bytes, *, kind: str = "products", name: str = "t.csv") -> str:
    data = content.encode() if isinstance(content, str) else content
    answer = post(client, "/ops/import", kind=kind, file=(io.BytesIO(data), name))
    assert answer.status_code == 303, answer.text
    return answer.location


def count(conn: Connection, table: str) -> int:
    return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def figures_shown(page: str) -> list[str]:
    return re.findall(r"<dd[^>]*>([\d,]+)</dd>", page)


def test_an_operator_hands_in_maps_checks_and_imports_a_file(operator: FlaskClient, conn: Connection) -> None:
    assert "Nothing imported yet" in operator.get("/ops/import?lang=en").text
    page = hand_in(operator, GOOD)
    shown = operator.get(page).text
    assert shown.count(" selected>") == 3
    assert "月饼" in shown
    answer = post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh", "map-2": "pack"})
    assert (answer.status_code, answer.location) == (303, page)
    assert figures_shown(operator.get(page).text) == ["2", "0", "0", "0"]
    assert count(conn, "product") == 0
    assert post(operator, f"{page}/apply").status_code == 303
    assert "Imported." in operator.get(page).text
    assert conn.execute(text("SELECT sku, name_zh, pack_quanta FROM product ORDER BY sku")).all() == [
        ("MC-1", "月饼", 12),
        ("MC-2", "茶", 6),
    ]
    assert "t.csv" in operator.get("/ops/import").text
    assert post(operator, f"{page}/apply").status_code == 409
    assert post(operator, f"{page}/mapping", **{"map-0": "sku"}).status_code == 409


def test_the_same_file_again_says_that_nothing_would_change(operator: FlaskClient, conn: Connection) -> None:
    columns = {"map-0": "sku", "map-1": "name_zh", "map-2": "pack"}
    first = hand_in(operator, GOOD)
    post(operator, f"{first}/mapping", **columns)
    post(operator, f"{first}/apply")
    again = hand_in(operator, GOOD)
    post(operator, f"{again}/mapping", **columns)
    shown = operator.get(f"{again}?lang=en").text
    assert "Everything is already as the file says." in shown
    assert "Import now" not in shown
    assert count(conn, "product") == 2


def test_a_bad_file_changes_nothing_and_names_every_fault_in_both_languages(
    operator: FlaskClient, conn: Connection
) -> None:
    page = hand_in(operator, BAD)
    post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh", "map-2": "pack"})
    english, chinese = operator.get(f"{page}?lang=en").text, operator.get(f"{page}?lang=zh").text
    for part in ("C 箱规", "零", "Not a number.", "A 货号", "This cell must not be empty."):
        assert part in english
    for part in ("C 箱规", "不是数字。", "此格不能为空。", "有 2 处错误，整份文件不能导入。"):
        assert part in chinese
    assert post(operator, f"{page}/apply").status_code == 409
    assert count(conn, "product") == 0
    csv = operator.get(f"{page}/faults.csv?lang=en").data.decode("utf-8-sig").splitlines()
    assert csv == [
        "货号,品名,箱规,错误 error",
        "MC-1,月饼,零,C 箱规: Not a number.",
        ",茶,6,A 货号: This cell must not be empty.",
    ]
    sheet = CalamineWorkbook.from_filelike(
        io.BytesIO(operator.get(f"{page}/faults.xlsx").data)
    ).get_sheet_by_index(0)
    assert list(sheet.iter_rows())[1][:3] == ["MC-1", "月饼", "零"]
    assert operator.get(f"{page}/faults.pdf").status_code == 404


def test_a_wrong_choice_of_columns_is_said_on_the_page(operator: FlaskClient) -> None:
    page = hand_in(operator, GOOD)
    twice = post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "sku"})
    assert twice.status_code == 422
    none = post(operator, f"{page}/mapping", **{"map-0": "name_en"})
    assert none.status_code == 422
    assert "商品编号" in none.text
    assert operator.get(f"{page}/mapping").status_code == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 not a table", "is no table"),
        (b"PK\x03\x04 broken", "cannot be opened"),
    ],
)
def test_a_file_that_is_no_table_is_refused_on_the_form(
    operator: FlaskClient, conn: Connection, content: bytes, words: str
) -> None:
    operator.get("/ops/import?lang=en")
    answer = post(operator, "/ops/import", kind="stock", file=(io.BytesIO(content), "x.csv"))
    assert answer.status_code == 422
    assert words in answer.text
    assert count(conn, "import_session") == 0


def test_a_form_without_kind_or_file_says_so(operator: FlaskClient) -> None:
    operator.get("/ops/import?lang=en")
    assert "Choose what is in the file." in post(operator, "/ops/import", kind="weather").text
    answer = post(operator, "/ops/import", kind="orders")
    assert (answer.status_code, "Choose a file." in answer.text) == (422, True)


def test_templates_are_offered_in_both_forms(operator: FlaskClient) -> None:
    assert operator.get("/ops/import/new?kind=stock").status_code == 200
    text_file = operator.get("/ops/import/template/stock.csv").data.decode("utf-8-sig")
    assert text_file.startswith("商品编号 Product number,仓库编号 Warehouse code,批次 Lot,")
    book = CalamineWorkbook.from_filelike(io.BytesIO(operator.get("/ops/import/template/orders.xlsx").data))
    assert next(book.get_sheet_by_index(0).iter_rows())[0] == "订单号 Order number"
    assert operator.get("/ops/import/template/stock.pdf").status_code == 404
    assert operator.get("/ops/import/template/weather.csv").status_code == 404


def test_a_journal_shows_its_refused_lines_with_reasons(operator: FlaskClient) -> None:
    lines = (
        f"{files.RETAIL_HEAD}\n1,A,A THING,1,2026-11-01 10:00,1,7.0,France\n"
        "C2,A,A THING,-1,2026-11-01 10:00,1,7.0,France\n"
    )
    page = hand_in(operator, lines, kind="orders")
    assert "sales journal" in operator.get(f"{page}?lang=en").text
    names = ("number", "sku", "description", "quantity", "ordered_at", "unit_price", "customer", "country")
    post(operator, f"{page}/mapping", **{f"map-{n}": name for n, name in enumerate(names)})
    shown = operator.get(f"{page}?lang=en").text
    assert "Cancellation: the invoice number starts with C" in shown
    assert "1 products, 1 customers" in shown
    listed = operator.get(f"{page}/refused.csv?lang=en").data.decode("utf-8-sig").splitlines()
    assert listed[1].startswith("3,cancellation,Cancellation: the invoice number starts with C,C2,A,")
    products = hand_in(operator, GOOD)
    post(operator, f"{products}/mapping", **{"map-0": "sku", "map-1": "name_zh"})
    assert len(operator.get(f"{products}/refused.csv").data.splitlines()) == 1


def test_changes_are_shown_before_and_after(operator: FlaskClient) -> None:
    for content in (GOOD, GOOD.replace("月饼", "中秋月饼")):
        page = hand_in(operator, content)
        post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh"})
        shown = operator.get(page).text
        post(operator, f"{page}/apply")
    assert '<span class="was">月饼</span> 中秋月饼' in shown


def test_a_large_file_is_left_to_the_worker(
    operator: FlaskClient,
    conn: Connection,
    services: Services,
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flow, "DIRECT_ROWS", 1)
    app = procrastinate.App(connector=InMemoryConnector())
    tasks.register(app, services)
    page = hand_in(operator, GOOD)
    session_id = page.rsplit("/", 1)[1]
    arguments = {"org_id": str(company.org_id), "session_id": session_id}
    post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh"})
    waiting = operator.get(page)
    assert waiting.headers["Refresh"] == "2"
    assert "<progress" in waiting.text
    app.tasks[flow.CHECK_TASK](**arguments)
    assert figures_shown(operator.get(page).text) == ["2", "0", "0", "0"]
    post(operator, f"{page}/apply")
    assert count(conn, "product") == 0
    for _ in range(2):
        app.tasks[flow.APPLY_TASK](**arguments)
        app.tasks[flow.CHECK_TASK](**arguments)
    assert count(conn, "product") == 2
    jobs = conn.execute(
        text("SELECT task_name FROM procrastinate_jobs WHERE task_name LIKE 'imports%' ORDER BY id")
    )
    assert jobs.scalars().all() == ["imports.check", "imports.apply"]


def test_what_became_wrong_since_the_dry_run_is_found_before_writing(
    operator: FlaskClient, conn: Connection, company: Company
) -> None:
    page = hand_in(operator, "货号,品名,条码\nMC-1,月饼,9521234500018\n")
    post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh", "map-2": "gtin"})
    other = hand_in(operator, "货号,品名,条码\nMC-9,茶,9521234500018\n")
    post(operator, f"{other}/mapping", **{"map-0": "sku", "map-1": "name_zh", "map-2": "gtin"})
    post(operator, f"{other}/apply")
    post(operator, f"{page}/apply")
    assert "MC-9" in operator.get(page).text
    assert count(conn, "product") == 1


def test_a_file_that_cannot_be_worked_on_any_more_fails_with_the_reason(
    operator: FlaskClient, company: Company, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = hand_in(operator, GOOD)
    monkeypatch.setattr(flow, "DIRECT_ROWS", 1)
    post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh"})
    workshop = flow.Workshop(
        database=services.database,
        settings=services.settings,
        org_id=company.org_id,
        session_id=UUID(page.rsplit("/", 1)[1]),
    )
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    flow.check_session(workshop)
    shown = operator.get(f"{page}?lang=en").text
    assert "This table is too large for one import." in shown
    monkeypatch.setattr(tables, "MOST_ROWS", 9)
    post(operator, f"{page}/mapping", **{"map-0": "sku", "map-1": "name_zh"})
    flow.check_session(workshop)
    post(operator, f"{page}/apply")
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    flow.apply_session(workshop, now=services.clock.now())
    assert "Nothing was imported." in operator.get(f"{page}?lang=en").text


def test_an_unknown_code_of_a_failure_is_told_in_its_own_words(operator: FlaskClient, conn: Connection) -> None:
    page = hand_in(operator, GOOD)
    conn.execute(
        text(
            "UPDATE import_session SET state = 'failed',"
            """ result = '{"error": {"code": "odd", "message": "Odd thing.", "values": {}}}'"""
        )
    )
    assert "Odd thing." in operator.get(page).text


def test_an_import_nobody_kept_is_not_found(operator: FlaskClient, conn: Connection, company: Company) -> None:
    assert operator.get(f"/ops/import/{NOWHERE}").status_code == 404
    actor = Actor(org_id=company.org_id, label="x")
    with pytest.raises(ImportMissing):
        flow.start_apply(conn, actor=actor, session_id=UUID(NOWHERE))
    page = hand_in(operator, GOOD)
    with pytest.raises(NotCheckedYet):
        flow.start_apply(conn, actor=actor, session_id=UUID(page.rsplit("/", 1)[1]))


def test_the_command_imports_looks_and_reports(
    services: Services, company: Company, conn: Connection, tmp_path: Path
) -> None:
    good, bad = files.written(tmp_path, "good.csv", GOOD), files.written(tmp_path, "bad.csv", BAD)
    looked = running.run_import(services, kind="products", path=good, dry_run=True)
    assert (looked.new, looked.applied, count(conn, "product")) == (2, False, 0)
    refused = running.run_import(services, kind="products", path=bad)
    assert (refused.applied, refused.fault_count, count(conn, "product")) == (False, 2, 0)
    assert refused.report is not None
    assert refused.report.read_text("utf-8-sig").splitlines()[1] == "MC-1,月饼,零,C 箱规: Not a number."
    done = running.run_import(services, kind="products", path=good, mapping={"sku": 0, "name_en": 1})
    assert (done.applied, done.mapping, done.report) == (True, {"sku": "货号", "name_en": "品名"}, None)
    again = running.run_import(services, kind="products", path=good, mapping={"sku": 0, "name_en": 1})
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert again.to_json()["unchanged"] == 2
    assert count(conn, "import_session") == 2


def test_the_command_lists_refused_lines_in_a_file(services: Services, company: Company, tmp_path: Path) -> None:
    path = files.written(
        tmp_path, "j.csv.gz", files.gzipped(f"{files.RETAIL_HEAD}\nC2,A,A,-1,2026-11-01 10:00,1,,France\n")
    )
    done = running.run_import(services, kind="orders", path=path)
    assert done.report is not None
    assert done.report.name == "j.refused.csv"
    assert done.report.read_text("utf-8-sig").splitlines()[1].startswith("2,cancellation,")


def test_units_are_imported_by_both_doors_and_a_change_is_shown(
    operator: FlaskClient, services: Services, conn: Connection, tmp_path: Path
) -> None:
    running.run_import(services, kind="products", path=files.written(tmp_path, "g.csv", GOOD))
    units = "货号,单位,换算率,含量单位,层级\nMC-1,托盘,40,箱,托盘\n"
    done = running.run_import(services, kind="units", path=files.written(tmp_path, "u.csv", units))
    assert (done.applied, done.new, done.fault_count) == (True, 1, 0)
    page = hand_in(operator, units.replace("40,箱", "500,件"), kind="units")
    columns = ("sku", "unit", "holds", "of_unit", "level")
    post(operator, f"{page}/mapping", **{f"map-{place}": name for place, name in enumerate(columns)})
    assert figures_shown(operator.get(page).text) == ["0", "1", "0", "0"]
    assert "480 件 pcs" in operator.get(page).text
    post(operator, f"{page}/apply")
    assert conn.execute(text("SELECT numerator, denominator, level FROM product_unit")).all() == [
        (500, 1, "pallet")
    ]


def test_without_a_company_there_is_nowhere_to_import_to(
    services: Services, conn: Connection, tmp_path: Path
) -> None:
    with pytest.raises(running.NoCompany):
        running.run_import(services, kind="products", path=files.written(tmp_path, "g.csv", GOOD))
