"""Each refusal of the measure's verbs, and what a step moves."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import cause, check, countermeasure, incident
from incidents.enums import EntryKind, FollowUpKind, FollowUpState, MeasureStatus, Outcome, Stage, Strength
from incidents.errors import NotAllowed
from incidents.models import Countermeasure, EffectCheck, FollowUp, Incident, TimelineEntry
from tests.factories import CountermeasureFactory, MembershipFactory
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")


# Promise ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"root": None}, "no_root_cause"),
        ({"before": ""}, "no_before_after"),
        ({"owner": None}, "no_owner"),
        ({"due_on": None}, "no_due_date"),
        ({"due_on": date(2026, 11, 23)}, "due_in_past"),
        ({"check_what": ""}, "no_check"),
        ({"checker": None}, "no_checker"),
        ({"check_on": date(2026, 12, 15)}, "check_before_due"),
        ({"strength": Strength.TEACH}, "weak_only"),
    ],
)
def test_promise_refused(story, alice, plan, code):
    measure = story.proposed(**plan)

    assert refused(countermeasure.commit, measure, by=alice) == code
    assert fresh(measure).status == MeasureStatus.PROPOSED
    assert not FollowUp.objects.exclude(kind="first_report").exists()


def test_owner_does_not_check_himself(story, alice, bob):
    measure = story.proposed(checker=bob)
    assert refused(countermeasure.commit, measure, by=alice) == "checker_is_owner"


def test_weak_promise_is_a_leads_and_keeps_the_reason(story, alice, bob):
    measure = story.proposed(strength=Strength.BE_CAREFUL)
    assert refused(countermeasure.commit, measure, by=bob, weak_reason="来月の改修まで") == "weak_needs_lead"

    countermeasure.commit(measure, by=alice, weak_reason="来月の改修まで")
    assert fresh(measure).weak_reason == "来月の改修まで"


def test_promise_moves_the_stage_and_is_followed(story, alice, bob):
    measure = story.promised()

    assert fresh(measure.incident).stage == Stage.MEASURES_COMMITTED
    follow_up = FollowUp.objects.exclude(kind="first_report").get()
    assert (follow_up.kind, follow_up.owner, follow_up.due_on, follow_up.state) == (
        FollowUpKind.COUNTERMEASURE,
        bob,
        measure.due_on,
        FollowUpState.OPEN,
    )
    assert TimelineEntry.objects.filter(kind=EntryKind.MEASURE).count() == 1
    assert refused(countermeasure.commit, measure, by=alice) == "not_proposed"


@pytest.mark.parametrize("name", ["owner", "backup", "checker"])
@pytest.mark.parametrize("who", ["carol", "vera"])
def test_only_who_can_work_here_is_given_work(story, request, name, who):
    assert refused(story.proposed, **{name: request.getfixturevalue(who)}) == "not_in_team"


def test_person_who_left_meanwhile_is_not_promised_work(story, alice, bob, team):
    measure = story.proposed()
    bob.memberships.all().delete()
    assert refused(countermeasure.commit, measure, by=alice) == "not_in_team"


def test_promise_is_not_edited_like_an_idea(story, bob):
    assert refused(countermeasure.edit, story.promised(), by=bob, title="別のこと") == "already_promised"


def test_ended_record_takes_no_new_measure(story, bob):
    ended = incident.end_otherwise(story.reported(), by=bob, end=Stage.WITHDRAWN, reason="思いちがい")
    assert refused(countermeasure.propose, ended, by=bob, title="x") == "ended"


# Done ---------------------------------------------------------------------------------------


def test_done_needs_a_word(story, bob):
    measure = story.promised()
    assert refused(countermeasure.complete, measure, by=bob, note="  ") == "no_evidence"


def test_second_press_is_told_so(story, bob):
    measure = story.promised()
    countermeasure.complete(measure, by=bob, note="出しました")
    assert refused(countermeasure.complete, measure, by=bob, note="出しました") == "not_running"
    assert TimelineEntry.objects.filter(text__startswith="対策を実施").count() == 1


def test_done_ends_one_promise_and_begins_the_proof(story, alice, bob):
    measure = story.done()
    kept, following = FollowUp.objects.exclude(kind="first_report").order_by("pk")

    assert (kept.state, kept.owner) == (FollowUpState.KEPT, bob)
    assert (following.kind, following.owner, following.state) == (FollowUpKind.EFFECT_CHECK, alice, FollowUpState.OPEN)
    assert fresh(measure.incident).stage == Stage.MEASURES_COMMITTED


def test_done_late_keeps_the_whole_window(story, bob, clock):
    measure = story.promised(due_on=date(2026, 12, 1))
    planned = EffectCheck.objects.get().check_on
    clock.to("2026-12-11")
    countermeasure.complete(measure, by=bob, note="出しました")

    assert EffectCheck.objects.get().check_on == planned + timedelta(days=10)
    assert FollowUp.objects.exclude(kind="first_report").get(
        kind=FollowUpKind.EFFECT_CHECK
    ).due_on == planned + timedelta(days=10)


@pytest.mark.parametrize("verb", ["start", "complete", "change_due", "hand_over"])
def test_idea_is_neither_begun_nor_done_nor_moved(story, alice, bob, verb):
    named = {
        "start": {},
        "complete": {"note": "x"},
        "change_due": {"due_on": date(2027, 1, 20), "reason": "x"},
        "hand_over": {"owner": bob},
    }[verb]
    code = refused(getattr(countermeasure, verb), story.proposed(), by=alice, **named)
    assert code == ("not_committed" if verb == "start" else "not_running")


# Date, owner, not doing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"due_on": date(2027, 1, 20), "reason": " "}, "no_reason"),
        ({"due_on": date(2026, 11, 20), "reason": "x"}, "due_in_past"),
        ({"due_on": date(2026, 12, 15), "reason": "x"}, "same_date"),
    ],
)
def test_date_change_refused(story, alice, change, code):
    assert refused(countermeasure.change_due, story.promised(), by=alice, **change) == code


def test_date_change_moves_the_proof_along(story, alice):
    measure = story.promised()
    countermeasure.change_due(measure, by=alice, due_on=measure.due_on + timedelta(days=14), reason="改修が延びた")

    assert EffectCheck.objects.get().check_on == measure.due_on + timedelta(days=14 + 90)


@pytest.mark.parametrize(
    ("who", "code"),
    [("alice", "checker_is_owner"), ("bob", "same_owner"), ("carol", "not_in_team"), ("vera", "not_in_team")],
)
def test_hand_over_refused(story, request, alice, who, code):
    measure = story.promised()
    assert refused(countermeasure.hand_over, measure, by=alice, owner=request.getfixturevalue(who)) == code


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"reason": "", "review_on": date(2027, 6, 1)}, "no_reason"),
        ({"reason": "x", "review_on": date(2026, 11, 24)}, "review_in_past"),
    ],
)
def test_not_doing_refused(story, alice, named, code):
    assert refused(countermeasure.not_doing, story.promised(), by=alice, **named) == code


def test_member_drops_an_idea_but_not_a_promise(story, bob):
    with pytest.raises(NotAllowed):
        countermeasure.not_doing(story.promised(), by=bob, reason="x", review_on=date(2027, 6, 1))
    dropped = countermeasure.not_doing(story.proposed(), by=bob, reason="x", review_on=date(2027, 6, 1))
    assert dropped.status == MeasureStatus.NOT_DOING


def test_dropped_promise_takes_the_stage_back(story, alice):
    measure = story.promised()
    countermeasure.not_doing(measure, by=alice, reason="x", review_on=date(2027, 6, 1))

    assert fresh(measure.incident).stage == Stage.CAUSE_KNOWN
    assert FollowUp.objects.get(measure=measure).state == FollowUpState.CANCELLED


def test_done_measure_is_not_dropped(story, alice):
    assert (
        refused(countermeasure.not_doing, story.done(), by=alice, reason="x", review_on=date(2027, 6, 1))
        == "not_running"
    )


# Proof --------------------------------------------------------------------------------------


@pytest.fixture
def open_check(story) -> EffectCheck:
    return EffectCheck.objects.select_related("measure__incident", "measure__root").get(measure=story.done())


def test_gold(open_check, alice):
    check.record_outcome(open_check, by=alice, outcome=Outcome.EFFECTIVE, note="90日 0件")

    mended = fresh(open_check.measure.incident)
    assert (mended.stage, fresh(open_check.measure).status) == (Stage.MENDED, MeasureStatus.EFFECTIVE)
    assert mended.mended_at is not None
    assert [f.kind for f in FollowUp.objects.filter(state=FollowUpState.OPEN)] == [FollowUpKind.ANNIVERSARY]
    assert refused(check.record_outcome, open_check, by=alice, outcome=Outcome.EFFECTIVE, note="x") == "check_closed"


def test_what_did_not_work_opens_the_cause_again(open_check, alice, bob):
    check.record_outcome(open_check, by=alice, outcome=Outcome.INEFFECTIVE, note="また2件起きた")
    root = fresh(open_check.measure.root)

    assert fresh(open_check.measure).status == MeasureStatus.INEFFECTIVE
    assert (root.reopened_reason, root.reopened_at is not None) == ("また2件起きた", True)
    assert fresh(open_check.measure.incident).stage == Stage.FIRST_REPORTED

    cause.mark_root(root.why, by=bob, factor="tool")
    assert fresh(open_check.measure.incident).stage == Stage.CAUSE_KNOWN


@pytest.mark.parametrize("outcome", [Outcome.PARTLY, Outcome.INCONCLUSIVE])
def test_unclear_is_looked_at_again(open_check, alice, outcome):
    assert refused(check.record_outcome, open_check, by=alice, outcome=outcome, note="x") == "no_next_check"

    check.record_outcome(open_check, by=alice, outcome=outcome, note="半分に減った", again_on=date(2027, 6, 1))
    following = FollowUp.objects.exclude(kind="first_report").get(state=FollowUpState.OPEN)
    assert (following.owner, following.due_on, following.check_plan.what) == (alice, date(2027, 6, 1), open_check.what)
    assert fresh(open_check.measure).status == MeasureStatus.DONE


def test_nothing_seen_is_no_proof(open_check, alice):
    assert refused(check.record_outcome, open_check, by=alice, outcome=Outcome.EFFECTIVE, note=" ") == "no_observation"


# What the database itself holds -----------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"status": "promised"},
        {"status": MeasureStatus.COMMITTED},
        {"status": MeasureStatus.DONE, "due_on": date(2026, 12, 1)},
        {"status": MeasureStatus.NOT_DOING},
        {"strength": 7},
    ],
    ids=lambda values: ",".join(values),
)
def test_database_refuses_half_a_promise(db, organisation, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        CountermeasureFactory(**values)


def test_one_open_check_a_measure(story):
    measure = story.proposed()
    with pytest.raises(IntegrityError), transaction.atomic():
        EffectCheck.objects.create(measure=measure)


def test_who_said_done_for_the_owner_does_not_judge(clock, story, alice, bob, client_of, team):
    """V2: by someone else; alice, the checker, pressed できました for bob."""
    measure = story.promised()
    assert "効き目は、担当でも" in client_of(alice).get(f"/measures/{measure.pk}/done/").content.decode()
    assert "効き目は、担当でも" not in client_of(bob).get(f"/measures/{measure.pk}/done/").content.decode()
    countermeasure.complete(measure, by=alice, note="画面を出しました。")
    opened = measure.checks.get()
    judge = f"/checks/{opened.pk}/"
    shown = client_of(alice).get(measure.get_absolute_url()).content.decode()
    assert f'href="{judge}"' not in shown and f'href="{judge}hand-over/"' in shown
    assert refused(check.record_outcome, opened, by=alice, outcome="effective", note="0件") == "checker_did_it"
    third = MembershipFactory(team=team, role="member").person
    check.hand_over(opened, by=alice, checker=third)
    assert refused(check.hand_over, opened, by=bob, checker=alice) == "checker_did_it"
    assert f'href="{judge}"' in client_of(third).get(measure.get_absolute_url()).content.decode()
    check.record_outcome(opened, by=third, outcome="effective", note="0件")
    assert Countermeasure.objects.get(pk=measure.pk).status == "effective"


def test_gold_inside_the_window_is_told(clock, story, alice, bob, client_of):
    """A nearer day than the severity's window is a person's decision; that it was near stays a fact (V1)."""
    known = story.with_root(severity="S1")
    due_on = clock.today + timedelta(days=1)
    measure = story.promised(to=known, due_on=due_on, check_on=due_on + timedelta(days=1))
    clock.forward(days=1)
    countermeasure.complete(measure, by=bob, note="できました")
    clock.forward(days=1)
    opened = measure.checks.get()
    assert "あと179日あります" in client_of(alice).get(f"/checks/{opened.pk}/").content.decode()
    check.record_outcome(opened, by=alice, outcome="effective", note="0件")
    told = TimelineEntry.objects.filter(incident=known.incident, text__contains="179日残した確認です")
    assert told.count() == 1 and Incident.objects.get(pk=known.incident.pk).stage == "mended"


def test_weak_beside_strong_is_one_set(clock, story, alice, bob):
    """Invariant 2 speaks of the record's set: the second root's weak measure stands beside the first one's strong one."""
    known = story.with_root(severity="S1")
    story.promised(to=known)
    second = cause.mark_root(cause.ask_why(known.incident, by=bob, text="宛先の一覧が古い"), by=bob, factor="tool")
    story.promised(to=SimpleNamespace(incident=known.incident, root=second), title="一覧をよく見る", strength=0)
    assert Incident.objects.get(pk=known.incident.pk).stage == "measures_committed"
