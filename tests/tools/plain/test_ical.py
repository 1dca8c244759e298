"""What is written is read back by another program: the icalendar package, and for the zones dateutil's own reader."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical

from tests.shared import shared
from tools.plain.cleantext import clean
from tools.plain.ical import CANCELLED, KEPT, Due, DueCalendar

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
ONE = Due(
    uid="7f0c",
    title="K-12 対策の期限",
    note="くわしくは、開いてください。",
    url="https://ushiro.example.jp/incidents/K-12/#measure-3",
    due=date(2026, 12, 11),
    version=2,
    made_at=NOW,
    changed_at=NOW + timedelta(hours=1),
)


def calendar(*dues: Due, zone: str = "Asia/Tokyo") -> DueCalendar:
    return DueCalendar("うしろ", "-//Ushiro//Ushiro//JA", ZoneInfo(zone), timedelta(hours=1), dues)


def read(made: DueCalendar) -> icalendar.Calendar:
    found = icalendar.Calendar.from_ical(made.as_bytes())
    assert found.errors == [] and all(part.errors == [] for part in found.walk())
    return found


def the(made: DueCalendar, kind: str) -> icalendar.Component:
    (found,) = read(made).walk(kind)
    return found


def values(part: icalendar.Component) -> dict[str, object]:
    return {name: part.decoded(name) for name in part if name not in {"SUMMARY", "DESCRIPTION", "UID", "URL"}}


def test_a_day_is_an_event_of_the_whole_day_and_a_task():
    event, task = the(calendar(ONE), "VEVENT"), the(calendar(ONE), "VTODO")
    common = {
        "DTSTAMP": ONE.changed_at,
        "CREATED": NOW,
        "LAST-MODIFIED": ONE.changed_at,
        "SEQUENCE": 2,
        "CLASS": "PRIVATE",
    }
    assert values(event) == common | {
        "DTSTART": date(2026, 12, 11),
        "DTEND": date(2026, 12, 12),
        "TRANSP": "TRANSPARENT",
        "STATUS": "CONFIRMED",
    }
    assert values(task) == common | {"DUE": date(2026, 12, 11), "STATUS": "NEEDS-ACTION"}
    for part in (event, task):
        assert (str(part["SUMMARY"]), str(part["URL"])) == (ONE.title, ONE.url)
        assert str(part["DESCRIPTION"]) == f"{ONE.note}\n{ONE.url}"
    assert (str(event["UID"]), str(task["UID"])) == ("7f0c-event", "7f0c-todo")


def test_frame_says_what_it_is_and_when_to_look_again():
    found = read(calendar(ONE))
    assert {name: str(found[name]) for name in ("VERSION", "PRODID", "CALSCALE", "NAME", "X-WR-CALNAME")} == {
        "VERSION": "2.0",
        "PRODID": "-//Ushiro//Ushiro//JA",
        "CALSCALE": "GREGORIAN",
        "NAME": "うしろ",
        "X-WR-CALNAME": "うしろ",
    }
    text = calendar(ONE).as_bytes()
    assert b"\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text
    assert b"\r\nX-PUBLISHED-TTL:PT1H\r\n" in text
    assert b"METHOD" not in text


@pytest.mark.parametrize(
    ("state", "event", "task"), [(KEPT, "CANCELLED", "COMPLETED"), (CANCELLED, "CANCELLED", "CANCELLED")]
)
def test_what_is_over_leaves_the_calendar_and_the_list(state, event, task):
    made = calendar(replace(ONE, state=state, closed_at=NOW + timedelta(hours=2)))
    assert (str(the(made, "VEVENT")["STATUS"]), str(the(made, "VTODO")["STATUS"])) == (event, task)
    assert the(made, "VTODO").decoded("COMPLETED", None) == (NOW + timedelta(hours=2) if state == KEPT else None)


def test_what_somebody_stands_in_for_is_no_task_of_theirs():
    assert [part.name for part in read(calendar(replace(ONE, is_task=False))).walk()[1:] if part.name[:2] != "ST"] == [
        "VTIMEZONE",
        "VEVENT",
    ]


def test_a_calendar_without_dates_is_still_one():
    """RFC 5545 3.6: at least one part."""
    assert [part.name for part in read(calendar()).subcomponents] == ["VTIMEZONE"]


# Lines ----------------------------------------------------------------------------------------


def naughty() -> list[str]:
    own = [
        "件名\r\nBEGIN:VEVENT\r\nSUMMARY:にせ",
        "a\\nb; c, d: e\\",
        "\x00\x07\x1b[31m",
        "\ud800 半分",
        "‮gpj.exe",
        "葛󠄀城市 👩‍💻 ｶﾀｶﾅ 髙橋",
        "線" * 5000,
        '"quoted" ^n',
        "\u2028\u2029\x85",
    ]
    return [*own, *json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))]


def test_naughty_strings_are_read_back_as_they_are_shown_elsewhere():
    strings = [text for text in naughty() if clean(text).strip()]
    found = read(calendar(*(replace(ONE, uid=str(n), title=text, note=text) for n, text in enumerate(strings))))
    events = {str(part["UID"]): part for part in found.walk("VEVENT")}
    assert len(events) == len(strings) > 400
    for number, text in enumerate(strings):
        event = events[f"{number}-event"]
        assert str(event["SUMMARY"]) == clean(text)
        assert str(event["DESCRIPTION"]) == f"{clean(text)}\n{ONE.url}"
    names = {name for part in found.walk("VEVENT") for name in part}
    assert names == {*values(the(calendar(ONE), "VEVENT")), "SUMMARY", "DESCRIPTION", "UID", "URL"}


def test_lines_are_folded_at_75_octets_and_between_characters():
    text = calendar(*(replace(ONE, title=text, note=text) for text in naughty())).as_bytes()
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert text.count(b"\n") == text.count(b"\r") == text.count(b"\r\n")
    lines = text.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() is not None for line in lines)  # no character is cut in two


# Zones ----------------------------------------------------------------------------------------


ZONES = ["Asia/Tokyo", "America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe", "America/Sao_Paulo"]
# Every 17 minutes of the days around each change of the clocks in 2026 and 2027, somewhere in the world.
MOMENTS = [
    begin + timedelta(minutes=17 * step)
    for begin in (
        datetime(2026, 3, 7, 20, tzinfo=UTC),
        datetime(2026, 3, 28, 20, tzinfo=UTC),
        datetime(2026, 4, 4, 10, tzinfo=UTC),
        datetime(2026, 10, 3, 10, tzinfo=UTC),
        datetime(2026, 10, 24, 20, tzinfo=UTC),
        datetime(2026, 10, 31, 20, tzinfo=UTC),
        datetime(2027, 3, 13, 20, tzinfo=UTC),
        datetime(2026, 12, 31, 10, tzinfo=UTC),
    )
    for step in range(110)
]


def said(text: bytes) -> dict[str, tuple[str, str]]:
    """Of each event the zone that its start names, "" for UTC, and the time as it is written: read without a package."""
    found, uid, start = {}, "", ("", "")
    for line in text.decode().replace("\r\n ", "").split("\r\n"):
        name, _colon, value = line.partition(":")
        if name.partition(";")[0] == "DTSTART":
            start = (name.partition("TZID=")[2], value)
        elif name == "UID":
            uid = value
        elif line == "END:VEVENT":
            found[uid] = start
    return found


def comes_twice(at: datetime, zone: str) -> bool:
    """Whether the wall shows the same at another instant as well."""

    def wall(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)

    return any(wall(at + timedelta(minutes=apart)) == wall(at) for apart in (-60, -30, 30, 60))


@pytest.mark.parametrize("zone", ZONES)
def test_a_minute_is_the_same_instant_for_who_reads_the_zone_from_the_file(zone):
    dues = [replace(ONE, uid=str(n), due=at, is_task=False) for n, at in enumerate(MOMENTS)]
    text = calendar(*dues, zone=zone).as_bytes()
    theirs = tzical(io.StringIO(text.decode().replace("\r\n", "\n"))).get(zone)
    starts = said(text)
    for due in dues:
        named, written = starts[f"{due.uid}-event"]
        if named:
            wall = datetime.strptime(written, "%Y%m%dT%H%M%S").replace(tzinfo=theirs)
            assert wall.astimezone(UTC) == due.due, (zone, due.due)
        else:
            assert datetime.strptime(written, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) == due.due
    in_utc = {uid for uid, (named, _written) in starts.items() if not named}
    assert in_utc == {f"{due.uid}-event" for due in dues if comes_twice(due.due, zone)}
    assert {named for named, _written in starts.values()} - {""} == {zone}


@pytest.mark.parametrize("zone", [*ZONES, "UTC", "Asia/Kathmandu", "Pacific/Apia"])
def test_a_minute_is_the_same_instant_for_the_package(zone):
    dues = [replace(ONE, uid=str(n), due=at) for n, at in enumerate(MOMENTS)]
    found = read(calendar(*dues, zone=zone))
    by_uid = {str(part["UID"]): part for part in found.walk() if "UID" in part}
    for due in dues:
        assert by_uid[f"{due.uid}-event"].decoded("DTSTART").astimezone(UTC) == due.due
        assert by_uid[f"{due.uid}-todo"].decoded("DUE").astimezone(UTC) == due.due
        assert by_uid[f"{due.uid}-event"].decoded("DURATION") == timedelta(minutes=15)


@pytest.mark.parametrize(
    "due",
    [
        datetime.max.replace(tzinfo=UTC) - timedelta(days=2),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2400, 6, 1, tzinfo=UTC),
        date.max,
        date.min,
    ],
)
def test_what_lies_far_away_costs_nothing(due):
    made = calendar(ONE, replace(ONE, uid="far", due=due), replace(ONE, uid="near", due=NOW), zone="Europe/Berlin")
    by_uid = {str(part["UID"]): part for part in read(made).walk("VEVENT")}
    written = due.replace(microsecond=0) if isinstance(due, datetime) else due
    assert by_uid["far-event"].decoded("DTSTART") == written
    assert by_uid["near-event"].decoded("DTSTART").astimezone(UTC) == NOW
    assert len(made.as_bytes()) < 10_000


# The mark -------------------------------------------------------------------------------------


def test_same_content_has_the_same_mark_and_the_same_bytes():
    assert calendar(ONE).mark == calendar(replace(ONE)).mark
    assert calendar(ONE).as_bytes() == calendar(replace(ONE)).as_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"due": date(2026, 12, 12)},
        {"version": 3},
        {"title": "K-12 効果確認"},
        {"changed_at": NOW},
        {"state": KEPT},
        {"is_task": False},
        {"url": "https://other.example.jp/"},
    ],
)
def test_each_change_has_another_mark(change):
    assert calendar(replace(ONE, **change)).mark != calendar(ONE).mark


def test_order_and_zone_belong_to_the_mark():
    assert calendar(ONE, zone="Europe/Berlin").mark != calendar(ONE).mark
    assert calendar(ONE, ONE).mark != calendar(ONE).mark
