"""静かな時間: at night and on closed days only what cannot wait comes, and of one promise once (U3, B-15)."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from incidents.domain import auditor, countermeasure, letter, person, reminder, reply
from incidents.domain import incident as incidents
from incidents.domain import promise as promises
from incidents.enums import Channel, LetterKind, LetterState
from incidents.models import AuditEntry, Letter, ReminderDelivery
from tests.conftest import TOKYO, at

FRIDAY = date(2026, 12, 11)


def told_at(kind: str = "moment") -> list[tuple[str, str]]:
    """(who, when) of each letter of a minute, in the order in which they were written."""
    letters = Letter.objects.filter(kind=kind).order_by("pk").select_related("recipient")
    return [
        (one.recipient.email.partition("@")[0], f"{one.created_at.astimezone(TOKYO):%m/%d %H:%M}") for one in letters
    ]


def go_through(clock, begin: str, end: str) -> None:
    """Ring every five minutes from one moment to another."""
    clock.to(begin)
    while clock.now < at(end):
        reminder.write_due_moments()
        clock.forward(minutes=5)


def ask_for_help(measure, by) -> Letter:
    reply.ask_help(measure.follow_up, by=by, mark="m", words="手が足りません。")
    return Letter.objects.get(kind=LetterKind.HELP)


# Letters that somebody else's act has written --------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "comes"),
    [
        ("2026-12-08 14:00", "2026-12-08 14:00"),
        ("2026-12-08 18:59", "2026-12-08 18:59"),
        ("2026-12-08 19:00", "2026-12-09 08:00"),
        ("2026-12-09 03:00", "2026-12-09 08:00"),
        ("2026-12-11 21:00", "2026-12-14 08:00"),
        ("2026-12-12 12:00", "2026-12-14 08:00"),
        ("2026-12-28 20:00", "2027-01-04 08:00"),
    ],
)
def test_a_letter_of_somebodys_act_waits_for_the_morning(clock, story, bob, moment, comes):
    measure = story.promised(due_on=FRIDAY)
    clock.to(moment)
    one = ask_for_help(measure, bob)
    assert one.next_try_at == at(comes)
    clock.to(comes)
    clock.forward(minutes=-1) if moment != comes else None
    assert (letter.claim(one.pk) is None) == (moment != comes)
    clock.to(comes)
    if moment != comes:
        assert letter.claim(one.pk) == one


def test_without_quiet_hours_it_comes_at_once(clock, story, bob, alice):
    person.set_preferences(alice, by=alice, quiet_from=None)
    measure = story.promised(due_on=FRIDAY)
    clock.to("2026-12-12 23:00")
    assert ask_for_help(measure, bob).next_try_at == clock.now


def test_the_hours_are_those_of_the_wall_of_who_gets_it(clock, story, bob, alice):
    person.set_preferences(alice, by=alice, time_zone="Europe/Berlin", quiet_from=22, quiet_until=7)
    measure = story.promised(due_on=FRIDAY)
    clock.to("2026-12-09 11:00")  # 03:00 in Berlin
    assert ask_for_help(measure, bob).next_try_at == at("2026-12-09 15:00")


def test_what_has_changed_over_night_is_not_sent_in_the_morning(clock, story, bob, alice):
    measure = story.promised(due_on=FRIDAY)
    clock.to("2026-12-08 20:00")
    one = ask_for_help(measure, bob)
    clock.to("2026-12-08 21:00")
    countermeasure.complete(measure, by=bob, note="できました")
    clock.to("2026-12-09 08:00")
    claimed = letter.claim(one.pk)
    assert not reminder.still_wanted(claimed)
    one.refresh_from_db()
    assert one.state == LetterState.CANCELLED


# The letter of the day -------------------------------------------------------------------------


def test_what_comes_due_in_the_evening_is_told_in_the_morning(clock, story, bob):
    clock.to("2026-12-10 19:30")
    story.promised(due_on=FRIDAY)  # d-1 is today; nobody has had a letter today
    assert reminder.write_due_digests() == []
    clock.to("2026-12-11 08:59")
    assert reminder.write_due_digests() == []
    clock.to("2026-12-11 09:00")
    assert Letter.objects.filter(pk__in=reminder.write_due_digests()).get().recipient == bob
    assert list(auditor.audit()) == []


def test_a_day_of_downtime_ends_in_the_evening_and_nobody_is_woken(clock, story, bob):
    story.promised(due_on=FRIDAY)
    clock.to("2026-12-08 23:10")  # nothing has run since before nine: d-3 has not been told
    assert reminder.write_due_digests() == []
    clock.to("2026-12-09 09:00")
    one = Letter.objects.get(pk__in=reminder.write_due_digests())
    assert one.recipient == bob
    assert list(auditor.audit()) == []


def test_a_day_of_downtime_ends_in_the_afternoon_and_the_letter_comes_at_once(clock, story, bob):
    story.promised(due_on=FRIDAY)
    clock.to("2026-12-08 15:00")
    assert Letter.objects.get(pk__in=reminder.write_due_digests()).recipient == bob


def test_the_letter_that_one_asks_for_comes_at_any_hour(clock, story, bob):
    story.promised(due_on=FRIDAY)
    clock.to("2026-12-09 23:00")
    assert reminder.write_digest(bob, asked_for=True).next_try_at == clock.now


# The clock of the first report -----------------------------------------------------------------


@pytest.mark.parametrize("severity", ["S1", "S3"])
def test_a_first_report_at_night_is_told_to_each_once_and_again_in_the_morning(clock, alice, bob, team, severity):
    clock.to("2026-11-24 22:00")
    why = {"severity_reason": "1,000人を超える"} if severity == "S1" else {}
    made = incidents.report(
        by=bob, team=team, title="夜の誤送信", noticed_at=clock.now, who_waits="青空物産さま", severity=severity, **why
    )
    go_through(clock, "2026-11-24 22:00", "2026-11-25 08:05")
    # 22:30 to the owner, 22:45 to the lead because nobody stands in; the owner's later steps, and what follows the time, wait for eight.
    assert told_at() == [
        ("bob", "11/24 22:30"),
        ("alice", "11/24 22:45"),
        ("bob", "11/25 08:00"),
        ("alice", "11/25 08:00"),
    ]
    assert list(auditor.audit()) == []
    incidents.record_first_report(made, by=bob, channel=Channel.PHONE, reported_at=clock.now)
    assert not ReminderDelivery.objects.filter(state="pending", follow_up__kind="first_report").exists()


def test_by_day_each_step_is_told_to_the_owner(clock, bob, team):
    incidents.report(by=bob, team=team, title="昼の誤送信", noticed_at=clock.now, who_waits="青空物産さま")
    go_through(clock, "2026-11-24 09:30", "2026-11-24 10:35")
    assert [when for who, when in told_at() if who == "bob"] == ["11/24 10:00", "11/24 10:15", "11/24 10:30"]


def test_two_promises_of_one_night_are_told_once_each(clock, bob, team):
    clock.to("2026-11-24 20:00")
    for title in ("ひとつ目", "ふたつ目"):
        incidents.report(by=bob, team=team, title=title, noticed_at=clock.now, who_waits="青空物産さま")
    go_through(clock, "2026-11-24 20:00", "2026-11-25 07:00")
    assert [when for who, when in told_at() if who == "bob"] == ["11/24 20:30", "11/24 20:30"]


def test_after_the_time_each_is_left_in_peace_by_their_own_hours(clock, alice, bob, team):
    person.set_preferences(bob, by=bob, quiet_from=18, quiet_until=9)
    person.set_preferences(alice, by=alice, quiet_from=None)
    clock.to("2026-11-24 16:45")
    made = incidents.report(by=bob, team=team, title="夕方の電話", noticed_at=clock.now)
    promises.promise(made, by=bob, text="折り返す", to_whom="青空物産さま", due_at=at("2026-11-24 17:20"))
    go_through(clock, "2026-11-24 16:45", "2026-11-25 09:05")
    assert told_at() == [
        ("bob", "11/24 17:05"),
        ("bob", "11/24 17:20"),
        ("bob", "11/24 17:50"),
        ("alice", "11/24 17:50"),
        *[("alice", f"11/24 {clock}") for clock in told_between("18:20", "23:50")],
        *[("alice", f"11/25 {clock}") for clock in told_between("00:20", "08:50")],
        ("bob", "11/25 09:00"),
    ]
    assert list(auditor.audit()) == []


def told_between(first: str, last: str) -> list[str]:
    """Each half hour."""
    hour, minute = map(int, first.split(":"))
    found = []
    while f"{hour:02}:{minute:02}" <= last:
        found.append(f"{hour:02}:{minute:02}")
        hour, minute = divmod(hour * 60 + minute + 30, 60)
    return found


# What one chooses ------------------------------------------------------------------------------


def test_the_page_sets_them_and_loses_nothing_that_does_not_fit(clock, client_of, bob):
    data = {
        "name": bob.name, "language": "ja", "time_zone": "Asia/Tokyo", "digest_hour": "9", "quiet_from": "21",
        "quiet_until": "7", "mirrored": "", "theme": "auto",
    }  # fmt: skip
    client = client_of(bob)
    assert client.post("/preferences/", data).status_code == 302
    bob.refresh_from_db()
    assert (bob.quiet_from, bob.quiet_until, bob.mirrored) == (21, 7, False)
    assert AuditEntry.objects.get(verb="person.preferences_changed").changes["quiet_from"] == [19, 21]
    page = client.post("/preferences/", data | {"digest_hour": "6", "name": "鈴木 新"})
    assert page.status_code == 200
    shown = page.content.decode()
    assert "お知らせの時刻が、静かな時間に入っています。どちらかをずらしてください。" in shown
    assert "鈴木 新" in shown
    assert client.post("/preferences/", data | {"quiet_from": "", "digest_hour": "6"}).status_code == 302
    bob.refresh_from_db()
    assert (bob.quiet_from, bob.digest_hour) == (None, 6)


def test_a_digest_in_ones_own_quiet_hours_is_refused(bob, admin):
    with pytest.raises(ValidationError, match="静かな時間"):
        person.set_preferences(bob, by=bob, digest_hour=22)
    bob.refresh_from_db()
    with pytest.raises(ValidationError, match="静かな時間"):
        person.set_preferences(bob, by=bob, quiet_from=9, quiet_until=10)
    bob.refresh_from_db()
    with pytest.raises(ValidationError, match="静かな時間"):
        person.edit_person(bob, by=admin, digest_hour=3)
