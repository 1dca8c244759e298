"""Reads dates and times as people and programs write them, and never guesses in silence.

What is not certain (`5/1/2026` without a known order, an era year that never was, 未定) gives no instant at all;
the caller keeps the words. Plain Python, no clock: nothing here knows what day it is.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Precision(StrEnum):
    """How fine the words were. A date without a time stands at 00:00 of its zone and says DAY."""

    NONE = "none"
    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


class Order(StrEnum):
    """Which number comes first in `5/1/2026`. UNKNOWN takes only dates that can be read in one way."""

    UNKNOWN = "unknown"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class When(NamedTuple):
    """An aware instant (None: not readable) and how fine it was written."""

    at: datetime | None
    precision: Precision


UNKNOWN = When(None, Precision.NONE)

ERAS: dict[str, tuple[date, date]] = {
    "明治": (date(1868, 10, 23), date(1912, 7, 29)),
    "大正": (date(1912, 7, 30), date(1926, 12, 24)),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (date(2019, 5, 1), date.max),
}
"""First and last day of each era. A date outside its era (平成32年) is not read."""

_ERA_LETTERS = {"M": "明治", "T": "大正", "S": "昭和", "H": "平成", "R": "令和"}

OFFSETS: dict[str, int] = {
    "Z": 0, "UTC": 0, "GMT": 0, "JST": 540, "PST": -480, "PDT": -420, "EST": -300, "EDT": -240,
    "CET": 60, "CEST": 120,
}  # fmt: skip
"""Zone letters with one meaning only, in minutes east of UTC. CST, IST and BST have several: not read."""

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_MONTH = r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
        r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})",
        r"(?P<y>\d{4})年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})日",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?!\d)",
        r"(?P<era>明治|大正|昭和|平成|令和)\s*(?P<ey>\d{1,2}|元)年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})日",
        r"(?P<era>[MTSHR])(?P<ey>\d{1,2}|元)(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})",
        r"(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4})(?!\d)",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -]{_MONTH}[ ,-]\s*(?P<y>\d{{4}})",
        rf"{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})",
    )
)
_TIME = re.compile(
    r"(?P<half1>午前|午後)?\s*(?P<h>\d{1,2})(?:"
    r":(?P<i>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"|時(?:\s*(?P<ji>\d{1,2})分(?:\s*(?P<js>\d{1,2})秒)?|(?P<jh>半))?"
    r"|(?=\s*[ap]m\b))"
    r"\s*(?P<half2>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<h>\d{2}):?(?P<m>\d{2})$|(?P<name>[A-Za-z]{1,4})$")
_WEEKDAY = re.compile(
    r"\(?(?:月|火|水|木|金|土|日)(?:曜日?)?\)|^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", re.IGNORECASE
)
_NO_TIME = re.compile(r"[\sT]*-{1,2}:-{1,2}$|\s+不明$|\s+unknown$", re.IGNORECASE)
_RFC = re.compile(r"^[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$")


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """A zone by its IANA name (Asia/Tokyo) or an unmistakable abbreviation (UTC, JST).

    Raises:
        ValueError: for a name that is neither.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    if name.upper() in OFFSETS:
        return timezone(timedelta(minutes=OFFSETS[name.upper()]))
    raise ValueError(f"unknown time zone {name!r}")


@lru_cache(maxsize=8192)
def read(words: str, zone_name: str, order: Order = Order.UNKNOWN, on: date | None = None) -> When:
    """Reads one date or date-time.

    Understood: ISO 8601 and its looser relatives, `29/2/2016 01:16` by `order`, 2026年11月20日, 令和8年11月20日,
    R8.11.20, full-width digits, 午後3:05, 12:45 PM, hours up to 29 (25:30 is 1:30 of the next day), offsets and
    the abbreviations in OFFSETS, `2019-12-03 --:--` (a date only), `29 February 2024`, `January 29, 2024`, RFC 5322.

    Args:
        words: the text; None is not allowed, blank gives UNKNOWN.
        zone_name: zone of times written without one, an IANA name.
        order: what `5/1/2026` means here.
        on: date for a time standing alone (`10:45`); None: a time alone is not read.

    Returns:
        The instant in the zone it was written in, and its precision; UNKNOWN when the words are not certain.
        A local time that the clocks repeat is taken as the first of the two; one they skip, as if they had not.

    Raises:
        ValueError: for an unknown `zone_name` (a mistake of the caller, not of the text).
    """
    here = zone(zone_name)
    text = unicodedata.normalize("NFKC", words).strip()
    if not text or len(text) > 100:
        return UNKNOWN
    if _RFC.match(text):
        try:
            return When(parsedate_to_datetime(text), Precision.SECOND)
        except ValueError:
            return UNKNOWN
    text = _WEEKDAY.sub("", text)
    day, rest = _date(text, order)
    if day is None:
        if on is None or rest:
            return UNKNOWN
        day, rest = on, text
        if not _TIME.match(rest):
            return UNKNOWN
    rest = _NO_TIME.sub("", rest)
    rest = re.sub(r"^(?:\s*,|:(?=\s)|[Tt](?=\d)|\s+at(?=\s))", "", rest).strip()
    try:
        if not rest:
            return _checked(datetime.combine(day, time(), here), Precision.DAY)
        return _with_time(day, rest, here)
    except (ValueError, OverflowError):
        return UNKNOWN


def _date(text: str, order: Order) -> tuple[date | None, str]:
    """The date at the beginning and what stands behind it; (None, text) when a date is there but impossible."""
    for pattern in _DATES:
        found = pattern.match(text)
        if not found:
            continue
        parts = found.groupdict()
        rest = text[found.end() :]
        try:
            day = _day(parts, order)
        except ValueError:
            day = None
        if day is None or (rest[:1].isdigit()):
            return None, text
        return day, rest
    return None, ""


def _day(parts: dict[str, str | None], order: Order) -> date | None:
    if parts.get("era"):
        era = str(parts["era"])
        first, last = ERAS[_ERA_LETTERS.get(era.upper(), era)]
        nth = 1 if parts["ey"] == "元" else int(str(parts["ey"]))
        day = date(first.year + nth - 1, int(str(parts["m"])), int(str(parts["d"])))
        return day if nth and first <= day <= last else None
    year = int(str(parts["y"]))
    if parts.get("mon"):
        return date(year, _MONTHS[str(parts["mon"])[:3].lower()], int(str(parts["d"])))
    if parts.get("a"):
        a, b = int(str(parts["a"])), int(str(parts["b"]))
        if order is Order.DAY_FIRST:
            return date(year, b, a)
        if order is Order.MONTH_FIRST:
            return date(year, a, b)
        if a == b:
            return date(year, a, b)
        if a > 12:
            return date(year, b, a)
        return date(year, a, b) if b > 12 else None
    return date(year, int(str(parts["m"])), int(str(parts["d"])))


def _with_time(day: date, rest: str, here: tzinfo) -> When:
    found = _TIME.match(rest)
    if not found:
        return UNKNOWN
    parts = found.groupdict()
    hour = int(parts["h"])
    minute = 30 if parts["jh"] else int(parts["i"] or parts["ji"] or 0)
    second = int(parts["s"] or parts["js"] or 0)
    micro = int((parts["f"] or "").ljust(6, "0")[:6])
    half = (parts["half1"] or parts["half2"] or "").lower().replace(".", "")
    if parts["half1"] and parts["half2"]:
        return UNKNOWN
    if half:
        if hour > 12 or (hour == 0 and half in {"am", "pm"}):
            return UNKNOWN
        hour = hour % 12 + (12 if half in {"pm", "午後"} else 0)
    if hour > 29 or minute > 59 or second > 60:
        return UNKNOWN
    where = here
    tail = rest[found.end() :].strip()
    if tail:
        offset = _OFFSET.match(tail)
        if not offset:
            return UNKNOWN
        if offset["name"]:
            if offset["name"].upper() not in OFFSETS:
                return UNKNOWN
            minutes = OFFSETS[offset["name"].upper()]
        else:
            minutes = (int(offset["h"]) * 60 + int(offset["m"])) * (-1 if offset["sign"] == "-" else 1)
        where = UTC if minutes == 0 else timezone(timedelta(minutes=minutes))
    at = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute, min(second, 59), micro), where)
    return _checked(at, Precision.SECOND if parts["s"] or parts["js"] else Precision.MINUTE)


def _checked(at: datetime, precision: Precision) -> When:
    at.astimezone(UTC)  # year 1 and year 9999 may have no UTC; OverflowError becomes UNKNOWN
    return When(at, precision)
