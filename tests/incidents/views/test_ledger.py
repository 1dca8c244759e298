"""Each promise of a record shows in words whom it was told to, when, and why; another team's is that team's."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db.models import Q
from django.utils import timezone, translation

from incidents.domain import letter, promise, question, reminder, spread
from incidents.enums import DeliveryState, FollowUpKind, LetterState
from incidents.models import FollowUp, Letter, ReminderDelivery, SpreadAnswer
from incidents.queries.reminder import told_rows
from incidents.templatetags.ledger import REASONS, step_words, told_how
from tests.factories import LetterFactory, ReminderDeliveryFactory

pytestmark = pytest.mark.usefixtures("clock")
DUE = date(2026, 12, 11)
D = DeliveryState


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def how(**row) -> str:
    made = ReminderDeliveryFactory(**row)
    [found] = told_rows(Q(pk=made.pk))
    return told_how(found)


def test_every_kind_of_promise_shows_its_ledger(client_of, story, bob, alice):
    made = story.done(due_on=DUE)
    promise.promise(made.incident, by=bob, text="折り返しのお電話", due_at=timezone.now() + timedelta(hours=3))
    question.ask(made.incident, by=bob, text="控えはあるか", owner=bob, due_on=DUE)
    page = text_of(client_of(bob).get(made.incident.get_absolute_url()))
    shown = page.partition("送ったお知らせ")[2]
    kinds = set(FollowUp.objects.filter(incident=made.incident).values_list("kind", flat=True))
    assert kinds >= {"countermeasure", "effect_check", "promise", "question", "first_report"}
    for kind in kinds - {"countermeasure"}:
        assert str(FollowUpKind(kind).label) in shown, kind
    assert "折り返しのお電話" in shown and "控えはあるか" in shown
    assert "期限の3営業日前 ・ 予定" in shown
    assert "時刻の15分前 ・ 予定" in shown
    # The countermeasure's own stands in its own place.
    assert "期限の7営業日前 ・ 取り消し: 約束が果たされたため" in page.partition("送ったお知らせ")[0]


def test_a_row_is_told_by_what_became_of_it(organisation):
    sent_at = timezone.now()
    assert how() == "予定"
    assert how(state=D.WRITTEN, letter=LetterFactory()) == "手紙にしました（送信待ち）"
    again = LetterFactory(attempts=2, state=LetterState.WAITING)
    assert how(state=D.WRITTEN, letter=again) == "再送を待っています（2回ためしました）"
    sent = {"state": LetterState.SENT, "sent_at": sent_at}
    assert how(state=D.SENT, letter=LetterFactory(attempts=1, **sent)) == "11/24 09:30 に送りました"
    assert how(state=D.SENT, letter=LetterFactory(attempts=3, **sent)) == "11/24 09:30 に送りました（再送、3回目）"
    kept = LetterFactory(state=LetterState.KEPT)
    assert how(state=D.SENT, letter=kept) == "11/24 09:30 に手紙にしました（送信箱で読めます）"
    assert how(state=D.FAILED, letter=LetterFactory()) == "届きませんでした"
    assert how(state=D.CANCELLED, reason="moved") == "取り消し: 期限が変わったため"
    assert how(state=D.CANCELLED, reason="宛先をまちがえたため") == "取り消し: 宛先をまちがえたため"


def test_steps_are_told_in_both_languages():
    names = ["d-7", "d-1", "d0", "d+5", "w1", "w+9", "m-30", "m0", "m60"]
    assert [step_words(name) for name in names] == [
        "期限の7営業日前",
        "期限の1営業日前",
        "期限の日",
        "期限の5営業日あと",
        "毎週（期限の12営業日あと）",
        "毎週（期限の9営業日あと）",
        "時刻の30分前",
        "約束の時刻",
        "時刻の60分あと",
    ]
    with translation.override("en"):
        assert step_words("d-1") == "1 business day before the date"
        assert step_words("d+5") == "5 business days after the date"


def test_every_reason_that_the_document_tells_has_its_words():
    page = (Path(__file__).parents[3] / "docs" / "features" / "reminder.md").read_text("utf-8")
    table = page.partition("| Reason | Means |")[2].partition("\n\n")[0]
    reasons = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
    assert reasons == REASONS.keys()


def test_what_another_team_was_asked_is_shown_there_and_not_here(client_of, story, bob, carol, other_team):
    made = story.promised(due_on=DUE)
    spread.spread(made.incident, by=bob, teams=[other_team], title="同じ画面は", body="", due_on=DUE)
    asked = SpreadAnswer.objects.get()
    here = text_of(client_of(bob).get(made.incident.get_absolute_url()))
    assert "横展開の回答" not in here.partition("送ったお知らせ")[2]
    there = text_of(client_of(carol).get(f"/spreads/{asked.pk}/"))
    assert f"{carol.name} 期限の3営業日前 ・ 予定" in there


def test_of_very_many_rows_the_last_are_shown(client_of, story, bob):
    made = story.promised(due_on=DUE)
    ReminderDelivery.objects.bulk_create(
        ReminderDelivery(
            follow_up=made.follow_up,
            recipient=bob,
            step=f"w{n}",
            due_version=1,
            planned_on=DUE + timedelta(days=7 * n),
            state=D.CANCELLED,
            reason="closed",
        )
        for n in range(2, 62)
    )
    rows = ReminderDelivery.objects.filter(follow_up=made.follow_up).count()
    page = text_of(client_of(bob).get(made.incident.get_absolute_url()))
    assert f"ほか、前の {rows - 40} 行" in page
    assert "毎週（期限の312営業日あと）" in page


def test_a_letter_taken_back_says_why_in_the_words_of_whoever_did(client_of, story, clock, alice, bob):
    made = story.promised(due_on=DUE)
    clock.to("2026-12-02 09:30")
    reminder.write_due_digests()
    letter.cancel(Letter.objects.get(), by=alice, reason="休みの日だったため")
    page = text_of(client_of(bob).get(made.incident.get_absolute_url()))
    assert "期限の7営業日前 ・ 取り消し: 休みの日だったため" in page
