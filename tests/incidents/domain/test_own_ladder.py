"""An organisation's own steps: what is refused, and that open promises follow without a gap and without a second telling."""

from __future__ import annotations

import random
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.domain import auditor, countermeasure, ladder, ledger, organisation, reminder
from incidents.domain.ladder import BACKUP, LADDER, LEAD, OWNER
from incidents.enums import DeliveryState
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, FollowUp, Organisation, ReminderDelivery
from incidents.sample import load
from tests.rows import arrive
from tools.plain.holidays import BusinessCalendar

pytestmark = pytest.mark.usefixtures("clock")

D = DeliveryState
DUE = date(2026, 12, 11)
OWN = [(-10, [OWNER]), (-2, [OWNER]), (0, [OWNER]), (2, [OWNER, BACKUP]), (4, [OWNER, LEAD])]


def planned(follow_up: FollowUp) -> list[tuple[str, str, str]]:
    """(step, day, who) of what is still to come."""
    rows = ReminderDelivery.objects.filter(follow_up=follow_up, state=D.PENDING).select_related("recipient")
    return [(r.step, f"{r.planned_on:%m-%d}", r.recipient.email.partition("@")[0]) for r in rows]


def told(step: str = "") -> list[str]:
    rows = ReminderDelivery.objects.filter(state__in=[D.WRITTEN, D.SENT]).order_by("planned_on", "pk")
    return [row.step for row in rows]


# What may be kept ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rungs", "code"),
    [
        ([(-3, [OWNER])], "no_step_after"),
        ([(0, [OWNER]), (0, [OWNER])], "step_twice"),
        ([(0, [OWNER]), (61, [OWNER])], "step_too_far"),
        ([(-61, [OWNER]), (0, [OWNER])], "step_too_far"),
        ([(day, [OWNER]) for day in range(25)], "step_too_far"),
        ([(0, [OWNER]), (3, [])], "step_without_role"),
        ([(0, [OWNER]), (3, ["boss"])], "step_without_role"),
        ([(-1, [OWNER, BACKUP]), (0, [OWNER])], "help_before_due"),
        ([(0, [OWNER, LEAD])], "help_before_due"),
    ],
)
def test_what_would_leave_a_promise_silent_is_refused(admin, rungs, code):
    with pytest.raises(Refused) as refused:
        organisation.set_ladder(by=admin, rungs=rungs)
    assert refused.value.code == code
    assert Organisation.objects.get().ladder == []
    assert not AuditEntry.objects.exists()


def test_only_an_administrator_changes_it(alice):
    with pytest.raises(NotAllowed) as refused:
        organisation.set_ladder(by=alice, rungs=OWN)
    assert refused.value.code == "not_admin"


def test_steps_are_kept_in_their_order_and_leave_their_trace(admin):
    organisation.set_ladder(by=admin, rungs=[OWN[4], *OWN[:4]])
    assert Organisation.objects.get().ladder == [[days, roles] for days, roles in OWN]
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.actor_label) == ("organisation.ladder_changed", str(admin))
    assert trace.changes["ladder"][1] == "-10 owner, -2 owner, +0 owner, +2 owner/backup, +4 owner/lead"


def test_the_usual_ladder_is_kept_as_none_and_the_same_one_changes_nothing(admin):
    organisation.set_ladder(by=admin, rungs=OWN)
    organisation.set_ladder(by=admin, rungs=LADDER)
    assert Organisation.objects.get().ladder == []
    organisation.set_ladder(by=admin, rungs=())
    assert AuditEntry.objects.count() == 2


# Who follows it ---------------------------------------------------------------------------------


def test_a_new_promise_is_planned_by_it(admin, story):
    organisation.set_ladder(by=admin, rungs=OWN)
    assert planned(story.promised(due_on=DUE).follow_up) == [
        ("d-10", "11-27", "bob"),
        ("d-2", "12-09", "bob"),
        ("d0", "12-11", "bob"),
        ("d+2", "12-15", "bob"),
        ("d+2", "12-15", "alice"),
        ("d+4", "12-17", "bob"),
        ("d+4", "12-17", "alice"),
        ("w+9", "12-24", "bob"),
        ("w+9", "12-24", "alice"),
    ]
    assert list(auditor.audit()) == []


def test_an_open_promise_follows_from_the_next_morning_on(admin, story, clock):
    made = story.promised(due_on=DUE)
    clock.to("2026-12-02 09:30")
    reminder.write_due_digests()
    arrive()
    clock.to("2026-12-08 08:00")  # d-3 is due this morning, and is told although the new ladder has no such step
    organisation.set_ladder(by=admin, rungs=OWN)
    assert planned(made.follow_up) == [
        ("d-3", "12-08", "bob"),
        ("d-2", "12-09", "bob"),
        ("d0", "12-11", "bob"),
        ("d+2", "12-15", "bob"),
        ("d+2", "12-15", "alice"),
        ("d+4", "12-17", "bob"),
        ("d+4", "12-17", "alice"),
        ("w+9", "12-24", "bob"),
        ("w+9", "12-24", "alice"),
    ]
    assert list(auditor.audit()) == []
    gone = ReminderDelivery.objects.filter(state=D.CANCELLED, reason="ladder_changed")
    assert {row.step for row in gone} == {"d-1", "d+1", "d+3", "d+5", "d+7", "w1"}


def test_there_and_back_is_where_it_was(admin, story):
    made = story.promised(due_on=DUE)
    before = planned(made.follow_up)
    organisation.set_ladder(by=admin, rungs=OWN)
    organisation.set_ladder(by=admin, rungs=())
    assert sorted(planned(made.follow_up)) == sorted(before)
    assert list(auditor.audit()) == []


def test_reviews_and_minutes_keep_their_steps(admin, story, crack, bob):
    proposed = story.proposed()
    countermeasure.not_doing(proposed, by=bob, reason="費用が出ない", review_on=date(2027, 3, 1))
    before = list(ReminderDelivery.objects.order_by("pk").values_list("step", "planned_on", "state"))
    organisation.set_ladder(by=admin, rungs=OWN)
    assert list(ReminderDelivery.objects.order_by("pk").values_list("step", "planned_on", "state")) == before
    assert list(auditor.audit()) == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_changed_when_nobody_is_told_twice_and_nothing_falls_silent(admin, story, clock, seed, team):
    draw = random.Random(seed)
    ladders = [
        OWN,
        (),
        [(0, [OWNER])],
        [(3, [LEAD]), (20, [OWNER])],
        [(-20, [OWNER]), (-1, [OWNER]), (1, [OWNER, BACKUP, LEAD]), (12, [OWNER])],
    ]
    story.promised(due_on=DUE)
    late = story.promised(due_on=date(2026, 12, 25)).follow_up
    days: list[date] = []
    for day in range(80):
        if draw.random() < 0.12:
            organisation.set_ladder(by=admin, rungs=draw.choice(ladders))
        if day == 50:
            ledger.hand_over(late, owner=late.owner, backup=None)
        if draw.random() < 0.85:  # now and then the machine stands still
            before = len(told())
            reminder.write_due_digests()
            arrive()
            if len(told()) > before:
                days.append(clock.today)
        faults = [fault for fault in auditor.audit() if fault.code != "untold"]
        assert faults == [], (seed, clock.today)
        clock.forward(days=1)
    calendar = BusinessCalendar()
    after = [day for day in days if day >= DUE]
    gaps = [calendar.business_days_between(a, b) for a, b in zip(after, after[1:], strict=False)]
    assert after and max(gaps) <= 27  # the longest ladder has 17 days between two of its steps


def test_very_many_follow_in_one_go_and_at_the_same_cost_each(admin, db):
    load.load(150)
    open_now = FollowUp.objects.open().count()
    with CaptureQueriesContext(connection) as asked:
        organisation.set_ladder(by=admin, rungs=OWN)
    assert open_now > 20
    assert len(asked) < 40  # a page of a thousand, whatever is in it
    assert list(auditor.audit()) == []


# Beforehand ------------------------------------------------------------------------------------


def test_the_preview_is_what_is_planned(admin, story):
    steps = ladder.preview(DUE, BusinessCalendar(), tuple((days, tuple(roles)) for days, roles in OWN))
    assert [(step.name, f"{step.on:%m-%d}") for step in steps] == [
        ("d-10", "11-27"),
        ("d-2", "12-09"),
        ("d0", "12-11"),
        ("d+2", "12-15"),
        ("d+4", "12-17"),
        ("w+9", "12-24"),
        ("w+14", "01-06"),
        ("w+19", "01-14"),
    ]
    organisation.set_ladder(by=admin, rungs=OWN)
    made = story.promised(due_on=DUE)
    mine = [(step, day) for step, day, who in planned(made.follow_up) if who == "bob"]
    assert mine == [(step.name, f"{step.on:%m-%d}") for step in steps[:6]]


def test_a_weekly_step_means_one_distance_under_every_ladder():
    for last in range(61):
        days = last
        for _ in range(30):
            days = ladder.week_after(days, last)
            assert ladder.distance(ladder.week_name(days)) == days
    assert [ladder.week_name(days) for days in (12, 17, 22, 9)] == ["w1", "w2", "w3", "w+9"]
