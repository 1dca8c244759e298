"""A day as people say it: 「11月25日（水）」, "Wed 25 Nov". Plain Python, so that page, mail and report agree."""

from __future__ import annotations

from datetime import date

WEEKDAYS_JA = "月火水木金土日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def long_day(day: date, language: str, *, today: date | None = None) -> str:
    """Day and weekday; the year stands with it when it is not the year of `today`.

    >>> long_day(date(2026, 11, 25), "ja", today=date(2026, 11, 23))
    '11月25日（水）'
    >>> long_day(date(2027, 1, 4), "en", today=date(2026, 11, 23))
    'Mon 4 Jan 2027'
    """
    other_year = today is not None and day.year != today.year
    if language == "ja":
        year = f"{day.year}年" if other_year else ""
        return f"{year}{day.month}月{day.day}日（{WEEKDAYS_JA[day.weekday()]}）"
    year = f" {day.year}" if other_year else ""
    return f"{WEEKDAYS_EN[day.weekday()]} {day.day} {MONTHS_EN[day.month - 1]}{year}"


def short_day(day: date, language: str, *, today: date | None = None) -> str:
    """For lists, where the column is narrow.

    >>> short_day(date(2026, 11, 5), "ja", today=date(2026, 11, 23))
    '11/5（木）'
    """
    if language != "ja":
        return long_day(day, language, today=today)
    year = f"{day.year}/" if today is not None and day.year != today.year else ""
    return f"{year}{day.month}/{day.day}（{WEEKDAYS_JA[day.weekday()]}）"
