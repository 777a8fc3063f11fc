"""Dry runs and imports of every kind against a real database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.flows.imports import check, reports
from portal.flows.imports import plan as planning
from portal.flows.imports.check import Findings
from portal.flows.imports.faults import FileHasFaults
from portal.flows.imports.kinds import guess_mapping, kind_of
from portal.flows.imports.orders import OrderPlan
from portal.flows.imports.plan import Plan
from portal.flows.imports.saving import Saved, apply
from portal.flows.imports.tables import read_table
from portal.kernel.actor import Actor
from portal.partners import service as partners
from support import files

PRODUCTS = (
    "货号,条码,品名,英文名,类别,单位,小数位,箱规,追踪方式,保质期\n"
    "MC-1,9521234500018,月饼,Mooncake,月饼,盒,0,12,批次,60\n"
    "NT-1,,核桃仁,,坚果,公斤,1,10,,\n"
    "GF-1,,,Tea bowl,,,,,,\n"
)
LOCATIONS = "仓库编号,名称,类型\nSH-1,上海总仓,自有仓\nHZ-F,杭州前置仓,前置仓\n"
PARTNERS = "客户编号,名称,角色,国家\nC-1,晨曦便利,客户,CN\nS-1,江南糕饼厂,供应商/客户,CN\n"
STOCK = '货号,仓库,批号,生产日期,有效期至,数量\nMC-1,SH-1,L1,2026-11-01,2026/12/31,"1,200"\nNT-1,HZ-F,,,,12.5\n'
ORDERS = (
    "订单号,客户编号,下单日期,要货日期,货号,数量,单价,仓库\n"
    "SO-1,C-1,2026-11-20 09:30,2026-11-27,MC-1,24,128.50,SH-1\n"
    "SO-1,C-1,2026-11-20 09:30,2026-11-27,NT-1,1.5,52,SH-1\n"
    "SO-2,,2026-11-21,,MC-1,2,,\n"
)

Run = Callable[..., Plan]


@pytest.fixture
def company(conn: Connection, now: datetime) -> UUID:
    return partners.save_company(conn, name_zh="甲", name_en="A", is_demo=False, now=now)


@pytest.fixture
def run(conn: Connection, company: UUID, tmp_path: Path, now: datetime) -> Run:
    """Plan a text as a kind, and apply it unless it has faults."""

    def planned(kind: str, content: str | bytes, *, profile: str = "", dry: bool = False) -> Plan:
        path = files.written(tmp_path, "t.csv", content)
        sheet = read_table(path, "t.csv")
        known = kind_of(kind, zone="Asia/Shanghai")
        found = planning.dry_run(
            conn,
            org_id=company,
            kind=known,
            sheet=sheet,
            mapping=guess_mapping(known, sheet.headers),
            profile=profile,
        )
        if not dry and not found.fault_count:
            apply(conn, actor=Actor(org_id=company, label="test"), plan=found, now=now)
        return found

    return planned


def figures(plan: Plan) -> tuple[int, int, int, int]:
    return plan.new, plan.changed, plan.unchanged, plan.fault_count


def faults(plan: Plan) -> list[tuple[int, str, str, str]]:
    return [(fault.row, fault.letter, fault.value, fault.code) for fault in plan.faults]


def everything(conn: Connection) -> dict[str, Any]:
    """Return a digest of every table an import may write."""
    tables = ("product", "partner", "location", "lot", "stock_move", "stock_balance", "sales_order")
    tables += ("sales_order_line", "demand_day", "outbox_message", "import_session")
    digest = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM"
    return {name: tuple(conn.execute(text(f"{digest} {name} t")).one()) for name in tables}


def all_kinds(run: Run) -> list[Plan]:
    pairs = (("products", PRODUCTS), ("locations", LOCATIONS), ("partners", PARTNERS))
    pairs += (("stock", STOCK), ("orders", ORDERS))
    return [run(kind, content) for kind, content in pairs]


def test_five_files_fill_an_empty_company(run: Run, conn: Connection) -> None:
    assert [figures(plan) for plan in all_kinds(run)] == [
        (3, 0, 0, 0),
        (2, 0, 0, 0),
        (2, 0, 0, 0),
        (2, 0, 0, 0),
        (2, 0, 0, 0),
    ]
    assert conn.execute(
        text(
            "SELECT sku, gtin, name_zh, name_en, base_unit, decimals, pack_quanta, tracking"
            " FROM product ORDER BY sku"
        )
    ).all() == [
        ("GF-1", None, "Tea bowl", "Tea bowl", "C62", 0, 1, "none"),
        ("MC-1", "09521234500018", "月饼", "Mooncake", "C62", 0, 12, "lot"),
        ("NT-1", None, "核桃仁", "核桃仁", "KGM", 1, 100, "none"),
    ]
    assert conn.execute(text("SELECT on_hand FROM stock_balance ORDER BY on_hand")).scalars().all() == [125, 1200]
    assert conn.execute(
        text("SELECT number, ordered_at, needed_on, state FROM sales_order ORDER BY number")
    ).all() == [
        ("SO-1", datetime(2026, 11, 20, 1, 30, tzinfo=UTC), date(2026, 11, 27), "open"),
        ("SO-2", datetime(2026, 11, 20, 16, 0, tzinfo=UTC), None, "fulfilled"),
    ]
    assert conn.execute(
        text(
            "SELECT p.sku, d.day, d.quantity, d.order_count FROM demand_day d"
            " JOIN product p ON p.id = d.product_id ORDER BY 1, 2"
        )
    ).all() == [
        ("MC-1", date(2026, 11, 20), 24, 1),
        ("MC-1", date(2026, 11, 21), 2, 1),
        ("NT-1", date(2026, 11, 20), 15, 1),
    ]


def test_the_same_files_again_change_nothing(run: Run, conn: Connection) -> None:
    all_kinds(run)
    before = everything(conn)
    assert [figures(plan) for plan in all_kinds(run)] == [
        (0, 0, 3, 0),
        (0, 0, 2, 0),
        (0, 0, 2, 0),
        (0, 0, 2, 0),
        (0, 0, 2, 0),
    ]
    assert everything(conn) == before


def test_a_dry_run_writes_nothing(run: Run, conn: Connection) -> None:
    before = everything(conn)
    assert figures(run("products", PRODUCTS, dry=True)) == (3, 0, 0, 0)
    assert everything(conn) == before


def test_what_would_change_is_shown_before_and_after(run: Run) -> None:
    all_kinds(run)
    changed = run("products", "货号,品名,箱规\nMC-1,中秋月饼,24\nNT-1,,\n")
    assert figures(changed) == (0, 1, 1, 0)
    assert changed.changes[0].to_json() == {
        "row": 2,
        "key": "MC-1",
        "values": [["name_zh", "月饼", "中秋月饼"], ["pack_quanta", "12", "24"]],
    }
    roles = run("partners", "编号,角色\nC-1,客户 审核方\n")
    assert roles.changes[0].values == (("roles", "customer", "auditor, customer"),)
    place = run("locations", "编号,名称\nSH-1,上海一号仓\n")
    assert place.changes[0].values == (("name_zh", "上海总仓", "上海一号仓"),)
    stock = run("stock", "货号,仓库,批号,数量\nMC-1,SH-1,L1,1100\n")
    assert (stock.changes[0].key, stock.changes[0].values) == ("MC-1 · SH-1 · L1", (("quantity", "1200", "1100"),))
    order = run("orders", ORDERS.replace("MC-1,24", "MC-1,30"))
    assert order.changes[0].values == (("quantity", "39", "45"), ("content", "", ""))


def test_a_changed_order_corrects_the_demand_of_what_it_held_before(run: Run, conn: Connection) -> None:
    all_kinds(run)
    run("orders", "订单号,客户编号,下单日期,要货日期,货号,数量\nSO-1,C-1,2026-11-20 09:30,2026-11-27,MC-1,24\n")
    assert conn.execute(
        text(
            "SELECT p.sku, d.day, d.quantity, d.order_count FROM demand_day d"
            " JOIN product p ON p.id = d.product_id ORDER BY 1, 2"
        )
    ).all() == [
        ("MC-1", date(2026, 11, 20), 24, 1),
        ("MC-1", date(2026, 11, 21), 2, 1),
        ("NT-1", date(2026, 11, 23), 0, 0),
    ]


def test_every_fault_of_a_product_file_is_named_by_row_and_column(run: Run, conn: Connection) -> None:
    run("products", PRODUCTS)
    before = everything(conn)
    bad = run(
        "products",
        "货号,条码,品名,箱规,小数位\n"
        ",,无编号,,\n"
        "A-1,9521234500019,条码错,,\n"
        "A-2,9521234500018,条码重,,\n"
        "A-3,,箱规零,0,\n"
        "A-4,,箱规细,1.5,\n"
        "A-5,,,,\n"
        "A-6,,好,,\n"
        "A-6,,又来,,\n"
        "A-7,少\n"
        "A-8,,小数,,x\n"
        'A-9,"坏\n',
    )
    assert faults(bad) == [
        (2, "A", "", "required"),
        (3, "B", "9521234500019", "check_digit"),
        (4, "B", "09521234500018", "gtin_taken"),
        (5, "D", "0", "not_positive"),
        (6, "D", "1.5", "too_fine"),
        (7, "C", "", "name_missing"),
        (9, "A", "A-6", "duplicate"),
        (10, "", "", "columns"),
        (11, "E", "x", "not_a_number"),
        (12, "", "", "broken_row"),
    ]
    assert all(fault.sentence for fault in bad.faults)
    assert bad.rows == 11
    assert everything(conn) == before


def test_every_fault_of_partners_and_places_is_named(run: Run) -> None:
    assert (
        faults(run("partners", "编号,名称,角色\nC-1,,客户\nC-2,乙,老板\n"))
        == [
            (3, "C", "老板", "not_a_choice"),
            (2, "B", "", "name_missing"),
        ][::-1]
    )
    assert faults(run("locations", "编号,名称,类型\nX,,\n")) == [(2, "B", "", "name_missing")]


def test_every_fault_of_a_stock_file_is_named(run: Run, conn: Connection) -> None:
    all_kinds(run)
    before = everything(conn)
    bad = run(
        "stock",
        "货号,仓库,批号,生产日期,有效期至,数量\n"
        "??,SH-1,L1,,,1\n"
        "MC-1,??,L1,,,1\n"
        "MC-1,SH-1,,,,1\n"
        "MC-1,SH-1,L2,2026-12-01,2026-11-01,1\n"
        "MC-1,SH-1,L3,,,-1\n"
        "NT-1,SH-1,,,,1.25\n"
        "MC-1,SH-1,L4,31/12/2026,,1\n",
    )
    assert sorted(faults(bad)) == [
        (2, "A", "??", "unknown_product"),
        (3, "B", "??", "unknown_location"),
        (4, "C", "", "lot_missing"),
        (5, "E", "2026-11-01", "dates_reversed"),
        (6, "F", "-1", "negative"),
        (7, "F", "1.25", "too_fine"),
        (8, "D", "31/12/2026", "date_unclear"),
    ]
    assert everything(conn) == before


def test_every_fault_of_an_order_file_is_named(run: Run, conn: Connection) -> None:
    all_kinds(run)
    before = everything(conn)
    bad = run(
        "orders",
        "订单号,行号,客户编号,下单日期,货号,数量,单价,仓库,状态\n"
        "SO-7,1,C-1,2026-11-20,MC-1,1,,,\n"
        "SO-7,1,C-1,2026-11-20,MC-1,2,,,\n"
        "SO-7,2,S-1,2026-11-20,MC-1,2,,,\n"
        "SO-8,1,??,2026-11-20,MC-1,1,,,\n"
        "SO-8,2,,2026-11-20,??,1,,,\n"
        "SO-8,3,,2026-11-20,MC-1,0,,,\n"
        "SO-8,4,,2026-11-20,MC-1,1.5,,,\n"
        "SO-8,5,,2026-11-20,MC-1,1,-1,,\n"
        "SO-8,6,,2026-11-20,MC-1,1,,??,\n",
    )
    assert sorted(faults(bad)) == [
        (3, "B", "1", "duplicate"),
        (4, "C", "S-1", "conflicting"),
        (5, "C", "??", "unknown_partner"),
        (6, "E", "??", "unknown_product"),
        (7, "F", "0", "not_positive"),
        (8, "F", "1.5", "too_fine"),
        (9, "G", "-1", "negative"),
        (10, "H", "??", "unknown_location"),
    ]
    assert everything(conn) == before


def test_a_plan_with_faults_cannot_be_applied(run: Run, conn: Connection, company: UUID, now: datetime) -> None:
    bad = run("products", "货号\n,\n".replace(",", "x,y"))
    assert bad.fault_count == 1
    with pytest.raises(FileHasFaults):
        apply(conn, actor=Actor(org_id=company, label="test"), plan=bad, now=now)


def test_a_plan_of_nothing_new_writes_nothing(run: Run, conn: Connection, company: UUID, now: datetime) -> None:
    run("products", PRODUCTS)
    again = run("products", PRODUCTS, dry=True)
    assert apply(conn, actor=Actor(org_id=company, label="t"), plan=again, now=now) == Saved(new=0, changed=0)


JOURNAL = (
    f"{files.RETAIL_HEAD}\n"
    "536365,85123a,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "536365,71053,LANTERN,2,2010-12-01 08:27:00,3.39,17850.0,United Kingdom\n"
    "536365,71053,LANTERN,2,2010-12-01 08:27:00,3.39,17850.0,United Kingdom\n"
    "C536366,71053,LANTERN,-2,2010-12-01 09:00:00,3.39,17850.0,United Kingdom\n"
    "536367,POST,POSTAGE,1,2010-12-01 09:00:00,18.0,12583.0,France\n"
    "536368,71053,,-9,2010-12-01 09:00:00,0.0,,United Kingdom\n"
    "536369,71053,LANTERN,1,2010-12-02 00:30:00,3.39,,France\n"
)


def test_a_journal_is_taken_as_it_is_and_what_is_no_sale_is_listed(run: Run, conn: Connection) -> None:
    found = run("orders", JOURNAL, profile="retail")
    assert figures(found) == (2, 0, 0, 0)
    assert found.refused == {"repeated": 1, "cancellation": 1, "not_goods": 1, "quantity": 1}
    assert isinstance(found.drafts, OrderPlan)
    assert found.drafts.refusals == {5: "repeated", 6: "cancellation", 7: "not_goods", 8: "quantity"}
    listed = list(reports.refused_rows(found.sheet, found.drafts.refusals, sentence=str.upper))
    assert listed[1][:4] == ["5", "repeated", "REPEATED", "536365"]
    assert found.to_json()["created"] == {"products": 2, "partners": 1}
    assert conn.execute(text("SELECT sku, name_en FROM product ORDER BY sku")).all() == [
        ("71053", "LANTERN"),
        ("85123A", "HOLDER"),
    ]
    assert conn.execute(text("SELECT code, name_zh, country FROM partner")).all() == [
        ("17850", "客户 17850", "United Kingdom")
    ]
    assert conn.execute(
        text(
            "SELECT o.number, l.line_no, l.quantity FROM sales_order o"
            " JOIN sales_order_line l ON l.order_id = o.id ORDER BY 1, 2"
        )
    ).all() == [("536365", 1, 6), ("536365", 2, 6), ("536365", 3, 2), ("536369", 1, 1)]
    assert figures(run("orders", JOURNAL, profile="retail")) == (0, 0, 2, 0)


def test_faults_beyond_the_first_are_counted_and_the_error_file_has_them_all(
    conn: Connection, company: UUID, tmp_path: Path
) -> None:
    path = files.written(tmp_path, "t.csv", "货号,品名\n" + ",x\n" * 600)
    sheet, kind = read_table(path, "t.csv"), kind_of("products", zone="UTC")
    mapping = {"sku": 0, "name_zh": 1}
    short = planning.dry_run(conn, org_id=company, kind=kind, sheet=sheet, mapping=mapping)
    assert (short.fault_count, len(short.faults)) == (600, 500)
    whole = Findings(sheet, mapping, keep_all=True)
    planning.dry_run(conn, org_id=company, kind=kind, sheet=sheet, mapping=mapping, findings=whole)
    rows = list(reports.rows_with_faults(sheet, whole.kept, sentence=lambda fault: fault.sentence))
    assert rows[0] == ["货号", "品名", "错误 error"]
    assert rows[600] == ["", "x", "A 货号: This cell must not be empty."]


def test_many_changes_are_counted_and_the_first_are_shown(run: Run) -> None:
    head = "货号,品名\n"
    run("products", head + "".join(f"A-{n},a\n" for n in range(203)))
    found = run("products", head + "".join(f"A-{n},b\n" for n in range(203)))
    assert (found.changed, len(found.changes)) == (203, 200)


def test_columns_without_a_heading_are_left_out_when_they_are_empty(run: Run) -> None:
    found = run("products", "货号,品名,,\nA-1,甲,,\nA-2,乙,,x\n")
    assert (found.rows, faults(found)) == (2, [(3, "", "", "columns")])


def test_a_value_said_for_the_first_time_is_a_change_from_nothing(run: Run) -> None:
    run("products", "货号,品名\nA-1,甲\n")
    assert run("products", "货号,类别\nA-1,茶\n").changes[0].values == (("category", "", "茶"),)


def test_progress_is_told_now_and_then(
    conn: Connection, company: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "PROGRESS_ROWS", 2)
    monkeypatch.setattr(check, "_CACHED_TEXTS", 1)
    told: list[tuple[str, int, int]] = []
    sheet = read_table(
        files.written(tmp_path, "t.csv", "货号,品名\n" + "".join(f"A{n},x\n" for n in range(5))), "t"
    )
    planning.dry_run(
        conn,
        org_id=company,
        kind=kind_of("products", zone="UTC"),
        sheet=sheet,
        mapping={"sku": 0, "name_zh": 1},
        progress=lambda *word: told.append(word),
    )
    assert told == [("read", 2, 5), ("read", 4, 5), ("read", 5, 5)]


def promises(conn: Connection) -> list[tuple[object, ...]]:
    rows = conn.execute(
        text(
            "SELECT a.document, p.sku, l.code, a.quantity, a.needed_on, a.state FROM allocation a"
            " JOIN product p ON p.id = a.product_id JOIN location l ON l.id = a.location_id ORDER BY 1, 2, 6"
        )
    )
    return [tuple(row) for row in rows]


def test_an_open_order_keeps_stock_until_a_later_file_closes_it(run: Run, conn: Connection) -> None:
    all_kinds(run)
    kept = promises(conn)
    assert {(document, state) for document, *_, state in kept} == {("SO-1", "open")}
    assert sum(quantity for _, sku, _, quantity, *_ in kept if sku == "MC-1") == 24

    run("orders", ORDERS.replace("2026-11-27", ""))

    assert {(document, state) for document, *_, state in promises(conn)} == {("SO-1", "released")}


def test_an_open_order_without_a_warehouse_keeps_stock_of_the_companys_own_one(run: Run, conn: Connection) -> None:
    for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("partners", PARTNERS)):
        run(kind, content)

    run("orders", ORDERS.replace(",SH-1\n", ",\n"))

    assert promises(conn) == [
        ("SO-1", "MC-1", "SH-1", 24, date(2026, 11, 27), "open"),
        ("SO-1", "NT-1", "SH-1", 15, date(2026, 11, 27), "open"),
    ]


def test_an_open_order_of_a_company_without_warehouses_keeps_nothing(run: Run, conn: Connection) -> None:
    for kind, content in (("products", PRODUCTS), ("partners", PARTNERS)):
        run(kind, content)

    assert figures(run("orders", ORDERS.replace(",SH-1\n", ",\n"))) == (2, 0, 0, 0)

    assert promises(conn) == []
