"""Promises of a minute: the clock of the first report, the next report, a call back (F1, F3, B-14)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.domain import final_report, ladder, outside, promise, reminder
from incidents.domain import incident as incidents
from incidents.domain.ladder import moments, next_moment
from incidents.enums import Channel, FollowUpKind, LetterKind, LetterState, Role, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import Closure, FollowUp, Letter, Membership, Person, ReminderDelivery, ReportClock
from tests.conftest import TOKYO, at
from tools.plain.holidays import BusinessCalendar
from tools.plain.quiethours import QuietHours

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[tuple[str, str, str]]:
    """(step, who, time) of what has been told or is planned, in the order of time."""
    rows = (
        ReminderDelivery.objects.filter(follow_up__kind=kind).select_related("recipient").order_by("planned_at", "pk")
    )
    return [
        (row.step, row.recipient.get_short_name(), f"{row.planned_at.astimezone(TOKYO):%m/%d %H:%M}")
        for row in rows
        if row.state not in {"cancelled"}
    ]


@pytest.fixture
def running(clock, alice, bob, team):
    """Noticed at 9:30 by bob; somebody waits until 10:30."""
    return incidents.report(
        by=bob, team=team, title="請求書の金額が違う", noticed_at=clock.now, who_waits="青空物産さま"
    )


# The clock ------------------------------------------------------------------------------------


def test_the_clock_nudges_owner_backup_and_lead(running, alice, bob):
    incidents.edit(running, by=bob, backup=alice)
    assert told("first_report") == [
        ("m-30", "鈴木", "11/24 10:00"),
        ("m-15", "鈴木", "11/24 10:15"),
        ("m-15", "佐藤", "11/24 10:15"),
        ("m0", "鈴木", "11/24 10:30"),
        ("m0", "佐藤", "11/24 10:30"),
    ]


@pytest.mark.parametrize(
    ("rows", "due"),
    [
        ([], "11/24 10:30"),
        ([{"minutes": 20}], "11/24 09:50"),
        ([{"minutes": 20}, {"minutes": 30, "severity": "S2"}], "11/24 10:00"),
        ([{"minutes": 20, "team": None}, {"minutes": 45, "team": None, "severity": "S2"}], "11/24 10:15"),
        ([{"minutes": 20}, {"minutes": 45, "team": None, "severity": "S2"}], "11/24 09:50"),
        ([{"minutes": 600, "business_hours": True}], "11/25 10:30"),
        ([{"minutes": 10, "severity": "S1"}], "11/24 10:30"),
    ],
)
def test_the_narrowest_clock_counts(clock, bob, team, rows, due):
    for row in rows:
        ReportClock.objects.create(**{"team": team} | row)
    made = incidents.report(
        by=bob, team=team, title="二重に請求した", noticed_at=clock.now, who_waits="青空物産さま", severity="S2"
    )
    assert f"{made.first_report_due_at.astimezone(TOKYO):%m/%d %H:%M}" == due


def test_business_minutes_wait_for_the_house_to_open(clock, bob, team):
    Closure.objects.create(day=clock.today + timedelta(days=1), name="棚卸し", team=team)
    ReportClock.objects.create(team=team, minutes=60, business_hours=True)
    clock.to("2026-11-24 17:30")
    made = incidents.report(by=bob, team=team, title="納品書の控え", noticed_at=clock.now, who_waits="お客様")
    assert made.first_report_due_at == at("2026-11-26 09:30")


def test_a_severity_moves_the_clock_that_runs(running, bob, team):
    ReportClock.objects.create(team=team, minutes=15, severity="S1")
    changed = incidents.edit(running, by=bob, severity="S1", severity_reason="1,000人を超える")
    assert changed.first_report_due_at == at("2026-11-24 09:45")
    assert told("first_report")[0] == ("m-15", "鈴木", "11/24 09:30")


@pytest.mark.parametrize("stop", ["report", "waive", "withdrawn"])
def test_the_clock_stops(running, alice, bob, clock, stop):
    if stop == "report":
        incidents.record_first_report(running, by=bob, channel=Channel.PHONE, reported_at=clock.now)
    elif stop == "waive":
        incidents.waive_first_report(running, by=bob, reason="先方から取り消しの連絡")
    else:
        incidents.end_otherwise(running, by=alice, end=Stage.WITHDRAWN, reason="別件")
    clock.forward(hours=3)
    assert reminder.write_due_moments() == []
    assert FollowUp.objects.get(kind="first_report").state == ("kept" if stop == "report" else "cancelled")


def test_repaired_only_still_owes_the_report(running, alice, clock):
    incidents.end_otherwise(running, by=alice, end=Stage.REPAIRED_ONLY, reason="すぐに直した")
    clock.forward(hours=1)
    assert len(reminder.write_due_moments()) == 2
    assert FollowUp.objects.get(kind="first_report").state == "open"


def test_reopened_after_withdrawal_runs_again(running, alice):
    incidents.end_otherwise(running, by=alice, end=Stage.WITHDRAWN, reason="別件")
    incidents.reopen(running, by=alice, reason="やはりこの件")
    assert FollowUp.objects.filter(kind="first_report", state="open").count() == 1


# Told at the minute ----------------------------------------------------------------------------


def test_each_step_is_one_letter_and_plans_the_next(running, bob, alice, clock):
    clock.to("2026-11-24 10:00")
    assert len(reminder.write_due_moments()) == 1
    assert reminder.write_due_moments() == []
    clock.to("2026-11-24 10:30")
    assert len(reminder.write_due_moments()) == 2
    letters = Letter.objects.filter(kind=LetterKind.MOMENT).order_by("pk")
    # 10:15 and 10:30 were due together for bob: one letter, the latest words.
    assert [one.recipient for one in letters] == [bob, bob, alice]
    assert letters[1].subject == "青空物産さまへの一次報告の時刻です"
    # Nobody stands in for bob, so the lead hears of the half hour too.
    assert told("first_report")[-2:] == [("m30", "鈴木", "11/24 11:00"), ("m30", "佐藤", "11/24 11:00")]


def test_a_moment_never_stands_in_the_digest(running, bob, clock):
    clock.to("2026-11-24 10:05")
    assert reminder.write_digest(bob, asked_for=True) is None


def test_kept_between_writing_and_sending_is_not_sent(running, bob, clock):
    clock.to("2026-11-24 10:00")
    [written] = reminder.write_due_moments()
    incidents.record_first_report(running, by=bob, channel=Channel.MAIL, reported_at=clock.now)
    one = Letter.objects.get(pk=written)
    Letter.objects.filter(pk=written).update(state=LetterState.SENDING, claim="x")
    one.refresh_from_db()
    assert reminder.still_wanted(one) is False
    assert Letter.objects.get(pk=written).state == LetterState.CANCELLED


def test_who_left_is_not_told_and_the_lead_is(running, alice, bob, clock):
    Membership.objects.filter(person=bob).delete()
    clock.to("2026-11-24 10:00")
    reminder.write_due_moments()
    reminder.write_due_moments()
    assert [one.recipient for one in Letter.objects.filter(kind=LetterKind.MOMENT)] == [alice]


def test_a_deactivated_owner_is_not_told_and_the_lead_is(running, alice, bob, clock):
    Person.objects.filter(pk=bob.pk).update(is_active=False)
    clock.to("2026-11-24 10:00")
    reminder.write_due_moments()
    reminder.write_due_moments()
    assert [one.recipient for one in Letter.objects.filter(kind=LetterKind.MOMENT)] == [alice]


def test_a_day_of_downtime_tells_once(running, alice, bob, clock):
    clock.to("2026-11-25 09:00")
    assert len(reminder.write_due_moments()) == 2
    assert reminder.write_due_moments() == []


# Promises ----------------------------------------------------------------------------------------


def test_a_promise_is_followed_until_it_is_kept(running, bob, clock):
    made = promise.promise(running, by=bob, text="折り返しのお電話", due_at=at("2026-11-24 14:00"))
    assert told("promise") == [("m-15", "鈴木", "11/24 13:45"), ("m0", "鈴木", "11/24 14:00")]
    clock.to("2026-11-24 14:00")
    reminder.write_due_moments()
    promise.keep(made, by=bob, note="5分ほどお話しした")
    clock.forward(hours=5)
    reminder.write_due_moments()
    assert ReminderDelivery.objects.filter(follow_up=made, state="pending").count() == 0
    kept = FollowUp.objects.get(kind="promise")
    assert (kept.state, kept.closed_by, kept.closed_note) == ("kept", bob, "5分ほどお話しした")
    with pytest.raises(Refused) as refusal:
        promise.keep(made, by=bob)
    assert refusal.value.code == "promise_over"


def test_moving_asks_whether_the_other_side_knows(running, bob):
    made = promise.promise(running, by=bob, text="返金の手続き", due_at=at("2026-11-24 14:00"))
    with pytest.raises(Refused) as refusal:
        promise.move(made, by=bob, due_at=at("2026-11-25 10:00"), reason="銀行の締め", told=False)
    assert refusal.value.code == "not_told"
    promise.move(made, by=bob, due_at=at("2026-11-25 10:00"), reason="銀行の締め", told=True)
    assert told("promise") == [("m-15", "鈴木", "11/25 09:45"), ("m0", "鈴木", "11/25 10:00")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": " "}, "empty"),
        ({"due_at": at("2026-11-24 09:00")}, "promise_in_past"),
    ],
)
def test_promise_refused(running, bob, change, code):
    with pytest.raises(Refused) as refusal:
        promise.promise(running, **{"by": bob, "text": "折り返し", "due_at": at("2026-11-24 12:00")} | change)
    assert refusal.value.code == code


def test_a_viewer_and_a_stranger_promise_nothing(running, vera, carol):
    for person in (vera, carol):
        with pytest.raises(NotAllowed):
            promise.promise(running, by=person, text="折り返し", due_at=at("2026-11-24 12:00"))


def test_handed_over_promise_reminds_the_new_owner_alone(running, alice, bob):
    made = promise.promise(running, by=bob, text="折り返し", due_at=at("2026-11-24 14:00"))
    promise.hand_over(made, by=bob, owner=alice)
    assert {who for _step, who, _at in told("promise")} == {"佐藤"}


def test_the_first_report_needs_the_time_of_the_next(running, bob, clock):
    given = {"by": bob, "channel": Channel.PHONE, "reported_at": clock.now}
    with pytest.raises(Refused) as refusal:
        promise.report_first(running, **given)
    assert refusal.value.code == "no_next_report"
    running.refresh_from_db()
    assert running.first_reported_at is None  # both or neither
    promise.report_first(running, **given, next_at=at("2026-11-24 11:30"))
    assert FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT, state="open").due_at == at("2026-11-24 11:30")


def test_a_further_report_keeps_the_promise_of_one(running, bob, clock):
    promise.report_first(running, by=bob, channel=Channel.PHONE, reported_at=clock.now, next_at=at("2026-11-24 11:30"))
    clock.to("2026-11-24 11:20")
    promise.report_again(
        running, by=bob, channel=Channel.MAIL, reported_at=clock.now, note="2件とわかった", next_at=None, no_next="解決"
    )
    assert [f.state for f in FollowUp.objects.filter(kind=FollowUpKind.NEXT_REPORT)] == ["kept"]
    assert running.timeline.filter(text__startswith="第2報").count() == 1


@pytest.mark.parametrize("over", ["final", "settled", "withdrawn"])
def test_after_the_last_word_no_next_report_is_asked_for_but_one_can_be_promised(running, bob, clock, over):
    promise.report_first(running, by=bob, channel=Channel.PHONE, reported_at=clock.now, no_next="すぐ直した")
    if over == "final":
        final_report.give(running, by=bob, channel=Channel.MAIL, reported_at=clock.now, note="原因と対策を送った")
    elif over == "settled":
        outside.close(running, by=bob, closed_at=clock.now, channel=Channel.PHONE, agreed="差し替えで合意")
    else:
        incidents.end_otherwise(running, by=bob, end=Stage.WITHDRAWN, reason="思いちがいだった")
    said = {"channel": Channel.MAIL, "reported_at": clock.now, "note": "ご質問に答えた"}

    promise.report_again(running, by=bob, **said, next_at=None)
    assert not FollowUp.objects.open().filter(kind=FollowUpKind.NEXT_REPORT).exists()
    promise.report_again(running, by=bob, **said, next_at=clock.now + timedelta(hours=1))
    assert FollowUp.objects.open().get(kind=FollowUpKind.NEXT_REPORT).due_at == clock.now + timedelta(hours=1)


@pytest.mark.parametrize("repaired", [False, True])
def test_while_more_is_to_come_the_next_report_is_asked_for(running, bob, clock, repaired):
    promise.report_first(running, by=bob, channel=Channel.PHONE, reported_at=clock.now, no_next="すぐ直した")
    if repaired:
        incidents.end_otherwise(running, by=bob, end=Stage.REPAIRED_ONLY, reason="直すだけにする")
    with pytest.raises(Refused) as refused:
        promise.report_again(
            running, by=bob, channel=Channel.MAIL, reported_at=clock.now, note="2件とわかった", next_at=None
        )
    assert refused.value.code == "no_next_report"


# Sums of minutes -----------------------------------------------------------------------------------


@given(
    due=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),
    late=st.integers(0, 60 * 24 * 20),
    zone=st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Sydney"]),
)
@settings(max_examples=200, deadline=None)
def test_after_the_time_nobody_is_woken(due, late, zone):
    from zoneinfo import ZoneInfo

    where, calendar = ZoneInfo(zone), BusinessCalendar()
    due_at = due.replace(tzinfo=TOKYO)
    now = due_at + timedelta(minutes=late)
    following = next_moment("m0", due_at, now=now)
    assert following.at == max(due_at, now) + ladder.HALF_HOUR
    local = ladder.in_peace(following.at, QuietHours(), where, calendar).astimezone(where)
    assert local >= following.at
    assert calendar.is_business_day(local.date())
    assert time(8) <= local.time() < time(19)


@given(ahead=st.integers(-3000, 3000))
@settings(max_examples=100, deadline=None)
def test_written_late_means_the_nearest_step_only(ahead):
    now = at("2026-11-24 09:30")
    steps = moments(FollowUpKind.FIRST_REPORT, now + timedelta(minutes=ahead), now=now)
    assert len(steps) == (3 if ahead >= 30 else 2 if ahead >= 15 else 1)
    assert all(step.at >= now for step in steps)
    assert steps[-1].name == "m0"


def test_roles_widen_with_the_time(clock):
    due = at("2026-11-24 10:00")
    roles = {}
    name = "m0"
    for _ in range(3):
        step = next_moment(name, due, now=due)
        roles[step.name], name = step.roles, step.name
    assert roles == {
        "m30": ("owner", "backup"),
        "m60": ("owner", "backup", "lead"),
        "m90": ("owner", "backup", "lead"),
    }


def test_a_lead_is_told_once_though_they_own_it(clock, alice, team):
    made = incidents.report(by=alice, team=team, title="発送の遅れ", noticed_at=clock.now, who_waits="お客様")
    assert made.owner == alice
    assert Membership.objects.get(person=alice).role == Role.LEAD
    assert [step for step, _who, _at in told("first_report")] == ["m-30", "m-15", "m0"]


def test_owner_who_has_left_stops_no_report_and_the_writer_holds_the_promise(clock, crack, alice):
    Membership.objects.filter(person=crack.owner).delete()
    next_at = clock.now + timedelta(hours=2)
    promise.report_first(crack, by=alice, channel="phone", reported_at=clock.now, next_at=next_at)
    assert FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT).owner == alice
