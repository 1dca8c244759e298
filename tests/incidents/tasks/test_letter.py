"""The clock's side: ids in, the domain decides, the gateway speaks, nothing is open while it does."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from incidents.domain import countermeasure
from incidents.domain import letter as letters
from incidents.enums import DeliveryState, LetterState
from incidents.gateways import mail
from incidents.models import EngineMark, FollowUp, Letter, ReminderDelivery
from incidents.tasks import housekeeping
from incidents.tasks import letter as tasks
from incidents.tasks import reminder as reminder_tasks
from tests.factories import LetterFactory

pytestmark = pytest.mark.usefixtures("clock")


def state_of(one: Letter) -> str:
    return Letter.objects.values_list("state", flat=True).get(pk=one.pk)


def test_deliver_sends_the_letter_it_was_rung_for(organisation, mailoutbox):
    LetterFactory()
    one = LetterFactory(subject="この一通")
    assert tasks.deliver(one.pk)
    assert ([mail.subject for mail in mailoutbox], state_of(one)) == (["この一通"], LetterState.SENT)
    assert not tasks.deliver(one.pk)
    assert len(mailoutbox) == 1


def test_sweep_sends_what_nobody_rang_for(organisation, mailoutbox, clock):
    for _ in range(5):
        LetterFactory()
    assert tasks.sweep() == 5
    assert tasks.sweep() == 0
    assert len(mailoutbox) == 5


def test_sweep_ends_by_its_own_clock_between_two_letters(organisation, mailoutbox, monkeypatch):
    ticking = iter(range(0, 1000, 20))
    monkeypatch.setattr(tasks.time, "monotonic", lambda: float(next(ticking)))
    for _ in range(5):
        LetterFactory()
    assert tasks.sweep() == 2  # 20 s and 40 s lie before the end at 50 s
    assert len(mailoutbox) == 2


def test_a_letter_that_cannot_be_checked_again_waits_and_the_one_behind_it_goes(organisation, mailoutbox, monkeypatch):
    odd, good = LetterFactory(subject="おかしい"), LetterFactory(subject="ふつう")
    real = tasks.reminder.still_wanted

    def check(one):
        if one.pk == odd.pk:
            raise RuntimeError("odd row")
        return real(one)

    monkeypatch.setattr(tasks.reminder, "still_wanted", check)
    assert tasks.sweep() == 2
    assert (state_of(odd), state_of(good)) == (LetterState.WAITING, LetterState.SENT)
    odd.refresh_from_db()
    assert "odd row" in odd.error and odd.next_try_at > good.created_at


def test_a_process_without_a_mail_server_takes_no_letter(organisation, mailoutbox, settings):
    one = LetterFactory()
    settings.MAIL_CONFIGURED = False
    assert tasks.sweep() == 0
    assert state_of(one) == LetterState.WAITING
    settings.MAIL_CONFIGURED = True
    assert tasks.sweep() == 1
    assert state_of(one) == LetterState.SENT


def test_one_bad_letter_does_not_stop_the_queue(organisation, monkeypatch):
    bad, good = LetterFactory(subject="届かない"), LetterFactory(subject="届く")
    answers = {"届かない": mail.Answer(False, "550 no", True), "届く": mail.Answer(True)}
    monkeypatch.setattr(mail, "deliver", lambda one: answers[one.subject])
    assert tasks.sweep() == 2
    assert (state_of(bad), state_of(good)) == (LetterState.FAILED, LetterState.SENT)


def test_fault_in_the_gateway_leaves_the_letter_to_its_lease(organisation, monkeypatch, clock):
    one = LetterFactory()

    def broken(_one: Letter) -> mail.Answer:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(mail, "deliver", broken)
    with pytest.raises(RuntimeError):
        tasks.deliver(one.pk)
    assert state_of(one) == LetterState.SENDING
    monkeypatch.undo()
    clock.forward(minutes=6)
    assert tasks.sweep() == 1
    assert state_of(one) == LetterState.SENT


def test_lost_claim_sends_nothing(organisation, monkeypatch, mailoutbox):
    one = LetterFactory()
    monkeypatch.setattr(letters, "mark_dot", lambda _one: False)
    tasks.deliver(one.pk)
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_speaks(monkeypatch):
    one = LetterFactory(recipient=None, to_name="n", to_email="n@example.jp")
    seen = []
    monkeypatch.setattr(mail, "deliver", lambda _one: seen.append(connection.in_atomic_block) or mail.Answer(True))
    tasks.deliver(one.pk)
    assert seen == [False]


def test_morning_end_to_end(story, clock, mailoutbox, django_capture_on_commit_callbacks):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-11 09:00")
    with django_capture_on_commit_callbacks(execute=True):
        assert reminder_tasks.digest() == 1
    assert [one.to[0].endswith("<bob@example.jp>") for one in mailoutbox] == [True]
    assert set(ReminderDelivery.objects.exclude(letter=None).values_list("state", flat=True)) == {DeliveryState.SENT}


def test_kept_between_writing_and_ringing_is_not_mailed(
    story, clock, bob, mailoutbox, django_capture_on_commit_callbacks
):
    measure = story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-11 09:00")
    with django_capture_on_commit_callbacks() as bells:
        reminder_tasks.digest()
    countermeasure.complete(measure, by=bob, note="やりました")
    for bell in bells:
        bell()
    assert mailoutbox == []
    assert [one.state for one in Letter.objects.all()] == [LetterState.CANCELLED]
    assert FollowUp.objects.exclude(kind="first_report").count() == 2


def test_sign_of_life(organisation, clock):
    housekeeping.beat_mark()
    clock.forward(minutes=1)
    housekeeping.beat_mark()
    assert EngineMark.objects.get().at == clock.now
