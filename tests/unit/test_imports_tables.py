"""Opening files as tables, good ones and broken ones."""

import gzip
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from portal.flows.imports import tables
from portal.flows.imports.faults import BrokenWorkbook, EmptyFile, NotATable, TableTooLarge
from support import files

TABLE = "货号,数量\nMC-1,12\nMC-2,7\n"


def rows_of(path: Path) -> list[tuple[int, list[str]]]:
    return [(row.number, row.cells) for row in tables.read_table(path, path.name).rows()]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "utf-8-sig"),
        (TABLE.encode("utf-8-sig"), "utf-8-sig"),
        (TABLE.encode("gb18030"), "gb18030"),
        (TABLE.encode("utf-16"), "utf-16"),
    ],
)
def test_chinese_text_is_read_in_each_encoding(tmp_path: Path, content: bytes, encoding: str) -> None:
    sheet = tables.read_table(files.written(tmp_path, "t.csv", content), "t.csv")
    assert sheet.encoding == encoding
    assert sheet.headers == ("货号", "数量")
    assert [row.cells for row in sheet.rows()] == [["MC-1", "12"], ["MC-2", "7"]]
    assert sheet.row_estimate == 2


@pytest.mark.parametrize(("separator", "found"), [(",", ","), (";", ";"), ("\t", "\t")])
def test_the_separator_is_found_from_the_header(tmp_path: Path, separator: str, found: str) -> None:
    text = f'\n"name, full"{separator}qty\nA{separator}1\n'
    sheet = tables.read_table(files.written(tmp_path, "t.csv", text), "t.csv")
    assert (sheet.delimiter, sheet.headers, sheet.header_row) == (found, ("name, full", "qty"), 2)


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path: Path) -> None:
    path = files.written(tmp_path, "t.csv", 'a,b\n1,"two\nlines"\n\n3,4\n')
    assert rows_of(path) == [(2, ["1", "two\nlines"]), (4, ["3", "4"])]


def test_a_gzipped_table_is_read_as_it_is(tmp_path: Path) -> None:
    path = files.written(tmp_path, "t.csv.gz", files.gzipped(TABLE))
    assert rows_of(path) == [(2, ["MC-1", "12"]), (3, ["MC-2", "7"])]


def test_a_quotation_mark_left_open_ends_the_table_as_a_broken_row(tmp_path: Path) -> None:
    sheet = tables.read_table(files.written(tmp_path, "t.csv", 'a,b\n1,2\n"3,4\n'), "t.csv")
    assert [(row.number, row.broken) for row in sheet.rows()] == [(2, False), (3, True)]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", EmptyFile),
        (b"\n\n", EmptyFile),
        (b"a,b\n", EmptyFile),
        (b"%PDF-1.7\n1 0 obj", NotATable),
        (b"\x89PNG\r\n\x1a\n\0\0\0", NotATable),
        (b"\xff\xfe\xfd\xfc\x80" * 9, NotATable),
        (b"a,b\n\xff\xff\n", NotATable),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], NotATable),
        (b"\x1f\x8bnot gzip at all", NotATable),
        (b"PK\x03\x04broken", BrokenWorkbook),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1broken", BrokenWorkbook),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes, refusal: type[Exception]) -> None:
    path = files.written(tmp_path, "t.csv", content)
    with pytest.raises(refusal):
        rows_of(path)


def test_a_table_beyond_the_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.written(tmp_path, "t.csv", TABLE)
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    with pytest.raises(TableTooLarge):
        rows_of(path)
    monkeypatch.setattr(tables, "MOST_UNPACKED", 10)
    with pytest.raises(TableTooLarge):
        rows_of(path)
    with pytest.raises(TableTooLarge):
        rows_of(files.written(tmp_path, "t.xlsx", files.workbook([["a", "b"], [1, 2]])))


def test_a_small_file_that_unpacks_to_a_lot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableTooLarge):
        rows_of(files.written(tmp_path, "bomb.xlsx", files.bomb(576)))


def test_a_workbook_is_read_as_the_text_people_would_type(tmp_path: Path) -> None:
    made = datetime(2026, 9, 1, 8, 30, tzinfo=UTC).replace(tzinfo=None)
    content = files.workbook(
        [
            ["货号", "条码", "价格", "日期", "时刻", "真", "时"],
            ["MC-1", 9521234500007, 38.5, date(2026, 9, 1), made, True, time(9, 30)],
        ]
    )
    ((number, cells),) = rows_of(files.written(tmp_path, "t.xlsx", content))
    assert number == 2
    assert cells == ["MC-1", "9521234500007", "38.5", "2026-09-01", "2026-09-01 08:30:00", "TRUE", "09:30:00"]


def test_a_table_that_starts_lower_in_the_sheet_keeps_its_row_numbers(tmp_path: Path) -> None:
    path = files.written(
        tmp_path, "t.xlsx", files.workbook([["a", "b"], [1, 2], [None, None], [3, 4]], top=2, left=1)
    )
    sheet = tables.read_table(path, "t.xlsx")
    assert (sheet.headers, sheet.header_row) == (("", "a", "b"), 3)
    assert rows_of(path) == [(4, ["", "1", "2"]), (6, ["", "3", "4"])]


def test_a_formula_nobody_calculated_is_seen_as_one(tmp_path: Path) -> None:
    path = files.written(tmp_path, "t.xlsx", files.workbook([["a", "b"], ["x", "=1+1"]]))
    assert rows_of(path) == [(2, ["x", "=1+1"])]


def test_a_workbook_without_its_parts_is_broken(tmp_path: Path) -> None:
    whole = files.workbook([["a"], [1]])
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"):
        with pytest.raises(BrokenWorkbook):
            rows_of(files.written(tmp_path, "t.xlsx", files.without_part(whole, part)))


def test_an_empty_workbook_is_empty(tmp_path: Path) -> None:
    with pytest.raises(EmptyFile):
        rows_of(files.written(tmp_path, "t.xlsx", files.workbook([])))


def test_a_sample_shows_the_first_rows(tmp_path: Path) -> None:
    sheet = tables.read_table(files.written(tmp_path, "t.csv", TABLE), "t.csv")
    assert sheet.sample(1) == [["MC-1", "12"]]


def test_a_workbook_that_names_its_sheet_by_a_relative_path_is_read(tmp_path: Path) -> None:
    whole = files.workbook([["a"], ["=1+1"]])
    part = "xl/_rels/workbook.xml.rels"
    path = files.written(tmp_path, "t.xlsx", files.with_text(whole, part, "/xl/worksheets", "worksheets"))
    assert rows_of(path) == [(2, ["=1+1"])]


def test_a_workbook_whose_sheet_is_not_linked_is_broken(tmp_path: Path) -> None:
    whole = files.workbook([["a"], [1]])
    path = files.written(
        tmp_path, "t.xlsx", files.with_text(whole, "xl/_rels/workbook.xml.rels", 'Id="rId1"', 'Id="rId77"')
    )
    with pytest.raises(BrokenWorkbook):
        rows_of(path)


def test_empty_cells_after_the_last_heading_are_no_columns(tmp_path: Path) -> None:
    sheet = tables.read_table(files.written(tmp_path, "t.csv", "a,b,,\n1,2,,\n"), "t.csv")
    assert sheet.headers == ("a", "b")


def test_a_duration_is_written_as_text(tmp_path: Path) -> None:
    path = files.written(tmp_path, "t.xlsx", files.workbook([["a"], [timedelta(hours=26)]]))
    assert rows_of(path)[0][1] == ["1 day, 2:00:00"]


def test_looking_for_formulas_in_a_workbook_without_a_sheet_says_it_is_broken(tmp_path: Path) -> None:
    whole = files.workbook([["a"], [1]])
    path = files.written(tmp_path, "t.xlsx", files.without_part(whole, "xl/workbook.xml"))
    with pytest.raises(BrokenWorkbook):
        tables._formulas_without_value(path)
