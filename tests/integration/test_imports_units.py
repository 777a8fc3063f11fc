"""Importing units: headings in both languages, pallets told in cases, every fault by row and column."""

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection

from portal.flows.imports import plan as planning
from portal.flows.imports.kinds import UNITS, guess_mapping
from portal.flows.imports.plan import Plan
from portal.flows.imports.saving import apply
from portal.flows.imports.tables import read_table
from portal.inventory import service as inventory
from portal.inventory.model import ProductDraft
from portal.inventory.units.model import ALWAYS, ProductUnit
from portal.inventory.units.reads import product_units
from portal.kernel.actor import Actor
from portal.kernel.units import Level
from portal.partners import service as partners
from support import files

HEAD = "商品编号,单位,每单位含量,含量单位,包装层级,生效日期,失效日期,自定义中文名,自定义英文名\n"


class Books:
    """A company with cream by the kilogram and tea by the piece, in cases of 24."""

    def __init__(self, conn: Connection, folder: Path, now: datetime) -> None:
        self.conn, self.folder, self.now = conn, folder, now
        self.org = partners.save_company(conn, name_zh="甲", name_en="A", is_demo=False, now=now)
        self.actor = Actor(org_id=self.org, label="test")
        drafts = [
            ProductDraft(sku="CREAM", name_zh="奶油", name_en="Cream", base_unit="KGM", decimals=3),
            ProductDraft(sku="TEA", name_zh="茶", name_en="Tea", pack_quanta=24),
        ]
        self.products: dict[str, UUID] = inventory.save_products(conn, actor=self.actor, drafts=drafts, now=now)

    def take(self, content: str) -> Plan:
        """Plan a file, and apply it unless it has faults."""
        sheet = read_table(files.written(self.folder, "u.csv", content), "u.csv")
        plan = planning.dry_run(
            self.conn, org_id=self.org, kind=UNITS, sheet=sheet, mapping=guess_mapping(UNITS, sheet.headers)
        )
        if not plan.fault_count:
            apply(self.conn, actor=self.actor, plan=plan, now=self.now)
        return plan

    def units(self, sku: str) -> tuple[ProductUnit, ...]:
        """Return what stands of a product."""
        key = self.products[sku]
        return product_units(self.conn, org_id=self.org, product_ids=[key]).get(key, ())


@pytest.fixture
def books(conn: Connection, tmp_path: Path, now: datetime) -> Books:
    return Books(conn, tmp_path, now)


def faults(plan: Plan) -> list[tuple[int, str, str, str]]:
    return [(fault.row, fault.letter, fault.value, fault.code) for fault in plan.faults]


def test_cream_bought_by_the_case_is_portioned_by_the_gram(books: Books) -> None:
    plan = books.take(HEAD + "CREAM,份,35,克,,2026-01-01,,,\nCREAM,箱,12,公斤,箱,,,,\nCREAM,托盘,40,箱,托盘,,,,\n")
    assert (plan.new, plan.changed, plan.unchanged, plan.faults) == (3, 0, 0, [])
    assert books.units("CREAM") == (
        ProductUnit(code="PTN", per_base=Fraction(7, 200), valid_from=date(2026, 1, 1)),
        ProductUnit(code="XCS", per_base=Fraction(12), level=Level.CASE, valid_from=ALWAYS),
        ProductUnit(code="XPX", per_base=Fraction(480), level=Level.PALLET, valid_from=ALWAYS),
    )


def test_english_headings_are_known_and_a_pallet_may_stand_before_its_case(books: Books) -> None:
    head = "SKU,Unit,Ratio,Of unit,Level,Effective date,Until,Unit name\n"
    rows = "CREAM,pallet,40,case,pallet,2026-01-01,2026-12-31,\nCREAM,case,1/3,kg,case,2026-01-01,,tub\n"
    assert books.take(head + rows).faults == []
    case, pallet = books.units("CREAM")
    assert (case.per_base, case.label_en) == (Fraction(1, 3), "tub")
    assert (pallet.per_base, pallet.valid_until) == (Fraction(40, 3), date(2026, 12, 31))


def test_a_pallet_may_be_told_in_the_product_s_own_cases(books: Books) -> None:
    books.take(HEAD + "TEA,托盘,40,箱,托盘,,,,\n")
    assert [unit.per_base for unit in books.units("TEA")] == [960]


def test_the_same_file_again_changes_nothing_and_an_empty_cell_says_nothing(books: Books) -> None:
    content = HEAD + "TEA,托盘,960,,托盘,2026-01-01,2026-12-31,,plt2\n"
    books.take(content)
    again = books.take(content)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 1)
    sparse = books.take("商品编号,单位,每单位含量,生效日期\nTEA,托盘,960,2026-01-01\n")
    assert (sparse.new, sparse.changed, sparse.unchanged) == (0, 0, 1)
    assert books.units("TEA")[0].level is Level.PALLET


def test_a_changed_ratio_is_shown_before_and_after(books: Books) -> None:
    books.take(HEAD + "TEA,托盘,960,,托盘,,,,\n")
    plan = books.take(HEAD + "TEA,托盘,800,,无,,2026-12-31,,\n")
    assert (plan.new, plan.changed) == (0, 1)
    assert plan.changes[0].key == "TEA · 托盘 plt"
    assert plan.changes[0].values == (
        ("holds", "960 件 pcs", "800 件 pcs"),
        ("level", "pallet", ""),
        ("valid_until", "", "2026-12-31"),
    )


def test_a_ratio_may_end_and_the_next_begin_in_one_file(books: Books) -> None:
    books.take(HEAD + "TEA,托盘,960,,托盘,2026-01-01,,,\n")
    plan = books.take(HEAD + "TEA,托盘,800,,托盘,2026-12-01,,,\nTEA,托盘,960,,托盘,2026-01-01,2026-11-30,,\n")
    assert (plan.new, plan.changed, plan.fault_count) == (1, 1, 0)


def test_every_fault_is_named_by_row_and_column_and_nothing_is_written(books: Books) -> None:
    books.take(HEAD + "TEA,托盘,960,,托盘,2026-01-01,,,\n")
    plan = books.take(
        HEAD
        + "NONE,箱,12,,,,,,\n"
        + "TEA,礼篮子,12,,,,,,\n"
        + "TEA,REEL,12,,,,,,\n"
        + "TEA,盒,many,,,,,,\n"
        + "TEA,盒,0,,,,,,\n"
        + "TEA,袋,3,升,,,,,\n"
        + "TEA,打,10,,,,,,\n"
        + "TEA,卷,3,,,2026-12-01,2026-11-01,,\n"
        + "TEA,托盘,800,,托盘,2026-12-01,,,\n"
        + "TEA,罐,2,,,,,名字太长太长太长太长太长太长,\n"
        + "CREAM,箱,-2,,,,,,\n"
        + "CREAM,托盘,40,箱,,,,,\n"
        + "TEA,包,6,,,昨天,,,\n"
    )
    assert sorted(faults(plan)) == [
        (2, "A", "NONE", "unknown_product"),
        (3, "B", "礼篮子", "unit_unknown"),
        (4, "B", "REEL", "unit_unnamed"),
        (5, "C", "many", "not_a_ratio"),
        (6, "C", "0", "bad_ratio"),
        (7, "D", "升 l", "unknown_unit"),
        (8, "B", "打 doz", "unit_by_standard"),
        (9, "G", "2026-11-01", "unit_validity_reversed"),
        (10, "B", "托盘 plt", "unit_overlaps"),
        (11, "H", "名字太长太长太长太长太长太长", "too_long"),
        (12, "C", "-2", "bad_ratio"),
        (13, "D", "箱 cs", "unknown_unit"),
        (14, "F", "昨天", "not_a_date"),
    ]
    assert [unit.per_base for unit in books.units("TEA")] == [960]


def test_a_fault_says_the_way_out_in_words(books: Books) -> None:
    books.take(HEAD + "TEA,托盘,960,,托盘,2026-01-01,,,\n")
    plan = books.take(HEAD + "TEA,托盘,800,,托盘,2026-12-01,,,\nTEA,袋,3,升,,,,,\n")
    assert sorted(fault.sentence for fault in plan.faults) == [
        "1 托盘 plt holds 960 件 pcs from 2026-01-01 on. End that on 2026-11-30 first.",
        "This product is not counted in 升 l; it is in 件 pcs, 箱 cs.",
    ]


def test_a_code_of_one_s_own_with_a_name_is_taken(books: Books) -> None:
    assert books.take(HEAD + "TEA,reel,50,,,,,卷盘,reel\n").faults == []
    assert books.units("TEA")[0].name("zh") == "卷盘"


def test_the_same_unit_and_day_twice_in_a_file_is_a_fault(books: Books) -> None:
    plan = books.take(HEAD + "TEA,盒,6,,,,,,\nTEA,box,6,,,,,,\n")
    assert faults(plan) == [(3, "A", "TEA", "duplicate")]
