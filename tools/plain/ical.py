"""A list of due dates as an iCalendar file (RFC 5545), for programs that show somebody's calendar.

Each date stands there twice: as an event, which every calendar shows, and as a to-do, for the programs that have a list
of tasks. Plain Python; escaping, folding and the order of lines are the icalendar package's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, Timezone, TimezoneDaylight, TimezoneStandard, Todo

from tools.plain.cleantext import clean

OPEN, KEPT, CANCELLED = "open", "kept", "cancelled"
# Part of the mark: raise it when the same dates are written in another way, so that nobody keeps the old text.
FORM = 1
# A minute has no length, but programs that are told none draw an hour (khal) or nothing.
MINUTE_SHOWN = timedelta(minutes=15)
# A zone is told for so many years from the first promise of a minute on; before 1971 zones were another matter.
MOST_YEARS, EARLIEST = 10, 1971


@dataclass(frozen=True)
class Due:
    """One date that somebody has promised.

    uid: the same for ever, whatever is moved or renamed. due: a day, or an aware instant for a promise of a minute.
    version: counts up with each new date. state: OPEN, KEPT or CANCELLED. closed_at: aware, when it is not open.
    is_task: somebody is to do it themselves, so that it stands among their to-dos as well.
    """

    uid: str
    title: str
    note: str
    url: str
    due: date | datetime
    version: int
    made_at: datetime
    changed_at: datetime
    state: str = OPEN
    closed_at: datetime | None = None
    is_task: bool = True


@dataclass(frozen=True)
class DueCalendar:
    """Dates under one name, on the wall of one zone. read_again: how long a program may wait until it looks again."""

    name: str
    maker: str
    zone: ZoneInfo
    read_again: timedelta
    dues: tuple[Due, ...]

    @property
    def mark(self) -> str:
        """The same for the same content and another for any other, without writing the file: what an ETag needs."""
        return hashlib.sha256(repr((FORM, self)).encode()).hexdigest()

    def as_bytes(self) -> bytes:
        """The file: CRLF, lines of at most 75 octets, UTF-8. The same bytes for the same dates.

        There is no METHOD: what is no message between two calendars has none, and DTSTAMP then says when an entry last
        changed (RFC 5545 3.8.7.2), which keeps the bytes the same from one reading to the next.
        """
        calendar = Calendar()
        calendar.add("prodid", clean(self.maker))
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        for name in ("name", "x-wr-calname"):  # RFC 7986, and what came before it
            calendar.add(name, clean(self.name))
        calendar.add("refresh-interval", self.read_again, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", calendar["refresh-interval"].to_ical().decode())  # Outlook's older word for it
        wall = Wall.of(self.zone, [one.due for one in self.dues if isinstance(one.due, datetime)])
        # It stands there even when nothing refers to it: a file without any part is none (RFC 5545 3.6).
        calendar.add_component(wall.as_part())
        for one in self.dues:
            calendar.add_component(_event(one, wall))
            if one.is_task:
                calendar.add_component(_task(one, wall))
        return calendar.to_ical()


def _common(part: Component, one: Due, kind: str) -> None:
    part.add("uid", f"{one.uid}-{kind}")
    part.add("dtstamp", one.changed_at.astimezone(UTC))
    part.add("created", one.made_at.astimezone(UTC))
    part.add("last-modified", one.changed_at.astimezone(UTC))
    part.add("sequence", one.version)
    part.add("summary", clean(one.title))
    part.add("description", clean(f"{one.note}\n{one.url}" if one.note else one.url))
    part.add("url", one.url)
    part.add("class", "PRIVATE")


def _event(one: Due, wall: Wall) -> Event:
    """An event takes nobody's time: it is a date, not an appointment. What is over leaves the calendar."""
    event, due = Event(), wall.says(one.due)
    _common(event, one, "event")
    event.add("dtstart", due)
    if isinstance(due, datetime):
        event.add("duration", MINUTE_SHOWN)
    elif due < date.max:
        event.add("dtend", due + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("status", "CONFIRMED" if one.state == OPEN else "CANCELLED")
    return event


def _task(one: Due, wall: Wall) -> Todo:
    task = Todo()
    _common(task, one, "todo")
    task.add("due", wall.says(one.due))
    if one.state == KEPT:
        task.add("status", "COMPLETED")
        task.add("percent-complete", 100)
        task.add("completed", (one.closed_at or one.changed_at).astimezone(UTC))
    else:
        task.add("status", "NEEDS-ACTION" if one.state == OPEN else "CANCELLED")
    return task


# The zone -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """The clocks of a zone go from one offset to another. `at`: aware, in UTC."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool


@lru_cache(maxsize=64)
def changes(key: str, first: int, last: int) -> tuple[Change, ...]:
    """Each change of the zone's clocks from the beginning of a year to the end of another, to the second.

    >>> [(str(one.at)[:16], one.name) for one in changes("Europe/Berlin", 2026, 2026)]
    [('2026-03-29 01:00', 'CEST'), ('2026-10-25 01:00', 'CET')]
    >>> changes("Asia/Tokyo", 2026, 2030)
    ()
    """
    zone, found = ZoneInfo(key), []
    here = datetime(first, 1, 1, tzinfo=UTC)
    while here.year <= last:
        there = here + timedelta(days=1)
        if _offset(here, zone) != _offset(there, zone):
            before, after = here, there  # the change lies behind the one and not behind the other
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) // 2
                middle = middle.replace(microsecond=0)
                before, after = (middle, after) if _offset(middle, zone) == _offset(here, zone) else (before, middle)
            local = after.astimezone(zone)
            found.append(
                Change(after, _offset(here, zone), _offset(after, zone), local.tzname() or "", bool(local.dst()))
            )
        here = there
    return tuple(found)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


@dataclass(frozen=True)
class Wall:
    """The clock on somebody's wall, told for the years from one to another."""

    zone: ZoneInfo
    first: int
    last: int

    @classmethod
    def of(cls, zone: ZoneInfo, moments: list[datetime]) -> Wall:
        """For these aware instants. What lies many years away costs no long table; it is said in UTC."""
        years = [year for at in moments if (year := at.astimezone(UTC).year) >= EARLIEST] or [EARLIEST]
        return cls(zone, min(years), min(max(years), min(years) + MOST_YEARS))

    def says(self, due: date | datetime) -> date | datetime:
        """A day as it is; an instant on the wall, or in UTC where the wall would not say which.

        In the hour that comes twice when the clocks go back, a local time means the first one (RFC 5545 3.3.5); khal
        takes it for the second one all the same.
        """
        if not isinstance(due, datetime):
            return due
        exact = due.astimezone(UTC).replace(microsecond=0)
        if self.zone.key == "UTC" or not self.first <= exact.year <= self.last:
            return exact
        local = exact.astimezone(self.zone)
        comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return exact if comes_twice else local

    def as_part(self) -> Timezone:
        """The zone's clocks for these years.

        Written here and not by the package: icalendar 7.3 begins summer time at the time that the wall shows after the
        change (03:00), where RFC 5545 3.6.5 wants the one before it (02:00), and is an hour late by that.
        """
        part = Timezone()
        part.add("tzid", self.zone.key)
        begin = datetime(self.first - 1, 1, 1, tzinfo=UTC)
        local, offset = begin.astimezone(self.zone), _offset(begin, self.zone)
        start = Change(begin, offset, offset, local.tzname() or "", bool(local.dst()))
        for one in (start, *changes(self.zone.key, self.first - 1, self.last + 1)):
            rule = TimezoneDaylight() if one.summer else TimezoneStandard()
            rule.add("dtstart", (one.at + one.before).replace(tzinfo=None))
            rule.add("tzoffsetfrom", one.before)
            rule.add("tzoffsetto", one.after)
            rule.add("tzname", one.name)
            part.add_component(rule)
        return part
