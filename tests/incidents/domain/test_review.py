"""What was left for later comes back, and gold is asked after a year (M5, V4)."""

from __future__ import annotations

from datetime import date

import pytest

from incidents.domain import cause, check, countermeasure, incident, reminder, review
from incidents.enums import FollowUpKind, FollowUpState, MeasureStatus, Outcome, Stage
from incidents.errors import NotAllowed
from incidents.models import FollowUp, Incident, Letter, RootCause
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")
REVIEW, LATER = date(2027, 3, 1), date(2027, 9, 1)


@pytest.fixture
def dropped(story, alice):
    measure = story.promised()
    countermeasure.not_doing(measure, by=alice, reason="費用が出ない", review_on=REVIEW)
    return FollowUp.objects.get(kind=FollowUpKind.NOT_DOING_REVIEW)


@pytest.fixture
def golden(story, alice):
    measure = story.done()
    check.record_outcome(measure.checks.get(), by=alice, outcome=Outcome.EFFECTIVE, note="90日 0件")
    return FollowUp.objects.get(kind=FollowUpKind.ANNIVERSARY)


def test_what_is_not_done_comes_back_to_who_decided(dropped, alice, clock):
    assert (dropped.owner, dropped.due_on, dropped.state) == (alice, REVIEW, FollowUpState.OPEN)
    clock.to("2027-03-01 09:00")
    reminder.write_due_digests()
    letter = Letter.objects.get(recipient=alice)
    assert dropped.what in letter.text
    assert f"/follow-ups/{dropped.pk}/review/" in letter.text


def test_left_again_with_a_new_date(dropped, alice, bob):
    with pytest.raises(NotAllowed):
        review.leave(dropped, by=bob, again_on=LATER, reason="x")
    assert refused(review.leave, dropped, by=alice, again_on=LATER, reason=" ") == "no_reason"
    assert refused(review.leave, dropped, by=alice, again_on=date(2026, 11, 24), reason="x") == "review_in_past"
    again = review.leave(dropped, by=alice, again_on=LATER, reason="来期の予算")

    assert (again.due_on, again.review_of, again.owner) == (LATER, dropped.review_of, alice)
    assert fresh(dropped.review_of).not_doing_review_on == LATER
    kept = fresh(dropped)
    assert (kept.state, kept.outcome, kept.closed_by, kept.closed_note) == ("kept", "stays", alice, "来期の予算")
    assert refused(review.leave, dropped, by=alice, again_on=LATER, reason="x") == "review_closed"


def test_taken_up_is_an_idea_that_can_be_promised_again(dropped, alice, bob):
    review.take_up(dropped, by=bob, reason="費用が出た")
    measure = fresh(dropped.review_of)
    assert (measure.status, measure.not_doing_reason) == (MeasureStatus.PROPOSED, "")

    countermeasure.commit(measure, by=bob)
    promise = FollowUp.objects.get(measure=measure)
    assert (promise.state, promise.due_version) == (FollowUpState.OPEN, 2)
    assert promise.deliveries.filter(state="pending", due_version=2).exists()
    assert fresh(measure.incident).stage == Stage.MEASURES_COMMITTED


def test_review_outlives_its_record(dropped, alice):
    incident.end_otherwise(dropped.incident, by=alice, end=Stage.REPAIRED_ONLY, reason="一度きり")
    assert fresh(dropped).state == FollowUpState.OPEN
    assert refused(review.take_up, dropped, by=alice) == "ended"
    review.leave(dropped, by=alice, again_on=LATER, reason="まだ")


def test_risk_taken_back_shuts_the_gate(golden, alice, bob):
    """Gold with a second root whose risk is accepted: taking the risk back takes the gold with it."""
    made = golden.incident
    why = cause.ask_why(made, by=bob, text="宛先の候補に旧い住所が残る")
    second = cause.mark_root(why, by=bob, factor="tool")
    assert fresh(made).stage == Stage.CAUSE_KNOWN
    cause.accept_risk(second, by=alice, reason="年に一度", review_on=REVIEW)
    assert fresh(made).stage == Stage.MENDED

    follow_up = FollowUp.objects.get(kind=FollowUpKind.RISK_REVIEW)
    assert (follow_up.root, follow_up.owner, follow_up.due_on) == (second, alice, REVIEW)
    with pytest.raises(NotAllowed):
        review.leave(follow_up, by=bob, again_on=LATER, reason="x")
    follow_up = review.leave(follow_up, by=alice, again_on=LATER, reason="まだ年に一度")
    assert RootCause.objects.get(pk=second.pk).risk_review_on == LATER
    assert fresh(made).stage == Stage.MENDED

    review.take_up(follow_up, by=bob)
    assert RootCause.objects.get(pk=second.pk).risk_review_on is None
    assert fresh(made).stage == Stage.CAUSE_KNOWN


def test_risk_accepted_anew_has_one_review(story, alice):
    known = story.with_root()
    cause.accept_risk(known.root, by=alice, reason="年に一度", review_on=REVIEW)
    cause.accept_risk(known.root, by=alice, reason="年に一度", review_on=LATER)
    assert [f.due_on for f in FollowUp.objects.filter(root=known.root).open()] == [LATER]


def test_root_marked_again_has_no_risk_that_nobody_looks_at(story, alice, bob):
    known = story.with_root()
    cause.accept_risk(known.root, by=alice, reason="年に一度", review_on=REVIEW)
    cause.unmark_root(RootCause.objects.get(), by=bob, reason="まだ下がある")
    assert cause.mark_root(known.why, by=bob, factor="tool").risk_review_on is None


def test_gold_is_asked_after_a_year(golden, bob):
    assert (golden.owner, golden.due_on) == (bob, date(2027, 11, 24))
    assert refused(review.answer_anniversary, golden, by=bob, answer="holds", note=" ") == "no_note"
    review.answer_anniversary(golden, by=bob, answer="holds", note="いまも使っている")

    following = FollowUp.objects.filter(kind=FollowUpKind.ANNIVERSARY).open().get()
    assert following.due_on == date(2027, 11, 24)
    assert fresh(golden.incident).stage == Stage.MENDED
    assert refused(review.answer_anniversary, golden, by=bob, answer="holds", note="x") == "review_closed"


def test_hollow_gold_falls_back_with_its_story(golden, bob):
    review.answer_anniversary(golden, by=bob, answer="hollow", note="だれも見ていない")

    measure = fresh(golden.review_of)
    assert measure.status == MeasureStatus.INEFFECTIVE
    assert RootCause.objects.get(pk=measure.root_id).reopened_reason == "だれも見ていない"
    assert Incident.objects.get(pk=measure.incident_id).stage == Stage.FIRST_REPORTED
    assert not FollowUp.objects.filter(incident=measure.incident_id).open().exists()


def test_what_is_not_needed_any_more_ends_and_stays_gold(golden, bob):
    review.answer_anniversary(golden, by=bob, answer="obsolete", note="その作業をやめた")
    assert fresh(golden.review_of).status == MeasureStatus.EFFECTIVE
    assert not FollowUp.objects.filter(kind=FollowUpKind.ANNIVERSARY).open().exists()


def test_kinds_do_not_mix(golden, dropped, alice):
    assert refused(review.leave, golden, by=alice, again_on=LATER, reason="x") == "review_closed"
    assert refused(review.answer_anniversary, dropped, by=alice, answer="holds", note="x") == "review_closed"


def test_leap_day():
    assert review.a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)


def test_page_asks_and_answers(dropped, golden, bob, alice, vera, client_of):
    url = f"/follow-ups/{dropped.pk}/review/"
    assert "費用が出ない" in client_of(alice).get(url).content.decode()
    assert client_of(vera).get(url).status_code == 403
    page = client_of(alice).post(url, {"answer": "stays", "reason": "まだ"})
    assert "見直す日が今日より前か今日です" in page.content.decode()
    assert client_of(alice).post(url, {"answer": "take_up"}).status_code == 302
    assert fresh(dropped.review_of).status == MeasureStatus.PROPOSED

    year = f"/follow-ups/{golden.pk}/review/"
    assert "形骸化している" in client_of(bob).get(year).content.decode()
    assert client_of(bob).post(year, {"answer": "holds", "note": "いまも"}).status_code == 302
    assert (
        client_of(bob)
        .get(f"/follow-ups/{FollowUp.objects.filter(kind='countermeasure').first().pk}/review/")
        .status_code
        == 404
    )
