from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import shared
from tests.speed import within
from tools.plain.holidays import (
    BusinessCalendar,
    add_months,
    holiday_name,
    is_expected,
    national_holidays,
    personal_data_quick_report_window,
)

JAPAN = BusinessCalendar()
DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))


def cabinet_office() -> dict[date, str]:
    with shared("data/calendar/syukujitsu_cp932.csv").open(encoding="cp932", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {date(*map(int, day.split("/"))): name for day, name in rows}


def test_every_year_of_the_cabinet_office_list_is_the_same():
    official = cabinet_office()
    years = sorted({day.year for day in official})
    assert (years[0], years[-1], len(years)) == (1955, 2027, 73)
    ours = {day: name for year in years for day, name in national_holidays(year).items()}
    assert sorted(ours) == sorted(official)
    differ = {(official[day], ours[day]) for day in official if official[day] != ours[day]}
    # The office calls several kinds of day just 休日; the source says which of them it is.
    assert differ == {
        ("休日", "振替休日"),
        ("休日", "国民の休日"),
        ("休日（祝日扱い）", "天皇の即位の日"),
        ("休日（祝日扱い）", "即位礼正殿の儀が行われる日"),
        ("体育の日（スポーツの日）", "体育の日"),
    }


def test_worked_examples_of_b16():
    assert JAPAN.add_business_days(date(2027, 4, 30), 2) == date(2027, 5, 7)
    assert JAPAN.last_business_day(2026, 8) == date(2026, 8, 31)
    assert JAPAN.add_business_days(date(2027, 12, 28), 1) == date(2028, 1, 4)
    assert JAPAN.add_business_days(date(2027, 12, 28), 2) == date(2028, 1, 5)
    assert JAPAN.personal_data_final_report_due(date(2026, 11, 24)) == date(2026, 12, 23)
    assert personal_data_quick_report_window(date(2026, 11, 24)) == (date(2026, 11, 26), date(2026, 11, 28))


def test_citizens_holiday_and_substitute_holiday():
    assert holiday_name(date(2015, 9, 22)) == "国民の休日"
    assert holiday_name(date(2026, 5, 6)) == "振替休日"
    assert holiday_name(date(2026, 11, 24)) == ""
    assert JAPAN.holiday_name(date(2026, 11, 23)) == "勤労感謝の日"


def test_remaining_and_overdue_days_as_on_the_start_page():
    today = date(2026, 11, 23)  # a holiday
    assert JAPAN.business_days_between(today, date(2026, 11, 25)) == 2
    assert JAPAN.business_days_between(today, date(2026, 11, 27)) == 4
    assert JAPAN.business_days_between(today, today) == 0
    assert JAPAN.business_days_between(today, date(2026, 11, 20)) == 0  # nothing is late on a closed day
    assert JAPAN.business_days_between(date(2026, 11, 25), date(2026, 11, 20)) == -2


def test_zero_rolls_forward_and_month_end_rolls_backward():
    saturday = date(2026, 11, 21)
    assert JAPAN.add_business_days(saturday, 0) == date(2026, 11, 24)
    assert JAPAN.add_business_days(date(2026, 11, 24), 0) == date(2026, 11, 24)
    assert JAPAN.roll_backward(saturday) == date(2026, 11, 20)
    assert JAPAN.add_business_days(date(2026, 11, 24), -1) == date(2026, 11, 20)
    assert JAPAN.last_business_day(2026, 12) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        (JAPAN, date(2026, 12, 29), False),
        (BusinessCalendar(year_end=False), date(2026, 12, 29), True),
        (BusinessCalendar(year_end=False), date(2027, 1, 1), False),
        (JAPAN, date(2026, 8, 14), True),
        (BusinessCalendar(obon=True), date(2026, 8, 14), False),
        (BusinessCalendar(closed=frozenset({date(2026, 11, 24)})), date(2026, 11, 24), False),
        (BusinessCalendar(opened=frozenset({date(2026, 11, 22)})), date(2026, 11, 22), True),
        (
            BusinessCalendar(closed=frozenset({date(2026, 11, 24)}), opened=frozenset({date(2026, 11, 24)})),
            date(2026, 11, 24),
            True,
        ),
        (BusinessCalendar(weekend=frozenset({6})), date(2026, 11, 21), True),
    ],
)
def test_settings_of_a_house(calendar: BusinessCalendar, day: date, works: bool):
    assert calendar.is_business_day(day) is works


def test_a_house_that_never_opens_is_refused():
    with pytest.raises(ValueError, match="no business day"):
        BusinessCalendar(weekend=frozenset(range(7)))


def test_equinox_beyond_the_gazette_is_marked():
    assert not is_expected(date(2027, 3, 22))
    assert is_expected(date(2028, 3, 20))
    assert not is_expected(date(2028, 3, 21))
    assert not is_expected(date(2028, 5, 3))


def test_months_are_clamped():
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2026, 12, 15), 13) == date(2028, 1, 15)


def test_first_report_by_calendar_and_by_business_minutes():
    friday = datetime(2026, 11, 20, 17, 30)
    hours = (time(9), time(18))
    assert JAPAN.first_report_due(friday) == datetime(2026, 11, 20, 18, 30)
    assert JAPAN.first_report_due(friday, 60, hours) == datetime(2026, 11, 24, 9, 30)
    assert JAPAN.first_report_due(datetime(2026, 11, 21, 3, 0), 60, hours) == datetime(2026, 11, 24, 10, 0)
    assert JAPAN.first_report_due(datetime(2026, 11, 24, 7, 0), 60, hours) == datetime(2026, 11, 24, 10, 0)
    assert JAPAN.first_report_due(friday, 30, hours) == datetime(2026, 11, 20, 18, 0)


@pytest.mark.parametrize(
    ("now", "hours", "ago"),
    [
        ("2026-11-24 12:00", 2, "2026-11-24 10:00"),
        ("2026-11-24 10:00", 2, "2026-11-20 17:00"),  # a weekend and a holiday lie between
        ("2026-11-24 07:00", 2, "2026-11-20 16:00"),
        ("2026-11-24 23:00", 2, "2026-11-24 16:00"),
        ("2026-11-22 12:00", 9, "2026-11-20 09:00"),
        ("2026-11-22 12:00", 10, "2026-11-19 17:00"),
    ],
)
def test_business_time_is_counted_back(now, hours, ago):
    told = JAPAN.business_time_ago(datetime.fromisoformat(now), timedelta(hours=hours), (time(9), time(18)))
    assert told == datetime.fromisoformat(ago)


@given(DAYS, st.integers(9 * 60 + 1, 18 * 60), st.integers(1, 3000))
def test_counting_back_undoes_counting_on(day: date, minute: int, span: int):
    hours = (time(9), time(18))
    now = datetime.combine(JAPAN.roll_forward(day), time()) + timedelta(minutes=minute)
    assert JAPAN.first_report_due(JAPAN.business_time_ago(now, timedelta(minutes=span), hours), span, hours) == now


def test_hours_that_end_before_they_begin_are_refused():
    with pytest.raises(ValueError):
        JAPAN.business_time_ago(datetime(2026, 11, 24), timedelta(hours=2), (time(18), time(9)))


@given(DAYS, st.integers(-40, 40))
def test_adding_days_equals_counting_one_by_one(day: date, n: int):
    expected, left = day, abs(n)
    step = timedelta(days=1 if n >= 0 else -1)
    while left or (n == 0 and not JAPAN.is_business_day(expected)):
        expected += step
        left -= n != 0 and JAPAN.is_business_day(expected)
    assert JAPAN.add_business_days(day, n) == expected


@given(DAYS, st.integers(0, 400))
def test_counting_equals_counting_one_by_one(day: date, span: int):
    last = day + timedelta(days=span)
    naive = sum(JAPAN.is_business_day(day + timedelta(days=n)) for n in range(span + 1))
    assert JAPAN.count_business_days(day, last) == naive
    assert JAPAN.business_days_between(day, last) == -JAPAN.business_days_between(last, day)
    assert JAPAN.count_business_days(last + timedelta(days=1), day) == 0


@given(DAYS, st.integers(1, 60))
def test_distance_undoes_adding(day: date, n: int):
    assert JAPAN.business_days_between(day, JAPAN.add_business_days(day, n)) == n


def test_ladders_for_ten_thousand_rows_take_no_time():
    JAPAN.add_business_days(date(2026, 11, 24), 1)
    with within(2):
        for row in range(10_000):
            due = date(2026, 1, 1) + timedelta(days=row % 365)
            for step in (-7, -3, -1, 0, 1, 3, 5, 7):
                JAPAN.add_business_days(due, step)
