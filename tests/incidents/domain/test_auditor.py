"""The auditor finds and names each planted gap, finds nothing where the verbs have planned, and mends what can be."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents import sample
from incidents.domain import auditor, ledger, person, promise, reader, reminder, replan, spread, team
from incidents.enums import DeliveryState, FollowUpKind, Role
from incidents.models import AuditEntry, EngineMark, FollowUp, Membership, ReminderDelivery
from incidents.sample import load
from incidents.tasks import reminder as tasks
from tests.factories import ClosureFactory, LetterFactory, MembershipFactory, PersonFactory
from tests.rows import arrive

pytestmark = pytest.mark.usefixtures("clock")

D = DeliveryState
DUE = date(2026, 12, 11)


def found(**where) -> list[tuple[str, str]]:
    """(code, step) of everything that the auditor says."""
    return [(fault.code, fault.step) for fault in auditor.audit(**where)]


def rows(step: str):
    return ReminderDelivery.objects.filter(step=step)


def mornings(clock, first: str, days: int) -> None:
    """What beat writes at 9:30 of so many days; every letter arrives."""
    clock.to(first)
    for _ in range(days):
        reminder.write_due_digests()
        arrive()
        clock.forward(days=1)


# Nothing to find ------------------------------------------------------------------------------


def test_what_the_verbs_plan_is_what_the_auditor_reckons(story, carol, other_team, bob, alice):
    made = story.promised(due_on=DUE)
    story.done(due_on=date(2026, 12, 4))
    question = {"title": "同じ画面はありますか", "body": "一覧から選ぶ作業です。", "due_on": DUE}
    spread.spread(made.incident, by=alice, teams=[other_team], **question)
    due_at = timezone.now() + timedelta(hours=3)
    promise.promise(made.incident, by=bob, text="折り返す", due_at=due_at)

    assert FollowUp.objects.open().values("kind").distinct().count() >= 4
    assert found() == []


def test_nothing_falls_silent_over_two_months_of_mornings(story, clock):
    story.promised(due_on=DUE)
    clock.to("2026-11-24 09:30")
    for _ in range(60):
        reminder.write_due_digests()
        arrive()
        assert found() == [], clock.today
        clock.forward(days=1)


def test_a_long_standstill_is_untold_and_over_after_one_morning(story, clock):
    story.promised(due_on=DUE)
    clock.to("2027-02-01 08:00")
    assert {code for code, _step in found()} == {"untold"}
    clock.to("2027-02-01 09:30")
    reminder.write_due_digests()
    assert found() == []


@pytest.mark.parametrize("before", ["2026-12-14", "2026-12-16", "2026-12-24", "2027-01-20"])
def test_a_promise_that_is_known_only_after_its_day_is_followed(story, clock, before):
    made = story.promised(due_on=DUE)
    clock.to(f"{before} 08:00")
    ledger.hand_over(made.follow_up, owner=made.follow_up.owner, backup=None)
    assert found() == []
    mornings(clock, f"{before} 09:30", 12)
    assert found() == []


def test_days_that_close_behind_everybodys_back_are_seen_and_mended_by_the_hour(story, clock, caplog):
    story.promised(due_on=DUE)
    for day in (2, 3, 4, 8, 9):
        ClosureFactory(day=date(2026, 12, day))
    assert {code for code, _step in found()} == {"wrong_day"}
    tasks.audit()
    assert "planned anew" in caplog.text
    assert AuditEntry.objects.filter(verb="reminder.mended").count() == 1
    assert found() == []
    for _ in range(40):
        reminder.write_due_digests()
        arrive()
        clock.forward(days=1)
        assert found() == []


def test_the_sample_and_what_its_next_mornings_write(clock, organisation):
    with override_settings(MAIL_CONFIGURED=False):
        sample.plant()
        assert FollowUp.objects.open().count() > 10
        assert found() == []
        for _ in range(8):
            clock.forward(days=1)
            reminder.write_due_digests()
            reminder.write_due_moments()
        assert found() == []


def test_the_large_installation(db):
    load.load(300)
    assert FollowUp.objects.open().count() > 30
    assert found() == []


# Who stands where ------------------------------------------------------------------------------


def test_a_lead_who_comes_or_goes_leaves_no_gap(story):
    story.promised(due_on=DUE)
    admin = PersonFactory(is_admin=True)
    new = PersonFactory(email="new@example.jp")
    team.set_membership(by=admin, person=new, team=story.team, role=Role.LEAD)
    assert found() == []
    assert rows("d+7").filter(recipient=new, state=D.PENDING).exists()
    alice = Membership.objects.get(person=story.alice)
    team.set_membership(by=admin, person=story.alice, team=story.team, role=Role.MEMBER)
    assert found() == []
    team.remove_membership(Membership.objects.get(pk=alice.pk), by=admin)
    assert found() == []


def test_a_lead_who_comes_back_hears_of_what_was_promised_meanwhile(story, admin, team):
    second = PersonFactory(email="second@example.jp")
    MembershipFactory(person=second, team=team, role=Role.LEAD)
    person.edit_person(second, by=admin, is_active=False)
    story.promised(due_on=DUE)
    assert not ReminderDelivery.objects.filter(recipient=second).exists()
    person.edit_person(second, by=admin, is_active=True)
    assert found() == []
    assert set(ReminderDelivery.objects.filter(recipient=second).values_list("step", flat=True)) == {"d+5", "d+7", "w1"}


def test_a_record_that_everybody_reads_again_is_told_to_every_lead(story, alice, team, bob):
    second = PersonFactory(email="second@example.jp")
    MembershipFactory(person=second, team=team, role=Role.LEAD)
    root = story.with_root()
    reader.restrict(root.incident, by=alice, readers=[alice, bob])
    story.promised(to=root, due_on=DUE)
    assert found() == []
    of_days = ReminderDelivery.objects.filter(recipient=second, planned_at=None)
    assert not of_days.exists()
    root.incident.refresh_from_db()
    reader.unrestrict(root.incident, by=alice)
    assert found() == []
    assert set(of_days.filter(state=D.PENDING).values_list("step", flat=True)) >= {"d+7", "w1"}


def test_an_owner_who_left_is_told_through_the_lead(story, clock, admin, bob):
    story.promised(due_on=DUE)
    person.edit_person(bob, by=admin, is_active=False)
    for _ in range(70):
        reminder.write_due_digests()
        arrive()
        clock.forward(days=1)
        assert found() == [], clock.today


def test_a_team_without_a_lead_is_named_once(story, alice):
    story.promised(due_on=DUE)
    story.promised(due_on=DUE)
    Membership.objects.filter(person=alice).update(role=Role.MEMBER)
    assert [code for code, _step in found()].count("no_lead") == 1


# What is planted is found ----------------------------------------------------------------------


def test_a_deleted_row_is_missed_whether_it_lies_ahead_or_was_told(story, clock):
    story.promised(due_on=DUE)
    rows("d-3").delete()
    assert found() == [("row_missing", "d-3")]
    mornings(clock, "2026-12-02 09:30", 12)
    rows("d-7").delete()
    assert ("row_missing", "d-3") in found()
    # The first step that was planned is known to the promise itself.
    assert ("row_missing", "d-7") in found()


def test_no_row_at_all_is_silence(story):
    story.promised(due_on=DUE)
    ReminderDelivery.objects.filter(follow_up__kind=FollowUpKind.COUNTERMEASURE).delete()
    assert found() == [("silent", "")]


def test_a_row_that_was_cancelled_under_an_open_promise(story):
    story.promised(due_on=DUE)
    rows("d0").update(state=D.CANCELLED, reason="done")
    assert found() == [("row_cut", "d0")]


def test_a_lead_or_a_stand_in_without_a_row(story, alice, team):
    stand_in = PersonFactory(email="standin@example.jp")
    MembershipFactory(person=stand_in, team=team)
    story.promised(due_on=DUE, backup=stand_in)
    rows("d+7").filter(recipient=alice).delete()
    rows("d+5").filter(recipient=stand_in).delete()
    assert [(f.code, f.step, f.person) for f in auditor.audit()] == [
        ("row_missing", "d+5", stand_in.pk),
        ("row_missing", "d+7", alice.pk),
    ]


def test_the_lead_who_was_not_told_of_a_step_that_has_come(story, clock, alice):
    story.promised(due_on=DUE)
    mornings(clock, "2026-12-02 09:30", 28)
    rows("d+7").filter(recipient=alice).delete()
    assert found() == [("row_missing", "d+7")]


def test_a_week_that_was_cut(story, clock):
    story.promised(due_on=DUE)
    mornings(clock, "2026-12-02 09:30", 45)
    assert rows("w2").exists()
    ReminderDelivery.objects.filter(step__startswith="w", state=D.PENDING).delete()
    assert found() == [("week_cut", "")]


def test_what_waits_of_a_promise_that_is_closed_or_of_an_earlier_date(story, bob):
    kept, moved = story.promised(due_on=DUE).follow_up, story.promised(due_on=DUE).follow_up
    ledger.keep(kept, by=bob)
    ReminderDelivery.objects.filter(follow_up=kept, step="d0").update(state=D.PENDING, reason="")
    ledger.move(moved, due_on=date(2026, 12, 18))
    ReminderDelivery.objects.filter(follow_up=moved, step="d-1", due_version=1).update(state=D.PENDING, reason="")
    assert found() == [("closed_pending", "d0"), ("old_version", "d-1")]


def test_a_date_that_moved_without_its_rows(story):
    story.promised(due_on=DUE)
    FollowUp.objects.update(due_on=date(2027, 3, 1))
    assert {code for code, _step in found()} == {"wrong_day"}


def test_a_step_that_no_ladder_has(story):
    story.promised(due_on=DUE)
    rows("d+3").update(step="d+4")
    assert sorted(found()) == [("row_missing", "d+3"), ("stray", "d+4")]


def test_two_letters_of_one_morning(story, clock, bob):
    story.promised(due_on=DUE)
    clock.to("2026-12-02 09:30")
    reminder.write_due_digests()
    second = LetterFactory(recipient=bob, key=f"digest:{bob.pk}:2026-12-02:2")
    rows("d-3").update(state=D.SENT, letter=second)
    assert found() == [("told_twice", "d-3")]


def test_a_moment_that_nobody_was_told(crack, clock, bob):
    assert found() == []
    clock.forward(minutes=40)
    assert ("untold", "m-30") in found()
    reminder.write_due_moments()
    assert found() == []
    rows("m0").delete()
    assert found() == [("silent", "")]


def test_a_chain_of_half_hours_that_was_cut(crack, clock):
    for _ in range(30):
        clock.forward(minutes=5)
        reminder.write_due_moments()
        assert found() == []
    ReminderDelivery.objects.filter(state=D.PENDING).delete()
    assert found() == [("silent", "")]


def test_promises_from_before_the_first_step_was_noted_are_counted_from_their_first_row(story, clock):
    story.promised(due_on=DUE)
    FollowUp.objects.update(first_step="")
    assert found() == []
    rows("d-1").delete()
    assert found() == [("row_missing", "d-1")]


# Mending ---------------------------------------------------------------------------------------


def plant_each_fault(story, bob, clock) -> set[str]:
    made = [story.promised(due_on=DUE).follow_up for _ in range(6)]
    at = ReminderDelivery.objects.filter
    at(follow_up=made[0], step="d-3").delete()
    at(follow_up=made[1]).delete()
    at(follow_up=made[2], step__in=["d0", "d+7"]).update(state=D.CANCELLED, reason="done")
    at(follow_up=made[3], step="w1").delete()
    ledger.keep(made[4], by=bob)
    at(follow_up=made[4], step="d0").update(state=D.PENDING, reason="")
    ledger.move(made[5], due_on=date(2026, 12, 18))
    at(follow_up=made[5], step="d-1", due_version=1).update(state=D.PENDING, reason="")
    return {"row_missing", "silent", "row_cut", "week_cut", "closed_pending", "old_version"}


def test_mended_is_planned_once_and_leaves_its_trace(story, bob, clock):
    planted = plant_each_fault(story, bob, clock)
    out = StringIO()
    call_command("audit_reminders", "--mend", "--json", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["code"] for line in lines if "code" in line} == planted
    assert lines[-1] == {"promises": FollowUp.objects.count(), "open": FollowUp.objects.open().count(), "found": 0}
    traces = AuditEntry.objects.filter(verb="reminder.mended")
    assert (traces.count(), set(traces.values_list("actor_label", flat=True))) == (6, {"うしろ"})
    assert found() == []
    for _ in range(60):
        reminder.write_due_digests()
        arrive()
        clock.forward(days=1)
        assert found() == [], clock.today
    assert AuditEntry.objects.filter(verb="reminder.mended").count() == 6


def test_a_gap_behind_us_is_mended_by_the_nearest_step_alone(story, clock, bob):
    story.promised(due_on=DUE)
    mornings(clock, "2026-12-02 09:30", 26)  # until 28 December, past d+7
    told = ReminderDelivery.objects.filter(state=D.SENT).count()
    rows("d+1").delete()
    replan.mend(list(FollowUp.objects.values_list("pk", flat=True)))
    assert found() == []
    reminder.write_due_digests()
    assert ReminderDelivery.objects.filter(state=D.WRITTEN).count() == 0
    assert ReminderDelivery.objects.filter(state=D.SENT).count() == told - 1


def test_a_moment_is_mended(crack, clock):
    clock.forward(minutes=70)
    reminder.write_due_moments()
    ReminderDelivery.objects.filter(state=D.PENDING).delete()
    replan.mend(list(FollowUp.objects.values_list("pk", flat=True)))
    assert found() == []
    clock.forward(minutes=31)
    assert reminder.write_due_moments() != []


def test_mending_again_changes_nothing(story, bob, clock):
    plant_each_fault(story, bob, clock)
    ids = list(FollowUp.objects.values_list("pk", flat=True))
    assert replan.mend(ids) != []
    before = list(ReminderDelivery.objects.order_by("pk").values())
    assert replan.mend(ids) == []
    assert list(ReminderDelivery.objects.order_by("pk").values()) == before


# The command and the hour -------------------------------------------------------------------------


def test_the_command_says_in_words_what_it_finds_and_ends_with_one(story):
    made = story.promised(due_on=DUE)
    out = StringIO()
    call_command("audit_reminders", stdout=out)
    assert out.getvalue().splitlines()[-1].endswith("0 faults.")
    rows("d0").delete()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("audit_reminders", stdout=out)
    assert out.getvalue().splitlines()[0] == (
        f"{made.incident.reference} 対策の期限 (follow-up {made.follow_up.pk}, d0, person {story.bob.pk}): "
        "知らせるはずの人に、この段の行がありません。"
    )


def test_what_no_plan_can_mend_is_left_and_said(story, alice):
    story.promised(due_on=DUE)
    Membership.objects.filter(person=alice).update(role=Role.MEMBER)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("audit_reminders", "--mend", stdout=out)
    assert "リーダーがいません" in out.getvalue()


def test_the_hour_marks_that_it_looked_and_that_it_found_nothing(story, clock, caplog):
    story.promised(due_on=DUE)
    assert tasks.audit() == 0
    clean = EngineMark.objects.get(name="audit_clean").at
    rows("d0").delete()
    clock.forward(hours=1)
    assert tasks.audit() == 1
    assert EngineMark.objects.get(name="audit").at == timezone.now()
    assert EngineMark.objects.get(name="audit_clean").at == clean
    assert "row_missing" in caplog.text


def test_memory_and_queries_go_by_the_page_and_not_by_the_number(db):
    load.load(120)
    counts = []
    for size in (1000, 20):
        tally = auditor.Tally()
        with CaptureQueriesContext(connection) as asked:
            assert list(auditor.audit(size=size, tally=tally)) == []
        counts.append(len(asked))
    pages = -(-tally.promises // 20)
    # Three of the house, the last look for more, and three a page.
    assert counts == [3 + 3 + 1, 3 + 3 * pages + 1]
