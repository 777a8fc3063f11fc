"""Importing places: nodes with zones and bins, in any order, every fault by row and column and nothing written."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.flows.imports import plan as planning
from portal.flows.imports.kinds import LOCATIONS, guess_mapping
from portal.flows.imports.plan import Plan
from portal.flows.imports.reports import template_rows
from portal.flows.imports.saving import apply
from portal.flows.imports.tables import read_table
from portal.inventory import service as inventory
from portal.inventory.model import LocationDraft
from portal.inventory.places import BadPlace
from portal.kernel.actor import Actor
from portal.partners import service as partners
from support import files

HEAD = "仓库编号,中文名称,英文名称,仓库类型,层级,所属编号\n"
WHOLE = HEAD + "A-01,,,,,A\nA,常温区,Ambient,,库区,SH\nSH,上海仓,Shanghai,自有仓,仓,\nF-1,,,,货位,SH\n"


class Books:
    """A company without any place."""

    def __init__(self, conn: Connection, folder: Path, now: datetime) -> None:
        self.conn, self.folder, self.now = conn, folder, now
        self.org = partners.save_company(conn, name_zh="甲", name_en="A", is_demo=False, now=now)
        self.actor = Actor(org_id=self.org, label="test")

    def take(self, content: str) -> Plan:
        """Plan a file, and apply it unless it has faults."""
        sheet = read_table(files.written(self.folder, "l.csv", content), "l.csv")
        mapping = guess_mapping(LOCATIONS, sheet.headers)
        plan = planning.dry_run(self.conn, org_id=self.org, kind=LOCATIONS, sheet=sheet, mapping=mapping)
        if not plan.fault_count:
            apply(self.conn, actor=self.actor, plan=plan, now=self.now)
        return plan

    def places(self) -> list[tuple[str, str, str, str, str, str]]:
        """Return (code, level, parent, node, kind, Chinese name) of every real place."""
        rows = self.conn.execute(
            text("""
                SELECT l.code, l.level, COALESCE(p.code, ''), n.code, l.kind, l.name_zh FROM location l
                JOIN location n ON n.id = l.node_id LEFT JOIN location p ON p.id = l.parent_id
                WHERE l.code NOT LIKE '@%' ORDER BY l.code
            """)
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]


@pytest.fixture
def books(conn: Connection, tmp_path: Path, now: datetime) -> Books:
    return Books(conn, tmp_path, now)


def faults(plan: Plan) -> list[tuple[int, str, str, str]]:
    return [(fault.row, fault.letter, fault.value, fault.code) for fault in plan.faults]


def figures(plan: Plan) -> tuple[int, int, int, int]:
    return plan.new, plan.changed, plan.unchanged, plan.fault_count


STANDING = [
    ("A", "zone", "SH", "SH", "own", "常温区"),
    ("A-01", "bin", "A", "SH", "own", "A-01"),
    ("F-1", "bin", "SH", "SH", "own", "F-1"),
    ("SH", "node", "", "SH", "own", "上海仓"),
]


def test_zones_and_bins_find_their_parents_wherever_in_the_file_they_stand(books: Books) -> None:
    assert figures(books.take(WHOLE)) == (4, 0, 0, 0)
    assert books.places() == STANDING


def test_the_same_file_again_changes_nothing_and_an_empty_cell_says_nothing(books: Books) -> None:
    books.take(WHOLE)
    assert figures(books.take(WHOLE)) == (0, 0, 4, 0)
    assert figures(books.take("仓库编号,英文名称\nA,Ambient\nSH,\n")) == (0, 0, 2, 0)
    assert books.places() == STANDING


def test_english_headings_and_words_are_known(books: Books) -> None:
    head = "Warehouse code,Chinese name,English name,Kind of warehouse,Level,Parent\n"
    assert figures(books.take(head + "SH,,Shanghai,3pl,warehouse,\nZ,,Cold,,zone,SH\n")) == (2, 0, 0, 0)
    assert books.places() == [
        ("SH", "node", "", "SH", "third_party", "Shanghai"),
        ("Z", "zone", "SH", "SH", "third_party", "Cold"),
    ]


def test_a_bin_may_change_its_zone_within_its_warehouse(books: Books) -> None:
    books.take(WHOLE)
    plan = books.take(HEAD + "F-1,,,,,A\n")
    assert figures(plan) == (0, 1, 0, 0)
    assert plan.changes[0].values == (("parent", "SH", "A"),)
    assert books.places()[2] == ("F-1", "bin", "A", "SH", "own", "F-1")


def test_a_warehouse_that_changes_its_kind_takes_its_bins_along(books: Books) -> None:
    books.take(WHOLE)
    books.take(HEAD + "SH,,,前置仓,,\n")
    assert {place[4] for place in books.places()} == {"forward"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("B-1,,,,货位,NOWHERE\n", (2, "F", "NOWHERE", "unknown_parent")),
        ("B-1,,,,货位,\n", (2, "F", "", "parent_missing")),
        ("Z,,,,库区,\n", (2, "F", "", "parent_missing")),
        ("N,名,,,仓,SH\n", (2, "F", "SH", "node_has_parent")),
        ("B-1,,,,货位,B-1\n", (2, "F", "B-1", "place_circle")),
        ("B-1,,,,货位,A-01\n", (2, "F", "A-01", "wrong_level")),
        ("Z,,,,库区,A\n", (2, "F", "A", "wrong_level")),
        ("A,,,,货位,SH\n", (2, "E", "bin", "level_fixed")),
        ("SH,,,,货位,CD\n", (2, "E", "bin", "level_fixed")),
        ("A-01,,,,,CD\n", (2, "F", "CD", "node_fixed")),
        ("B-1,,,前置仓,货位,SH\n", (2, "D", "forward", "kind_of_node")),
        ("N,,,,仓,\n", (2, "B", "", "name_missing")),
        ("B-1,,,,架子,SH\n", (2, "E", "架子", "not_a_choice")),
    ],
)
def test_a_place_that_cannot_be_there_is_a_fault_and_nothing_is_written(
    books: Books, rows: str, expected: tuple[int, str, str, str]
) -> None:
    books.take(WHOLE)
    books.take(HEAD + "CD,成都仓,Chengdu,,,\n")
    before = books.places()
    plan = books.take(HEAD + rows)
    assert faults(plan) == [expected]
    assert books.places() == before


def test_places_in_a_circle_are_all_at_fault(books: Books) -> None:
    plan = books.take(HEAD + "X,,,,货位,Y\nY,,,,库区,Z\nZ,,,,库区,Y\n")
    assert faults(plan) == [
        (2, "F", "Y", "place_circle"),
        (3, "F", "Z", "place_circle"),
        (4, "F", "Y", "place_circle"),
    ]


def test_the_template_shows_a_warehouse_a_zone_and_a_bin_and_can_be_imported(books: Books) -> None:
    rows = template_rows(LOCATIONS)
    content = "\n".join(",".join(row) for row in rows) + "\n"
    assert figures(books.take(content)) == (3, 0, 0, 0)
    assert [place[:4] for place in books.places()] == [
        ("A", "zone", "SH-1", "SH-1"),
        ("A-01", "bin", "A", "SH-1"),
        ("SH-1", "node", "", "SH-1"),
    ]


def test_stock_may_be_counted_bin_by_bin_and_orders_leave_from_warehouses_only(books: Books) -> None:
    books.take(WHOLE)
    nodes = planning.present.nodes(books.conn, org_id=books.org)
    assert set(nodes) == {"SH"}
    assert set(planning.present.places(books.conn, org_id=books.org)) == {"SH", "A", "A-01", "F-1"}


@pytest.mark.parametrize(
    "draft",
    [
        LocationDraft(code="B-1", name_zh="B", name_en="B", level="bin", parent="NOWHERE"),
        LocationDraft(code="B-1", name_zh="B", name_en="B", level="bin", parent="A-01"),
        LocationDraft(code="Z", name_zh="Z", name_en="Z", level="zone", parent="A"),
        LocationDraft(code="N", name_zh="N", name_en="N", parent="SH"),
        LocationDraft(code="A", name_zh="A", name_en="A"),
        LocationDraft(code="A-01", name_zh="A", name_en="A", level="bin", parent="CD"),
    ],
)
def test_the_room_itself_refuses_a_place_that_does_not_belong_there(books: Books, draft: LocationDraft) -> None:
    books.take(WHOLE)
    books.take(HEAD + "CD,成都仓,Chengdu,,,\n")
    before = books.places()
    with pytest.raises(BadPlace), books.conn.begin_nested():
        inventory.save_locations(books.conn, actor=books.actor, drafts=[draft], now=books.now)
    assert books.places() == before
