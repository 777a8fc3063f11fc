"""Reading one cell."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.flows.imports import cells
from portal.flows.imports.faults import SENTENCES, BadCell, Fault, letter_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        ("2026/11/23", date(2026, 11, 23)),
        ("2026.1.3", date(2026, 1, 3)),
        ("2026年11月23日", date(2026, 11, 23)),
        ("20261123", date(2026, 11, 23)),
        ("２０２６－１１－２３", date(2026, 11, 23)),
        ("46349", date(2026, 11, 23)),
        ("2026-11-23 08:30", date(2026, 11, 23)),
        ("2026-11-23T08:30:05.250", date(2026, 11, 23)),
    ],
)
def test_a_day_is_read_however_it_is_written_as_long_as_the_year_leads(text: str, found: date) -> None:
    assert cells.day(text) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("23/11/2026", "date_unclear"),
        ("11-12-26", "date_unclear"),
        ("tomorrow", "not_a_date"),
        ("2026-02-30", "not_a_date"),
        ("2026-11-23 at nine", "not_a_date"),
        ("2026-11-23 25:00", "not_a_date"),
    ],
)
def test_a_day_that_cannot_be_read_is_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(BadCell) as caught:
        cells.day(text)
    assert caught.value.code == code


def test_a_serial_number_with_a_fraction_is_a_time_of_day() -> None:
    assert cells.moment("46349.5") == datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001


def test_an_instant_is_in_the_zone_of_the_file() -> None:
    read = cells.instant_reader("Asia/Shanghai")
    assert read("2026-11-23 10:24") == datetime(2026, 11, 23, 10, 24, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "decimals", "quanta"),
    [
        ("1,200", 0, 1200),
        ("１，２００．５", 1, 12005),
        ("−3", 0, -3),
        ("0.25", 2, 25),
        ("12.", 0, 12),
        (".5", 1, 5),
    ],
)
def test_a_quantity_is_read_as_people_write_it(text: str, decimals: int, quanta: int) -> None:
    assert cells.quanta(text, decimals) == quanta


@pytest.mark.parametrize(
    ("text", "code"),
    [("12 boxes", "not_a_number"), ("1,20", "not_a_number"), ("1.5", "too_fine"), ("9" * 30, "too_large")],
)
def test_a_quantity_that_cannot_be_kept_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadCell) as caught:
        cells.quanta(text, 0)
    assert caught.value.code == code


@pytest.mark.parametrize(("text", "code"), [("1.5", "not_whole"), ("-1", "negative"), ("x", "not_a_number")])
def test_a_whole_number_of_zero_or_more_is_asked_for(text: str, code: str) -> None:
    assert cells.whole("90") == 90
    with pytest.raises(BadCell) as caught:
        cells.whole(text)
    assert caught.value.code == code


def test_a_price_may_carry_its_currency() -> None:
    assert cells.price("￥1,038.50") == Decimal("1038.50")
    with pytest.raises(BadCell, match="too_large"):
        cells.price("9" * 17)


def test_a_code_is_plain_characters_and_no_rounded_number() -> None:
    assert cells.code("ＭＣ－２５０") == "MC-250"
    assert cells.code("17850.0") == "17850"
    with pytest.raises(BadCell, match="digits_lost"):
        cells.code("6.90123E+12")
    with pytest.raises(BadCell, match="too_long"):
        cells.code("x" * 61)


def test_a_gtin_is_kept_as_fourteen_digits() -> None:
    assert cells.gtin("952 123450000 1") == "09521234500001"
    with pytest.raises(BadCell, match="check_digit"):
        cells.gtin("9521234500007")
    with pytest.raises(BadCell, match="not_a_number"):
        cells.gtin("95212345ABC")


def test_a_name_has_a_longest_length() -> None:
    assert cells.words("双黄莲蓉月饼（四枚）") == "双黄莲蓉月饼（四枚）"
    with pytest.raises(BadCell, match="too_long"):
        cells.words("长" * 301)


def test_a_formula_is_not_taken_for_a_value() -> None:
    assert cells.cell_text('="007"') == "007"
    assert cells.cell_text("  A1 ") == "A1"
    with pytest.raises(BadCell, match="formula"):
        cells.cell_text("=A1+B1")
    with pytest.raises(BadCell, match="excel_error"):
        cells.cell_text("#N/A")


def test_roles_may_be_several_in_either_language() -> None:
    assert cells.roles("客户、Supplier") == ("customer", "supplier")
    with pytest.raises(BadCell) as caught:
        cells.roles("boss")
    assert caught.value.code == "not_a_choice"
    assert caught.value.values["choices"].startswith("customer、客户")


def test_columns_are_named_as_spreadsheets_name_them() -> None:
    assert [letter_of(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_fault_says_where_and_why() -> None:
    fault = Fault(row=7, column="数量", letter="C", value="x", code="too_fine", values={"decimals": 2})
    assert fault.to_json() == {
        "row": 7,
        "column": "数量",
        "letter": "C",
        "value": "x",
        "code": "too_fine",
        "values": {"decimals": 2},
        "reason": "More than 2 decimals; this product is counted in steps of 1/10^2.",
    }
    assert len(SENTENCES) == 42
