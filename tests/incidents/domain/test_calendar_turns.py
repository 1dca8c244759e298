"""The calendar turns: closed days that come and go, month and year ends, the clocks of the world, and clocks that jump.

All through the real verbs and the rings that beat rings; each story ends with an auditor who finds nothing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from incidents.domain import auditor, countermeasure, handover, ledger, organisation, reminder, replan
from incidents.domain import incident as incidents
from incidents.enums import DeliveryState, FollowUpKind, LetterKind, LetterState, Severity
from incidents.errors import Refused
from incidents.models import AuditEntry, Closure, FollowUp, Incident, Letter, Organisation, Person, ReminderDelivery
from incidents.queries import engine as engine_queries
from incidents.queries.calendar import business_calendars, house_zone, today_here
from tests.conftest import TOKYO, at
from tests.factories import MembershipFactory, PersonFactory
from tools.plain.holidays import add_months, holiday_name

D = DeliveryState
DUE = date(2026, 12, 4)


@pytest.fixture
def eve(team):
    """Another member, who stands in."""
    return MembershipFactory(person=PersonFactory(name="伊藤 結衣", email="eve@example.jp"), team=team).person


def close(admin, *days: str, team=None, works: bool = False) -> list[Closure]:
    return [
        organisation.set_closure(by=admin, day=date.fromisoformat(day), name="休業", team=team, works=works)
        for day in days
    ]


def steps(follow_up: FollowUp, who: str = "bob") -> dict[str, str]:
    """step -> day of what is still to come for one person."""
    rows = ReminderDelivery.objects.filter(
        follow_up=follow_up, state=D.PENDING, recipient__email__startswith=f"{who}@"
    ).order_by("planned_on")
    return {row.step: f"{row.planned_on:%m-%d}" for row in rows}


def morning(clock) -> list[tuple[str, str, list[str]]]:
    """Ring once; (day, who, steps) of each digest, which then arrives."""
    told = []
    for pk in reminder.write_due_digests():
        one = Letter.objects.get(pk=pk)
        names = sorted(one.deliveries.values_list("step", flat=True).distinct())
        told.append((f"{clock.now:%m-%d}", one.to_email.partition("@")[0], names))
    arrive()
    return told


def arrive() -> None:
    ReminderDelivery.objects.filter(state=D.WRITTEN).update(state=D.SENT, settled_at=timezone.now())
    Letter.objects.filter(state=LetterState.WAITING).update(state=LetterState.SENT, sent_at=timezone.now())


def mornings(clock, first: str, last: str) -> list[tuple[str, str, list[str]]]:
    """Every morning at 9:30 from one day to another, both included."""
    told = []
    clock.to(f"{first} 09:30")
    while clock.today <= date.fromisoformat(last):
        told += morning(clock)
        clock.forward(days=1)
    return told


def nothing_to_find() -> None:
    assert [(fault.code, fault.step, fault.person) for fault in auditor.audit()] == []


# Closed days that come and go -------------------------------------------------------------------


def test_a_week_closed_later_makes_nothing_late(clock, story, admin, eve):
    made = story.promised(due_on=DUE, backup=eve)
    close(admin, "2026-12-07", "2026-12-08", "2026-12-09", "2026-12-10", "2026-12-11")
    assert steps(made.follow_up) == {
        "d-7": "11-25",
        "d-3": "12-01",
        "d-1": "12-03",
        "d0": "12-04",
        "d+1": "12-14",
        "d+3": "12-16",
        "d+5": "12-18",
        "d+7": "12-22",
        "w1": "01-04",
    }
    nothing_to_find()
    told = mornings(clock, "2026-11-25", "2026-12-22")
    assert [one for one in told if one[1] != "bob"] == [
        ("12-18", "eve", ["d+5"]),
        ("12-22", "alice", ["d+7"]),
    ]
    assert [day for day, who, _steps in told if who == "bob"] == [
        "11-25", "12-01", "12-03", "12-04", "12-14", "12-16", "12-18", "12-22",
    ]  # fmt: skip
    nothing_to_find()


def test_obon_switched_on_still_warns_the_day_before(clock, story, admin):
    made = story.promised(due_on=date(2027, 8, 17))
    assert steps(made.follow_up)["d-1"] == "08-16"
    organisation.edit(by=admin, closed_obon=True)
    assert steps(made.follow_up)["d-1"] == "08-12"
    nothing_to_find()
    organisation.edit(by=admin, closed_obon=False)
    assert steps(made.follow_up)["d-1"] == "08-16"
    nothing_to_find()


def test_a_house_that_works_over_the_year_end(clock, story, admin):
    made = story.promised(due_on=date(2026, 12, 28))
    assert steps(made.follow_up)["d+1"] == "01-04"
    organisation.edit(by=admin, closed_year_end=False)
    assert steps(made.follow_up)["d+1"] == "12-29"
    assert steps(made.follow_up, "alice") == {"d+5": "01-05", "d+7": "01-07", "w1": "01-15"}
    nothing_to_find()


def test_a_closed_day_taken_back_is_told_on_its_day(clock, story, admin):
    [closed] = close(admin, "2026-12-04")
    made = story.promised(due_on=DUE)
    assert steps(made.follow_up)["d0"] == "12-07"
    clock.to("2026-12-01 10:00")
    morning(clock)
    moved = organisation.remove_closure(closed, by=admin)
    assert moved == 1
    assert steps(made.follow_up)["d0"] == "12-04"
    told = mornings(clock, "2026-12-02", "2026-12-07")
    assert ("12-04", "bob", ["d0"]) in told
    assert ("12-07", "bob", ["d+1"]) in told
    nothing_to_find()


def test_a_closed_day_taken_back_on_its_very_morning(clock, story, admin):
    [closed] = close(admin, "2026-12-04")
    made = story.promised(due_on=DUE)
    mornings(clock, "2026-11-25", "2026-12-03")
    clock.to("2026-12-04 08:00")
    organisation.remove_closure(closed, by=admin)
    assert steps(made.follow_up)["d0"] == "12-04"
    assert mornings(clock, "2026-12-04", "2026-12-04") == [("12-04", "bob", ["d0"])]
    nothing_to_find()


def test_a_day_moved_and_given_to_a_team_moves_both(clock, story, admin, team):
    [closed] = close(admin, "2026-12-07")
    made = story.promised(due_on=DUE)
    assert steps(made.follow_up)["d+1"] == "12-08"
    closed = organisation.set_closure(by=admin, closure=closed, day=date(2026, 12, 8), name="休業")
    assert (steps(made.follow_up)["d+1"], closed.moved) == ("12-07", 1)
    assert steps(made.follow_up)["d+3"] == "12-10"
    closed = organisation.set_closure(by=admin, closure=closed, day=date(2026, 12, 8), name="休業", team=team)
    assert (steps(made.follow_up)["d+3"], closed.moved) == ("12-10", 0)
    closed = organisation.set_closure(by=admin, closure=closed, day=date(2026, 12, 8), name="夏休み", team=team)
    assert closed.moved == 0
    nothing_to_find()


def test_days_of_another_team_move_nothing(clock, story, admin, other_team):
    made = story.promised(due_on=DUE)
    before = steps(made.follow_up)
    [closed] = close(admin, "2026-12-07", team=other_team)
    assert (closed.moved, steps(made.follow_up)) == (0, before)
    nothing_to_find()


def test_a_step_that_was_told_is_not_told_again(clock, story, admin):
    made = story.promised(due_on=DUE)
    told = mornings(clock, "2026-11-25", "2026-12-09")
    assert told[-2:] == [("12-07", "bob", ["d+1"]), ("12-09", "bob", ["d+3"])]
    close(admin, "2026-12-07", "2026-12-08", "2026-12-09")  # somebody writes down on the tenth that nobody was there
    assert steps(made.follow_up)["d+5"] == "12-16"
    nothing_to_find()
    told = mornings(clock, "2026-12-10", "2026-12-31")
    assert [steps for _day, who, steps in told if who == "bob"] == [["d+5"], ["d+7"], ["w1"]]
    nothing_to_find()


def test_what_has_passed_by_the_new_days_is_told_on_the_next_morning(clock, story, admin):
    """The house closes 1 and 2 December, known on the evening before: what warns three days ahead is due at once."""
    made = story.promised(due_on=DUE)
    clock.to("2026-11-30 18:00")
    morning(clock)
    assert steps(made.follow_up)["d-3"] == "12-01"
    close(admin, "2026-12-01", "2026-12-02")
    assert steps(made.follow_up)["d-3"] == "11-30"
    nothing_to_find()
    told = mornings(clock, "2026-12-01", "2026-12-04")
    assert told == [("12-03", "bob", ["d-1", "d-3"]), ("12-04", "bob", ["d0"])]
    nothing_to_find()


def test_the_weekly_steps_follow_for_ever(clock, story, admin):
    made = story.promised(due_on=DUE)
    mornings(clock, "2026-11-25", "2027-01-10")
    [(step, day)] = steps(made.follow_up).items()
    assert (step, day) == ("w3", "01-12")
    close(admin, "2027-01-12", "2027-01-13")
    assert steps(made.follow_up) == {"w3": "01-14"}
    nothing_to_find()
    told = mornings(clock, "2027-01-11", "2027-01-31")
    assert [day for day, who, _steps in told if who == "alice"] == ["01-14", "01-21", "01-28"]
    nothing_to_find()


def test_a_promise_of_a_minute_waits_for_an_open_day(clock, alice, bob, team, admin):
    """A clock that ran out on Friday evening speaks on Monday, and on Tuesday when that Monday is closed after all."""
    clock.to("2026-12-11 18:20")
    incidents.report(
        by=bob, team=team, title="x", noticed_at=at("2026-12-11 17:20"), who_waits="A", severity=Severity.S3
    )
    reminder.write_due_moments()
    clock.to("2026-12-11 18:51")
    reminder.write_due_moments()
    rows = ReminderDelivery.objects.filter(state=D.PENDING)
    assert {row.planned_at for row in rows} == {at("2026-12-14 08:00")}
    [closed] = close(admin, "2026-12-14")
    assert closed.moved == 1
    assert {row.planned_at for row in rows.all()} == {at("2026-12-15 08:00")}
    organisation.remove_closure(closed, by=admin)
    assert {row.planned_at for row in rows.all()} == {at("2026-12-14 08:00")}
    nothing_to_find()


def test_only_an_administrator_moves_promises_and_each_change_has_its_trace(clock, story, admin):
    made = story.promised(due_on=DUE)
    before = AuditEntry.objects.count()
    close(admin, "2026-12-07")
    entry = AuditEntry.objects.latest("pk")
    assert AuditEntry.objects.count() == before + 1
    assert (entry.verb, entry.changes["promises"]) == ("closure.set", [None, 1])
    assert made.follow_up.due_on == DUE


# A clock that jumps ------------------------------------------------------------------------------


def minutes(clock, begin: str, end: str) -> list[tuple[str, str, str]]:
    """Ring every five minutes; (when, who, step) of each letter of a minute, which then arrives."""
    told = []
    clock.to(begin)
    while clock.now <= at(end):
        for pk in reminder.write_due_moments():
            one = Letter.objects.get(pk=pk)
            told.append((f"{clock.now:%m-%d %H:%M}", one.to_email.partition("@")[0], one.key.rpartition(":")[2]))
        arrive()
        clock.forward(minutes=5)
    return told


def test_weeks_go_on_after_a_year_too_far_and_back(clock, story):
    made = story.promised(due_on=DUE)
    assert mornings(clock, "2026-11-25", "2026-11-25") == [("11-25", "bob", ["d-7"])]
    assert mornings(clock, "2027-11-26", "2027-11-26") != []  # everything at once, and the next week lies in 2027
    clock.to("2026-11-26 12:00")
    assert {fault.code for fault in auditor.audit()} == {"ahead_of_time", "wrong_day"}
    replan.audit_and_mend()
    nothing_to_find()
    entry = AuditEntry.objects.get(verb="reminder.mended")
    assert (entry.target_id, entry.actor_label) == (made.follow_up.pk, "うしろ")
    told = mornings(clock, "2026-11-27", "2026-12-31")
    assert [(day, steps) for day, who, steps in told if who == "bob"] == [
        ("12-01", ["d-3"]),
        ("12-03", ["d-1"]),
        ("12-04", ["d0"]),
        ("12-07", ["d+1"]),
        ("12-09", ["d+3"]),
        ("12-11", ["d+5"]),
        ("12-15", ["d+7"]),
        ("12-22", ["w1"]),
    ]
    nothing_to_find()


def test_weeks_of_a_late_promise_go_on_after_a_year_too_far_and_back(clock, story):
    made = story.promised(due_on=DUE)
    mornings(clock, "2026-11-25", "2026-12-22")
    mornings(clock, "2027-12-22", "2027-12-23")
    clock.to("2026-12-23 10:00")
    replan.audit_and_mend()
    nothing_to_find()
    told = mornings(clock, "2026-12-24", "2027-01-13")
    assert [day for day, who, _steps in told if who == "alice"] == ["01-04", "01-12"], steps(made.follow_up)
    nothing_to_find()


def test_half_hours_go_on_after_a_year_too_far_and_back(clock, alice, bob, team):
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    minutes(clock, "2026-11-24 09:30", "2026-11-24 10:25")
    minutes(clock, "2027-11-24 10:30", "2027-11-24 11:30")
    clock.to("2026-11-24 10:31")
    assert {fault.code for fault in auditor.audit()} == {"ahead_of_time", "wrong_day"}
    replan.audit_and_mend()
    nothing_to_find()
    told = minutes(clock, "2026-11-24 10:35", "2026-11-24 11:40")
    assert told == [
        ("11-24 10:35", "bob", "m0"),
        ("11-24 10:35", "alice", "m0"),
        ("11-24 11:05", "bob", "m30"),
        ("11-24 11:05", "alice", "m30"),
        ("11-24 11:35", "bob", "m60"),
        ("11-24 11:35", "alice", "m60"),
    ]
    nothing_to_find()


def test_half_hours_that_only_wait_too_far_ahead_come_back(clock, alice, bob, team):
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    minutes(clock, "2026-11-24 09:30", "2026-11-24 10:35")
    ReminderDelivery.objects.filter(state=D.PENDING).update(
        planned_at=at("2027-11-24 11:00"), planned_on=date(2027, 11, 24)
    )
    assert {fault.code for fault in auditor.audit()} == {"wrong_day"}
    replan.audit_and_mend()
    nothing_to_find()
    assert {row.planned_at for row in ReminderDelivery.objects.filter(state=D.PENDING)} == {at("2026-11-24 11:10")}


@pytest.mark.parametrize("hours", [1, -1])
def test_an_hour_too_far_or_too_near_and_back_cuts_nothing(clock, story, alice, bob, team, hours):
    story.promised(due_on=DUE)
    mornings(clock, "2026-11-25", "2026-12-02")
    clock.to("2026-12-03 09:00")
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    clock.to("2026-12-03 09:55")
    clock.forward(hours=hours)
    told = morning(clock)
    reminder.write_due_moments()
    arrive()
    clock.to("2026-12-03 09:56")
    later = minutes(clock, "2026-12-03 10:00", "2026-12-03 12:00")
    assert {who for _when, who, _step in later} == {"bob", "alice"}
    assert len({(who, step) for _when, who, step in later}) == len(later)
    told += mornings(clock, "2026-12-03", "2026-12-04")
    assert told == [("12-03", "bob", ["d-1"]), ("12-04", "bob", ["d0"])]
    minutes(clock, "2026-12-04 10:00", "2026-12-04 12:00")
    nothing_to_find()


def test_a_step_of_minutes_that_was_told_before_the_jump_is_not_told_again(clock, alice, bob, team):
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    minutes(clock, "2026-11-24 09:30", "2026-11-24 10:35")  # the time itself was told at half past ten
    minutes(clock, "2027-11-24 11:00", "2027-11-24 12:00")
    clock.to("2026-11-24 10:40")
    replan.audit_and_mend()
    nothing_to_find()
    told = minutes(clock, "2026-11-24 10:45", "2026-11-24 11:45")
    assert [(when, step) for when, who, step in told if who == "bob"] == [
        ("11-24 11:10", "m30"),
        ("11-24 11:40", "m60"),
    ]
    nothing_to_find()


def test_a_clock_in_the_past_mends_nothing_and_nothing_is_told_again(clock, story):
    """A machine that starts in 1970: what was told yesterday seems to lie ahead, and so do the promises themselves."""
    story.promised(due_on=DUE)
    mornings(clock, "2026-11-25", "2026-12-07")
    before = list(ReminderDelivery.objects.order_by("pk").values())
    clock.to("2020-01-01 10:00")
    replan.audit_and_mend()
    assert list(ReminderDelivery.objects.order_by("pk").values()) == before
    told = mornings(clock, "2026-12-08", "2026-12-09")
    assert told == [("12-09", "bob", ["d+3"])]
    nothing_to_find()


def test_a_day_without_a_worker_is_told_once(clock, story, alice, bob, team):
    story.promised(due_on=DUE)
    told = mornings(clock, "2026-11-25", "2026-12-03")
    clock.to("2026-12-04 09:00")
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    # Nobody rings on Friday.
    told = mornings(clock, "2026-12-07", "2026-12-09")
    assert told == [("12-07", "bob", ["d+1", "d0"]), ("12-09", "bob", ["d+3"])]
    clock.to("2026-12-07 10:00")
    first = minutes(clock, "2026-12-07 10:00", "2026-12-07 10:20")
    assert first == [("12-07 10:00", "bob", "m0"), ("12-07 10:00", "alice", "m0")]
    minutes(clock, "2026-12-07 10:25", "2026-12-10 10:00")
    nothing_to_find()


# A team's own working days -----------------------------------------------------------------------


def test_a_working_saturday_of_a_team_has_its_digest(clock, story, admin, team):
    close(admin, "2026-12-12", team=team, works=True)
    story.promised(due_on=date(2026, 12, 12))
    told = mornings(clock, "2026-11-25", "2026-12-14")
    assert told[-3:] == [("12-11", "bob", ["d-1"]), ("12-12", "bob", ["d0"]), ("12-14", "bob", ["d+1"])]
    nothing_to_find()


def test_somebody_in_two_teams_hears_of_the_one_that_works(clock, story, admin, bob, carol, team, other_team):
    MembershipFactory(person=bob, team=other_team)
    close(admin, "2026-12-12", team=team, works=True)
    here = story.promised(due_on=date(2026, 12, 12))
    there = incidents.report(by=bob, team=other_team, title="y", noticed_at=clock.now)
    ledger.follow(
        kind=FollowUpKind.FINAL_REPORT, incident=there, owner=bob, backup=None, due_on=date(2026, 12, 12)
    )  # counts as due on Monday
    told = mornings(clock, "2026-11-25", "2026-12-14")
    assert told[-2:] == [("12-12", "bob", ["d0"]), ("12-14", "bob", ["d+1", "d0"])]
    digest = Letter.objects.filter(kind=LetterKind.DIGEST).order_by("pk").reverse()[1]
    assert set(digest.deliveries.values_list("follow_up", flat=True)) == {here.follow_up.pk}
    nothing_to_find()


def test_the_health_page_waits_for_the_teams_own_morning(clock, story, admin, team):
    close(admin, "2026-12-12", team=team, works=True)
    story.promised(due_on=date(2026, 12, 12))
    mornings(clock, "2026-11-25", "2026-12-11")
    clock.to("2026-12-12 08:00")
    assert engine_queries.queues(clock.now)[2].due == 0
    clock.to("2026-12-12 09:05")
    assert engine_queries.queues(clock.now)[2].due == 1
    morning(clock)
    assert engine_queries.queues(clock.now)[2].due == 0


# Other people while the clock runs ----------------------------------------------------------------


def running(clock, bob, team):
    """A first report due at 10:30 that nobody has given at 11:05."""
    made = incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    minutes(clock, "2026-11-24 09:30", "2026-11-24 11:00")
    clock.to("2026-11-24 11:05")
    return made


def test_another_stand_in_after_the_time_tells_nobody_again(clock, alice, bob, eve, team):
    made = running(clock, bob, team)
    incidents.edit(made, by=bob, backup=eve)
    told = minutes(clock, "2026-11-24 11:06", "2026-11-24 12:15")
    assert sorted(told) == sorted(
        [
            (when, who, step)
            for when, step in (("11-24 11:31", "m60"), ("11-24 12:01", "m90"))
            for who in ("bob", "eve", "alice")
        ]
    )
    nothing_to_find()


def test_another_stand_in_before_the_time(clock, alice, bob, eve, team):
    made = incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    told = minutes(clock, "2026-11-24 09:30", "2026-11-24 10:05")
    incidents.edit(made, by=bob, backup=eve)
    nothing_to_find()
    told += minutes(clock, "2026-11-24 10:10", "2026-11-24 10:30")
    assert told == [
        ("11-24 10:00", "bob", "m-30"),
        ("11-24 10:15", "bob", "m-15"),
        ("11-24 10:15", "eve", "m-15"),
        ("11-24 10:30", "bob", "m0"),
        ("11-24 10:30", "alice", "m0"),
    ]
    incidents.edit(Incident.objects.get(pk=made.pk), by=bob, backup=None)
    told = minutes(clock, "2026-11-24 10:35", "2026-11-24 11:00")
    assert sorted(told) == [("11-24 11:00", "alice", "m30"), ("11-24 11:00", "bob", "m30")]
    nothing_to_find()


def test_a_new_owner_after_the_time_is_told_now_and_the_others_go_on(clock, alice, bob, eve, team):
    made = running(clock, bob, team)
    handover.hand_over(made, by=alice, owner=eve, reason="交代")
    nothing_to_find()
    told = minutes(clock, "2026-11-24 11:06", "2026-11-24 12:15")
    assert told[0] == ("11-24 11:06", "eve", "m30")
    assert [one for one in told if one[1] == "alice"] == [
        ("11-24 11:31", "alice", "m60"),
        ("11-24 12:01", "alice", "m90"),
    ]
    assert [one for one in told if one[1] == "bob"] == []
    assert [step for _when, who, step in told if who == "eve"] == ["m30", "m60", "m90"]
    nothing_to_find()


def test_an_owner_who_comes_back_is_not_told_again(clock, alice, bob, eve, team):
    made = running(clock, bob, team)
    handover.hand_over(made, by=alice, owner=eve, reason="交代")
    clock.forward(minutes=1)
    minutes(clock, "2026-11-24 11:06", "2026-11-24 11:10")
    handover.hand_over(Incident.objects.get(pk=made.pk), by=alice, owner=bob, reason="もどす")
    nothing_to_find()
    told = minutes(clock, "2026-11-24 11:11", "2026-11-24 11:45")
    assert sorted((who, step) for _when, who, step in told) == [("alice", "m60"), ("bob", "m60")]
    nothing_to_find()


def test_a_late_promise_in_other_hands_is_not_told_to_the_lead_twice(clock, story, alice, bob, eve):
    made = story.promised(due_on=DUE)
    told = mornings(clock, "2026-11-25", "2026-12-15")
    assert told[-2:] == [("12-15", "alice", ["d+7"]), ("12-15", "bob", ["d+7"])] or told[-1][2] == ["d+7"]
    clock.to("2026-12-15 11:00")
    countermeasure.hand_over(made, by=alice, owner=eve, reason="交代")
    nothing_to_find()
    told = mornings(clock, "2026-12-16", "2026-12-22")
    assert [one for one in told if one[1] == "alice"] == [("12-22", "alice", ["w1"])]
    assert [steps for _day, who, steps in told if who == "eve"] == [["d+7"], ["w1"]]
    nothing_to_find()


# Where the house stands ---------------------------------------------------------------------------


@pytest.fixture
def in_new_york(admin, bob, alice):
    """House and people on the east coast; TIME_ZONE says Tokyo."""
    organisation.edit(by=admin, time_zone="America/New_York")
    Person.objects.filter(pk__in=[bob.pk, alice.pk]).update(time_zone="America/New_York")


def on_the_wall(clock, zone: str, text: str) -> None:
    """Set the clock to what a wall in that zone shows; of an hour that comes twice the first."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    clock.to(moment.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M"))


def test_today_is_the_day_of_the_house(clock, story, in_new_york):
    """10:30 in New York is half past midnight in Tokyo: what is due today there is not due in the past."""
    on_the_wall(clock, "America/New_York", "2026-12-04 10:30")
    assert today_here() == DUE
    made = story.promised(due_on=DUE)
    assert steps(made.follow_up)["d0"] == "12-04"
    nothing_to_find()
    assert morning(clock) == [("12-05", "bob", ["d0"])]  # the day in Tokyo; it is Friday in New York
    on_the_wall(clock, "America/New_York", "2026-12-07 09:30")
    assert [steps for _day, _who, steps in morning(clock)] == [["d+1"]]
    nothing_to_find()
    on_the_wall(clock, "America/New_York", "2026-12-08 23:00")
    with pytest.raises(Refused) as refused:
        story.promised(due_on=date(2026, 12, 7))
    assert refused.value.code == "due_in_past"


def test_the_zone_of_the_house_costs_no_query(clock, admin, django_assert_num_queries):
    organisation.edit(by=admin, time_zone="America/New_York")
    with django_assert_num_queries(0):
        assert str(house_zone()) == "America/New_York"
    Organisation.zone_seen = ""  # a process that has just started
    with django_assert_num_queries(1):
        assert [str(house_zone()), str(house_zone())] == ["America/New_York"] * 2
    Organisation.objects.update(time_zone="Europe/Berlin")  # by another process: seen with the next look at a calendar
    business_calendars()
    with django_assert_num_queries(0):
        assert str(house_zone()) == "Europe/Berlin"


def test_an_unknown_zone_is_the_installations(organisation):
    Organisation.objects.update(time_zone="Mars/Olympus")
    organisation.refresh_from_db()
    assert str(house_zone()) == "Asia/Tokyo"


# The clocks of the world --------------------------------------------------------------------------

# (zone, digest hour, the day on which the clocks change there). By name: `gap`, an hour that does not come; `fold`, one
# that comes twice. The last three change nothing in these days.
TURNS = {
    "New_York gap 2": ("America/New_York", 2, "2027-03-14"),
    "New_York fold 1": ("America/New_York", 1, "2026-11-01"),
    "Berlin gap 2": ("Europe/Berlin", 2, "2027-03-28"),
    "Berlin fold 2": ("Europe/Berlin", 2, "2026-10-25"),
    "Sydney gap 2": ("Australia/Sydney", 2, "2026-10-04"),
    "Sydney fold 2": ("Australia/Sydney", 2, "2027-04-04"),
    "Lord_Howe gap 2, half an hour": ("Australia/Lord_Howe", 2, "2026-10-04"),
    "Lord_Howe fold 1, half an hour": ("Australia/Lord_Howe", 1, "2027-04-04"),
    "Apia, first of all": ("Pacific/Apia", 9, "2026-12-09"),
    "Kathmandu, three quarters": ("Asia/Kathmandu", 9, "2026-12-13"),
    "Honolulu, last of all": ("Pacific/Honolulu", 9, "2026-12-13"),
}
EVERY_DAY = [(days, ["owner"]) for days in range(-4, 5)]


@pytest.mark.parametrize("where", TURNS)
def test_one_digest_a_business_day_over_the_change_of_the_clocks(clock, story, admin, team, bob, where):
    """A step on every day, Sundays too; rung every quarter of an hour: one letter a day, at its hour, and none skipped."""
    zone, hour, turn = TURNS[where]
    middle = date.fromisoformat(turn)
    days = [middle + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    on_the_wall(clock, zone, f"{middle - timedelta(days=8)} 12:00")
    organisation.edit(by=admin, time_zone=zone)
    organisation.set_ladder(by=admin, rungs=EVERY_DAY)
    Person.objects.filter(pk=bob.pk).update(time_zone=zone, digest_hour=hour, quiet_from=None, quiet_until=0)
    for day in days:  # the clocks change on Sundays, so the team works on them
        if not business_calendars()[None].is_business_day(day):
            organisation.set_closure(by=admin, day=day, name="出勤日", team=team, works=True)
    story.promised(due_on=middle)
    on_the_wall(clock, zone, f"{days[0] - timedelta(days=1)} 12:00")
    morning(clock)  # what lies before these days

    told = []
    for day in days:
        on_the_wall(clock, zone, f"{day} {hour - 1:02}:00")
        for _quarter in range(4 * 4):
            told += [clock.now.astimezone(ZoneInfo(zone)) for _day, who, _steps in morning(clock) if who == "bob"]
            clock.forward(minutes=15)
    assert [local.date() for local in told] == days
    assert all(local.hour == hour or (local.hour == hour + 1 and "gap" in where) for local in told), told
    nothing_to_find()


# Where months and years turn ------------------------------------------------------------------------


def told_to(told, who: str = "bob") -> list[tuple[str, list[str]]]:
    return [(day, steps) for day, person, steps in told if person == who]


@pytest.mark.parametrize(
    ("due", "days"),
    [
        # 31 January 2027 is a Sunday; what is due on it counts as due on Monday 1 February.
        ("2027-01-31", {"d-1": "01-29", "d0": "02-01", "d+1": "02-02", "d+3": "02-04"}),
        ("2027-01-29", {"d-1": "01-28", "d0": "01-29", "d+1": "02-01", "d+3": "02-03"}),
        ("2027-02-28", {"d-1": "02-26", "d0": "03-01", "d+1": "03-02", "d+3": "03-04"}),
        ("2028-02-29", {"d-1": "02-28", "d0": "02-29", "d+1": "03-01", "d+3": "03-03"}),
        ("2027-03-31", {"d-1": "03-30", "d0": "03-31", "d+1": "04-01", "d+3": "04-05"}),
        ("2027-04-30", {"d-1": "04-28", "d0": "04-30", "d+1": "05-06", "d+3": "05-10"}),
        ("2027-06-30", {"d-1": "06-29", "d0": "06-30", "d+1": "07-01", "d+3": "07-05"}),
    ],
)
def test_month_end(clock, story, due, days):
    due_on = date.fromisoformat(due)
    clock.to(f"{due_on - timedelta(days=14)} 12:00")
    made = story.promised(due_on=due_on)
    assert {step: day for step, day in steps(made.follow_up).items() if step in days} == days
    told = mornings(clock, str(due_on - timedelta(days=13)), str(due_on + timedelta(days=12)))
    by_step = {step: day for day, names in told_to(told) for step in names}
    assert {step: by_step[step] for step in days} == days
    assert all(len(names) == 1 for _day, names in told_to(told))
    nothing_to_find()


def test_an_anniversary_of_the_last_day_of_a_month_has_its_day(clock, story):
    assert add_months(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert add_months(date(2027, 8, 31), 1) == date(2027, 9, 30)


def test_year_end(clock, story):
    """28 December is the last day, 4 January the first; between them nobody hears anything and nothing gets late."""
    clock.to("2026-12-14 12:00")
    story.promised(due_on=date(2026, 12, 28))
    told = mornings(clock, "2026-12-15", "2027-01-08")
    assert told_to(told) == [
        ("12-17", ["d-7"]),
        ("12-23", ["d-3"]),
        ("12-25", ["d-1"]),
        ("12-28", ["d0"]),
        ("01-04", ["d+1"]),
        ("01-06", ["d+3"]),
        ("01-08", ["d+5"]),
    ]
    assert told_to(told, "alice") == [("01-08", ["d+5"])]
    nothing_to_find()


@pytest.mark.parametrize("due", ["2026-12-29", "2026-12-31", "2027-01-01", "2027-01-03"])
def test_due_between_the_years_is_due_on_the_fourth(clock, story, due):
    clock.to("2026-12-14 12:00")
    story.promised(due_on=date.fromisoformat(due))
    told = mornings(clock, "2026-12-15", "2027-01-05")
    assert told_to(told)[-3:] == [("12-28", ["d-1"]), ("01-04", ["d0"]), ("01-05", ["d+1"])]
    nothing_to_find()


def test_substitute_holiday_furikae_kyujitsu(clock, story):
    """振替休日: 22 March 2027, because 21 March (春分の日) is a Sunday; it lies inside the ladder and counts as closed."""
    assert holiday_name(date(2027, 3, 22)).startswith(("振替休日", "春分の日"))
    clock.to("2027-03-08 12:00")
    story.promised(due_on=date(2027, 3, 19))
    told = mornings(clock, "2027-03-09", "2027-03-26")
    assert told_to(told) == [
        ("03-10", ["d-7"]),
        ("03-16", ["d-3"]),
        ("03-18", ["d-1"]),
        ("03-19", ["d0"]),
        ("03-23", ["d+1"]),
        ("03-25", ["d+3"]),
    ]
    nothing_to_find()


def test_golden_week(clock, story):
    """29 April, 3 to 5 May and the substitute holiday of 6 May 2026 are closed: one step each side of them."""
    clock.to("2026-04-20 12:00")
    story.promised(due_on=date(2026, 5, 5))
    told = mornings(clock, "2026-04-21", "2026-05-14")
    assert told_to(told) == [
        ("04-22", ["d-7"]),
        ("04-28", ["d-3"]),
        ("05-01", ["d-1"]),
        ("05-07", ["d0"]),
        ("05-08", ["d+1"]),
        ("05-12", ["d+3"]),
        ("05-14", ["d+5"]),
    ]
    nothing_to_find()
