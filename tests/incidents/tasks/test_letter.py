"""The clock's side: ids in, the domain decides, the gateway speaks, nothing is open while it does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from incidents.domain import countermeasure
from incidents.domain import letter as letters
from incidents.enums import DeliveryState, LetterState
from incidents.gateways import mail
from incidents.models import EngineMark, FollowUp, Letter, Organisation, ReminderDelivery
from incidents.queries import engine, mailway
from incidents.sample import bench
from incidents.tasks import housekeeping, sending
from incidents.tasks import letter as tasks
from incidents.tasks import reminder as reminder_tasks
from tests import servers
from tests.factories import LetterFactory
from ushiro import env

pytestmark = pytest.mark.usefixtures("clock")


def state_of(one: Letter) -> str:
    return Letter.objects.values_list("state", flat=True).get(pk=one.pk)


def test_sweep_sends_what_nobody_rang_for(organisation, mailoutbox, clock):
    for _ in range(5):
        LetterFactory()
    assert tasks.sweep() == 5
    assert tasks.sweep() == 0
    assert len(mailoutbox) == 5


def test_a_round_ends_by_its_own_clock_between_two_letters(organisation, mailoutbox, monkeypatch):
    for _ in range(5):
        LetterFactory()
    one = sending.Round()
    monkeypatch.setattr(one, "_over", lambda: len(mailoutbox) == 2)
    assert one.run() == 2
    assert len(mailoutbox) == 2
    assert Letter.objects.filter(state="waiting", attempts=0, claim="").count() == 3  # anybody's again, at once
    assert tasks.sweep() == 3


def test_a_round_leaves_room_for_others(organisation, mailoutbox):
    for _ in range(5):
        LetterFactory()
    assert sending.Round(most=3).run() == 3
    assert sending.deliver() == 2


def test_who_is_told_to_end_gives_back_what_is_not_in_hand(organisation, mailoutbox, monkeypatch):
    for _ in range(5):
        LetterFactory()
    real = mail.Post.send

    def send(self, one, **more):
        sending.leave()
        return real(self, one, **more)

    monkeypatch.setattr(mail.Post, "send", send)
    try:
        assert tasks.sweep() == 1
        assert sorted(Letter.objects.values_list("state", flat=True)) == ["sent", *["waiting"] * 4]
        assert tasks.sweep() == 0
    finally:
        sending.stay()


def test_a_server_that_is_away_ends_the_round_and_costs_no_try(organisation, monkeypatch):
    for _ in range(5):
        LetterFactory()
    asked = []

    def send(self, one, **more):
        asked.append(one.pk)
        return mail.Answer(False, "ConnectionRefusedError", away=True)

    monkeypatch.setattr(mail.Post, "send", send)
    assert tasks.sweep() == 0
    assert len(asked) == 1
    assert set(Letter.objects.values_list("state", "attempts")) == {("waiting", 0)}


def test_many_letters_cost_few_questions(db, clock, mailoutbox, django_assert_max_num_queries):
    """Standing is asked for twenty at once: per letter remain the mark and the record."""
    bench.seed(20, 20)
    with django_assert_max_num_queries(20 * 7 + 12):
        assert tasks.sweep() == 20


def test_a_letter_that_cannot_be_checked_again_waits_and_the_one_behind_it_goes(organisation, mailoutbox, monkeypatch):
    odd, good = LetterFactory(subject="おかしい"), LetterFactory(subject="ふつう")
    real = sending.reminder.still_wanted

    def check(one):
        if one.pk == odd.pk:
            raise RuntimeError("odd row")
        return real(one)

    monkeypatch.setattr(sending.reminder, "still_wanted", check)
    monkeypatch.setattr(sending, "surely_wanted", lambda _letters: set())
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
    monkeypatch.setattr(mail.Post, "send", lambda _self, one, **_more: answers[one.subject])
    assert tasks.sweep() == 2
    assert (state_of(bad), state_of(good)) == (LetterState.FAILED, LetterState.SENT)


def test_fault_in_the_gateway_leaves_the_letter_to_its_lease(organisation, monkeypatch, clock):
    one = LetterFactory()

    def broken(_self: mail.Post, _one: Letter, **_more: object) -> mail.Answer:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(mail.Post, "send", broken)
    with pytest.raises(RuntimeError):
        tasks.sweep()
    assert state_of(one) == LetterState.SENDING
    monkeypatch.undo()
    clock.forward(minutes=6)
    assert tasks.sweep() == 1
    assert state_of(one) == LetterState.SENT


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_what_a_killed_worker_had_seen_taken_is_not_sent_again(
    organisation, mailoutbox, clock, settings, tmp_path, policy
):
    settings.DATA_DIR, settings.REMINDER_POLICY = tmp_path, policy
    seen, unseen, elsewhere = (LetterFactory() for _ in range(3))
    [first, second, third] = letters.claim_batch()
    for one in (first, second, third):
        assert letters.mark_dot(one)
    (tmp_path / "sending").mkdir()
    (tmp_path / "sending" / "taken-1").write_text(f"{first.pk} {first.claim}\n{third.pk} {'0' * 36}\n")

    assert tasks.sweep() == 0
    assert [state_of(one) for one in (seen, unseen, elsewhere)] == ["sent", "sending", "sending"]
    clock.forward(minutes=10)
    assert tasks.sweep() == (2 if policy == "resend" else 0)
    assert state_of(unseen) == ("sent" if policy == "resend" else "unconfirmed")
    assert len(mailoutbox) == (2 if policy == "resend" else 0)
    assert list((tmp_path / "sending").iterdir()) == []


def test_lost_claim_sends_nothing(organisation, monkeypatch, mailoutbox):
    one = LetterFactory()
    monkeypatch.setattr(letters, "mark_dot", lambda _one: False)
    tasks.sweep()
    assert mailoutbox == []
    assert state_of(one) == LetterState.SENDING


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_speaks(monkeypatch):
    LetterFactory(recipient=None, to_name="n", to_email="n@example.jp")
    seen = []
    monkeypatch.setattr(
        mail.Post, "send", lambda _self, _one, **_more: seen.append(connection.in_atomic_block) or mail.Answer(True)
    )
    tasks.sweep()
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


# The mail server's own sign ----------------------------------------------------------------------


def sign() -> tuple[bool, str]:
    """Whether the mail server counts as away, and the word for it."""
    return mailway.is_away().exists(), EngineMark.objects.get(name=mailway.SIGN).error


def through(server: str, settings) -> None:
    """Letters go to this place by SMTP, as in production."""
    settings.MAILERS = {"default": {"BACKEND": mail.SMTP, "OPTIONS": env.smtp(server)}}


def test_a_server_that_is_gone_leaves_its_sign_and_one_that_takes_wipes_it_out(organisation, settings, tmp_path, clock):
    settings.DATA_DIR = tmp_path
    one = LetterFactory()
    through(f"smtp://127.0.0.1:{servers.free_port()}", settings)
    assert tasks.sweep() == 0
    assert sign() == (True, "ConnectionRefusedError")
    one.refresh_from_db()
    assert (one.attempts, one.due_at, one.next_try_at > one.due_at) == (0, clock.now, True)
    clock.forward(minutes=2)
    server = servers.MailServer()
    try:
        through(server.url, settings)
        assert tasks.sweep() == 1
    finally:
        server.stop()
    assert not sign()[0]


def test_a_password_that_is_refused_leaves_the_code_and_no_words_of_the_server(organisation, monkeypatch):
    LetterFactory()
    said = "535 5.7.8 user ushiro@example.jp: bad password"
    monkeypatch.setattr(mail.Post, "send", lambda *_, **__: mail.Answer(False, said, away=True))
    tasks.sweep()
    assert sign() == (True, "535")


def test_a_round_without_a_letter_leaves_no_sign(organisation):
    tasks.sweep()
    assert not EngineMark.objects.exists()


def test_a_server_that_is_gone_for_two_hours_is_told_to_everybody(organisation, settings, tmp_path, clock):
    """With the real round, over a closed port: no try moves the moment from which the letter is waited for."""
    settings.DATA_DIR = tmp_path
    through(f"smtp://127.0.0.1:{servers.free_port()}", settings)
    Organisation.objects.update(created_at=clock.now - timedelta(days=9))
    LetterFactory()
    alarms = []
    for _ in range(7):
        tasks.sweep()
        for name in engine.ESSENTIAL:
            EngineMark.objects.update_or_create(name=name, defaults={"at": clock.now})
        alarms.append((engine.stands_still(), engine.stood_still_in_business_hours(), engine.why_not_working()))
        clock.forward(minutes=20, seconds=10)
    assert alarms == [(False, False, "")] * 6 + [(True, True, "queue_late")]
