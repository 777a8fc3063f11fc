"""Cursors and the pages that hold them."""

import pytest

from portal.api.asking import window
from portal.api.cursors import check_first, from_cursor, to_cursor
from portal.api.errors import BadPage


def test_a_cursor_comes_back_as_its_position() -> None:
    assert to_cursor(0) == "cm93OjA"
    assert [from_cursor(to_cursor(one)) for one in (0, 1, 57, 1_000_000)] == [0, 1, 57, 1_000_000]


@pytest.mark.parametrize(
    "cursor", ["", "x", "0", "cm93OjA=", "cm93Oi0x", "cm93OjAx", "cm93OjEwMDAwMDE", "MA", "é"]
)
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadPage) as refusal:
        from_cursor(cursor)
    assert refusal.value.values == {"what": "after"}


@pytest.mark.parametrize("first", [1, 100])
def test_a_page_has_1_to_100_rows(first: int) -> None:
    check_first(first)


@pytest.mark.parametrize("first", [0, 101, -3])
def test_a_page_of_another_length_is_refused(first: int) -> None:
    with pytest.raises(BadPage) as refusal:
        check_first(first)
    assert refusal.value.values == {"what": "first"}


@pytest.mark.parametrize(
    ("start", "length", "page"),
    [
        (0, 50, (1, 50)),
        (50, 50, (2, 50)),
        (1, 5, (1, 6)),
        # Pages of 50 … 53 cut the rows 57 … 106; the second page of 54 holds rows 54 … 107.
        (57, 50, (2, 54)),
        (7, 2, (3, 3)),
    ],
)
def test_any_run_of_rows_lies_within_one_page_of_some_length(
    start: int, length: int, page: tuple[int, int]
) -> None:
    assert window(start, length) == page
    number, size = page
    assert (number - 1) * size <= start
    assert start + length <= number * size
