"""The ladder on the Japanese calendar, worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.domain.ladder import LADDER, ladder, next_week, step_name
from tools.plain.holidays import BusinessCalendar

CALENDAR = BusinessCalendar()
OWNER, BACKUP, LEAD = "owner", "backup", "lead"


def days(due_on: date, today: date, calendar: BusinessCalendar = CALENDAR) -> dict[str, str]:
    """Step -> "month/day"."""
    return {step.name: f"{step.on.month}/{step.on.day}" for step in ladder(due_on, calendar, today=today)}


def test_step_names() -> None:
    assert [step_name(n) for n, _roles in LADDER] == ["d-7", "d-3", "d-1", "d0", "d+1", "d+3", "d+5", "d+7"]


def test_who_is_told() -> None:
    told = {step.name: step.roles for step in ladder(date(2026, 12, 11), CALENDAR, today=date(2026, 11, 2))}

    assert told == {
        "d-7": (OWNER,),
        "d-3": (OWNER,),
        "d-1": (OWNER,),
        "d0": (OWNER,),
        "d+1": (OWNER,),
        "d+3": (OWNER,),
        "d+5": (OWNER, BACKUP),
        "d+7": (OWNER, LEAD),
        "w1": (OWNER, LEAD),
    }


def test_golden_week() -> None:
    # 2026: closed are 4/29 Wed, 5/2 to 5/6 (Sat, Sun 憲法記念日, みどりの日, こどもの日, Wed 振替休日).
    assert days(date(2026, 5, 7), date(2026, 4, 1)) == {
        "d-7": "4/22",
        "d-3": "4/28",
        "d-1": "5/1",
        "d0": "5/7",
        "d+1": "5/8",
        "d+3": "5/12",
        "d+5": "5/14",
        "d+7": "5/18",
        "w1": "5/25",
    }


def test_year_end() -> None:
    # 12/29 to 1/3 are closed, and 1/11 is 成人の日.
    assert days(date(2026, 12, 28), date(2026, 12, 1)) == {
        "d-7": "12/17",
        "d-3": "12/23",
        "d-1": "12/25",
        "d0": "12/28",
        "d+1": "1/4",
        "d+3": "1/6",
        "d+5": "1/8",
        "d+7": "1/13",
        "w1": "1/20",
    }


def test_house_that_works_over_the_new_year() -> None:
    calendar = BusinessCalendar(year_end=False)
    steps = days(date(2026, 12, 28), date(2026, 12, 28), calendar)

    assert (steps["d0"], steps["d+1"], steps["d+3"]) == ("12/28", "12/29", "12/31")


@pytest.mark.parametrize("due_on", [date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)])
def test_due_on_a_closed_day_counts_as_the_next_open_one(due_on: date) -> None:
    # Saturday, Sunday, 勤労感謝の日, Tuesday.
    steps = days(due_on, date(2026, 11, 1))

    assert (steps["d-3"], steps["d-1"], steps["d0"], steps["d+1"]) == ("11/18", "11/20", "11/24", "11/25")


def test_own_closed_day_moves_the_steps() -> None:
    calendar = BusinessCalendar(closed=frozenset({date(2026, 12, 10)}))

    assert days(date(2026, 12, 11), date(2026, 12, 1), calendar)["d-1"] == "12/9"


@pytest.mark.parametrize(
    ("today", "names"),
    [
        (date(2026, 12, 2), ["d-7", "d-3", "d-1", "d0"]),
        (date(2026, 12, 3), ["d-3", "d-1", "d0"]),
        (date(2026, 12, 8), ["d-3", "d-1", "d0"]),
        (date(2026, 12, 9), ["d-1", "d0"]),
        (date(2026, 12, 11), ["d0"]),
    ],
)
def test_promised_late_lets_the_passed_steps_go(today: date, names: list[str]) -> None:
    coming = [step.name for step in ladder(date(2026, 12, 11), CALENDAR, today=today)]

    assert coming == [*names, "d+1", "d+3", "d+5", "d+7", "w1"]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        # 11/3 is 文化の日: d+1 11/4, d+3 11/6, d+5 11/10, d+7 11/12, w1 11/19, w2 11/27 (11/23 is closed).
        # Today is closed, and the next step falls on the next open day: that one is the nearest.
        (date(2026, 11, 3), {"d+1": "11/4", "d+3": "11/6", "d+5": "11/10", "d+7": "11/12", "w1": "11/19"}),
        (date(2026, 11, 5), {"d+1": "11/5", "d+3": "11/6", "d+5": "11/10", "d+7": "11/12", "w1": "11/19"}),
        (date(2026, 11, 11), {"d+5": "11/11", "d+7": "11/12", "w1": "11/19"}),
        (date(2026, 11, 12), {"d+7": "11/12", "w1": "11/19"}),
        (date(2026, 11, 14), {"d+7": "11/16", "w1": "11/19"}),
        (date(2026, 11, 24), {"w1": "11/24", "w2": "11/27"}),
    ],
)
def test_known_only_after_its_day_the_nearest_step_comes_at_once(today: date, expected: dict[str, str]) -> None:
    assert days(date(2026, 11, 2), today) == expected


def test_weekly_for_ever() -> None:
    due_on = date(2026, 11, 2)
    step, seen = ladder(due_on, CALENDAR, today=due_on)[-1], []
    for _ in range(60):
        seen.append(step)
        step = next_week(step.name, due_on, CALENDAR)

    assert [s.name for s in seen] == [f"w{n}" for n in range(1, 61)]
    assert [f"{s.on:%m-%d}" for s in seen[:8]] == [
        "11-19",
        "11-27",
        "12-04",
        "12-11",
        "12-18",
        "12-25",
        "01-07",
        "01-15",
    ]
    gaps = {CALENDAR.business_days_between(a.on, b.on) for a, b in zip(seen, seen[1:], strict=False)}
    assert gaps == {5}
    assert next_week("d+7", due_on, CALENDAR) is None


@settings(max_examples=300, deadline=None)
@given(
    due_on=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    offset=st.integers(-60, 900),
    obon=st.booleans(),
    closed=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=8),
)
def test_never_silent_never_on_a_closed_day(due_on: date, offset: int, obon: bool, closed: frozenset[date]) -> None:
    calendar = BusinessCalendar(closed=closed, obon=obon)
    today = due_on + timedelta(days=offset)
    steps = ladder(due_on, calendar, today=today)

    assert steps
    assert steps[-1].name.startswith("w")
    assert all(calendar.is_business_day(step.on) and step.on >= today for step in steps)
    on = [step.on for step in steps]
    assert on == sorted(set(on))
    assert len({step.name for step in steps}) == len(steps)
    # Somebody is told within a working week of any day after the due date.
    if today >= calendar.roll_forward(due_on):
        assert calendar.business_days_between(today, steps[0].on) <= 1
