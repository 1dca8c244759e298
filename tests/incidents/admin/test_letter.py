from __future__ import annotations

from incidents.domain import reminder
from incidents.enums import LetterKind, LetterState
from incidents.models import AuditEntry, Letter
from tests.factories import LetterFactory
from tests.incidents.admin.conftest import act, page, told


def test_a_letter_is_cancelled_with_a_reason(console, admin):
    letter = LetterFactory()
    asked = act(console, "letter", "cancel", letter)
    assert asked.status_code == 200
    act(console, "letter", "cancel", letter, reason="宛先が変わりました。")
    letter.refresh_from_db()
    assert letter.state == LetterState.CANCELLED
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.actor_label, trace.reason) == ("letter.cancelled", str(admin), "宛先が変わりました。")


def test_a_sent_letter_stays_and_the_console_says_so(console):
    letter = LetterFactory(state=LetterState.SENT, sent_at="2026-11-20T00:00Z")
    answer = act(console, "letter", "cancel", letter, reason="まちがえました。")
    letter.refresh_from_db()
    assert letter.state == LetterState.SENT
    assert "もう送られたか取り消されています" in told(answer)[0]
    assert not AuditEntry.objects.exists()


def test_a_failed_letter_is_sent_again(console):
    failed, waiting = LetterFactory(state=LetterState.FAILED, attempts=7, error="550"), LetterFactory()
    answer = act(console, "letter", "send_again", failed, waiting)
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (LetterState.WAITING, 0)
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["letter.sent_again"]
    assert sum("送信できなかった手紙と保留の手紙だけ" in text for text in told(answer)) == 1


def test_a_test_letter_goes_to_oneself(console, admin, mailoutbox, django_capture_on_commit_callbacks):
    assert "送信テスト" in console.get(page("letter")).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = console.post(page("letter", "test"))
    letter = Letter.objects.get()
    assert (letter.kind, letter.recipient, letter.state) == (LetterKind.TEST, admin, LetterState.SENT)
    assert answer.url == page("letter", "change", letter.pk)
    assert [mail.to for mail in mailoutbox] == [[f"{admin.name} <{admin.email}>"]] or len(mailoutbox) == 1
    assert AuditEntry.objects.get().verb == "letter.test_sent"
    assert "届いていれば" in letter.text


def test_without_a_mail_server_the_test_letter_is_kept(console, settings):
    settings.MAIL_CONFIGURED = False
    answer = console.post(page("letter", "test"), follow=True)
    assert Letter.objects.get().state == LetterState.KEPT
    assert "保管しています" in answer.content.decode()


def test_only_a_press_sends_the_test_letter(console):
    assert console.get(page("letter", "test")).status_code == 405
    assert not Letter.objects.exists()


def test_a_lead_cannot_send_it(alice, client_of):
    assert client_of(alice).post(page("letter", "test"), follow=True).status_code == 403
    assert not Letter.objects.exists()


def test_the_text_of_a_letter_is_not_in_the_console(console, story, clock):
    measure = story.promised(due_on=clock.today)
    letter = reminder.write_digest(measure.owner, asked_for=True)
    shown = console.get(page("letter", "change", letter.pk)).content.decode()
    assert letter.subject in shown and letter.to_email in shown
    assert "/m/" in letter.text and "/m/" not in shown
    assert measure.incident.title in letter.text and measure.incident.title not in shown


def test_a_letter_of_a_restore_is_released_with_a_reason(console, admin):
    held, waiting = LetterFactory(state=LetterState.QUARANTINED), LetterFactory()
    asked = act(console, "letter", "release", held)
    assert asked.status_code == 200 and "前に届いているかもしれません" in asked.text
    answer = act(console, "letter", "release", held, waiting, reason="届いていないと確かめました。")
    held.refresh_from_db()
    assert held.state == LetterState.WAITING
    trace = AuditEntry.objects.get(verb="letter.released")
    assert (trace.target_id, trace.reason, trace.actor_label) == (held.pk, "届いていないと確かめました。", str(admin))
    assert sum("保留されていません" in text for text in told(answer)) == 1
