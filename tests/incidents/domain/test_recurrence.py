"""The same thing again, inside and outside the window of a measure (C7, V3)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents import rules
from incidents.domain import check, countermeasure, incident, reader, recurrence
from incidents.enums import Category, EntryKind, FollowUpKind, FollowUpState, MeasureStatus, Outcome, Severity, Stage
from incidents.errors import Refused
from incidents.models import FollowUp, IncidentReader, ReminderDelivery, RootCause, TimelineEntry
from incidents.queries.record import beside
from tests.factories import MembershipFactory
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def golden(story, alice):
    measure = story.done()
    check.record_outcome(measure.checks.get(), by=alice, outcome=Outcome.EFFECTIVE, note="90日 0件")
    incident.edit(measure.incident, by=alice, category=Category.MISDELIVERY, process="見積")
    return fresh(measure)


def again(by, team, **known):
    known = {"title": "注文書を別の会社に送った", "category": Category.MISDELIVERY} | known
    return incident.report(by=by, team=team, noticed_at=timezone.now(), **known)


def told(one) -> list[str]:
    return list(TimelineEntry.objects.filter(incident=one, kind=EntryKind.LINK).values_list("text", flat=True))


def test_recurrence_in_the_window_takes_the_gold_back(golden, bob, team, clock):
    clock.forward(days=60)
    new = again(bob, team)
    recurrence.link(new, by=bob, original=golden.incident)

    root = RootCause.objects.get(pk=golden.root_id)
    assert (fresh(golden).status, fresh(golden.incident).stage) == (MeasureStatus.INEFFECTIVE, Stage.FIRST_REPORTED)
    assert (root.reopened_at is not None, root.reopened_reason) == (
        True,
        f"期間のうちに再発しました（{new.reference}）",
    )
    assert not FollowUp.objects.filter(kind=FollowUpKind.ANNIVERSARY, state=FollowUpState.OPEN).exists()
    assert told(new) == ["K-1 の再発です"]
    assert told(golden.incident) == [
        f"K-2 として期間のうちに再発しました。効かなかった対策: {golden.title}",
    ]
    # The story stays: the check that once said gold, and its line.
    assert golden.checks.get().outcome == Outcome.EFFECTIVE


def test_recurrence_of_what_is_not_yet_checked_ends_its_check(story, alice, bob, team, clock, client_of):
    measure = story.done()
    clock.forward(days=5)
    recurrence.link(again(bob, team), by=bob, original=measure.incident)

    assert fresh(measure).status == MeasureStatus.INEFFECTIVE
    assert FollowUp.objects.get(kind=FollowUpKind.EFFECT_CHECK).state == FollowUpState.CANCELLED
    # Nobody else is asked to look at what has failed already.
    link = reverse("check-hand-over", args=[measure.checks.get().pk])
    assert link not in client_of(bob).get(measure.incident.get_absolute_url()).content.decode()
    assert refused(check.hand_over, measure.checks.get(), by=bob, checker=alice) == "check_closed"
    assert not ReminderDelivery.objects.filter(follow_up__kind=FollowUpKind.EFFECT_CHECK, state="pending").exists()
    # Who comes by an old link is told that it is over, not to wait for できました; what they wrote stands there.
    late = {"outcome": "effective", "note": "見たとおりです"}
    assert refused(check.record_outcome, measure.checks.get(), by=alice, **late) == "check_closed"
    page = reverse("check", args=[measure.checks.get().pk])
    shown = client_of(alice).get(page).content.decode()
    assert "この効果確認は、もう終わっています。 効かなかった" in shown and "<textarea" not in shown
    answer = client_of(alice).post(page, late).content.decode()
    assert "この効果確認は、もう終わっています。" in answer and late["note"] in answer and "を待って" not in answer


def test_recurrence_after_the_window_leaves_the_gold(golden, bob, team, clock):
    clock.forward(days=21 + 90 + 1)  # check_on is the due day plus 90 days
    new = again(bob, team)
    recurrence.link(new, by=bob, original=golden.incident)

    assert (fresh(golden).status, fresh(golden.incident).stage) == (MeasureStatus.EFFECTIVE, Stage.MENDED)
    assert fresh(new).recurrence_of == golden.incident
    assert told(golden.incident) == ["K-2 として再発しました"]


def test_recurrence_whose_time_is_corrected_into_the_window_takes_the_gold_back(golden, bob, team, clock, client_of):
    seen = clock.now
    clock.forward(days=21 + 90 + 1)
    new = again(bob, team)
    recurrence.link(new, by=bob, original=golden.incident)
    assert fresh(golden.incident).stage == Stage.MENDED

    url = reverse("incident-edit", args=[new.reference])
    sent = {"title": new.title, "severity": new.severity, "noticed_at": f"{seen + timedelta(days=20):%Y-%m-%dT%H:%M}"}
    assert client_of(bob).post(url, sent).status_code == 302
    assert fresh(golden).status == MeasureStatus.INEFFECTIVE
    assert fresh(golden.root).reopened_at is not None
    assert fresh(golden.incident).stage != Stage.MENDED
    said = f"{new.reference} として期間のうちに再発しました。効かなかった対策: {golden.title}"
    assert told(golden.incident) == [f"{new.reference} として再発しました", said]


def test_severity_that_makes_the_window_longer_is_asked_of_what_was_tied_before(story, alice, bob, team, clock):
    known = story.with_root(severity="S3")
    due_on = clock.today + timedelta(days=1)
    measure = story.promised(to=known, due_on=due_on, check_on=due_on + timedelta(days=30))
    clock.forward(days=1)
    countermeasure.complete(measure, by=bob, note="できました")
    clock.forward(days=30)
    check.record_outcome(measure.checks.get(), by=alice, outcome="effective", note="0件")
    clock.forward(days=60)
    recurrence.link(again(bob, team), by=bob, original=known.incident)
    assert fresh(measure).status == MeasureStatus.EFFECTIVE

    recurrence.edit(known.incident, by=alice, severity="S1", severity_reason="報道があった")
    assert fresh(measure).status == MeasureStatus.INEFFECTIVE
    assert fresh(known.incident).stage != Stage.MENDED
    assert told(known.incident)[-1].endswith(f"効かなかった対策: {measure.title}")


def test_running_measure_is_not_blamed(story, bob, team, clock):
    measure = story.promised()
    clock.forward(days=1)
    recurrence.link(again(bob, team), by=bob, original=measure.incident)
    assert fresh(measure).status == MeasureStatus.COMMITTED


def test_link_refused(golden, alice, bob, carol, team, other_team, clock):
    clock.forward(days=1)
    new = again(bob, team)
    theirs = incident.report(by=carol, team=other_team, title="よその割れ", noticed_at=timezone.now())
    assert refused(recurrence.link, new, by=bob, original=None) == "no_original"
    assert refused(recurrence.link, new, by=bob, original=new) == "no_original"
    assert refused(recurrence.link, new, by=bob, original=theirs) == "original_not_found"  # bob may not see it
    MembershipFactory(person=bob, team=other_team, role="member")
    assert refused(recurrence.link, new, by=bob, original=theirs) == "other_team"
    assert refused(recurrence.link, golden.incident, by=bob, original=new) == "original_is_later"
    recurrence.link(new, by=bob, original=golden.incident)
    assert refused(recurrence.link, new, by=bob, original=golden.incident) == "already_linked"


def test_unlink_keeps_the_story(golden, bob, team, clock):
    clock.forward(days=1)
    new = again(bob, team)
    assert refused(recurrence.unlink, new, by=bob, reason="x") == "not_linked"
    linked = recurrence.link(new, by=bob, original=golden.incident)
    assert refused(recurrence.unlink, linked, by=bob, reason=" ") == "no_reason"
    recurrence.unlink(linked, by=bob, reason="別の件")

    assert fresh(new).recurrence_of is None
    assert len(told(new)) == len(told(golden.incident)) == 2
    assert fresh(golden).status == MeasureStatus.INEFFECTIVE


@pytest.mark.parametrize(
    ("known", "offered"),
    [
        ({}, True),
        ({"title": "まったく別のこと", "process": "見積"}, True),
        ({"title": "まったく別のこと", "process": "出荷"}, False),
        ({"category": Category.BILLING}, False),
        ({"category": ""}, False),
    ],
)
def test_what_may_be_a_recurrence_is_offered_and_never_linked(golden, bob, team, clock, known, offered):
    clock.forward(days=30)
    new = again(bob, team, **known)
    assert beside(new, bob).may_recur == ([golden.incident] if offered else [])
    assert fresh(new).recurrence_of is None


def test_nothing_is_offered_after_the_window_nor_out_of_a_restricted_record(golden, alice, bob, team, clock):
    clock.forward(days=30)
    new = again(alice, team)
    assert beside(new, alice).may_recur == [golden.incident]
    golden.incident.restricted = True
    golden.incident.save()
    assert beside(new, alice).may_recur == []
    IncidentReader.objects.create(incident=golden.incident, person=alice)
    assert beside(new, alice).may_recur == [golden.incident]
    clock.forward(days=150)
    assert beside(again(bob, team), bob).may_recur == []


DONE = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("status", "check_on", "severity", "day", "answer"),
    [
        (MeasureStatus.DONE, None, Severity.S3, DONE, True),
        (MeasureStatus.DONE, None, Severity.S3, DONE - timedelta(days=1), False),
        (MeasureStatus.DONE, None, Severity.S3, DONE + timedelta(days=30), True),
        (MeasureStatus.DONE, None, Severity.S3, DONE + timedelta(days=31), False),
        (MeasureStatus.EFFECTIVE, None, Severity.S1, DONE + timedelta(days=180), True),
        (MeasureStatus.EFFECTIVE, DONE + timedelta(days=10), "", DONE + timedelta(days=30), True),
        (MeasureStatus.EFFECTIVE, DONE + timedelta(days=50), "", DONE + timedelta(days=50), True),
        (MeasureStatus.EFFECTIVE, DONE + timedelta(days=50), "", DONE + timedelta(days=51), False),
        (MeasureStatus.COMMITTED, None, Severity.S3, DONE, False),
        (MeasureStatus.INEFFECTIVE, None, Severity.S3, DONE, False),
    ],
)
def test_window(status, check_on, severity, day, answer):
    assert rules.holds_watch(status=status, done_on=DONE, last_check_on=check_on, severity=severity, day=day) is answer


def test_page_offers_links_and_unlinks(golden, bob, alice, vera, team, clock, client_of):
    clock.forward(days=30)
    new = again(bob, team)
    url = new.get_absolute_url()
    assert f"{url}recurrence/?of=K-1" in client_of(bob).get(url).content.decode()
    assert "?of=" not in client_of(vera).get(url).content.decode()
    assert "見つかりません" in client_of(bob).post(f"{url}recurrence/", {"original": "K-999"}).content.decode()
    assert client_of(bob).post(f"{url}recurrence/", {"original": "k-1"}).status_code == 302
    assert "再発の元" in client_of(vera).get(url).content.decode()
    assert "ここからの再発" in client_of(vera).get(golden.incident.get_absolute_url()).content.decode()
    assert client_of(bob).post(f"{url}recurrence/unlink/", {"reason": "別の件"}).status_code == 302
    assert fresh(new).recurrence_of is None


@pytest.mark.parametrize("end", [Stage.WITHDRAWN, Stage.DUPLICATE])
def test_what_was_withdrawn_or_is_a_duplicate_is_tied_to_nothing(golden, bob, team, clock, story, end):
    clock.forward(days=30)
    other = story.reported(title="別の割れ")
    for tied, original in ((again(bob, team), golden.incident), (story.reported(), again(bob, team))):
        gone = tied if original == golden.incident else original
        incident.end_otherwise(gone, by=bob, end=end, reason="思いちがい", duplicate_of=other)
        clock.forward(minutes=90)
        with pytest.raises(Refused) as refusal:
            recurrence.link(tied, by=bob, original=original)
        assert refusal.value.code == "ended"
        assert fresh(tied).recurrence_of is None
    assert fresh(golden.incident).stage == Stage.MENDED


def test_gold_is_not_withdrawn_by_hand(golden, bob, alice, client_of):
    url = reverse("incident-end", args=[golden.incident.reference])
    for person in (bob, alice):
        answer = client_of(person).post(url, {"end": "withdrawn", "reason": "なかったことに"})
        assert "この記録は金継ぎになっています" in answer.content.decode()
    assert fresh(golden.incident).stage == Stage.MENDED


def test_a_duplicate_does_not_name_an_original_that_its_reader_may_not_read(story, alice, bob, vera, client_of):
    first, second = story.reported(), story.reported()
    incident.end_otherwise(second, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=first)
    reader.restrict(first, by=alice, readers=[alice])
    shown = client_of(vera).get(second.get_absolute_url()).content.decode()
    assert f"{first.reference}<" not in shown and "別の記録" in shown
    assert f"{first.reference}<" in client_of(alice).get(second.get_absolute_url()).content.decode()


def test_duplicates_are_shown_both_ways(story, bob, client_of):
    first, second = story.reported(), story.reported()
    incident.end_otherwise(second, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=first)
    assert f"{second.reference} {second.title}" in client_of(bob).get(first.get_absolute_url()).content.decode()
    assert "元の記録" in client_of(bob).get(second.get_absolute_url()).content.decode()
