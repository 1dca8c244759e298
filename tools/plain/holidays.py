"""Business days in Japan (B-7 and B-16 of the domain requirements). Plain dates; no clock, no database.

National holidays come from the `holidays` package (Japan, 1949 to 2099, substitute holidays and citizens'
holidays included); the tests compare it with the Cabinet Office's own list for 1955 to 2027. All dates are
calendar dates in Japan; who asks "is today …" turns an instant into a date in Asia/Tokyo first.

Speed: the business days of one year are worked out once per calendar and kept, so that every question is
a set look-up or a binary search. A ladder for thousands of rows costs milliseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays as _source

FIRST_YEAR, LAST_YEAR = 1949, 2099
"""Years the source knows. Outside them only weekends and the calendar's own days count."""

GAZETTED_UNTIL = 2027
"""Last year whose equinox days the cabinet has published; later ones are calculated (見込み)."""


@lru_cache(maxsize=256)
def national_holidays(year: int) -> dict[date, str]:
    """Names of the national holidays of one year, in Japanese. Empty outside FIRST_YEAR..LAST_YEAR."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return {}
    return dict(_source.country_holidays("JP", years=year, language="ja"))


def holiday_name(day: date) -> str:
    """The national holiday's name in Japanese, such as 振替休日, or an empty string."""
    return national_holidays(day.year).get(day, "")


def is_expected(day: date) -> bool:
    """True for a holiday that hangs on an equinox not yet fixed by the gazette: to be shown with 見込み."""
    near_equinox = (day.month == 3 and 18 <= day.day <= 23) or (day.month == 9 and 20 <= day.day <= 25)
    return day.year > GAZETTED_UNTIL and near_equinox and bool(holiday_name(day))


def add_months(day: date, months: int) -> date:
    """The same day `months` later (negative: earlier), clamped to the month's end: 1/31 + 1 is 2/28 or 2/29."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def personal_data_quick_report_window(known: date) -> tuple[date, date]:
    """First and last day of the 速報 window (B-8): calendar days 3 and 5, the day of knowledge being day 1."""
    return known + timedelta(days=2), known + timedelta(days=4)


@dataclass(frozen=True)
class _Year:
    ordinals: tuple[int, ...]
    members: frozenset[int]


@dataclass(frozen=True)
class BusinessCalendar:
    """On which days a house works.

    Args:
        closed: own closing days, added to weekends and holidays.
        opened: days on which the house works in spite of everything else, `closed` included
            (a team may open a day which its organisation closed).
        year_end: 12/29 to 1/3 are closed (the custom; on by default).
        obon: 8/13 to 8/16 are closed (off by default).
        weekend: closed weekdays, Monday = 0. Not all seven.

    Raises:
        ValueError: when `weekend` leaves no day to work on.
    """

    closed: frozenset[date] = field(default_factory=frozenset)
    opened: frozenset[date] = field(default_factory=frozenset)
    year_end: bool = True
    obon: bool = False
    weekend: frozenset[int] = frozenset({5, 6})

    def __post_init__(self) -> None:
        if self.weekend >= frozenset(range(7)):
            raise ValueError("weekend covers all seven days; no business day is left")

    def is_business_day(self, day: date) -> bool:
        """Whether the house works on this day."""
        return day.toordinal() in _year(self, day.year).members

    def holiday_name(self, day: date) -> str:
        """The national holiday's name, or an empty string; says nothing about the house's own days."""
        return holiday_name(day)

    def add_business_days(self, day: date, n: int) -> date:
        """The n-th business day after `day` (before it when n is negative); the next business day counts as 1.

        `day` itself need not be a business day. n = 0 gives `day` if the house works then, else the next
        business day.

        Raises:
            OverflowError: when the answer would lie outside the calendar of `datetime`.
        """
        if n == 0:
            return self.roll_forward(day)
        year, at = day.year, day.toordinal()
        days = _year(self, year).ordinals
        index = bisect_right(days, at) + n - 1 if n > 0 else bisect_left(days, at) + n
        while index >= len(days):
            index -= len(days)
            year += 1
            days = _year(self, year).ordinals
        while index < 0:
            year -= 1
            days = _year(self, year).ordinals
            index += len(days)
        return date.fromordinal(days[index])

    def roll_forward(self, day: date) -> date:
        """`day`, or the first business day after it (翌営業日)."""
        return day if self.is_business_day(day) else self.add_business_days(day, 1)

    def roll_backward(self, day: date) -> date:
        """`day`, or the last business day before it (前営業日)."""
        return day if self.is_business_day(day) else self.add_business_days(day, -1)

    def last_business_day(self, year: int, month: int) -> date:
        """月末: the last business day of a month (of an earlier month if it has none)."""
        return self.roll_backward(date(year, month, monthrange(year, month)[1]))

    def count_business_days(self, first: date, last: date) -> int:
        """How many business days lie from `first` to `last`, both included; 0 when `last` is earlier."""
        if last < first:
            return 0
        low, high = first.toordinal(), last.toordinal()
        total = 0
        for year in range(first.year, last.year + 1):
            days = _year(self, year).ordinals
            total += bisect_right(days, high) - bisect_left(days, low)
        return total

    def business_days_between(self, a: date, b: date) -> int:
        """Signed distance from `a` to `b` in business days; `a` is not counted, `b` is.

        With a = today and b = the due date: 2 reads あと2営業日, −2 reads 2営業日超過. A closed day adds
        nothing, so nothing becomes later on a holiday.
        """
        if b >= a:
            return self.count_business_days(a, b) - self.is_business_day(a)
        return -(self.count_business_days(b, a) - self.is_business_day(b))

    def first_report_due(
        self, received: datetime, minutes: int = 60, business_hours: tuple[time, time] | None = None
    ) -> datetime:
        """When the first report is due (B-3).

        Args:
            received: when the trouble became known; local wall-clock time of the house.
            minutes: time allowed.
            business_hours: opening and closing time of each business day. None: calendar minutes.
                With hours, minutes run only while the house is open; the rest carries to the next opening.

        Raises:
            ValueError: when closing is not after opening, or `minutes` is negative.
        """
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        if business_hours is None:
            return received + timedelta(minutes=minutes)
        opening, closing = business_hours
        if closing <= opening:
            raise ValueError("closing time must be after opening time")
        rest, now = timedelta(minutes=minutes), received
        while True:
            day = now.date()
            if not self.is_business_day(day) or now.time() >= closing:
                now = datetime.combine(self.add_business_days(day, 1), opening, now.tzinfo)
                continue
            now = max(now, datetime.combine(day, opening, now.tzinfo))
            left = datetime.combine(day, closing, now.tzinfo) - now
            if rest <= left:
                return now + rest
            rest -= left
            now = datetime.combine(self.add_business_days(day, 1), opening, now.tzinfo)

    def business_time_ago(self, now: datetime, span: timedelta, business_hours: tuple[time, time]) -> datetime:
        """The moment since which the house has been open for just `span`, counted back from `now`.

        On a Monday at 10:00 with hours from 9 to 18, two hours ago is the last business day at 17:00.

        Args:
            now: local wall-clock time of the house.
            span: positive.
            business_hours: opening and closing time of each business day.

        Raises:
            ValueError: when closing is not after opening.
        """
        opening, closing = business_hours
        if closing <= opening:
            raise ValueError("closing time must be after opening time")
        rest, moment = span, now
        while True:
            day = moment.date()
            if self.is_business_day(day) and moment.time() > opening:
                opened, closed = (datetime.combine(day, at, moment.tzinfo) for at in (opening, closing))
                end = min(moment, closed)
                if rest <= end - opened:
                    return end - rest
                rest -= end - opened
            moment = datetime.combine(self.add_business_days(day, -1), closing, moment.tzinfo)

    def personal_data_final_report_due(self, known: date, days: int = 30) -> date:
        """Last day for the 確報 (B-8): day 30, or 60 with suspected malice, the day of knowledge being day 1.

        A closed day, 12/29 to 1/3 included, moves on to the next open day.
        """
        return self.roll_forward(known + timedelta(days=days - 1))

    def _works(self, day: date) -> bool:
        if day in self.opened:
            return True
        if day in self.closed or day.weekday() in self.weekend or day in national_holidays(day.year):
            return False
        if self.year_end and ((day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3)):
            return False
        return not (self.obon and day.month == 8 and 13 <= day.day <= 16)


@lru_cache(maxsize=1024)
def _year(calendar: BusinessCalendar, year: int) -> _Year:
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"year {year} is outside the calendar")
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = tuple(n for n in range(first, last + 1) if calendar._works(date.fromordinal(n)))
    return _Year(days, frozenset(days))
