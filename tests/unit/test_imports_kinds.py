"""Kinds of table, guessing columns, and the rules of a wholesaler's journal."""

from pathlib import Path

import pytest

from portal.flows.imports import kinds, reports, retail
from portal.flows.imports.faults import ColumnsMissing, UnknownColumn, UnknownKind
from portal.flows.imports.tables import read_table
from support import files

ORDERS = kinds.orders("Asia/Shanghai")


def test_columns_are_guessed_from_chinese_headings() -> None:
    assert kinds.guess_mapping(kinds.STOCK, ["货号", "仓库", "批号", "生产日期", "有效期至", "数量（件）"]) == {
        "sku": 0,
        "location": 1,
        "lot": 2,
        "made_on": 3,
        "expires_on": 4,
        "quantity": 5,
    }


def test_columns_are_guessed_from_english_headings_and_mixed_ones() -> None:
    assert kinds.guess_mapping(kinds.PRODUCTS, ["Item No.", "Bar-code", "品名 Name", "unknown"]) == {
        "sku": 0,
        "gtin": 1,
        "name_zh": 2,
    }


def test_every_template_is_understood_by_its_own_headings() -> None:
    for name in kinds.NAMES:
        kind = kinds.kind_of(name, zone="UTC")
        header, *examples = reports.template_rows(kind)
        assert kinds.guess_mapping(kind, header) == {field.name: n for n, field in enumerate(kind.fields)}
        for example in examples:
            for field, text in zip(kind.fields, example, strict=True):
                assert not text or field.read(text) is not None


def test_an_unknown_kind_or_field_is_refused() -> None:
    with pytest.raises(UnknownKind):
        kinds.kind_of("weather", zone="UTC")
    with pytest.raises(UnknownColumn):
        kinds.PRODUCTS.field("colour")


@pytest.mark.parametrize(
    ("mapping", "refusal"),
    [
        ({"sku": 0, "name_en": 9}, UnknownColumn),
        ({"sku": 0, "name_en": 0}, UnknownColumn),
        ({"name_en": 1}, ColumnsMissing),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    tmp_path: Path, mapping: dict[str, int], refusal: type[Exception]
) -> None:
    sheet = read_table(files.written(tmp_path, "t.csv", "sku,name\nA,B\n"), "t.csv")
    with pytest.raises(refusal):
        kinds.check_mapping(kinds.PRODUCTS, sheet, mapping)
    kinds.check_mapping(kinds.PRODUCTS, sheet, {"sku": 0, "name_en": 1})


def test_a_journal_is_known_by_its_eight_headings() -> None:
    head = files.RETAIL_HEAD.split(",")
    assert retail.is_retail(head)
    assert not retail.is_retail(head[:-1])


@pytest.mark.parametrize(
    ("number", "sku", "quantity", "price", "reason"),
    [
        ("536365", "85123A", "6", "2.55", ""),
        ("C536379", "D", "-1", "27.5", "cancellation"),
        ("A563185", "B", "1", "11062.06", "adjustment"),
        ("536370", "POST", "3", "18", "not_goods"),
        ("536370", "m", "1", "18", "not_goods"),
        ("536370", "gift_0001_20", "1", "16.67", "not_goods"),
        ("536589", "21777", "-10", "0", "quantity"),
        ("536589", "21777", "0", "1", "quantity"),
        ("536414", "22139", "56", "0", "price"),
        ("536414", "22139", "56", "-1", "price"),
        ("536414", "DCGS0003", "1", "0.85", ""),
        ("536414", "PADS", "1", "0.001", ""),
    ],
)
def test_each_line_of_the_journal_has_its_reason(
    number: str, sku: str, quantity: str, price: str, reason: str
) -> None:
    values = {
        "number": number,
        "sku": sku,
        "quantity": quantity,
        "unit_price": ORDERS.field("unit_price").read(price),
    }
    assert retail.reason_of(values) == reason


def test_a_line_without_a_price_column_is_judged_by_the_rest() -> None:
    assert retail.reason_of({"number": "1", "sku": "A", "quantity": "1"}) == ""
