"""Reads a date, a time, a number or a reference as somebody types it into a field, and says why when it cannot.

Where `whens` reads files without a clock, here a person sits before the field: they may leave the year out, and they
can be asked. What could be read in two ways is asked back, never guessed. Plain Python; words for the reader are
chosen by the caller from `Unread.code`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from tools.plain import whens
from tools.plain.cleantext import clean

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)
"""A year outside of these is a slip of the keys, and sums with it would leave the calendar."""

LONGEST = 100  # characters; no date that somebody types is longer
NEAR_YEARS = 5
CLEARLY_NEARER = 92  # days

CODES = {
    "empty", "no_day", "no_such_day", "no_such_year", "far", "which_year", "which_order",
    "no_time", "no_such_time", "which_twelve", "no_number", "no_reference", "which_reference", "no_minutes", "which_unit",
}  # fmt: skip


class Unread(ValueError):
    """What was typed is not a value. `code` is one of CODES and never changes once it is out."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


_KANJI = {letter: number for number, letter in enumerate("〇一二三四五六七八九")} | {"零": 0}
_KANJI_NUMBER = re.compile(r"[〇零一二三四五六七八九十]+(?=年|月|日|時|分|秒)")
_NEAR = {
    "今日": 0, "本日": 0, "きょう": 0, "today": 0, "昨日": -1, "きのう": -1, "yesterday": -1, "一昨日": -2, "おととい": -2,
    "明日": 1, "あした": 1, "あす": 1, "tomorrow": 1, "明後日": 2, "あさって": 2,
}  # fmt: skip
_NEAR_WORD = re.compile("|".join(sorted(_NEAR, key=len, reverse=True)), re.IGNORECASE)
_ERA = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令](?=[\d元])|[MTSHR](?=\s*[\d元]))\s*(?P<y>\d{1,4}|元)"
    r"(?:年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})日?|\s*(?P<sep>[./-])\s*(?P<m2>\d{1,2})\s*(?P=sep)\s*(?P<d2>\d{1,2}))",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"(?P<y>\d{4,6})(?:年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})日?"
    r"|\s*(?P<sep>[./-])\s*(?P<m2>\d{1,2})\s*(?P=sep)\s*(?P<d2>\d{1,2}))(?!\d)"
)
_SHORT = re.compile(r"'?(?P<y>\d{1,2})(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?![\d./-])")
_SHORT_YEAR = re.compile(r"'?(?P<y>\d{2})年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})日?(?!\d)")
_NO_YEAR = re.compile(r"(?P<m>\d{1,2})(?:月\s*(?P<d>\d{1,2})日?|/(?P<d2>\d{1,2}))(?![\d/])")
_DIGITS_ONLY = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?!\d)")
_WEEKDAY = re.compile(r"^\s*(?:\((?:月|火|水|木|金|土|日)(?:曜日?)?\)|(?:月|火|水|木|金|土|日)曜日?)")
_HALF_OF_TWELVE = re.compile(r"(?:午前|午後)\s*12\s*(?:時|:)")
_ABOUT = re.compile(r"\s*(?:頃|ごろ|ころ|くらい|ぐらい)$")
_LOOKS_LIKE_TIME = re.compile(r"(?:午前|午後)?\s*\d{1,2}\s*(?::|時|[ap]\.?m)|T\d", re.IGNORECASE)
_STROKES = str.maketrans({"‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "ー": "-", "。": "."})


def plain(words: str) -> str:
    """What was typed in narrow letters: full-width digits, strokes of every length, numbers in kanji before 年月日時分秒.

    >>> plain("令和八年　三月十五日")
    '令和8年 3月15日'
    """
    text = unicodedata.normalize("NFKC", clean(words[: 4 * LONGEST], lines=False)).translate(_STROKES)
    text = re.sub(r"\s+", " ", text).strip()
    return _KANJI_NUMBER.sub(lambda found: _in_digits(found[0]), text)


def _in_digits(kanji: str) -> str:
    tens, ten, ones = kanji.partition("十")
    if not ten:
        return "".join(str(_KANJI[letter]) for letter in kanji)
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return kanji
    return str((_KANJI[tens] if tens else 1) * 10 + (_KANJI[ones] if ones else 0))


def read_day(words: str, *, today: date) -> date:
    """A day, in the year that somebody surely means when they leave it out.

    Raises:
        Unread: `empty`, `no_day`, `no_such_day` (2月30日), `no_such_year` (平成40年), `far`, `which_year`, `which_order`.

    >>> read_day("令和７年３月５日", today=date(2026, 11, 24))
    datetime.date(2025, 3, 5)
    >>> read_day("1/15", today=date(2026, 11, 24))
    datetime.date(2027, 1, 15)
    """
    text = _checked_length(plain(words))
    day, rest = _day_and_rest(text, today)
    # A browser without a picker may send the time along; a field for days has no use for 00:00.
    if rest and not re.fullmatch(r"[T ]?0{1,2}:00(?::00)?", rest):
        raise Unread("no_day")
    return day


def read_moment(words: str, *, today: date) -> datetime:
    """A day and a time, or a time of today. Naive unless an offset was written (…+09:00, Z).

    Hours go up to 29: 25:30 is 1:30 of the next day, as shops write it.

    Raises:
        Unread: what read_day raises, and `no_time`, `no_such_time`, `which_twelve` (午後12時 is said for noon and midnight).

    >>> read_moment("R8.3.5 午後3時20分", today=date(2026, 11, 24))
    datetime.datetime(2026, 3, 5, 15, 20)
    >>> read_moment("15時半", today=date(2026, 11, 24))
    datetime.datetime(2026, 11, 24, 15, 30)
    """
    text = _checked_length(plain(words))
    if _LOOKS_LIKE_TIME.match(text):
        day, rest = today, text
    else:
        day, rest = _day_and_rest(text, today)
    if _HALF_OF_TWELVE.search(rest):
        raise Unread("which_twelve")
    read = whens.read(f"{day.isoformat()} {_ABOUT.sub('', rest.removeprefix('T').lstrip())}", "UTC")
    if read.at is None or read.precision is whens.Precision.DAY:
        raise Unread("no_such_time" if _LOOKS_LIKE_TIME.match(rest) else "no_time")
    _refuse_far(read.at.date())
    return read.at.replace(tzinfo=None) if read.at.tzinfo is whens.zone("UTC") else read.at


def read_time(words: str) -> time:
    """A time of the day: 15:20, 午後3時20分, 15時半, 3 pm. Raises Unread `empty` or `no_such_time`."""
    some_day = date(2000, 1, 1)
    try:
        moment = read_moment(words, today=some_day)
    except Unread as unread:
        raise Unread("empty" if unread.code == "empty" else "no_such_time") from None
    if moment.date() != some_day:
        raise Unread("no_such_time")
    return moment.time()


def read_number(words: str) -> int:
    """A whole number: １２, 1,200, 1、200, −3. Raises Unread `empty` or `no_number`."""
    text = plain(words).replace(" ", "")
    if not text:
        raise Unread("empty")
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,30}|[0-9]{1,3}(?:[,、][0-9]{3}){1,9})", text):
        raise Unread("no_number")
    return int(re.sub("[,、]", "", text))


_ABOUT_BEFORE = re.compile(r"^(?:約|およそ|だいたい|ほぼ)\s*")
_HOURS = re.compile(
    r"(?P<h>\d{1,5}(?:\.\d{1,3})?)\s*(?:時間|h(?:ours?|rs?)?\.?)(?:\s*(?P<m>\d{1,2})\s*(?:分|m(?:in(?:ute)?s?)?\.?)?間?|(?P<half>半))?",
    re.IGNORECASE | re.ASCII,
)
_MINUTES = re.compile(
    r"(?P<m>\d{1,6}|\d{1,3}(?:[,、]\d{3})+)\s*(?:分間?|m(?:in(?:ute)?s?)?\.?)?", re.IGNORECASE | re.ASCII
)
_COLON = re.compile(r"(?P<h>\d{1,5}):(?P<m>\d{2})", re.ASCII)


def read_minutes(words: str) -> int:
    """How long something took, in whole minutes: 90, 90分, 1時間30分, 1時間半, 半時間, 1.5h, 1:30, in digits of either width.

    Raises:
        Unread: `empty`, `no_minutes`, `which_unit` (1.5 alone: of hours or of minutes?).

    >>> read_minutes("１時間３０分")
    90
    >>> read_minutes("約1.5h")
    90
    """
    text = _ABOUT.sub("", _ABOUT_BEFORE.sub("", plain(words))).strip()
    if not text:
        raise Unread("empty")
    if text in {"半時間", "half an hour"}:
        return 30
    if re.fullmatch(r"\d{1,6}\.\d{1,6}", text):
        raise Unread("which_unit")
    if found := _MINUTES.fullmatch(text):
        return int(re.sub("[,、]", "", found["m"]))
    found = _HOURS.fullmatch(text) or _COLON.fullmatch(text)
    rest = int(found["m"] or 0) if found else 0
    if found is None or rest > 59 or ("." in found["h"] and rest):
        raise Unread("no_minutes")
    half = 30 if "half" in found.groupdict() and found["half"] else 0
    return round(float(found["h"]) * 60) + rest + half


def read_reference(words: str) -> str:
    """The one incident that is named: K-12, k－１２, K12, 12, 「K-12 見積書…」 or the address of its page.

    Raises Unread `empty`, `no_reference` or `which_reference` (two different ones).

    >>> read_reference("https://ushiro.example.jp/incidents/K-12/?page=2#timeline")
    'K-12'
    """
    text = plain(words[:2000])
    if not text:
        raise Unread("empty")
    if found := re.search(r"/incidents/K-([1-9][0-9]{0,8})(?:[/?#]|$)", text, re.IGNORECASE):
        return f"K-{found[1]}"
    if re.fullmatch(r"[1-9][0-9]{0,8}", text):
        return f"K-{text}"
    named = set(re.findall(r"(?<![a-z0-9])K ?-? ?([1-9][0-9]{0,8})(?![0-9])", text, re.IGNORECASE))
    if len(named) != 1:
        raise Unread("which_reference" if named else "no_reference")
    return f"K-{named.pop()}"


def _checked_length(text: str) -> str:
    if not text:
        raise Unread("empty")
    if len(text) > LONGEST:
        raise Unread("no_day")
    return text


def _day_and_rest(text: str, today: date) -> tuple[date, str]:
    """The day at the beginning, and what stands behind it and its weekday."""
    if found := _NEAR_WORD.match(text):
        day = today + timedelta(days=_NEAR[found[0].lower()])
    elif found := _ERA.match(text):
        day = _of_era(found)
    elif found := _FULL.match(text):
        day = _day(int(found["y"]), found["m"] or found["m2"], found["d"] or found["d2"])
    elif found := _SHORT.match(text):
        day = _of_short_year(found, today)
    elif found := _SHORT_YEAR.match(text):
        day = _day(_near_year(int(found["y"]), today), found["m"], found["d"])
    elif found := _NO_YEAR.match(text):
        day = _without_year(found, today)
    elif found := _DIGITS_ONLY.match(text):
        day = _day(int(found["y"]), found["m"], found["d"])
    else:
        return _in_other_words(text)
    rest = _WEEKDAY.sub("", text[found.end() :]).strip()
    return _refuse_far(day), rest.removeprefix(",").removeprefix("の").strip()


def _in_other_words(text: str) -> tuple[date, str]:
    """`24 Nov 2026`, `Nov 24, 2026 15:20`, `24/11/2026`: as files have them. `5/1/2026` can be two days."""
    found = whens.read(text, "UTC")
    if found.at is None:
        ordered = [whens.read(text, "UTC", order).at for order in (whens.Order.DAY_FIRST, whens.Order.MONTH_FIRST)]
        raise Unread("which_order" if any(ordered) else "no_day")
    day = _refuse_far(found.at.date())
    if found.precision is whens.Precision.DAY:
        return day, ""
    said_where = found.at.tzinfo is not whens.zone("UTC")
    return day, (found.at.timetz() if said_where else found.at.time()).isoformat()


def _day(year: int, month: str, day: str) -> date:
    if year > 9999:
        raise Unread("far")
    try:
        return date(year, int(month), int(day))
    except ValueError:
        raise Unread("far" if year == 0 else "no_such_day") from None


def _of_era(found: re.Match[str]) -> date:
    letter = found["era"].upper()
    name = next(name for name, sign in zip(whens.ERAS, "MTSHR", strict=True) if letter in {name, name[0], sign})
    first, last = whens.ERAS[name]
    nth = 1 if found["y"] == "元" else int(found["y"])
    if not nth or first.year + nth - 1 > last.year:
        raise Unread("far" if last == date.max and nth else "no_such_year")
    day = _day(first.year + nth - 1, found["m"] or found["m2"], found["d"] or found["d2"])
    if not first <= day <= last:
        raise Unread("no_such_year")  # 令和元年4月30日 was still 平成
    return day


def _near_year(two_digits: int, today: date) -> int:
    year = 2000 + two_digits
    if abs(year - today.year) > NEAR_YEARS:
        raise Unread("which_year")
    return year


def _of_short_year(found: re.Match[str], today: date) -> date:
    """26.3.5: only where neither the year of an era (8.3.5) nor a year at the end (5.3.26) could be meant as well."""
    year, last = _near_year(int(found["y"]), today), int(found["d"])
    era_year = whens.ERAS["令和"][0].year - 1 + int(found["y"])
    if abs(era_year - today.year) <= NEAR_YEARS or abs(2000 + last - today.year) <= NEAR_YEARS:
        raise Unread("which_year")
    return _day(year, found["m"], found["d"])


def _without_year(found: re.Match[str], today: date) -> date:
    """3月5日: the nearest one. More than a quarter of a year away it could be either: then the year is asked for."""
    month, day = found["m"], found["d"] or found["d2"]
    near = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(_day(year, month, day))
        except Unread:
            continue
    if not near:
        _day(2024, month, day)  # 2月29日 is a day, though not of these years
        raise Unread("which_year")
    near.sort(key=lambda one: abs(one - today))
    if len(near) > 1 and abs(near[0] - today).days > CLEARLY_NEARER:
        raise Unread("which_year")
    return near[0]


def _refuse_far(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Unread("far")
    return day
