"""Reads a pasted mail thread or chat line by line: when it was said and by whom, as far as the text itself tells.

Known shapes: `10:12 …`; `[2026/11/24 10:12] name: …`; `2026-11-24 10:12:33 …`; LINE (a day's heading, then
time, tab, name, tab, words); Slack and Teams (a line with name and time, then the words); Chatwork (name, day, time);
mail headers (Date:, 送信日時:, From:) and the line that opens a quotation; the lists and tables of a report, with the
time in bold, with day and time in cells of their own, behind its label, or a day alone. Words are never changed.

Every time is a guess to be confirmed by a person. Plain Python, no clock: the day comes from the text or the caller.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tools.plain.whens import Order, Precision, read

LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class ChatLine:
    """One line that is not empty.

    number: its place in the text, counted from 1, empty lines included. raw: the line as it stands there.
    words: what was said, cut out of `raw` unchanged; "" when the line holds only a time, a name or a day.
    who: the name beside the words or in the heading above; "" when none is told.
    at: aware, or None, also where only the day is told. at_text: how the text wrote it.
    heard: the time stands in a heading above, not here.
    """

    number: int
    raw: str
    words: str
    who: str = ""
    at: datetime | None = None
    at_text: str = ""
    heard: bool = False


# Blanks are counted everywhere: a line of thousands of them must not be walked through again and again.
_WEEKDAY_EN = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DAY = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}年\s{0,9}\d{1,2}月\s{0,9}\d{1,2}日|(?:令和|平成)\s{0,9}(?:\d{1,2}|元)年\s{0,9}\d{1,2}月\s{0,9}\d{1,2}日"
    r"|[RH]\d{1,2}[./]\d{1,2}[./]\d{1,2}|\d{1,2}月\s{0,9}\d{1,2}日|\d{1,2}(?:/\d{1,2}/|-\d{1,2}-|\.\d{1,2}\.)\d{4}(?!\d)|\d{1,2}/\d{1,2}(?![/\d])"
    rf"|(?:{_WEEKDAY_EN},?\s{{1,9}})?{_MONTH}\s{{1,9}}\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?\s{{1,9}}\d{{4}})?"
    rf"|(?:{_WEEKDAY_EN},?\s{{1,9}})?\d{{1,2}}\s{{1,9}}{_MONTH}(?:\s{{1,9}}\d{{4}})?)"
)
_WEEKDAY = r"(?:\s{0,9}[(（]?[月火水木金土日](?:曜日?)?[)）]?)?"
_TIME = r"(?:(?:午前|午後)\s{0,9})?\d{1,2}(?::\d{2}(?::\d{2})?|時(?:\s{0,9}\d{1,2}分|半)?)(?:\s{0,9}[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?:\s{0,9}(?:[+-]\d{4}|GMT|UTC|JST|PST|PDT|EST|EDT|CET|CEST))?"
_NAME = r"[^\s:：\[\]<>][^:：\[\]<>\t]{0,38}?"
_STAMP = rf"(?P<day>{_DAY}){_WEEKDAY}[,:\s]{{0,9}}(?:at\s{{1,9}})?(?P<time>{_TIME}{_ZONE})"
_BOLD = r"(?:\*\*|__|`)?"

_ONLY_DAY = re.compile(rf"^[-ー―=＝\s]{{0,40}}(?P<day>{_DAY}){_WEEKDAY}[-ー―=＝\s]{{0,40}}$", re.IGNORECASE)
_MAIL_DATE = re.compile(
    r"^(?:>\s{0,3}){0,20}(?:Date|Sent|送信日時|日時|日付)\s{0,9}[:：]\s{0,9}(?P<stamp>.+)$", re.IGNORECASE
)
_MAIL_FROM = re.compile(r"^(?:>\s{0,3}){0,20}(?:From|差出人|送信者)\s{0,9}[:：]\s{0,9}(?P<who>.+)$", re.IGNORECASE)
_MAIL_REST = re.compile(
    r"^(?:>\s{0,3}){0,20}(?:To|Cc|Bcc|Subject|Reply-To|宛先|件名|添付ファイル)\s{0,9}[:：]\s{0,9}(?P<rest>.*)$",
    re.IGNORECASE,
)
_QUOTES = (
    re.compile(
        rf"^(?:>\s{{0,3}}){{0,20}}(?:On\s{{1,9}})?(?:{_WEEKDAY_EN},?\s{{1,9}})?{_STAMP},?\s{{1,9}}(?P<who>[^<>]{{1,60}}?)\s{{0,9}}(?:<[^<>]*>)?\s{{0,9}}(?:wrote)?\s{{0,9}}[:：]$",
        re.IGNORECASE,
    ),
)
_HEADINGS = (
    # Teams and Chatwork: [2026/11/24 10:12] name (the words stand below)
    re.compile(rf"^[\[［]{_STAMP}[\]］]\s{{0,9}}(?P<who>{_NAME})\s{{0,9}}$", re.IGNORECASE),
    # Chatwork, Teams: name  2026年11月24日 10:12
    re.compile(rf"^(?P<who>{_NAME})\s{{1,9}}{_STAMP}\s{{0,9}}$", re.IGNORECASE),
    # Slack: name  10:12, name [10:12 AM]
    re.compile(rf"^(?P<who>{_NAME})\s{{1,9}}[\[［]?(?P<time>{_TIME})[\]］]?\s{{0,9}}$", re.IGNORECASE),
)
_BULLET = r"(?:>\s{0,3}){0,9}(?:(?:[-*・•●○◎■□◆◇▶★☆※]|\d{1,2}[.)](?=\s))\s{0,3})?"
_BETWEEN = rf"(?:\s{{0,9}}(?:頃|ごろ|ころ))?\s{{0,9}}[-–—:：、]?{_BOLD}\s{{0,9}}[-–—:：、]?\s{{0,9}}"
_CELL = r"(?P<words>.*[^|\s])[|\s]*"
_LINES = (
    # | 2026-11-24 10:12 | words | (a table of a report); | Sun | Oct 31 | 21:33 | words |; | 10:12 | words |
    re.compile(rf"^\|\s{{0,9}}{_BOLD}{_STAMP}{_BOLD}\s{{0,40}}\|\s{{0,9}}{_CELL}$", re.IGNORECASE),
    re.compile(
        rf"^\|\s{{0,9}}(?:{_WEEKDAY_EN}\s{{0,40}}\|\s{{0,9}})?(?P<day>{_DAY}){_WEEKDAY}\s{{0,40}}\|\s{{0,9}}"
        rf"(?P<time>{_TIME}{_ZONE})\s{{0,40}}\|\s{{0,9}}{_CELL}$",
        re.IGNORECASE,
    ),
    re.compile(rf"^\|\s{{0,9}}{_BOLD}(?P<time>{_TIME}{_ZONE}){_BOLD}\s{{0,40}}\|\s{{0,9}}{_CELL}$", re.IGNORECASE),
    # [2026/11/24 10:12] name: words
    re.compile(rf"^[\[［]{_STAMP}[\]］]\s{{0,9}}(?:(?P<who>{_NAME})[:：]\s{{0,9}})?(?P<words>.+)$", re.IGNORECASE),
    # [10:12] name: words
    re.compile(
        rf"^[\[［](?P<time>{_TIME})[\]］]\s{{0,9}}(?:(?P<who>{_NAME})[:：]\s{{0,9}})?(?P<words>.+)$", re.IGNORECASE
    ),
    # 10:12<tab>name<tab>words (LINE)
    re.compile(rf"^(?P<time>{_TIME})\t(?P<who>[^\t]{{1,40}})\t(?P<words>.+)$", re.IGNORECASE),
    # 2026-11-24 10:12 words; 11/24 10:12 words; 10/20/2022 - 15:38 UTC - words
    re.compile(rf"^{_BULLET}{_BOLD}{_STAMP}(?!:?\d){_BOLD}{_BETWEEN}(?P<words>.+)$", re.IGNORECASE),
    re.compile(
        rf"^{_BULLET}{_BOLD}(?P<day>{_DAY}){_WEEKDAY}\s{{1,9}}[-–—]\s{{1,9}}(?P<time>{_TIME}{_ZONE})(?!:?\d)"
        rf"{_BOLD}{_BETWEEN}(?P<words>.+)$",
        re.IGNORECASE,
    ),
    # 10:12 words; - **10:45** - words; * 10:45 UTC: words
    re.compile(
        rf"^{_BULLET}{_BOLD}(?P<time>{_TIME}{_ZONE})(?!:?\d){_BOLD}{_BETWEEN}(?P<words>.+)$",
        re.IGNORECASE,
    ),
    # First noticed: 2026-11-24 10:12
    re.compile(
        rf"^{_BULLET}{_BOLD}(?P<words>[^|:：\d][^|:：]{{0,60}}?)\s{{0,9}}[:：]?{_BOLD}[:：\s]\s{{0,9}}{_STAMP}$",
        re.IGNORECASE,
    ),
)
# A day without a time: | 2021-12-10 | words |; | 2020-12-21 HH:mm | words |; 09/21/2022 - words
_DAYS = (
    re.compile(
        rf"^\|\s{{0,9}}(?P<day>{_DAY}){_WEEKDAY}(?:\s{{1,9}}[^|\d]{{1,9}}|\s{{1,9}}\d{{1,2}}:[?？-]{{2}})?"
        rf"\s{{0,40}}\|\s{{0,9}}{_CELL}$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{_BULLET}{_BOLD}(?P<day>{_DAY}){_WEEKDAY}{_BOLD}\s{{0,9}}(?:[:：](?!\d)\s{{0,9}}|\s[-–—]\s{{1,9}})(?P<words>.+)$",
        re.IGNORECASE,
    ),
)
_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)")


def chat_lines(text: str, *, zone: str, on: date | None = None) -> list[ChatLine]:
    """The lines of `text` that are not empty, each with what the text tells of its time and speaker.

    zone: IANA name for times written without one. on: the day that times alone belong to until the text names one,
    and whose year days without a year take. Without it a time alone is told by its words, and `at` stays None.
    """
    reader = _Reader(zone, on, _order(text))
    return [
        reader.take(number, raw) for number, raw in enumerate(LINE_END.split(text), start=1) if raw.strip("\ufeff \t　")
    ]


def _order(text: str) -> Order:
    """What `5/1/2026` means in this text: told by its dates that can be read in one way, when they agree."""
    told = {
        Order.DAY_FIRST if int(first) > 12 else Order.MONTH_FIRST
        for first, _mark, second in _NUMBERS.findall(text)
        if (int(first) > 12) != (int(second) > 12)
    }
    return told.pop() if len(told) == 1 else Order.UNKNOWN


def _folded(line: str) -> str:
    """Full-width letters and digits as plain ones, each character in its place."""
    plain = unicodedata.normalize("NFKC", line)
    if len(plain) == len(line):
        return plain
    each = ((char, unicodedata.normalize("NFKC", char)) for char in line)
    return "".join(folded if len(folded) == 1 else char for char, folded in each)


class _Reader:
    """What was read so far: the day, and the heading under which words stand."""

    def __init__(self, zone: str, on: date | None, order: Order = Order.UNKNOWN):
        self.zone, self.on, self.day, self.order = zone, on, on, order
        self.last: datetime | None = None
        self.who, self.at, self.at_text = "", None, ""

    def take(self, number: int, raw: str) -> ChatLine:
        line = raw.strip("\ufeff \t　\x0b\x0c")
        if len(line) > 2000:  # nobody's heading is that long, and patterns should not walk through it
            return self._plain(number, raw, line)
        plain = _folded(line)  # for reading only
        return (
            self._day_alone(number, raw, plain)
            or self._mail(number, raw, plain)
            or self._heading(number, raw, plain)
            or self._line(number, raw, line, plain)
            or self._on_day(number, raw, line, plain)
            or self._plain(number, raw, line)
        )

    def _day_alone(self, number: int, raw: str, plain: str) -> ChatLine | None:
        found = _ONLY_DAY.match(plain)
        day = self._day_of(found["day"]) if found else None
        if day is None:
            return None
        self.day, self.last = day, None
        self.who, self.at, self.at_text = "", None, ""
        return ChatLine(number, raw, "", at_text=found["day"])

    def _mail(self, number: int, raw: str, plain: str) -> ChatLine | None:
        if found := _MAIL_FROM.match(plain):
            self.who = re.sub(r"\s*[<\[(].*$", "", found["who"]).strip("\"' ")[:40]
            return ChatLine(number, raw, "", who=self.who)
        if found := _MAIL_DATE.match(plain):
            at = self._stamp(found["stamp"])
            if at is None:
                return None
            self.at, self.at_text, self.day = at, found["stamp"].strip(), at.date()
            return ChatLine(number, raw, "", self.who, at, self.at_text)
        if found := _MAIL_REST.match(plain):
            return ChatLine(number, raw, "", self.who, self.at, self.at_text, heard=self.at is not None)
        for pattern in _QUOTES:
            if found := pattern.match(plain):
                return self._under(number, raw, found)
        return None

    def _heading(self, number: int, raw: str, plain: str) -> ChatLine | None:
        for pattern in _HEADINGS:
            found = pattern.match(plain)
            if found and _is_name(found["who"]):
                return self._under(number, raw, found)
        return None

    def _under(self, number: int, raw: str, found: re.Match[str]) -> ChatLine | None:
        at, at_text = self._moment(found)
        if at is None and self.on is not None:
            return None
        self.who, self.at, self.at_text = found["who"].strip(), at, at_text
        return ChatLine(number, raw, "", self.who, at, at_text)

    def _line(self, number: int, raw: str, line: str, plain: str) -> ChatLine | None:
        for pattern in _LINES:
            found = pattern.match(plain)
            if not found:
                continue
            at, at_text = self._moment(found)
            if at is None and self.on is not None:
                continue
            who = (found.groupdict().get("who") or "").strip()
            if not _is_name(who):
                who = ""
            start = found.start("words") if who or not found.groupdict().get("who") else found.start("who")
            self.who, self.at, self.at_text = who, at, at_text
            return ChatLine(number, raw, line[start : found.end("words")], who, at, at_text)
        return None

    def _on_day(self, number: int, raw: str, line: str, plain: str) -> ChatLine | None:
        for pattern in _DAYS:
            found = pattern.match(plain)
            day = self._day_of(found["day"]) if found else None
            if day is None:
                continue
            self.day, self.last = day, None
            self.who, self.at, self.at_text = "", None, ""
            return ChatLine(number, raw, line[found.start("words") : found.end("words")], at_text=found["day"])
        return None

    def _plain(self, number: int, raw: str, line: str) -> ChatLine:
        """Words without a time of their own: they belong to what was read last."""
        return ChatLine(number, raw, line, self.who, self.at, self.at_text, heard=self.at is not None)

    def _moment(self, found: re.Match[str]) -> tuple[datetime | None, str]:
        parts = found.groupdict()
        at_text = " ".join(part for part in (parts.get("day"), parts["time"]) if part)
        if parts.get("day"):
            day = self._day_of(parts["day"])
            if day is None:
                return None, at_text
            at = self._time(parts["time"], day)
            if at is not None:
                self.day, self.last = day, at
            return at, at_text
        if self.day is None:
            return None, at_text
        at = self._time(parts["time"], self.day)
        if at is not None and self.last is not None and self.last - at > timedelta(hours=12):
            self.day += timedelta(days=1)  # a talk that goes on after midnight
            at = self._time(parts["time"], self.day)
        self.last = at or self.last
        return at, at_text

    def _time(self, words: str, day: date) -> datetime | None:
        return read(words, self.zone, on=day).at

    def _stamp(self, words: str) -> datetime | None:
        words = words.strip()
        whole = read(words, self.zone)
        if whole.at is not None and whole.precision != Precision.DAY:
            return whole.at
        found = re.match(rf"^{_STAMP}", words, re.IGNORECASE)
        if not found:
            return None
        day = self._day_of(found["day"])
        return self._time(found["time"], day) if day else None

    def _day_of(self, words: str) -> date | None:
        """A day as written; without a year the one nearest before the caller's day, with a month's grace after it."""
        whole = read(words, self.zone, self.order)
        if whole.at is not None:
            return whole.at.date()
        if self.on is None:
            return None
        for year in (self.on.year, self.on.year - 1):
            day = _in_year(words, year)
            if day is not None and day <= self.on + timedelta(days=31):
                return day
        return None


_MONTH_DAY = re.compile(r"^(?P<m>\d{1,2})\s*(?:月|/)\s*(?P<d>\d{1,2})日?$")


def _in_year(words: str, year: int) -> date | None:
    words = re.sub(r"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+", "", words, flags=re.IGNORECASE)
    if found := _MONTH_DAY.match(words.strip()):
        try:
            return date(year, int(found["m"]), int(found["d"]))
        except ValueError:
            return None
    whole = read(f"{words}, {year}" if words[:1].isalpha() else f"{words} {year}", "UTC")
    return whole.at.date() if whole.at else None


def _is_name(words: str) -> bool:
    """Whether this can be somebody's name: not a sentence, not a number, not an address of the web."""
    words = words.strip()
    if not words or re.search(r"[。、！？!?「」]|https?$|\d{3}", words):
        return False
    return not re.search(r"(?:した|ました|です|ます|から|まで|とき|ころ|頃|時点|は|を|に|が)$", words)
