"""Timeline, containment and questions: what is said stays said, and what is not known has somebody who finds out."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.domain import cause, containment, incident, question, reminder, timeline
from incidents.domain.timeline import Taken
from incidents.enums import Certainty, DeliveryState, EntryKind, FollowUpKind, FollowUpState, Stage, Verdict
from incidents.errors import Refused
from incidents.models import AuditEntry, Containment, FollowUp, Question, ReminderDelivery, TimelineEntry
from incidents.queries.incident import record_facts
from tests.factories import PasteFactory

pytestmark = pytest.mark.django_db


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.code


# Timeline -----------------------------------------------------------------------------------


def test_addendum_to_an_addendum_belongs_to_the_first_line(clock, crack, bob):
    line = timeline.record(crack, by=bob, text="先方が気づいた", event_at=None, certainty=Certainty.ESTIMATE)
    first = timeline.amend(line, by=bob, text="電話の記録があった", verdict=Verdict.CONFIRMED)
    second = timeline.amend(first, by=bob, text="時刻は10:12")

    assert (first.addendum_to_id, second.addendum_to_id) == (line.pk, line.pk)
    assert (first.verdict, second.verdict) == (Verdict.CONFIRMED, "")
    line.refresh_from_db()
    assert (line.text, line.certainty) == ("先方が気づいた", Certainty.ESTIMATE)
    assert [e.verb for e in AuditEntry.objects.filter(verb__startswith="timeline.").order_by("pk")] == [
        "timeline.recorded",
        "timeline.amended",
        "timeline.amended",
    ]


def test_database_takes_no_verdict_without_its_line(crack):
    with pytest.raises(IntegrityError), transaction.atomic():
        TimelineEntry.objects.create(incident=crack, text="x", verdict=Verdict.REFUTED)


def test_lines_are_taken_over_once_and_the_raw_text_stays(clock, crack, bob):
    paste = PasteFactory(incident=crack)
    raw = paste.text
    line = Taken(1, "青木商事様からお電話", Certainty.FACT, clock.now, "10:12")
    made = timeline.take_over(paste, by=bob, lines=[line])

    assert [(e.text, e.event_at, e.event_at_text, e.paste_line, e.certainty) for e in made] == [
        ("青木商事様からお電話", clock.now, "10:12", 1, Certainty.FACT)
    ]
    assert code(timeline.take_over, paste, by=bob, lines=[line]) == "line_taken"
    assert code(timeline.take_over, paste, by=bob, lines=[]) == "nothing_chosen"
    two = Taken(2, "送ったのは1通だけ", Certainty.ESTIMATE, None)
    assert code(timeline.take_over, paste, by=bob, lines=[two, two]) == "line_taken"
    assert code(timeline.take_over, paste, by=bob, lines=[two, line]) == "line_taken"
    assert TimelineEntry.objects.filter(paste=paste).count() == 1
    paste.refresh_from_db()
    assert paste.text == raw


# Containment --------------------------------------------------------------------------------


def test_containment_stands_in_the_timeline_and_covers_no_root(clock, story, bob):
    known = story.with_root()
    before = record_facts(known.incident)
    made = containment.record(known.incident, by=bob, text="削除をお願いした", done_at=clock.now)
    known.incident.refresh_from_db()

    assert record_facts(known.incident) == before
    assert known.incident.stage == Stage.CAUSE_KNOWN
    told = TimelineEntry.objects.get(kind=EntryKind.CONTAINMENT)
    assert (told.text, told.event_at) == ("応急処置: 削除をお願いした", clock.now)

    clock.forward(hours=3)
    containment.lift(made, by=bob, note="削除を確認した")
    made.refresh_from_db()
    assert (made.lifted_at, made.lifted_note) == (clock.now, "削除を確認した")
    assert code(containment.lift, made, by=bob, note="もう一度") == "already_lifted"


def test_containment_refuses_what_is_not_one(clock, crack, bob):
    assert code(containment.record, crack, by=bob, text=" ", done_at=clock.now) == "empty"
    later = clock.now + timedelta(hours=1)
    assert code(containment.record, crack, by=bob, text="止める", done_at=later) == "done_in_future"
    made = containment.record(crack, by=bob, text="止めた", done_at=clock.now)
    assert code(containment.lift, made, by=bob, note=" ") == "no_reason"
    incident.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="思いちがい")
    assert code(containment.record, crack, by=bob, text="止めた", done_at=clock.now) == "ended"
    assert containment.lift(made, by=bob, note="もう要らない").lifted_note == "もう要らない"
    assert Containment.objects.count() == 1


# Questions ----------------------------------------------------------------------------------


@pytest.fixture
def asked(clock, crack, bob, alice):
    line = timeline.record(crack, by=bob, text="何通出たかわからない", event_at=None, certainty=Certainty.UNKNOWN)
    due = clock.today + timedelta(days=10)
    return question.ask(crack, by=bob, text="何通出たか", owner=alice, due_on=due, entry=line)


def rows(state=DeliveryState.PENDING) -> list[tuple[str, str]]:
    return [
        (r.step, r.recipient.name)
        for r in ReminderDelivery.objects.filter(state=state, follow_up__kind=FollowUpKind.QUESTION).order_by(
            "planned_on", "pk"
        )
    ]


def test_question_is_followed_until_it_is_answered(asked, alice):
    assert (asked.follow_up.owner, asked.follow_up.kind, asked.follow_up.what) == (
        alice,
        FollowUpKind.QUESTION,
        "何通出たか",
    )
    assert rows()[0] == ("d-7", alice.name)

    question.answer(asked, by=alice, answer="1通だけ", verdict=Verdict.CONFIRMED)
    asked.refresh_from_db()
    follow_up = FollowUp.objects.get(question=asked)
    addendum = TimelineEntry.objects.get(addendum_to=asked.entry)
    assert (asked.answer, asked.answered_by, follow_up.state) == ("1通だけ", alice, FollowUpState.KEPT)
    assert (addendum.text, addendum.verdict, addendum.certainty, addendum.kind) == (
        "問い「何通出たか」の答え: 1通だけ",
        Verdict.CONFIRMED,
        Certainty.FACT,
        EntryKind.QUESTION,
    )
    assert rows() == []
    assert code(question.answer, asked, by=alice, answer="2通") == "question_closed"


def test_answer_without_a_line_becomes_a_line_of_its_own(clock, crack, bob):
    made = question.ask(crack, by=bob, text="控えはあるか", owner=bob, due_on=clock.today)
    question.answer(made, by=bob, answer="あった", verdict=Verdict.CONFIRMED)
    told = [(e.text, e.verdict) for e in TimelineEntry.objects.filter(kind=EntryKind.QUESTION).order_by("pk")]
    assert told == [("問い: 控えはあるか（鈴木 健太）", ""), ("問い「控えはあるか」の答え: あった", "")]


def test_question_is_moved_handed_over_and_dropped(asked, bob, alice, clock):
    question.move(asked, by=bob, due_on=clock.today + timedelta(days=20), reason="先方の休み明けに聞く")
    question.hand_over(asked, by=alice, owner=bob)
    asked = Question.objects.get(pk=asked.pk)
    assert (asked.follow_up.due_on, asked.follow_up.owner) == (clock.today + timedelta(days=20), bob)
    assert {name for _step, name in rows()} == {bob.name, alice.name}  # alice as the lead from +5 on

    question.drop(asked, by=bob, reason="先方の調べで足りた")
    follow_up = FollowUp.objects.get(question=asked)
    assert (follow_up.state, follow_up.closed_by, follow_up.closed_note) == (
        FollowUpState.CANCELLED,
        bob,
        "先方の調べで足りた",
    )
    assert rows() == []
    assert code(question.move, asked, by=bob, due_on=clock.today, reason="x") == "question_closed"


def test_question_refuses(asked, crack, bob, alice, vera, carol, clock):
    day = clock.today
    assert code(question.ask, crack, by=bob, text=" ", owner=bob, due_on=day) == "empty"
    assert code(question.ask, crack, by=bob, text="x", owner=bob, due_on=day - timedelta(days=1)) == "due_in_past"
    assert code(question.ask, crack, by=bob, text="x", owner=vera, due_on=day) == "not_in_team"
    assert code(question.ask, crack, by=bob, text="x", owner=carol, due_on=day) == "not_in_team"
    assert code(question.answer, asked, by=bob, answer=" ") == "no_answer"
    assert code(question.move, asked, by=bob, due_on=asked.follow_up.due_on, reason="x") == "same_day"
    assert code(question.move, asked, by=bob, due_on=day, reason=" ") == "no_reason"
    assert code(question.hand_over, asked, by=bob, owner=alice) == "same_owner"
    assert code(question.drop, asked, by=bob, reason=" ") == "no_reason"
    other = incident.report(by=bob, team=crack.team, title="別", noticed_at=timezone.now())
    assert code(question.ask, other, by=bob, text="x", owner=bob, due_on=day, entry=asked.entry) == "other_incident"
    incident.end_otherwise(other, by=bob, end=Stage.WITHDRAWN, reason="x")
    assert code(question.ask, other, by=bob, text="x", owner=bob, due_on=day) == "ended"


def test_question_outlives_its_record(asked, crack, bob):
    incident.end_otherwise(crack, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    assert question.answer(asked, by=bob, answer="1通").answered_by == bob


def test_root_is_covered_by_no_answer(asked, crack, bob):
    why = cause.ask_why(crack, by=bob, text="控えがない")
    cause.mark_root(why, by=bob, factor="tool")
    question.answer(asked, by=bob, answer="1通")
    assert record_facts(crack).measures == []


def test_question_stands_in_the_letter_of_the_day(asked, crack, alice, clock):
    clock.to("2026-12-04 09:00")
    letter = reminder.write_digest(alice)
    assert "何通出たか" in letter.text
    assert f"{crack.get_absolute_url()}#question-{asked.pk}" in letter.text


def test_a_line_sent_twice_is_one_line_and_another_persons_is_another(crack, alice, bob, clock):
    line = {"text": "倉庫に電話した", "event_at": clock.now - timedelta(minutes=5)}
    first = timeline.record_once(crack, by=bob, **line)
    assert timeline.record_once(crack, by=bob, **line) == first
    assert timeline.record_once(crack, by=bob, **line, certainty=Certainty.ESTIMATE) != first
    assert timeline.record_once(crack, by=alice, **line) != first
    clock.to("2026-11-26 09:30")
    assert timeline.record_once(crack, by=bob, **line) != first
    assert crack.timeline.filter(text="倉庫に電話した").count() == 4
