"""What people type into a field is the value they meant, or a reason why it cannot be told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain import typed
from tools.plain.typed import Unread

TODAY = date(2026, 11, 24)


def told(read, words: str, **more):
    """The value, or the code of the reason."""
    try:
        return read(words, **more)
    except Unread as unread:
        return unread.code


@pytest.mark.parametrize(
    "words",
    [
        "2026-03-05",
        "2026/3/5",
        "2026.3.5",
        "20260305",
        "２０２６／３／５",
        "２０２６年３月５日",
        "2026年3月5日(木)",
        "2026年 3月 5日 木曜日",
        "令和8年3月5日",
        "令和８年３月５日",
        "令和八年三月五日",
        "㋿8年3月5日",
        "R8.3.5",
        "Ｒ８／３／５",
        "r8-3-5",
        "令8.3.5",
        "26.3.5",
        "26/3/5",
        "26年3月5日",
        "5 Mar 2026",
        "March 5, 2026",
        "\u200b2026/3/5\u202c ",
        "2026-03-05T00:00",
    ],
)
def test_one_day_is_read_however_it_is_written(words):
    assert told(typed.read_day, words, today=TODAY) == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("H2.1.1", date(1990, 1, 1)),
        ("11月25日", date(2026, 11, 25)),
        ("十一月三十日", date(2026, 11, 30)),
        ("1/15", date(2027, 1, 15)),
        ("12月31日", date(2026, 12, 31)),
        ("今日", date(2026, 11, 24)),
        ("一昨日", date(2026, 11, 22)),
        ("明後日", date(2026, 11, 26)),
    ],
)
def test_eras_and_days_without_a_year(words, day):
    assert told(typed.read_day, words, today=TODAY) == day


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "empty"),
        ("　\u200b", "empty"),
        ("未定", "no_day"),
        ("2026/3", "no_day"),
        ("2026年3月5日15時", "no_day"),
        ("x" * 5000, "no_day"),
        ("2月30日", "no_such_day"),
        ("2026-02-29", "no_such_day"),
        ("令和8年13月1日", "no_such_day"),
        ("平成40年1月1日", "no_such_year"),
        ("令和元年4月30日", "no_such_year"),
        ("R0.1.1", "no_such_year"),
        ("昭和60年1月1日", "far"),
        ("令和999年1月1日", "far"),
        ("0001-01-01", "far"),
        ("9999-12-31", "far"),
        ("202611-1-1", "far"),
        ("2月29日", "which_year"),
        ("5月24日", "which_year"),
        ("3月5日", "which_year"),
        ("8.3.5", "which_year"),
        ("26.3.28", "which_year"),
        ("5/3/26", "which_year"),
        ("5/1/2026", "which_order"),
    ],
)
def test_what_is_no_day_says_why(words, code):
    assert told(typed.read_day, words, today=TODAY) == code


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2026-11-25T10:00", datetime(2026, 11, 25, 10)),
        ("２０２６年１１月２０日　午後３時２０分", datetime(2026, 11, 20, 15, 20)),
        ("R8.11.20 3:05", datetime(2026, 11, 20, 3, 5)),
        ("11月20日（金）15時半", datetime(2026, 11, 20, 15, 30)),
        ("昨日の15時", datetime(2026, 11, 23, 15)),
        ("午後3時20分頃", datetime(2026, 11, 24, 15, 20)),
        ("１５：３０", datetime(2026, 11, 24, 15, 30)),
        ("午後0時", datetime(2026, 11, 24, 12)),
        ("3 pm", datetime(2026, 11, 24, 15)),
        ("11/20 25:30", datetime(2026, 11, 21, 1, 30)),
        ("2026-11-24T10:00:00+09:00", datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=9)))),
        ("Tue, 24 Nov 2026 10:12:00 +0900", datetime(2026, 11, 24, 10, 12, tzinfo=timezone(timedelta(hours=9)))),
    ],
)
def test_moments(words, moment):
    assert told(typed.read_moment, words, today=TODAY) == moment


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "empty"),
        ("11月20日", "no_time"),
        ("11月20日 不明", "no_time"),
        ("今日", "no_time"),
        ("11/20 30:00", "no_such_time"),
        ("15時65分", "no_such_time"),
        ("午後12時", "which_twelve"),
        ("11月20日 午前12:30", "which_twelve"),
        ("2月30日 10:00", "no_such_day"),
        ("2099-12-31 25:00", "far"),
        ("あとで", "no_day"),
    ],
)
def test_what_is_no_moment_says_why(words, code):
    assert told(typed.read_moment, words, today=TODAY) == code


def test_times_numbers_and_references():
    assert [told(typed.read_time, one) for one in ("15:20", "午後3時", "１５時半", "25:00", "", "x")] == [
        time(15, 20), time(15), time(15, 30), "no_such_time", "empty", "no_such_time",
    ]  # fmt: skip
    numbers = ["１２", "1,200", "１、２００", "−3", " 7 ", "1.5", "1e4", "٣", "9" * 400, ""]
    assert [told(typed.read_number, one) for one in numbers] == [
        12, 1200, 1200, -3, 7, "no_number", "no_number", "no_number", "no_number", "empty",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    ["90", "９０分", "1時間30分", "１時間３０分", "一時間三十分", "1時間半", "1.5時間", "1.5h", "1h30m", "1 h 30 min", "1:30", "約90分", "1時間30分くらい"],
)  # fmt: skip
def test_an_hour_and_a_half_however_it_is_written(words):
    assert typed.read_minutes(words) == 90


def test_how_long_is_a_number_of_minutes_or_a_reason():
    words = [
        "0",
        "半時間",
        "1,200",
        "25時間",
        "1時間90分",
        "1.5時間10分",
        "1.5",
        "半日",
        "-5",
        "1日",
        "٣",
        "9" * 400,
        "",
    ]
    assert [told(typed.read_minutes, one) for one in words] == [
        0, 30, 1200, 1500, "no_minutes", "no_minutes", "which_unit", "no_minutes", "no_minutes", "no_minutes",
        "no_minutes", "no_minutes", "empty",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "K-12",
        "k－１２",
        "Ｋ１２",
        " k ー 12",
        "12",
        "K-12 見積書を別の会社に送った（2026年）",
        "https://ushiro.example.jp/incidents/K-12/?page=2#entry-13",
        "http://127.0.0.1:8000/incidents/k-12",
    ],
)
def test_one_record_is_named_however_it_is_written(words):
    assert typed.read_reference(words) == "K-12"


@pytest.mark.parametrize(
    ("words", "code"),
    [("", "empty"), ("K-0", "no_reference"), ("見積書", "no_reference"), ("K-12とK-13", "which_reference")],
)
def test_what_names_no_record_says_why(words, code):
    assert told(typed.read_reference, words) == code


@given(st.text(max_size=120) | st.text("0123456789０１年月日時分午前後令和HRTAMP./-:： ", max_size=30))
def test_anything_at_all_is_a_value_or_a_reason(words):
    for read in (typed.read_time, typed.read_number, typed.read_minutes, typed.read_reference):
        assert told(read, words) is not None
    for read in (typed.read_day, typed.read_moment):
        found = told(read, words, today=TODAY)
        assert found in typed.CODES or typed.FIRST_DAY.year <= found.year <= typed.LAST_DAY.year


@given(st.dates(typed.FIRST_DAY, typed.LAST_DAY))
def test_each_day_is_read_back_from_its_spellings(day):
    spellings = [day.isoformat(), f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}"]
    if day >= date(2019, 5, 1):
        spellings.append(f"令和{day.year - 2018}年{day.month}月{day.day}日")
    assert {typed.read_day(one, today=TODAY) for one in spellings} == {day}
