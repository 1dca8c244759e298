"""効果確認: who judges, when, and what each of the four outcomes moves (V1, V2)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.domain import cause, check, countermeasure
from incidents.enums import FollowUpKind, FollowUpState, MeasureStatus, Outcome, Stage
from incidents.models import Countermeasure, EffectCheck, FollowUp, Incident, TimelineEntry
from tests.factories import MembershipFactory
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")


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


def test_who_may_not_judge_is_told_before_they_write(client_of, alice, bob, open_check, story):
    url = f"/checks/{open_check.pk}/"
    text = client_of(bob).get(url).content.decode()  # the owner of the measure
    assert "ご自身が担当した対策は、ご自身では確かめられません。" in text
    assert 'name="outcome"' not in text
    assert 'name="outcome"' in client_of(alice).get(url).content.decode()


def test_before_it_is_done_nobody_is_asked_what_they_saw(client_of, alice, story):
    early = story.promised().checks.get()
    text = client_of(alice).get(f"/checks/{early.pk}/").content.decode()
    assert "対策がまだ実施されていません。" in text
    assert 'name="outcome"' not in text
