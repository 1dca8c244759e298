"""Each refusal of the measure's verbs, and what a step moves."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import cause, countermeasure, incident, review
from incidents.enums import EntryKind, FollowUpKind, FollowUpState, MeasureStatus, Stage, Strength
from incidents.errors import NotAllowed
from incidents.models import EffectCheck, FollowUp, Incident, TimelineEntry
from tests.factories import CountermeasureFactory
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


def test_a_root_that_was_unmarked_meanwhile_carries_no_promise(story, alice, clock):
    measure = story.proposed()
    countermeasure.not_doing(measure, by=alice, reason="費用", review_on=clock.today + timedelta(days=9))
    cause.unmark_root(measure.root, by=alice, reason="ちがった")
    review.take_up(FollowUp.objects.get(kind="not_doing_review"), by=alice)

    assert refused(countermeasure.commit, measure, by=alice) == "no_root_cause"
    cause.mark_root(measure.root.why, by=alice, factor="tool")
    assert countermeasure.commit(measure, by=alice).status == MeasureStatus.COMMITTED


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


def test_weak_beside_strong_is_one_set(clock, story, alice, bob):
    """Invariant 2 speaks of the record's set: the second root's weak measure stands beside the first one's strong one."""
    known = story.with_root(severity="S1")
    story.promised(to=known)
    second = cause.mark_root(cause.ask_why(known.incident, by=bob, text="宛先の一覧が古い"), by=bob, factor="tool")
    story.promised(to=SimpleNamespace(incident=known.incident, root=second), title="一覧をよく見る", strength=0)
    assert Incident.objects.get(pk=known.incident.pk).stage == "measures_committed"
