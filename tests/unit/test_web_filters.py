"""Figures, dates, deadlines and fingerprints in the reader's language."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from portal.web import filters
from support.front import NOON, front_app


@pytest.fixture(scope="module")
def app() -> Flask:
    return front_app()


@pytest.fixture
def en(app: Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=en"):
        yield


@pytest.fixture
def zh(app: Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=zh"):
        yield


@pytest.mark.usefixtures("en")
@pytest.mark.parametrize(
    ("quanta", "decimals", "text"),
    [
        (1488, 0, "1,488"),
        (0, 0, "0"),
        (-40, 0, "−40"),
        (1234567, 3, "1,234.567"),
        (1200, 3, "1.2"),
        (1000, 3, "1"),
        (2**62, 0, "4,611,686,018,427,387,904"),
        (123456789012345678, 9, "123,456,789.012345678"),
    ],
)
def test_a_quantity_is_written_exactly(quanta: int, decimals: int, text: str) -> None:
    assert filters.quantity(quanta, decimals) == text


@pytest.mark.usefixtures("zh")
def test_a_change_carries_its_sign() -> None:
    assert [filters.signed(n) for n in (80, 0, -20)] == ["+80", "0", "−20"]
    assert filters.signed(1500, 3) == "+1.5"


@pytest.mark.usefixtures("en")
def test_days_in_english_name_the_year_only_when_it_is_another() -> None:
    assert filters.day(date(2026, 12, 3)) == "3 Dec"
    assert filters.day(date(2027, 3, 31)) == "31 Mar 2027"
    assert filters.day(date(2027, 3, 31), False) == "31 Mar"  # noqa: FBT003 - as templates call it
    assert filters.day(datetime(2026, 11, 23, 17, tzinfo=UTC)) == "24 Nov"
    assert filters.day_short(date(2026, 11, 5)) == "5 Nov"
    assert filters.weekday(date(2026, 11, 27)) == "Fri"
    assert filters.iso(datetime(2026, 11, 23, 17, tzinfo=UTC)) == "2026-11-24"


@pytest.mark.usefixtures("zh")
def test_days_in_chinese() -> None:
    assert filters.day(date(2026, 12, 3)) == "12月3日"
    assert filters.day(date(2027, 3, 31)) == "2027年3月31日"
    assert filters.day_short(datetime(2026, 11, 5, tzinfo=UTC)) == "11/5"
    assert filters.weekday(datetime(2026, 11, 27, tzinfo=UTC)) == "周五"
    assert filters.iso(date(2026, 11, 5)) == "2026-11-05"


@pytest.mark.usefixtures("en")
def test_an_instant_carries_iso_and_the_zone_on_hover() -> None:
    assert filters.moment(NOON) == (
        '<time class="nb" datetime="2026-11-23T10:24:00+08:00" '
        'title="China Standard Time UTC+08:00">23 Nov, 10:24</time>'
    )
    assert filters.day_time(date(2026, 12, 3)) == (
        '<time class="nb" datetime="2026-12-03" title="Thursday">3 Dec</time>'
    )


@pytest.mark.usefixtures("zh")
def test_an_instant_in_chinese() -> None:
    assert filters.moment(NOON) == (
        '<time class="nb" datetime="2026-11-23T10:24:00+08:00" '
        'title="中国标准时间 UTC+08:00">11月23日 10:24</time>'
    )
    assert "星期一" in filters.day_time(NOON)


@pytest.mark.usefixtures("en")
@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=-3), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47, minutes=59), "47 hours"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_unit(length: timedelta, text: str) -> None:
    assert filters.span(length) == text


@pytest.mark.usefixtures("zh")
def test_ages_and_staleness() -> None:
    assert filters.ago(NOON - timedelta(seconds=59)) == "刚刚"
    assert filters.ago(NOON - timedelta(minutes=2)) == "2 分钟前"
    assert filters.is_stale(NOON - timedelta(hours=6)) is False
    assert filters.is_stale(NOON - timedelta(hours=7)) is True
    assert filters.is_stale(NOON - timedelta(hours=7), 24) is False


@pytest.mark.usefixtures("zh")
def test_a_deadline_turns_red_under_six_hours() -> None:
    since = NOON - timedelta(hours=45)
    assert filters.left(NOON + timedelta(hours=3), since) == filters.Left(
        "剩 3 小时", "bad", late=False, percent=94
    )
    assert filters.left(NOON + timedelta(hours=19)) == filters.Left("剩 19 小时", "warn", late=False, percent=100)
    assert filters.left(NOON + timedelta(days=9), NOON) == filters.Left("剩 9 天", "", late=False, percent=0)
    assert filters.left(NOON - timedelta(days=3)) == filters.Left("超时 3 天", "bad", late=True, percent=100)
    assert filters.left(NOON + timedelta(hours=1), NOON + timedelta(hours=2)).percent == 100


def test_fingerprints_are_cut_in_the_middle() -> None:
    full = "5bf94998" + "0" * 48 + "ca1e5c45"
    assert filters.short_hash(full) == "5bf94998...ca1e5c45"
    assert filters.short_hash(bytes.fromhex(full)) == "5bf94998...ca1e5c45"
    assert filters.short_hash("0123456789abcdef") == "0123456789abcdef"


@pytest.mark.usefixtures("en")
def test_sizes_of_files() -> None:
    assert filters.size(12) == "12 bytes"
    assert filters.size(412 * 1024) == "412 KB"
    assert filters.size(1_153_434) == "1.1 MB"


def test_what_stands_in_back_quotes_is_shown_as_something_to_type() -> None:
    told = filters.commands("`tally reconcile` says <more>, as `a < b` does; a lone ` stays")
    assert told == (
        '<code class="mono">tally reconcile</code> says &lt;more&gt;, as '
        '<code class="mono">a &lt; b</code> does; a lone ` stays'
    )
