from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import shared
from tools.plain.whens import UNKNOWN, Order, Precision, read

TOKYO = "Asia/Tokyo"


def iso(words: str, zone: str = TOKYO, order: Order = Order.UNKNOWN, on: date | None = None) -> str | None:
    at, precision = read(words, zone, order, on)
    assert (at is None) == (precision is Precision.NONE)
    assert at is None or at.tzinfo is not None
    return at and f"{at.isoformat()} {precision}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2020-06-13 15:54:00", "2020-06-13T15:54:00+09:00 second"),
        ("2020-06-13T15:54", "2020-06-13T15:54:00+09:00 minute"),
        ("2020-06-13", "2020-06-13T00:00:00+09:00 day"),
        ("2025-10-01T15:22:55.068-0400", "2025-10-01T15:22:55.068000-04:00 second"),
        ("2022-05-27T16:50:00-00:00", "2022-05-27T16:50:00+00:00 second"),
        ("2026-01-05T00:00:00Z", "2026-01-05T00:00:00+00:00 second"),
        ("Mon, 05 Jan 2026 09:00:00 +0900", "2026-01-05T09:00:00+09:00 second"),
        ("2026/1/5 9:00", "2026-01-05T09:00:00+09:00 minute"),
        ("2026.1.5", "2026-01-05T00:00:00+09:00 day"),
        ("20260105", "2026-01-05T00:00:00+09:00 day"),
        ("令和8年11月20日", "2026-11-20T00:00:00+09:00 day"),
        ("令和元年5月1日", "2019-05-01T00:00:00+09:00 day"),
        ("昭和64年1月7日", "1989-01-07T00:00:00+09:00 day"),
        ("R8.11.20", "2026-11-20T00:00:00+09:00 day"),
        ("R08/01/05", "2026-01-05T00:00:00+09:00 day"),
        ("H31.4.30", "2019-04-30T00:00:00+09:00 day"),
        ("２０２６年１月５日", "2026-01-05T00:00:00+09:00 day"),
        ("2026年1月5日（月）", "2026-01-05T00:00:00+09:00 day"),
        ("2026年1月5日（月） 14時30分", "2026-01-05T14:30:00+09:00 minute"),
        ("2026/1/5 午前9時", "2026-01-05T09:00:00+09:00 minute"),
        ("2026/1/5 午後3時半", "2026-01-05T15:30:00+09:00 minute"),
        ("2026/1/5 25:30", "2026-01-06T01:30:00+09:00 minute"),
        ("2019-12-03 --:--", "2019-12-03T00:00:00+09:00 day"),
        ("2021-01-05 12:45 PM PST", "2021-01-05T12:45:00-08:00 minute"),
        ("February 15, 2024: 7:56am UTC", "2024-02-15T07:56:00+00:00 minute"),
        ("January 29, 2024", "2024-01-29T00:00:00+09:00 day"),
        ("5 Jan 2026", "2026-01-05T00:00:00+09:00 day"),
        ("29/2/2016 01:16", "2016-02-29T01:16:00+09:00 minute"),
        ("07-27-2023", "2023-07-27T00:00:00+09:00 day"),
    ],
)
def test_reads(words: str, expected: str):
    assert iso(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "", "  ", "?", "-", "未定", "至急", "なるはや", "2026/2/30", "2026/13/1", "0000-00-00", "9999/12/31 23:00 PST",
        "5/1/2026", "01/05/2026", "1/5", "1月5日", "29/2/2015 01:16", "29/13/2016", "46027", "05-Jan-26",
        "平成32年1月1日", "令和元年4月30日", "R0.1.1", "10:45", "11:12 AM", "20202-01-16 12:00", "11/03/202",
        "2026-01-05 30:00", "2026-01-05 12:60", "2026-01-05 13:00 PM", "2026-01-05 12:00 CST", "2026-01-05 noon",
        "2026-01-05 12:00 +99", "x" * 200,
    ],
)  # fmt: skip
def test_does_not_guess(words: str):
    assert read(words, TOKYO) == UNKNOWN


def test_the_order_of_day_and_month_is_told():
    assert iso("5/1/2026", order=Order.DAY_FIRST) == "2026-01-05T00:00:00+09:00 day"
    assert iso("5/1/2026", order=Order.MONTH_FIRST) == "2026-05-01T00:00:00+09:00 day"
    assert iso("29/2/2016", order=Order.MONTH_FIRST) is None
    assert iso("2/29/2016", order=Order.DAY_FIRST) is None


def test_a_time_alone_needs_a_date():
    assert iso("10:45", on=date(2025, 10, 3), zone="UTC") == "2025-10-03T10:45:00+00:00 minute"
    assert iso("12:45 PM PST", on=date(2021, 1, 5)) == "2021-01-05T12:45:00-08:00 minute"
    assert iso("不明", on=date(2021, 1, 5)) is None
    assert iso("2026/2/30", on=date(2021, 1, 5)) is None


def test_the_zone_is_used_with_its_summer_time():
    assert iso("2022-07-11 09:33", zone="Europe/London") == "2022-07-11T09:33:00+01:00 minute"
    assert iso("2022-01-11 09:33", zone="Europe/London") == "2022-01-11T09:33:00+00:00 minute"


def test_an_unknown_zone_is_the_callers_mistake():
    with pytest.raises(ValueError, match="Mars"):
        read("2022-01-11", "Mars/Phobos")


@given(st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_iso_comes_back(at: datetime):
    assert read(at.isoformat(), TOKYO).at == at


@given(st.text(max_size=60))
def test_any_text_gives_an_answer(words: str):
    at, precision = read(words, TOKYO)
    assert (at is None) == (precision is Precision.NONE)


def test_the_spellings_file_is_read_or_refused_row_by_row():
    with shared("data/encodings/made/18_dates.csv").open(encoding="utf-8", newline="") as file:
        unread = {key for key, words in list(csv.reader(file))[1:] if read(words, TOKYO).at is None}
    assert unread == {f"D{n:03}" for n in (11, 12, 13, 14, 15, 20, 21, 27, 28, 29, 31, 32, 33, 34, 35, 36, 38)}


def test_every_time_of_the_service_desk_log_is_read():
    with shared("data/incidents/uci_servicenow_events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("opened_at", "sys_updated_at", "closed_at")
    assert all(read(row[column], "UTC", Order.DAY_FIRST).at for row in rows for column in columns)
