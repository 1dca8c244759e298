"""The life of a letter: one writes it, one takes it, and whatever the server says it never gets lost or doubled."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from incidents.domain import letter
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.letters.base import Rendered
from incidents.models import AuditEntry, Letter
from tests.factories import LetterFactory, ReminderDeliveryFactory

TEXT = Rendered("ja", "送信テスト", "届いていますか。\n", "<p>届いていますか。</p>")


def post(to, key="test:1") -> Letter:
    return letter.post(kind=LetterKind.TEST, key=key, to=to, rendered=TEXT)


def fresh(one: Letter) -> Letter:
    return Letter.objects.get(pk=one.pk)


def test_letter_waits_and_rings_after_the_commit(bob, django_capture_on_commit_callbacks, mailoutbox):
    with django_capture_on_commit_callbacks() as bells:
        one = post(bob)
    assert (one.state, one.to_email, one.to_name, one.language, one.attempts) == (
        LetterState.WAITING,
        "bob@example.jp",
        "鈴木 健太",
        "ja",
        0,
    )
    assert len(bells) == 1
    assert mailoutbox == []
    bells[0]()
    assert fresh(one).state == LetterState.SENT
    assert [mail.subject for mail in mailoutbox] == ["送信テスト"]


def test_bell_that_cannot_ring_does_not_break_the_form(bob, monkeypatch, django_capture_on_commit_callbacks, caplog):
    class Away:
        def signature(self, *_: object, **__: object):
            raise ConnectionError("broker away")

    monkeypatch.setattr("incidents.later.current_app", Away())
    with django_capture_on_commit_callbacks(execute=True):
        one = post(bob)
    assert fresh(one).state == LetterState.WAITING
    assert "broker away" in caplog.text


def test_without_a_mail_server_it_is_kept_and_nobody_rings(bob, settings, django_capture_on_commit_callbacks):
    settings.MAIL_CONFIGURED = False
    with django_capture_on_commit_callbacks() as bells:
        assert post(bob).state == LetterState.KEPT
    assert bells == []


def test_same_letter_is_not_written_twice(bob):
    post(bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        post(bob)


def test_message_id_belongs_to_the_letter(bob, settings):
    one, two = post(bob, "test:1"), post(bob, "test:2")
    assert one.message_id != two.message_id
    assert one.message_id.startswith("<") and one.message_id.endswith("@example.jp>")


# Claim --------------------------------------------------------------------------------------


def test_claim_takes_the_letter_that_is_due_longest(clock, organisation):
    now = timezone.now()
    LetterFactory(next_try_at=now + timedelta(seconds=1))
    second = LetterFactory(next_try_at=now)
    first = LetterFactory(next_try_at=now - timedelta(minutes=1))

    assert [letter.claim().pk, letter.claim().pk, letter.claim()] == [first.pk, second.pk, None]


def test_claim_is_lost_by_the_second(clock, organisation):
    one = LetterFactory()
    taken = letter.claim(one.pk)
    assert (taken.state, taken.attempts, taken.next_try_at) == (LetterState.SENDING, 1, timezone.now() + letter.lease())
    assert letter.claim(one.pk) is None


@pytest.mark.parametrize("state", sorted(set(LetterState.values) - {"waiting", "sending"}))
def test_settled_letter_is_not_claimed(clock, organisation, state):
    LetterFactory(state=state, sent_at=timezone.now() if state == "sent" else None)
    assert letter.claim() is None


def test_claim_of_a_dead_worker_runs_out(clock, organisation):
    one = LetterFactory()
    dead = letter.claim(one.pk)
    clock.forward(seconds=letter.lease().total_seconds() - 1)
    assert letter.claim(one.pk) is None
    clock.forward(seconds=1)
    heir = letter.claim(one.pk)
    assert heir.attempts == 2

    assert not letter.mark_dot(dead)  # the one who was thought dead must not send
    assert letter.mark_dot(heir)
    letter.mark_failed(dead, error="late", for_good=True)
    assert (fresh(one).state, fresh(one).error) == (LetterState.SENDING, "")


def test_late_bad_news_leaves_the_ledger_of_the_heir_alone(clock, organisation):
    one = LetterFactory()
    row = ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    dead = letter.claim(one.pk)
    clock.forward(minutes=6)
    letter.claim(one.pk)
    letter.mark_failed(dead, error="late", for_good=True)
    row.refresh_from_db()
    assert row.state == DeliveryState.WRITTEN


@pytest.mark.django_db(transaction=True)
def test_many_threads_one_claim():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        # Threads would share its one connection; tests/integration/test_claim.py races on a file.
        pytest.skip("a database in memory has one connection")
    letters = [LetterFactory(recipient=None, to_name="n", to_email="n@example.jp") for _ in range(20)]
    won: list[int] = []
    start = threading.Barrier(4)

    def race() -> None:
        start.wait()
        for one in letters:
            with transaction.atomic():
                taken = letter.claim(one.pk)
            if taken is not None:
                won.append(taken.pk)
        connection.close()

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert sorted(won) == sorted(one.pk for one in letters)


# What the server said --------------------------------------------------------------------------


def test_taken(clock, organisation):
    one = LetterFactory()
    row = ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    letter.mark_sent(letter.claim(one.pk))
    row.refresh_from_db()
    assert (fresh(one).state, fresh(one).sent_at, fresh(one).claim) == (LetterState.SENT, timezone.now(), "")
    assert (row.state, row.settled_at) == (DeliveryState.SENT, timezone.now())


def test_back_off_grows_and_ends(clock, organisation, settings):
    one = LetterFactory()
    row = ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    for seconds in settings.REMINDER_BACKOFF:
        letter.mark_failed(letter.claim(one.pk), error="451 later", for_good=False)
        waits = (fresh(one).next_try_at - timezone.now()).total_seconds()
        assert 0.9 * seconds <= waits <= 1.1 * seconds
        assert (fresh(one).state, fresh(one).error, letter.claim()) == (LetterState.WAITING, "451 later", None)
        clock.forward(seconds=waits + 1)
    letter.mark_failed(letter.claim(one.pk), error="451 later", for_good=False)
    row.refresh_from_db()
    assert (fresh(one).state, row.state) == (LetterState.FAILED, DeliveryState.FAILED)


def test_refused_for_good(clock, organisation):
    one = LetterFactory()
    row = ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    letter.mark_failed(letter.claim(one.pk), error="550 " + "x" * 600, for_good=True)
    row.refresh_from_db()
    assert (fresh(one).state, len(fresh(one).error), row.state) == (LetterState.FAILED, 500, DeliveryState.FAILED)


def test_sent_again_is_the_same_letter(clock, alice, django_capture_on_commit_callbacks, mailoutbox):
    one = LetterFactory(recipient=alice)
    row = ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    letter.mark_failed(letter.claim(one.pk), error="550", for_good=True)
    with django_capture_on_commit_callbacks(execute=True):
        letter.send_again(one, by=alice)
    row.refresh_from_db()
    assert (fresh(one).state, fresh(one).message_id, fresh(one).text) == (LetterState.SENT, one.message_id, one.text)
    assert [mail.extra_headers["Message-ID"] for mail in mailoutbox] == [one.message_id]
    assert row.state == DeliveryState.SENT
    assert AuditEntry.objects.filter(verb="letter.sent_again").count() == 1


@pytest.mark.parametrize("state", [LetterState.SENT, LetterState.WAITING, LetterState.KEPT, LetterState.CANCELLED])
def test_only_a_failed_letter_is_sent_again(clock, alice, state):
    one = LetterFactory(state=state, sent_at=timezone.now())
    letter.send_again(one, by=alice)
    assert (fresh(one).state, AuditEntry.objects.count()) == (state, 0)


# In doubt ---------------------------------------------------------------------------------------


def died_at_the_dot(clock) -> Letter:
    """A letter whose worker died between the last byte and the answer, and whose claim has run out."""
    one = LetterFactory()
    ReminderDeliveryFactory(letter=one, state=DeliveryState.WRITTEN)
    assert letter.mark_dot(letter.claim(one.pk))
    clock.forward(minutes=6)
    return one


def test_by_default_a_letter_in_doubt_is_sent_again(clock, organisation):
    one = died_at_the_dot(clock)
    again = letter.claim()
    assert (again.pk, again.message_id, again.dot_at is not None) == (one.pk, one.message_id, True)


def test_hold_sets_a_letter_in_doubt_aside_until_somebody_decides(clock, alice, settings):
    settings.REMINDER_POLICY = "hold"
    one = died_at_the_dot(clock)
    other = LetterFactory()
    assert [taken.pk for taken in letter.claim_batch()] == [other.pk]
    assert fresh(one).state == LetterState.UNCONFIRMED
    assert one.deliveries.get().state == DeliveryState.WRITTEN
    assert letter.claim_batch() == []
    letter.send_again(one, by=alice)
    assert letter.claim().pk == one.pk


@pytest.mark.parametrize(("policy", "state"), [("resend", LetterState.WAITING), ("hold", LetterState.UNCONFIRMED)])
def test_no_answer_after_the_dot(clock, organisation, settings, policy, state):
    settings.REMINDER_POLICY = policy
    one = LetterFactory()
    taken = letter.claim(one.pk)
    letter.mark_dot(taken)
    letter.mark_in_doubt(taken, error="SMTPServerDisconnected")
    assert (fresh(one).state, fresh(one).error) == (state, "SMTPServerDisconnected")
    assert fresh(one).dot_at is not None  # what goes out again goes out word for word


def test_a_server_that_never_answers_is_tried_as_often_as_one_that_refuses(clock, alice, settings):
    one = LetterFactory(recipient=alice)
    for tries in range(1, len(settings.REMINDER_BACKOFF) + 2):
        taken = letter.claim(one.pk)
        assert letter.mark_dot(taken)
        letter.mark_in_doubt(taken, error="closed")
        if fresh(one).state == LetterState.UNCONFIRMED:
            break
        clock.forward(seconds=settings.REMINDER_BACKOFF[tries - 1] * 1.1)
    assert tries == len(settings.REMINDER_BACKOFF) + 1
    assert letter.claim_batch() == []
    letter.send_again(one, by=alice)
    assert letter.claim(one.pk).attempts == 1


def test_a_refusal_does_not_take_an_earlier_doubt_away(clock, organisation):
    one = died_at_the_dot(clock)
    again = letter.claim(one.pk)
    assert letter.mark_dot(again)
    letter.mark_failed(again, error="451 later", for_good=False)
    assert fresh(one).dot_at is not None


def test_given_back_letters_are_anybodys_and_the_try_does_not_count(clock, organisation):
    for _ in range(3):
        LetterFactory()
    batch = letter.claim_batch()
    assert letter.claim_batch() == []
    letter.give_back(batch[1:])
    assert [one.attempts for one in letter.claim_batch()] == [1, 1]


def test_with_the_server_away_letters_wait_and_never_fail(clock, organisation, settings):
    one = LetterFactory()
    for _ in range(len(settings.REMINDER_BACKOFF) * 3):
        letter.give_back(letter.claim_batch(), error="ConnectionRefusedError")
        assert (fresh(one).state, fresh(one).attempts, fresh(one).error) == ("waiting", 0, "ConnectionRefusedError")
        assert letter.claim_batch() == []
        clock.forward(seconds=settings.REMINDER_BACKOFF[0] * 1.1 + 1)
    assert letter.claim().pk == one.pk


@pytest.mark.parametrize("state", [LetterState.SENT, LetterState.KEPT])
def test_what_was_sent_stays(clock, alice, state):
    one = LetterFactory(state=state, sent_at=timezone.now())
    letter.cancel(one, by=alice, reason="x")
    assert (fresh(one).state, AuditEntry.objects.count()) == (state, 0)


def test_taken_back_once(clock, alice):
    one = LetterFactory()
    letter.cancel(one, by=alice, reason="x")
    letter.cancel(one, by=alice, reason="y")
    assert (fresh(one).state, fresh(one).error, AuditEntry.objects.count()) == (LetterState.CANCELLED, "x", 1)
    assert letter.claim(one.pk) is None
